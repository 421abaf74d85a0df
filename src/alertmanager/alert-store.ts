// All alerts that were received and are not forgotten, by fingerprint.
import {type Labels, labelOf} from '../model/labels.ts';
import {
  type Alert,
  alertNameLabel,
  type AlertState,
  fingerprintOf,
  isResolvedAt,
  updateAlert,
} from './alert.ts';
import type {Group} from './group.ts';

/** An alert with the groups that it is in, which do not change with its times. */
export interface StoredAlert extends Alert {
  /** Null before it is dispatched, and after a reload. */
  groups: Group[] | null;
}

/** Texts that are shared are forgotten when there are more. */
const sharedMax = 20_000;

export class AlertStore {
  readonly #alerts = new Map<string, StoredAlert>();
  /** For each name of an alert: fingerprints with the time at which each ends. */
  readonly #perName = new Map<string, Map<string, number>>();
  readonly #perNameMax: number;
  /** Most values of labels and annotations are those of many alerts. */
  readonly #shared = new Map<string, string>();

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
  put(labels: Labels, report: Readonly<AlertState>, nowMs: number): StoredAlert | null {
    const fingerprint = fingerprintOf(labels);
    if (this.#perNameMax > 0 && !this.#hasRoom(labels, fingerprint, report.endsAtMs, nowMs)) return null;
    const known = this.#alerts.get(fingerprint);
    if (known !== undefined) {
      updateAlert(known, report, nowMs);
      return known;
    }
    const made: StoredAlert = {
      labels: labels.map(this.#share),
      fingerprint,
      annotations: report.annotations.map(this.#share),
      startsAtMs: report.startsAtMs,
      endsAtMs: report.endsAtMs,
      updatedAtMs: report.updatedAtMs,
      isTimeout: report.isTimeout,
      generatorUrl: this.#share(report.generatorUrl),
      reports: 1,
      groups: null,
    };
    this.#alerts.set(fingerprint, made);
    return made;
  }

  /** Forgets resolved alerts. */
  collect(nowMs: number): void {
    for (const [fingerprint, alert] of this.#alerts)
      if (isResolvedAt(alert, nowMs)) this.#alerts.delete(fingerprint);
    for (const [name, ends] of this.#perName)
      if ([...ends.values()].every((endMs) => endMs < nowMs)) this.#perName.delete(name);
    this.#shared.clear();
  }

  readonly #share = (text: string): string => {
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    if (this.#shared.size >= sharedMax) this.#shared.clear();
    this.#shared.set(text, text);
    return text;
  };

  #hasRoom(labels: Labels, fingerprint: string, endsAtMs: number, nowMs: number): boolean {
    const name = labelOf(labels, alertNameLabel);
    let ends = this.#perName.get(name);
    if (ends === undefined) this.#perName.set(name, (ends = new Map()));
    if (!ends.has(fingerprint) && ends.size >= this.#perNameMax) {
      const [oldest, endMs] = [...ends].reduce((least, each) => (each[1] < least[1] ? each : least));
      if (endMs >= nowMs) return false;
      ends.delete(oldest);
    }
    ends.set(fingerprint, endsAtMs);
    return true;
  }
}
