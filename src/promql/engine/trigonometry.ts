// Trigonometric and hyperbolic functions to the last bit as Go computes them on x86-64. The approximations are those of
// S. L. Moshier's Cephes library and, for sinh, of J. F. Hart's Computer Approximations.

import {exp, log} from '../../base/exponentials.ts';

/** π/4 as a sum of numbers with few bits, so that small multiples of the first two are exact. */
const quarterPi1 = 0.7853981256484985;
const quarterPi2 = 3.774894707930798e-8;
const quarterPi3 = 2.6951514290790595e-15;

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
    ((((1.5896230157654656e-10 * zz + -2.5050747762857807e-8) * zz + 0.0000027557313621385722) * zz +
      -0.0001984126982958954) *
      zz +
      0.008333333333322118) *
      zz +
    -0.1666666666666663;
  return z + z * zz * series;
}

function cosineSeries(z: number): number {
  const zz = z * z;
  const series =
    ((((-1.1358536521387682e-11 * zz + 2.087570084197473e-9) * zz + -2.755731417929674e-7) * zz +
      0.000024801587288851704) *
      zz +
      -0.0013888888888873056) *
      zz +
    0.041666666666666595;
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
    const above = (-13093.693918138379 * zz + 1153516.6483858742) * zz + -17956525.197648488;
    const below =
      (((zz + 13681.296347069296) * zz + -1320892.3444021097) * zz + 25008380.18233579) * zz +
      -53869575.592945464;
    value = z + z * ((zz * above) / below);
  }
  if (octant === 2 || octant === 6) value = -1 / value;
  return x < 0 ? -value : value;
}

/** For 0 <= x <= 0.66. */
function arctangentSeries(x: number): number {
  const z = x * x;
  const above =
    (((-0.8750608600031904 * z + -16.157537187333652) * z + -75.00855792314705) * z + -122.88666844901361) *
      z +
    -64.85021904942025;
  const below =
    ((((z + 24.858464901423062) * z + 165.02700983169885) * z + 432.88106049129027) * z + 485.3903996359137) *
      z +
    194.5506571482614;
  return x * ((z * above) / below) + x;
}

/** π/2 less its double. */
const halfPiLow = 6.123233995736766e-17;
/** tan(3π/8). */
const tangentMax = 2.414213562373095;

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
      ((-26.30563213397497 * square + -2894.211355989564) * square + -89912.72022039509) * square +
      -630767.3640497717;
    const below = ((square + -173.6789535582337) * square + 15215.17378790019) * square + -630767.3640497717;
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
const tanhMax = 0.5 * 88.02969193111305;

export function tanh(x: number): number {
  const positive = Math.abs(x);
  if (positive > tanhMax) return x < 0 ? -1 : 1;
  if (positive >= 0.625) {
    const value = 1 - 2 / (exp(2 * positive) + 1);
    return x < 0 ? -value : value;
  }
  if (x === 0) return x;
  const square = x * x;
  const above = (-0.9643991794250523 * square + -99.28772310019185) * square + -1614.6876844170845;
  const below = ((square + 112.81167849163293) * square + 2235.4883906010045) * square + 4844.063053251255;
  return x + (x * square * above) / below;
}

const large = 2 ** 28;
const ln2 = 0.6931471805599453;

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
