import type {Clock} from '../sys/clock.ts';

/**
 * Scrapes begin at multiples of this many milliseconds, those of one moment one after the other. One timer serves them all,
 * and where both ends would sleep in between, whoever is asked and whoever asks is woken once: that, and to find caches
 * as others have left them, costs more than the requests themselves (`bench targets`).
 */
export const scheduleStepMs = 25;
/** Steps of longer intervals, so that more scrapes have a moment in common; multiples of the former. */
const longerStepsMs = [100, 50];
/** Steps of an interval at least, so that its scrapes are spread. */
const stepsMin = 20;

/**
 * So many begin before answers of the first are looked at: what is under way when V8 collects its young garbage is moved, and soon
 * fills the old part of its heap.
 */
const runsAtOnce = 16;
/** What takes longer than this counts as late. */
const burstMsMax = 10;

interface Moment {
  runs: Set<() => void>;
  cancel: () => void;
}

/** Calls back at moments of a clock's monotonic time. */
export class Schedule {
  /**
   * The time of what is called back now, as now() and elapsed() of the clock have it: that of the first of its moment, so that those
   * behind it do not count as late for having waited their turn.
   */
  nowMs = 0;
  elapsedMs = 0;
  readonly #clock: Clock;
  readonly #moments = new Map<number, Moment>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `run` at the step nearest to `dueMs`, or at once where that is over. Gives a function that takes it back. */
  at(dueMs: number, run: () => void): () => void {
    const step = Math.round(dueMs / scheduleStepMs);
    let moment = this.#moments.get(step);
    if (moment === undefined) {
      const delay = Math.max(0, step * scheduleStepMs - this.#clock.elapsed());
      moment = {runs: new Set(), cancel: this.#clock.after(delay, () => this.#fire(step))};
      this.#moments.set(step, moment);
    }
    const {runs} = moment;
    runs.add(run);
    return () => {
      if (!runs.delete(run) || runs.size > 0 || this.#moments.get(step) !== moment) return;
      moment.cancel();
      this.#moments.delete(step);
    };
  }

  #fire(step: number): void {
    const moment = this.#moments.get(step);
    if (moment === undefined) return;
    this.#moments.delete(step);
    this.#look(this.#clock.elapsed());
    this.#runAll(moment.runs, {elapsedMs: this.elapsedMs, nowMs: this.nowMs});
  }

  /** Calls what is left of a moment that began at `time`; whoever is taken back meanwhile is not among it. */
  #runAll(runs: Set<() => void>, time: {elapsedMs: number; nowMs: number}): void {
    this.elapsedMs = time.elapsedMs;
    this.nowMs = time.nowMs;
    let called = 0;
    for (const run of runs) {
      if (called++ === runsAtOnce) {
        const {elapsedMs, nowMs} = this;
        setImmediate(() => this.#runAll(runs, {elapsedMs, nowMs}));
        return;
      }
      const elapsedMs = this.#clock.elapsed();
      if (elapsedMs - this.elapsedMs > burstMsMax) this.#look(elapsedMs);
      runs.delete(run);
      run();
    }
  }

  #look(elapsedMs: number): void {
    this.elapsedMs = elapsedMs;
    this.nowMs = this.#clock.now();
  }
}

/** The step nearest to a time at which something may begin that is repeated after each interval. */
export function onStep(ms: number, intervalMs: number): number {
  const stepMs = longerStepsMs.find((step) => intervalMs % step === 0 && intervalMs >= stepsMin * step);
  return roundTo(ms, stepMs ?? scheduleStepMs);
}

function roundTo(ms: number, stepMs: number): number {
  return Math.round(ms / stepMs) * stepMs;
}
