import assert from 'node:assert/strict';
import test from 'node:test';
import type {HttpRequestOptions, HttpSender} from '../http/client.ts';
import {labelsOf} from '../model/labels.ts';
import type {RelabelConfig} from '../relabel/config.ts';
import type {NotifiedAlert} from '../rules/world.ts';
import {noLogger} from '../sys/log.ts';
import {alertmanagersOf} from './alertmanagers.ts';
import {payloadOf} from './alerts.ts';
import type {AlertmanagerConfig} from './config.ts';
import {Notifier, type NotifierOptions} from './manager.ts';

const dropInfo: RelabelConfig = {
  sourceLabels: ['severity'],
  separator: ';',
  regex: 'info',
  modulus: 0,
  targetLabel: '',
  replacement: '$1',
  action: 'drop',
};

function config(fields: Partial<AlertmanagerConfig> = {}): AlertmanagerConfig {
  return {
    client: {followRedirects: true},
    sigV4: null,
    scheme: 'http',
    pathPrefix: '',
    timeoutMs: 1000,
    apiVersion: 'v2',
    relabelConfigs: [],
    alertRelabelConfigs: [],
    staticConfigs: [],
    discoveryConfigs: [],
    ...fields,
  };
}

function alert(name: string, labels: Record<string, string> = {}): NotifiedAlert {
  return {
    labels: labelsOf({alertname: name, ...labels}),
    annotations: [],
    startsAtMs: 1_700_000_000_000,
    endsAtMs: 1_700_000_240_000,
    generatorUrl: 'http://here/graph',
  };
}

interface Posted {
  url: string;
  alerts: string[];
}

/** Each post waits until it is answered by hand, unless `status` is given. */
function createNotifier(
  options: Partial<NotifierOptions> = {},
  status: number | null = 200,
): {notifier: Notifier; posted: Posted[]; answer: (status: number) => Promise<void>; closed: () => number} {
  const posted: Posted[] = [];
  const waiting: ((status: number) => void)[] = [];
  let closed = 0;
  const client: HttpSender = {
    async request(url: string, {body}: HttpRequestOptions) {
      const alerts = JSON.parse(String(body)) as {labels: {alertname: string}}[];
      posted.push({url, alerts: alerts.map(({labels}) => labels.alertname)});
      const answered = status ?? (await new Promise<number>((resolve) => waiting.push(resolve)));
      if (answered === 0) throw new Error('connection refused');
      return {status: answered, statusText: '', header: () => '', text: ''};
    },
    get: () => Promise.reject(new Error('nothing is got')),
    close: () => Promise.resolve(void closed++),
  };
  const notifier = new Notifier({
    logger: noLogger,
    queueCapacity: 10,
    batchMax: 4,
    drains: true,
    elapsed: () => 0,
    createHttpClient: () => client,
    ...options,
  });
  const answer = async (each: number): Promise<void> => {
    waiting.shift()!(each);
    await settle();
  };
  return {notifier, posted, answer, closed: () => closed};
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

const targets = (
  ...addresses: string[]
): {source: string; targets: {__address__: string}[]; labels: Record<string, string>} => ({
  source: '0',
  targets: addresses.map((each) => ({__address__: each})),
  labels: {},
});

test('payloadOf() writes what the API of Alertmanager takes', () => {
  assert.equal(
    payloadOf([{...alert('A', {b: 'c'}), annotations: ['text', 'x']}, alert('B')]),
    '[{"annotations":{"text":"x"},"endsAt":"2023-11-14T22:17:20.000Z","startsAt":"2023-11-14T22:13:20.000Z",' +
      '"generatorURL":"http://here/graph","labels":{"alertname":"A","b":"c"}},' +
      '{"endsAt":"2023-11-14T22:17:20.000Z","startsAt":"2023-11-14T22:13:20.000Z",' +
      '"generatorURL":"http://here/graph","labels":{"alertname":"B"}}]',
  );
});

test('alertmanagersOf() makes URLs of targets', () => {
  const f = (labels: Record<string, string>, prefix: string, expected: string): void => {
    const group = {source: '0', targets: [{__address__: 'am:9093', ...labels}], labels: {zone: 'a'}};
    assert.deepEqual(alertmanagersOf(group, config({pathPrefix: prefix, scheme: 'https'}), []).active, [
      expected,
    ]);
  };
  f({}, '', 'https://am:9093/api/v2/alerts');
  f({}, '/am/', 'https://am:9093/am/api/v2/alerts');
  f({}, 'a/../b', 'https://am:9093/b/api/v2/alerts');
  const shared = {
    source: '0',
    targets: [{__address__: 'am:1'}],
    labels: {__scheme__: 'http', __alerts_path__: '/x'},
  };
  assert.deepEqual(alertmanagersOf(shared, config({scheme: 'https'}), []).active, ['http://am:1/x']);
  assert.throws(
    () => alertmanagersOf(targets('http://am:1'), config(), []),
    /"http:\/\/am:1" is not a valid hostname/,
  );
});

test('alerts go to every Alertmanager, relabelled, with the external labels', async () => {
  const {notifier, posted} = createNotifier();
  const given: NotifiedAlert[] = [];
  notifier.embedded = (alerts) => given.push(...alerts);
  notifier.apply(
    {
      alertRelabelConfigs: [dropInfo],
      alertmanagers: [
        config(),
        config({alertRelabelConfigs: [{...dropInfo, regex: 'page'}], pathPrefix: '/two'}),
      ],
    },
    ['cluster', 'here', 'severity', 'none'],
  );
  notifier.setTargets(0, [targets('a:1', 'b:1', 'a:1')]);
  notifier.setTargets(1, [targets('c:1')]);
  notifier.send([alert('A'), alert('B', {severity: 'page'}), alert('C', {severity: 'info'})]);
  await settle();
  assert.deepEqual(posted, [
    {url: 'http://a:1/api/v2/alerts', alerts: ['A', 'B']},
    {url: 'http://b:1/api/v2/alerts', alerts: ['A', 'B']},
    {url: 'http://c:1/two/api/v2/alerts', alerts: ['A']},
  ]);
  assert.deepEqual(
    given.map(({labels}) => labels),
    [
      ['alertname', 'A', 'cluster', 'here', 'severity', 'none'],
      ['alertname', 'B', 'cluster', 'here', 'severity', 'page'],
    ],
  );
  assert.deepEqual(notifier.statistics().alertmanagersDiscovered, 3);
  await notifier.stop();
});

test('alerts that wait are sent in batches; the oldest go where there are too many', async () => {
  const {notifier, posted, answer} = createNotifier({}, null);
  notifier.apply({alertRelabelConfigs: [], alertmanagers: [config()]}, []);
  notifier.setTargets(0, [targets('a:1')]);
  const names = (from: number, count: number): string[] =>
    Array.from({length: count}, (_, i) => `n${from + i}`);
  notifier.send(names(0, 2).map((name) => alert(name)));
  await settle();
  notifier.send(names(2, 8).map((name) => alert(name)));
  notifier.send(names(10, 5).map((name) => alert(name)));
  const [sender] = notifier.statistics().senders;
  assert.deepEqual([sender!.queueLength, sender!.dropped], [10, 3]);
  await answer(200);
  await answer(503);
  await answer(0);
  await answer(200);
  assert.deepEqual(
    posted.map(({alerts}) => alerts),
    [names(0, 2), names(5, 4), names(9, 4), names(13, 2)],
  );
  const [after] = notifier.statistics().senders;
  assert.deepEqual([after!.sent, after!.errors, after!.dropped, after!.latency.count], [4, 8, 11, 2]);
  notifier.send(names(0, 25).map((name) => alert(name)));
  assert.equal(notifier.statistics().senders[0]!.dropped, 11 + 15);
  const stopped = notifier.stop();
  for (let i = 0; i < 3; i++) await answer(200);
  await stopped;
});

test('a queue takes, and sends in order, far more alerts at once than a call takes arguments', async () => {
  const {notifier, posted} = createNotifier({queueCapacity: 300_000, batchMax: 70_000});
  notifier.apply({alertRelabelConfigs: [], alertmanagers: [config()]}, []);
  notifier.setTargets(0, [targets('a:1')]);
  const alerts = Array.from({length: 250_000}, (_, i) => alert(`n${i}`));
  notifier.send(alerts);
  await notifier.stop();
  assert.deepEqual(
    posted.map((each) => each.alerts.length),
    [70_000, 70_000, 70_000, 40_000],
  );
  assert.equal(posted.at(-1)!.alerts.at(-1), 'n249999');
});

test('what waits is sent before the end, or dropped where that is wanted', async () => {
  for (const drains of [true, false]) {
    const {notifier, posted, answer, closed} = createNotifier({drains}, null);
    notifier.apply({alertRelabelConfigs: [], alertmanagers: [config()]}, []);
    notifier.setTargets(0, [targets('a:1')]);
    notifier.send([alert('A')]);
    await settle();
    notifier.send([alert('B')]);
    const stopped = notifier.stop();
    notifier.send([alert('C')]);
    await answer(200);
    if (drains) await answer(200);
    await stopped;
    assert.deepEqual(
      posted.map(({alerts}) => alerts),
      drains ? [['A'], ['B']] : [['A']],
    );
    assert.equal(closed(), 1);
  }
});

test('an Alertmanager that does not answer does not hold up the end for long', async () => {
  let nowMs = 0;
  const {notifier, posted, answer} = createNotifier({elapsed: () => nowMs}, null);
  notifier.apply({alertRelabelConfigs: [], alertmanagers: [config()]}, []);
  notifier.setTargets(0, [targets('a:1')]);
  notifier.send(Array.from({length: 10}, (_, i) => alert(String(i))));
  const stopped = notifier.stop();
  nowMs = 11_000;
  await answer(0);
  await stopped;
  assert.equal(posted.length, 1);
});

test('a reload keeps the Alertmanagers of what stays the same', async () => {
  const {notifier, posted, closed} = createNotifier();
  const same = config({pathPrefix: '/same'});
  notifier.apply({alertRelabelConfigs: [], alertmanagers: [config(), same]}, []);
  notifier.setTargets(1, [targets('a:1')]);
  notifier.apply({alertRelabelConfigs: [], alertmanagers: [same]}, []);
  await settle();
  assert.equal(closed(), 1);
  notifier.send([alert('A')]);
  await settle();
  assert.deepEqual(posted, [{url: 'http://a:1/same/api/v2/alerts', alerts: ['A']}]);
  assert.deepEqual(notifier.alertmanagers, ['http://a:1/same/api/v2/alerts']);
  notifier.setTargets(0, []);
  assert.deepEqual(notifier.alertmanagers, []);
  await notifier.stop();
});

test('requests to AWS are signed', async () => {
  const sent: HttpRequestOptions[] = [];
  const client: HttpSender = {
    request: (_url, options) => {
      sent.push(options);
      return Promise.resolve({status: 200, statusText: '', header: () => '', text: ''});
    },
    get: () => Promise.reject(new Error('nothing is got')),
    close: () => Promise.resolve(),
  };
  const {notifier} = createNotifier({createHttpClient: () => client});
  const sigV4 = {
    region: 'eu-west-1',
    accessKey: 'AKID',
    secretKey: 's',
    profile: '',
    roleArn: '',
    externalId: '',
    useFipsStsEndpoint: false,
    serviceName: '',
  };
  notifier.apply({alertRelabelConfigs: [], alertmanagers: [config({sigV4})]}, []);
  notifier.setTargets(0, [{source: 's', targets: [{__address__: 'am:9093'}], labels: {}}]);
  notifier.send([alert('A')]);
  await notifier.stop();
  assert.match(
    sent[0]!.secretHeaders!['authorization']!,
    /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/aps\/aws4_request, SignedHeaders=content-type;host;x-amz-date, /,
  );
});
