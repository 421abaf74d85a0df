import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../../base/random.ts';
import {ValueHeap} from './valueheap.ts';
import {unguarded} from '../../../storage/querier.ts';

/** The k best of some values by pushing and offering them in order. */
function bestOf(values: readonly number[], k: number, order: 'smallestFirst' | 'largestFirst'): ValueHeap {
  const heap = new ValueHeap(order);
  for (const [index, value] of values.entries()) {
    if (heap.size < k) heap.push(value, index);
    else heap.offer(value, index);
  }
  return heap;
}

test('ValueHeap keeps the best, with the worst in front', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const values = Array.from({length: random.below(40)}, () => random.below(30));
    const k = 1 + random.below(30);
    const largest = bestOf(values, k, 'smallestFirst');
    assert.equal(
      largest.values[0],
      values
        .toSorted((a, b) => b - a)
        .slice(0, k)
        .at(-1),
      `seed ${seed}`,
    );
    largest.sort(unguarded);
    assert.deepEqual(largest.values, values.toSorted((a, b) => b - a).slice(0, k), `seed ${seed}`);
    const smallest = bestOf(values, k, 'largestFirst');
    smallest.sort(unguarded);
    assert.deepEqual(smallest.values, values.toSorted((a, b) => a - b).slice(0, k), `seed ${seed}`);
    for (const [index, item] of smallest.items.entries()) assert.equal(values[item], smallest.values[index]);
  }
});

test('ValueHeap gives NaN up for any number and sorts it last', () => {
  const heap = bestOf([NaN, NaN, 1, -Infinity], 3, 'smallestFirst');
  heap.sort(unguarded);
  assert.deepEqual(heap.values, [1, -Infinity, NaN]);
  const many = bestOf([NaN, ...Array.from({length: 20}, (_, i) => i)], 21, 'largestFirst');
  many.sort(unguarded);
  assert.deepEqual(many.values, [...Array.from({length: 20}, (_, i) => i), NaN]);
});

test('ValueHeap keeps the first of equal values, as a heap of Go orders them', () => {
  assert.deepEqual(bestOf([5, 5, 5, 5], 2, 'smallestFirst').items, [0, 1]);
  assert.deepEqual(bestOf([3, 5, 5, 5], 2, 'smallestFirst').items, [2, 1]);
});
