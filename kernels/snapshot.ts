// A snapshot's series from the ring of records, one after the other, without TypeScript in between. What is not usual, or needs room that
// is not there, is left to it. Twin: HeadReplay.snapshot() in src/tsdb/head.
import {slotGeneration, slotLabels, slotLastTime, slotLastValue, slotOpen, slotRef, slotSealed} from '../src/kernels/head-layout';
import {
  blockEntries,
  blockPairs,
  entryList,
  filedTag,
  indexEntries,
  indexEntryBytes,
  indexEntryBytesField,
  indexEntryChunk,
  indexEntryMaxTime,
  indexEntrySamples,
  indexRange,
  listCapacity,
  listItems,
  placeSlotBits,
} from '../src/kernels/index-layout';
import {
  restoreAttached,
  restoreAttachedMax,
  restoreAttachedMin,
  restoreChunk,
  restoreChunkBytes,
  restoreDirectory,
  restoreEntries,
  restoreHash,
  restoreKnownPairs,
  restoreLastValue,
  restoreMaxTime,
  restoreMinTime,
  restorePairs,
  restorePairsMax,
  restorePlaces,
  restorePlacesMask,
  restoreRef,
  restoreRefs,
  restoreRefSlots,
  restoreRefsMask,
  restoreTruncated,
} from '../src/kernels/restore-layout';
import {
  ringEntryBytes,
  ringEntryLength,
  ringRecord,
  rowBytes,
  rowChunk,
  rowChunkBytes,
  rowLastValue,
  rowMaxTime,
  rowMinTime,
  rowSamples,
  rowSlot,
  runClass,
  runCount,
  runDone,
  runEntries,
  runGroup,
  runKnown,
  runLastRef,
  runLeft,
  runList,
  runMade,
  runPlaces,
  runPlacesLeft,
  runRefs,
  runRefsLeft,
  runRestore,
  runRetired,
  runRetiredLists,
  runRetiredMax,
  runRoom,
  runRooms,
  runRow,
  runRows,
  runRowsEnd,
  runSeries,
  runSeriesBytes,
  runSlotCount,
  runSlotEnd,
  runSlots,
  runStop,
  runTaken,
  runWarmed,
  runWhat,
  seriesAt,
  seriesBehind,
  seriesHash,
  seriesPairs,
  seriesRecordType,
  seriesRef,
} from '../src/kernels/snapshot-layout';
import {slotAddress} from './append';
import {firstPlace, probeStep} from './replay';
import {findSeries, nextSealed, readHash, readPairs, readRef, readSeries, restoreChunkOf} from './restore';

const smallBytesMax: u32 = 8192;
const blockMetadata: usize = 4;

/** See classOf() in src/kernels/arena.ts. */
// @ts-ignore: decorator
@inline
function classOf(bytes: u32): u32 {
  if (bytes <= 128) return (bytes + 7) >>> 3;
  const power = 31 - clz<u32>(bytes - 1);
  return 16 + ((power - 7) << 3) + ((bytes - 1) >>> (power - 3)) - 7;
}

// @ts-ignore: decorator
@inline
function classBytes(sizeClass: u32): u32 {
  if (sizeClass <= 16) return sizeClass << 3;
  const power = 7 + ((sizeClass - 17) >>> 3);
  return (((sizeClass - 17) & 7) + 9) << (power - 3);
}

/** A block of the class, or 0. */
// @ts-ignore: decorator
@inline
function takeBlock(context: usize, sizeClass: u32): usize {
  const room = context + runRooms + (<usize>sizeClass << 3);
  const block: usize = load<u32>(room);
  if (block === <usize>load<u32>(room, 4)) return 0;
  store<u32>(room, <u32>block + classBytes(sizeClass));
  return block;
}

function putPlace(restore: usize, hash: u32, slot: u32): void {
  const places: usize = load<u32>(restore, restorePlaces);
  const mask = load<u32>(restore, restorePlacesMask);
  let i = hash & mask;
  while (load<u32>(places + (<usize>i << 2)) !== 0) i = (i + 1) & mask;
  store<u32>(places + (<usize>i << 2), ((hash >>> placeSlotBits) << placeSlotBits) | (slot + 1));
}

function putRef(context: usize, restore: usize, ref: f64, slot: u32): void {
  const refs: usize = load<u32>(restore, restoreRefs);
  const mask = load<u32>(restore, restoreRefsMask);
  let place = firstPlace(<u64>ref, mask);
  while (true) {
    const found = load<f64>(refs + (<usize>place << 3));
    if (found === ref) break;
    if (found === 0) {
      store<f64>(refs + (<usize>place << 3), ref);
      store<u32>(context, load<u32>(context, runRefsLeft) - 1, runRefsLeft);
      break;
    }
    place = (place + probeStep) & mask;
  }
  store<f64>(<usize>load<u32>(context, runKnown) + (<usize>place << 3), -Infinity);
  store<u32>(<usize>load<u32>(restore, restoreRefSlots) + (<usize>place << 2), slot);
}

/** Makes the series that was read, with this label block, as the next slot. Gives the slot. */
function makeSeries(context: usize, restore: usize, block: usize, pairs: u32): u32 {
  const count: usize = load<u32>(context, runSlotCount);
  const slot = load<u32>(count);
  const address = slotAddress(load<u32>(restore, restoreDirectory), slot);
  const ref = load<f64>(restore, restoreRef);
  store<u32>(block, pairs, blockPairs);
  store<u32>(block, 0, blockMetadata);
  memory.copy(block + blockEntries, restore + restoreEntries, <usize>pairs << 2);
  // All else of a slot that was never used is 0.
  store<u32>(address, 1, slotGeneration);
  store<f64>(address, ref, slotRef);
  store<f64>(address, -Infinity, slotLastTime);
  // The slot is whole: from here on readers may find it.
  atomic.store<u32>(address + slotLabels, <u32>block);
  atomic.store<u32>(count, slot + 1);
  putPlace(restore, load<u32>(restore, restoreHash), slot);
  putRef(context, restore, ref, slot);
  store<u32>(context, load<u32>(context, runPlacesLeft) - 1, runPlacesLeft);
  store<u32>(context, load<u32>(context, runMade) + 1, runMade);
  store<f64>(context, max(load<f64>(context, runLastRef), ref), runLastRef);
  return slot;
}

/** A copy of the chunk that was read waits in a row. */
function putRow(context: usize, restore: usize, slot: u32, copy: usize, bytes: u32): void {
  const from: usize = load<u32>(restore, restoreChunk);
  const row: usize = load<u32>(context, runRow);
  memory.copy(copy, from, bytes);
  store<f64>(row, load<f64>(restore, restoreMinTime), rowMinTime);
  store<f64>(row, load<f64>(restore, restoreMaxTime), rowMaxTime);
  store<u64>(row, load<u64>(restore, restoreLastValue), rowLastValue);
  store<u32>(row, slot, rowSlot);
  store<u32>(row, <u32>copy, rowChunk);
  store<u16>(row, <u16>bytes, rowChunkBytes);
  store<u16>(row, (<u16>load<u8>(from) << 8) | <u16>load<u8>(from, 1), rowSamples);
  store<u32>(context, <u32>row + rowBytes, runRow);
}

/** A longer list in place of one that is full: see Postings. 0 = it has to be made by TypeScript. */
function growList(context: usize, entry: usize, list: usize, count: u32): usize {
  const bytes = <u32>listItems + ((count + max<u32>(1, count >>> 2)) << 2);
  const retired = load<u32>(context, runRetired);
  if (bytes > smallBytesMax || retired === runRetiredMax) return 0;
  const sizeClass = classOf(bytes);
  const grown = takeBlock(context, sizeClass);
  if (grown === 0) {
    store<u32>(context, sizeClass, runClass);
    return 0;
  }
  store<u32>(grown, count);
  store<u32>(grown, (classBytes(sizeClass) - <u32>listItems) >>> 2, listCapacity);
  memory.copy(grown + listItems, list + listItems, <usize>count << 2);
  atomic.store<u32>(entry + entryList, <u32>grown);
  const place = context + (<usize>retired << 3);
  store<u32>(place, <u32>list, runRetiredLists);
  store<u32>(place, <u32>listItems + (load<u32>(list, listCapacity) << 2), runRetiredLists + 4);
  store<u32>(context, retired + 1, runRetired);
  return grown;
}

/** Adds a slot to the lists of `pairs` entries. Gives the number of the first that could not be made longer, or `pairs`. */
function addToLists(context: usize, entries: usize, pairs: u32, slot: u32): u32 {
  for (let i: u32 = 0; i < pairs; i++) {
    const entry: usize = load<u32>(entries + (<usize>i << 2));
    let list: usize = load<u32>(entry, entryList);
    const count = load<u32>(list);
    if (count >= load<u32>(list, listCapacity)) list = growList(context, entry, list, count);
    if (list === 0) return i;
    store<u32>(list + (<usize>count << 2), slot, listItems);
    atomic.store<u32>(list, count + 1);
  }
  return pairs;
}

/** What is missing for one more series, or runDone. */
// @ts-ignore: decorator
@inline
function missing(context: usize): u32 {
  if (load<u32>(<usize>load<u32>(context, runSlotCount)) >= load<u32>(context, runSlotEnd)) return runSlots;
  if (load<u32>(context, runPlacesLeft) === 0) return runPlaces;
  if (load<u32>(context, runRefsLeft) === 0) return runRefs;
  return load<u32>(context, runRow) === load<u32>(context, runRowsEnd) ? runRows : runDone;
}

/** Reads the series of entries in [at, end) of the ring, up to one for each place of the group, as far as they are usual. Gives their number. */
function readGroup(context: usize, restore: usize, at: usize, end: usize): u32 {
  let before = restore + restoreEntries;
  let known = load<u32>(restore, restoreKnownPairs);
  let count: u32 = 0;
  for (; at < end && count < <u32>runGroup; count++) {
    const length = load<u32>(at, ringEntryLength);
    const record = at + ringEntryBytes;
    if ((load<u32>(at) & 0xff) !== ringRecord || length === 0 || load<u8>(record) !== seriesRecordType) break;
    const entries = context + runEntries + <usize>count * (4 * restorePairsMax);
    const behind = readSeries(restore, record + 1, record + length, before, known, entries);
    if (behind === 0) break;
    const place = context + runSeries + <usize>count * runSeriesBytes;
    store<u32>(place, <u32>at, seriesAt);
    store<u32>(place, <u32>behind, seriesBehind);
    store<u32>(place, readPairs, seriesPairs);
    store<u32>(place, readHash, seriesHash);
    store<f64>(place, readRef, seriesRef);
    before = entries;
    known = readPairs;
    at = record + ((length + 7) & ~7);
  }
  return count;
}

/**
 * Touches where the series of the group will be looked for: each of these places is in no cache, and so they come at the same time and
 * not one after the other.
 */
function warmPlaces(context: usize, restore: usize, count: u32): void {
  const places: usize = load<u32>(restore, restorePlaces);
  const mask = load<u32>(restore, restorePlacesMask);
  let seen: u32 = 0;
  for (let i: usize = 0; i < <usize>count; i++) {
    seen ^= load<u32>(places + (<usize>(load<u32>(context + i * runSeriesBytes, runSeries + seriesHash) & mask) << 2));
  }
  store<u32>(context, seen, runWarmed);
}

/** Makes the series of a place of the group the one at hand of the context. Gives its slot and 1, or 0. */
function choose(context: usize, restore: usize, i: usize): u32 {
  const place = context + runSeries + i * runSeriesBytes;
  const pairs = load<u32>(place, seriesPairs);
  const hash = load<u32>(place, seriesHash);
  memory.copy(restore + restoreEntries, context + runEntries + i * (4 * restorePairsMax), <usize>pairs << 2);
  store<u32>(restore, pairs, restorePairs);
  store<u32>(restore, pairs, restoreKnownPairs);
  store<u32>(restore, hash, restoreHash);
  store<f64>(restore, load<f64>(place, seriesRef), restoreRef);
  return findSeries(restore, pairs, hash);
}

/** Takes the series at a place of the group. Gives runDone, or why it has stopped; then `runWhat` says what besides. */
function takeSeries(context: usize, restore: usize, i: usize): u32 {
  const why = missing(context);
  if (why !== runDone) return why;
  if (choose(context, restore, i) !== 0) return runLeft;
  const place = context + runSeries + i * runSeriesBytes;
  const at: usize = load<u32>(place, seriesAt);
  const end = at + ringEntryBytes + load<u32>(at, ringEntryLength);
  const chunk = restoreChunkOf(restore, load<u32>(place, seriesBehind), end);
  const bytes = chunk === 1 ? load<u32>(restore, restoreChunkBytes) : 0;
  if (chunk > 1 || bytes > smallBytesMax) return runLeft;
  const pairs = load<u32>(restore, restorePairs);
  const blockClass = classOf(<u32>blockEntries + (pairs << 2));
  const chunkClass = classOf(bytes);
  const block = takeBlock(context, blockClass);
  const copy: usize = block === 0 || chunk !== 1 ? 0 : takeBlock(context, chunkClass);
  if (block === 0 || (chunk === 1 && copy === 0)) {
    if (block !== 0) store<u32>(context + runRooms + (<usize>blockClass << 3), <u32>block);
    store<u32>(context, block === 0 ? blockClass : chunkClass, runWhat);
    return runRoom;
  }
  const slot = makeSeries(context, restore, block, pairs);
  if (chunk === 1) putRow(context, restore, slot, copy, bytes);
  const listed = addToLists(context, restore + restoreEntries, pairs, slot);
  if (listed === pairs) return runDone;
  store<u32>(context, listed, runWhat);
  return runList;
}

/** Takes the entries in [at, end) of the ring. Gives where it has stopped, and says in the context why. */
export function restoreSnapshot(context: usize, at: usize, end: usize): usize {
  const restore: usize = load<u32>(context, runRestore);
  let why: u32 = runDone;
  while (at < end && why === runDone) {
    let i = load<u32>(context, runTaken);
    // Those that were read before it stopped are still there, unless others were taken meanwhile.
    if (i === load<u32>(context, runCount)) {
      store<u32>(context, readGroup(context, restore, at, end), runCount);
      warmPlaces(context, restore, load<u32>(context, runCount));
      i = 0;
    }
    const count = load<u32>(context, runCount);
    if (count === 0) why = runLeft;
    for (; i < count && why === runDone; i++) {
      why = takeSeries(context, restore, i);
      if (why !== runDone && why !== runList) break;
      at += ringEntryBytes + ((load<u32>(at, ringEntryLength) + 7) & ~7);
    }
    store<u32>(context, i, runTaken);
  }
  // Whoever takes what is left may make entries that the next ones need.
  if (why === runLeft) store<u32>(context, load<u32>(context, runTaken), runCount);
  store<u32>(context, why, runStop);
  return at;
}

/**
 * Gives series the chunks in rows [i, count) as far as these are wanted and there are blocks for their index. Gives the number of the first
 * that is left to TypeScript. Twin: HeadReplay.
 */
export function restoreWaiting(context: usize, rows: usize, i: u32, count: u32): u32 {
  const directory: usize = load<u32>(context, restoreDirectory);
  const truncated = load<f64>(context, restoreTruncated);
  let attached = load<u32>(context, restoreAttached);
  let oldest = load<f64>(context, restoreAttachedMin);
  let newest = load<f64>(context, restoreAttachedMax);
  for (; i < count; i++) {
    const row = rows + <usize>i * rowBytes;
    const slot = slotAddress(directory, load<u32>(row, rowSlot));
    const minTime = load<f64>(row, rowMinTime);
    const maxTime = load<f64>(row, rowMaxTime);
    if (minTime <= load<f64>(slot, slotLastTime) || maxTime < truncated) break;
    const block = nextSealed(context, slot);
    if (block === 0) break;
    const end = load<u32>(block, indexRange) >>> 16;
    const entry = block + indexEntries + <usize>end * indexEntryBytes;
    store<f64>(entry, minTime);
    store<f64>(entry, maxTime, indexEntryMaxTime);
    store<u32>(entry, load<u32>(row, rowChunk), indexEntryChunk);
    store<u16>(entry, load<u16>(row, rowChunkBytes), indexEntryBytesField);
    store<u16>(entry, load<u16>(row, rowSamples), indexEntrySamples);
    atomic.store<u32>(block + indexRange, load<u32>(block, indexRange) + 0x10000);
    if (end === 0) atomic.store<u32>(slot + slotSealed, <u32>block);
    store<f64>(slot, maxTime, slotLastTime);
    store<u64>(slot, load<u64>(row, rowLastValue), slotLastValue);
    attached++;
    oldest = min(oldest, minTime);
    newest = max(newest, maxTime);
  }
  store<u32>(context, attached, restoreAttached);
  store<f64>(context, oldest, restoreAttachedMin);
  store<f64>(context, newest, restoreAttachedMax);
  return i;
}

/** Puts the series in slots below `count` into an empty table that finds them by their labels: see SeriesTable. */
export function fillPlaces(context: usize, count: u32): void {
  const directory: usize = load<u32>(context, restoreDirectory);
  for (let slot: u32 = 0; slot < count; slot++) {
    const block: usize = load<u32>(slotAddress(directory, slot), slotLabels);
    if (block === 0) continue;
    const pairs = load<u32>(block, blockPairs);
    let hash: u32 = 0x9e3779b1;
    for (let i: u32 = 0; i < pairs; i++) {
      hash = (hash ^ (load<u32>(block + (<usize>i << 2), blockEntries) >>> 3)) * 0x85ebca6b;
      hash ^= hash >>> 13;
    }
    hash *= 0xc2b2ae35;
    putPlace(context, hash ^ (hash >>> 16), slot);
  }
}

/** Samples up to the newest one of a series are known: writes that for each ref whose series is not gone. See ReplayRefs. */
export function updateKnown(directory: usize, refs: usize, known: usize, slots: usize, places: u32): void {
  for (let i: usize = 0; i < <usize>places; i++) {
    if (load<f64>(refs + (i << 3)) === 0 || load<f64>(known + (i << 3)) === Infinity) continue;
    store<f64>(known + (i << 3), load<f64>(slotAddress(directory, load<u32>(slots + (i << 2))), slotLastTime));
  }
}

/** The first slot from `slot` on, below `count`, of a series without an open chunk whose newest one is in a file; or `count`. */
export function nextClosed(directory: usize, slot: u32, count: u32): u32 {
  for (; slot < count; slot++) {
    const address = slotAddress(directory, slot);
    if (load<u32>(address, slotLabels) === 0 || load<u32>(address, slotOpen) !== 0) continue;
    const block: usize = load<u32>(address, slotSealed);
    if (block === 0) continue;
    const end = load<u32>(block, indexRange) >>> 16;
    const entry = block + indexEntries + (<usize>end - 1) * indexEntryBytes;
    if ((load<u32>(entry, indexEntryChunk) & 7) === filedTag) break;
  }
  return slot;
}
