// An alert as it is kept, and the two numbers that stand for its labels.
import {xxhash64} from '../base/xxhash64.ts';
import {compareStrings, type Labels, labelOf} from '../model/labels.ts';

/** Never changed: an update makes a new one. */
export interface Alert {
  /** Without empty values. */
  readonly labels: Labels;
  /** `[name, value, …]` by name; values may be empty. */
  readonly annotations: readonly string[];
  /** Milliseconds since 1970. */
  readonly startsAtMs: number;
  /** From then on it counts as resolved. */
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  /** Whether `endsAtMs` is only the time until which somebody has to say again that it fires. */
  readonly isTimeout: boolean;
  readonly generatorUrl: string;
  /** Sixteen hexadecimal digits. */
  readonly fingerprint: string;
}

export const alertNameLabel = 'alertname';

export function alertNameOf(alert: Alert): string {
  return labelOf(alert.labels, alertNameLabel);
}

export function isResolvedAt(alert: Alert, nowMs: number): boolean {
  return alert.endsAtMs <= nowMs;
}

/** Two reports of one alert whose times overlap. Neither's times are lost; the younger's annotations win. */
export function mergeAlerts(one: Alert, other: Alert, nowMs: number): Alert {
  if (other.updatedAtMs < one.updatedAtMs) return mergeAlerts(other, one, nowMs);
  const older = one;
  const younger = other;
  let {endsAtMs} = younger;
  if (isResolvedAt(younger, nowMs)) {
    // Both are resolved: the later of their ends.
    if (isResolvedAt(older, nowMs) && older.endsAtMs > endsAtMs) endsAtMs = older.endsAtMs;
  } else if (older.endsAtMs > endsAtMs && !older.isTimeout) {
    // An end that was told counts more than one that was assumed.
    endsAtMs = older.endsAtMs;
  }
  return {...younger, startsAtMs: Math.min(older.startsAtMs, younger.startsAtMs), endsAtMs};
}

/** Whether reports of one alert are of the same time that it fired. */
export function overlap(older: Alert, newer: Alert): boolean {
  const within = (ms: number): boolean => ms > older.startsAtMs && ms < older.endsAtMs;
  return within(newer.endsAtMs) || within(newer.startsAtMs);
}

/** The order in notifications: job, instance, then all labels as Go's LabelSet.Before has it. */
export function compareAlerts(left: Alert, right: Alert): number {
  return (
    compareIfThere(labelOf(left.labels, 'job'), labelOf(right.labels, 'job')) ||
    compareIfThere(labelOf(left.labels, 'instance'), labelOf(right.labels, 'instance')) ||
    compareLabelSets(left.labels, right.labels)
  );
}

/** What has no such label comes last. */
function compareIfThere(left: string, right: string): number {
  if (left === right) return 0;
  if (left === '') return 1;
  return right === '' ? -1 : compareStrings(left, right);
}

/** By number of labels; then what lacks the first name that not both have; then by values. */
export function compareLabelSets(left: Labels, right: Labels): number {
  if (left.length !== right.length) return left.length - right.length;
  for (let i = 0; i < left.length; i += 2) {
    const names = compareStrings(left[i]!, right[i]!);
    if (names !== 0) return -names;
    const values = compareStrings(left[i + 1]!, right[i + 1]!);
    if (values !== 0) return values;
  }
  return 0;
}

const utf8 = new TextEncoder();
let scratch = new Uint8Array(8 << 10);
const separator = 0xff;

/** Names and values in UTF-8, each with a byte 0xff behind it; valid until the next call. */
function encodeLabels(labels: Labels): Uint8Array {
  let size = 0;
  for (const text of labels) {
    const most = text.length * 3 + 1;
    if (size + most > scratch.length) {
      const grown = new Uint8Array(2 * (size + most));
      grown.set(scratch.subarray(0, size));
      scratch = grown;
    }
    size += utf8.encodeInto(text, scratch.subarray(size)).written;
    scratch[size++] = separator;
  }
  return scratch.subarray(0, size);
}

/** FNV-1a of 64 bits over the labels, as `model.LabelSet.Fingerprint` of Prometheus. */
export function fingerprintOf(labels: Labels): string {
  const bytes = encodeLabels(labels);
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let i = 0; i < bytes.length; i++) {
    low = (low ^ bytes[i]!) >>> 0;
    // The prime is 2^40 + 0x1b3.
    const product = low * 0x1b3;
    high = (high * 0x1b3 + Math.floor(product / 2 ** 32) + ((low << 8) >>> 0)) % 2 ** 32;
    low = product % 2 ** 32;
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** What stands for an alert in the notification log: xxHash64 over the labels. */
export function hashOfLabels(labels: Labels): bigint {
  return xxhash64(encodeLabels(labels));
}
