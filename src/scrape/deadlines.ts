import {timerMsMax} from '../sys/clock.ts';

/** What is told that its time is over. */
export interface Expiring {
  expire(): void;
}

export interface Deadline {
  /** On performance.now()'s clock. */
  readonly atMs: number;
  readonly owner: Expiring;
  readonly timeoutMs: number;
}

interface Queue {
  /** In the order of their ends. */
  readonly deadlines: Set<Deadline>;
  timer: NodeJS.Timeout | null;
}

/**
 * Ends of requests that hardly ever come. Those with the same timeout end in the order of their starts, so that one timer serves
 * them all, and goes off once in a timeout: a timer for each is made and taken back again with every request.
 */
export class Deadlines {
  readonly #queues = new Map<number, Queue>();

  /** `startedMs`: when the time began, on performance.now()'s clock; it rises from call to call. */
  add(owner: Expiring, timeoutMs: number, startedMs: number): Deadline {
    const deadline = {atMs: startedMs + timeoutMs, owner, timeoutMs};
    let queue = this.#queues.get(timeoutMs);
    if (queue === undefined) {
      queue = {deadlines: new Set(), timer: null};
      this.#queues.set(timeoutMs, queue);
    }
    queue.deadlines.add(deadline);
    if (queue.timer === null) this.#start(queue, deadline);
    return deadline;
  }

  remove(deadline: Deadline): void {
    this.#queues.get(deadline.timeoutMs)?.deadlines.delete(deadline);
  }

  close(): void {
    for (const {timer} of this.#queues.values()) if (timer !== null) clearTimeout(timer);
    this.#queues.clear();
  }

  #start(queue: Queue, {atMs}: Deadline): void {
    const leftMs = Math.max(1, Math.ceil(atMs - performance.now()));
    queue.timer = setTimeout(() => this.#expire(queue), Math.min(leftMs, timerMsMax));
    // Whoever waits for an answer has a socket that keeps the process.
    queue.timer.unref();
  }

  #expire(queue: Queue): void {
    queue.timer = null;
    const nowMs = performance.now();
    for (const deadline of queue.deadlines) {
      if (deadline.atMs > nowMs) {
        this.#start(queue, deadline);
        return;
      }
      queue.deadlines.delete(deadline);
      deadline.owner.expire();
    }
  }
}
