import {counterReset, type FloatHistogram} from '../../../model/histogram.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import type {SubqueryExpr} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import {gridOf, gridEndMs, type Grid} from '../grid.ts';
import {absent, histogram, type HistogramColumn, type Operator} from '../row.ts';
import {type ColumnSource, factsOf} from './selector.ts';

/**
 * The evaluation times of a subquery within `grid`: multiples of its step, after the beginning of the first window and up
 * to the end of the last.
 */
export function subqueryGrid(expr: SubqueryExpr, grid: Grid, defaultStepMs: number): Grid {
  const stepMs = expr.stepMs === 0 ? defaultStepMs : expr.stepMs;
  const fixed = typeof expr.at === 'number';
  const firstMs = (fixed ? (expr.at as number) : grid.startMs) - expr.offsetMs;
  const lastMs = (fixed ? (expr.at as number) : gridEndMs(grid)) - expr.offsetMs;
  const before = firstMs - expr.rangeMs;
  let startMs = stepMs * Math.trunc(before / stepMs);
  if (startMs <= before) startMs += stepMs;
  return gridOf(startMs, lastMs, stepMs);
}

/**
 * What a subquery reads counts for the first step around it whose window it lies in; what lies between the windows of two
 * steps does not count.
 */
export class SubqueryReads {
  readonly #context: QueryContext;
  readonly #inner: Grid;
  readonly #outer: Grid;
  readonly #expr: SubqueryExpr;
  /** Null where there is only one step around. */
  readonly #reads: Float64Array | null;

  constructor(context: QueryContext, expr: SubqueryExpr, {inner, outer}: {inner: Grid; outer: Grid}) {
    this.#context = context;
    this.#expr = expr;
    this.#inner = inner;
    this.#outer = outer;
    this.#reads = outer.count > 1 ? new Float64Array(inner.count) : null;
  }

  /** Evaluates a part of the subquery. */
  count<T>(evaluate: () => T): T {
    const context = this.#context;
    const reads = this.#reads;
    if (reads === null) return context.readingOnce(evaluate);
    const {samplesRead} = context;
    const result = context.readingInto(reads, evaluate);
    if (context.samplesRead === samplesRead) return result;
    context.samplesRead = samplesRead;
    for (let step = 0; step < reads.length; step++) {
      if (reads[step] !== 0) this.#assign(step, reads[step]!);
      reads[step] = 0;
    }
    return result;
  }

  #assign(innerStep: number, samples: number): void {
    const {startMs, stepMs, count} = this.#outer;
    const {offsetMs, rangeMs} = this.#expr;
    const timeMs = this.#inner.startMs + innerStep * this.#inner.stepMs + offsetMs;
    const step = Math.min(count - 1, Math.max(0, Math.ceil((timeMs - startMs) / stepMs)));
    if (timeMs <= startMs + step * stepMs - rangeMs) return;
    this.#context.samplesRead += samples;
    const outer = this.#context.readsPerStep;
    if (outer?.length === count) outer[step]! += samples;
  }
}

/** The rows of a subquery's expression as series with samples. */
export class SubqueryColumns implements ColumnSource {
  labels: LabelIds = [];
  dropName = false;
  readonly times: Float64Array;
  readonly values: Float64Array;
  histograms: HistogramColumn | null = null;
  length = 0;
  readonly startTimes = null;
  intervalMs = 0;
  neverFalls = false;
  neverNaN = false;
  readonly singleName: boolean;
  readonly stored = false;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #grid: Grid;
  /** Whether the samples that the expression looks at count, and not those of its result that a function then looks at. */
  readonly #countsInner: boolean;
  readonly #reads: SubqueryReads;
  readonly #next: () => boolean;

  constructor(
    context: QueryContext,
    child: Operator,
    {grid, reads, countsInner}: {grid: Grid; reads: SubqueryReads; countsInner: boolean},
  ) {
    this.#reads = reads;
    this.#next = () => child.next();
    this.#context = context;
    this.#child = child;
    this.#grid = grid;
    this.#countsInner = countsInner;
    this.singleName = child.singleName;
    const {workspace} = context;
    this.times = workspace?.floats(grid.count) ?? new Float64Array(grid.count);
    this.values = workspace?.floats(grid.count) ?? new Float64Array(grid.count);
  }

  next(): boolean {
    if (!this.#advance()) return false;
    const {row} = this.#child;
    const {startMs, stepMs, count} = this.#grid;
    const histograms: HistogramColumn | null = row.histograms === null ? null : [];
    let length = 0;
    for (let step = 0; step < count; step++) {
      if (row.kinds[step] === absent) continue;
      this.times[length] = startMs + step * stepMs;
      this.values[length] = row.values[step]!;
      histograms?.push(row.kinds[step] === histogram ? withoutResetHint(row.histograms![step]!) : undefined);
      length++;
    }
    this.histograms = histograms;
    this.length = length;
    const {workspace} = this.#context;
    if (workspace !== null) {
      const facts = factsOf(workspace, this.times, this.values, length);
      this.intervalMs = facts.intervalMs;
      this.neverFalls = facts.neverFalls;
      this.neverNaN = facts.neverNaN;
    }
    this.labels = row.labels;
    this.dropName = row.dropName;
    return true;
  }

  #advance(): boolean {
    const context = this.#context;
    const {samplesQueried, samplesPerStep} = context;
    context.samplesPerStep = null;
    const found = this.#reads.count(this.#next);
    context.samplesPerStep = samplesPerStep;
    if (!this.#countsInner) context.samplesQueried = samplesQueried;
    else if (samplesPerStep !== null) {
      samplesPerStep[samplesPerStep.length - 1]! += context.samplesQueried - samplesQueried;
    }
    return found;
  }
}

/** Samples of a subquery may leave out or repeat what the hint tells of. */
function withoutResetHint(value: FloatHistogram): FloatHistogram {
  const {counterResetHint} = value;
  if (counterResetHint === counterReset.unknown || counterResetHint === counterReset.gauge) return value;
  return value.with({counterResetHint: counterReset.unknown});
}
