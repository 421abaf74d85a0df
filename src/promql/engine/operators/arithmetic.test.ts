import assert from 'node:assert/strict';
import test from 'node:test';
import {combine, computeScalar, type ElementOp} from './arithmetic.ts';

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

test('combine() needs both sides and keeps the value that a filter lets through', () => {
  const left = Float64Array.of(1, 2, 3, 4);
  const right = Float64Array.of(4, 3, 2, 1);
  const leftKinds = Uint8Array.of(1, 1, 1, 0);
  function f(op: ElementOp, kept: 'left' | 'right', bool: boolean, expected: (number | null)[]): void {
    const out = new Float64Array(4);
    const outKinds = new Uint8Array(4).fill(7);
    const points = combine(op, {left, leftKinds, right, rightKinds: null, kept, bool, out, outKinds});
    assert.deepEqual(
      Array.from(outKinds, (kind, i) => (kind === 0 ? null : out[i]!)),
      expected,
    );
    assert.equal(points, expected.filter((value) => value !== null).length);
  }
  f('+', 'left', false, [5, 5, 5, null]);
  f('-', 'left', false, [-3, -1, 1, null]);
  f('*', 'left', false, [4, 6, 6, null]);
  f('/', 'left', false, [0.25, 2 / 3, 1.5, null]);
  f('^', 'left', false, [1, 8, 9, null]);
  f('>', 'left', false, [null, null, 3, null]);
  f('>', 'right', false, [null, null, 2, null]);
  f('>', 'left', true, [0, 0, 1, null]);
});
