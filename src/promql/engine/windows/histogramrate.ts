// rate, increase, delta, irate and idelta over native histograms, as rate.ts and extended.ts over floats.

import {add, areCompatible, divide, scale, sub} from '../../../model/histogram/arithmetic.ts';
import {compact} from '../../../model/histogram/compact.ts';
import {detectReset} from '../../../model/histogram/reset.ts';
import {reduceResolution} from '../../../model/histogram/resolution.ts';
import {counterReset, FloatHistogram} from '../../../model/histogram.ts';
import {extrapolationFactor, type RateKind, secondsOf} from './rate.ts';
import type {RangeRemarks} from './remarks.ts';
import {isStartReset} from './starttimes.ts';
import type {Windows} from './window.ts';

/** The histograms of one series, and where its counter was reset. */
export class HistogramSeries {
  histograms: readonly FloatHistogram[] = [];
  #windows: Windows | null = null;
  /** By sample: 0 = not looked at yet, 1 = no reset, 2 = a reset between the sample before and this one. */
  #resets = new Uint8Array(0);

  /** Looks at another series. Its windows are those of its histograms. */
  begin(histograms: readonly FloatHistogram[], windows: Windows): void {
    this.histograms = histograms;
    this.#windows = windows;
    if (this.#resets.length < histograms.length) this.#resets = new Uint8Array(2 * histograms.length);
    this.#resets.fill(0, 0, histograms.length);
  }

  /** Whether the counter was reset between the samples `index - 1` and `index`. */
  isReset(index: number): boolean {
    if (this.#resets[index] === 0) this.#resets[index] = this.#detect(index) ? 2 : 1;
    return this.#resets[index] === 2;
  }

  #detect(index: number): boolean {
    const {times, startTimes} = this.#windows!;
    if (startTimes !== null && isStartReset(times, startTimes, index)) return true;
    return detectReset(this.histograms[index]!, this.histograms[index - 1]!);
  }
}

type Operation = 'addition' | 'subtraction';

/** left + right or left - right, with its remark; null where one has custom buckets and the other not. */
function combine(
  left: FloatHistogram,
  right: FloatHistogram,
  {operation, remarks}: {operation: Operation; remarks: RangeRemarks},
): FloatHistogram | null {
  if (!areCompatible(left, right)) {
    remarks.mixedSchemas();
    return null;
  }
  const result = operation === 'addition' ? add(left, right) : sub(left, right);
  if (result.nhcbBoundsReconciled) remarks.mismatchedBounds(operation);
  return result.histogram;
}

function isGauge({counterResetHint}: FloatHistogram): boolean {
  return counterResetHint === counterReset.gauge;
}

function asGauge(value: FloatHistogram): FloatHistogram {
  return compact(value.with({counterResetHint: counterReset.gauge}));
}

/** Computes the result of the window of one step, or null where it has none. */
export interface HistogramWindowFunction {
  at(step: number, windows: Windows, series: HistogramSeries): FloatHistogram | null;
}

/**
 * The difference of a window's last and first histogram, for counters with what each reset took away, extrapolated to the
 * whole window. Everything is brought to the lowest resolution in the window.
 */
export class HistogramRate implements HistogramWindowFunction {
  readonly #counter: boolean;
  readonly #perSecond: boolean;
  readonly #remarks: RangeRemarks;

  constructor(kind: RateKind, remarks: RangeRemarks) {
    this.#counter = kind !== 'delta';
    this.#perSecond = kind === 'rate';
    this.#remarks = remarks;
  }

  at(step: number, windows: Windows, series: HistogramSeries): FloatHistogram | null {
    const {times, startTimes, rangeMs} = windows;
    const lower = windows.first[step]!;
    const last = windows.end[step]! - 1;
    if (last < lower) return null;
    const endMs = windows.startMs + step * windows.stepMs;
    const beganMs = this.#counter && startTimes !== null ? startTimes[lower]! : 0;
    const began = beganMs !== 0 && beganMs > endMs - rangeMs && beganMs < times[lower]!;
    if (last === lower && !began) return null;
    let result = last > lower ? this.#increase(series, lower, last) : null;
    if (last > lower && result === null) return null;
    const first = series.histograms[lower]!;
    if (began) result = result === null ? first : this.#combine(result, first, 'addition');
    if (result === null) return null;
    const sampled = (times[last]! - times[lower]!) / 1000;
    const toZero =
      !began && this.#counter && result.count > 0 && first.count >= 0
        ? sampled * (first.count / result.count)
        : Infinity;
    const factor = extrapolationFactor(
      began ? 0 : (times[lower]! - (endMs - rangeMs)) / 1000,
      (endMs - times[last]!) / 1000,
      began ? (times[last]! - beganMs) / 1000 : sampled,
      last === lower ? 0 : sampled / (last - lower),
      toZero,
    );
    return scale(result, this.#perSecond ? factor / secondsOf(rangeMs) : factor);
  }

  #increase(series: HistogramSeries, lower: number, last: number): FloatHistogram | null {
    const {histograms} = series;
    const newest = histograms[last]!;
    // What was before a reset right after the first sample does not matter, nor does how its buckets were laid out.
    const restarted = this.#counter && series.isReset(lower + 1);
    const {schema: secondSchema, customValues} = histograms[lower + 1]!;
    const first = restarted ? new FloatHistogram({schema: secondSchema, customValues}) : histograms[lower]!;
    if (!areCompatible(newest, first)) {
      // Of the first and the last histogram it is known at once what they are.
      if (this.#counter && (isGauge(histograms[lower]!) || isGauge(newest))) this.#remarks.notCounter();
      this.#remarks.mixedSchemas();
      return null;
    }
    const schema = this.#lowestSchema(histograms, lower, last);
    if (schema === null) return null;
    const lowest = Math.min(schema, first.schema);
    let result = this.#combine(reduceResolution(newest, lowest), first, 'subtraction');
    for (let i = lower + (restarted ? 2 : 1); this.#counter && i <= last && result !== null; i++) {
      if (series.isReset(i)) result = this.#combine(result, histograms[i - 1]!, 'addition');
    }
    if (result === null) return null;
    this.#remarkKind(histograms, lower, last);
    return asGauge(result);
  }

  #combine(left: FloatHistogram, right: FloatHistogram, operation: Operation): FloatHistogram | null {
    return combine(left, right, {operation, remarks: this.#remarks});
  }

  #remarkKind(histograms: readonly FloatHistogram[], lower: number, last: number): void {
    if (!this.#counter) {
      if (!isGauge(histograms[lower]!) || !isGauge(histograms[last]!)) this.#remarks.notGauge();
      return;
    }
    for (let i = lower; i <= last; i++) if (isGauge(histograms[i]!)) this.#remarks.notCounter();
  }

  /** Of the last and, for counters, those before it but the first. Null where custom and other buckets are mixed. */
  #lowestSchema(histograms: readonly FloatHistogram[], lower: number, last: number): number | null {
    const newest = histograms[last]!;
    let lowest = newest.schema;
    for (let i = lower + 1; this.#counter && i < last; i++) {
      if (!areCompatible(histograms[i]!, newest)) {
        this.#remarks.mixedSchemas();
        return null;
      }
      if (histograms[i]!.schema < lowest) lowest = histograms[i]!.schema;
    }
    return lowest;
  }
}

/** irate (per second, the last histogram itself after a reset) and idelta: from the last two histograms. */
export class HistogramInstantRate implements HistogramWindowFunction {
  readonly #counter: boolean;
  readonly #remarks: RangeRemarks;

  constructor(kind: 'irate' | 'idelta', remarks: RangeRemarks) {
    this.#counter = kind === 'irate';
    this.#remarks = remarks;
  }

  at(step: number, windows: Windows, series: HistogramSeries): FloatHistogram | null {
    const last = windows.end[step]! - 1;
    if (last <= windows.first[step]!) return null;
    const newest = series.histograms[last]!;
    const previous = series.histograms[last - 1]!;
    if (this.#counter && (isGauge(newest) || isGauge(previous))) this.#remarks.notCounter();
    if (!this.#counter && (!isGauge(newest) || !isGauge(previous))) this.#remarks.notGauge();
    const difference =
      this.#counter && series.isReset(last)
        ? newest
        : combine(newest, previous, {operation: 'subtraction', remarks: this.#remarks});
    if (difference === null) return null;
    const result = asGauge(difference);
    return this.#counter ? divide(result, (windows.times[last]! - windows.times[last - 1]!) / 1000) : result;
  }
}

/**
 * rate, increase and delta of `anchored` and `smoothed` selectors: the difference of the histograms at the bounds of the
 * range, as they are or interpolated, and what resets took away in between. Windows are narrowed, see extended.ts.
 */
export class ExtendedHistogramRate implements HistogramWindowFunction {
  readonly #counter: boolean;
  readonly #perSecond: boolean;
  readonly #smoothed: boolean;
  readonly #remarks: RangeRemarks;

  constructor(kind: RateKind, smoothed: boolean, remarks: RangeRemarks) {
    this.#counter = kind !== 'delta';
    this.#perSecond = kind === 'rate';
    this.#smoothed = smoothed;
    this.#remarks = remarks;
  }

  at(step: number, windows: Windows, series: HistogramSeries): FloatHistogram | null {
    const lower = windows.first[step]!;
    const last = windows.end[step]! - 1;
    if (last < lower) return null;
    const {times, rangeMs} = windows;
    const {histograms} = series;
    const endMs = windows.startMs + step * windows.stepMs;
    const beginMs = endMs - rangeMs;
    if (!this.#check(histograms, lower, last)) return null;
    const interpolatesLeft = this.#smoothed && times[lower]! < beginMs;
    const left = interpolatesLeft ? this.#between(windows, series, lower, beginMs) : histograms[lower]!;
    const right =
      this.#smoothed && last > 0 && times[last]! > endMs
        ? this.#between(windows, series, last - 1, endMs)
        : histograms[last]!;
    if (left === null || right === null) return null;
    if (!this.#counter && (!isGauge(left) || !isGauge(right))) this.#remarks.notGauge();
    let result = this.#combine(right, left, 'subtraction');
    if (result !== null && this.#counter) {
      result = this.#correct(result, series, {left, right, lower, last, interpolatesLeft});
    }
    if (result === null) return null;
    return asGauge(this.#perSecond ? divide(result, secondsOf(rangeMs)) : result);
  }

  /** Adds what resets took away between the bounds. */
  #correct(
    difference: FloatHistogram,
    series: HistogramSeries,
    bounds: {
      left: FloatHistogram;
      right: FloatHistogram;
      lower: number;
      last: number;
      interpolatesLeft: boolean;
    },
  ): FloatHistogram | null {
    const {histograms} = series;
    const {left, right, lower, last, interpolatesLeft} = bounds;
    let first = lower + 1;
    let previous = left;
    // A reset that the left bound was interpolated over is part of it.
    if (interpolatesLeft && series.isReset(first)) previous = histograms[first++]!;
    if (first > last) return difference;
    let correction: FloatHistogram | null = null;
    const reset = (): boolean => {
      correction = correction === null ? previous : this.#combine(correction, previous, 'addition');
      return correction !== null;
    };
    for (let i = first; i < last; i++) {
      if (detectReset(histograms[i]!, previous) && !reset()) return null;
      previous = histograms[i]!;
    }
    if (detectReset(right, previous) && !reset()) return null;
    return correction === null ? difference : this.#combine(difference, correction, 'addition');
  }

  /** The histogram at `timeMs` between sample `index` and the next; a counter that was reset in between starts from none. */
  #between({times}: Windows, series: HistogramSeries, index: number, timeMs: number): FloatHistogram | null {
    const before = series.histograms[index]!;
    const after = series.histograms[index + 1]!;
    return interpolateHistograms(
      {timeMs: times[index]!, value: before},
      {timeMs: times[index + 1]!, value: after},
      timeMs,
      {reset: this.#counter && detectReset(after, before), remarks: this.#remarks},
    );
  }

  #check(histograms: readonly FloatHistogram[], lower: number, last: number): boolean {
    for (let i = lower; i <= last; i++) {
      if (!areCompatible(histograms[i]!, histograms[lower]!)) {
        this.#remarks.mixedSchemas();
        return false;
      }
      if (this.#counter && isGauge(histograms[i]!)) this.#remarks.notCounter();
    }
    return true;
  }

  #combine(left: FloatHistogram, right: FloatHistogram, operation: Operation): FloatHistogram | null {
    return combine(left, right, {operation, remarks: this.#remarks});
  }
}

/** What lies at `timeMs` on the straight line between two histograms; after a reset, on that from none to the later one. */
export function interpolateHistograms(
  before: {timeMs: number; value: FloatHistogram},
  after: {timeMs: number; value: FloatHistogram},
  timeMs: number,
  {reset, remarks}: {reset: boolean; remarks: RangeRemarks},
): FloatHistogram | null {
  if (timeMs === before.timeMs) return before.value;
  if (timeMs === after.timeMs) return after.value;
  const fraction = (timeMs - before.timeMs) / (after.timeMs - before.timeMs);
  if (reset) return scale(after.value, fraction);
  const difference = combine(after.value, before.value, {operation: 'subtraction', remarks});
  if (difference === null) return null;
  return combine(scale(difference, fraction), before.value, {operation: 'addition', remarks});
}
