// The store of one unit test of rules: input series come in as time passes, and what the rules give beside them.

import {formatLabels, type Labels} from '../model/labels.ts';
import {validate} from '../model/histogram/validate.ts';
import {parseDescription, type Point} from '../promql/promqltest/series.ts';
import {parseMetricSelector} from '../promql/parser/parser.ts';
import type {AppendOutcome, AppendRequest, RuleStore} from './world.ts';
import {histogramOfSeries, labelsOfSeries} from './series.ts';
import {MemoryStore, type MemoryValue, stale} from '../storage/memory.ts';

type ParsedSeries = ReturnType<typeof parseDescription>;

interface InputSeries {
  labels: Labels;
  points: Point[];
  /** The next point to append. */
  next: number;
}

export class TestStore implements RuleStore {
  readonly memory = new MemoryStore();
  readonly #input: InputSeries[] = [];
  readonly #startMs: number;
  readonly #intervalMs: number;
  /** What each rule wrote last, by its labels. */
  readonly #written = new Map<number, Map<string, Labels>>();
  #sorted = 0;
  readonly #last = new Map<string, {timeMs: number; value: MemoryValue}>();

  /** Throws SyntaxError where a series cannot be read. */
  constructor(
    series: readonly {series: string; values: string}[],
    {startMs, intervalMs}: {startMs: number; intervalMs: number},
  ) {
    this.#startMs = startMs;
    this.#intervalMs = intervalMs;
    const byLabels = new Map<string, InputSeries>();
    for (const [index, each] of series.entries()) {
      const {labels, points} = parseSeries(each, index);
      // Of two for the same labels the later counts.
      byLabels.set(formatLabels(labels), {labels, points, next: 0});
    }
    this.#input.push(...byLabels.values());
  }

  /** Appends what the input series have until `timeMs`. */
  passTo(timeMs: number): void {
    for (const input of this.#input) {
      for (; input.next < input.points.length; input.next++) {
        const pointMs = this.#startMs + input.next * this.#intervalMs;
        if (pointMs > timeMs) break;
        const value = valueOf(input.points[input.next]!);
        if (value === null) continue;
        const refusal = this.#put(input.labels, pointMs, value);
        if (refusal !== null) throw new RangeError(refusal);
      }
    }
    this.#sort();
  }

  append({rule, timeMs, series}: AppendRequest): Promise<AppendOutcome> {
    const outcome: AppendOutcome = {accepted: 0, outOfOrder: 0, duplicates: 0, tooOld: 0, error: null};
    const written = new Map<string, Labels>();
    for (let i = 0; i < series.ends.length; i++) {
      const labels = labelsOfSeries(series, i);
      const refusal = this.#put(labels, timeMs, histogramOfSeries(series, i) ?? series.values[i]!);
      if (refusal === null) {
        outcome.accepted++;
        written.set(formatLabels(labels), labels);
      } else outcome.error = refusal;
    }
    for (const [key, labels] of this.#written.get(rule) ?? []) {
      if (!written.has(key)) this.#put(labels, timeMs, stale);
    }
    this.#written.set(rule, written);
    this.#sort();
    return Promise.resolve(outcome);
  }

  appendAll(requests: readonly AppendRequest[]): Promise<AppendOutcome[]> {
    return Promise.all(requests.map((request) => this.append(request)));
  }

  retire(rules: readonly number[], timeMs: number): Promise<void> {
    for (const rule of rules) {
      for (const labels of this.#written.get(rule)?.values() ?? []) this.#put(labels, timeMs, stale);
      this.#written.delete(rule);
    }
    return Promise.resolve();
  }

  /** The order of results does not depend on which series came first. */
  #sort(): void {
    if (this.memory.seriesCount === this.#sorted) return;
    this.memory.sort();
    this.#sorted = this.memory.seriesCount;
  }

  /** Returns why the sample is refused, or null. */
  #put(labels: Labels, timeMs: number, value: MemoryValue): string | null {
    const key = formatLabels(labels);
    const last = this.#last.get(key);
    if (last !== undefined && timeMs < last.timeMs) return 'out of order sample';
    if (last !== undefined && timeMs === last.timeMs)
      return Object.is(last.value, value) ? null : 'duplicate sample for timestamp';
    this.#last.set(key, {timeMs, value});
    this.memory.append(labels, timeMs, value);
    return null;
  }
}

/** Throws SyntaxError: with the words of PromQL's parser where the labels are wrong. */
function parseSeries({series, values}: {series: string; values: string}, index: number): ParsedSeries {
  const text = `${series} ${values}`.trim();
  try {
    parseDescription(series);
  } catch (error) {
    try {
      parseMetricSelector(text);
    } catch (parseError) {
      // Promtool counts the line before the series.
      const message = (parseError as Error).message.replace(/^1:/, `${index + 2}:`);
      throw new SyntaxError(message, {cause: error});
    }
  }
  return parseDescription(text);
}

function valueOf(point: Point): MemoryValue | null {
  switch (point.kind) {
    case 'absent':
      return null;
    case 'stale':
      return stale;
    case 'float':
      return point.value;
    case 'histogram':
      validate(point.histogram);
      return point.histogram;
  }
}
