import type {Expr} from '../ast.ts';
import {formatExpr} from '../parser/printer.ts';
import {mapChildren, visit} from '../parser/walk.ts';

/** Functions whose result changes with the time of evaluation even where their arguments are pinned. */
const timeDependent = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'end',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'range',
  'start',
  'step',
  'time',
  'timestamp',
]);

/** The query with every selector and outer subquery at the given time, to be evaluated at other times. */
export function pinned(expr: Expr | null, timeMs: number): {expr: string; timeMs: number}[] {
  if (expr === null) return [];
  let changes = false;
  visit(expr, (node) => {
    if (node.kind === 'call' && timeDependent.has(node.func.name)) changes = true;
    // What is within a pinned subquery keeps its own times.
    return node.kind !== 'subquery';
  });
  if (changes) return [];
  const pin = (node: Expr): Expr => {
    if (node.kind === 'subquery' || node.kind === 'vectorSelector')
      return node.at === null ? {...node, at: timeMs} : node;
    return mapChildren(node, pin);
  };
  const text = formatExpr(pin(expr));
  const times = timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, timeMs / 5, timeMs, 10 * timeMs];
  return times.map((each) => ({expr: text, timeMs: Math.trunc(each)}));
}
