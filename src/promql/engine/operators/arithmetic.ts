// What binary operators do with two numbers.

import type {ArithmeticOp, BinaryOp, ComparisonOp} from '../../ast.ts';
import {power} from '../power.ts';
import {atan2} from '../trigonometry.ts';

export type ElementOp = ArithmeticOp | ComparisonOp;

type Compute = (left: number, right: number) => number;
type Compare = (left: number, right: number) => boolean;

export const arithmetic: Readonly<Record<ArithmeticOp, Compute>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '^': power,
  atan2,
};

export const comparisons: Readonly<Record<ComparisonOp, Compare>> = {
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
