// Blocks through the real program: the head is moved to them, they are merged and deleted, and queries see every sample once.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {labelsOf} from '../../src/model/labels.ts';
import {isUlid} from '../../src/tsdb/block/ulid.ts';
import {lengthsBelow} from '../../tools/programs.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {query, startNarthex} from '../lib/narthex.ts';

const rangeMs = 60_000;
const stepMs = 1000;
const labels = labelsOf({__name__: 'metric', job: 'blocks'});

const blocksIn = (folder: string): string[] => readdirSync(folder).filter(isUlid);

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 150; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail(`${what} does not come`);
}

test('the server makes blocks of the head, and answers from both, over a restart', async (context) => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'narthex-blocks-'));
  context.after(() => rmSync(dataFolder, {recursive: true, force: true}));
  const options = {
    dataFolder,
    flags: [
      `--storage.tsdb.min-block-duration=${rangeMs / 1000}s`,
      `--storage.tsdb.max-block-duration=${(3 * rangeMs) / 1000}s`,
      '--storage.tsdb.retention.time=1h',
      '--web.enable-admin-api',
    ],
  };
  const server = await startNarthex(options);
  context.after(() => server.stop('SIGKILL'));
  const endMs = Math.floor(Date.now() / stepMs) * stepMs;
  const count = 480;
  const startMs = endMs - count * stepMs;
  const times = Float64Array.from({length: count}, (_, i) => startMs + i * stepMs);
  const values = Float64Array.from({length: count}, (_, i) => i);
  for (let from = 0; from < count; from += 60) {
    const to = from + 60;
    await pushSamples(server.url, [{labels, times: times.slice(from, to), values: values.slice(from, to)}]);
  }
  const at = {time: String(endMs / 1000)};
  const readBack = async (url: string): Promise<unknown> =>
    (await query(url, `metric[${count + 1}s]`, at)).data.result[0]?.values;
  const expected = await readBack(server.url);
  assert.equal((expected as unknown[]).length, count);

  await until('the first block', () => blocksIn(dataFolder).length > 0);
  await until('the end of the compactions', async () => {
    const minTime = await metric(server.url, 'prometheus_tsdb_head_min_time');
    assert.deepEqual(await readBack(server.url), expected, 'while blocks are made');
    return endMs - minTime < 2 * rangeMs;
  });
  assert.equal(await metric(server.url, 'prometheus_tsdb_compactions_failed_total'), 0);
  assert.ok((await metric(server.url, 'prometheus_tsdb_blocks_loaded')) >= 2);
  assert.deepEqual(await readBack(server.url), expected);
  await server.stop();
  assert.equal(server.child.exitCode, 0, server.output());

  const again = await startNarthex(options);
  context.after(() => again.stop('SIGKILL'));
  assert.deepEqual(await readBack(again.url), expected, 'after a restart');
  const labelValues = await (await fetch(`${again.url}/api/v1/label/job/values`)).json();
  assert.deepEqual((labelValues as {data: string[]}).data, ['blocks']);

  const admin = `${again.url}/api/v1/admin/tsdb`;
  const deletion = new URLSearchParams({'match[]': 'metric', end: String((startMs + 300_000) / 1000)});
  const deleted = await fetch(`${admin}/delete_series?${deletion.toString()}`, {method: 'POST'});
  assert.equal(deleted.status, 204);
  const left = (expected as [number, string][]).filter(([time]) => time * 1000 > startMs + 300_000);
  assert.deepEqual(await readBack(again.url), left);
  assert.equal((await fetch(`${admin}/clean_tombstones`, {method: 'POST'})).status, 204);
  assert.deepEqual(await readBack(again.url), left);
  const snapshot = await (await fetch(`${admin}/snapshot`, {method: 'POST'})).json();
  const {name} = (snapshot as {data: {name: string}}).data;
  await again.stop();

  const copy = await startNarthex({...options, dataFolder: join(dataFolder, 'snapshots', name)});
  context.after(() => copy.stop('SIGKILL'));
  assert.deepEqual(await readBack(copy.url), left, 'the snapshot');
  const blocks = await (await fetch(`${copy.url}/api/v1/status/tsdb/blocks`)).json();
  assert.ok((blocks as {data: {blocks: unknown[]}}).data.blocks.length > 0);
  await copy.stop();
});

test('retention by a part of the disk deletes the oldest blocks', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-retention-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  const dataFolder = join(folder, 'data');
  const input = join(folder, 'input.om');
  // Five blocks of two hours; values that do not pack well.
  const lines: string[] = [];
  for (let series = 0; series < 20; series++) {
    for (let minute = 0; minute < 600; minute++) {
      lines.push(`m{series="${series}"} ${Math.sqrt(series * 1000 + minute)} ${1_699_999_200 + minute * 60}`);
    }
  }
  writeFileSync(input, `# TYPE m gauge\n${lines.join('\n')}\n# EOF\n`);
  const program = join(import.meta.dirname, '../../bin/narthex');
  execFileSync(program, ['tool', 'tsdb', 'create-blocks-from', 'openmetrics', '-q', input, dataFolder]);
  const sizes = new Map(blocksIn(dataFolder).map((ulid) => [ulid, lengthsBelow(join(dataFolder, ulid))]));
  assert.equal(sizes.size, 5);
  const newest = [...sizes.keys()].sort((left, right) => startOf(right) - startOf(left));
  const kept = newest.slice(0, 2);
  const bytes = kept.reduce((sum, ulid) => sum + sizes.get(ulid)!, 0) + sizes.get(newest[2]!)! / 2;
  const {blocks, bsize} = statfsSync(dataFolder);
  const percentage = (100 * bytes) / (blocks * bsize);
  const server = await startNarthex({
    dataFolder,
    config: `storage: {tsdb: {retention: {percentage: ${percentage.toFixed(15)}}}}\n`,
  });
  context.after(() => server.stop('SIGKILL'));
  await until('the end of the oldest blocks', () => blocksIn(dataFolder).length <= 2);
  assert.deepEqual(blocksIn(dataFolder), kept.sort());
  assert.equal(await metric(server.url, 'prometheus_tsdb_size_retentions_total'), 1);
  assert.equal(await metric(server.url, 'prometheus_tsdb_time_retentions_total'), 0);
  const limit = await metric(server.url, 'prometheus_tsdb_retention_limit_percentage');
  assert.ok(Math.abs(limit / percentage - 1) < 1e-3, `${limit}`);
  await server.stop();

  function startOf(ulid: string): number {
    const meta = readFileSync(join(dataFolder, ulid, 'meta.json'), 'utf8');
    return (JSON.parse(meta) as {minTime: number}).minTime;
  }
});
