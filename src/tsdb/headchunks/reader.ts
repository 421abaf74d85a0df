import {crc32c} from '../../kernels/crc32c.ts';
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
const windowBytes = 128 * 1024;
const cacheBytesDefault = 32 * 1024 * 1024;
const openFilesMax = 16;

interface Window {
  key: number;
  bytes: Uint8Array;
  /** Bytes that were there when it was read. */
  length: number;
  /** Whether it was used since the clock's hand passed it. */
  used: boolean;
}

/**
 * Reads chunks from the head's files by reference, through a cache of bounded size. Each reading thread has its own. A file must not
 * be removed while a reader may ask for its chunks: the epochs see to that (head/epochs.ts).
 */
export class HeadChunkReader {
  /** What the last read() found: bytes[start, end), which stay until the next call. */
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
  /** For entries that reach over the end of a window. */
  #joined = new Uint8Array(4096);

  constructor(fs: FileSystem, dir: string, cacheBytes = cacheBytesDefault) {
    this.#fs = fs;
    this.#dir = dir;
    this.#windowsMax = Math.max(2, Math.floor(cacheBytes / windowBytes));
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
    this.#verify(file, offset, start);
    const encoding = this.bytes[start + entryFixedBytes - 1]!;
    this.encoding = encoding & ~outOfOrderBit;
    this.outOfOrder = (encoding & outOfOrderBit) !== 0;
  }

  #verify(file: number, offset: number, start: number): void {
    const {bytes, end} = this;
    const expected =
      ((bytes[end]! << 24) | (bytes[end + 1]! << 16) | (bytes[end + 2]! << 8) | bytes[end + 3]!) >>> 0;
    const actual = crc32c(bytes, start, end);
    if (actual === expected) return;
    throw new HeadChunkError(
      file,
      offset,
      `checksum mismatch expected:${expected.toString(16)}, actual:${actual.toString(16)}`,
    );
  }

  /** Makes bytes[result, result + length) those from `offset` of `file`. */
  #locate(file: number, offset: number, length: number): number {
    const index = Math.floor(offset / windowBytes);
    const inside = offset % windowBytes;
    if (inside + length <= windowBytes) {
      this.bytes = this.#window(file, index, inside + length).bytes;
      return inside; // Fast path.
    }
    if (this.#joined.length < length) this.#joined = new Uint8Array(length * 2);
    for (let done = 0; done < length;) {
      const from = (offset + done) % windowBytes;
      const count = Math.min(length - done, windowBytes - from);
      const window = this.#window(file, Math.floor((offset + done) / windowBytes), from + count);
      this.#joined.set(window.bytes.subarray(from, from + count), done);
      done += count;
    }
    this.bytes = this.#joined;
    return 0;
  }

  /** The window with at least `needed` bytes; the file may have grown since it was read. */
  #window(file: number, index: number, needed: number): Window {
    const key = file * 2 ** 16 + index;
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
    while (window.length < windowBytes) {
      const length = windowBytes - window.length;
      const count = this.#fs.read(opened, window.bytes, window.length, length, from + window.length);
      this.reads++;
      if (count === 0) break;
      window.length += count;
    }
    window.used = true;
  }

  #take(key: number): Window {
    let window: Window;
    if (this.#windows.length < this.#windowsMax) {
      window = {key, bytes: new Uint8Array(windowBytes), length: 0, used: true};
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
