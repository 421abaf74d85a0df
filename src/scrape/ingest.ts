import {
  entryGeneration,
  entrySlot,
  kindSeries,
  linePack,
  packCounted,
  packKindMask,
  stagedIndexMask,
  stagedNew,
  stagedTracked,
  stateBytes,
  stateCursor,
  stateStagedEntries,
  stateStagedTimes,
  stateTable,
} from '../kernels/scrape-layout.ts';
import {counterReset, FloatHistogram} from '../model/histogram.ts';
import type {Labels} from '../model/labels.ts';
import {setStale} from '../model/value.ts';
import type {Appender, CommitResult, SeriesRef} from '../storage/appender.ts';
import {addSample, sampleStatus} from '../storage/appender.ts';
import {noteGarbage} from '../sys/garbage.ts';
import type {LabelResolver} from './labels.ts';
import {noDetails, type ScanOptions, type ScrapeScan, type SeriesOwner} from './scan.ts';
import type {ScrapeCounters} from './statistics.ts';
import {CommitGroup, type ReadyScrape} from './commitgroup.ts';
import {LineTable} from './linetable.ts';
import {Breather} from './breather.ts';
import type {ScrapeMemory} from './memory.ts';
import {
  type ExtraReport,
  type LabelOwner,
  type Report,
  reportLengthMax,
  ReportSeries,
  reportValues,
} from './reportseries.ts';

/** What a new series leaves in V8's heap: its line and its labels. After many of them that is most of the heap. */
const newSeriesGarbageBytes = 400;

/** Histograms in one commit. */
const histogramsAtOnce = 4096;

/** Where scrapes are stored and counted. */
export interface IngestWorld {
  readonly memory: ScrapeMemory;
  readonly appender: Appender;
  readonly counters: ScrapeCounters;
  /** Commits scrapes of all targets; where there is none each scrape has a commit of its own. */
  readonly commits?: CommitGroup;
  /** What becomes of start timestamps: nothing, a sample of value 0 at that time, or they are stored with each sample. */
  readonly features?: {readonly starts: 'none' | 'zero' | 'store'};
}

/** What one scrape left to be stored. */
export interface Outcome {
  timestampMs: number;
  /** Seconds since the scrape began. */
  elapsedSeconds: () => number;
  /** The body's scan where there was a body. */
  scan: ScrapeScan | null;
  extra?: ExtraReport | null;
  /** Why the scrape failed; null where it went well. */
  error: Error | null;
}

/**
 * Writes the scrapes of one target to the store, and remembers what of it must be marked stale when it does not come again.
 * A scrape's samples, stale markers and report go into one commit, as far as they fit in one batch. Scrapes without anything out of
 * the ordinary, which are nearly all, share that commit with those of other targets.
 */
export class Ingest implements ReadyScrape, SeriesOwner {
  readonly table: LineTable;
  readonly #target: LabelOwner;
  readonly #world: ScrapeMemory;
  readonly #appender: Appender;
  readonly #counters: ScrapeCounters;
  readonly #commits: CommitGroup;
  readonly #resolve: LabelResolver;
  readonly #reports: ReportSeries;
  /** Number of the last scrape, of the last that went well, and of the last whose series are to be marked stale. */
  #scrape = 0;
  #knownSince = 0;
  #trackedIn = 0;
  #trackedCount = 0;
  #lastTimestampMs = -Infinity;
  readonly #starts: 'none' | 'zero' | 'store';
  #seenBefore = 0;
  /** What is to be committed with other scrapes. */
  #ready: {scan: ScrapeScan | null; timestampMs: number; values: number[]; failure: Error | null} | null =
    null;

  constructor(world: IngestWorld, target: LabelOwner, resolve: LabelResolver) {
    this.#world = world.memory;
    this.#appender = world.appender;
    this.#counters = world.counters;
    this.#commits = world.commits ?? new CommitGroup(world.appender);
    this.#starts = world.features?.starts ?? 'none';
    this.#resolve = resolve;
    this.table = new LineTable(world.memory);
    this.#target = target;
    this.#reports = new ReportSeries(world.appender, target);
  }

  /** Whether a scrape has written anything yet. */
  get started(): boolean {
    return this.#scrape > 0;
  }

  /** Number of the current scrape, rising from 1. */
  get scrape(): number {
    return this.#scrape;
  }

  resolve(exposed: Labels, emptyNames: readonly string[]): Labels | null {
    return this.#resolve(exposed, emptyNames, this.#target.publicLabels);
  }

  /** Starts the next scrape: call this once for each, and begin() when its body arrives. */
  next(): void {
    this.#scrape++;
  }

  begin(scan: ScrapeScan, options: Omit<ScanOptions, 'table' | 'scrape' | 'knownSince' | 'target'>): void {
    // Not by spreading the options: that costs more than the rest of the call.
    scan.begin({
      format: options.format,
      honorTimestamps: options.honorTimestamps,
      trackTimestampsStaleness: options.trackTimestampsStaleness,
      timestampMs: options.timestampMs,
      timestampMaxMs: options.timestampMaxMs,
      sampleLimit: options.sampleLimit,
      details: options.details ?? noDetails,
      table: this.table,
      scrape: this.#scrape,
      knownSince: this.#knownSince,
      target: this,
    });
  }

  /** Stores the scrape; what it could not store is the error that it returns: the scrape has failed then. */
  async store(outcome: Outcome): Promise<Error | null> {
    const {scan, error} = outcome;
    try {
      const joined = this.#join(outcome);
      if (joined !== null) await joined;
      else if (error === null && scan !== null) await this.#storeAlone(scan, outcome);
      else await this.#storeStale(outcome);
      if (this.#ready !== null && this.#ready.failure !== null) throw this.#ready.failure;
      if (error === null && scan !== null) this.#stored(scan, outcome);
      else this.#storedNothing(scan);
      return error;
    } catch (cause) {
      if (scan !== null) this.#world.kernels.unmarkTracked(scan.state, this.#trackedIn);
      return this.#storeFailure(outcome, cause as Error);
    } finally {
      this.#ready = null;
    }
  }

  /** The target is gone: marks its series and its report as stale. The store refuses what has gone on elsewhere. */
  async retire(timestampMs: number): Promise<void> {
    const {batch} = this.#appender;
    this.#commits.flush();
    try {
      await this.#markAllStale(timestampMs);
      this.#roomForReport();
      this.#reports.pushStale(timestampMs);
      this.#appender.commit();
      this.#trackedCount = 0;
    } finally {
      batch.length = 0;
    }
  }

  /** Starts anew, for labels have another meaning now. Whoever took the old state over retires it. */
  free(): void {
    this.table.free();
  }

  /**
   * Commits the scrape with those of others; null where it is not one of those that nearly all are. They bring samples of known
   * series, or nothing, and leave nothing to be marked stale.
   */
  #join(outcome: Outcome): Promise<void> | null {
    const {scan, error, timestampMs} = outcome;
    const hasSamples = error === null && scan !== null;
    if (hasSamples) {
      if (!this.#isPlain(scan)) return null;
      this.#world.kernels.markTracked(scan.state, this.#trackedIn);
    }
    if (this.#trackedCount > (hasSamples ? scan.trackedAgain : 0)) return null;
    const values = reportValues(this.#reportOf(outcome, error === null), outcome.extra);
    // What cannot be made is the failure of this scrape only.
    this.#reports.make(values.length);
    this.#ready = {scan: hasSamples ? scan : null, timestampMs, values, failure: null};
    return this.#commits.add(this);
  }

  /**
   * Whether the samples go into the batch as they are, with the report. With new series the report waits: it counts those that the
   * store has taken. So do stale markers where a series that is there may need one, because its sample has a time of its own and comes too
   * late.
   */
  #isPlain(scan: ScrapeScan): boolean {
    if (scan.seriesAdded > 0 || scan.tracksTimestamps) return false;
    if (scan.histograms.length > 0) return false;
    if (scan.startTimes !== null && this.#starts !== 'none') return false;
    if (scan.staged + reportLengthMax > this.#appender.batch.capacity) return false;
    // Series that a scrape that failed has seen first.
    return this.#world.kernels.nextPending(scan.state, 0) >= scan.staged;
  }

  get sampleCount(): number {
    const {scan, values} = this.#ready!;
    return (scan?.staged ?? 0) + values.length;
  }

  fill(): void {
    const {scan, timestampMs, values} = this.#ready!;
    if (scan !== null) {
      this.#addExemplars(scan);
      this.#fill(scan, 0, scan.staged);
    }
    this.#reports.push(timestampMs, values);
  }

  settle(statuses: Uint8Array): void {
    const ready = this.#ready!;
    const {scan, timestampMs, values} = ready;
    const staged = scan?.staged ?? 0;
    try {
      if (scan !== null) this.#settle(scan, 0, statuses.subarray(0, staged));
      this.#reports.restore(timestampMs, values, statuses.subarray(staged));
    } catch (cause) {
      this.#appender.batch.length = 0;
      ready.failure = cause as Error;
    }
  }

  /** Commits the scrape by itself; a plain one's stale markers and report with its samples, as far as they fit. */
  async #storeAlone(scan: ScrapeScan, outcome: Outcome): Promise<void> {
    const {kernels} = this.#world;
    const {batch} = this.#appender;
    const breather = new Breather();
    this.#commits.flush();
    let inBatch = 0;
    if (this.#isPlain(scan)) {
      // #join() has marked its series as tracked, and found that others are not there any more.
      this.#addExemplars(scan);
      inBatch = scan.staged;
      this.#fill(scan, 0, inBatch);
    } else {
      await this.#createSeries(scan, breather);
      if (scan.startTimes !== null && this.#starts === 'zero') this.#commitZeros(scan);
      this.#addExemplars(scan);
      await this.#commitStaged(scan, breather);
      kernels.markTracked(scan.state, this.#trackedIn);
    }
    if (this.#trackedCount > scan.trackedAgain) {
      this.#world.memory.u32[(scan.state + stateCursor) / 4] = 0;
      const present = scan.tracksTimestamps ? this.#trackedSlots(scan) : undefined;
      while (this.#fillStale(scan.state, outcome.timestampMs, present)) {
        this.#commitAndSettle(scan, inBatch);
        inBatch = 0;
        await breather.rest();
      }
      if (batch.length + reportLengthMax > batch.capacity) {
        this.#commitAndSettle(scan, inBatch);
        inBatch = 0;
      }
    }
    this.#commitReport(outcome, this.#reportOf(outcome, true), {scan, count: inBatch});
  }

  #reportOf({scan, elapsedSeconds}: Outcome, up: boolean): Report {
    return {
      up,
      durationSeconds: elapsedSeconds(),
      scraped: scan?.total ?? 0,
      added: scan?.added ?? 0,
      seriesAdded: scan?.seriesAdded ?? 0,
    };
  }

  /** An empty body, or none: everything goes stale. */
  async #storeStale(outcome: Outcome): Promise<void> {
    this.#commits.flush();
    await this.#markAllStale(outcome.timestampMs);
    this.#roomForReport();
    this.#commitReport(outcome, this.#reportOf(outcome, outcome.error === null));
  }

  #stored(scan: ScrapeScan, {timestampMs}: Outcome): void {
    this.#counters.duplicateTimestamps += scan.duplicates;
    this.#counters.outOfBounds += scan.outOfBounds;
    this.#lastTimestampMs = timestampMs;
    this.#knownSince = this.#scrape;
    this.#trackedIn = this.#scrape;
    this.#trackedCount = scan.tracked;
    this.#seenBefore = scan.seen;
    this.table.tidy(this.#scrape, scan.seen);
  }

  #storedNothing(scan: ScrapeScan | null): void {
    if (scan !== null) {
      this.table.ownLines();
      this.#world.kernels.markCounted(scan.state);
      this.#counters.duplicateTimestamps += scan.duplicates;
    }
    this.#trackedIn = this.#scrape;
    this.#trackedCount = 0;
    // Labels that change from failure to failure must not pile up.
    if (this.table.count > 2 * this.#seenBefore + 1000) this.table.keepSince(this.#scrape);
  }

  /** Adds stale markers of all tracked series to the batch; what does not fit in one is committed. */
  async #markAllStale(timestampMs: number): Promise<void> {
    if (this.#trackedCount === 0) return;
    const {arena, memory} = this.#world;
    const breather = new Breather();
    const state = arena.alloc(stateBytes);
    try {
      memory.u32[(state + stateTable) / 4] = this.table.address;
      memory.u32[(state + stateCursor) / 4] = 0;
      while (this.#fillStale(state, timestampMs)) {
        this.#appender.commit();
        await breather.rest();
      }
    } finally {
      arena.free(state, stateBytes);
    }
  }

  /** The store refused the scrape as a whole: it is tried once to leave at least `up` 0. */
  #storeFailure(outcome: Outcome, cause: Error): Error {
    this.#appender.batch.length = 0;
    try {
      this.#commitReport(outcome, {...this.#reportOf(outcome, false), seriesAdded: 0});
    } catch {
      this.#appender.batch.length = 0;
    }
    return new Error(`cannot store the samples: ${cause.message}`, {cause});
  }

  async #createSeries(scan: ScrapeScan, breather: Breather): Promise<void> {
    const {kernels, memory} = this.#world;
    const ref: SeriesRef = {slot: 0, generation: 0};
    if (scan.seriesAdded > 0) noteGarbage(scan.seriesAdded * newSeriesGarbageBytes);
    for (
      let i = kernels.nextPending(scan.state, 0);
      i < scan.staged;
      i = kernels.nextPending(scan.state, i + 1)
    ) {
      const index = this.#stagedIndex(scan, i);
      this.#appender.series(scan.labelsOf(index), ref);
      this.#setRef(index, ref);
      const pack = (this.table.ownLine(index) + linePack) / 4;
      memory.u32[pack] = (memory.u32[pack]! & ~(packKindMask | packCounted)) | kindSeries;
      if (breather.tired) await breather.rest();
    }
  }

  async #commitStaged(scan: ScrapeScan, breather: Breather): Promise<void> {
    const {capacity} = this.#appender.batch;
    const floats = scan.staged - scan.histograms.length;
    for (let from = 0; from < floats; from += capacity) {
      const count = Math.min(capacity, floats - from);
      this.#fill(scan, from, count);
      const result = this.#appender.commit();
      if (hasRefused(result)) this.#settle(scan, from, this.#appender.batch.statuses.subarray(0, count));
      await breather.rest();
    }
    for (let from = floats; from < scan.staged; from += histogramsAtOnce) {
      const count = Math.min(histogramsAtOnce, scan.staged - from);
      for (let i = from; i < from + count; i++) this.#addHistogram(scan, i);
      this.#settleHistograms(scan, from, this.#appender.commit());
      await breather.rest();
    }
  }

  /** Adds the histogram that is staged sample `i` to the empty batch. */
  #addHistogram(scan: ScrapeScan, i: number): void {
    const {u32, f64} = this.#world.memory;
    const {histogram, integer} = scan.histograms[i - (scan.staged - scan.histograms.length)]!;
    const entry = this.table.entry(this.#stagedIndex(scan, i));
    const timeMs = f64[scan.get(stateStagedTimes) / 8 + i]!;
    const options = {integer, startMs: this.#starts === 'store' ? (scan.startTimes?.[i] ?? 0) : 0};
    const slot = u32[(entry + entrySlot) / 4]!;
    this.#appender.histogram(slot, u32[(entry + entryGeneration) / 4]!, timeMs, histogram, options);
  }

  /** Looks at what became of the histograms in the batch: staged samples from `from` on. */
  #settleHistograms(scan: ScrapeScan, from: number, result: CommitResult): void {
    if (!hasRefused(result)) return;
    const statuses = this.#appender.histogramStatuses.slice(
      0,
      Math.min(histogramsAtOnce, scan.staged - from),
    );
    for (const [i, status] of statuses.entries()) {
      if (status === sampleStatus.accepted) continue;
      if (status !== sampleStatus.noSeries) {
        this.#refuse(scan, from + i, status);
        continue;
      }
      this.#makeAgain(scan, from + i);
      this.#addHistogram(scan, from + i);
      if (this.#appender.commit().accepted === 0) {
        this.#world.kernels.refuse(scan.state, from + i, this.#trackedIn);
      }
    }
  }

  /**
   * Stores the value 0 where series began, which is new to the store: series that are, or that began since the last scrape. What
   * the store refuses it has already.
   */
  #commitZeros(scan: ScrapeScan): void {
    const {u32, f64} = this.#world.memory;
    const {batch} = this.#appender;
    const startTimes = scan.startTimes!;
    const floats = scan.staged - scan.histograms.length;
    for (let i = 0; i < scan.staged; i++) {
      const startMs = startTimes[i]!;
      const mark = u32[scan.get(stateStagedEntries) / 4 + i]!;
      const isNew = (mark & stagedNew) !== 0 || startMs > this.#lastTimestampMs;
      if (startMs === 0 || !isNew || startMs >= f64[scan.get(stateStagedTimes) / 8 + i]!) continue;
      const entry = this.table.entry(mark & stagedIndexMask) / 4;
      const ref = {slot: u32[entry + entrySlot / 4]!, generation: u32[entry + entryGeneration / 4]!};
      if (i >= floats) {
        const {histogram, integer} = scan.histograms[i - floats]!;
        const options = {integer, startMs: 0};
        this.#appender.histogram(ref.slot, ref.generation, startMs, zeroOf(histogram), options);
      } else {
        addSample(batch, ref, startMs, 0);
      }
      const isFull = batch.length === batch.capacity || this.#appender.histogramCount >= histogramsAtOnce;
      if (isFull) this.#appender.commit();
    }
    this.#appender.commit();
  }

  /** Adds the exemplars of the scrape to what the next commit stores. */
  #addExemplars(scan: ScrapeScan): void {
    const {u32} = this.#world.memory;
    const {exemplars} = scan;
    for (let i = 0; i < exemplars.length;) {
      const {index} = exemplars[i]!;
      const entry = this.table.entry(index);
      const slot = u32[(entry + entrySlot) / 4]!;
      const generation = u32[(entry + entryGeneration) / 4]!;
      const first = i;
      let late = 0;
      for (; i < exemplars.length && exemplars[i]!.index === index; i++) {
        const status = this.#appender.exemplar(slot, generation, exemplars[i]!.exemplar);
        if (status === 'outOfOrder') late++;
      }
      // Where some are taken it was an update of what is known.
      if (late === i - first) this.#counters.exemplarsOutOfOrder += late;
    }
  }

  /** Adds staged samples to the batch, which is empty where they have start times. */
  #fill(scan: ScrapeScan, from: number, count: number): void {
    const {batch} = this.#appender;
    const {length} = batch;
    this.#world.kernels.fillBatch(
      scan.state,
      from,
      count,
      batch.slotsAddress + 4 * length,
      batch.generationsAddress + 4 * length,
      batch.timesAddress + 8 * length,
      batch.valuesAddress + 8 * length,
    );
    batch.length = length + count;
    if (scan.startTimes !== null && this.#starts === 'store') {
      batch.startTimes = Float64Array.from(scan.startTimes.slice(from, from + count));
    }
  }

  /** Commits the batch, which begins with the first `count` staged samples. */
  #commitAndSettle(scan: ScrapeScan, count: number): void {
    const result = this.#appender.commit();
    if (hasRefused(result)) this.#settle(scan, 0, this.#appender.batch.statuses.subarray(0, count));
  }

  /** Looks at what became of staged samples: those from `from` on have these statuses. */
  #settle(scan: ScrapeScan, from: number, statuses: Uint8Array): void {
    const lost: number[] = [];
    for (let i = 0; i < statuses.length; i++) {
      const status = statuses[i]!;
      if (status === sampleStatus.accepted) continue;
      if (status === sampleStatus.noSeries) {
        lost.push(from + i);
        continue;
      }
      this.#refuse(scan, from + i, status);
    }
    if (lost.length > 0) this.#storeLost(scan, lost);
  }

  /** The store has refused staged sample `i`. */
  #refuse(scan: ScrapeScan, i: number, status: number): void {
    if (status === sampleStatus.outOfOrder) this.#counters.outOfOrder++;
    else if (status === sampleStatus.duplicate) this.#counters.duplicateTimestamps++;
    else this.#counters.outOfBounds++;
    this.#world.kernels.refuse(scan.state, i, this.#trackedIn);
  }

  /** The store has dropped these samples' series meanwhile: makes them again. */
  #storeLost(scan: ScrapeScan, lost: readonly number[]): void {
    for (const i of lost) {
      this.#makeAgain(scan, i);
      this.#fill(scan, i, 1);
      if (this.#appender.commit().accepted === 0) this.#world.kernels.refuse(scan.state, i, this.#trackedIn);
    }
  }

  #makeAgain(scan: ScrapeScan, i: number): void {
    const index = this.#stagedIndex(scan, i);
    const ref: SeriesRef = {slot: 0, generation: 0};
    this.#appender.series(scan.labelsOf(index), ref);
    this.#setRef(index, ref);
  }

  /**
   * Adds stale markers of vanished series to the batch, but for those in slots that are `present`; true where the batch is
   * full and there may be more.
   */
  #fillStale(state: number, timestampMs: number, present?: ReadonlySet<number>): boolean {
    const {batch} = this.#appender;
    const {length} = batch;
    const count = this.#world.kernels.fillStale(
      state,
      this.#trackedIn,
      timestampMs,
      batch.slotsAddress + 4 * length,
      batch.generationsAddress + 4 * length,
      batch.timesAddress + 8 * length,
      batch.valuesAddress + 8 * length,
      batch.capacity - length,
    );
    batch.length = length + count;
    const full = batch.length === batch.capacity;
    if (present === undefined) return full;
    batch.length = length;
    for (let i = length; i < length + count; i++) {
      const slot = batch.slots[i]!;
      const generation = batch.generations[i]!;
      if (!present.has(slot))
        setStale(batch.valueWords, addSample(batch, {slot, generation}, timestampMs, 0));
    }
    return full;
  }

  /** One series may come in two spellings. Where one is there, a time of its own may let a stale marker of the other in. */
  #trackedSlots(scan: ScrapeScan): Set<number> {
    const slots = new Set<number>();
    for (let i = 0; i < scan.staged; i++) {
      const mark = this.#world.memory.u32[scan.get(stateStagedEntries) / 4 + i]!;
      if ((mark & stagedTracked) === 0) continue;
      slots.add(this.#world.memory.u32[(this.table.entry(mark & stagedIndexMask) + entrySlot) / 4]!);
    }
    return slots;
  }

  /** Adds the report to the batch and commits it; `staged`: the samples of the scan that the batch begins with. */
  #commitReport(outcome: Outcome, report: Report, staged?: {scan: ScrapeScan; count: number}): void {
    const {batch} = this.#appender;
    const values = reportValues(report, outcome.extra);
    const first = batch.length;
    this.#reports.push(outcome.timestampMs, values);
    const result = this.#appender.commit();
    if (!hasRefused(result)) return;
    const statuses = batch.statuses.slice(0, first + values.length);
    if (staged !== undefined) this.#settle(staged.scan, 0, statuses.subarray(0, staged.count));
    this.#reports.restore(outcome.timestampMs, values, statuses.subarray(first));
  }

  #roomForReport(): void {
    const {batch} = this.#appender;
    if (batch.length + reportLengthMax > batch.capacity) this.#appender.commit();
  }

  #stagedIndex(scan: ScrapeScan, i: number): number {
    return this.#world.memory.u32[scan.get(stateStagedEntries) / 4 + i]! & stagedIndexMask;
  }

  #setRef(index: number, ref: SeriesRef): void {
    const entry = this.table.entry(index);
    this.#world.memory.u32[(entry + entrySlot) / 4] = ref.slot;
    this.#world.memory.u32[(entry + entryGeneration) / 4] = ref.generation;
  }
}

function hasRefused({outOfOrder, duplicates, outOfBounds, noSeries}: CommitResult): boolean {
  return outOfOrder + duplicates + outOfBounds + noSeries > 0;
}

/** A histogram with the same buckets that has observed nothing. */
function zeroOf({schema, zeroThreshold, customValues}: FloatHistogram): FloatHistogram {
  return new FloatHistogram({counterResetHint: counterReset.reset, schema, zeroThreshold, customValues});
}
