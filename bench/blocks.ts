// Queries over blocks: 30 days of 100 series with a sample every 15 s, and 4,000 series of two days; and merging of blocks.
// `npm run bench -- blocks`: milliseconds, those of the CPU beside them, and memory.

import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Random} from '../src/base/random.ts';
import {SizeClassArena} from '../src/kernels/arena.ts';
import {loadKernels} from '../src/kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../src/kernels/memory.ts';
import {PointWriter} from '../src/kernels/points.ts';
import {queryAnswer} from '../src/api/queryresponse.ts';
import {Engine} from '../src/promql/engine/engine.ts';
import {nodeFileSystem as fs} from '../src/sys/fs.ts';
import {noLogger} from '../src/sys/log.ts';
import {PageCache} from '../src/tsdb/block/blockfile.ts';
import {BlockSet} from '../src/tsdb/block/blockset.ts';
import {Compactor} from '../src/tsdb/block/compactor.ts';
import type {SeriesSource} from '../src/tsdb/block/seriessource.ts';
import {Head} from '../src/tsdb/head/head.ts';
import {HeadReader} from '../src/tsdb/head/reader.ts';
import type {Scratch} from '../src/tsdb/scratch.ts';
import {DbReader} from '../src/tsdb/querier.ts';
import {median} from './lib/table.ts';

const stepMs = 15_000;
const hourMs = 3_600_000;
const blockMs = 54 * hourMs;
const samplesPerChunk = 120;

function makeScratch(bytes: number): Scratch {
  const memory = LinearMemory.reserve(bytes);
  return {memory, kernels: loadKernels(memory), arena: new SizeClassArena(memory, 65_536, memory.byteLength)};
}

/** `count` counters with a sample every 15 s from `minTime` to `maxTime`. */
class CounterSource implements SeriesSource {
  readonly minTime: number;
  readonly maxTime: number;
  readonly labels = new Uint32Array(8);
  readonly labelsLength = 8;
  readonly encoding = 1;
  data: Uint8Array = new Uint8Array(0);
  readonly deleted = undefined;
  readonly chunkCount: number;
  readonly #count: number;
  readonly #scratch: Scratch;
  readonly #random = new Random(1);
  readonly #symbols: string[];
  readonly #columns: number;
  #at = -1;
  #value = 0;

  constructor(scratch: Scratch, count: number, range: {minTime: number; maxTime: number}) {
    this.#scratch = scratch;
    this.#count = count;
    this.minTime = range.minTime;
    this.maxTime = range.maxTime;
    this.chunkCount = Math.floor((this.maxTime - this.minTime) / stepMs / samplesPerChunk);
    const instances = Array.from({length: count}, (_, i) => `host-${String(i).padStart(7, '0')}:9100`);
    this.#symbols = [
      '__name__',
      ...instances,
      'instance',
      'job',
      'mode',
      'node',
      'node_cpu_seconds_total',
      'user',
    ];
    this.#columns = scratch.arena.alloc(65_536);
  }

  symbols(): string[] {
    return this.#symbols;
  }

  next(): boolean {
    if (++this.#at >= this.#count) return false;
    const at = 1 + this.#count;
    this.labels.set([0, at + 4, at, 1 + this.#at, at + 1, at + 3, at + 2, at + 5]);
    this.#value = this.#random.below(1e6);
    return true;
  }

  chunkMin(index: number): number {
    return this.minTime + index * samplesPerChunk * stepMs;
  }

  chunkMax(index: number): number {
    return this.chunkMin(index + 1) - stepMs;
  }

  load(index: number): void {
    const {memory, kernels} = this.#scratch;
    const times = this.#columns >>> 3;
    const values = times + samplesPerChunk;
    for (let i = 0; i < samplesPerChunk; i++) {
      memory.f64[times + i] = this.chunkMin(index) + i * stepMs;
      this.#value += this.#random.below(400) / 100;
      memory.f64[values + i] = Math.round(this.#value * 100) / 100;
    }
    const chunk = this.#columns + 8192;
    const bytes = kernels.xorEncode(times * 8, values * 8, samplesPerChunk, this.#columns + 4096, chunk);
    this.data = memory.u8.subarray(chunk, chunk + bytes);
  }

  close(): void {}
}

interface Store {
  dir: string;
  scratch: Scratch;
  samples: number;
  bytes: number;
}

function makeStore(series: number, days: number): Store {
  const dir = mkdtempSync(join(tmpdir(), 'narthex-blocks-'));
  const scratch = makeScratch(2 ** 30);
  const compactor = new Compactor({fs, dir, scratch, log: noLogger, nowMs: Date.now});
  const end = Math.floor(1_700_000_000_000 / blockMs) * blockMs;
  let samples = 0;
  let bytes = 0;
  const start = performance.now();
  for (let from = end - Math.ceil((days * 24 * hourMs) / blockMs) * blockMs; from < end; from += blockMs) {
    const range = {minTime: from, maxTime: from + blockMs};
    const {meta, chunks} = compactor.write(new CounterSource(scratch, series, range), range);
    samples += meta!.stats.numSamples;
    bytes += chunks.bytes.sum;
  }
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(`${samples} samples written in ${seconds.toFixed(1)} s\n`);
  return {dir, scratch, samples, bytes};
}

function query(store: Store, text: string, range: {days: number; stepMs: number}): void {
  const shared = LinearMemory.reserve(2 ** 26);
  const arena = new SizeClassArena(shared, arenaStart, shared.byteLength);
  const head = new Head({memory: shared, arena, kernels: loadKernels(shared)});
  const blocks = new BlockSet({fs, dir: store.dir, cache: new PageCache()});
  const reader = new DbReader(new HeadReader(head.memory, store.scratch, 1), blocks);
  const engine = new Engine({
    lookbackDeltaMs: 300_000,
    maxSamples: 50_000_000,
    maxBytes: 2 ** 30,
    defaultEvalIntervalMs: 60_000,
  });
  const points = new PointWriter(store.scratch);
  const endMs = Math.max(...blocks.blocks.map(({meta}) => meta.maxTime));
  const startMs = endMs - range.days * 24 * hourMs;
  const times: number[] = [];
  const cpuTimes: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const cpuStart = process.cpuUsage();
    const result = engine.execRange(reader, text, {startMs, endMs, stepMs: range.stepMs});
    queryAnswer(result, {limit: 0, stats: '', points});
    times.push(performance.now() - start);
    const {user, system} = process.cpuUsage(cpuStart);
    cpuTimes.push((user + system) / 1000);
  }
  const resident = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const shown = times.map((ms) => ms.toFixed(0)).join(' ');
  const cpuMs = median(cpuTimes).toFixed(0);
  process.stdout.write(
    `${text} over ${range.days} d: ${shown} ms, CPU ${cpuMs} ms, ${resident} MiB resident\n`,
  );
  blocks.close();
}

export function run(): void {
  const long = makeStore(100, 30);
  try {
    process.stdout.write(`${(long.bytes / long.samples).toFixed(2)} bytes per sample\n`);
    for (const text of [
      'node_cpu_seconds_total',
      'rate(node_cpu_seconds_total[5m])',
      'rate(node_cpu_seconds_total[1h])',
      'sum(rate(node_cpu_seconds_total[1h]))',
    ]) {
      query(long, text, {days: 30, stepMs: hourMs});
    }
    const compactor = new Compactor({
      fs,
      dir: long.dir,
      scratch: long.scratch,
      log: noLogger,
      nowMs: Date.now,
    });
    const set = new BlockSet({fs, dir: long.dir, cache: new PageCache()});
    const ulids = set.blocks.map(({meta}) => meta.ulid);
    set.close();
    const {seconds} = compactor.compact(ulids);
    process.stdout.write(`${ulids.length} blocks merged in ${seconds.toFixed(2)} s\n`);
  } finally {
    rmSync(long.dir, {recursive: true});
  }
  const wide = makeStore(4000, 4);
  try {
    query(wide, 'sum(rate(node_cpu_seconds_total[5m]))', {days: 4, stepMs: 300_000});
    query(wide, 'node_cpu_seconds_total', {days: 1, stepMs: hourMs});
  } finally {
    rmSync(wide.dir, {recursive: true});
  }
}
