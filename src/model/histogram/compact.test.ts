import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {FloatHistogram} from '../histogram.ts';
import {compact} from './compact.ts';
import {bucketMap, randomExponential} from './testing.ts';
import {validate} from './validate.ts';

function positive(spans: [number, number][], counts: number[]): FloatHistogram {
  return new FloatHistogram({
    positiveSpans: spans.map(([offset, length]) => ({offset, length})),
    positiveBuckets: Float64Array.from(counts),
  });
}

test('compact() drops, merges and fills', () => {
  function f(before: FloatHistogram, emptyMax: number, spans: [number, number][], counts: number[]): void {
    const after = compact(before, emptyMax);
    assert.deepEqual(
      after.positiveSpans.map(({offset, length}) => [offset, length]),
      spans,
    );
    assert.deepEqual([...after.positiveBuckets], counts);
  }
  f(positive([[-2, 3]], [0, 1, 0]), 0, [[-1, 1]], [1]);
  f(
    positive(
      [
        [0, 2],
        [0, 1],
      ],
      [1, 2, 3],
    ),
    0,
    [[0, 3]],
    [1, 2, 3],
  );
  f(
    positive(
      [
        [0, 1],
        [2, 0],
        [1, 1],
      ],
      [1, 2],
    ),
    0,
    [
      [0, 1],
      [3, 1],
    ],
    [1, 2],
  );
  f(
    positive([[0, 4]], [1, 0, 0, 2]),
    1,
    [
      [0, 1],
      [2, 1],
    ],
    [1, 2],
  );
  f(positive([[0, 4]], [1, 0, 0, 2]), 2, [[0, 4]], [1, 0, 0, 2]);
  f(
    positive(
      [
        [3, 1],
        [2, 1],
      ],
      [1, 2],
    ),
    2,
    [[3, 4]],
    [1, 0, 0, 2],
  );
  f(positive([[3, 2]], [0, 0]), 5, [], []);
  f(positive([], []), 0, [], []);
});

test('compact() keeps the observations, returns the compact as it is, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const before = randomExponential(random, 0);
    const emptyMax = random.below(4);
    const after = compact(before, emptyMax);
    assert.deepEqual(bucketMap(after), bucketMap(before), `seed ${seed}`);
    validate(after);
    const again = compact(after, emptyMax);
    assert.deepEqual(again.positiveSpans, after.positiveSpans, `seed ${seed}`);
    if (emptyMax > 0) continue;
    assert.ok(!after.positiveBuckets.includes(0) && !after.negativeBuckets.includes(0));
    assert.equal(again, after, `seed ${seed}`);
  }
});
