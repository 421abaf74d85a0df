// PromQL's `</` and `>/`: the observations on one side of a value, as far as the buckets tell.

import type {FloatHistogram} from '../histogram.ts';
import {compact} from './compact.ts';
import {type BucketCursor, negativeBuckets, positiveBuckets} from './cursor.ts';
import {fractionBelow} from './interpolation.ts';

/** `below`: what `</` keeps; `above`: what `>/` keeps. */
export type TrimSide = 'below' | 'above';

/** Observations that stay of a bucket, and the value at which they count in the sum. */
interface Kept {
  count: number;
  midpoint: number;
}

/**
 * The histogram without observations beyond `value`. A bucket that `value` cuts keeps its interpolated part. Where anything
 * goes, count and sum are estimated anew from the buckets (geometric means of exponential ones), and the result is compact.
 */
export function trim(histogram: FloatHistogram, value: number, side: TrimSide): FloatHistogram {
  const trimmer = new Trimmer(value, side, histogram.usesCustomBuckets);
  const positive = trimmer.buckets(positiveBuckets(histogram), histogram.positiveBuckets, true);
  const negative = trimmer.buckets(negativeBuckets(histogram), histogram.negativeBuckets, false);
  const zeroCount = trimmer.zeroBucket(histogram, positive.observed, negative.observed);
  if (!trimmer.trimmed) return histogram;
  return compact(
    histogram.with({
      count: trimmer.count,
      sum: trimmer.sum,
      zeroCount,
      positiveBuckets: positive.counts,
      negativeBuckets: negative.counts,
    }),
  );
}

class Trimmer {
  trimmed = false;
  count = 0;
  sum = 0;
  readonly #value: number;
  readonly #below: boolean;
  readonly #custom: boolean;

  constructor(value: number, side: TrimSide, custom: boolean) {
    this.#value = value;
    this.#below = side === 'below';
    this.#custom = custom;
  }

  /** What stays of the buckets of one sign, and whether there was any observation. */
  buckets(
    bucket: BucketCursor,
    counts: Float64Array,
    positive: boolean,
  ): {counts: Float64Array; observed: boolean} {
    const kept = counts.slice();
    let observed = false;
    for (let i = 0; bucket.next(); i++) {
      if (bucket.count === 0) continue;
      observed = true;
      const {count, midpoint} = this.#keep(bucket, positive);
      this.#take(bucket.count, count, midpoint);
      kept[i] = count;
    }
    return {counts: kept, observed};
  }

  /** What stays of the zero bucket. It ends at 0 towards a sign that has no observations while the other has. */
  zeroBucket({zeroCount, zeroThreshold}: FloatHistogram, hasPositive: boolean, hasNegative: boolean): number {
    if (!(zeroCount > 0)) return zeroCount;
    const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
    const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
    const {count, midpoint} = this.#keepLinear(zeroCount, lower, upper);
    this.#take(zeroCount, count, midpoint);
    return count;
  }

  #take(before: number, count: number, midpoint: number): void {
    if (count !== before) this.trimmed = true;
    this.count += count;
    this.sum += midpoint * count;
  }

  #keep(bucket: BucketCursor, positive: boolean): Kept {
    const {lower, upper, count} = bucket;
    const value = this.#value;
    const middle = (from: number, to: number): number => midpointOf(from, to, positive, this.#custom);
    if (this.#below ? upper <= value : lower >= value) return {count, midpoint: middle(lower, upper)};
    if (!(this.#below ? lower < value : upper > value)) return {count: 0, midpoint: 0};
    if (lower === -Infinity) return this.#keepOfLowest(upper, count);
    if (upper === Infinity) return this.#keepOfHighest(lower, count);
    const below = count * fractionBelow(value, lower, upper, this.#custom);
    return this.#below
      ? {count: below, midpoint: middle(lower, value)}
      : {count: count - below, midpoint: middle(value, upper)};
  }

  #keepLinear(count: number, lower: number, upper: number): Kept {
    const value = this.#value;
    const all = {count, midpoint: (lower + upper) / 2};
    const none = {count: 0, midpoint: 0};
    if (value <= lower) return this.#below ? none : all;
    if (value >= upper) return this.#below ? all : none;
    return this.#below
      ? {count: count * ((value - lower) / (upper - lower)), midpoint: (lower + value) / 2}
      : {count: count * ((upper - value) / (upper - lower)), midpoint: (value + upper) / 2};
  }

  /** Of a bucket without lower end that `value` cuts: it is taken to begin at 0 where it ends above. */
  #keepOfLowest(upper: number, count: number): Kept {
    const value = this.#value;
    const finite = upper !== Infinity;
    if (this.#below) {
      if (value > 0 && upper > 0 && finite) return {count: (count * value) / upper, midpoint: value / 2};
      if (upper <= 0) return {count, midpoint: value};
    } else if (value >= 0 && upper > value && finite) {
      return {count: count * (1 - value / upper), midpoint: (value + upper) / 2};
    }
    return {count: 0, midpoint: finite ? upper : 0};
  }

  /** Of a bucket without upper end that `value` cuts: below nothing is certain to stay, above all does. */
  #keepOfHighest(lower: number, count: number): Kept {
    return !this.#below && this.#value >= lower
      ? {count, midpoint: this.#value}
      : {count: 0, midpoint: lower};
  }
}

/** The value that stands for observations between two bounds. */
function midpointOf(lower: number, upper: number, positive: boolean, linear: boolean): number {
  if (lower === -Infinity || lower === Infinity) {
    if (upper === -Infinity || upper === Infinity) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (upper === Infinity || upper === -Infinity) return lower;
  if (linear) return (lower + upper) / 2;
  const mean = Math.sqrt(Math.abs(lower * upper));
  return positive ? mean : -mean;
}
