// Packs columns of samples for a cache, and has them back: see src/kernels/packed-layout.ts.
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
} from '../src/kernels/packed-layout';

/** Larger whole numbers might not come back. */
const wholeMax: f64 = 4503599627370496;
const divisorMax: f64 = 10000;

/** Least and largest of the values times the divisor, that `findDivisor` found. */
let least: f64 = 0;
let largest: f64 = 0;

/** The least divisor of which all values are whole parts, to the last bit; 0 = there is none. */
function findDivisor(values: usize, count: u32): f64 {
  const end = values + (<usize>count << 3);
  for (let divisor: f64 = 1; divisor <= divisorMax; divisor *= 10) {
    let low = Infinity;
    let high = -Infinity;
    let at = values;
    for (; at < end; at += 8) {
      const value = load<f64>(at);
      const whole = nearest(value * divisor);
      // What is no number, or too large.
      if (!(abs(whole) <= wholeMax)) break;
      // As an integer, -0 is 0, and does not come back.
      if (reinterpret<u64>(<f64>(<i64>whole) / divisor) != load<u64>(at)) break;
      low = min(low, whole);
      high = max(high, whole);
    }
    if (at < end) continue;
    least = low;
    largest = high;
    return divisor;
  }
  return 0;
}

function allEqual(values: usize, count: u32): bool {
  const first = load<u64>(values);
  for (let i: usize = 1; i < <usize>count; i++) if (load<u64>(values + (i << 3)) != first) return false;
  return true;
}

/**
 * Packs `count` samples (at least 1), whose times rise, to `target`, a multiple of 8 with room for 48 + 12 bytes a sample. Returns
 * the bytes, a multiple of 8; 0 = their times are too far apart.
 */
export function packSamples(times: usize, values: usize, count: u32, target: usize): u32 {
  const first = load<f64>(times);
  const interval: f64 = count > 1 ? load<f64>(times, 8) - first : 1;
  let regular = true;
  for (let i: u32 = 1; i < count; i++) {
    const at = times + (i << 3);
    if (load<f64>(at) - load<f64>(at - 8) != interval) regular = false;
  }
  if (load<f64>(times + ((count - 1) << 3)) - first > 4294967295) return 0;
  store<f64>(target, first, packedTime);
  store<f64>(target, regular ? interval : 0, packedInterval);
  store<u32>(target, count, packedCount);
  store<u16>(target, flagsOf(values, count), packedFlags);
  let bytes = packedHeader + packValues(values, count, target);
  if (!regular) {
    for (let i: u32 = 0; i < count; i++) {
      store<u32>(target + bytes + (i << 2), <u32>(load<f64>(times + (i << 3)) - first));
    }
    bytes += ((count + 1) >> 1) << 3;
  }
  return bytes;
}

function flagsOf(values: usize, count: u32): u16 {
  let before = load<f64>(values);
  let nan = before != before;
  let falls = false;
  for (let i: u32 = 1; i < count; i++) {
    const value = load<f64>(values + (i << 3));
    if (value != value) nan = true;
    if (value < before) falls = true;
    before = value;
  }
  return <u16>((nan ? packedNaN : 0) | (falls ? packedFalls : 0));
}

function packValues(values: usize, count: u32, target: usize): u32 {
  const data = target + packedHeader;
  if (allEqual(values, count)) {
    store<u16>(target, packedEqual, packedValueKind);
    store<u64>(target, load<u64>(values), packedBase);
    store<f64>(target, 1, packedDivisor);
    return 0;
  }
  const divisor = findDivisor(values, count);
  const range = largest - least;
  if (divisor == 0 || range > 4294967295) {
    store<u16>(target, packedDouble, packedValueKind);
    store<f64>(target, 0, packedBase);
    store<f64>(target, 1, packedDivisor);
    memory.copy(data, values, <usize>count << 3);
    return count << 3;
  }
  store<f64>(target, least, packedBase);
  store<f64>(target, divisor, packedDivisor);
  if (range <= 65535) {
    store<u16>(target, packedShort, packedValueKind);
    for (let i: u32 = 0; i < count; i++) {
      store<u16>(data + (i << 1), <u16>(<u32>(nearest(load<f64>(values + (i << 3)) * divisor) - least)));
    }
    return ((count + 3) >> 2) << 3;
  }
  store<u16>(target, packedWord, packedValueKind);
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(data + (i << 2), <u32>(nearest(load<f64>(values + (i << 3)) * divisor) - least));
  }
  return ((count + 1) >> 1) << 3;
}

/** Bytes that the values take. */
function valueBytes(kind: u32, count: u32): u32 {
  if (kind == packedShort) return ((count + 3) >> 2) << 3;
  if (kind == packedWord) return ((count + 1) >> 1) << 3;
  return kind == packedDouble ? count << 3 : 0;
}

/** The first of the samples whose times follow the values that is at `time` or later. */
function firstFrom(offsets: usize, count: u32, time: f64): u32 {
  let low: u32 = 0;
  for (let high = count; low < high;) {
    const middle = (low + high) >> 1;
    if (<f64>load<u32>(offsets + (middle << 2)) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Writes the packed samples at `source` with mint <= time <= maxt to the columns, which have room for them. Returns how many
 * they are.
 */
export function unpackSamples(source: usize, mint: f64, maxt: f64, times: usize, values: usize): u32 {
  const first = load<f64>(source, packedTime);
  const interval = load<f64>(source, packedInterval);
  const count = load<u32>(source, packedCount);
  const kind: u32 = load<u16>(source, packedValueKind);
  let from: u32 = 0;
  let to = count;
  if (interval != 0) {
    if (mint > first) from = <u32>min(<f64>count, ceil((mint - first) / interval));
    if (maxt < first) return 0;
    to = <u32>min(<f64>count, floor((maxt - first) / interval) + 1);
    if (from >= to) return 0;
    fillRegular(times, first + <f64>from * interval, interval, to - from);
  } else {
    const offsets = source + packedHeader + valueBytes(kind, count);
    from = firstFrom(offsets, count, mint - first);
    to = firstFrom(offsets, count, floor(maxt) + 1 - first);
    if (from >= to) return 0;
    for (let i = from; i < to; i++) {
      store<f64>(times + ((i - from) << 3), first + <f64>load<u32>(offsets + (i << 2)));
    }
  }
  unpackValues(source, kind, from, to - from, values);
  return to - from;
}

// @ts-ignore: decorator
@inline
function fillRegular(times: usize, first: f64, interval: f64, count: u32): void {
  let pair = f64x2.add(f64x2.splat(first), f64x2(0, interval));
  const two = f64x2.splat(interval + interval);
  const end = times + (<usize>count << 3);
  for (; times + 8 < end; times += 16) {
    v128.store(times, pair);
    pair = f64x2.add(pair, two);
  }
  if (times < end) store<f64>(times, f64x2.extract_lane(pair, 0));
}

function unpackValues(source: usize, kind: u32, from: u32, count: u32, values: usize): void {
  const data = source + packedHeader;
  const end = values + (<usize>count << 3);
  if (kind == packedEqual) {
    const pair = v128.load64_splat(source + packedBase);
    for (; values + 8 < end; values += 16) v128.store(values, pair);
    if (values < end) v128.store64_lane(values, pair, 0);
    return;
  }
  if (kind == packedDouble) return memory.copy(values, data + (from << 3), <usize>count << 3);
  const base = f64x2.splat(load<f64>(source, packedBase));
  const divisor = load<f64>(source, packedDivisor);
  const divisors = f64x2.splat(divisor);
  if (kind == packedShort) {
    let at = data + (from << 1);
    if (divisor == 1) {
      for (; values + 24 < end; values += 32, at += 8) {
        const wide = i32x4.extend_low_i16x8_u(v128.load64_zero(at));
        v128.store(values, f64x2.add(base, f64x2.convert_low_i32x4_u(wide)));
        const upper = i8x16.shuffle(wide, wide, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
        v128.store(values, f64x2.add(base, f64x2.convert_low_i32x4_u(upper)), 16);
      }
    } else {
      for (; values + 24 < end; values += 32, at += 8) {
        const wide = i32x4.extend_low_i16x8_u(v128.load64_zero(at));
        v128.store(values, f64x2.div(f64x2.add(base, f64x2.convert_low_i32x4_u(wide)), divisors));
        const upper = i8x16.shuffle(wide, wide, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
        v128.store(values, f64x2.div(f64x2.add(base, f64x2.convert_low_i32x4_u(upper)), divisors), 16);
      }
    }
    const least = f64x2.extract_lane(base, 0);
    for (; values < end; values += 8, at += 2) store<f64>(values, (least + <f64>load<u16>(at)) / divisor);
    return;
  }
  let at = data + (from << 2);
  for (; values + 8 < end; values += 16, at += 8) {
    const wide = f64x2.convert_low_i32x4_u(v128.load64_zero(at));
    v128.store(values, f64x2.div(f64x2.add(base, wide), divisors));
  }
  if (values < end) store<f64>(values, (f64x2.extract_lane(base, 0) + <f64>load<u32>(at)) / divisor);
}
