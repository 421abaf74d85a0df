import type {Expr, SubqueryExpr, VectorSelector} from '../ast.ts';
import {visit} from '../parser/walk.ts';
import type {QueryTimes} from './prepare.ts';

/** The first and last time, both inclusive, of samples that a prepared query may need. */
export function timeRangeOf(
  expr: Expr,
  times: QueryTimes,
  lookbackDeltaMs: number,
): {mint: number; maxt: number} {
  let mint = Infinity;
  let maxt = -Infinity;
  visit(expr, (node, parents) => {
    if (node.kind !== 'vectorSelector') return;
    const parent = parents.at(-1);
    const rangeMs = parent?.kind === 'matrixSelector' ? parent.rangeMs : 0;
    const range = selectorRange(node, {parents, times, rangeMs, lookbackDeltaMs});
    mint = Math.min(mint, range.mint);
    maxt = Math.max(maxt, range.maxt);
    // info() looks at its info metrics when it looks at its argument, but with the lookback of an instant selector.
    if (rangeMs === 0 || !parents.some((each) => each.kind === 'call' && each.func.name === 'info')) return;
    mint = Math.min(mint, selectorRange(node, {parents, times, rangeMs: 0, lookbackDeltaMs}).mint);
  });
  return mint === Infinity ? {mint: 0, maxt: 0} : {mint, maxt};
}

function selectorRange(
  node: VectorSelector,
  options: {parents: readonly Expr[]; times: QueryTimes; rangeMs: number; lookbackDeltaMs: number},
): {mint: number; maxt: number} {
  const {parents, times, rangeMs, lookbackDeltaMs} = options;
  let mint = times.startMs;
  let maxt = times.endMs;
  for (const parent of parents) {
    if (parent.kind === 'subquery') [mint, maxt] = subqueryRange(parent, mint, maxt);
  }
  if (typeof node.at === 'number') mint = maxt = node.at;
  mint -= (rangeMs === 0 ? lookbackDeltaMs : rangeMs) - 1;
  if (node.anchored || node.smoothed) mint -= lookbackDeltaMs;
  if (node.smoothed) maxt += lookbackDeltaMs;
  return {mint: mint - node.offsetMs, maxt: maxt - node.offsetMs};
}

function subqueryRange(node: SubqueryExpr, mint: number, maxt: number): [number, number] {
  const first = typeof node.at === 'number' ? node.at : mint;
  const last = typeof node.at === 'number' ? node.at : maxt;
  return [first - node.offsetMs - node.rangeMs, last - node.offsetMs];
}
