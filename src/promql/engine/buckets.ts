// Quantiles and fractions of classic histograms: cumulative counts at upper bounds.

/** By rising bound. Functions that take it may change the counts and the length. */
export interface Buckets {
  bounds: Float64Array;
  counts: Float64Array;
  length: number;
}

/** Relative differences below this between neighbouring counts are taken for rounding errors and removed silently. */
const smallDifference = 1e-12;
/** Counts further apart than this, and by more than that relative to their sum, are no rounding errors for sure. */
const clearlyApart = 1e-300;
const clearDifference = 1e-11;

/**
 * Finds quantiles by linear interpolation within a bucket. After `compute`, the fields say whether a count was smaller
 * than the one before and had to be raised, and where.
 */
export class BucketQuantile {
  forcedMonotonic = false;
  minBucket = Infinity;
  maxBucket = -Infinity;
  maxDifference = 0;

  compute(quantile: number, buckets: Buckets): number {
    this.forcedMonotonic = false;
    if (quantile !== quantile) return NaN;
    if (quantile < 0) return -Infinity;
    if (quantile > 1) return Infinity;
    if (buckets.bounds[buckets.length - 1] !== Infinity) return NaN;
    coalesce(buckets);
    this.#makeMonotonic(buckets);
    const {bounds, counts, length} = buckets;
    if (length < 2) return NaN;
    const observations = counts[length - 1]!;
    if (observations === 0) return NaN;
    let rank = quantile * observations;
    const bucket = firstReaching(counts, length - 1, rank);
    if (bucket === length - 1) return bounds[length - 2]!;
    if (bucket === 0 && bounds[0]! <= 0) return bounds[0]!;
    let start = 0;
    let count = counts[bucket]!;
    if (bucket > 0) {
      start = bounds[bucket - 1]!;
      count -= counts[bucket - 1]!;
      rank -= counts[bucket - 1]!;
    }
    return start + (bounds[bucket]! - start) * (rank / count);
  }

  #makeMonotonic({bounds, counts, length}: Buckets): void {
    this.minBucket = Infinity;
    this.maxBucket = -Infinity;
    this.maxDifference = 0;
    let previous = counts[0]!;
    for (let i = 1; i < length; i++) {
      const count = counts[i]!;
      if (count === previous) continue;
      const apart = Math.abs(count - previous);
      // Fast path: what is looked at closely costs more.
      const clear = apart > clearlyApart && apart > clearDifference * (Math.abs(count) + Math.abs(previous));
      if (!clear && almostEqual(previous, count)) {
        counts[i] = previous;
        continue;
      }
      if (count < previous) {
        counts[i] = previous;
        this.forcedMonotonic = true;
        if (bounds[i]! < this.minBucket) this.minBucket = bounds[i]!;
        if (bounds[i]! > this.maxBucket) this.maxBucket = bounds[i]!;
        if (previous - count > this.maxDifference) this.maxDifference = previous - count;
        continue;
      }
      previous = count;
    }
  }
}

/** The fraction of observations between two bounds, each interpolated linearly within its bucket. */
export function bucketFraction(lower: number, upper: number, buckets: Buckets): number {
  if (buckets.bounds[buckets.length - 1] !== Infinity) return NaN;
  coalesce(buckets);
  const {counts, length} = buckets;
  const total = counts[length - 1]!;
  if (total === 0 || lower !== lower || upper !== upper) return NaN;
  if (lower >= upper) return 0;
  return (rankBelow(upper, buckets) - rankBelow(lower, buckets)) / total;
}

/** How many observations lie below `value`. Within the infinite buckets there is nothing to interpolate. */
function rankBelow(value: number, {bounds, counts, length}: Buckets): number {
  const total = counts[length - 1]!;
  let rank = 0;
  let lower = bounds[0]! <= 0 ? -Infinity : 0;
  for (let i = 0; i < length; i++) {
    const upper = bounds[i]!;
    const count = counts[i]!;
    if (lower >= value) return Math.min(rank, total);
    if (upper > value) {
      const found = lower === -Infinity ? count : rank + ((count - rank) * (value - lower)) / (upper - lower);
      return found > total ? total : found;
    }
    rank = count;
    lower = upper;
  }
  return total;
}

/** Adds up buckets with the same bound. */
function coalesce(buckets: Buckets): void {
  const {bounds, counts, length} = buckets;
  let last = 0;
  // Fast path: up to the first bound that is there twice, which is most often the end.
  while (last + 1 < length && bounds[last + 1] !== bounds[last]) last++;
  for (let i = last + 1; i < length; i++) {
    if (bounds[i] === bounds[last]) counts[last]! += counts[i]!;
    else {
      last++;
      bounds[last] = bounds[i]!;
      counts[last] = counts[i]!;
    }
  }
  buckets.length = last + 1;
}

/** The first bucket below `length` whose count reaches `rank`, found by halving; `length` where none does. */
function firstReaching(counts: Float64Array, length: number, rank: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (counts[middle]! >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether two numbers differ by less than the tolerance, relative to their sum. */
function almostEqual(a: number, b: number): boolean {
  if (a !== a && b !== b) return true;
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  const smallestNormal = 2.2250738585072014e-308;
  if (a === 0 || b === 0 || sum < smallestNormal) return difference < smallDifference * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < smallDifference;
}
