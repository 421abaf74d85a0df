// x^y as Go computes it, since users compare: the whole part of the exponent by squaring a mantissa beside a binary exponent,
// the rest by way of logarithms.

import {scaleBy, split} from '../../base/binary.ts';
import {exp, log} from '../../base/exponentials.ts';

/** IEEE 754 and C: 1 to any power and -1 to an infinite one are 1, where JavaScript says NaN. */
export function power(base: number, exponent: number): number {
  if (exponent === 0 || base === 1) return 1;
  if (base === -1 && (exponent === Infinity || exponent === -Infinity)) return 1;
  if (exponent === 1) return base;
  const plain = base ** exponent;
  // Zeros, infinities and NaN leave nothing to round.
  if (plain - plain !== 0 || plain === 0 || base === 0) return plain;
  if (exponent === 0.5) return Math.sqrt(base);
  if (exponent === -0.5) return 1 / Math.sqrt(base);
  let whole = Math.trunc(Math.abs(exponent));
  let rest = Math.abs(exponent) - whole;
  // A whole part of which integers know every bit only; beyond, the result is 0, 1 or infinite but for a base next to 1.
  if (whole >= 2 ** 53) return plain;
  let mantissa = 1;
  if (rest !== 0) {
    if (rest > 0.5) {
      rest--;
      whole++;
    }
    mantissa = exp(rest * log(base));
  }
  let scale = 0;
  let [square, squareScale] = split(base);
  for (; whole > 0; whole = Math.floor(whole / 2)) {
    if (squareScale < -4096 || squareScale > 4096) {
      // It overflows, or vanishes, anyhow.
      scale += squareScale;
      break;
    }
    if (whole % 2 === 1) {
      mantissa *= square;
      scale += squareScale;
    }
    square *= square;
    squareScale *= 2;
    if (square < 0.5) {
      square += square;
      squareScale--;
    }
  }
  if (exponent < 0) {
    mantissa = 1 / mantissa;
    scale = -scale;
  }
  return scaleBy(mantissa, scale);
}
