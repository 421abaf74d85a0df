import assert from 'node:assert/strict';
import test from 'node:test';
import {computeScalar, type ElementOp} from './arithmetic.ts';

test('computeScalar() follows IEEE 754 and answers comparisons with 0 and 1', () => {
  function f(left: number, op: ElementOp, right: number, expected: number): void {
    assert.equal(computeScalar(op, left, right), expected, `${left} ${op} ${right}`);
  }
  f(1, '/', 0, Infinity);
  f(0, '/', 0, NaN);
  f(-7, '%', 3, -1);
  f(5, '%', Infinity, 5);
  f(1, '^', NaN, 1);
  f(NaN, '^', 0, 1);
  f(-1, '^', Infinity, 1);
  f(2, '^', 0.5, Math.SQRT2);
  f(1, 'atan2', -1, (3 * Math.PI) / 4);
  f(NaN, '==', NaN, 0);
  f(NaN, '!=', NaN, 1);
  f(1, '>=', 1, 1);
});
