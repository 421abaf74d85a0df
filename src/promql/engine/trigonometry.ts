// Trigonometric and hyperbolic functions to the last bit as Go computes them on x86-64. The approximations are those of
// S. L. Moshier's Cephes library and, for sinh, of J. F. Hart's Computer Approximations.

import {exp, log} from '../../base/exponentials.ts';

/** π/4 as a sum of numbers with few bits, so that small multiples of the first two are exact. */
const quarterPi1 = 7.85398125648498535156e-1;
const quarterPi2 = 3.77489470793079817668e-8;
const quarterPi3 = 2.69515142907905952645e-15;

/** From here on the three parts of π/4 are not enough. */
const reductionMax = 2 ** 29;

/** What reduce() found: the octant, even, and how far the angle lies from it. */
let octant = 0;
let angle = 0;

/** Finds the nearest even multiple of π/4, for x >= 0. */
function reduce(x: number): void {
  if (x >= reductionMax) return reduceLarge(x);
  let multiple = Math.floor(x * (4 / Math.PI));
  if (multiple % 2 === 1) multiple++;
  octant = multiple % 8;
  angle = x - multiple * quarterPi1 - multiple * quarterPi2 - multiple * quarterPi3;
}

/** The binary digits of 4/π behind a leading one. */
const inverseQuarterPi = BigInt(
  '0x45f306dc9c882a53f84eafa3ea69bb81b6c52b3278872083fca2c757bd778ac36e48dc74849ba5c00c925dd413a32439fc3bd63962534e7d' +
    'd1046bea5d768909d338e04d68befc827323ac7306a673e93908bf177bf250763ff12fffbc0b301fde5e2316b414da3eda6cfd9e4f96136e' +
    '9e8c7ecd3cbfd45aea4f758fd7cbe2f67a0e73ef14a525d4d7f6bf623f1aba10',
);
const inverseDigits = 19 * 64 - 64;

const view = new DataView(new ArrayBuffer(8));

/**
 * Of the product of x with 4/π, the last three bits before the point and 64 behind it are enough (K. C. Ng, Argument
 * reduction for huge arguments: good to the last bit, 1992).
 */
function reduceLarge(x: number): void {
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n) - 1023 - 52;
  const mantissa = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  // 4/π from the digit with weight 2^(61 - exponent) on; 192 bits of it.
  const shift = exponent + 61;
  const inverse = (1n << BigInt(inverseDigits)) | inverseQuarterPi;
  const window = (inverse >> BigInt(inverseDigits + 64 - shift - 192)) & ((1n << 192n) - 1n);
  const low64 = (1n << 64n) - 1n;
  const z0 = window >> 128n;
  const z1 = (window >> 64n) & low64;
  const z2 = window & low64;
  const sum = (z1 * mantissa + ((z2 * mantissa) >> 64n) + ((z0 * mantissa) << 64n)) & ((1n << 128n) - 1n);
  octant = Number(sum >> 125n);
  // The fraction of an octant, cut off and not rounded behind 53 bits. What fills it up from below are, as in Go, the highest
  // bits of the lower half instead of those that follow.
  const fraction = (sum >> 61n) & low64;
  const zeros = 64 - fraction.toString(2).length;
  const filled = (((fraction << 64n) | (sum & low64)) >> BigInt(64 - zeros)) & low64;
  angle = Number(filled >> 11n) * 2 ** (-53 - zeros);
  if (octant % 2 === 1) {
    octant = (octant + 1) % 8;
    angle--;
  }
  angle *= Math.PI / 4;
}

function sineSeries(z: number): number {
  const zz = z * z;
  const series =
    ((((1.5896230157654656806e-10 * zz + -2.50507477628578072866e-8) * zz + 2.75573136213857245213e-6) * zz +
      -1.98412698295895385996e-4) *
      zz +
      8.33333333332211858878e-3) *
      zz +
    -1.66666666666666307295e-1;
  return z + z * zz * series;
}

function cosineSeries(z: number): number {
  const zz = z * z;
  const series =
    ((((-1.135853652138768173e-11 * zz + 2.08757008419747316778e-9) * zz + -2.75573141792967388112e-7) * zz +
      2.48015872888517045348e-5) *
      zz +
      -1.38888888888730564116e-3) *
      zz +
    4.16666666666665929218e-2;
  return 1 - 0.5 * zz + zz * zz * series;
}

export function sin(x: number): number {
  if (x === 0 || x - x !== 0) return x === 0 ? x : NaN;
  reduce(Math.abs(x));
  const value = octant === 2 || octant === 6 ? cosineSeries(angle) : sineSeries(angle);
  return octant > 3 === x < 0 ? value : -value;
}

export function cos(x: number): number {
  if (x - x !== 0) return NaN;
  reduce(Math.abs(x));
  const value = octant === 2 || octant === 6 ? sineSeries(angle) : cosineSeries(angle);
  return octant === 2 || octant === 4 ? -value : value;
}

export function tan(x: number): number {
  if (x === 0 || x - x !== 0) return x === 0 ? x : NaN;
  reduce(Math.abs(x));
  const z = angle;
  const zz = z * z;
  let value = z;
  if (zz > 1e-14) {
    const above = (-1.30936939181383777646e4 * zz + 1.1535166483858741614e6) * zz + -1.79565251976484877988e7;
    const below =
      (((zz + 1.36812963470692954678e4) * zz + -1.32089234440210967447e6) * zz + 2.50083801823357915839e7) *
        zz +
      -5.38695755929454629881e7;
    value = z + z * ((zz * above) / below);
  }
  if (octant === 2 || octant === 6) value = -1 / value;
  return x < 0 ? -value : value;
}

/** For 0 <= x <= 0.66. */
function arctangentSeries(x: number): number {
  const z = x * x;
  const above =
    (((-8.750608600031904122785e-1 * z + -1.615753718733365076637e1) * z + -7.50085579231470466734e1) * z +
      -1.22886668449013617341e2) *
      z +
    -6.485021904942025371773e1;
  const below =
    ((((z + 2.485846490142306297962e1) * z + 1.650270098316988542046e2) * z + 4.328810604912902668951e2) * z +
      4.853903996359136964868e2) *
      z +
    1.945506571482613964425e2;
  return x * ((z * above) / below) + x;
}

/** π/2 less its double. */
const halfPiLow = 6.12323399573676588613e-17;
/** tan(3π/8). */
const tangentMax = 2.4142135623730950488;

function positiveArctangent(x: number): number {
  if (x <= 0.66) return arctangentSeries(x);
  if (x > tangentMax) return Math.PI / 2 - arctangentSeries(1 / x) + halfPiLow;
  return Math.PI / 4 + arctangentSeries((x - 1) / (x + 1)) + 0.5 * halfPiLow;
}

export function atan(x: number): number {
  if (x === 0) return x;
  return x > 0 ? positiveArctangent(x) : -positiveArctangent(-x);
}

export function atan2(y: number, x: number): number {
  // Axes, infinities and NaN have the same values everywhere.
  if (y === 0 || x === 0 || y - y !== 0 || x - x !== 0) return Math.atan2(y, x);
  const value = atan(y / x);
  if (x > 0) return value;
  return value <= 0 ? value + Math.PI : value - Math.PI;
}

export function asin(x: number): number {
  if (x === 0) return x;
  const positive = Math.abs(x);
  if (!(positive <= 1)) return NaN;
  const other = Math.sqrt(1 - positive * positive);
  const value =
    positive > 0.7
      ? Math.PI / 2 - positiveArctangent(other / positive)
      : positiveArctangent(positive / other);
  return x < 0 ? -value : value;
}

export function acos(x: number): number {
  return Math.PI / 2 - asin(x);
}

export function sinh(x: number): number {
  if (x === 0) return x;
  const positive = Math.abs(x);
  let value: number;
  if (positive > 21) value = exp(positive) * 0.5;
  else if (positive > 0.5) {
    const power = exp(positive);
    value = (power - 1 / power) * 0.5;
  } else {
    const square = positive * positive;
    const above =
      ((-0.2630563213397497062819489e2 * square + -0.2894211355989563807284660366e4) * square +
        -0.8991272022039509355398013511e5) *
        square +
      -0.6307673640497716991184787251e6;
    const below =
      ((square + -0.173678953558233699533450911e3) * square + 0.1521517378790019070696485176e5) * square +
      -0.6307673640497716991212077277e6;
    value = (above * positive) / below;
  }
  return x < 0 ? -value : value;
}

export function cosh(x: number): number {
  const positive = Math.abs(x);
  const power = exp(positive);
  return positive > 21 ? power * 0.5 : (power + 1 / power) * 0.5;
}

/** Beyond half of ln 2^127, tanh is 1. */
const tanhMax = 0.5 * 8.8029691931113054295988e1;

export function tanh(x: number): number {
  const positive = Math.abs(x);
  if (positive > tanhMax) return x < 0 ? -1 : 1;
  if (positive >= 0.625) {
    const value = 1 - 2 / (exp(2 * positive) + 1);
    return x < 0 ? -value : value;
  }
  if (x === 0) return x;
  const square = x * x;
  const above =
    (-9.64399179425052238628e-1 * square + -9.92877231001918586564e1) * square + -1.61468768441708447952e3;
  const below =
    ((square + 1.12811678491632931402e2) * square + 2.23548839060100448583e3) * square +
    4.84406305325125486048e3;
  return x + (x * square * above) / below;
}

const large = 2 ** 28;
const ln2 = 6.93147180559945286227e-1;

export function asinh(x: number): number {
  if (x - x !== 0) return x;
  const positive = Math.abs(x);
  let value = positive;
  if (positive > large) value = log(positive) + ln2;
  else if (positive > 2) value = log(2 * positive + 1 / (Math.sqrt(positive * positive + 1) + positive));
  else if (positive >= 1 / large) {
    value = Math.log1p(positive + (positive * positive) / (1 + Math.sqrt(1 + positive * positive)));
  }
  return x < 0 || Object.is(x, -0) ? -value : value;
}

export function acosh(x: number): number {
  if (!(x >= 1)) return NaN;
  if (x === 1) return 0;
  if (x >= large) return log(x) + Math.LN2;
  if (x > 2) return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
  const less1 = x - 1;
  return Math.log1p(less1 + Math.sqrt(2 * less1 + less1 * less1));
}

export function atanh(x: number): number {
  const positive = Math.abs(x);
  if (!(positive < 1)) return positive === 1 ? x * Infinity : NaN;
  let value = positive;
  if (positive >= 0.5) value = 0.5 * Math.log1p((2 * positive) / (1 - positive));
  else if (positive >= 1 / large) {
    const twice = 2 * positive;
    value = 0.5 * Math.log1p(twice + (twice * positive) / (1 - positive));
  }
  return x < 0 || Object.is(x, -0) ? -value : value;
}
