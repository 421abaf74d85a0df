// Plain twin of kernels/packed.ts: the same bytes, written to be read.
import {
  packedBase,
  packedCount,
  packedDivisor,
  packedDouble,
  packedEqual,
  packedFalls,
  packedFlags,
  packedHeader,
  packedInterval,
  packedNaN,
  packedShort,
  packedTime,
  packedValueKind,
  packedWord,
} from './packed-layout.ts';

const wholeMax = 2 ** 52;
const offsetMax = 2 ** 32 - 1;
const widths: Readonly<Record<number, number>> = {
  [packedEqual]: 0,
  [packedShort]: 2,
  [packedWord]: 4,
  [packedDouble]: 8,
};

/** Packs at least one sample; null where their times are too far apart. */
export function packSamples(times: Float64Array, values: Float64Array): Uint8Array | null {
  const count = times.length;
  const first = times[0]!;
  if (times[count - 1]! - first > offsetMax) return null;
  const interval = count > 1 ? times[1]! - first : 1;
  const regular = times.every((time, i) => i === 0 || time - times[i - 1]! === interval);
  const {kind, base, divisor} = choose(values);
  const valueBytes = Math.ceil((count * widths[kind]!) / 8) * 8;
  const bytes = new Uint8Array(packedHeader + valueBytes + (regular ? 0 : Math.ceil(count / 2) * 8));
  const view = new DataView(bytes.buffer);
  view.setFloat64(packedTime, first, true);
  view.setFloat64(packedInterval, regular ? interval : 0, true);
  view.setUint32(packedCount, count, true);
  view.setUint16(packedValueKind, kind, true);
  view.setUint16(packedFlags, flagsOf(values), true);
  if (kind === packedEqual) bytes.set(new Uint8Array(values.slice(0, 1).buffer), packedBase);
  else view.setFloat64(packedBase, base, true);
  view.setFloat64(packedDivisor, divisor, true);
  for (let i = 0; i < count; i++) {
    const whole = nearest(values[i]! * divisor) - base;
    if (kind === packedShort) view.setUint16(packedHeader + 2 * i, whole, true);
    else if (kind === packedWord) view.setUint32(packedHeader + 4 * i, whole, true);
    if (!regular) view.setUint32(packedHeader + valueBytes + 4 * i, times[i]! - first, true);
  }
  if (kind === packedDouble) bytes.set(new Uint8Array(values.slice().buffer), packedHeader);
  return bytes;
}

function flagsOf(values: Float64Array): number {
  const falls = values.some((value, i) => i > 0 && value < values[i - 1]!);
  return (values.some(Number.isNaN) ? packedNaN : 0) | (falls ? packedFalls : 0);
}

/** Ties go to the even number, as WebAssembly's f64.nearest has it. */
function nearest(value: number): number {
  const floor = Math.floor(value);
  const above = value - floor;
  if (above !== 0.5) return above < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function choose(values: Float64Array): {kind: number; base: number; divisor: number} {
  const words = new BigUint64Array(values.slice().buffer);
  if (words.every((word) => word === words[0])) return {kind: packedEqual, base: 0, divisor: 1};
  for (const divisor of [1, 10, 100, 1000, 10_000]) {
    const wholes = Array.from(values, (value) => nearest(value * divisor));
    if (
      !wholes.every((whole, i) => Math.abs(whole) <= wholeMax && Object.is(whole / divisor + 0, values[i]))
    ) {
      continue;
    }
    const base = wholes.reduce((least, whole) => Math.min(least, whole));
    const range = wholes.reduce((largest, whole) => Math.max(largest, whole - base), 0);
    if (range > offsetMax) break;
    return {kind: range < 65_536 ? packedShort : packedWord, base: base + 0, divisor};
  }
  return {kind: packedDouble, base: 0, divisor: 1};
}
