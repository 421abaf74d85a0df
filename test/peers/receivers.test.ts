// What receivers are sent: by Debian's Alertmanager and by ours, of the same alerts with the same configuration.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {type YamlMap, type YamlValue, writeYaml} from '../../src/base/yaml-write.ts';
import {integrationKinds} from '../../src/alertmanager/receivers/registry.ts';
import type {Notification, ReceiverData} from '../../src/alertmanager/integration.ts';
import {openReceiver, readReceiver} from '../../src/alertmanager/receivers/testing/open.ts';
import {
  type Answerer,
  type RecordedRequest,
  Recorder,
} from '../../src/alertmanager/receivers/testing/recorder.ts';
import type {NotificationAlert} from '../../src/template/alertmanager.ts';
import {findProgram, freePort, startProgram, stopProgram} from '../../tools/programs.ts';
import {type RecordedMail, SmtpServer} from '../../src/alertmanager/receivers/testing/smtp-server.ts';
import {TestProxy} from '../../src/alertmanager/receivers/testing/proxy.ts';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {signRequest} from '../../src/http/sigv4.ts';
import {type ReceiverCase, receiverCases} from './receiver-cases.ts';

const alertmanager = findProgram('prometheus-alertmanager');
const version = alertmanager === null ? 0 : minorOf(alertmanager);
const cases = receiverCases.filter(({since = 25}) => since <= version);
const skip = alertmanager === null ? 'prometheus-alertmanager is not installed' : false;

/** 33 of 0.33.1 */
function minorOf(program: string): number {
  const {stdout, stderr} = spawnSync(program, ['--version'], {encoding: 'utf8'});
  return Number(/version 0\.(\d+)/.exec(stdout + stderr)?.[1] ?? 0);
}

/** What services answer, by the name in the path. */
const answerer: Answerer = ({path}) => {
  const json = (value: unknown): ReturnType<Answerer> => ({
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(value),
  });
  if (path.startsWith('/slack-app') || path.startsWith('/api/chat'))
    return json({ok: true, channel: 'C1', ts: '1.2'});
  if (path.startsWith('/slack')) return {body: 'ok'};
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

const alerts = [
  {
    labels: {alertname: 'Down', severity: 'critical', instance: 'a:80', team: 'x & y'},
    annotations: {summary: 'a <is> "down"', description: '障害です é', runbook: 'https://r/?a=b&c'},
    generatorURL: 'http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
  },
  {
    labels: {alertname: 'Down', severity: 'critical', instance: 'b:80', team: 'x & y'},
    annotations: {summary: 'b\nis down', description: '障害です é'},
    generatorURL: 'http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
  },
];

/** Of all requests for one path, those of one notification. */
type Sent = Map<string, RecordedRequest[]>;

function byCase(requests: RecordedRequest[]): Sent {
  const sent: Sent = new Map();
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

interface PeerNotification {
  readonly hook: WebhookBody;
  readonly sent: Sent;
  readonly mails: readonly RecordedMail[];
}

interface WebhookBody {
  receiver: string;
  groupKey: string;
  notification_reason?: string;
  groupLabels: Record<string, string>;
  externalURL: string;
  alerts: {
    status: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    startsAt: string;
    endsAt: string;
    generatorURL: string;
    fingerprint: string;
  }[];
}

/** Where everything is sent. */
interface Services {
  readonly recorder: Recorder;
  readonly mail: SmtpServer;
  /** In place of services whose addresses nobody can configure. */
  readonly fixed: Recorder;
  readonly proxy: TestProxy;
  readonly caFile: string;
}

function configurationOf(services: Services): string {
  const integrations = cases
    .map(({key, yaml}) => `  - name: x\n    ${key}:\n    - ${indented(placed(yaml, services))}`)
    .map((text) => text.replace(/^ {2}- name: x\n/, ''));
  const merged = new Map<string, string[]>();
  for (const text of integrations) {
    const [head, ...rest] = text.split('\n');
    merged.set(head!, [...(merged.get(head!) ?? []), rest.join('\n')]);
  }
  const receivers = [...merged].map(([head, items]) => `${head}\n${items.join('\n')}`).join('\n');
  // Debian's programs have the default templates in files, which are found where they are installed only.
  const templates = join(dirname(alertmanager!), '../share/prometheus/alertmanager/*.tmpl');
  return `
templates: ['${templates}']
route: {receiver: 'team.x', group_by: [alertname], group_wait: 500ms, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: 'team.x'
${receivers}
`;
}

function placed(yaml: string, {recorder, mail, proxy, caFile}: Services): string {
  const throughProxy = `http_config: {proxy_url: '${proxy.url}', tls_config: {ca_file: '${caFile}'}}`;
  return yaml
    .replaceAll('$URL', recorder.url)
    .replaceAll('$SMTP', mail.address)
    .replaceAll('$FIXED', throughProxy);
}

function indented(yaml: string): string {
  return yaml.trim().replaceAll('\n', '\n      ');
}

interface Peer {
  readonly notifications: readonly PeerNotification[];
  /** The configuration as it shows it. */
  readonly configuration: string;
}

async function askPeer(services: Services): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-receivers-'));
  const port = await freePort();
  writeFileSync(join(folder, 'am.yml'), configurationOf(services));
  const program = await startProgram({
    name: 'alertmanager',
    command: alertmanager!,
    args: [
      `--config.file=${join(folder, 'am.yml')}`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--web.external-url=http://am.example/x',
    ],
    readyUrl: `http://127.0.0.1:${port}/x/-/ready`,
    readySecondsMax: 10,
  });
  try {
    // Before anything is sent: PagerDuty's section changes then.
    const status = await fetch(`http://127.0.0.1:${port}/x/api/v2/status`);
    const {config} = (await status.json()) as {config: {original: string}};
    const startsAt = new Date().toISOString();
    const post = async (endsAt: string): Promise<void> => {
      const body = alerts.map((alert) => ({...alert, startsAt, endsAt}));
      const answer = await fetch(`http://127.0.0.1:${port}/x/api/v2/alerts`, {
        method: 'POST',
        headers: {'content-type': 'application/json'},
        body: JSON.stringify(body),
      });
      assert.equal(answer.status, 200);
    };
    await post(new Date(Date.now() + 3_600_000).toISOString());
    const firing = await nextOf(services);
    await post(new Date(Date.now() - 1000).toISOString());
    const notifications = [firing, await nextOf(services)];
    return {notifications, configuration: config.original};
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${program.output()}`, {cause: error});
  } finally {
    await stopProgram(program.child);
    rmSync(folder, {recursive: true});
  }
}

/** Waits until nothing more comes. */
async function nextOf({recorder, mail, fixed}: Services): Promise<PeerNotification> {
  const started = Date.now();
  for (let count = -1; recorder.requests.length === 0 || count !== recorder.requests.length;) {
    if (Date.now() - started > 10_000) throw new Error('nothing is sent');
    count = recorder.requests.length;
    await sleep(700);
  }
  const sent = byCase([...recorder.take(), ...fixed.take()]);
  const hook = sent.get('webhook');
  assert.equal(hook?.length, 1, 'one webhook');
  return {hook: JSON.parse(hook[0]!.body) as WebhookBody, sent, mails: mail.mails.splice(0)};
}

function kvOf(record: Record<string, string>): ReadonlyMap<string, string> {
  return new Map(Object.entries(record));
}

/** The same group for ours. */
function notificationOf(hook: WebhookBody, receiverData: ReceiverData): Notification {
  const alertOf = (alert: WebhookBody['alerts'][number]): NotificationAlert => ({
    labels: kvOf(alert.labels),
    annotations: kvOf(alert.annotations),
    startsAtMs: Date.parse(alert.startsAt),
    endsAtMs: alert.endsAt.startsWith('0001') ? 0 : Date.parse(alert.endsAt),
    isResolved: alert.status === 'resolved',
    generatorUrl: alert.generatorURL,
    fingerprint: alert.fingerprint,
  });
  return {
    receiver: hook.receiver.replaceAll('\\', ''),
    groupKey: hook.groupKey,
    groupLabels: kvOf(hook.groupLabels),
    routeLabels: new Map(),
    alerts: hook.alerts.map(alertOf),
    reason: hook.notification_reason ?? '',
    externalUrl: hook.externalURL,
    nowMs: Date.now(),
    signal: AbortSignal.timeout(5000),
    receiverData,
  };
}

const comparedHeaders = ['content-type', 'authorization', 'accept-language', 'x-auth-token', 'x-user-id'];

function comparable({method, path, headers, body}: RecordedRequest): unknown {
  let content: unknown = body;
  try {
    content = JSON.parse(body);
  } catch {
    // A form, or a text.
  }
  // Fields that the peer does not have yet.
  if (typeof content === 'object' && content !== null) {
    const fields = content as Record<string, unknown>;
    if (version < 34) delete fields['routeLabels'];
    if (version < 32) delete fields['notification_reason'];
  }
  return {method, path, content, headers: comparedHeaders.map((name) => headers[name])};
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

/** What differs each time is left out, and the order of headers, which is Go's at random. */
function comparableMail({from, to, text}: RecordedMail): unknown {
  const [, boundary = ''] = /boundary=(\S+)/.exec(text) ?? [];
  const [head, ...body] = text.replaceAll(boundary, 'BOUNDARY').split('\n\n');
  const headers = head!
    .replaceAll(/\n[ \t]+/g, ' ')
    .split('\n')
    .map((line) => line.replace(/^(Message-Id|Date): .*/, '$1'))
    .sort();
  return {from, to, headers, body: body.join('\n\n')};
}

/** Attributes of SNS have numbers, in Go's random order. */
function comparableForm(request: RecordedRequest): unknown {
  const form = new URLSearchParams(request.body);
  const numbered = new Map<string, string>();
  for (const [name, value] of form) {
    const [, number] = /^MessageAttributes\.entry\.(\d+)\.Value\.StringValue$/.exec(name) ?? [];
    if (number === undefined) continue;
    numbered.set(form.get(`MessageAttributes.entry.${number}.Name`)!, value);
  }
  const plain = [...form].filter(([name]) => !name.startsWith('MessageAttributes'));
  return {
    path: request.path,
    attributes: Object.fromEntries(numbered),
    form: Object.fromEntries(plain),
  };
}

/** That a request has the signature that we give it. */
function checkSignature({method, path, headers, body}: RecordedRequest, base: string): void {
  const authorization = headers.authorization!;
  const [, names = ''] = /SignedHeaders=([^,]*)/.exec(authorization)!;
  const signed = names.split(';').filter((name) => name !== 'host' && name !== 'x-amz-date');
  const time = String(headers['x-amz-date']).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const again = signRequest(
    {
      method,
      url: new URL(path, base),
      headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])),
      body,
    },
    {
      credentials: {accessKey: 'AKID', secretKey: 'secret', sessionToken: ''},
      region: 'eu-west-1',
      service: 'sns',
      nowMs: Date.parse(time),
    },
  );
  assert.equal(again['authorization'], authorization);
}

function compareRequests(
  {name, key}: ReceiverCase,
  ours: RecordedRequest[],
  expected: RecordedRequest[],
  base: string,
): void {
  if (key !== 'sns_configs') {
    assert.deepEqual(ours.map(comparable), expected.map(comparable));
    return;
  }
  assert.deepEqual(ours.map(comparableForm), expected.map(comparableForm), name);
  for (const request of [...ours, ...expected]) checkSignature(request, base);
}

/** All cases as one receiver, as a configuration shows it. */
function shownReceivers(services: Services): string {
  const receiver: YamlMap = new Map<string, YamlValue>([
    ['name', 'team.x'],
    ['labels', new Map([['name', 'team.x']])],
  ]);
  for (const {key} of integrationKinds) {
    const documents = cases
      .filter((each) => each.key === key)
      .map(({yaml}) => readReceiver(key, placed(yaml, services)).config!.document);
    if (documents.length > 0) receiver.set(key, documents);
  }
  return writeYaml(new Map([['receivers', [receiver]]]));
}

test(`receivers are sent what Alertmanager 0.${version} sends`, {skip}, async (context) => {
  const services = await openServices();
  const {recorder, mail, fixed} = services;
  try {
    const {notifications, configuration} = await askPeer(services);
    for (const each of cases) {
      await context.test(each.name, async () => {
        const ours = openReceiver(each.key, placed(each.yaml, services));
        const data: ReceiverData = new Map();
        let count = 0;
        for (const {hook, sent, mails} of notifications) {
          await ours.notify(notificationOf(hook, data));
          const expected = sent.get(each.name) ?? [];
          compareRequests(each, [...recorder.take(), ...fixed.take()], expected, recorder.url);
          const expectedMails = mails.filter(({to}) => to[0]!.startsWith(`${each.name}@`));
          assert.deepEqual(mail.mails.splice(0).map(comparableMail), expectedMails.map(comparableMail));
          count += expected.length + expectedMails.length;
        }
        assert.ok(count > 0, 'the peer sent something');
        await ours.close();
      });
    }
    await context.test('sections are shown alike', {skip: version < 33}, () => {
      const shown = /^receivers:\n.*?(?=^[a-z])/ms.exec(`${configuration}end`)![0];
      assert.equal(shownReceivers(services), shown);
    });
  } finally {
    recorder.close();
    mail.close();
    fixed.close();
    services.proxy.close();
    rmSync(dirname(services.caFile), {recursive: true});
  }
});
