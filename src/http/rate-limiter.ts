import type {WebRateLimit} from './web-config.ts';

/** A bucket that is full at first: each request takes a token, and one comes back after each interval. */
export class RateLimiter {
  readonly #limit: WebRateLimit;
  #tokens: number;
  #lastMs: number;

  /** An interval below 0 is no limit. */
  constructor(limit: WebRateLimit, nowMs: number) {
    this.#limit = limit;
    this.#tokens = limit.burst;
    this.#lastMs = nowMs;
  }

  /** Whether a request may be answered now. */
  take(nowMs: number): boolean {
    const {intervalMs, burst} = this.#limit;
    if (intervalMs < 0) return true;
    const elapsedMs = Math.max(0, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#tokens = Math.min(burst, this.#tokens + elapsedMs / intervalMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
