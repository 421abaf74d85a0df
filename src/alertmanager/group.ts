// Alerts of one route with the same group labels: they are notified about together.
import type {Labels} from '../model/labels.ts';
import {type Clock, timerMsMax} from '../sys/clock.ts';
import {type Alert, isResolvedAt} from './alert.ts';
import type {StoredAlert} from './alert-store.ts';
import type {Gate} from './gate.ts';
import {formatLabelSet, type Route} from './route.ts';

/** An alert at the moment of a notification: whether it is resolved does not change while it is told. */
export interface FlushedAlert {
  readonly alert: Alert;
  readonly labels: Labels;
  readonly isResolved: boolean;
  /** `alert.reports` then. */
  readonly reports: number;
}

/** It is in its group until that has been told, so it has its labels: they are made where somebody looks at them. */
class AlertOfFlush implements FlushedAlert {
  readonly alert: Alert;
  readonly isResolved: boolean;
  readonly reports: number;
  #labels: Labels | null = null;

  constructor(alert: Alert, nowMs: number) {
    this.alert = alert;
    this.isResolved = isResolvedAt(alert, nowMs);
    this.reports = alert.reports;
  }

  get labels(): Labels {
    return (this.#labels ??= this.alert.labels);
  }
}

export interface Flush {
  readonly group: Group;
  /** When it was due, in milliseconds since 1970. */
  readonly nowMs: number;
  /** In no order. */
  readonly alerts: readonly FlushedAlert[];
  /** Aborts when the time is over, or the configuration changes. */
  readonly signal: AbortSignal;
}

/** Tells of a group; resolves to whether all went well. */
export type Notify = (flush: Flush) => Promise<boolean>;

export interface GroupWorld {
  readonly clock: Clock;
  /** Of all groups of the same receiver. */
  readonly gate: Gate;
  readonly notify: Notify;
  /** Called when the last alert is gone. */
  readonly onDestroyed: (group: Group) => void;
}

/** The least time that a notification has. */
const flushMsMin = 10_000;

export class Group {
  readonly route: Route;
  readonly labels: Labels;
  readonly key: string;
  /** Each once. */
  alerts: StoredAlert[] = [];
  /** Names of time intervals that muted the last notification. */
  mutedBy: readonly string[] = [];
  /** It has no alerts any more and takes no new ones. */
  isDestroyed = false;
  /** When it is told of next. */
  nextAtMs = 0;
  readonly #world: GroupWorld;
  #stop: AbortController | null = null;
  #isStopped = false;
  #cancelTimer: () => void = () => {};
  #isFlushing = false;
  /** The timer went off during a flush, then. */
  #missedMs: number | null = null;
  #flushed: Promise<void> = Promise.resolve();

  constructor(route: Route, labels: Labels, world: GroupWorld) {
    this.route = route;
    this.labels = labels;
    this.key = `${route.key}:${formatLabelSet(labels)}`;
    this.#world = world;
  }

  /** An alert that it does not have. */
  insert(alert: StoredAlert): void {
    this.alerts.push(alert);
  }

  /** Begins to wait for the first notification. */
  start(waitMs: number): void {
    this.#startTimer(waitMs);
  }

  /** Aborts what is being told, and waits for its end. */
  async stop(): Promise<void> {
    this.#cancelTimer();
    this.#isStopped = true;
    this.#stop?.abort(new Error('context canceled'));
    await this.#flushed;
  }

  #startTimer(ms: number): void {
    this.nextAtMs = this.#world.clock.now() + ms;
    this.#cancelTimer = this.#world.clock.after(ms, () => this.#onTimer(this.#world.clock.now()));
  }

  #onTimer(nowMs: number): void {
    if (this.#isFlushing) {
      this.#missedMs = nowMs;
      return;
    }
    this.#startTimer(this.route.options.groupIntervalMs);
    this.#isFlushing = true;
    this.#flushed = this.#flushInTurn(nowMs).finally(() => {
      this.#isFlushing = false;
      const missedMs = this.#missedMs;
      this.#missedMs = null;
      if (missedMs !== null && !this.isDestroyed && !this.#isStopped) this.#onTimer(missedMs);
    });
  }

  async #flushInTurn(nowMs: number): Promise<void> {
    const {gate} = this.#world;
    const pass = await gate.enter();
    try {
      if (!this.#isStopped) await this.#flush(nowMs);
    } finally {
      gate.leave(pass);
    }
  }

  async #flush(nowMs: number): Promise<void> {
    if (this.alerts.length === 0) return;
    const flushed = this.alerts.map((alert) => new AlertOfFlush(alert, nowMs));
    const {signal, release} = this.#deadline();
    try {
      if (!(await this.#world.notify({group: this, nowMs, alerts: flushed, signal}))) return;
    } finally {
      release();
    }
    const gone = new Set<Alert>();
    // What was reported again in the meantime stays.
    for (const {alert, isResolved, reports} of flushed)
      if (isResolved && alert.reports === reports) gone.add(alert);
    if (gone.size > 0) this.#remove(gone);
    if (this.alerts.length > 0) return;
    this.isDestroyed = true;
    this.#cancelTimer();
    this.#world.onDestroyed(this);
  }

  #remove(gone: ReadonlySet<Alert>): void {
    const kept: StoredAlert[] = [];
    for (const alert of this.alerts) {
      if (gone.has(alert)) alert.leave(this);
      else kept.push(alert);
    }
    this.alerts = kept;
  }

  /** Aborts when the time is over, or the group is stopped. */
  #deadline(): {signal: AbortSignal; release: () => void} {
    const controller = new AbortController();
    this.#stop = controller;
    const ms = Math.min(Math.max(this.route.options.groupIntervalMs, flushMsMin), timerMsMax);
    const cancel = this.#world.clock.after(ms, () =>
      controller.abort(new Error('context deadline exceeded')),
    );
    return {
      signal: controller.signal,
      release: () => {
        cancel();
        this.#stop = null;
      },
    };
  }
}
