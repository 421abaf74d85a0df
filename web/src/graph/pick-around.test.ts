import assert from 'node:assert/strict';
import test from 'node:test';
import {pickAround} from './pick-around.ts';

test('pickAround() keeps the item in the middle, and at the ends in the list', () => {
  const items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  assert.deepEqual(pickAround(items, 5, 4), [3, 4, 5, 6]);
  assert.deepEqual(pickAround(items, 0, 4), [0, 1, 2, 3]);
  assert.deepEqual(pickAround(items, 9, 4), [6, 7, 8, 9]);
  assert.deepEqual(pickAround([1, 2], 1, 4), [1, 2]);
  assert.deepEqual(pickAround([], -1, 4), []);
});
