// Checkpoints (tsdb/wlog/checkpoint.go in Prometheus): what is still needed of the older segments, in a directory of its own, so
// that they can be dropped. One is made beside its place, made durable, renamed, and only when the name is durable, too, the
// segments go. So at every moment either the segments are there or a whole checkpoint is.

import {assert} from '../../base/assert.ts';
import type {Clock} from '../../sys/clock.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import type {Compression} from './compression.ts';
import {CorruptionError} from './corruption.ts';
import {RecordDecoder} from './decode.ts';
import {checkpointNumber, recordType, segmentName} from './format.ts';
import {LatestMetadata} from './latest-metadata.ts';
import type {LogMemory} from './page-buffer.ts';
import {keepCopy} from './repair.ts';
import {describeSegment, ReaderBuffers, SegmentReader} from './segment-reader.ts';
import type {SegmentFile} from './segment-reader.ts';
import {lastCheckpoint, listSegments, segmentPath} from './segments.ts';
import {Wal} from './wal.ts';

export interface CheckpointOptions {
  fs: FileSystem;
  /** The directory of the segments. */
  dir: string;
  /** Where damaged segments are copied to before they are dropped. */
  corruptDir: string;
  log: Logger;
  clock: Clock;
  linear: LogMemory;
  compression?: Compression;
  segmentBytes?: number;
  /** The last segment to take in. It is complete: nothing is written to it any more. */
  last: number;
  /** Records with nothing at or after this time are dropped. Milliseconds. */
  mint: number;
  /** Deletions that end before this time are dropped; `mint` where it is not said. */
  tombstonesMint?: number;
  /** Whether the records of this series are still needed. The answer must not change while the checkpoint is made. */
  keep: (ref: number) => boolean;
}

export interface CheckpointResult {
  /** Segments that went into it, and the number of the last one. */
  first: number;
  last: number;
  recordsRead: number;
  recordsWritten: number;
  bytesWritten: number;
  /** Damage that was found, and is not in the checkpoint. */
  corruptions: CorruptionError[];
  seconds: number;
}

const temporarySuffix = '.tmp';
/** Other events get their turn after so much work. */
const sliceMs = 5;

/** What to take into a checkpoint, of segments `first` to `current`, the one being written: the older two thirds; -1 = not worth it. */
export function checkpointEnd(first: number, current: number): number {
  const last = first + Math.trunc(((current - 1 - first) * 2) / 3);
  return last > first ? last : -1;
}

/**
 * Makes `checkpoint.<last>` of the newest checkpoint and the segments after it up to `last`, and then drops these and older
 * checkpoints. Throws where it cannot be made; then all is as it was. Gives way to other events now and then.
 */
export async function makeCheckpoint(options: CheckpointOptions): Promise<CheckpointResult> {
  const {fs, dir, last, log} = options;
  const path = `${dir}/checkpoint.${segmentName(last)}`;
  removeTemporary(fs, dir);
  const run = new CheckpointRun(options, path + temporarySuffix);
  try {
    await run.run();
  } catch (error) {
    await run.abandon();
    tryRemove(options, path + temporarySuffix);
    throw error;
  }
  fs.rename(path + temporarySuffix, path);
  fs.syncDirectory(dir);
  removeCovered(options);
  log.info('WAL checkpoint complete', {
    first: run.result.first,
    last,
    records_read: run.result.recordsRead,
    records_written: run.result.recordsWritten,
    seconds: run.result.seconds,
  });
  return run.result;
}

/** Removes checkpoints that were not finished. */
export function removeTemporary(fs: FileSystem, dir: string): void {
  if (fs.status(dir) === null) return;
  for (const name of fs.list(dir)) {
    if (!name.endsWith(temporarySuffix)) continue;
    if (checkpointNumber(name.slice(0, -temporarySuffix.length)) >= 0) fs.remove(`${dir}/${name}`);
  }
}

/**
 * Removes the segments that the newest checkpoint covers, the oldest first, and older checkpoints. What cannot be removed is
 * passed over by all readers, and tried again next time.
 */
export function removeCovered(options: Pick<CheckpointOptions, 'fs' | 'dir' | 'log'>): void {
  const {fs, dir} = options;
  const newest = lastCheckpoint(fs, dir);
  if (newest === null) return;
  for (const {number, path} of listSegments(fs, dir)) {
    if (number <= newest.number && !tryRemove(options, path)) break;
  }
  for (const name of fs.list(dir)) {
    const number = checkpointNumber(name);
    if (number >= 0 && number < newest.number) tryRemove(options, `${dir}/${name}`);
  }
}

function tryRemove({fs, log}: Pick<CheckpointOptions, 'fs' | 'log'>, path: string): boolean {
  try {
    fs.remove(path);
    return true;
  } catch (error) {
    log.error('WAL: cannot remove what is no longer needed', {path, err: error});
    return false;
  }
}

class CheckpointRun {
  readonly result: CheckpointResult;
  readonly #options: CheckpointOptions;
  readonly #target: Wal;
  readonly #buffers: ReaderBuffers;
  readonly #decoder = new RecordDecoder();
  readonly #metadata = new LatestMetadata();
  #sliceStarted = 0;
  #closed = false;

  constructor(options: CheckpointOptions, path: string) {
    const {fs, log, clock, linear, compression, segmentBytes, last} = options;
    this.#options = options;
    this.#target = new Wal({
      fs,
      dir: path,
      segment: 0,
      log,
      // Nothing is synced before the end.
      clock: {...timesOf(clock), after: () => () => {}},
      linear,
      ...(compression === undefined ? {} : {compression}),
      ...(segmentBytes === undefined ? {} : {segmentBytes}),
    });
    this.#buffers = new ReaderBuffers(linear);
    this.result = {
      first: last,
      last,
      recordsRead: 0,
      recordsWritten: 0,
      bytesWritten: 0,
      corruptions: [],
      seconds: 0,
    };
  }

  async run(): Promise<void> {
    const {fs, clock, log, mint} = this.#options;
    const started = clock.elapsed();
    this.#sliceStarted = started;
    const {result} = this;
    const sources = this.#sources();
    log.info('Creating checkpoint', {from_segment: result.first, to_segment: result.last, mint});
    for (const source of sources) await this.#segment(source);
    this.#metadata.forEach((ref, type, unit, help) => this.#target.metadata(ref, type, unit, help));
    this.#target.flush();
    result.recordsWritten = this.#target.statistics.records;
    result.bytesWritten = this.#target.statistics.bytesWritten;
    this.#closed = true;
    this.#buffers.free();
    await this.#target.close();
    const last = this.#target.position.segment;
    fs.syncDirectory(this.#targetDir);
    assert(last >= 0, 'a checkpoint has a segment');
    result.seconds = (clock.elapsed() - started) / 1000;
  }

  /** Gives back what is held after a failure. */
  async abandon(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#buffers.free();
    await this.#target.close().catch(() => {});
  }

  get #targetDir(): string {
    const {dir, last} = this.#options;
    return `${dir}/checkpoint.${segmentName(last)}${temporarySuffix}`;
  }

  /** Segments of the newest checkpoint, then those after it. */
  #sources(): SegmentFile[] {
    const {fs, dir, last} = this.#options;
    const before = lastCheckpoint(fs, dir);
    assert(before === null || before.number < last, `a checkpoint of ${last} is not there yet`);
    const segments = listSegments(fs, dir).filter(
      ({number}) => number > (before?.number ?? -1) && number <= last,
    );
    const first = segments[0]?.number ?? last;
    if (before !== null && first !== before.number + 1) {
      throw new RangeError(
        `unexpected gap to last checkpoint. expected:${before.number + 1}, requested:${first}`,
      );
    }
    for (const [i, {number}] of segments.entries()) {
      if (number !== first + i) throw new RangeError(`segment ${segmentPath(dir, first + i)} is missing`);
    }
    this.result.first = first;
    return before === null ? segments : [...listSegments(fs, before.path), ...segments];
  }

  async #segment(segment: SegmentFile): Promise<void> {
    const reader = new SegmentReader(this.#options.fs, segment, this.#buffers);
    let damage: CorruptionError | null = null;
    try {
      for (;;) {
        try {
          if (!reader.next()) break;
          this.result.recordsRead++;
          this.#record(reader.record, segment, reader.start);
        } catch (error) {
          if (!(error instanceof CorruptionError)) throw error;
          damage ??= error;
        }
        await this.#giveWay();
      }
    } finally {
      reader.close();
    }
    if (damage !== null) this.#keepDamaged(segment, damage);
    // What is written becomes one batch for each segment.
    this.#target.flush();
  }

  /** Every segment was sound when the log was opened, so that was damaged meanwhile; a start would lose the same records. */
  #keepDamaged(segment: SegmentFile, damage: CorruptionError): void {
    const {fs, corruptDir, clock, log} = this.#options;
    this.result.corruptions.push(damage);
    const copy = keepCopy(fs, segment, 0, corruptDir, clock.now());
    log.error('WAL is damaged: the damaged records are not in the checkpoint, all others are', {
      segment: describeSegment(segment),
      damaged_copy: copy,
      err: damage,
    });
  }

  #record(record: Uint8Array, segment: SegmentFile, start: number): void {
    if (record.length === 0) return;
    // What the target throws is no damage of the source.
    if (!this.#decoder.sound(record)) {
      throw new CorruptionError(
        segment.dir,
        segment.number,
        start,
        'a record does not hold what its type asks for',
      );
    }
    const {keep, mint, tombstonesMint = mint} = this.#options;
    switch (record[0]) {
      case recordType.series:
        this.#decoder.series(record, (ref, labels) => {
          if (keep(ref)) this.#target.series(ref, labels);
        });
        break;
      case recordType.tombstones:
        this.#decoder.tombstones(record, (ref, from, to) => {
          if (keep(ref) && to >= tombstonesMint) this.#target.tombstone(ref, from, to);
        });
        break;
      case recordType.exemplars:
        this.#decoder.exemplars(record, (ref, time, value, labels) => {
          if (time >= mint) this.#target.exemplar(ref, time, value, labels);
        });
        break;
      case recordType.metadata:
        this.#decoder.metadata(record, (ref, type, unit, help) => {
          if (keep(ref)) this.#metadata.set(ref, type, unit, help);
        });
        break;
      default:
        // Samples of a record have the same time, or nearly so: what is older than mint is passed over by replay.
        if (this.#decoder.newestTime(record) >= mint) this.#target.copy(record);
    }
  }

  async #giveWay(): Promise<void> {
    const {clock} = this.#options;
    if (clock.elapsed() - this.#sliceStarted < sliceMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#sliceStarted = clock.elapsed();
  }
}

function timesOf(clock: Clock): Pick<Clock, 'now' | 'elapsed'> {
  return {now: () => clock.now(), elapsed: () => clock.elapsed()};
}
