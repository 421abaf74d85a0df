// Operators that turn each series into one, value by value.

import type {FloatHistogram} from '../../../model/histogram.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import type {QueryContext} from '../context.ts';
import type {Grid} from '../grid.ts';
import {type Matrix, MatrixCursor, MergedMatrix} from '../matrix.ts';
import {
  absent,
  countPoints,
  float,
  histogram,
  histogramAt,
  histogramsOf,
  type MutableRow,
  newRow,
  type Operator,
  type Row,
  samplesOf,
} from '../row.ts';
import {LeftSide} from './sides.ts';

/** Writes the result for one series into `out`, which has no histograms yet, and returns how many steps have a value. */
export type RowFunction = (source: Row, out: MutableRow) => number;

export interface MapOptions {
  /** Whether the result is another metric, which has no name. */
  dropsName: boolean;
}

/** Applies a function to each series. */
export class MapRows implements Operator {
  readonly row: MutableRow;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #compute: RowFunction;
  readonly #dropsName: boolean;

  constructor(
    context: QueryContext,
    child: Operator,
    compute: RowFunction,
    options: MapOptions & {grid: Grid},
  ) {
    this.#context = context;
    this.#child = child;
    this.#compute = compute;
    this.#dropsName = options.dropsName;
    this.singleName = child.singleName;
    this.row = newRow(options.grid.count);
  }

  next(): boolean {
    const child = this.#child;
    const context = this.#context;
    const {row} = this;
    while (child.next()) {
      const source = child.row;
      // The row takes the place of its source.
      context.releaseSamples(samplesOf(source));
      row.histograms = null;
      const points = this.#compute(source, row);
      if (points === 0) continue;
      row.points = points;
      row.dropName = source.dropName || this.#dropsName;
      row.labels =
        this.#dropsName && !context.delayedNameRemoval
          ? context.names.dropName(source.labels)
          : source.labels;
      context.holdSamples(samplesOf(row));
      return true;
    }
    return false;
  }
}

/** A function of one number; histograms are left out. */
export function mapFloats(compute: (value: number) => number): RowFunction {
  return (source, {values, kinds}) => {
    let points = 0;
    for (let step = 0; step < kinds.length; step++) {
      kinds[step] = absent;
      if (source.kinds[step] !== float) continue;
      kinds[step] = float;
      values[step] = compute(source.values[step]!);
      points++;
    }
    return points;
  };
}

/** A number for each histogram; floats are left out. */
export function mapHistograms(compute: (value: FloatHistogram) => number): RowFunction {
  return (source, {values, kinds}) => {
    let points = 0;
    for (let step = 0; step < kinds.length; step++) {
      kinds[step] = absent;
      if (source.kinds[step] !== histogram) continue;
      kinds[step] = float;
      values[step] = compute(histogramAt(source, step));
      points++;
    }
    return points;
  };
}

/** A function of any value: what it answers for a histogram may be one, or null for no result. */
export function mapValues(
  ofFloat: (value: number, step: number) => number,
  ofHistogram: (value: FloatHistogram, step: number) => FloatHistogram | null,
): RowFunction {
  return (source, out) => {
    const {values, kinds} = out;
    let points = 0;
    for (let step = 0; step < kinds.length; step++) {
      kinds[step] = absent;
      if (source.kinds[step] === float) {
        values[step] = ofFloat(source.values[step]!, step);
        kinds[step] = float;
        points++;
      } else if (source.kinds[step] === histogram) {
        const result = ofHistogram(histogramAt(source, step), step);
        if (result === null) continue;
        histogramsOf(out)[step] = result;
        kinds[step] = histogram;
        points++;
      }
    }
    return points;
  };
}

/**
 * Makes one series of those that have the same labels, where names were dropped or labels rewritten. Throws where two of
 * them have a value at the same step.
 */
export class MergeRows implements Operator {
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #steps: number;
  #cursor: MatrixCursor | null = null;
  row: Row;

  /** `nameless`: whether the rows have no names, so that merging makes them unique without. */
  constructor(context: QueryContext, child: Operator, options: {grid: Grid; nameless: boolean}) {
    this.#context = context;
    this.#child = child;
    this.#steps = options.grid.count;
    this.singleName = options.nameless;
    this.row = child.row;
  }

  next(): boolean {
    if (this.#cursor === null) {
      const merged = new MergedMatrix(this.#context, this.#steps);
      const child = new LeftSide(this.#context, this.#child);
      // What the child cannot evaluate comes before what does not go together.
      child.before(() => {
        while (child.next()) {
          this.#context.check();
          merged.append(child.row);
        }
      });
      this.#cursor = new MatrixCursor(merged.matrix, this.singleName);
      this.row = this.#cursor.row;
    }
    return this.#cursor.next();
  }
}

/**
 * The rows of a function that Prometheus evaluates step by step, with those that have the same labels as one. Where names are
 * removed at the end, equal labels at a single time of evaluation stay apart until then.
 */
export function mergeSteps(
  context: QueryContext,
  child: Operator,
  options: {grid: Grid; nameless: boolean},
): Operator {
  if (keepsApart(context, options.grid)) {
    context.mayRepeatLabels = true;
    return child;
  }
  return new MergeRows(context, child, options);
}

export function keepsApart({delayedNameRemoval}: QueryContext, {ranged}: Grid): boolean {
  return delayedNameRemoval && ranged !== true;
}

/** Changes the labels of each series. */
export class RelabelRows implements Operator {
  readonly row: Row;
  readonly singleName = false;
  readonly #child: Operator;
  readonly #relabel: (labels: LabelIds, dropName: boolean) => {labels: LabelIds; dropName: boolean};

  constructor(
    child: Operator,
    relabel: (labels: LabelIds, dropName: boolean) => {labels: LabelIds; dropName: boolean},
  ) {
    this.#child = child;
    this.#relabel = relabel;
    this.row = {...child.row};
  }

  next(): boolean {
    if (!this.#child.next()) return false;
    const source = this.#child.row;
    const {labels, dropName} = this.#relabel(source.labels, source.dropName);
    Object.assign(this.row, source, {labels, dropName});
    return true;
  }
}

/** Repeats the one value of each series of an expression that does not depend on the step. */
export class Broadcast implements Operator {
  readonly row: MutableRow;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;

  readonly #nextChild: () => boolean;

  constructor(context: QueryContext, child: Operator, grid: Grid) {
    this.#context = context;
    this.#child = child;
    this.#nextChild = () => child.next();
    this.singleName = child.singleName;
    this.row = newRow(grid.count);
  }

  next(): boolean {
    const {row} = this;
    const steps = row.kinds.length;
    if (!this.#advance(steps)) return false;
    const source = this.#child.row;
    row.values.fill(source.values[0]!);
    row.kinds.fill(source.kinds[0]!);
    row.histograms = null;
    if (source.kinds[0] === histogram) histogramsOf(row).fill(histogramAt(source, 0));
    row.labels = source.labels;
    row.dropName = source.dropName;
    row.points = steps;
    this.#context.holdSamples(samplesOf(row) - samplesOf(source));
    return true;
  }

  /** What the one evaluation looks at counts for every step. */
  #advance(steps: number): boolean {
    const context = this.#context;
    const {samplesQueried, samplesPerStep} = context;
    context.samplesPerStep = null;
    const found = context.readingOnce(this.#nextChild);
    context.samplesPerStep = samplesPerStep;
    const queried = context.samplesQueried - samplesQueried;
    context.samplesQueried += queried * (steps - 1);
    if (samplesPerStep?.length === steps) {
      for (let step = 0; step < steps; step++) samplesPerStep[step]! += queried;
    }
    return found;
  }
}

/** The rows of `inner`; does something after the last one. */
export class AfterRows implements Operator {
  readonly singleName: boolean;
  readonly #inner: Operator;
  readonly #finish: () => void;

  constructor(inner: Operator, finish: () => void) {
    this.singleName = inner.singleName;
    this.#inner = inner;
    this.#finish = finish;
  }

  get row(): Row {
    return this.#inner.row;
  }

  next(): boolean {
    if (this.#inner.next()) return true;
    this.#finish();
    return false;
  }
}

/** An operator that needs all series of its children at once, made when the first row is asked for. */
export class Deferred implements Operator {
  readonly singleName: boolean;
  readonly #make: () => Operator;
  #operator: Operator | null = null;
  row: Row = newRow(0);

  constructor(singleName: boolean, make: () => Operator) {
    this.singleName = singleName;
    this.#make = make;
  }

  next(): boolean {
    this.#operator ??= this.#make();
    const found = this.#operator.next();
    this.row = this.#operator.row;
    return found;
  }
}

/** A single series computed at once. */
export function singleRow(
  context: QueryContext,
  matrix: Matrix,
  labels: LabelIds,
  fill: (values: Float64Array, kinds: Uint8Array) => void,
): Operator {
  const at = matrix.add(labels, false);
  const kinds = matrix.kindsOf(at);
  fill(matrix.valuesOf(at), kinds);
  matrix.points[at] = countPoints(kinds);
  context.holdSamples(matrix.points[at]!);
  return new MatrixCursor(matrix, true);
}
