/**
 * One evaluation of rules at a time, as long as nobody waits for long: groups that are due at the same moment would start a query
 * thread each, and each thread has to compile the same code and to keep it in memory.
 */
export class RuleTurns {
  readonly #waitMsMax: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  /** Who has waited for `waitMsMax` begins, whoever runs. */
  constructor(waitMsMax: number) {
    this.#waitMsMax = waitMsMax;
  }

  /** Resolves when it is one's turn. */
  begin(): Promise<void> {
    if (this.#running === 0) {
      this.#running++;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(go);
        this.#running++;
        resolve();
      };
      const timer = setTimeout(go, this.#waitMsMax);
      this.#waiting.add(go);
    });
  }

  end(): void {
    this.#running--;
    if (this.#running > 0) return;
    for (const go of this.#waiting) {
      go();
      return;
    }
  }
}
