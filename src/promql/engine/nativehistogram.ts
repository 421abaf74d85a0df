// What PromQL's histogram functions compute from one native histogram.

import {exp2, log2} from '../../base/exponentials.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import {allBuckets, allBucketsDescending, type BucketCursor} from '../../model/histogram/cursor.ts';
import {fractionBelow} from '../../model/histogram/interpolation.ts';
import {addKept} from '../../model/histogram/side.ts';

/** A quantile or fraction, and what has to be said about observations of NaN. */
export interface Estimate {
  value: number;
  /**
   * `skew`: the result is skewed by NaN observations, which count as above all buckets; `nan`: the quantile falls among
   * them.
   */
  nanObservations: 'none' | 'skew' | 'nan';
}

function plain(value: number): Estimate {
  return {value, nanObservations: 'none'};
}

/**
 * histogram_quantile(): linear within custom buckets and the zero bucket, else on a logarithmic scale. Where the sum is NaN,
 * Prometheus 3.14 interpolates within the last bucket, and not in that which the rank falls into, as it documents; so it is
 * done here.
 */
export function histogramQuantile(q: number, histogram: FloatHistogram): Estimate {
  if (q < 0) return plain(-Infinity);
  if (q > 1) return plain(Infinity);
  if (histogram.count === 0 || q !== q) return plain(NaN);
  // From the nearer end; NaN observations count at the upper end only.
  const rises = Number.isNaN(histogram.sum) || q < 0.5;
  const bucket = rises ? allBuckets(histogram) : allBucketsDescending(histogram);
  const rank = (rises ? q : 1 - q) * histogram.count;
  const counted = seek(bucket, rank);
  if (counted === null) return withoutBuckets(rank, histogram);
  const bounds = {lower: bucket.lower, upper: bucket.upper};
  const open = histogram.usesCustomBuckets ? endOfOpenBucket(bounds) : null;
  if (open !== null) return plain(open);
  if (!histogram.usesCustomBuckets && bounds.lower < 0 && bounds.upper > 0) halveZero(histogram, bounds);
  const reached = counted > histogram.count ? histogram.count : counted;
  if (reached < rank) {
    return Number.isNaN(histogram.sum) ? {value: NaN, nanObservations: 'nan'} : plain(bounds.upper);
  }
  const within = rises ? rank - (reached - bucket.count) : reached - rank;
  const found = {bounds, count: bucket.count};
  const skewed = Number.isNaN(histogram.sum) && countRest(bucket, reached, found) < histogram.count;
  return {
    value: interpolate(found.bounds, within / found.count, histogram.usesCustomBuckets),
    nanObservations: skewed ? 'skew' : 'none',
  };
}

/** Goes to the bucket that holds the rank, or the last one; returns the observations up to and with it, null without buckets. */
function seek(bucket: BucketCursor, rank: number): number | null {
  let counted: number | null = null;
  while (bucket.next()) {
    counted ??= 0;
    if (bucket.count === 0) continue;
    counted += bucket.count;
    if (counted >= rank) break;
  }
  return counted;
}

/** All observations are NaN, or in no bucket for whatever reason, for which Prometheus has 0. Their count may be NaN, too. */
function withoutBuckets(rank: number, {sum, count}: FloatHistogram): Estimate {
  if (!Number.isNaN(sum)) return plain(rank > 0 ? 0 : NaN);
  return {value: NaN, nanObservations: rank > 0 ? 'nan' : count > 0 ? 'skew' : 'none'};
}

/**
 * Observations of the buckets that follow, added to `counted` one by one, which rounds like Prometheus. The last of them
 * takes the place of `found`.
 */
function countRest(bucket: BucketCursor, counted: number, found: {bounds: Bounds; count: number}): number {
  let total = counted;
  while (bucket.next()) {
    total += bucket.count;
    found.bounds = {lower: bucket.lower, upper: bucket.upper};
    found.count = bucket.count;
  }
  return total;
}

interface Bounds {
  lower: number;
  upper: number;
}

/** Without observations of one sign, but some of the other, the zero bucket is taken to end at 0. */
function halveZero({negativeBuckets, positiveBuckets}: FloatHistogram, bounds: Bounds): void {
  if (negativeBuckets.length === 0 && positiveBuckets.length > 0) bounds.lower = 0;
  else if (positiveBuckets.length === 0 && negativeBuckets.length > 0) bounds.upper = 0;
}

/** Custom buckets at the ends have one bound, which is the result; but the lowest begins at 0 where it ends above. */
function endOfOpenBucket(bounds: Bounds): number | null {
  if (bounds.lower === -Infinity) {
    if (bounds.upper <= 0) return bounds.upper;
    bounds.lower = 0;
    return null;
  }
  return bounds.upper === Infinity ? bounds.lower : null;
}

function interpolate({lower, upper}: Bounds, fraction: number, custom: boolean): number {
  if (custom || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  if (lower > 0) return exp2(logLower + (logUpper - logLower) * fraction);
  return -exp2(logUpper + (logLower - logUpper) * (1 - fraction));
}

/** histogram_fraction(): the part of all observations that lies between two values. */
export function histogramFraction(lower: number, upper: number, histogram: FloatHistogram): Estimate {
  if (histogram.count === 0 || lower !== lower || upper !== upper) return plain(NaN);
  if (lower >= upper) return plain(0);
  const lowerRank = new RankSearch(lower);
  const upperRank = new RankSearch(upper);
  const bucket = allBuckets(histogram);
  const bounds = {lower: 0, upper: 0};
  let counted = 0;
  let rank = 0;
  while (!(lowerRank.found && upperRank.found) && bucket.next()) {
    counted += bucket.count;
    bounds.lower = bucket.lower;
    bounds.upper = bucket.upper;
    const zero = bounds.lower <= 0 && bounds.upper >= 0;
    if (zero) halveZero(histogram, bounds);
    const linear = zero || histogram.usesCustomBuckets;
    lowerRank.see(bounds, bucket.count, rank, linear);
    upperRank.see(bounds, bucket.count, rank, linear);
    rank += bucket.count;
  }
  const sumIsNaN = Number.isNaN(histogram.sum);
  const last = {bounds, count: 0};
  const total = sumIsNaN ? countRest(bucket, counted, last) : histogram.count;
  return {
    value: (upperRank.atMost(total) - lowerRank.atMost(total)) / histogram.count,
    nanObservations: sumIsNaN && total < histogram.count ? 'skew' : 'none',
  };
}

/** How many observations lie below a value. */
class RankSearch {
  found = false;
  readonly #value: number;
  #rank = 0;

  constructor(value: number) {
    this.#value = value;
  }

  /** Looks at the next bucket, before which `rank` observations lie. */
  see({lower, upper}: Bounds, count: number, rank: number, linear: boolean): void {
    if (this.found) return;
    if (lower >= this.#value) this.#find(rank);
    else if (upper > this.#value) this.#find(rankWithin(this.#value, {lower, upper}, count, rank, linear));
  }

  /** All observations where no bucket reaches the value. */
  atMost(total: number): number {
    return !this.found || this.#rank > total ? total : this.#rank;
  }

  #find(rank: number): void {
    this.found = true;
    this.#rank = rank;
  }
}

function rankWithin(
  value: number,
  {lower, upper}: Bounds,
  count: number,
  rank: number,
  linear: boolean,
): number {
  // A bucket that begins at -Inf counts as wholly below; one that ends at +Inf as wholly above, as the formula says.
  if (linear && lower === -Infinity) return count;
  return rank + count * fractionBelow(value, lower, upper, linear);
}

/** histogram_avg(). */
export function histogramAverage({sum, count}: FloatHistogram): number {
  return sum / count;
}

/** histogram_stdvar(): every observation counts at its bucket's middle: 0 of the zero bucket, else the geometric mean. */
export function histogramVariance(histogram: FloatHistogram): number {
  const mean = histogramAverage(histogram);
  const variance = new Float64Array(1);
  const lost = new Float64Array(1);
  for (const bucket = allBuckets(histogram); bucket.next();) {
    if (bucket.count === 0) continue;
    const delta = middleOf(bucket, histogram.usesCustomBuckets) - mean;
    addKept(variance, lost, 0, bucket.count * delta * delta);
  }
  return (variance[0]! + lost[0]!) / histogram.count;
}

/** histogram_stddev(). */
export function histogramStandardDeviation(histogram: FloatHistogram): number {
  return Math.sqrt(histogramVariance(histogram));
}

function middleOf({lower, upper}: Bounds, custom: boolean): number {
  if (custom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const middle = Math.sqrt(upper * lower);
  return upper < 0 ? -middle : middle;
}
