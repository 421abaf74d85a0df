import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import type {Expr} from '../ast.ts';
import {exprToJson} from './astjson.ts';
import {parseExpr, parseMetricSelector} from './parser.ts';
import {ParseError} from './position.ts';
import {formatExpr} from './printer.ts';
import {allFeatures, casesUrl, parseCases} from './testdata/cases.ts';
import {treeOf} from './testdata/tree.ts';
import {depthMax, nestingMax, programSizeMax, queryLengthMax, tokensMax} from './tokenstream.ts';
import type {ParseOptions} from './tokenstream.ts';
import {visit} from './walk.ts';

test('parseExpr() makes the same of each query as Prometheus', () => {
  const cases = parseCases(readFileSync(casesUrl, 'utf8'));
  assert.ok(cases.length > 900, `${cases.length} cases`);
  const wrong: string[] = [];
  for (const {query, options, line, printed, tree, error} of cases) {
    const about = `queries.txt:${line}: ${query}`;
    let expr: Expr;
    try {
      expr = parseExpr(query, options);
    } catch (caught) {
      if (!(caught instanceof ParseError)) throw caught;
      if (caught.message !== error)
        wrong.push(`${about}\n  wanted ${error ?? printed}\n  got    ${caught.message}`);
      continue;
    }
    if (formatExpr(expr) !== printed) {
      wrong.push(`${about}\n  wanted ${error ?? printed}\n  got    ${formatExpr(expr)}`);
    }
    const found = treeOf(exprToJson(expr));
    if (tree !== undefined && found !== tree) wrong.push(`${about}\n  wanted ${tree}\n  got    ${found}`);
  }
  assert.equal(wrong.join('\n'), '');
});

function errorOf(query: string, options: ParseOptions = {}): ParseError {
  try {
    parseExpr(query, options);
  } catch (error) {
    assert.ok(error instanceof ParseError, String(error));
    return error;
  }
  return assert.fail(`${query} was parsed`);
}

test('a ParseError holds the query, the reason and where it is', () => {
  function f(query: string, start: number, end: number, message: string): void {
    const error = errorOf(query);
    assert.ok(error instanceof SyntaxError);
    assert.equal(error.query, query);
    assert.deepEqual(error.range, {start, end});
    assert.equal(error.message, message);
    assert.ok(message.endsWith(`parse error: ${error.reason}`));
  }
  f('', 0, 0, 'unknown position: parse error: no expression found in input');
  f(' ', 0, 0, '1:1: parse error: no expression found in input');
  f('up down', 3, 7, '1:4: parse error: unexpected identifier "down"');
  f('up +\n  down)', 12, 12, "2:8: parse error: unexpected right parenthesis ')'");
  f(
    'rate(\n\nup)',
    7,
    9,
    '3:1: parse error: expected type range vector in call to function "rate", got instant vector',
  );
  // Offsets count as JavaScript does, columns count bytes as Prometheus does.
  f(
    '"é😀" + 1',
    0,
    5,
    '1:1: parse error: binary expression must contain only scalar and instant vector types',
  );
  f('1 + {"é"="😀"} up', 15, 17, '1:19: parse error: unexpected identifier "up"');
});

test('the nodes of a tree know where they stand', () => {
  const query = ' sum by (a) ( rate(up{a="😀"}[5m] offset 1m) ) / -(b) @ 5';
  const pieces: string[] = [];
  visit(parseExpr(query.replace(' @ 5', '')), ({range}) => {
    pieces.push(query.slice(range.start, range.end));
  });
  assert.deepEqual(pieces, [
    'sum by (a) ( rate(up{a="😀"}[5m] offset 1m) ) / -(b)',
    'sum by (a) ( rate(up{a="😀"}[5m] offset 1m) )',
    'rate(up{a="😀"}[5m] offset 1m)',
    'up{a="😀"}[5m] offset 1m',
    'up{a="😀"}',
    '-(b)',
    '(b)',
    'b',
  ]);
});

test('features that are not switched on are errors', () => {
  function f(query: string, options: ParseOptions, reason: string): void {
    assert.equal(errorOf(query).reason, reason);
    assert.ok(parseExpr(query, options));
  }
  const experimentalFunctions = {experimentalFunctions: true};
  f('mad_over_time(up[5m])', experimentalFunctions, 'function "mad_over_time" is not enabled');
  f('step()', experimentalFunctions, 'function "step" is not enabled');
  const flag = '--enable-feature=promql-experimental-functions';
  f('limitk(1, up)', experimentalFunctions, `limitk() is experimental and must be enabled with ${flag}`);
  f('up anchored', {extendedRangeSelectors: true}, 'anchored modifier is experimental and not enabled');
  f('up[5m] smoothed', {extendedRangeSelectors: true}, 'smoothed modifier is experimental and not enabled');
  f('a + fill(0) b', {fillModifiers: true}, 'binop fill modifiers are experimental and not enabled');
  const withoutDurations = {durationExpressions: false};
  for (const query of ['up[5m + 1m]', 'up[step() + 1m]', 'up offset (5m)', 'up offset -range()']) {
    assert.ok(parseExpr(query));
    assert.equal(errorOf(query, withoutDurations).reason, 'experimental duration expression is not enabled');
  }
});

test('literals in durations are resolved to milliseconds', () => {
  function f(query: string, rangeMs: number, offsetMs: number): void {
    const expr = parseExpr(query);
    assert.equal(expr.kind, 'matrixSelector');
    assert.equal(expr.rangeMs, rangeMs);
    assert.equal(expr.selector.offsetMs, offsetMs);
  }
  f('up[5m]', 300_000, 0);
  f('up[1.5] offset 0.25', 1500, 250);
  f('up[1ms] offset -2y', 1, -63_072_000_000);
  // Nanoseconds are counted first, and then cut off.
  f('up[0.0019] offset -0.0019', 1, -1);
  f('up[100y1ms] offset -0.0000001', 3_153_600_000_000, 0);
  assert.equal(errorOf('up offset NaN').reason, 'duration out of range');
  assert.equal(errorOf('up[1e10]').reason, 'duration out of range');
});

test('bytes in strings that are no UTF-8 are kept apart from characters', () => {
  const expr = parseExpr(String.raw`"a\xff\u00e9\303\251\xe2\x82"`);
  assert.equal(expr.kind, 'string');
  assert.equal(expr.value, 'a\udcffé\u00e9\udce2\udc82');
  assert.equal(
    errorOf(String.raw`sum(up) by ("\xff")`).reason,
    String.raw`invalid label name for grouping: "\xff"`,
  );
});

test('a query cannot exhaust the stack', () => {
  const deep = 5000;
  const nested = new RegExp(`nested too deeply, at most ${nestingMax} levels`);
  for (const piece of ['(', 'abs(', '-', '1 ^ ', 'sum(', 'a + (', 'a or b and -(']) {
    assert.match(errorOf(piece.repeat(deep)).reason, nested, piece);
  }
  for (const piece of ['(', '-', '1 ^ ']) {
    assert.match(errorOf(`up[1 + ${piece.repeat(deep)}`).reason, nested, piece);
  }
  assert.match(errorOf(`up offset ${'('.repeat(deep)}`).reason, nested);
  assert.match(errorOf(`up offset ${'-'.repeat(deep)}1`).reason, nested);
  const long = new RegExp(`too deep, at most ${depthMax} operators`);
  assert.match(errorOf(`1${' + 1'.repeat(deep)}`).reason, long);
  assert.match(errorOf(`up${'[5m:]'.repeat(deep)}`).reason, long);
  assert.match(errorOf(`up[1${' + 1'.repeat(deep)}]`).reason, long);
  assert.match(errorOf(`info(up, 1${' + 1'.repeat(deep)})`, allFeatures).reason, long);
});

test('queries within the limits are parsed and printed', () => {
  for (const query of [
    `${'('.repeat(nestingMax - 1)}1${')'.repeat(nestingMax - 1)}`,
    `${'abs('.repeat(nestingMax - 1)}up${')'.repeat(nestingMax - 1)}`,
    `up${' or up'.repeat(depthMax - 1)}`,
    `up[1${' + 1'.repeat(depthMax - 2)}]`,
  ]) {
    assert.equal(formatExpr(parseExpr(query)), query);
  }
});

test('a query cannot be larger than what is sensible', () => {
  assert.match(errorOf(' '.repeat(queryLengthMax + 1)).reason, /^query too long: 4194305 characters/);
  const tooMany = new RegExp(`^query too long: more than ${tokensMax} tokens$`);
  assert.match(errorOf(`1${'+1'.repeat(tokensMax / 2)}`).reason, tooMany);
  assert.match(errorOf(`absent(1${',1'.repeat(tokensMax / 2)})`).reason, tooMany);
  const pattern = `(?i)${'x'.repeat(40_000)}`;
  const count = Math.ceil(programSizeMax / 40_000);
  const query = `{${Array.from({length: count}, () => `a=~"${pattern}"`).join(',')}}`;
  assert.match(errorOf(query).reason, /^regular expressions too large/);
  assert.match(
    errorOf(`{a=~"${'x{1000}'.repeat(60)}"}`).reason,
    /^error parsing regexp: expression too large/,
  );
});

test('parseMetricSelector() reads one selector', () => {
  function f(text: string, expected: string[]): void {
    assert.deepEqual(
      parseMetricSelector(text).map(({name, type, value}) => `${name}${type}${value}`),
      expected,
    );
  }
  f('up', ['__name__=up']);
  f('up{job="a", instance=~"b.*"} # all', ['job=a', 'instance=~b.*', '__name__=up']);
  f('{}', []);
  f('{job=""}', ['job=']);
  f('{"a.b"}', ['__name__=a.b']);
  f('sum', ['__name__=sum']);
});

test('parseMetricSelector() refuses everything else', () => {
  function f(text: string, message: string): void {
    assert.throws(() => parseMetricSelector(text), {name: 'ParseError', message});
  }
  f('', 'unknown position: parse error: unexpected end of input');
  f('up offset 5m', '1:4: parse error: unexpected <offset>');
  f('up[5m]', '1:3: parse error: unexpected "["');
  f('up up', '1:4: parse error: unexpected identifier "up"');
  f('5', '1:1: parse error: unexpected number "5"');
  f('bool', '1:1: parse error: unexpected <bool>');
  f('{job=~"("}', '1:2: parse error: error parsing regexp: missing closing ): `(`');
  f('{', '1:2: parse error: unexpected end of input inside braces');
});
