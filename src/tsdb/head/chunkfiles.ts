import {
  indexPrevious,
  indexRange,
  indexEntries,
  indexEntryBytes,
  indexEntryMaxTime,
  indexEntryChunk,
  indexEntrySamples,
} from '../../kernels/index-layout.ts';
import {assert} from '../../base/assert.ts';
import {slotRef, slotSealed} from '../../kernels/head-layout.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import {headChunkPath, listHeadChunkFiles, referenceFile} from '../headchunks/format.ts';
import {HeadChunkError, HeadChunkReader} from '../headchunks/reader.ts';
import {type ChunkMeta, HeadChunkWriter} from '../headchunks/writer.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {chunkBytes, chunkEncoding, storedBlock} from './chunks.ts';
import {retiredFile, type Reclaimer} from './epochs.ts';
import {filedFile, filedOffset, isFiled, publishFiled} from './filedchunks.ts';

export interface ChunkFilesOptions {
  fs: FileSystem;
  /** `chunks_head`. */
  dir: string;
  log: Logger;
  /** Number of the newest file there is; 0 = none. */
  lastFile: number;
  /** The oldest file there is. */
  firstFile: number;
  linear: LogMemory;
  /** Milliseconds that never go back. */
  elapsed: () => number;
}

/** Chunks that are moved together. */
const batchChunks = 1024;
/** Series with full chunks in memory, from which on they are moved at once. */
const waitingMax = 2048;
/** After a failure nothing is tried for so long. */
const retryMs = 5000;

/**
 * Moves full chunks from memory to files, and removes files that no series needs any more. What cannot be moved stays in memory
 * and is tried again. The log has all of it, so a lost file costs time at the next start, and nothing else.
 */
export class ChunkFiles {
  readonly reader: HeadChunkReader;
  writesFailed = 0;
  readsFailed = 0;
  /** Damage found at the start. */
  damages = 0;
  readonly #options: ChunkFilesOptions;
  readonly #memory: LinearMemory;
  readonly #u64: BigUint64Array;
  readonly #reclaimer: Reclaimer;
  readonly #writer: HeadChunkWriter;
  /** Slots (addresses) that may have full chunks in memory. */
  #waiting = new Uint32Array(4096);
  #waitingLength = 0;
  /** Index entries of each file's chunks. */
  readonly #counts = new Map<number, number>();
  #firstFile: number;
  #notBefore = -Infinity;

  constructor(memory: LinearMemory, reclaimer: Reclaimer, options: ChunkFilesOptions) {
    this.#memory = memory;
    this.#u64 = new BigUint64Array(memory.wasm.buffer);
    this.#reclaimer = reclaimer;
    this.#options = options;
    this.#firstFile = options.firstFile;
    this.reader = new HeadChunkReader(options.fs, options.dir, 4 * 1024 * 1024);
    const {fs, dir, log, lastFile, linear} = options;
    this.#writer = new HeadChunkWriter({fs, dir, log, lastFile, linear});
  }

  /** Moves all full chunks, ends the file, and says whether all that was ever written is on the disk. */
  settle(): boolean {
    this.#notBefore = -Infinity;
    if (!this.move()) return false;
    this.#tryCut();
    return !this.#writer.isOpen && this.#writer.syncsFailed === 0;
  }

  /** A reader for another thread, or for a look from outside. */
  openReader(): HeadChunkReader {
    return new HeadChunkReader(this.#options.fs, this.#options.dir);
  }

  get chunksWritten(): number {
    return this.#writer.chunksWritten;
  }

  get bytesWritten(): number {
    return this.#writer.bytesWritten;
  }

  /** A chunk of the slot at `slot` became full. */
  sealed(slot: number): void {
    if (this.#waitingLength === this.#waiting.length) {
      const larger = new Uint32Array(2 * this.#waiting.length);
      larger.set(this.#waiting);
      this.#waiting = larger;
    }
    this.#waiting[this.#waitingLength++] = slot;
  }

  /** Moves what waits, where it is much. Cheap otherwise: for after every commit. */
  moveIfMany(): void {
    if (this.#waitingLength >= waitingMax) this.move();
  }

  /** Moves all full chunks that are in memory. False where some stay: that is logged, and tried again later. */
  move(): boolean {
    if (this.#waitingLength === 0) return true;
    if (this.#options.elapsed() < this.#notBefore) return false;
    try {
      let done = 0;
      while (done < this.#waitingLength) done = this.#moveBatch(done);
      this.#waitingLength = 0;
      if (this.#waiting.length > 65_536) this.#waiting = new Uint32Array(4096);
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Writes a chunk at once. Returns its reference, or -1 where that fails, which is logged and not tried again for a while. */
  write(meta: ChunkMeta, bytes: Uint8Array, start: number, end: number): number {
    if (this.#options.elapsed() < this.#notBefore) return -1;
    try {
      const reference = this.#writer.write(meta, bytes, start, end);
      this.#writer.flush();
      return reference;
    } catch (error) {
      this.#failed(error);
      return -1;
    }
  }

  /** An index entry for a chunk in `file` was made. */
  added(file: number, count = 1): void {
    this.#counts.set(file, (this.#counts.get(file) ?? 0) + count);
  }

  /** An index entry for a chunk in `file` is gone. */
  dropped(file: number): void {
    const left = this.#counts.get(file)! - 1;
    assert(left >= 0, 'no more chunks are dropped than there were');
    if (left === 0) this.#counts.delete(file);
    else this.#counts.set(file, left);
  }

  /**
   * Gives up the oldest files, as far as no series has chunks in them: they are removed when readers have left. The file that is
   * written to is ended, so that it can go next time.
   */
  collect(): void {
    if (this.#writer.isOpen) this.#tryCut();
    const end = this.#writer.isOpen ? this.#writer.lastFile : this.#writer.lastFile + 1;
    for (; this.#firstFile < end && !this.#counts.has(this.#firstFile); this.#firstFile++) {
      this.#reclaimer.retire(this.#firstFile, retiredFile);
    }
  }

  /** Removes a file that nobody reads any more. */
  removeFile(file: number): void {
    const {fs, dir, log} = this.#options;
    try {
      this.reader.dropBefore(file + 1);
      fs.remove(headChunkPath(dir, file));
    } catch (error) {
      log.error('Head chunks: cannot remove a file that is no longer needed', {file, err: error});
    }
  }

  /** Reads the chunk that an index entry's words name; null, and a line in the log, where that fails. */
  tryRead(low: number, high: number): {bytes: Uint8Array; encoding: number} | null {
    const {reader} = this;
    try {
      reader.read(filedFile(low), filedOffset(high));
      return {bytes: reader.bytes.subarray(reader.start, reader.end), encoding: reader.encoding};
    } catch (error) {
      if (!(error instanceof HeadChunkError)) throw error;
      this.readsFailed++;
      this.#options.log.error('Head chunks: a chunk is damaged, its samples are lost until the next start', {
        err: error,
      });
      return null;
    }
  }

  /** Bytes of the files. */
  storageBytes(): number {
    const {fs, dir} = this.#options;
    let bytes = 0;
    for (const file of listHeadChunkFiles(fs, dir)) bytes += fs.status(headChunkPath(dir, file))?.bytes ?? 0;
    return bytes;
  }

  close(): void {
    this.#notBefore = -Infinity;
    this.move();
    this.reader.close();
    this.#writer.close();
  }

  #failed(error: unknown): void {
    this.writesFailed++;
    this.#notBefore = this.#options.elapsed() + retryMs;
    this.#options.log.error('Head chunks: cannot write, they stay in memory for now', {
      waiting: this.#waitingLength,
      err: error,
    });
  }

  #tryCut(): void {
    try {
      this.#writer.cut();
    } catch (error) {
      this.#options.log.error('Head chunks: cannot end a file', {file: this.#writer.lastFile, err: error});
    }
  }

  /** Moves chunks of the waiting slots from number `from` on, and returns the number of the first slot that is left. */
  #moveBatch(from: number): number {
    const entries: number[] = [];
    const references: number[] = [];
    // A slot waits once for each of its chunks.
    const seen = new Set<number>();
    let at = from;
    for (; at < this.#waitingLength && entries.length < batchChunks; at++) {
      const slot = this.#waiting[at]!;
      if (seen.has(slot)) continue;
      seen.add(slot);
      this.#writeSlot(slot, entries, references);
    }
    this.#writer.flush();
    for (let i = 0; i < entries.length; i++) this.#publish(entries[i]!, references[i]!);
    return at;
  }

  /** Writes the chunks of a slot that are in memory, the oldest first. */
  #writeSlot(slot: number, entries: number[], references: number[]): void {
    const {u8, f64} = this.#memory;
    const ref = f64[(slot + slotRef) >>> 3]!;
    const first = entries.length;
    entriesInMemory(this.#memory, slot, entries);
    for (let i = first; i < entries.length; i++) {
      const entry = entries[i]!;
      const bytes = chunkBytes(this.#memory, entry);
      const start = bytes.byteOffset;
      const meta = {
        ref,
        minTime: f64[entry >>> 3]!,
        maxTime: f64[(entry + indexEntryMaxTime) >>> 3]!,
        encoding: chunkEncoding(this.#memory, entry),
        outOfOrder: false,
      };
      references.push(this.#writer.write(meta, u8, start, start + bytes.length));
    }
  }

  #publish(entry: number, reference: number): void {
    const memory = this.#memory;
    const encoding = chunkEncoding(memory, entry);
    const samples = memory.u16[(entry + indexEntrySamples) >>> 1]!;
    const {address, bytes} = storedBlock(memory, entry);
    publishFiled(this.#u64, entry + indexEntryChunk, {reference, samples, encoding});
    this.#reclaimer.retire(address, bytes);
    this.added(referenceFile(reference));
  }
}

/** Adds the index entries of the chunks of the slot at `slot` that are in memory, oldest first. Older ones than that are in files. */
function entriesInMemory({u32}: LinearMemory, slot: number, entries: number[]): void {
  const first = entries.length;
  for (
    let block = u32[(slot + slotSealed) >>> 2]!;
    block !== 0;
    block = u32[(block + indexPrevious) >>> 2]!
  ) {
    const range = u32[(block + indexRange) >>> 2]!;
    for (let i = (range >>> 16) - 1; i >= (range & 0xffff); i--) {
      const entry = block + indexEntries + i * indexEntryBytes;
      if (isFiled(u32[(entry + indexEntryChunk) >>> 2]!)) {
        reverse(entries, first);
        return;
      }
      entries.push(entry);
    }
  }
  reverse(entries, first);
}

function reverse(entries: number[], from: number): void {
  for (let left = from, right = entries.length - 1; left < right; left++, right--) {
    const entry = entries[left]!;
    entries[left] = entries[right]!;
    entries[right] = entry;
  }
}
