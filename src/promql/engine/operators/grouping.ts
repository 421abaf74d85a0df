import type {LabelIds} from '../../../storage/querier.ts';
import type {QueryContext} from '../context.ts';
import {keepLabels, labelBytes, noLabelIds, removeLabels, valueOf} from '../labelset.ts';
import {Tuples} from '../tuples.ts';

/** Puts series into groups `by` or `without` label names: groups are numbered in the order in which they appear. */
export class Grouping {
  /** The labels of each group. */
  readonly labels: LabelIds[] = [];
  readonly #without: boolean;
  readonly #names: number[];
  readonly #nameSet: Set<number>;
  readonly #keys: Tuples;
  readonly #context: QueryContext;
  readonly #key: number[];

  constructor(context: QueryContext, names: readonly string[], without: boolean) {
    const {symbols} = context;
    this.#context = context;
    this.#keys = new Tuples(context.budget);
    this.#without = without;
    this.#names = names.map((name) => symbols.intern(name));
    this.#nameSet = new Set(this.#names);
    if (without) this.#nameSet.add(symbols.intern('__name__'));
    this.#key = names.map(() => 0);
  }

  get count(): number {
    return this.labels.length;
  }

  groupOf(labels: LabelIds): number {
    const group = this.#without ? this.#groupWithout(labels) : this.#groupBy(labels);
    return group;
  }

  #groupBy(labels: LabelIds): number {
    const names = this.#names;
    const key = this.#key;
    for (let i = 0; i < names.length; i++) key[i] = valueOf(labels, names[i]!);
    const group = this.#keys.intern(key, names.length);
    if (group === this.labels.length) {
      this.#add(names.length === 0 ? noLabelIds : keepLabels(labels, this.#nameSet));
    }
    return group;
  }

  #groupWithout(labels: LabelIds): number {
    const kept = removeLabels(labels, this.#nameSet);
    const group = this.#keys.intern(kept, kept.length);
    if (group === this.labels.length) this.#add(kept);
    return group;
  }

  #add(labels: LabelIds): void {
    this.#context.takeBytes(groupBytes + labelBytes(labels));
    this.labels.push(labels);
  }
}

/** A group's place in lists. */
const groupBytes = 16;
