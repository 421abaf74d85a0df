// `smoothed` instant vectors, and `anchored` and `smoothed` range vectors as results of their own.

import type {LabelIds} from '../../../storage/querier.ts';
import type {QueryContext} from '../context.ts';
import {instantGrid, type Grid} from '../grid.ts';
import {absent, float, newRow, type Operator, type Row} from '../row.ts';
import {narrow, valueBetween, type Extension} from '../windows/extended.ts';
import {Windows} from '../windows/window.ts';
import {StoredColumns, type ColumnSource, type Selection} from './selector.ts';

/**
 * The value of each series at each step: that of a sample at that time, else on the straight line between the samples
 * before and after it, each within the lookback; without one after it, the value before.
 */
export class SmoothedSelector implements Operator {
  readonly row: Row;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #source: StoredColumns;
  readonly #windows: Windows;
  readonly #spec: {
    grid: Grid;
    rangeMs: number;
    offsetMs: number;
    fixedTimeMs: number | null;
    extension: {beforeMs: number; afterMs: number};
  };

  constructor(context: QueryContext, selection: Selection, grid: Grid) {
    const {lookbackDeltaMs} = context;
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
      context.holdSamples(points);
      return true;
    }
    return false;
  }

  #fill(): number {
    const windows = this.#windows;
    windows.slide(this.#source, this.#spec);
    this.#context.touchSamples(windows.longest);
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
      windows.slide(source, this.#spec);
      narrow(windows, this.#spec.extension.kind === 'smoothed');
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
    const interpolatesRight = smoothed && times[last]! > endMs;
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
