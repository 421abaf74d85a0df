// The parts of a double, and logarithms to base 2 from them as Go's math package computes them: users compare digits.

const view = new DataView(new ArrayBuffer(8));

/** A finite number that is not 0 as `[mantissa, exponent]` with mantissa * 2^exponent and 0.5 <= |mantissa| < 1. */
export function split(value: number): [number, number] {
  const tiny = Math.abs(value) < 2 ** -1022;
  view.setFloat64(0, tiny ? value * 2 ** 52 : value);
  const high = view.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - 1022;
  view.setUint32(0, (high & 0x800fffff) | (1022 << 20));
  return [view.getFloat64(0), tiny ? exponent - 52 : exponent];
}

/** value * 2^scale, rounded once. */
export function scaleBy(value: number, scale: number): number {
  const [mantissa, exponent] = split(value);
  const total = exponent + scale;
  if (total > 1024) return mantissa * Infinity;
  if (total > -1021) return mantissa * 2 ** (total - 1) * 2;
  if (total < -1080) return mantissa * 0;
  return mantissa * 2 ** (total + 60) * 2 ** -60;
}

/** Go's math.Log2: exact for powers of two. */
export function log2(value: number): number {
  if (!(value > 0) || value === Infinity) return Math.log2(value);
  const [mantissa, exponent] = split(value);
  if (mantissa === 0.5) return exponent - 1;
  return Math.log(mantissa) * Math.LOG2E + exponent;
}

/** ln 2 in two parts, the first of which has few digits, so that its products are exact. */
const ln2High = 6.9314718036912381649e-1;
const ln2Low = 1.90821492927058770002e-10;

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
      (1.66666666666666657415e-1 +
        t *
          (-2.77777777770155933842e-3 +
            t *
              (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  return scaleBy(1 - (low - (r * c) / (2 - c) - high), whole);
}
