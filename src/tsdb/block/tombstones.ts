// The tombstones of a block: which samples of which series are deleted. See tsdb/tombstones/tombstones.go of Prometheus:
//
//     magic:u32 0x0130BA30  version:u8 1  (ref:uvarint mint:varint maxt:varint)*  CRC-32C of the list:u32

import {ByteReader, putUint32, putUvarint, putVarint, varintBytesMax} from '../../base/varint.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import {type FileSystem, hasCode} from '../../sys/fs.ts';
import {BlockDamage, damageOf} from './damage.ts';
import {readSmallFile, replaceFile} from './meta.ts';
import {uint32At, wrongChecksum} from './scan.ts';

export const tombstonesFile = 'tombstones';
const magic = 0x0130ba30;
const version = 1;
const headerBytes = 5;
const fileBytesMax = 2 ** 30;

/** Deleted times of one series, `[first, last, first, last, …]`, both inclusive, rising, with gaps between them. */
export type Intervals = number[];

export class Tombstones {
  readonly #bySeries = new Map<number, Intervals>();

  /** Number of intervals of all series. */
  get count(): number {
    let count = 0;
    for (const intervals of this.#bySeries.values()) count += intervals.length / 2;
    return count;
  }

  get seriesCount(): number {
    return this.#bySeries.size;
  }

  of(ref: number): Intervals | undefined {
    return this.#bySeries.get(ref);
  }

  entries(): IterableIterator<[number, Intervals]> {
    return this.#bySeries.entries();
  }

  add(ref: number, first: number, last: number): void {
    this.#bySeries.set(ref, addInterval(this.#bySeries.get(ref) ?? [], first, last));
  }
}

/** `intervals` with [first, last] joined to those that it overlaps or touches. */
export function addInterval(intervals: Intervals, first: number, last: number): Intervals {
  const end = intervals.length;
  if (end === 0 || first > intervals[end - 1]! + 1) {
    intervals.push(first, last); // Fast path: they mostly come in order.
    return intervals;
  }
  const joined: Intervals = [];
  let at = 0;
  for (; at < end && intervals[at + 1]! < first - 1; at += 2) joined.push(intervals[at]!, intervals[at + 1]!);
  let from = first;
  let to = last;
  for (; at < end && intervals[at]! <= to + 1; at += 2) {
    from = Math.min(from, intervals[at]!);
    to = Math.max(to, intervals[at + 1]!);
  }
  joined.push(from, to);
  for (; at < end; at++) joined.push(intervals[at]!);
  return joined;
}

/** No file means no tombstones. Throws BlockDamage. */
export function readTombstones(fs: FileSystem, dir: string): {tombstones: Tombstones; bytes: number} {
  const path = `${dir}/${tombstonesFile}`;
  let bytes: Uint8Array;
  try {
    bytes = readSmallFile(fs, path, fileBytesMax);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return {tombstones: new Tombstones(), bytes: 0};
    throw error;
  }
  return {tombstones: parseTombstones(bytes, path), bytes: bytes.length};
}

export function parseTombstones(bytes: Uint8Array, path: string): Tombstones {
  const end = bytes.length - 4;
  if (end < headerBytes) throw new BlockDamage(path, 0, `it is too short: ${bytes.length} bytes`);
  const found = uint32At(bytes, 0);
  if (found !== magic) throw new BlockDamage(path, 0, `invalid magic number ${found.toString(16)}`);
  const crc = crc32c(bytes, headerBytes, end);
  const stored = uint32At(bytes, end);
  if (crc !== stored) throw wrongChecksum(path, end, stored, crc);
  if (bytes[4] !== version) throw new BlockDamage(path, 4, `invalid tombstone format ${bytes[4]}`);
  const tombstones = new Tombstones();
  const reader = new ByteReader(bytes, headerBytes, end);
  damageOf(path, headerBytes, () => {
    while (reader.position < end) tombstones.add(reader.uvarint(), reader.varint(), reader.varint());
  });
  return tombstones;
}

export function formatTombstones(tombstones: Tombstones): Uint8Array {
  const bytes = new Uint8Array(headerBytes + 3 * varintBytesMax * tombstones.count + 4);
  putUint32(bytes, 0, magic);
  bytes[4] = version;
  let at = headerBytes;
  for (const [ref, intervals] of tombstones.entries()) {
    for (let i = 0; i < intervals.length; i += 2) {
      at = putUvarint(bytes, at, ref);
      at = putVarint(bytes, at, intervals[i]!);
      at = putVarint(bytes, at, intervals[i + 1]!);
    }
  }
  const crc = crc32c(bytes, headerBytes, at);
  return bytes.subarray(0, putUint32(bytes, at, crc));
}

export function writeTombstones(fs: FileSystem, dir: string, tombstones: Tombstones): number {
  const bytes = formatTombstones(tombstones);
  replaceFile(fs, dir, tombstonesFile, bytes);
  return bytes.length;
}
