// Alerts of one route with the same group labels: they are notified about together.
import type {Labels} from '../model/labels.ts';
import type {Clock} from '../sys/clock.ts';
import {type Alert, compareAlerts, isResolvedAt} from './alert.ts';
import {formatLabelSet, type Route} from './route.ts';

/** An alert at the moment of a notification: whether it is resolved does not change while it is told. */
export interface FlushedAlert {
  readonly alert: Alert;
  readonly isResolved: boolean;
  /** `alert.reports` then. */
  readonly reports: number;
}

export interface Flush {
  readonly group: Group;
  /** When it was due, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly alerts: readonly FlushedAlert[];
  /** Aborts when the time is over, or the configuration changes. */
  readonly signal: AbortSignal;
}

/** Tells of a group; resolves to whether all went well. */
export type Notify = (flush: Flush) => Promise<boolean>;

export interface GroupWorld {
  readonly clock: Clock;
  readonly notify: Notify;
  /** Called when the last alert is gone. */
  readonly onDestroyed: (group: Group) => void;
}

/** The least time that a notification has. */
const flushMsMin = 10_000;
/** Timers of the system are no longer. */
const timerMsMax = 2 ** 31 - 1;

export class Group {
  readonly route: Route;
  readonly labels: Labels;
  readonly key: string;
  readonly alerts = new Map<string, Alert>();
  /** Names of time intervals that muted the last notification. */
  mutedBy: readonly string[] = [];
  /** It has no alerts any more and takes no new ones. */
  isDestroyed = false;
  /** When it is told of next. */
  nextAtMs = 0;
  readonly #clock: Clock;
  readonly #notify: Notify;
  readonly #onDestroyed: (group: Group) => void;
  readonly #stop = new AbortController();
  #cancelTimer: () => void = () => {};
  #isFlushing = false;
  /** The timer went off during a flush, then. */
  #missedMs: number | null = null;
  #flushed: Promise<void> = Promise.resolve();

  constructor(route: Route, labels: Labels, world: GroupWorld) {
    this.route = route;
    this.labels = labels;
    this.key = `${route.key}:${formatLabelSet(labels)}`;
    this.#clock = world.clock;
    this.#notify = world.notify;
    this.#onDestroyed = world.onDestroyed;
  }

  insert(alert: Alert): void {
    this.alerts.set(alert.fingerprint, alert);
  }

  /** Begins to wait for the first notification. */
  start(waitMs: number): void {
    this.#startTimer(waitMs);
  }

  /** Aborts what is being told, and waits for its end. */
  async stop(): Promise<void> {
    this.#cancelTimer();
    this.#stop.abort(new Error('context canceled'));
    await this.#flushed;
  }

  #startTimer(ms: number): void {
    this.nextAtMs = this.#clock.now() + ms;
    this.#cancelTimer = this.#clock.after(Math.min(ms, timerMsMax), () => {
      if (ms > timerMsMax) this.#startTimer(ms - timerMsMax);
      else this.#onTimer(this.#clock.now());
    });
  }

  #onTimer(nowMs: number): void {
    if (this.#isFlushing) {
      this.#missedMs = nowMs;
      return;
    }
    this.#startTimer(this.route.options.groupIntervalMs);
    this.#isFlushing = true;
    this.#flushed = this.#flush(nowMs).finally(() => {
      this.#isFlushing = false;
      const missedMs = this.#missedMs;
      this.#missedMs = null;
      if (missedMs !== null && !this.isDestroyed && !this.#stop.signal.aborted) this.#onTimer(missedMs);
    });
  }

  async #flush(nowMs: number): Promise<void> {
    if (this.alerts.size === 0) return;
    const flushed: FlushedAlert[] = [];
    for (const alert of this.alerts.values())
      flushed.push({alert, isResolved: isResolvedAt(alert, nowMs), reports: alert.reports});
    if (flushed.length > 1) flushed.sort((left, right) => compareAlerts(left.alert, right.alert));
    const {signal, release} = this.#deadline();
    try {
      if (!(await this.#notify({group: this, nowMs, alerts: flushed, signal}))) return;
    } finally {
      release();
    }
    for (const {alert, isResolved, reports} of flushed) {
      // What was reported again in the meantime stays.
      if (!isResolved || alert.reports !== reports) continue;
      if (this.alerts.get(alert.fingerprint) === alert) this.alerts.delete(alert.fingerprint);
    }
    if (this.alerts.size > 0) return;
    this.isDestroyed = true;
    this.#cancelTimer();
    this.#onDestroyed(this);
  }

  #deadline(): {signal: AbortSignal; release: () => void} {
    const controller = new AbortController();
    const {signal: stop} = this.#stop;
    const onStop = (): void => controller.abort(stop.reason);
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, {once: true});
    const ms = Math.min(Math.max(this.route.options.groupIntervalMs, flushMsMin), timerMsMax);
    const cancel = this.#clock.after(ms, () => controller.abort(new Error('context deadline exceeded')));
    return {
      signal: controller.signal,
      release: () => {
        cancel();
        stop.removeEventListener('abort', onStop);
      },
    };
  }
}
