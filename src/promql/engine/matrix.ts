import {pointSamples} from '../../model/histogram/size.ts';
import type {LabelIds} from '../../storage/querier.ts';
import {labelBytes} from './labelset.ts';
import {sameLabelsetMessage, executionError} from './error.ts';
import type {QueryContext} from './context.ts';
import {
  absent,
  float,
  countPoints,
  histogram,
  type HistogramColumn,
  newRow,
  type Operator,
  type Row,
  samplesOf,
} from './row.ts';
import {Tuples} from './tuples.ts';

/** Rows are kept in blocks of at most about this many bytes. */
const blockBytes = 64 * 1024;

/** Rows of so few steps are copied number by number: to make a view of them would cost more. */
const shortRowSteps = 16;

/** A row's entries beside its columns and labels, about. */
const rowBytes = 72;

/** Rows that stay: what an operator needs again, and the result of a query. Its memory counts against the query's budget. */
export class Matrix {
  readonly steps: number;
  readonly labels: LabelIds[] = [];
  readonly dropNames: boolean[] = [];
  readonly points: number[] = [];
  readonly #context: QueryContext;
  /** Of each row: the block that holds it, and where in it the row begins. */
  readonly #values: Float64Array<ArrayBuffer>[] = [];
  readonly #kinds: Uint8Array<ArrayBuffer>[] = [];
  readonly #starts: number[] = [];
  /** Rows of the last block, and how many of them are taken. */
  #blockRows = 0;
  #taken = 0;
  /** Columns of histograms by row; rows without are left out. */
  readonly #histograms: (HistogramColumn | undefined)[] = [];
  /** Memory taken from the query's budget. */
  bytes = 0;

  constructor(context: QueryContext, steps: number) {
    this.#context = context;
    this.steps = steps;
  }

  get length(): number {
    return this.labels.length;
  }

  /** Adds an empty row and returns its number. */
  add(labels: LabelIds, dropName: boolean): number {
    const row = this.labels.length;
    if (this.#taken === this.#blockRows) this.#addBlock();
    else {
      this.#values.push(this.#values[row - 1]!);
      this.#kinds.push(this.#kinds[row - 1]!);
    }
    this.#starts.push(this.#taken++ * this.steps);
    this.#account(rowBytes + labelBytes(labels));
    this.#context.takeSymbols();
    this.labels.push(labels);
    this.dropNames.push(dropName);
    this.points.push(0);
    return row;
  }

  /** Each block has more rows than the one before, up to a limit: most queries have few series. */
  #addBlock(): void {
    const rowsMax = Math.max(1, Math.floor(blockBytes / (9 * Math.max(1, this.steps))));
    const rows = Math.min(rowsMax, Math.max(1, 4 * this.#blockRows));
    this.#account(rows * this.steps * 9);
    const values = new Float64Array(rows * this.steps);
    this.#context.noteBlock(values.buffer);
    this.#values.push(values);
    const kinds = new Uint8Array(rows * this.steps);
    this.#context.noteBlock(kinds.buffer);
    this.#kinds.push(kinds);
    this.#blockRows = rows;
    this.#taken = 0;
  }

  /** A copy of `source`, as a new row. */
  append(source: Row): number {
    const row = this.add(source.labels, source.dropName);
    const start = this.#starts[row]!;
    const values = this.#values[row]!;
    const kinds = this.#kinds[row]!;
    if (this.steps > shortRowSteps) {
      values.set(source.values, start);
      kinds.set(source.kinds, start);
    } else {
      for (let step = 0; step < this.steps; step++) {
        values[start + step] = source.values[step]!;
        kinds[start + step] = source.kinds[step]!;
      }
    }
    this.points[row] = source.points;
    if (source.histograms !== null) this.#keepHistograms(row, source.kinds, source.histograms);
    return row;
  }

  /** Copies a row into columns of the caller. */
  copyRow(row: number, values: Float64Array, kinds: Uint8Array): void {
    const start = this.#starts[row]!;
    const from = this.#values[row]!;
    const fromKinds = this.#kinds[row]!;
    for (let step = 0; step < this.steps; step++) {
      values[step] = from[start + step]!;
      kinds[step] = fromKinds[start + step]!;
    }
  }

  /** Writes a row's values to `out`, from `at` on with `stride` numbers from one to the next. */
  spreadRow(row: number, out: Float64Array, at: number, stride: number): void {
    const start = this.#starts[row]!;
    const values = this.#values[row]!;
    for (let step = 0; step < this.steps; step++) out[at + step * stride] = values[start + step]!;
  }

  valuesOf(row: number): Float64Array {
    const start = this.#starts[row]!;
    return this.#values[row]!.subarray(start, start + this.steps);
  }

  kindsOf(row: number): Uint8Array {
    const start = this.#starts[row]!;
    return this.#kinds[row]!.subarray(start, start + this.steps);
  }

  /** Sets a step that is absent to a float. */
  put(row: number, step: number, value: number): void {
    const at = this.#starts[row]! + step;
    this.#values[row]![at] = value;
    this.#kinds[row]![at] = float;
    this.points[row]!++;
  }

  /** The row's column of histograms, or null where it has none. */
  histogramsOf(row: number): HistogramColumn | null {
    return this.#histograms[row] ?? null;
  }

  /** A column for the row's histograms, whose memory the caller accounts. */
  makeHistograms(row: number): HistogramColumn {
    return (this.#histograms[row] ??= Array.from<HistogramColumn[number]>({length: this.steps}));
  }

  /** What the row counts for among the samples that a query may hold. */
  samplesOf(row: number): number {
    const histograms = this.histogramsOf(row);
    if (histograms === null) return this.points[row]!;
    return samplesOf({kinds: this.kindsOf(row), histograms, points: this.points[row]!});
  }

  /** The value at one step; for grids of one step, where a view for each row would cost more than the row. */
  valueAt(row: number, step: number): number {
    return this.#values[row]![this.#starts[row]! + step]!;
  }

  kindAt(row: number, step: number): number {
    return this.#kinds[row]![this.#starts[row]! + step]!;
  }

  /** Ends the query where it must end. */
  check(): void {
    this.#context.check();
  }

  /** Gives the memory back, also to the query's budget; neither the matrix nor a view of one of its rows is used again. */
  release(): void {
    this.#context.releaseBytes(this.bytes);
    this.bytes = 0;
    for (let row = 0; row < this.#values.length; row++) {
      if (this.#starts[row] !== 0) continue;
      this.#context.releaseBlock(this.#values[row]!.buffer);
      this.#context.releaseBlock(this.#kinds[row]!.buffer);
    }
    this.#values.length = 0;
    this.#kinds.length = 0;
    this.#histograms.length = 0;
  }

  #keepHistograms(row: number, kinds: Uint8Array, histograms: HistogramColumn): void {
    const kept = this.makeHistograms(row);
    let bytes = 8 * this.steps;
    for (let step = 0; step < this.steps; step++) {
      if (kinds[step] !== histogram) continue;
      kept[step] = histograms[step];
      bytes += 16 * pointSamples(histograms[step]!);
    }
    this.#account(bytes);
  }

  #account(bytes: number): void {
    this.#context.takeBytes(bytes);
    this.bytes += bytes;
  }
}

export function materialize(context: QueryContext, operator: Operator, steps: number): Matrix {
  const matrix = new Matrix(context, steps);
  while (operator.next()) {
    context.check();
    matrix.append(operator.row);
  }
  return matrix;
}

function rejectOverlap(): void {
  throw executionError(sameLabelsetMessage);
}

/**
 * Collects rows of which several may have the same labels: those become one row, unless two of them have a point at the
 * same step. Then it throws that a vector cannot have that.
 */
export class MergedMatrix {
  readonly matrix: Matrix;
  readonly #labelSets: Tuples;
  /** Row of each label set. */
  readonly #rows: number[] = [];

  constructor(context: QueryContext, steps: number) {
    this.matrix = new Matrix(context, steps);
    this.#labelSets = new Tuples(context.budget);
  }

  append(row: Row, onOverlap: (step: number) => void = rejectOverlap): void {
    const matrix = this.matrix;
    const set = this.#labelSets.intern(row.labels, row.labels.length);
    const known = this.#rows[set];
    if (known === undefined) {
      this.#rows[set] = matrix.append(row);
      return;
    }
    const values = matrix.valuesOf(known);
    const kinds = matrix.kindsOf(known);
    // The sample that comes first in time decides, since Prometheus evaluates step by step.
    if (row.dropName !== matrix.dropNames[known] && firstPoint(row.kinds) < firstPoint(kinds)) {
      matrix.dropNames[known] = row.dropName;
    }
    for (let step = 0; step < kinds.length; step++) {
      if (row.kinds[step] === absent) continue;
      if (kinds[step] !== absent) onOverlap(step);
      kinds[step] = row.kinds[step]!;
      values[step] = row.values[step]!;
      if (row.kinds[step] === histogram) matrix.makeHistograms(known)[step] = row.histograms![step];
    }
    matrix.points[known] = countPoints(kinds);
  }
}

function firstPoint(kinds: Uint8Array): number {
  return kinds.findIndex((kind) => kind !== absent);
}

/** Walks the rows of a matrix. */
export class MatrixCursor implements Operator {
  readonly row: Row;
  readonly singleName: boolean;
  readonly #matrix: Matrix;
  readonly #mutable: {values: Float64Array; kinds: Uint8Array; histograms: HistogramColumn | null};
  #next = 0;

  constructor(matrix: Matrix, singleName: boolean) {
    this.#matrix = matrix;
    this.singleName = singleName;
    const short = matrix.steps <= shortRowSteps ? matrix.steps : 0;
    const row = newRow(short);
    this.row = row;
    this.#mutable = row;
  }

  next(): boolean {
    const matrix = this.#matrix;
    matrix.check();
    while (this.#next < matrix.length && matrix.points[this.#next] === 0) this.#next++;
    if (this.#next === matrix.length) return false;
    const at = this.#next++;
    this.row.labels = matrix.labels[at]!;
    this.row.dropName = matrix.dropNames[at]!;
    this.row.points = matrix.points[at]!;
    this.#mutable.histograms = matrix.histogramsOf(at);
    if (matrix.steps <= shortRowSteps) {
      matrix.copyRow(at, this.#mutable.values, this.#mutable.kinds);
    } else {
      this.#mutable.values = matrix.valuesOf(at);
      this.#mutable.kinds = matrix.kindsOf(at);
    }
    return true;
  }
}
