// count_values: a series for each value that occurs in a group. Most of them have few points, so what is kept is a list of
// points, not a row for each.

import type {LabelIds} from '../../../storage/querier.ts';
import type {AggregateExpr} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import {formatPlain} from '../../../base/format.ts';
import type {Grid} from '../grid.ts';
import {absent, float, histogram, newRow, type Operator, type Row, samplesOf} from '../row.ts';
import {formatHistogram} from '../../../model/histogram/format.ts';
import {Grouping} from './grouping.ts';

/** Bytes for a point and for a series, about. */
const pointBytes = 48;
const seriesBytes = 320;

export class CountValues implements Operator {
  readonly row: Row;
  readonly singleName = false;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #grouping: Grouping;
  readonly #labelId: number;
  readonly #steps: number;
  /** Points of each result: its counts by step. */
  readonly #points: Map<number, number>[] = [];
  #next = -1;

  constructor(
    context: QueryContext,
    expr: AggregateExpr,
    child: Operator,
    {grid, label}: {grid: Grid; label: string},
  ) {
    const names = expr.without ? expr.grouping : [...expr.grouping, label];
    this.#context = context;
    this.#child = child;
    this.#grouping = new Grouping(context, names, expr.without);
    this.#labelId = context.symbols.intern(label);
    this.#steps = grid.count;
    this.row = newRow(grid.count);
  }

  next(): boolean {
    if (this.#next < 0) this.#count();
    if (this.#next === this.#points.length) return false;
    const {row} = this;
    const at = this.#next++;
    const points = this.#points[at]!;
    row.kinds.fill(absent);
    for (const [step, count] of points) {
      row.kinds[step] = float;
      row.values[step] = count;
    }
    row.labels = this.#grouping.labels[at]!;
    row.points = points.size;
    return true;
  }

  #count(): void {
    this.#next = 0;
    let held = 0;
    while (this.#child.next()) {
      const {row} = this.#child;
      this.#context.check();
      held += samplesOf(row);
      this.#countRow(row);
      this.#context.takeSymbols();
    }
    this.#context.releaseSamples(held);
  }

  #countRow(row: Row): void {
    // Result of each value, negative zero apart since maps take it for zero.
    const known = new Map<number, number>();
    let negativeZero = -1;
    for (let step = 0; step < this.#steps; step++) {
      if (row.kinds[step] === absent) continue;
      let at: number;
      if (row.kinds[step] === histogram) {
        at = this.#resultOf(row.labels, formatHistogram(row.histograms![step]!));
      } else {
        const value = row.values[step]!;
        const isNegativeZero = value === 0 && 1 / value < 0;
        at = isNegativeZero ? negativeZero : (known.get(value) ?? -1);
        if (at < 0) {
          at = this.#resultOf(row.labels, formatPlain(value));
          if (isNegativeZero) negativeZero = at;
          else known.set(value, at);
        }
      }
      const points = this.#points[at]!;
      const count = points.get(step);
      points.set(step, (count ?? 0) + 1);
      if (count !== undefined) continue;
      this.#context.holdSamples(1);
      this.#context.takeBytes(pointBytes);
    }
  }

  #resultOf(labels: LabelIds, value: string): number {
    const {names, symbols} = this.#context;
    const at = this.#grouping.groupOf(names.with(labels, this.#labelId, symbols.intern(value)));
    if (at === this.#points.length) {
      this.#context.takeBytes(seriesBytes);
      this.#points.push(new Map());
    }
    return at;
  }
}
