// Operators of PromQL between histograms, and between histograms and numbers. None compacts its result.

import {counterReset, type CounterResetHint, FloatHistogram} from '../histogram.ts';
import {Accumulator, type AdditionNotes} from './accumulator.ts';

export interface Addition extends AdditionNotes {
  histogram: FloatHistogram;
}

/** Whether two histograms can be added: both have exponential buckets, or both custom ones. */
export function areCompatible(left: FloatHistogram, right: FloatHistogram): boolean {
  return left.usesCustomBuckets === right.usesCustomBuckets;
}

/** left + right. Throws IncompatibleHistograms. */
export function add(left: FloatHistogram, right: FloatHistogram): Addition {
  return addSigned(left, right, 1);
}

/** left - right, with the hint of a sum: PromQL's `-` makes a gauge of it afterwards. Throws IncompatibleHistograms. */
export function sub(left: FloatHistogram, right: FloatHistogram): Addition {
  return addSigned(left, right, -1);
}

function addSigned(left: FloatHistogram, right: FloatHistogram, sign: 1 | -1): Addition {
  const accumulator = new Accumulator(left, false);
  const {counterResetCollision, nhcbBoundsReconciled} = accumulator.add(right, sign);
  return {histogram: accumulator.value(), counterResetCollision, nhcbBoundsReconciled};
}

/** All counts and the sum times `factor`; a gauge where that is negative. */
export function scale(histogram: FloatHistogram, factor: number): FloatHistogram {
  return histogram.with({
    counterResetHint: hintOf(histogram, factor),
    zeroCount: histogram.zeroCount * factor,
    count: histogram.count * factor,
    sum: histogram.sum * factor,
    positiveBuckets: histogram.positiveBuckets.map((count) => count * factor),
    negativeBuckets: histogram.negativeBuckets.map((count) => count * factor),
  });
}

/** All counts and the sum divided by `divisor`; a gauge where that is negative. Division by 0 leaves no buckets. */
export function divide(histogram: FloatHistogram, divisor: number): FloatHistogram {
  const {positiveBuckets, negativeBuckets} = histogram;
  const scalars = {
    counterResetHint: hintOf(histogram, divisor),
    zeroCount: histogram.zeroCount / divisor,
    count: histogram.count / divisor,
    sum: histogram.sum / divisor,
  };
  if (divisor === 0) {
    const none = new Float64Array(0);
    return histogram.with({
      ...scalars,
      positiveSpans: [],
      negativeSpans: [],
      positiveBuckets: none,
      negativeBuckets: none,
    });
  }
  return histogram.with({
    ...scalars,
    positiveBuckets: positiveBuckets.map((count) => count / divisor),
    negativeBuckets: negativeBuckets.map((count) => count / divisor),
  });
}

/** -histogram, a gauge. */
export function negate(histogram: FloatHistogram): FloatHistogram {
  return scale(histogram, -1);
}

function hintOf({counterResetHint}: FloatHistogram, factor: number): CounterResetHint {
  return factor < 0 ? counterReset.gauge : counterResetHint;
}
