// A store of plain arrays: for tests, the rule unit tests of promtool, and whatever has its samples at hand.

import type {Workspace} from '../kernels/workspace.ts';
import type {FloatHistogram} from '../model/histogram.ts';
import {compareLabels, compareStrings, type Labels} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {setStale} from '../model/value.ts';
import type {LabelIds, Queryable, Querier, SelectHints, SeriesCursor} from './querier.ts';
import {storedHint} from './resethints.ts';
import type {Symbols} from './symbols.ts';

/** A value that stands for a stale marker in `append`. */
export const stale = Symbol('stale');

export type MemoryValue = number | typeof stale | FloatHistogram;

/** Series with their samples in columns that grow. Series are selected in the order in which they were created. */
export class MemoryStore implements Queryable {
  readonly #series: MemorySeries[] = [];
  readonly #byKey = new Map<string, MemorySeries>();
  /** Makes the room where cursors have their columns; null = these are plain arrays. For tests of what kernels do. */
  readonly #makeWorkspace: (() => Workspace) | null;

  constructor(makeWorkspace: (() => Workspace) | null = null) {
    this.#makeWorkspace = makeWorkspace;
  }

  /**
   * Adds a sample; times of one series must rise. `startMs` is when the counter began, 0 = not known. What a histogram says
   * of resets is found out anew, as Prometheus's storage does it.
   */
  append(labels: Labels, timeMs: number, value: MemoryValue, startMs = 0): void {
    const key = JSON.stringify(labels);
    let series = this.#byKey.get(key);
    if (series === undefined) {
      series = new MemorySeries(labels);
      this.#series.push(series);
      this.#byKey.set(key, series);
    }
    series.append(timeMs, value, startMs);
  }

  /** Orders the series by their labels, as the index of a block does. */
  sort(): void {
    this.#series.sort((left, right) => compareLabels(left.labels, right.labels));
  }

  get seriesCount(): number {
    return this.#series.length;
  }

  querier(range: {mint: number; maxt: number}, symbols: Symbols): Querier {
    return new MemoryQuerier(this.#series, {range, symbols, workspace: this.#makeWorkspace?.() ?? null});
  }
}

class MemorySeries {
  readonly labels: Labels;
  length = 0;
  times = new Float64Array(8);
  values = new Float64Array(8);
  words = new Uint32Array(this.values.buffer);
  /** As in SeriesCursor; null as long as there is none. */
  histograms: (FloatHistogram | undefined)[] | null = null;
  startTimes: Float64Array | null = null;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  append(timeMs: number, value: MemoryValue, startMs: number): void {
    if (this.length > 0 && !(timeMs > this.times[this.length - 1]!)) {
      throw new RangeError(
        `cannot append a sample at ${timeMs}: the last is at ${this.times[this.length - 1]}`,
      );
    }
    if (this.length === this.times.length) this.#grow();
    this.times[this.length] = timeMs;
    if (value === stale) setStale(this.words, this.length);
    else if (typeof value === 'number') this.values[this.length] = value;
    else this.#setHistogram(value);
    if (startMs !== 0) {
      this.startTimes ??= new Float64Array(this.times.length);
      this.startTimes[this.length] = startMs;
    }
    this.length++;
  }

  #setHistogram(histogram: FloatHistogram): void {
    const at = this.length;
    this.histograms ??= [];
    const counterResetHint = storedHint(histogram, this.histograms[at - 1] ?? null);
    this.histograms[at] = histogram.with({counterResetHint});
    this.values[at] = NaN;
  }

  /** The first sample that is not before `timeMs`. */
  indexOf(timeMs: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle]! < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.times.length);
    times.set(this.times);
    this.times = times;
    if (this.startTimes !== null) {
      const startTimes = new Float64Array(times.length);
      startTimes.set(this.startTimes);
      this.startTimes = startTimes;
    }
    const values = new Float64Array(times.length);
    const words = new Uint32Array(values.buffer);
    words.set(this.words);
    this.values = values;
    this.words = words;
  }
}

class MemoryQuerier implements Querier {
  readonly #series: readonly MemorySeries[];
  readonly #range: {mint: number; maxt: number};
  readonly #symbols: Symbols;

  readonly workspace: Workspace | null;

  constructor(
    series: readonly MemorySeries[],
    world: {range: {mint: number; maxt: number}; symbols: Symbols; workspace: Workspace | null},
  ) {
    this.#series = series;
    this.#range = world.range;
    this.#symbols = world.symbols;
    this.workspace = world.workspace;
  }

  select(matchers: readonly Matcher[], hints: SelectHints): SeriesCursor {
    const series = this.#matching(matchers);
    if (hints.sorted === true) series.sort((left, right) => compareLabels(left.labels, right.labels));
    return new MemoryCursor(series, this.#symbols, this.workspace);
  }

  labelNames(matchers: readonly Matcher[]): string[] {
    const names = new Set<string>();
    for (const {labels} of this.#visible(matchers)) {
      for (let i = 0; i < labels.length; i += 2) names.add(labels[i]!);
    }
    return [...names].sort(compareStrings);
  }

  labelValues(name: string, matchers: readonly Matcher[]): string[] {
    const values = new Set<string>();
    for (const {labels} of this.#visible(matchers)) {
      const at = labels.findIndex((each, index) => index % 2 === 0 && each === name);
      if (at >= 0) values.add(labels[at + 1]!);
    }
    return [...values].sort(compareStrings);
  }

  close(): void {
    this.workspace?.free();
  }

  #matching(matchers: readonly Matcher[]): MemorySeries[] {
    return this.#series.filter(({labels}) =>
      matchers.every((matcher) => {
        for (let i = 0; i < labels.length; i += 2) {
          if (labels[i] === matcher.name) return matcher.matches(labels[i + 1]!);
        }
        return matcher.matches('');
      }),
    );
  }

  #visible(matchers: readonly Matcher[]): MemorySeries[] {
    const {mint, maxt} = this.#range;
    return this.#matching(matchers).filter((series) => {
      const first = series.indexOf(mint);
      return first < series.length && series.times[first]! <= maxt;
    });
  }
}

class MemoryCursor implements SeriesCursor {
  times: Float64Array = new Float64Array(0);
  values: Float64Array = new Float64Array(0);
  valueWords: Uint32Array = new Uint32Array(0);
  histograms: (FloatHistogram | undefined)[] | null = null;
  startTimes: Float64Array | null = null;
  readonly seriesCount: number;
  readonly #series: readonly MemorySeries[];
  readonly #symbols: Symbols;
  readonly #workspace: Workspace | null;
  #at = -1;

  constructor(series: readonly MemorySeries[], symbols: Symbols, workspace: Workspace | null) {
    this.#series = series;
    this.#symbols = symbols;
    this.#workspace = workspace;
    this.seriesCount = series.length;
  }

  next(): boolean {
    return ++this.#at < this.#series.length;
  }

  labels(): LabelIds {
    return this.#series[this.#at]!.labels.map((text) => this.#symbols.intern(text));
  }

  read(mint: number, maxt: number): number {
    const series = this.#series[this.#at]!;
    const first = series.indexOf(mint);
    const end = series.indexOf(maxt + 1);
    this.times = series.times.subarray(first, end);
    this.values = series.values.subarray(first, end);
    this.valueWords = series.words.subarray(2 * first, 2 * end);
    if (this.#workspace !== null && first < end) this.#moveTo(this.#workspace);
    const histograms = series.histograms?.slice(first, end) ?? null;
    this.histograms = histograms?.some((each) => each !== undefined) === true ? histograms : null;
    const startTimes = series.startTimes?.subarray(first, end) ?? null;
    this.startTimes = startTimes?.some((each) => each !== 0) === true ? startTimes : null;
    return Math.max(0, end - first);
  }

  #moveTo(workspace: Workspace): void {
    const times = workspace.floats(this.times.length);
    times.set(this.times);
    const values = workspace.floats(this.values.length);
    const words = new Uint32Array(values.buffer, values.byteOffset, this.valueWords.length);
    words.set(this.valueWords);
    this.times = times;
    this.values = values;
    this.valueWords = words;
  }
}
