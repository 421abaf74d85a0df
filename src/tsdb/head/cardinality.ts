// What the head's label pairs and names add up to, for those who look for the labels that cost most. One pass over the
// index: texts are made for the results only.

import {symbolLength, entryName, entryValue, entryList, listItems} from '../../kernels/index-layout.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {metricNameLabel} from '../../model/labels.ts';
import {headerRoot} from './header.ts';
import {type SymbolTexts} from './symbols.ts';

export interface CardinalityCount {
  name: string;
  value: number;
}

/** Each list has the largest counts first. */
export interface Cardinality {
  seriesCountByMetricName: CardinalityCount[];
  labelValueCountByLabelName: CardinalityCount[];
  /** Bytes that the label's values would take if each series had its own. */
  memoryInBytesByLabelName: CardinalityCount[];
  /** Names are `label=value`. */
  seriesCountByLabelValuePair: CardinalityCount[];
  labelPairs: number;
}

/** Counts, at most `limit` of each kind. Call it on the storage thread: the index does not change meanwhile. */
export function headCardinality(memory: LinearMemory, texts: SymbolTexts, limit: number): Cardinality {
  const {u32} = memory;
  const metrics = new Largest(limit);
  const values = new Largest(limit);
  const bytes = new Largest(limit);
  const pairs = new Largest(limit);
  let labelPairs = 0;
  const root = u32[headerRoot >>> 2]!;
  forEachItem(u32, root, (nameEntry) => {
    const name = u32[(nameEntry + entryName) >>> 2]!;
    const isMetricName = texts.text(name) === metricNameLabel;
    let size = 0;
    const count = forEachItem(u32, nameEntry, (pair) => {
      const series = listCount(u32, pair);
      if (isMetricName) metrics.offer(pair, series);
      pairs.offer(pair, series);
      size += u32[(u32[(pair + entryValue) >>> 2]! + symbolLength) >>> 2]! * series;
    });
    labelPairs += count;
    values.offer(nameEntry, count);
    bytes.offer(nameEntry, size);
  });
  const nameOf = (entry: number): string => texts.text(u32[(entry + entryName) >>> 2]!);
  const valueOf = (entry: number): string => texts.text(u32[(entry + entryValue) >>> 2]!);
  return {
    seriesCountByMetricName: metrics.list(valueOf),
    labelValueCountByLabelName: values.list(nameOf),
    memoryInBytesByLabelName: bytes.list(nameOf),
    seriesCountByLabelValuePair: pairs.list((pair) => `${nameOf(pair)}=${valueOf(pair)}`),
    labelPairs,
  };
}

function listCount(u32: Uint32Array, entry: number): number {
  return u32[u32[(entry + entryList) >>> 2]! >>> 2]!;
}

function forEachItem(u32: Uint32Array, entry: number, visit: (item: number) => void): number {
  const list = u32[(entry + entryList) >>> 2]!;
  const count = u32[list >>> 2]!;
  for (let i = 0; i < count; i++) visit(u32[((list + listItems) >>> 2) + i]!);
  return count;
}

/** Keeps the entries with the largest counts: a heap with the smallest of them on top. */
class Largest {
  readonly #limit: number;
  readonly #entries: number[] = [];
  readonly #counts: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(entry: number, count: number): void {
    const size = this.#counts.length;
    if (size < this.#limit) {
      this.#entries.push(entry);
      this.#counts.push(count);
      this.#rise(size);
    } else if (count > this.#counts[0]!) {
      this.#entries[0] = entry;
      this.#counts[0] = count;
      this.#sink();
    }
  }

  /** Largest first; the same counts in the order of their names. */
  list(nameOf: (entry: number) => string): CardinalityCount[] {
    const found = this.#entries.map((entry, i) => ({name: nameOf(entry), value: this.#counts[i]!}));
    return found.sort((left, right) => right.value - left.value || (left.name < right.name ? -1 : 1));
  }

  #rise(start: number): void {
    for (let at = start; at > 0;) {
      const above = (at - 1) >>> 1;
      if (this.#counts[above]! <= this.#counts[at]!) return;
      this.#swap(above, at);
      at = above;
    }
  }

  #sink(): void {
    const counts = this.#counts;
    for (let at = 0; ;) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < counts.length && counts[below]! < counts[least]!) least = below;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(left: number, right: number): void {
    const entry = this.#entries[left]!;
    const count = this.#counts[left]!;
    this.#entries[left] = this.#entries[right]!;
    this.#counts[left] = this.#counts[right]!;
    this.#entries[right] = entry;
    this.#counts[right] = count;
  }
}
