import {guarded} from '../../storage/guardedsort.ts';
import type {LabelIds, ReadGuard} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import type {QueryBudget} from './budget.ts';
import type {ExplainNode} from './explain.ts';
import {labelOrder} from './labelset.ts';
import type {Matrix} from './matrix.ts';
import {absent, columnBytes, histogram, type HistogramColumn} from './row.ts';

/** What a query evaluates to. Labels are ids of `symbols`. */
export type QueryValue = ScalarValue | StringValue | VectorValue | MatrixValue;

export interface ScalarValue {
  kind: 'scalar';
  timeMs: number;
  value: number;
}

export interface StringValue {
  kind: 'string';
  timeMs: number;
  value: string;
}

/** One value for each series, all at the same time. */
export interface VectorValue {
  kind: 'vector';
  timeMs: number;
  labels: LabelIds[];
  /** As long as `labels`. */
  values: Float64Array;
  /** By series, undefined where the value is a float; null where all are. */
  histograms: HistogramColumn | null;
}

/** Series with values at several times. */
export interface MatrixValue {
  kind: 'matrix';
  series: MatrixSeries[];
}

/** Points `i < length` of one series: `times[i]`, `values[i]`. Columns may be longer, and series may share `times`. */
export interface MatrixSeries {
  labels: LabelIds;
  times: Float64Array;
  values: Float64Array;
  /** By point, undefined where it is a float; null where all are. */
  histograms: HistogramColumn | null;
  length: number;
}

export interface QueryStats {
  /** Seconds. */
  timings: {
    evalTotalTime: number;
    resultSortTime: number;
    queryPreparationTime: number;
    innerEvalTime: number;
    execQueueTime: number;
    execTotalTime: number;
  };
  samples: {
    totalQueryableSamples: number;
    samplesRead: number;
    peakSamples: number;
    /** `[milliseconds, samples]` for each step, where asked for. */
    totalQueryableSamplesPerStep?: [number, number][];
    samplesReadPerStep?: [number, number][];
  };
}

export interface QueryResult {
  value: QueryValue;
  symbols: Symbols;
  /** With positions; at most ten each, and one that counts the others. */
  warnings: string[];
  infos: string[];
  stats: QueryStats;
  /** What the query may still use, for those who write its answer. */
  budget: QueryBudget;
  /** What each node of the query has cost; null unless asked for. */
  explain: ExplainNode | null;
  /** Gives the memory of the values back. They are not used again. */
  release: () => void;
}

export function vectorValue(matrix: Matrix, timeMs: number, budget: ReadGuard): VectorValue {
  budget.takeBytes(vectorRowBytes * matrix.length);
  const labels: LabelIds[] = [];
  const values = new Float64Array(matrix.length);
  let histograms: HistogramColumn | null = null;
  for (let row = 0; row < matrix.length; row++) {
    const kind = matrix.kindAt(row, 0);
    if (kind === absent) continue;
    values[labels.length] = matrix.valueAt(row, 0);
    if (kind === histogram) (histograms ??= [])[labels.length] = matrix.histogramsOf(row)![0];
    labels.push(matrix.labels[row]!);
  }
  return {kind: 'vector', timeMs, labels, values, histograms};
}

/** Rows over a grid as series. Those without gaps share one column of times and keep their values where they are. */
export function matrixValue(
  matrix: Matrix,
  {startMs, stepMs}: {startMs: number; stepMs: number},
  budget: ReadGuard,
): MatrixValue {
  const times = new Float64Array(matrix.steps);
  for (let step = 0; step < times.length; step++) times[step] = startMs + step * stepMs;
  const series: MatrixSeries[] = [];
  for (let row = 0; row < matrix.length; row++) {
    const length = matrix.points[row]!;
    const labels = matrix.labels[row]!;
    if (length === 0) continue;
    budget.check();
    budget.takeBytes(seriesBytes);
    const kinds = matrix.kindsOf(row);
    const found = matrix.histogramsOf(row);
    const histograms: HistogramColumn | null = found === null ? null : pointsOf(found, kinds);
    if (length === times.length) {
      series.push({labels, times, values: matrix.valuesOf(row), histograms, length});
      continue;
    }
    const values = matrix.valuesOf(row);
    budget.takeBytes(2 * columnBytes(8 * length));
    const ownTimes = new Float64Array(length);
    const ownValues = new Float64Array(length);
    let point = 0;
    for (let step = 0; step < times.length; step++) {
      if (kinds[step] === absent) continue;
      ownTimes[point] = times[step]!;
      ownValues[point] = values[step]!;
      point++;
    }
    series.push({labels, times: ownTimes, values: ownValues, histograms, length});
  }
  return {kind: 'matrix', series};
}

/** A number and a place in a list, with growth. */
const vectorRowBytes = 20;

/** A series of a matrix, with the view of its values and its places while sorting. */
export const seriesBytes = 320;

/** The histograms of the steps that are not absent, in order. */
function pointsOf(histograms: HistogramColumn, kinds: Uint8Array): HistogramColumn {
  const points: HistogramColumn = [];
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] !== absent) points.push(kinds[step] === histogram ? histograms[step] : undefined);
  }
  return points;
}

/** Sorts by labels. `guard` ends a long sort by throwing. */
export function sortSeries(symbols: Symbols, series: MatrixSeries[], guard: ReadGuard): void {
  const sets = series.map(({labels}) => labels);
  const compare = labelOrder(symbols, sets, guard);
  series.sort(guarded((left, right) => compare(left.labels, right.labels), guard));
}
