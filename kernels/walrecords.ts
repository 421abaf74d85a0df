// Records of a segment on their way into the ring of records (src/tsdb/wal/recordring.ts), many at once. Only those that are whole, in one
// fragment, with snappy or without, are taken; at all else the kernel stops. Twin: SegmentReader in src/tsdb/wal, which says what is wrong.
import {ringEntryBytes, ringEntryLength, ringRecord} from '../src/kernels/snapshot-layout';
import {crc32c} from './crc32c';
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

/**
 * Writes the records of fragments in [at, end) to [out, outEnd), as entries of the ring. The byte at `at` is that number `offset` of the
 * segment. Writes to `stopped` where it has stopped, and gives where the entries end.
 */
export function readRecords(
  at: usize,
  end: usize,
  offset: f64,
  segment: u32,
  out: usize,
  outEnd: usize,
  stopped: usize,
): usize {
  const first = at;
  let pageEnd = at + pageBytes - (<usize>offset & (pageBytes - 1));
  while (at < end) {
    if (at === pageEnd) pageEnd += pageBytes;
    const type: u32 = load<u8>(at);
    if (type === 0) {
      if (pageEnd > end || !isZero(at, pageEnd)) break;
      at = pageEnd;
      continue;
    }
    const data = at + headerBytes;
    if ((type & ~snappyBit) !== fullFragment || data > pageEnd || data > end) break;
    const bytes: usize = (<usize>load<u8>(at, 1) << 8) | <usize>load<u8>(at, 2);
    const next = data + bytes;
    if (next > pageEnd || next > end) break;
    const isSnappy = (type & snappyBit) !== 0;
    const length = isSnappy ? expandedLength(data, next) : <u32>bytes;
    if (length === 0 || out + ringEntryBytes + length + slackBytes > outEnd) break;
    if (crc32c(data, bytes, 0) !== bswap<u32>(load<u32>(at, 3))) break;
    const record = out + ringEntryBytes;
    if (isSnappy) {
      if (!snappyExpand(lengthEnd, next - lengthEnd, record, length)) break;
    } else memory.copy(record, data, length);
    store<u32>(out, (segment << 8) | ringRecord);
    store<u32>(out, length, ringEntryLength);
    store<f64>(out, offset + <f64>(at - first), 8);
    store<f64>(out, offset + <f64>(next - first), 16);
    out = record + ((<usize>length + 7) & ~7);
    at = next;
  }
  store<u32>(stopped, <u32>at);
  return out;
}
