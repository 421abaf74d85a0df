/** The steps at which something is to happen, the next one in front: a binary heap of numbers. */
export class Steps {
  readonly #heap: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Infinity where there is none. */
  get first(): number {
    return this.#heap[0] ?? Infinity;
  }

  add(step: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(step);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= step) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = step;
  }

  removeFirst(): void {
    const heap = this.#heap;
    const step = heap.pop();
    if (step === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= step) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = step;
  }

  /** Makes these the steps. */
  reset(steps: Iterable<number>): void {
    this.#heap.length = 0;
    for (const step of steps) this.add(step);
  }
}
