import type {Clock} from '../sys/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that is moved by hand. Between timers all promises get their turn. */
export class SteppedClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  #count = 0;
  /** A heap by time and order. */
  readonly #timers: Timer[] = [];
  readonly #cancelled = new Set<Timer>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs;
  }

  now = (): number => this.#nowMs;
  elapsed = (): number => this.#nowMs - this.#startMs;

  after(ms: number, run: () => void): () => void {
    const timer = {atMs: this.#nowMs + Math.max(0, ms), order: this.#count++, run};
    this.#push(timer);
    return () => this.#cancelled.add(timer);
  }

  /** Lets time pass. */
  async runUntil(ms: number): Promise<void> {
    await settle();
    for (let next = this.#timers[0]; next !== undefined && next.atMs <= ms; next = this.#timers[0]) {
      this.#pop();
      if (this.#cancelled.delete(next)) continue;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(left: Timer, right: Timer): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** Longest chain of promises between two timers. */
const turns = 12;

async function settle(): Promise<void> {
  for (let i = 0; i < turns; i++) await Promise.resolve();
}
