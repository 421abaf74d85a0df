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
    const {steps} = windows;
    const resets = this.#resets;
    if (this.#counter) resets.scanFloats(windows);
    const extrapolation = this.#extrapolation;
    extrapolation.prepare(windows, this.#perSecond ? secondsOf(windows.rangeMs) : 1);
    // Fast path.
    if (!this.#counter || resets.count === 0) return this.#computePlain(windows, {from: 0, to: steps}, out);
    for (let step = 0; step < steps;) {
      // Up to the next window with a reset in it, windows are differences of two samples.
      const plain = resets.stepsWithout(windows, step);
      this.#computePlain(windows, {from: step, to: plain.end}, out);
      this.#computeSteps(windows, {from: plain.end, to: plain.next}, out);
      step = plain.next;
    }
  }

  /** Of windows without resets. */
  #computePlain(windows: Windows, {from, to}: {from: number; to: number}, out: Float64Array): void {
    const {values, first, end, workspace} = windows;
    if (workspace?.holds(values) !== true || !workspace.holds(out)) {
      return this.#computeSteps(windows, {from, to}, out);
    }
    const {factors, zeroRatios} = this.#extrapolation;
    const counter = this.#counter ? 1 : 0;
    for (let step = from; step < to; step++) {
      step = workspace.kernels.rateSteps(
        values.byteOffset,
        first.byteOffset,
        end.byteOffset,
        factors.byteOffset,
        zeroRatios.byteOffset,
        counter,
        step,
        to,
        out.byteOffset,
      );
      // A counter may have begun within the window.
      if (step < to) this.#computeSteps(windows, {from: step, to: step + 1}, out);
    }
  }

  #computeSteps(windows: Windows, {from, to}: {from: number; to: number}, out: Float64Array): void {
    const {values, first, end} = windows;
    const counter = this.#counter;
    const resets = this.#resets;
    const extrapolation = this.#extrapolation;
    const {factors, zeroRatios} = extrapolation;
    for (let step = from; step < to; step++) {
      const lower = first[step]!;
      const last = end[step]! - 1;
      if (last <= lower) continue;
      const begin = values[lower]!;
      let result = values[last]! - begin;
      if (counter && resets.count > 0) result = resets.addTo(result, lower, last);
      let factor = factors[step]!;
      if (counter && result > 0 && begin >= 0 && begin <= zeroRatios[step]! * result) {
        factor = extrapolation.factorFromZero(step, begin, result);
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
        if (this.samplesMin === 1) {
          end[step] = lower;
          windows.edited = true;
        }
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

  /** As scan(), by a kernel where the values lie where one finds them. */
  scanFloats(windows: Windows): void {
    const {values, length, workspace, neverFalls} = windows;
    if (neverFalls || workspace?.holds(values) !== true) {
      return this.scan(values, neverFalls ? 0 : length);
    }
    this.scan(values, 0);
    const {kernels} = workspace;
    for (let i = 1; ; i++) {
      i = kernels.nextFall(values.byteOffset, i, length);
      if (i >= length) return;
      if (this.count === this.#at.length) this.#grow();
      this.#at[this.count++] = i;
    }
  }

  /**
   * From `step` on: windows up to `end` have no reset in them, and those from there up to `next` have the first one that comes
   * then. To be asked for rising steps.
   */
  stepsWithout({first, end, steps}: Windows, step: number): {end: number; next: number} {
    const at = this.#at;
    const lower = first[step]!;
    while (this.#first < this.count && at[this.#first]! <= lower) this.#first++;
    if (this.#first === this.count) return {end: steps, next: steps};
    const reset = at[this.#first]!;
    const begin = firstStep(end, step, reset + 1);
    return {end: begin, next: firstStep(first, begin, reset)};
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

/** The first step from `from` on whose bound is at least `bound`; bounds never fall. The number of steps where there is none. */
function firstStep(bounds: Int32Array, from: number, bound: number): number {
  let low = from;
  for (let high = bounds.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (bounds[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
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
