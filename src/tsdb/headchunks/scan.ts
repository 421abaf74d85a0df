import {ByteReader} from '../../base/varint.ts';
import {chunkSamples, headerSamples} from '../block/decode.ts';
import {crcLanesBytes} from '../../kernels/crc-layout.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {writeFully} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import {
  checksumBytes,
  chunkBytesMax,
  entryFixedBytes,
  entryMetaBytesMax,
  fileHeader,
  fileHeaderBytes,
  headChunkPath,
  headChunksMagic,
  headChunksVersion,
  listHeadChunkFiles,
  outOfOrderBit,
} from './format.ts';
import {type LogMemory, PageBuffer} from '../wal/page-buffer.ts';
import type {ChunkMeta} from './writer.ts';

/** What an entry says, and where it is. One object, reused. */
export interface ScannedChunk extends ChunkMeta {
  file: number;
  /** Of the entry. */
  offset: number;
  /** Of the chunk's data. */
  bytes: number;
  samples: number;
}

export function emptyChunk(): ScannedChunk {
  return {
    ref: 0,
    minTime: 0,
    maxTime: 0,
    encoding: 0,
    outOfOrder: false,
    file: 0,
    offset: 0,
    bytes: 0,
    samples: 0,
  };
}

/** Where files stopped making sense: from here on nothing of them is used. */
export interface HeadChunkDamage {
  file: number;
  offset: number;
  reason: string;
  /** The disk could not read it now: it may be sound, and stays as it is. */
  unreadable?: boolean;
}

export interface HeadChunkScan {
  files: number;
  chunks: number;
  /** Number of the last file that is used; 0 = none. */
  lastFile: number;
  damage: HeadChunkDamage | null;
}

const readBytes = 1024 * 1024;

/** Entries that the kernel reads at once, in rows of so many numbers; one number behind them. */
const rowsAtOnce = 1024;
const rowNumbers = 6;
const rowsBytes = 8 * (rowsAtOnce * rowNumbers + 1);

/** Missing files that are made up for. */
const missingMax = 1000;

/**
 * Reads all entries, in the order in which they were written, up to the first damage. The chunks of a series come in the order of
 * time, so what is found of each is whole up to a time. Changes nothing.
 */
export function scanHeadChunks(
  fs: FileSystem,
  dir: string,
  receive: (chunk: ScannedChunk) => void,
  options: ScanOptions = {},
): HeadChunkScan {
  return scanHeadChunkFiles(fs, dir, listHeadChunkFiles(fs, dir), receive, options);
}

export interface ScanOptions {
  linear?: LogMemory | null;
  /** Between files: `done` of `total` are read. */
  onProgress?: (done: number, total: number) => void;
}

/** The same for some of the files. */
export function scanHeadChunkFiles(
  fs: FileSystem,
  dir: string,
  files: readonly number[],
  receive: (chunk: ScannedChunk) => void,
  {linear = null, onProgress}: ScanOptions = {},
): HeadChunkScan {
  const scan: HeadChunkScan = {files: 0, chunks: 0, lastFile: 0, damage: null};
  let previous = 0;
  for (const file of files) {
    onProgress?.(scan.files, files.length);
    if (previous > 0 && file !== previous + 1) {
      scan.damage = {file, offset: 0, reason: `file ${previous + 1} is missing`};
      return scan;
    }
    previous = file;
    const scanner = new FileScanner(fs, dir, file, linear);
    try {
      scan.damage = scanner.run(receive);
    } finally {
      scan.chunks += scanner.chunks;
      scanner.close();
    }
    // A file without a sound entry is no file.
    if (scan.damage !== null && scan.damage.offset <= fileHeaderBytes) return scan;
    scan.files++;
    scan.lastFile = file;
    if (scan.damage !== null) return scan;
  }
  return scan;
}

/**
 * Takes away what is behind the damage: the end of its file, and what is in the files after it. These stay, empty, so that no number
 * is used twice: the log of late samples may name chunks that were there. Returns the number of the last file.
 */
export function repairHeadChunks(fs: FileSystem, dir: string, damage: HeadChunkDamage, log: Logger): number {
  const {first, last} = repairRange(fs, dir, damage);
  for (let file = last; file >= first; file--) {
    if (file === damage.file && damage.offset > fileHeaderBytes)
      cutFile(fs, headChunkPath(dir, file), damage.offset);
    else emptyFile(fs, headChunkPath(dir, file));
  }
  fs.syncDirectory(dir);
  log.warn('Head chunks are repaired: what was cut off is read from the log again', {...damage});
  return last;
}

/** The files to repair: missing ones among them are made. */
function repairRange(fs: FileSystem, dir: string, {file}: HeadChunkDamage): {first: number; last: number} {
  const files = listHeadChunkFiles(fs, dir);
  const before = files.filter((each) => each < file).at(-1) ?? file - 1;
  const last = files.at(-1) ?? file;
  if (last - before <= missingMax) return {first: before + 1, last};
  for (const each of files.reverse()) if (each >= file) fs.remove(headChunkPath(dir, each));
  return {first: before + 1, last: before};
}

function cutFile(fs: FileSystem, path: string, offset: number): void {
  const file = fs.open(path, 'r+');
  try {
    fs.truncate(file, offset);
    fs.sync(file);
  } finally {
    fs.close(file);
  }
}

function emptyFile(fs: FileSystem, path: string): void {
  fs.remove(path);
  const file = fs.open(path, 'wx');
  try {
    const header = fileHeader();
    writeFully(fs, file, header, 0, header.length, 0);
    fs.sync(file);
  } finally {
    fs.close(file);
  }
}

class FileScanner {
  chunks = 0;
  #unreadable = false;
  readonly #fs: FileSystem;
  readonly #file: number;
  readonly #opened: number;
  readonly #size: number;
  readonly #reader = new ByteReader(new Uint8Array(0));
  readonly #chunk: ScannedChunk;
  readonly #linear: LogMemory | null;
  /** Where the kernel writes what it reads, and behind it what it needs for checksums. */
  readonly #rows: number;
  #pages: PageBuffer;
  /** What of the file #buffer holds. */
  #start = 0;
  #end = 0;

  constructor(fs: FileSystem, dir: string, file: number, linear: LogMemory | null) {
    this.#fs = fs;
    this.#file = file;
    this.#opened = fs.open(headChunkPath(dir, file), 'r');
    this.#size = fs.size(this.#opened);
    this.#linear = linear;
    this.#pages = new PageBuffer(Math.max(64, Math.min(readBytes, this.#size)), linear);
    this.#rows = linear?.arena.alloc(rowsBytes + crcLanesBytes) ?? 0;
    this.#chunk = {...emptyChunk(), file};
  }

  close(): void {
    this.#pages.free();
    this.#linear?.arena.free(this.#rows, rowsBytes + crcLanesBytes);
    this.#fs.close(this.#opened);
  }

  get #buffer(): Uint8Array {
    return this.#pages.bytes;
  }

  run(receive: (chunk: ScannedChunk) => void): HeadChunkDamage | null {
    const wrong = this.#orError(() => this.#checkHeader());
    if (wrong !== null) return this.#damage(0, String(wrong));
    let offset = fileHeaderBytes;
    while (offset < this.#size) {
      offset = this.#soundEntries(offset, receive);
      if (offset >= this.#size) return null;
      const next = this.#orError(() => this.#entry(offset));
      if (typeof next === 'string') return this.#damage(offset, next);
      if (next === 0) return null;
      this.chunks++;
      receive(this.#chunk);
      offset = next;
    }
    return null;
  }

  /** Takes the entries from `offset` on that the buffer holds, as long as they are sound, and gives where the others begin. */
  #soundEntries(offset: number, receive: (chunk: ScannedChunk) => void): number {
    if (this.#linear === null || offset < this.#start) return offset;
    const {memory, kernels} = this.#linear;
    const {address} = this.#pages;
    const end = address + (this.#end - this.#start);
    const rows = this.#rows;
    const chunk = this.#chunk;
    for (let count = rowsAtOnce; count === rowsAtOnce;) {
      const at = address + (offset - this.#start);
      if (at >= end) break;
      count = kernels.scanEntries(at, end, offset, rows, rowsAtOnce, rows + rowsBytes);
      for (let row = rows >>> 3, i = 0; i < count; i++, row += rowNumbers) {
        const header = memory.f64[row + 4]!;
        chunk.ref = memory.f64[row]!;
        chunk.minTime = memory.f64[row + 1]!;
        chunk.maxTime = memory.f64[row + 2]!;
        chunk.offset = memory.f64[row + 3]!;
        chunk.outOfOrder = (header & outOfOrderBit) !== 0;
        chunk.encoding = header & (outOfOrderBit - 1);
        chunk.bytes = memory.f64[row + 5]!;
        chunk.samples = headerSamples(chunk.encoding, header >>> 8);
        receive(chunk);
      }
      this.chunks += count;
      offset = memory.f64[(rows >>> 3) + rowNumbers * rowsAtOnce]! - address + this.#start;
    }
    return offset;
  }

  #orError<T>(read: () => T): T | string {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) this.#unreadable = true;
      return error instanceof Error ? error.message : String(error);
    }
  }

  #damage(offset: number, reason: string): HeadChunkDamage {
    return {file: this.#file, offset, reason, ...(this.#unreadable ? {unreadable: true} : {})};
  }

  #checkHeader(): string | null {
    if (this.#size < fileHeaderBytes) return `the file has only ${this.#size} bytes`;
    const at = this.#load(0, fileHeaderBytes);
    const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset + at, fileHeaderBytes);
    const magic = view.getUint32(0);
    if (magic !== headChunksMagic) return `invalid magic number ${magic.toString(16)}`;
    const version = view.getUint8(4);
    return version === headChunksVersion ? null : `invalid chunk format version ${version}`;
  }

  /** Reads an entry. Gives where the next one begins, 0 at the end of what was written, or what is wrong. */
  #entry(offset: number): number | string {
    const left = this.#size - offset;
    const head = Math.min(left, entryMetaBytesMax);
    const start = this.#load(offset, head);
    if (this.#isEmpty(start, Math.min(head, entryFixedBytes - 1))) return 0;
    if (left < entryMetaBytesMax) return 'the file ends inside an entry';
    const chunk = this.#chunk;
    const reader = this.#reader;
    reader.reset(this.#buffer, start, start + head);
    chunk.offset = offset;
    chunk.ref = reader.uint64();
    chunk.minTime = reader.int64();
    chunk.maxTime = reader.int64();
    const encoding = reader.byte();
    chunk.outOfOrder = (encoding & outOfOrderBit) !== 0;
    chunk.encoding = encoding & ~outOfOrderBit;
    const length = lengthOf(reader);
    if (length < 2 || length > chunkBytesMax) return `invalid chunk length ${length}`;
    const data = reader.position - start;
    const total = data + length + checksumBytes;
    if (total > left) return 'the file ends inside an entry';
    return this.#check(offset, data, length) ?? offset + total;
  }

  #check(offset: number, data: number, length: number): string | null {
    const start = this.#load(offset, data + length + checksumBytes);
    const end = start + data + length;
    this.#reader.reset(this.#buffer, end, end + checksumBytes);
    const expected = this.#reader.uint32();
    const actual = this.#pages.checksum(start, end);
    if (actual !== expected) {
      return `checksum mismatch expected:${expected.toString(16)}, actual:${actual.toString(16)}`;
    }
    const chunk = this.#chunk;
    if (!(chunk.ref <= Number.MAX_SAFE_INTEGER)) return `invalid series reference ${chunk.ref}`;
    if (chunk.minTime > chunk.maxTime) return `times ${chunk.minTime} to ${chunk.maxTime} do not rise`;
    chunk.bytes = length;
    chunk.samples = chunkSamples(chunk.encoding, this.#buffer.subarray(start + data, start + data + 2));
    return null;
  }

  /** Makes `length` bytes from `offset` of the file present, and gives where in the buffer they begin. */
  #load(offset: number, length: number): number {
    if (offset >= this.#start && offset + length <= this.#end) return offset - this.#start;
    if (length > this.#buffer.length) this.#grow(length);
    this.#start = offset;
    this.#end = offset;
    while (this.#end < offset + length) {
      const held = this.#end - offset;
      const count = this.#fs.read(this.#opened, this.#buffer, held, this.#buffer.length - held, this.#end);
      if (count === 0)
        throw new RangeError(`head chunk file ${this.#file} ends before byte ${offset + length}`);
      this.#end += count;
    }
    return 0;
  }

  #grow(length: number): void {
    this.#pages.free();
    this.#pages = new PageBuffer(Math.max(length, readBytes), this.#linear);
  }

  #isEmpty(start: number, length: number): boolean {
    // Fast path: the low bytes of the ref, of which few are 0.
    if (length > 7 && (this.#buffer[start + 7] !== 0 || this.#buffer[start + 6] !== 0)) return false;
    for (let i = start; i < start + length; i++) if (this.#buffer[i] !== 0) return false;
    return true;
  }
}

function lengthOf(reader: ByteReader): number {
  try {
    return reader.uvarint();
  } catch (error) {
    if (error instanceof RangeError) return -1;
    throw error;
  }
}
