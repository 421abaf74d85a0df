// `smoothed` instant vectors, and `anchored` and `smoothed` range vectors as results of their own.

import type {LabelIds} from '../../../storage/querier.ts';
import {areCompatible} from '../../../model/histogram/arithmetic.ts';
import {detectReset} from '../../../model/histogram/reset.ts';
import {counterReset, type FloatHistogram} from '../../../model/histogram.ts';
import type {PositionRange} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import {executionError} from '../error.ts';
import {instantGrid, type Grid} from '../grid.ts';
import {
  absent,
  float,
  histogram,
  type HistogramColumn,
  histogramsOf,
  type MutableRow,
  newRow,
  type Operator,
  samplesOf,
} from '../row.ts';
import {interpolateHistograms} from '../windows/histogramrate.ts';
import {RangeRemarks} from '../windows/remarks.ts';
import {narrow, valueBetween, type Extension} from '../windows/extended.ts';
import {Windows} from '../windows/window.ts';
import {StoredColumns, type ColumnSource, type Selection} from './selector.ts';

/**
 * The value of each series at each step: that of a sample at that time, else on the straight line between the samples
 * before and after it, each within the lookback; without one after it, the value before.
 */
export class SmoothedSelector implements Operator {
  readonly row: MutableRow;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #remarks: RangeRemarks;
  readonly #source: StoredColumns;
  readonly #windows: Windows;
  readonly #spec: {
    grid: Grid;
    rangeMs: number;
    offsetMs: number;
    fixedTimeMs: number | null;
    extension: {beforeMs: number; afterMs: number};
  };

  constructor(
    context: QueryContext,
    selection: Selection,
    {grid, range}: {grid: Grid; range: PositionRange},
  ) {
    const {lookbackDeltaMs} = context;
    this.#remarks = new RangeRemarks(context.annotations, range);
    const extension = {beforeMs: lookbackDeltaMs, afterMs: lookbackDeltaMs};
    const {fixedTimeMs, offsetMs} = selection;
    this.#context = context;
    this.#source = new StoredColumns(context, selection, grid, {rangeMs: 0, extension});
    this.#windows = new Windows(grid.count);
    this.#spec = {
      grid,
      rangeMs: 0,
      offsetMs,
      fixedTimeMs: fixedTimeMs === null ? null : fixedTimeMs - offsetMs,
      extension,
    };
    this.row = newRow(grid.count);
    this.singleName = this.#source.singleName;
  }

  next(): boolean {
    const context = this.#context;
    const source = this.#source;
    while (source.next()) {
      const points = this.#fill();
      if (points === 0) continue;
      this.row.points = points;
      this.row.labels = source.labels;
      context.holdSamples(samplesOf(this.row));
      return true;
    }
    return false;
  }

  #fill(): number {
    const windows = this.#windows;
    windows.slide(this.#source, this.#spec);
    this.#context.touchSamples(windows.longest);
    const {histograms: found} = this.#source;
    this.row.histograms = null;
    if (found !== null) return this.#fillMixed(found);
    const {times, values, first, end, steps, startMs, stepMs} = windows;
    const {kinds, values: out} = this.row;
    let next = 0;
    let points = 0;
    for (let step = 0; step < steps; step++) {
      const timeMs = startMs + step * stepMs;
      const lower = first[step]!;
      const upper = end[step]!;
      if (next < lower) next = lower;
      while (next < upper && times[next]! < timeMs) next++;
      kinds[step] = absent;
      const exact = next < upper && times[next] === timeMs;
      if (!exact && next === lower) continue;
      kinds[step] = float;
      points++;
      if (exact) out[step] = values[next]!;
      else if (next < upper) out[step] = valueBetween(windows, next - 1, timeMs, false);
      else out[step] = values[next - 1]!;
    }
    return points;
  }

  /** As `#fill`, of a series with histograms. Windows with floats and histograms have no result. */
  #fillMixed(found: HistogramColumn): number {
    const {times, values, first, end, steps, startMs, stepMs} = this.#windows;
    const {row} = this;
    this.#remarks.begin(this.#context.names.nameOf(this.#source.labels));
    let points = 0;
    for (let step = 0; step < steps; step++) {
      const timeMs = startMs + step * stepMs;
      const lower = first[step]!;
      const upper = end[step]!;
      row.kinds[step] = absent;
      if (lower === upper) continue;
      if (isMixed(found, lower, upper)) {
        this.#remarks.mixedFloatsHistograms();
        continue;
      }
      let next = lower;
      while (next < upper && times[next]! < timeMs) next++;
      if (found[lower] !== undefined) {
        const result = this.#histogramAt(found, {lower, next, upper}, timeMs);
        if (result === null) continue;
        histogramsOf(row)[step] = result;
        row.kinds[step] = histogram;
      } else {
        const exact = next < upper && times[next] === timeMs;
        if (!exact && next === lower) continue;
        row.kinds[step] = float;
        if (exact) row.values[step] = values[next]!;
        else if (next < upper) row.values[step] = valueBetween(this.#windows, next - 1, timeMs, false);
        else row.values[step] = values[next - 1]!;
      }
      points++;
    }
    return points;
  }

  #histogramAt(
    found: HistogramColumn,
    {lower, next, upper}: {lower: number; next: number; upper: number},
    timeMs: number,
  ): FloatHistogram | null {
    const {times} = this.#windows;
    if (next < upper && times[next] === timeMs) return found[next]!;
    if (next === lower) return null;
    const before = found[next - 1]!;
    // The hint is about the sample before, which is not the one that comes before this point.
    if (next === upper) return before.with({counterResetHint: counterReset.unknown});
    const after = found[next]!;
    if (!areCompatible(before, after)) {
      this.#remarks.mixedSchemas();
      return null;
    }
    const {gauge} = counterReset;
    const counter = before.counterResetHint !== gauge || after.counterResetHint !== gauge;
    return interpolateHistograms(
      {timeMs: times[next - 1]!, value: before},
      {timeMs: times[next]!, value: after},
      timeMs,
      {reset: counter && detectReset(after, before), remarks: this.#remarks},
    );
  }
}

function isMixed(found: HistogramColumn, lower: number, upper: number): boolean {
  for (let i = lower + 1; i < upper; i++) {
    if ((found[i] === undefined) !== (found[lower] === undefined)) return true;
  }
  return false;
}

/**
 * The samples of an anchored or smoothed range selector at one time, for its own sake: those within the range, and at its
 * bounds samples with the values that hold there.
 */
export class ExtendedColumns implements ColumnSource {
  labels: LabelIds = [];
  readonly dropName = false;
  times = new Float64Array(0);
  values = new Float64Array(0);
  length = 0;
  readonly histograms = null;
  readonly startTimes = null;
  readonly intervalMs = 0;
  readonly neverFalls = false;
  readonly neverNaN = false;
  readonly singleName: boolean;
  readonly stored = true;
  readonly #source: StoredColumns;
  readonly #windows = new Windows(1);
  readonly #spec: {
    grid: Grid;
    rangeMs: number;
    offsetMs: number;
    fixedTimeMs: number | null;
    extension: Extension;
  };

  constructor(
    context: QueryContext,
    selection: Selection,
    options: {timeMs: number; rangeMs: number; extension: Extension},
  ) {
    const {timeMs, rangeMs, extension} = options;
    const {fixedTimeMs, offsetMs} = selection;
    const grid = instantGrid(fixedTimeMs ?? timeMs);
    this.#source = new StoredColumns(context, selection, grid, {rangeMs, extension});
    this.singleName = this.#source.singleName;
    this.#spec = {grid, rangeMs, offsetMs, fixedTimeMs: null, extension};
  }

  next(): boolean {
    const source = this.#source;
    const windows = this.#windows;
    while (source.next()) {
      if (source.histograms !== null) {
        throw executionError(`${this.#spec.extension.kind} modifier is not supported with histograms`);
      }
      windows.slide(source, this.#spec);
      narrow(windows, this.#spec.extension.kind === 'smoothed', true);
      if (windows.end[0] === windows.first[0]) continue;
      this.#extend();
      this.labels = source.labels;
      return true;
    }
    return false;
  }

  #extend(): void {
    const {times, values, startMs: endMs, rangeMs} = this.#windows;
    const smoothed = this.#spec.extension.kind === 'smoothed';
    const beginMs = endMs - rangeMs;
    let first = this.#windows.first[0]!;
    let last = this.#windows.end[0]! - 1;
    const interpolatesLeft = smoothed && times[first]! < beginMs;
    const left = interpolatesLeft ? valueBetween(this.#windows, first, beginMs, false) : values[first]!;
    const interpolatesRight = smoothed && last > first && times[last]! > endMs;
    const right = interpolatesRight ? valueBetween(this.#windows, last - 1, endMs, false) : values[last]!;
    if (times[first]! <= beginMs) first++;
    if (times[last]! >= endMs) last--;
    const inner = Math.max(0, last + 1 - first);
    this.length = inner + 2;
    this.times = new Float64Array(this.length);
    this.values = new Float64Array(this.length);
    this.times.set(times.subarray(first, first + inner), 1);
    this.values.set(values.subarray(first, first + inner), 1);
    this.times[0] = beginMs;
    this.values[0] = left;
    this.times[inner + 1] = endMs;
    this.values[inner + 1] = right;
  }
}
