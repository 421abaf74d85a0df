import assert from 'node:assert/strict';
import test from 'node:test';
import {customBucketsSchema, FloatHistogram, type HistogramFields} from '../histogram.ts';
import {InvalidHistogram, validate} from './validate.ts';

const span = (offset: number, length: number): {offset: number; length: number} => ({offset, length});
const numbers = (...values: number[]): Float64Array => Float64Array.from(values);

test('validate() says with the words of Prometheus what is wrong', () => {
  function f(fields: Partial<HistogramFields>, message: string | null): void {
    if (message === null) validate(new FloatHistogram(fields));
    else assert.throws(() => validate(new FloatHistogram(fields)), new InvalidHistogram(message));
  }
  const custom = {schema: customBucketsSchema, customValues: [1, 2]};
  const two = {positiveSpans: [span(0, 1), span(1, 1)], positiveBuckets: numbers(1, 2)};
  f({}, null);
  f({...two, count: 3}, null);
  f({...two, positiveSpans: [span(-8, 2)]}, null);
  f({...custom, positiveSpans: [span(0, 1), span(1, 1)], positiveBuckets: numbers(1, 2)}, null);
  f(
    {schema: 9},
    'histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, ' +
      'got schema 9',
  );
  f({count: -1}, "observation count is  -1: histogram's observation count is negative");
  f(
    {zeroCount: -0.5},
    'zero bucket has observation count of -0.5: histogram has a bucket whose observation count is negative',
  );
  f(
    {...two, positiveBuckets: numbers(1, -2)},
    'positive side: bucket number 2 has observation count of -2: histogram has a bucket whose observation count is negative',
  );
  f(
    {...two, positiveSpans: [span(0, 3)]},
    'positive side: spans need 3 buckets, have 2 buckets: histogram spans specify different number of buckets than provided',
  );
  f(
    {negativeSpans: [span(0, 1), span(-1, 1)], negativeBuckets: numbers(1, 2)},
    'negative side: span number 2 with offset -1: histogram has a span whose offset is negative',
  );
  f({customValues: [1]}, 'histogram with exponential schema must not have custom bounds');
  f(
    {...custom, customValues: [1, 1]},
    'custom buckets: previous bound is 1.000000 and current is 1.000000: histogram custom bounds must be in strictly increasing order',
  );
  f({...custom, customValues: [1, NaN]}, 'custom buckets: histogram custom bounds must not be NaN');
  f(
    {...custom, customValues: [1, Infinity]},
    'custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite',
  );
  f(
    {...custom, positiveSpans: [span(2, 2)], positiveBuckets: numbers(1, 2)},
    'custom buckets: only 2 custom bounds defined which is insufficient to cover total span length of 4: ' +
      'histogram custom bounds are too few',
  );
  f({...custom, zeroCount: 1}, 'custom buckets: must have zero count of 0');
  f({...custom, zeroThreshold: 1}, 'custom buckets: must have zero threshold of 0');
  f({...custom, negativeSpans: [span(0, 0)]}, 'custom buckets: must not have negative spans');
  f({...custom, negativeBuckets: numbers(1)}, 'custom buckets: must not have negative buckets');
});

test('validate() has limits', () => {
  const many = 100_000;
  assert.throws(
    () =>
      validate(new FloatHistogram({positiveSpans: [span(0, many)], positiveBuckets: new Float64Array(many)})),
    /more than 65536/,
  );
  for (const offset of [2 ** 31 - 1, 2 ** 32, -(2 ** 40)]) {
    assert.throws(
      () => validate(new FloatHistogram({positiveSpans: [span(offset, 1)], positiveBuckets: numbers(1)})),
      /beyond 32-bit indexes/,
    );
  }
});
