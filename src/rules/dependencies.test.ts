import assert from 'node:assert/strict';
import test from 'node:test';
import {parseExpr} from '../promql/parser/parser.ts';
import {independentBatches} from './dependencies.ts';

/** `name = expression`, or `name! = expression` for an alerting rule. */
function f(rules: string[], expected: number[][]): void {
  const parsed = rules.map((text) => {
    const [, name = '', alert, expr = ''] = /^([^ !]+)(!?) = (.*)$/.exec(text)!;
    return {
      kind: alert === '!' ? ('alerting' as const) : ('recording' as const),
      name,
      expr: parseExpr(expr),
    };
  });
  assert.deepEqual(independentBatches(parsed), expected, rules.join('; '));
}

test('independentBatches() puts rules that read of the group behind those that they read', () => {
  f([], []);
  f(['a = x'], [[0]]);
  f(['a = x', 'b = y'], [[0, 1]]);
  f(['a = x', 'b = a', 'c = y'], [[0, 2], [1]]);
  f(['a = x', 'b = a', 'c = b'], [[0], [1], [2]]);
  f(['a = b', 'b = x'], [[0, 1]]);
  f(['a = x', 'b = {__name__=~"a|z"}', 'c = rate(a[5m])'], [[0], [1, 2]]);
});

test('independentBatches() knows that alerts write ALERTS', () => {
  f(['A! = x', 'b = ALERTS{alertname="A"}', 'C! = y'], [[0, 2], [1]]);
  f(['A! = x', 'b = ALERTS{alertname="B"}'], [[0, 1]]);
  f(['A! = x', 'b = ALERTS_FOR_STATE'], [[0], [1]]);
});

test('independentBatches() keeps the order where a selector may read anything', () => {
  f(['a = x', 'b = {job="x"}', 'c = y'], [[0], [1], [2]]);
});
