// Debian's Alertmanager beside ours: the same requests get the same answers, and each opens the other's state.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {findProgram, type RunningProgram, startAlertmanager, stopProgram} from '../../tools/programs.ts';
import {Recorder} from '../../src/alertmanager/receivers/testing/recorder.ts';

const peer = findProgram('prometheus-alertmanager');
const skip = reasonToSkip();

/** Older ones lack labels of receivers, and annotations of silences. */
function reasonToSkip(): string | false {
  if (peer === null)
    return 'prometheus-alertmanager is not installed: apt-get install prometheus-alertmanager';
  const {stdout, stderr} = spawnSync(peer, ['--version'], {encoding: 'utf8'});
  const minor = Number(/version 0\.(\d+)/.exec(stdout + stderr)?.[1] ?? 0);
  return minor >= 33 ? false : `alertmanager 0.${minor} is older than 0.33`;
}

const configuration = (hook: string): string => `
global: {resolve_timeout: 3m}
route:
  receiver: hook
  group_by: [alertname, cluster]
  group_wait: 1s
  group_interval: 2s
  routes:
  - matchers: [severity="critical", 'team=~"a|b"']
    receiver: quiet
    continue: true
    group_by: ['...']
  - match: {severity: info}
    mute_time_intervals: [always]
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [cluster]
receivers:
- name: hook
  webhook_configs: [{url: '${hook}'}]
- name: quiet
  labels: {team: x}
time_intervals:
- name: always
  time_intervals: [{years: ['2000:2200']}]
`;

interface Running {
  readonly url: string;
  readonly program: RunningProgram;
}

function start(command: readonly [string, ...string[]], folder: string, hook: string): Promise<Running> {
  return startAlertmanager({command, folder, config: configuration(hook), args: ['--log.level=error']});
}

const startOurs = (folder: string, hook: string): Promise<Running> =>
  start(['bin/narthex', 'alertmanager'], folder, hook);
const startTheirs = (folder: string, hook: string): Promise<Running> => start([peer!], folder, hook);

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-am-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
}

async function ask(
  {url}: Running,
  method: string,
  path: string,
  body?: unknown,
): Promise<{status: number; text: string}> {
  const answer = await fetch(`${url}${path}`, {
    method,
    ...(body !== undefined && {
      headers: {'content-type': 'application/json'},
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  });
  return {status: answer.status, text: await answer.text()};
}

/** Times and ids differ; which of several sources inhibits is chance there; routeLabels came with 0.34. */
const differing = new Set([
  'startsAt',
  'endsAt',
  'updatedAt',
  'uptime',
  'id',
  'silenceID',
  'inhibitedBy',
  'silencedBy',
]);

function comparable(text: string): unknown {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([key]) => key !== 'routeLabels');
    return Object.fromEntries(
      entries.map(([key, each]) => [
        key,
        differing.has(key) ? (Array.isArray(each) ? each.length : 'T') : visit(each),
      ]),
    );
  };
  try {
    return visit(JSON.parse(text.replace(/but \[([A-Z,]+)\] are/, inOrder)));
  } catch {
    return text;
  }
}

/** Allowed methods come in any order there. */
const inOrder = (_: string, methods: string): string => `but [${methods.split(',').sort().join(',')}] are`;

const encode = encodeURIComponent;
const now = Date.now();
const iso = (ms: number): string => new Date(ms).toISOString();
/** Critical ones of the clusters 0 and 1 inhibit warnings; nothing inhibits those of cluster 2. */
const alerts = Array.from({length: 16}, (_, i) => ({
  labels: {
    alertname: `A${i % 3}`,
    cluster: `c${i < 12 ? i % 2 : 2}`,
    instance: `i${i}`,
    severity: ['critical', 'warning', 'info'][i < 12 ? i % 3 : 1],
    team: i % 2 === 0 ? 'a' : 'b',
  },
  annotations: {summary: `s ${i} <&>`},
  generatorURL: 'http://x/y?z=1',
  // None is old: the first notification waits until all have come.
  startsAt: iso(now + 1000),
}));
const silence = {
  matchers: [{name: 'instance', value: 'i[12]', isRegex: true}],
  startsAt: iso(now),
  endsAt: iso(now + 3_600_000),
  createdBy: 'me',
  comment: 'c',
  annotations: {k: 'v'},
};

const gets = [
  '/api/v2/alerts',
  '/api/v2/alerts/groups',
  '/api/v2/receivers',
  '/api/v2/silences',
  `/api/v2/alerts?filter=${encode('severity="critical"')}&filter=team%3Da`,
  `/api/v2/alerts?filter=${encode('severity=~"crit.*|info"')}`,
  '/api/v2/alerts?receiver=qu.*',
  '/api/v2/alerts?active=false',
  '/api/v2/alerts?active=maybe',
  '/api/v2/alerts?inhibited=false',
  '/api/v2/alerts?silenced=false',
  `/api/v2/alerts?filter=${encode('x!=""')}`,
  `/api/v2/alerts?filter=${encode('x=""')}`,
  `/api/v2/alerts?receiver_matchers=${encode('team="x"')}`,
  '/api/v2/alerts?receiver=(',
  `/api/v2/alerts?filter=${encode('{a=b}')}`,
  `/api/v2/alerts?filter=${encode('a=~"("')}`,
  '/api/v2/alerts?filter=a',
  '/api/v2/alerts?receiver_matchers=x',
  '/api/v2/alerts/groups?receiver=quiet',
  '/api/v2/alerts/groups?muted=false',
  '/api/v2/alerts/groups?inhibited=false',
  '/api/v2/alerts/groups?silenced=false',
  `/api/v2/alerts/groups?filter=${encode('instance="i1"')}`,
  `/api/v2/receivers?receiver_matchers=${encode('name=~"h.*"')}`,
  `/api/v2/silences?filter=${encode('instance=~"i[12]"')}`,
  `/api/v2/silences?filter=${encode('instance="i[12]"')}`,
  '/api/v2/nothing',
  '/api/v1/alerts',
  '/api/v2/silence/x',
  '/api/v2/silence/11111111-1111-1111-1111-111111111111',
  '/-/healthy',
  '/-/reload',
];

const alertBodies: unknown[] = [
  {},
  [{}],
  [{labels: {a: 1}}],
  [{labels: null}],
  [{labels: {}}],
  [{labels: {a: ''}}],
  [{labels: {'': 'x'}}],
  [{labels: {a: 'b'}, startsAt: iso(now), endsAt: iso(now - 5000)}],
  [{labels: {a: 'b'}, generatorURL: '::'}],
  [{labels: {a: 'b'}, generatorURL: 'foo'}],
  [{labels: {a: 'b'}, annotations: {'': 'x'}}],
  [],
  null,
];

const silenceBodies: unknown[] = [
  {},
  {...silence, endsAt: iso(now - 10_000)},
  {...silence, matchers: []},
  {...silence, matchers: [{name: 'a', value: 'b'}]},
  {...silence, matchers: [{name: 'a', value: '(', isRegex: true}]},
  {...silence, matchers: [{name: 'a', value: '', isRegex: false}]},
  {...silence, matchers: [{name: '', value: 'x', isRegex: false}]},
  {...silence, matchers: [{name: 'a', value: '.*', isRegex: true}]},
  {...silence, id: '11111111-1111-1111-1111-111111111111'},
  {...silence, createdBy: null},
  {...silence, startsAt: iso(now - 10_000), endsAt: iso(now - 5000)},
];

test('the same requests get the same answers', {skip}, async (context) => {
  const [ourRecorder, theirRecorder] = [await Recorder.open(), await Recorder.open()];
  for (const each of [ourRecorder, theirRecorder]) context.after(() => each.close());
  const ours = await startOurs(temporaryFolder(context), `${ourRecorder.url}/hook`);
  context.after(() => stopProgram(ours.program.child));
  const theirs = await startTheirs(temporaryFolder(context), `${theirRecorder.url}/hook`);
  context.after(() => stopProgram(theirs.program.child));
  async function f(method: string, path: string, body?: unknown): Promise<void> {
    const [own, their] = [await ask(ours, method, path, body), await ask(theirs, method, path, body)];
    const what = `${method} ${path} ${JSON.stringify(body)}`;
    assert.equal(own.status, their.status, `${what}: ${own.text} / ${their.text}`);
    assert.deepEqual(comparable(own.text), comparable(their.text), what);
  }
  // What inhibits comes first: there, a flush may be faster than the inhibitor.
  const [critical, rest] = [0, 1].map((part) =>
    alerts.filter(({labels}) => (labels.severity === 'critical' ? 0 : 1) === part),
  );
  await f('POST', '/api/v2/alerts', critical);
  await sleep(200);
  await f('POST', '/api/v2/alerts', rest);
  for (const path of gets) await f('GET', path);
  for (const body of alertBodies) await f('POST', '/api/v2/alerts', body);
  for (const body of silenceBodies) await f('POST', '/api/v2/silences', body);
  await f('PUT', '/api/v2/alerts');
  // Each has ids of its own.
  const ids = await Promise.all(
    [ours, theirs].map(
      async (each) =>
        (JSON.parse((await ask(each, 'POST', '/api/v2/silences', silence)).text) as {silenceID: string})
          .silenceID,
    ),
  );
  await sleep(2500);
  await f('POST', '/-/reload');
  for (const path of gets) await f('GET', path);
  for (const [index, each] of [ours, theirs].entries())
    assert.equal((await ask(each, 'DELETE', `/api/v2/silence/${ids[index]}`)).status, 200);
  await f('GET', '/api/v2/silences');
  const resolved = alerts.map((alert) => ({...alert, endsAt: iso(Date.now())}));
  await f('POST', '/api/v2/alerts', resolved);
  await sleep(4000);
  const told = notificationsOf(ourRecorder);
  // Firing and resolved, of three groups.
  assert.equal(told.length, 6);
  assert.deepEqual(told, notificationsOf(theirRecorder));
});

/** Bodies of the webhook but for times, sorted. */
function notificationsOf(recorder: Recorder): unknown[] {
  const bodies = recorder.requests.map(({body}) => JSON.parse(body) as Record<string, unknown>);
  const plain = bodies.map(({externalURL, ...rest}) => {
    assert.ok(externalURL !== undefined);
    return JSON.stringify(comparable(JSON.stringify(rest)));
  });
  return [...new Set(plain)].sort();
}

test('each opens what the other has written, and tells nothing twice', {skip}, async (context) => {
  const recorder = await Recorder.open();
  context.after(() => recorder.close());
  const folder = temporaryFolder(context);
  const hook = `${recorder.url}/hook`;
  const firing = [
    {labels: {alertname: 'Down', x: 'y'}, startsAt: iso(now - 60_000), endsAt: iso(now + 3_600_000)},
  ];
  let silenceText = '';
  let told = 0;
  for (const [turn, begin] of [startOurs, startTheirs, startOurs, startTheirs].entries()) {
    const running = await begin(folder, hook);
    try {
      if (turn === 0) await ask(running, 'POST', '/api/v2/silences', silence);
      const {text} = await ask(running, 'GET', '/api/v2/silences');
      if (turn > 0) assert.equal(text, silenceText, `turn ${turn}`);
      silenceText = text;
      await ask(running, 'POST', '/api/v2/alerts', firing);
      await sleep(1500);
      if (turn === 0) told = recorder.requests.length;
      assert.equal(recorder.requests.length, told, `turn ${turn}`);
    } finally {
      await stopProgram(running.program.child);
    }
  }
  assert.equal(told, 1);
});
