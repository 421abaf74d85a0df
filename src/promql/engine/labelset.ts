// Operations on label sets as ids of the query's Symbols. A set is never changed: those that differ are new arrays.

import {compareStrings} from '../../model/labels.ts';
import {guarded} from '../../storage/guardedsort.ts';
import type {LabelIds, ReadGuard} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';

export const noLabelIds: LabelIds = [];

/** Memory of a label set. */
export function labelBytes(labels: LabelIds): number {
  return arrayBytes + 8 * labels.length;
}

/** An array without elements. */
const arrayBytes = 56;

/** The ids of label names that the engine treats specially, and what drops them. */
export class LabelNames {
  readonly symbols: Symbols;
  // Many queries need none of them; -1 = not interned yet.
  #metricName = -1;
  #type = -1;
  #unit = -1;
  #bucket = -1;

  constructor(symbols: Symbols) {
    this.symbols = symbols;
  }

  get metricName(): number {
    if (this.#metricName < 0) this.#metricName = this.symbols.intern('__name__');
    return this.#metricName;
  }

  get type(): number {
    if (this.#type < 0) this.#type = this.symbols.intern('__type__');
    return this.#type;
  }

  get unit(): number {
    if (this.#unit < 0) this.#unit = this.symbols.intern('__unit__');
    return this.#unit;
  }

  get bucket(): number {
    if (this.#bucket < 0) this.#bucket = this.symbols.intern('le');
    return this.#bucket;
  }

  /** Without `__name__`, `__type__` and `__unit__`, which describe the metric itself and not what was computed of it. */
  dropName(labels: LabelIds): LabelIds {
    for (let i = 0; i < labels.length; i += 2) {
      if (this.#describesMetric(labels[i]!)) return this.#withoutName(labels);
    }
    return labels;
  }

  #withoutName(labels: LabelIds): LabelIds {
    // Fast path: nothing but the name describes the metric, and it comes first.
    if (labels[0] === this.metricName && !this.#anyDescribesMetric(labels, 2)) return labels.slice(2);
    const kept: number[] = [];
    for (let i = 0; i < labels.length; i += 2) {
      if (!this.#describesMetric(labels[i]!)) kept.push(labels[i]!, labels[i + 1]!);
    }
    return kept;
  }

  #anyDescribesMetric(labels: LabelIds, from: number): boolean {
    for (let i = from; i < labels.length; i += 2) if (this.#describesMetric(labels[i]!)) return true;
    return false;
  }

  #describesMetric(name: number): boolean {
    return name === this.metricName || name === this.type || name === this.unit;
  }

  /** The metric's name, or ''. */
  nameOf(labels: LabelIds): string {
    return this.symbols.text(valueOf(labels, this.metricName));
  }

  /** Sets, replaces or (value 0, the empty string) removes one label. */
  with(labels: LabelIds, name: number, value: number): LabelIds {
    return withLabelId(this.symbols, labels, name, value);
  }
}

/** The value of label `name`, or 0 (the empty string) where it is absent. */
export function valueOf(labels: LabelIds, name: number): number {
  for (let i = 0; i < labels.length; i += 2) if (labels[i] === name) return labels[i + 1]!;
  return 0;
}

export function withLabelId(symbols: Symbols, labels: LabelIds, name: number, value: number): LabelIds {
  const result: number[] = [];
  let placed = value === 0;
  const nameText = placed ? '' : symbols.text(name);
  for (let i = 0; i < labels.length; i += 2) {
    const each = labels[i]!;
    if (each === name) continue;
    if (!placed && compareStrings(symbols.text(each), nameText) > 0) {
      result.push(name, value);
      placed = true;
    }
    result.push(each, labels[i + 1]!);
  }
  if (!placed) result.push(name, value);
  return result;
}

/** Only the labels whose names are among `names`. */
export function keepLabels(labels: LabelIds, names: ReadonlySet<number>): LabelIds {
  const result: number[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (names.has(labels[i]!)) result.push(labels[i]!, labels[i + 1]!);
  }
  return result;
}

/** All but the labels whose names are among `names`. */
export function removeLabels(labels: LabelIds, names: ReadonlySet<number>): LabelIds {
  const result: number[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    if (!names.has(labels[i]!)) result.push(labels[i]!, labels[i + 1]!);
  }
  return result;
}

/** Order of label sets as Prometheus's `labels.Compare`: name, value, name, value, …, a prefix first. */
export function compareLabelIds(symbols: Symbols, left: LabelIds, right: LabelIds): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    if (left[i] === right[i]) continue;
    const order = compareStrings(symbols.text(left[i]!), symbols.text(right[i]!));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Fewer sets are compared as they are. */
const rankedSetsMin = 16;

/**
 * The same order, of these sets only: their texts are sorted once, and then numbers are compared. Sets of a metric begin with
 * the same pairs, and texts like `host-001:9100` and `host-002:9100` differ at their ends.
 */
export function labelOrder(
  symbols: Symbols,
  sets: readonly LabelIds[],
  guard: ReadGuard,
): (left: LabelIds, right: LabelIds) => number {
  if (sets.length < rankedSetsMin) return (left, right) => compareLabelIds(symbols, left, right);
  const ranks = ranksOf(symbols, sets, guard);
  return (left, right) => {
    const length = Math.min(left.length, right.length);
    for (let i = 0; i < length; i++) {
      if (left[i] !== right[i]) return ranks[left[i]!]! - ranks[right[i]!]!;
    }
    return left.length - right.length;
  };
}

/** Sets looked at between two looks at whether to go on. */
const setsUnchecked = 4096;

/** An id while ids are sorted: its places in the list and in those of the sort. */
const sortedIdBytes = 20;

/** By id: the place of the text among those of the sets. */
function ranksOf(symbols: Symbols, sets: readonly LabelIds[], guard: ReadGuard): Int32Array {
  guard.takeBytes(4 * symbols.size);
  const ranks = new Int32Array(symbols.size);
  let count = 0;
  for (let i = 0; i < sets.length; i++) {
    if (i % setsUnchecked === 0) guard.check();
    for (const id of sets[i]!) {
      if (ranks[id] === 0) count++;
      ranks[id] = 1;
    }
  }
  guard.takeBytes(sortedIdBytes * count);
  const ids = new Uint32Array(count);
  for (let id = 0, at = 0; at < count; id++) if (ranks[id] === 1) ids[at++] = id;
  const compare = (left: number, right: number): number =>
    compareStrings(symbols.text(left), symbols.text(right));
  ids.sort(guarded(compare, guard));
  for (let i = 0; i < count; i++) ranks[ids[i]!] = i;
  guard.releaseBytes(sortedIdBytes * count);
  return ranks;
}

export function labelTexts(symbols: Symbols, labels: LabelIds): string[] {
  return labels.map((id) => symbols.text(id));
}
