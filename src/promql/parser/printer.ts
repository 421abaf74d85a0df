// Expressions as text on one line, as Prometheus prints them: in messages, in rule listings, in /api/v1/format_query.

import {quoteGo} from '../../base/quote.ts';
import {formatDuration} from '../../model/duration.ts';
import {compareStrings, isLegacyLabelName, metricNameLabel} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import type {
  AggregateExpr,
  At,
  BinaryExpr,
  DurationExpr,
  DurationOperand,
  Expr,
  MatrixSelector,
  NumberLiteral,
  SubqueryExpr,
  VectorSelector,
} from '../ast.ts';
import {formatDecimal, formatFixed, formatShort} from './floats.ts';

/** Parsing the result gives the same tree, but for positions and for what has no meaning, such as an empty `by ()`. */
export function formatExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return formatNumber(expr);
    case 'string':
      return quoteGo(expr.value);
    case 'paren':
      return `(${formatExpr(expr.expr)})`;
    case 'unary':
      return expr.op + formatExpr(expr.expr);
    case 'binary':
      return `${formatExpr(expr.left)} ${formatOperator(expr)} ${formatExpr(expr.right)}`;
    case 'aggregate': {
      const param = expr.param === null ? '' : `${formatExpr(expr.param)}, `;
      return `${formatAggregation(expr)}(${param}${formatExpr(expr.expr)})`;
    }
    case 'call':
      return `${expr.func.name}(${expr.args.map(formatExpr).join(', ')})`;
    case 'vectorSelector':
      return formatSeries(expr) + formatAt(expr.at) + formatExtension(expr) + formatOffset(expr);
    case 'matrixSelector':
      return formatMatrixSelector(expr);
    case 'subquery':
      return formatExpr(expr.expr) + formatSubqueryRange(expr);
  }
}

/** `sum by (a, b) `, `sum without () ` or `sum`. */
export function formatAggregation({op, grouping, without}: AggregateExpr): string {
  if (without) return `${op} without (${formatLabelNames(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${formatLabelNames(grouping)}) ` : op;
}

/** The operator with its modifiers: `== bool on (a) group_left (b)`. */
export function formatOperator({op, bool, matching}: BinaryExpr): string {
  let text = bool ? `${op} bool` : op;
  if (matching === null) return text;
  const {card, labels, on, include, fill} = matching;
  const isGrouped = card === 'many-to-one' || card === 'one-to-many';
  if (labels.length > 0 || on || isGrouped)
    text += ` ${on ? 'on' : 'ignoring'} (${formatLabelNames(labels)})`;
  if (isGrouped) text += ` group_${card === 'many-to-one' ? 'left' : 'right'} (${formatLabelNames(include)})`;
  if (fill.left !== null && fill.left === fill.right) return `${text} fill (${formatShort(fill.left)})`;
  if (fill.left !== null) text += ` fill_left (${formatShort(fill.left)})`;
  if (fill.right !== null) text += ` fill_right (${formatShort(fill.right)})`;
  return text;
}

/** `[5m:1m] @ 1.000 offset 5m`. */
export function formatSubqueryRange(expr: SubqueryExpr): string {
  const range = formatDurationOr(expr.rangeExpr, expr.rangeMs);
  const hasStep = expr.stepMs !== 0 || expr.stepExpr !== null;
  const step = hasStep ? formatDurationOr(expr.stepExpr, expr.stepMs) : '';
  return `[${range}:${step}]${formatAt(expr.at)}${formatOffset(expr)}`;
}

function formatMatrixSelector({selector, rangeExpr, rangeMs}: MatrixSelector): string {
  const range = formatDurationOr(rangeExpr, rangeMs);
  return `${formatSeries(selector)}[${range}]${formatExtension(selector)}${formatAt(selector.at)}${formatOffset(selector)}`;
}

/** Name and matchers, these sorted, the one that says the same as the name left out. */
function formatSeries({name, matchers}: VectorSelector): string {
  const shown = matchers.filter((each) => !saysName(each, name)).map(formatMatcher);
  if (shown.length === 0) return name === '' ? '{}' : name;
  return `${name}{${shown.sort(compareStrings).join(',')}}`;
}

function saysName({name, type, value}: Matcher, metricName: string): boolean {
  return metricName !== '' && name === metricNameLabel && type === '=' && value === metricName;
}

/** `job=~"a|b"`. */
export function formatMatcher({name, type, value}: Matcher): string {
  return `${formatLabelName(name)}${type}${quoteGo(value)}`;
}

function formatLabelNames(names: readonly string[]): string {
  return names.map(formatLabelName).join(', ');
}

function formatLabelName(name: string): string {
  return isLegacyLabelName(name) ? name : quoteGo(name);
}

function formatAt(at: At): string {
  if (at === null) return '';
  return typeof at === 'string' ? ` @ ${at}()` : ` @ ${formatFixed(at / 1000, 3)}`;
}

function formatExtension({anchored, smoothed}: VectorSelector): string {
  return anchored ? ' anchored' : smoothed ? ' smoothed' : '';
}

function formatOffset({offsetExpr, offsetMs}: Pick<VectorSelector, 'offsetExpr' | 'offsetMs'>): string {
  if (offsetExpr === null && offsetMs === 0) return '';
  return ` offset ${formatDurationOr(offsetExpr, offsetMs)}`;
}

function formatDurationOr(expr: DurationExpr | null, ms: number): string {
  return expr === null ? formatDuration(ms) : formatDurationOperand(expr);
}

function formatDurationOperand(operand: DurationOperand): string {
  if (operand.kind === 'number') return formatNumber(operand);
  const text = formatBareDuration(operand);
  return operand.wrapped ? `(${text})` : text;
}

function formatBareDuration({op, left, right}: DurationExpr): string {
  if (right === null) return `${op}()`;
  if (left === null) return (op === '-' ? '-' : '') + formatDurationOperand(right);
  const both = [formatDurationOperand(left), formatDurationOperand(right)];
  return op === 'min_of' || op === 'max_of' ? `${op}(${both.join(', ')})` : both.join(` ${op} `);
}

function formatNumber({value, duration}: NumberLiteral): string {
  if (!duration) return formatDecimal(value);
  return formatDuration(Math.sign(value) * Math.round(Math.abs(value) * 1000));
}
