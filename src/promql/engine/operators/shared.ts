// Expressions that a query contains several times are evaluated once: who asks first evaluates and keeps the rows, the
// others get them from there.

import type {PositionRange} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import {Matrix, MatrixCursor} from '../matrix.ts';
import {type Operator, type Row, samplesOf} from '../row.ts';

/** Rows are kept as long as they take no more than this part of a query's memory. */
const keptPartMax = 4;

/** The rows of one expression at one grid. */
export class SharedRows {
  readonly #context: QueryContext;
  readonly #range: PositionRange;
  readonly #first: Operator;
  readonly #steps: number;
  #state: 'new' | 'filling' | 'complete' | 'given up' = 'new';
  #matrix: Matrix | null = null;
  /** Where in the query the one stands that evaluates. */
  #fillerRange: PositionRange;
  /** What the evaluation counted, to be counted again for each further use, as if it were evaluated again. */
  #queried: number;
  #read: number;
  /** Both by step, where that was asked for. */
  #queriedPerStep: Float64Array | null = null;
  #readsPerStep: Float64Array | null = null;
  /** What it remarked, to stand where the expression stands last. */
  readonly #remarks = new Set<string>();
  readonly #next: () => boolean;

  constructor(
    context: QueryContext,
    expr: {range: PositionRange},
    options: {evaluate: () => Operator; steps: number},
  ) {
    const {samplesQueried, samplesRead} = context;
    this.#context = context;
    this.#range = expr.range;
    this.#fillerRange = expr.range;
    this.#steps = options.steps;
    const first = this.#counting(() => context.annotations.collect(this.#remarks, options.evaluate));
    this.#first = first;
    this.#next = () => first.next();
    // Scalars within the expression are evaluated at once.
    this.#queried = context.samplesQueried - samplesQueried;
    this.#read = context.samplesRead - samplesRead;
  }

  /** The rows for the place `range` in the query. `evaluate` makes an operator for when they were too many to keep. */
  use(range: PositionRange, evaluate: () => Operator): Operator {
    return new SharedCursor(this, this.#first.singleName, () => this.#open(range, evaluate));
  }

  #open(range: PositionRange, evaluate: () => Operator): Operator | null {
    switch (this.#state) {
      case 'new':
        this.#state = 'filling';
        this.#fillerRange = range;
        this.#matrix = new Matrix(this.#context, this.#steps);
        return null;
      case 'complete':
        this.#context.samplesQueried += this.#queried;
        this.#context.samplesRead += this.#read;
        addTo(this.#context.samplesPerStep, this.#queriedPerStep);
        addTo(this.#context.readsPerStep, this.#readsPerStep);
        this.#context.annotations.repeat(this.#remarks, this.#range, range);
        return new ReplayedRows(this.#context, new MatrixCursor(this.#matrix!, this.#first.singleName));
      default:
        return evaluate();
    }
  }

  get row(): Row {
    return this.#first.row;
  }

  /** Keeps what is counted for each step, and counts it. */
  #counting<T>(evaluate: () => T): T {
    const context = this.#context;
    const {samplesPerStep, readsPerStep} = context;
    if (samplesPerStep === null && readsPerStep === null) return evaluate();
    const steps = this.#steps;
    const queried = samplesPerStep === null ? null : new Float64Array(steps);
    const reads = readsPerStep === null ? null : new Float64Array(steps);
    context.samplesPerStep = queried;
    const result = context.readingInto(reads, evaluate);
    context.samplesPerStep = samplesPerStep;
    addTo(samplesPerStep, queried);
    addTo(readsPerStep, reads);
    if (queried !== null) addTo((this.#queriedPerStep ??= new Float64Array(steps)), queried);
    if (reads !== null) addTo((this.#readsPerStep ??= new Float64Array(steps)), reads);
    return result;
  }

  /** Evaluates the next row and keeps it. */
  fill(): boolean {
    const context = this.#context;
    const queried = context.samplesQueried;
    const read = context.samplesRead;
    const found = this.#counting(() => context.annotations.collect(this.#remarks, this.#next));
    this.#queried += context.samplesQueried - queried;
    this.#read += context.samplesRead - read;
    if (!found) {
      context.annotations.repeat(this.#remarks, this.#range, this.#fillerRange);
      if (this.#matrix !== null) this.#state = 'complete';
      return false;
    }
    if (this.#matrix === null) return true;
    this.#matrix.append(this.#first.row);
    if (this.#matrix.bytes > context.budget.limits.bytesMax / keptPartMax) {
      this.#matrix.release();
      this.#matrix = null;
      this.#state = 'given up';
    }
    return true;
  }
}

function addTo(totals: Float64Array | null, counts: Float64Array | null): void {
  if (totals === null || counts?.length !== totals.length) return;
  for (let step = 0; step < totals.length; step++) totals[step]! += counts[step]!;
}

/** Who has opened the rows first fills them (then `#operator` stays null); the others have an operator of their own. */
class SharedCursor implements Operator {
  readonly singleName: boolean;
  readonly #shared: SharedRows;
  readonly #open: () => Operator | null;
  #opened = false;
  #operator: Operator | null = null;

  constructor(shared: SharedRows, singleName: boolean, open: () => Operator | null) {
    this.#shared = shared;
    this.singleName = singleName;
    this.#open = open;
  }

  get row(): Row {
    return this.#operator === null ? this.#shared.row : this.#operator.row;
  }

  next(): boolean {
    if (!this.#opened) {
      this.#opened = true;
      this.#operator = this.#open();
    }
    return this.#operator === null ? this.#shared.fill() : this.#operator.next();
  }
}

/** Kept rows, counted as if they had been evaluated. */
class ReplayedRows implements Operator {
  readonly row: Row;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #cursor: MatrixCursor;

  constructor(context: QueryContext, cursor: MatrixCursor) {
    this.#context = context;
    this.#cursor = cursor;
    this.row = cursor.row;
    this.singleName = cursor.singleName;
  }

  next(): boolean {
    this.#context.check();
    if (!this.#cursor.next()) return false;
    this.#context.holdSamples(samplesOf(this.row));
    return true;
  }
}
