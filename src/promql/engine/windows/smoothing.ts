import type {WindowFunction, Windows} from './window.ts';

/**
 * double_exponential_smoothing (Holt): a smoothed value and a smoothed trend, both carried from sample to sample. The
 * factors, one for each step, lie between 0 and 1; the caller has checked that.
 */
export class DoubleExponentialSmoothing implements WindowFunction {
  readonly samplesMin = 2;
  readonly #smoothing: Float64Array;
  readonly #trend: Float64Array;

  constructor(smoothing: Float64Array, trend: Float64Array) {
    this.#smoothing = smoothing;
    this.#trend = trend;
  }

  compute(windows: Windows, out: Float64Array): void {
    const {values, first, end, steps} = windows;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const upper = end[step]!;
      if (upper - lower < 2) continue;
      const smoothing = this.#smoothing[step]!;
      const trendFactor = this.#trend[step]!;
      let previous = 0;
      let smoothed = values[lower]!;
      let trend = values[lower + 1]! - values[lower]!;
      for (let i = lower + 1; i < upper; i++) {
        if (i > lower + 1) trend = trendFactor * (smoothed - previous) + (1 - trendFactor) * trend;
        const next = smoothing * values[i]! + (1 - smoothing) * (smoothed + trend);
        previous = smoothed;
        smoothed = next;
      }
      out[step] = smoothed;
    }
  }
}
