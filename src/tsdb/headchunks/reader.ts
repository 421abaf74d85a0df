import {assert} from '../../base/assert.ts';
import type {Arena} from '../../kernels/arena.ts';
import {crc32c} from '../../kernels/crc32c.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {
  checksumBytes,
  chunkBytesMax,
  entryFixedBytes,
  entryMetaBytesMax,
  headChunkPath,
  outOfOrderBit,
} from './format.ts';

/** A chunk that cannot be had: the file is gone, unreadable or damaged there. */
export class HeadChunkError extends Error {
  readonly code = 'ERR_HEAD_CHUNK';
  readonly file: number;
  readonly offset: number;

  constructor(file: number, offset: number, reason: string, cause?: unknown) {
    super(`cannot read the chunk at byte ${offset} of head chunk file ${file}: ${reason}`, {cause});
    this.name = 'HeadChunkError';
    this.file = file;
    this.offset = offset;
  }
}

/** Neighbouring chunks are read together: chunks of one target, made full at one time, lie side by side. */
const windowBytes = 16 * 1024;
const cacheBytesDefault = 32 * 1024 * 1024;
const openFilesMax = 16;

/** One bit for eight bytes: entries are longer. */
const verifiedBytes = windowBytes / 64;
/** What a decoder may read behind a chunk. */
const slackBytes = 64;

/** Memory of a thread with kernels over it. */
export interface ChunkMemory {
  memory: LinearMemory;
  kernels: Kernels;
  arena: Arena;
}

interface Window {
  key: number;
  bytes: Uint8Array;
  /** Where in `bytes` it begins. */
  start: number;
  /** Bytes that were there when it was read. */
  length: number;
  /** Which entries that begin in it, and end in it, have been found to be whole. */
  verified: Uint8Array;
  /** Whether it was used since the clock's hand passed it. */
  used: boolean;
}

/**
 * Reads chunks from the head's files by reference, through a cache of bounded size. Each reading thread has its own. A file must not
 * be removed while a reader may ask for its chunks: the epochs see to that (head/epochs.ts).
 */
export class HeadChunkReader {
  /** What the last read() found: bytes[start, end), which stay until the next call. In linear memory, `start` is an address. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  encoding = 0;
  outOfOrder = false;
  /** Reads of the operating system so far. */
  reads = 0;
  readonly #fs: FileSystem;
  readonly #dir: string;
  readonly #windowsMax: number;
  readonly #windows: Window[] = [];
  readonly #byKey = new Map<number, Window>();
  readonly #files = new Map<number, number>();
  #hand = 0;
  /** The window that was used last. */
  #current: Window | null = null;
  /** For entries that reach over the end of a window. */
  #joined: Uint8Array = new Uint8Array(0);
  #joinedStart = 0;
  #joinedBytes = 0;
  /** Where windows lie; null = in arrays of their own. */
  #memory: ChunkMemory | null = null;

  constructor(fs: FileSystem, dir: string, cacheBytes = cacheBytesDefault) {
    this.#fs = fs;
    this.#dir = dir;
    this.#windowsMax = Math.max(2, Math.floor(cacheBytes / windowBytes));
  }

  /** From now on chunks lie in this memory, for kernels to decode them there. Before anything is read. */
  useMemory(memory: ChunkMemory): void {
    if (memory === this.#memory) return;
    assert(this.#windows.length === 0, 'no window lies elsewhere');
    this.#memory = memory;
  }

  /** Whether what read() finds lies there. */
  isIn(memory: LinearMemory): boolean {
    return this.#memory?.memory === memory;
  }

  /** Finds and checks the chunk whose entry begins at `offset` of `file`. Throws HeadChunkError. */
  read(file: number, offset: number): void {
    try {
      this.#read(file, offset);
    } catch {
      // The window may be older than the entry: files are longer than what is written in them.
      this.#forget(file, offset);
      this.#readAgain(file, offset);
    }
  }

  #readAgain(file: number, offset: number): void {
    try {
      this.#read(file, offset);
    } catch (error) {
      this.#forget(file, offset);
      if (error instanceof HeadChunkError) throw error;
      throw new HeadChunkError(file, offset, error instanceof Error ? error.message : String(error), error);
    }
  }

  /** Forgets files that are gone, those before `first`. */
  dropBefore(first: number): void {
    for (const file of this.#files.keys()) if (file < first) this.#closeFile(file);
  }

  close(): void {
    for (const file of this.#files.keys()) this.#closeFile(file);
    for (const {start} of this.#windows) this.#free(start, windowBytes);
    if (this.#joinedBytes > 0) this.#free(this.#joinedStart, this.#joinedBytes);
    this.#joinedBytes = 0;
    this.#windows.length = 0;
    this.#byKey.clear();
  }

  #read(file: number, offset: number): void {
    // Less than that is behind the last entry of a file.
    const head = this.#locate(file, offset, entryMetaBytesMax);
    let at = head + entryFixedBytes;
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[at++]!;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      if (scale > chunkBytesMax) throw new HeadChunkError(file, offset, 'invalid chunk length');
    }
    if (length < 2 || length > chunkBytesMax) {
      throw new HeadChunkError(file, offset, `invalid chunk length ${length}`);
    }
    const before = at - head;
    const start = this.#locate(file, offset, before + length + checksumBytes);
    this.start = start + before;
    this.end = this.start + length;
    if (!this.#isVerified(offset, length + before)) this.#verify(file, offset, start);
    const encoding = this.bytes[start + entryFixedBytes - 1]!;
    this.encoding = encoding & ~outOfOrderBit;
    this.outOfOrder = (encoding & outOfOrderBit) !== 0;
  }

  #verify(file: number, offset: number, start: number): void {
    const {bytes, end} = this;
    const expected =
      ((bytes[end]! << 24) | (bytes[end + 1]! << 16) | (bytes[end + 2]! << 8) | bytes[end + 3]!) >>> 0;
    const memory = this.#memory;
    const actual =
      memory === null ? crc32c(bytes, start, end) : memory.kernels.crc32c(start, end - start, 0) >>> 0;
    if (actual === expected) return this.#noteVerified(offset, end - start);
    throw new HeadChunkError(
      file,
      offset,
      `checksum mismatch expected:${expected.toString(16)}, actual:${actual.toString(16)}`,
    );
  }

  /** Whether the entry of `length` bytes without its checksum was found to be whole since its window was read. */
  #isVerified(offset: number, length: number): boolean {
    const inside = offset % windowBytes;
    if (inside + length + checksumBytes > windowBytes) return false;
    return (this.#current!.verified[inside >>> 6]! & (1 << ((inside >>> 3) & 7))) !== 0;
  }

  #noteVerified(offset: number, length: number): void {
    const inside = offset % windowBytes;
    if (inside + length + checksumBytes > windowBytes) return;
    this.#current!.verified[inside >>> 6]! |= 1 << ((inside >>> 3) & 7);
  }

  /** Makes bytes[result, result + length) those from `offset` of `file`. */
  #locate(file: number, offset: number, length: number): number {
    const index = Math.floor(offset / windowBytes);
    const inside = offset % windowBytes;
    if (inside + length <= windowBytes) {
      const window = this.#window(file, index, inside + length);
      this.#current = window;
      this.bytes = window.bytes;
      return window.start + inside; // Fast path.
    }
    if (this.#joinedBytes < length) this.#growJoined(2 * length);
    for (let done = 0; done < length;) {
      const from = (offset + done) % windowBytes;
      const count = Math.min(length - done, windowBytes - from);
      const window = this.#window(file, Math.floor((offset + done) / windowBytes), from + count);
      const {start} = window;
      this.#joined.set(window.bytes.subarray(start + from, start + from + count), this.#joinedStart + done);
      done += count;
    }
    this.bytes = this.#joined;
    return this.#joinedStart;
  }

  #growJoined(bytes: number): void {
    if (this.#joinedBytes > 0) this.#free(this.#joinedStart, this.#joinedBytes);
    const {bytes: array, start} = this.#alloc(bytes);
    this.#joined = array;
    this.#joinedStart = start;
    this.#joinedBytes = bytes;
  }

  #alloc(bytes: number): {bytes: Uint8Array; start: number} {
    const memory = this.#memory;
    if (memory === null) return {bytes: new Uint8Array(bytes), start: 0};
    return {bytes: memory.memory.u8, start: memory.arena.alloc(bytes + slackBytes)};
  }

  #free(start: number, bytes: number): void {
    this.#memory?.arena.free(start, bytes + slackBytes);
  }

  /** The window with at least `needed` bytes; the file may have grown since it was read. */
  #window(file: number, index: number, needed: number): Window {
    const key = file * 2 ** 16 + index;
    const current = this.#current;
    if (current !== null && current.key === key && current.length >= needed) {
      current.used = true;
      return current;
    }
    let window = this.#byKey.get(key);
    if (window !== undefined && window.length >= needed) {
      window.used = true;
      return window;
    }
    window ??= this.#take(key);
    this.#fill(window, file, index * windowBytes);
    if (window.length < needed) {
      throw new HeadChunkError(file, index * windowBytes, 'the file ends inside the chunk');
    }
    return window;
  }

  #fill(window: Window, file: number, from: number): void {
    const opened = this.#open(file);
    window.length = 0;
    window.verified.fill(0);
    while (window.length < windowBytes) {
      const length = windowBytes - window.length;
      const at = window.start + window.length;
      const count = this.#fs.read(opened, window.bytes, at, length, from + window.length);
      this.reads++;
      if (count === 0) break;
      window.length += count;
    }
    window.used = true;
  }

  #take(key: number): Window {
    let window: Window;
    if (this.#windows.length < this.#windowsMax) {
      const verified = new Uint8Array(verifiedBytes);
      window = {key, ...this.#alloc(windowBytes), length: 0, verified, used: true};
      this.#windows.push(window);
    } else {
      window = this.#evict();
      this.#byKey.delete(window.key);
      window.key = key;
      window.length = 0;
    }
    this.#byKey.set(key, window);
    return window;
  }

  /** The next window that was not used since the hand passed it last. */
  #evict(): Window {
    for (;;) {
      this.#hand = (this.#hand + 1) % this.#windows.length;
      const window = this.#windows[this.#hand]!;
      if (!window.used) return window;
      window.used = false;
    }
  }

  /** The next look at these bytes reads from the disk again. */
  #forget(file: number, offset: number): void {
    const first = file * 2 ** 16 + Math.floor(offset / windowBytes);
    for (const key of [first, first + 1]) {
      const window = this.#byKey.get(key);
      if (window !== undefined) window.length = 0;
    }
  }

  #open(file: number): number {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const opened = this.#fs.open(headChunkPath(this.#dir, file), 'r');
    for (const oldest of this.#files.keys()) {
      if (this.#files.size < openFilesMax) break;
      this.#closeFile(oldest);
    }
    this.#files.set(file, opened);
    return opened;
  }

  #closeFile(file: number): void {
    this.#fs.close(this.#files.get(file)!);
    this.#files.delete(file);
  }
}
