import type {Windows} from './window.ts';

/** Larger than what rounding can make of the comparison that it guards. */
const guard = 1 + 1e-9;

/**
 * What the times alone say of extrapolating each window to its bounds: where series after series has the same times, as those
 * of one target have, it is worked out once. Windows of less than two samples have no entry.
 */
export class Extrapolation {
  /** By what a window's difference is multiplied, unless extrapolation would go below zero. */
  factors: Float64Array = new Float64Array(0);
  /** Below this part of the difference, a first value may have begun at zero within the extrapolated time. */
  zeroRatios: Float64Array = new Float64Array(0);
  #toStart = new Float64Array(0);
  #toEnd = new Float64Array(0);
  #sampled = new Float64Array(0);
  /** 1 where the result is not per second. */
  #seconds = 1;
  #windows: Windows | null = null;
  #version = 0;

  /** `seconds`: of the range, for results per second; 1 for others. */
  prepare(windows: Windows, seconds: number): void {
    if (this.#windows === windows && this.#version === windows.version && this.#seconds === seconds) return;
    this.#windows = windows;
    this.#version = windows.version;
    this.#seconds = seconds;
    const {workspace} = windows;
    // Of series with histograms, the floats lie where no kernel finds them.
    const misplaced = workspace !== null && !workspace.holds(this.factors);
    if (this.factors.length < windows.steps || misplaced) {
      const {steps} = windows;
      this.factors = workspace === null ? new Float64Array(steps) : workspace.floats(steps);
      this.zeroRatios = workspace === null ? new Float64Array(steps) : workspace.floats(steps);
      this.#toStart = new Float64Array(windows.steps);
      this.#toEnd = new Float64Array(windows.steps);
      this.#sampled = new Float64Array(windows.steps);
    }
    const {times, first, end, steps, startMs, stepMs, rangeMs} = windows;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const last = end[step]! - 1;
      if (last <= lower) continue;
      const endMs = startMs + step * stepMs;
      const sampled = (times[last]! - times[lower]!) / 1000;
      const mean = sampled / (last - lower);
      const threshold = mean * 1.1;
      let toStart = (times[lower]! - (endMs - rangeMs)) / 1000;
      let toEnd = (endMs - times[last]!) / 1000;
      if (toStart >= threshold) toStart = mean / 2;
      if (toEnd >= threshold) toEnd = mean / 2;
      this.#toStart[step] = toStart;
      this.#toEnd[step] = toEnd;
      this.#sampled[step] = sampled;
      this.factors[step] = (sampled + toStart + toEnd) / sampled / seconds;
      this.zeroRatios[step] = (toStart / sampled) * guard;
    }
  }

  /** The factor of a counter that rose by `rise` > 0 from `value` >= 0: it was not below zero. */
  factorFromZero(step: number, value: number, rise: number): number {
    const sampled = this.#sampled[step]!;
    const toZero = sampled * (value / rise);
    if (!(toZero < this.#toStart[step]!)) return this.factors[step]!;
    return (sampled + toZero + this.#toEnd[step]!) / sampled / this.#seconds;
  }
}
