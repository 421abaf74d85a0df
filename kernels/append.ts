import {
  appendAccepted,
  appendChunksCreated,
  appendDirectory,
  appendDuplicates,
  appendGenerations,
  appendLogRefs,
  appendLogTimes,
  appendLogValues,
  appendMaxTime,
  appendMinTime,
  appendMinValid,
  appendNoSeries,
  appendOutOfBounds,
  appendOutOfOrder,
  appendPool,
  appendSlotCount,
  appendSlots,
  appendStale,
  appendStatuses,
  appendStop,
  appendStored,
  appendTimes,
  appendValues,
  chunkBytesBeforeAppend,
  chunkSamples,
  fragmentData,
  segmentSlotsLog2,
  slotGeneration,
  slotLabels,
  slotLastTime,
  slotLastValue,
  slotNextAt,
  slotOpen,
  slotOpenPlace,
  slotOpenCount,
  slotRef,
  statusAccepted,
  statusDuplicate,
  statusNoSeries,
  statusOutOfBounds,
  statusOutOfOrder,
  statusPending,
  stopDone,
  stopFragments,
  stopSeal,
} from '../src/kernels/head-layout';
import {appendSample, openBits} from './xor';

const staleBits: u64 = 0x7ff0000000000002;
/** Beyond, whole milliseconds have gaps. */
const timeMax: f64 = 9007199254740992;

// @ts-ignore: decorator
@inline
export function slotAddress(directory: usize, slot: u32): usize {
  const segment: usize = load<u32>(directory + ((slot >> segmentSlotsLog2) << 2));
  return segment + ((slot & ((1 << segmentSlotsLog2) - 1)) << 6);
}

// @ts-ignore: decorator
@inline
function add(context: usize, count: u32, offset: usize): void {
  store<u32>(context + offset, load<u32>(context + offset) + count);
}

/** Keeps the loads that warm the cache from being optimised away. */
let warmed: u64 = 0;

/**
 * Looks at the batch's `length` samples without changing anything: those that are surely refused get their status, the others
 * statusPending, and of these the ones that the log must hold are copied to its columns. Returns how many were copied.
 */
export function checkBatch(context: usize, length: u32): u32 {
  const slots: usize = load<u32>(context, appendSlots);
  const generations: usize = load<u32>(context, appendGenerations);
  const times: usize = load<u32>(context, appendTimes);
  const values: usize = load<u32>(context, appendValues);
  const statuses: usize = load<u32>(context, appendStatuses);
  const directory: usize = load<u32>(context, appendDirectory);
  const slotCount = load<u32>(context, appendSlotCount);
  const minValid = load<f64>(context, appendMinValid);
  let logRefs: usize = load<u32>(context, appendLogRefs);
  let logTimes: usize = load<u32>(context, appendLogTimes);
  let logValues: usize = load<u32>(context, appendLogValues);
  const logStart = logRefs;
  let outOfOrder: u32 = 0;
  let duplicates: u32 = 0;
  let outOfBounds: u32 = 0;
  let noSeries: u32 = 0;
  let warm: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const time = load<f64>(times + (i << 3));
    // NaN is out of bounds too.
    if (!(time >= minValid && abs(time) <= timeMax)) {
      store<u8>(statuses + i, statusOutOfBounds);
      outOfBounds++;
      continue;
    }
    const number = load<u32>(slots + (i << 2));
    const slot = number < slotCount ? slotAddress(directory, number) : 0;
    if (
      slot == 0 ||
      load<u32>(slot, slotGeneration) != load<u32>(generations + (i << 2)) ||
      load<u32>(slot, slotLabels) == 0
    ) {
      store<u8>(statuses + i, statusNoSeries);
      noSeries++;
      continue;
    }
    const last = load<f64>(slot, slotLastTime);
    const value = load<u64>(values + (i << 3));
    if (time > last) {
      store<f64>(logRefs, load<f64>(slot, slotRef));
      store<f64>(logTimes, time);
      store<u64>(logValues, value);
      logRefs += 8;
      logTimes += 8;
      logValues += 8;
      // appendBatch() will write there: have it in the cache by then.
      warm += load<u64>(<usize>load<u32>(slot, slotOpen));
    } else if (time < last) {
      store<u8>(statuses + i, statusOutOfOrder);
      outOfOrder++;
      continue;
    } else if (value != load<u64>(slot, slotLastValue)) {
      store<u8>(statuses + i, statusDuplicate);
      duplicates++;
      continue;
    }
    store<u8>(statuses + i, statusPending);
  }
  warmed = warm;
  add(context, outOfOrder, appendOutOfOrder);
  add(context, duplicates, appendDuplicates);
  add(context, outOfBounds, appendOutOfBounds);
  add(context, noSeries, appendNoSeries);
  return <u32>((logRefs - logStart) >> 3);
}

/**
 * Touches what appendBatch() will write to for the samples [0, length), so that it is in the cache by then: many loads are under way at
 * once here, where the appending of one sample waits for its own.
 */
export function warmBatch(context: usize, length: u32): void {
  const slots: usize = load<u32>(context, appendSlots);
  const directory: usize = load<u32>(context, appendDirectory);
  let warm: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    warm += load<u64>(<usize>load<u32>(slotAddress(directory, load<u32>(slots + (i << 2))), slotOpen));
  }
  warmed = warm;
}

/**
 * Appends the pending samples of [from, length) and gives each its status. Returns the first sample that it did not come
 * to, with the reason in the context's stop field: call again from there when that is done.
 */
export function appendBatch(context: usize, from: u32, length: u32): u32 {
  const slots: usize = load<u32>(context, appendSlots);
  const times: usize = load<u32>(context, appendTimes);
  const values: usize = load<u32>(context, appendValues);
  const statuses: usize = load<u32>(context, appendStatuses);
  const directory: usize = load<u32>(context, appendDirectory);
  let minTime = load<f64>(context, appendMinTime);
  let maxTime = load<f64>(context, appendMaxTime);
  let accepted: u32 = 0;
  let stored: u32 = 0;
  let outOfOrder: u32 = 0;
  let duplicates: u32 = 0;
  let chunks: u32 = 0;
  let stale: i32 = 0;
  let stop: u32 = stopDone;
  let i = from;
  for (; i < length; i++) {
    if (load<u8>(statuses + i) != statusPending) continue;
    const slot = slotAddress(directory, load<u32>(slots + (i << 2)));
    const time = load<f64>(times + (i << 3));
    const value = load<u64>(values + (i << 3));
    const last = load<f64>(slot, slotLastTime);
    if (time <= last) {
      if (time < last) {
        store<u8>(statuses + i, statusOutOfOrder);
        outOfOrder++;
      } else if (value == load<u64>(slot, slotLastValue)) {
        store<u8>(statuses + i, statusAccepted);
        accepted++;
      } else {
        store<u8>(statuses + i, statusDuplicate);
        duplicates++;
      }
      continue;
    }
    if (load<u32>(context, appendPool) == 0) {
      stop = stopFragments;
      break;
    }
    const count: u32 = load<u16>(slot, slotOpenCount);
    if (count != 0) {
      if (chunkIsFull(slot, count, last, time)) {
        stop = stopSeal;
        break;
      }
    } else chunks++;
    const lastValue = load<u64>(slot, slotLastValue);
    stale += i32(value == staleBits) - i32(lastValue == staleBits);
    appendSample(context, slot, <i64>time, value);
    store<u8>(statuses + i, statusAccepted);
    stored++;
    minTime = min(minTime, time);
    maxTime = max(maxTime, time);
  }
  store<u32>(context, stop, appendStop);
  store<f64>(context, minTime, appendMinTime);
  store<f64>(context, maxTime, appendMaxTime);
  add(context, accepted + stored, appendAccepted);
  add(context, stored, appendStored);
  add(context, outOfOrder, appendOutOfOrder);
  add(context, duplicates, appendDuplicates);
  add(context, chunks, appendChunksCreated);
  add(context, <u32>stale, appendStale);
  return i;
}

/** Prometheus's rule (tsdb/head_append.go): by bytes, by the expected end, or by twice the wanted number of samples. */
// @ts-ignore: decorator
@inline
function chunkIsFull(slot: usize, count: u32, last: f64, time: f64): bool {
  const bits: u32 = openBits(load<u16>(slot, slotOpenPlace));
  if (2 + ((bits + 7) >> 3) > chunkBytesBeforeAppend) return true;
  if (count == chunkSamples / 4) expectEnd(slot, bits, last);
  return time >= load<f64>(slot, slotNextAt) || count >= <u32>(chunkSamples * 2);
}

/** A quarter of the samples are there: choose the end so that the chunks of the range come out equally long. */
function expectEnd(slot: usize, bits: u32, last: f64): void {
  let fragment: usize = load<u32>(slot, slotOpen);
  for (let previous: usize = load<u32>(fragment); previous != 0; previous = load<u32>(fragment)) fragment = previous;
  let zigzag: u64 = 0;
  let at = fragment + fragmentData;
  for (let shift: u64 = 0; ; shift += 7) {
    const byte: u64 = load<u8>(at++);
    zigzag |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const start = <f64>(<i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1)));
  const end = load<f64>(slot, slotNextAt);
  const chunks = (end - start) / ((last - start + 1) * 4);
  if (chunks > 1) store<f64>(slot, trunc(start + (end - start) / floor(chunks)), slotNextAt);
}
