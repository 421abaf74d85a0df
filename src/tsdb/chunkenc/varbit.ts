// Prometheus's varbit numbers: a prefix of ones says in how many bits the number follows. Small ones, which changes of
// changes mostly are, take few bits: 0 takes one.

import type {BitReader, BitWriter} from './bits.ts';

/** Bits of the number after 1, 2, … ones of the prefix. All prefixes but the longest, of eight ones, end in a zero. */
const sizes = [0, 3, 6, 9, 12, 18, 25, 56, 64] as const;

const high32 = 2 ** 32;

/** Writes a whole number in [-2^53, 2^53]. */
export function writeVarbitInt(out: BitWriter, value: number): void {
  if (value === 0) return out.write(0, 1);
  let ones = 1;
  // Lopsided: 2^(n-1) fits, -2^(n-1) does not.
  while (ones < 8 && !(value > -(2 ** (sizes[ones]! - 1)) && value <= 2 ** (sizes[ones]! - 1))) ones++;
  writeSized(out, ones, value);
}

/** Writes a whole number in [0, 2^53]. */
export function writeVarbitUint(out: BitWriter, value: number): void {
  if (value === 0) return out.write(0, 1);
  let ones = 1;
  while (ones < 8 && value >= 2 ** sizes[ones]!) ones++;
  writeSized(out, ones, value);
}

function writeSized(out: BitWriter, ones: number, value: number): void {
  const size = sizes[ones]!;
  if (ones === 8) out.write(0xff, 8);
  else out.write((2 << ones) - 2, ones + 1);
  if (size <= 25) return out.write(value, size);
  out.write(Math.floor(value / high32), size - 32);
  out.write(value, 32);
}

/** Reads a signed number; beyond ±2^53 it is rounded. */
export function readVarbitInt(from: BitReader): number {
  const window = from.peek();
  if (window < 0x8000_0000) {
    from.skip(1); // Fast path: 0.
    return 0;
  }
  const ones = Math.clz32(~window);
  if (ones <= 5) {
    const size = sizes[ones]!;
    const bits = (window << (ones + 1)) >>> (32 - size);
    from.skip(ones + 1 + size);
    return bits > 1 << (size - 1) ? bits - (1 << size) : bits;
  }
  from.skip(ones < 8 ? ones + 1 : 8);
  const size = sizes[Math.min(ones, 8)]!;
  if (size === 25) {
    const bits = from.read(25);
    return bits > 1 << 24 ? bits - (1 << 25) : bits;
  }
  const high = from.read(size - 32);
  const low = from.read(32);
  // In 56 bits, too, the number with only the highest bit set is positive.
  const limit = 2 ** (size - 33);
  const negative = size === 64 ? high >= limit : high > limit || (high === limit && low > 0);
  return (negative ? high - 2 * limit : high) * high32 + low;
}

/**
 * values[i] += (deltas[i] += a signed number) for each i in [from, to): how much changes change, which is mostly little or
 * nothing. Returns the largest of the values, whatever their signs.
 */
export function readChanges(
  reader: BitReader,
  {values, deltas}: {values: Float64Array; deltas: Float64Array},
  from: number,
  to: number,
): number {
  let largest = 0;
  for (let i = from; i < to; i++) {
    const window = reader.peek();
    if (window < 0x8000_0000) reader.skip(1);
    else if (window < 0xc000_0000) {
      // Three bits, the second most common case.
      const bits = (window >>> 27) & 7;
      reader.skip(5);
      deltas[i]! += bits > 4 ? bits - 8 : bits;
    } else deltas[i]! += readVarbitInt(reader);
    const value = values[i]! + deltas[i]!;
    values[i] = value;
    if (value > largest) largest = value;
    else if (-value > largest) largest = -value;
  }
  return largest;
}

/** Reads an unsigned number; above 2^53 it is rounded. */
export function readVarbitUint(from: BitReader): number {
  const ones = Math.min(Math.clz32(~from.peek()), 8);
  from.skip(ones < 8 ? ones + 1 : 8);
  const size = sizes[ones]!;
  if (size <= 25) return from.read(size);
  return from.read(size - 32) * high32 + from.read(32);
}

/** The same for all 64 bits. */
export function readVarbitBig(from: BitReader, signed: boolean): bigint {
  const ones = Math.min(Math.clz32(~from.peek()), 8);
  from.skip(ones < 8 ? ones + 1 : 8);
  const size = sizes[ones]!;
  let bits = 0n;
  for (let left: number = size; left > 0; left -= Math.min(left, 32)) {
    bits = (bits << BigInt(Math.min(left, 32))) | BigInt(from.read(Math.min(left, 32)));
  }
  if (!signed || size === 0) return bits;
  if (size === 64) return BigInt.asIntN(64, bits);
  return bits > 1n << BigInt(size - 1) ? bits - (1n << BigInt(size)) : bits;
}
