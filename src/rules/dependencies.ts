// Which rules of a group read what others of it write: those that do not may be evaluated side by side.

import {Matcher} from '../model/matcher.ts';
import {metricNameLabel} from '../model/labels.ts';
import type {Expr} from '../promql/ast.ts';
import {extractSelectors} from '../promql/parser/walk.ts';
import {alertsMetric, forStateMetric} from './alertingrule.ts';

export interface DependingRule {
  readonly kind: 'recording' | 'alerting';
  readonly name: string;
  readonly expr: Expr;
}

/**
 * Splits rules, by their indexes, into batches that must come one after the other; the rules of one batch may be evaluated in
 * any order. First come those that read nothing of the group, last those that nothing of the group reads, between them
 * the others one by one. A selector without a name may read anything: then the order of the group is kept.
 */
export function independentBatches(rules: readonly DependingRule[]): number[][] {
  const reads = rules.map(() => false);
  const isRead = rules.map(() => false);
  for (const [index, rule] of rules.entries()) {
    if (rules.length < 2) break;
    for (const matchers of extractSelectors(rule.expr)) {
      const name = matchers.find((matcher) => matcher.name === metricNameLabel);
      if (name === undefined) return rules.map((_, each) => [each]);
      // As in Prometheus, a rule that comes later in the group is none that an earlier one waits for.
      for (let before = 0; before < index; before++) {
        if (!readsOutput(name, matchers, rules[before]!)) continue;
        reads[index] = true;
        isRead[before] = true;
      }
    }
  }
  const first: number[] = [];
  const middle: number[][] = [];
  const last: number[] = [];
  for (const index of rules.keys()) {
    if (!reads[index]) first.push(index);
    else if (isRead[index]) middle.push([index]);
    else last.push(index);
  }
  return [first, ...middle, last].filter((batch) => batch.length > 0);
}

/**
 * Splits rules, by their indexes, into runs that keep their order: no rule reads what one before it in its run writes. So the
 * rules of a run may be evaluated before any of them is stored, and see what they would have seen one after the other.
 */
export function sequentialRuns(rules: readonly DependingRule[]): number[][] {
  const runs: number[][] = [];
  let run: number[] = [];
  for (const [index, rule] of rules.entries()) {
    const selectors = extractSelectors(rule.expr);
    const reads = (before: number): boolean =>
      selectors.some((matchers) => {
        const name = matchers.find((matcher) => matcher.name === metricNameLabel);
        return name === undefined || readsOutput(name, matchers, rules[before]!);
      });
    if (run.some(reads)) {
      runs.push(run);
      run = [];
    }
    run.push(index);
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

function readsOutput(name: Matcher, matchers: readonly Matcher[], rule: DependingRule): boolean {
  if (name.matches(rule.name)) return true;
  if (rule.kind !== 'alerting' || !(name.matches(alertsMetric) || name.matches(forStateMetric))) return false;
  const alert = matchers.find((matcher) => matcher.name === 'alertname');
  return alert === undefined || alert.matches(rule.name);
}
