import {assert} from '../base/assert.ts';

/**
 * One label set at a border (a scraped series, a target, an alert): `[name, value, name, value, …]`, names rising in
 * code point order, no name twice, no empty value (an empty value means that the label is absent).
 */
export type Labels = readonly string[];

export const metricNameLabel = '__name__';

/** The value of label `name`, or '' where it is absent. */
export function labelOf(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return '';
}

/** Sorts names, leaves out empty values. A later entry of the same name wins. */
export function labelsOf(
  entries: Iterable<readonly [string, string]> | Readonly<Record<string, string>>,
): Labels {
  const pairs = Symbol.iterator in entries ? entries : Object.entries(entries);
  const map = new Map<string, string>();
  for (const [name, value] of pairs as Iterable<readonly [string, string]>) map.set(name, value);
  const names = [...map.keys()].sort(compareStrings);
  const labels: string[] = [];
  for (const name of names) {
    const value = map.get(name)!;
    if (value !== '') labels.push(name, value);
  }
  return labels;
}

/** Sets, replaces or (with an empty value) removes one label. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const result: string[] = [];
  let placed = value === '';
  for (let i = 0; i < labels.length; i += 2) {
    const each = labels[i]!;
    if (each === name) continue;
    if (!placed && compareStrings(each, name) > 0) {
      result.push(name, value);
      placed = true;
    }
    result.push(each, labels[i + 1]!);
  }
  if (!placed) result.push(name, value);
  return result;
}

export function labelsToRecord(labels: Labels): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i < labels.length; i += 2) record[labels[i]!] = labels[i + 1]!;
  return record;
}

/** Order of Go strings, by UTF-8 bytes, which is the order by code points; JavaScript's own order differs above U+FFFF. */
export function compareStrings(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    // A surrogate stands for a code point above every other unit.
    const aHigh = a >= 0xd800 && a <= 0xdfff;
    const bHigh = b >= 0xd800 && b <= 0xdfff;
    if (aHigh !== bHigh) return aHigh ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

/** Order of label sets as Prometheus's `labels.Compare`: name, value, name, value, …, a prefix first. */
export function compareLabels(left: Labels, right: Labels): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const order = compareStrings(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** `{a="b", c="d"}`, quoted as Go's %q does for the characters that occur in practice. */
export function formatLabels(labels: Labels): string {
  assert(labels.length % 2 === 0, 'labels come in pairs');
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    const name = isLegacyLabelName(labels[i]!) ? labels[i]! : JSON.stringify(labels[i]);
    parts.push(`${name}=${JSON.stringify(labels[i + 1])}`);
  }
  return `{${parts.join(', ')}}`;
}

/** Names that need no quotes: `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function isLegacyLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Metric names that need no quotes: `[a-zA-Z_:][a-zA-Z0-9_:]*`. */
export function isLegacyMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}
