// Plain twin of kernels/packed.ts: the same bytes, written to be read.
import {
  packedBase,
  packedCount,
  packedDigits,
  packedDoubles,
  packedEqual,
  packedFalls,
  packedFlags,
  packedHeader,
  packedInterval,
  packedKind,
  packedNaN,
  packedTime,
} from './packed-layout.ts';

const wholeMax = 2 ** 52;
const digitsMax = 4;
const widthMax = 32;
const offsetMax = 2 ** 31 - 1;

/** Packs at least one sample; null where their times are too far apart, or do not rise. */
export function packSamples(times: Float64Array, values: Float64Array): Uint8Array | null {
  const count = times.length;
  const first = times[0]!;
  if (times[count - 1]! - first > offsetMax) return null;
  if (times.some((time, i) => i > 0 && time <= times[i - 1]!)) return null;
  const interval = count > 1 ? times[1]! - first : 1;
  const regular = times.every((time, i) => i === 0 || time - times[i - 1]! === interval);
  const packed = packValues(values);
  const timeSteps = regular ? null : packSteps(times);
  const timesAt = roundUp(packedHeader + packed.bytes.length);
  const bytes = new Uint8Array(timesAt + roundUp(timeSteps === null ? 0 : 4 + timeSteps.bytes.length));
  const view = new DataView(bytes.buffer);
  view.setFloat64(packedTime, first, true);
  view.setUint32(packedInterval, regular ? interval : 0, true);
  view.setUint16(packedCount, count, true);
  view.setUint8(packedKind, packed.kind);
  view.setUint8(packedFlags, flagsOf(values) | (packed.digits << packedDigits));
  bytes.set(new Uint8Array(packed.base.buffer), packedBase);
  bytes.set(packed.bytes, packedHeader);
  if (timeSteps === null) return bytes;
  view.setUint32(timesAt, timeSteps.width, true);
  bytes.set(timeSteps.bytes, timesAt + 4);
  return bytes;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function packValues(values: Float64Array): {
  kind: number;
  digits: number;
  base: Float64Array;
  bytes: Uint8Array;
} {
  const words = new BigUint64Array(values.slice().buffer);
  const base = values.slice(0, 1);
  if (words.every((word) => word === words[0]))
    return {kind: packedEqual, digits: 0, base, bytes: new Uint8Array(0)};
  const digits = digitsOf(values);
  if (digits <= digitsMax) {
    const wholes = values.map((value) => nearest(value * 10 ** digits));
    const {width, bytes} = packSteps(wholes);
    if (width <= widthMax) return {kind: width, digits, base: Float64Array.of(wholes[0]! + 0), bytes};
  }
  return {kind: packedDoubles, digits: 0, base, bytes: new Uint8Array(values.slice().buffer)};
}

/** The least step, and what each is more than that, in so many bits. */
function packSteps(wholes: Float64Array): {width: number; bytes: Uint8Array} {
  const steps = Array.from(wholes.subarray(1), (whole, i) => whole - wholes[i]!);
  const least = steps.reduce((low, step) => Math.min(low, step));
  const range = steps.reduce((high, step) => Math.max(high, step - least), 0);
  const width = range === 0 ? 0 : range.toString(2).length;
  if (least !== (least | 0) || width > widthMax) return {width: widthMax + 1, bytes: new Uint8Array(0)};
  let bits = '';
  if (width > 0) for (const step of steps) bits = (step - least).toString(2).padStart(width, '0') + bits;
  const bytes = new Uint8Array(4 + Math.ceil(bits.length / 8));
  new DataView(bytes.buffer).setInt32(0, least, true);
  for (let at = 4, end = bits.length; end > 0; at++, end -= 8)
    bytes[at] = Number.parseInt(bits.slice(Math.max(0, end - 8), end), 2);
  return {width, bytes};
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

/** Digits behind the point that all values have at most; more than digitsMax = more than these. */
function digitsOf(values: Float64Array): number {
  for (let digits = 0; digits <= digitsMax; digits++) {
    const divisor = 10 ** digits;
    const fits = values.every((value) => {
      const whole = nearest(value * divisor);
      return Math.abs(whole) <= wholeMax && Object.is(whole / divisor + 0, value);
    });
    if (fits) return digits;
  }
  return digitsMax + 1;
}
