// When a result is close enough to what a script expects: upstream's tolerances.

import type {FloatHistogram} from '../../model/histogram.ts';
import {compact} from '../../model/histogram/compact.ts';
import {sameBounds} from '../../model/histogram/customvalues.ts';
import {sameBuckets} from '../../model/histogram/spans.ts';
import type {DescribedHistogram} from './histogram.ts';

const epsilon = 1e-6;
const smallestNormal = 2 ** -1022;

/** Equal up to `epsilon`, relative to the sum of both. */
export function almostEqual(left: number, right: number): boolean {
  if (left === right || (left !== left && right !== right)) return true;
  const sum = Math.abs(left) + Math.abs(right);
  const difference = Math.abs(left - right);
  if (left === 0 || right === 0 || sum < smallestNormal) return difference < epsilon * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < epsilon;
}

/** Whether a result has the buckets and almost the numbers of the description, and its hint if it has one. */
export function almostDescribed(expected: DescribedHistogram, result: FloatHistogram): boolean {
  const left = compact(expected.histogram);
  const right = compact(result);
  return (
    left.schema === right.schema &&
    almostEqual(left.count, right.count) &&
    almostEqual(left.sum, right.sum) &&
    (!left.usesCustomBuckets || sameBounds(left.customValues, right.customValues)) &&
    left.zeroThreshold === right.zeroThreshold &&
    almostEqual(left.zeroCount, right.zeroCount) &&
    sameBuckets(left.negativeSpans, right.negativeSpans) &&
    almostAll(left.negativeBuckets, right.negativeBuckets) &&
    sameBuckets(left.positiveSpans, right.positiveSpans) &&
    almostAll(left.positiveBuckets, right.positiveBuckets) &&
    (!expected.hasHint || left.counterResetHint === right.counterResetHint)
  );
}

function almostAll(left: Float64Array, right: Float64Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (!almostEqual(left[i]!, right[i]!)) return false;
  return true;
}
