// deriv and predict_linear: least squares over sliding windows. The four sums are taken relative to a reference time and a
// reference value, in two stacks as in sum.ts and with twice the precision of a double; slopes do not depend on the
// references, so they can change at each pivot.

import {Specials} from './specials.ts';
import {productError} from './variance.ts';
import type {WindowFunction, Windows} from './window.ts';

/** Sums kept for each beginning of the older part: x, y, xy, x², and what rounding took from the last three. */
const fields = 7;

export class Regression implements WindowFunction {
  readonly samplesMin = 2;
  /** predict_linear: how many seconds after each step; deriv: null. */
  readonly #ahead: Float64Array | null;
  /** The same where a kernel finds it, once that is needed. */
  #linearAhead: Float64Array | null = null;
  /** predict_linear: the step's own time, which differs from its window's end where there is an offset. */
  readonly #startMs: number;
  readonly #stepMs: number;
  readonly #specials = new Specials();
  readonly #fit = {slope: 0, intercept: 0};
  #suffix = new Float64Array(0);
  #changes = new Int32Array(0);

  constructor(prediction: {ahead: Float64Array; startMs: number; stepMs: number} | null) {
    this.#ahead = prediction?.ahead ?? null;
    this.#startMs = prediction?.startMs ?? 0;
    this.#stepMs = prediction?.stepMs ?? 0;
  }

  compute(windows: Windows, out: Float64Array): void {
    if (windows.overlapsLittle) this.#rescan(windows, out);
    else if (!this.#slideFast(windows, out)) this.#slide(windows, out);
  }

  /** By a kernel. False where there is none, or something is not finite. */
  #slideFast(windows: Windows, out: Float64Array): boolean {
    const workspace = windows.kernelsFor(out);
    if (workspace === null || !windows.neverNaN || !workspace.holds(windows.times)) return false;
    const {times, values, first, end, steps} = windows;
    if (this.#ahead !== null && this.#linearAhead === null) {
      this.#linearAhead = workspace.floats(this.#ahead.length);
      this.#linearAhead.set(this.#ahead);
    }
    return (
      workspace.kernels.regressSteps(
        times.byteOffset,
        values.byteOffset,
        first.byteOffset,
        end.byteOffset,
        steps,
        this.#linearAhead?.byteOffset ?? 0,
        this.#startMs,
        this.#stepMs,
        windows.scratch(workspace, fields),
        out.byteOffset,
      ) === 1
    );
  }

  #rescan(windows: Windows, out: Float64Array): void {
    const {first, end, steps} = windows;
    for (let step = 0; step < steps; step++) {
      if (end[step]! - first[step]! >= 2) out[step] = this.#fitOne(windows, step);
    }
  }

  #fitOne(windows: Windows, step: number): number {
    const lower = windows.first[step]!;
    const ahead = this.#ahead;
    const fit = this.#fit;
    const interceptMs = ahead === null ? windows.times[lower]! : this.#startMs + step * this.#stepMs;
    fitWindow(windows, lower, windows.end[step]!, interceptMs, fit);
    return ahead === null ? fit.slope : fit.slope * ahead[step]! + fit.intercept;
  }

  #slide(windows: Windows, out: Float64Array): void {
    const {times, values, first, end, steps, length} = windows;
    this.#specials.scan(values, length);
    this.#countChanges(values, length);
    if (this.#suffix.length < fields * length) this.#suffix = new Float64Array(fields * length);
    const suffix = this.#suffix;
    const changes = this.#changes;
    const ahead = this.#ahead;
    // x, y, xy, x², lost y, lost xy, lost x²; the sums of x are whole milliseconds and exact.
    const sums = new Float64Array(fields);
    let pivot = 0;
    let added = 0;
    let referenceMs = 0;
    let reference = 0;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const upper = end[step]!;
      if (lower === upper) continue;
      if (lower >= pivot) {
        pivot = upper;
        added = upper;
        referenceMs = times[lower]!;
        reference = values[(lower + upper) >>> 1]!;
        sums.fill(0);
        for (let i = upper - 1; i >= lower; i--) {
          addPoint(sums, times[i]! - referenceMs, values[i]! - reference);
          suffix.set(sums, fields * i);
        }
        sums.fill(0);
      }
      for (; added < upper; added++) addPoint(sums, times[added]! - referenceMs, values[added]! - reference);
      const count = upper - lower;
      if (count < 2) continue;
      const stepTime = this.#startMs + step * this.#stepMs;
      const special = this.#specials.sum(lower, upper);
      if (special !== special) {
        out[step] = NaN;
      } else if (special !== 0) {
        out[step] = this.#fitOne(windows, step);
      } else if (changes[upper - 1] === changes[lower]) {
        out[step] = ahead === null ? 0 : 0 * ahead[step]! + values[lower]!;
      } else {
        const at = fields * lower;
        const x = suffix[at]! + sums[0]!;
        const y = suffix[at + 1]! + sums[1]! + (suffix[at + 4]! + sums[4]!);
        const slope =
          scaledCovariance(count, x, pairSum(suffix, at, sums, 1, 4), pairSum(suffix, at, sums, 2, 5)) /
          scaledCovariance(count, x, {high: x, low: 0}, pairSum(suffix, at, sums, 3, 6));
        const perSecond = slope * 1000;
        if (ahead === null) out[step] = perSecond;
        else {
          const seconds = (referenceMs - stepTime) / 1000 + x / count / 1000;
          out[step] = perSecond * ahead[step]! + (reference + y / count - perSecond * seconds);
        }
        // Sums that become too large do so in an order that shows.
        if (out[step]! - out[step]! !== 0) out[step] = this.#fitOne(windows, step);
      }
    }
  }

  #countChanges(values: Float64Array, length: number): void {
    if (this.#changes.length < length) this.#changes = new Int32Array(length);
    let count = 0;
    this.#changes[0] = 0;
    for (let i = 1; i < length; i++) {
      if (values[i] !== values[i - 1]) count++;
      this.#changes[i] = count;
    }
  }
}

function addPoint(sums: Float64Array, x: number, y: number): void {
  sums[0] = sums[0]! + x;
  addTo(sums, 1, 4, y, 0);
  const xy = x * y;
  addTo(sums, 2, 5, xy, productError(x, y, xy));
  const xx = x * x;
  addTo(sums, 3, 6, xx, productError(x, x, xx));
}

function addTo(sums: Float64Array, index: number, lostIndex: number, value: number, low: number): void {
  const sum = sums[index]!;
  const next = sum + value;
  const rounded = next - sum;
  sums[lostIndex] = sums[lostIndex]! + (sum - (next - rounded) + (value - rounded)) + low;
  sums[index] = next;
}

interface Double {
  high: number;
  low: number;
}

function pairSum(
  suffix: Float64Array,
  at: number,
  sums: Float64Array,
  index: number,
  lostIndex: number,
): Double {
  const a = suffix[at + index]!;
  const b = sums[index]!;
  const high = a + b;
  const rounded = high - a;
  return {high, low: suffix[at + lostIndex]! + sums[lostIndex]! + (a - (high - rounded) + (b - rounded))};
}

/** Σxy - Σx·Σy/n, with Σx exact. */
function scaledCovariance(count: number, x: number, y: Double, xy: Double): number {
  const product = x * y.high;
  const productLow = productError(x, y.high, product) + x * y.low;
  const quotient = product / count;
  const back = quotient * count;
  const quotientLow = (product - back - productError(quotient, count, back) + productLow) / count;
  return xy.high - quotient + (xy.low - quotientLow);
}

/** Fits a line through at least two samples with compensated sums, in the order of the samples, x in seconds. */
function fitWindow(
  windows: Windows,
  first: number,
  end: number,
  interceptMs: number,
  fit: {slope: number; intercept: number},
): void {
  const {times, values} = windows;
  const initial = values[first]!;
  let constant = true;
  let sumX = 0;
  let sumY = 0;
  let sumXY = 0;
  let sumXX = 0;
  let lostX = 0;
  let lostY = 0;
  let lostXY = 0;
  let lostXX = 0;
  for (let i = first; i < end; i++) {
    const y = values[i]!;
    if (y !== initial && i > first) constant = false;
    const x = (times[i]! - interceptMs) / 1e3;
    let next = sumX + x;
    let rounded = next - sumX;
    lostX += sumX - (next - rounded) + (x - rounded);
    sumX = next;
    next = sumY + y;
    rounded = next - sumY;
    lostY += sumY - (next - rounded) + (y - rounded);
    sumY = next;
    const xy = x * y;
    next = sumXY + xy;
    rounded = next - sumXY;
    lostXY += sumXY - (next - rounded) + (xy - rounded);
    sumXY = next;
    const xx = x * x;
    next = sumXX + xx;
    rounded = next - sumXX;
    lostXX += sumXX - (next - rounded) + (xx - rounded);
    sumXX = next;
  }
  if (constant) {
    const infinite = initial === Infinity || initial === -Infinity;
    fit.slope = infinite ? NaN : 0;
    fit.intercept = infinite ? NaN : initial;
    return;
  }
  const count = end - first;
  sumX += lostX;
  sumY = total(sumY, lostY);
  sumXY = total(sumXY, lostXY);
  sumXX += lostXX;
  const covariance = sumXY - (sumX * sumY) / count;
  const variance = sumXX - (sumX * sumX) / count;
  fit.slope = covariance / variance;
  fit.intercept = sumY / count - (fit.slope * sumX) / count;
}

/** A sum with what rounding has lost of it, which means nothing once it is infinite. */
function total(sum: number, lost: number): number {
  return sum === Infinity || sum === -Infinity ? sum : sum + lost;
}
