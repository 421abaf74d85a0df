// Variance of sliding windows. Sums of the deviations from a reference value, and of their squares, are kept in two stacks
// as in sum.ts, with twice the precision of a double, so that the final subtraction loses nothing that matters:
//
//     variance = (Σd² - (Σd)²/n) / n,   d = value - reference
//
// A new reference is taken at each pivot. Where windows overlap little, Welford's method in the order of the samples, as
// Prometheus does it.

import {Specials} from './specials.ts';
import type {WindowFunction, Windows} from './window.ts';

/** 2^27 + 1 cuts a double into halves whose products are exact (Dekker). */
const splitter = 134_217_729;

export class VarianceOverTime implements WindowFunction {
  readonly samplesMin = 1;
  readonly #root: boolean;
  readonly #specials = new Specials();
  /** For each beginning of the older part: Σd, its compensation, Σd², its compensation. */
  #suffix = new Float64Array(0);
  #changes = new Int32Array(0);

  constructor(answer: 'variance' | 'deviation') {
    this.#root = answer === 'deviation';
  }

  compute(windows: Windows, out: Float64Array): void {
    const {values, first, end, steps} = windows;
    if (windows.overlapsLittle) {
      for (let step = 0; step < steps; step++) {
        if (first[step] !== end[step]) out[step] = welford(values, first[step]!, end[step]!);
      }
    } else if (!computeFast(windows, out)) {
      this.#slide(windows, out);
    }
    if (this.#root) for (let step = 0; step < steps; step++) out[step] = Math.sqrt(out[step]!);
  }

  #slide(windows: Windows, out: Float64Array): void {
    const {values, first, end, steps, length} = windows;
    this.#specials.scan(values, length);
    this.#countChanges(values, length);
    if (this.#suffix.length < 4 * length) this.#suffix = new Float64Array(4 * length);
    const suffix = this.#suffix;
    const changes = this.#changes;
    let pivot = 0;
    let added = 0;
    let reference = 0;
    let s = 0;
    let sLost = 0;
    let q = 0;
    let qLost = 0;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const upper = end[step]!;
      if (lower === upper) continue;
      if (lower >= pivot) {
        pivot = upper;
        added = upper;
        reference = values[(lower + upper) >>> 1]!;
        s = sLost = q = qLost = 0;
        for (let i = upper - 1; i >= lower; i--) {
          const d = values[i]! - reference;
          const sNext = s + d;
          const sRounded = sNext - s;
          sLost += s - (sNext - sRounded) + (d - sRounded);
          s = sNext;
          const square = d * d;
          const qNext = q + square;
          const qRounded = qNext - q;
          qLost += q - (qNext - qRounded) + (square - qRounded) + squareError(d, square);
          q = qNext;
          suffix[4 * i] = s;
          suffix[4 * i + 1] = sLost;
          suffix[4 * i + 2] = q;
          suffix[4 * i + 3] = qLost;
        }
        s = sLost = q = qLost = 0;
      }
      for (; added < upper; added++) {
        const d = values[added]! - reference;
        const sNext = s + d;
        const sRounded = sNext - s;
        sLost += s - (sNext - sRounded) + (d - sRounded);
        s = sNext;
        const square = d * d;
        const qNext = q + square;
        const qRounded = qNext - q;
        qLost += q - (qNext - qRounded) + (square - qRounded) + squareError(d, square);
        q = qNext;
      }
      if (this.#specials.sum(lower, upper) !== 0) out[step] = NaN;
      else if (changes[upper - 1] === changes[lower]) out[step] = 0;
      else {
        const variance = varianceOf(
          upper - lower,
          sumPair(suffix[4 * lower]!, suffix[4 * lower + 1]!, s, sLost),
          sumPair(suffix[4 * lower + 2]!, suffix[4 * lower + 3]!, q, qLost),
        );
        // Huge numbers overflow when squared; then the plain order decides.
        out[step] = variance - variance === 0 ? variance : welford(values, lower, upper);
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

/** By a kernel. False where there is none, or something is not finite. */
function computeFast(windows: Windows, out: Float64Array): boolean {
  const workspace = windows.kernelsFor(out);
  if (workspace === null || !windows.neverNaN) return false;
  const {values, first, end, steps} = windows;
  const suffixes = windows.scratch(workspace, 4);
  return (
    workspace.kernels.varianceSteps(
      values.byteOffset,
      first.byteOffset,
      end.byteOffset,
      steps,
      suffixes,
      out.byteOffset,
    ) === 1
  );
}

/** A number of twice the precision: `high + low`. */
interface Double {
  high: number;
  low: number;
}

function sumPair(a: number, aLost: number, b: number, bLost: number): Double {
  const high = a + b;
  const rounded = high - a;
  const low = aLost + bLost + (a - (high - rounded) + (b - rounded));
  const total = high + low;
  return {high: total, low: high - total + low};
}

/** (squares - sum² / count) / count */
function varianceOf(count: number, sum: Double, squares: Double): number {
  const square = sum.high * sum.high;
  const squareLow = squareError(sum.high, square) + 2 * sum.high * sum.low;
  const quotient = square / count;
  // What the division left: square - quotient * count, exactly.
  const product = quotient * count;
  const quotientLow = (square - product - productError(quotient, count, product) + squareLow) / count;
  const left = squares.high - quotient + (squares.low - quotientLow);
  return left > 0 ? left / count : left < 0 ? 0 : left;
}

/** a² - square, where `square` is a² rounded. Exact unless it overflows. */
function squareError(a: number, square: number): number {
  const scaled = splitter * a;
  const high = scaled - (scaled - a);
  const low = a - high;
  return high * high - square + 2 * high * low + low * low;
}

/** a·b - product, where `product` is a·b rounded. Exact unless it overflows. */
export function productError(a: number, b: number, product: number): number {
  const aScaled = splitter * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = splitter * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** The variance of at least one value by Welford's method with compensated mean and square sum. */
function welford(values: Float64Array, first: number, end: number): number {
  let mean = 0;
  let meanLost = 0;
  let squares = 0;
  let squaresLost = 0;
  for (let i = first; i < end; i++) {
    const value = values[i]!;
    const delta = value - (mean + meanLost);
    const inc = delta / (i - first + 1);
    const meanNext = mean + inc;
    if (meanNext === Infinity || meanNext === -Infinity) meanLost = 0;
    else {
      const rounded = meanNext - mean;
      meanLost += mean - (meanNext - rounded) + (inc - rounded);
    }
    mean = meanNext;
    const square = delta * (value - (mean + meanLost));
    const squaresNext = squares + square;
    if (squaresNext === Infinity || squaresNext === -Infinity) squaresLost = 0;
    else {
      const rounded = squaresNext - squares;
      squaresLost += squares - (squaresNext - rounded) + (square - rounded);
    }
    squares = squaresNext;
  }
  return (squares + squaresLost) / (end - first);
}
