// Alertmanagers with services on loopback in place of those that take notifications: Debian's, and ours beside it.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {TestProxy} from '../../src/alertmanager/receivers/testing/proxy.ts';
import {
  type Answerer,
  type RecordedRequest,
  Recorder,
} from '../../src/alertmanager/receivers/testing/recorder.ts';
import {type RecordedMail, SmtpServer} from '../../src/alertmanager/receivers/testing/smtp-server.ts';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {findProgram, type RunningProgram, startAlertmanager, stopProgram} from '../../tools/programs.ts';

const peer = findProgram('prometheus-alertmanager');

/** Of Debian's Alertmanager: 33 of 0.33.1; 0 = there is none. */
export const peerVersion = peer === null ? 0 : minorOf(peer);

export const skipWithoutPeer =
  peer === null ? 'prometheus-alertmanager is not installed: apt-get install prometheus-alertmanager' : false;

/** 33 of 0.33.1 */
function minorOf(program: string): number {
  const {stdout, stderr} = spawnSync(program, ['--version'], {encoding: 'utf8'});
  return Number(/version 0\.(\d+)/.exec(stdout + stderr)?.[1] ?? 0);
}

/** Where everything is sent. */
export interface Services {
  readonly recorder: Recorder;
  readonly mail: SmtpServer;
  /** In place of services whose addresses nobody can configure. */
  readonly fixed: Recorder;
  readonly proxy: TestProxy;
  readonly caFile: string;
}

/** An Alertmanager with services of its own. */
export class Running {
  readonly services: Services;
  readonly #url: string;
  readonly #program: RunningProgram;
  readonly #folder: string;

  private constructor(services: Services, url: string, program: RunningProgram, folder: string) {
    this.services = services;
    this.#url = url;
    this.#program = program;
    this.#folder = folder;
  }

  static async start(command: string, args: string[], configuration: ConfigurationOf): Promise<Running> {
    const services = await openServices();
    const folder = mkdtempSync(join(tmpdir(), 'narthex-receivers-'));
    const {url, program} = await startAlertmanager({
      command: [command, ...args],
      folder,
      config: configuration(services),
      path: '/x',
      args: ['--web.external-url=http://am.example/x'],
    });
    return new Running(services, url, program, folder);
  }

  /** The configuration as it shows it. */
  async configuration(): Promise<string> {
    const status = await fetch(`${this.#url}/api/v2/status`);
    return ((await status.json()) as {config: {original: string}}).config.original;
  }

  /** What is sent after these alerts have come. */
  async send(alerts: readonly object[]): Promise<Sent> {
    await this.post(alerts);
    return nextOf(this.services, () => this.#program.output());
  }

  /** Values of metrics by their name with its labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    const samples = [...text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)];
    return new Map(samples.map(([, name, value]) => [name!, Number(value)]));
  }

  async post(alerts: readonly object[]): Promise<void> {
    const answer = await fetch(`${this.#url}/api/v2/alerts`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(alerts),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  async stop(): Promise<void> {
    await stopProgram(this.#program.child);
    closeServices(this.services);
    rmSync(this.#folder, {recursive: true});
  }
}

type ConfigurationOf = (services: Services) => string;

/** Debian's programs have the default templates in files, which are found where they are installed only. */
const peerTemplates = join(dirname(peer ?? '/'), '../share/prometheus/alertmanager/*.tmpl');

/** The peer and ours, with the same configuration. */
export function startBoth(
  configuration: (services: Services, templates: string) => string,
): Promise<Running[]> {
  return Promise.all([
    Running.start(peer!, [], (services) => configuration(services, `'${peerTemplates}'`)),
    Running.start('bin/narthex', ['alertmanager'], (services) => configuration(services, '')),
  ]);
}

/** What both send when alerts fire, and when they are over. */
export async function sendBoth(
  both: readonly Running[],
  alerts: readonly object[],
  startsAt = new Date().toISOString(),
): Promise<[peer: Sent, ours: Sent][]> {
  const rounds: [Sent, Sent][] = [];
  for (const endsInMs of [3_600_000, -500]) {
    const endsAt = new Date(Date.now() + endsInMs).toISOString();
    const timed = alerts.map((alert) => ({...alert, startsAt, endsAt}));
    rounds.push((await Promise.all(both.map((each) => each.send(timed)))) as [Sent, Sent]);
  }
  return rounds;
}

/** Waits until nothing more comes. */
async function nextOf({recorder, mail, fixed}: Services, output: () => string): Promise<Sent> {
  const started = Date.now();
  for (let count = -1; recorder.requests.length === 0 || count !== recorder.requests.length;) {
    if (Date.now() - started > 10_000) throw new Error(`nothing is sent\n${output()}`);
    count = recorder.requests.length;
    await sleep(700);
  }
  const requests = byCase([...recorder.take(), ...fixed.take()]);
  return {requests, mails: mail.mails.splice(0)};
}

async function openServices(): Promise<Services> {
  const authority = new TestAuthority();
  const names = ['api.pushover.net', 'events.pagerduty.com', 'slack.com'];
  const fixed = await Recorder.open(answerer, authority.issue({names}));
  const caFile = join(mkdtempSync(join(tmpdir(), 'narthex-authority-')), 'ca.pem');
  writeFileSync(caFile, authority.cert);
  return {
    recorder: await Recorder.open(answerer),
    mail: await SmtpServer.open(),
    fixed,
    proxy: await TestProxy.open(fixed.port),
    caFile,
  };
}

function closeServices({recorder, mail, fixed, proxy, caFile}: Services): void {
  recorder.close();
  mail.close();
  fixed.close();
  proxy.close();
  rmSync(dirname(caFile), {recursive: true});
}

export function placed(yaml: string, {recorder, mail, proxy, caFile}: Services): string {
  const throughProxy = `http_config: {proxy_url: '${proxy.url}', tls_config: {ca_file: '${caFile}'}}`;
  return yaml
    .replaceAll('$URL', recorder.url)
    .replaceAll('$SMTP', mail.address)
    .replaceAll('$FIXED', throughProxy);
}

function byCase(requests: RecordedRequest[]): Map<string, RecordedRequest[]> {
  const sent = new Map<string, RecordedRequest[]>();
  for (const request of requests) {
    const name = nameOf(request);
    sent.set(name, [...(sent.get(name) ?? []), request]);
  }
  return sent;
}

/** The first part of the path; services with fixed addresses have each their own way to carry it. */
function nameOf({path, headers, body}: RecordedRequest): string {
  if (headers.host === 'api.pushover.net')
    return new URLSearchParams(path.replace(/^.*\?/, '')).get('token')!;
  if (headers.host === 'events.pagerduty.com') return (JSON.parse(body) as {service_key: string}).service_key;
  if (headers.host === 'slack.com') return 'slack-update';
  return /^\/([^/?]*)/.exec(path)![1]!;
}

/** Of one notification. */
export interface Sent {
  /** By the name of the case. */
  readonly requests: ReadonlyMap<string, RecordedRequest[]>;
  readonly mails: readonly RecordedMail[];
}

/** What services answer, by the name in the path. */
const answerer: Answerer = ({path}) => {
  const json = (value: unknown): ReturnType<Answerer> => ({
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(value),
  });
  const [, status] = /^\/status-(\d+)/.exec(path) ?? [];
  if (path.startsWith('/hang')) return {hangs: true};
  if (status !== undefined) return {status: Number(status), headers: {'retry-after': '1'}};
  if (path.startsWith('/slack-app') || path.startsWith('/api/chat'))
    return json({ok: true, channel: 'C1', ts: '1.2'});
  if (path.startsWith('/slack') || path.startsWith('/services')) return {body: 'ok'};
  if (path.startsWith('/telegram')) return json({ok: true, result: {message_id: 1, chat: {id: 1}}});
  if (path.startsWith('/rocketchat')) return json({success: true});
  if (path.startsWith('/jira')) return json(answerOfJira(path));
  if (path.startsWith('/sns'))
    return {
      body: '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
    };
  if (path.startsWith('/wechat')) return json({errcode: 0, access_token: 'token'});
  return {};
};

/** In `/jira-open` there is an open issue, in `/jira-done` one that is done; elsewhere there is none. */
function answerOfJira(path: string): unknown {
  if (path.endsWith('/transitions'))
    return {
      transitions: [
        {id: '11', name: 'Reopen'},
        {id: '22', name: 'Resolve'},
      ],
    };
  const [, state] = /^\/jira-(open|done)/.exec(path) ?? [];
  if (!path.includes('/search') || state === undefined) return {issues: []};
  return {issues: [{key: 'OPS-1', fields: {status: {name: 'x', statusCategory: {key: state}}}}]};
}
