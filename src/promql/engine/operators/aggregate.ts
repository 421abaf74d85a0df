// Aggregations with one series per group: sum, avg, min, max, count, group, stddev, stdvar, quantile, count_values.

import type {Workspace} from '../../../kernels/workspace.ts';
import type {AggregateExpr} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import type {Grid} from '../grid.ts';
import {withoutParens} from '../invariance.ts';
import {Matrix, MatrixCursor} from '../matrix.ts';
import {
  absent,
  float,
  histogram,
  type MutableRow,
  newRow,
  type Operator,
  type Row,
  samplesOf,
} from '../row.ts';
import {selectQuantile} from '../windows/select.ts';
import {accumulatorBytes, newAccumulator, type Accumulator} from './accumulators.ts';
import {DroppedNames} from './droppednames.ts';
import {Grouping} from './grouping.ts';
import {HistogramFold} from './histogramfold.ts';

/** So many groups have their accumulators where kernels find them; more are rarely the point of an aggregation. */
const kernelGroupsMax = 256;

/** Folds all series of `child` into a row per group, then hands out the groups in the order of their first series. */
export class Aggregate implements Operator {
  readonly row: MutableRow;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #expr: AggregateExpr;
  readonly #child: Operator;
  readonly #grouping: Grouping;
  readonly #accumulators: Accumulator[] = [];
  /** By group, where it has histograms. */
  readonly #folds: (HistogramFold | undefined)[] = [];
  /** Where a row has floats, if it has histograms too. */
  readonly #floats: Uint8Array;
  readonly #dropped = new DroppedNames();
  #next = -1;

  constructor(context: QueryContext, expr: AggregateExpr, child: Operator, grid: Grid) {
    this.#context = context;
    this.#expr = expr;
    this.#child = child;
    this.#grouping = new Grouping(context, expr.grouping, expr.without);
    this.row = newRow(grid.count);
    this.#floats = new Uint8Array(grid.count);
    // `by (__name__)` and the like keep names, but groups stay apart only with them.
    const metadata = expr.grouping.filter((name) => /^__(?:name|type|unit)__$/.test(name));
    this.singleName = expr.without
      ? !context.metadataLabels || (metadata.includes('__type__') && metadata.includes('__unit__'))
      : metadata.length === 0;
  }

  next(): boolean {
    if (this.#next < 0) this.#drain();
    const {row} = this;
    while (this.#next < this.#accumulators.length) {
      const group = this.#next++;
      let points = this.#accumulators[group]!.finish(row.values, row.kinds);
      row.histograms = null;
      const fold = this.#folds[group];
      if (fold !== undefined) points = fold.finish(row);
      if (points === 0) continue;
      row.labels = this.#grouping.labels[group]!;
      row.dropName = this.#dropped.of(group);
      row.points = points;
      this.#context.holdSamples(samplesOf(row));
      return true;
    }
    return false;
  }

  #drain(): void {
    this.#next = 0;
    const child = this.#child;
    const {op} = this.#expr;
    const steps = this.row.kinds.length;
    let held = 0;
    while (child.next()) {
      const {row} = child;
      held += samplesOf(row);
      const group = this.#grouping.groupOf(row.labels);
      if (group === this.#accumulators.length) {
        this.#context.takeBytes(accumulatorBytes(op, steps));
        const accumulator = newAccumulator(op, steps, this.#workspace());
        if (group === 0) this.#context.specimens.push(accumulator);
        this.#accumulators.push(accumulator);
      }
      if (row.histograms === null) this.#accumulators[group]!.add(row.values, row.kinds, row.points);
      else this.#addMixed(group, row);
      if (this.#context.tracksDroppedNames) this.#dropped.add(group, row);
    }
    this.#context.releaseSamples(held);
  }

  /** Where kernels find the accumulators, of which there may be too many for that. */
  #workspace(): Workspace | null {
    return this.#accumulators.length < kernelGroupsMax ? this.#context.workspace : null;
  }

  /** Adds a series that has histograms: to what folds them, or they are left out with a remark. */
  #addMixed(group: number, row: Row): void {
    const {op} = this.#expr;
    const accumulator = this.#accumulators[group]!;
    if (op === 'count' || op === 'group') return accumulator.add(row.values, row.kinds);
    const floats = this.#floats;
    const {range} = withoutParens(this.#expr.expr);
    const steps = floats.length;
    if (op === 'sum' || op === 'avg') {
      const fold = (this.#folds[group] ??= new HistogramFold(this.#context, {op, range, steps}));
      accumulator.finish(this.row.values, floats);
      fold.add(row, floats);
    }
    for (let step = 0; step < steps; step++) floats[step] = row.kinds[step] === float ? float : absent;
    accumulator.add(row.values, floats);
    if (op === 'sum' || op === 'avg') return;
    if (row.kinds.includes(histogram)) {
      this.#context.annotations.histogramIgnoredInAggregation(op, range);
    }
  }
}

/** quantile: needs all values of a group at once, so it keeps the series. */
export function aggregateQuantile(
  context: QueryContext,
  expr: AggregateExpr,
  child: Operator,
  options: {grid: Grid; quantiles: Float64Array},
): Operator {
  const {grid, quantiles} = options;
  remarkQuantiles(context, expr, quantiles);
  const input = new Matrix(context, grid.count);
  const grouping = new Grouping(context, expr.grouping, expr.without);
  const members: number[][] = [];
  const dropped = new DroppedNames();
  let held = 0;
  while (child.next()) {
    held += samplesOf(child.row);
    if (child.row.histograms !== null && child.row.kinds.includes(histogram)) {
      context.annotations.histogramIgnoredInAggregation('quantile', withoutParens(expr.expr).range);
    }
    const group = grouping.groupOf(child.row.labels);
    context.takeBytes(memberBytes);
    if (context.tracksDroppedNames) dropped.add(group, child.row);
    (members[group] ??= newMembers(context)).push(input.append(child.row));
  }
  context.releaseSamples(held);
  const result = new Matrix(context, grid.count);
  for (const [group, rows] of members.entries()) {
    context.check();
    const at = result.add(grouping.labels[group]!, dropped.of(group));
    const points = quantileOfRows(context, input, rows, {
      quantiles,
      values: result.valuesOf(at),
      kinds: result.kindsOf(at),
    });
    result.points[at] = points;
    context.holdSamples(points);
  }
  input.release();
  return new MatrixCursor(result, false);
}

function newMembers(context: QueryContext): number[] {
  context.takeBytes(membersBytes);
  return [];
}

/** Memory of a group's list and of a member of it, with the numbers that are sorted. */
const membersBytes = 192;
const memberBytes = 24;

function quantileOfRows(
  context: QueryContext,
  input: Matrix,
  rows: readonly number[],
  out: {quantiles: Float64Array; values: Float64Array; kinds: Uint8Array},
): number {
  const {quantiles} = out;
  const scratch = new Float64Array(rows.length);
  let points = 0;
  for (let step = 0; step < quantiles.length; step++) {
    context.check();
    let count = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (input.kindAt(row, step) === float) scratch[count++] = input.valueAt(row, step);
    }
    if (count === 0) continue;
    out.values[step] = selectQuantile(quantiles[step]!, scratch, count);
    out.kinds[step] = float;
    points++;
  }
  return points;
}

function remarkQuantiles(context: QueryContext, expr: AggregateExpr, quantiles: Float64Array): void {
  const {range} = withoutParens(expr.param!);
  let smallest = Infinity;
  let largest = -Infinity;
  let nan = false;
  for (let step = 0; step < quantiles.length; step++) {
    const quantile = quantiles[step]!;
    if (quantile !== quantile) nan = true;
    if (quantile < smallest) smallest = quantile;
    if (quantile > largest) largest = quantile;
  }
  if (nan) {
    context.annotations.invalidQuantile(NaN, range);
    // Go's minimum and maximum of NaN and others are NaN, but for infinities.
    if (smallest !== -Infinity) smallest = 0;
    if (largest !== Infinity) largest = 0;
  }
  if (largest > 1) context.annotations.invalidQuantile(largest, range);
  if (smallest < 0) context.annotations.invalidQuantile(smallest, range);
}
