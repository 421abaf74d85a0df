// Aggregations that keep series as they are, some of each group: topk, bottomk, limitk, limit_ratio.

import type {AggregateExpr} from '../../ast.ts';
import {pointSamples} from '../../../model/histogram/size.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import type {QueryContext} from '../context.ts';
import {executionError} from '../error.ts';
import {formatShortest} from '../../../base/format.ts';
import type {Grid} from '../grid.ts';
import {labelBytes, labelTexts} from '../labelset.ts';
import {withoutParens} from '../invariance.ts';
import {labelsHashFraction} from '../labelhash.ts';
import {Matrix, MatrixCursor} from '../matrix.ts';
import {absent, histogram, type HistogramColumn, type Operator, type Row, samplesOf} from '../row.ts';
import {Grouping} from './grouping.ts';
import {ValueHeap, type HeapOrder} from './valueheap.ts';

export function aggregateK(
  context: QueryContext,
  expr: AggregateExpr,
  child: Operator,
  options: {grid: Grid; parameters: Float64Array},
): Operator {
  const {grid, parameters} = options;
  if (!(highest(parameters) >= 1) && !parameters.some(Number.isNaN)) return nothingOf(context, child, grid);
  const wrong = wrongCount(parameters);
  // Prometheus looks at the parameter last.
  if (wrong !== null) {
    nothingOf(context, child, grid);
    throw executionError(wrong);
  }
  const order: HeapOrder = expr.op === 'bottomk' ? 'largestFirst' : 'smallestFirst';
  const grouping = new Grouping(context, expr.grouping, expr.without);
  const groups: (ValueHeap | null)[][] = [];
  const series: KeptSeries[] = [];
  const keepsHistograms = expr.op === 'limitk';
  let held = 0;
  while (child.next()) {
    const {row} = child;
    held += samplesOf(row);
    const group = grouping.groupOf(row.labels);
    const heaps = (groups[group] ??= newHeaps(context, grid.count));
    const number = series.length;
    let kept = false;
    for (let step = 0; step < row.kinds.length; step++) {
      if (row.kinds[step] === absent) continue;
      if (row.kinds[step] === histogram && !keepsHistograms) {
        if (parameters[step]! >= 1) context.annotations.histogramIgnoredInAggregation(expr.op, expr.range);
        continue;
      }
      const count = Math.trunc(parameters[step]!);
      if (count < 1) continue;
      const heap = (heaps[step] ??= newHeap(context, order));
      if (heap.size < count) {
        context.takeBytes(heapEntryBytes);
        heap.push(orderOf(row, step), number);
        kept = true;
      } else if (expr.op !== 'limitk' && heap.offer(row.values[step]!, number)) kept = true;
    }
    // Most series never get among the best.
    if (kept) keepSeries(context, series, row);
  }
  context.releaseSamples(held);
  const sorted = expr.op !== 'limitk';
  return collect(context, groups, {series, grid, sorted});
}

/** limit_ratio: series whose hash falls into the ratio, or outside of its complement where it is negative. */
export function limitRatio(
  context: QueryContext,
  expr: AggregateExpr,
  child: Operator,
  options: {grid: Grid; parameters: Float64Array},
): Operator {
  const {grid, parameters} = options;
  if (parameters.every((ratio) => ratio === 0)) return nothingOf(context, child, grid);
  if (parameters.some(Number.isNaN)) {
    nothingOf(context, child, grid);
    throw executionError('Ratio value is NaN');
  }
  const {range} = withoutParens(expr.param!);
  const largest = highest(parameters);
  const smallest = -highest(parameters.map((ratio) => -ratio));
  if (largest > 1) context.annotations.invalidRatio(largest, 1, range);
  if (smallest < -1) context.annotations.invalidRatio(smallest, -1, range);

  const grouping = new Grouping(context, expr.grouping, expr.without);
  const groups: (ValueHeap | null)[][] = [];
  const series: KeptSeries[] = [];
  let held = 0;
  while (child.next()) {
    const {row} = child;
    held += samplesOf(row);
    const fraction = labelsHashFraction(labelTexts(context.symbols, row.labels));
    const group = grouping.groupOf(row.labels);
    const heaps = (groups[group] ??= newHeaps(context, grid.count));
    const number = series.length;
    let kept = false;
    for (let step = 0; step < row.kinds.length; step++) {
      if (row.kinds[step] === absent) continue;
      const ratio = Math.min(1, Math.max(-1, parameters[step]!));
      if (ratio === 0 || !(ratio > 0 ? fraction < ratio : fraction >= 1 + ratio)) continue;
      context.takeBytes(heapEntryBytes);
      (heaps[step] ??= newHeap(context, 'smallestFirst')).push(orderOf(row, step), number);
      kept = true;
    }
    if (kept) keepSeries(context, series, row);
  }
  context.releaseSamples(held);
  return collect(context, groups, {series, grid, sorted: false});
}

/** By what a sample is ordered: histograms, which have no value, count as 0. */
function orderOf(row: Row, step: number): number {
  return row.kinds[step] === histogram ? 0 : row.values[step]!;
}

/**
 * Makes rows of what the heaps hold. For one step: group by group in the heap's order, since an instant query shows the
 * series in this order. For several: by series.
 */
function collect(
  context: QueryContext,
  groups: readonly (ValueHeap | null)[][],
  options: {series: readonly KeptSeries[]; grid: Grid; sorted: boolean},
): Operator {
  const {series, grid, sorted} = options;
  const result = new Matrix(context, grid.count);
  const specimen = groups[0]?.find((heap) => heap !== null);
  if (specimen !== undefined && specimen !== null) context.specimens.push(specimen);
  context.takeBytes(4 * series.length);
  const rowOf = new Int32Array(series.length).fill(-1);
  for (const heaps of groups) {
    context.check();
    for (const [step, heap] of heaps.entries()) {
      if (heap === null) continue;
      if (sorted) heap.sort(context);
      for (let i = 0; i < heap.size; i++) {
        const number = heap.items[i]!;
        if (rowOf[number]! < 0) rowOf[number] = result.add(series[number]!.labels, series[number]!.dropName);
        const row = rowOf[number]!;
        const found = series[number]!.histograms?.[step];
        if (found === undefined) result.put(row, step, heap.values[i]!);
        else {
          result.makeHistograms(row)[step] = found;
          result.kindsOf(row)[step] = histogram;
          result.points[row]!++;
        }
        context.holdSamples(found === undefined ? 1 : pointSamples(found));
      }
    }
  }
  return new MatrixCursor(result, false);
}

function newHeaps(context: QueryContext, steps: number): (ValueHeap | null)[] {
  context.takeBytes(heapsBytes + 8 * steps);
  return Array.from({length: steps}, () => null);
}

/** A series of which some points may be kept; histograms only by step, undefined where the point is a float. */
interface KeptSeries {
  labels: LabelIds;
  dropName: boolean;
  histograms: HistogramColumn | null;
}

function newHeap(context: QueryContext, order: HeapOrder): ValueHeap {
  context.takeBytes(heapBytes);
  return new ValueHeap(order);
}

function keepSeries(context: QueryContext, series: KeptSeries[], row: Row): void {
  const {labels, dropName, kinds, histograms} = row;
  context.takeBytes(seriesBytes + labelBytes(labels));
  if (histograms === null) {
    series.push({labels, dropName, histograms});
    return;
  }
  context.takeBytes(8 * kinds.length);
  const kept = histograms.map((value, step) => (kinds[step] === histogram ? value : undefined));
  series.push({labels, dropName, histograms: kept});
}

/** Memory of a group's list, of a heap, of an element of it (with sorting), and of a series beside its labels. */
const heapsBytes = 64;
const heapBytes = 320;
const heapEntryBytes = 64;
const seriesBytes = 56;

/** No series; but what is wrong with the expression is still reported. */
function nothingOf(context: QueryContext, child: Operator, grid: Grid): Operator {
  while (child.next()) context.releaseSamples(samplesOf(child.row));
  return new MatrixCursor(new Matrix(context, grid.count), true);
}

function highest(values: Float64Array): number {
  let result = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i]! > result) result = values[i]!;
  return result;
}

/** The largest double below 2^63, which is too large all the same. */
const int64Max = 2 ** 63 - 1024;

/** What is wrong with the parameter, or null. */
function wrongCount(counts: Float64Array): string | null {
  if (counts.some(Number.isNaN)) return 'Parameter value is NaN';
  const largest = highest(counts);
  const smallest = -highest(counts.map((count) => -count));
  if (smallest <= -(2 ** 63)) return `Scalar value ${formatShortest(smallest)} underflows int64`;
  return largest >= int64Max ? `Scalar value ${formatShortest(largest)} overflows int64` : null;
}
