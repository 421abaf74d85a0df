import assert from 'node:assert/strict';
import test from 'node:test';
import {historyMax, remember} from './history.ts';

test('remember() keeps each expression once, newest first', () => {
  assert.deepEqual(remember(['a', 'b', 'c'], ' b '), ['b', 'a', 'c']);
  assert.deepEqual(remember(['a'], '  '), ['a']);
  assert.deepEqual(remember(['a'], 'x'.repeat(20_001)), ['a']);
  const full = Array.from({length: historyMax}, (_, index) => `q${index}`);
  const next = remember(full, 'new');
  assert.equal(next.length, historyMax);
  assert.equal(next[0], 'new');
});
