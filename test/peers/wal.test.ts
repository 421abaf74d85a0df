// The log in both directions: Prometheus reads what Narthex wrote, Narthex reads what Prometheus wrote, and both find the same.
// The variable PROMETHEUS names another Prometheus than Debian's.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Random} from '../../src/base/random.ts';
import {loadKernels} from '../../src/kernels/kernels.ts';
import type {Kernels} from '../../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../src/kernels/memory.ts';
import {formatLabels, labelsOf} from '../../src/model/labels.ts';
import type {Labels} from '../../src/model/labels.ts';
import {nodeFileSystem} from '../../src/sys/fs.ts';
import {noLogger} from '../../src/sys/log.ts';
import {Db} from '../../src/tsdb/db.ts';
import type {DbOptions} from '../../src/tsdb/db.ts';
import {RecordDecoder} from '../../src/tsdb/wal/decode.ts';
import {putSamplesHeader, RecordBuffer, samplesHeaderBytes} from '../../src/tsdb/wal/encode.ts';
import {recordType} from '../../src/tsdb/wal/format.ts';
import {Framer} from '../../src/tsdb/wal/framer.ts';
import {PageBuffer} from '../../src/tsdb/wal/page-buffer.ts';
import {ReaderBuffers, SegmentReader} from '../../src/tsdb/wal/segment-reader.ts';
import {dumpHead} from '../lib/head-dump.ts';
import {query, requireProgram, startPrometheus} from '../lib/narthex.ts';
import type {StartedServer} from '../lib/narthex.ts';

const staleBits = '7ff0000000000002';

/** `time value` of each sample, by `JSON.stringify(labels)`. Prometheus's API leaves stale markers out, and so does this. */
type Contents = Map<string, string[]>;

function openDb(dir: string, options: Partial<DbOptions> = {}): Promise<Db> {
  const memory = LinearMemory.reserve(2 ** 28);
  return Db.open({dir, memory, kernels: loadKernels(memory), log: noLogger, ...options});
}

function contentsOf(db: Db): Contents {
  const contents: Contents = new Map();
  for (const [labels, {times, values, bits}] of dumpHead(db.head)) {
    const lines = times.map((time, i) => `${time} ${values[i]}`).filter((_, i) => bits[i] !== staleBits);
    if (lines.length > 0) contents.set(labels, lines);
  }
  return contents;
}

interface Matrix {
  status: string;
  error?: string;
  data: {result: {metric: Record<string, string>; values: [number, string][]}[]};
}

/** All samples of the hour before `untilMs`. */
async function contentsOfServer(server: StartedServer, untilMs: number): Promise<Contents> {
  const parameters = new URLSearchParams({query: '{__name__=~".+"}[1h]', time: String(untilMs / 1000)});
  const answer = (await (
    await fetch(`${server.url}/api/v1/query?${parameters.toString()}`)
  ).json()) as Matrix;
  assert.equal(answer.status, 'success', answer.error ?? '');
  const contents: Contents = new Map();
  for (const {metric, values} of answer.data.result) {
    const lines = values.map(([seconds, text]) => `${Math.round(seconds * 1000)} ${parseValue(text)}`);
    contents.set(JSON.stringify(labelsOf(metric)), lines);
  }
  return contents;
}

function parseValue(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

function assertSame(actual: Contents, expected: Contents): void {
  assert.ok(expected.size > 0);
  assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
  for (const [labels, lines] of expected) assert.deepEqual(actual.get(labels), lines, labels);
}

async function corruptions(server: StartedServer): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^prometheus_tsdb_wal_corruptions_total (\d+)/m.exec(text)?.[1]);
}

/** 2.042 for 2.42. */
function prometheusVersion(): number {
  const text = execFileSync(requireProgram('prometheus', 'prometheus'), ['--version'], {encoding: 'utf8'});
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) + Number(minor) / 1000;
}

const seriesCount = 400;

function labelsOfSeries(i: number): Labels {
  const labels: Record<string, string> = {
    __name__: `metric_${i % 10}`,
    instance: `host-${i}:9100`,
    job: 'narthex',
  };
  if (i % 7 === 0) labels['text'] = `é "quoted" \\ ${'long '.repeat(i)}`;
  return labelsOf(labels);
}

/** A sample for most of the series, at one time; now and then all kinds of values. */
function appendRound(db: Db, random: Random, time: number): void {
  const appender = db.appender();
  const {batch} = appender;
  const ref = {slot: 0, generation: 0};
  for (let i = 0; i < seriesCount; i++) {
    if (random.below(10) === 0) continue;
    appender.series(labelsOfSeries(i), ref);
    if (random.below(50) === 0)
      appender.metadata(ref.slot, ref.generation, 'gauge', 'bytes', `Help ${random.below(3)}.`);
    const at = batch.length++;
    batch.slots[at] = ref.slot;
    batch.generations[at] = ref.generation;
    batch.times[at] = time + random.below(3);
    if (random.below(100) === 0) {
      batch.valueWords[2 * at] = 2;
      batch.valueWords[2 * at + 1] = 0x7ff00000;
    } else {
      batch.values[at] = random.pick([random.float(), random.below(1000), -0, NaN, Infinity, 1e-300, time]);
    }
  }
  appender.commit();
}

/** Waits until the server scrapes, which takes it five seconds to begin with, and `ms` longer. */
async function scrapedFor(server: StartedServer, ms: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await query(server.url, 'up')).data.result.length > 0) return sleep(ms);
    await sleep(100);
  }
  assert.fail(`nothing is scraped\n${server.output()}`);
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-peer-wal-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** Fills a data directory and gives what is in it. */
async function fill(
  dir: string,
  startMs: number,
  rounds: number,
  options: Partial<DbOptions> = {},
): Promise<Contents> {
  const db = await openDb(dir, options);
  const random = new Random(startMs);
  for (let round = 0; round < rounds; round++) appendRound(db, random, startMs + 1000 * round);
  const contents = contentsOf(db);
  await db.close();
  return contents;
}

for (const walCompression of ['none', 'snappy', 'zstd'] as const) {
  // zstd came with 2.44.
  const skip =
    walCompression === 'zstd' && prometheusVersion() < 2.044 ? 'this Prometheus does not know zstd' : false;
  test(`Prometheus finds in a log of Narthex's (${walCompression}) all series and samples`, {skip}, () =>
    withFolder(async (folder) => {
      const now = Date.now();
      const dataFolder = join(folder, 'data');
      // Three starts, each with several segments.
      const options = {walCompression, walSegmentBytes: 32_768};
      for (const start of [900_000, 600_000]) await fill(dataFolder, now - start, 60, options);
      const expected = await fill(dataFolder, now - 300_000, 60, options);
      assert.ok(readdirSync(join(dataFolder, 'wal')).length > 6);
      const prometheus = await startPrometheus({dataFolder});
      try {
        assertSame(await contentsOfServer(prometheus, now), expected);
        assert.equal(await corruptions(prometheus), 0);
      } finally {
        await prometheus.stop();
      }
      // And back: what Prometheus left behind has not changed.
      const db = await openDb(dataFolder, options);
      assertSame(contentsOf(db), expected);
      assert.equal(db.statistics().corruptions, 0);
      await db.close();
    }),
  );
}

test("promtool dumps from a log of Narthex's all series and samples", () =>
  withFolder(async (folder) => {
    const promtool = requireProgram('promtool', 'prometheus');
    const dataFolder = join(folder, 'data');
    const expected = await fill(dataFolder, Date.now() - 600_000, 20);
    const text = execFileSync(promtool, ['tsdb', 'dump', dataFolder], {encoding: 'utf8', maxBuffer: 2 ** 28});
    const dumped = new Map<string, string[]>();
    for (const line of text.split('\n')) {
      const match = /^(\{.*\}) (\S+) (\d+)$/.exec(line);
      if (match === null) continue;
      const lines = dumped.get(match[1]!) ?? [];
      dumped.set(match[1]!, lines);
      lines.push(`${match[3]} ${parseValue(match[2]!)}`);
    }
    assert.equal(dumped.size, expected.size);
    for (const [labels, lines] of expected) {
      // The dump has stale markers, as NaN like others.
      const found = dumped.get(formatLabels(JSON.parse(labels) as string[]))!;
      assert.ok(found !== undefined, labels);
      const kept = new Set(lines);
      assert.deepEqual(
        found.filter((line) => kept.has(line)),
        lines,
        labels,
      );
      for (const line of found) assert.ok(kept.has(line) || line.endsWith(' NaN'), `${labels} ${line}`);
    }
  }));

test('Prometheus finds in a log that Narthex has repaired all but the damaged record, and nothing to repair', () =>
  withFolder(async (folder) => {
    const now = Date.now();
    const dataFolder = join(folder, 'data');
    const all = await fill(dataFolder, now - 600_000, 100, {walSegmentBytes: 32_768});
    const path = join(dataFolder, 'wal', readdirSync(join(dataFolder, 'wal')).sort()[2]!);
    const bytes = readFileSync(path);
    bytes[5000]! ^= 0x10;
    writeFileSync(path, bytes);
    const db = await openDb(dataFolder);
    assert.equal(db.statistics().corruptions, 1);
    const expected = contentsOf(db);
    await db.close();
    const count = (contents: Contents): number =>
      [...contents.values()].reduce((sum, lines) => sum + lines.length, 0);
    assert.ok(count(expected) < count(all) && count(expected) > 0.95 * count(all));
    const prometheus = await startPrometheus({dataFolder});
    try {
      assertSame(await contentsOfServer(prometheus, now), expected);
      assert.equal(await corruptions(prometheus), 0);
    } finally {
      await prometheus.stop();
    }
  }));

test('Narthex finds in the log of a killed Prometheus what Prometheus finds in it, and goes on behind it', () =>
  withFolder(async (folder) => {
    const dataFolder = join(folder, 'data');
    const config = `
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: itself
    static_configs: [{targets: ['127.0.0.1:PORT']}]
  - job_name: nobody
    static_configs: [{targets: ['127.0.0.1:1']}]
`;
    const killed = await startPrometheus({
      dataFolder,
      config,
      flags: ['--enable-feature=exemplar-storage,metadata-wal-records'],
    });
    await scrapedFor(killed, 3000);
    await killed.stop('SIGKILL');
    const copy = join(folder, 'copy');
    cpSync(dataFolder, copy, {recursive: true});

    const until = Date.now();
    const prometheus = await startPrometheus({dataFolder});
    const expected = await contentsOfServer(prometheus, until);
    await prometheus.stop();
    const db = await openDb(copy);
    assertSame(contentsOf(db), expected);
    assert.ok(expected.size > 200);
    const {lastRef} = db.head;
    assert.ok(lastRef >= expected.size);
    const random = new Random(1);
    appendRound(db, random, until);
    const more = contentsOf(db);
    assert.ok(more.size > expected.size + 300);
    await db.close();

    // Prometheus takes it back, with what was added.
    const again = await startPrometheus({dataFolder: copy});
    try {
      assertSame(await contentsOfServer(again, until + 1000), more);
    } finally {
      await again.stop();
    }
  }));

test('Narthex writes the records that it finds in a log of Prometheus with the same bytes', () =>
  withFolder(async (folder) => {
    const dataFolder = join(folder, 'data');
    const config = `
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
  - job_name: itself
    static_configs: [{targets: ['127.0.0.1:PORT']}]
`;
    const flags = [
      '--no-storage.tsdb.wal-compression',
      '--enable-feature=exemplar-storage,metadata-wal-records',
    ];
    const prometheus = await startPrometheus({dataFolder, config, flags});
    await scrapedFor(prometheus, 5000);
    await prometheus.stop('SIGKILL');
    const path = join(dataFolder, 'wal', '00000000');
    const original = readFileSync(path);

    const decoder = new RecordDecoder();
    const linear = LinearMemory.reserve(2 ** 22);
    const kernels = loadKernels(linear);
    const written: Uint8Array[] = [];
    const framer = new Framer(new PageBuffer(64 * 32_768), (bytes, start, end) =>
      written.push(bytes.slice(start, end)),
    );
    const reader = new SegmentReader(nodeFileSystem, {dir: folder, number: 0, path}, new ReaderBuffers());
    const types = new Set<number>();
    while (reader.next()) {
      assert.equal(reader.compressed, false);
      types.add(reader.record[0]!);
      const again = encodeAgain(decoder, reader.record, linear, kernels);
      assert.equal(Buffer.from(again).toString('hex'), Buffer.from(reader.record).toString('hex'));
      framer.append(0, again, 0, again.length);
    }
    reader.close();
    framer.flush();
    assert.ok(types.has(1) && types.has(2));
    assert.ok(original.length > 2 * 32_768);
    assert.ok(Buffer.concat(written).equals(original));
  }));

/** Decodes a record and encodes what was in it. Of kinds that the server does not write, the bytes themselves. */
function encodeAgain(
  decoder: RecordDecoder,
  record: Uint8Array,
  memory: LinearMemory,
  kernels: Kernels,
): Uint8Array {
  const buffer = new RecordBuffer();
  buffer.begin(record[0]!);
  if (record[0] === recordType.series) decoder.series(record, (ref, labels) => buffer.series(ref, labels));
  else if (record[0] === recordType.metadata) {
    decoder.metadata(record, (ref, type, unit, help) => buffer.metadata(ref, type, unit, help));
  } else if (record[0] === recordType.exemplars) {
    decoder.exemplars(record, (ref, time, value, labels) => buffer.exemplar(ref, time, value, labels));
  } else if (record[0] === recordType.samples) {
    return encodeSamplesAgain(decoder, record, memory, kernels);
  } else return record;
  return buffer.bytes.slice(0, buffer.length);
}

function encodeSamplesAgain(
  decoder: RecordDecoder,
  record: Uint8Array,
  memory: LinearMemory,
  kernels: Kernels,
): Uint8Array {
  const columnBytes = 65_536;
  const [refs, times, values, out] = [0, 1, 2, 3].map((i) => arenaStart + i * columnBytes) as [
    number,
    number,
    number,
    number,
  ];
  let length = 0;
  decoder.samples(record, (refColumn, timeColumn, valueColumn, count) => {
    memory.f64.set(refColumn.subarray(0, count), refs / 8);
    memory.f64.set(timeColumn.subarray(0, count), times / 8);
    memory.u32.set(new Uint32Array(valueColumn.buffer, 0, 2 * count), values / 4);
    putSamplesHeader(memory.u8, out, refColumn[0]!, timeColumn[0]!);
    length =
      samplesHeaderBytes +
      kernels.encodeSamples(
        refs,
        times,
        values,
        count,
        refColumn[0]!,
        timeColumn[0]!,
        out + samplesHeaderBytes,
      );
  });
  return memory.u8.slice(out, out + length);
}
