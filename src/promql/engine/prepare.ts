// What happens to a syntax tree before it is evaluated: durations and the times of @ start() and @ end() become numbers.

import type {DurationOperand, Expr, SubqueryExpr, VectorSelector} from '../ast.ts';
import {byteOffset} from '../parser/position.ts';
import {mapExpr} from '../parser/walk.ts';
import {QueryError} from './error.ts';

/** The times of a query. Of an instant query both times are the same and the step is 0. */
export interface QueryTimes {
  startMs: number;
  endMs: number;
  stepMs: number;
}

/** Resolves duration expressions, @ start(), @ end(), and the functions start(), end(), range() and step(). */
export function prepareExpr(expr: Expr, times: QueryTimes, query: string): Expr {
  return mapExpr(expr, (node) => {
    switch (node.kind) {
      case 'vectorSelector':
        return resolveSelector(node, times, query);
      case 'matrixSelector':
        if (node.rangeExpr === null) return node;
        return {...node, rangeExpr: null, rangeMs: durationMs(node.rangeExpr, {times, query, signed: false})};
      case 'subquery':
        return resolveSubquery(node, times, query);
      case 'call': {
        const value = constantOf(node.func.name, times);
        return value === null ? node : {kind: 'number', value, duration: false, range: node.range};
      }
      default:
        return node;
    }
  });
}

function constantOf(name: string, {startMs, endMs, stepMs}: QueryTimes): number | null {
  if (name === 'start') return startMs / 1000;
  if (name === 'end') return endMs / 1000;
  if (name === 'range') return (endMs - startMs) / 1000;
  return name === 'step' ? (startMs === endMs ? 0 : stepMs / 1000) : null;
}

function resolveSelector(node: VectorSelector, times: QueryTimes, query: string): VectorSelector {
  if (node.offsetExpr === null && typeof node.at !== 'string') return node;
  const offsetMs =
    node.offsetExpr === null ? node.offsetMs : durationMs(node.offsetExpr, {times, query, signed: true});
  return {...node, offsetMs, offsetExpr: null, at: resolveAt(node.at, times)};
}

function resolveSubquery(node: SubqueryExpr, times: QueryTimes, query: string): SubqueryExpr {
  if (
    node.offsetExpr === null &&
    node.rangeExpr === null &&
    node.stepExpr === null &&
    typeof node.at !== 'string'
  ) {
    return node;
  }
  const offsetMs =
    node.offsetExpr === null ? node.offsetMs : durationMs(node.offsetExpr, {times, query, signed: true});
  const stepMs =
    node.stepExpr === null ? node.stepMs : durationMs(node.stepExpr, {times, query, signed: false});
  const rangeMs =
    node.rangeExpr === null ? node.rangeMs : durationMs(node.rangeExpr, {times, query, signed: false});
  return {
    ...node,
    offsetMs,
    offsetExpr: null,
    stepMs,
    stepExpr: null,
    rangeMs,
    rangeExpr: null,
    at: resolveAt(node.at, times),
  };
}

function resolveAt(at: VectorSelector['at'], {startMs, endMs}: QueryTimes): number | null {
  return at === 'start' ? startMs : at === 'end' ? endMs : at;
}

/** 2^63 nanoseconds in seconds. */
const durationSecondsMax = 2 ** 63 / 1e9;

function durationMs(
  expr: DurationOperand,
  options: {times: QueryTimes; query: string; signed: boolean},
): number {
  const fail = (reason: string, node: DurationOperand = expr): never => {
    const {start, end} = node.range;
    const {query} = options;
    throw new QueryError('bad_data', `${byteOffset(query, start)}:${byteOffset(query, end)}: ${reason}`);
  };
  const evaluate = (node: DurationOperand): number => {
    if (node.kind === 'number') return node.value;
    const left = node.left === null ? null : evaluate(node.left);
    const right = node.right === null ? 0 : evaluate(node.right);
    switch (node.op) {
      case 'step':
        return options.times.stepMs / 1000;
      case 'range':
        return (options.times.endMs - options.times.startMs) / 1000;
      case 'min_of':
        return Math.min(left ?? 0, right);
      case 'max_of':
        return Math.max(left ?? 0, right);
      case '+':
        return left === null ? right : left + right;
      case '-':
        return left === null ? -right : left - right;
      case '*':
        return left! * right;
      case '/':
        return right === 0 ? fail('division by zero', node) : left! / right;
      case '%':
        return right === 0 ? fail('modulo by zero', node) : left! % right;
      case '^':
        return left! ** right;
    }
  };
  const seconds = evaluate(expr);
  if (!Number.isFinite(seconds)) fail('duration is NaN or infinite');
  if (seconds <= 0 && !options.signed) fail('duration must be greater than 0');
  if (Math.abs(seconds) > durationSecondsMax) fail('duration is out of range');
  return Math.trunc(seconds * 1000);
}
