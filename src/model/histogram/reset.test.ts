import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {counterReset, customBucketsSchema, FloatHistogram} from '../histogram.ts';
import {add} from './arithmetic.ts';
import {equals} from './equality.ts';
import {detectReset} from './reset.ts';
import {bucketMap, randomCustom, randomExponential} from './testing.ts';

test('a histogram to which another was added is no reset, what is taken away is, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const custom = random.below(3) === 0;
    const before = custom ? randomCustom(random) : randomExponential(random, random.below(4));
    const more = custom ? randomCustom(random) : randomExponential(random, random.below(4));
    const after = add(before, more).histogram;
    assert.equal(detectReset(after, before), false, `seed ${seed}`);
    if (!equals(after, before) && more.count > 0) {
      assert.equal(detectReset(before, after), true, `seed ${seed}`);
    }
  }
});

test('detectReset() compares bucket by bucket, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const [after, before] = [randomExponential(random, 0), randomExponential(random, 0)];
    const counts = bucketMap(after);
    const fell =
      after.count < before.count ||
      after.zeroCount < before.zeroCount ||
      [...bucketMap(before)].some(([key, count]) => (counts.get(key) ?? 0) < count);
    assert.equal(detectReset(after, before), fell, `seed ${seed}`);
  }
});

test('detectReset() believes hints, and minds resolution, zero bucket and kind of buckets', () => {
  const of = (fields: ConstructorParameters<typeof FloatHistogram>[0]): FloatHistogram =>
    new FloatHistogram(fields);
  function f(current: FloatHistogram, previous: FloatHistogram, reset: boolean): void {
    assert.equal(detectReset(current, previous), reset);
  }
  f(of({count: 2, counterResetHint: counterReset.reset}), of({count: 1}), true);
  f(of({count: 1, counterResetHint: counterReset.notReset}), of({count: 2}), false);
  f(of({count: 1, counterResetHint: counterReset.gauge}), of({count: 2}), true);
  f(of({schema: 1}), of({schema: 0}), true);
  f(of({schema: 0}), of({schema: 1}), false);
  f(of({zeroThreshold: 1}), of({zeroThreshold: 2}), true);
  const bucket = {positiveSpans: [{offset: 1, length: 1}], positiveBuckets: Float64Array.of(3), count: 3};
  f(of({zeroThreshold: 2, zeroCount: 3, count: 3}), of(bucket), false);
  f(of({zeroThreshold: 2, zeroCount: 2, count: 3}), of(bucket), true);
  f(of({zeroThreshold: 1.5, zeroCount: 3, count: 3}), of(bucket), true);
  f(of({schema: customBucketsSchema}), of({}), true);
  f(of({}), of({schema: customBucketsSchema}), true);
});
