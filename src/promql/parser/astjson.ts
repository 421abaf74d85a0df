// The syntax tree as /api/v1/parse_query answers it: field names and forms are Prometheus's, keys in its order.

import type {Matcher} from '../../model/matcher.ts';
import type {At, BinaryExpr, Call, DurationOperand, Expr, VectorSelector} from '../ast.ts';
import {formatDecimal} from './floats.ts';

export type Json = null | boolean | number | string | readonly Json[] | {readonly [key: string]: Json};

/** A value for JSON.stringify. Fill values that JSON cannot express, NaN and infinities, become null. */
export function exprToJson(expr: Expr): Json {
  switch (expr.kind) {
    case 'aggregate':
      return {
        expr: exprToJson(expr.expr),
        grouping: expr.grouping,
        op: expr.op,
        param: expr.param === null ? null : exprToJson(expr.param),
        type: 'aggregation',
        without: expr.without,
      };
    case 'binary':
      return {
        bool: expr.bool,
        lhs: exprToJson(expr.left),
        matching: matchingToJson(expr.matching),
        op: expr.op,
        rhs: exprToJson(expr.right),
        type: 'binaryExpr',
      };
    case 'call':
      return {args: expr.args.map(exprToJson), func: functionToJson(expr.func), type: 'call'};
    case 'matrixSelector':
      return selectorToJson(expr.selector, 'matrixSelector', {
        range: expr.rangeMs,
        rangeExpr: durationToJson(expr.rangeExpr),
      });
    case 'vectorSelector':
      return selectorToJson(expr, 'vectorSelector', {});
    case 'subquery':
      return {
        expr: exprToJson(expr.expr),
        offset: expr.offsetMs,
        offsetExpr: durationToJson(expr.offsetExpr),
        range: expr.rangeMs,
        rangeExpr: durationToJson(expr.rangeExpr),
        startOrEnd: startOrEnd(expr.at),
        step: expr.stepMs,
        stepExpr: durationToJson(expr.stepExpr),
        timestamp: timestamp(expr.at),
        type: 'subquery',
      };
    case 'number':
      return {type: 'numberLiteral', val: formatDecimal(expr.value)};
    case 'paren':
      return {expr: exprToJson(expr.expr), type: 'parenExpr'};
    case 'string':
      return {type: 'stringLiteral', val: expr.value.toWellFormed()};
    case 'unary':
      return {expr: exprToJson(expr.expr), op: expr.op, type: 'unaryExpr'};
  }
}

function matchingToJson(matching: BinaryExpr['matching']): Json {
  if (matching === null) return null;
  const {card, fill, include, labels, on} = matching;
  return {card, fillValues: {lhs: fill.left, rhs: fill.right}, include, labels, on};
}

function functionToJson({argTypes, name, returnType, variadic}: Call['func']): Json {
  return {argTypes, name, returnType, variadic};
}

function selectorToJson(node: VectorSelector, type: string, range: {readonly [key: string]: Json}): Json {
  return {
    anchored: node.anchored,
    matchers: node.matchers.map(matcherToJson),
    name: node.name,
    offset: node.offsetMs,
    offsetExpr: durationToJson(node.offsetExpr),
    ...range,
    smoothed: node.smoothed,
    startOrEnd: startOrEnd(node.at),
    timestamp: timestamp(node.at),
    type,
  };
}

function matcherToJson({name, type, value}: Matcher): Json {
  return {name: name.toWellFormed(), type, value: value.toWellFormed()};
}

function startOrEnd(at: At): Json {
  return typeof at === 'string' ? at : null;
}

function timestamp(at: At): Json {
  return typeof at === 'number' ? at : null;
}

function durationToJson(operand: DurationOperand | null): Json {
  if (operand === null) return null;
  if (operand.kind === 'number') {
    return {duration: operand.duration, type: 'numberLiteral', val: formatDecimal(operand.value)};
  }
  const {left, op, right, wrapped} = operand;
  return {lhs: durationToJson(left), op, rhs: durationToJson(right), type: 'durationExpr', wrapped};
}
