import {Worker} from 'node:worker_threads';
import {assert} from '../../base/assert.ts';
import type {FileSystem} from '../../sys/fs.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {recordType, snappyBit} from './format.ts';
import type {LogMemory} from './page-buffer.ts';
import type {ReadAheadData} from './readahead-thread.ts';
import {entryKind, RecordRing, ringTotalBytes} from './recordring.ts';
import {LentSamplesTable, samplesTableBytes} from './samplestable.ts';
import type {SamplesTable} from './samplesdecoder.ts';
import {type ReaderBuffers, type RecordReader, type SegmentFile, SegmentReader} from './segment-reader.ts';

/** Below, another thread costs more time than it saves. */
const readAheadBytesMin = 32 * 1024 * 1024;
/** What the thread needs besides the ring: pages, a record as it is stored, expanded, and decoded. */
const scratchBytes = 6 * 1024 * 1024;
const allBytes = ringTotalBytes + samplesTableBytes + scratchBytes;
/** A thread that gives nothing for so long is given up. */
const patienceMs = 60_000;

interface AheadSegments {
  segments: {segment: SegmentFile; start: number}[];
  /** Whether they have mostly short records, which are read many at once. */
  shortRecords?: boolean;
  /** Whether what refs stand for will be lent, so that the thread reads samples, too. */
  decodes?: boolean;
  /** With fewer bytes there is no thread. */
  bytesMin?: number | undefined;
}

/**
 * Segments read by a thread of its own, in the order in which they are given, while this one uses their records. What the thread cannot
 * read is read here, with the same errors as without it.
 */
export class ReadAhead {
  readonly #fs: FileSystem;
  readonly #linear: LogMemory;
  readonly #buffers: ReaderBuffers;
  readonly #address: number;
  readonly #ring: RecordRing;
  readonly #worker: Worker;
  readonly #table: LentSamplesTable;
  /** Entries taken that are no samples: the version of what refs stand for. */
  #others = 0;
  /** The version that was lent last. */
  #lent = -1;
  /** Nothing comes from the thread any more. */
  #ended = false;
  /** Number of the segment that is read. */
  #segment = -1;

  private constructor(
    linear: LogMemory,
    buffers: ReaderBuffers,
    {segments, shortRecords = false, decodes = false}: AheadSegments,
    fs: FileSystem,
  ) {
    const {memory, arena} = linear;
    this.#fs = fs;
    this.#linear = linear;
    this.#buffers = buffers;
    this.#address = arena.alloc(allBytes);
    this.#ring = new RecordRing(memory, this.#address);
    this.#ring.clear();
    const table = this.#address + ringTotalBytes;
    this.#table = new LentSamplesTable(memory, table);
    this.#table.clear();
    const scratch = table + samplesTableBytes;
    const data: ReadAheadData = {
      memory: memory.wasm,
      ring: this.#address,
      scratch,
      scratchEnd: scratch + scratchBytes,
      segments,
      shortRecords,
      samplesTable: decodes ? table : 0,
    };
    this.#worker = new Worker(new URL('./readahead-thread.ts', import.meta.url), {
      workerData: data,
      name: 'wal',
      // It writes nothing. Otherwise this process's own output would be opened for it, which makes pipes non-blocking.
      stdout: true,
      stderr: true,
    });
    // It tells its errors through the ring. Should it not be able to start, the ring stays empty.
    this.#worker.on('error', () => {});
  }

  /** Null where another thread would not pay, or cannot see the files. */
  static start(
    options: {
      fs: FileSystem;
      linear: LogMemory | null;
      buffers: ReaderBuffers;
    } & AheadSegments,
  ): ReadAhead | null {
    const {fs, linear, buffers, segments, bytesMin = readAheadBytesMin} = options;
    if (fs !== nodeFileSystem || linear === null) return null;
    const bytes = segments.reduce((sum, {segment}) => sum + (fs.status(segment.path)?.bytes ?? 0), 0);
    return bytes < bytesMin ? null : new ReadAhead(linear, buffers, options, fs);
  }

  /** A reader of the next segment; the one before was read to its end. */
  reader(segment: SegmentFile, start: number): RecordReader {
    this.#segment++;
    if (this.#ended) return new SegmentReader(this.#fs, segment, this.#buffers, start);
    const from = {fs: this.#fs, linear: this.#linear, buffers: this.#buffers, segment, start};
    return new AheadReader(from, {
      take: () => this.#take(),
      takeMany: (use) => (this.#ended ? 0 : this.#ring.takeMany(this.#segment, use)),
      end: () => this.#ring.end,
      taken: () => this.#others++,
      left: () => this.#table.close(),
    });
  }

  /**
   * Lends the thread what refs stand for, after a record of samples was used. It holds until a record of another kind comes out of the ring:
   * the thread looks nothing up from when it has put one there.
   */
  lend(table: SamplesTable): void {
    if (this.#lent === this.#others) return;
    this.#lent = this.#others;
    this.#table.lend(this.#others, table);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#ring.stop();
    await this.#worker.terminate();
    this.#linear.arena.free(this.#address, allBytes);
  }

  /** The next entry, or null: nothing comes any more. */
  #take(): RecordRing | null {
    const ring = this.#ring;
    do {
      if (!this.#ended && !ring.take(patienceMs)) this.#ended = true;
      if (this.#ended) return null;
      // A segment before may have been left by its reader.
    } while (ring.segment < this.#segment && ring.kind !== entryKind.end);
    assert(ring.segment === this.#segment, 'segments are read in their order');
    return ring;
  }
}

type UseEntries = (at: number, end: number) => number;

interface AheadEntries {
  take: () => RecordRing | null;
  /** See RecordRing.takeMany(). */
  takeMany: (use: UseEntries) => number;
  /** Where the last one of them ended. */
  end: () => number;
  /** Counts an entry that is no samples. */
  taken: () => void;
  /** From here on records come from the file, too. */
  left: () => void;
}

interface AheadSegment {
  fs: FileSystem;
  linear: LogMemory;
  buffers: ReaderBuffers;
  segment: SegmentFile;
  start: number;
}

/** Records of one segment from the ring, or, from where the thread has left it, from the file. */
class AheadReader implements RecordReader {
  start = 0;
  end: number;
  readonly bytes: number;
  address = 0;
  length = 0;
  decoded = false;
  readonly #from: AheadSegment;
  readonly #entries: AheadEntries;
  #copy: Uint8Array | null = null;
  /** The reader of the rest, where the thread has left it. */
  #rest: SegmentReader | null = null;

  constructor(from: AheadSegment, entries: AheadEntries) {
    this.#from = from;
    this.#entries = entries;
    this.end = from.start;
    this.bytes = from.fs.status(from.segment.path)?.bytes ?? 0;
  }

  get record(): Uint8Array {
    if (this.#rest !== null) return this.#rest.record;
    return (this.#copy ??= this.#from.buffers.copy(this.address, this.length));
  }

  get type(): number {
    if (this.decoded) return recordType.samples;
    return this.#rest === null ? this.#from.linear.memory.u8[this.address]! : this.#rest.type;
  }

  get fragmentsLost(): number {
    return this.#rest?.fragmentsLost ?? 0;
  }

  get torn(): boolean {
    return this.#rest?.torn ?? false;
  }

  get compressed(): boolean {
    return this.#rest?.compressed ?? true;
  }

  next(): boolean {
    if (this.#rest !== null) return this.#nextOfRest(this.#rest);
    const entry = this.#entries.take();
    if (entry === null) return this.#leave(this.end);
    if (entry.kind === entryKind.segmentEnd) {
      this.#entries.taken();
      return false;
    }
    this.decoded = entry.kind === entryKind.decoded;
    if (entry.kind === entryKind.stored) {
      if (!this.#expand(entry)) return this.#leave(this.end);
    } else if (this.decoded || entry.kind === entryKind.record) {
      this.address = entry.address;
      this.length = entry.length;
    } else return this.#leave(entry.start);
    if (this.length === 0 || this.type !== recordType.samples) this.#entries.taken();
    assert(entry.start >= this.end && entry.end > entry.start, 'records follow each other');
    this.#copy = null;
    this.start = entry.start;
    this.end = entry.end;
    return true;
  }

  takeMany(use: UseEntries): number {
    if (this.#rest !== null) return 0;
    const count = this.#entries.takeMany(use);
    if (count > 0) this.end = this.#entries.end();
    return count;
  }

  /** False where the record is damaged. */
  #expand({address, length}: RecordRing): boolean {
    const {linear, buffers} = this.#from;
    const {expander} = buffers;
    try {
      expander.open(snappyBit, linear.memory.u8.subarray(address, address + length), address);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    if (expander.address === 0) return false;
    this.address = expander.address;
    this.length = expander.length;
    return true;
  }

  close(): void {
    this.#rest?.close();
  }

  #leave(from: number): boolean {
    this.decoded = false;
    this.#entries.left();
    const {fs, segment, buffers} = this.#from;
    this.#rest = new SegmentReader(fs, segment, buffers, from);
    return this.#nextOfRest(this.#rest);
  }

  #nextOfRest(rest: SegmentReader): boolean {
    const found = rest.next();
    this.start = rest.start;
    this.end = rest.end;
    this.address = rest.address;
    this.length = rest.length;
    return found;
  }
}
