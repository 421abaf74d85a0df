import {compareStrings, labelsOf} from '../../model/labels.ts';
import type {Labels} from '../../model/labels.ts';
import type {Clock} from '../../sys/clock.ts';
import type {FileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import type {ReplaySink} from '../log.ts';
import {CorruptionError} from './corruption.ts';
import {Damage} from './damage.ts';
import {readDecoded} from './decodedsamples.ts';
import {RecordDecoder, type SamplesReceiver} from './decode.ts';
import {recordType, recordTypeName, segmentName} from './format.ts';
import {isHistogramRecord} from './histogram-records.ts';
import type {LogMemory} from './page-buffer.ts';
import {cutSegment, keepCopy, rewriteSegment, writeAgain} from './repair.ts';
import {ReadAhead} from './readahead.ts';
import {describeSegment, ReaderBuffers, SegmentReader} from './segment-reader.ts';
import type {RecordReader, SegmentFile} from './segment-reader.ts';
import {lastCheckpoint, listSegments, segmentPath} from './segments.ts';

export interface ReplayOptions {
  fs: FileSystem;
  /** The directory of the segments, `wal`. */
  dir: string;
  /** Where damaged segments are copied to before they are repaired, beside `dir`. */
  corruptDir: string;
  /** Copies that are kept there; the oldest go first. */
  corruptCopiesMax?: number;
  sink: ReplaySink;
  log: Logger;
  clock: Clock;
  linear?: LogMemory | null;
  /** Awaited once, before the first record that is not of series, where there is one. */
  afterSeries?: () => Promise<void>;
  /** Between segments: `done` of `total` are read. */
  onProgress?: (done: number, total: number) => void;
  /** Records before this place are not read: a snapshot has them. */
  from?: {segment: number; offset: number} | null;
  /** What the log is called in messages; WAL where it is not said. */
  name?: string;
  /** Only read: nothing is repaired. */
  readOnly?: boolean;
  /** With fewer bytes no thread reads ahead. */
  aheadBytesMin?: number;
}

/** What replay found. */
export interface ReplayResult {
  segments: number;
  bytes: number;
  /** By the type of the record. */
  records: number[];
  series: number;
  samples: number;
  histograms: number;
  metadata: number;
  tombstones: number;
  exemplars: number;
  /** Records of kinds that are not used. */
  recordsSkipped: number;
  /** Damage other than a segment that ends inside a record. */
  corruptions: CorruptionError[];
  /** Segments that ended inside a record, as they do when the process is killed. */
  tornTails: number;
  bytesCut: number;
  /** The segment to write to: the one after the last. */
  nextSegment: number;
  seconds: number;
}

/** Segments that are missing are made up for, as empty ones, up to this many. */
const gapMax = 1000;

/** The last one that was written to, and the one before it, where a start was cut short. */
const segmentsInDoubt = 2;

/**
 * Reads the newest checkpoint and the segments after it into `sink`, in order. Damage is reported, kept in `corruptDir` and
 * taken out of the segment; all records before it and behind it that are whole are kept. Gives way to other events
 * between segments.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const run = new Replay(options);
  try {
    await run.run();
  } finally {
    await run.free();
  }
  return run.result;
}

class Replay {
  readonly result: ReplayResult = {
    segments: 0,
    bytes: 0,
    records: Array.from({length: 256}, () => 0),
    series: 0,
    samples: 0,
    histograms: 0,
    metadata: 0,
    tombstones: 0,
    exemplars: 0,
    recordsSkipped: 0,
    corruptions: [],
    tornTails: 0,
    bytesCut: 0,
    nextSegment: 0,
    seconds: 0,
  };
  readonly #options: ReplayOptions;
  readonly #buffers: ReaderBuffers;
  readonly #decoder = new RecordDecoder();
  /** Null: segments are read by this thread. */
  #ahead: ReadAhead | null = null;
  /** Null: it was called, or there is none. */
  #afterSeries: (() => Promise<void>) | null;
  /** What the sink threw: not a fault of the log. */
  #sinkError: unknown = null;
  readonly #onSeries: (ref: number, labels: Labels) => void;
  readonly #onSamples: SamplesReceiver;
  readonly #onMetadata: (ref: number, type: string, unit: string, help: string) => void;
  readonly #onExemplar: (ref: number, time: number, value: number, labels: Labels) => void;
  readonly #onMarker: (ref: number, reference: number) => void;
  readonly #onTombstone: (ref: number, mint: number, maxt: number) => void;

  constructor(options: ReplayOptions) {
    const {sink} = options;
    this.#options = options;
    this.#afterSeries = options.afterSeries ?? null;
    this.#buffers = new ReaderBuffers(options.linear ?? null);
    this.#onSeries = (ref, labels) => {
      const valid = validLabels(labels);
      if (valid.length > 0) this.#give(() => sink.series(ref, valid));
    };
    this.#onSamples = (refs, times, values, count, startTimes) =>
      this.#give(() => sink.samples(refs, times, values, count, startTimes));
    this.#onMetadata = (ref, type, unit, help) => this.#give(() => sink.metadata(ref, type, unit, help));
    this.#onExemplar = (ref, time, value, labels) =>
      this.#give(() => sink.exemplar(ref, time, value, labels));
    this.#onMarker = (ref, reference) => this.#give(() => sink.marker?.(ref, reference));
    this.#onTombstone = (ref, mint, maxt) => this.#give(() => sink.tombstone(ref, mint, maxt));
  }

  get #name(): string {
    return this.#options.name ?? 'WAL';
  }

  async free(): Promise<void> {
    await this.#ahead?.close();
    this.#buffers.free();
  }

  async run(): Promise<void> {
    const {fs, dir, log, clock} = this.#options;
    const started = clock.elapsed();
    const checkpoint = lastCheckpoint(fs, dir);
    const all = listSegments(fs, dir);
    const first = (checkpoint?.number ?? -1) + 1;
    const given = this.#options.from ?? null;
    const from = given ?? {segment: first, offset: 0};
    const segments = all.filter((each) => each.number >= Math.max(first, from.segment));
    const last = all.at(-1)?.number ?? -1;
    this.result.nextSegment = Math.max(last + 1, first);
    this.#fillGaps(
      segments,
      checkpoint === null ? (segments[0]?.number ?? 0) : Math.max(first, from.segment),
    );

    log.info(`Replaying ${this.#name}, this may take a while`);
    const usesCheckpoint = checkpoint !== null && (given === null || checkpoint.number >= given.segment);
    const ofCheckpoint = usesCheckpoint ? listSegments(fs, checkpoint.path) : [];
    const startOf = ({number}: SegmentFile): number => (number === from.segment ? from.offset : 0);
    this.#readAhead([
      ...ofCheckpoint.map((segment) => ({segment, start: 0})),
      ...segments.map((segment) => ({segment, start: startOf(segment)})),
    ]);
    if (usesCheckpoint) {
      // Its segments are read to the end whatever they hold: nothing is written behind them.
      for (const segment of ofCheckpoint) await this.#segment(segment, () => false);
      log.info(`${this.#name} checkpoint loaded`);
    }
    const checkpointDone = clock.elapsed();
    for (const [index, segment] of segments.entries()) {
      this.#options.onProgress?.(index, segments.length);
      await new Promise((resolve) => setImmediate(resolve));
      const segmentStarted = clock.elapsed();
      const atEnd = (): boolean =>
        segments.slice(index + 1).every((each) => fs.status(each.path)?.bytes === 0);
      await this.#segment(segment, atEnd, startOf(segment));
      log.info(`${this.#name} segment loaded`, {
        segment: segment.number,
        maxSegment: last,
        duration: duration(clock.elapsed() - segmentStarted),
      });
    }
    this.#options.onProgress?.(segments.length, segments.length);
    if (this.#options.readOnly !== true) this.#makeDurable(segments);
    this.result.seconds = (clock.elapsed() - started) / 1000;
    this.#logSkipped();
    log.info(`${this.#name} replay completed`, {
      checkpoint_replay_duration: duration(checkpointDone - started),
      wal_replay_duration: duration(clock.elapsed() - checkpointDone),
      total_replay_duration: duration(clock.elapsed() - started),
    });
  }

  /**
   * What a killed process has written may not be on the disk, nor may what a failed sync has left: the system may take it for written.
   * So the newest segments are written once more, over themselves. Earlier ones were synced when they were full.
   */
  #makeDurable(segments: readonly SegmentFile[]): void {
    const {fs, log} = this.#options;
    const filled = segments.filter(({path}) => (fs.status(path)?.bytes ?? 0) > 0);
    for (const segment of filled.slice(-segmentsInDoubt)) {
      try {
        writeAgain(fs, segment);
      } catch (error) {
        log.error(`${this.#name} segment cannot be synced: a loss of power may take its end`, {
          segment: segment.number,
          err: error,
        });
      }
    }
  }

  /** Prometheus refuses segments with a gap between them. What was in it is lost, so it may as well be empty. */
  #fillGaps(segments: SegmentFile[], first: number): void {
    const {fs, dir, log} = this.#options;
    let expected = first;
    for (const segment of segments) {
      const missing = segment.number - expected;
      if (missing > gapMax) {
        throw new RangeError(
          `cannot replay ${dir}: segments ${segmentName(expected)} to ${segmentName(segment.number - 1)} are missing`,
        );
      }
      for (; expected < segment.number; expected++) {
        log.error('WAL segment is missing, its records are lost', {segment: segmentName(expected)});
        this.result.corruptions.push(new CorruptionError(dir, expected, 0, 'segment is missing'));
        if (this.#options.readOnly !== true) fs.close(fs.open(segmentPath(dir, expected), 'wx'));
      }
      expected++;
    }
  }

  #readAhead(segments: {segment: SegmentFile; start: number}[]): void {
    const {fs, linear = null, aheadBytesMin: bytesMin} = this.#options;
    const decodes = this.#options.sink.decoded !== undefined;
    this.#ahead = ReadAhead.start({fs, linear, buffers: this.#buffers, segments, decodes, bytesMin});
  }

  async #segment(segment: SegmentFile, atEnd: () => boolean, start = 0): Promise<void> {
    const {fs} = this.#options;
    const reader =
      this.#ahead?.reader(segment, start) ?? new SegmentReader(fs, segment, this.#buffers, start);
    const damage = new Damage(start);
    try {
      await this.#records(reader, segment, damage);
    } finally {
      reader.close();
    }
    this.result.segments++;
    this.result.bytes += reader.bytes;
    if (damage.first !== null) this.#report(segment, reader, damage, atEnd);
  }

  async #records(reader: RecordReader, segment: SegmentFile, damage: Damage): Promise<void> {
    for (;;) {
      try {
        if (!reader.next()) return;
        if (this.#afterSeries !== null && reader.length > 0 && reader.type !== recordType.series)
          await this.#endSeries(this.#afterSeries);
        this.#record(reader, segment);
        damage.sound(reader);
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        damage.found(error, reader);
      }
    }
  }

  async #endSeries(afterSeries: () => Promise<void>): Promise<void> {
    this.#afterSeries = null;
    await afterSeries();
  }

  #record(reader: RecordReader, segment: SegmentFile): void {
    try {
      this.#decode(reader);
    } catch (error) {
      if (!(error instanceof RangeError) || error === this.#sinkError) throw error;
      const name = recordTypeName(reader.type);
      throw new CorruptionError(
        segment.dir,
        segment.number,
        reader.start,
        `decode ${name}: ${error.message}`,
      );
    }
  }

  #give(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#sinkError = error;
      throw error;
    }
  }

  #decode(reader: RecordReader): void {
    if (reader.length === 0) return; // What is left of a torn header: type 1, then zeros.
    const {result} = this;
    const {type} = reader;
    result.records[type]!++;
    if (reader.decoded === true) return this.#decoded(reader);
    // Fast path: nearly all records are of samples.
    if (type === recordType.samples && this.#samplesRecord(reader)) return;
    if (type === recordType.series && this.#seriesRecord(reader)) return;
    const {record} = reader;
    switch (type) {
      case recordType.samples:
      case recordType.samplesV2:
        result.samples += this.#decoder.samples(record, this.#onSamples);
        break;
      case recordType.series:
        result.series += this.#decoder.series(record, this.#onSeries);
        break;
      case recordType.metadata:
        result.metadata += this.#decoder.metadata(record, this.#onMetadata);
        break;
      case recordType.tombstones:
        result.tombstones += this.#decoder.tombstones(record, this.#onTombstone);
        break;
      case recordType.mmapMarkers:
        if (this.#options.sink.marker === undefined) result.recordsSkipped++;
        else this.#decoder.markers(record, this.#onMarker);
        break;
      case recordType.exemplars:
        result.exemplars += this.#decoder.exemplars(record, this.#onExemplar);
        break;
      default:
        if (isHistogramRecord(type)) this.#histograms(record);
        else result.recordsSkipped++;
    }
  }

  /** False where the sink does not take the record as it is. */
  #samplesRecord({address, length}: RecordReader): boolean {
    const {sink} = this.#options;
    if (address === 0 || sink.samplesRecord === undefined) return false;
    let count = 0;
    this.#give(() => (count = sink.samplesRecord!(address, length)));
    if (count < 0) return false;
    this.result.samples += count;
    if (sink.samplesTable !== undefined) this.#ahead?.lend(sink.samplesTable);
    return true;
  }

  #decoded({address, length}: RecordReader): void {
    const samples = readDecoded(this.#options.linear!.memory, address, length);
    this.result.samples += samples.total;
    this.#give(() => this.#options.sink.decoded!(samples));
  }

  /** Likewise. */
  #seriesRecord({address, length}: RecordReader): boolean {
    const {sink} = this.#options;
    if (address === 0 || sink.seriesRecord === undefined) return false;
    let count = 0;
    this.#give(() => (count = sink.seriesRecord!(address, length, this.#onSeries)));
    if (count < 0) return false;
    this.result.series += count;
    return true;
  }

  #histograms(record: Uint8Array): void {
    const histograms = this.#decoder.histograms(record);
    this.result.histograms += histograms.length;
    this.#give(() => this.#options.sink.histograms(histograms));
  }

  /** Says what is damaged and takes it out. `atEnd`: whether no later segment holds anything. */
  #report(segment: SegmentFile, reader: RecordReader, damage: Damage, atEnd: () => boolean): void {
    const {log} = this.#options;
    const bytes = damage.lostBytes(reader);
    const place = {segment: describeSegment(segment), offset: damage.firstOffset, bytes};
    this.result.bytesCut += bytes;
    if (damage.onlyTorn && atEnd()) {
      this.result.tornTails++;
      log.warn('WAL ends inside a record, as it does when its writer was killed: cutting it off', place);
      if (this.#options.readOnly !== true)
        this.#repair(segment, () => this.#cut(segment, damage.firstOffset));
      return;
    }
    this.result.corruptions.push(damage.first!);
    log.error('WAL is damaged: the damaged records are lost, all others are kept', {
      ...place,
      places: damage.places,
      fragments_lost: reader.fragmentsLost,
      records_follow: damage.recordsFollow,
      err: damage.first,
    });
    if (this.#options.readOnly !== true) this.#repair(segment, () => this.#mend(segment, damage));
  }

  #cut(segment: SegmentFile, offset: number): void {
    cutSegment(this.#options.fs, segment, offset);
  }

  #mend(segment: SegmentFile, damage: Damage): void {
    const {fs, corruptDir, corruptCopiesMax: copiesMax, clock, log} = this.#options;
    const from = damage.recordsFollow ? 0 : damage.firstOffset;
    const copy = keepCopy(fs, segment, from, corruptDir, clock.now(), copiesMax);
    if (damage.recordsFollow) rewriteSegment(fs, segment);
    else cutSegment(fs, segment, damage.firstOffset);
    log.warn('WAL segment is repaired', {segment: describeSegment(segment), damaged_copy: copy});
  }

  /** A repair that fails costs nothing: the next replay finds the same damage. */
  #repair(segment: SegmentFile, repair: () => void): void {
    try {
      repair();
    } catch (error) {
      this.#options.log.error('WAL segment cannot be repaired and stays as it is', {
        segment: describeSegment(segment),
        err: error,
      });
    }
  }

  #logSkipped(): void {
    const {records} = this.result;
    const skipped: Record<string, number> = {};
    for (let type = 0; type < records.length; type++) {
      const isRead =
        type >= recordType.series && type <= recordType.metadata && type !== recordType.mmapMarkers;
      if (isRead || isHistogramRecord(type) || type === recordType.samplesV2 || records[type] === 0) continue;
      const name = recordTypeName(type);
      skipped[name] = (skipped[name] ?? 0) + records[type]!;
    }
    if (this.result.recordsSkipped === 0) return;
    this.#options.log.warn(
      'WAL holds records of kinds that are not supported yet: they were skipped',
      skipped,
    );
  }
}

/** Names rise and no value is empty in what Prometheus and Narthex write. Should it be otherwise, it is made so. */
function validLabels(labels: Labels): Labels {
  for (let i = 0; i < labels.length; i += 2) {
    const rises = i === 0 || compareStrings(labels[i - 2]!, labels[i]!) < 0;
    if (!rises || labels[i + 1] === '') return labelsOf(pairsOf(labels));
  }
  return labels;
}

function pairsOf(labels: Labels): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < labels.length; i += 2) pairs.push([labels[i]!, labels[i + 1]!]);
  return pairs;
}

/** As Go writes a duration, which the originals log. */
function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1e3)}µs`;
  return ms < 1000 ? `${ms.toFixed(3)}ms` : `${(ms / 1000).toFixed(3)}s`;
}
