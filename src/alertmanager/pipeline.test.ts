import assert from 'node:assert/strict';
import test from 'node:test';
import {isSubset} from './pipeline.ts';

test('isSubset() knows hashes in any order', () => {
  function f(part: bigint[], whole: bigint[], expected: boolean): void {
    assert.equal(isSubset(BigUint64Array.from(part), BigUint64Array.from(whole)), expected);
  }
  f([], [], true);
  f([], [1n], true);
  f([1n], [], false);
  f([1n, 2n], [1n, 2n, 3n], true);
  f([3n, 1n], [1n, 2n, 3n], true);
  f([2n], [1n, 2n], true);
  f([4n], [1n, 2n], false);
  f([1n, 4n], [1n, 2n, 3n], false);
  // Halves alone say nothing.
  f([1n << 32n], [1n], false);
  f([(1n << 63n) + 1n], [1n, (1n << 63n) + 1n], true);
});
