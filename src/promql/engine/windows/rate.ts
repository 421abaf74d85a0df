// rate, increase and delta (with extrapolation to the window's bounds), irate and idelta (the last two samples).

import {Extrapolation} from './extrapolation.ts';
import {isStartReset, overlapsSampleBefore} from './starttimes.ts';
import type {WindowFunction, Windows} from './window.ts';

export type RateKind = 'rate' | 'increase' | 'delta';

/** Up to so many counter resets in a window are added one by one, in order; more come from running sums. */
const resetsAddedMax = 16;

/**
 * The difference between a window's last and first sample, for counters with what each reset took away, scaled to the
 * whole window where the samples come close enough to its bounds (within 1.1 times their mean distance), else half that
 * distance further. Counters are not extrapolated below zero; one whose first sample has a start time within the window
 * counts from zero at that time.
 */
export class ExtrapolatedRate implements WindowFunction {
  readonly samplesMin: number;
  /** Windows of the last series with a sample whose start overlaps the sample before it. */
  overlaps = 0;
  readonly #counter: boolean;
  readonly #perSecond: boolean;
  readonly #resets = new CounterResets();
  readonly #extrapolation = new Extrapolation();

  /** `usesStartTimes`: where there are any; then one sample may be enough. */
  constructor(kind: RateKind, usesStartTimes = false) {
    this.samplesMin = usesStartTimes ? 1 : 2;
    this.#counter = kind !== 'delta';
    this.#perSecond = kind === 'rate';
  }

  compute(windows: Windows, out: Float64Array): void {
    this.overlaps = 0;
    if (this.samplesMin === 1) return this.#computeWithStarts(windows, out);
    const {values, first, end, steps} = windows;
    const counter = this.#counter;
    const resets = this.#resets;
    if (counter) resets.scan(values, windows.length);
    const extrapolation = this.#extrapolation;
    extrapolation.prepare(windows, this.#perSecond ? secondsOf(windows.rangeMs) : 1);
    const {factors, zeroRatios} = extrapolation;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const last = end[step]! - 1;
      if (last <= lower) continue;
      const from = values[lower]!;
      let result = values[last]! - from;
      if (counter && resets.count > 0) result = resets.addTo(result, lower, last);
      let factor = factors[step]!;
      if (counter && result > 0 && from >= 0 && from <= zeroRatios[step]! * result) {
        factor = extrapolation.factorFromZero(step, from, result);
      }
      out[step] = result * factor;
    }
  }

  #computeWithStarts(windows: Windows, out: Float64Array): void {
    const {times, values, first, end, steps, startMs, stepMs, rangeMs} = windows;
    const counter = this.#counter;
    const rangeSeconds = secondsOf(rangeMs);
    const resets = this.#resets;
    const startTimes = counter ? windows.startTimes : null;
    if (counter) resets.scan(values, windows.length, startTimes === null ? null : {times, startTimes});
    this.overlaps = startTimes === null ? 0 : countOverlaps(windows, startTimes);
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const last = end[step]! - 1;
      if (last < lower) continue;
      const endMs = startMs + step * stepMs;
      const firstTime = times[lower]!;
      const lastTime = times[last]!;
      const beganMs = startTimes === null ? 0 : startTimes[lower]!;
      const began = beganMs !== 0 && beganMs > endMs - rangeMs && beganMs < firstTime;
      if (last === lower && !began) {
        // The window counts as empty where one sample could have been enough.
        if (this.samplesMin === 1) end[step] = lower;
        continue;
      }
      let result = values[last]! - values[lower]!;
      if (counter && resets.count > 0) result = resets.addTo(result, lower, last);

      const toEnd = (endMs - lastTime) / 1000;
      let toStart = (firstTime - (endMs - rangeMs)) / 1000;
      let toZero = Infinity;
      let sampled = (lastTime - firstTime) / 1000;
      const mean = last === lower ? 0 : sampled / (last - lower);
      if (began) {
        toStart = 0;
        sampled = (lastTime - beganMs) / 1000;
        result += values[lower]!;
      } else if (counter && result > 0 && values[lower]! >= 0) {
        toZero = sampled * (values[lower]! / result);
      }
      let factor = extrapolationFactor(toStart, toEnd, sampled, mean, toZero);
      if (this.#perSecond) factor /= rangeSeconds;
      out[step] = result * factor;
    }
  }
}

/**
 * By how much the difference of a window's last and first sample grows when it is extrapolated: to both bounds of the
 * window where the samples come close enough to them, else half the mean distance of samples further, and at the beginning
 * not beyond the time at which a counter would have been zero. All in seconds: from the samples to the bounds, between first
 * and last sample, between neighbours, from the first sample back to zero.
 */
export function extrapolationFactor(
  toStart: number,
  toEnd: number,
  sampled: number,
  mean: number,
  toZero: number,
): number {
  const threshold = mean * 1.1;
  if (toStart >= threshold) toStart = mean / 2;
  if (toZero < toStart) toStart = toZero;
  if (toEnd >= threshold) toEnd = mean / 2;
  return (sampled + toStart + toEnd) / sampled;
}

/** In how many windows a sample's start overlaps the sample before it. */
function countOverlaps({times, first, end, steps}: Windows, startTimes: Float64Array): number {
  let count = 0;
  let next = 0;
  /** The last sample up to `next` that overlaps the one before it. */
  let overlapping = -1;
  for (let step = 0; step < steps; step++) {
    for (; next < end[step]!; next++) {
      if (next > 0 && overlapsSampleBefore(times, startTimes, next)) overlapping = next;
    }
    if (overlapping > first[step]!) count++;
  }
  return count;
}

/** Where a counter fell or started anew, and what it had reached before. */
export class CounterResets {
  count = 0;
  #at = new Int32Array(0);
  #values: Float64Array = new Float64Array(0);
  /** Compensated running sums of the values before each reset, made when first needed. */
  #sums = new Float64Array(0);
  #lost = new Float64Array(0);
  #summed = false;
  #infinite = false;
  /** Resets passed by the windows so far. */
  #first = 0;
  #end = 0;

  scan(
    values: Float64Array,
    length: number,
    starts: {times: Float64Array; startTimes: Float64Array} | null = null,
  ): void {
    this.#values = values;
    this.count = 0;
    this.#first = 0;
    this.#end = 0;
    this.#summed = false;
    for (let i = 1; i < length; i++) {
      if (
        values[i]! < values[i - 1]! ||
        (starts !== null && isStartReset(starts.times, starts.startTimes, i))
      ) {
        if (this.count === this.#at.length) this.#grow();
        this.#at[this.count++] = i;
      }
    }
  }

  /** Adds the values before the resets in (lower, last] to `result`. Neither bound may fall from call to call. */
  addTo(result: number, lower: number, last: number): number {
    const at = this.#at;
    while (this.#first < this.count && at[this.#first]! <= lower) this.#first++;
    if (this.#end < this.#first) this.#end = this.#first;
    while (this.#end < this.count && at[this.#end]! <= last) this.#end++;
    if (this.#end - this.#first > resetsAddedMax) {
      if (!this.#summed) this.#sum();
      if (!this.#infinite) {
        const sums = this.#sums;
        const lost = this.#lost;
        return result + (sums[this.#end]! - sums[this.#first]! + (lost[this.#end]! - lost[this.#first]!));
      }
    }
    for (let i = this.#first; i < this.#end; i++) result += this.#values[at[i]! - 1]!;
    return result;
  }

  #sum(): void {
    this.#summed = true;
    if (this.#sums.length <= this.count) {
      this.#sums = new Float64Array(this.count + 1);
      this.#lost = new Float64Array(this.count + 1);
    }
    let sum = 0;
    let lost = 0;
    for (let i = 0; i < this.count; i++) {
      this.#sums[i] = sum;
      this.#lost[i] = lost;
      const value = this.#values[this.#at[i]! - 1]!;
      const next = sum + value;
      const rounded = next - sum;
      lost += sum - (next - rounded) + (value - rounded);
      sum = next;
    }
    this.#sums[this.count] = sum;
    this.#lost[this.count] = lost;
    this.#infinite = sum - sum !== 0;
  }

  #grow(): void {
    const at = new Int32Array(Math.max(16, 2 * this.#at.length));
    at.set(this.#at);
    this.#at = at;
  }
}

/** irate (per second, from zero after a reset) and idelta: from the last two samples of each window. */
export class InstantRate implements WindowFunction {
  readonly samplesMin = 2;
  readonly #counter: boolean;

  constructor(kind: 'irate' | 'idelta') {
    this.#counter = kind === 'irate';
  }

  compute(windows: Windows, out: Float64Array): void {
    const {times, values, startTimes, first, end, steps} = windows;
    const counter = this.#counter;
    for (let step = 0; step < steps; step++) {
      const last = end[step]! - 1;
      if (last <= first[step]!) continue;
      const value = values[last]!;
      const previous = values[last - 1]!;
      if (!counter) out[step] = value - previous;
      else {
        const reset = value < previous || (startTimes !== null && isStartReset(times, startTimes, last));
        const increase = reset ? value : value - previous;
        out[step] = increase / ((times[last]! - times[last - 1]!) / 1000);
      }
    }
  }
}

/** Seconds of whole milliseconds, rounded as Go's Duration.Seconds() does. */
export function secondsOf(ms: number): number {
  return Math.trunc(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
}
