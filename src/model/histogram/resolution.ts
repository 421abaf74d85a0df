import {assert} from '../../base/assert.ts';
import {counterReset, type FloatHistogram} from '../histogram.ts';
import {isExponentialSchema} from './bounds.ts';
import {reduceSide} from './side.ts';

/**
 * The histogram in exponential schema `schema`, which is at most its own. Where it is less, nothing is known of resets any
 * more.
 */
export function reduceResolution(histogram: FloatHistogram, schema: number): FloatHistogram {
  if (schema === histogram.schema) return histogram;
  assert(
    !histogram.usesCustomBuckets && schema < histogram.schema && isExponentialSchema(schema),
    `schema ${histogram.schema} can be reduced to ${schema}`,
  );
  const {positiveSpans, positiveBuckets, negativeSpans, negativeBuckets} = histogram;
  const positive = reduceSide(
    {spans: positiveSpans, counts: positiveBuckets, lost: null},
    histogram.schema,
    schema,
  );
  const negative = reduceSide(
    {spans: negativeSpans, counts: negativeBuckets, lost: null},
    histogram.schema,
    schema,
  );
  return histogram.with({
    counterResetHint: counterReset.unknown,
    schema,
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
  });
}
