// When Prometheus evaluates what: of equal remarks it shows the one that it made last.

import type {Expr, PositionRange} from '../ast.ts';
import {forEachChild} from '../parser/walk.ts';
import {withoutParens} from './invariance.ts';

/** Who remarks at a place: the expression that stands there, or the one whose argument it is. */
export type Remarker = 'expression' | 'caller';

/** The expressions of a query, numbered in the order in which Prometheus evaluates them: from left to right, arguments first. */
export class EvaluationOrder {
  readonly #root: Expr;
  /** By places; made when it is first needed, which is seldom. */
  #numbers: Record<Remarker, Map<string, number>> | null = null;
  #count = 0;

  constructor(root: Expr) {
    this.#root = root;
  }

  /** Whether what is remarked at `left` is so before what is remarked at `right`. */
  isBefore(left: PositionRange, right: PositionRange, remarker: Remarker): boolean {
    if (this.#numbers === null) {
      this.#numbers = {expression: new Map(), caller: new Map()};
      this.#visit(this.#root);
    }
    return this.#numberOf(left, remarker) < this.#numberOf(right, remarker);
  }

  #numberOf(range: PositionRange, remarker: Remarker): number {
    const key = keyOf(range);
    return this.#numbers![remarker].get(key) ?? this.#numbers!.expression.get(key) ?? -1;
  }

  #visit(expr: Expr): void {
    if (expr.kind === 'aggregate' && expr.param !== null) this.#visit(expr.param);
    forEachChild(expr, (child) => {
      if (expr.kind !== 'aggregate' || child === expr.expr) this.#visit(child);
    });
    const number = this.#count++;
    const {expression, caller} = this.#numbers!;
    expression.set(keyOf(expr.range), number);
    if (expr.kind !== 'call' && expr.kind !== 'aggregate') return;
    forEachChild(expr, (child) => {
      const argument = withoutParens(child);
      caller.set(keyOf(argument.kind === 'subquery' ? nowhere : argument.range), number);
    });
  }
}

/** Where remarks on subqueries stand. */
export const nowhere: PositionRange = {start: 0, end: 0};

function keyOf({start, end}: PositionRange): string {
  return `${start} ${end}`;
}
