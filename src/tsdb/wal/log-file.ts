// The segments that are being written. A batch of records is written whole or not at all, as far as a reader of the files
// sees while the process lives or after it was killed, and is on the disk within a second.
//
// What can go wrong, and what is done:
//
// - A write fails or is short (ENOSPC, EIO): the segment is cut back to where the batch began. commit() throws.
// - fdatasync fails: the system may have dropped what it could not write, and says so only once. So nothing is tried again on
//   that segment: the records since the last good sync, which are kept until then, are written to a new segment and
//   synced; then the old one is cut to what is known to be good.
// - Cutting back or starting a new segment fails, too: every commit() throws, and now and then tries that again, until it works.
// - The segment is removed while it is in use, with the data folder or alone: every commit() throws from then on. A new segment
//   would not help: it would hold samples of series whose records were in the segments that are gone.
//
// Each segment is opened twice. A failed write is reported once to each open file: the sync in the thread pool uses one, the sync
// that waits uses the other, so that neither takes the other's error away.

import {assert} from '../../base/assert.ts';
import type {Clock} from '../../sys/clock.ts';
import {writeFully} from '../../sys/fs.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import {pageBytes, segmentBytesDefault, segmentName} from './format.ts';
import {Framer} from './framer.ts';
import type {LogMemory} from './page-buffer.ts';
import {PageBuffer} from './page-buffer.ts';
import {segmentPath} from './segments.ts';
import {UnsyncedRecords} from './unsynced.ts';

export interface LogFileOptions {
  fs: FileSystem;
  dir: string;
  /** The segment to begin with. It must not exist. */
  segment: number;
  log: Logger;
  clock: Clock;
  linear?: LogMemory | null;
  /** A multiple of the page's size. */
  segmentBytes?: number;
  /** How long after a write the sync begins, at most. */
  syncDelayMs?: number;
  /** Called with the seconds that each sync took. */
  onSync?: (seconds: number) => void;
}

const bufferBytes = 1024 * 1024;
const syncDelayMsDefault = 500;

/** How long commit() throws before it tries to start a new segment once more. */
const recoverDelayMs = 1000;

/** With more than this in doubt, commit() waits for the disk. */
const unsyncedBytesMax = 32 * 1024 * 1024;

/** Counters that only rise. */
export interface LogFileStatistics {
  pageFlushes: number;
  completedPages: number;
  records: number;
  recordParts: number;
  bytesWritten: number;
  writesFailed: number;
  syncs: number;
  syncsFailed: number;
  syncSeconds: number;
}

export class LogFile {
  readonly statistics: LogFileStatistics = {
    pageFlushes: 0,
    completedPages: 0,
    records: 0,
    recordParts: 0,
    bytesWritten: 0,
    writesFailed: 0,
    syncs: 0,
    syncsFailed: 0,
    syncSeconds: 0,
  };
  readonly #fs: FileSystem;
  readonly #dir: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #segmentBytes: number;
  readonly #syncDelayMs: number;
  readonly #onSync: (seconds: number) => void;
  readonly #buffer: PageBuffer;
  readonly #framer: Framer;
  readonly #unsynced = new UnsyncedRecords();

  #segment = -1;
  /** For writing and for the syncs that wait; -1 where there is none. */
  #file = -1;
  /** For the syncs in the thread pool. */
  #syncFile = -1;
  /** Bytes written to the segment. */
  #written = 0;
  /** The end of the last batch. Its segment is an earlier one where the open batch has begun a new one. */
  #committedSegment = -1;
  #committedOffset = 0;
  /** Bytes of the segment that are on the disk for certain. */
  #durable = 0;
  /** Why the open batch fails. */
  #failure: Error | null = null;
  /** Whether the open batch has written to files. */
  #dirty = false;
  /** Whether records of the open batch are no longer in #unsynced, since they are durable. */
  #openDropped = false;
  /** Why the segment cannot be written to any more. */
  #broken: Error | null = null;
  /** Whether it was removed, which does not heal. */
  #removed = false;
  #recoverNotBefore = 0;
  #syncing: Promise<void> | null = null;
  #syncingFile = -1;
  #cancelTimer: (() => void) | null = null;
  #closed = false;
  /** The last segment that could not be removed when what was in it was given up, or -1. */
  #leftoverMax = -1;

  /** Makes the directory where it is missing, and the first segment. */
  constructor(options: LogFileOptions) {
    this.#fs = options.fs;
    this.#dir = options.dir;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#segmentBytes = options.segmentBytes ?? segmentBytesDefault;
    if (this.#segmentBytes % pageBytes !== 0 || this.#segmentBytes <= 0) {
      throw new RangeError(
        `cannot use segments of ${this.#segmentBytes} bytes: not a multiple of ${pageBytes}`,
      );
    }
    this.#syncDelayMs = options.syncDelayMs ?? syncDelayMsDefault;
    this.#onSync = options.onSync ?? (() => {});
    const bytes = Math.min(bufferBytes, Math.max(2 * pageBytes, this.#segmentBytes));
    this.#buffer = new PageBuffer(bytes, options.linear ?? null);
    this.#framer = new Framer(this.#buffer, (bytes, start, end) => this.#write(bytes, start, end));
    this.#fs.makeDirectory(this.#dir);
    this.#createSegment(options.segment);
    this.#committedSegment = options.segment;
  }

  /** The segment that is written to. */
  get segment(): number {
    return this.#segment;
  }

  /** Bytes of it that hold batches. */
  get committedOffset(): number {
    return this.#committedOffset;
  }

  /** Bytes of batches that a loss of power may take. */
  get inDoubtBytes(): number {
    return this.#unsynced.inDoubt;
  }

  /** Adds a record to the open batch. Does not throw when writing fails: commit() does. */
  append(bits: number, source: Uint8Array, start: number, end: number): void {
    assert(!this.#closed, 'the log is open');
    if (this.#failure !== null) return;
    try {
      if (this.#unsynced.size + (end - start) > unsyncedBytesMax) this.#syncOpenBatch();
      if (this.#broken === null) this.#frame(bits, source, start, end);
      this.#unsynced.push(bits, source, start, end);
      this.statistics.records++;
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Ends the batch: hands it to the operating system. Throws where that fails now or failed before, and then nothing of the
   * batch is in the log; the next batch starts afresh.
   */
  commit(): void {
    assert(!this.#closed, 'the log is open');
    if (this.#failure === null && this.#broken !== null) this.#recoverInCommit();
    if (this.#failure === null) {
      try {
        this.#framer.flush();
      } catch (error) {
        this.#fail(error);
      }
    }
    if (this.#failure !== null) this.#throwFailure();
    if (this.#committedSegment === this.#segment && this.#committedOffset === this.#framer.position) return;
    this.#committedSegment = this.#segment;
    this.#committedOffset = this.#framer.position;
    this.#unsynced.commit();
    this.#dirty = false;
    this.#openDropped = false;
    this.#scheduleSync();
  }

  /**
   * Ends the segment, where it holds anything, and begins the next one. There is no open batch. Throws where that fails, and the
   * segment stays in use.
   */
  cut(): void {
    assert(
      !this.#closed && this.#framer.position === this.#committedOffset,
      'a segment is cut between batches',
    );
    if (this.#broken !== null) throw this.#broken;
    if (this.#committedOffset === 0) return;
    try {
      this.#rotate();
    } catch (error) {
      this.#fail(error);
      this.#throwFailure();
    }
    this.#committedSegment = this.#segment;
    this.#committedOffset = 0;
    this.#dirty = false;
  }

  /** Makes all batches durable. Resolves also where that failed: it is tried again then, and logged. */
  async sync(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing;
    if (this.#broken !== null) this.#tryRecover();
    if (this.#broken === null && this.#unsynced.inDoubt > 0 && this.#isThere()) await this.#startSync();
  }

  /** Fills the last page, makes all durable and closes the files. The open batch is dropped. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    this.#rollback();
    while (this.#syncing !== null) await this.#syncing;
    try {
      if (this.#broken !== null) this.#recover();
      if (!this.#isThere()) throw this.#broken!;
      this.#padLastPage();
      this.#syncLast();
    } finally {
      this.#closeFiles();
      this.#buffer.free();
    }
  }

  /** Readers do without it, so it may fail. */
  #padLastPage(): void {
    try {
      this.#framer.pad();
      this.#framer.flush();
    } catch (error) {
      this.#log.warn('Write-ahead log: cannot fill the last page', {err: error});
      this.#rollback();
    }
  }

  #syncLast(): void {
    try {
      this.#syncNow();
    } catch {
      this.#recover(); // That syncs, too.
    }
  }

  #frame(bits: number, source: Uint8Array, start: number, end: number): void {
    const empty = this.#framer.position === 0;
    if (!empty && !this.#framer.fits(end - start, this.#segmentBytes)) this.#rotate();
    this.#framer.append(bits, source, start, end);
  }

  #write(bytes: Uint8Array, start: number, end: number): void {
    this.#dirty = true;
    writeFully(this.#fs, this.#file, bytes, start, end, this.#written);
    const pagesBefore = Math.floor(this.#written / pageBytes);
    this.#written += end - start;
    this.statistics.pageFlushes++;
    this.statistics.completedPages += Math.floor(this.#written / pageBytes) - pagesBefore;
    this.statistics.bytesWritten += end - start;
    this.statistics.recordParts = this.#framer.fragments;
  }

  /** Goes on in the next segment when all of this one is durable: a segment in doubt is never left behind. */
  #rotate(): void {
    if (!this.#isThere()) throw this.#broken!;
    this.#framer.pad();
    this.#framer.flush();
    this.#syncNow();
    const written = this.#written;
    const {file, syncFile} = {file: this.#file, syncFile: this.#syncFile};
    this.#createSegment(this.#segment + 1);
    this.#dirty = true;
    this.#closeFile(file);
    this.#closeSyncFile(syncFile);
    this.#log.debug('WAL segment is full', {segment: this.#segment - 1, bytes: written});
  }

  /** Sets the segment when its files are open, or changes nothing. */
  #createSegment(segment: number): void {
    const path = segmentPath(this.#dir, segment);
    for (; this.#leftoverMax >= segment; this.#leftoverMax--) {
      this.#fs.remove(segmentPath(this.#dir, this.#leftoverMax));
    }
    const file = this.#fs.open(path, 'wx');
    let syncFile = -1;
    try {
      syncFile = this.#fs.open(path, 'r+');
      this.#fs.syncDirectory(this.#dir);
    } catch (error) {
      if (syncFile >= 0) this.#closeFile(syncFile);
      this.#closeFile(file);
      this.#removeSegments(segment, segment);
      throw error;
    }
    this.#file = file;
    this.#syncFile = syncFile;
    this.#segment = segment;
    this.#written = 0;
    this.#durable = 0;
    this.#framer.reset(0);
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
  }

  #throwFailure(): never {
    const cause = this.#failure!;
    this.statistics.writesFailed++;
    this.#rollback();
    // What the refused batch has left in the segment goes at once, where it can.
    if (this.#broken !== null && this.#clock.elapsed() >= this.#recoverNotBefore) this.#tryRecover();
    throw new Error(`cannot write to the write-ahead log in ${this.#dir}: ${cause.message}`, {cause});
  }

  /** Takes the open batch back: out of the buffer, out of the segment, with the segments that it began. */
  #rollback(): void {
    this.#failure = null;
    this.#openDropped = false;
    this.#unsynced.rollback();
    if (this.#broken !== null) return; // recover() does it.
    try {
      if (this.#dirty) this.#cutBack();
      this.#framer.reset(this.#committedOffset);
      this.#durable = Math.min(this.#durable, this.#committedOffset);
    } catch (error) {
      this.#break(error, 'cannot take back a failed write');
    }
  }

  #cutBack(): void {
    if (this.#segment !== this.#committedSegment) {
      this.#closeFiles();
      const path = segmentPath(this.#dir, this.#committedSegment);
      this.#file = this.#fs.open(path, 'r+');
      this.#syncFile = this.#fs.open(path, 'r+');
      this.#removeSegments(this.#committedSegment + 1, this.#segment);
      this.#segment = this.#committedSegment;
      // It was synced before the next one was begun.
      this.#durable = this.#committedOffset;
    }
    this.#fs.truncate(this.#file, this.#committedOffset);
    this.#written = this.#committedOffset;
    this.#dirty = false;
  }

  #break(error: unknown, what: string): void {
    this.#broken = error instanceof Error ? error : new Error(String(error));
    this.#recoverNotBefore = 0;
    this.#log.error(`Write-ahead log: ${what}`, {segment: segmentName(this.#segment), err: this.#broken});
  }

  /** False where the segment was removed, now or before. */
  #isThere(): boolean {
    if (this.#removed) return false;
    if (this.#fs.links(this.#file) > 0) return true;
    this.#removed = true;
    const path = segmentPath(this.#dir, this.#segment);
    this.#broken = new Error(
      `${path} was removed while it was in use, so nothing can be stored until the server is started again`,
    );
    this.#log.error(
      'Write-ahead log: the segment in use was removed. Samples are refused until the server is started again. Data that are only in memory will be lost then',
      {segment: path},
    );
    return false;
  }

  #recoverInCommit(): void {
    const broken = this.#broken!;
    if (this.#clock.elapsed() < this.#recoverNotBefore || !this.#tryRecover()) this.#fail(broken);
  }

  /** False where the segment is still broken. */
  #tryRecover(): boolean {
    if (this.#removed) return false;
    try {
      this.#recover();
      return true;
    } catch (error) {
      this.#recoverNotBefore = this.#clock.elapsed() + recoverDelayMs;
      this.#log.error('Write-ahead log: cannot start a new segment', {err: error});
      this.#scheduleSync();
      return false;
    }
  }

  /**
   * Writes what may be lost to a new segment, and then cuts the broken one to what is certain. The open batch moves along,
   * or fails where a part of it was let go because it was durable in the broken segment.
   */
  #recover(): void {
    if (this.#removed || (this.#file >= 0 && !this.#isThere())) throw this.#broken!;
    if (this.#openDropped) {
      this.#fail(this.#broken);
      this.#unsynced.rollback();
      this.#openDropped = false;
    }
    const old = {segment: this.#committedSegment, committed: this.#committedOffset, durable: this.#durable};
    if (this.#segment !== old.segment) {
      // The open batch had begun segments: the last one before them was synced.
      old.durable = old.committed;
      this.#removeSegments(old.segment + 1, this.#segment);
    }
    const keep = Math.min(old.durable, old.committed);
    this.#closeFiles();
    try {
      this.#createSegment(old.segment + 1);
      this.#rewriteUnsynced();
      this.#cutSegment(old.segment, keep);
    } catch (error) {
      this.#closeFiles();
      this.#removeSegments(old.segment + 1, old.segment + 1);
      this.#segment = old.segment;
      this.#durable = old.durable;
      this.#committedSegment = old.segment;
      this.#committedOffset = old.committed;
      throw error;
    }
    this.#unsynced.dropBefore(this.#unsynced.committed);
    this.#broken = null;
    this.#log.warn('Write-ahead log: went on in a new segment', {
      segment: segmentName(this.#segment),
      rewritten_bytes: this.#committedOffset,
      cut_segment: segmentName(old.segment),
      cut_offset: keep,
    });
  }

  #rewriteUnsynced(): void {
    this.#unsynced.forEach('committed', (bits, source, start, end) =>
      this.#framer.append(bits, source, start, end),
    );
    this.#framer.flush();
    this.#committedSegment = this.#segment;
    this.#committedOffset = this.#framer.position;
    this.#syncTimed(() => this.#fs.sync(this.#file));
    this.#durable = this.#committedOffset;
    this.#unsynced.forEach('open', (bits, source, start, end) =>
      this.#framer.append(bits, source, start, end),
    );
  }

  #cutSegment(segment: number, bytes: number): void {
    const file = this.#fs.open(segmentPath(this.#dir, segment), 'r+');
    try {
      if (this.#fs.size(file) <= bytes) return;
      this.#fs.truncate(file, bytes);
      this.#trySync(file, segment);
    } finally {
      this.#closeFile(file);
    }
  }

  /** Where this fails, what was cut off may come back after a loss of power: then it stands there twice, or damaged and whole. */
  #trySync(file: number, segment: number): void {
    try {
      this.#fs.sync(file);
    } catch (error) {
      this.#log.error('Write-ahead log: cannot sync a segment after it was cut', {
        segment: segmentName(segment),
        err: error,
      });
    }
  }

  /** Removes from the last to the first, so that no gap comes about. What stays is removed before the number is used again. */
  #removeSegments(first: number, last: number): void {
    for (let segment = last; segment >= first; segment--) {
      try {
        this.#fs.remove(segmentPath(this.#dir, segment));
      } catch (error) {
        this.#leftoverMax = Math.max(this.#leftoverMax, segment);
        this.#log.error('Write-ahead log: cannot remove a segment', {
          segment: segmentName(segment),
          err: error,
        });
        return;
      }
    }
  }

  #scheduleSync(): void {
    if (this.#cancelTimer !== null || this.#syncing !== null || this.#closed) return;
    this.#cancelTimer = this.#clock.after(this.#syncDelayMs, () => {
      this.#cancelTimer = null;
      void this.sync();
    });
  }

  /** Starts a sync in the thread pool. There is one at a time. */
  #startSync(): Promise<void> {
    const file = this.#syncFile;
    const target = {
      segment: this.#segment,
      offset: this.#committedOffset,
      position: this.#unsynced.committed,
    };
    const started = this.#clock.elapsed();
    this.#syncingFile = file;
    this.#syncing = this.#fs.syncLater(file).then(
      () => {
        this.#syncDone(started);
        if (target.segment === this.#segment && this.#broken === null) {
          this.#durable = Math.max(this.#durable, target.offset);
          this.#unsynced.dropBefore(target.position);
        }
        this.#afterSync(file);
      },
      (error: unknown) => {
        this.statistics.syncsFailed++;
        // A segment that was left meanwhile was synced through the other file, which has told all errors itself.
        if (target.segment === this.#segment && this.#broken === null) {
          this.#break(error, 'cannot sync');
          this.#tryRecover();
        }
        this.#afterSync(file);
      },
    );
    return this.#syncing;
  }

  #afterSync(file: number): void {
    this.#syncing = null;
    this.#syncingFile = -1;
    if (file !== this.#syncFile) this.#closeFile(file);
    if ((this.#unsynced.inDoubt > 0 || this.#broken !== null) && !this.#removed) this.#scheduleSync();
  }

  /** Waits for the disk. Throws where it fails; the segment is broken then. */
  #syncNow(): void {
    try {
      this.#syncTimed(() => this.#fs.sync(this.#file));
    } catch (error) {
      this.statistics.syncsFailed++;
      this.#break(error, 'cannot sync');
      throw error;
    }
    this.#durable = this.#written;
    this.#openDropped = this.#unsynced.dropAll() || this.#openDropped;
  }

  /** In a batch that is too large to be kept in memory: what was appended so far becomes durable, though it is not committed. */
  #syncOpenBatch(): void {
    if (this.#broken !== null) throw this.#broken;
    this.#framer.flush();
    this.#syncNow();
  }

  #syncTimed(sync: () => void): void {
    const started = this.#clock.elapsed();
    sync();
    this.#syncDone(started);
  }

  #syncDone(started: number): void {
    const seconds = (this.#clock.elapsed() - started) / 1000;
    this.statistics.syncs++;
    this.statistics.syncSeconds += seconds;
    this.#onSync(seconds);
  }

  #closeFiles(): void {
    if (this.#file >= 0) this.#closeFile(this.#file);
    if (this.#syncFile >= 0) this.#closeSyncFile(this.#syncFile);
    this.#file = -1;
    this.#syncFile = -1;
  }

  /** A sync in the thread pool closes its file itself, when it finds that it is no longer in use. */
  #closeSyncFile(file: number): void {
    if (file !== this.#syncingFile) this.#closeFile(file);
  }

  #closeFile(file: number): void {
    try {
      this.#fs.close(file);
    } catch (error) {
      this.#log.warn('Write-ahead log: cannot close a file', {err: error});
    }
  }
}
