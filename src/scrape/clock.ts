/** The time and its timers, so that tests can have their own. */
export interface ScrapeClock {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Milliseconds on a clock that is never set. */
  monotonic: () => number;
  /** Calls `fire` once, `delayMs` from now; returns what cancels it. */
  after: (delayMs: number, fire: () => void) => () => void;
}

export const systemClock: ScrapeClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};
