// The table of what a target's lines were: entries with their keys, found by a hash, each with the one that followed it in the
// last scrape. See src/kernels/scrape-layout.ts for the layout.
import {
  entryGeneration,
  entryLastSeen,
  entryLastTracked,
  entrySlot,
  kindComment,
  lineBase,
  lineNext,
  linePack,
  lineRest,
  packKindMask,
  packPrefixShift,
  packRestShift,
  packTypeMask,
  packTypeShift,
  prefixLengthMax,
  tableBase,
  tableBaseLength,
  tableCapacity,
  tableCount,
  tableEntries,
  tableFirst,
  tableHash,
  tableHashMask,
  tableLines,
  tableSeed,
  tableText,
  tableTextCapacity,
  tableTextUsed,
} from '../src/kernels/scrape-layout';

export const noEntry: u32 = 0xffffffff;
const newline: u8 = 0x0a;

// @ts-ignore: decorator
@inline
export function lineOf(table: usize, index: u32): usize {
  return <usize>load<u32>(table, tableLines) + ((<usize>index) << 4);
}

/** Notes that `index` followed `previous`, so that the next scrape expects it there. */
// @ts-ignore: decorator
@inline
export function link(table: usize, previous: u32, index: u32): void {
  if (previous == noEntry) store<u32>(table, index, tableFirst);
  else store<u32>(lineOf(table, previous), index, lineNext);
}

/** Whether the line at `at` is this entry's, read under the same type. */
// @ts-ignore: decorator
@inline
export function matches(line: usize, text: usize, at: usize, end: usize, type: u32): bool {
  const pack = load<u32>(line, linePack);
  const rest = pack >> packRestShift;
  const prefix = (pack >> packPrefixShift) & 0xff;
  if (at + prefix + rest >= end) return false;
  if ((pack & packKindMask) == kindComment) {
    return equal(at, load<u32>(line, lineRest), rest) && load<u8>(at + rest) == newline;
  }
  const wanted = (pack & packTypeMask) >> packTypeShift;
  if (wanted != 0 && wanted != type) return false;
  return (
    equal(at + prefix, text + load<u32>(line, lineRest), rest) &&
    equal(at, text + load<u32>(line, lineBase), prefix)
  );
}

/** Reads up to 15 bytes beyond both texts; memory is there. */
// @ts-ignore: decorator
@inline
function equal(left: usize, right: usize, length: usize): bool {
  while (length >= 16) {
    if (!v128.all_true<u8>(v128.eq<u8>(v128.load(left), v128.load(right)))) return false;
    left += 16;
    right += 16;
    length -= 16;
  }
  if (length == 0) return true;
  const mask = ((<u32>1) << (<u32>length)) - 1;
  return (<u32>v128.bitmask<u8>(v128.eq<u8>(v128.load(left), v128.load(right))) & mask) == mask;
}

/** Index of the entry with this key that may be used under `type`, or `none`. */
export function findEntry(table: usize, key: usize, length: u32, type: u32): u32 {
  const hash = <usize>load<u32>(table, tableHash);
  const mask = load<u32>(table, tableHashMask);
  const lines = <usize>load<u32>(table, tableLines);
  const text = <usize>load<u32>(table, tableText);
  let place = hashKey(key, length, load<u64>(table, tableSeed));
  while (true) {
    const index = load<u32>(hash + ((<usize>(place++ & mask)) << 2));
    if (index == 0) return noEntry;
    const line = lines + ((<usize>(index - 1)) << 4);
    const pack = load<u32>(line, linePack);
    const rest = pack >> packRestShift;
    const prefix = (pack >> packPrefixShift) & 0xff;
    if (rest + prefix != length) continue;
    if ((pack & packKindMask) == kindComment) {
      if (equal(key, load<u32>(line, lineRest), rest)) return index - 1;
      continue;
    }
    const wanted = (pack & packTypeMask) >> packTypeShift;
    if (wanted != 0 && wanted != type) continue;
    if (
      equal(key + prefix, text + load<u32>(line, lineRest), rest) &&
      equal(key, text + load<u32>(line, lineBase), prefix)
    ) {
      return index - 1;
    }
  }
}

/** A keyed hash: who does not know the seed cannot make keys that collide. */
function hashKey(key: usize, length: u32, seed: u64): u32 {
  let hash = seed ^ (<u64>length * 0x9e3779b97f4a7c15);
  let at = key;
  let left = length;
  for (; left >= 8; left -= 8) {
    hash = (hash ^ load<u64>(at)) * 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
    at += 8;
  }
  if (left > 0) {
    const last = load<u64>(at) & (((<u64>1) << (left << 3)) - 1);
    hash = (hash ^ last) * 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
  }
  hash *= 0xd6e8feb86659fd93;
  return <u32>(hash >> 32);
}

/**
 * Adds an entry for the key and returns its index, or `none` where entries, text or hash must grow first. `pack` holds
 * kind and type. The key must not be in the table under this type.
 */
export function addEntry(table: usize, key: usize, length: u32, pack: u32): u32 {
  const index = load<u32>(table, tableCount);
  const mask = load<u32>(table, tableHashMask);
  if (index >= load<u32>(table, tableCapacity) || load<u32>(table, tableHash) == 0) return noEntry;
  if (index + (index >> 1) >= mask) return noEntry;
  const entry = <usize>load<u32>(table, tableEntries) + ((<usize>index) << 4);
  const line = lineOf(table, index);
  let prefix: u32 = 0;
  if ((pack & packKindMask) == kindComment) {
    store<u32>(line, <u32>key, lineRest);
  } else {
    const used = load<u32>(table, tableTextUsed);
    // 16 bytes of slack, since comparisons read that far.
    if (used + length + 16 > load<u32>(table, tableTextCapacity)) return noEntry;
    const text = <usize>load<u32>(table, tableText);
    prefix = commonPrefix(
      key,
      text + load<u32>(table, tableBase),
      min(length, load<u32>(table, tableBaseLength)),
    );
    if (prefix * 2 < length) {
      prefix = 0;
      store<u32>(table, used, tableBase);
      store<u32>(table, length, tableBaseLength);
    }
    memory.copy(text + used, key + prefix, length - prefix);
    store<u32>(table, used + length - prefix, tableTextUsed);
    store<u32>(line, used, lineRest);
  }
  store<u32>(line, load<u32>(table, tableBase), lineBase);
  store<u32>(line, pack | (prefix << packPrefixShift) | ((length - prefix) << packRestShift), linePack);
  store<u32>(entry, 0, entrySlot);
  store<u32>(entry, 0, entryGeneration);
  store<u32>(entry, 0, entryLastSeen);
  store<u32>(entry, 0, entryLastTracked);
  store<u32>(line, noEntry, lineNext);
  store<u32>(table, index + 1, tableCount);
  insert(table, hashKey(key, length, load<u64>(table, tableSeed)), index);
  return index;
}

function commonPrefix(left: usize, right: usize, length: u32): u32 {
  const limit = min<u32>(length, prefixLengthMax);
  let same: u32 = 0;
  while (same < limit && load<u8>(left + same) == load<u8>(right + same)) same++;
  return same;
}

function insert(table: usize, hashed: u32, index: u32): void {
  const hash = <usize>load<u32>(table, tableHash);
  const mask = load<u32>(table, tableHashMask);
  let place = hashed & mask;
  while (load<u32>(hash + ((<usize>place) << 2)) != 0) place = (place + 1) & mask;
  store<u32>(hash + ((<usize>place) << 2), index + 1);
}

/** Fills the hash table, which TypeScript has set to zero, from the entries. `scratch` has room for the longest key. */
export function hashEntries(table: usize, scratch: usize): void {
  const count = load<u32>(table, tableCount);
  for (let index: u32 = 0; index < count; index++) {
    const length = copyKey(table, index, scratch);
    insert(table, hashKey(scratch, length, load<u64>(table, tableSeed)), index);
  }
}

/** Writes the key of an entry (of a comment: its line) to `target` and returns its length. */
export function copyKey(table: usize, index: u32, target: usize): u32 {
  const line = lineOf(table, index);
  const pack = load<u32>(line, linePack);
  const rest = pack >> packRestShift;
  const prefix = (pack >> packPrefixShift) & 0xff;
  if ((pack & packKindMask) == kindComment) {
    memory.copy(target, load<u32>(line, lineRest), rest);
    return rest;
  }
  const text = <usize>load<u32>(table, tableText);
  memory.copy(target, text + load<u32>(line, lineBase), prefix);
  memory.copy(target + prefix, text + load<u32>(line, lineRest), rest);
  return prefix + rest;
}

/**
 * Copies the entries that were seen since scrape `since` to an empty table with enough room, in the order of the last
 * scrape as far as `next` leads. `map` has room for a u32 for each entry, `scratch` for the longest key.
 */
export function copyTable(source: usize, target: usize, since: u32, map: usize, scratch: usize): void {
  const entries = <usize>load<u32>(source, tableEntries);
  const count = load<u32>(source, tableCount);
  memory.fill(map, 0, (<usize>count) << 2);
  for (let index = load<u32>(source, tableFirst); index != noEntry;) {
    const entry = entries + ((<usize>index) << 4);
    // The last entry may still point at one that has vanished since, and that to others, in circles.
    if (load<u32>(map + ((<usize>index) << 2)) != 0 || load<u32>(entry, entryLastSeen) < since) break;
    copyEntry(source, target, index, map, scratch);
    index = load<u32>(lineOf(source, index), lineNext);
  }
  for (let index: u32 = 0; index < count; index++) {
    const entry = entries + ((<usize>index) << 4);
    if (load<u32>(map + ((<usize>index) << 2)) != 0 || load<u32>(entry, entryLastSeen) < since) continue;
    copyEntry(source, target, index, map, scratch);
  }

  const copied = load<u32>(target, tableCount);
  for (let index: u32 = 0; index < copied; index++) {
    const line = lineOf(target, index);
    store<u32>(line, mapped(map, load<u32>(line, lineNext)), lineNext);
  }
  store<u32>(target, mapped(map, load<u32>(source, tableFirst)), tableFirst);
}

function mapped(map: usize, index: u32): u32 {
  return index == noEntry ? noEntry : load<u32>(map + ((<usize>index) << 2)) - 1; // 0 - 1 is noEntry.
}

function copyEntry(source: usize, target: usize, index: u32, map: usize, scratch: usize): void {
  const entry = <usize>load<u32>(source, tableEntries) + ((<usize>index) << 4);
  const line = lineOf(source, index);
  const pack = load<u32>(line, linePack);
  const low = pack & ((1 << packPrefixShift) - 1);
  let key = scratch;
  let length = pack >> packRestShift;
  if ((pack & packKindMask) == kindComment) key = load<u32>(line, lineRest);
  else length = copyKey(source, index, scratch);
  const copy = addEntry(target, key, length, low);
  if (copy == noEntry) unreachable(); // The caller has made room for all.
  const to = <usize>load<u32>(target, tableEntries) + ((<usize>copy) << 4);
  store<u32>(to, load<u32>(entry, entrySlot), entrySlot);
  store<u32>(to, load<u32>(entry, entryGeneration), entryGeneration);
  store<u32>(to, load<u32>(entry, entryLastSeen), entryLastSeen);
  store<u32>(to, load<u32>(entry, entryLastTracked), entryLastTracked);
  store<u32>(lineOf(target, copy), load<u32>(line, lineNext), lineNext);
  store<u32>(map + ((<usize>index) << 2), copy + 1);
}

/** Bytes of all keys in full, without those of comments. */
export function keyBytes(table: usize): u32 {
  const count = load<u32>(table, tableCount);
  let sum: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const pack = load<u32>(lineOf(table, index), linePack);
    if ((pack & packKindMask) != kindComment)
      sum += (pack >> packRestShift) + ((pack >> packPrefixShift) & 0xff);
  }
  return sum;
}
