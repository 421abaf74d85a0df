// Functions over ranges of series that hold native histograms, alone or among floats. Floats and histograms are looked at in
// columns of their own; what only knows floats leaves the histograms out, with a remark.

import {areCompatible} from '../../../model/histogram/arithmetic.ts';
import {equals} from '../../../model/histogram/equality.ts';
import {HistogramMean, HistogramSum} from '../../../model/histogram/sum.ts';
import type {FloatHistogram} from '../../../model/histogram.ts';
import {HintsSeen} from './hints.ts';
import {absent, float, histogram, type HistogramColumn, histogramsOf, type MutableRow} from '../row.ts';
import {type Extension, narrow} from './extended.ts';
import {
  ExtendedHistogramRate,
  HistogramInstantRate,
  HistogramRate,
  HistogramSeries,
  type HistogramWindowFunction,
} from './histogramrate.ts';
import type {RangeRemarks} from './remarks.ts';
import {DoubleExponentialSmoothing} from './smoothing.ts';
import {isStartReset} from './starttimes.ts';
import {Windows, type WindowFunction} from './window.ts';

type Result = number | FloatHistogram | null;

export interface MixedRangeSpec {
  /** The function's name. */
  name: string;
  /** What it makes of floats. */
  compute: WindowFunction;
  extension: Extension | null;
  remarks: RangeRemarks;
}

/** The samples of a series: `histograms[i]` is undefined where sample i is a float. */
interface MixedSamples {
  times: Float64Array;
  values: Float64Array;
  histograms: HistogramColumn;
  startTimes: Float64Array | null;
  length: number;
}

export class MixedRange {
  readonly #name: string;
  readonly #compute: WindowFunction;
  readonly #extension: Extension | null;
  readonly #remarks: RangeRemarks;
  readonly #rate: HistogramWindowFunction | null;
  readonly #floats: Windows;
  readonly #histograms: Windows;
  readonly #series = new HistogramSeries();
  readonly #floatResults: Float64Array;
  /** Where floats and histograms both were in a window before it was narrowed. */
  readonly #mixed: Uint8Array;

  constructor(spec: MixedRangeSpec, steps: number) {
    this.#name = spec.name;
    this.#compute = spec.compute;
    this.#extension = spec.extension;
    this.#remarks = spec.remarks;
    this.#rate = rateOf(spec);
    this.#floats = new Windows(steps);
    this.#histograms = new Windows(steps);
    this.#floatResults = new Float64Array(steps);
    this.#mixed = new Uint8Array(steps);
  }

  /** Evaluates all steps, `whole` being the windows over all samples, not narrowed. Returns how many have a result. */
  evaluate(samples: MixedSamples, whole: Windows, row: MutableRow): number {
    this.#split(samples, whole);
    const at = this.#evaluator(samples, whole);
    let points = 0;
    row.histograms = null;
    for (let step = 0; step < whole.steps; step++) {
      const result = at(step);
      row.kinds[step] = absent;
      if (result === null) continue;
      points++;
      if (typeof result === 'number') {
        row.values[step] = result;
        row.kinds[step] = float;
      } else {
        histogramsOf(row)[step] = result;
        row.kinds[step] = histogram;
      }
    }
    return points;
  }

  /** Sorts the samples into columns of floats and of histograms, and finds the windows over each. */
  #split({times, values, histograms, startTimes, length}: MixedSamples, whole: Windows): void {
    const kept: FloatHistogram[] = [];
    const floatsBefore = new Int32Array(length + 1);
    const histogramsBefore = new Int32Array(length + 1);
    const floats = columnsOf(length, startTimes);
    const others = columnsOf(length, startTimes);
    for (let i = 0; i < length; i++) {
      const found = histograms[i];
      if (found !== undefined) kept.push(found);
      const columns = found === undefined ? floats : others;
      columns.times[columns.length] = times[i]!;
      columns.values[columns.length] = values[i]!;
      if (columns.startTimes !== null) columns.startTimes[columns.length] = startTimes![i]!;
      columns.length++;
      floatsBefore[i + 1] = floats.length;
      histogramsBefore[i + 1] = others.length;
    }
    this.#floats.take(whole, floats, floatsBefore);
    this.#histograms.take(whole, others, histogramsBefore);
    this.#series.begin(kept, this.#histograms);
    for (let step = 0; step < whole.steps; step++) {
      this.#mixed[step] = sizeOf(this.#floats, step) > 0 && sizeOf(this.#histograms, step) > 0 ? 1 : 0;
    }
    if (this.#extension === null) return;
    narrow(this.#floats, this.#extension.kind === 'smoothed');
    narrow(this.#histograms, this.#extension.kind === 'smoothed');
  }

  #evaluator(samples: MixedSamples, whole: Windows): (step: number) => Result {
    switch (this.#name) {
      case 'count_over_time':
        return (step) => sizeOf(whole, step) || null;
      case 'present_over_time':
      case 'absent_over_time':
        return (step) => (sizeOf(whole, step) > 0 ? 1 : null);
      case 'first_over_time':
      case 'last_over_time':
      case 'ts_of_first_over_time':
      case 'ts_of_last_over_time':
        return (step) => this.#pick(samples, whole, step);
      case 'changes':
      case 'resets':
        return this.#eventCounter(samples, whole);
      case 'sum_over_time':
      case 'avg_over_time':
        return this.#oneKind((step) => this.#fold(step));
      case 'delta':
      case 'idelta':
      case 'increase':
      case 'irate':
      case 'rate':
        return this.#oneKind((step) => this.#rate!.at(step, this.#histograms, this.#series));
      default:
        return this.#floatsOnly(whole);
    }
  }

  #floatsOnly(whole: Windows): (step: number) => Result {
    const compute = this.#compute;
    const floatAt = this.#floatEvaluator();
    return (step) => {
      if (compute instanceof DoubleExponentialSmoothing && sizeOf(whole, step) > 0)
        compute.checkFactors(step);
      if (this.#mixed[step] === 1) this.#remarks.ignoredHistograms();
      return floatAt(step);
    };
  }

  /** Windows must hold floats or histograms, not both. */
  #oneKind(ofHistograms: (step: number) => Result): (step: number) => Result {
    const floatAt = this.#floatEvaluator();
    const needsTwo = this.#name === 'irate' || this.#name === 'idelta';
    return (step) => {
      if (this.#mixed[step] === 1) {
        // These look at the last two samples only.
        if (needsTwo) return this.#lastTwo(step, floatAt, ofHistograms);
        this.#remarks.mixedFloatsHistograms();
        return null;
      }
      return sizeOf(this.#histograms, step) > 0 ? ofHistograms(step) : floatAt(step);
    };
  }

  #lastTwo(step: number, floatAt: (step: number) => Result, ofHistograms: (step: number) => Result): Result {
    const floatSecond = this.#floats.end[step]! - 2;
    const histogramSecond = this.#histograms.end[step]! - 2;
    const lastFloat = this.#floats.times[floatSecond + 1]!;
    const lastHistogram = this.#histograms.times[histogramSecond + 1]!;
    const floatsLast =
      floatSecond >= this.#floats.first[step]! && this.#floats.times[floatSecond]! > lastHistogram;
    if (floatsLast) return floatAt(step);
    const histogramsLast =
      histogramSecond >= this.#histograms.first[step]! &&
      this.#histograms.times[histogramSecond]! > lastFloat;
    if (histogramsLast) return ofHistograms(step);
    this.#remarks.mixedFloatsHistograms();
    return null;
  }

  #floatEvaluator(): (step: number) => Result {
    const floats = this.#floats;
    const {samplesMin} = this.#compute;
    if (floats.longest < samplesMin) return () => null;
    this.#compute.compute(floats, this.#floatResults);
    return (step) => (sizeOf(floats, step) >= samplesMin ? this.#floatResults[step]! : null);
  }

  #pick({times, values, histograms}: MixedSamples, whole: Windows, step: number): Result {
    if (sizeOf(whole, step) === 0) return null;
    const index = this.#name.includes('first') ? whole.first[step]! : whole.end[step]! - 1;
    return this.#name.startsWith('ts_of') ? times[index]! / 1000 : (histograms[index] ?? values[index]!);
  }

  /** A change from float to histogram or back is one of either kind. */
  #eventCounter(samples: MixedSamples, whole: Windows): (step: number) => Result {
    const before = new Int32Array(samples.length);
    const happened = this.#name === 'changes' ? isChange : isReset;
    for (let i = 1, histogramsSeen = samples.histograms[0] === undefined ? 0 : 1; i < samples.length; i++) {
      if (samples.histograms[i] !== undefined) histogramsSeen++;
      const bothHistograms = samples.histograms[i] !== undefined && samples.histograms[i - 1] !== undefined;
      const event =
        bothHistograms && happened === isReset
          ? this.#series.isReset(histogramsSeen - 1)
          : happened(samples, i);
      before[i] = before[i - 1]! + (event ? 1 : 0);
    }
    if (this.#extension !== null) narrow(whole, false);
    return (step) =>
      sizeOf(whole, step) === 0 ? null : before[whole.end[step]! - 1]! - before[whole.first[step]!]!;
  }

  #fold(step: number): Result {
    const {histograms} = this.#series;
    const lower = this.#histograms.first[step]!;
    const upper = this.#histograms.end[step]!;
    const first = histograms[lower]!;
    const hints = new HintsSeen();
    hints.add(first.counterResetHint);
    const sum = this.#name === 'sum_over_time' ? new HistogramSum(first) : new HistogramMean(first);
    let reconciled = false;
    for (let i = lower + 1; i < upper; i++) {
      const next = histograms[i]!;
      if (!areCompatible(first, next)) {
        this.#remarks.mixedSchemas();
        return null;
      }
      hints.add(next.counterResetHint);
      if (sum.add(next).nhcbBoundsReconciled) reconciled = true;
    }
    if (hints.collide) this.#remarks.counterResetCollision();
    if (reconciled) this.#remarks.mismatchedBounds('aggregation');
    return sum instanceof HistogramSum ? sum.sum() : sum.mean();
  }
}

function rateOf({name, extension, remarks}: MixedRangeSpec): HistogramWindowFunction | null {
  switch (name) {
    case 'delta':
    case 'increase':
    case 'rate':
      return extension === null
        ? new HistogramRate(name, remarks)
        : new ExtendedHistogramRate(name, extension.kind === 'smoothed', remarks);
    case 'idelta':
    case 'irate':
      return new HistogramInstantRate(name, remarks);
    default:
      return null;
  }
}

function columnsOf(
  length: number,
  startTimes: Float64Array | null,
): {times: Float64Array; values: Float64Array; startTimes: Float64Array | null; length: number} {
  return {
    times: new Float64Array(length),
    values: new Float64Array(length),
    startTimes: startTimes === null ? null : new Float64Array(length),
    length: 0,
  };
}

function sizeOf(windows: Windows, step: number): number {
  return windows.end[step]! - windows.first[step]!;
}

function isChange({values, histograms}: MixedSamples, index: number): boolean {
  const now = histograms[index];
  const before = histograms[index - 1];
  if (now !== undefined && before !== undefined) return !equals(now, before);
  if (now !== undefined || before !== undefined) return true;
  const value = values[index]!;
  const previous = values[index - 1]!;
  return value !== previous && !(value !== value && previous !== previous);
}

/** Of neighbours that are not both histograms. */
function isReset({times, values, histograms, startTimes}: MixedSamples, index: number): boolean {
  if (histograms[index] !== undefined || histograms[index - 1] !== undefined) return true;
  return (
    values[index]! < values[index - 1]! || (startTimes !== null && isStartReset(times, startTimes, index))
  );
}
