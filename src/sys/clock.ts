/** Time, passed in so that tests can make it pass. */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  elapsed(): number;
  /** Calls `run` once in `ms` milliseconds; only with `keepAlive` the process stays for it. Gives a function that takes it back. */
  after(ms: number, run: () => void, keepAlive?: boolean): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, run, keepAlive = false) {
    const timer = setTimeout(run, ms);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
