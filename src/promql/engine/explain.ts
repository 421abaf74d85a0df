// What each node of a query's tree has cost: thin operators that measure those beneath them. They are there only in queries
// that ask for it; others run without a trace of them.

import type {Expr} from '../ast.ts';
import {forEachChild} from '../parser/walk.ts';
import type {QueryContext} from './context.ts';
import {withoutParens} from './invariance.ts';
import type {HistogramColumn} from './row.ts';
import type {Operator, Row} from './row.ts';
import type {ColumnSource} from './operators/selector.ts';
import type {LabelIds} from '../../storage/querier.ts';

/** A node and what its evaluation took, with everything beneath it. */
export interface ExplainNode {
  kind: Expr['kind'];
  /** As it stands in the query, at [start, end) in UTF-16 units. */
  expr: string;
  start: number;
  end: number;
  seconds: number;
  /** Series that came out of it, and their points over all steps. A scalar counts as one series. */
  series: number;
  points: number;
  /** Samples looked at, counted again for each step's window. */
  samples: number;
  /** The same expression stands elsewhere in the query and was evaluated there. */
  repeated: boolean;
  children: ExplainNode[];
}

/** Keeps the nodes of one query. */
export class Explainer {
  readonly root: ExplainNode;
  readonly #context: QueryContext;
  readonly #nodes = new Map<Expr, ExplainNode>();

  constructor(context: QueryContext, expr: Expr, query: string) {
    this.#context = context;
    this.root = this.#node(expr, query);
  }

  #node(whole: Expr, query: string): ExplainNode {
    const expr = withoutParens(whole);
    const {start, end} = expr.range;
    const node: ExplainNode = {
      kind: expr.kind,
      expr: query.slice(start, end).trim(),
      start,
      end,
      seconds: 0,
      series: 0,
      points: 0,
      samples: 0,
      repeated: false,
      children: [],
    };
    this.#nodes.set(expr, node);
    // The selector of a range selector is a part of it, not evaluated by itself.
    if (expr.kind !== 'matrixSelector')
      forEachChild(expr, (child) => node.children.push(this.#node(child, query)));
    return node;
  }

  #of(expr: Expr): ExplainNode | undefined {
    return this.#nodes.get(withoutParens(expr));
  }

  repeat(expr: Expr): void {
    const node = this.#of(expr);
    if (node !== undefined) node.repeated = true;
  }

  rows(expr: Expr, rows: Operator): Operator {
    const node = this.#of(expr);
    return node === undefined ? rows : new MeasuredRows(new Meter(this.#context, node), rows);
  }

  columns(expr: Expr, columns: ColumnSource): ColumnSource {
    const node = this.#of(expr);
    return node === undefined ? columns : new MeasuredColumns(new Meter(this.#context, node), columns);
  }

  /** Scalars are evaluated at once. */
  scalar(expr: Expr, evaluate: () => Float64Array): Float64Array {
    const node = this.#of(expr);
    if (node === undefined) return evaluate();
    const meter = new Meter(this.#context, node);
    meter.start();
    const values = evaluate();
    meter.stop();
    node.series = 1;
    node.points = values.length;
    return values;
  }
}

class Meter {
  readonly node: ExplainNode;
  readonly #context: QueryContext;
  #began = 0;
  #samples = 0;

  constructor(context: QueryContext, node: ExplainNode) {
    this.#context = context;
    this.node = node;
  }

  start(): void {
    this.#samples = this.#context.samplesQueried;
    this.#began = performance.now();
  }

  stop(): void {
    this.node.seconds += (performance.now() - this.#began) / 1000;
    this.node.samples += Math.max(0, this.#context.samplesQueried - this.#samples);
  }
}

class MeasuredRows implements Operator {
  readonly #meter: Meter;
  readonly #child: Operator;

  constructor(meter: Meter, child: Operator) {
    this.#meter = meter;
    this.#child = child;
  }

  get row(): Row {
    return this.#child.row;
  }

  get singleName(): boolean {
    return this.#child.singleName;
  }

  next(): boolean {
    const meter = this.#meter;
    meter.start();
    const found = this.#child.next();
    meter.stop();
    if (found) {
      meter.node.series++;
      meter.node.points += this.#child.row.points;
    }
    return found;
  }
}

class MeasuredColumns implements ColumnSource {
  readonly #meter: Meter;
  readonly #child: ColumnSource;

  constructor(meter: Meter, child: ColumnSource) {
    this.#meter = meter;
    this.#child = child;
  }

  get labels(): LabelIds {
    return this.#child.labels;
  }

  get dropName(): boolean {
    return this.#child.dropName;
  }

  get times(): Float64Array {
    return this.#child.times;
  }

  get values(): Float64Array {
    return this.#child.values;
  }

  get histograms(): HistogramColumn | null {
    return this.#child.histograms;
  }

  get startTimes(): Float64Array | null {
    return this.#child.startTimes;
  }

  get length(): number {
    return this.#child.length;
  }

  get intervalMs(): number {
    return this.#child.intervalMs;
  }

  get neverFalls(): boolean {
    return this.#child.neverFalls;
  }

  get neverNaN(): boolean {
    return this.#child.neverNaN;
  }

  get singleName(): boolean {
    return this.#child.singleName;
  }

  get stored(): boolean {
    return this.#child.stored;
  }

  next(): boolean {
    const meter = this.#meter;
    meter.start();
    const found = this.#child.next();
    meter.stop();
    if (found) {
      meter.node.series++;
      meter.node.points += this.#child.length;
      if (this.#child.stored) meter.node.samples += this.#child.length;
    }
    return found;
  }
}
