// Samples of a WAL record, as replay needs them. Twin: src/kernels/replay.ts, which draws the bytes.
import {
  replayBaseRef,
  replayBaseTime,
  replayCapacity,
  replayKnown,
  replayMask,
  replayMinTime,
  replayOutSlots,
  replayOutStatuses,
  replayOutTimes,
  replayOutValues,
  replayPlace,
  replayRefs,
  replaySlots,
  replayTotal,
  replayUnknown,
  replayUnknownRef,
  replayWritten,
} from '../src/kernels/replay-layout';
import {statusPending} from '../src/kernels/head-layout';

const refMax: i64 = 9007199254740991;
const timeMax: f64 = 9007199254740992;

/** Where the varint that was read last ended; 0 = it was none. */
let varintEnd: usize = 0;

function readLongVarint(at: usize, end: usize): i64 {
  let zigzag: u64 = 0;
  let shift: u64 = 0;
  for (; at < end && shift < 70; shift += 7) {
    const byte: u64 = load<u8>(at++);
    zigzag |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      // The tenth byte has room for one bit.
      varintEnd = shift == 63 && byte > 1 ? 0 : at;
      return <i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1));
    }
  }
  varintEnd = 0;
  return 0;
}

// @ts-ignore: decorator
@inline
function readVarint(at: usize, end: usize): i64 {
  if (at < end) {
    const low: u32 = load<u8>(at);
    if (low < 0x80) {
      varintEnd = at + 1;
      return <i64>(<i32>(low >> 1) ^ -(<i32>(low & 1)));
    }
    if (at + 1 < end) {
      const high: u32 = load<u8>(at, 1);
      if (high < 0x80) {
        varintEnd = at + 2;
        const zigzag = (low & 0x7f) | (high << 7);
        return <i64>(<i32>(zigzag >> 1) ^ -(<i32>(zigzag & 1)));
      }
    }
  }
  return readLongVarint(at, end);
}

/** To the next place where a ref may be; see src/kernels/refplace.ts. */
export const probeStep: u32 = 4161;

/** Where a ref is looked for first; see firstGroup() there. */
// @ts-ignore: decorator
@inline
export function firstPlace(ref: u64, mask: u32): u32 {
  const row = ref >> 12;
  const mixed = <u32>(row ^ (row >> 32)) * 0x9e3779b1;
  const firstRow = <u32>((<u64>mixed * <u64>((mask + 1) >>> 12)) >> 32);
  const inRow = (<u32>(ref >> 6) + mixed) & 63;
  return ((((firstRow << 6) + inRow) << 6) & mask) | (<u32>ref & 63);
}

/** See longRun() and shortRun(). */
const notARun: u32 = 0xffffffff;

/**
 * Whether four samples begin at `at` whose refs count up, with two bytes each, and whose times are the same, with one: gives their first
 * ref's zigzag number, which is even, and that of the time in the upper half.
 */
// @ts-ignore: decorator
@inline
function longRun(at: usize, first: u32): u32 {
  const second = load<u32>(at, 11);
  const third = load<u32>(at, 22);
  const fourth = load<u32>(at, 33);
  if ((((first & second & third & fourth) ^ 0x80) & 0x80) !== 0) return notARun;
  if (((first | second | third | fourth) & 0x808000) !== 0) return notARun;
  const code = longCode(first);
  const isRun =
    (code & 1) === 0 &&
    longCode(second) === code + 2 &&
    longCode(third) === code + 4 &&
    longCode(fourth) === code + 6;
  return isRun ? code : notARun;
}

// @ts-ignore: decorator
@inline
function longCode(word: u32): u32 {
  return (word & 0xff007f) | ((word >>> 1) & 0x3f80);
}

/** The same for refs of one byte each. */
// @ts-ignore: decorator
@inline
function shortRun(at: usize, first: u32): u32 {
  const second = load<u32>(at, 10);
  const third = load<u32>(at, 20);
  const fourth = load<u32>(at, 30);
  if (((first | second | third | fourth) & 0x8080) !== 0) return notARun;
  const code = first & 0xffff;
  const isRun =
    (code & 1) === 0 &&
    (second & 0xffff) === code + 2 &&
    (third & 0xffff) === code + 4 &&
    (fourth & 0xffff) === code + 6;
  return isRun ? (code & 0xff) | ((code & 0xff00) << 8) : notARun;
}

/** Two values, big-endian at these addresses. */
// @ts-ignore: decorator
@inline
function twoValues(first: usize, second: usize): v128 {
  const both = v128.load64_lane(second, v128.load64_zero(first), 1);
  return i8x16.swizzle(both, i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
}

/**
 * Reads samples from `at`, in a record whose base ref and time are in the context, up to `end` or until the columns are full. Those that
 * are not known yet are written there. Returns where it has stopped, or 0 where the bytes are no samples: then what the columns have
 * got is not to be used.
 */
export function replaySamples(context: usize, at: usize, end: usize): usize {
  const refs: usize = load<u32>(context, replayRefs);
  const known: usize = load<u32>(context, replayKnown);
  const slots: usize = load<u32>(context, replaySlots);
  const mask = load<u32>(context, replayMask);
  const minTime = load<f64>(context, replayMinTime);
  const outSlots: usize = load<u32>(context, replayOutSlots);
  const outTimes: usize = load<u32>(context, replayOutTimes);
  const outValues: usize = load<u32>(context, replayOutValues);
  const outStatuses: usize = load<u32>(context, replayOutStatuses);
  const capacity = load<u32>(context, replayCapacity);
  const baseRef = load<i64>(context, replayBaseRef);
  const baseTime = load<i64>(context, replayBaseTime);
  let written = load<u32>(context, replayWritten);
  let place = load<u32>(context, replayPlace);
  let total: u32 = 0;
  let unknown: u32 = 0;
  let unknownRef = load<f64>(context, replayUnknownRef);
  // Samples of one scrape have one time.
  let lastDelta: u32 = 0;
  let lastTime = <f64>baseTime;
  // Whether the sample before was of the series behind the one before it.
  let follows = true;
  while (at < end && written < capacity) {
    // Fast path: four at once.
    while (follows && at + 48 <= end && written + 4 <= capacity && place + 3 <= mask) {
      const first = load<u32>(at);
      const isLong = (first & 0x80) !== 0;
      const stride: usize = isLong ? 11 : 10;
      const code = isLong ? longRun(at, first) : shortRun(at, first);
      if (code === notARun) break;
      const number = baseRef + <i64>((code & 0xffff) >>> 1);
      if (number === 0 || number > refMax - 3) break;
      const found = refs + (<usize>place << 3);
      const low = f64x2.add(f64x2.splat(<f64>number), f64x2(0, 1));
      const high = f64x2.add(low, f64x2.splat(2));
      const isLow = f64x2.eq(v128.load(found), low);
      const isHigh = f64x2.eq(v128.load(found, 16), high);
      if (!i64x2.all_true(v128.and(isLow, isHigh))) {
        // Where another group of series begins: see firstPlace().
        const next = firstPlace(<u64>number, mask);
        if (next === place) break;
        place = next;
        if (place + 3 > mask || load<f64>(refs + (<usize>place << 3)) != <f64>number) break;
        continue;
      }
      const delta = code >>> 16;
      if (delta !== lastDelta) {
        lastDelta = delta;
        lastTime = <f64>(baseTime + <i64>(<i32>(delta >>> 1) ^ -(<i32>(delta & 1))));
      }
      const time = f64x2.splat(lastTime);
      const until = known + (<usize>place << 3);
      const untilLow = v128.load(until);
      const untilHigh = v128.load(until, 16);
      const notBefore = f64x2.lt(f64x2.max(untilLow, untilHigh), time);
      if (i64x2.all_true(notBefore)) {
        if (!(lastTime >= minTime && abs(lastTime) <= timeMax)) break;
        v128.store(outSlots + (<usize>written << 2), v128.load(slots + (<usize>place << 2)));
        const times = outTimes + (<usize>written << 3);
        v128.store(times, time);
        v128.store(times, time, 16);
        const values = outValues + (<usize>written << 3);
        const value = at + stride - 8;
        v128.store(values, twoValues(value, value + stride));
        v128.store(values, twoValues(value + 2 * stride, value + 3 * stride), 16);
        store<u32>(outStatuses + <usize>written, <u32>statusPending * 0x01010101);
        written += 4;
      } else {
        const isKnown = v128.and(f64x2.ge(untilLow, time), f64x2.ge(untilHigh, time));
        const isThere = f64x2.lt(f64x2.max(untilLow, untilHigh), f64x2.splat(Infinity));
        if (!i64x2.all_true(v128.and(isKnown, isThere))) break;
      }
      total += 4;
      at += 4 * stride;
      place = (place + 4) & mask;
    }
    if (at >= end || written >= capacity) break;
    let number: i64 = 0;
    let time: f64 = 0;
    const bytes = at + 11 <= end ? load<u32>(at) : 0xffffffff;
    if ((bytes & 0x808080) === 0x80) {
      // Fast path: two bytes of ref, one of time.
      const zigzag = (bytes & 0x7f) | ((bytes >>> 1) & 0x3f80);
      number = baseRef + <i64>(<i32>(zigzag >>> 1) ^ -(<i32>(zigzag & 1)));
      const delta = (bytes >>> 16) & 0xff;
      if (delta !== lastDelta) {
        lastDelta = delta;
        lastTime = <f64>(baseTime + <i64>(<i32>(delta >>> 1) ^ -(<i32>(delta & 1))));
      }
      time = lastTime;
      at += 3;
    } else {
      number = baseRef + readVarint(at, end);
      at = varintEnd;
      if (at == 0) return 0;
      time = <f64>(baseTime + readVarint(at, end));
      at = varintEnd;
      if (at == 0 || at + 8 > end) return 0;
    }
    if (number < 0 || number > refMax) return 0;
    const value = at;
    at += 8;
    total++;
    const ref = <f64>number;
    // Fast path: the series behind the one before.
    let found = load<f64>(refs + (<usize>place << 3));
    follows = found == ref;
    if (!follows) {
      place = firstPlace(<u64>number, mask);
      for (;;) {
        found = load<f64>(refs + (<usize>place << 3));
        if (found == ref || found == 0) break;
        place = (place + probeStep) & mask;
      }
    }
    if (found == 0) {
      unknown++;
      unknownRef = max(unknownRef, ref);
      continue;
    }
    const until = load<f64>(known + (<usize>place << 3));
    if (time > until) {
      if (time >= minTime && abs(time) <= timeMax) {
        store<u32>(outSlots + (<usize>written << 2), load<u32>(slots + (<usize>place << 2)));
        store<f64>(outTimes + (<usize>written << 3), time);
        store<u64>(outValues + (<usize>written << 3), bswap<u64>(load<u64>(value)));
        store<u8>(outStatuses + <usize>written, <u8>statusPending);
        written++;
      }
    } else if (until == Infinity) unknown++;
    place = (place + 1) & mask;
  }
  store<u32>(context, written, replayWritten);
  store<u32>(context, place, replayPlace);
  store<u32>(context, load<u32>(context, replayTotal) + total, replayTotal);
  store<u32>(context, load<u32>(context, replayUnknown) + unknown, replayUnknown);
  store<f64>(context, unknownRef, replayUnknownRef);
  return at;
}

/** Whether the bytes from `at` to `end` are samples; of the context only the base ref is used. */
export function areSamples(context: usize, at: usize, end: usize): bool {
  const baseRef = load<i64>(context, replayBaseRef);
  while (at < end) {
    const number = baseRef + readVarint(at, end);
    at = varintEnd;
    if (at == 0 || number < 0 || number > refMax) return false;
    readVarint(at, end);
    at = varintEnd;
    if (at == 0 || at + 8 > end) return false;
    at += 8;
  }
  return true;
}
