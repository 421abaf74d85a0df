// Micro-benchmark of the write-ahead log: what a sample costs to log and to replay, bare and compressed, and what its kernels are
// worth beside their twins. All times are CPU times of the thread. Writes to a temporary folder.
//     node bench/wal.ts [series]        default: 200000
import {createRequire} from 'node:module';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Random} from '../src/base/random.ts';
import {SizeClassArena} from '../src/kernels/arena.ts';
import {crc32c} from '../src/kernels/crc32c.ts';
import {loadKernels} from '../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../src/kernels/memory.ts';
import {snappyCompress, snappyExpand, snappyLength} from '../src/kernels/snappy.ts';
import {encodeSamples, sampleBytesMax} from '../src/kernels/walsamples.ts';
import {systemClock} from '../src/sys/clock.ts';
import {nodeFileSystem} from '../src/sys/fs.ts';
import {noLogger} from '../src/sys/log.ts';
import {Head} from '../src/tsdb/head/head.ts';
import {RecordCompressor, RecordExpander} from '../src/tsdb/wal/compression.ts';
import type {Compression} from '../src/tsdb/wal/compression.ts';
import {replay} from '../src/tsdb/wal/replay.ts';
import {directoryBytes} from '../src/tsdb/wal/segments.ts';
import {Wal} from '../src/tsdb/wal/wal.ts';
import {printTable} from './lib/table.ts';

const perScrape = 1000;
const rounds = 20;

const memory = LinearMemory.reserve();
const kernels = loadKernels(memory);
const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
const linear = {memory, kernels, arena};
const columnBytes = 8 * perScrape;
const refs = arena.alloc(columnBytes);
const times = arena.alloc(columnBytes);
const values = arena.alloc(columnBytes);
const out = arena.alloc(20 + perScrape * sampleBytesMax);
const record = arena.alloc(65_536);

/** CPU time of this thread in milliseconds: the wall's clock would count what others run on the machine. */
function cpuMs(): number {
  const {user, system} = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Labels of series `i`: 1,000 series a target. */
function labelsOf(i: number): string[] {
  const target = Math.floor(i / perScrape);
  const series = i % perScrape;
  return [
    '__name__',
    `http_server_requests_${Math.floor(series / 40)}_total`,
    'instance',
    `10.${target >> 8}.${target & 255}.17:9090`,
    'job',
    `service-${target % 20}`,
    'le',
    String(series & 7),
    'namespace',
    `team-${target % 7}`,
    'path',
    `/api/v1/resource/${series % 40}`,
    'pod',
    `service-${target % 20}-7d9f8b6c5-${target.toString(36)}`,
  ];
}

/** Values as a fleet has them: counters that stand or rise by a little, and gauges. */
class Fleet {
  readonly values: Float64Array;
  readonly #random = new Random(1);

  constructor(series: number) {
    this.values = Float64Array.from({length: series}, () => this.#random.below(1e6));
  }

  /** Fills the columns with the scrape of a target. */
  scrape(target: number, time: number): void {
    const random = this.#random;
    for (let i = 0; i < perScrape; i++) {
      const series = target * perScrape + i;
      const kind = i % 10;
      if (kind < 3) this.values[series]! += random.below(20);
      else if (kind === 3) this.values[series] = random.float() * 1000;
      memory.f64[refs / 8 + i] = series + 1;
      memory.f64[times / 8 + i] = time;
      memory.f64[values / 8 + i] = this.values[series]!;
    }
  }
}

interface Written {
  samples: number;
  nsPerSample: number;
  nsPerSeries: number;
  bytesPerSample: number;
}

/** One flush for each scrape, as the server does. The time to fill the columns is left out. */
async function write(dir: string, series: number, compression: Compression): Promise<Written> {
  const wal = new Wal({
    fs: nodeFileSystem,
    dir: `${dir}/wal`,
    segment: 0,
    log: noLogger,
    clock: systemClock,
    linear,
    compression,
  });
  const fleet = new Fleet(series);
  const targets = series / perScrape;
  let started = cpuMs();
  for (let i = 0; i < series; i++) {
    wal.series(i + 1, labelsOf(i));
    if (i % perScrape === perScrape - 1) wal.flush();
  }
  const seriesMs = cpuMs() - started;
  const seriesBytes = wal.statistics.bytesWritten;
  let ms = 0;
  for (let round = 0; round < rounds; round++) {
    for (let target = 0; target < targets; target++) {
      fleet.scrape(target, 1_700_000_000_000 + 15_000 * round + target);
      started = cpuMs();
      wal.samples(refs, times, values, perScrape);
      wal.flush();
      ms += cpuMs() - started;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await wal.close();
  const samples = series * rounds;
  return {
    samples,
    nsPerSample: (ms * 1e6) / samples,
    nsPerSeries: (seriesMs * 1e6) / series,
    bytesPerSample: (wal.statistics.bytesWritten - seriesBytes) / samples,
  };
}

/** Replays into nothing, or into a head. Gives nanoseconds for each sample, series included. */
async function read(dir: string, samples: number, intoHead: boolean): Promise<number> {
  let headMemory = memory;
  let headLinear = linear;
  if (intoHead) {
    headMemory = LinearMemory.reserve();
    const headArena = new SizeClassArena(headMemory, arenaStart, headMemory.byteLength);
    headLinear = {memory: headMemory, kernels: loadKernels(headMemory), arena: headArena};
  }
  const sink = intoHead
    ? new Head(headLinear).replay()
    : {series() {}, samples() {}, histograms() {}, metadata() {}, exemplar() {}, tombstone() {}};
  const started = cpuMs();
  const result = await replay({
    fs: nodeFileSystem,
    dir: `${dir}/wal`,
    corruptDir: `${dir}/wal.corrupt`,
    sink,
    log: noLogger,
    clock: systemClock,
    linear: headLinear,
  });
  const ms = cpuMs() - started;
  if (result.samples !== samples) throw new Error(`${result.samples} of ${samples} samples were replayed`);
  return (ms * 1e6) / samples;
}

/** Nanoseconds of one call, the best of three runs of about a tenth of a second. */
function timeOf(call: () => void): number {
  for (let i = 0; i < 200; i++) call();
  let best = Infinity;
  for (let run = 0; run < 3; run++) {
    const started = cpuMs();
    let calls = 0;
    do {
      for (let i = 0; i < 20; i++) call();
      calls += 20;
    } while (cpuMs() - started < 100);
    best = Math.min(best, ((cpuMs() - started) * 1e6) / calls);
  }
  return best;
}

function compareKernels(): void {
  const rows: (string | number)[][] = [];
  const plain = new Uint8Array(65_536);
  const random = new Random(1);
  for (let i = 0; i < plain.length; i++) plain[i] = random.below(256);
  memory.u8.set(plain, record);
  for (const size of [100, 4096, 32_768]) {
    const kernel = timeOf(() => kernels.crc32c(record, size, 0));
    const twin = timeOf(() => crc32c(plain, 0, size));
    rows.push([`CRC-32C of ${size} bytes, GB/s`, size / kernel, size / twin, twin / kernel]);
  }
  new Fleet(perScrape).scrape(0, 1_700_000_000_000);
  const kernel = timeOf(() =>
    kernels.encodeSamples(refs, times, values, perScrape, 1, 1_700_000_000_000, out),
  );
  const twin = timeOf(() => encodeSamples(memory, refs, times, values, perScrape, 1, 1_700_000_000_000, out));
  rows.push(['encode a sample, ns', kernel / perScrape, twin / perScrape, twin / kernel]);
  printTable(['', 'kernel', 'twin', 'ratio'], rows);
}

const library = createRequire(import.meta.url)('snappy-wasm') as {
  compress_raw(bytes: Uint8Array): Uint8Array;
  decompress_raw(bytes: Uint8Array): Uint8Array;
};

function compareCompression(): void {
  new Fleet(perScrape).scrape(0, 1_700_000_000_000);
  const length = kernels.encodeSamples(refs, times, values, perScrape, 1, 1_700_000_000_000, out);
  const bytes = memory.u8.subarray(out, out + length);
  const expander = new RecordExpander(linear);
  const row = (name: string, size: number, compress: () => void, expand: () => void): (string | number)[] => [
    name,
    timeOf(compress) / perScrape,
    timeOf(expand) / perScrape,
    size / length,
  ];
  const rows = (['snappy', 'zstd'] as const).map((name) => {
    const compressor = new RecordCompressor(name, linear, length);
    const stored = compressor.compress(bytes);
    const kept = stored.bytes.slice();
    return row(
      name,
      kept.length,
      () => compressor.compress(bytes),
      () => expander.expand(stored.bits, kept),
    );
  });
  const plain = bytes.slice();
  const byTwin = snappyCompress(plain);
  const {start} = snappyLength(byTwin);
  const twin = (): unknown => snappyExpand(byTwin, start, new Uint8Array(length));
  rows.push(row("snappy, the kernels' twins", byTwin.length, () => snappyCompress(plain), twin));
  const libraryBytes = library.compress_raw(plain);
  rows.push(
    row(
      'snappy-wasm',
      libraryBytes.length,
      () => library.compress_raw(plain),
      () => library.decompress_raw(libraryBytes),
    ),
  );
  printTable(['a record of 1,000 samples', 'compress, ns/sample', 'expand, ns/sample', 'size'], rows);
}

export async function run(options: string[]): Promise<void> {
  const series = Number(options[0] ?? 200_000);
  compareKernels();
  process.stdout.write('\n');
  compareCompression();
  process.stdout.write('\n');
  const rows: (string | number)[][] = [];
  for (const compression of ['none', 'snappy', 'zstd'] as const) {
    const dir = mkdtempSync(join(tmpdir(), 'narthex-bench-wal-'));
    try {
      const written = await write(dir, series, compression);
      const replayed = await read(dir, written.samples, false);
      const intoHead = await read(dir, written.samples, true);
      const bytes = directoryBytes(nodeFileSystem, `${dir}/wal`);
      rows.push([
        compression,
        written.nsPerSample,
        (written.bytesPerSample * 1000) / written.nsPerSample,
        written.nsPerSeries,
        written.bytesPerSample,
        replayed,
        (bytes / (replayed * written.samples)) * 1000,
        intoHead,
      ]);
    } finally {
      rmSync(dir, {recursive: true, force: true});
    }
  }
  printTable(
    [
      `${series} series, ${rounds} rounds`,
      'write ns/sample',
      'MB/s',
      'ns/series',
      'bytes/sample',
      'replay ns/sample',
      'MB/s',
      'into a head',
    ],
    rows,
  );
}

if (import.meta.main) await run(process.argv.slice(2));
