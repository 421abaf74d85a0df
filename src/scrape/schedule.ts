import type {Clock} from '../sys/clock.ts';
import {Steps} from './steps.ts';

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
const callsAtOnce = 16;
/** What takes longer than this counts as late. */
const burstMsMax = 10;

/** What is called back. */
export interface Scheduled {
  due(): void;
}

/** How many steps may be left of what was taken back. */
const spareStepsMax = 1024;

/** Calls back at moments of a clock's monotonic time. */
export class Schedule {
  /**
   * The time of what is called back now, as now() and elapsed() of the clock have it: that of the first of its moment, so that those
   * behind it do not count as late for having waited their turn.
   */
  nowMs = 0;
  elapsedMs = 0;
  readonly #clock: Clock;
  /** What is due at each step. Where intervals are long most have a step of their own. */
  readonly #moments = new Map<number, Scheduled | Set<Scheduled>>();
  /** The steps of the moments, and of some that were taken back. */
  readonly #steps = new Steps();
  /** What is left of moments that have come. */
  readonly #waiting = new Set<Set<Scheduled>>();
  /** The step that the timer waits for; Infinity: there is none. */
  #timerStep = Infinity;
  #cancelTimer: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `one` at the step nearest to `dueMs`, or at once where that is over. Gives the step, by which it can be taken back. */
  at(dueMs: number, one: Scheduled): number {
    const step = Math.round(dueMs / scheduleStepMs);
    const moment = this.#moments.get(step);
    if (moment instanceof Set) moment.add(one);
    else if (moment !== undefined) this.#moments.set(step, new Set([moment, one]));
    else {
      this.#moments.set(step, one);
      this.#steps.add(step);
      if (step < this.#timerStep) this.#setTimer();
    }
    return step;
  }

  /** Takes back what at() was told of this step, if it has not been called yet. */
  cancel(step: number, one: Scheduled): void {
    for (const rest of this.#waiting) rest.delete(one);
    const moment = this.#moments.get(step);
    if (moment === undefined) return;
    if (moment instanceof Set ? !moment.delete(one) || moment.size > 0 : moment !== one) return;
    this.#moments.delete(step);
    if (this.#steps.size > 2 * this.#moments.size + spareStepsMax) this.#steps.reset(this.#moments.keys());
    if (step === this.#timerStep) this.#setTimer();
  }

  /** One timer waits for the next step. */
  #setTimer(): void {
    while (this.#steps.size > 0 && !this.#moments.has(this.#steps.first)) this.#steps.removeFirst();
    const step = this.#steps.first;
    if (step === this.#timerStep) return;
    this.#cancelTimer();
    this.#timerStep = step;
    if (step === Infinity) return;
    const delay = Math.max(0, step * scheduleStepMs - this.#clock.elapsed());
    this.#cancelTimer = this.#clock.after(delay, () => this.#fire());
  }

  #fire(): void {
    const elapsedMs = this.#clock.elapsed();
    // Timers may go off a little early.
    const last = Math.max(this.#timerStep, Math.floor(elapsedMs / scheduleStepMs));
    const steps: number[] = [];
    for (; this.#steps.first <= last; this.#steps.removeFirst()) steps.push(this.#steps.first);
    this.#timerStep = Infinity;
    this.#setTimer();
    for (const step of steps) {
      const moment = this.#moments.get(step);
      if (moment === undefined) continue;
      this.#moments.delete(step);
      this.#look(this.#clock.elapsed());
      if (moment instanceof Set) {
        this.#waiting.add(moment);
        this.#callAll(moment, {elapsedMs: this.elapsedMs, nowMs: this.nowMs});
      } else moment.due();
    }
  }

  /** Calls what is left of a moment that began at `time`; whoever is taken back meanwhile is not among it. */
  #callAll(rest: Set<Scheduled>, time: {elapsedMs: number; nowMs: number}): void {
    this.elapsedMs = time.elapsedMs;
    this.nowMs = time.nowMs;
    let called = 0;
    for (const one of rest) {
      if (called++ === callsAtOnce) {
        const {elapsedMs, nowMs} = this;
        setImmediate(() => this.#callAll(rest, {elapsedMs, nowMs}));
        return;
      }
      const elapsedMs = this.#clock.elapsed();
      if (elapsedMs - this.elapsedMs > burstMsMax) this.#look(elapsedMs);
      rest.delete(one);
      one.due();
    }
    this.#waiting.delete(rest);
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
