import {guarded} from '../../../storage/guardedsort.ts';
import type {ReadGuard} from '../../../storage/querier.ts';

/** Which element stands at the front. NaN always comes before everything. */
export type HeapOrder = 'smallestFirst' | 'largestFirst';

/**
 * A binary heap of values with the number of the series that each belongs to. It sifts as Go's container/heap does, since
 * which of several equal values stays, and their order, depends on that.
 */
export class ValueHeap {
  readonly values: number[] = [];
  readonly items: number[] = [];
  readonly #largestFirst: boolean;

  constructor(order: HeapOrder) {
    this.#largestFirst = order === 'largestFirst';
  }

  get size(): number {
    return this.values.length;
  }

  /** Adds an element. */
  push(value: number, item: number): void {
    this.values.push(value);
    this.items.push(item);
    let at = this.size - 1;
    for (;;) {
      const parent = (at - 1) >> 1;
      if (at === 0 || !this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Replaces the front where `value` belongs behind it; says whether it did. */
  offer(value: number, item: number): boolean {
    const front = this.values[0]!;
    const better = this.#largestFirst ? front > value : front < value;
    if (!better && !(front !== front && value === value)) return false;
    this.values[0] = value;
    this.items[0] = item;
    if (this.size > 1) this.#siftDown();
    return true;
  }

  /**
   * Sorts the elements from what stays longest to the front: topk's best first. Afterwards it is no heap. `guard` ends a
   * long sort by throwing.
   */
  sort(guard: Pick<ReadGuard, 'check'>): void {
    if (this.size > insertionSortMax) {
      this.#mergeSort(guard);
      return;
    }
    for (let i = 1; i < this.size; i++) {
      for (let j = i; j > 0 && this.#before(j - 1, j); j--) this.#swap(j, j - 1);
    }
  }

  #mergeSort(guard: Pick<ReadGuard, 'check'>): void {
    const sign = this.#largestFirst ? 1 : -1;
    const order = this.values.map((_, index) => index);
    const {values, items} = this;
    const compare = (left: number, right: number): number => {
      const a = values[left]!;
      const b = values[right]!;
      const aNaN = a !== a ? 1 : 0;
      const bNaN = b !== b ? 1 : 0;
      if (aNaN + bNaN > 0) return aNaN - bNaN;
      return a === b ? 0 : a < b ? -sign : sign;
    };
    order.sort(guarded(compare, guard));
    const sortedValues = order.map((index) => values[index]!);
    const sortedItems = order.map((index) => items[index]!);
    for (let i = 0; i < order.length; i++) {
      values[i] = sortedValues[i]!;
      items[i] = sortedItems[i]!;
    }
  }

  #before(left: number, right: number): boolean {
    const a = this.values[left]!;
    if (a !== a) return true;
    return this.#largestFirst ? a > this.values[right]! : a < this.values[right]!;
  }

  #siftDown(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.size) return;
      const right = left + 1;
      const child = right < this.size && this.#before(right, left) ? right : left;
      if (!this.#before(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #swap(left: number, right: number): void {
    const value = this.values[left]!;
    this.values[left] = this.values[right]!;
    this.values[right] = value;
    const item = this.items[left]!;
    this.items[left] = this.items[right]!;
    this.items[right] = item;
  }
}

/** Go sorts up to so many elements by insertion, which keeps the order of equals. */
const insertionSortMax = 12;
