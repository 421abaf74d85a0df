// The index of a block. See tsdb/docs/format/index.md and tsdb/index/index.go of Prometheus:
//
//     magic:u32 0xBAAAD700  version:u8  symbols  series  label indexes  postings  label offset table  postings offset table  TOC
//
// Versions 1 to 3 are read. A series' reference is its place in the file, from version 2 on divided by 16.

import {ByteReader} from '../../base/varint.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import type {BlockFile} from './blockfile.ts';
import {BlockDamage, damageOf} from './damage.ts';
import {openPostingsTable, type PostingsTable} from './postingstable.ts';
import {sectionBytes, uint32At, wrongChecksum} from './scan.ts';
import {readSeries, type SeriesBatch} from './seriesbatch.ts';
import {SymbolTable} from './symboltable.ts';

export const indexFile = 'index';
export const indexMagic = 0xbaaad700;
export const indexHeaderBytes = 5;
export const tocBytes = 52;
export const seriesAlignment = 16;
/** What is kept of lists that had to be made again. */
const mendedBytesMax = 8 * 2 ** 20;

/** Places of the sections in the file; 0 = there is none. */
export interface IndexToc {
  symbols: number;
  series: number;
  labelIndexes: number;
  labelIndexTable: number;
  postings: number;
  postingsTable: number;
}

export class BlockIndex {
  readonly file: BlockFile;
  readonly version: number;
  readonly toc: IndexToc;
  readonly symbols: SymbolTable;
  readonly table: PostingsTable;
  readonly #reader = new ByteReader(new Uint8Array(0));
  /** By place, what damaged lists of postings held. */
  readonly #mended = new Map<number, Uint32Array<ArrayBuffer>>();
  #mendedBytes = 0;

  /** Verifies the header, the table of contents, the symbols and the postings offset table. Throws BlockDamage. */
  constructor(file: BlockFile) {
    this.file = file;
    this.version = readVersion(file);
    this.toc = readToc(file);
    this.symbols = new SymbolTable(file, this.toc.symbols, this.version);
    this.table = openPostingsTable(file, this.toc.postingsTable, this.version);
  }

  /** The series that have this label pair, rising; an empty name and value stand for all series. Verified. */
  postings(name: string, value: string): Uint32Array<ArrayBuffer> {
    const offset = this.table.find(name, value);
    return offset < 0 ? new Uint32Array(0) : this.postingsAt(offset);
  }

  postingsAt(offset: number): Uint32Array<ArrayBuffer> {
    return readPostings(this.file, offset);
  }

  /** The list that stands at `offset`, where it is damaged and was made again; else null. */
  mended(offset: number): Uint32Array<ArrayBuffer> | null {
    return this.#mended.get(offset) ?? null;
  }

  keepMended(offset: number, refs: Uint32Array<ArrayBuffer>): void {
    if (this.#mendedBytes + refs.byteLength > mendedBytesMax) return;
    this.#mendedBytes += refs.byteLength;
    this.#mended.set(offset, refs);
  }

  /** Appends a series to `batch`: its labels, and those of its chunks that overlap [mint, maxt]. Verified. */
  series(ref: number, batch: SeriesBatch, mint: number, maxt: number): void {
    const place = this.version === 1 ? ref : ref * seriesAlignment;
    damageOf(this.file.path, place, () => {
      const bytes = this.#seriesBytes(place);
      this.#reader.reset(bytes, 0, bytes.length);
      readSeries(this.#reader, batch, {ref, mint, maxt});
    });
  }

  /** As series(), for queries: what was asked for before is known. */
  knownSeries(ref: number, batch: SeriesBatch, mint: number, maxt: number): void {
    const {number} = this.file;
    const {series} = this.file.cache;
    if (series.copyTo(batch, number, {ref, mint, maxt})) return;
    const one = series.emptyOne();
    this.series(ref, one, -Infinity, Infinity);
    batch.append(one, 0, mint, maxt);
    series.keepOne(number);
  }

  #seriesBytes(place: number): Uint8Array {
    const head = this.#reader;
    const start = this.file.upTo(place, 10);
    head.reset(start, 0, start.length);
    const length = head.uvarint();
    const content = place + head.position;
    if (content + length + 4 > this.toc.postingsTable) {
      throw new BlockDamage(this.file.path, place, `a series of ${length} bytes does not fit`);
    }
    const bytes = this.file.bytes(content, length + 4);
    const crc = crc32c(bytes, 0, length);
    const stored = uint32At(bytes, length);
    if (crc !== stored) throw wrongChecksum(this.file.path, place, stored, crc);
    return bytes.subarray(0, length);
  }
}

/** The list of postings at `offset`. Throws BlockDamage. */
export function readPostings(file: BlockFile, offset: number): Uint32Array<ArrayBuffer> {
  const bytes = sectionBytes(file, offset);
  const count = bytes.length < 4 ? -1 : uint32At(bytes, 0);
  if (bytes.length !== 4 + 4 * count) {
    throw new BlockDamage(
      file.path,
      offset,
      `unexpected postings length, should be ${4 * count} bytes for ${count} postings, got ${bytes.length - 4} bytes`,
    );
  }
  const refs = new Uint32Array(count);
  for (let i = 0; i < count; i++) refs[i] = uint32At(bytes, 4 + 4 * i);
  return refs;
}

/** Throws BlockDamage. */
export function readVersion(file: BlockFile): number {
  if (file.size < indexHeaderBytes + tocBytes) throw new BlockDamage(file.path, 0, 'it is too short');
  const header = file.bytes(0, indexHeaderBytes);
  const magic = uint32At(header, 0);
  if (magic !== indexMagic) throw new BlockDamage(file.path, 0, `invalid magic number ${magic.toString(16)}`);
  const version = header[4]!;
  if (version < 1 || version > 3)
    throw new BlockDamage(file.path, 4, `unknown index file version ${version}`);
  return version;
}

/** Throws BlockDamage. */
export function readToc(file: BlockFile): IndexToc {
  const start = file.size - tocBytes;
  const bytes = file.bytes(start, tocBytes).slice();
  const crc = crc32c(bytes, 0, tocBytes - 4);
  const stored = uint32At(bytes, tocBytes - 4);
  if (crc !== stored) throw wrongChecksum(file.path, start, stored, crc);
  const reader = new ByteReader(bytes);
  return {
    symbols: reader.uint64(),
    series: reader.uint64(),
    labelIndexes: reader.uint64(),
    labelIndexTable: reader.uint64(),
    postings: reader.uint64(),
    postingsTable: reader.uint64(),
  };
}
