// Selectors, and what may follow them: `{…}`, `[5m]`, `[5m:1m]`, `offset 5m`, `@ 123`, `anchored`, `smoothed`.

import {metricNameLabel} from '../../model/labels.ts';
import {Matcher} from '../../model/matcher.ts';
import type {MatchType} from '../../model/matcher.ts';
import type {
  At,
  DurationExpr,
  Expr,
  MatrixSelector,
  PositionRange,
  SubqueryExpr,
  VectorSelector,
} from '../ast.ts';
import {literalMs, parseOffsetDuration, parsePositiveDuration} from './durations.ts';
import {formatFixed} from './floats.ts';
import {unquoteString} from './literals.ts';
import type {Token, TokenStream} from './tokenstream.ts';

/** Parses a selector that starts with a brace, or with the metric name `word`, which was taken already. */
export function parseVectorSelector(tokens: TokenStream, word: Token | null): VectorSelector {
  const start = word === null ? tokens.start : word.start;
  const name = word === null ? '' : tokens.textOf(word);
  let matchers: Matcher[] = [];
  if (tokens.peek() === '{') matchers = parseMatchers(tokens);
  if (name !== '') matchers.push(new Matcher('=', metricNameLabel, name));
  return {
    kind: 'vectorSelector',
    name,
    matchers,
    offsetMs: 0,
    offsetExpr: null,
    at: null,
    anchored: false,
    smoothed: false,
    range: {start, end: tokens.endOfLast},
  };
}

function parseMatchers(tokens: TokenStream): Matcher[] {
  tokens.take();
  const matchers: Matcher[] = [];
  for (;;) {
    if (tokens.skip('}')) return matchers;
    matchers.push(parseMatcher(tokens));
    if (tokens.skip('}')) return matchers;
    if (!tokens.skip(',')) tokens.unexpected(' in label matching, expected "," or "}"');
  }
}

/** `name="value"`, or a quoted string alone, which is the metric's name. */
function parseMatcher(tokens: TokenStream): Matcher {
  const first = tokens.peek();
  if (first !== 'identifier' && first !== 'string') {
    tokens.unexpected(' in label matching, expected identifier or "}"');
  }
  const label = tokens.take();
  const text = tokens.textOf(label);
  const name = first === 'string' ? unquoteString(text) : text;
  const type = tokens.peek();
  if (!isMatchType(type)) {
    if (first === 'string') return new Matcher('=', metricNameLabel, name);
    tokens.unexpected(' in label matching, expected label matching operator');
  }
  tokens.take();
  if (tokens.peek() !== 'string') tokens.unexpected(' in label matching, expected string');
  const value = tokens.take();
  const range = {start: label.start, end: value.end};
  const matcher = matcherOrFail(tokens, range, [type, name, unquoteString(tokens.textOf(value))]);
  tokens.addProgram(matcher.programSize, range);
  return matcher;
}

function matcherOrFail(
  tokens: TokenStream,
  range: PositionRange,
  args: ConstructorParameters<typeof Matcher>,
): Matcher {
  try {
    return new Matcher(...args);
  } catch (error) {
    if (error instanceof SyntaxError) tokens.fail(range, error.message);
    throw error;
  }
}

function isMatchType(kind: string): kind is MatchType {
  return kind === '=' || kind === '!=' || kind === '=~' || kind === '!~';
}

/** Applies whatever modifiers and brackets follow `expr`. They bind tighter than any operator. */
export function parseSuffixes(tokens: TokenStream, expr: Expr): Expr {
  for (;;) {
    switch (tokens.peek()) {
      case '[':
        expr = parseBrackets(tokens, expr);
        break;
      case 'offset':
        expr = parseOffset(tokens, expr);
        break;
      case '@':
        expr = parseAt(tokens, expr);
        break;
      case 'anchored':
      case 'smoothed':
        expr = extendRange(tokens, expr, tokens.take());
        break;
      default:
        return expr;
    }
  }
}

const durationWords = 'number, duration, step(), or range()';

function parseBrackets(tokens: TokenStream, expr: Expr): MatrixSelector | SubqueryExpr {
  const open = tokens.take();
  const outerContext = tokens.context;
  tokens.context = ` in subquery or range selector, expected ${durationWords}`;
  const range = parsePositiveDuration(tokens);
  tokens.context = outerContext;
  const rangeExpr = range.kind === 'duration' ? range : null;
  const rangeMs = range.kind === 'number' ? literalMs(range.value) : 0;
  if (tokens.skip(':')) {
    const step = parseSubqueryStep(tokens);
    const whole = {start: expr.range.start, end: tokens.endOfLast};
    return {
      kind: 'subquery',
      expr,
      rangeMs,
      rangeExpr,
      ...step,
      offsetMs: 0,
      offsetExpr: null,
      at: null,
      range: whole,
    };
  }
  if (!tokens.skip(']')) tokens.unexpected(' in subquery or range, expected ":" or "]"');
  const brackets = {start: open.start, end: tokens.endOfLast};
  if (expr.kind !== 'vectorSelector') tokens.fail(brackets, 'ranges only allowed for vector selectors');
  if (hasOffset(expr)) tokens.fail(brackets, 'no offset modifiers allowed before range');
  if (expr.at !== null) tokens.fail(brackets, 'no @ modifiers allowed before range');
  const whole = {start: expr.range.start, end: tokens.endOfLast};
  return {kind: 'matrixSelector', selector: expr, rangeMs, rangeExpr, range: whole};
}

function parseSubqueryStep(tokens: TokenStream): {stepMs: number; stepExpr: DurationExpr | null} {
  if (tokens.skip(']')) return {stepMs: 0, stepExpr: null};
  const outerContext = tokens.context;
  tokens.context = ' in subquery selector, expected number, duration, step(), range(), or "]"';
  const step = parsePositiveDuration(tokens);
  tokens.context = outerContext;
  if (!tokens.skip(']')) tokens.unexpected(' in subquery selector, expected "]"');
  if (step.kind === 'number') return {stepMs: literalMs(step.value), stepExpr: null};
  return {stepMs: 0, stepExpr: step};
}

function parseOffset(tokens: TokenStream, expr: Expr): Expr {
  tokens.take();
  const outerContext = tokens.context;
  tokens.context = ` in offset, expected ${durationWords}`;
  const offset = parseOffsetDuration(tokens);
  tokens.context = outerContext;
  const selector = timed(expr);
  if (selector === null) {
    tokens.fail(
      expr.range,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }
  if (hasOffset(selector)) tokens.fail(expr.range, 'offset may not be set multiple times');
  if (offset.kind === 'number') return withTime(tokens, expr, {offsetMs: literalMs(offset.value)});
  return withTime(tokens, expr, {offsetExpr: offset});
}

function hasOffset(selector: VectorSelector | SubqueryExpr): boolean {
  return selector.offsetMs !== 0 || selector.offsetExpr !== null;
}

function parseAt(tokens: TokenStream, expr: Expr): Expr {
  tokens.take();
  const outerContext = tokens.context;
  tokens.context = ' in @, expected timestamp';
  const at = parseTime(tokens, expr);
  tokens.context = outerContext;
  const selector = timed(expr);
  if (selector === null) {
    tokens.fail(
      expr.range,
      '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }
  if (selector.at !== null) tokens.fail(expr.range, '@ <timestamp> may not be set multiple times');
  return withTime(tokens, expr, {at});
}

function parseTime(tokens: TokenStream, expr: Expr): At {
  const word = tokens.peek();
  if (word === 'start' || word === 'end') {
    tokens.take();
    tokens.expect('(');
    tokens.expect(')');
    return word;
  }
  const negative = word === '-';
  if (negative || word === '+') tokens.take();
  if (tokens.peek() !== 'number' && tokens.peek() !== 'duration') tokens.unexpected();
  const {value} = tokens.takeNumber();
  const seconds = negative ? -value : value;
  // In milliseconds it has to fit 64 bits. Prometheus only looks at the seconds, and overflows.
  if (!(Math.abs(seconds) * 1000 < 2 ** 63)) {
    tokens.fail(expr.range, `timestamp out of bounds for @ modifier: ${formatFixed(seconds, 6)}`);
  }
  // The sum turns -0 into 0.
  return Math.sign(seconds) * Math.round(Math.abs(seconds) * 1000) + 0;
}

/** The node that holds the offset and time of `expr`, or null where it can have none. */
function timed(expr: Expr): VectorSelector | SubqueryExpr | null {
  if (expr.kind === 'matrixSelector') return expr.selector;
  return expr.kind === 'vectorSelector' || expr.kind === 'subquery' ? expr : null;
}

type Time =
  | Pick<VectorSelector, 'offsetMs'>
  | Pick<VectorSelector, 'offsetExpr'>
  | Pick<VectorSelector, 'at'>;

function withTime(tokens: TokenStream, expr: Expr, time: Time): Expr {
  const range = {start: expr.range.start, end: tokens.endOfLast};
  if (expr.kind === 'matrixSelector') return {...expr, selector: {...expr.selector, ...time}, range};
  return {...(expr as VectorSelector | SubqueryExpr), ...time, range};
}

function extendRange(tokens: TokenStream, expr: Expr, word: Token): Expr {
  const kind = word.kind as 'anchored' | 'smoothed';
  if (tokens.options.extendedRangeSelectors !== true) {
    tokens.fail(expr.range, `${kind} modifier is experimental and not enabled`);
  }
  if (expr.kind === 'subquery') tokens.fail(expr.range, `${kind} modifier is not supported for subqueries`);
  const selector = timed(expr) as VectorSelector | null;
  if (selector === null) tokens.fail(expr.range, `${kind} modifier not implemented`);
  if (kind === 'anchored' ? selector.smoothed : selector.anchored) {
    tokens.fail(expr.range, 'anchored and smoothed modifiers cannot be used together');
  }
  // The node's range stays as it is, as in Prometheus: positions of messages depend on it.
  const extended = {...selector, [kind]: true};
  return expr.kind === 'matrixSelector' ? {...expr, selector: extended} : extended;
}
