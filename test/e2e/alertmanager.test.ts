// The Alertmanager as users start it: alone and killed, and within the server.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Recorder} from '../../src/alertmanager/receivers/testing/recorder.ts';
import {freePort, type RunningProgram, startProgram, stopProgram} from '../../tools/programs.ts';
import {startNarthex} from '../lib/narthex.ts';

const launcher = join(import.meta.dirname, '../../bin/narthex');

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-am-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `not within 30 s: ${what}`);
    await sleep(50);
  }
}

const alertCount = 10_000;
const groupCount = 400;
/** Within this time all alerts must have been reported, also on a slow machine. */
const groupWaitMs = 10_000;

test('after SIGKILL all silences are there, and nothing is told twice', async (context) => {
  const recorder = await Recorder.open();
  context.after(() => recorder.close());
  const folder = temporaryFolder(context);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(
    join(folder, 'am.yml'),
    `route: {receiver: x, group_by: [alertname], group_wait: ${groupWaitMs}ms, group_interval: 1m}
receivers: [{name: x, webhook_configs: [{url: '${recorder.url}/'}]}]
`,
  );
  const start = (): Promise<RunningProgram> =>
    startProgram({
      name: 'narthex',
      command: launcher,
      args: [
        'alertmanager',
        `--config.file=${join(folder, 'am.yml')}`,
        `--storage.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      readyUrl: `${url}/-/ready`,
    });
  const startsAt = new Date().toISOString();
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const post = async (path: string, body: unknown): Promise<string> => {
    const headers = {'content-type': 'application/json'};
    const answer = await fetch(`${url}${path}`, {method: 'POST', headers, body: JSON.stringify(body)});
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return text;
  };
  const report = async (): Promise<void> => {
    for (let at = 0; at < alertCount; at += 500) {
      const labels = (i: number): Record<string, string> => ({
        alertname: `A${i % groupCount}`,
        id: String(i),
      });
      await post(
        '/api/v2/alerts',
        Array.from({length: 500}, (_, i) => ({labels: labels(at + i), startsAt, endsAt})),
      );
    }
  };
  const told = (): number =>
    recorder.requests.reduce(
      (sum, {body}) => sum + (JSON.parse(body) as {alerts: unknown[]}).alerts.length,
      0,
    );

  const before = await start();
  await report();
  await until(() => told() === alertCount, 'all alerts are told of');
  const ids: string[] = [];
  for (let i = 0; i < 10; i++) {
    const matchers = [{name: 'x', value: String(i), isRegex: false}];
    const silence = {matchers, startsAt, endsAt, createdBy: 'me', comment: 'c'};
    ids.push((JSON.parse(await post('/api/v2/silences', silence)) as {silenceID: string}).silenceID);
  }
  await stopProgram(before.child, 'SIGKILL');
  const after = await start();
  context.after(() => stopProgram(after.child));
  for (const id of ids) assert.equal((await fetch(`${url}/api/v2/silence/${id}`)).status, 200);
  await report();
  await sleep(groupWaitMs + 2000);
  assert.equal(told(), alertCount);
  const alerts = (await (await fetch(`${url}/api/v2/alerts`)).json()) as unknown[];
  assert.equal(alerts.length, alertCount);
  const history = (await (await fetch(`${url}/api/narthex/notifications?limit=1000`)).json()) as unknown[];
  assert.equal(history.length, groupCount);
});

test('alerts of rules go to the Alertmanager in the same process', async (context) => {
  const recorder = await Recorder.open();
  context.after(() => recorder.close());
  const folder = temporaryFolder(context);
  writeFileSync(
    join(folder, 'rules.yml'),
    "groups: [{name: g, rules: [{alert: Always, expr: vector(1), annotations: {summary: 'value {{ $value }}'}}]}]",
  );
  writeFileSync(
    join(folder, 'am.yml'),
    `route: {receiver: x, group_wait: 0s}
receivers: [{name: x, webhook_configs: [{url: '${recorder.url}/'}]}]
`,
  );
  const narthex = await startNarthex({
    config: `global: {evaluation_interval: 1s}\nrule_files: ['${folder}/rules.yml']\n`,
    flags: [`--alertmanager.config.file=${folder}/am.yml`],
  });
  context.after(() => narthex.stop());
  await until(() => recorder.requests.length > 0, 'the webhook is told');
  const {body} = recorder.requests[0]!;
  const {alerts, externalURL} = JSON.parse(body) as {alerts: {annotations: unknown}[]; externalURL: string};
  assert.deepEqual(alerts[0]!.annotations, {summary: 'value 1'});
  assert.match(externalURL, /\/alertmanager$/);
  const base = `${narthex.url}/alertmanager`;
  const known = (await (await fetch(`${base}/api/v2/alerts`)).json()) as {labels: unknown}[];
  assert.deepEqual(
    known.map(({labels}) => labels),
    [{alertname: 'Always'}],
  );
  const metrics = await (await fetch(`${narthex.url}/metrics`)).text();
  assert.match(metrics, /^alertmanager_notifications_total\{integration="webhook"\} 1$/m);
  const page = await fetch(`${base}/`, {redirect: 'manual'});
  assert.equal(page.headers.get('location'), '/alerts');
  // A wrong file is refused, and the one in force stays so.
  writeFileSync(join(folder, 'am.yml'), 'route: {}');
  const reload = await fetch(`${base}/-/reload`, {method: 'POST'});
  assert.equal(reload.status, 500);
  assert.match(await reload.text(), /failed to reload config: .*am.yml:1:8: route: root route must specify/);
  const status = (await (await fetch(`${base}/api/v2/status`)).json()) as {config: {original: string}};
  assert.match(status.config.original, /receiver: x/);
});
