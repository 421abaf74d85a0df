import {assert} from '../../base/assert.ts';
import {hasCode} from '../../sys/fs.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {RecordExpander} from './compression.ts';
import {CorruptionError} from './corruption.ts';
import {
  fragmentHeaderBytes,
  fragmentType,
  fragmentTypeMask,
  pageBytes,
  recordBytesMax,
  segmentName,
  snappyBit,
  zstdBit,
} from './format.ts';
import {snappySlackBytes} from '../../kernels/snappy.ts';
import type {LogMemory} from './page-buffer.ts';
import {PageBuffer} from './page-buffer.ts';

/** Where a segment lies. `dir` and `number` are what errors name. */
export interface SegmentFile {
  dir: string;
  number: number;
  path: string;
}

const readBytes = 32 * pageBytes;

/** What readers need to work, kept from segment to segment. In the linear memory they are faster. */
export class ReaderBuffers {
  readonly pages: PageBuffer;
  readonly expander: RecordExpander;
  /** Parts of a record are gathered here, which grows to the longest record. */
  record = new Uint8Array(2 * pageBytes);
  recordLength = 0;

  constructor(linear: LogMemory | null = null) {
    this.pages = new PageBuffer(readBytes + snappySlackBytes, linear);
    this.expander = new RecordExpander(linear);
  }

  /** Bytes of the linear memory, where they are slower to read one by one. Good until the next call. */
  copy(address: number, length: number): Uint8Array {
    return this.expander.copy(address, length);
  }

  free(): void {
    this.pages.free();
    this.expander.free();
  }

  get gathered(): Uint8Array {
    return this.record.subarray(0, this.recordLength);
  }

  append(start: number, end: number): void {
    const length = this.recordLength + (end - start);
    if (length > this.record.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.record.length));
      grown.set(this.record.subarray(0, this.recordLength));
      this.record = grown;
    }
    this.record.set(this.pages.bytes.subarray(start, end), this.recordLength);
    this.recordLength = length;
  }
}

/** What gives the records of a segment, one after the other: see SegmentReader. */
export interface RecordReader {
  /** The record that next() found, without compression. Valid until the next call. */
  readonly record: Uint8Array;
  /** Where the record lies in the linear memory; 0 = not there. */
  readonly address: number;
  /** Of the record. */
  readonly length: number;
  /** First byte of the record, which is not empty. */
  readonly type: number;
  /** The bytes at `address` are no record: another thread has read it already, see decodedsamples.ts. */
  readonly decoded?: boolean;
  /** Where it starts and ends in the segment. */
  readonly start: number;
  readonly end: number;
  /** Bytes of the segment when it was opened. */
  readonly bytes: number;
  /** Fragments that were damaged, or whose record was. */
  readonly fragmentsLost: number;
  /** Whether the last error was that the segment ends inside a record, as it does when a writer was killed. */
  readonly torn: boolean;
  /** Moves to the next record. False at the end of the segment. Throws a CorruptionError for each stretch that is damaged. */
  next(): boolean;
  /**
   * Where records come through a ring: lets `use` take those that are there already, and gives their number. See RecordRing.takeMany().
   */
  takeMany?(use: (at: number, end: number) => number): number;
  close(): void;
}

/**
 * Reads the records of one segment, one after the other, in bounded memory, and checks all there is to check.
 *
 * next() throws a CorruptionError for each stretch that is damaged. It may be called again then and goes on behind the
 * damage: fragments say how long they are, and every page begins with one, so that damage seldom costs more than a page.
 */
export class SegmentReader implements RecordReader {
  /** Whether it was stored with snappy or zstd. */
  compressed = false;
  /** Whether records are expanded. If not, those with snappy that lie in one fragment are given as they are stored: see `stored`. */
  expands = true;
  /** The record at hand is not expanded: it is as snappy has made it. */
  stored = false;
  start = 0;
  end = 0;
  readonly bytes: number;
  fragmentsLost = 0;
  torn = false;

  readonly #fs: FileSystem;
  readonly #file: number;
  readonly #segment: SegmentFile;
  readonly #buffers: ReaderBuffers;
  readonly #pages: PageBuffer;
  /** What of the segment the buffer holds. */
  #bufferStart = 0;
  #bufferEnd = 0;
  #offset = 0;
  #parts = 0;
  /** Behind damage: middle and last parts belong to a record whose first part is gone. */
  #orphans = false;

  /** Several readers may share buffers if they take turns. A fragment begins at `start`. */
  constructor(fs: FileSystem, segment: SegmentFile, buffers: ReaderBuffers, start = 0) {
    this.#offset = start;
    this.#fs = fs;
    this.#segment = segment;
    this.#buffers = buffers;
    this.#pages = buffers.pages;
    this.#file = fs.open(segment.path, 'r');
    this.bytes = fs.size(this.#file);
  }

  close(): void {
    this.#fs.close(this.#file);
  }

  get record(): Uint8Array {
    return this.#buffers.expander.record;
  }

  get address(): number {
    return this.#buffers.expander.address;
  }

  get type(): number {
    return this.#buffers.expander.type;
  }

  get length(): number {
    return this.#buffers.expander.length;
  }

  next(): boolean {
    while (this.#offset < this.bytes) {
      const at = this.#load();
      const pageEnd = this.#offset - (this.#offset % pageBytes) + pageBytes;
      const type = this.#pages.bytes[at]! & fragmentTypeMask;
      if (type === fragmentType.pageEnd) this.#skipPadding(at, Math.min(pageEnd, this.bytes));
      else if (this.#fragment(at, type, pageEnd)) return true;
    }
    if (this.#parts === 0) return false;
    this.#parts = 0;
    throw this.#tornError(this.bytes, 'last record is torn');
  }

  /**
   * Lets `use` take fragments that are in the linear memory, in [at, end) and from the segment's byte `offset` on, as many as it likes, and
   * give where it has stopped. Only between records, and where nothing was damaged.
   */
  useMany(use: (at: number, end: number, offset: number) => number): void {
    assert(this.#parts === 0 && !this.#orphans, 'records are used from the beginning of one on');
    if (this.#offset >= this.bytes) return;
    const start = this.#load();
    const {address} = this.#pages;
    const stopped = use(address + start, address + this.#bufferEnd - this.#bufferStart, this.#offset);
    this.#offset += stopped - address - start;
    this.end = this.#offset;
  }

  /** Takes the fragment at #offset. True where it completes a record. */
  #fragment(at: number, type: number, pageEnd: number): boolean {
    const {bytes} = this.#pages;
    const offset = this.#offset;
    const limit = Math.min(pageEnd, this.bytes);
    if (offset + fragmentHeaderBytes > limit) {
      if (limit < pageEnd) throw this.#tornError(offset, 'fragment header is cut short');
      throw this.#damage(offset, pageEnd, 'fragment header reaches over the end of its page');
    }
    const length = (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const expected =
      ((bytes[at + 3]! << 24) | (bytes[at + 4]! << 16) | (bytes[at + 5]! << 8) | bytes[at + 6]!) >>> 0;
    const end = offset + fragmentHeaderBytes + length;
    if (end > pageEnd) throw this.#damage(offset, pageEnd, `invalid fragment size ${length}`);
    if (end > this.bytes) throw this.#tornError(offset, `fragment of ${length} bytes is cut short`);
    const data = at + fragmentHeaderBytes;
    const actual = this.#pages.checksum(data, data + length);
    if (actual !== expected) {
      throw this.#damage(
        offset,
        end,
        `unexpected checksum ${actual.toString(16)}, expected ${expected.toString(16)}`,
      );
    }
    if (!this.#inOrder(type, offset, end)) return false;
    if (this.#parts === 0) {
      this.start = offset;
      this.#buffers.recordLength = 0;
    }
    if (this.#buffers.recordLength + length > recordBytesMax) {
      throw this.#damage(offset, end, `record is longer than ${recordBytesMax} bytes`);
    }
    this.#offset = end;
    // Fast path: most records are whole, and need not be copied.
    if (type === fragmentType.full) {
      const {address} = this.#pages;
      return this.#complete(
        bytes[at]!,
        bytes.subarray(data, data + length),
        address === 0 ? 0 : address + data,
      );
    }
    this.#buffers.append(data, data + length);
    this.#parts++;
    return type === fragmentType.last && this.#complete(bytes[at]!, this.#buffers.gathered, 0);
  }

  /** Whether the fragment may follow the one before. False: it was passed over. */
  #inOrder(type: number, offset: number, end: number): boolean {
    const starts = type === fragmentType.full || type === fragmentType.first;
    const follows = type === fragmentType.middle || type === fragmentType.last;
    if (starts && this.#parts === 0) {
      this.#orphans = false;
      return true;
    }
    if (follows && this.#parts > 0) return true;
    if (follows && this.#orphans) {
      this.#offset = end;
      this.fragmentsLost++;
      return false;
    }
    // A fragment that starts a record is sound itself: it is the record before that has no end.
    const resume = starts ? offset : end;
    throw this.#damage(
      offset,
      resume,
      starts || follows ? `unexpected fragment of type ${type}` : `unknown fragment type ${type}`,
    );
  }

  #complete(bits: number, stored: Uint8Array, address: number): boolean {
    this.#parts = 0;
    this.stored = !this.expands && address !== 0 && stored.length > 0 && (bits & snappyBit) !== 0;
    try {
      this.#buffers.expander.open(this.stored ? 0 : bits, stored, address);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.#damage(this.start, this.#offset, `decode record: ${error.message}`);
    }
    this.compressed = (bits & (snappyBit | zstdBit)) !== 0;
    this.end = this.#offset;
    return true;
  }

  #skipPadding(at: number, end: number): void {
    const {bytes} = this.#pages;
    for (let i = at, stop = at + end - this.#offset; i < stop; i++) {
      if (bytes[i] !== 0) throw this.#damage(this.#offset, end, 'unexpected non-zero byte in padded page');
    }
    this.#offset = end;
  }

  /** Reads on where the buffer does not hold #offset, and gives its place in the buffer. */
  #load(): number {
    if (this.#offset >= this.#bufferStart && this.#offset < this.#bufferEnd)
      return this.#offset - this.#bufferStart;
    const start = this.#offset - (this.#offset % pageBytes);
    try {
      this.#read(start, readBytes);
    } catch (error) {
      if (!hasCode(error, 'EIO')) throw error;
      this.#readPage(start);
    }
    return this.#offset - start;
  }

  /** The disk cannot read some of the pages ahead: perhaps it can read the next one. */
  #readPage(start: number): void {
    try {
      this.#read(start, pageBytes);
    } catch (error) {
      if (!hasCode(error, 'EIO')) throw error;
      throw this.#damage(
        this.#offset,
        start + pageBytes,
        `cannot read the page: ${(error as Error).message}`,
      );
    }
  }

  #read(start: number, length: number): void {
    const wanted = Math.min(length, this.bytes - start);
    this.#bufferStart = start;
    this.#bufferEnd = start;
    for (let have = 0; have < wanted;) {
      const count = this.#fs.read(this.#file, this.#pages.bytes, have, wanted - have, start + have);
      if (count <= 0)
        throw new Error(
          `cannot read ${this.#segment.path}: it ends at ${start + have}, not at ${this.bytes}`,
        );
      have += count;
      this.#bufferEnd = start + have;
    }
  }

  #damage(offset: number, resume: number, reason: string): CorruptionError {
    this.torn = false;
    this.fragmentsLost += this.#parts + (resume > offset ? 1 : 0);
    this.#parts = 0;
    this.#orphans = true;
    this.#offset = resume;
    const {dir, number} = this.#segment;
    return new CorruptionError(dir, number, offset, reason);
  }

  #tornError(offset: number, reason: string): CorruptionError {
    const error = this.#damage(offset, this.bytes, reason);
    this.torn = true;
    return error;
  }
}

/** The name under which errors and logs know a segment. */
export function describeSegment(segment: SegmentFile): string {
  return `${segment.dir}/${segmentName(segment.number)}`;
}
