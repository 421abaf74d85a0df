import type {FloatHistogram} from '../histogram.ts';
import {sameBounds} from './customvalues.ts';
import {sameBuckets} from './spans.ts';

/**
 * Whether two histograms are the same data, as PromQL's `==` asks: the same buckets, empty ones too, and the same numbers,
 * where NaN is NaN and 0 is not -0. What is known of resets does not matter.
 */
export function equals(left: FloatHistogram, right: FloatHistogram): boolean {
  return (
    left.schema === right.schema &&
    Object.is(left.count, right.count) &&
    Object.is(left.sum, right.sum) &&
    left.zeroThreshold === right.zeroThreshold &&
    Object.is(left.zeroCount, right.zeroCount) &&
    (!left.usesCustomBuckets || sameBounds(left.customValues, right.customValues)) &&
    sameBuckets(left.negativeSpans, right.negativeSpans) &&
    sameNumbers(left.negativeBuckets, right.negativeBuckets) &&
    sameBuckets(left.positiveSpans, right.positiveSpans) &&
    sameNumbers(left.positiveBuckets, right.positiveBuckets)
  );
}

function sameNumbers(left: Float64Array, right: Float64Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (!Object.is(left[i], right[i])) return false;
  return true;
}
