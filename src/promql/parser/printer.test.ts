import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {Matcher} from '../../model/matcher.ts';
import type {Expr} from '../ast.ts';
import {parseExpr} from './parser.ts';
import {prettyExpr} from './pretty.ts';
import {formatExpr} from './printer.ts';
import {ExprGenerator} from './testdata/randomexpr.ts';

const allFeatures = {experimentalFunctions: true, extendedRangeSelectors: true, fillModifiers: true};

/** The tree without positions, with matchers and functions by what they say. */
function plain(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(expr, (key, value: unknown) => {
      if (key === 'range') return undefined;
      if (key === 'func') return (value as {name: string}).name;
      if (value instanceof Matcher) return `${value.name}${value.type}${value.value}`;
      return typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value;
    }),
  );
}

test('what formatExpr() and prettyExpr() print is parsed to the same tree, for any seed', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed);
    const expr = new ExprGenerator(random).expr(1 + random.below(5));
    for (const text of [formatExpr(expr), prettyExpr(expr)]) {
      let parsed: Expr;
      try {
        parsed = parseExpr(text, allFeatures);
      } catch (error) {
        assert.fail(`seed ${seed}: ${text}: ${String(error)}`);
      }
      assert.deepEqual(plain(parsed), plain(expr), `seed ${seed}: ${text}`);
    }
  }
});

test('formatExpr() prints what has the same meaning in the same way', () => {
  function f(query: string, expected: string): void {
    assert.equal(formatExpr(parseExpr(query, allFeatures)), expected);
  }
  f('sum(a)by(b)', 'sum by (b) (a)');
  f('sum by () (a)', 'sum(a)');
  f('sum without () (a)', 'sum without () (a)');
  f('TOPK(5,a)', 'topk(5, a)');
  f('a{z="1",b=~"2"}', 'a{b=~"2",z="1"}');
  f('{__name__="a"}', '{__name__="a"}');
  f('{"a.b", c="d"}', '{__name__="a.b",c="d"}');
  f('a offset 90s @ 1.5', 'a @ 1.500 offset 1m30s');
  f('a[1d] offset -1w @ end()', 'a[1d] @ end() offset -1w');
  f('a[25h] smoothed', 'a[1d1h] smoothed');
  f('a[1h:] @ 5', 'a[1h:] @ 5.000');
  f('a[(5m)]', 'a[(5m)]');
  f('a + ignoring() group_left b', 'a + ignoring () group_left () b');
  f('a == bool on(b) group_right(c) d', 'a == bool on (b) group_right (c) d');
  f('a + fill_right(1) fill_left(1) b', 'a + fill (1) b');
  f('a + fill_left(1e-5) b', 'a + fill_left (1e-05) b');
  f('0x10 + 1e3 + Inf + nan', '16 + 1000 + +Inf + NaN');
  f('1s1ms', '1s1ms');
  f('-5m', '-5m');
  f(String.raw`'a"b\n'`, String.raw`"a\"b\n"`);
  f('"\\xff\\xc3\\xa9"', String.raw`"\xffé"`);
  f('info(a, {})', 'info(a, {})');
  // Without parentheses, the next parse would end the offset at its first operand.
  f('a offset - -5m + 3', 'a offset (5m + 3)');
});
