import type {Querier} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import {Annotations} from './annotations.ts';
import {QueryError, executionError} from './error.ts';
import {LabelNames} from './labelset.ts';

export interface QueryLimits {
  /** Samples that a query may hold at once (--query.max-samples). */
  samplesMax: number;
  /** Bytes of intermediate and final results that a query may hold at once. */
  bytesMax: number;
  /** When to give up, in milliseconds as Date.now() counts; Infinity = never. */
  deadlineMs: number;
  /** Whether to give up now: looked at for each series and between the passes over a long one. */
  cancelled: () => boolean;
}

/** What all operators of one query share: names, budget, deadline, annotations, counts. */
export class QueryContext {
  readonly symbols: Symbols;
  readonly names: LabelNames;
  readonly querier: Querier;
  readonly annotations = new Annotations();
  readonly lookbackDeltaMs: number;
  readonly delayedNameRemoval: boolean;
  readonly typeAndUnitLabels: boolean;
  readonly startTimestamps: boolean;
  readonly limits: QueryLimits;
  /** Samples that Prometheus would hold at this point of the evaluation, and the most so far. */
  samplesHeld = 0;
  samplesPeak = 0;
  /** Samples looked at, counted again for each step's window; and counted once. */
  samplesQueried = 0;
  samplesRead = 0;
  /** Samples looked at by each step of the query itself; null unless asked for. */
  samplesPerStep: Float64Array | null = null;
  countsSteps = false;
  #bytes = 0;
  #symbolsTaken = 0;
  #checks = 0;

  constructor(
    querier: Querier,
    symbols: Symbols,
    options: {
      lookbackDeltaMs: number;
      delayedNameRemoval: boolean;
      typeAndUnitLabels: boolean;
      startTimestamps: boolean;
      limits: QueryLimits;
    },
  ) {
    this.querier = querier;
    this.symbols = symbols;
    this.names = new LabelNames(symbols);
    this.lookbackDeltaMs = options.lookbackDeltaMs;
    this.delayedNameRemoval = options.delayedNameRemoval;
    this.typeAndUnitLabels = options.typeAndUnitLabels;
    this.startTimestamps = options.startTimestamps;
    this.limits = options.limits;
  }

  /** Ends the query where it was cancelled or has run out of time. Cheap enough to be called for each series. */
  check(where = 'expression evaluation'): void {
    if (this.limits.cancelled()) throw new QueryError('canceled', `query was canceled in ${where}`);
    // The clock costs more than the flag.
    if (this.#checks++ % checksPerLook !== 0 || Date.now() <= this.limits.deadlineMs) return;
    throw new QueryError('timeout', `query timed out in ${where}`);
  }

  /** Counts samples that now exist. Ends the query where they are too many. */
  holdSamples(count: number): void {
    this.samplesHeld += count;
    if (this.samplesHeld > this.samplesPeak) {
      this.samplesPeak = this.samplesHeld;
      if (this.samplesHeld > this.limits.samplesMax) throw tooManySamples();
    }
  }

  /** Counts samples that exist besides those held, but only for a moment. */
  touchSamples(count: number): void {
    this.holdSamples(count);
    this.samplesHeld -= count;
  }

  releaseSamples(count: number): void {
    this.samplesHeld -= count;
  }

  takeBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.limits.bytesMax) {
      throw executionError(
        `query processing would need too much memory, more than ${this.limits.bytesMax} bytes: select fewer series, a shorter range or a longer step`,
      );
    }
  }

  /** Counts the texts of labels that were interned since the last call. */
  takeSymbols(): void {
    const added = this.symbols.size - this.#symbolsTaken;
    if (added === 0) return;
    this.#symbolsTaken += added;
    this.takeBytes(added * symbolBytes);
  }

  releaseBytes(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** How often the clock is looked at: once in so many checks, which are at most a series apart. */
const checksPerLook = 16;

/** A text and its entry in the table of symbols, about. */
const symbolBytes = 120;

export function tooManySamples(): QueryError {
  return executionError('query processing would load too many samples into memory in query execution');
}
