import assert from 'node:assert/strict';
import test from 'node:test';
import {bucketFraction, BucketQuantile, type Buckets} from './buckets.ts';

function bucketsOf(pairs: Record<string, number>): Buckets {
  const bounds = Object.keys(pairs).map(Number);
  return {
    bounds: Float64Array.from(bounds),
    counts: Float64Array.from(Object.values(pairs)),
    length: bounds.length,
  };
}

test('BucketQuantile interpolates within a bucket', () => {
  function f(quantile: number, pairs: Record<string, number>, expected: number): void {
    assert.equal(new BucketQuantile().compute(quantile, bucketsOf(pairs)), expected);
  }
  const pairs = {'1.0': 10, '2.0': 30, '4.0': 40, Infinity: 50};
  f(0.5, pairs, 1.75);
  f(0.1, pairs, 0.5);
  f(0, pairs, 0);
  f(0.9, pairs, 4); // Falls into the last bucket: the bound below it.
  f(1, pairs, 4);
  f(-0.1, pairs, -Infinity);
  f(1.1, pairs, Infinity);
  f(NaN, pairs, NaN);
  f(0.5, {'1.0': 10}, NaN); // No infinite bucket.
  f(0.5, {Infinity: 10}, NaN);
  f(0.5, {'1.0': 0, Infinity: 0}, NaN);
  f(0.1, {'-1.0': 10, Infinity: 20}, -1); // A lowest bound that is not above 0.
});

test('BucketQuantile adds up equal bounds and raises counts that fall', () => {
  const solver = new BucketQuantile();
  const buckets: Buckets = {
    bounds: Float64Array.of(1, 1, 2, Infinity),
    counts: Float64Array.of(5, 5, 8, 10),
    length: 4,
  };
  assert.equal(solver.compute(0.5, buckets), 0.5);
  assert.equal(solver.forcedMonotonic, true);
  assert.deepEqual([solver.minBucket, solver.maxBucket, solver.maxDifference], [2, 2, 2]);
  // Rounding errors are removed without a word.
  assert.equal(solver.compute(0.5, bucketsOf({'1.0': 10, '2.0': 10 - 1e-13, Infinity: 10})), 0.5);
  assert.equal(solver.forcedMonotonic, false);
});

test('bucketFraction() is the share of observations between two bounds', () => {
  function f(lower: number, upper: number, pairs: Record<string, number>, expected: number): void {
    assert.equal(bucketFraction(lower, upper, bucketsOf(pairs)), expected);
  }
  const pairs = {'1.0': 10, '2.0': 30, '4.0': 40, Infinity: 50};
  f(0, 2, pairs, 0.6);
  f(0, 1.5, pairs, 0.4);
  f(1, 2, pairs, 0.4);
  f(-Infinity, Infinity, pairs, 1);
  f(5, 6, pairs, 0); // Within the last bucket nothing can be said.
  f(4, Infinity, pairs, 0.2);
  f(2, 1, pairs, 0);
  f(NaN, 1, pairs, NaN);
  f(0, 1, {'1.0': 0, Infinity: 0}, NaN);
  f(0, 1, {'1.0': 5}, NaN);
});
