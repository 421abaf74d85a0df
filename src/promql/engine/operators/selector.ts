// Where series enter a query: selectors that read from storage.

import {columnFlags} from '../../../kernels/columns.ts';
import type {Workspace} from '../../../kernels/workspace.ts';
import {formatLabels} from '../../../model/labels.ts';
import type {Matcher} from '../../../model/matcher.ts';
import {isStale} from '../../../model/value.ts';
import {pointSamples} from '../../../model/histogram/size.ts';
import type {ColumnFacts, LabelIds, SeriesCursor} from '../../../storage/querier.ts';
import type {QueryContext} from '../context.ts';
import {executionError} from '../error.ts';
import {gridEndMs, type Grid} from '../grid.ts';
import {type Sweep, withoutBuckets} from '../histogramstatistics.ts';
import {labelTexts} from '../labelset.ts';
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

/** What to read and for which times. `fixedTimeMs` is the time of an @ modifier, which replaces that of the step. */
export interface Selection {
  matchers: readonly Matcher[];
  offsetMs: number;
  fixedTimeMs: number | null;
  /** Of native histograms, only counts and sums are asked for. */
  withoutBuckets?: boolean;
}

/** The first and last time of evaluation of a selection, before its lookback or range. */
function evaluationTimes(selection: Selection, grid: Grid): {first: number; last: number} {
  const first = (selection.fixedTimeMs ?? grid.startMs) - selection.offsetMs;
  const last = (selection.fixedTimeMs ?? gridEndMs(grid)) - selection.offsetMs;
  return {first, last};
}

/** Whether the selected series all have one name, so that they stay apart without it. */
export function selectsOneName(matchers: readonly Matcher[]): boolean {
  return matchers.some(({name, type, value}) => name === '__name__' && type === '=' && value !== '');
}

/**
 * What an instant selector answers: the value of a sample; its time or its start time (0 where not known) in seconds; or,
 * for info(), its time in milliseconds.
 */
export type SelectorAnswer = 'value' | 'time' | 'startTime' | 'info';

/** Newest sample within the lookback of each step. */
export class InstantSelector implements Operator {
  readonly row: MutableRow;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #selection: Selection;
  readonly #grid: Grid;
  readonly #answer: SelectorAnswer;
  /** The first step's time, offset or @ included. */
  readonly #start: number;
  readonly #first: number;
  readonly #last: number;
  #cursor: SeriesCursor | null = null;

  constructor(context: QueryContext, selection: Selection, grid: Grid, answer: SelectorAnswer = 'value') {
    this.#context = context;
    this.#selection = selection;
    this.#grid = grid;
    this.#answer = answer;
    this.row = newRow(grid.count, context.workspace);
    this.singleName = selectsOneName(selection.matchers) && !context.metadataLabels;
    const {first, last} = evaluationTimes(selection, grid);
    this.#start = first;
    this.#first = first - context.lookbackDeltaMs + marginOf(selection);
    this.#last = last;
  }

  next(): boolean {
    const context = this.#context;
    this.#cursor ??= context.querier.select(this.#selection.matchers, {
      mint: this.#first,
      maxt: this.#last,
    });
    const cursor = this.#cursor;
    while (cursor.next()) {
      context.check();
      const count = cursor.read(this.#first, this.#last);
      if (count === 0) continue;
      const points = this.#fill(cursor, count);
      if (points === 0) continue;
      this.row.points = points;
      this.row.labels = cursor.labels();
      context.takeSymbols();
      const samples = samplesOf(this.row);
      context.holdSamples(samples);
      context.samplesQueried += samples;
      context.samplesRead += samples;
      countSteps(context.samplesPerStep, this.row);
      countSteps(context.readsPerStep, this.row);
      return true;
    }
    return false;
  }

  /** Fills the row from the cursor's samples; returns how many steps have a value. */
  #fill(cursor: SeriesCursor, count: number): number {
    const {times, values, valueWords} = cursor;
    const {kinds, values: out} = this.row;
    this.row.histograms = null;
    const {stepMs} = this.#grid;
    const lookbackMs = this.#context.lookbackDeltaMs;
    const steps = kinds.length;
    const answer = this.#answer;
    const answers = answer === 'value' ? values : answer === 'startTime' ? cursor.startTimes : times;
    const divisor = answer === 'value' || answer === 'info' ? 1 : 1000;
    const start = this.#start;
    const {workspace} = this.#context;
    if (answer === 'value' && cursor.histograms === null && workspace?.holds(values) === true) {
      return this.#fillFloats(workspace, times, values, count);
    }
    // With an @ modifier all steps look at the same time.
    const stride = this.#selection.fixedTimeMs === null ? stepMs : 0;
    const sweep = {startMs: start, stepMs: stride, steps, spanMs: lookbackMs};
    const histograms = histogramsRead(cursor, this.#selection, count, sweep);
    let next = 0;
    let points = 0;
    for (let step = 0; step < steps; step++) {
      const time = start + step * stride;
      while (next < count && times[next]! <= time) next++;
      kinds[step] = absent;
      if (next === 0) continue;
      const newest = next - 1;
      if (times[newest]! <= time - lookbackMs) continue;
      const value = values[newest]!;
      if (value !== value && isStale(valueWords, newest)) continue;
      const found = histograms?.[newest];
      points++;
      if (found !== undefined && answer === 'info') this.#refuseInfo(cursor);
      if (found !== undefined && answer === 'value') {
        kinds[step] = histogram;
        histogramsOf(this.row)[step] = found;
        continue;
      }
      kinds[step] = float;
      out[step] = answers === null ? 0 : divisor === 1 ? answers[newest]! : answers[newest]! / divisor;
    }
    return points;
  }

  /** As `#fill`, by a kernel. */
  #fillFloats(workspace: Workspace, times: Float64Array, values: Float64Array, count: number): number {
    const {kinds, values: out} = this.row;
    return workspace.kernels.lastSamples(
      times.byteOffset,
      values.byteOffset,
      count,
      this.#start,
      this.#selection.fixedTimeMs === null ? this.#grid.stepMs : 0,
      this.#context.lookbackDeltaMs,
      kinds.length,
      out.byteOffset,
      kinds.byteOffset,
    );
  }

  #refuseInfo(cursor: SeriesCursor): never {
    const labels = formatLabels(labelTexts(this.#context.symbols, cursor.labels()));
    throw executionError(`this should be an info metric, with float samples: ${labels}`);
  }
}

function countSteps(perStep: Float64Array | null, {kinds, histograms}: MutableRow): void {
  if (perStep === null || perStep.length !== kinds.length) return;
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] === float) perStep[step]!++;
    else if (kinds[step] === histogram) perStep[step]! += pointSamples(histograms![step]!);
  }
}

/** The sample just before a window counts where the one after it is compared with it. */
function marginOf({withoutBuckets: statisticsOnly}: Selection): 0 | 1 {
  return statisticsOnly === true ? 0 : 1;
}

/** The histograms of the cursor's last read, as many as samples; the column belongs to that read alone. */
function histogramsRead(
  {histograms, times}: SeriesCursor,
  {withoutBuckets: statisticsOnly}: Selection,
  count: number,
  sweep: Sweep,
): HistogramColumn | null {
  if (histograms === null) return null;
  const column = histograms.length === count ? histograms : histograms.slice(0, count);
  return statisticsOnly === true ? withoutBuckets(column, times, sweep) : (column as HistogramColumn);
}

/** Series with the samples of all their windows, one at a time: what range functions read. */
export interface ColumnSource {
  readonly labels: LabelIds;
  readonly dropName: boolean;
  /** Oldest first, without stale markers. Valid until the next call of `next`; the columns may be longer. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** By sample, undefined where it is a float; null where the series has none in these times. */
  readonly histograms: HistogramColumn | null;
  /** Beside `times`, see SeriesCursor; null where there are none or none are asked for. */
  readonly startTimes: Float64Array | null;
  readonly length: number;
  /** Milliseconds between all neighbours; 0 where they differ, or where that is not known. */
  readonly intervalMs: number;
  /** No value is less than the one before it, as far as known. */
  readonly neverFalls: boolean;
  /** No value is NaN, as far as known. */
  readonly neverNaN: boolean;
  readonly singleName: boolean;
  /** Whether the samples come from storage, and not from a subquery, which has counted what it read. */
  readonly stored: boolean;
  /** Moves to the next series that has samples. */
  next(): boolean;
}

const nothingKnown: ColumnFacts = {intervalMs: 0, neverFalls: false, neverNaN: false};

/** Facts of the first `count` samples of columns in the workspace. */
export function factsOf(
  {kernels}: Workspace,
  times: Float64Array,
  values: Float64Array,
  count: number,
): ColumnFacts {
  const flags = kernels.scanColumns(times.byteOffset, values.byteOffset, count);
  const neverNaN = (flags & columnFlags.nan) === 0;
  return {
    intervalMs: (flags & columnFlags.regular) === 0 ? 0 : times[1]! - times[0]!,
    neverFalls: neverNaN && (flags & columnFlags.falls) === 0,
    neverNaN,
  };
}

/** A range selector's series. */
export class StoredColumns implements ColumnSource {
  labels: LabelIds = [];
  readonly dropName = false;
  times: Float64Array = new Float64Array(0);
  values: Float64Array = new Float64Array(0);
  histograms: HistogramColumn | null = null;
  startTimes: Float64Array | null = null;
  length = 0;
  intervalMs = 0;
  neverFalls = false;
  neverNaN = false;
  readonly singleName: boolean;
  readonly stored = true;
  readonly #usesStartTimes: boolean;
  readonly #context: QueryContext;
  readonly #selection: Selection;
  readonly #first: number;
  readonly #last: number;
  readonly #sweep: Sweep;
  #cursor: SeriesCursor | null = null;
  #ownTimes = new Float64Array(0);
  #ownValues = new Float64Array(0);

  constructor(
    context: QueryContext,
    selection: Selection,
    grid: Grid,
    reach: {
      rangeMs: number;
      extension: {beforeMs: number; afterMs: number} | null;
      usesStartTimes?: boolean;
    },
  ) {
    this.#context = context;
    this.#selection = selection;
    this.singleName = selectsOneName(selection.matchers) && !context.metadataLabels;
    const {first, last} = evaluationTimes(selection, grid);
    const beforeMs = reach.rangeMs + (reach.extension?.beforeMs ?? 0);
    const afterMs = reach.extension?.afterMs ?? 0;
    this.#first = first - beforeMs + marginOf(selection);
    this.#usesStartTimes = reach.usesStartTimes ?? false;
    this.#last = last + afterMs;
    const fixed = selection.fixedTimeMs !== null;
    this.#sweep = {
      startMs: first + afterMs,
      stepMs: fixed ? 0 : grid.stepMs,
      steps: fixed ? 1 : grid.count,
      spanMs: beforeMs + afterMs,
    };
  }

  next(): boolean {
    this.#cursor ??= this.#context.querier.select(this.#selection.matchers, {
      mint: this.#first,
      maxt: this.#last,
    });
    const cursor = this.#cursor;
    while (cursor.next()) {
      this.#context.check();
      const count = cursor.read(this.#first, this.#last);
      if (count === 0) continue;
      this.#withoutStale(cursor, count);
      if (this.length === 0) continue;
      this.labels = cursor.labels();
      this.#context.takeSymbols();
      return true;
    }
    return false;
  }

  /** Uses the cursor's own columns where they hold no stale marker. */
  #withoutStale(cursor: SeriesCursor, count: number): void {
    const {times, values, valueWords} = cursor;
    this.times = times;
    this.values = values;
    this.histograms = histogramsRead(cursor, this.#selection, count, this.#sweep);
    this.length = count;
    this.startTimes = this.#usesStartTimes ? cursor.startTimes : null;
    const {workspace} = this.#context;
    const known = workspace?.holds(values) === true;
    const facts = cursor.facts ?? (known ? factsOf(workspace, times, values, count) : nothingKnown);
    this.intervalMs = facts.intervalMs;
    this.neverFalls = facts.neverFalls;
    this.neverNaN = facts.neverNaN;
    if (facts.neverNaN) return; // Fast path.
    for (let i = 0; i < count; i++) {
      if (values[i]! === values[i]! || !isStale(valueWords, i)) continue;
      this.#copyWithoutStale(cursor, count, i);
      return;
    }
  }

  #copyWithoutStale(cursor: SeriesCursor, count: number, firstStale: number): void {
    const {times, values, valueWords} = cursor;
    if (this.#ownTimes.length < count) {
      this.#context.takeBytes(32 * count);
      this.#ownTimes = new Float64Array(2 * count);
      this.#ownValues = new Float64Array(2 * count);
    }
    const startTimes = this.startTimes;
    const ownStarts = startTimes === null ? null : startTimes.slice(0, count);
    const ownTimes = this.#ownTimes;
    const ownValues = this.#ownValues;
    ownTimes.set(times.subarray(0, firstStale));
    ownValues.set(values.subarray(0, firstStale));
    let length = firstStale;
    for (let i = firstStale; i < count; i++) {
      const value = values[i]!;
      if (value !== value && isStale(valueWords, i)) continue;
      ownTimes[length] = times[i]!;
      ownValues[length] = value;
      if (ownStarts !== null) ownStarts[length] = startTimes![i]!;
      length++;
    }
    if (this.histograms !== null) {
      const kept: HistogramColumn = [];
      for (let i = 0; i < count; i++) if (!isStale(valueWords, i)) kept.push(this.histograms[i]);
      this.histograms = kept;
    }
    this.times = ownTimes;
    this.values = ownValues;
    this.intervalMs = 0;
    this.startTimes = ownStarts;
    this.length = length;
  }
}
