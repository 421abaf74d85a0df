import type {FloatHistogram} from '../model/histogram.ts';
import type {Workspace} from '../kernels/workspace.ts';
import type {Matcher} from '../model/matcher.ts';
import type {Symbols} from './symbols.ts';

/** Label set of a series during a query: `[name, value, name, value, …]` as ids of the query's Symbols, ordered by name. */
export type LabelIds = readonly number[];

/**
 * A consistent look at the stored series for the time of one query. Opening it enters an epoch: what it can see is not
 * freed before `close()`, which must be called on every path. One thread uses one querier at a time.
 */
export interface Querier {
  /**
   * The series that match all of `matchers`: from the head ordered by when they were created, unless hints.sorted asks for the
   * order of their labels; from blocks, or from head and blocks together, always in the order of their labels. Series
   * without samples in [hints.mint, hints.maxt] may be included or left out.
   */
  select(matchers: readonly Matcher[], hints: SelectHints): SeriesCursor;
  /** Sorted label names of the series that match (all series when `matchers` is empty) and have samples in the querier's range. */
  labelNames(matchers: readonly Matcher[]): string[];
  /** Sorted values of label `name`, likewise. */
  labelValues(name: string, matchers: readonly Matcher[]): string[];
  close(): void;
  /** Where the columns of its cursors lie, and room for more until close(); left out where there are no kernels. */
  readonly workspace?: Workspace | null;
}

export interface SelectHints {
  /** First and last time of interest, both inclusive, in milliseconds. */
  mint: number;
  maxt: number;
  /** Whether the series are wanted in the order of their labels. */
  sorted?: boolean;
}

/** Walks selected series. Buffers belong to the cursor and are reused: read or copy them before the next call. */
export interface SeriesCursor {
  next(): boolean;
  /** Labels of the current series; a new array, the caller may keep it. */
  labels(): LabelIds;
  /**
   * Decodes the current series' samples with mint <= time <= maxt, oldest first, and returns how many.
   * Then `times`, `values` and `valueWords` hold them, until the next call of `read` or `next`. Stale markers are
   * included, with their exact bits (see model/value.ts: compare through `valueWords`); those of histograms (whose sum is
   * the stale NaN) look like those of floats. The columns may be longer than the count returned. Times are whole
   * milliseconds and rise strictly.
   */
  read(mint: number, maxt: number): number;
  /** Whether read() would find anything, for less than that costs. Where it is left out, read() tells. */
  some?(mint: number, maxt: number): boolean;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** The bytes of `values` as 32-bit words: low half at 2i, high half at 2i + 1. */
  readonly valueWords: Uint32Array;
  /**
   * Native histograms by sample; undefined where the sample is a float or a stale marker. Null where the last `read` found
   * no histogram at all, which is by far the most common case.
   */
  readonly histograms: readonly (FloatHistogram | undefined)[] | null;
  /** Start timestamps by sample in milliseconds, 0 = not known. Null where the last `read` found none. */
  readonly startTimes: Float64Array | null;
  /** What is known of the samples of the last `read`, without a look at each. Left out or null where nothing is. */
  readonly facts?: ColumnFacts | null;
  /** Number of series selected so far or in total, as far as known; for limits and statistics. */
  readonly seriesCount: number;
  /** The same object as long as it is the same `seriesCount` series in the same order; undefined where that is not known. */
  readonly selection?: object | undefined;
}

/** What may be known of samples. Where something is not said to hold, it may hold all the same. */
export interface ColumnFacts {
  /** Milliseconds between all neighbours; 0 where they differ, or where that is not known. */
  readonly intervalMs: number;
  /** No value is NaN or less than the one before it. */
  readonly neverFalls: boolean;
  /** No value is NaN. */
  readonly neverNaN: boolean;
}

/** Keeps reading within the limits of its query: each method throws where the query must end. Cheap. */
export interface ReadGuard {
  /** Looks whether to go on; called from inside of long work. */
  check(): void;
  /** Counts memory that is about to be allocated in proportion to data; called before it is. */
  takeBytes(bytes: number): void;
  releaseBytes(bytes: number): void;
  /** Tells that something stored could not be read and was left out. */
  warn?(message: string): void;
}

/** For reading that is small for sure. */
export const unguarded: ReadGuard = {check: () => {}, takeBytes: () => {}, releaseBytes: () => {}};

/** Opens queriers. */
export interface Queryable {
  querier(range: {mint: number; maxt: number}, symbols: Symbols, guard?: ReadGuard): Querier;
}
