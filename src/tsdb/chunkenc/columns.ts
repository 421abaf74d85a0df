// The samples of a histogram chunk, column by column. An appender keeps the columns between its samples, a reader walks
// through them; both hold the same numbers after the same sample.

import {FloatHistogram, type CounterResetHint} from '../../model/histogram.ts';
import type {BitReader, BitWriter} from './bits.ts';
import {bucketCount, emptyLayout, type Layout} from './layout.ts';
import {
  readChanges,
  readVarbitBig,
  readVarbitInt,
  readVarbitUint,
  writeVarbitInt,
  writeVarbitUint,
} from './varbit.ts';
import {XorValues} from './xorvalues.ts';
import {staleNaNHigh, staleNaNLow} from '../../model/value.ts';

/** Counts that an integer chunk takes: up to here all differences between them, and of these, are exact in a number. */
export const integerCountMax = 2 ** 50;

/** One sample's counts; null stands for the stale marker. */
export type Counts = FloatHistogram | null;

const noBuckets = new Float64Array(0);

export abstract class HistogramColumns {
  layout: Layout = emptyLayout;
  /** Buckets that are on the positive side. */
  protected positive = 0;
  time = 0;
  timeDelta = 0;

  /** Takes a chunk's layout, before its first sample. */
  begin(layout: Layout): void {
    this.layout = layout;
    this.positive = bucketCount(layout.positiveSpans);
    this.allocate(this.positive + bucketCount(layout.negativeSpans));
  }

  writeFirst(out: BitWriter, time: number, counts: Counts): void {
    writeVarbitInt(out, time);
    this.time = time;
    this.timeDelta = 0;
    this.writeFirstCounts(out, counts);
  }

  writeNext(out: BitWriter, time: number, counts: Counts): void {
    const delta = time - this.time;
    writeVarbitInt(out, delta - this.timeDelta);
    this.time = time;
    this.timeDelta = delta;
    this.writeNextCounts(out, counts);
  }

  readFirst(from: BitReader): void {
    this.time = readVarbitInt(from);
    this.timeDelta = 0;
    this.readFirstCounts(from);
  }

  readNext(from: BitReader): void {
    this.timeDelta += readVarbitInt(from);
    this.time += this.timeDelta;
    this.readNextCounts(from);
  }

  /** The histogram of the sample last read. */
  histogram(counterResetHint: CounterResetHint): FloatHistogram {
    const {schema, zeroThreshold, positiveSpans, negativeSpans, customValues} = this.layout;
    const {count, zeroCount, sum} = this.totals();
    const buckets = this.buckets();
    const {positive} = this;
    return new FloatHistogram({
      counterResetHint,
      schema,
      zeroThreshold,
      zeroCount,
      count,
      sum,
      positiveSpans,
      negativeSpans,
      positiveBuckets: positive === buckets.length ? buckets : buckets.subarray(0, positive),
      negativeBuckets: positive === buckets.length ? noBuckets : buckets.subarray(positive),
      customValues,
    });
  }

  /** Whether the sample last read is a stale marker. */
  abstract get isStale(): boolean;
  abstract get sum(): number;
  protected abstract allocate(buckets: number): void;
  protected abstract totals(): {count: number; zeroCount: number; sum: number};
  /** Absolute counts, the positive ones first. */
  protected abstract buckets(): Float64Array<ArrayBuffer>;
  protected abstract writeFirstCounts(out: BitWriter, counts: Counts): void;
  protected abstract writeNextCounts(out: BitWriter, counts: Counts): void;
  protected abstract readFirstCounts(from: BitReader): void;
  protected abstract readNextCounts(from: BitReader): void;
}

/** Floats: count, zero count, sum, buckets, each as what changed in its bits. */
export class FloatColumns extends HistogramColumns {
  #values = new XorValues(3);

  get isStale(): boolean {
    return this.#values.isStale(2);
  }

  get sum(): number {
    return this.#values.values[2]!;
  }

  protected allocate(buckets: number): void {
    this.#values = new XorValues(3 + buckets);
  }

  protected totals(): {count: number; zeroCount: number; sum: number} {
    const {values} = this.#values;
    return {count: values[0]!, zeroCount: values[1]!, sum: values[2]!};
  }

  protected buckets(): Float64Array<ArrayBuffer> {
    return this.#values.values.slice(3);
  }

  protected writeFirstCounts(out: BitWriter, counts: Counts): void {
    const values = this.#values;
    values.set(0, counts?.count ?? 0);
    values.set(1, counts?.zeroCount ?? 0);
    if (counts === null) values.setWords(2, staleNaNHigh, staleNaNLow);
    else {
      values.set(2, counts.sum);
      let at = 3;
      for (const bucket of counts.positiveBuckets) values.set(at++, bucket);
      for (const bucket of counts.negativeBuckets) values.set(at++, bucket);
    }
    for (let i = 0; i < values.values.length; i++) values.writeWhole(out, i);
  }

  protected writeNextCounts(out: BitWriter, counts: Counts): void {
    const values = this.#values;
    values.write(out, 0, counts?.count ?? 0);
    values.write(out, 1, counts?.zeroCount ?? 0);
    if (counts === null) return values.writeStale(out, 2);
    values.write(out, 2, counts.sum);
    const {positiveBuckets, negativeBuckets} = counts;
    let at = 3;
    for (let i = 0; i < positiveBuckets.length; i++) values.write(out, at++, positiveBuckets[i]!);
    for (let i = 0; i < negativeBuckets.length; i++) values.write(out, at++, negativeBuckets[i]!);
  }

  protected readFirstCounts(from: BitReader): void {
    for (let i = 0; i < this.#values.values.length; i++) this.#values.readWhole(from, i);
  }

  protected readNextCounts(from: BitReader): void {
    const values = this.#values;
    values.readRun(from, 0, 3);
    // A stale marker has no buckets.
    if (!values.isStale(2)) values.readRun(from, 3, values.values.length);
  }
}

/**
 * Whole numbers: count, zero count and buckets as changes of their changes, the sum as what changed in its bits. A bucket
 * is kept as what it is more than the bucket before it.
 */
export class IntegerColumns extends HistogramColumns {
  /** A number left the range in which all is exact: read the chunk again with WideIntegerColumns. */
  wide = false;
  /** Count, zero count, buckets; and their changes. */
  #values = new Float64Array(2);
  #deltas = new Float64Array(2);
  readonly #sum = new XorValues(1);

  get isStale(): boolean {
    return this.#sum.isStale(0);
  }

  get sum(): number {
    return this.#sum.values[0]!;
  }

  protected allocate(buckets: number): void {
    this.#values = new Float64Array(2 + buckets);
    this.#deltas = new Float64Array(2 + buckets);
  }

  protected totals(): {count: number; zeroCount: number; sum: number} {
    return {count: this.#values[0]!, zeroCount: this.#values[1]!, sum: this.sum};
  }

  protected buckets(): Float64Array<ArrayBuffer> {
    const buckets = this.#values.slice(2);
    const {positive} = this;
    let bucket = 0;
    let largest = 0;
    for (let i = 0; i < buckets.length; i++) {
      bucket = i === positive ? buckets[i]! : bucket + buckets[i]!;
      buckets[i] = bucket;
      if (bucket > largest) largest = bucket;
    }
    if (largest > integerCountMax) this.wide = true;
    return buckets;
  }

  protected writeFirstCounts(out: BitWriter, counts: Counts): void {
    writeVarbitUint(out, counts?.count ?? 0);
    writeVarbitUint(out, counts?.zeroCount ?? 0);
    this.#values[0] = counts?.count ?? 0;
    this.#values[1] = counts?.zeroCount ?? 0;
    if (counts === null) this.#sum.setWords(0, staleNaNHigh, staleNaNLow);
    else this.#sum.set(0, counts.sum);
    this.#sum.writeWhole(out, 0);
    if (counts === null) return;
    let at = 2;
    for (const buckets of [counts.positiveBuckets, counts.negativeBuckets]) {
      for (let i = 0; i < buckets.length; i++, at++) {
        this.#values[at] = buckets[i]! - (i === 0 ? 0 : buckets[i - 1]!);
        writeVarbitInt(out, this.#values[at]!);
      }
    }
  }

  protected writeNextCounts(out: BitWriter, counts: Counts): void {
    if (counts === null) {
      out.write(0, 2);
      return this.#sum.writeStale(out, 0);
    }
    this.#writeChange(out, 0, counts.count);
    this.#writeChange(out, 1, counts.zeroCount);
    this.#sum.write(out, 0, counts.sum);
    let at = 2;
    for (let side = 0; side < 2; side++) {
      const buckets = side === 0 ? counts.positiveBuckets : counts.negativeBuckets;
      let before = 0;
      for (let i = 0; i < buckets.length; i++) {
        const bucket = buckets[i]!;
        this.#writeChange(out, at++, bucket - before);
        before = bucket;
      }
    }
  }

  #writeChange(out: BitWriter, at: number, value: number): void {
    const delta = value - this.#values[at]!;
    writeVarbitInt(out, delta - this.#deltas[at]!);
    this.#values[at] = value;
    this.#deltas[at] = delta;
  }

  protected readFirstCounts(from: BitReader): void {
    const values = this.#values;
    values[0] = readVarbitUint(from);
    values[1] = readVarbitUint(from);
    this.#sum.readWhole(from, 0);
    for (let i = 2; i < values.length; i++) values[i] = readVarbitInt(from);
    if (values.some((value) => Math.abs(value) > integerCountMax)) this.wide = true;
  }

  protected readNextCounts(from: BitReader): void {
    const columns = {values: this.#values, deltas: this.#deltas};
    if (readChanges(from, columns, 0, 2) > integerCountMax) this.wide = true;
    this.#sum.read(from, 0);
    // A stale marker has no buckets.
    if (this.#sum.isStale(0)) return;
    if (readChanges(from, columns, 2, this.#values.length) > integerCountMax) this.wide = true;
  }
}

/** Reads what IntegerColumns cannot: counts up to 2^64. Slow and plain; tests hold the other against it. */
export class WideIntegerColumns extends HistogramColumns {
  #values: bigint[] = [];
  #deltas: bigint[] = [];
  readonly #sum = new XorValues(1);

  get isStale(): boolean {
    return this.#sum.isStale(0);
  }

  get sum(): number {
    return this.#sum.values[0]!;
  }

  protected allocate(buckets: number): void {
    this.#values = Array.from({length: 2 + buckets}, () => 0n);
    this.#deltas = Array.from({length: 2 + buckets}, () => 0n);
  }

  protected totals(): {count: number; zeroCount: number; sum: number} {
    const [count, zeroCount] = this.#values.map((value) => Number(BigInt.asUintN(64, value)));
    return {count: count!, zeroCount: zeroCount!, sum: this.sum};
  }

  protected buckets(): Float64Array<ArrayBuffer> {
    const {positive} = this;
    let bucket = 0n;
    return Float64Array.from(this.#values.slice(2), (value, i) => {
      bucket = BigInt.asIntN(64, i === positive ? value : bucket + value);
      return Number(bucket);
    });
  }

  protected writeFirstCounts(): never {
    throw new Error('BUG: wide counts are read only');
  }

  protected writeNextCounts(): never {
    throw new Error('BUG: wide counts are read only');
  }

  protected readFirstCounts(from: BitReader): void {
    this.#values[0] = readVarbitBig(from, false);
    this.#values[1] = readVarbitBig(from, false);
    this.#sum.readWhole(from, 0);
    for (let i = 2; i < this.#values.length; i++) this.#values[i] = readVarbitBig(from, true);
  }

  protected readNextCounts(from: BitReader): void {
    for (let i = 0; i < 2; i++) this.#readChange(from, i);
    this.#sum.read(from, 0);
    if (this.#sum.isStale(0)) return;
    for (let i = 2; i < this.#values.length; i++) this.#readChange(from, i);
  }

  #readChange(from: BitReader, at: number): void {
    this.#deltas[at] = BigInt.asIntN(64, this.#deltas[at]! + readVarbitBig(from, true));
    this.#values[at] = BigInt.asIntN(64, this.#values[at]! + this.#deltas[at]);
  }
}

/** Whether an integer chunk takes these counts. */
export function areWholeCounts({
  count,
  zeroCount,
  positiveBuckets,
  negativeBuckets,
}: FloatHistogram): boolean {
  return (
    isWhole(count) && isWhole(zeroCount) && positiveBuckets.every(isWhole) && negativeBuckets.every(isWhole)
  );
}

function isWhole(count: number): boolean {
  return count >= 0 && count <= integerCountMax && Number.isInteger(count);
}
