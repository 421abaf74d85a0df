// Blocks for tests: a plain model of what they hold, and the blocks themselves on a disk in memory.

import type {Random} from '../../../base/random.ts';
import {SizeClassArena} from '../../../kernels/arena.ts';
import {loadKernels} from '../../../kernels/kernels.ts';
import {LinearMemory} from '../../../kernels/memory.ts';
import {encodeXor} from '../../../kernels/xor.ts';
import {compareLabels, compareStrings, type Labels, labelsOf} from '../../../model/labels.ts';
import type {Querier} from '../../../storage/querier.ts';
import type {Symbols} from '../../../storage/symbols.ts';
import type {FileSystem} from '../../../sys/fs.ts';
import {SimulatedFileSystem} from '../../../sys/fs-simulated.ts';
import {ChunkCache} from '../../chunkcache.ts';
import type {Scratch} from '../../scratch.ts';
import {Block} from '../block.ts';
import {PageCache} from '../blockfile.ts';
import {writeBlock} from '../blockwriter.ts';
import {newMeta} from '../meta.ts';
import type {SeriesSource} from '../seriessource.ts';
import {makeUlid} from '../ulid.ts';

export function makeScratch(bytes = 2 ** 26): Scratch {
  const memory = LinearMemory.reserve(bytes);
  const linear = {
    memory,
    kernels: loadKernels(memory),
    arena: new SizeClassArena(memory, 65_536, memory.byteLength),
  };
  // So small that chunks give way.
  return {...linear, chunks: new ChunkCache(linear, 65_536)};
}

export interface ModelSeries {
  labels: Labels;
  /** Rising in time. */
  samples: [time: number, value: number][];
}

/** Series whose chunks have `samplesPerChunk` samples, as a source of a block. */
export class ModelSource implements SeriesSource {
  readonly minTime: number;
  readonly maxTime: number;
  labels: Uint32Array = new Uint32Array(0);
  labelsLength = 0;
  readonly encoding = 1;
  data: Uint8Array = new Uint8Array(0);
  readonly deleted = undefined;
  readonly #series: readonly ModelSeries[];
  readonly #samplesPerChunk: number;
  readonly #symbols: string[];
  #at = -1;

  constructor(series: readonly ModelSeries[], samplesPerChunk = 20) {
    this.#series = series
      .filter(({samples}) => samples.length > 0)
      .sort((left, right) => compareLabels(left.labels, right.labels));
    this.#samplesPerChunk = samplesPerChunk;
    const times = this.#series.flatMap(({samples}) => samples.map(([time]) => time));
    this.minTime = times.reduce((min, time) => Math.min(min, time), Infinity);
    this.maxTime = times.reduce((max, time) => Math.max(max, time), -Infinity);
    this.#symbols = [...new Set(this.#series.flatMap(({labels}) => labels))].sort(compareStrings);
  }

  symbols(): string[] {
    return this.#symbols;
  }

  next(): boolean {
    if (++this.#at >= this.#series.length) return false;
    this.labels = Uint32Array.from(this.#series[this.#at]!.labels, (text) => this.#symbols.indexOf(text));
    this.labelsLength = this.labels.length;
    return true;
  }

  get chunkCount(): number {
    return Math.ceil(this.#series[this.#at]!.samples.length / this.#samplesPerChunk);
  }

  chunkMin(index: number): number {
    return this.#chunk(index)[0]![0];
  }

  chunkMax(index: number): number {
    return this.#chunk(index).at(-1)![0];
  }

  load(index: number): void {
    const samples = this.#chunk(index);
    const bits = new BigUint64Array(Float64Array.from(samples, ([, value]) => value).buffer);
    this.data = encodeXor(
      samples.map(([time]) => BigInt(time)),
      bits,
    );
  }

  close(): void {}

  #chunk(index: number): ModelSeries['samples'] {
    const size = this.#samplesPerChunk;
    return this.#series[this.#at]!.samples.slice(index * size, (index + 1) * size);
  }
}

/** Makes a folder `dir` with a block of these series, and gives the block's ULID. */
export function writeModel(
  fs: FileSystem,
  dir: string,
  series: readonly ModelSeries[],
  scratch: Scratch,
  {samplesPerChunk = 20, timeMs = 1, segmentBytes = 2 ** 29} = {},
): string {
  const source = new ModelSource(series, samplesPerChunk);
  const meta = newMeta(makeUlid(timeMs), source.minTime, source.maxTime + 1);
  writeBlock({fs, dir, meta, sources: [source], scratch, segmentBytes});
  return meta.ulid;
}

/** A disk in memory with one block of these series. */
export function storeOf(
  series: readonly ModelSeries[],
  scratch: Scratch,
  options?: Parameters<typeof writeModel>[4],
): {fs: SimulatedFileSystem; dir: string} {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/data');
  return {fs, dir: `/data/${writeModel(fs, '/data', series, scratch, options)}`};
}

export function openBlock(fs: FileSystem, dir: string): Block {
  return new Block({fs, dir, cache: new PageCache()});
}

/** All that a querier finds, by labels. */
export function readAll(
  querier: Querier,
  symbols: Symbols,
  matchers: Parameters<Querier['select']>[0] = [],
  {mint, maxt} = {mint: -Infinity, maxt: Infinity},
): ModelSeries[] {
  const found: ModelSeries[] = [];
  const cursor = querier.select(matchers, {mint, maxt});
  while (cursor.next()) {
    const labels = cursor.labels().map((id) => symbols.text(id));
    const count = cursor.read(mint, maxt);
    const samples = Array.from({length: count}, (_, i): [number, number] => [
      cursor.times[i]!,
      cursor.values[i]!,
    ]);
    found.push({labels, samples});
  }
  return found;
}

/** Series of `count` metrics with samples in [from, to), about every `stepMs`. */
export function randomSeries(
  random: Random,
  {count, from, to, stepMs}: {count: number; from: number; to: number; stepMs: number},
): ModelSeries[] {
  const series: ModelSeries[] = [];
  for (let i = 0; i < count; i++) {
    const labels = labelsOf({
      __name__: random.pick(['alpha', 'beta', 'gamma_total', 'é𝄞']),
      instance: `host-${i}`,
      job: random.pick(['a', 'b', 'c', '']),
      [`extra_${random.below(3)}`]: random.pick(['x', 'y', '', 'a longer value that is above twenty-four']),
    });
    const samples: [number, number][] = [];
    for (let time = from + random.below(stepMs); time < to; time += 1 + random.below(2 * stepMs)) {
      samples.push([time, random.pick([0, 1, 2.5, -1e300, samples.length, random.float()])]);
    }
    series.push({labels, samples});
  }
  return series;
}
