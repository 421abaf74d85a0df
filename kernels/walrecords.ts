// Records of a segment on their way into the ring of records (src/tsdb/wal/recordring.ts), many at once. Only those that are whole, in one
// fragment, with snappy or without, are taken; at all else the kernel stops. Twin: SegmentReader in src/tsdb/wal, which says what is wrong.
import {ringEntryBytes, ringEntryLength, ringRecord} from '../src/kernels/snapshot-layout';
import {crcLanes, crcLengths, crcResults, crcStarts, crcWord} from '../src/kernels/crc-layout';
import {crc32cs} from './crc32c';
import {snappyExpand} from './snappy';

const pageBytes: usize = 32768;
const headerBytes: usize = 7;
const fullFragment: u32 = 1;
const snappyBit: u32 = 8;
/** So much may be touched behind what is expanded. */
const slackBytes: usize = 64;

function isZero(at: usize, end: usize): bool {
  for (; at + 8 <= end; at += 8) if (load<u64>(at) !== 0) return false;
  for (; at < end; at++) if (load<u8>(at) !== 0) return false;
  return true;
}

/** Where the number of bytes of a snappy record ended that expandedLength() has read. */
let lengthEnd: usize = 0;

/** Below 2^21, or 0. */
// @ts-ignore: decorator
@inline
function expandedLength(at: usize, end: usize): u32 {
  let length: u32 = 0;
  for (let shift: u32 = 0; at < end && shift < 21; shift += 7) {
    const byte: u32 = load<u8>(at++);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      lengthEnd = at;
      return length;
    }
  }
  return 0;
}

/** Where fragments go on behind those that gather() has found. */
let gatheredEnd: usize = 0;

/**
 * Describes the data of fragments from `at` on that are whole records, up to one for each lane, and passes over the padding of pages. Gives
 * their number. A page ends at `pageEnd`.
 */
function gather(at: usize, end: usize, pageEnd: usize, lanes: usize): u32 {
  let count: u32 = 0;
  while (at < end && count < <u32>crcLanes) {
    while (at >= pageEnd) pageEnd += pageBytes;
    const type: u32 = load<u8>(at);
    if (type === 0) {
      if (pageEnd > end || !isZero(at, pageEnd)) break;
      at = pageEnd;
      continue;
    }
    const data = at + headerBytes;
    if ((type & ~snappyBit) !== fullFragment || data > pageEnd || data > end) break;
    const bytes: usize = (<usize>load<u8>(at, 1) << 8) | <usize>load<u8>(at, 2);
    if (data + bytes > pageEnd || data + bytes > end) break;
    store<u32>(lanes + (<usize>count << 2), <u32>data, crcStarts);
    store<u32>(lanes + (<usize>count << 2), <u32>bytes, crcLengths);
    at = data + bytes;
    count++;
  }
  gatheredEnd = at;
  return count;
}

/** Writes a record, whose checksum was looked at, as an entry at `out`. Gives where that ends; 0 = it is damaged, or there is no room. */
// @ts-ignore: decorator
@inline
function putRecord(data: usize, bytes: usize, segment: u32, out: usize, outEnd: usize): usize {
  const isSnappy = (<u32>load<u8>(data - headerBytes) & snappyBit) !== 0;
  const length = isSnappy ? expandedLength(data, data + bytes) : <u32>bytes;
  if (length === 0 || out + ringEntryBytes + length + slackBytes > outEnd) return 0;
  const record = out + ringEntryBytes;
  if (isSnappy) {
    if (!snappyExpand(lengthEnd, data + bytes - lengthEnd, record, length)) return 0;
  } else memory.copy(record, data, length);
  store<u32>(out, (segment << 8) | ringRecord);
  store<u32>(out, length, ringEntryLength);
  return record + ((<usize>length + 7) & ~7);
}

/**
 * Writes the records of fragments in [at, end) to [out, outEnd), as entries of the ring. The byte at `at` is that number `offset` of the
 * segment. Writes to the word of `lanes` (crc-layout.ts) where it has stopped, and gives where the entries end.
 */
export function readRecords(
  at: usize,
  end: usize,
  offset: f64,
  segment: u32,
  out: usize,
  outEnd: usize,
  lanes: usize,
): usize {
  const first = at;
  const pageEnd = at + pageBytes - (<usize>offset & (pageBytes - 1));
  while (true) {
    const count = gather(at, end, pageEnd, lanes);
    const behind = gatheredEnd;
    crc32cs(lanes, count);
    let taken: u32 = 0;
    for (; taken < count; taken++) {
      const lane = lanes + (<usize>taken << 2);
      const data: usize = load<u32>(lane, crcStarts);
      const bytes: usize = load<u32>(lane, crcLengths);
      if (load<u32>(lane, crcResults) !== bswap<u32>(load<u32>(data - 4))) break;
      const next = putRecord(data, bytes, segment, out, outEnd);
      if (next === 0) break;
      store<f64>(out, offset + <f64>(data - headerBytes - first), 8);
      store<f64>(out, offset + <f64>(data + bytes - first), 16);
      out = next;
      at = data + bytes;
    }
    if (taken < count) break;
    at = behind;
    if (count === 0) break;
  }
  store<u32>(lanes, <u32>at, crcWord);
  return out;
}
