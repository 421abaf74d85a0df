// Start, reload, stop and start again, through the real program.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {labelsOf} from '../../src/model/labels.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {query, startNarthex, type StartedServer} from '../lib/narthex.ts';

const launcher = join(import.meta.dirname, '../../bin/narthex');

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-lifecycle-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
}

async function start(
  context: TestContext,
  options: Parameters<typeof startNarthex>[0],
): Promise<StartedServer> {
  const narthex = await startNarthex(options);
  context.after(() => narthex.stop('SIGKILL'));
  return narthex;
}

/** Runs the program to its end, however it ends; ends it after 30 s. */
async function run(args: string[]): Promise<{code: number | null; output: string}> {
  const child = spawn(launcher, args, {stdio: ['ignore', 'pipe', 'pipe']});
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await once(child, 'close');
  clearTimeout(timer);
  return {code: child.exitCode, output};
}

test('what was written is there after SIGTERM and a restart, and the exit code is 0', async (context) => {
  const dataFolder = temporaryFolder(context);
  const labels = labelsOf({__name__: 'kept', job: 'lifecycle', path: 'a "quoted" \\ one'});
  const startMs = Date.now() - 60_000;
  const times = Float64Array.from({length: 300}, (_, i) => startMs + i * 100);
  const values = Float64Array.from({length: 300}, (_, i) => i / 3);
  const expected = Array.from(times, (time, i): [number, string] => [time / 1000, String(values[i])]);
  const at = {time: String(startMs / 1000 + 30)};

  const first = await start(context, {dataFolder});
  await pushSamples(first.url, [{labels, times, values}]);
  const before = await query(first.url, 'kept[1m]', at);
  assert.deepEqual(before.data.result[0]?.values, expected);
  await first.stop();
  assert.equal(first.child.exitCode, 0, first.output());

  const second = await start(context, {dataFolder});
  const after = await query(second.url, 'kept[1m]', at);
  assert.deepEqual(after.data.result, before.data.result);
  // The head goes on where it was.
  await assert.rejects(
    pushSamples(second.url, [{labels, times: times.subarray(0, 1), values: values.subarray(5, 6)}]),
    /400 (?:out of order sample|duplicate sample)/,
  );
});

test('a reload takes a good configuration, and refuses a bad one, saying where', async (context) => {
  const narthex = await start(context, {config: 'global: {scrape_interval: 7s}\n'});
  const file = join(narthex.folder, 'prometheus.yml');
  const reload = async (text: string): Promise<{status: number; text: string}> => {
    writeFileSync(file, text);
    const response = await fetch(`${narthex.url}/-/reload`, {method: 'POST'});
    return {status: response.status, text: await response.text()};
  };
  const inForce = async (): Promise<string> => {
    const response = await fetch(`${narthex.url}/api/v1/status/config`);
    const {data} = (await response.json()) as {data: {yaml: string}};
    return /scrape_interval: \S+/.exec(data.yaml)?.[0] ?? '';
  };
  assert.equal((await reload('global: {scrape_interval: 9s}\n')).status, 200);
  assert.equal(await inForce(), 'scrape_interval: 9s');

  const bad: [string, RegExp][] = [
    ['global:\n  scrape_interval: 5q\n', /prometheus\.yml:2:\d+: global\.scrape_interval: unknown unit "q"/],
    ['global:\n  scrape_intervall: 5s\n', /prometheus\.yml:2:\d+: .*scrape_intervall not found/],
    [
      'scrape_configs:\n  - job_name: a\n  - job_name: a\n',
      /prometheus\.yml:3:\d+: .*multiple scrape configs/,
    ],
    ['a: [\n', /prometheus\.yml:\d+:\d+: yaml/],
    ['scrape_configs:\n  - {job_name: a, relabel_configs: [{regex: "("}]}\n', /:2:\d+: .*regex/],
  ];
  for (const [text, message] of bad) {
    const answer = await reload(text);
    assert.equal(answer.status, 500, text);
    assert.match(answer.text, message);
    assert.equal(await inForce(), 'scrape_interval: 9s');
  }
  const metrics = await (await fetch(`${narthex.url}/metrics`)).text();
  assert.match(metrics, /^prometheus_config_last_reload_successful 0$/m);

  // By signal, many at once, good and bad: the last one counts.
  for (let i = 0; i < 40; i++) {
    writeFileSync(file, i % 2 === 0 ? 'global: 5\n' : `global: {scrape_interval: ${i}s}\n`);
    narthex.child.kill('SIGHUP');
  }
  assert.equal((await reload('global: {scrape_interval: 3s}\n')).status, 200);
  assert.equal(await inForce(), 'scrape_interval: 3s');
});

test('signals during the start neither hang nor crash it', async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, 'c.yml'), 'global: {}\n');
  const child = spawn(launcher, [
    `--config.file=${join(folder, 'c.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
  ]);
  let log = '';
  // The first line comes when the flags are read and nothing else has happened.
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('Starting Narthex')) resolve();
    });
    child.once('exit', () => resolve());
  });
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await once(child, 'close');
  clearTimeout(timer);
  assert.deepEqual([child.exitCode, child.signalCode], [0, null], log);
  assert.doesNotMatch(log, /level=ERROR/);
});

test('what keeps it from starting is said, with an exit code', async (context) => {
  const dataFolder = temporaryFolder(context);
  const narthex = await start(context, {dataFolder});
  const config = `--config.file=${join(narthex.folder, 'prometheus.yml')}`;
  const free = '--web.listen-address=127.0.0.1:0';
  const folder = temporaryFolder(context);
  const aFile = join(folder, 'file');
  writeFileSync(aFile, 'not a folder');

  const second = await run([config, `--storage.tsdb.path=${dataFolder}`, free]);
  assert.equal(second.code, 1, second.output);
  assert.match(
    second.output,
    new RegExp(`cannot lock the data directory .*process ${narthex.child.pid} uses`),
  );
  assert.equal((await fetch(`${narthex.url}/-/ready`)).status, 200, 'the first server goes on');

  const noFolder = await run([config, `--storage.tsdb.path=${aFile}`, free]);
  assert.equal(noFolder.code, 1, noFolder.output);
  assert.match(noFolder.output, /Opening storage failed.*file/);

  const taken = createServer().listen(0, '127.0.0.1');
  context.after(() => taken.close());
  await once(taken, 'listening');
  const {port} = taken.address() as AddressInfo;
  const noPort = await run([
    config,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  assert.equal(noPort.code, 1, noPort.output);
  assert.match(noPort.output, new RegExp(`Unable to start web listener.*127.0.0.1:${port}`));

  mkdirSync(join(folder, 'config.yml'));
  const noConfig = await run([`--config.file=${join(folder, 'config.yml')}`, free]);
  assert.equal(noConfig.code, 2, noConfig.output);
  assert.match(noConfig.output, /Error loading config.*is a directory/);
});
