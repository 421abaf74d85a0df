import assert from 'node:assert/strict';
import test from 'node:test';
import {compareNatural} from './naturalorder.ts';

test('compareNatural() compares runs of digits as numbers', () => {
  function f(...sorted: string[]): void {
    assert.deepEqual(sorted.toReversed().sort(compareNatural), sorted);
    assert.deepEqual(sorted.toSorted(compareNatural), sorted);
  }
  f('node1', 'node2', 'node10');
  f('', '1', '2', '10', 'a');
  f('a1b2', 'a1b10', 'a2b1');
  f('v1.2.9', 'v1.2.10', 'v1.10.0');
  f('99999999999999999998', '99999999999999999999', '100000000000000000000');
});
