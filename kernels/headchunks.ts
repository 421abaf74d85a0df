// Entries of files of full chunks, as a start needs them. Twin: FileScanner in src/tsdb/headchunks/scan.ts, which says what is wrong with an
// entry that is left to it.
import {crc32c} from './crc32c';

/** Bytes of an entry before the length of its data, and after it at most. */
const fixedBytes: usize = 25;
const metaBytes: usize = 34;
const numberMax: i64 = 9007199254740991;

/**
 * Writes the entries in [at, end), up to `capacity` of them, to rows of six f64: ref, first and last time, offset (`base` is that of
 * `at`), encoding with its top bit for late ones + samples × 256, bytes of the data. Writes behind the rows' end where it has stopped, and gives the
 * number of rows.
 */
export function scanEntries(at: usize, end: usize, base: f64, rows: usize, capacity: u32): u32 {
  const start = at;
  let count: u32 = 0;
  let row = rows;
  while (count < capacity && at + metaBytes <= end) {
    const ref = bswap<u64>(load<u64>(at));
    const minTime = <i64>bswap<u64>(load<u64>(at, 8));
    const maxTime = <i64>bswap<u64>(load<u64>(at, 16));
    const encoding = <u32>load<u8>(at, 24);
    let data = at + fixedBytes;
    let length: usize = load<u8>(data++);
    if (length >= 0x80) {
      const high: usize = load<u8>(data++);
      // Longer ones are rare.
      if (high >= 0x80) break;
      length = (length & 0x7f) | (high << 7);
    }
    // Series 0 is none: what is there may be zeros only.
    if (ref === 0 || ref > <u64>numberMax || minTime > maxTime || length < 2) break;
    if (minTime < -numberMax || maxTime > numberMax) break;
    const dataEnd = data + length;
    if (dataEnd + 4 > end || crc32c(at, dataEnd - at, 0) !== bswap<u32>(load<u32>(dataEnd))) break;
    const samples = (<u32>load<u8>(data) << 8) | <u32>load<u8>(data, 1);
    store<f64>(row, <f64>ref);
    store<f64>(row, <f64>minTime, 8);
    store<f64>(row, <f64>maxTime, 16);
    store<f64>(row, base + <f64>(at - start), 24);
    store<f64>(row, <f64>((samples << 8) | encoding), 32);
    store<f64>(row, <f64>length, 40);
    row += 48;
    count++;
    at = dataEnd + 4;
  }
  store<f64>(rows + <usize>capacity * 48, <f64>at);
  return count;
}
