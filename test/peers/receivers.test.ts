// What receivers are sent: by Debian's Alertmanager and by ours, of the same alerts with the same configuration.
import assert from 'node:assert/strict';
import test from 'node:test';
import {type YamlMap, type YamlValue, writeYaml} from '../../src/base/yaml-write.ts';
import {integrationKinds} from '../../src/alertmanager/receivers/registry.ts';
import {readReceiver} from '../../src/alertmanager/receivers/testing/open.ts';
import type {RecordedRequest} from '../../src/alertmanager/receivers/testing/recorder.ts';
import type {RecordedMail} from '../../src/alertmanager/receivers/testing/smtp-server.ts';
import {signRequest} from '../../src/http/sigv4.ts';
import {
  peerVersion,
  placed,
  type Running,
  sendBoth,
  type Sent,
  type Services,
  skipWithoutPeer,
  startBoth,
} from '../lib/alertmanagers.ts';
import {type ReceiverCase, receiverCases} from '../lib/receiver-cases.ts';

const cases = receiverCases.filter(({since = 25}) => since <= peerVersion);

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

function configurationOf(services: Services, templates: string): string {
  const integrations = cases
    .map(({key, yaml}) => `  - name: x\n    ${key}:\n    - ${indented(placed(yaml, services))}`)
    .map((text) => text.replace(/^ {2}- name: x\n/, ''));
  const merged = new Map<string, string[]>();
  for (const text of integrations) {
    const [head, ...rest] = text.split('\n');
    merged.set(head!, [...(merged.get(head!) ?? []), rest.join('\n')]);
  }
  const receivers = [...merged].map(([head, items]) => `${head}\n${items.join('\n')}`).join('\n');
  return `
templates: [${templates}]
route: {receiver: 'team.x', group_by: [alertname], group_wait: 500ms, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: 'team.x'
${receivers}
`;
}

function indented(yaml: string): string {
  return yaml.trim().replaceAll('\n', '\n      ');
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
    if (peerVersion < 34) delete fields['routeLabels'];
    if (peerVersion < 32) delete fields['notification_reason'];
  }
  return {method, path, content, headers: comparedHeaders.map((name) => headers[name])};
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

test(
  `receivers are sent what Alertmanager 0.${peerVersion} sends`,
  {skip: skipWithoutPeer},
  async (context) => {
    const both = await startBoth(configurationOf);
    const [peer, ours] = both as [Running, Running];
    try {
      // Before anything is sent: PagerDuty's section changes then.
      const configuration = await peer.configuration();
      const rounds = await sendBoth(both, alerts);
      for (const each of cases) {
        await context.test(each.name, () => {
          let count = 0;
          for (const [theirs, own] of rounds) count += compare(each, theirs, own, [peer, ours]);
          assert.ok(count > 0, 'the peer sent something');
        });
      }
      await context.test('sections are shown alike', {skip: peerVersion < 33}, () => {
        const shown = /^receivers:\n.*?(?=^[a-z])/ms.exec(`${configuration}end`)![0];
        assert.equal(shownReceivers(peer.services), shown);
      });
    } finally {
      for (const each of both) await each.stop();
    }
  },
);

/** Gives how much the peer sent. */
function compare(each: ReceiverCase, theirs: Sent, own: Sent, both: readonly Running[]): number {
  const expected = theirs.requests.get(each.name) ?? [];
  const actual = own.requests.get(each.name) ?? [];
  if (each.key === 'sns_configs') {
    assert.deepEqual(actual.map(comparableForm), expected.map(comparableForm));
    [expected, actual].forEach((requests, i) => {
      for (const request of requests) checkSignature(request, both[i]!.services.recorder.url);
    });
  } else assert.deepEqual(actual.map(comparable), expected.map(comparable));
  const mailsOf = ({mails}: Sent): unknown[] =>
    mails.filter(({to}) => to[0]!.startsWith(`${each.name}@`)).map(comparableMail);
  assert.deepEqual(mailsOf(own), mailsOf(theirs));
  return expected.length + mailsOf(theirs).length;
}

/** The configuration that the tutorial for alerts on Kubernetes gives, but for the address of Slack. */
const tutorial = ({recorder}: Services, templates: string): string => `
templates: [${templates}]
global:
  slack_api_url: '${recorder.url}/services/T000/B000/XXXX'
route:
  receiver: slack-notifications
  group_interval: 5s
receivers:
  - name: 'slack-notifications'
    slack_configs:
      - channel: '#alerts'
        text: |-
          {{ range .Alerts }}
            *Alert:* {{ .Labels.alertname }}
            *Summary:* {{ .Annotations.summary }}
            *Description:* {{ .Annotations.description }}
            *Details:*
            {{ range .Labels.SortedPairs }} *{{ .Name }}:* \`{{ .Value }}\`
            {{ end }}
          {{ end }}
        send_resolved: true
`;

test(`the tutorial's message is that of Alertmanager 0.${peerVersion}`, {skip: skipWithoutPeer}, async () => {
  const both = await startBoth(tutorial);
  const alert = {
    labels: {alertname: 'DeadMansSwitch', severity: 'critical'},
    annotations: {summary: 'テストアラート', description: 'このアラートは常に発生します'},
    generatorURL: 'http://prometheus:9090/graph?g0.expr=vector%281%29&g0.tab=1',
  };
  try {
    // It has fired for longer than group_wait, so nobody waits.
    const rounds = await sendBoth(both, [alert], new Date(Date.now() - 60_000).toISOString());
    const messages = rounds.map((round) =>
      round.map(({requests}) => requests.get('services')!.map(comparable)),
    );
    for (const [theirs, own] of messages) assert.deepEqual(own, theirs);
    const [firing, resolved] = messages.map(([theirs]) => JSON.stringify(theirs));
    assert.match(firing!, /\*Summary:\* テストアラート.*"color":"danger"/);
    assert.match(resolved!, /\[RESOLVED\].*"color":"good"/);
  } finally {
    for (const each of both) await each.stop();
  }
});
