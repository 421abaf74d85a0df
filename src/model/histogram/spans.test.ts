import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {bucketIndexes, locateSpans, sameBuckets, SpanBuilder, uniteBuckets} from './spans.ts';

type Pairs = [number, number][];

const spansOf = (pairs: Pairs): {offset: number; length: number}[] =>
  pairs.map(([offset, length]) => ({offset, length}));

test('bucketIndexes() and SpanBuilder are inverse, but for how spans are cut', () => {
  function f(pairs: Pairs, indexes: number[], built = pairs): void {
    const spans = spansOf(pairs);
    assert.deepEqual([...bucketIndexes(spans, indexes.length)], indexes);
    const builder = new SpanBuilder();
    for (const index of indexes) builder.add(index);
    assert.deepEqual(builder.finish(), spansOf(built));
  }
  f([], []);
  f([[-3, 2]], [-3, -2]);
  f(
    [
      [0, 1],
      [2, 2],
    ],
    [0, 3, 4],
  );
  f(
    [
      [1, 1],
      [0, 1],
      [5, 0],
      [1, 1],
    ],
    [1, 2, 9],
    [
      [1, 2],
      [6, 1],
    ],
  );
  f(
    [
      [-5, 1],
      [4, 1],
    ],
    [-5, 0],
  );
});

test('locateSpans() finds spans within others', () => {
  function f(inner: Pairs, outer: Pairs, expected: number[] | null): void {
    const positions = new Int32Array(inner.length);
    assert.equal(locateSpans(spansOf(inner), spansOf(outer), positions), expected !== null);
    if (expected !== null) assert.deepEqual([...positions], expected);
  }
  f([], [], []);
  f([[-3, 2]], [[-3, 2]], [0]);
  f([[-2, 1]], [[-3, 2]], [1]);
  f(
    [
      [2, 1],
      [3, 2],
    ],
    [
      [0, 3],
      [2, 1],
      [0, 4],
    ],
    [2, 4],
  );
  f(
    [
      [0, 1],
      [1, 1],
    ],
    [[0, 3]],
    [0, 2],
  );
  f(
    [
      [7, 0],
      [0, 0],
    ],
    [],
    [0, 0],
  );
  f([[0, 1]], [], null);
  f([[-4, 2]], [[-3, 2]], null);
  f([[-2, 2]], [[-3, 2]], null);
  f(
    [[0, 1]],
    [
      [-3, 2],
      [5, 1],
    ],
    null,
  );
});

test('uniteBuckets() and locateSpans() agree with sets, for any seed', () => {
  const randomIndexes = (random: Random): number[] =>
    Array.from({length: 20}, (_, i) => i - 8).filter(() => random.below(3) === 0);
  const build = (indexes: number[]): readonly {offset: number; length: number}[] => {
    const builder = new SpanBuilder();
    for (const index of indexes) builder.add(index);
    return builder.finish();
  };
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const [left, right] = [randomIndexes(random), randomIndexes(random)];
    const skipped = random.below(right.length + 1);
    const union = uniteBuckets(
      {spans: build(left), count: left.length},
      {spans: build(right), count: right.length},
      skipped,
    );
    const kept = right.slice(skipped);
    const all = [...new Set([...left, ...kept])].sort((a, b) => a - b);
    assert.deepEqual([...bucketIndexes(union.spans, all.length)], all, `seed ${seed}`);
    assert.deepEqual(
      [...union.left],
      all.map((index) => left.indexOf(index)),
      `seed ${seed}`,
    );
    assert.deepEqual(
      [...union.right],
      all.map((index) => (kept.includes(index) ? right.indexOf(index) : -1)),
      `seed ${seed}`,
    );
    const positions = new Int32Array(20);
    const within = kept.every((index) => left.includes(index));
    assert.equal(locateSpans(build(kept), build(left), positions), within, `seed ${seed}`);
    assert.ok(locateSpans(build(left), union.spans, positions), `seed ${seed}`);
  }
});

test('uniteBuckets() cuts spans as Prometheus does', () => {
  function f(left: Pairs, right: Pairs, expected: Pairs): void {
    const sideOf = (pairs: Pairs) => ({
      spans: spansOf(pairs),
      count: pairs.reduce((sum, [, length]) => sum + length, 0),
    });
    assert.deepEqual(uniteBuckets(sideOf(left), sideOf(right), 0).spans, spansOf(expected));
  }
  const two: Pairs = [
    [0, 2],
    [3, 1],
  ];
  f([], two, two);
  f(two, [], two);
  // Behind a span, before one, and apart from both.
  f(
    two,
    [[2, 1]],
    [
      [0, 3],
      [2, 1],
    ],
  );
  f(
    two,
    [[4, 1]],
    [
      [0, 2],
      [2, 2],
    ],
  );
  f(
    two,
    [[3, 1]],
    [
      [0, 2],
      [1, 1],
      [1, 1],
    ],
  );
  f(
    two,
    [[-1, 1]],
    [
      [-1, 3],
      [3, 1],
    ],
  );
  // What was apart stays so when there is nothing between any more.
  f(
    two,
    [[2, 3]],
    [
      [0, 5],
      [0, 1],
    ],
  );
  f(
    two,
    [[3, 2]],
    [
      [0, 2],
      [1, 2],
      [0, 1],
    ],
  );
  f(
    two,
    [[-2, 2]],
    [
      [-2, 2],
      [0, 2],
      [3, 1],
    ],
  );
  f(
    [
      [0, 2],
      [0, 2],
    ],
    [[0, 5]],
    [
      [0, 2],
      [0, 3],
    ],
  );
});

test('sameBuckets() takes spans without buckets for gaps', () => {
  assert.ok(
    sameBuckets(
      spansOf([
        [1, 2],
        [3, 0],
        [1, 1],
      ]),
      spansOf([
        [1, 2],
        [4, 1],
        [9, 0],
      ]),
    ),
  );
  assert.ok(
    !sameBuckets(
      spansOf([
        [1, 2],
        [3, 0],
        [1, 1],
      ]),
      spansOf([
        [1, 2],
        [3, 1],
      ]),
    ),
  );
});
