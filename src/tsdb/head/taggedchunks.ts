import {
  chunkBytesBeforeAppend,
  chunkSamples,
  slotLastTime,
  slotLastValue,
  slotNextAt,
  slotOpen,
  slotOpenCount,
} from '../../kernels/head-layout.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import {staleNaNHigh, staleNaNLow} from '../../model/value.ts';
import {type Encoding, encoding, histogramEncoding, isHistogramEncoding} from '../chunkenc/encoding.ts';
import {HistogramAppender} from '../chunkenc/histogram.ts';
import {Xor2Appender} from '../chunkenc/xor2.ts';
import {AppenderCache, type TaggedAppender} from './appendercache.ts';
import type {Reclaimer} from './epochs.ts';

// Chunks that are no XOR chunks: histograms, and floats with start timestamps. Their addresses carry the encoding in the
// three lowest bits, which are 0 in an XOR chunk's. An open one is a block with room:
//
//     used:u32 (published)  capacity:u32  minTime:f64  endEstimated:u32  unused:u32  bytes of the chunk, header included
//
// Bits are only ever added; when there is no room left, or the chunk is recoded with more buckets, another block takes its
// place. The slot's field for bits has its largest value, so that the append kernel takes the chunk for a full one and
// leaves it to us. A sealed one is what is used of it:
//
//     length:u32  bytes
//
// Appenders are remembered, within limits (appendercache.ts); what is forgotten is made again from the chunk.

export const tagMask = 7;
export const openUsed = 0;
const openCapacity = 4;
export const openMinTime = 8;
const openEstimated = 16;
export const openData = 24;
export const sealedData = 4;

/** Bits of a tagged chunk in a slot: more than any chunk that may still be appended to. */
const taggedBits = 0xffff;

/** Bits that stand for the last value of a series whose newest sample is a histogram: a NaN that nothing produces. */
const histogramValueHigh = 0x7ff0_0000;
const histogramValueLow = 0x0000_0003;

const blockBytesMin = 256;
/** Prometheus's rule for histogram chunks. */
const histogramBytesWanted = 1024;
const histogramSamplesMin = 10;

export interface TaggedOptions {
  chunkRangeMs: number;
  /** Whether histogram chunks have start timestamps. */
  histogramStarts: boolean;
  /** Appenders that are remembered; for tests. */
  appendersMax?: number;
}

export interface TaggedSample {
  timeMs: number;
  startMs: number;
}

/** What the tagged chunks need of the store around them. */
export interface ChunkIndex {
  /** Chunks that exist. */
  count: number;
  seal(slot: number): void;
}

/** The writing side. `slot` is always the address of a slot. */
export class TaggedChunks {
  /** Chunks begun since takeCreated(). */
  #created = 0;
  readonly #memory: LinearMemory;
  readonly #open64: BigUint64Array;
  readonly #arena: Arena;
  readonly #reclaimer: Reclaimer;
  readonly #options: TaggedOptions;
  readonly #index: ChunkIndex;
  readonly #appenders: AppenderCache;

  constructor(
    memory: LinearMemory,
    arena: Arena,
    reclaimer: Reclaimer,
    {options, index}: {options: TaggedOptions; index: ChunkIndex},
  ) {
    this.#memory = memory;
    this.#open64 = new BigUint64Array(memory.wasm.buffer);
    this.#arena = arena;
    this.#reclaimer = reclaimer;
    this.#options = options;
    this.#index = index;
    this.#appenders = new AppenderCache(options.appendersMax);
  }

  /** Whether histogram chunks have start timestamps. */
  get histogramStarts(): boolean {
    return this.#options.histogramStarts;
  }

  /** How many chunks were begun since the last call. */
  takeCreated(): number {
    const created = this.#created;
    this.#created = 0;
    return created;
  }

  /** Encoding of the open chunk, 0 where it is an XOR chunk or where there is none. */
  tag(slot: number): number {
    return this.#memory.u32[(slot + slotOpen) >>> 2]! & tagMask;
  }

  /** Time of the first sample of the open chunk. */
  openTime(slot: number): number {
    return this.#memory.f64[(this.#block(slot) + openMinTime) >>> 3]!;
  }

  /** Whether the newest chunk is open and holds histograms. */
  holdsHistograms(slot: number): boolean {
    return isHistogramEncoding(this.tag(slot));
  }

  /** Whether the newest sample is this one, so that appending it again changes nothing. */
  endsWith(slot: number, histogram: FloatHistogram | null, integer: boolean): boolean {
    if (this.tag(slot) !== this.#histogramTag(integer)) return false;
    return (this.#appender(slot) as HistogramAppender).endsWith(histogram);
  }

  /** Appends a histogram, or a stale marker (null), newer than all there is. */
  appendHistogram(
    slot: number,
    sample: TaggedSample,
    histogram: FloatHistogram | null,
    integer: boolean,
  ): void {
    const tag = this.#histogramTag(integer);
    const open = this.#memory.u32[(slot + slotOpen) >>> 2]!;
    const before = this.holdsHistograms(slot) ? (this.#appender(slot) as HistogramAppender) : null;
    if (open !== 0 && (this.tag(slot) !== tag || this.#histogramsFull(slot, before!, sample.timeMs))) {
      this.#index.seal(slot);
    }
    if (this.#memory.u32[(slot + slotOpen) >>> 2] === 0) {
      const appender = new HistogramAppender({integer, starts: this.#options.histogramStarts});
      appender.begin(sample.timeMs, histogram, sample.startMs, before);
      this.#begin(slot, appender, sample.timeMs, 0);
    } else this.#appendOn(slot, before!, sample, histogram);
    this.#setLast(slot, sample.timeMs, histogram === null);
  }

  /** Appends a stale marker to the histograms of the open chunk. */
  appendStale(slot: number, sample: TaggedSample): void {
    const tag = this.tag(slot);
    const integer = tag === encoding.histogram || tag === encoding.histogramST;
    this.appendHistogram(slot, sample, null, integer);
  }

  /** Appends a float by the halves of its bits to an XOR2 chunk. */
  appendFloat(slot: number, sample: TaggedSample, high: number, low: number): void {
    const {u32, f64} = this.#memory;
    const open = u32[(slot + slotOpen) >>> 2]!;
    if (open !== 0 && (this.tag(slot) !== encoding.xor2 || this.#floatsFull(slot, sample.timeMs))) {
      this.#index.seal(slot);
    }
    if (u32[(slot + slotOpen) >>> 2] === 0) {
      const appender = new Xor2Appender();
      appender.append(sample.timeMs, high, low, sample.startMs);
      this.#begin(slot, appender, sample.timeMs, 0);
    } else {
      const appender = this.#appender(slot) as Xor2Appender;
      const from = appender.byteLength - 1;
      appender.append(sample.timeMs, high, low, sample.startMs);
      this.#publish(slot, appender, from);
    }
    f64[(slot + slotLastTime) >>> 3] = sample.timeMs;
    u32[(slot + slotLastValue) >>> 2] = low;
    u32[(slot + slotLastValue + 4) >>> 2] = high;
  }

  /** Copies a chunk into a block of its own, as a sealed one, and returns its address with its encoding. */
  copy(bytes: Uint8Array, chunkEncoding: number): number {
    const sealed = this.#arena.alloc(sealedData + bytes.length);
    this.#memory.u32[sealed >>> 2] = bytes.length;
    this.#memory.u8.set(bytes, sealed + sealedData);
    return (sealed | chunkEncoding) >>> 0;
  }

  /** Copies the open chunk into a block of its own. Returns what the index says of it. */
  seal(slot: number): {minTime: number; chunk: number; samples: number} {
    const {u8, u16, u32, f64} = this.#memory;
    const block = this.#block(slot);
    const length = u32[(block + openUsed) >>> 2]!;
    return {
      minTime: f64[(block + openMinTime) >>> 3]!,
      chunk: this.copy(u8.subarray(block + openData, block + openData + length), this.tag(slot)),
      samples: u16[(slot + slotOpenCount) >>> 1]!,
    };
  }

  /** Takes the open chunk away. */
  close(slot: number): void {
    const block = this.#block(slot);
    Atomics.store(this.#open64, (slot + slotOpen) >>> 3, 0n);
    this.#retireOpen(block);
    this.#appenders.delete(slot);
  }

  /** Retires a sealed chunk. */
  retire(chunk: number): void {
    const block = chunk & ~tagMask;
    this.#reclaimer.retire(block >>> 0, sealedData + this.#memory.u32[block >>> 2]!);
  }

  #histogramTag(integer: boolean): Encoding {
    return histogramEncoding({integer, starts: this.#options.histogramStarts});
  }

  #block(slot: number): number {
    return (this.#memory.u32[(slot + slotOpen) >>> 2]! & ~tagMask) >>> 0;
  }

  #appendOn(
    slot: number,
    appender: HistogramAppender,
    {timeMs, startMs}: TaggedSample,
    histogram: FloatHistogram | null,
  ): void {
    const from = appender.byteLength - 1;
    const next = appender.append(timeMs, histogram, startMs);
    if (next === null) return this.#publish(slot, appender, appender.recoded ? -1 : from);
    // Whether the end is estimated is kept in this case, as Prometheus does.
    const estimated = this.#memory.u32[(this.#block(slot) + openEstimated) >>> 2]!;
    this.#index.seal(slot);
    this.#begin(slot, next, timeMs, estimated);
  }

  /** Begins an open chunk with the first sample of `appender`. */
  #begin(slot: number, appender: TaggedAppender, timeMs: number, estimated: number): void {
    const {u32, f64} = this.#memory;
    f64[(slot + slotNextAt) >>> 3] = this.#rangeEnd(timeMs);
    const block = this.#makeBlock(appender.byteLength);
    f64[(block + openMinTime) >>> 3] = timeMs;
    u32[(block + openEstimated) >>> 2] = estimated;
    this.#write(block, appender, 0);
    this.#store(slot, block, appender);
    this.#created++;
    this.#index.count++;
  }

  /** Makes visible what the appender has added from byte `from` on; -1 = all is new. */
  #publish(slot: number, appender: TaggedAppender, from: number): void {
    const {u32, f64} = this.#memory;
    const block = this.#block(slot);
    const fits = appender.byteLength <= u32[(block + openCapacity) >>> 2]!;
    if (from >= 0 && fits) {
      this.#write(block, appender, from);
      return this.#store(slot, block, appender);
    }
    const larger = this.#makeLarger(slot, appender.byteLength);
    f64[(larger + openMinTime) >>> 3] = f64[(block + openMinTime) >>> 3]!;
    u32[(larger + openEstimated) >>> 2] = u32[(block + openEstimated) >>> 2]!;
    this.#write(larger, appender, 0);
    this.#store(slot, larger, appender);
    this.#retireOpen(block);
  }

  /** Where there is no memory, what the appender has added is in no block: it is forgotten. */
  #makeLarger(slot: number, bytes: number): number {
    try {
      return this.#makeBlock(bytes);
    } catch (error) {
      this.#appenders.delete(slot);
      throw error;
    }
  }

  /** Writes the chunk from byte `from` on, and its header, which changes with each sample. */
  #write(block: number, appender: TaggedAppender, from: number): void {
    const {u8, u32} = this.#memory;
    const {bytes} = appender;
    u8.set(bytes.subarray(from), block + openData + from);
    u8.set(bytes.subarray(0, 3), block + openData);
    Atomics.store(u32, (block + openUsed) >>> 2, bytes.length);
  }

  #store(slot: number, block: number, appender: TaggedAppender): void {
    const tag = appender instanceof HistogramAppender ? appender.encoding : encoding.xor2;
    const low = BigInt((block | tag) >>> 0);
    const high = BigInt(appender.samples + taggedBits * 0x1_0000);
    Atomics.store(this.#open64, (slot + slotOpen) >>> 3, (high << 32n) | low);
    this.#appenders.set(slot, block, appender);
  }

  /** The appender of the open chunk. */
  #appender(slot: number): TaggedAppender {
    const {u8, u16, u32} = this.#memory;
    const block = this.#block(slot);
    const known = this.#appenders.get(slot, block);
    if (known !== undefined) return known;
    const chunk = u8.slice(block + openData, block + openData + u32[(block + openUsed) >>> 2]!);
    const tag = this.tag(slot) as Encoding;
    const samples = u16[(slot + slotOpenCount) >>> 1]!;
    return tag === encoding.xor2
      ? Xor2Appender.resume(chunk, samples)
      : HistogramAppender.resume(chunk, tag, samples);
  }

  #makeBlock(bytes: number): number {
    const size = this.#arena.sizeOf(Math.max(blockBytesMin, openData + Math.ceil(bytes * 1.5)));
    const block = this.#arena.alloc(size);
    this.#memory.u32[(block + openCapacity) >>> 2] = size - openData;
    return block;
  }

  #retireOpen(block: number): void {
    this.#reclaimer.retire(block, openData + this.#memory.u32[(block + openCapacity) >>> 2]!);
  }

  #rangeEnd(timeMs: number): number {
    const range = this.#options.chunkRangeMs;
    return Math.trunc(timeMs / range) * range + range;
  }

  #setLast(slot: number, timeMs: number, stale: boolean): void {
    const {u32, f64} = this.#memory;
    f64[(slot + slotLastTime) >>> 3] = timeMs;
    u32[(slot + slotLastValue) >>> 2] = stale ? staleNaNLow : histogramValueLow;
    u32[(slot + slotLastValue + 4) >>> 2] = stale ? staleNaNHigh : histogramValueHigh;
  }

  /** Prometheus's rule (tsdb/head_append.go): by bytes, within limits by samples and by the end of the range. */
  #histogramsFull(slot: number, appender: HistogramAppender, timeMs: number): boolean {
    const {u32, f64} = this.#memory;
    const block = this.#block(slot);
    const minTime = f64[(block + openMinTime) >>> 3]!;
    const estimated = (block + openEstimated) >>> 2;
    const nextAt = (slot + slotNextAt) >>> 3;
    const bytes = appender.byteLength;
    const rangeEnd = u32[estimated] === 1 ? this.#rangeEnd(minTime) : f64[nextAt]!;
    if (u32[estimated] === 0 && bytes >= histogramBytesWanted / 4) {
      f64[nextAt] = expectedEnd(
        minTime,
        f64[(slot + slotLastTime) >>> 3]!,
        f64[nextAt]!,
        histogramBytesWanted / bytes,
      );
      u32[estimated] = 1;
    }
    if (timeMs < f64[nextAt]! && bytes < histogramBytesWanted * 2) return false;
    return appender.samples >= histogramSamplesMin || timeMs >= rangeEnd;
  }

  /** The rule of XOR chunks, as the append kernel has it. */
  #floatsFull(slot: number, timeMs: number): boolean {
    const {f64} = this.#memory;
    const {samples, byteLength} = this.#appender(slot);
    if (byteLength > chunkBytesBeforeAppend) return true;
    const nextAt = (slot + slotNextAt) >>> 3;
    if (samples === chunkSamples / 4) {
      const minTime = f64[(this.#block(slot) + openMinTime) >>> 3]!;
      f64[nextAt] = expectedEnd(minTime, f64[(slot + slotLastTime) >>> 3]!, f64[nextAt]!, 4);
    }
    return timeMs >= f64[nextAt]! || samples >= chunkSamples * 2;
  }
}

/** When a chunk should end, so that the chunks until `end` come out equally long; it is `1 / ratio` full at `last`. */
function expectedEnd(first: number, last: number, end: number, ratio: number): number {
  const chunks = (end - first) / ((last - first + 1) * ratio);
  return chunks <= 1 ? end : Math.trunc(first + (end - first) / Math.floor(chunks));
}
