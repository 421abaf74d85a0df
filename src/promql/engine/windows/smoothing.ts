import {executionError} from '../error.ts';
import type {WindowFunction, Windows} from './window.ts';

/**
 * double_exponential_smoothing (Holt): a smoothed value and a smoothed trend, both carried from sample to sample. The
 * factors, one for each step, must lie between 0 and 1 wherever there is a sample.
 */
export class DoubleExponentialSmoothing implements WindowFunction {
  readonly samplesMin = 1;
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
      if (upper === lower) continue;
      this.checkFactors(step);
      const smoothing = this.#smoothing[step]!;
      const trendFactor = this.#trend[step]!;
      if (upper - lower < 2) {
        end[step] = lower;
        windows.edited = true;
        continue;
      }
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

  checkFactors(step: number): void {
    checkFactor(this.#smoothing[step]!, 'smoothing', 'sf');
    checkFactor(this.#trend[step]!, 'trend', 'tf');
  }
}

function checkFactor(factor: number, what: string, symbol: string): void {
  if (!(factor <= 0 || factor >= 1)) return;
  throw executionError(`invalid ${what} factor. Expected: 0 < ${symbol} < 1, got: ${formatFactor(factor)}`);
}

/** Go's %f. */
function formatFactor(value: number): string {
  if (Math.abs(value) === Infinity) return value > 0 ? '+Inf' : '-Inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}
