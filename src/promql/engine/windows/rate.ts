// rate, increase and delta (with extrapolation to the window's bounds), irate and idelta (the last two samples).

import type {WindowFunction, Windows} from './window.ts';

export type RateKind = 'rate' | 'increase' | 'delta';

/** Up to so many counter resets in a window are added one by one, in order; more come from running sums. */
const resetsAddedMax = 16;

/**
 * The difference between a window's last and first sample, for counters with what each reset took away, scaled to the
 * whole window where the samples come close enough to its bounds (within 1.1 times their mean distance), else half that
 * distance further. Counters are not extrapolated below zero.
 */
export class ExtrapolatedRate implements WindowFunction {
  readonly samplesMin = 2;
  readonly #counter: boolean;
  readonly #perSecond: boolean;
  readonly #resets = new CounterResets();

  constructor(kind: RateKind) {
    this.#counter = kind !== 'delta';
    this.#perSecond = kind === 'rate';
  }

  compute(windows: Windows, out: Float64Array): void {
    const {times, values, first, end, steps, startMs, stepMs, rangeMs} = windows;
    const counter = this.#counter;
    const rangeSeconds = secondsOf(rangeMs);
    const resets = this.#resets;
    if (counter) resets.scan(values, windows.length);
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const last = end[step]! - 1;
      if (last <= lower) continue;
      const endMs = startMs + step * stepMs;
      const firstTime = times[lower]!;
      const lastTime = times[last]!;
      let result = values[last]! - values[lower]!;
      if (counter && resets.count > 0) result = resets.addTo(result, lower, last);

      let toStart = (firstTime - (endMs - rangeMs)) / 1000;
      let toEnd = (endMs - lastTime) / 1000;
      const sampled = (lastTime - firstTime) / 1000;
      const mean = sampled / (last - lower);
      const threshold = mean * 1.1;
      if (toStart >= threshold) toStart = mean / 2;
      if (counter && result > 0 && values[lower]! >= 0) {
        const toZero = sampled * (values[lower]! / result);
        if (toZero < toStart) toStart = toZero;
      }
      if (toEnd >= threshold) toEnd = mean / 2;
      let factor = (sampled + toStart + toEnd) / sampled;
      if (this.#perSecond) factor /= rangeSeconds;
      out[step] = result * factor;
    }
  }
}

/** Where a counter fell, and what it had reached before. */
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

  scan(values: Float64Array, length: number): void {
    this.#values = values;
    this.count = 0;
    this.#first = 0;
    this.#end = 0;
    this.#summed = false;
    for (let i = 1; i < length; i++) {
      if (values[i]! < values[i - 1]!) {
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
    const {times, values, first, end, steps} = windows;
    const counter = this.#counter;
    for (let step = 0; step < steps; step++) {
      const last = end[step]! - 1;
      if (last <= first[step]!) continue;
      const value = values[last]!;
      const previous = values[last - 1]!;
      if (!counter) out[step] = value - previous;
      else {
        const increase = value < previous ? value : value - previous;
        out[step] = increase / ((times[last]! - times[last - 1]!) / 1000);
      }
    }
  }
}

/** Seconds of whole milliseconds, rounded as Go's Duration.Seconds() does. */
export function secondsOf(ms: number): number {
  return Math.trunc(ms / 1000) + ((ms % 1000) * 1e6) / 1e9;
}
