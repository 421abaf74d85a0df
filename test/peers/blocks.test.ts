// Blocks in both directions: promtool and Prometheus read what Narthex wrote, Narthex reads what they wrote, and all find the same.
// The variable PROMETHEUS names another Prometheus than Debian's.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Random} from '../../src/base/random.ts';
import {type Labels, labelsOf} from '../../src/model/labels.ts';
import {nodeFileSystem as fs} from '../../src/sys/fs.ts';
import {noLogger} from '../../src/sys/log.ts';
import {PageCache} from '../../src/tsdb/block/blockfile.ts';
import {Block} from '../../src/tsdb/block/block.ts';
import {BlockSource} from '../../src/tsdb/block/blocksource.ts';
import {BlockStore} from '../../src/tsdb/block/blockstore.ts';
import {writeBlock} from '../../src/tsdb/block/blockwriter.ts';
import {Compactor} from '../../src/tsdb/block/compactor.ts';
import {newMeta, readMeta} from '../../src/tsdb/block/meta.ts';
import {makeScratch} from '../../src/tsdb/block/testing/blocks.ts';
import {isUlid} from '../../src/tsdb/block/ulid.ts';
import {rewriteAsVersion1} from '../../src/tsdb/block/testing/indexv1.ts';
import {pushSamples} from '../../tools/remotewrite.ts';
import {pushHistograms} from '../lib/histogram-writer.ts';
import {requireProgram, startNarthex, startPrometheus, type StartedServer} from '../lib/narthex.ts';

const scratch = makeScratch(2 ** 28);
const launcher = join(import.meta.dirname, '../../bin/narthex');
const hourMs = 3_600_000;

function promtool(...args: string[]): string {
  const own = process.env['PROMETHEUS'];
  const beside = own === undefined ? '' : join(dirname(own), 'promtool');
  const program = existsSync(beside) ? beside : requireProgram('promtool', 'prometheus');
  return execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function narthexTool(...args: string[]): string {
  return execFileSync(launcher, ['tool', ...args], {encoding: 'utf8', maxBuffer: 2 ** 30});
}

/** A folder that promtool takes for a data folder: with an empty log. */
function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-blocks-'));
  context.after(() => rmSync(folder, {recursive: true, force: true}));
  mkdirSync(join(folder, 'wal'));
  return folder;
}

/** OpenMetrics text of some metrics over some hours, as promtool takes it. */
function openMetrics(seed: number, hours: number): string {
  const random = new Random(seed);
  const lines: string[] = [];
  for (const [metric, type] of [
    ['requests', 'counter'],
    ['temperature', 'gauge'],
    ['odd', 'gauge'],
  ]) {
    lines.push(`# TYPE ${metric} ${type}`);
    for (let i = 0; i < 30; i++) {
      const labels = `{instance="host-${i}:9100",job="j${i % 3}",text="é𝄞\\"\\\\${i % 2}"}`;
      let value = 0;
      // Samples of an even and of an odd seed never have the same time.
      for (let ms = seed % 2; ms < hours * hourMs; ms += 15_000 + 2 * random.below(10)) {
        if (type === 'counter') value += random.below(50);
        else value = random.pick([random.float() * 1e6, 1, NaN, value, Infinity, -0.5, 1e-7]);
        const text = value === Infinity ? '+Inf' : String(value);
        lines.push(
          `${metric}${type === 'counter' ? '_total' : ''}${labels} ${text} ${(1_700_000_000_000 + ms) / 1000}`,
        );
      }
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function makeBlocks(folder: string, seed: number, hours: number): Block[] {
  const input = join(folder, `input-${seed}.om`);
  writeFileSync(input, openMetrics(seed, hours));
  promtool('tsdb', 'create-blocks-from', 'openmetrics', input, folder);
  rmSync(input);
  return openAll(folder);
}

function openAll(folder: string): Block[] {
  return readdirSync(folder)
    .filter(isUlid)
    .map((ulid) => new Block({fs, dir: join(folder, ulid), cache: new PageCache()}));
}

const sortedLines = (text: string): string[] => text.split('\n').sort();

test('narthex tool prints what promtool prints of the same blocks', (context) => {
  const folder = makeFolder(context);
  for (const block of makeBlocks(folder, 1, 5)) block.close();
  for (const args of [
    ['list'],
    ['list', '-r'],
    ['dump'],
    ['dump', '--match={job="j1"}', '--min-time=1700005000000'],
    ['dump-openmetrics', '--match=odd', '--max-time=1700003000000'],
  ]) {
    assert.equal(narthexTool('tsdb', ...args, folder), promtool('tsdb', ...args, folder), args.join(' '));
  }
  // Of lines with the same count, promtool prints any first.
  for (const args of [
    ['analyze', '--limit=1000'],
    ['analyze', '--limit=1000', '--extended'],
    ['analyze', '--limit=1000', '--match={job="j1"}'],
  ]) {
    assert.deepEqual(
      sortedLines(narthexTool('tsdb', ...args, folder)),
      // Before 2.50 it says less.
      sortedLines(promtool('tsdb', ...args, folder).replace(/^Series:/m, 'Total Series:')),
      args.join(' '),
    );
  }
  assert.match(narthexTool('tsdb', 'verify', folder), /^([0-9A-Z]{26}: OK, 90 series, .*\n)+$/);
});

test('promtool and we find the same in a block whose index has the oldest format', (context) => {
  const folder = makeFolder(context);
  for (const block of makeBlocks(folder, 6, 3)) block.close();
  const dumped = promtool('tsdb', 'dump', folder);
  for (const ulid of readdirSync(folder).filter(isUlid)) rewriteAsVersion1(fs, join(folder, ulid));
  assert.equal(narthexTool('tsdb', 'dump', folder), dumped);
  assert.equal(promtool('tsdb', 'dump', folder), dumped);
});

test('narthex tool tsdb bench write prints what promtool prints', (context) => {
  const folder = makeFolder(context);
  const file = join(folder, 'series.json');
  writeFileSync(file, Array.from({length: 1100}, (_, i) => `{"__name__":"m","i":"${i}"}\n`).join(''));
  const shape = (text: string): string => text.replaceAll(/\d[\d.e+]*(µs|ms|s|\n)/g, 'N');
  const args = ['tsdb', 'bench', 'write', '--metrics=1050', '--scrapes=100', file];
  const peer = promtool(...args, `--out=${join(folder, 'peer')}`);
  assert.equal(shape(narthexTool(...args, `--out=${join(folder, 'own')}`)), shape(peer));
  assert.match(peer, /total samples: 105000\n/);
});

test('promtool finds the same in blocks that narthex tool makes of the same text', (context) => {
  const folder = makeFolder(context);
  const other = makeFolder(context);
  const input = join(folder, 'input.om');
  writeFileSync(input, openMetrics(2, 3));
  promtool('tsdb', 'create-blocks-from', 'openmetrics', input, folder);
  narthexTool('tsdb', 'create-blocks-from', 'openmetrics', input, other);
  assert.equal(promtool('tsdb', 'dump', other), promtool('tsdb', 'dump', folder));
});

const rules = `groups:
- name: sums
  interval: 7s
  labels: {team: a}
  rules:
  - {record: 'job:requests:rate5m', expr: 'sum by (job) (rate(requests[5m]))', labels: {kind: rate}}
  - {record: fraction, expr: 'requests / 3'}
  - {record: special, expr: 'vector(time() % 700) / 0 or vector(-1/0) or vector(0/0)'}
  - {alert: TooMany, expr: requests > 10}
- name: by default
  rules:
  - {record: nothing, expr: absent_by_now}
  - {record: 'instance:requests:max', expr: 'max by (instance) (requests)', labels: {instance: ''}}
`;

test('promtool finds the same in blocks of recording rules that narthex tool makes of the same servers', async (context) => {
  const work = makeFolder(context);
  const file = join(work, 'rules.yml');
  writeFileSync(file, rules);
  const endMs = Math.floor(Date.now() / 1000) * 1000 - hourMs;
  const startMs = endMs - 5 * hourMs - 1234;
  for (const start of [startPrometheus, startNarthex]) {
    const server = await start();
    context.after(() => server.stop());
    const minutes = Float64Array.from({length: 301}, (_, i) => startMs + i * 60_000);
    const series = ['a', 'b', 'c'].flatMap((job) =>
      ['x', 'y'].map((instance, i) => ({
        labels: labelsOf({__name__: 'requests', job, instance}),
        times: minutes,
        values: minutes.map((_, minute) => minute * (i + 1) + job.charCodeAt(0)),
      })),
    );
    await pushSamples(server.url, series);
    const dumps = [promtool, narthexTool].map((tool) => {
      const folder = makeFolder(context);
      const times = [`--start=${startMs / 1000}`, `--end=${new Date(endMs).toISOString()}`];
      const places = [`--url=${server.url}`, `--output-dir=${folder}`];
      tool('tsdb', 'create-blocks-from', 'rules', ...places, ...times, '--eval-interval=41s', file);
      return promtool('tsdb', 'dump', folder).split('\n');
    });
    // promtool evaluates alerting rules, too, of which its help says that it does not.
    const expected = dumps[0]!.filter((line) => !line.includes('TooMany'));
    const differs = dumps[1]!.findIndex((line, i) => line !== expected[i]);
    assert.equal(differs, -1, `${dumps[1]![differs]}, promtool has ${expected[differs]}`);
    assert.equal(dumps[1]!.length, expected.length);
    assert.ok(expected.length > 20_000);
    await server.stop();
  }
});

test('a block written again has the same bytes', (context) => {
  const folder = makeFolder(context);
  const copies = makeFolder(context);
  const blocks = makeBlocks(folder, 3, 5);
  assert.ok(blocks.length >= 2);
  for (const block of blocks) {
    const meta = newMeta(block.meta.ulid, block.meta.minTime, block.meta.maxTime);
    const source = new BlockSource(block, scratch);
    assert.ok(writeBlock({fs, dir: copies, meta, sources: [source], scratch}));
    source.close();
    const copy = new Block({fs, dir: join(copies, meta.ulid), cache: new PageCache()});
    const bytesOf = (dir: string, name: string): Buffer => readFileSync(join(dir, name));
    assert.ok(bytesOf(block.dir, 'chunks/000001').equals(bytesOf(copy.dir, 'chunks/000001')));
    assert.ok(bytesOf(block.dir, 'tombstones').equals(bytesOf(copy.dir, 'tombstones')));
    const [left, right] = [bytesOf(block.dir, 'index'), bytesOf(copy.dir, 'index')];
    const [from, to] = [block.index.toc, copy.index.toc];
    assert.ok(
      left.subarray(0, from.labelIndexes).equals(right.subarray(0, to.labelIndexes)),
      'symbols and series',
    );
    // Older versions have lists of label values between the series and the postings, which move these.
    const aligned = (place: number): number => Math.ceil(place / 4) * 4;
    const [lists, ownLists] = [aligned(from.postings), aligned(to.postings)];
    const postings = left.subarray(lists, from.labelIndexTable);
    assert.ok(postings.equals(right.subarray(ownLists, to.postingsTable)), 'postings');
    if (from.labelIndexes === from.postings) assert.ok(left.equals(right));
    const places = (of: Block, start: number): string[] => {
      const found: string[] = [];
      for (const name of ['', ...of.index.table.names]) {
        of.index.table.walk(
          name,
          '',
          (value, offset) => found.push(`${name}=${value} ${offset - start}`) > 0,
        );
      }
      return found;
    };
    assert.deepEqual(places(copy, ownLists), places(block, lists));
    for (const each of [block, copy]) each.close();
  }
});

test('promtool finds the same in blocks that were merged, overlapping or not', (context) => {
  const folder = makeFolder(context);
  const blocks = makeBlocks(folder, 4, 6);
  // The same series with other times: all overlap.
  const overlapping = makeBlocks(folder, 5, 3).filter(
    ({meta}) => !blocks.some((block) => block.meta.ulid === meta.ulid),
  );
  const dump = (): string[] => promtool('tsdb', 'dump', folder).split('\n');
  const before = dump();
  for (const block of [...blocks, ...overlapping]) block.close();
  const compactor = new Compactor({fs, dir: folder, scratch, log: noLogger, nowMs: Date.now});
  const {meta} = compactor.compact([...blocks, ...overlapping].map((block) => block.meta.ulid));
  const retention = (): {timeMs: number; bytes: number} => ({timeMs: 0, bytes: 0});
  new BlockStore({
    fs,
    dir: folder,
    log: noLogger,
    retention,
    headBytes: () => 0,
    onChange: () => {},
  }).reload();
  assert.deepEqual(readdirSync(folder).filter(isUlid), [meta!.ulid]);
  assert.deepEqual(dump(), before);
});

interface Matrix {
  status: string;
  error?: string;
  data: {result: {metric: Record<string, string>; values?: unknown[]; histograms?: unknown[]}[]};
}

/** All samples in (toMs - seconds, toMs], by series. */
async function contents(
  url: string,
  selector: string,
  toMs: number,
  seconds: number,
): Promise<Map<string, unknown>> {
  const parameters = new URLSearchParams({query: `${selector}[${seconds}s]`, time: String(toMs / 1000)});
  const answer = (await (await fetch(`${url}/api/v1/query?${parameters.toString()}`)).json()) as Matrix;
  assert.equal(answer.status, 'success', answer.error ?? '');
  return new Map(
    answer.data.result
      .map(({metric, values, histograms}): [string, unknown] => [
        JSON.stringify(labelsOf(metric)),
        {values: values ?? [], histograms: histograms ?? []},
      ])
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

function countSamples(found: Map<string, unknown>): number {
  return [...found.values()].reduce<number>((sum, each) => {
    const {values, histograms} = each as {values: unknown[]; histograms: unknown[]};
    return sum + values.length + histograms.length;
  }, 0);
}

const rangeMs = 60_000;
const seriesCount = 20;
const labelsAt = (i: number): Labels => labelsOf({__name__: 'pushed', i: String(i), job: `j${i % 3}`});
const histogramLabels = labelsOf({__name__: 'native', job: 'j1'});

/** Pushes a sample of each series for each second of [from, to), and a histogram every five; every tenth second is left out. */
async function push(url: string, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += 30_000) {
    const times: number[] = [];
    for (let time = start; time < Math.min(to, start + 30_000); time += 1000)
      if (time % 10_000 !== 0) times.push(time);
    const series = Array.from({length: seriesCount}, (_, i) => ({
      labels: labelsAt(i),
      times: Float64Array.from(times),
      values: Float64Array.from(times, (time) => (time / 1000) % (97 + i)),
    }));
    await pushSamples(url, series);
    const histograms = times.filter((time) => time % 5000 === 1000);
    const age = (time: number): number => Math.floor((time - 1_600_000_000_000) / 1e6);
    await pushHistograms(
      url,
      histogramLabels,
      histograms.map((timeMs) => ({
        timeMs,
        zeroCount: age(timeMs),
        buckets: [3, age(timeMs), 2_000_000],
        sum: timeMs / 7,
      })),
    );
  }
}

async function untilCompacted(server: StartedServer, endMs: number): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const minTime = Number(/^prometheus_tsdb_head_min_time (.*)$/m.exec(text)![1]);
    if (endMs - minTime < 2 * rangeMs) return;
    await sleep(300);
  }
  assert.fail('the head is not compacted');
}

test('a data folder goes from Prometheus to Narthex and back, with blocks, histograms, late samples and deletions', async (context) => {
  const dataFolder = makeFolder(context);
  const flags = [
    `--storage.tsdb.min-block-duration=${rangeMs / 1000}s`,
    `--storage.tsdb.max-block-duration=${(3 * rangeMs) / 1000}s`,
    '--storage.tsdb.retention.time=30d',
  ];
  const peerOptions = {
    dataFolder,
    flags: [...flags, '--web.enable-admin-api', '--enable-feature=native-histograms'],
    config: 'storage: {tsdb: {out_of_order_time_window: 1h}}\n',
  };
  const endMs = Math.floor(Date.now() / 10_000) * 10_000;
  const startMs = endMs - 14 * rangeMs;
  const middleMs = endMs - 5 * rangeMs;
  const peer = await startPrometheus(peerOptions);
  context.after(() => peer.stop('SIGKILL'));
  await push(peer.url, startMs, middleMs - 4 * rangeMs);
  // Late ones: the seconds that were left out, of some series.
  const late: number[] = [];
  for (let time = startMs + 10_000; time < middleMs - 5 * rangeMs; time += 10_000) late.push(time);
  for (let i = 0; i < 3; i++) {
    const times = Float64Array.from(late);
    await pushSamples(peer.url, [{labels: labelsAt(i), times, values: times.map((time) => time / 3)}]);
  }
  await push(peer.url, middleMs - 4 * rangeMs, middleMs);
  await untilCompacted(peer, middleMs);
  const deletion = new URLSearchParams({
    'match[]': '{i="7"}',
    start: String(startMs / 1000),
    end: String((startMs + 2.5 * rangeMs) / 1000),
  });
  const deleted = await fetch(`${peer.url}/api/v1/admin/tsdb/delete_series?${deletion.toString()}`, {
    method: 'POST',
  });
  assert.equal(deleted.status, 204);
  const seconds = (endMs - startMs) / 1000 + 1;
  const everything = '{__name__=~".+"}';
  const before = await contents(peer.url, everything, endMs, seconds);
  assert.ok(before.size === seriesCount + 1 && countSamples(before) > 8000, `${before.size} series`);
  await peer.stop();
  const made = readdirSync(dataFolder).filter(isUlid);
  assert.ok(made.length >= 2, `${made.length} blocks`);

  const narthex = await startNarthex({dataFolder, flags});
  context.after(() => narthex.stop('SIGKILL'));
  assert.deepEqual(await contents(narthex.url, everything, endMs, seconds), before);
  await push(narthex.url, middleMs, endMs);
  await untilCompacted(narthex, endMs);
  const after = await contents(narthex.url, everything, endMs, seconds);
  assert.ok(countSamples(after) > countSamples(before));
  await narthex.stop();
  const sources = (): string[] =>
    readdirSync(dataFolder)
      .filter(isUlid)
      .flatMap((ulid) => readMeta(fs, join(dataFolder, ulid)).compaction.sources);
  assert.ok(sources().length > made.length, 'Narthex has made blocks');

  // promtool, too, reads blocks, log and histograms of the folder; old versions do not print histograms.
  const dumped = sortedLines(promtool('tsdb', 'dump', dataFolder));
  if (dumped.some((line) => line.includes('{count:'))) {
    const own = sortedLines(narthexTool('tsdb', 'dump', dataFolder));
    const known = new Set(dumped);
    const more = own.filter((line) => !known.has(line));
    assert.equal(own.length - more.length, dumped.length);
    // promtool 3.5 leaves out the first two histograms of a series.
    assert.ok(more.length <= 2 && more.every((line) => line.includes('{count:')), more.join('\n'));
  }

  const again = await startPrometheus(peerOptions);
  context.after(() => again.stop('SIGKILL'));
  assert.deepEqual(await contents(again.url, everything, endMs, seconds), after);
  await again.stop();
  process.stdout.write(
    `# ${before.size} series, ${countSamples(before)} samples of Prometheus's, ${countSamples(after)} after Narthex\n`,
  );
});
