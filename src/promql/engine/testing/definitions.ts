// What range functions compute, by their definitions, one window at a time: slow and obvious, for tests.

import {secondsOf} from '../windows/rate.ts';

export interface Sample {
  time: number;
  value: number;
}

/** A window ends at `endMs` and is `rangeMs` long; `stepMs` is the time of evaluation, which differs by the offset. */
export interface WindowTimes {
  endMs: number;
  rangeMs: number;
  stepTimeMs: number;
}

export const valuesOf = (window: readonly Sample[]): number[] => window.map(({value}) => value);

/** Neumaier's sum. */
export function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    if (Math.abs(next) === Infinity) lost = 0;
    else if (Math.abs(total) >= Math.abs(value)) lost += total - next + value;
    else lost += value - next + total;
    total = next;
  }
  return Math.abs(total) === Infinity ? total : total + lost;
}

export const mean = (values: readonly number[]): number => sum(values) / values.length;

/** The best value, where any number is better than NaN. */
export function extreme(values: readonly number[], better: (a: number, b: number) => boolean): number {
  let best = values[0]!;
  for (const value of values) if (better(value, best) || best !== best) best = value;
  return best;
}

export function quantile(q: number, values: readonly number[]): number {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const sorted = values.toSorted((a, b) => (a !== a ? (b !== b ? 0 : -1) : b !== b ? 1 : a - b || 0));
  const rank = q * (sorted.length - 1);
  const lower = Math.floor(rank);
  const upper = Math.min(sorted.length - 1, lower + 1);
  return sorted[lower]! * (1 - (rank - lower)) + sorted[upper]! * (rank - lower);
}

/** Median distance from the median. */
export function medianDeviation(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return NaN;
  const median = quantile(0.5, values);
  return quantile(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}

/** Two-pass variance with exact mean, good for numbers of like size. */
export function variance(values: readonly number[]): number {
  if (values.some((value) => value - value !== 0)) return NaN;
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / values.length;
}

/** How often something happens from one value to the next. */
export function countEvents(
  values: readonly number[],
  happens: (before: number, after: number) => boolean,
): number {
  return values.filter((value, index) => index > 0 && happens(values[index - 1]!, value)).length;
}

export const isChange = (a: number, b: number): boolean => a !== b && !(a !== a && b !== b);
export const isReset = (a: number, b: number): boolean => b < a;

/** rate, increase and delta. */
export function extrapolated(
  window: readonly Sample[],
  {endMs, rangeMs}: WindowTimes,
  kind: 'rate' | 'increase' | 'delta',
): number {
  const counter = kind !== 'delta';
  const first = window[0]!;
  const last = window.at(-1)!;
  let result = last.value - first.value;
  if (counter) {
    for (const [index, {value}] of window.entries()) {
      if (index > 0 && value < window[index - 1]!.value) result += window[index - 1]!.value;
    }
  }
  const sampled = (last.time - first.time) / 1000;
  const gap = sampled / (window.length - 1);
  let toStart = (first.time - (endMs - rangeMs)) / 1000;
  let toEnd = (endMs - last.time) / 1000;
  if (toStart >= gap * 1.1) toStart = gap / 2;
  if (counter && result > 0 && first.value >= 0) {
    toStart = Math.min(toStart, sampled * (first.value / result));
  }
  if (toEnd >= gap * 1.1) toEnd = gap / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (kind === 'rate') factor /= secondsOf(rangeMs);
  return result * factor;
}

export function irate(window: readonly Sample[]): number {
  const [before, last] = window.slice(-2) as [Sample, Sample];
  const increase = last.value < before.value ? last.value : last.value - before.value;
  return increase / ((last.time - before.time) / 1000);
}

/** Least squares about the means, which loses little; the intercept is the value at `atMs`. */
export function fit(window: readonly Sample[], atMs: number): {slope: number; intercept: number} {
  const values = valuesOf(window);
  if (values.some((value) => value - value !== 0)) return {slope: NaN, intercept: NaN};
  if (values.every((value) => value === values[0])) return {slope: 0, intercept: values[0]!};
  const x = window.map(({time}) => (time - atMs) / 1000);
  const meanX = mean(x);
  const meanY = mean(values);
  const slope =
    sum(x.map((each, index) => (each - meanX) * (values[index]! - meanY))) /
    sum(x.map((each) => (each - meanX) ** 2));
  return {slope, intercept: meanY - slope * meanX};
}
