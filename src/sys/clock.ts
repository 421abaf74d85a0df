/** Time, passed in so that tests can make it pass. */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds since some moment; never goes back. */
  elapsed(): number;
  /** Calls `run` once in `ms` milliseconds; only with `keepAlive` the process stays for it. Gives a function that takes it back. */
  after(ms: number, run: () => void, keepAlive?: boolean): () => void;
}

/** 24.8 days: a timer of Node that is to wait for longer does not wait at all. */
export const timerMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, run, keepAlive = false) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const partMs = Math.min(leftMs, timerMsMax);
      timer = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : run()), partMs);
      if (!keepAlive) timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
