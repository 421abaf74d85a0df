// Rules in the real program: state over a kill and over reloads, many rules beside scrapes, and the way to an Alertmanager.
import assert from 'node:assert/strict';
import {createServer, type Server} from 'node:http';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {query, startNarthex, type StartedServer} from '../lib/narthex.ts';

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-rules-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
}

interface ApiAlert {
  labels: Record<string, string>;
  state: string;
  activeAt: string;
}

async function alertsOf({url}: StartedServer): Promise<ApiAlert[]> {
  const answer = (await (await fetch(`${url}/api/v1/alerts`)).json()) as {data: {alerts: ApiAlert[]}};
  return answer.data.alerts;
}

/** Waits until `check` holds; fails after 20 seconds. */
async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(100)) {
    if (await check()) return;
  }
  assert.fail(`waited in vain until ${what}`);
}

/** Remembers the alerts that it is sent. */
async function startReceiver(
  context: TestContext,
): Promise<{port: number; received: {labels: Record<string, string>; endsAt: string}[]}> {
  const received: {labels: Record<string, string>; endsAt: string}[] = [];
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      received.push(...(JSON.parse(text) as typeof received));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return {port: (server.address() as AddressInfo).port, received};
}

test('alerts go on after a kill and a restart, and after a reload of a changed rule', async (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, 'r.yml');
  const dataFolder = join(folder, 'data');
  const rules = (expr: string): string =>
    `groups: [{name: g, rules: [{alert: A, expr: '${expr}', for: 1h}, {record: r, expr: 'vector(7)'}]}]\n`;
  writeFileSync(file, rules('vector(1)'));
  const config = `global: {evaluation_interval: 1s}\nrule_files: ['${file}']\n`;
  const options = {config, dataFolder, flags: ['--rules.alert.for-grace-period=1s']};
  const first = await startNarthex(options);
  context.after(() => first.stop('SIGKILL'));
  await until(
    'ALERTS_FOR_STATE is stored',
    async () => (await query(first.url, 'ALERTS_FOR_STATE')).data.result.length > 0,
  );
  assert.equal((await alertsOf(first))[0]!.state, 'pending');
  await sleep(2000);
  await first.stop('SIGKILL');

  const second = await startNarthex(options);
  context.after(() => second.stop('SIGKILL'));
  const startedMs = Date.now() - 1000 * second.readySeconds;
  await until('ALERTS is stored again', async () => {
    const [series] = (await query(second.url, 'timestamp(ALERTS)')).data.result;
    return series !== undefined && Number(series.value[1]) * 1000 > startedMs;
  });
  const [restored] = await alertsOf(second);
  assert.ok(Date.parse(restored!.activeAt) < startedMs, `${restored!.activeAt} is before the restart`);

  writeFileSync(file, rules('vector(2)'));
  assert.equal((await fetch(`${second.url}/-/reload`, {method: 'POST'})).status, 200);
  await sleep(1500);
  const [reloaded] = await alertsOf(second);
  assert.equal(reloaded!.activeAt, restored!.activeAt);

  writeFileSync(file, 'groups: [{name: g, rules: [{record: r, expr: "sum("}]}]\n');
  const refused = await fetch(`${second.url}/-/reload`, {method: 'POST'});
  assert.equal(refused.status, 500);
  assert.match(
    await refused.text(),
    /r\.yml: 1:46: group "g", rule 1, "r": could not parse expression: 1:5: /,
  );
  assert.equal((await alertsOf(second)).length, 1);

  writeFileSync(file, 'groups: []\n');
  assert.equal((await fetch(`${second.url}/-/reload`, {method: 'POST'})).status, 200);
  assert.deepEqual(await alertsOf(second), []);
  await until(
    'series of the rules have ended',
    async () => (await query(second.url, '{__name__=~"r|ALERTS.*"}')).data.result.length === 0,
  );
});

test('a rule file that is wrong ends the start, and the message says where', async (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, 'r.yml');
  writeFileSync(file, 'groups: [{name: g, rules: [{record: r}]}]\n');
  await assert.rejects(
    startNarthex({config: `rule_files: ['${file}']\n`}),
    /it ended with 2[^]*r\.yml: 0:0: group \\?"g\\?", rule 1, \\?"r\\?": field 'expr' must be set in rule/,
  );
});

test('an alert is told to the Alertmanager when it fires, and again when it is resolved', async (context) => {
  const folder = temporaryFolder(context);
  const {port, received} = await startReceiver(context);
  const file = join(folder, 'r.yml');
  const from = Math.floor(Date.now() / 1000) + 4;
  writeFileSync(file, `groups: [{name: g, rules: [{alert: A, expr: 'vector(time()) < ${from}'}]}]\n`);
  const narthex = await startNarthex({
    config: `global: {evaluation_interval: 1s, external_labels: {cluster: here}}\nrule_files: ['${file}']\nalerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:${port}']}]}]}\n`,
  });
  context.after(() => narthex.stop('SIGKILL'));
  await until('the alert has fired and was resolved', async () => received.length >= 2);
  const labels = {alertname: 'A', cluster: 'here'};
  assert.deepEqual(
    received.slice(0, 2).map((alert) => [alert.labels, Date.parse(alert.endsAt) > Date.now() + 60_000]),
    [
      [labels, true],
      [labels, false],
    ],
  );
});

test('a thousand rules are evaluated on time, beside scrapes that are', async (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, 'r.yml');
  const groups = Array.from({length: 100}, (_, g) => {
    const rules = Array.from({length: 10}, (_each, r) =>
      r % 2 === 0
        ? `{record: 'r:${g}:${r}', expr: 'sum(rate(process_cpu_seconds_total[10s])) + ${g}'}`
        : `{alert: A${g}_${r}, expr: 'up * ${g} > 50', for: 1s}`,
    );
    return `{name: g${g}, rules: [${rules.join(', ')}]}`;
  });
  writeFileSync(file, `groups: [${groups.join(', ')}]\n`);
  const narthex = await startNarthex({
    config: `global: {evaluation_interval: 5s, scrape_interval: 1s}\nrule_files: ['${file}']\nscrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:PORT']}]}]\n`,
  });
  context.after(() => narthex.stop('SIGKILL'));
  await sleep(22_000);
  const sum = async (metric: string): Promise<number> =>
    Number((await query(narthex.url, `sum(${metric})`)).data.result[0]?.value[1]);
  assert.equal(await sum('prometheus_rule_group_iterations_missed_total'), 0);
  assert.equal(await sum('prometheus_rule_evaluation_failures_total'), 0);
  assert.ok((await sum('prometheus_rule_evaluations_total')) >= 3000);
  const stored = await sum('count_over_time(r:7:0[12s])');
  assert.ok(stored === 2 || stored === 3, `${stored} samples in 12 s`);
  const gaps = await query(narthex.url, 'max(prometheus_target_interval_length_seconds{quantile="0.99"})');
  assert.ok(
    Number(gaps.data.result[0]!.value[1]) < 1.5,
    `a scrape came ${gaps.data.result[0]!.value[1]} s after the one before`,
  );
});
