// Random syntax trees, such as the parser could have made: parentheses where precedence needs them, folded signs, sorted
// matchers. Positions are all zero.

import {assert} from '../../../base/assert.ts';
import type {Random} from '../../../base/random.ts';
import {compareStrings, metricNameLabel} from '../../../model/labels.ts';
import {Matcher} from '../../../model/matcher.ts';
import type {MatchType} from '../../../model/matcher.ts';
import type {
  AggregateOp,
  At,
  BinaryExpr,
  BinaryOp,
  Call,
  DurationExpr,
  DurationOp,
  DurationOperand,
  Expr,
  MatrixSelector,
  NumberLiteral,
  StringLiteral,
  SubqueryExpr,
  ValueType,
  VectorMatching,
  VectorSelector,
} from '../../ast.ts';
import {functions} from '../../functions.ts';
import {formatMatcher} from '../printer.ts';
import {aggregateOps, parameterOps, precedences} from '../tokens.ts';
import {typeOf} from '../types.ts';

const range = {start: 0, end: 0};

const names = ['up', 'a:b', 'sum', 'offset', 'http_requests_total', 'fill', 'start', 'é'];
const labels = ['job', 'le', 'by', 'with space', 'bool', 'ü', 'a_1'];
const values = ['', 'a', 'x"y', 'a\\b', 'line\nfeed', '日本', 'a|b', '.*', '\u0000', '\udcff', '😀', '`'];
const numbers = [0, 1, 2.5, 0.1, 1e21, 1e-9, 123456789, 2 ** 53, Infinity, NaN];
const setOps: readonly BinaryOp[] = ['and', 'or', 'unless'];
const arithmetic: ReadonlySet<BinaryOp> = new Set(['+', '-', '*', '/', '%', '^']);
const comparisons: readonly BinaryOp[] = ['==', '!=', '<', '>', '<=', '>='];

export class ExprGenerator {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** `depth` is how many levels there may be at most. */
  expr(depth: number): Expr {
    const type = this.#random.pick(['scalar', 'vector', 'vector', 'vector', 'matrix', 'string'] as const);
    return this.ofType(type, depth);
  }

  ofType(type: ValueType, depth: number): Expr {
    switch (type) {
      case 'scalar':
        return this.#scalar(depth);
      case 'matrix':
        return this.#chance(3) && depth > 0 ? this.#subquery(depth) : this.#matrixSelector(depth);
      case 'string':
        return this.#string();
      case 'vector':
      case 'none':
        return this.#vector(depth);
    }
  }

  #scalar(depth: number): Expr {
    if (depth <= 0 || this.#chance(3)) return this.#number();
    switch (this.#random.below(4)) {
      case 0:
        return {kind: 'paren', expr: this.#scalar(depth - 1), range};
      case 1:
        return this.#call('scalar', depth);
      case 2:
        return this.#unary('scalar', depth);
      default:
        return this.#binary('scalar', 'scalar', depth);
    }
  }

  #vector(depth: number): Expr {
    if (depth <= 0 || this.#chance(5)) return this.#selector(depth);
    switch (this.#random.below(6)) {
      case 0:
        return {kind: 'paren', expr: this.#vector(depth - 1), range};
      case 1:
        return this.#unary('vector', depth);
      case 2:
        return this.#aggregate(depth);
      case 3:
        return this.#call('vector', depth);
      case 4:
        return this.#chance(2)
          ? this.#binary('vector', 'scalar', depth)
          : this.#binary('scalar', 'vector', depth);
      default:
        return this.#binary('vector', 'vector', depth);
    }
  }

  #number(): NumberLiteral {
    if (this.#chance(4)) return this.#duration();
    const value = this.#random.pick(numbers);
    return {kind: 'number', value: this.#chance(4) ? -value : value, duration: false, range};
  }

  #duration(): NumberLiteral {
    const ms = this.#milliseconds();
    const value = Math.trunc(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
    return {kind: 'number', value, duration: true, range};
  }

  #milliseconds(): number {
    return this.#random.pick([
      1, 999, 1000, 1500, 60_000, 3_661_001, 86_400_000, 604_800_000, 31_536_000_000,
    ]);
  }

  #string(): StringLiteral {
    return {kind: 'string', value: this.#random.pick(values) + this.#random.pick(values), range};
  }

  #unary(type: ValueType, depth: number): Expr {
    const operand = this.ofType(type, depth - 1);
    // A sign before a literal is part of it.
    if (operand.kind === 'number') return operand;
    const expr = operand.kind === 'binary' && operand.op !== '^' ? paren(operand) : operand;
    return {kind: 'unary', op: this.#random.pick(['+', '-'] as const), expr, range};
  }

  #binary(leftType: ValueType, rightType: ValueType, depth: number): BinaryExpr {
    const areVectors = leftType === 'vector' && rightType === 'vector';
    const ops = [...precedences.keys()] as BinaryOp[];
    const op = this.#random.pick(areVectors ? ops : ops.filter((each) => !setOps.includes(each)));
    const areScalars = leftType === 'scalar' && rightType === 'scalar';
    const precedence = precedences.get(op)!;
    const isLeftTight = op !== '^';
    const left = this.ofType(leftType, depth - 1);
    const right = this.ofType(rightType, depth - 1);
    return {
      kind: 'binary',
      op,
      left:
        isLoose(left, isLeftTight ? precedence : precedence + 1) || (takesMore(left) && arithmetic.has(op))
          ? paren(left)
          : left,
      right:
        isLoose(right, isLeftTight ? precedence + 1 : precedence) && !isSigned(right) ? paren(right) : right,
      bool: comparisons.includes(op) && (areScalars || this.#chance(3)),
      matching: areVectors ? this.#matching(op) : null,
      range,
    };
  }

  #matching(op: BinaryOp): VectorMatching {
    const isSetOp = setOps.includes(op);
    const card = isSetOp
      ? 'many-to-many'
      : this.#random.pick(['one-to-one', 'one-to-one', 'many-to-one', 'one-to-many'] as const);
    const isGrouped = card === 'many-to-one' || card === 'one-to-many';
    const on = this.#chance(2);
    const matched = this.#labels();
    const include = isGrouped ? this.#labels().filter((each) => !on || !matched.includes(each)) : [];
    const fillOf = (): number | null => (isSetOp || this.#chance(2) ? null : this.#random.pick(numbers));
    return {card, labels: matched, on, include, fill: {left: fillOf(), right: fillOf()}};
  }

  #labels(): string[] {
    return labels.filter(() => this.#chance(4));
  }

  #aggregate(depth: number): Expr {
    const op = this.#random.pick([...aggregateOps]) as AggregateOp;
    const paramType = op === 'count_values' ? 'string' : 'scalar';
    const without = this.#chance(3);
    return {
      kind: 'aggregate',
      op,
      expr: this.ofType('vector', depth - 1),
      param: parameterOps.has(op) ? this.ofType(paramType, depth - 1) : null,
      grouping: this.#labels(),
      without,
      range,
    };
  }

  #call(type: ValueType, depth: number): Call {
    const func = this.#random.pick([...functions.values()].filter((each) => each.returnType === type));
    const {argTypes, variadic} = func;
    const more = variadic === 0 ? 0 : this.#random.below((variadic < 0 ? 3 : variadic) + 1) - 1;
    const args: Expr[] = [];
    for (let i = 0; i < argTypes.length + more; i++) {
      const argType = argTypes[Math.min(i, argTypes.length - 1)]!;
      const isInfoSelector = func.name === 'info' && i === 1;
      args.push(isInfoSelector ? this.#selectorWithoutName() : this.ofType(argType, depth - 1));
    }
    return {kind: 'call', func, args, range};
  }

  #selector(depth: number): VectorSelector {
    const anchored = this.#chance(8);
    const selector = this.#bareSelector();
    return {...selector, anchored, smoothed: !anchored && this.#chance(8), ...this.#time(depth)};
  }

  #bareSelector(): VectorSelector {
    const name = this.#random.pick(names);
    // A name that needs quotes is written as a matcher.
    const isQuoted = name === 'é';
    const matchers = this.#matchers();
    const nameMatcher = new Matcher('=', metricNameLabel, name);
    if (isQuoted) matchers.push(nameMatcher);
    matchers.sort((a, b) => compareStrings(formatMatcher(a), formatMatcher(b)));
    if (!isQuoted) matchers.push(nameMatcher);
    return selectorOf(isQuoted ? '' : name, matchers);
  }

  #selectorWithoutName(): VectorSelector {
    const matchers = this.#matchers();
    matchers.sort((a, b) => compareStrings(formatMatcher(a), formatMatcher(b)));
    return selectorOf('', matchers);
  }

  #matchers(): Matcher[] {
    const matchers: Matcher[] = [];
    for (let count = this.#random.below(4); count > 0; count--) {
      const type = this.#random.pick<MatchType>(['=', '!=', '=~', '!~']);
      const patterns = values.filter((each) => each.isWellFormed() && !each.includes('\\'));
      const value = this.#random.pick(type === '=~' || type === '!~' ? patterns : values);
      matchers.push(new Matcher(type, this.#random.pick(labels), value));
    }
    return matchers;
  }

  #matrixSelector(depth: number): MatrixSelector {
    const {rangeMs, rangeExpr} = this.#range(depth);
    return {kind: 'matrixSelector', selector: this.#selector(depth), rangeMs, rangeExpr, range};
  }

  #subquery(depth: number): SubqueryExpr {
    const expr = this.#vector(depth - 1);
    const isOpen = expr.kind === 'binary' || expr.kind === 'unary';
    const step = this.#chance(2) ? {rangeMs: 0, rangeExpr: null} : this.#range(depth);
    let subqueryRange = this.#range(depth);
    // A colon is only read behind a number.
    while (subqueryRange.rangeExpr !== null && !hasLiteral(subqueryRange.rangeExpr))
      subqueryRange = this.#range(depth);
    return {
      kind: 'subquery',
      expr: isOpen ? paren(expr) : expr,
      ...subqueryRange,
      stepMs: step.rangeMs,
      stepExpr: step.rangeExpr,
      ...this.#time(depth),
      range,
    };
  }

  #range(depth: number): {rangeMs: number; rangeExpr: DurationExpr | null} {
    const operand = this.#durationOperand(depth);
    if (operand.kind === 'duration') return {rangeMs: 0, rangeExpr: operand};
    return {rangeMs: this.#milliseconds(), rangeExpr: null};
  }

  #time(depth: number): Pick<VectorSelector, 'offsetMs' | 'offsetExpr' | 'at'> {
    const at: At = this.#chance(2)
      ? null
      : this.#random.pick([0, 1, -1500, 1_600_000_000_123, 'start', 'end']);
    if (this.#chance(2)) return {offsetMs: 0, offsetExpr: null, at};
    if (this.#chance(2))
      return {offsetMs: (this.#chance(2) ? 1 : -1) * this.#milliseconds(), offsetExpr: null, at};
    const operand = this.#durationOperand(depth);
    if (operand.kind === 'number') return {offsetMs: 0, offsetExpr: null, at};
    // Only one operand may follow `offset`, unless parentheses say how far the arithmetic goes.
    const isCall =
      operand.op === 'step' || operand.op === 'range' || operand.op === 'min_of' || operand.op === 'max_of';
    return {offsetMs: 0, offsetExpr: isCall ? operand : {...operand, wrapped: true}, at};
  }

  #durationOperand(depth: number): DurationOperand {
    if (depth <= 0 || this.#chance(3)) return this.#positiveLiteral();
    const op = this.#random.pick<DurationOp>([
      '+',
      '-',
      '*',
      '/',
      '%',
      '^',
      'step',
      'range',
      'min_of',
      'max_of',
    ]);
    const make = (left: DurationOperand | null, right: DurationOperand | null): DurationExpr => ({
      kind: 'duration',
      op,
      left,
      right,
      wrapped: false,
      range,
    });
    if (op === 'step' || op === 'range') return make(null, null);
    const right = this.#durationOperand(depth - 1);
    if (op === '-' && this.#chance(3) && right.kind === 'duration') {
      return make(null, isCompound(right) ? {...right, wrapped: true} : right);
    }
    const left = this.#durationOperand(depth - 1);
    if (op === 'min_of' || op === 'max_of') return make(left, right);
    const wrapIfCompound = (operand: DurationOperand): DurationOperand =>
      operand.kind === 'duration' && isCompound(operand) ? {...operand, wrapped: true} : operand;
    return make(wrapIfCompound(left), wrapIfCompound(right));
  }

  #positiveLiteral(): NumberLiteral {
    if (this.#chance(2)) return this.#duration();
    return {kind: 'number', value: this.#random.pick([1, 2, 0.5, 60]), duration: false, range};
  }

  #chance(of: number): boolean {
    return this.#random.below(of) === 0;
  }
}

function selectorOf(name: string, matchers: readonly Matcher[]): VectorSelector {
  return {
    kind: 'vectorSelector',
    name,
    matchers,
    offsetMs: 0,
    offsetExpr: null,
    at: null,
    anchored: false,
    smoothed: false,
    range,
  };
}

function paren(expr: Expr): Expr {
  assert(typeOf(expr) !== 'none', 'expressions have types');
  return {kind: 'paren', expr, range};
}

/** Whether `expr` would fall apart as an operand of an operator of that precedence. */
function isLoose(expr: Expr, precedence: number): boolean {
  if (isSigned(expr)) return precedence > precedences.get('*')!;
  return expr.kind === 'binary' && precedences.get(expr.op)! < precedence;
}

/** Printed with a sign, as positive infinity is too. */
function isSigned(expr: Expr): boolean {
  if (expr.kind !== 'number') return expr.kind === 'unary';
  return expr.value < 0 || Object.is(expr.value, -0) || expr.value === Infinity;
}

/** Whether an offset at the end of `expr` is arithmetic, which an operator behind it would continue. */
function takesMore(expr: Expr): boolean {
  switch (expr.kind) {
    case 'vectorSelector':
    case 'subquery':
      return expr.offsetExpr?.wrapped ?? false;
    case 'unary':
      return takesMore(expr.expr);
    case 'binary':
      return takesMore(expr.right);
    default:
      return false;
  }
}

function hasLiteral(operand: DurationOperand | null): boolean {
  if (operand === null) return false;
  return operand.kind === 'number' || hasLiteral(operand.left) || hasLiteral(operand.right);
}

/** Whether it needs parentheses beside an operator. */
function isCompound(operand: DurationExpr): boolean {
  return operand.right !== null && operand.op !== 'min_of' && operand.op !== 'max_of' && !operand.wrapped;
}
