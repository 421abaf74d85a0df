import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {Tuples} from './tuples.ts';

test('Tuples.intern() numbers tuples in the order in which they appear', () => {
  const tuples = new Tuples();
  assert.equal(tuples.intern([], 0), 0);
  assert.equal(tuples.intern([1, 2], 2), 1);
  assert.equal(tuples.intern([1], 1), 2);
  assert.equal(tuples.intern([1, 2, 99], 2), 1);
  assert.equal(tuples.intern([], 0), 0);
  assert.equal(tuples.count, 3);
  assert.equal(tuples.find([1], 1), 2);
  assert.equal(tuples.find([2], 1), -1);
});

test('Tuples keeps apart what a map of texts keeps apart', () => {
  const random = new Random(1);
  const tuples = new Tuples();
  const known = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const items = Array.from({length: random.below(5)}, () => random.below(8));
    const key = items.join();
    const number = tuples.intern(items, items.length);
    if (!known.has(key)) known.set(key, known.size);
    assert.equal(number, known.get(key));
  }
  assert.equal(tuples.count, known.size);
});
