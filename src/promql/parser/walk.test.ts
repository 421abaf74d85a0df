import assert from 'node:assert/strict';
import test from 'node:test';
import {Matcher} from '../../model/matcher.ts';
import type {Expr} from '../ast.ts';
import {parseExpr} from './parser.ts';
import {formatExpr, formatMatcher} from './printer.ts';
import {extractSelectors, mapExpr, selectorsOf, visit} from './walk.ts';

const query = 'topk(5, a{b="c"}) + rate(d[5m]) / max_over_time((-e)[1h:]) ^ scalar(f)';

test('visit() calls with each node and what is above it', () => {
  const seen: string[] = [];
  visit(parseExpr('sum(rate(a[5m])) + 1'), (node, parents) => {
    seen.push([...parents, node].map((each) => each.kind).join('>'));
  });
  assert.deepEqual(seen, [
    'binary',
    'binary>aggregate',
    'binary>aggregate>call',
    'binary>aggregate>call>matrixSelector',
    'binary>aggregate>call>matrixSelector>vectorSelector',
    'binary>number',
  ]);
});

test('visit() leaves out what is below a node for which it is told so', () => {
  const seen: string[] = [];
  visit(parseExpr('topk(5, a) + rate(b[5m])'), (node) => {
    seen.push(formatExpr(node));
    return node.kind !== 'call';
  });
  assert.deepEqual(seen, ['topk(5, a) + rate(b[5m])', 'topk(5, a)', 'a', '5', 'rate(b[5m])']);
});

test('mapExpr() changes nodes from the leaves upwards and keeps what stays the same', () => {
  const expr = parseExpr(query);
  assert.equal(
    mapExpr(expr, (node) => node),
    expr,
  );
  const rename = (node: Expr): Expr => {
    if (node.kind !== 'vectorSelector') return node;
    const name = node.name.toUpperCase();
    return {...node, name, matchers: [...node.matchers.slice(0, -1), new Matcher('=', '__name__', name)]};
  };
  assert.equal(
    formatExpr(mapExpr(expr, rename)),
    'topk(5, A{b="c"}) + rate(D[5m]) / max_over_time((-E)[1h:]) ^ scalar(F)',
  );
  assert.equal(formatExpr(expr), query);
  const sum = parseExpr('a + b * 2');
  assert.ok(sum.kind === 'binary');
  const changed = mapExpr(sum, (node) => (node.kind === 'number' ? {...node, value: 3} : node));
  assert.ok(changed.kind === 'binary');
  assert.equal(changed.left, sum.left);
  assert.equal(formatExpr(changed), 'a + b * 3');
});

test('extractSelectors() gives the matchers of all selectors in order', () => {
  const expr = parseExpr(query);
  assert.deepEqual(
    extractSelectors(expr).map((matchers) => matchers.map(formatMatcher).join()),
    ['b="c",__name__="a"', '__name__="d"', '__name__="e"', '__name__="f"'],
  );
  assert.deepEqual(
    selectorsOf(expr).map((selector) => selector.name),
    ['a', 'd', 'e', 'f'],
  );
});
