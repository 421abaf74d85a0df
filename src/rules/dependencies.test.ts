import assert from 'node:assert/strict';
import test from 'node:test';
import {parseExpr} from '../promql/parser/parser.ts';
import {type DependingRule, independentBatches, sequentialRuns} from './dependencies.ts';

/** `name = expression`, or `name! = expression` for an alerting rule. */
function parseRules(rules: string[]): DependingRule[] {
  return rules.map((text) => {
    const [, name = '', alert, expr = ''] = /^([^ !]+)(!?) = (.*)$/.exec(text)!;
    return {kind: alert === '!' ? 'alerting' : 'recording', name, expr: parseExpr(expr)};
  });
}

function f(rules: string[], expected: number[][]): void {
  assert.deepEqual(independentBatches(parseRules(rules)), expected, rules.join('; '));
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

test('sequentialRuns() keeps the order, and parts rules that read what was just written', () => {
  const g = (rules: string[], expected: number[][]): void =>
    assert.deepEqual(sequentialRuns(parseRules(rules)), expected, rules.join('; '));
  g([], []);
  g(['a = x', 'b = y', 'c = z'], [[0, 1, 2]]);
  g(['a = x', 'b = a', 'c = y'], [[0], [1, 2]]);
  // What a later rule writes is read as it was.
  g(['a = b', 'b = x'], [[0, 1]]);
  g(['a = x', 'b = {job="x"}', 'c = y'], [[0], [1, 2]]);
  g(['A! = x', 'b = ALERTS{alertname="A"}', 'c = ALERTS{alertname="B"}'], [[0], [1, 2]]);
});
