// Expressions over several lines, as /api/v1/format_query answers: what is longer than a line is split where it branches.

import type {Expr} from '../ast.ts';
import {formatAggregation, formatExpr, formatOperator, formatSubqueryRange} from './printer.ts';

/** Longest line that is left alone, in bytes. */
const lineBytesMax = 100;

const encoder = new TextEncoder();

export function prettyExpr(expr: Expr): string {
  return pretty(expr, 0);
}

function pretty(expr: Expr, level: number): string {
  const indent = '  '.repeat(level);
  const line = lineOf(expr);
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vectorSelector':
    case 'matrixSelector':
      return indent + formatExpr(expr);
    case 'unary':
      return indent + expr.op + pretty(expr.expr, level).trim();
    case 'subquery':
      // No indentation here, which is how Prometheus has it.
      return line ?? pretty(expr.expr, level) + formatSubqueryRange(expr);
  }
  if (line !== null) return indent + line;
  const inner = level + 1;
  switch (expr.kind) {
    case 'aggregate': {
      const param = expr.param === null ? '' : `${pretty(expr.param, inner)},\n`;
      return `${indent}${formatAggregation(expr)}(\n${param}${pretty(expr.expr, inner)}\n${indent})`;
    }
    case 'binary':
      return `${pretty(expr.left, inner)}\n${indent}${formatOperator(expr)}\n${pretty(expr.right, inner)}`;
    case 'call': {
      const args = expr.args.map((arg) => pretty(arg, inner)).join(',\n');
      return `${indent}${expr.func.name}(\n${args}\n${indent})`;
    }
    case 'paren':
      return `${indent}(\n${pretty(expr.expr, inner)}\n${indent})`;
  }
}

/** The expression on one line, or null where that is too long. */
function lineOf(expr: Expr): string | null {
  const line = formatExpr(expr);
  if (line.length > lineBytesMax) return null;
  return encoder.encode(line).length > lineBytesMax ? null : line;
}
