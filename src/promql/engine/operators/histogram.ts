// histogram_quantile, histogram_quantiles and histogram_fraction over native histograms, and over classic ones: series with
// a bucket's upper bound in the label `le`.

import type {FloatHistogram} from '../../../model/histogram.ts';
import type {Expr, PositionRange} from '../../ast.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import {bucketFraction, BucketQuantile, type Buckets} from '../buckets.ts';
import type {QueryContext} from '../context.ts';
import {freeColumn} from '../../../base/buffers.ts';
import {formatOpenMetrics} from '../../../base/format.ts';
import type {Grid} from '../grid.ts';
import {labelBytes, valueOf} from '../labelset.ts';
import {Matrix, MatrixCursor} from '../matrix.ts';
import {
  histogramFraction as nativeFraction,
  histogramQuantile as nativeQuantile,
} from '../nativehistogram.ts';
import {absent, countPoints, float, histogram, type Operator, type Row, samplesOf} from '../row.ts';
import {Tuples} from '../tuples.ts';
import {mergeSteps} from './map.ts';

/** One classic histogram: rows of its buckets, by rising bound. Several may share their bounds. */
interface ClassicHistogram {
  labels: LabelIds;
  bounds: Float64Array;
  rows: number[];
}

/** What a function makes of each histogram: one series, or several that its labels tell apart. */
interface Output {
  /** Whether it has a result at a step. */
  active: (step: number) => boolean;
  /** Sets the label that tells this series apart. */
  relabel: (labels: LabelIds) => LabelIds;
  /** May change the buckets. */
  ofClassic: (buckets: Buckets, step: number, metric: string) => number;
  ofNative: (value: FloatHistogram, step: number, metric: string) => number;
}

export interface QuantileSpec {
  /** One column for each result; with the place where a quantile out of bounds is remarked. */
  quantiles: readonly {values: Float64Array; range: PositionRange}[];
  /** The label that gets the quantile, or null where there is one quantile alone. */
  label: string | null;
  vectorExpr: Expr;
}

/** histogram_quantile() and histogram_quantiles(). */
export function histogramQuantile(
  context: QueryContext,
  child: Operator,
  spec: QuantileSpec,
  grid: Grid,
): Operator {
  const {label, vectorExpr} = spec;
  const outputs: Output[] = [];
  const repairs = firstValid(context, spec.quantiles, grid.count);
  for (const [index, {values}] of spec.quantiles.entries()) {
    const remarks = (step: number): boolean => repairs[step] === index;
    const output = quantileOutput(context, {values, remarks, vectorExpr}, grid);
    if (label === null) outputs.push(output);
    else outputs.push(...labelledOutputs(context, output, values, label));
  }
  return evaluateHistograms(context, child, {vectorExpr, grid, outputs});
}

/**
 * The first of the quantiles at each step that lies within bounds, which alone remarks on buckets that it repairs: the others
 * find them whole. Remarks on those out of bounds.
 */
function firstValid(context: QueryContext, quantiles: QuantileSpec['quantiles'], steps: number): Uint8Array {
  const first = new Uint8Array(steps).fill(quantiles.length);
  for (let step = 0; step < steps; step++) {
    for (let index = 0; index < quantiles.length; index++) {
      const {values, range} = quantiles[index]!;
      const quantile = values[step]!;
      if (!(quantile >= 0 && quantile <= 1)) context.annotations.invalidQuantile(quantile, range);
      else if (index < first[step]!) first[step] = index;
    }
  }
  return first;
}

function quantileOutput(
  context: QueryContext,
  spec: {values: Float64Array; remarks: (step: number) => boolean; vectorExpr: Expr},
  grid: Grid,
): Output {
  const {values, remarks} = spec;
  const {range} = spec.vectorExpr;
  const solver = new BucketQuantile();
  context.specimens.push(solver);
  return {
    active: () => true,
    relabel: (labels) => labels,
    ofClassic: (buckets, step, metric) => {
      const result = solver.compute(values[step]!, buckets);
      if (solver.forcedMonotonic && remarks(step)) {
        context.annotations.forcedMonotonicity(metric, range, {
          timeMs: grid.startMs + step * grid.stepMs,
          minBucket: solver.minBucket,
          maxBucket: solver.maxBucket,
          maxDifference: solver.maxDifference,
        });
      }
      return result;
    },
    ofNative: (histogram, step, metric) => {
      const {value, nanObservations} = nativeQuantile(values[step]!, histogram);
      if (nanObservations !== 'none') context.annotations.nanObservations(nanObservations, metric, range);
      return value;
    },
  };
}

/** One output for each value that the quantile takes, since the label says it. */
function labelledOutputs(
  {names, symbols}: QueryContext,
  output: Output,
  quantiles: Float64Array,
  label: string,
): Output[] {
  const name = symbols.intern(label);
  return Array.from(new Set(quantiles), (quantile) => {
    const value = symbols.intern(formatOpenMetrics(quantile));
    return {
      ...output,
      active: (step) =>
        quantiles[step] === quantile || (quantile !== quantile && quantiles[step] !== quantiles[step]),
      relabel: (labels) => names.with(labels, name, value),
    };
  });
}

export function histogramFraction(
  context: QueryContext,
  child: Operator,
  spec: {lower: Float64Array; upper: Float64Array; vectorExpr: Expr},
  grid: Grid,
): Operator {
  const {lower, upper, vectorExpr} = spec;
  const output: Output = {
    active: () => true,
    relabel: (labels) => labels,
    ofClassic: (buckets, step) => bucketFraction(lower[step]!, upper[step]!, buckets),
    ofNative: (histogram, step, metric) => {
      const {value, nanObservations} = nativeFraction(lower[step]!, upper[step]!, histogram);
      if (nanObservations !== 'none')
        context.annotations.nanObservations('fraction', metric, vectorExpr.range);
      return value;
    },
  };
  return evaluateHistograms(context, child, {vectorExpr, grid, outputs: [output]});
}

function evaluateHistograms(
  context: QueryContext,
  child: Operator,
  {vectorExpr, grid, outputs}: {vectorExpr: Expr; grid: Grid; outputs: readonly Output[]},
): Operator {
  const input = new HistogramInput(context, grid.count, vectorExpr);
  input.collect(child);
  const result = new Matrix(context, grid.count);
  context.specimens.push(input, result);
  for (const output of outputs) {
    for (const row of input.natives) addNative(context, input, row, {output, result});
    for (const histogram of input.classics) addClassic(context, input, histogram, {output, result});
  }
  input.release();
  // Only where every series is one of a single name do results stay apart without it.
  const apart = child.singleName && input.natives.length === 0 && outputs.length === 1;
  const cursor = new MatrixCursor(result, apart);
  return apart ? cursor : mergeSteps(context, cursor, {grid, nameless: !context.delayedNameRemoval});
}

/** Memory of a histogram's lists, and of a bucket in them. */
const histogramBytes = 720;
const bucketBytes = 48;
/** A value of `le` with its bound. */
const boundBytes = 48;

function addNative(
  context: QueryContext,
  input: HistogramInput,
  row: number,
  {output, result}: {output: Output; result: Matrix},
): void {
  context.check();
  const labels = input.matrix.labels[row]!;
  const dropped = context.delayedNameRemoval ? labels : context.names.dropName(labels);
  const metric = context.delayedNameRemoval ? context.names.nameOf(labels) : '';
  const at = result.add(output.relabel(dropped), true);
  const values = result.valuesOf(at);
  const kinds = result.kindsOf(at);
  const found = input.matrix.kindsOf(row);
  const histograms = input.matrix.histogramsOf(row)!;
  for (let step = 0; step < kinds.length; step++) {
    if (found[step] !== histogram || !output.active(step)) continue;
    values[step] = output.ofNative(histograms[step]!, step, metric);
    kinds[step] = float;
    result.points[at]!++;
  }
  context.holdSamples(result.points[at]!);
}

function addClassic(
  context: QueryContext,
  input: HistogramInput,
  {labels, bounds, rows}: ClassicHistogram,
  {output, result}: {output: Output; result: Matrix},
): void {
  context.check();
  const dropped = context.delayedNameRemoval ? labels : context.names.dropName(labels);
  const metric = context.delayedNameRemoval ? context.names.nameOf(labels) : '';
  const at = result.add(output.relabel(dropped), true);
  const values = result.valuesOf(at);
  const kinds = result.kindsOf(at);
  const {matrix} = input;
  const buckets: Buckets = {
    bounds: new Float64Array(rows.length),
    counts: new Float64Array(rows.length),
    length: 0,
  };
  // Fast path: all buckets are there at every step.
  const whole = rows.every((row) => matrix.points[row] === matrix.steps && matrix.histogramsOf(row) === null);
  const spread = whole ? input.spread(rows) : null;
  const rowValues = whole ? [] : rows.map((row) => matrix.valuesOf(row));
  const rowKinds = whole ? [] : rows.map((row) => matrix.kindsOf(row));
  for (let step = 0; step < kinds.length; step++) {
    if (!output.active(step)) continue;
    if (spread === null) takeFound(buckets, step, {bounds, rowValues, rowKinds});
    else takeAll(buckets, bounds, spread, step * rows.length);
    if (buckets.length === 0) continue;
    values[step] = output.ofClassic(buckets, step, metric);
    kinds[step] = float;
    result.points[at]!++;
  }
  context.holdSamples(result.points[at]!);
}

/** Takes those buckets of a histogram that are there at a step. */
function takeFound(
  buckets: Buckets,
  step: number,
  found: {bounds: Float64Array; rowValues: readonly Float64Array[]; rowKinds: readonly Uint8Array[]},
): void {
  const {bounds, rowValues, rowKinds} = found;
  let length = 0;
  for (let i = 0; i < rowValues.length; i++) {
    if (rowKinds[i]![step] !== float) continue;
    buckets.bounds[length] = bounds[i]!;
    buckets.counts[length] = rowValues[i]![step]!;
    length++;
  }
  buckets.length = length;
}

/** Takes all buckets, whose counts lie from `at` on. */
function takeAll(buckets: Buckets, bounds: Float64Array, counts: Float64Array, at: number): void {
  const {bounds: ownBounds, counts: ownCounts} = buckets;
  const {length} = bounds;
  for (let i = 0; i < length; i++) {
    ownBounds[i] = bounds[i]!;
    ownCounts[i] = counts[at + i]!;
  }
  buckets.length = length;
}

/** All series, sorted into classic histograms by their labels without `le`, and native ones. */
class HistogramInput {
  readonly matrix: Matrix;
  readonly classics: ClassicHistogram[] = [];
  /** Rows that have native histograms. */
  readonly natives: number[] = [];
  readonly #context: QueryContext;
  readonly #vectorExpr: Expr;
  readonly #keys: Tuples;
  readonly #found: {labels: LabelIds; bounds: number[]; rows: number[]}[] = [];
  /** Labels without `le` of the series looked at; longer than they are. */
  readonly #key: number[] = [];
  /** By the id of the label's value. */
  readonly #bounds = new Map<number, number | null>();
  #spread = new Float64Array(0);
  #held = 0;

  constructor(context: QueryContext, steps: number, vectorExpr: Expr) {
    this.#context = context;
    this.#vectorExpr = vectorExpr;
    this.matrix = new Matrix(context, steps);
    this.#keys = new Tuples(context.budget);
  }

  collect(child: Operator): void {
    while (child.next()) {
      this.#context.check();
      this.#held += samplesOf(child.row);
      this.#add(child.row);
    }
    let last: {found: number[]; order: number[]; bounds: Float64Array} | null = null;
    for (const {labels, bounds: found, rows} of this.#found) {
      // Histograms of one metric have the same bounds, in the same order most often.
      if (last === null || !sameNumbers(last.found, found)) last = {found, ...risingOrder(found)};
      const {bounds, order} = last;
      this.classics.push({labels, bounds, rows: order.map((index) => rows[index]!)});
    }
    for (const row of this.natives) this.#dropConflicts(row);
  }

  release(): void {
    this.#context.releaseSamples(this.#held);
    this.matrix.release();
    this.#context.releaseBytes(8 * this.#spread.length);
    freeColumn(this.#spread);
    this.#spread = new Float64Array(0);
  }

  /** Counts of so many buckets at each step, those of a step beside each other; valid until the next call. */
  spread(rows: readonly number[]): Float64Array {
    const {matrix} = this;
    const length = rows.length * matrix.steps;
    if (this.#spread.length < length) {
      this.#context.takeBytes(8 * (length - this.#spread.length));
      this.#spread = new Float64Array(length);
    }
    for (let i = 0; i < rows.length; i++) matrix.spreadRow(rows[i]!, this.#spread, i, rows.length);
    return this.#spread;
  }

  #add(row: Row): void {
    const at = this.matrix.append(row);
    if (row.histograms !== null) this.natives.push(at);
    if (row.histograms !== null && !row.kinds.includes(float)) return;
    const {names} = this.#context;
    const bound = this.#boundOf(valueOf(row.labels, names.bucket));
    if (bound === null) return this.#remarkBound(row.labels);
    const length = this.#takeKey(row.labels);
    const key = this.#keys.intern(this.#key, length);
    let histogram = this.#found[key];
    if (histogram === undefined) {
      const labels = this.#key.slice(0, length);
      this.#context.takeBytes(histogramBytes + labelBytes(labels));
      histogram = this.#found[key] = {labels, bounds: [], rows: []};
    }
    this.#context.takeBytes(bucketBytes);
    histogram.bounds.push(bound);
    histogram.rows.push(at);
  }

  /** The bound that a value of `le` stands for, by its id; null where it is none. */
  #boundOf(id: number): number | null {
    let bound = this.#bounds.get(id);
    if (bound === undefined) {
      bound = parseBound(this.#context.symbols.text(id));
      this.#context.takeBytes(boundBytes);
      this.#bounds.set(id, bound);
    }
    return bound;
  }

  #remarkBound(labels: LabelIds): void {
    const {symbols, names, annotations, delayedNameRemoval} = this.#context;
    const metric = delayedNameRemoval ? names.nameOf(labels) : '';
    annotations.badBucketLabel(symbols.text(valueOf(labels, names.bucket)), metric, this.#vectorExpr.range);
  }

  /** Notes the labels but `le`, and returns how many ids they are. */
  #takeKey(labels: LabelIds): number {
    const {bucket} = this.#context.names;
    const key = this.#key;
    let length = 0;
    for (let i = 0; i < labels.length; i += 2) {
      if (labels[i] === bucket) continue;
      key[length++] = labels[i]!;
      key[length++] = labels[i + 1]!;
    }
    return length;
  }

  /** Where a native histogram and classic buckets of the same name meet at a step, neither counts. */
  #dropConflicts(row: number): void {
    const {matrix} = this;
    const labels = matrix.labels[row]!;
    const key = this.#keys.find(labels, labels.length);
    if (key < 0) return;
    const {names, annotations, delayedNameRemoval} = this.#context;
    const kinds = matrix.kindsOf(row);
    const numbers = this.classics[key]!.rows;
    const rows = numbers.map((each) => matrix.kindsOf(each));
    for (let step = 0; step < kinds.length; step++) {
      if (kinds[step] !== histogram || !rows.some((each) => each[step] === float)) continue;
      kinds[step] = absent;
      for (const each of rows) if (each[step] === float) each[step] = absent;
      const metric = delayedNameRemoval ? names.nameOf(labels) : '';
      annotations.mixedClassicNativeHistograms(metric, this.#vectorExpr.range);
    }
    for (const [i, each] of numbers.entries()) matrix.points[each] = countPoints(rows[i]!);
  }
}

function sameNumbers(left: readonly number[], right: readonly number[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** Places of the bounds from the least to the largest, and the bounds so. */
function risingOrder(found: readonly number[]): {order: number[]; bounds: Float64Array} {
  const order = found.map((_, index) => index);
  order.sort((left, right) => {
    const a = found[left]!;
    const b = found[right]!;
    return a < b ? -1 : a > b ? 1 : 0;
  });
  return {order, bounds: Float64Array.from(order, (index) => found[index]!)};
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
