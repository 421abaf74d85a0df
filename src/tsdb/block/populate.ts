// Fills a new block from one or more sources, as tsdb/compact.go of Prometheus does: where the chunks of a series do not overlap
// they are copied as they are; where they do, or where something of them is deleted or outside, they are made anew.

import {encoding as encodings, isHistogramEncoding} from '../chunkenc/encoding.ts';
import type {Scratch} from '../scratch.ts';
import {ChunkEncoder, samplesPerChunk} from './chunkencoder.ts';
import {SampleColumns} from './columns.ts';
import {appendChunk, chunkSamples} from './decode.ts';
import type {ChunkList, IndexWriter} from './indexwriter.ts';
import type {BlockMeta} from './meta.ts';
import type {SegmentWriter} from './segmentwriter.ts';
import type {SeriesSource} from './seriessource.ts';
import {mergeSymbols} from './symbolmerge.ts';
import {addInterval, type Intervals} from './tombstones.ts';

export interface PopulateOptions {
  sources: readonly SeriesSource[];
  index: IndexWriter;
  chunks: SegmentWriter;
  /** Says the range; its statistics are filled in. */
  meta: BlockMeta;
  scratch: Scratch;
  /** Called after each series; true = stop, with an error. */
  cancelled?: () => boolean;
  /** Told of each chunk written. */
  onChunk?: (samples: number, bytes: number, rangeMs: number) => void;
}

export class CompactionCancelled extends Error {
  override name = 'CompactionCancelled';
}

export function populate(options: PopulateOptions): void {
  const population = new Population(options);
  try {
    population.run();
  } finally {
    population.free();
  }
}

/** A source with its current series, whose labels are numbers of the new block's symbols. */
class Input {
  readonly source: SeriesSource;
  readonly numbers: Uint32Array;
  /** Null at the end. */
  labels: number[] | null = [];

  constructor(source: SeriesSource, numbers: Uint32Array) {
    this.source = source;
    this.numbers = numbers;
    this.next();
  }

  next(): void {
    const {source, numbers} = this;
    if (!source.next()) {
      this.labels = null;
      return;
    }
    const labels: number[] = [];
    for (let i = 0; i < source.labelsLength; i++) labels.push(numbers[source.labels[i]!]!);
    if (this.labels !== null && this.labels.length > 0 && compareNumbers(labels, this.labels) <= 0) {
      throw new RangeError('cannot merge series: those of a block are not in the order of their labels');
    }
    this.labels = labels;
  }
}

/** A chunk of one of the inputs. */
interface InputChunk {
  source: SeriesSource;
  index: number;
  min: number;
  max: number;
}

class Population {
  readonly #options: PopulateOptions;
  readonly #columns: SampleColumns;
  readonly #encoder: ChunkEncoder;
  readonly #written: ChunkList = {
    length: 0,
    min: new Float64Array(64),
    max: new Float64Array(64),
    refs: new Float64Array(64),
  };
  #series = 0;

  constructor(options: PopulateOptions) {
    this.#options = options;
    this.#columns = new SampleColumns(options.scratch);
    this.#encoder = new ChunkEncoder(options.scratch);
  }

  run(): void {
    const {sources, index} = this.#options;
    const numbers = mergeSymbols(
      sources.map((source) => source.symbols()),
      (text) => index.addSymbol(text),
    );
    const inputs = sources.map((source, i) => new Input(source, numbers[i]!));
    for (;;) {
      const smallest = smallestLabels(inputs);
      if (smallest === null) return;
      const same = inputs.filter(({labels}) => labels !== null && compareNumbers(labels, smallest) === 0);
      this.#writeSeries(smallest, same);
      for (const input of same) input.next();
      if ((++this.#series & 63) === 0 && this.#options.cancelled?.() === true) {
        throw new CompactionCancelled('the compaction was cancelled');
      }
    }
  }

  free(): void {
    this.#columns.free();
    this.#encoder.free();
  }

  #writeSeries(labels: number[], inputs: readonly Input[]): void {
    const {index, chunks, meta} = this.#options;
    this.#written.length = 0;
    chunks.beginSeries();
    const found = this.#chunksOf(inputs);
    for (let start = 0; start < found.length;) {
      let max = found[start]!.max;
      let end = start + 1;
      for (; end < found.length && found[end]!.min <= max; end++) max = Math.max(max, found[end]!.max);
      this.#writeCluster(found.slice(start, end));
      start = end;
    }
    if (this.#written.length === 0) return;
    index.addSeries(labels, labels.length, this.#written);
    meta.stats.numSeries++;
    meta.stats.numChunks += this.#written.length;
  }

  /** The chunks of all inputs that have something in the block's range, by time. */
  #chunksOf(inputs: readonly Input[]): InputChunk[] {
    const {minTime, maxTime} = this.#options.meta;
    const found: InputChunk[] = [];
    for (const {source} of inputs) {
      for (let index = 0; index < source.chunkCount; index++) {
        const min = source.chunkMin(index);
        const max = source.chunkMax(index);
        if (min < maxTime && max >= minTime) found.push({source, index, min, max});
      }
    }
    if (inputs.length > 1) found.sort((left, right) => left.min - right.min || left.max - right.max);
    return found;
  }

  /** Writes chunks that overlap each other. */
  #writeCluster(cluster: InputChunk[]): void {
    const distinct = cluster.length === 1 ? cluster : withoutCopies(cluster);
    if (distinct.length === 1) return this.#writeOne(distinct[0]!);
    const columns = this.#columns;
    columns.clear();
    let integer = true;
    for (const {source, index, min, max} of distinct) {
      source.load(index);
      integer &&= !isFloatHistogram(source.encoding);
      appendChunk(columns, source.encoding, source.data, {mint: -Infinity, maxt: Infinity});
      const removed = this.#removed(source.deleted, min, max);
      if (removed.length > 0) columns.remove(columns.sourceStart, removed);
      columns.endSource();
    }
    this.#encode(samplesPerChunk, integer);
  }

  #writeOne({source, index, min, max}: InputChunk): void {
    const removed = this.#removed(source.deleted, min, max);
    if (removed.length === 0) {
      source.load(index);
      return this.#write(source.encoding, source.data, min, max);
    }
    if (removed.length === 2 && removed[0]! <= min && removed[1]! >= max) return;
    source.load(index);
    const columns = this.#columns;
    columns.clear();
    appendChunk(columns, source.encoding, source.data, {mint: -Infinity, maxt: Infinity});
    columns.remove(0, removed);
    this.#encode(Infinity, !isFloatHistogram(source.encoding));
  }

  /** What of [min, max] does not go into the block. */
  #removed(deleted: Intervals | undefined, min: number, max: number): Intervals {
    const {minTime, maxTime} = this.#options.meta;
    let removed: Intervals = [];
    if (deleted !== undefined) {
      for (let i = 0; i < deleted.length; i += 2) {
        if (deleted[i]! <= max && deleted[i + 1]! >= min) removed.push(deleted[i]!, deleted[i + 1]!);
      }
    }
    if (min < minTime) removed = addInterval(removed, min, minTime - 1);
    if (max >= maxTime) removed = addInterval(removed, maxTime, max);
    return removed;
  }

  #encode(samplesMax: number, integerHistograms: boolean): void {
    this.#encoder.encode(this.#columns, {samplesMax, integerHistograms}, ({encoding, data, min, max}) =>
      this.#write(encoding, data, min, max),
    );
  }

  #write(encoding: number, data: Uint8Array, min: number, max: number): void {
    const {chunks, meta, onChunk} = this.#options;
    const written = this.#written;
    if (written.length === written.min.length) growList(written);
    const at = written.length++;
    written.min[at] = min;
    written.max[at] = max;
    written.refs[at] = chunks.write(encoding, data);
    const samples = chunkSamples(encoding, data);
    meta.stats.numSamples += samples;
    if (isHistogramEncoding(encoding)) meta.stats.numHistogramSamples += samples;
    else meta.stats.numFloatSamples += samples;
    onChunk?.(samples, data.length, max - min);
  }
}

function isFloatHistogram(encoding: number): boolean {
  return encoding === encodings.floatHistogram || encoding === encodings.floatHistogramST;
}

/** Without chunks that are the same as the one before, byte for byte: from blocks that were copied. */
function withoutCopies(cluster: readonly InputChunk[]): InputChunk[] {
  const kept: InputChunk[] = [];
  for (const chunk of cluster) {
    const last = kept.at(-1);
    if (last === undefined || chunk.min !== last.min || chunk.max !== last.max || !sameBytes(last, chunk)) {
      kept.push(chunk);
    }
  }
  return kept;
}

function sameBytes(left: InputChunk, right: InputChunk): boolean {
  if (left.source === right.source) return false;
  if (left.source.deleted !== undefined || right.source.deleted !== undefined) return false;
  left.source.load(left.index);
  right.source.load(right.index);
  return (
    left.source.encoding === right.source.encoding &&
    Buffer.compare(left.source.data, right.source.data) === 0
  );
}

function smallestLabels(inputs: readonly Input[]): number[] | null {
  let smallest: number[] | null = null;
  for (const {labels} of inputs) {
    if (labels !== null && (smallest === null || compareNumbers(labels, smallest) < 0)) smallest = labels;
  }
  return smallest;
}

function compareNumbers(left: readonly number[], right: readonly number[]): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length - right.length;
}

function growList(list: ChunkList): void {
  for (const name of ['min', 'max', 'refs'] as const) {
    const larger = new Float64Array(list[name].length * 2);
    larger.set(list[name]);
    list[name] = larger;
  }
}
