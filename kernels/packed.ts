// Packs columns of samples for a cache, and has them back: see src/kernels/packed-layout.ts.
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
} from '../src/kernels/packed-layout';

/** Times of a chunk are no further apart. */
const offsetMax: f64 = 2147483647;
/** Larger whole numbers might not come back. */
const wholeMax: f64 = 4503599627370496;
const digitsMax: u32 = 4;
/** A step of more bits, from any bit on, might not be in one word of 64 bits. */
const widthMax: u32 = 32;
/** Of fewer bits, four steps are in one word of 64 bits, wherever that begins. */
const fewBits: u32 = 15;

/** Digits behind the point that all values have at most, to the last bit; digitsMax + 1 = more than these. */
function findDigits(values: usize, count: u32): u32 {
  const end = values + (<usize>count << 3);
  let divisor: f64 = 1;
  for (let digits: u32 = 0; digits <= digitsMax; digits++, divisor *= 10) {
    let at = values;
    for (; at < end; at += 8) {
      const value = load<f64>(at);
      const whole = nearest(value * divisor);
      // What is no number, or too large.
      if (!(abs(whole) <= wholeMax)) break;
      // As an integer, -0 is 0, and does not come back.
      if (reinterpret<u64>(<f64>(<i64>whole) / divisor) != load<u64>(at)) break;
    }
    if (at == end) return digits;
  }
  return digitsMax + 1;
}

function divisorOf(digits: u32): f64 {
  let divisor: f64 = 1;
  for (; digits > 0; digits--) divisor *= 10;
  return divisor;
}

function allEqual(values: usize, count: u32): bool {
  const first = load<u64>(values);
  for (let i: usize = 1; i < <usize>count; i++) if (load<u64>(values + (i << 3)) != first) return false;
  return true;
}

/**
 * Packs `count` samples (1 to 65,535) to `target`, a multiple of 8 with room for 48 + 12 bytes a sample. Returns the bytes, a
 * multiple of 8; 0 = their times are too far apart, or do not rise.
 */
export function packSamples(times: usize, values: usize, count: u32, target: usize): u32 {
  const first = load<f64>(times);
  const interval: f64 = count > 1 ? load<f64>(times, 8) - first : 1;
  let regular = true;
  for (let i: u32 = 1; i < count; i++) {
    const at = times + (i << 3);
    const step = load<f64>(at) - load<f64>(at - 8);
    if (!(step > 0)) return 0;
    if (step != interval) regular = false;
  }
  if (load<f64>(times + ((count - 1) << 3)) - first > offsetMax) return 0;
  store<f64>(target, first, packedTime);
  store<u32>(target, regular ? <u32>interval : 0, packedInterval);
  store<u16>(target, <u16>count, packedCount);
  const digits = packValues(values, count, target);
  store<u8>(target, flagsOf(values, count) | <u8>(digits << packedDigits), packedFlags);
  const end = valuesEnd(load<u8>(target, packedKind), count);
  if (regular) return end;
  const width = packSteps(times, count, 1, target + end + 4);
  store<u32>(target + end, width);
  return (end + 4 + stepsBytes(width, count) + 7) & ~7;
}

function flagsOf(values: usize, count: u32): u8 {
  let before = load<f64>(values);
  let nan = before != before;
  let falls = false;
  for (let i: u32 = 1; i < count; i++) {
    const value = load<f64>(values + (i << 3));
    if (value != value) nan = true;
    if (value < before) falls = true;
    before = value;
  }
  return <u8>((nan ? packedNaN : 0) | (falls ? packedFalls : 0));
}

/** Returns digits. */
function packValues(values: usize, count: u32, target: usize): u32 {
  store<u64>(target, load<u64>(values), packedBase);
  if (allEqual(values, count)) {
    store<u8>(target, packedEqual, packedKind);
    return 0;
  }
  const digits = findDigits(values, count);
  if (digits <= digitsMax) {
    const divisor = divisorOf(digits);
    const width = packSteps(values, count, divisor, target + packedHeader);
    if (width <= widthMax) {
      store<u8>(target, <u8>width, packedKind);
      store<f64>(target, nearest(load<f64>(values) * divisor), packedBase);
      return digits;
    }
  }
  store<u8>(target, packedDoubles, packedKind);
  memory.copy(target + packedHeader, values, <usize>count << 3);
  return 0;
}

/**
 * Writes the steps of at least two numbers, times `divisor`: the least one, then what each is more than that. Returns the bits of a
 * step; more than widthMax = they are too large, or too different, and nothing is written.
 */
function packSteps(column: usize, count: u32, divisor: f64, target: usize): u32 {
  const end = column + (<usize>count << 3);
  const first = <i64>nearest(load<f64>(column) * divisor);
  let least: i64 = i64.MAX_VALUE;
  let largest: i64 = i64.MIN_VALUE;
  let before = first;
  for (let at = column + 8; at < end; at += 8) {
    const whole = <i64>nearest(load<f64>(at) * divisor);
    least = min(least, whole - before);
    largest = max(largest, whole - before);
    before = whole;
  }
  const width: u32 = 64 - <u32>clz(largest - least);
  if (least != <i64>(<i32>least) || width > widthMax) return widthMax + 1;
  store<i32>(target, <i32>least);
  let bits: u64 = 0;
  let filled: u32 = 0;
  before = first;
  for (let at = column + 8; at < end; at += 8) {
    const whole = <i64>nearest(load<f64>(at) * divisor);
    bits |= (<u64>(whole - before - least)) << filled;
    before = whole;
    filled += width;
    if (filled < 32) continue;
    target += 4;
    store<u32>(target, <u32>bits);
    bits >>= 32;
    filled -= 32;
  }
  if (filled > 0) store<u32>(target, <u32>bits, 4);
  return width;
}

/** Bytes of the steps between so many numbers, with the least one. */
function stepsBytes(width: u32, count: u32): u32 {
  return 4 + (((count - 1) * width + 7) >> 3);
}

/** Where the values end. */
function valuesEnd(kind: u32, count: u32): u32 {
  if (kind == packedEqual) return packedHeader;
  if (kind == packedDoubles) return packedHeader + (count << 3);
  return (packedHeader + stepsBytes(kind, count) + 7) & ~7;
}

/** The step that begins at this bit of `data`, without the least one. */
// @ts-ignore: decorator
@inline
function stepAt(data: usize, bit: u32, mask: u64): i64 {
  return <i64>((load<u64>(data + (bit >> 3)) >> (bit & 7)) & mask);
}

/**
 * Writes the packed samples at `source` with mint <= time <= maxt to the columns, which have room for them. Returns how many
 * they are.
 */
export function unpackSamples(source: usize, mint: f64, maxt: f64, times: usize, values: usize): u32 {
  const first = load<f64>(source, packedTime);
  const interval = <f64>load<u32>(source, packedInterval);
  const count: u32 = load<u16>(source, packedCount);
  const kind: u32 = load<u8>(source, packedKind);
  let from: u32 = 0;
  let to = count;
  if (interval != 0) {
    if (mint > first) from = <u32>min(<f64>count, ceil((mint - first) / interval));
    if (maxt < first) return 0;
    to = <u32>min(<f64>count, floor((maxt - first) / interval) + 1);
    if (from >= to) return 0;
    fillRegular(times, first + <f64>from * interval, interval, to - from);
  } else {
    const packed = source + valuesEnd(kind, count);
    const width = load<u32>(packed);
    const least = <i64>load<i32>(packed, 4);
    const mask: u64 = (<u64>1 << width) - 1;
    let bit: u32 = 0;
    let time = first;
    for (; from < count && time < mint; from++, bit += width) {
      time += <f64>(least + stepAt(packed + 8, bit, mask));
    }
    for (to = from; to < count && time <= maxt; to++, bit += width, times += 8) {
      store<f64>(times, time);
      time += <f64>(least + stepAt(packed + 8, bit, mask));
    }
    if (from == to) return 0;
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
  if (kind == packedEqual) {
    const end = values + (<usize>count << 3);
    const pair = v128.load64_splat(source + packedBase);
    for (; values + 8 < end; values += 16) v128.store(values, pair);
    if (values < end) v128.store64_lane(values, pair, 0);
    return;
  }
  if (kind == packedDoubles) {
    return memory.copy(values, source + packedHeader + (from << 3), <usize>count << 3);
  }
  unpackSteps(source, from, count, values);
}

// @ts-ignore: decorator
@inline
function pairOf(low: i64, high: i64): v128 {
  return f64x2.replace_lane(f64x2.splat(<f64>low), 1, <f64>high);
}

/** The sum of the first `count` steps, without the least one. */
function sumOfSteps(data: usize, count: u32, width: u32): i64 {
  const mask: u64 = (<u64>1 << width) - 1;
  const end = count * width;
  let sum: u64 = 0;
  let bit: u32 = 0;
  if (width < fewBits) {
    for (; bit + 4 * width < end; bit += 4 * width) {
      const word = load<u64>(data + (bit >> 3)) >> (bit & 7);
      sum += (word & mask) + ((word >> width) & mask);
      sum += ((word >> (2 * width)) & mask) + ((word >> (3 * width)) & mask);
    }
  }
  for (; bit < end; bit += width) sum += stepAt(data, bit, mask);
  return <i64>sum;
}

function unpackSteps(source: usize, from: u32, count: u32, values: usize): void {
  const data = source + packedHeader + 4;
  const end = values + (<usize>count << 3);
  const width: u32 = load<u8>(source, packedKind);
  const least = <i64>load<i32>(source, packedHeader);
  const divisor = divisorOf(<u32>load<u8>(source, packedFlags) >> packedDigits);
  const mask: u64 = (<u64>1 << width) - 1;
  let whole = <i64>load<f64>(source, packedBase) + <i64>from * least + sumOfSteps(data, from, width);
  let bit = from * width;
  if (width < fewBits) {
    const divisors = f64x2.splat(divisor);
    for (; values + 24 < end; values += 32, bit += 4 * width) {
      const word = load<u64>(data + (bit >> 3)) >> (bit & 7);
      const second = whole + (least + <i64>(word & mask));
      const third = second + (least + <i64>((word >> width) & mask));
      const fourth = third + (least + <i64>((word >> (2 * width)) & mask));
      v128.store(values, f64x2.div(pairOf(whole, second), divisors));
      v128.store(values, f64x2.div(pairOf(third, fourth), divisors), 16);
      whole = fourth + (least + <i64>((word >> (3 * width)) & mask));
    }
  }
  for (; values < end; values += 8, bit += width) {
    store<f64>(values, <f64>whole / divisor);
    whole += least + stepAt(data, bit, mask);
  }
}
