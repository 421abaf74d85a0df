import {assert} from '../../base/assert.ts';
import {putInt64, putUint32, putUint64, putUvarint} from '../../base/varint.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {writeFully} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {PageBuffer} from '../wal/page-buffer.ts';
import {
  chunkBytesMax,
  chunkBytesMin,
  chunkReference,
  entryMetaBytesMax,
  fileBytesMax,
  fileHeader,
  fileHeaderBytes,
  headChunkPath,
  outOfOrderBit,
  preallocatedBytes,
} from './format.ts';

export interface HeadChunkWriterOptions {
  fs: FileSystem;
  /** `chunks_head`; made with the first chunk. */
  dir: string;
  log: Logger;
  /** Number of the newest file there is; 0 = none. What is written goes to those after it. */
  lastFile: number;
  linear?: LogMemory | null;
  fileBytes?: number;
}

export interface ChunkMeta {
  /** HeadSeriesRef. */
  ref: number;
  minTime: number;
  maxTime: number;
  /** As in the chunk formats, below 128. */
  encoding: number;
  outOfOrder: boolean;
}

const bufferBytes = 1024 * 1024;

/**
 * Writes full chunks to files. write() gives references, which hold only when the next flush() has returned; when it throws, they
 * are void, the file is as it was, and the chunks may be written again.
 */
export class HeadChunkWriter {
  /** Running counts. */
  chunksWritten = 0;
  bytesWritten = 0;
  /** Files that may not be on the disk. */
  syncsFailed = 0;
  readonly #fs: FileSystem;
  readonly #dir: string;
  readonly #log: Logger;
  readonly #fileBytes: number;
  readonly #linear: LogMemory | null;
  #buffer: PageBuffer;
  #length = 0;
  #buffered = 0;
  #file = -1;
  #fileNumber: number;
  /** Bytes of the file that hold flushed entries; where #buffer goes. */
  #flushed = 0;

  constructor({fs, dir, log, lastFile, linear = null, fileBytes = fileBytesMax}: HeadChunkWriterOptions) {
    this.#fs = fs;
    this.#dir = dir;
    this.#log = log;
    this.#fileBytes = fileBytes;
    this.#linear = linear;
    this.#fileNumber = lastFile;
    this.#buffer = new PageBuffer(bufferBytes, linear);
  }

  /** The file that was written to last; 0 = none yet. */
  get lastFile(): number {
    return this.#fileNumber;
  }

  /** Whether the last file is still written to. */
  get isOpen(): boolean {
    return this.#file >= 0;
  }

  /** Adds bytes[start, end) and gives the chunk's reference. May flush what was added before. */
  write(meta: ChunkMeta, bytes: Uint8Array, start: number, end: number): number {
    const size = end - start;
    assert(size >= chunkBytesMin && size <= chunkBytesMax, `a chunk of ${size} bytes fits the format`);
    assert(meta.encoding < outOfOrderBit, `encoding ${meta.encoding} is below ${outOfOrderBit}`);
    const room = entryMetaBytesMax + size;
    if (this.#length + room > this.#buffer.bytes.length) this.#makeRoom(room);
    if (this.#file >= 0 && this.#flushed + this.#length + room > this.#fileBytes) this.cut();
    if (this.#file < 0) this.#create();
    const reference = chunkReference(this.#fileNumber, this.#flushed + this.#length);
    this.#put(meta, bytes, start, end);
    this.#buffered++;
    return reference;
  }

  /** Hands what was added to the operating system. From here on it can be read. */
  flush(): void {
    if (this.#length === 0) return;
    const length = this.#length;
    const count = this.#buffered;
    this.#length = 0;
    this.#buffered = 0;
    try {
      writeFully(this.#fs, this.#file, this.#buffer.bytes, 0, length, this.#flushed);
    } catch (error) {
      this.#takeBack(length);
      throw error;
    }
    this.#flushed += length;
    this.chunksWritten += count;
    this.bytesWritten += length;
  }

  /** Ends the file, where one is open: the next chunk begins a new one. What was added is flushed, and throws where that fails. */
  cut(): void {
    if (this.#file < 0) return;
    this.flush();
    const file = this.#file;
    this.#file = -1;
    try {
      this.#fs.sync(file);
    } catch (error) {
      // The log has what is in doubt, and damage shows by the checksums.
      this.syncsFailed++;
      this.#log.error('Head chunks: cannot sync a file', {file: this.#fileNumber, err: error});
    }
    this.#close(file);
  }

  /** Ends the file and gives the buffer back. */
  close(): void {
    try {
      this.cut();
    } finally {
      if (this.#file >= 0) this.#close(this.#file);
      this.#file = -1;
      this.#buffer.free();
    }
  }

  #put(
    {ref, minTime, maxTime, encoding, outOfOrder}: ChunkMeta,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    const {bytes} = this.#buffer;
    const from = this.#length;
    let at = putInt64(bytes, putInt64(bytes, putUint64(bytes, from, ref), minTime), maxTime);
    bytes[at++] = outOfOrder ? encoding | outOfOrderBit : encoding;
    at = putUvarint(bytes, at, end - start);
    for (let i = start; i < end; i++) bytes[at++] = source[i]!;
    this.#length = putUint32(bytes, at, this.#buffer.checksum(from, at));
  }

  #makeRoom(room: number): void {
    this.flush();
    if (room <= this.#buffer.bytes.length) return;
    this.#buffer.free();
    this.#buffer = new PageBuffer(Math.max(room, 2 * this.#buffer.bytes.length), this.#linear);
  }

  #create(): void {
    const number = this.#fileNumber + 1;
    const path = headChunkPath(this.#dir, number);
    const header = fileHeader();
    this.#fs.makeDirectory(this.#dir);
    this.#fs.remove(path);
    const file = this.#fs.open(path, 'wx');
    try {
      this.#fs.truncate(file, Math.min(preallocatedBytes, this.#fileBytes));
      writeFully(this.#fs, file, header, 0, header.length, 0);
      this.#fs.syncDirectory(this.#dir);
    } catch (error) {
      this.#close(file);
      this.#fs.remove(path);
      throw error;
    }
    this.#file = file;
    this.#fileNumber = number;
    this.#flushed = fileHeaderBytes;
  }

  /** After a failed write of `length` bytes: makes the file end where it ended, or leaves it to its fate and begins another. */
  #takeBack(length: number): void {
    try {
      this.#fs.truncate(this.#file, this.#flushed);
      if (this.#flushed < preallocatedBytes) {
        this.#fs.truncate(this.#file, Math.min(preallocatedBytes, this.#fileBytes));
      }
    } catch (error) {
      this.#log.error('Head chunks: cannot take back a failed write', {
        file: this.#fileNumber,
        offset: this.#flushed,
        bytes: length,
        err: error,
      });
      const file = this.#file;
      this.#file = -1;
      this.#close(file);
    }
  }

  #close(file: number): void {
    try {
      this.#fs.close(file);
    } catch (error) {
      this.#log.warn('Head chunks: cannot close a file', {file: this.#fileNumber, err: error});
    }
  }
}
