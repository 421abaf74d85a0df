// histogram_quantile and histogram_fraction over classic histograms: series with a bucket's upper bound in the label `le`.

import type {Expr} from '../../ast.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import {bucketFraction, BucketQuantile, type Buckets} from '../buckets.ts';
import type {QueryContext} from '../context.ts';
import type {Grid} from '../grid.ts';
import {labelBytes, removeLabels, valueOf} from '../labelset.ts';
import {Matrix, MatrixCursor} from '../matrix.ts';
import {absent, float, type Operator} from '../row.ts';
import {Tuples} from '../tuples.ts';
import {MergeRows} from './map.ts';

/** One histogram: rows of its buckets, by rising bound. */
interface ClassicHistogram {
  labels: LabelIds;
  dropName: boolean;
  bounds: Float64Array;
  rows: number[];
}

export interface QuantileSpec {
  quantiles: Float64Array;
  /** Where a quantile out of bounds is remarked. */
  quantileExpr: Expr;
  vectorExpr: Expr;
}

export function histogramQuantile(
  context: QueryContext,
  child: Operator,
  spec: QuantileSpec,
  grid: Grid,
): Operator {
  const {quantiles, vectorExpr} = spec;
  for (let step = 0; step < grid.count; step++) {
    const quantile = quantiles[step]!;
    if (!(quantile >= 0 && quantile <= 1)) {
      context.annotations.invalidQuantile(quantile, spec.quantileExpr.range);
    }
  }
  const solver = new BucketQuantile();
  return evaluateHistograms(context, child, {vectorExpr, grid}, (buckets, step, metric) => {
    const result = solver.compute(quantiles[step]!, buckets);
    if (solver.forcedMonotonic) {
      context.annotations.forcedMonotonicity(metric, vectorExpr.range, {
        timeMs: grid.startMs + step * grid.stepMs,
        minBucket: solver.minBucket,
        maxBucket: solver.maxBucket,
        maxDifference: solver.maxDifference,
      });
    }
    return result;
  });
}

export function histogramFraction(
  context: QueryContext,
  child: Operator,
  spec: {lower: Float64Array; upper: Float64Array; vectorExpr: Expr},
  grid: Grid,
): Operator {
  const {lower, upper, vectorExpr} = spec;
  return evaluateHistograms(context, child, {vectorExpr, grid}, (buckets, step) =>
    bucketFraction(lower[step]!, upper[step]!, buckets),
  );
}

function evaluateHistograms(
  context: QueryContext,
  child: Operator,
  {vectorExpr, grid}: {vectorExpr: Expr; grid: Grid},
  compute: (buckets: Buckets, step: number, metric: string) => number,
): Operator {
  const input = new Matrix(context, grid.count);
  const histograms = collectHistograms(context, child, input, vectorExpr);
  const result = new Matrix(context, grid.count);
  let held = 0;
  for (const points of input.points) held += points;
  for (const histogram of histograms) {
    context.check();
    const {bounds, rows} = histogram;
    const dropped = context.delayedNameRemoval ? histogram.labels : context.names.dropName(histogram.labels);
    const at = result.add(dropped, context.delayedNameRemoval);
    const metric = context.delayedNameRemoval ? context.names.nameOf(histogram.labels) : '';
    const values = result.valuesOf(at);
    const kinds = result.kindsOf(at);
    const rowValues = rows.map((row) => input.valuesOf(row));
    const rowKinds = rows.map((row) => input.kindsOf(row));
    const buckets: Buckets = {
      bounds: new Float64Array(rows.length),
      counts: new Float64Array(rows.length),
      length: 0,
    };
    for (let step = 0; step < grid.count; step++) {
      let length = 0;
      for (let i = 0; i < rows.length; i++) {
        if (rowKinds[i]![step] === absent) continue;
        buckets.bounds[length] = bounds[i]!;
        buckets.counts[length] = rowValues[i]![step]!;
        length++;
      }
      if (length === 0) continue;
      buckets.length = length;
      values[step] = compute(buckets, step, metric);
      kinds[step] = float;
      result.points[at]!++;
    }
    context.holdSamples(result.points[at]!);
  }
  context.releaseSamples(held);
  input.release();
  const cursor = new MatrixCursor(result, child.singleName);
  return child.singleName
    ? cursor
    : new MergeRows(context, cursor, {grid, nameless: !context.delayedNameRemoval});
}

/** Memory of a histogram's lists, and of a bucket in them. */
const histogramBytes = 720;
const bucketBytes = 48;

/** Reads all series into `input` and sorts them into histograms. */
function collectHistograms(
  context: QueryContext,
  child: Operator,
  input: Matrix,
  vectorExpr: Expr,
): ClassicHistogram[] {
  const {symbols, names} = context;
  const bucketLabel = new Set([names.bucket]);
  const keys = new Tuples(context.budget);
  const found: {labels: LabelIds; dropName: boolean; bounds: number[]; rows: number[]}[] = [];
  while (child.next()) {
    const {row} = child;
    const boundText = symbols.text(valueOf(row.labels, names.bucket));
    const bound = parseBound(boundText);
    if (bound === null) {
      const metric = context.delayedNameRemoval ? names.nameOf(row.labels) : '';
      context.annotations.badBucketLabel(boundText, metric, vectorExpr.range);
      context.releaseSamples(row.points);
      continue;
    }
    const labels = removeLabels(row.labels, bucketLabel);
    const key = keys.intern(labels, labels.length);
    if (found[key] === undefined) context.takeBytes(histogramBytes + labelBytes(labels));
    const histogram = (found[key] ??= {labels, dropName: row.dropName, bounds: [], rows: []});
    context.takeBytes(bucketBytes);
    histogram.bounds.push(bound);
    histogram.rows.push(input.append(row));
  }
  return found.map(({labels, dropName, bounds, rows}) => {
    const order = bounds.map((_, index) => index);
    order.sort((left, right) => {
      const a = bounds[left]!;
      const b = bounds[right]!;
      return a < b ? -1 : a > b ? 1 : 0;
    });
    return {
      labels,
      dropName,
      bounds: Float64Array.from(order, (index) => bounds[index]!),
      rows: order.map((index) => rows[index]!),
    };
  });
}

/** A number as Go's ParseFloat reads it, or null. */
export function parseBound(text: string): number | null {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/.exec(text);
  if (hex === null || hex[2]!.length + hex[3]!.length === 0) return null;
  const digits = Number.parseInt(`${hex[2]}${hex[3]}`, 16);
  return (hex[1] === '-' ? -1 : 1) * digits * 2 ** (Number(hex[4]) - 4 * hex[3]!.length);
}
