// Entries of files of full chunks, as a start needs them. Twin: FileScanner in src/tsdb/headchunks/scan.ts, which says what is wrong with an
// entry that is left to it.
import {crcLanes, crcLengths, crcResults, crcStarts} from '../src/kernels/crc-layout';
import {crc32cs} from './crc32c';

/** Bytes of an entry before the length of its data, and after it at most. */
const fixedBytes: usize = 25;
const metaBytes: usize = 34;
const numberMax: i64 = 9007199254740991;

/** Writes an entry, whose checksum is not looked at, to a row. Gives where the checksum is; 0 = it is not as usual. */
// @ts-ignore: decorator
@inline
function readEntry(at: usize, end: usize, offset: f64, row: usize): usize {
  if (at + metaBytes > end) return 0;
  const ref = bswap<u64>(load<u64>(at));
  const minTime = <i64>bswap<u64>(load<u64>(at, 8));
  const maxTime = <i64>bswap<u64>(load<u64>(at, 16));
  const encoding = <u32>load<u8>(at, 24);
  let data = at + fixedBytes;
  let length: usize = load<u8>(data++);
  if (length >= 0x80) {
    const high: usize = load<u8>(data++);
    // Longer ones are rare.
    if (high >= 0x80) return 0;
    length = (length & 0x7f) | (high << 7);
  }
  // Series 0 is none: what is there may be zeros only.
  if (ref === 0 || ref > <u64>numberMax || minTime > maxTime || length < 2) return 0;
  if (minTime < -numberMax || maxTime > numberMax) return 0;
  const dataEnd = data + length;
  if (dataEnd + 4 > end) return 0;
  const samples = (<u32>load<u8>(data) << 8) | <u32>load<u8>(data, 1);
  store<f64>(row, <f64>ref);
  store<f64>(row, <f64>minTime, 8);
  store<f64>(row, <f64>maxTime, 16);
  store<f64>(row, offset, 24);
  store<f64>(row, <f64>((samples << 8) | encoding), 32);
  store<f64>(row, <f64>length, 40);
  return dataEnd;
}

/**
 * Writes the entries in [at, end), up to `capacity` of them, to rows of six f64: ref, first and last time, offset (`base` is that of
 * `at`), encoding with its top bit for late ones + samples × 256, bytes of the data. Writes behind the rows' end where it has stopped, and gives the
 * number of rows. `lanes`: see crc-layout.ts.
 */
export function scanEntries(at: usize, end: usize, base: f64, rows: usize, capacity: u32, lanes: usize): u32 {
  const start = at;
  let count: u32 = 0;
  while (true) {
    const most = min<u32>(crcLanes, capacity - count);
    let next = at;
    let read: u32 = 0;
    for (; read < most; read++) {
      const row = rows + <usize>(count + read) * 48;
      const checksum = readEntry(next, end, base + <f64>(next - start), row);
      if (checksum === 0) break;
      store<u32>(lanes + (<usize>read << 2), <u32>next, crcStarts);
      store<u32>(lanes + (<usize>read << 2), <u32>(checksum - next), crcLengths);
      next = checksum + 4;
    }
    if (read === 0) break;
    crc32cs(lanes, read);
    let sound: u32 = 0;
    for (; sound < read; sound++) {
      const lane = lanes + (<usize>sound << 2);
      const checksum = at + load<u32>(lane, crcLengths);
      if (load<u32>(lane, crcResults) !== bswap<u32>(load<u32>(checksum))) break;
      at = checksum + 4;
    }
    count += sound;
    if (sound < read) break;
  }
  store<f64>(rows + <usize>capacity * 48, <f64>at);
  return count;
}
