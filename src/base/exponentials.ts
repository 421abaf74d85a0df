// Exponentials and logarithms to the last bit as Go computes them on x86-64, since that is what users compare with:
// JavaScript engines choose other approximations, which are as good but not the same.

import {scaleBy, split} from './binary.ts';

/** A factor that splits a double into two halves of 26 bits (Veltkamp). */
const splitter = 2 ** 27 + 1;

/** x·y + z, rounded once. For factors below 2^996. */
function fusedMultiplyAdd(x: number, y: number, z: number): number {
  const product = x * y;
  let scaled = splitter * x;
  const xHigh = scaled - (scaled - x);
  const xLow = x - xHigh;
  scaled = splitter * y;
  const yHigh = scaled - (scaled - y);
  const yLow = y - yHigh;
  const productLow = xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow);
  const sum = product + z;
  const rounded = sum - product;
  const sumLow = product - (sum - rounded) + (z - rounded);
  return sum + (sumLow + productLow);
}

/** ln 2 as the sum of one number with few bits and one that is small. */
const ln2Upper = 0.693147180559663;
const ln2Lower = 2.8235290563031577e-13;

/** 1/n! for n from 8 down to 1. */
const inverseFactorials = Float64Array.from(
  [40_320, 5040, 720, 120, 24, 6, 2, 1],
  (factorial) => 1 / factorial,
);

/** Above it, e^x is infinite. */
const exponentMax = 709.782712893384;

/**
 * e^x: with x = k·ln 2 + r, a Taylor series for r/16 whose result is squared four times (N. Shibata, Efficient evaluation
 * methods of elementary functions suitable for SIMD computation, 2010), in arithmetic with fused multiplication and addition.
 */
export function exp(x: number): number {
  if (!(x > -Infinity && x <= exponentMax)) return x > 0 ? Infinity : x === -Infinity ? 0 : NaN;
  const scale = roundToEven(x * Math.LOG2E);
  // The first product is exact, since its factors have few bits.
  const rest = fusedMultiplyAdd(-scale, ln2Lower, x - scale * ln2Upper) * 0.0625;
  const series = taylorSeries(rest);
  // Squaring 1 + y leaves 1 + y·(y + 2).
  let less1 = rest * series;
  for (let i = 0; i < 3; i++) less1 *= less1 + 2;
  const fraction = fusedMultiplyAdd(less1 + 2, less1, 1);
  if (scale > -1023 && scale < 1024) return fraction * powerOfTwo(scale);
  if (scale >= 1024) return Infinity;
  return scale < -1075 ? 0 : fraction * powerOfTwo(scale + 1022) * 2 ** -1022;
}

/** (e^x - 1)/x: as fusedMultiplyAdd() for each term, with x split once. */
function taylorSeries(x: number): number {
  const scaledX = splitter * x;
  const xHigh = scaledX - (scaledX - x);
  const xLow = x - xHigh;
  let series = inverseFactorials[0]!;
  for (let i = 1; i < inverseFactorials.length; i++) {
    const term = inverseFactorials[i]!;
    const scaled = splitter * series;
    const high = scaled - (scaled - series);
    const low = series - high;
    const product = x * series;
    const productLow = xLow * low - (product - xHigh * high - xLow * high - xHigh * low);
    const sum = product + term;
    const rounded = sum - product;
    series = sum + (product - (sum - rounded) + (term - rounded) + productLow);
  }
  return series;
}

function roundToEven(value: number): number {
  // Below 2^51 the sum has no bits for fractions.
  const magic = 1.5 * 2 ** 52;
  return value + magic - magic;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** For exponents from -1022 to 1023. */
function powerOfTwo(exponent: number): number {
  words[0] = 0;
  words[1] = (exponent + 1023) << 20;
  return double[0]!;
}

const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/** Coefficients of the approximation of log(1+f) that FreeBSD's msun and its descendants share. */
const l1 = 0.6666666666666735;
const l2 = 0.3999999999940942;
const l3 = 0.2857142874366239;
const l4 = 0.22222198432149784;
const l5 = 0.1818357216161805;
const l6 = 0.15313837699209373;
const l7 = 0.14798198605116586;

/** The natural logarithm. Right for denormal numbers too, for which Go's, on x86-64 only, is not. */
export function log(x: number): number {
  if (!(x > 0 && x < Infinity)) return x === 0 ? -Infinity : x === Infinity ? x : NaN;
  let exponent = x < 2 ** -1022 ? -54 : 0;
  double[0] = exponent === 0 ? x : x * 2 ** 54;
  exponent += (words[1]! >>> 20) - 1022;
  words[1] = (words[1]! & 0xfffff) | (1022 << 20);
  let fraction = double[0]!;
  if (fraction < Math.SQRT1_2) {
    fraction *= 2;
    exponent--;
  }
  const f = fraction - 1;
  const s = f / (2 + f);
  const s2 = s * s;
  const s4 = s2 * s2;
  const odd = s2 * (l1 + s4 * (l3 + s4 * (l5 + s4 * l7)));
  const even = s4 * (l2 + s4 * (l4 + s4 * l6));
  const halfSquare = 0.5 * f * f;
  const rest = s * (halfSquare + (odd + even)) + exponent * ln2Low;
  return exponent * ln2High - (halfSquare - rest - f);
}

/** Exact for powers of two. */
export function log2(x: number): number {
  if (!(x > 0 && x < Infinity)) return log(x);
  const [fraction, exponent] = split(x);
  return fraction === 0.5 ? exponent - 1 : log(fraction) * Math.LOG2E + exponent;
}

export function log10(x: number): number {
  return log(x) * Math.LOG10E;
}

/** Go's math.Exp2: fdlibm's polynomial for e^r with |r| <= ln 2 / 2. */
export function exp2(value: number): number {
  if (value !== value || value === Infinity) return value;
  if (value > 1023.9999999999999) return Infinity;
  if (value < -1074) return 0;
  const whole = Math.trunc(value > 0 ? value + 0.5 : value - 0.5);
  const rest = value - whole;
  const high = rest * ln2High;
  const low = -rest * ln2Low;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666666 +
        t *
          (-0.0027777777777015593 +
            t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8))));
  return scaleBy(1 - (low - (r * c) / (2 - c) - high), whole);
}
