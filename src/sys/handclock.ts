import type {Clock} from './clock.ts';

/** A clock for tests: time passes when told to. */
export class HandClock implements Clock {
  #elapsedMs = 0;
  /** What now() is ahead of elapsed(). */
  #aheadMs: number;
  readonly #timers = new Set<{at: number; run: () => void}>();

  constructor(nowMs = 1_700_000_000_000) {
    this.#aheadMs = nowMs;
  }

  now(): number {
    return this.#elapsedMs + this.#aheadMs;
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = {at: this.#elapsedMs + ms, run};
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** The clock is set: timers do not notice. */
  set(nowMs: number): void {
    this.#aheadMs = nowMs - this.#elapsedMs;
  }

  /** Something takes its time. */
  spend(ms: number): void {
    this.#elapsedMs += ms;
  }

  /** Runs what is due, in order, and lets promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(({at}) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#elapsedMs = Math.max(this.#elapsedMs, due.at);
      due.run();
      await settle();
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, end);
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
