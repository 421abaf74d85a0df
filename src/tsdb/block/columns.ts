import {assert} from '../../base/assert.ts';
import {packedCount} from '../../kernels/packed-layout.ts';
import {counterReset, type FloatHistogram} from '../../model/histogram.ts';
import {unguarded, type ColumnFacts, type ReadGuard} from '../../storage/querier.ts';
import {SampleFacts} from '../samplefacts.ts';
import type {Scratch} from '../scratch.ts';
import type {Intervals} from './tombstones.ts';

const capacityMin = 1024;
/** A time and a value. */
const sampleBytes = 16;

/**
 * Samples of one series as columns in the private memory of a thread. Several sources append theirs, one after the other;
 * endSource() puts what overlaps in order.
 */
export class SampleColumns {
  length = 0;
  times: Float64Array;
  values: Float64Array;
  valueWords: Uint32Array;
  /** Null where there are none, else as long as the samples. */
  histograms: (FloatHistogram | undefined)[] | null = null;
  startTimes: Float64Array | null = null;
  readonly scratch: Scratch;
  readonly #facts: SampleFacts;
  #capacity = capacityMin;
  #address: number;
  #sourceStart = 0;

  readonly #guard: ReadGuard;

  constructor(scratch: Scratch, guard = unguarded) {
    this.scratch = scratch;
    this.#facts = new SampleFacts(scratch);
    this.#guard = guard;
    this.#address = scratch.arena.alloc(capacityMin * sampleBytes);
    this.times = new Float64Array(0);
    this.values = this.times;
    this.valueWords = new Uint32Array(0);
    this.#makeViews();
  }

  /** Where the samples of the present source begin. */
  get sourceStart(): number {
    return this.#sourceStart;
  }

  /** What is known of the samples. */
  get facts(): ColumnFacts | null {
    return this.histograms === null ? this.#facts.of(this.length) : null;
  }

  clear(): void {
    this.length = 0;
    this.#facts.clear();
    this.#sourceStart = 0;
    this.histograms = null;
    this.startTimes = null;
  }

  free(): void {
    this.scratch.arena.free(this.#address, this.#capacity * sampleBytes);
    this.#guard.releaseBytes((this.#capacity - capacityMin) * sampleBytes);
  }

  /** Appends those samples of an XOR chunk in the private memory that lie in [mint, maxt]. False where the chunk is damaged. */
  appendXor(address: number, bytes: number, mint: number, maxt: number): boolean {
    const {kernels, memory} = this.scratch;
    if (bytes < 2) return false;
    const count = (memory.u8[address]! << 8) | memory.u8[address + 1]!;
    this.reserve(count);
    const times = this.#address + this.length * 8;
    const values = times + this.#capacity * 8;
    const got = kernels.xorDecode(address + 2, bytes - 2, count, mint, maxt, times, values);
    if (got < 0) return false;
    this.#added(got);
    return true;
  }

  /** Appends those samples of a chunk in the thread's ChunkCache that lie in [mint, maxt]. */
  appendPacked(packed: number, mint: number, maxt: number): void {
    const {kernels, memory} = this.scratch;
    this.reserve(memory.u16[(packed + packedCount) >>> 1]!);
    const times = this.#address + this.length * 8;
    const got = kernels.unpackSamples(packed, mint, maxt, times, times + this.#capacity * 8);
    this.#facts.addPacked(this, this.length, got, packed);
    this.#added(got);
  }

  /** Counts samples without histograms that stand behind the others. */
  #added(count: number): void {
    if (this.histograms !== null) for (let i = 0; i < count; i++) this.histograms.push(undefined);
    this.startTimes?.fill(0, this.length, this.length + count);
    this.length += count;
  }

  /** Appends the first `count` samples of another's columns. */
  appendColumns(
    from: {
      times: Float64Array;
      valueWords: Uint32Array;
      histograms: readonly (FloatHistogram | undefined)[] | null;
      startTimes: Float64Array | null;
      facts?: ColumnFacts | null;
    },
    count: number,
  ): void {
    if (count === 0) return;
    this.reserve(count);
    const start = this.length;
    this.#copy(from, count);
    const {facts} = from;
    if (facts !== undefined && facts !== null) this.#facts.addKnown(this, start, count, facts);
    this.length += count;
    if (from.histograms !== null || this.histograms !== null) {
      this.histograms ??= Array.from({length: start});
      for (let i = 0; i < count; i++) this.histograms.push(from.histograms?.[i]);
    }
    this.startTimes?.fill(0, start, this.length);
    if (from.startTimes === null) return;
    for (let i = 0; i < count; i++)
      if (from.startTimes[i] !== 0) this.#setStart(start + i, from.startTimes[i]!);
  }

  #copy({times, valueWords}: {times: Float64Array; valueWords: Uint32Array}, count: number): void {
    const {memory} = this.scratch;
    const start = this.length;
    if (times.buffer === memory.wasm.buffer) {
      // Fast path: as numbers they are copied without a view of each part, and as bytes.
      const {u8} = memory;
      u8.copyWithin(this.times.byteOffset + 8 * start, times.byteOffset, times.byteOffset + 8 * count);
      const from = valueWords.byteOffset;
      u8.copyWithin(this.values.byteOffset + 8 * start, from, from + 8 * count);
      return;
    }
    this.times.set(times.subarray(0, count), start);
    this.valueWords.set(valueWords.subarray(0, 2 * count), 2 * start);
  }

  /** Takes the samples from `length` on out again. */
  truncate(length: number): void {
    this.length = length;
    if (this.histograms !== null) this.histograms.length = length;
  }

  /** Sees to it that there is room for `count` more samples. */
  reserve(count: number): void {
    if (this.length + count > this.#capacity) this.#grow(count);
  }

  #grow(count: number): void {
    const {arena} = this.scratch;
    const capacity = Math.max(this.length + count, this.#capacity * 2);
    const {times, valueWords, startTimes} = this;
    this.#guard.takeBytes((capacity - this.#capacity) * sampleBytes);
    const old = this.#address;
    const oldCapacity = this.#capacity;
    this.#address = arena.alloc(capacity * sampleBytes);
    this.#capacity = capacity;
    this.#makeViews();
    this.times.set(times.subarray(0, this.length));
    this.valueWords.set(valueWords.subarray(0, 2 * this.length));
    arena.free(old, oldCapacity * sampleBytes);
    if (startTimes === null) return;
    this.startTimes = new Float64Array(capacity);
    this.startTimes.set(startTimes.subarray(0, this.length));
  }

  /**
   * The samples from `from` on that lie in `intervals` are taken out; they are in order.
   */
  remove(from: number, intervals: Intervals): void {
    let at = 0;
    let kept = from;
    for (let i = from; i < this.length; i++) {
      const time = this.times[i]!;
      while (at < intervals.length && intervals[at + 1]! < time) at += 2;
      if (at < intervals.length && intervals[at]! <= time) continue;
      if (kept !== i) this.#move(i, kept);
      kept++;
    }
    this.length = kept;
    if (this.histograms !== null) this.histograms.length = kept;
  }

  /**
   * The next samples come from another source. Where those of this one do not all come after those that were there before, they
   * are merged: of samples at the same time, the one that was there first stays.
   */
  endSource(): void {
    const start = this.#sourceStart;
    if (start > 0 && start < this.length) {
      this.#forgetReset(start);
      if (this.times[start]! <= this.times[start - 1]!) this.#merge(start);
    }
    this.#sourceStart = this.length;
  }

  /** What a histogram says of the one before it does not hold after another source's sample. */
  #forgetReset(at: number): void {
    const histogram = this.histograms?.[at];
    if (histogram === undefined || histogram.counterResetHint === counterReset.gauge) return;
    this.histograms![at] = histogram.with({counterResetHint: counterReset.unknown});
  }

  #merge(start: number): void {
    // Only from the first sample on that is not before the new ones.
    let first = start;
    while (first > 0 && this.times[first - 1]! >= this.times[start]!) first--;
    const left = this.#copyOf(first, start);
    const right = this.#copyOf(start, this.length);
    this.#facts.forget();
    let l = 0;
    let r = 0;
    this.length = first;
    if (this.histograms !== null) this.histograms.length = first;
    let fromLeft = true;
    while (l < left.length || r < right.length) {
      const takeLeft = r === right.length || (l < left.length && left.times[l]! <= right.times[r]!);
      if (takeLeft && l < left.length && r < right.length && left.times[l] === right.times[r]) r++;
      this.#appendFrom(takeLeft ? left : right, takeLeft ? l++ : r++);
      if (takeLeft !== fromLeft) this.#forgetReset(this.length - 1);
      fromLeft = takeLeft;
    }
  }

  #appendFrom(from: SampleCopy, at: number): void {
    const to = this.length++;
    this.times[to] = from.times[at]!;
    this.valueWords[2 * to] = from.words[2 * at]!;
    this.valueWords[2 * to + 1] = from.words[2 * at + 1]!;
    this.histograms?.push(from.histograms![at]);
    if (this.startTimes !== null) this.startTimes[to] = from.startTimes![at]!;
  }

  #copyOf(start: number, end: number): SampleCopy {
    assert(start < end, 'there are samples to merge');
    return {
      length: end - start,
      times: this.times.slice(start, end),
      words: this.valueWords.slice(2 * start, 2 * end),
      histograms: this.histograms?.slice(start, end) ?? null,
      startTimes: this.startTimes?.slice(start, end) ?? null,
    };
  }

  #move(from: number, to: number): void {
    this.times[to] = this.times[from]!;
    this.valueWords[2 * to] = this.valueWords[2 * from]!;
    this.valueWords[2 * to + 1] = this.valueWords[2 * from + 1]!;
    if (this.histograms !== null) this.histograms[to] = this.histograms[from];
    if (this.startTimes !== null) this.startTimes[to] = this.startTimes[from]!;
  }

  #setStart(at: number, startTime: number): void {
    this.startTimes ??= new Float64Array(this.#capacity);
    this.startTimes[at] = startTime;
  }

  #makeViews(): void {
    const {buffer} = this.scratch.memory.wasm;
    const values = this.#address + this.#capacity * 8;
    this.times = new Float64Array(buffer, this.#address, this.#capacity);
    this.values = new Float64Array(buffer, values, this.#capacity);
    this.valueWords = new Uint32Array(buffer, values, this.#capacity * 2);
  }
}

interface SampleCopy {
  length: number;
  times: Float64Array;
  words: Uint32Array;
  histograms: (FloatHistogram | undefined)[] | null;
  startTimes: Float64Array | null;
}
