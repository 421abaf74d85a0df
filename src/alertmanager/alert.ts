// An alert as it is kept, and the two numbers that stand for its labels.
import {xxhash64} from '../base/xxhash64.ts';
import {compareStrings, type Labels, labelOf} from '../model/labels.ts';

/** Milliseconds since 1970. */
export interface AlertTimes {
  startsAtMs: number;
  /** From then on it counts as resolved. */
  endsAtMs: number;
  updatedAtMs: number;
  /** Whether `endsAtMs` is only the time until which somebody has to say again that it fires. */
  isTimeout: boolean;
}

/** What is said of an alert besides its labels. */
export interface AlertState extends AlertTimes {
  /** `[name, value, …]` by name; values may be empty. */
  readonly annotations: readonly string[];
  readonly generatorUrl: string;
}

/** An alert that is known. Reports change its state in place: there are many, and they seldom say anything new. */
export interface Alert extends AlertState {
  /** Without empty values. */
  readonly labels: Labels;
  /** Sixteen hexadecimal digits. */
  readonly fingerprint: string;
  /** What stands for it in the notification log. */
  readonly hash: bigint;
  /** Counts reports. */
  reports: number;
}

export const alertNameLabel = 'alertname';

export function isResolvedAt(alert: Readonly<AlertTimes>, nowMs: number): boolean {
  return alert.endsAtMs <= nowMs;
}

/**
 * Adds the times of a younger report to what is known of an alert. Where they overlap they are one time that it fired: it began
 * with the earlier, and an end that was told is not lost.
 */
export function updateTimes(alert: AlertTimes, report: Readonly<AlertTimes>, nowMs: number): void {
  let {startsAtMs, endsAtMs} = report;
  if (overlap(alert, report)) {
    startsAtMs = Math.min(alert.startsAtMs, startsAtMs);
    if (alert.endsAtMs > endsAtMs) {
      // Both are resolved: the later of their ends. Firing: one that was told counts more than one that was assumed.
      const isResolved = endsAtMs <= nowMs;
      if (isResolved ? alert.endsAtMs <= nowMs : !alert.isTimeout) endsAtMs = alert.endsAtMs;
    }
  }
  alert.startsAtMs = startsAtMs;
  alert.endsAtMs = endsAtMs;
  alert.updatedAtMs = report.updatedAtMs;
  alert.isTimeout = report.isTimeout;
}

/** Whether reports of one alert are of the same time that it fired. */
export function overlap(older: Readonly<AlertTimes>, newer: Readonly<AlertTimes>): boolean {
  const within = (ms: number): boolean => ms > older.startsAtMs && ms < older.endsAtMs;
  return within(newer.endsAtMs) || within(newer.startsAtMs);
}

/** The order in notifications: job, instance, then all labels as Go's LabelSet.Before has it. */
export function compareAlertLabels(left: Labels, right: Labels): number {
  return (
    compareIfThere(labelOf(left, 'job'), labelOf(right, 'job')) ||
    compareIfThere(labelOf(left, 'instance'), labelOf(right, 'instance')) ||
    compareLabelSets(left, right)
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
const separators = Uint8Array.of(separator);

/** Names and values in UTF-8, each with a byte 0xff behind it; valid until the next call. */
function encodeLabels(labels: Labels): Uint8Array {
  const size = encodeIntoScratch(labels);
  return scratch.subarray(0, size);
}

function encodeIntoScratch(labels: Labels): number {
  let size = 0;
  for (let i = 0; i < labels.length; i++) {
    const text = labels[i]!;
    reserve(size + text.length * 3 + 1, size);
    size = encodeAt(text, size);
    scratch[size++] = separator;
  }
  return size;
}

function reserve(needed: number, used: number): void {
  if (needed <= scratch.length) return;
  const grown = new Uint8Array(2 * needed);
  grown.set(scratch.subarray(0, used));
  scratch = grown;
}

/** Gives where it ends. */
function encodeAt(text: string, start: number): number {
  const bytes = scratch;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return start + utf8.encodeInto(text, bytes.subarray(start)).written;
    bytes[start + i] = code; // Fast path: ASCII.
  }
  return start + text.length;
}

/** FNV-1a of 64 bits over the labels, as `model.LabelSet.Fingerprint` of Prometheus: two unsigned halves. */
export class Fingerprint {
  high: number;
  low: number;

  constructor(high: number, low: number) {
    this.high = high;
    this.low = low;
  }

  begin(): void {
    this.high = 0xcbf29ce4;
    this.low = 0x84222325;
  }

  /** A name or value. */
  addText(bytes: Uint8Array, start: number, end: number): void {
    this.add(bytes, start, end);
    this.add(separators, 0, 1);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    let {high, low} = this;
    for (let i = start; i < end; i++) {
      low ^= bytes[i]!;
      // The prime is 2^40 + 0x1b3: in halves of halves, so that no number leaves 32 bits.
      const bottom = (low & 0xffff) * 0x1b3;
      const top = (low >>> 16) * 0x1b3 + (bottom >>> 16);
      high = (Math.imul(high, 0x1b3) + (top >>> 16) + (low << 8)) | 0;
      low = (top << 16) | (bottom & 0xffff);
    }
    this.high = high >>> 0;
    this.low = low >>> 0;
  }

  /** Of sixteen hexadecimal digits. */
  static parse(text: string): Fingerprint {
    return new Fingerprint(parseInt(text.slice(0, 8), 16), parseInt(text.slice(8), 16));
  }

  toString(): string {
    return hex(this.high) + hex(this.low);
  }
}

export function fingerprintOf(labels: Labels): string {
  const fingerprint = new Fingerprint(0, 0);
  fingerprintInto(fingerprint, labels);
  return fingerprint.toString();
}

export function fingerprintInto(fingerprint: Fingerprint, labels: Labels): void {
  const size = encodeIntoScratch(labels);
  fingerprint.begin();
  fingerprint.add(scratch, 0, size);
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}

/** What stands for an alert in the notification log: xxHash64 over the labels. */
export function hashOfLabels(labels: Labels): bigint {
  return xxhash64(encodeLabels(labels));
}
