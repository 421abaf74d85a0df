import type {ExpositionFormat} from '../formats/exposition.ts';
import {
  flagHonorTimestamps,
  flagOpenMetrics,
  flagTrackTimestamps,
  entryLastSeen,
  entrySlot,
  kindComment,
  kindDropped,
  kindPending,
  lineBytesMax,
  none,
  packTypeShift,
  stateAdded,
  stateBytes,
  stateDuplicates,
  stateFlags,
  stateHits,
  stateKnownSince,
  stateLimitHit,
  stateMoved,
  stateOutOfBounds,
  statePredicted,
  statePrevious,
  stateSampleLimit,
  stateScrape,
  stateSeen,
  stateSeriesAdded,
  stateStaged,
  stateStagedCapacity,
  stateStagedEntries,
  stateStagedTimes,
  stateStagedValues,
  stateTable,
  stateTimestamp,
  stateTimestampMax,
  stateTotal,
  stateTracked,
  stateTrackedAgain,
  stateType,
  tableFirst,
  typeOther,
} from '../kernels/scrape-layout.ts';
import type {Labels} from '../model/labels.ts';
import {exponentialSchemaMax} from '../model/histogram/bounds.ts';
import type {FloatHistogram} from '../model/histogram.ts';
import type {Exemplar} from '../storage/exemplar.ts';
import type {Comment} from './comments.ts';
import type {LineTable} from './linetable.ts';
import type {ScrapeMemory} from './memory.ts';

/** Label sets that all scans together keep of series that are new; those beyond are read once more from their keys. */
const pendingLabelsMax = 1000;

export type ScanFormat = ExpositionFormat | 'protobuf';

/** What is taken beside floats. */
export interface ScanDetails {
  /** Whether the store takes exemplars. */
  exemplars: boolean;
  /** Whether start timestamps are wanted. */
  starts: boolean;
  /** Whether series get the labels `__type__` and `__unit__`. */
  typeAndUnit: boolean;
  /** Take native histograms; otherwise their classic part is what counts. */
  native: boolean;
  /** Take the classic part of what is stored as a native histogram, too. */
  keepClassic: boolean;
  /** Make native histograms of classic ones. */
  convertClassic: boolean;
  /** 0 = none. */
  bucketLimit: number;
  /** Finer ones are merged to this schema. */
  schemaMax: number;
}

export const noDetails: ScanDetails = {
  exemplars: false,
  starts: false,
  typeAndUnit: false,
  native: false,
  keepClassic: false,
  convertClassic: false,
  bucketLimit: 0,
  schemaMax: exponentialSchemaMax,
};

export interface ScanOptions {
  table: LineTable;
  format: ScanFormat;
  honorTimestamps: boolean;
  trackTimestampsStaleness: boolean;
  /** Time of samples that bring none, and the latest one that is taken; whole milliseconds. */
  timestampMs: number;
  timestampMaxMs: number;
  /** 0 = none. */
  sampleLimit: number;
  /** Left out: no exemplars, no start timestamps, histograms only as classic ones. */
  details?: ScanDetails;
  /** Number of this scrape of the table, rising from 1, and that of the last one that went well. */
  scrape: number;
  knownSince: number;
  target: SeriesOwner;
}

/** Whose series are read. */
export interface SeriesOwner {
  /** Their labels from those that are exposed: see LabelResolver. */
  resolve(exposed: Labels, emptyNames: readonly string[]): Labels | null;
}

/** A histogram of a scrape, next to the staged samples. */
export interface StagedHistogram {
  histogram: FloatHistogram;
  integer: boolean;
}

/** An exemplar of the series of entry `index`. */
export interface StagedExemplar {
  index: number;
  exemplar: Exemplar;
}

/** What a series is made of when it is new. */
export interface LabelSource {
  labels: () => Labels;
  /** Names of labels that the target exposes as empty. */
  emptyNames: () => string[];
  /** Whether the labels depend on the type of the family. */
  typeMatters: boolean;
}

const noHistograms: readonly StagedHistogram[] = [];
const noExemplars: readonly StagedExemplar[] = [];

/**
 * Reads one body as it arrives, and stages its samples in the shared memory. Nothing reaches the store before the whole body has
 * proved sound.
 */
export abstract class ScrapeScan {
  readonly state: number;
  protected readonly world: ScrapeMemory;
  protected readonly u32: Uint32Array;
  protected readonly f64: Float64Array;
  protected options!: ScanOptions;
  protected details = noDetails;
  /** Bytes fed so far, decompressed. */
  bytesRead = 0;
  linesParsed = 0;
  /** Those of the last staged samples: so many as they are, sample for histogram. */
  histograms: readonly StagedHistogram[] = noHistograms;
  exemplars: readonly StagedExemplar[] = noExemplars;
  /** By staged sample; null where none is known. 0 = not known. */
  startTimes: number[] | null = null;
  /** A histogram has too many buckets. */
  bucketLimitHit = false;
  readonly #pendingLabels = new Map<number, Labels>();

  constructor(world: ScrapeMemory) {
    this.world = world;
    this.u32 = world.memory.u32;
    this.f64 = world.memory.f64;
    this.state = world.arena.alloc(stateBytes);
    this.u32.fill(0, this.state / 4, (this.state + stateBytes) / 4);
  }

  begin(options: ScanOptions): void {
    this.options = options;
    this.details = options.details ?? noDetails;
    this.bytesRead = 0;
    this.linesParsed = 0;
    this.#forget();
    const entries = this.get(stateStagedEntries);
    const times = this.get(stateStagedTimes);
    const values = this.get(stateStagedValues);
    const capacity = this.get(stateStagedCapacity);
    this.u32.fill(0, this.state / 4, (this.state + stateBytes) / 4);
    this.set(stateStagedEntries, entries);
    this.set(stateStagedTimes, times);
    this.set(stateStagedValues, values);
    this.set(stateStagedCapacity, capacity);
    this.set(stateTable, options.table.address);
    this.set(statePrevious, none);
    this.set(statePredicted, this.u32[(options.table.address + tableFirst) / 4]!);
    this.set(stateScrape, options.scrape);
    this.set(stateKnownSince, options.knownSince);
    this.set(stateSampleLimit, options.sampleLimit === 0 ? none : options.sampleLimit);
    this.set(stateType, typeOther);
    this.set(
      stateFlags,
      (options.format === 'openmetrics' ? flagOpenMetrics : 0) |
        (options.honorTimestamps ? flagHonorTimestamps : 0) |
        (options.trackTimestampsStaleness ? flagTrackTimestamps : 0),
    );
    this.f64[(this.state + stateTimestamp) / 8] = options.timestampMs;
    this.f64[(this.state + stateTimestampMax) / 8] = options.timestampMaxMs;
  }

  /** Takes the next bytes of the body. Throws SyntaxError, RangeError or TypeError that says where it is broken. */
  abstract feed(chunk: Uint8Array): void;

  /** The body is complete. Throws as feed() does. */
  abstract finish(): void;

  /** Reads the labels of the series of entry `index` from its key. */
  protected abstract readLabels(index: number): LabelSource;

  /** An error that says where in the body it is. */
  protected abstract located(cause: unknown): unknown;

  /** Gives the memory back, but for what the next scrape needs as well; to be called when the scrape is over. */
  release(): void {
    this.#forget();
    if (this.get(stateStagedCapacity) > keptStagedMax) this.#freeStaging();
  }

  free(): void {
    this.release();
    this.#freeStaging();
    this.world.arena.free(this.state, stateBytes);
  }

  /** Samples in the body, dropped ones included; those after relabeling; series that were not in the scrape before. */
  get total(): number {
    return this.get(stateTotal);
  }
  get added(): number {
    return this.get(stateAdded);
  }
  get seriesAdded(): number {
    return this.get(stateSeriesAdded);
  }
  get duplicates(): number {
    return this.get(stateDuplicates);
  }
  get outOfBounds(): number {
    return this.get(stateOutOfBounds);
  }
  get tracksTimestamps(): boolean {
    return this.options.trackTimestampsStaleness;
  }
  get limitHit(): boolean {
    return this.get(stateLimitHit) !== 0;
  }
  get staged(): number {
    return this.get(stateStaged);
  }
  get tracked(): number {
    return this.get(stateTracked);
  }
  get trackedAgain(): number {
    return this.get(stateTrackedAgain);
  }
  /** Entries of the table that this body has, comments included. */
  get seen(): number {
    return this.get(stateSeen);
  }
  /** Lines that were where they were expected, lines found elsewhere, and lines read the slow way. */
  get linesPredicted(): number {
    return this.get(stateHits);
  }
  get linesMoved(): number {
    return this.get(stateMoved);
  }

  /** Labels of the series of entry `index`, read again from its key where they are not at hand. */
  labelsOf(index: number): Labels {
    const kept = this.#pendingLabels.get(index);
    if (kept !== undefined) return kept;
    const source = this.readLabels(index);
    return this.options.target.resolve(source.labels(), source.emptyNames())!;
  }

  get(field: number): number {
    return this.u32[(this.state + field) / 4]!;
  }

  protected set(field: number, value: number): void {
    this.u32[(this.state + field) / 4] = value;
  }

  /** The entry with the key at `key`, which is made where there is none; -1 for new ones beyond the limit of samples. */
  protected entryOf(key: number, length: number, type: number, source: LabelSource): number {
    const {table} = this.options;
    const known = table.find(key, length, type);
    if (known >= 0) return known;
    let labels: Labels | null;
    try {
      if (length > lineBytesMax) throw new RangeError(`the series is longer than ${lineBytesMax} bytes`);
      labels = this.options.target.resolve(source.labels(), source.emptyNames());
    } catch (cause) {
      // As in Prometheus it has been scraped, though to no avail.
      this.set(stateTotal, this.total + 1);
      throw this.located(cause);
    }
    if (this.limitHit || this.get(stateTotal) >= none - 1) {
      // Beyond the limit series are counted, not remembered.
      this.set(stateTotal, this.total + 1);
      if (labels !== null) this.set(stateAdded, this.added + 1);
      this.set(statePredicted, none);
      return -1;
    }
    const kind = labels === null ? kindDropped : kindPending;
    const index = table.add(key, length, kind | ((source.typeMatters ? type : 0) << packTypeShift));
    if (labels !== null && this.world.pendingLabels < pendingLabelsMax) {
      this.#pendingLabels.set(index, labels);
      this.world.pendingLabels++;
    }
    return index;
  }

  /** The entry of a HELP, TYPE or UNIT line of `length` bytes at `address`; `sets`: the type that it sets, or 0. */
  protected commentEntry(
    line: string,
    {address, length, sets}: {address: number; length: number; sets: number},
    comment: Comment,
  ): number {
    const {comments, memory} = this.world;
    const {table, scrape} = this.options;
    const id = comments.intern(line, address, length, comment);
    let index = table.find(address, length, 0);
    if (index < 0) {
      index = table.add(comments.address(id), length, kindComment | (sets << packTypeShift));
      memory.u32[(table.entry(index) + entrySlot) / 4] = id;
    }
    const seen = (table.entry(index) + entryLastSeen) / 4;
    if (memory.u32[seen] !== scrape) {
      memory.u32[seen] = scrape;
      this.set(stateSeen, this.seen + 1);
    }
    return index;
  }

  protected growStaging(): void {
    const {memory} = this.world;
    const before = this.get(stateStagedCapacity);
    const staged = this.staged;
    const capacity = Math.max(before + (before >>> 1), this.options.table.count + 16, 64);
    const addresses = this.world.allocAll([4 * capacity, 8 * capacity, 8 * capacity]);
    for (const [i, field] of stagedColumns.entries()) {
      const old = this.get(field);
      const width = i === 0 ? 4 : 8;
      memory.u8.copyWithin(addresses[i]!, old, old + width * staged);
    }
    this.#freeStaging();
    for (const [i, field] of stagedColumns.entries()) this.set(field, addresses[i]!);
    this.set(stateStagedCapacity, capacity);
  }

  #freeStaging(): void {
    const {arena} = this.world;
    const capacity = this.get(stateStagedCapacity);
    if (capacity === 0) return;
    this.set(stateStagedCapacity, 0);
    arena.free(this.get(stateStagedEntries), 4 * capacity);
    arena.free(this.get(stateStagedTimes), 8 * capacity);
    arena.free(this.get(stateStagedValues), 8 * capacity);
  }

  #forget(): void {
    if (this.#pendingLabels.size > 0) {
      this.world.pendingLabels -= this.#pendingLabels.size;
      this.#pendingLabels.clear();
    }
    this.histograms = noHistograms;
    this.exemplars = noExemplars;
    this.startTimes = null;
    this.bucketLimitHit = false;
  }
}

/** Staged samples for which there is room between scrapes. */
const keptStagedMax = 2048;

const stagedColumns = [stateStagedEntries, stateStagedTimes, stateStagedValues];
