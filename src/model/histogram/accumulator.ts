// Sums of histograms of whatever resolutions, zero buckets and bounds. Where they differ, the sum takes the lower resolution,
// the wider zero bucket and the common bounds.

import {
  counterReset,
  type CounterResetHint,
  customBucketsSchema,
  FloatHistogram,
  type HistogramFields,
  type Span,
} from '../histogram.ts';
import {addToCommonBounds, commonBounds, sameBounds} from './customvalues.ts';
import {addKept, addSides, bucketsWithin, copySide, dropFirst, reduceSide, type Side} from './side.ts';
import {locateSpans} from './spans.ts';
import {bucketsBeginningWithin, widenZero} from './zerobucket.ts';

/** Exponential and custom buckets do not mix; the message is Prometheus's. */
export class IncompatibleHistograms extends TypeError {
  constructor() {
    super('cannot apply this operation on histograms with a mix of exponential and custom bucket schemas');
    this.name = 'IncompatibleHistograms';
  }
}

/** What an addition met. */
export interface AdditionNotes {
  /** One side says that it begins with a counter reset, the other that it does not. */
  counterResetCollision: boolean;
  /** Custom bounds differed, and those in common were taken. */
  nhcbBoundsReconciled: boolean;
}

/** The hint of a sum: a gauge wins over everything, then what is not known. */
export function joinHints(left: CounterResetHint, right: CounterResetHint): CounterResetHint {
  if (left === right) return left;
  if (left === counterReset.gauge || right === counterReset.gauge) return counterReset.gauge;
  return counterReset.unknown;
}

function hintsCollide(left: CounterResetHint, right: CounterResetHint): boolean {
  return (
    (left === counterReset.reset && right === counterReset.notReset) ||
    (left === counterReset.notReset && right === counterReset.reset)
  );
}

/** Where the scalar fields are in `#scalars`. */
const zeroCountAt = 0;
const countAt = 1;
const sumAt = 2;

/** A running sum. With `compensated` it keeps what rounding loses (Neumaier's summation), as Prometheus's KahanAdd does. */
export class Accumulator {
  readonly #compensated: boolean;
  #hint: CounterResetHint;
  #schema: number;
  #zeroThreshold: number;
  #customValues: readonly number[];
  /** Zero count, count and sum, and what rounding has lost of them. */
  #scalars: Float64Array;
  #scalarsLost: Float64Array;
  #positive: Side;
  #negative: Side;
  /** Used by the fast path, for each side. */
  readonly #positions: [Int32Array, Int32Array] = [new Int32Array(4), new Int32Array(4)];
  /** Whether the buckets' arrays are this accumulator's own, to be changed in place. */
  #owned = false;

  constructor(first: FloatHistogram, compensated: boolean) {
    this.#compensated = compensated;
    this.#hint = first.counterResetHint;
    this.#schema = first.schema;
    this.#zeroThreshold = first.zeroThreshold;
    this.#customValues = first.customValues;
    this.#scalars = Float64Array.of(first.zeroCount, first.count, first.sum);
    this.#scalarsLost = new Float64Array(3);
    this.#positive = sideOf(first.positiveSpans, first.positiveBuckets, compensated);
    this.#negative = sideOf(first.negativeSpans, first.negativeBuckets, compensated);
  }

  /** An accumulator that goes on independently of this one. */
  clone(): Accumulator {
    const copy = new Accumulator(emptyHistogram, this.#compensated);
    copy.#hint = this.#hint;
    copy.#schema = this.#schema;
    copy.#zeroThreshold = this.#zeroThreshold;
    copy.#customValues = this.#customValues;
    copy.#scalars = this.#scalars.slice();
    copy.#scalarsLost = this.#scalarsLost.slice();
    copy.#positive = this.#positive;
    copy.#negative = this.#negative;
    this.#owned = false;
    return copy;
  }

  /** Adds sign * other. Throws IncompatibleHistograms, and is then unchanged. */
  add(other: FloatHistogram, sign: 1 | -1 = 1): AdditionNotes {
    const custom = this.#schema === customBucketsSchema;
    if (custom !== other.usesCustomBuckets) throw new IncompatibleHistograms();
    const counterResetCollision = hintsCollide(this.#hint, other.counterResetHint);
    this.#hint = joinHints(this.#hint, other.counterResetHint);
    let nhcbBoundsReconciled = false;
    if (!this.#addInPlace(other, sign)) {
      this.#owned = true;
      if (custom) nhcbBoundsReconciled = this.#addCustom(other, sign);
      else this.#addExponential(other, sign);
    }
    this.#addScalar(countAt, sign * other.count);
    this.#addScalar(sumAt, sign * other.sum);
    return {counterResetCollision, nhcbBoundsReconciled};
  }

  /** Multiplies everything by `factor`, which is not negative. */
  scale(factor: number): void {
    this.#apply((value) => value * factor);
  }

  /** Divides everything by `divisor`, which is positive. */
  divide(divisor: number): void {
    this.#apply((value) => value / divisor);
  }

  /** Whether the sum has become infinite somewhere. */
  get overflows(): boolean {
    return (
      this.#scalars.some(isInfinite) ||
      this.#positive.counts.some(isInfinite) ||
      this.#negative.counts.some(isInfinite) ||
      this.#customValues.some(isInfinite)
    );
  }

  /** The sum without what rounding has lost. */
  value(): FloatHistogram {
    this.#owned = false;
    return this.#histogramOf(this.#positive.counts, this.#negative.counts, this.#scalars);
  }

  /** The sum together with what rounding has lost. */
  total(): FloatHistogram {
    const plus = (values: Float64Array, lost: Float64Array): Float64Array =>
      values.map((value, i) => value + lost[i]!);
    return this.#histogramOf(
      plus(this.#positive.counts, this.#positive.lost!),
      plus(this.#negative.counts, this.#negative.lost!),
      plus(this.#scalars, this.#scalarsLost),
    );
  }

  #histogramOf(positive: Float64Array, negative: Float64Array, scalars: Float64Array): FloatHistogram {
    const fields: HistogramFields = {
      counterResetHint: this.#hint,
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: scalars[zeroCountAt]!,
      count: scalars[countAt]!,
      sum: scalars[sumAt]!,
      positiveSpans: this.#positive.spans,
      negativeSpans: this.#negative.spans,
      positiveBuckets: positive,
      negativeBuckets: negative,
      customValues: this.#customValues,
    };
    return new FloatHistogram(fields);
  }

  #addScalar(at: number, value: number): void {
    if (this.#compensated) addKept(this.#scalars, this.#scalarsLost, at, value);
    else this.#scalars[at]! += value;
  }

  /** Fast path: the sum has all buckets of the other. Returns whether it was that. */
  #addInPlace(other: FloatHistogram, sign: 1 | -1): boolean {
    if (
      this.#schema !== other.schema ||
      this.#zeroThreshold !== other.zeroThreshold ||
      !sameBounds(this.#customValues, other.customValues) ||
      this.#within(other) !== 0
    ) {
      return false;
    }
    const positive = this.#locate(other.positiveSpans, this.#positive.spans, 0);
    const negative = this.#locate(other.negativeSpans, this.#negative.spans, 1);
    if (positive === null || negative === null) return false;
    if (!this.#owned) this.#own();
    addSpans(this.#positive, other.positiveSpans, other.positiveBuckets, positive, sign);
    addSpans(this.#negative, other.negativeSpans, other.negativeBuckets, negative, sign);
    this.#addScalar(zeroCountAt, sign * other.zeroCount);
    return true;
  }

  /** Where the other's spans are among the sum's buckets; null where they are not all there. */
  #locate(inner: readonly Span[], outer: readonly Span[], side: 0 | 1): Int32Array | null {
    if (this.#positions[side].length < inner.length) this.#positions[side] = new Int32Array(2 * inner.length);
    const positions = this.#positions[side];
    return locateSpans(inner, outer, positions) ? positions : null;
  }

  /** How many of the other's buckets lie within the zero bucket. */
  #within({schema, positiveSpans, negativeSpans}: FloatHistogram): number {
    if (schema === customBucketsSchema) return 0;
    const threshold = this.#zeroThreshold;
    return bucketsWithin(positiveSpans, schema, threshold) + bucketsWithin(negativeSpans, schema, threshold);
  }

  #own(): void {
    this.#positive = copySide(this.#positive);
    this.#negative = copySide(this.#negative);
    this.#owned = true;
  }

  /** Returns whether the bounds differed. */
  #addCustom(other: FloatHistogram, sign: 1 | -1): boolean {
    const right: Side = {spans: other.positiveSpans, counts: other.positiveBuckets, lost: null};
    if (sameBounds(this.#customValues, other.customValues)) {
      this.#positive = addSides(this.#positive, right, sign, 0);
      return false;
    }
    const common = commonBounds(this.#customValues, other.customValues);
    this.#positive = addToCommonBounds(
      {side: this.#positive, bounds: this.#customValues},
      {side: right, bounds: other.customValues},
      sign,
      common,
    );
    this.#customValues = common;
    return true;
  }

  #addExponential(other: FloatHistogram, sign: 1 | -1): void {
    const zero = this.#reconcileZero(other);
    this.#addScalar(zeroCountAt, sign * zero.count);
    if (this.#compensated) this.#addScalar(zeroCountAt, sign * zero.lost);
    let positive: Side = {spans: other.positiveSpans, counts: other.positiveBuckets, lost: null};
    let negative: Side = {spans: other.negativeSpans, counts: other.negativeBuckets, lost: null};
    if (other.schema < this.#schema) {
      this.#positive = reduceSide(this.#positive, this.#schema, other.schema);
      this.#negative = reduceSide(this.#negative, this.#schema, other.schema);
      this.#schema = other.schema;
    } else if (other.schema > this.#schema) {
      positive = reduceSide(this.#withLost(positive), other.schema, this.#schema);
      negative = reduceSide(this.#withLost(negative), other.schema, this.#schema);
    }
    this.#positive = this.#addSide(this.#positive, positive, sign);
    this.#negative = this.#addSide(this.#negative, negative, sign);
  }

  #addSide(left: Side, right: Side, sign: 1 | -1): Side {
    return addSides(left, right, sign, bucketsWithin(right.spans, this.#schema, this.#zeroThreshold));
  }

  #withLost(side: Side): Side {
    return this.#compensated ? {...side, lost: new Float64Array(side.counts.length)} : side;
  }

  /** Widens zero buckets until both are alike; returns the other's. */
  #reconcileZero(other: FloatHistogram): {count: number; lost: number} {
    let theirs = {threshold: other.zeroThreshold, count: other.zeroCount, lost: 0};
    while (theirs.threshold !== this.#zeroThreshold) {
      if (this.#zeroThreshold > theirs.threshold) {
        theirs = widenZero(zeroOf(other), this.#zeroThreshold);
      }
      if (theirs.threshold > this.#zeroThreshold) this.#widenZero(theirs.threshold);
    }
    return theirs;
  }

  #widenZero(threshold: number): void {
    const schema = this.#schema;
    const widened = widenZero(
      {
        schema,
        positive: this.#positive,
        negative: this.#negative,
        threshold: this.#zeroThreshold,
        count: this.#scalars[zeroCountAt]!,
        lost: this.#scalarsLost[zeroCountAt]!,
      },
      threshold,
    );
    this.#scalars[zeroCountAt] = widened.count;
    this.#scalarsLost[zeroCountAt] = this.#compensated ? widened.lost : 0;
    this.#zeroThreshold = widened.threshold;
    const drop = (side: Side): Side =>
      dropFirst(side, bucketsBeginningWithin(side.spans, schema, widened.threshold));
    this.#positive = drop(this.#positive);
    this.#negative = drop(this.#negative);
  }

  #apply(change: (value: number) => number): void {
    const mapped = ({spans, counts, lost}: Side): Side => ({
      spans,
      counts: counts.map(change),
      lost: lost === null ? null : lost.map(change),
    });
    this.#positive = mapped(this.#positive);
    this.#negative = mapped(this.#negative);
    this.#scalars = this.#scalars.map(change);
    this.#scalarsLost = this.#scalarsLost.map(change);
    this.#owned = true;
  }
}

const emptyHistogram = new FloatHistogram({});

function sideOf(spans: Side['spans'], counts: Float64Array, compensated: boolean): Side {
  return {spans, counts, lost: compensated ? new Float64Array(counts.length) : null};
}

function zeroOf(histogram: FloatHistogram): Parameters<typeof widenZero>[0] {
  return {
    schema: histogram.schema,
    positive: {spans: histogram.positiveSpans, counts: histogram.positiveBuckets, lost: null},
    negative: {spans: histogram.negativeSpans, counts: histogram.negativeBuckets, lost: null},
    threshold: histogram.zeroThreshold,
    count: histogram.zeroCount,
    lost: 0,
  };
}

function addSpans(
  {counts, lost}: Side,
  spans: readonly Span[],
  values: Float64Array,
  positions: Int32Array,
  sign: 1 | -1,
): void {
  let from = 0;
  for (let span = 0; span < spans.length; span++) {
    const end = from + spans[span]!.length;
    let to = positions[span]!;
    if (lost === null) for (; from < end; from++, to++) counts[to]! += sign * values[from]!;
    else for (; from < end; from++, to++) addKept(counts, lost, to, sign * values[from]!);
  }
}

function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}
