// Blocks through the real program: the head is moved to them, they are merged and deleted, and queries see every sample once.
import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {labelsOf} from '../../src/model/labels.ts';
import {isUlid} from '../../src/tsdb/block/ulid.ts';
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
