// Zero buckets of different widths: the narrower one is widened, taking in the buckets next to it.

import type {Span} from '../histogram.ts';
import {exponentialBound} from './bounds.ts';
import {addKept, type Side} from './side.ts';

/** What the widening of a zero bucket looks at and changes. */
export interface ZeroBucket {
  readonly schema: number;
  readonly positive: Side;
  readonly negative: Side;
  readonly threshold: number;
  readonly count: number;
  /** What rounding has lost of `count`. */
  readonly lost: number;
}

/**
 * Threshold and count when the zero bucket is widened to `threshold`, or, where that lies within a bucket with
 * observations, to the end of that bucket.
 */
export function widenZero(
  zero: ZeroBucket,
  threshold: number,
): {threshold: number; count: number; lost: number} {
  if (threshold === zero.threshold) return {threshold, count: zero.count, lost: zero.lost};
  const sums = new Float64Array(1);
  const lost = new Float64Array(1);
  let widened = threshold;
  for (;;) {
    sums[0] = zero.count;
    lost[0] = zero.lost;
    widened = takeIn(zero.positive, zero.schema, widened, sums, lost);
    const further = takeIn(zero.negative, zero.schema, widened, sums, lost);
    if (further === widened) return {threshold: widened, count: sums[0], lost: lost[0]};
    // The positive buckets have to be looked at again.
    widened = further;
  }
}

/** Adds the buckets that begin below `threshold`; returns it, or the end of the bucket with observations that it cuts. */
function takeIn(
  side: Side,
  schema: number,
  threshold: number,
  sums: Float64Array,
  lost: Float64Array,
): number {
  let at = 0;
  let index = 0;
  for (const {offset, length} of side.spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, at++) {
      if (exponentialBound(index - 1, schema) >= threshold) return threshold;
      const count = side.counts[at]!;
      addKept(sums, lost, 0, count);
      if (side.lost !== null) addKept(sums, lost, 0, side.lost[at]!);
      const upper = exponentialBound(index, schema);
      if (upper > threshold) return count === 0 ? threshold : upper;
    }
  }
  return threshold;
}

/** How many buckets begin below `threshold`. */
export function bucketsBeginningWithin(spans: readonly Span[], schema: number, threshold: number): number {
  let within = 0;
  let index = 0;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++, within++) {
      if (exponentialBound(index - 1, schema) >= threshold) return within;
    }
  }
  return within;
}
