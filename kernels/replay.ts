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

/** Where a ref is looked for first; see firstGroup() in src/kernels/refplace.ts. */
// @ts-ignore: decorator
@inline
export function firstPlace(ref: u64, mask: u32): u32 {
  const group = ref >> 6;
  const mixed = <u32>(group ^ (group >> 32)) * 0x9e3779b1;
  return (((mixed ^ (mixed >>> 15)) & (mask >>> 6)) << 6) | (<u32>ref & 63);
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
  while (at < end && written < capacity) {
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
    if (found != ref) {
      place = firstPlace(<u64>number, mask);
      for (;;) {
        found = load<f64>(refs + (<usize>place << 3));
        if (found == ref || found == 0) break;
        place = (place + 65) & mask;
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
