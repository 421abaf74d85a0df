// The grammar of PromQL, by recursive descent, with precedence climbing for operators. Errors are reported in the order
// in which Prometheus's parser finds them, of which users see the first: hence `TokenStream`, which reads no token before
// it is needed, and the places here that look at the next token before they complain about something else.

import {assert} from '../../base/assert.ts';
import {quoteGo} from '../../base/quote.ts';
import type {Matcher} from '../../model/matcher.ts';
import type {AggregateExpr, AggregateOp, BinaryExpr, BinaryOp, Call, Expr} from '../ast.ts';
import {functions} from '../functions.ts';
import {checkTypes} from './check.ts';
import {unquoteString} from './literals.ts';
import {parseLabelList, parseOperatorModifiers} from './matching.ts';
import {parseSuffixes, parseVectorSelector} from './selectors.ts';
import {
  aggregateOps,
  callTokens,
  experimentalAggregateOps,
  metricNameTokens,
  parameterOps,
  powerPrecedence,
  precedenceMin,
  precedences,
  startsExpression,
} from './tokens.ts';
import type {TokenKind} from './tokens.ts';
import {TokenStream} from './tokenstream.ts';
import type {ParseOptions, Token} from './tokenstream.ts';

/** Parses and type-checks a query. Throws ParseError. */
export function parseExpr(query: string, options: ParseOptions = {}): Expr {
  const tokens = new TokenStream(query, options);
  if (tokens.peek() === 'eof') tokens.fail({start: 0, end: 0}, 'no expression found in input');
  const expr = parseBinary(tokens, precedenceMin);
  if (tokens.peek() !== 'eof') tokens.unexpected();
  return checkTypes(expr, query);
}

/** Parses one selector without modifiers, such as `up{job="a"}`; the name becomes the last matcher. Throws ParseError. */
export function parseMetricSelector(text: string): readonly Matcher[] {
  const tokens = new TokenStream(text, {});
  const first = tokens.peek();
  if (first !== '{' && !metricNameTokens.has(first)) tokens.unexpected();
  const {matchers} = parseVectorSelector(tokens, first === '{' ? null : tokens.take());
  if (tokens.peek() !== 'eof') tokens.unexpected();
  return matchers;
}

/** Reads operators that bind at least as tight as `lowest`. */
function parseBinary(tokens: TokenStream, lowest: number): Expr {
  tokens.enter();
  let left = parseUnary(tokens);
  for (;;) {
    const op = tokens.peek();
    const precedence = precedences.get(op);
    if (precedence === undefined || precedence < lowest) break;
    tokens.take();
    const {bool, matching} = parseOperatorModifiers(tokens);
    const right = parseBinary(tokens, op === '^' ? precedence : precedence + 1);
    const range = {start: left.range.start, end: right.range.end};
    const hasFill = matching.fill.left !== null || matching.fill.right !== null;
    if (hasFill && tokens.options.fillModifiers !== true) {
      tokens.fail(range, 'binop fill modifiers are experimental and not enabled');
    }
    left = {kind: 'binary', op: op as BinaryOp, left, right, bool, matching, range} satisfies BinaryExpr;
  }
  tokens.leave();
  return left;
}

/** A sign binds tighter than `*` and looser than `^`: `-2 ^ 2` is -4. Before a literal it becomes part of it. */
function parseUnary(tokens: TokenStream): Expr {
  const op = tokens.peek();
  if (op !== '+' && op !== '-') return parseSuffixes(tokens, parsePrimary(tokens));
  const {start} = tokens.take();
  const expr = parseBinary(tokens, powerPrecedence);
  const range = {start, end: expr.range.end};
  if (expr.kind === 'number') return {...expr, value: op === '-' ? -expr.value : expr.value, range};
  return {kind: 'unary', op, expr, range};
}

function parsePrimary(tokens: TokenStream): Expr {
  const kind = tokens.peek();
  switch (kind) {
    case 'number':
    case 'duration':
      return tokens.takeNumber();
    case 'string': {
      const token = tokens.take();
      return {kind: 'string', value: unquoteString(tokens.textOf(token)), range: rangeOf(token)};
    }
    case '(': {
      const {start} = tokens.take();
      const expr = parseBinary(tokens, precedenceMin);
      return {kind: 'paren', expr, range: {start, end: tokens.expect(')').end}};
    }
    case '{':
      return parseVectorSelector(tokens, null);
  }
  if (!metricNameTokens.has(kind)) tokens.unexpected();
  return parseNamed(tokens, kind);
}

/** What starts with a word: an aggregation, a call or a selector, as the token behind the word tells. */
function parseNamed(tokens: TokenStream, kind: TokenKind): Expr {
  const word = tokens.take();
  const following = tokens.peek();
  if (aggregateOps.has(kind) && (following === '(' || following === 'by' || following === 'without')) {
    return parseAggregation(tokens, word);
  }
  if (callTokens.has(kind) && following === '(') return parseCall(tokens, word);
  return parseVectorSelector(tokens, word);
}

function parseCall(tokens: TokenStream, word: Token): Call {
  const args = parseArguments(tokens);
  const name = tokens.textOf(word);
  const func = functions.get(name);
  if (func === undefined) tokens.fail(rangeOf(word), `unknown function with name ${quoteGo(name)}`);
  if (func.experimental && tokens.options.experimentalFunctions !== true) {
    tokens.fail(rangeOf(word), `function ${quoteGo(name)} is not enabled`);
  }
  return {kind: 'call', func, args, range: {start: word.start, end: tokens.endOfLast}};
}

/** `(a, b)`. */
function parseArguments(tokens: TokenStream): Expr[] {
  tokens.expect('(');
  const args: Expr[] = [];
  if (tokens.skip(')')) return args;
  for (;;) {
    args.push(parseBinary(tokens, precedenceMin));
    if (tokens.skip(')')) return args;
    const comma = tokens.expect(',');
    if (!startsExpression(tokens.peek())) {
      tokens.fail(rangeOf(comma), 'trailing commas not allowed in function call args');
    }
  }
}

interface Grouping {
  grouping: readonly string[];
  without: boolean;
}

function parseAggregation(tokens: TokenStream, word: Token): AggregateExpr {
  const outerContext = tokens.context;
  tokens.context = ' in aggregation';
  let group = parseGrouping(tokens);
  const args = parseArguments(tokens);
  if (group === null) group = parseGrouping(tokens);
  tokens.context = outerContext;
  const {grouping, without} = group ?? {grouping: [], without: false};
  const op = word.kind as AggregateOp;
  const range = {start: word.start, end: tokens.endOfLast};
  const {expr, param} = splitArguments(tokens, op, args, range);
  return {kind: 'aggregate', op, expr, param, grouping, without, range};
}

function parseGrouping(tokens: TokenStream): Grouping | null {
  const word = tokens.peek();
  if (word !== 'by' && word !== 'without') return null;
  tokens.take();
  return {grouping: parseLabelList(tokens), without: word === 'without'};
}

function splitArguments(
  tokens: TokenStream,
  op: AggregateOp,
  args: readonly Expr[],
  range: AggregateExpr['range'],
): {expr: Expr; param: Expr | null} {
  if (args.length === 0) tokens.fail(range, 'no arguments for aggregate expression provided');
  if (experimentalAggregateOps.has(op) && tokens.options.experimentalFunctions !== true) {
    const flag = '--enable-feature=promql-experimental-functions';
    tokens.fail(range, `${op}() is experimental and must be enabled with ${flag}`);
  }
  const wanted = parameterOps.has(op) ? 2 : 1;
  if (args.length !== wanted) {
    tokens.fail(
      range,
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
    );
  }
  const expr = args[wanted - 1];
  assert(expr !== undefined, 'the number of arguments was checked');
  return {expr, param: wanted === 2 ? args[0]! : null};
}

function rangeOf(token: Token): {start: number; end: number} {
  return {start: token.start, end: token.end};
}
