import type {FloatHistogram} from '../model/histogram.ts';
import type {Labels} from '../model/labels.ts';
import type {Exemplar, ExemplarStatus} from './exemplar.ts';

/**
 * Names a series for appending: its slot in the series table and the slot's generation, which changes when the slot is
 * given to another series. Both are unsigned 32-bit numbers and may be kept as long as one likes.
 */
export interface SeriesRef {
  slot: number;
  generation: number;
}

/** What became of one sample of a batch. */
export const sampleStatus = {
  accepted: 0,
  /** Older than the series' newest sample. */
  outOfOrder: 1,
  /** Same time as the newest sample, another value. (Same time and same value is accepted and stored once.) */
  duplicate: 2,
  /** Before the head's minimum valid time, or too far in the future. */
  outOfBounds: 3,
  /** The series is gone: find it again by its labels. */
  noSeries: 4,
  /** Out of order, and before the window in which that is taken. */
  tooOld: 5,
} as const;

/** Columns of the samples to append. They lie in the shared memory, where kernels fill and read them. */
export interface SampleBatch {
  /** Byte offsets of the columns in the shared memory. */
  readonly slotsAddress: number;
  readonly generationsAddress: number;
  readonly timesAddress: number;
  readonly valuesAddress: number;
  readonly statusesAddress: number;
  readonly slots: Uint32Array;
  readonly generations: Uint32Array;
  /** Whole milliseconds. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** The bytes of `values`, for stale markers. */
  readonly valueWords: Uint32Array;
  /** Filled by commit(): one sampleStatus each. */
  readonly statuses: Uint8Array;
  /**
   * Start timestamps by sample in milliseconds, 0 = not known. The caller's own column; null where none is known, which
   * commit() sets again.
   */
  startTimes: Float64Array | null;
  readonly capacity: number;
  /** Samples in the batch; the caller sets it. */
  length: number;
}

/** Adds a sample to a batch that has room, and gives its place. Code that adds thousands a millisecond writes the columns itself. */
export function addSample(
  batch: SampleBatch,
  {slot, generation}: SeriesRef,
  timeMs: number,
  value: number,
): number {
  const at = batch.length++;
  batch.slots[at] = slot;
  batch.generations[at] = generation;
  batch.times[at] = timeMs;
  batch.values[at] = value;
  return at;
}

export interface HistogramOptions {
  /** Whether all counts are whole numbers, as those of an instrumented program are. */
  integer: boolean;
  /** 0 = not known. */
  startMs: number;
}

/** Counts of floats and histograms together. */
export interface CommitResult {
  accepted: number;
  outOfOrder: number;
  duplicates: number;
  outOfBounds: number;
  noSeries: number;
}

/**
 * Writes samples into the store. There is one appender, used by the storage thread only; calls are synchronous.
 *
 * A batch: find series with `series()`, fill `batch`, `commit()`. When commit() returns, new series and accepted samples
 * are in the WAL (written, fsynced within a second) and visible to new reads. When the WAL cannot be written, commit()
 * throws, and nothing of the batch is acknowledged. A batch may hold several samples of one series, in time order.
 */
export interface Appender {
  readonly batch: SampleBatch;
  /** Finds the series with these labels, or makes it. Sets `created`. Labels are valid and not empty: the border checks. */
  series(labels: Labels, into: SeriesRef): void;
  /** Whether the last series() made a new one. */
  readonly created: boolean;
  /** Whether `slot` still belongs to the series that `generation` names. */
  alive(slot: number, generation: number): boolean;
  /**
   * Adds a histogram (null: the stale marker) to what the next commit() appends, behind the floats that are in the batch by
   * now. It is valid: the border checks. Returns its number, under which commit() leaves its sampleStatus in
   * `histogramStatuses`. Throws a RangeError where too many wait for commit().
   */
  histogram(
    slot: number,
    generation: number,
    timeMs: number,
    histogram: FloatHistogram | null,
    options: HistogramOptions,
  ): number;
  /** How many histograms wait for commit(), and how many may. */
  readonly histogramCount: number;
  readonly histogramsMax: number;
  readonly histogramStatuses: Uint8Array;
  /**
   * Appends batch[0, batch.length) and the histograms, sets batch.length to 0. Metadata and other records go through their
   * own calls.
   */
  commit(): CommitResult;
  /** Logs metadata of a series (type, unit, help), where it changed. */
  metadata(slot: number, generation: number, type: string, unit: string, help: string): void;
  /** Whether exemplars are kept at all. */
  readonly takesExemplars: boolean;
  /** Adds an exemplar of a series to what the next commit() stores, and says what becomes of it. */
  exemplar(slot: number, generation: number, exemplar: Exemplar): ExemplarStatus;
}

/** An appender that can be asked beforehand. */
export interface CheckingAppender extends Appender {
  /**
   * Fills batch.statuses with what would become of each sample if it were the only one, and counts; stores and logs nothing
   * and leaves the batch as it is. Samples of one batch that contradict each other show only in commit().
   */
  check(): CommitResult;
  /** Finds the series with these labels; false where there is none. */
  find(labels: Labels, into: SeriesRef): boolean;
  /** Forgets the histograms that wait for commit(). */
  dropHistograms(): void;
}

/** An appender whose late samples may be refused, whatever the window is. */
export interface StrictAppender extends CheckingAppender {
  /** Whether commit() stores samples that are older than the newest of their series, where the window allows that. */
  takesLate: boolean;
}
