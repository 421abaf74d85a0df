// Binary operators between columns that hold histograms, or that take histograms only.

import {counterReset, type FloatHistogram} from '../../../model/histogram.ts';
import {add, areCompatible, divide, scale, sub} from '../../../model/histogram/arithmetic.ts';
import {compact} from '../../../model/histogram/compact.ts';
import {equals} from '../../../model/histogram/equality.ts';
import {trim} from '../../../model/histogram/trim.ts';
import type {TrimOp} from '../../ast.ts';
import type {PairRemark, SampleType} from '../annotations.ts';
import {absent, float, histogram, type HistogramColumn, histogramsOf, type MutableRow} from '../row.ts';
import {computeScalar, type ElementOp, isArithmetic, isComparison} from './arithmetic.ts';

/** One side: a null column of kinds stands for a float at every step. */
export interface Operand {
  readonly values: Float64Array;
  readonly kinds: Uint8Array | null;
  readonly histograms: HistogramColumn | null;
}

export interface Operation {
  op: ElementOp | TrimOp;
  bool: boolean;
  /** What a comparison that filters keeps: the vector's value where the other side is a scalar. */
  kept: 'left' | 'right';
  remark: (remark: PairRemark, step: number) => void;
}

export interface Operands {
  left: Operand;
  right: Operand;
}

/** Combines two columns of which at least one holds histograms; returns how many steps have a result. */
export function combineMixed(operation: Operation, operands: Operands, out: MutableRow): number {
  const {left, right} = operands;
  let points = 0;
  for (let step = 0; step < out.kinds.length; step++) {
    out.kinds[step] = absent;
    const leftKind = left.kinds === null ? float : left.kinds[step]!;
    const rightKind = right.kinds === null ? float : right.kinds[step]!;
    if (leftKind === absent || rightKind === absent) continue;
    const l = leftKind === histogram ? left.histograms![step]! : left.values[step]!;
    const r = rightKind === histogram ? right.histograms![step]! : right.values[step]!;
    const result = combinePair(operation, l, r, step);
    if (result === null) continue;
    if (typeof result === 'number') {
      out.values[step] = result;
      out.kinds[step] = float;
    } else {
      histogramsOf(out)[step] = result;
      out.kinds[step] = histogram;
    }
    points++;
  }
  return points;
}

type Sample = number | FloatHistogram;

function combinePair(operation: Operation, left: Sample, right: Sample, step: number): Sample | null {
  const {op, bool, kept, remark} = operation;
  if (op !== '</' && op !== '>/' && isComparison(op)) {
    const found = comparePair(op, left, right);
    if (found === null) {
      remark({kind: 'types', left: typeOf(left), right: typeOf(right)}, step);
      return null;
    }
    if (bool) return found ? 1 : 0;
    return found ? (kept === 'left' ? left : right) : null;
  }
  const result = computePair(operation, left, right, step);
  if (result === undefined) remark({kind: 'types', left: typeOf(left), right: typeOf(right)}, step);
  return result ?? null;
}

function typeOf(sample: Sample): SampleType {
  return typeof sample === 'number' ? 'float' : 'histogram';
}

/** Null where the operator does not know these types. Histograms are only equal or not. */
function comparePair(op: ElementOp, left: Sample, right: Sample): boolean | null {
  if (typeof left === 'number' && typeof right === 'number') return computeScalar(op, left, right) === 1;
  if (typeof left === 'number' || typeof right === 'number') return null;
  if (op === '==') return equals(left, right);
  return op === '!=' ? !equals(left, right) : null;
}

/** Undefined where the operator does not know these types; null where it was remarked why there is no result. */
function computePair(
  operation: Operation,
  left: Sample,
  right: Sample,
  step: number,
): Sample | null | undefined {
  const {op} = operation;
  if (typeof left === 'number') {
    if (typeof right !== 'number') return op === '*' ? compact(scale(right, left)) : undefined;
    return isArithmetic(op) ? computeScalar(op, left, right) : undefined;
  }
  if (typeof right !== 'number') {
    return op === '+' || op === '-' ? combineHistograms(operation, left, right, step) : undefined;
  }
  switch (op) {
    case '*':
      return compact(scale(left, right));
    case '/':
      return compact(divide(left, right));
    case '</':
      return trim(left, right, 'below');
    case '>/':
      return trim(left, right, 'above');
    default:
      return undefined;
  }
}

function combineHistograms(
  {op, remark}: Operation,
  left: FloatHistogram,
  right: FloatHistogram,
  step: number,
): FloatHistogram | null {
  if (!areCompatible(left, right)) {
    remark({kind: 'layout'}, step);
    return null;
  }
  const sum = op === '+' ? add(left, right) : sub(left, right);
  const operation = op === '+' ? 'addition' : 'subtraction';
  if (sum.counterResetCollision) {
    remark({kind: 'collision', operation}, step);
    return null;
  }
  if (sum.nhcbBoundsReconciled) remark({kind: 'bounds', operation}, step);
  const result = compact(sum.histogram);
  return op === '+' ? result : result.with({counterResetHint: counterReset.gauge});
}
