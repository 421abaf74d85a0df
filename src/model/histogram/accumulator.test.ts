import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {FloatHistogram} from '../histogram.ts';
import {Accumulator} from './accumulator.ts';
import {add, sub} from './arithmetic.ts';
import {exponentialBound} from './bounds.ts';
import {compact} from './compact.ts';
import {formatTestExpression} from './format.ts';
import {HistogramMean, HistogramSum} from './sum.ts';
import {bucketMap, randomCustom, randomExponential, sum} from './testing.ts';
import {validate} from './validate.ts';

/** Counts by the bucket of `schema` that holds them: 2^(difference) buckets for one, counted from the bound above. */
function reducedMap(histogram: FloatHistogram, schema: number): Map<string, number> {
  const map = new Map<string, number>();
  for (const [key, count] of bucketMap(histogram)) {
    const [sign, index] = key.split('#') as [string, string];
    const reduced = `${sign}#${Math.ceil(Number(index) / 2 ** (histogram.schema - schema))}`;
    map.set(reduced, (map.get(reduced) ?? 0) + count);
  }
  return map;
}

function added(left: Map<string, number>, right: Map<string, number>, sign: number): Map<string, number> {
  const map = new Map(left);
  for (const [key, count] of right) map.set(key, (map.get(key) ?? 0) + sign * count);
  for (const [key, count] of map) if (count === 0) map.delete(key);
  return map;
}

function sorted(map: Map<string, number>): [string, number][] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : 1));
}

test('add() and sub() of any two exponential histograms give what a map gives, for any seed', () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const left = randomExponential(random, random.below(13) - 4);
    const right = randomExponential(random, random.below(13) - 4);
    const schema = Math.min(left.schema, right.schema);
    for (const [operation, sign] of [
      [add, 1],
      [sub, -1],
    ] as const) {
      const {histogram} = operation(left, right);
      const expected = added(reducedMap(left, schema), reducedMap(right, schema), sign);
      assert.deepEqual(sorted(bucketMap(histogram)), sorted(expected), `seed ${seed}`);
      assert.equal(histogram.schema, schema);
      assert.equal(histogram.zeroCount, left.zeroCount + sign * right.zeroCount);
      assert.equal(histogram.count, left.count + sign * right.count);
      assert.equal(histogram.sum, left.sum + sign * right.sum);
      if (sign > 0) validate(histogram);
    }
  }
});

test('add() of zero buckets of any width loses no observation, for any seed', () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const schema = random.below(4);
    const threshold = (): number => random.below(12) / 4;
    // Buckets within the zero bucket make a histogram ambiguous.
    const own = (each: FloatHistogram): FloatHistogram => withoutZeroOverlap(each);
    const left = own(randomExponential(random, schema, threshold()));
    const right = own(randomExponential(random, schema, threshold()));
    const {histogram} = add(left, right);
    const {zeroThreshold, zeroCount} = histogram;
    const width = widestZero(left, right);
    assert.equal(zeroThreshold, width, `seed ${seed}`);
    const outside = added(beyond(left, width), beyond(right, width), 1);
    assert.deepEqual(sorted(bucketMap(histogram)), sorted(outside), `seed ${seed}`);
    assert.equal(zeroCount + sum(outside.values()), left.count + right.count, `seed ${seed}`);
  }
});

function bounds(histogram: FloatHistogram, key: string): [number, number] {
  const index = Number(key.split('#')[1]);
  return [exponentialBound(index - 1, histogram.schema), exponentialBound(index, histogram.schema)];
}

function withoutZeroOverlap(histogram: FloatHistogram): FloatHistogram {
  const {zeroThreshold} = histogram;
  if ([...bucketMap(histogram).keys()].every((key) => bounds(histogram, key)[0] >= zeroThreshold)) {
    return histogram;
  }
  return histogram.with({zeroThreshold: 0});
}

/** The least width that takes in both zero buckets and cuts no bucket with observations. */
function widestZero(left: FloatHistogram, right: FloatHistogram): number {
  let width = Math.max(left.zeroThreshold, right.zeroThreshold);
  for (let before = -1; before !== width;) {
    before = width;
    for (const histogram of [left, right]) {
      for (const key of bucketMap(histogram).keys()) {
        const [lower, upper] = bounds(histogram, key);
        if (lower < width && width < upper) width = upper;
      }
    }
  }
  return width;
}

function beyond(histogram: FloatHistogram, width: number): Map<string, number> {
  return new Map([...bucketMap(histogram)].filter(([key]) => bounds(histogram, key)[0] >= width));
}

test('add() of custom buckets keeps the common bounds and all counts below each, for any seed', () => {
  const below = (histogram: FloatHistogram, bound: number): number =>
    sum(
      [...bucketMap(histogram)]
        .filter(([key]) => (histogram.customValues[Number(key.slice(1))] ?? Infinity) <= bound)
        .map(([, count]) => count),
    );
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const left = randomCustom(random);
    const right = randomCustom(random);
    const {histogram, nhcbBoundsReconciled} = add(left, right);
    const common = left.customValues.filter((bound) => right.customValues.includes(bound));
    assert.deepEqual(histogram.customValues, common, `seed ${seed}`);
    assert.equal(
      nhcbBoundsReconciled,
      common.length !== left.customValues.length || common.length !== right.customValues.length,
    );
    for (const bound of [...common, Infinity]) {
      assert.equal(below(histogram, bound), below(left, bound) + below(right, bound), `seed ${seed}`);
    }
    validate(histogram);
  }
});

test('operands and clones stay as they were', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const operands = Array.from({length: 4}, () =>
      randomExponential(random, random.below(3), random.below(3)),
    );
    const before = operands.map(formatTestExpression);
    const accumulator = new Accumulator(operands[0]!, true);
    accumulator.add(operands[1]!);
    const total = accumulator.total();
    const clone = accumulator.clone();
    const text = formatTestExpression(total);
    clone.add(operands[2]!);
    clone.add(operands[2]!);
    accumulator.add(operands[3]!);
    accumulator.add(operands[3]!);
    assert.equal(formatTestExpression(total), text, `seed ${seed}`);
    assert.deepEqual(operands.map(formatTestExpression), before, `seed ${seed}`);
  }
});

function observed(count: number, total: number): FloatHistogram {
  return new FloatHistogram({
    count,
    sum: total,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(count),
  });
}

test('HistogramSum keeps what plain addition would lose', () => {
  const accumulated = new HistogramSum(observed(1e100, 1e100));
  for (const [count, total] of [
    [1, 1],
    [-1e100, -1e100],
    [1, 1],
  ] as const) {
    accumulated.add(observed(count, total));
  }
  const {count, sum: total, positiveBuckets} = accumulated.sum();
  assert.deepEqual([count, total, ...positiveBuckets], [2, 2, 2]);
});

test('HistogramMean goes on where the sum would overflow', () => {
  function f(values: number[], expected: number): void {
    const mean = new HistogramMean(observed(values[0]!, 1));
    for (const value of values.slice(1)) mean.add(observed(value, 1));
    const {count, sum: total, positiveBuckets} = mean.mean();
    assert.equal(total, 1);
    assert.deepEqual([...positiveBuckets], [count]);
    assert.ok(Math.abs(count / expected - 1) < 1e-15, `${count} is nearly ${expected}`);
  }
  f([3], 3);
  f([1, 2, 6], 3);
  f([1e308, 1e308], 1e308);
  f([1.5e308, 1.5e308, 1.5e308], 1.5e308);
  f([1e-3, 1.7e308, 1.7e308, 1.7e308], 1.275e308);
});

test('sums of one histogram are the histogram', () => {
  const h = observed(1, 2);
  assert.equal(new HistogramSum(h).sum(), h);
  assert.equal(new HistogramMean(h).mean(), h);
});

test('thousands of buckets are added in passable time', () => {
  const wide = (offset: number): FloatHistogram =>
    new FloatHistogram({
      schema: 8,
      count: 20_000,
      positiveSpans: Array.from({length: 20_000}, (_, i) => ({offset: i === 0 ? offset : 1, length: 1})),
      positiveBuckets: new Float64Array(20_000).fill(1),
    });
  const total = new HistogramSum(wide(0));
  total.add(wide(1));
  total.add(wide(0));
  const sumOfAll = compact(total.sum());
  assert.equal(sumOfAll.positiveBuckets.length, 40_000);
  assert.deepEqual(sumOfAll.positiveSpans, [{offset: 0, length: 40_000}]);
});
