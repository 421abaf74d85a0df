// Lets work begin a little at a time: after a start or a change of many groups, thousands of notifications are due within a
// second, and each at once would have a connection of its own.
import type {Clock} from '../sys/clock.ts';

/** What has begun. */
export interface Pass {
  readonly beganMs: number;
}

export interface GateOptions {
  readonly clock: Clock;
  /** How many may be under way. */
  readonly max: number;
  /** What takes longer does not count any more: who answers slowly, or never, holds up nobody. */
  readonly patienceMs: number;
}

export class Gate {
  readonly #options: GateOptions;
  /** In the order in which they began. */
  readonly #counting = new Set<Pass>();
  /** A set, since taking the first of a long list takes time for all of it. */
  readonly #waiting = new Set<(pass: Pass) => void>();
  #isTimed = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Resolves when work may begin, in the order of the calls. */
  enter(): Promise<Pass> {
    if (this.#counting.size < this.#options.max) return Promise.resolve(this.#begin());
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      this.#watch();
    });
  }

  /** The work has ended. */
  leave(pass: Pass): void {
    if (this.#counting.delete(pass)) this.#admit();
  }

  #begin(): Pass {
    const pass = {beganMs: this.#options.clock.elapsed()};
    this.#counting.add(pass);
    return pass;
  }

  #admit(): void {
    for (const resolve of this.#waiting) {
      if (this.#counting.size >= this.#options.max) return;
      this.#waiting.delete(resolve);
      resolve(this.#begin());
    }
  }

  /** Looks, while somebody waits, for what takes long. */
  #watch(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    const {clock, patienceMs} = this.#options;
    clock.after(patienceMs, () => {
      this.#isTimed = false;
      const now = clock.elapsed();
      for (const pass of this.#counting) {
        if (now - pass.beganMs < patienceMs) break;
        this.#counting.delete(pass);
      }
      this.#admit();
      if (this.#waiting.size > 0) this.#watch();
    });
  }
}
