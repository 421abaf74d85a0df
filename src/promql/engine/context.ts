import type {Workspace} from '../../kernels/workspace.ts';
import type {Querier} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import {Annotations} from './annotations.ts';
import type {QueryBudget} from './budget.ts';
import {QueryError, executionError} from './error.ts';
import type {Explainer} from './explain.ts';
import {LabelNames} from './labelset.ts';

/** Of smaller blocks queries have few. */
const blockBytesMin = 4 * 1024;

/** What all operators of one query share: names, budget, deadline, annotations, counts. */
export class QueryContext {
  readonly symbols: Symbols;
  readonly names: LabelNames;
  readonly querier: Querier;
  /** Kernels over the columns that the querier's cursors have; null where these are plain arrays. */
  readonly workspace: Workspace | null;
  readonly annotations = new Annotations();
  readonly lookbackDeltaMs: number;
  readonly delayedNameRemoval: boolean;
  readonly typeAndUnitLabels: boolean;
  readonly startTimestamps: boolean;
  /** Samples that the query may hold at once (--query.max-samples). */
  readonly samplesMax: number;
  /** Memory and time. */
  readonly budget: QueryBudget;
  /** Samples that Prometheus would hold at this point of the evaluation, and the most so far. */
  samplesHeld = 0;
  samplesPeak = 0;
  /** Samples looked at, counted again for each step's window; and counted once. */
  samplesQueried = 0;
  samplesRead = 0;
  /** Samples looked at by each step of the query itself; null unless asked for. */
  samplesPerStep: Float64Array | null = null;
  /** Samples read for each step of what is evaluated now; null unless somebody wants to know. */
  readsPerStep: Float64Array | null = null;
  countsSteps = false;
  /** Whether somebody asks of the groups of aggregations whether they have lost their names. */
  tracksDroppedNames: boolean;
  /** Whether several series may have the same labels until the end of the query, see `mergeSteps`. */
  mayRepeatLabels = false;
  /** Objects of the query, for one of each class to outlive it (keepSpecimen). */
  readonly specimens: object[] = [];
  /** Blocks of rows, which are given back when the query's answer is written. */
  readonly #blocks = new Set<ArrayBuffer>();
  /** Measures each node; null unless asked for. */
  explainer: Explainer | null = null;
  #metadataLabels: boolean | null = null;
  #symbolsTaken = 0;

  constructor(
    querier: Querier,
    symbols: Symbols,
    options: {
      lookbackDeltaMs: number;
      delayedNameRemoval: boolean;
      typeAndUnitLabels: boolean;
      startTimestamps: boolean;
      samplesMax: number;
      budget: QueryBudget;
    },
  ) {
    this.querier = querier;
    this.workspace = querier.workspace ?? null;
    this.symbols = symbols;
    this.names = new LabelNames(symbols);
    this.lookbackDeltaMs = options.lookbackDeltaMs;
    this.delayedNameRemoval = options.delayedNameRemoval;
    this.tracksDroppedNames = options.delayedNameRemoval;
    this.typeAndUnitLabels = options.typeAndUnitLabels;
    this.startTimestamps = options.startTimestamps;
    this.samplesMax = options.samplesMax;
    this.budget = options.budget;
  }

  /** Keeps a block of rows in mind until releaseBlocks(). Small ones are left to the collector. */
  noteBlock(block: ArrayBuffer): void {
    if (block.byteLength >= blockBytesMin) this.#blocks.add(block);
  }

  /** Gives the memory of a block back, if it is one of those that are kept in mind. Nobody may use it again. */
  releaseBlock(block: ArrayBuffer): void {
    if (this.#blocks.delete(block)) block.transfer(0);
  }

  /** Gives the memory of all rows back at once: the collector would come when there are many megabytes. */
  releaseBlocks(): void {
    for (const block of this.#blocks) block.transfer(0);
    this.#blocks.clear();
  }

  /** Whether any series may have a label `__type__` or `__unit__`, which goes where its name goes. */
  get metadataLabels(): boolean {
    this.#metadataLabels ??=
      this.typeAndUnitLabels ||
      ['__type__', '__unit__'].some((name) => this.querier.labelValues(name, []).length > 0);
    return this.#metadataLabels;
  }

  /** Ends the query where it was cancelled or has run out of time. Cheap enough to be called for each series. */
  check(where?: string): void {
    this.budget.check(where);
  }

  /** Counts samples that now exist. Ends the query where they are too many. */
  holdSamples(count: number): void {
    this.samplesHeld += count;
    if (this.samplesHeld > this.samplesPeak) {
      this.samplesPeak = this.samplesHeld;
      if (this.samplesHeld > this.samplesMax) throw tooManySamples();
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

  /** Evaluates something with steps of its own, whose reads are counted in `reads`. */
  readingInto<T>(reads: Float64Array | null, evaluate: () => T): T {
    const outer = this.readsPerStep;
    this.readsPerStep = reads;
    const result = evaluate();
    this.readsPerStep = outer;
    return result;
  }

  /** Evaluates something that has one step; what is read counts for the first step. */
  readingOnce<T>(evaluate: () => T): T {
    const {samplesRead, readsPerStep} = this;
    const result = this.readingInto(null, evaluate);
    if (readsPerStep !== null && readsPerStep.length > 0) readsPerStep[0]! += this.samplesRead - samplesRead;
    return result;
  }

  /** Counts memory that is about to be allocated. Ends the query where it is too much. */
  takeBytes(bytes: number): void {
    this.budget.takeBytes(bytes);
  }

  /** Counts the texts of labels that were interned since the last call. */
  takeSymbols(): void {
    const {bytes} = this.symbols;
    if (bytes === this.#symbolsTaken) return;
    this.budget.takeBytes(bytes - this.#symbolsTaken);
    this.#symbolsTaken = bytes;
  }

  releaseBytes(bytes: number): void {
    this.budget.releaseBytes(bytes);
  }
}

export function tooManySamples(): QueryError {
  return executionError('query processing would load too many samples into memory in query execution');
}
