import {ByteReader} from '../../base/varint.ts';
import type {Labels} from '../../model/labels.ts';
import type {Clock} from '../../sys/clock.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import {encoding, isHistogramEncoding} from '../chunkenc/encoding.ts';
import {RecordDecoder} from '../wal/decode.ts';
import {recordType} from '../wal/format.ts';
import type {LogMemory} from '../wal/page-buffer.ts';
import {ReadAhead} from '../wal/readahead.ts';
import {ReaderBuffers, type RecordReader, SegmentReader} from '../wal/segment-reader.ts';
import {listSegments} from '../wal/segments.ts';
import {readLabels, StringReader} from '../wal/string-reader.ts';
import {listSnapshots, type Snapshot, snapshotRecord, tombstonesVersion} from './format.ts';

export interface SnapshotPlace {
  fs: FileSystem;
  /** The data folder. */
  dir: string;
  /** Last segment of the log; -1 = there is none. */
  lastSegment: number;
  log: Logger;
}

export interface SnapshotReadOptions {
  fs: FileSystem;
  log: Logger;
  clock: Clock;
  linear: LogMemory;
  /** With so many bytes, a thread of its own reads them; left out = where it pays. */
  bytesMin?: number | undefined;
  /** Between segments: `done` of `total` are read. */
  onProgress?: (done: number, total: number) => void;
}

/** A series with the chunk that was open; `chunk` is null where none was. */
export interface SnapshotSeries {
  ref: number;
  labels: Labels;
  chunk: SnapshotChunk | null;
}

export interface SnapshotChunk {
  minTime: number;
  maxTime: number;
  encoding: number;
  bytes: Uint8Array;
  /** The halves of the last value, of an XOR chunk. */
  lastHigh: number;
  lastLow: number;
}

/** Receives what a snapshot has. What it is given is reused. */
export interface SnapshotSink {
  /** Takes entries of the ring of records (src/tsdb/wal/recordring.ts) as far as they are usual series; gives where it has stopped. */
  seriesRun?(at: number, end: number): number;
  /**
   * A record of a series as it lies in the linear memory: faster than series(). False where it is not as usual: then nothing of it was
   * used.
   */
  seriesRecord?(address: number, length: number): boolean;
  series(series: SnapshotSeries): void;
  tombstone(ref: number, mint: number, maxt: number): void;
  exemplar(ref: number, time: number, value: number, labels: Labels): void;
  /** There is nothing more. */
  end?(): void;
}

/** The newest snapshot, or null: there is none that the log reaches. */
export function newestSnapshot({fs, dir, lastSegment, log}: SnapshotPlace): Snapshot | null {
  const snapshot = listSnapshots(fs, dir).at(-1);
  if (snapshot === undefined) return null;
  if (lastSegment >= snapshot.segment) return snapshot;
  log.warn('Last WAL file is behind snapshot, which is not used', {snapshot: snapshot.path});
  return null;
}

/**
 * Fills the head from a snapshot, and says from where on the log is to be read; null = from its beginning. Where the snapshot is
 * damaged, what came before the damage is in the head: the log has it again, and it is passed over there.
 */
export async function loadSnapshot(
  snapshot: Snapshot,
  sink: SnapshotSink,
  options: SnapshotReadOptions,
): Promise<Snapshot | null> {
  const {log, clock} = options;
  const started = clock.elapsed();
  log.info('Chunk snapshot is enabled, replaying from the snapshot');
  try {
    const series = await readSnapshot(snapshot, sink, options);
    const duration = `${((clock.elapsed() - started) / 1000).toFixed(3)}s`;
    log.info('chunk snapshot loaded', {dir: snapshot.path, num_series: series, duration});
    return snapshot;
  } catch (error) {
    log.error('Failed to load chunk snapshot, the log is read instead', {
      snapshot: snapshot.path,
      err: error,
    });
    return null;
  }
}

/** Reads all records, in order, and returns the number of series. Throws where anything is damaged. */
export async function readSnapshot(
  snapshot: Snapshot,
  sink: SnapshotSink,
  {fs, linear, onProgress, bytesMin}: Pick<SnapshotReadOptions, 'fs' | 'linear' | 'onProgress' | 'bytesMin'>,
): Promise<number> {
  const buffers = new ReaderBuffers(linear);
  const decoder = new SnapshotDecoder(sink);
  const segments = listSegments(fs, snapshot.path);
  const starts = segments.map((segment) => ({segment, start: 0}));
  const ahead = ReadAhead.start({fs, linear, buffers, segments: starts, shortRecords: true, bytesMin});
  try {
    for (const [index, segment] of segments.entries()) {
      onProgress?.(index, segments.length);
      const reader = ahead?.reader(segment, 0) ?? new SegmentReader(fs, segment, buffers);
      try {
        for (;;) {
          decoder.readMany(reader);
          if (!reader.next()) break;
          if (reader.length > 0) decoder.read(reader);
        }
      } finally {
        reader.close();
      }
    }
  } finally {
    await ahead?.close();
    buffers.free();
    sink.end?.();
  }
  return decoder.series;
}

class SnapshotDecoder {
  series = 0;
  readonly #sink: SnapshotSink;
  readonly #reader = new ByteReader(new Uint8Array(0));
  readonly #strings = new StringReader();
  readonly #decoder = new RecordDecoder();

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  /** Reads those that are there already, as far as they are usual series. */
  readMany(reader: RecordReader): void {
    if (this.#sink.seriesRun === undefined || reader.takeMany === undefined) return;
    this.series += reader.takeMany((at, end) => this.#sink.seriesRun!(at, end));
  }

  read(reader: RecordReader): void {
    const {address, length} = reader;
    // Fast path: most records are of series.
    const isSeries = reader.type === snapshotRecord.series && address !== 0;
    if (isSeries && this.#sink.seriesRecord?.(address, length) === true) this.series++;
    else this.#record(reader.record);
  }

  #record(record: Uint8Array): void {
    this.#reader.reset(record, 1, record.length);
    switch (record[0]) {
      case snapshotRecord.series:
        this.#series();
        return;
      case snapshotRecord.tombstones:
        this.#tombstones();
        return;
      case snapshotRecord.exemplars:
        this.#exemplars(record);
        return;
      default:
        throw new RangeError(`unsupported snapshot record type ${record[0]}`);
    }
  }

  #series(): void {
    const reader = this.#reader;
    const ref = reader.uint64();
    const labels = readLabels(reader, this.#strings);
    reader.int64();
    const chunk = reader.uvarint() === 0 ? null : this.#chunk();
    if (ref === 0 || ref > Number.MAX_SAFE_INTEGER || labels.length === 0) {
      throw new RangeError(`invalid series reference ${ref}`);
    }
    this.series++;
    this.#sink.series({ref, labels, chunk});
  }

  #chunk(): SnapshotChunk {
    const reader = this.#reader;
    const minTime = reader.int64();
    const maxTime = reader.int64();
    const chunkEncoding = reader.byte();
    const length = reader.uvarint();
    const start = reader.skip(length);
    const isFloat = chunkEncoding === encoding.xor || chunkEncoding === encoding.xor2;
    if (!isFloat && !isHistogramEncoding(chunkEncoding)) {
      throw new RangeError(`unknown chunk encoding ${chunkEncoding}`);
    }
    if (length < 3 || minTime > maxTime) throw new RangeError(`a chunk of ${length} bytes is none`);
    // Three samples and the time of the last one say nothing. Behind a chunk of histograms comes the last one.
    if (isFloat) reader.skip(7 * 8);
    const lastHigh = isFloat ? reader.uint32() : 0;
    const lastLow = isFloat ? reader.uint32() : 0;
    const bytes = reader.bytes.subarray(start, start + length);
    return {minTime, maxTime, encoding: chunkEncoding, bytes, lastHigh, lastLow};
  }

  #tombstones(): void {
    const reader = this.#reader;
    const length = reader.uvarint();
    const end = reader.position + length;
    if (end > reader.end) throw new RangeError(`tombstones of ${length} bytes are cut short`);
    if (reader.byte() !== tombstonesVersion) throw new RangeError('unknown version of tombstones');
    while (reader.position < end) this.#sink.tombstone(reader.uvarint(), reader.varint(), reader.varint());
  }

  #exemplars(record: Uint8Array): void {
    const asInLog = record.slice();
    asInLog[0] = recordType.exemplars;
    this.#decoder.exemplars(asInLog, (ref, time, value, labels) =>
      this.#sink.exemplar(ref, time, value, labels),
    );
  }
}
