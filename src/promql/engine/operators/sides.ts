// Both sides of a binary operator may fail, and often the right one is looked at first. Prometheus evaluates the left one
// first and ends with its error.

import type {QueryContext} from '../context.ts';
import {isFailure} from '../error.ts';
import {type Operator, type Row, samplesOf} from '../row.ts';

/** A left side and what it says of errors of the right one. */
export class LeftSide implements Operator {
  readonly singleName: boolean;
  readonly #context: QueryContext;
  readonly #inner: Operator;
  #finished = false;

  constructor(context: QueryContext, inner: Operator) {
    this.singleName = inner.singleName;
    this.#context = context;
    this.#inner = inner;
  }

  get row(): Row {
    return this.#inner.row;
  }

  next(): boolean {
    // Where this throws, there is nothing left to evaluate.
    this.#finished = true;
    const found = this.#inner.next();
    this.#finished = !found;
    return found;
  }

  /** Runs a part of the right side, or of what is made of this one. Where that fails, the rest of the left side is evaluated, in case it fails too. */
  before<T>(evaluate: () => T): T {
    try {
      return evaluate();
    } catch (error) {
      if (isFailure(error)) this.#drain();
      throw error;
    }
  }

  #drain(): void {
    while (!this.#finished) {
      this.#context.check();
      if (this.next()) this.#context.releaseSamples(samplesOf(this.row));
    }
  }
}

/** A right side, whose errors count only where the left one has none. */
export class RightSide implements Operator {
  readonly singleName: boolean;
  readonly #inner: Operator;
  readonly #left: LeftSide;
  readonly #next: () => boolean;

  constructor(inner: Operator, left: LeftSide) {
    this.singleName = inner.singleName;
    this.#inner = inner;
    this.#left = left;
    this.#next = () => inner.next();
  }

  get row(): Row {
    return this.#inner.row;
  }

  next(): boolean {
    return this.#left.before(this.#next);
  }
}
