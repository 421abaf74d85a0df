// CRCs of 32 bits with the bits of each byte reflected, over tables in the static data: long stretches by sixteen lanes of a
// vector, the rest slicing by 16.
import {crcLaneBytesMax, crcLanes, crcLengths, crcResults, crcStage, crcStarts} from '../src/kernels/crc-layout';
import {fillLaneTables, laneTablesBytes, longBlock, overLongBlock, overShortBlock, shortBlock, writeStates} from './crclanes';

/**
 * Of one polynomial: 16 tables of 256 words, table[256 k + b] is the CRC of byte b followed by k zero bytes; then those of the
 * lanes.
 */
const wordsBytes: usize = 16 * 256 * 4;
export const crcTablesBytes: i32 = 16 * 256 * 4 + laneTablesBytes;

/** Every thread that loads the kernels writes the same bytes here. */
export function fillCrcTables(tables: usize, polynomial: u32): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    store<u32>(tables + (<usize>byte << 2), crc);
  }
  for (let i: usize = 256; i < 16 * 256; i++) {
    const before = load<u32>(tables + ((i - 256) << 2));
    store<u32>(tables + (i << 2), (before >>> 8) ^ load<u32>(tables + ((before & 255) << 2)));
  }
  fillLaneTables(tables + wordsBytes, tables);
}

// @ts-ignore: decorator
@inline
function at(tables: usize, table: usize, byte: u64): u32 {
  return load<u32>(tables + (table << 10) + ((<usize>byte & 255) << 2));
}

/** The CRC of the bytes [start, start + length); `crc` is the result for what came before, 0 at the start. */
// @ts-ignore: decorator
@inline
export function crcOf(tables: usize, start: usize, length: usize, crc: u32): u32 {
  let state = ~crc;
  let place = start;
  const end = start + length;
  for (; place + longBlock <= end; place += longBlock) {
    state = overLongBlock(tables + wordsBytes, place, state);
  }
  for (; place + shortBlock <= end; place += shortBlock) {
    state = overShortBlock(tables, tables + wordsBytes, place, state);
  }
  for (; place + 16 <= end; place += 16) {
    const low = load<u64>(place) ^ <u64>state;
    const high = load<u64>(place, 8);
    state =
      at(tables, 15, low) ^ at(tables, 14, low >>> 8) ^ at(tables, 13, low >>> 16) ^ at(tables, 12, low >>> 24) ^
      at(tables, 11, low >>> 32) ^ at(tables, 10, low >>> 40) ^ at(tables, 9, low >>> 48) ^ at(tables, 8, low >>> 56) ^
      at(tables, 7, high) ^ at(tables, 6, high >>> 8) ^ at(tables, 5, high >>> 16) ^ at(tables, 4, high >>> 24) ^
      at(tables, 3, high >>> 32) ^ at(tables, 2, high >>> 40) ^ at(tables, 1, high >>> 48) ^ at(tables, 0, high >>> 56);
  }
  for (; place < end; place++) state = (state >>> 8) ^ at(tables, 0, state ^ <u32>load<u8>(place));
  return ~state;
}

/** Fewer stretches are not worth the lanes. */
const lanesMin: u32 = 6;

/**
 * The CRCs of `count` stretches, up to sixteen, that crc-layout.ts describes: each gets a lane of its own, which needs no joining of
 * stretches, so that short ones take half the time. Zeros before the first byte change nothing while the state is 0, so all are made as
 * long as the longest; that the state is not 0 at the beginning is in the first word.
 */
// @ts-ignore: decorator
@inline
export function crcsOf(tables: usize, lanes: usize, count: u32): void {
  let longest: u32 = 0;
  let shortest = u32.MAX_VALUE;
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(lanes + (<usize>i << 2), crcLengths);
    longest = max(longest, length);
    shortest = min(shortest, length);
    total += length;
  }
  const laneBytes: u32 = (longest + 15) & ~15;
  if (count < lanesMin || shortest < 4 || laneBytes > <u32>crcLaneBytesMax || laneBytes * crcLanes > 2 * total) {
    for (let i: usize = 0; i < <usize>count; i++) {
      const place = lanes + (i << 2);
      store<u32>(place, crcOf(tables, load<u32>(place, crcStarts), load<u32>(place, crcLengths), 0), crcResults);
    }
    return;
  }
  const zero = i8x16.splat(0);
  let lane = lanes + crcStage;
  for (let i: usize = 0; i < <usize>count; i++) {
    const place = lanes + (i << 2);
    const start: usize = load<u32>(place, crcStarts);
    const length: usize = load<u32>(place, crcLengths);
    const first = lane + laneBytes - length;
    // Both write up to 15 bytes too many, which are written again.
    for (let at = lane; at < first; at += 16) v128.store(at, zero);
    for (let at: usize = 0; at < length; at += 16) v128.store(first + at, v128.load(start + at));
    store<u32>(first, ~load<u32>(first));
    lane += laneBytes;
  }
  writeStates(tables + wordsBytes, lanes + crcStage, laneBytes, lanes + crcResults);
  for (let i: usize = 0; i < <usize>crcLanes; i++) {
    store<u32>(lanes + (i << 2), ~load<u32>(lanes + (i << 2), crcResults), crcResults);
  }
}
