// What binary operators do with numbers.

import type {ArithmeticOp, BinaryOp, ComparisonOp} from '../../ast.ts';
import {power} from '../power.ts';
import {absent, float} from '../row.ts';
import {atan2} from '../trigonometry.ts';

export type ElementOp = ArithmeticOp | ComparisonOp;

type Compute = (left: number, right: number) => number;
type Compare = (left: number, right: number) => boolean;

const arithmetic: Readonly<Record<ArithmeticOp, Compute>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': power,
  atan2,
};

const comparisons: Readonly<Record<ComparisonOp, Compare>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '>': (left, right) => left > right,
  '<': (left, right) => left < right,
  '>=': (left, right) => left >= right,
  '<=': (left, right) => left <= right,
};

export function isArithmetic(op: BinaryOp): op is ArithmeticOp {
  return Object.hasOwn(arithmetic, op);
}

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return Object.hasOwn(comparisons, op);
}

/** One number by one: comparisons answer 0 or 1. */
export function computeScalar(op: ElementOp, left: number, right: number): number {
  if (isArithmetic(op)) return arithmetic[op](left, right);
  return comparisons[op](left, right) ? 1 : 0;
}

/** Columns to combine, and where the result goes. A null column of kinds stands for a value at every step. */
export interface Combination {
  left: Float64Array;
  leftKinds: Uint8Array | null;
  right: Float64Array;
  rightKinds: Uint8Array | null;
  /** What a comparison that filters keeps: the vector's value where the other side is a scalar. */
  kept: 'left' | 'right';
  bool: boolean;
  out: Float64Array;
  outKinds: Uint8Array;
}

/** Combines two columns wherever both have a value; returns how many steps have a result. */
export function combine(op: ElementOp, columns: Combination): number {
  return isArithmetic(op) ? compute(op, columns) : compare(op, columns);
}

function compute(op: ArithmeticOp, {left, leftKinds, right, rightKinds, out, outKinds}: Combination): number {
  const steps = markBoth(leftKinds, rightKinds, outKinds);
  // The commonest operators have loops of their own: an engine that calls a function for each number is twice as slow.
  // Where a side is absent the result means nothing and is computed all the same.
  const length = outKinds.length;
  if (op === '+') for (let i = 0; i < length; i++) out[i] = left[i]! + right[i]!;
  else if (op === '-') for (let i = 0; i < length; i++) out[i] = left[i]! - right[i]!;
  else if (op === '*') for (let i = 0; i < length; i++) out[i] = left[i]! * right[i]!;
  else if (op === '/') for (let i = 0; i < length; i++) out[i] = left[i]! / right[i]!;
  else {
    const apply = arithmetic[op];
    for (let i = 0; i < length; i++) if (outKinds[i] !== absent) out[i] = apply(left[i]!, right[i]!);
  }
  return steps;
}

function compare(op: ComparisonOp, columns: Combination): number {
  const {left, leftKinds, right, rightKinds, kept, bool, out, outKinds} = columns;
  const both = markBoth(leftKinds, rightKinds, outKinds);
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

/** Marks the steps where both sides have a value and counts them. */
export function markBoth(left: Uint8Array | null, right: Uint8Array | null, out: Uint8Array): number {
  let points = 0;
  for (let i = 0; i < out.length; i++) {
    const both = (left === null || left[i] === float) && (right === null || right[i] === float);
    out[i] = both ? float : absent;
    if (both) points++;
  }
  return points;
}
