// and, or, unless: they keep or drop samples of one vector by what the other has in the same match group.

import type {BinaryExpr} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import type {Grid} from '../grid.ts';
import {absent, columnBytes, type MutableRow, newRow, type Operator, type Row, samplesOf} from '../row.ts';
import {mergeSteps} from './map.ts';
import {Grouping} from './grouping.ts';

export function setOperator(
  context: QueryContext,
  expr: BinaryExpr,
  sides: {left: Operator; right: Operator; grid: Grid},
): Operator {
  const union = expr.op === 'or';
  const rows = union ? new Union(context, expr, sides) : new Intersection(context, expr, sides);
  if (!union && !context.mayRepeatLabels) return rows;
  return mergeSteps(context, rows, {grid: sides.grid, nameless: false});
}

/** Which steps each match group of a vector has. */
class GroupPresence {
  readonly #context: QueryContext;
  readonly #groups: Grouping;
  readonly #presence: Uint8Array[] = [];
  readonly #steps: number;

  constructor(context: QueryContext, expr: BinaryExpr, steps: number) {
    const {labels, on} = expr.matching!;
    this.#context = context;
    this.#groups = new Grouping(context, labels, !on);
    this.#steps = steps;
  }

  add(row: Row): void {
    const group = this.#groups.groupOf(row.labels);
    let presence = this.#presence[group];
    if (presence === undefined) {
      this.#context.takeBytes(columnBytes(this.#steps));
      presence = this.#presence[group] = new Uint8Array(this.#steps);
    }
    for (let step = 0; step < presence.length; step++) if (row.kinds[step] !== absent) presence[step] = 1;
  }

  of(row: Row): Uint8Array | null {
    return this.#presence[this.#groups.groupOf(row.labels)] ?? null;
  }
}

/** Copies the samples of `source` at the steps where `presence` has `wanted`; returns how many. */
function filter(source: Row, out: MutableRow, presence: Uint8Array | null, wanted: 0 | 1): number {
  const {kinds} = out;
  out.values.set(source.values);
  out.histograms = source.histograms;
  let points = 0;
  for (let step = 0; step < kinds.length; step++) {
    const keep = source.kinds[step] !== absent && (presence === null ? 0 : presence[step]!) === wanted;
    kinds[step] = keep ? source.kinds[step]! : absent;
    if (keep) points++;
  }
  out.labels = source.labels;
  out.dropName = source.dropName;
  out.points = points;
  return points;
}

/** and, unless. */
class Intersection implements Operator {
  readonly row: MutableRow;
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #presence: GroupPresence;
  readonly #wanted: 0 | 1;
  #started = false;

  constructor(context: QueryContext, expr: BinaryExpr, sides: {left: Operator; right: Operator; grid: Grid}) {
    this.#context = context;
    this.#left = sides.left;
    this.#right = sides.right;
    this.#wanted = expr.op === 'and' ? 1 : 0;
    this.singleName = sides.left.singleName;
    this.row = newRow(sides.grid.count);
    this.#presence = new GroupPresence(context, expr, sides.grid.count);
  }

  next(): boolean {
    if (!this.#started) {
      this.#started = true;
      while (this.#right.next()) {
        this.#context.check();
        this.#context.releaseSamples(samplesOf(this.#right.row));
        this.#presence.add(this.#right.row);
      }
    }
    while (this.#left.next()) {
      const source = this.#left.row;
      this.#context.releaseSamples(samplesOf(source));
      if (filter(source, this.row, this.#presence.of(source), this.#wanted) === 0) continue;
      this.#context.holdSamples(samplesOf(this.row));
      return true;
    }
    return false;
  }
}

/** or: the left side, and what the right side has in groups and at steps where the left has nothing. */
class Union implements Operator {
  readonly row: MutableRow;
  readonly singleName = false;
  readonly #context: QueryContext;
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #presence: GroupPresence;
  #leftDone = false;

  constructor(context: QueryContext, expr: BinaryExpr, sides: {left: Operator; right: Operator; grid: Grid}) {
    this.#context = context;
    this.#left = sides.left;
    this.#right = sides.right;
    this.row = newRow(sides.grid.count);
    this.#presence = new GroupPresence(context, expr, sides.grid.count);
  }

  next(): boolean {
    if (!this.#leftDone) {
      if (this.#left.next()) {
        const source = this.#left.row;
        this.#context.releaseSamples(samplesOf(source));
        this.#presence.add(source);
        filter(source, this.row, null, 0);
        this.#context.holdSamples(samplesOf(this.row));
        return true;
      }
      this.#leftDone = true;
    }
    while (this.#right.next()) {
      const source = this.#right.row;
      this.#context.releaseSamples(samplesOf(source));
      if (filter(source, this.row, this.#presence.of(source), 0) === 0) continue;
      this.#context.holdSamples(samplesOf(this.row));
      return true;
    }
    return false;
  }
}
