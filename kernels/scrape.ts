// Recognises the lines of a scraped body by what the previous scrape had: see src/kernels/scrape-layout.ts for the tables.
// A line that is where it was costs a comparison with SIMD and the parsing of its number. A line that is elsewhere is found
// through the hash of its key, and prediction goes on from there. Whatever else comes is left to TypeScript.
import {findEntry, lineOf, link, matches, noEntry} from './linetable';
import {numberBits, numberStatus, scanNumber} from './number';
import {numberOk} from '../src/kernels/number-status';
import {
  entryGeneration,
  entryLastSeen,
  entryLastTracked,
  entrySlot,
  flagHonorTimestamps,
  flagOpenMetrics,
  flagTrackTimestamps,
  kindComment,
  kindDropped,
  kindPending,
  kindSeries,
  lineNext,
  linePack,
  packCounted,
  packKindMask,
  packPrefixShift,
  packRestShift,
  packTypeMask,
  packTypeShift,
  scanDone,
  scanFull,
  scanNoHash,
  scanTail,
  scanUnknown,
  stateAdded,
  stateAppended,
  stateCursor,
  stateDuplicates,
  stateEnd,
  stateEntry,
  stateFlags,
  stateHits,
  stateKnownSince,
  stateLimitHit,
  stateMoved,
  stateOutOfBounds,
  statePosition,
  statePredicted,
  statePrevious,
  stateSampleLimit,
  stateScrape,
  stateSeen,
  stateSeriesAdded,
  stateStaged,
  stateStagedCapacity,
  stateStagedEntries,
  stateStagedTimes,
  stateStagedValues,
  stateTable,
  stateTimestamp,
  stateTimestampMax,
  stateTotal,
  stateTracked,
  stateTrackedAgain,
  stateType,
  stateValue,
  tableCount,
  tableEntries,
  tableHash,
  tableLines,
  tableText,
} from '../src/kernels/scrape-layout';

const tracked: u32 = 0x40000000;
const isNew: u32 = 0x80000000;
const again: u32 = 0x20000000;
const indexMask: u32 = 0x1fffffff;
const staleBits: u64 = 0x7ff0000000000002;

const newline: u8 = 0x0a;
const tab: u8 = 0x09;
const space: u8 = 0x20;

/** Reads lines from statePosition on until stateEnd or until something comes up; returns a scan* constant. */
export function scanLines(state: usize): u32 {
  const table = <usize>load<u32>(state, stateTable);
  const entries = <usize>load<u32>(table, tableEntries);
  const lines = <usize>load<u32>(table, tableLines);
  const text = <usize>load<u32>(table, tableText);
  const end = <usize>load<u32>(state, stateEnd);
  const openMetrics = (load<u32>(state, stateFlags) & flagOpenMetrics) != 0;
  const scrape = load<u32>(state, stateScrape);
  const knownSince = load<u32>(state, stateKnownSince);
  const timestamp = load<f64>(state, stateTimestamp);
  const marks = <usize>load<u32>(state, stateStagedEntries);
  const times = <usize>load<u32>(state, stateStagedTimes);
  const values = <usize>load<u32>(state, stateStagedValues);
  let at = <usize>load<u32>(state, statePosition);
  let previous = load<u32>(state, statePrevious);
  let index = load<u32>(state, statePredicted);
  let type = load<u32>(state, stateType);
  let staged = load<u32>(state, stateStaged);
  const capacity = load<u32>(state, stateStagedCapacity);
  // Where staging ends; the sample limit brings the end nearer.
  let stagedEnd = roomFor(state, staged);
  // Samples that went the fast way, not yet in the state.
  let plain: u32 = 0;
  let hits: u32 = 0;
  let reason: u32 = scanDone;

  while (at < end) {
    if (staged >= capacity) {
      reason = scanFull;
      break;
    }
    if (index != noEntry && matches(lines + ((<usize>index) << 4), text, at, end, type)) {
      hits++;
    } else {
      if (load<u8>(at) == newline && !openMetrics) {
        at++;
        continue;
      }
      const length = keyLength(at, end, openMetrics);
      if (length <= 0) {
        if (length == 0) {
          index = noEntry;
          reason = scanUnknown;
          break;
        }
        at += <usize>-length; // A comment without a meaning.
        continue;
      }
      if (load<u32>(table, tableHash) == 0) {
        reason = scanNoHash;
        break;
      }
      index = findEntry(table, at, <u32>length, type);
      if (index == noEntry) {
        reason = scanUnknown;
        break;
      }
      link(table, previous, index);
      store<u32>(state, load<u32>(state, stateMoved) + 1, stateMoved);
    }

    const entry = entries + ((<usize>index) << 4);
    const line = lines + ((<usize>index) << 4);
    const pack = load<u32>(line, linePack);
    const rest = pack >> packRestShift;
    if ((pack & packKindMask) == kindComment) {
      const sets = (pack & packTypeMask) >> packTypeShift;
      if (sets != 0) type = sets;
      see(state, entry);
      at += rest + 1;
    } else {
      let place = at + ((pack >> packPrefixShift) & 0xff) + rest;
      const seen = load<u32>(entry, entryLastSeen);
      if (
        (pack & packKindMask) == kindSeries &&
        seen != scrape &&
        seen >= knownSince &&
        staged < stagedEnd &&
        load<u8>(place) == space
      ) {
        // Fast path: a series of the last scrape, a value and no more.
        place = scanNumber(place + 1);
        if (numberStatus == numberOk && load<u8>(place) == newline) {
          store<u32>(marks + ((<usize>staged) << 2), index | tracked);
          store<f64>(times + ((<usize>staged) << 3), timestamp);
          store<u64>(values + ((<usize>staged) << 3), numberBits);
          store<u32>(entry, scrape, entryLastSeen);
          staged++;
          plain++;
          at = place + 1;
          previous = index;
          index = load<u32>(line, lineNext);
          continue;
        }
        place = at + ((pack >> packPrefixShift) & 0xff) + rest;
      }
      count(state, staged, plain);
      plain = 0;
      const after = takeLine(state, entry, index, pack, place, openMetrics);
      staged = load<u32>(state, stateStaged);
      stagedEnd = roomFor(state, staged);
      if (after == 0) {
        reason = scanTail;
        break;
      }
      at = after;
    }
    previous = index;
    index = load<u32>(line, lineNext);
  }

  count(state, staged, plain);
  store<u32>(state, <u32>at, statePosition);
  store<u32>(state, previous, statePrevious);
  store<u32>(state, reason == scanDone || reason == scanFull ? index : noEntry, statePredicted);
  store<u32>(state, index, stateEntry);
  store<u32>(state, type, stateType);
  store<u32>(state, load<u32>(state, stateHits) + hits, stateHits);
  return reason;
}

/** Up to how many staged samples the fast path may go: neither beyond the capacity nor beyond the sample limit. */
function roomFor(state: usize, staged: u32): u32 {
  const left = load<u32>(state, stateSampleLimit) - load<u32>(state, stateAppended);
  const room = load<u32>(state, stateStagedCapacity) - staged;
  return staged + min(left, room);
}

/** Adds samples of the fast path to the state's counts. */
function count(state: usize, staged: u32, plain: u32): void {
  store<u32>(state, staged, stateStaged);
  store<u32>(state, load<u32>(state, stateTotal) + plain, stateTotal);
  store<u32>(state, load<u32>(state, stateAdded) + plain, stateAdded);
  store<u32>(state, load<u32>(state, stateAppended) + plain, stateAppended);
  store<u32>(state, load<u32>(state, stateSeen) + plain, stateSeen);
}

/** Reads what follows a series' key: value, perhaps a timestamp, newline. Returns the address after it, 0 where it is not so plain. */
function takeLine(
  state: usize,
  entry: usize,
  index: u32,
  pack: u32,
  key: usize,
  openMetrics: bool,
): usize {
  let at = key;
  let code = load<u8>(at);
  if (code != space && (openMetrics || code != tab)) return 0;
  code = load<u8>(++at);
  if (!openMetrics) while (code == space || code == tab) code = load<u8>(++at);
  at = scanNumber(at);
  if (numberStatus != numberOk) return 0;
  const bits = numberBits;
  code = load<u8>(at);
  if (code == newline) {
    takeSample(state, entry, index, pack, bits, false, 0);
    return at + 1;
  }
  return takeTimestamp(state, entry, index, pack, bits, at, openMetrics);
}

function takeTimestamp(
  state: usize,
  entry: usize,
  index: u32,
  pack: u32,
  bits: u64,
  start: usize,
  openMetrics: bool,
): usize {
  let at = start;
  let code = load<u8>(at);
  if (openMetrics) {
    if (code != space) return 0;
    at = scanNumber(at + 1);
    if (numberStatus != numberOk || load<u8>(at) != newline) return 0;
    const seconds = reinterpret<f64>(numberBits);
    if (!isFinite(seconds)) return 0;
    takeSample(state, entry, index, pack, bits, true, trunc(seconds * 1000) + 0);
    return at + 1;
  }
  if (code != space && code != tab) return 0;
  while (code == space || code == tab) code = load<u8>(++at);
  const digitsStart = at;
  let whole: u64 = 0;
  for (; <u32>code - 0x30 < 10; code = load<u8>(++at)) whole = whole * 10 + (code - 0x30);
  const digits = at - digitsStart;
  if (digits > 15) return 0;
  while (code == space || code == tab) code = load<u8>(++at);
  if (code != newline) return 0;
  takeSample(state, entry, index, pack, bits, digits > 0, <f64>whole);
  return at + 1;
}

/** Counts the sample that TypeScript read, with the value in stateValue, and stages it unless something speaks against it. */
export function stageSample(state: usize, index: u32, hasTimestamp: u32, timestamp: f64): void {
  const table = <usize>load<u32>(state, stateTable);
  const entry = <usize>load<u32>(table, tableEntries) + ((<usize>index) << 4);
  const pack = load<u32>(lineOf(table, index), linePack);
  takeSample(state, entry, index, pack, load<u64>(state, stateValue), hasTimestamp != 0, timestamp);
}

function takeSample(
  state: usize,
  entry: usize,
  index: u32,
  pack: u32,
  bits: u64,
  hasTimestamp: bool,
  timestamp: f64,
): void {
  const scrape = load<u32>(state, stateScrape);
  const flags = load<u32>(state, stateFlags);
  store<u32>(state, load<u32>(state, stateTotal) + 1, stateTotal);
  const seen = load<u32>(entry, entryLastSeen);
  if ((pack & packKindMask) == kindDropped) {
    see(state, entry);
    return;
  }
  store<u32>(state, load<u32>(state, stateAdded) + 1, stateAdded);

  const explicit = hasTimestamp && (flags & flagHonorTimestamps) != 0;
  if (seen == scrape && !explicit) {
    store<u32>(state, load<u32>(state, stateDuplicates) + 1, stateDuplicates);
    return;
  }
  const uncounted = (pack & packKindMask) == kindPending && (pack & packCounted) == 0;
  const fresh = seen != scrape && (uncounted || seen < load<u32>(state, stateKnownSince));
  const appended = load<u32>(state, stateAppended);
  if (appended >= load<u32>(state, stateSampleLimit)) {
    store<u32>(state, 1, stateLimitHit);
    if (!fresh) see(state, entry);
    return;
  }
  store<u32>(state, appended + 1, stateAppended);
  const time = explicit ? timestamp : load<f64>(state, stateTimestamp);
  if (time > load<f64>(state, stateTimestampMax)) {
    store<u32>(state, load<u32>(state, stateOutOfBounds) + 1, stateOutOfBounds);
    if (!fresh) see(state, entry);
    return;
  }
  see(state, entry);

  const staged = load<u32>(state, stateStaged);
  let mark = index;
  if (!explicit || (flags & flagTrackTimestamps) != 0) mark |= tracked;
  if (fresh) {
    mark |= isNew;
    store<u32>(state, load<u32>(state, stateSeriesAdded) + 1, stateSeriesAdded);
  }
  store<u32>(<usize>load<u32>(state, stateStagedEntries) + ((<usize>staged) << 2), mark);
  store<f64>(<usize>load<u32>(state, stateStagedTimes) + ((<usize>staged) << 3), time);
  store<u64>(<usize>load<u32>(state, stateStagedValues) + ((<usize>staged) << 3), bits);
  store<u32>(state, staged + 1, stateStaged);
}

/** Notes that this scrape has the entry's line. */
// @ts-ignore: decorator
@inline
function see(state: usize, entry: usize): void {
  const scrape = load<u32>(state, stateScrape);
  if (load<u32>(entry, entryLastSeen) == scrape) return;
  store<u32>(entry, scrape, entryLastSeen);
  store<u32>(state, load<u32>(state, stateSeen) + 1, stateSeen);
}

/**
 * Length of the key of the line at `at`: of a series up to the name's end or the closing brace, of a comment with a meaning
 * the whole line. 0 where the line is something else or is not complete; negative, the line's length with its newline, for
 * a comment without a meaning.
 */
function keyLength(start: usize, end: usize, openMetrics: bool): i32 {
  let at = start;
  let code = load<u8>(at);
  if (code == 0x23) return commentLength(start, end, openMetrics);
  if (!openMetrics) while (code == space || code == tab) code = load<u8>(++at);
  for (; at < end; code = load<u8>(++at)) {
    if (code == space || code == tab) return <i32>(at - start);
    if (code == newline) return 0;
    if (code != 0x7b) continue;
    let quoted = false;
    for (at++; at < end; at++) {
      code = load<u8>(at);
      if (code == 0x22) quoted = !quoted;
      else if (code == 0x5c && quoted) at++;
      else if (!quoted) {
        if (code == 0x7d) return at + 1 < end ? <i32>(at + 1 - start) : 0;
        if (code == newline) return 0;
      }
    }
    return 0;
  }
  return 0;
}

function commentLength(start: usize, end: usize, openMetrics: bool): i32 {
  let at = start + 1;
  let code = load<u8>(at);
  const blank = code == space || code == tab;
  while (code == space || code == tab) code = load<u8>(++at);
  const meant = openMetrics || (blank && (code == 0x48 || code == 0x54));
  while (at < end && load<u8>(at) != newline) at++;
  if (at >= end) return 0;
  return meant ? <i32>(at - start) : -(<i32>(at + 1 - start));
}

/** Follows up on a line that TypeScript read: it belongs to `index`, and prediction goes on behind it. */
export function follow(state: usize, index: u32): void {
  const table = <usize>load<u32>(state, stateTable);
  link(table, load<u32>(state, statePrevious), index);
  store<u32>(state, index, statePrevious);
  store<u32>(state, load<u32>(lineOf(table, index), lineNext), statePredicted);
}

/** First staged sample at or after `from` whose series the store does not know yet; the number of staged samples where there is none. */
export function nextPending(state: usize, from: u32): u32 {
  const lines = <usize>load<u32>(load<u32>(state, stateTable), tableLines);
  const staged = load<u32>(state, stateStaged);
  const marks = <usize>load<u32>(state, stateStagedEntries);
  let i = from;
  for (; i < staged; i++) {
    const index = load<u32>(marks + ((<usize>i) << 2)) & indexMask;
    if ((load<u32>(lines + ((<usize>index) << 4), linePack) & packKindMask) == kindPending) break;
  }
  return i;
}

/** Remembers for the staged new series of a scrape that failed that they have been counted as added. */
export function markCounted(state: usize): void {
  const lines = <usize>load<u32>(load<u32>(state, stateTable), tableLines);
  const staged = load<u32>(state, stateStaged);
  const marks = <usize>load<u32>(state, stateStagedEntries);
  for (let i: u32 = 0; i < staged; i++) {
    const mark = load<u32>(marks + ((<usize>i) << 2));
    if ((mark & isNew) == 0) continue;
    const line = lines + ((<usize>(mark & indexMask)) << 4);
    store<u32>(line, load<u32>(line, linePack) | packCounted, linePack);
  }
}

/** Writes staged samples [from, from + count) to the columns of a batch. */
export function fillBatch(
  state: usize,
  from: u32,
  count: u32,
  slots: usize,
  generations: usize,
  times: usize,
  values: usize,
): void {
  const entries = <usize>load<u32>(load<u32>(state, stateTable), tableEntries);
  const marks = <usize>load<u32>(state, stateStagedEntries) + ((<usize>from) << 2);
  for (let i: usize = 0; i < <usize>count; i++) {
    const entry = entries + ((<usize>(load<u32>(marks + (i << 2)) & indexMask)) << 4);
    store<u32>(slots + (i << 2), load<u32>(entry, entrySlot));
    store<u32>(generations + (i << 2), load<u32>(entry, entryGeneration));
  }
  memory.copy(times, <usize>load<u32>(state, stateStagedTimes) + ((<usize>from) << 3), (<usize>count) << 3);
  memory.copy(values, <usize>load<u32>(state, stateStagedValues) + ((<usize>from) << 3), (<usize>count) << 3);
}

/**
 * Marks the series of the staged samples that ask for it as tracked in this scrape. Sets stateTracked to their number and stateTrackedAgain to how many of them were tracked in scrape `trackedBefore`.
 */
export function markTracked(state: usize, trackedBefore: u32): void {
  const entries = <usize>load<u32>(load<u32>(state, stateTable), tableEntries);
  const staged = load<u32>(state, stateStaged);
  const marks = <usize>load<u32>(state, stateStagedEntries);
  const scrape = load<u32>(state, stateScrape);
  let all: u32 = 0;
  let old: u32 = 0;
  for (let i: u32 = 0; i < staged; i++) {
    const mark = load<u32>(marks + ((<usize>i) << 2));
    if ((mark & tracked) == 0) continue;
    const entry = entries + ((<usize>(mark & indexMask)) << 4);
    const last = load<u32>(entry, entryLastTracked);
    if (last == scrape) continue;
    all++;
    if (last == trackedBefore) {
      old++;
      store<u32>(marks + ((<usize>i) << 2), mark | again);
    }
    store<u32>(entry, scrape, entryLastTracked);
  }
  store<u32>(state, all, stateTracked);
  store<u32>(state, old, stateTrackedAgain);
}

/** Takes markTracked() back after a commit that failed. */
export function unmarkTracked(state: usize, trackedBefore: u32): void {
  const staged = load<u32>(state, stateStaged);
  for (let i: u32 = 0; i < staged; i++) untrack(state, i, trackedBefore);
}

/** Takes note that the store refused staged sample `i`: it is not tracked, and a new series counts as unknown again. */
export function refuse(state: usize, i: u32, trackedBefore: u32): void {
  untrack(state, i, trackedBefore);
  const place = <usize>load<u32>(state, stateStagedEntries) + (<usize>i << 2);
  const mark = load<u32>(place);
  store<u32>(place, mark & ~tracked);
  if ((mark & isNew) == 0) return;
  const entries = <usize>load<u32>(load<u32>(state, stateTable), tableEntries);
  store<u32>(entries + ((<usize>(mark & indexMask)) << 4), 0, entryLastSeen);
  store<u32>(state, load<u32>(state, stateSeriesAdded) - 1, stateSeriesAdded);
}

/** Undoes what markTracked() did for staged sample `i`. */
function untrack(state: usize, i: u32, trackedBefore: u32): void {
  const mark = load<u32>(<usize>load<u32>(state, stateStagedEntries) + (<usize>i << 2));
  if ((mark & tracked) == 0) return;
  const entries = <usize>load<u32>(load<u32>(state, stateTable), tableEntries);
  const entry = entries + ((<usize>(mark & indexMask)) << 4);
  if (load<u32>(entry, entryLastTracked) != load<u32>(state, stateScrape)) return;
  const before = (mark & again) != 0;
  store<u32>(entry, before ? trackedBefore : 0, entryLastTracked);
  store<u32>(state, load<u32>(state, stateTracked) - 1, stateTracked);
  if (before) store<u32>(state, load<u32>(state, stateTrackedAgain) - 1, stateTrackedAgain);
}

/**
 * Writes stale markers at `time` to the columns of a batch for entries that were last tracked in scrape `trackedBefore`,
 * from entry stateCursor on, which it moves. Returns how many, at most `capacity`.
 */
export function fillStale(
  state: usize,
  trackedBefore: u32,
  time: f64,
  slots: usize,
  generations: usize,
  times: usize,
  values: usize,
  capacity: u32,
): u32 {
  const table = <usize>load<u32>(state, stateTable);
  const entries = <usize>load<u32>(table, tableEntries);
  const lines = <usize>load<u32>(table, tableLines);
  const total = load<u32>(table, tableCount);
  let index = load<u32>(state, stateCursor);
  let count: usize = 0;
  for (; index < total && count < <usize>capacity; index++) {
    const entry = entries + ((<usize>index) << 4);
    if (load<u32>(entry, entryLastTracked) != trackedBefore) continue;
    if ((load<u32>(lines + ((<usize>index) << 4), linePack) & packKindMask) != kindSeries) continue;
    store<u32>(slots + (count << 2), load<u32>(entry, entrySlot));
    store<u32>(generations + (count << 2), load<u32>(entry, entryGeneration));
    store<f64>(times + (count << 3), time);
    store<u64>(values + (count << 3), staleBits);
    count++;
  }
  store<u32>(state, index, stateCursor);
  return <u32>count;
}

/** Number of newlines in [start, start + length); up to 15 bytes behind are read. */
export function countNewlines(start: usize, length: usize): u32 {
  const wanted = v128.splat<u8>(newline);
  let count: u32 = 0;
  let at = start;
  let left = length;
  for (; left >= 16; left -= 16) {
    count += popcnt<u32>(<u32>v128.bitmask<u8>(v128.eq<u8>(v128.load(at), wanted)));
    at += 16;
  }
  const mask = <u32>v128.bitmask<u8>(v128.eq<u8>(v128.load(at), wanted)) & (((<u32>1) << (<u32>left)) - 1);
  return count + popcnt<u32>(mask);
}
