import {assert} from '../../base/assert.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {BlockDamage} from './damage.ts';
import {SeriesEntryCache} from './seriesentrycache.ts';

export const pageBytes = 32_768;
/** Files are at most 64 GiB: a page's key is its file's number and its own. */
const pagesPerFile = 2 ** 21;

/**
 * Pages of the files of blocks, the least recently used of which give way. One for each thread. 32 MiB hold the parts of
 * indexes that queries come back to; chunks do not go through it.
 */
export class PageCache {
  readonly #pagesMax: number;
  readonly #pages = new Map<number, Uint8Array>();
  /** What is known of the series in these files. */
  readonly series = new SeriesEntryCache();
  #files = 0;
  hits = 0;
  misses = 0;

  constructor(bytesMax = 32 * 2 ** 20) {
    this.#pagesMax = Math.max(4, Math.floor(bytesMax / pageBytes));
  }

  /** A number for a file that is opened. */
  register(): number {
    return this.#files++;
  }

  get(key: number): Uint8Array | undefined {
    const page = this.#pages.get(key);
    if (page === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    // A Map keeps the order of insertion: the first is the one that was not used for longest.
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return page;
  }

  put(key: number, page: Uint8Array): void {
    this.#pages.set(key, page);
    if (this.#pages.size <= this.#pagesMax) return;
    for (const oldest of this.#pages.keys()) {
      this.#pages.delete(oldest);
      break;
    }
  }

  /** Forgets the pages of a file that is closed. */
  drop(file: number): void {
    for (const key of this.#pages.keys()) {
      if (Math.floor(key / pagesPerFile) === file) this.#pages.delete(key);
    }
  }
}

/** A file of a block, which never changes while it is open, though its name may go. */
export class BlockFile {
  readonly path: string;
  readonly size: number;
  readonly #fs: FileSystem;
  readonly cache: PageCache;
  /** The file's number in the cache. */
  readonly number: number;
  readonly #file: number;
  /** The page read last, for runs of small reads. */
  #page: Uint8Array = new Uint8Array(0);
  #pageStart = -1;
  #open = true;

  constructor(fs: FileSystem, path: string, cache: PageCache) {
    this.path = path;
    this.#fs = fs;
    this.cache = cache;
    this.#file = fs.open(path, 'r');
    this.size = fs.size(this.#file);
    this.number = cache.register();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.cache.drop(this.number);
    this.#fs.close(this.#file);
  }

  /**
   * The bytes [start, start + length), a view of a page or, where they cross pages, a copy: read-only, and good until the
   * next call. Throws BlockDamage where the file is shorter.
   */
  bytes(start: number, length: number): Uint8Array {
    this.#check(start, length);
    const inPage = start - this.#pageStart;
    if (this.#pageStart >= 0 && inPage >= 0 && inPage + length <= this.#page.length) {
      return this.#page.subarray(inPage, inPage + length); // Fast path: the same page as before.
    }
    const number = Math.floor(start / pageBytes);
    if (start + length <= (number + 1) * pageBytes) {
      this.#page = this.#pageAt(number);
      this.#pageStart = number * pageBytes;
      return this.#page.subarray(start - this.#pageStart, start - this.#pageStart + length);
    }
    const copy = new Uint8Array(length);
    this.#copy(copy, start);
    return copy;
  }

  /** Up to `length` bytes from `start`: fewer at the end of the file. As bytes(). */
  upTo(start: number, length: number): Uint8Array {
    return this.bytes(start, Math.max(0, Math.min(length, this.size - start)));
  }

  /** Reads [start, start + length) past the cache to `offset` of `into`. */
  readInto(into: Uint8Array, offset: number, start: number, length: number): void {
    this.#check(start, length);
    assert(this.#open, 'a file is read while it is open');
    for (let done = 0; done < length;) {
      const count = this.#fs.read(this.#file, into, offset + done, length - done, start + done);
      if (count <= 0) throw new BlockDamage(this.path, start + done, 'the file was cut short');
      done += count;
    }
  }

  #check(start: number, length: number): void {
    if (!(start >= 0 && length >= 0 && start + length <= this.size)) {
      throw new BlockDamage(this.path, start, `${length} bytes are needed and the file has ${this.size}`);
    }
  }

  #copy(into: Uint8Array, start: number): void {
    for (let done = 0; done < into.length;) {
      const number = Math.floor((start + done) / pageBytes);
      const page = this.#pageAt(number);
      const from = start + done - number * pageBytes;
      const part = page.subarray(from, from + into.length - done);
      into.set(part, done);
      done += part.length;
    }
  }

  #pageAt(number: number): Uint8Array {
    const key = this.number * pagesPerFile + number;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const start = number * pageBytes;
    const page = new Uint8Array(Math.min(pageBytes, this.size - start));
    this.readInto(page, 0, start, page.length);
    this.cache.put(key, page);
    return page;
  }
}
