import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'node:test';
import type {FloatHistogram} from '../../model/histogram.ts';
import {add, sub} from '../../model/histogram/arithmetic.ts';
import {compact} from '../../model/histogram/compact.ts';
import {formatTestExpression} from '../../model/histogram/format.ts';
import {detectReset} from '../../model/histogram/reset.ts';
import {reduceResolution} from '../../model/histogram/resolution.ts';
import {HistogramMean, HistogramSum} from '../../model/histogram/sum.ts';
import {trim} from '../../model/histogram/trim.ts';
import {parseHistogram} from '../promqltest/histogram.ts';
import {histogramFraction, histogramQuantile, histogramVariance} from './nativehistogram.ts';

function parse(text: string | undefined): FloatHistogram {
  return parseHistogram(text!).histogram;
}

function accumulated<T extends HistogramSum | HistogramMean>(sum: T, others: readonly string[]): T {
  for (const text of others) sum.add(parse(text));
  return sum;
}

const operations: Readonly<Record<string, (operands: string[]) => FloatHistogram | number | boolean>> = {
  add: ([left, right]) => add(parse(left), parse(right)).histogram,
  sub: ([left, right]) => sub(parse(left), parse(right)).histogram,
  sum: ([first, ...others]) => accumulated(new HistogramSum(parse(first)), others).sum(),
  mean: ([first, ...others]) => accumulated(new HistogramMean(parse(first)), others).mean(),
  below: ([histogram, value]) => trim(parse(histogram), Number(value), 'below'),
  above: ([histogram, value]) => trim(parse(histogram), Number(value), 'above'),
  reduce: ([histogram, schema]) => reduceResolution(parse(histogram), Number(schema)),
  reset: ([current, previous]) => detectReset(parse(current), parse(previous)),
  quantile: ([histogram, q]) => histogramQuantile(Number(q), parse(histogram)).value,
  fraction: ([histogram, from, to]) => histogramFraction(Number(from), Number(to), parse(histogram)).value,
  variance: ([histogram]) => histogramVariance(parse(histogram)),
};

test('operations on histograms give every digit that Prometheus gives', () => {
  const lines = readFileSync(join(import.meta.dirname, 'testdata/histograms.txt'), 'utf8')
    .trim()
    .split('\n');
  const seen = new Set<string>();
  for (const line of lines.slice(1)) {
    const [operation, ...operands] = line.split('\t') as [string, ...string[]];
    const expected = operands.pop();
    seen.add(operation);
    const result = operations[operation]!(operands);
    const text = typeof result === 'object' ? formatTestExpression(compact(result)) : String(result);
    assert.equal(text, expected, line);
  }
  assert.deepEqual([...seen].sort(), Object.keys(operations).sort());
});

test('histogramQuantile() outside of [0, 1], of nothing, at the ends', () => {
  function f(q: number, text: string, expected: number): void {
    assert.deepEqual(histogramQuantile(q, parse(text)), {value: expected, nanObservations: 'none'});
  }
  const some = '{{count:4 sum:5 offset:1 buckets:[1 3]}}';
  f(-0.1, some, -Infinity);
  f(1.1, some, Infinity);
  f(NaN, some, NaN);
  f(0.5, '{{}}', NaN);
  f(0.5, '{{count:1 sum:3}}', 0);
  f(0, '{{count:1 sum:3}}', NaN);
  f(0, some, 1);
  f(1, some, 4);
  f(0.625, some, 2.82842712474619);
  f(0.5, '{{schema:-53 count:1 custom_values:[-2 3] buckets:[1]}}', -2);
  f(0.5, '{{schema:-53 count:1 custom_values:[2 3] buckets:[1]}}', 1);
  f(0.5, '{{schema:-53 count:1 custom_values:[2 3] offset:2 buckets:[1]}}', 3);
  f(0.5, '{{count:2 z_bucket:2 z_bucket_w:1}}', 0);
  f(0.5, '{{count:4 z_bucket:4 z_bucket_w:1 offset:1 buckets:[0]}}', 0.5);
});

test('NaN observations skew quantiles and fractions', () => {
  const text = '{{count:6 sum:NaN buckets:[2 2]}}';
  function f(q: number, value: number, nanObservations: string): void {
    assert.deepEqual(histogramQuantile(q, parse(text)), {value, nanObservations});
  }
  // Half of the bucket's two observations, but within the bounds of the last bucket, as in Prometheus.
  f(1 / 6, 1.414213562373095, 'skew');
  f(0.5, 1.414213562373095, 'skew');
  f(0.75, NaN, 'nan');
  assert.deepEqual(histogramFraction(-Infinity, Infinity, parse(text)), {
    value: 4 / 6,
    nanObservations: 'skew',
  });
  const only = parse('{{count:2 sum:NaN}}');
  assert.deepEqual(histogramQuantile(0.5, only), {value: NaN, nanObservations: 'nan'});
  assert.deepEqual(histogramQuantile(0, only), {value: NaN, nanObservations: 'skew'});
  // As of nothing divided by 0.
  const uncounted = parse('{{sum:NaN}}').with({count: NaN});
  assert.deepEqual(histogramQuantile(0, uncounted), {value: NaN, nanObservations: 'none'});
  // +Inf and -Inf make the sum NaN as well.
  assert.equal(histogramQuantile(0.25, parse('{{count:4 sum:NaN buckets:[2 2]}}')).nanObservations, 'none');
});

test('histogramFraction() and histogramQuantile() are inverse', () => {
  const h = parse('{{schema:1 count:20 sum:5 z_bucket:2 z_bucket_w:0.25 buckets:[4 0 6] n_buckets:[1 7]}}');
  for (let q = 0.01; q < 1; q += 0.01) {
    const {value} = histogramQuantile(q, h);
    assert.ok(Math.abs(histogramFraction(-Infinity, value, h).value - q) < 1e-12, `q = ${q}`);
  }
});
