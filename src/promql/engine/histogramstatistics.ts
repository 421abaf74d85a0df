// Where a query asks for nothing but counts and sums of native histograms, buckets are left out of them as soon as they are
// read. What only buckets tell, whether a counter was reset, is then noted in the histogram's hint. Prometheus does so to
// save work (HistogramStatsIterator); one sees it in what is remarked.

import {detectReset} from '../../model/histogram/reset.ts';
import {counterReset, FloatHistogram} from '../../model/histogram.ts';
import type {Expr} from '../ast.ts';
import {visit} from '../parser/walk.ts';
import type {HistogramColumn} from './row.ts';

const statisticsFunctions: ReadonlySet<string> = new Set([
  'histogram_avg',
  'histogram_count',
  'histogram_sum',
]);
const bucketFunctions: ReadonlySet<string> = new Set([
  'histogram_fraction',
  'histogram_quantile',
  'histogram_quantiles',
]);

/** The selectors of a query whose histograms need no buckets. */
export function selectorsWithoutBuckets(root: Expr): ReadonlySet<Expr> {
  const found = new Set<Expr>();
  visit(root, (node, parents) => {
    if (node.kind === 'vectorSelector' && needsNoBuckets(parents)) found.add(node);
  });
  return found;
}

function needsNoBuckets(parents: readonly Expr[]): boolean {
  let statistics = false;
  for (let i = parents.length - 1; i >= 0; i--) {
    const parent = parents[i]!;
    if (parent.kind === 'subquery') return false;
    if (parent.kind === 'binary' && (parent.op === '</' || parent.op === '>/')) return false;
    if (parent.kind !== 'call') continue;
    if (bucketFunctions.has(parent.func.name)) return false;
    if (statisticsFunctions.has(parent.func.name)) statistics = true;
  }
  return statistics;
}

/** How a series is read: for each step at most `spanMs` back from `startMs + step * stepMs`. */
export interface Sweep {
  startMs: number;
  stepMs: number;
  steps: number;
  spanMs: number;
}

/**
 * The histograms of one series, in order of time, without their buckets. Of a reset is known what Prometheus knows: where
 * the steps leave samples out, it does not compare the next one with those before.
 */
export function withoutBuckets(
  histograms: readonly (FloatHistogram | undefined)[],
  times: Float64Array,
  {startMs, stepMs, steps, spanMs}: Sweep,
): HistogramColumn {
  const {length} = histograms;
  const result = Array.from(histograms, (each) => (each === undefined ? undefined : statisticsOf(each)));
  let previous: FloatHistogram | null = null;
  /** The last one that was compared. */
  let compared = -1;
  const compare = (index: number): void => {
    const histogram = histograms[index];
    if (histogram === undefined || index === compared) return;
    compared = index;
    let {counterResetHint} = histogram;
    if (counterResetHint === counterReset.unknown && previous !== null) {
      counterResetHint = detectReset(histogram, previous) ? counterReset.reset : counterReset.notReset;
    }
    previous = histogram.with({counterResetHint});
    result[index] = statisticsOf(previous);
  };
  // What the first window does not hold is not even selected, though more may have been decoded.
  let at = times.subarray(0, length).findIndex((timeMs) => timeMs > startMs - spanMs);
  if (at < 0) at = length;
  let nextMs = -Infinity;
  for (let step = 0; step < steps && at < length; step++) {
    const endMs = startMs + step * stepMs;
    if (endMs - spanMs > nextMs) {
      while (at < length && times[at]! < endMs - spanMs) at++;
      previous = null;
      nextMs = at < length ? times[at]! : Infinity;
    }
    while (nextMs < endMs) {
      compare(at++);
      nextMs = at < length ? times[at]! : Infinity;
    }
    if (nextMs === endMs) compare(at);
  }
  return result;
}

function statisticsOf({schema, count, sum, counterResetHint}: FloatHistogram): FloatHistogram {
  return new FloatHistogram({schema, count, sum, counterResetHint});
}
