// Series of a log or a snapshot, as a start needs them: labels become entries of the index without becoming strings. What is not usual
// is left to TypeScript, which also says what is wrong with it. Twins: SeriesTable.find() and Postings.append() in src/tsdb/head.
import {slotLabels, slotLastTime, slotOpen, slotSealed} from '../src/kernels/head-layout';
import {slotAddress} from './append';
import {firstPlace, probeStep} from './replay';
import {
  blockEntries,
  blockPairs,
  entryList,
  entryName,
  entryValue,
  filedTag,
  indexCapacity,
  indexCapacityMin,
  indexEntries,
  indexEntryBytes,
  indexEntryChunk,
  indexEntryMaxTime,
  indexPrevious,
  indexRange,
  listCapacity,
  listItems,
  placeRemoved,
  placeSlotBits,
  placeSlotMask,
  removedPlace,
  samplesUnknown,
  symbolBytes,
  symbolHash,
  symbolLength,
  tableHeaderBytes,
} from '../src/kernels/index-layout';
import {
  restoreAttached,
  restoreAttachedMax,
  restoreAttachedMin,
  restoreBlocks,
  restoreBlocksEnd,
  restoreChunk,
  restoreChunkBytes,
  restoreDirectory,
  restoreEntries,
  restoreFile,
  restoreHash,
  restoreIndex,
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
  restoreSeed,
  restoreSlot,
  restoreSymbols,
  restoreTruncated,
} from '../src/kernels/restore-layout';

const numberMax: i64 = 9007199254740992;

/** Where the number that was read last ended; 0 = it was none. */
let numberEnd: usize = 0;

/** A length: fewer than 2^21, in at most three bytes. */
// @ts-ignore: decorator
@inline
function readLength(at: usize, end: usize): u32 {
  if (at < end) {
    const low: u32 = load<u8>(at);
    if (low < 0x80) {
      numberEnd = at + 1;
      return low;
    }
  }
  return readLongLength(at, end);
}

function readLongLength(at: usize, end: usize): u32 {
  let length: u32 = 0;
  for (let shift: u32 = 0; at < end && shift < 21; shift += 7) {
    const byte: u32 = load<u8>(at++);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      numberEnd = at;
      return length;
    }
  }
  numberEnd = 0;
  return 0;
}

function sameBytes(left: usize, right: usize, length: usize): bool {
  const end = left + length;
  for (; left + 8 <= end; left += 8) {
    if (load<u64>(left) !== load<u64>(right)) return false;
    right += 8;
  }
  for (; left < end; left++) if (load<u8>(left) !== load<u8>(right++)) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function isText(symbol: usize, at: usize, length: u32): bool {
  return load<u32>(symbol, symbolLength) === length && sameBytes(symbol + symbolBytes, at, length);
}

/** Whether the bytes on the left come before those on the right, in the order of bytes. */
function comesBefore(left: usize, leftLength: u32, right: usize, rightLength: u32): bool {
  const length = min(leftLength, rightLength);
  for (let i: usize = 0; i < length; i++) {
    const difference = <i32>load<u8>(left + i) - <i32>load<u8>(right + i);
    if (difference !== 0) return difference < 0;
  }
  return leftLength < rightLength;
}

/** See SymbolKey.set(). */
function textHash(at: usize, length: u32, seed: u32): u32 {
  let hash = seed;
  for (const end = at + length; at < end; at++) hash = (hash ^ <u32>load<u8>(at)) * 0x01000193;
  hash = (hash ^ (hash >>> 15)) * 0x2c1b3c6d;
  return hash ^ (hash >>> 13);
}

/** Address of the symbol with these bytes, or 0. */
function findSymbol(table: usize, at: usize, length: u32, seed: u32): u32 {
  const mask = load<u32>(table);
  const hash = textHash(at, length, seed);
  let place = hash & mask;
  while (true) {
    const symbol = load<u32>(table + (<usize>place << 2), tableHeaderBytes);
    place = (place + 1) & mask;
    if (symbol === 0) return 0;
    if (symbol !== removedPlace && load<u32>(symbol, symbolHash) === hash && isText(symbol, at, length)) return symbol;
  }
}

/** Address of the entry of a pair, or 0: see findEntry() in src/tsdb/head/postings.ts. */
function findPair(table: usize, name: u32, value: u32): u32 {
  const mask = load<u32>(table);
  const mixed = (((name >>> 3) * 0x9e3779b1) ^ (value >>> 3)) * 0x85ebca6b;
  let place = (mixed ^ (mixed >>> 15)) & mask;
  while (true) {
    const entry = load<u32>(table + (<usize>place << 2), tableHeaderBytes);
    place = (place + 1) & mask;
    if (entry === 0) return 0;
    if (entry !== removedPlace && load<u32>(entry, entryName) === name && load<u32>(entry, entryValue) === value) {
      return entry;
    }
  }
}

function findTexts(context: usize, nameAt: usize, nameLength: u32, valueAt: usize, valueLength: u32): u32 {
  const symbols: usize = load<u32>(context, restoreSymbols);
  const seed = load<u32>(context, restoreSeed);
  const name = findSymbol(symbols, nameAt, nameLength, seed);
  if (name === 0) return 0;
  const value = findSymbol(symbols, valueAt, valueLength, seed);
  return value === 0 ? 0 : findPair(load<u32>(context, restoreIndex), name, value);
}

/** The slot and 1 of the series with the context's entries, or 0: see SeriesTable. */
export function findSeries(context: usize, pairs: u32, hash: u32): u32 {
  const places: usize = load<u32>(context, restorePlaces);
  const mask = load<u32>(context, restorePlacesMask);
  const directory: usize = load<u32>(context, restoreDirectory);
  const tag = hash >>> placeSlotBits;
  let i = hash & mask;
  while (true) {
    const place = load<u32>(places + (<usize>i << 2));
    i = (i + 1) & mask;
    if (place === 0) return 0;
    const found = place & placeSlotMask;
    if (place >>> placeSlotBits !== tag || found === placeRemoved) continue;
    const block: usize = load<u32>(slotAddress(directory, found - 1), slotLabels);
    if (
      load<u32>(block, blockPairs) === pairs &&
      sameBytes(block + blockEntries, context + restoreEntries, <usize>pairs << 2)
    ) {
      return found;
    }
  }
}

/** Of the series that readSeries() has read last. */
export let readPairs: u32 = 0;
export let readHash: u32 = 0;
export let readRef: f64 = 0;

/**
 * Reads `ref: u64  labels` at `at`, and writes the entries of the labels. Those of the series before, `known` of them, are at `before`, which
 * may be the same place. Gives the address behind them, or 0 where this is left to TypeScript: a label pair is new, or something is not as
 * it should be.
 */
export function readSeries(context: usize, at: usize, end: usize, before: usize, known: u32, entries: usize): usize {
  if (at + 9 > end) return 0;
  const ref = bswap<u64>(load<u64>(at));
  const pairs = readLength(at + 8, end);
  if (ref === 0 || ref >= <u64>numberMax || numberEnd === 0 || pairs === 0 || pairs > <u32>restorePairsMax) return 0;
  at = numberEnd;
  let hash: u32 = 0x9e3779b1;
  let previousName: usize = 0;
  let previousLength: u32 = 0;
  let ordered = true;
  for (let i: u32 = 0; i < pairs; i++) {
    const nameLength = readLength(at, end);
    const nameAt = numberEnd;
    if (nameAt === 0 || nameLength === 0 || nameAt + nameLength > end) return 0;
    const valueLength = readLength(nameAt + nameLength, end);
    const valueAt = numberEnd;
    if (valueAt === 0 || valueLength === 0 || valueAt + valueLength > end) return 0;
    const place = <usize>i << 2;
    let entry = i < known ? load<u32>(before + place) : 0;
    // Fast path: many labels are those of the series before, whose order was looked at.
    if (
      entry === 0 ||
      !isText(load<u32>(entry, entryValue), valueAt, valueLength) ||
      !isText(load<u32>(entry, entryName), nameAt, nameLength)
    ) {
      entry = findTexts(context, nameAt, nameLength, valueAt, valueLength);
      if (entry === 0) return 0;
      ordered = false;
    }
    store<u32>(entries + place, entry);
    if (!ordered && i > 0 && !comesBefore(previousName, previousLength, nameAt, nameLength)) return 0;
    previousName = nameAt;
    previousLength = nameLength;
    hash = (hash ^ (entry >>> 3)) * 0x85ebca6b;
    hash ^= hash >>> 13;
    at = valueAt + valueLength;
  }
  hash *= 0xc2b2ae35;
  readPairs = pairs;
  readHash = hash ^ (hash >>> 16);
  readRef = <f64>ref;
  return at;
}

/** Reads a series and looks it up. Gives the address behind it, or 0 where this is left to TypeScript. */
export function restoreSeries(context: usize, at: usize, end: usize): usize {
  const entries = context + restoreEntries;
  const known = load<u32>(context, restoreKnownPairs);
  // Until all is known to be in order, nothing of what was there before counts.
  store<u32>(context, 0, restoreKnownPairs);
  at = readSeries(context, at, end, entries, known, entries);
  if (at === 0) return 0;
  store<u32>(context, readPairs, restorePairs);
  store<u32>(context, readPairs, restoreKnownPairs);
  store<u32>(context, readHash, restoreHash);
  store<f64>(context, readRef, restoreRef);
  store<u32>(context, findSeries(context, readPairs, readHash), restoreSlot);
  return at;
}

/**
 * Reads what a snapshot has behind the labels of a series: 0 = no chunk, 1 = an XOR chunk, which the context then describes, 2 = left to
 * TypeScript.
 */
export function restoreChunkOf(context: usize, at: usize, end: usize): u32 {
  if (at + 9 > end) return 2;
  const has = load<u8>(at, 8);
  if (has === 0) return at + 9 === end ? 0 : 2;
  if (has !== 1 || at + 27 > end) return 2;
  const minTime = <i64>bswap<u64>(load<u64>(at, 9));
  const maxTime = <i64>bswap<u64>(load<u64>(at, 17));
  if (load<u8>(at, 25) !== 1 || minTime > maxTime || minTime < -numberMax || maxTime > numberMax) return 2;
  const length = readLength(at + 26, end);
  const chunk = numberEnd;
  // Three samples with their times, and the time of the last one.
  if (chunk === 0 || length < 3 || length > 0xffff || chunk + length + 64 !== end) return 2;
  store<f64>(context, <f64>minTime, restoreMinTime);
  store<f64>(context, <f64>maxTime, restoreMaxTime);
  store<u64>(context, bswap<u64>(load<u64>(chunk + length, 56)), restoreLastValue);
  store<u32>(context, <u32>chunk, restoreChunk);
  store<u32>(context, length, restoreChunkBytes);
  return 1;
}

/** Adds a slot to the lists of `pairs` entries, from number `i` on. Gives the number of the first whose list is full, or `pairs`. */
export function restorePostings(entries: usize, i: u32, pairs: u32, slot: u32): u32 {
  for (; i < pairs; i++) {
    const entry: usize = load<u32>(entries + (<usize>i << 2));
    const list: usize = load<u32>(entry, entryList);
    const count = load<u32>(list);
    if (count >= load<u32>(list, listCapacity)) return i;
    store<u32>(list + (<usize>count << 2), slot, listItems);
    atomic.store<u32>(list, count + 1);
  }
  return i;
}

/** Whether `at`…`end` are series: `ref: u64  labels`, again and again. */
export function areSeries(at: usize, end: usize): bool {
  while (at < end) {
    if (at + 9 > end || bswap<u64>(load<u64>(at)) >= <u64>numberMax) return false;
    const pairs = readLength(at + 8, end);
    if (numberEnd === 0) return false;
    at = numberEnd;
    for (let i: u32 = 0; i < 2 * pairs; i++) {
      const length = readLength(at, end);
      if (numberEnd === 0 || numberEnd + length > end) return false;
      at = numberEnd + length;
    }
  }
  return true;
}

/** The block that takes the next chunk of a series, the one at hand or a new one; 0 = there is none. */
// @ts-ignore: decorator
@inline
export function nextSealed(context: usize, slot: usize): usize {
  let block: usize = load<u32>(slot, slotSealed);
  if (block !== 0) return load<u32>(block, indexRange) >>> 16 < load<u32>(block, indexCapacity) ? block : 0;
  block = load<u32>(context, restoreBlocks);
  if (block === <usize>load<u32>(context, restoreBlocksEnd)) return 0;
  store<u32>(context, <u32>block + indexEntries + indexCapacityMin * indexEntryBytes, restoreBlocks);
  store<u32>(block, 0, indexPrevious);
  store<u32>(block, 0, indexRange);
  store<u32>(block, indexCapacityMin, indexCapacity);
  return block;
}

/**
 * Gives series the full chunks in rows [i, count), as the scan of a file has them: six f64 each (src/tsdb/headchunks/scan-rows.ts). Stops at one that
 * is not as usual: late ones, those of series that are not known or have chunks in memory, another file's, those for which there is no
 * room. Gives its number. Twin: HeadReplay.
 */
export function restoreFiled(context: usize, rows: usize, i: u32, count: u32): u32 {
  const refs: usize = load<u32>(context, restoreRefs);
  const slots: usize = load<u32>(context, restoreRefSlots);
  const mask = load<u32>(context, restoreRefsMask);
  const directory: usize = load<u32>(context, restoreDirectory);
  const truncated = load<f64>(context, restoreTruncated);
  const file = load<f64>(context, restoreFile);
  let attached = load<u32>(context, restoreAttached);
  let oldest = load<f64>(context, restoreAttachedMin);
  let newest = load<f64>(context, restoreAttachedMax);
  for (; i < count; i++) {
    const row = rows + <usize>i * 48;
    const ref = load<f64>(row);
    const minTime = load<f64>(row, 8);
    const maxTime = load<f64>(row, 16);
    const offset = load<f64>(row, 24) - file * 4294967296;
    const header = <u32>load<f64>(row, 32);
    if ((header & 0x80) !== 0 || offset < 0 || offset >= 134217728) break;
    let place = firstPlace(<u64>ref, mask);
    let found: f64 = 0;
    while (true) {
      found = load<f64>(refs + (<usize>place << 3));
      if (found === ref || found === 0) break;
      place = (place + probeStep) & mask;
    }
    if (found === 0) break;
    const slot = slotAddress(directory, load<u32>(slots + (<usize>place << 2)));
    if (load<u32>(slot, slotOpen) !== 0) break;
    // Another series with the same labels may have come before.
    if (minTime <= load<f64>(slot, slotLastTime) || maxTime < truncated) continue;
    const block = nextSealed(context, slot);
    if (block === 0) break;
    const end = load<u32>(block, indexRange) >>> 16;
    const entry = block + indexEntries + <usize>end * indexEntryBytes;
    store<f64>(entry, minTime);
    store<f64>(entry, maxTime, indexEntryMaxTime);
    store<u32>(entry, (<u32>file << 11) | (min(header >>> 8, samplesUnknown) << 3) | filedTag, indexEntryChunk);
    store<u32>(entry, ((header & 0x7f) << 27) | <u32>offset, indexEntryChunk + 4);
    atomic.store<u32>(block + indexRange, load<u32>(block, indexRange) + 0x10000);
    if (end === 0) atomic.store<u32>(slot + slotSealed, <u32>block);
    store<f64>(slot, maxTime, slotLastTime);
    attached++;
    oldest = min(oldest, minTime);
    newest = max(newest, maxTime);
  }
  store<u32>(context, attached, restoreAttached);
  store<f64>(context, oldest, restoreAttachedMin);
  store<f64>(context, newest, restoreAttachedMax);
  return i;
}
