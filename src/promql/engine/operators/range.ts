// Functions over range vectors: one pass over each series for all steps.

import type {LabelIds} from '../../../storage/querier.ts';
import type {PositionRange} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import {executionError, isFailure, sameLabelsetMessage} from '../error.ts';
import type {Grid} from '../grid.ts';
import {valueOf} from '../labelset.ts';
import {pointSamples} from '../../../model/histogram/size.ts';
import {
  absent,
  float,
  type HistogramColumn,
  type MutableRow,
  newRow,
  type Operator,
  type Row,
  samplesOf,
} from '../row.ts';
import {Tuples} from '../tuples.ts';
import {narrow, type Extension} from '../windows/extended.ts';
import {ExtrapolatedRate} from '../windows/rate.ts';
import {MixedRange} from '../windows/mixed.ts';
import {RangeRemarks} from '../windows/remarks.ts';
import {Windows, type WindowFunction} from '../windows/window.ts';
import type {ColumnSource} from './selector.ts';

export interface RangeFunctionSpec {
  grid: Grid;
  rangeMs: number;
  offsetMs: number;
  /** The time of an @ modifier: then all steps have the same window. */
  fixedTimeMs: number | null;
  /** The function's name, and what it makes of floats. */
  name: string;
  compute: WindowFunction;
  /** Of an anchored or smoothed selector. */
  extension: Extension | null;
  /** Where to remark what is wrong with the samples. */
  range: PositionRange;
  /** first_over_time and last_over_time keep the metric's name. */
  keepsName: boolean;
  /** rate and increase: where to remark that a metric looks like no counter. */
  counterRange: PositionRange | null;
  /** quantile_over_time: the quantiles, and where to remark those out of bounds. */
  quantiles: {values: Float64Array; range: PositionRange} | null;
}

/** What window functions need at most for each sample: those of quantiles a sorted column, ranks and counts. */
const scratchSampleBytes = 24;

export class RangeFunction implements Operator {
  readonly row: MutableRow;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #source: ColumnSource;
  readonly #spec: RangeFunctionSpec;
  readonly #windows: Windows;
  /** Label sets seen, where dropping the name may make two of them equal. */
  readonly #seen: Tuples | null;
  #nameChecked = 0;
  readonly #remarks: RangeRemarks;
  /** Made for the first series with histograms. */
  #mixed: MixedRange | null = null;
  /** The windows for which the row's steps are marked, and how many of them have a value. */
  #marked = {version: 0, points: 0};
  /** What each step reads, for the windows of which it is known. */
  #unread = {version: 0, samples: new Float64Array(0)};
  /** Samples of the longest series until now. */
  #longest = 0;

  constructor(context: QueryContext, source: ColumnSource, spec: RangeFunctionSpec) {
    this.#context = context;
    this.#source = source;
    this.#spec = spec;
    this.#windows = new Windows(spec.grid.count, context.workspace);
    this.row = newRow(spec.grid.count, context.workspace);
    this.#remarks = new RangeRemarks(context.annotations, spec.range);
    const nameless = !spec.keepsName && !context.delayedNameRemoval;
    this.singleName = source.singleName || nameless;
    // Of absent_over_time, only the steps matter.
    const keepsApart = (spec.keepsName && source.stored) || spec.name === 'absent_over_time';
    const unique = source.singleName || context.delayedNameRemoval || keepsApart;
    this.#seen = unique ? null : new Tuples(context.budget);
    context.specimens.push(spec.compute);
  }

  next(): boolean {
    const context = this.#context;
    const source = this.#source;
    while (source.next()) {
      const points = this.#evaluateFirst();
      if (points === 0) continue;
      this.row.points = points;
      context.holdSamples(samplesOf(this.row));
      return true;
    }
    return false;
  }

  /** A series that cannot be evaluated ends the query, but a subquery that fails does so before. */
  #evaluateFirst(): number {
    try {
      const points = this.#evaluate();
      if (points > 0) this.#label(this.#source.labels, this.#source.dropName);
      return points;
    } catch (error) {
      if (isFailure(error)) {
        while (this.#source.next()) this.#context.check();
      }
      throw error;
    }
  }

  /** Windows work with columns beside the longest series. */
  #takeScratch(): void {
    const {length} = this.#source;
    this.#context.takeBytes(scratchSampleBytes * (length - this.#longest));
    this.#longest = length;
  }

  #evaluate(): number {
    const {compute, extension} = this.#spec;
    if (this.#source.length > this.#longest) this.#takeScratch();
    const windows = this.#windows;
    windows.slide(this.#source, this.#spec);
    const {histograms} = this.#source;
    this.row.histograms = null;
    if (histograms !== null) return this.#evaluateMixed(histograms);
    this.#account();
    if (extension !== null) narrow(windows, extension.kind === 'smoothed');
    if (windows.longest < compute.samplesMin) return 0;
    compute.compute(windows, this.row.values);
    const points = this.#markPresent();
    if (this.#spec.quantiles !== null) this.#remarkQuantiles(this.#spec.quantiles);
    return points;
  }

  /** Marks the steps that have a value, and returns how many they are. */
  #markPresent(): number {
    const {first, end, steps, version, edited} = this.#windows;
    // Fast path: the windows are those of the series before.
    if (version === this.#marked.version && !edited) return this.#marked.points;
    const {kinds} = this.row;
    const {samplesMin} = this.#spec.compute;
    let points = 0;
    for (let step = 0; step < steps; step++) {
      const present = end[step]! - first[step]! >= samplesMin;
      kinds[step] = present ? float : absent;
      if (present) points++;
    }
    this.#marked = {version: edited ? 0 : version, points};
    return points;
  }

  #evaluateMixed(histograms: HistogramColumn): number {
    const {name, compute, extension, quantiles} = this.#spec;
    const remarks = this.#remarks;
    const source = this.#source;
    this.#accountMixed(histograms);
    this.#marked.version = 0;
    remarks.begin(this.#context.names.nameOf(source.labels));
    this.#mixed ??= new MixedRange({name, compute, extension, remarks}, this.#windows.steps);
    const {times, values, startTimes, length} = source;
    const samples = {times, values, histograms, startTimes, length};
    const points = this.#mixed.evaluate(samples, this.#windows, this.row);
    if (quantiles !== null) this.#remarkQuantiles(quantiles);
    return points;
  }

  #remarkQuantiles({values, range}: {values: Float64Array; range: PositionRange}): void {
    const {kinds} = this.row;
    for (let step = 0; step < kinds.length; step++) {
      const quantile = values[step]!;
      if (kinds[step] === absent || (quantile >= 0 && quantile <= 1)) continue;
      this.#context.annotations.invalidQuantile(quantile, range);
    }
  }

  #label(labels: LabelIds, dropName: boolean): void {
    const context = this.#context;
    const drop = dropName || !this.#spec.keepsName;
    const {counterRange} = this.#spec;
    if (counterRange !== null && (this.row.histograms === null || this.row.kinds.includes(float))) {
      this.#remarkCounter(labels, counterRange);
    }
    this.row.dropName = drop;
    this.row.labels = drop && !context.delayedNameRemoval ? context.names.dropName(labels) : labels;
    if (this.#seen !== null && drop) {
      const before = this.#seen.count;
      this.#seen.intern(this.row.labels, this.row.labels.length);
      if (this.#seen.count === before) throw executionError(sameLabelsetMessage);
    }
  }

  #remarkCounter(labels: LabelIds, range: PositionRange): void {
    const {compute} = this.#spec;
    if (compute instanceof ExtrapolatedRate && compute.overlaps > 0) {
      const {names, annotations} = this.#context;
      annotations.startTimeOverlap(names.nameOf(labels), range, compute.overlaps);
    }
    this.#remarkNonCounter(labels, range);
  }

  #remarkNonCounter(labels: LabelIds, range: PositionRange): void {
    const {names, symbols, annotations, typeAndUnitLabels} = this.#context;
    const name = valueOf(labels, names.metricName);
    // Most selectors have series of one name only, of which one remark is enough.
    if (name === 0 || (name === this.#nameChecked && !typeAndUnitLabels)) return;
    this.#nameChecked = name;
    const metric = symbols.text(name);
    if (typeAndUnitLabels) {
      const type = symbols.text(valueOf(labels, names.type));
      if (type !== 'counter' && type !== 'histogram') {
        annotations.possibleNonCounterType(metric, type, range);
      }
    } else if (!/_(?:total|sum|count|bucket)$/.test(metric)) {
      annotations.possibleNonCounter(metric, range);
    }
  }

  #account(): void {
    const context = this.#context;
    const windows = this.#windows;
    context.touchSamples(windows.longest);
    context.samplesQueried += windows.total;
    const {first, end, steps, stepMs, spanMs} = windows;
    if (context.samplesPerStep?.length === steps) {
      for (let step = 0; step < steps; step++) context.samplesPerStep[step]! += end[step]! - first[step]!;
    }
    if (!this.#source.stored || steps === 0) return;
    // What a step's window shares with the one before is read once.
    const disjoint = spanMs < stepMs;
    context.samplesRead += disjoint ? windows.total : end[steps - 1]! - first[0]!;
    const reads = context.readsPerStep;
    if (reads?.length !== steps) return;
    const unread = this.#unreadOf(windows);
    for (let step = 0; step < steps; step++) reads[step]! += unread[step]!;
  }

  /** By step, the samples that are not in the window before. */
  #unreadOf(windows: Windows): Float64Array {
    // Fast path: the windows are those of the series before.
    const {version, steps, end} = windows;
    if (this.#unread.version === version) return this.#unread.samples;
    const samples = this.#unread.version === 0 ? new Float64Array(steps) : this.#unread.samples;
    for (let step = 0; step < steps; step++) samples[step] = end[step]! - firstUnread(windows, step);
    this.#unread = {version, samples};
    return samples;
  }

  /** As `#account`, where histograms count for several samples. */
  #accountMixed(histograms: HistogramColumn): void {
    const context = this.#context;
    const {first, end, steps, stepMs, spanMs, length} = this.#windows;
    const before = new Float64Array(length + 1);
    for (let i = 0; i < length; i++) {
      const found = histograms[i];
      before[i + 1] = before[i]! + (found === undefined ? 1 : pointSamples(found));
    }
    let total = 0;
    let most = 0;
    for (let step = 0; step < steps; step++) {
      const samples = before[end[step]!]! - before[first[step]!]!;
      total += samples;
      if (samples > most) most = samples;
      if (context.samplesPerStep?.length === steps) context.samplesPerStep[step]! += samples;
    }
    context.touchSamples(most);
    context.samplesQueried += total;
    if (!this.#source.stored || steps === 0) return;
    context.samplesRead += spanMs < stepMs ? total : before[end[steps - 1]!]! - before[first[0]!]!;
    const reads = context.readsPerStep;
    if (reads?.length !== steps) return;
    for (let step = 0; step < steps; step++) {
      reads[step]! += before[end[step]!]! - before[firstUnread(this.#windows, step)]!;
    }
  }
}

/** The first sample of a window that is not in the one before. */
function firstUnread({first, end}: Windows, step: number): number {
  return step === 0 ? first[0]! : Math.max(first[step]!, end[step - 1]!);
}

/** absent_over_time: one series with 1 at each step where no series has a sample in its window. */
export class AbsentSteps implements Operator {
  readonly row: Row;
  readonly singleName = true;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #labels: LabelIds;
  #done = false;

  constructor(context: QueryContext, child: Operator, grid: Grid, labels: LabelIds) {
    this.#context = context;
    this.#child = child;
    this.#labels = labels;
    this.row = newRow(grid.count);
  }

  next(): boolean {
    if (this.#done) return false;
    this.#done = true;
    const {kinds, values} = this.row;
    kinds.fill(float);
    let held = 0;
    while (this.#child.next()) {
      const child = this.#child.row;
      held += samplesOf(child);
      for (let step = 0; step < kinds.length; step++) if (child.kinds[step] !== absent) kinds[step] = absent;
    }
    this.#context.releaseSamples(held);
    values.fill(1);
    let points = 0;
    for (let step = 0; step < kinds.length; step++) if (kinds[step] !== absent) points++;
    this.row.points = points;
    this.row.labels = this.#labels;
    // Not so absent(): its labels stay, also where they are metadata.
    this.row.dropName = true;
    this.#context.holdSamples(points);
    return points > 0;
  }
}
