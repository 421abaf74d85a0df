// All alerts that were received and are not forgotten, by fingerprint.
import {type Alert, alertNameOf, isResolvedAt, mergeAlerts, overlap} from './alert.ts';
import type {Group} from './group.ts';

/** An alert with the groups that it is in, which do not change with its times. */
export interface StoredAlert {
  alert: Alert;
  /** Null before it is dispatched, and after a reload. */
  groups: Group[] | null;
}

export class AlertStore {
  readonly #alerts = new Map<string, StoredAlert>();
  /** For each name of an alert: fingerprints with the time at which each ends. */
  readonly #perName = new Map<string, Map<string, number>>();
  readonly #perNameMax: number;

  /** `perNameMax`: how many alerts of one name there may be; 0 = no limit. */
  constructor(perNameMax = 0) {
    this.#perNameMax = perNameMax;
  }

  get size(): number {
    return this.#alerts.size;
  }

  values(): IterableIterator<StoredAlert> {
    return this.#alerts.values();
  }

  get(fingerprint: string): StoredAlert | null {
    return this.#alerts.get(fingerprint) ?? null;
  }

  /** Adds a report of an alert to what is known of it. Null where there are too many of its name. */
  put(alert: Alert, nowMs: number): StoredAlert | null {
    const stored = this.#alerts.get(alert.fingerprint);
    if (this.#perNameMax > 0 && !this.#hasRoom(alert, nowMs)) return null;
    if (stored === undefined) {
      const made: StoredAlert = {alert, groups: null};
      this.#alerts.set(alert.fingerprint, made);
      return made;
    }
    const before = stored.alert;
    // What says the same as before shares its texts.
    const labelled = {...alert, labels: before.labels, fingerprint: before.fingerprint};
    if (isSameList(alert.annotations, before.annotations)) labelled.annotations = before.annotations;
    if (alert.generatorUrl === before.generatorUrl) labelled.generatorUrl = before.generatorUrl;
    stored.alert = overlap(before, alert) ? mergeAlerts(before, labelled, nowMs) : labelled;
    return stored;
  }

  /** Forgets resolved alerts. */
  collect(nowMs: number): void {
    for (const [fingerprint, {alert}] of this.#alerts)
      if (isResolvedAt(alert, nowMs)) this.#alerts.delete(fingerprint);
    for (const [name, ends] of this.#perName)
      if ([...ends.values()].every((endMs) => endMs < nowMs)) this.#perName.delete(name);
  }

  #hasRoom(alert: Alert, nowMs: number): boolean {
    const name = alertNameOf(alert);
    let ends = this.#perName.get(name);
    if (ends === undefined) this.#perName.set(name, (ends = new Map()));
    if (!ends.has(alert.fingerprint) && ends.size >= this.#perNameMax) {
      const [oldest, endMs] = [...ends].reduce((least, each) => (each[1] < least[1] ? each : least));
      if (endMs >= nowMs) return false;
      ends.delete(oldest);
    }
    ends.set(alert.fingerprint, alert.endsAtMs);
    return true;
  }
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
