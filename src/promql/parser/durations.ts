// Durations in brackets and after `offset`: literals, or arithmetic on them and on the query's step and range.

import type {DurationExpr, DurationOp, DurationOperand, NumberLiteral, PositionRange} from '../ast.ts';
import {powerPrecedence, precedenceMin, precedences} from './tokens.ts';
import type {TokenKind} from './tokens.ts';
import type {Token, TokenStream} from './tokenstream.ts';

/** 2^63 nanoseconds in seconds. */
const secondsMax = 2 ** 63 / 1e9;

const durationOps: ReadonlySet<TokenKind> = new Set<TokenKind>(['+', '-', '*', '/', '%', '^']);

/** What stands in brackets: must be above zero, as far as that is known already. */
export function parsePositiveDuration(tokens: TokenStream): DurationOperand {
  const found = parseDurationExpr(tokens, precedenceMin);
  if (found.kind === 'number' && found.value <= 0)
    tokens.fail(found.range, 'duration must be greater than 0');
  return found;
}

/**
 * What follows `offset`. Without parentheses only one literal or call belongs to it, with or without a sign:
 * `foo offset 5m + 3` is a sum. Arithmetic starts with a parenthesis, or with two signs.
 */
export function parseOffsetDuration(tokens: TokenStream): DurationOperand {
  const kind = tokens.peek();
  if (kind === 'number' || kind === 'duration') return inRange(tokens, tokens.takeNumber());
  if (kind === '(') return parseDurationExpr(tokens, precedenceMin);
  if (kind !== '+' && kind !== '-') return parseDurationCall(tokens);
  const sign = tokens.take();
  switch (tokens.peek()) {
    case 'number':
    case 'duration':
      return signedLiteral(tokens, sign, tokens.takeNumber());
    case 'step':
    case 'range':
    case 'min_of':
    case 'max_of': {
      const right = parseDurationCall(tokens, sign.start);
      return {
        kind: 'duration',
        op: kind,
        left: null,
        right,
        wrapped: false,
        range: {start: sign.start, end: right.range.end},
      };
    }
    case '(': {
      tokens.take();
      const inner = parseDurationExpr(tokens, precedenceMin);
      tokens.expect(')');
      return applySign(tokens, sign, wrap(inner, inner.range.start));
    }
  }
  const first = applySign(tokens, sign, parseDurationExpr(tokens, powerPrecedence));
  const whole = parseOperators(tokens, first, precedenceMin);
  // Printed as it was written, `- -5m + 3` would read as a sum with an offset of 5m. Parentheses keep it what it is.
  return whole.kind === 'duration' && whole !== first ? {...whole, wrapped: true} : whole;
}

function parseDurationExpr(tokens: TokenStream, precedence: number): DurationOperand {
  return parseOperators(tokens, parseOperand(tokens), precedence);
}

function parseOperators(tokens: TokenStream, first: DurationOperand, lowest: number): DurationOperand {
  let left = first;
  for (;;) {
    const kind = tokens.peek();
    const precedence = precedences.get(kind);
    if (precedence === undefined || precedence < lowest || !durationOps.has(kind)) return left;
    const op = tokens.take();
    tokens.enter();
    const right = parseDurationExpr(tokens, kind === '^' ? precedence : precedence + 1);
    tokens.leave();
    requireDurationExpressions(tokens, left.range);
    if (right.kind === 'number' && right.value === 0) {
      if (kind === '/') tokens.fail(rangeOf(op), 'division by zero');
      if (kind === '%') tokens.fail(rangeOf(op), 'modulo by zero');
    }
    const range = {start: left.range.start, end: right.range.end};
    left = {kind: 'duration', op: kind as DurationOp, left, right, wrapped: false, range};
  }
}

function parseOperand(tokens: TokenStream): DurationOperand {
  switch (tokens.peek()) {
    case 'number':
    case 'duration':
      return inRange(tokens, tokens.takeNumber());
    case '+':
    case '-': {
      const sign = tokens.take();
      tokens.enter();
      const operand = parseDurationExpr(tokens, powerPrecedence);
      tokens.leave();
      return applySign(tokens, sign, operand);
    }
    case '(': {
      const {start} = tokens.take();
      tokens.enter();
      const inner = parseDurationExpr(tokens, precedenceMin);
      tokens.leave();
      tokens.expect(')');
      requireDurationExpressions(tokens, inner.range);
      return wrap(inner, start);
    }
  }
  return parseDurationCall(tokens);
}

/** `step()`, `range()`, `min_of(a, b)`, `max_of(a, b)`; `signStart` is where its sign stands. */
function parseDurationCall(tokens: TokenStream, signStart?: number): DurationExpr {
  const op = tokens.peek();
  if (op !== 'step' && op !== 'range' && op !== 'min_of' && op !== 'max_of') tokens.unexpected();
  const {start} = tokens.take();
  tokens.expect('(');
  let left: DurationOperand | null = null;
  let right: DurationOperand | null = null;
  if (op === 'min_of' || op === 'max_of') {
    tokens.enter();
    left = parseDurationExpr(tokens, precedenceMin);
    tokens.expect(',');
    right = parseDurationExpr(tokens, precedenceMin);
    tokens.leave();
  }
  const {end} = tokens.expect(')');
  // For what has operands, Prometheus reports where these are.
  const range =
    left === null || right === null ? {start, end} : {start: left.range.start, end: right.range.end};
  requireDurationExpressions(tokens, {start: signStart ?? range.start, end});
  return {kind: 'duration', op, left, right, wrapped: false, range};
}

/** Remembers the parentheses. A literal has no place for that, so that it becomes the operand of a silent plus. */
function wrap(inner: DurationOperand, start: number): DurationExpr {
  if (inner.kind === 'duration') return {...inner, wrapped: true};
  const range = {start, end: inner.range.end};
  return {kind: 'duration', op: '+', left: null, right: inner, wrapped: true, range};
}

function applySign(tokens: TokenStream, sign: Token, operand: DurationOperand): DurationOperand {
  if (operand.kind === 'number') return signedLiteral(tokens, sign, operand);
  if (sign.kind === '+') return operand;
  const range = {start: sign.start, end: operand.range.end};
  return {kind: 'duration', op: '-', left: null, right: operand, wrapped: false, range};
}

function signedLiteral(tokens: TokenStream, sign: Token, literal: NumberLiteral): NumberLiteral {
  if (!isInRange(literal.value)) tokens.fail(rangeOf(sign), 'duration out of range');
  const value = sign.kind === '-' ? -literal.value : literal.value;
  return {...literal, value, range: {start: sign.start, end: literal.range.end}};
}

function inRange(tokens: TokenStream, literal: NumberLiteral): NumberLiteral {
  if (!isInRange(literal.value)) tokens.fail(literal.range, 'duration out of range');
  return literal;
}

/** False for NaN, which Prometheus takes for a time far in the future. */
function isInRange(value: number): boolean {
  return Math.abs(value) <= secondsMax;
}

function requireDurationExpressions(tokens: TokenStream, range: PositionRange): void {
  if (tokens.options.durationExpressions === false) {
    tokens.fail(range, 'experimental duration expression is not enabled');
  }
}

function rangeOf(token: Token): PositionRange {
  return {start: token.start, end: token.end};
}

/** Whole milliseconds of a literal in seconds; like Prometheus rounded to nanoseconds before they are cut off. */
export function literalMs(value: number): number {
  const nanoseconds = Math.sign(value) * Math.round(Math.abs(value) * 1e9);
  // The sum turns -0 into 0.
  if (Number.isSafeInteger(nanoseconds)) return Math.trunc(nanoseconds / 1e6) + 0;
  return Number(BigInt(nanoseconds) / 1_000_000n);
}
