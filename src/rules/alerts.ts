// The alerts of one rule: how an evaluation moves each of them on.

import type {Labels} from '../model/labels.ts';
import type {AlertElement} from './alerttexts.ts';

export type AlertState = 'inactive' | 'pending' | 'firing';

export interface Alert {
  state: AlertState;
  labels: Labels;
  annotations: Labels;
  /** Of the last evaluation that had it. */
  value: number;
  /** Times in milliseconds since 1970; 0 = not yet. */
  activeAtMs: number;
  firedAtMs: number;
  resolvedAtMs: number;
  lastSentAtMs: number;
  validUntilMs: number;
  keepFiringSinceMs: number;
}

/**
 * So long an alert that has been resolved is kept, and told again and again: an Alertmanager that was away, or that has
 * lost what it knew, learns of it all the same.
 */
export const resolvedRetentionMs = 15 * 60_000;

export interface AlertTimes {
  /** `for` and `keep_firing_for`. */
  holdMs: number;
  keepFiringForMs: number;
}

/** Alerts by their labels. */
export class ActiveAlerts {
  #byKey = new Map<string, Alert>();

  get size(): number {
    return this.#byKey.size;
  }

  [Symbol.iterator](): IterableIterator<Alert> {
    return this.#byKey.values();
  }

  clear(): void {
    this.#byKey.clear();
  }

  /** Takes over what another rule had: it goes on from there. */
  copyFrom(other: ActiveAlerts): void {
    for (const [key, alert] of other.#byKey) this.#byKey.set(key, alert);
  }

  /** Moves on to `nowMs`, where the expression has given `elements`. Returns the alerts that are pending or firing. */
  advance(elements: readonly AlertElement[], nowMs: number, times: AlertTimes): Alert[] {
    const present = new Set<string>();
    for (const element of elements) present.add(this.#update(element, nowMs));
    const active: Alert[] = [];
    for (const [key, alert] of this.#byKey) {
      if (present.has(key)) alert.keepFiringSinceMs = 0;
      else if (!this.#release(key, alert, nowMs, times)) continue;
      active.push(alert);
      settle(alert, nowMs, times);
    }
    return active;
  }

  #update({labels, annotations, value, key = JSON.stringify(labels)}: AlertElement, nowMs: number): string {
    const known = this.#byKey.get(key);
    if (known !== undefined && known.state !== 'inactive') {
      known.value = value;
      known.annotations = annotations;
      return key;
    }
    this.#byKey.set(key, {
      state: 'pending',
      labels,
      annotations,
      value,
      activeAtMs: nowMs,
      firedAtMs: 0,
      resolvedAtMs: 0,
      lastSentAtMs: 0,
      validUntilMs: 0,
      keepFiringSinceMs: 0,
    });
    return key;
  }

  /** The expression has not given this alert. Returns whether it fires on even so. */
  #release(key: string, alert: Alert, nowMs: number, {keepFiringForMs}: AlertTimes): boolean {
    if (alert.state === 'firing' && keepFiringForMs > 0) {
      if (alert.keepFiringSinceMs === 0) alert.keepFiringSinceMs = nowMs;
      if (nowMs - alert.keepFiringSinceMs < keepFiringForMs) return true;
    }
    const old = alert.resolvedAtMs !== 0 && nowMs - alert.resolvedAtMs > resolvedRetentionMs;
    if (alert.state === 'pending' || old) this.#byKey.delete(key);
    if (alert.state !== 'inactive') {
      alert.state = 'inactive';
      alert.resolvedAtMs = nowMs;
    }
    return false;
  }
}

/** Pending or firing, by how long it has been active. A reload may have made `for` longer: then it is pending again. */
function settle(alert: Alert, nowMs: number, {holdMs}: AlertTimes): void {
  const held = nowMs - alert.activeAtMs >= holdMs;
  if (alert.state === 'pending' && held) {
    alert.state = 'firing';
    alert.firedAtMs = nowMs;
  } else if (alert.state === 'firing' && !held) {
    alert.state = 'pending';
    alert.firedAtMs = 0;
    alert.lastSentAtMs = 0;
    alert.keepFiringSinceMs = 0;
  }
}

/** Whether an Alertmanager is to be told now. */
export function needsSending(alert: Alert, nowMs: number, resendDelayMs: number): boolean {
  if (alert.state === 'pending') return false;
  // What has been resolved since it was last told is told at once.
  if (alert.resolvedAtMs > alert.lastSentAtMs) return true;
  return alert.lastSentAtMs + resendDelayMs < nowMs;
}
