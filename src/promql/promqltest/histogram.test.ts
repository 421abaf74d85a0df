import assert from 'node:assert/strict';
import test from 'node:test';
import {counterReset, FloatHistogram} from '../../model/histogram.ts';
import {equals} from '../../model/histogram/equality.ts';
import {formatTestExpression} from '../../model/histogram/format.ts';
import {parseHistogram, parseHistogramSeries} from './histogram.ts';

test('parseHistogram() reads all fields', () => {
  const {histogram, hasHint} = parseHistogram(
    '{{schema:1 sum:-0.3 count:3.1 z_bucket:7.1 z_bucket_w:0.05 buckets:[5.1 10 7] offset:-3 ' +
      'n_buckets:[4.1 5] n_offset:-5 counter_reset_hint:gauge }}',
  );
  assert.ok(hasHint);
  const expected = new FloatHistogram({
    counterResetHint: counterReset.gauge,
    schema: 1,
    sum: -0.3,
    count: 3.1,
    zeroCount: 7.1,
    zeroThreshold: 0.05,
    positiveSpans: [{offset: -3, length: 3}],
    positiveBuckets: Float64Array.of(5.1, 10, 7),
    negativeSpans: [{offset: -5, length: 2}],
    negativeBuckets: Float64Array.of(4.1, 5),
  });
  assert.ok(equals(histogram, expected), formatTestExpression(histogram));
  assert.equal(histogram.counterResetHint, counterReset.gauge);
});

test('parseHistogram() reads what formatTestExpression() writes', () => {
  function f(text: string, written = text): void {
    assert.equal(formatTestExpression(parseHistogram(text).histogram), written);
  }
  f('{{}}');
  f('{{ }}', '{{}}');
  f('{{COUNT:1 Sum:NaN}}', '{{count:1 sum:NaN}}');
  f('{{schema:-53 count:1 sum:3 custom_values:[-1 5 1e+06] buckets:[1]}}');
  f('{{buckets:[1  2 ]}}', '{{buckets:[1 2]}}');
  f('{{count:1 counter_reset_hint:not_reset offset:2 buckets:[1] n_offset:-1 n_buckets:[2]}}');
  f('{{sum:inf count:0.1}}', '{{count:0.1 sum:+Inf}}');
});

test('parseHistogram() refuses what it does not know', () => {
  function f(text: string, message: RegExp): void {
    assert.throws(
      () => parseHistogram(text),
      (error) => error instanceof SyntaxError && message.test(error.message),
    );
  }
  f('{{', /no histogram/);
  f('{{sum:1', /no histogram/);
  f('{{sum}}', /bad histogram descriptor/);
  f('{{size:1}}', /bad histogram descriptor/);
  f('{{sum:1 sum:2}}', /duplicate key "sum"/);
  f('{{sum:abc}}', /parsing sum/);
  f('{{sum:+1}}', /parsing sum/);
  f('{{sum:.5}}', /parsing sum/);
  f('{{sum:0x1}}', /parsing sum/);
  f('{{z_bucket_w:-1}}', /parsing z_bucket_w/);
  f('{{buckets:[]}}', /parsing buckets/);
  f('{{buckets:[ 1]}}', /parsing buckets/);
  f('{{buckets:[1]offset:1}}', /parsing buckets/);
  f('{{ sum:1}}', /no histogram/);
  f('{{sum:}}', /parsing sum/);
  f('{{schema:1.5}}', /parsing schema/);
  f('{{buckets:[1 2}}', /parsing buckets/);
  f('{{buckets:1}}', /parsing buckets/);
  f('{{counter_reset_hint:maybe}}', /parsing counter_reset_hint/);
});

test('parseHistogramSeries() adds up', () => {
  function f(text: string, expected: string[]): void {
    const points = parseHistogramSeries(text, Number);
    assert.deepEqual(
      points.map(({histogram}) => formatTestExpression(histogram)),
      expected,
    );
  }
  f('{{count:1}}', ['{{count:1}}']);
  f('{{count:1}}x2', ['{{count:1}}', '{{count:1}}', '{{count:1}}']);
  f('{{count:1 buckets:[1]}}+{{count:2 offset:1 buckets:[2]}}x2', [
    '{{count:1 buckets:[1]}}',
    '{{count:3 buckets:[1 2]}}',
    '{{count:5 buckets:[1 4]}}',
  ]);
  f('{{sum:5}}-{{sum:2}}x1', ['{{sum:5}}', '{{sum:3}}']);
  f('{{schema:0 count:1}}+{{schema:3 count:1}}x1', ['{{count:1}}', '{{count:2}}']);
  assert.throws(() => parseHistogramSeries('{{schema:3}}+{{schema:0}}x1', Number), /from schema 0 to 3/);
  assert.throws(() => parseHistogramSeries('{{count:1}}+{{count:2}}', Number), SyntaxError);
});
