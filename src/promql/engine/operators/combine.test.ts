import assert from 'node:assert/strict';
import test from 'node:test';
import {newRow} from '../row.ts';
import type {ElementOp} from './arithmetic.ts';
import {combine} from './combine.ts';

test('combine() needs both sides and keeps the value that a filter lets through', () => {
  const left = Float64Array.of(1, 2, 3, 4);
  const right = Float64Array.of(4, 3, 2, 1);
  const leftKinds = Uint8Array.of(1, 1, 1, 0);
  function f(op: ElementOp, kept: 'left' | 'right', bool: boolean, expected: (number | null)[]): void {
    const out = newRow(4);
    out.kinds.fill(7);
    const remark = (): void => assert.fail('floats go together');
    const operands = {
      left: {values: left, kinds: leftKinds, histograms: null},
      right: {values: right, kinds: null, histograms: null},
    };
    const points = combine({op, bool, kept, remark}, operands, out);
    assert.deepEqual(
      Array.from(out.kinds, (kind, i) => (kind === 0 ? null : out.values[i]!)),
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
