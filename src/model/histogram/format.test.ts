import assert from 'node:assert/strict';
import test from 'node:test';
import {counterReset, customBucketsSchema, FloatHistogram} from '../histogram.ts';
import {equals} from './equality.ts';
import {formatHistogram, formatTestExpression} from './format.ts';
import {pointSamples, sizeBytes} from './size.ts';

const full = new FloatHistogram({
  counterResetHint: counterReset.notReset,
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 19.5,
  sum: 2.7e6,
  positiveSpans: [
    {offset: -1, length: 2},
    {offset: 1, length: 1},
  ],
  positiveBuckets: Float64Array.of(1, 0, 2.5),
  negativeSpans: [{offset: 0, length: 2}],
  negativeBuckets: Float64Array.of(3, 11),
});

test('formatHistogram() writes what Prometheus writes', () => {
  assert.equal(
    formatHistogram(full),
    '{count:19.5, sum:2.7e+06, [-1.414213562373095,-1):11, [-1,-0.7071067811865475):3, [-0.001,0.001]:2, ' +
      '(0.5,0.7071067811865475]:1, (1.414213562373095,2]:2.5}',
  );
  const custom = new FloatHistogram({
    schema: customBucketsSchema,
    count: 3,
    sum: NaN,
    customValues: [-1, 0.5],
    positiveSpans: [{offset: 0, length: 3}],
    positiveBuckets: Float64Array.of(1, 1, 1),
  });
  assert.equal(formatHistogram(custom), '{count:3, sum:NaN, [-Inf,-1]:1, (-1,0.5]:1, (0.5,+Inf]:1}');
  assert.equal(formatHistogram(new FloatHistogram({})), '{count:0, sum:0}');
});

test('formatTestExpression() writes one run of buckets for each sign', () => {
  assert.equal(
    formatTestExpression(full),
    '{{schema:1 count:19.5 sum:2.7e+06 z_bucket:2 z_bucket_w:0.001 counter_reset_hint:not_reset ' +
      'offset:-1 buckets:[1 0 0 2.5] n_buckets:[3 11]}}',
  );
  assert.equal(formatTestExpression(new FloatHistogram({})), '{{}}');
});

test('equals() is about buckets and numbers, not spans and hints', () => {
  function f(change: Partial<FloatHistogram>, expected: boolean): void {
    assert.equal(equals(full, full.with(change)), expected);
    assert.equal(equals(full.with(change), full), expected);
  }
  f({}, true);
  f({counterResetHint: counterReset.gauge}, true);
  f({positiveSpans: [...full.positiveSpans, {offset: 3, length: 0}]}, true);
  f(
    {
      positiveSpans: [
        {offset: -1, length: 2},
        {offset: -2, length: 0},
        {offset: 3, length: 1},
      ],
    },
    true,
  );
  f({positiveSpans: [{offset: -1, length: 3}]}, false);
  f({sum: 2}, false);
  f({zeroCount: -0}, false);
  f({positiveBuckets: Float64Array.of(1, -0, 2.5)}, false);
  assert.ok(equals(full.with({sum: NaN}), full.with({sum: NaN})));
});

test('sizes are those of Go structs', () => {
  assert.equal(sizeBytes(new FloatHistogram({})), 168);
  assert.equal(pointSamples(new FloatHistogram({})), 11);
  assert.equal(sizeBytes(full), 168 + 8 * (2 + 3 + 1 + 2));
});
