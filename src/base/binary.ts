// The parts of a double.

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
