// Micro-benchmark of the head: what a sample costs to append and to decode, what a series costs to make and to keep.
//     npm run bench -- head [series ...]        default: 200000 1000000
import {spawnSync} from 'node:child_process';
import {Random} from '../src/base/random.ts';
import {SizeClassArena} from '../src/kernels/arena.ts';
import {loadKernels} from '../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../src/kernels/memory.ts';
import {Matcher} from '../src/model/matcher.ts';
import type {SeriesRef} from '../src/storage/appender.ts';
import {Symbols} from '../src/storage/symbols.ts';
import {Head} from '../src/tsdb/head/head.ts';
import {HeadReader} from '../src/tsdb/head/reader.ts';

/** Labels of series `i` of a fleet: 1,000 series a target, 10 labels, as a Kubernetes service has them. */
function labelsOf(i: number): string[] {
  const target = Math.floor(i / 1000);
  const series = i % 1000;
  return [
    '__name__',
    `http_server_requests_${Math.floor(series / 40)}_total`,
    'cluster',
    'production-eu-1',
    'instance',
    `10.${target >> 8}.${target & 255}.17:9090`,
    'job',
    `service-${target % 20}`,
    'le',
    String([0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10][series & 7]),
    'method',
    ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'][(series >> 3) % 5]!,
    'namespace',
    `team-${target % 7}`,
    'path',
    `/api/v1/resource/${series % 40}`,
    'pod',
    `service-${target % 20}-7d9f8b6c5-${target.toString(36).padStart(5, 'x')}`,
    'status',
    ['200', '404', '500'][series % 3]!,
  ];
}

/**
 * Values that take 1.8 bytes a sample, as fleets do (docs of the reference: one to two): of twenty series twelve do not change,
 * five count whole numbers, and one each counts seconds, is a gauge with two decimals, is a gauge of bytes.
 */
function valueOf(random: Random, i: number, before: number): number {
  const kind = i % 20;
  if (kind < 12) return i % 1000;
  if (kind < 17) return before + random.below(100);
  if (kind === 17) return before + Math.round(random.float() * 15_000) / 1000;
  if (kind === 18) return Math.round(random.float() * 10_000) / 100;
  return 2 ** 28 + random.below(2 ** 16) * 4096;
}

/** Of the laps of one kind: what another process took away from some of them does not count. */
function medianOf(laps: Float64Array): number {
  return laps.toSorted()[laps.length >>> 1]!;
}

function flat(text: string): string {
  return Buffer.from(text).toString('latin1');
}

interface Row {
  series: number;
  createNs: number;
  appendNs: number;
  bytesPerSample: number;
  emptyBytes: number;
  fullBytes: number;
  reservedBytes: number;
  residentBytes: number;
  gcMs: number;
  selectNs: number;
  decodeNs: number;
}

const samples = 120;

function measure(series: number): Row {
  const residentBefore = process.memoryUsage.rss();
  const memory = LinearMemory.reserve();
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const head = new Head({memory, arena, kernels: loadKernels(memory)});
  const appender = head.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  const slots = new Uint32Array(series);
  const generations = new Uint32Array(series);
  const bytesBefore = arena.bytesInUse;

  const createLaps = new Float64Array(Math.ceil(series / 1000));
  for (let at = 0; at < series; at += 1000) {
    // Flat strings, as they come from a decoder.
    const labels = Array.from({length: Math.min(1000, series - at)}, (_, i) => labelsOf(at + i).map(flat));
    const before = performance.now();
    for (let i = 0; i < labels.length; i++) {
      appender.series(labels[i]!, ref);
      slots[at + i] = ref.slot;
      generations[at + i] = ref.generation;
    }
    createLaps[at / 1000] = performance.now() - before;
  }
  appender.commit();
  const emptyBytes = arena.bytesInUse - bytesBefore;

  // One step after the other over all series: every sample meets a cold slot, as in a scrape.
  const random = new Random(1);
  const values = new Float64Array(series);
  const {batch} = appender;
  let appendNs = 0;
  const scrape = 1000;
  const laps = new Float64Array(Math.ceil(series / scrape));
  const time = 1_700_000_000_000 - (1_700_000_000_000 % 7_200_000);
  for (let step = 0; step < samples; step++) {
    for (let i = 0; i < series; i++) values[i] = valueOf(random, i, values[i]!);
    for (let at = 0; at < series; at += scrape) {
      const before = performance.now();
      const count = Math.min(scrape, series - at);
      batch.slots.set(slots.subarray(at, at + count));
      batch.generations.set(generations.subarray(at, at + count));
      batch.values.set(values.subarray(at, at + count));
      batch.times.fill(time + step * 15_000, 0, count);
      batch.length = count;
      appender.commit();
      laps[at / scrape] = performance.now() - before;
    }
    appendNs += medianOf(laps) * laps.length * 1e6;
  }
  const total = series * samples;
  const chunkBytes = arena.bytesInUse - bytesBefore - emptyBytes;
  const resident = process.memoryUsage.rss() - residentBefore - values.byteLength - 2 * slots.byteLength;
  const {selectNs, decodeNs} = read(memory, series);
  const fullBytes = (arena.bytesInUse - bytesBefore) / series;
  // Nothing is old enough: what it costs to look.
  const start = performance.now();
  head.gc(time - 1);
  const gcMs = performance.now() - start;
  return {
    series,
    createNs: (medianOf(createLaps) * createLaps.length * 1e6) / series,
    appendNs: appendNs / total,
    bytesPerSample: chunkBytes / total,
    emptyBytes: emptyBytes / series,
    fullBytes,
    reservedBytes: arena.bytesReserved / series,
    residentBytes: resident / series,
    gcMs,
    selectNs,
    decodeNs,
  };
}

/** Selects one metric in twenty-five and decodes all of it, several times over. */
function read(shared: LinearMemory, series: number): {selectNs: number; decodeNs: number} {
  const memory = LinearMemory.reserve(64 * 2 ** 20);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const reader = new HeadReader(shared, {memory, kernels: loadKernels(memory), arena}, 1);
  const matchers = [
    new Matcher('=', '__name__', 'http_server_requests_3_total'),
    new Matcher('=~', 'status', '200|500'),
  ];
  const selectLaps = new Float64Array(9);
  const readLaps = new Float64Array(9);
  for (let round = 0; round < 9; round++) {
    const querier = reader.querier({mint: 0, maxt: Infinity}, new Symbols());
    const start = performance.now();
    const cursor = querier.select(matchers, {mint: 0, maxt: Infinity});
    const selected = performance.now();
    let read = 0;
    let count = 0;
    while (cursor.next()) {
      read += cursor.read(0, Infinity);
      count++;
    }
    readLaps[round] = ((performance.now() - selected) * 1e6) / read;
    selectLaps[round] = ((selected - start) * 1e6) / count;
    querier.close();
    if (count === 0 || count > series) throw new Error('nothing was read');
  }
  return {selectNs: medianOf(selectLaps), decodeNs: medianOf(readLaps)};
}

/** Each size in a process of its own, so that what is resident can be told apart. */
function measureApart(series: number): Record<string, string> {
  const child = spawnSync(process.execPath, [import.meta.filename, '--one', String(series)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`cannot measure ${series} series: status ${child.status}`);
  return JSON.parse(child.stdout) as Record<string, string>;
}

function format(row: Row): Record<string, string> {
  return {
    series: String(row.series),
    'create ns/series': row.createNs.toFixed(0),
    'append ns/sample': row.appendNs.toFixed(1),
    'chunk B/sample': row.bytesPerSample.toFixed(2),
    'B/series, no samples': row.emptyBytes.toFixed(0),
    'B/series, 120 samples': row.fullBytes.toFixed(0),
    'reserved B/series': row.reservedBytes.toFixed(0),
    'resident B/series': row.residentBytes.toFixed(0),
    'select ns/series': row.selectNs.toFixed(0),
    'read ns/sample': row.decodeNs.toFixed(1),
    'gc ms': row.gcMs.toFixed(0),
  };
}

export function run(options: string[]): void {
  if (options[0] === '--one') {
    process.stdout.write(JSON.stringify(format(measure(Number(options[1])))));
    return;
  }
  const rows = (options.length > 0 ? options.map(Number) : [200_000, 1_000_000]).map(measureApart);
  const columns = Object.keys(rows[0]!);
  process.stdout.write(`${columns.join(' | ')}\n`);
  for (const row of rows) {
    process.stdout.write(`${columns.map((column) => row[column]!.padStart(column.length)).join(' | ')}\n`);
  }
}

if (import.meta.main) run(process.argv.slice(2));
