import assert from 'node:assert/strict';
import test from 'node:test';
import {counterReset, customBucketsSchema, FloatHistogram, type HistogramFields} from '../histogram.ts';
import {add, divide, scale, sub} from './arithmetic.ts';
import {IncompatibleHistograms} from './accumulator.ts';
import {compact} from './compact.ts';
import {formatTestExpression} from './format.ts';

type Fields = Omit<Partial<HistogramFields>, 'positiveBuckets' | 'negativeBuckets'>;

/** A histogram whose sides are one span each: `[offset, ...counts]`. */
function histogram(fields: Fields & {positive?: number[]; negative?: number[]}): FloatHistogram {
  const {positive, negative, ...others} = fields;
  const span = (side: number[] | undefined): HistogramFields['positiveSpans'] =>
    side === undefined ? [] : [{offset: side[0]!, length: side.length - 1}];
  return new FloatHistogram({
    ...others,
    positiveSpans: span(positive),
    positiveBuckets: Float64Array.from(positive?.slice(1) ?? []),
    negativeSpans: span(negative),
    negativeBuckets: Float64Array.from(negative?.slice(1) ?? []),
  });
}

test('add() and sub() bring histograms to a common form', () => {
  function f(left: FloatHistogram, right: FloatHistogram, sum: string, difference: string): void {
    assert.equal(formatTestExpression(compact(add(left, right).histogram)), sum);
    assert.equal(formatTestExpression(compact(sub(left, right).histogram)), difference);
  }
  f(
    histogram({count: 3, sum: 5, positive: [0, 1, 2]}),
    histogram({count: 4, sum: 7, positive: [1, 1, 0, 3]}),
    '{{count:7 sum:12 buckets:[1 3 0 3]}}',
    '{{count:-1 sum:-2 buckets:[1 1 0 -3]}}',
  );
  f(
    histogram({schema: 1, count: 4, positive: [1, 1, 1, 1, 1]}),
    histogram({schema: 0, count: 2, positive: [1, 2]}),
    '{{count:6 offset:1 buckets:[4 2]}}',
    '{{count:2 offset:2 buckets:[2]}}',
  );
  f(
    histogram({zeroThreshold: 1, zeroCount: 1, count: 4, positive: [1, 3]}),
    histogram({zeroThreshold: 0.5, zeroCount: 2, count: 7, positive: [0, 2, 3], negative: [0, 1]}),
    '{{count:11 z_bucket:6 z_bucket_w:1 offset:1 buckets:[6]}}',
    '{{count:-3 z_bucket:-4 z_bucket_w:1}}',
  );
  f(
    histogram({schema: customBucketsSchema, count: 6, customValues: [1, 2, 4], positive: [0, 1, 2, 3]}),
    histogram({schema: customBucketsSchema, count: 4, customValues: [2, 3, 4], positive: [0, 1, 1, 1, 1]}),
    '{{schema:-53 count:10 custom_values:[2 4] buckets:[4 5 1]}}',
    '{{schema:-53 count:2 custom_values:[2 4] buckets:[2 1 -1]}}',
  );
});

test('add() refuses exponential with custom buckets', () => {
  const custom = histogram({schema: customBucketsSchema});
  assert.throws(() => add(histogram({}), custom), IncompatibleHistograms);
  assert.throws(() => sub(custom, histogram({})), IncompatibleHistograms);
});

test('add() joins what is known of resets', () => {
  const {unknown, reset, notReset, gauge} = counterReset;
  function f(left: number, right: number, joined: number, collision = false): void {
    const of = (hint: number): FloatHistogram => new FloatHistogram({counterResetHint: hint as 0});
    const result = add(of(left), of(right));
    assert.deepEqual([result.histogram.counterResetHint, result.counterResetCollision], [joined, collision]);
  }
  f(unknown, unknown, unknown);
  f(reset, reset, reset);
  f(reset, notReset, unknown, true);
  f(notReset, reset, unknown, true);
  f(notReset, unknown, unknown);
  f(reset, gauge, gauge);
  f(gauge, unknown, gauge);
});

test('scale() and divide() keep the buckets, but a division by 0 drops them', () => {
  const h = histogram({count: 3, sum: 5, zeroCount: 1, positive: [0, 2]});
  assert.equal(formatTestExpression(scale(h, 2)), '{{count:6 sum:10 z_bucket:2 buckets:[4]}}');
  assert.equal(
    formatTestExpression(scale(h, -1)),
    '{{count:-3 sum:-5 z_bucket:-1 counter_reset_hint:gauge buckets:[-2]}}',
  );
  assert.equal(formatTestExpression(divide(h, 2)), '{{count:1.5 sum:2.5 z_bucket:0.5 buckets:[1]}}');
  assert.equal(formatTestExpression(divide(h, 0)), '{{count:+Inf sum:+Inf z_bucket:+Inf}}');
});
