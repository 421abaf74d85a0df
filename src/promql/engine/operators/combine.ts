// What binary operators do with two columns.

import type {ArithmeticOp, ComparisonOp} from '../../ast.ts';
import {absent, float, type MutableRow} from '../row.ts';
import {arithmetic, comparisons, isArithmetic} from './arithmetic.ts';
import {combineMixed, type Operands, type Operation} from './combinemixed.ts';

/** Combines two columns wherever both have a value; returns how many steps have a result. */
export function combine(operation: Operation, operands: Operands, out: MutableRow): number {
  const {op} = operation;
  out.histograms = null;
  const floats = operands.left.histograms === null && operands.right.histograms === null;
  if (!floats || op === '</' || op === '>/') return combineMixed(operation, operands, out);
  return isArithmetic(op) ? compute(op, operands, out) : compare({...operation, op}, operands, out);
}

function compute(op: ArithmeticOp, operands: Operands, row: MutableRow): number {
  const steps = markBoth(operands.left.kinds, operands.right.kinds, row.kinds);
  const left = operands.left.values;
  const right = operands.right.values;
  const {values: out, kinds} = row;
  // The commonest operators have loops of their own: an engine that calls a function for each number is twice as slow.
  // Where a side is absent the result means nothing and is computed all the same.
  const length = kinds.length;
  if (op === '+') for (let i = 0; i < length; i++) out[i] = left[i]! + right[i]!;
  else if (op === '-') for (let i = 0; i < length; i++) out[i] = left[i]! - right[i]!;
  else if (op === '*') for (let i = 0; i < length; i++) out[i] = left[i]! * right[i]!;
  else if (op === '/') for (let i = 0; i < length; i++) out[i] = left[i]! / right[i]!;
  else {
    const apply = arithmetic[op];
    for (let i = 0; i < length; i++) if (kinds[i] !== absent) out[i] = apply(left[i]!, right[i]!);
  }
  return steps;
}

function compare(
  {op, kept, bool}: Operation & {op: ComparisonOp},
  operands: Operands,
  {values: out, kinds: outKinds}: MutableRow,
): number {
  const both = markBoth(operands.left.kinds, operands.right.kinds, outKinds);
  const left = operands.left.values;
  const right = operands.right.values;
  const holds = comparisons[op];
  const keep = kept === 'left' ? left : right;
  let points = 0;
  for (let i = 0; i < outKinds.length; i++) {
    if (outKinds[i] === absent) continue;
    const found = holds(left[i]!, right[i]!);
    if (bool) out[i] = found ? 1 : 0;
    else if (found) {
      out[i] = keep[i]!;
      points++;
    } else outKinds[i] = absent;
  }
  return bool ? both : points;
}

/** Marks the steps where both sides have a float and counts them. */
export function markBoth(left: Uint8Array | null, right: Uint8Array | null, out: Uint8Array): number {
  let points = 0;
  for (let i = 0; i < out.length; i++) {
    const both = (left === null || left[i] === float) && (right === null || right[i] === float);
    out[i] = both ? float : absent;
    if (both) points++;
  }
  return points;
}
