// x^y as Go computes it, since users compare: the whole part of the exponent by squaring a mantissa beside a binary exponent,
// the rest by way of logarithms.

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
    mantissa = Math.exp(rest * Math.log(base));
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

const view = new DataView(new ArrayBuffer(8));

/** A finite number that is not 0 as `[mantissa, exponent]` with mantissa * 2^exponent and 0.5 <= |mantissa| < 1. */
function split(value: number): [number, number] {
  const tiny = Math.abs(value) < 2 ** -1022;
  view.setFloat64(0, tiny ? value * 2 ** 52 : value);
  const high = view.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - 1022;
  view.setUint32(0, (high & 0x800fffff) | (1022 << 20));
  return [view.getFloat64(0), tiny ? exponent - 52 : exponent];
}

/** value * 2^scale, rounded once. */
function scaleBy(value: number, scale: number): number {
  const [mantissa, exponent] = split(value);
  const total = exponent + scale;
  if (total > 1024) return mantissa * Infinity;
  if (total > -1021) return mantissa * 2 ** (total - 1) * 2;
  if (total < -1080) return mantissa * 0;
  return mantissa * 2 ** (total + 60) * 2 ** -60;
}
