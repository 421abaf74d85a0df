// Lookups of series, label names and label values: the union over several selectors, sorted.

import {ParseCache} from '../base/parsecache.ts';
import {keepSpecimen} from '../base/specimens.ts';
import {compareStrings} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {timeMaxMs, timeMinMs} from '../model/timestamp.ts';
import {labelBytes, labelOrder} from '../promql/engine/labelset.ts';
import {Tuples} from '../promql/engine/tuples.ts';
import {parseMetricSelector} from '../promql/parser/parser.ts';
import {guarded} from '../storage/guardedsort.ts';
import type {LabelIds, Queryable, ReadGuard, SeriesCursor} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import type {LabelNamesLookup, LabelValuesLookup, QueryAnswer, SeriesLookup} from './backend.ts';
import {ApiError, invalidParameter} from './envelope.ts';
import {seriesAnswer, textsAnswer} from './queryresponse.ts';
import type {LabelSets} from './writtensets.ts';

/** Answers /series, /labels and /label/<name>/values. Throws ApiError and what `guard` throws. */
export function lookupAnswer(
  queryable: Queryable,
  request: SeriesLookup | LabelNamesLookup | LabelValuesLookup,
  guard: ReadGuard,
): QueryAnswer {
  const sets = request.matches.map((text) => parseMatch(text, request.kind));
  const range = {mint: request.startMs, maxt: request.endMs};
  const symbols = new Symbols();
  const querier = queryable.querier(range, symbols, guard);
  try {
    if (request.kind === 'series') {
      const found = sets.map((matchers) => {
        // Where they come in their order, and each once, there is nothing to do but to write them.
        const cursor = querier.select(matchers, {...range, sorted: sets.length === 1});
        return new SeriesWithSamples(cursor, range, guard);
      });
      const series = found.length === 1 ? found[0]! : new SeriesUnion(found, symbols, guard);
      const answer = seriesAnswer(symbols, series, {limit: request.limit, guard});
      keepSpecimen(querier);
      return answer;
    }
    const texts = new Set<string>();
    for (const matchers of sets.length === 0 ? [[]] : sets) {
      guard.check();
      const found =
        request.kind === 'labelNames'
          ? querier.labelNames(matchers)
          : querier.labelValues(request.name, matchers);
      // Fast path: they come sorted.
      if (sets.length <= 1) return textsAnswer(found, request.limit, guard);
      guard.takeBytes(textPlacesBytes * found.length);
      for (const text of found) texts.add(text);
    }
    return textsAnswer([...texts].sort(guarded(compareStrings, guard)), request.limit, guard);
  } finally {
    querier.close();
  }
}

/** A place in a set, in a list and in the copy that is sorted. */
const textPlacesBytes = 56;

interface TimeRange {
  mint: number;
  maxt: number;
}

/** A place in a list and in the copy that is sorted. */
const placeBytes = 24;

/** Of selected series, those that have samples in the range. */
class SeriesWithSamples implements LabelSets {
  readonly #cursor: SeriesCursor;
  readonly #range: TimeRange;
  readonly #guard: ReadGuard;
  readonly #everything: boolean;
  index = -1;

  constructor(cursor: SeriesCursor, range: TimeRange, guard: ReadGuard) {
    this.#cursor = cursor;
    this.#range = range;
    this.#guard = guard;
    this.#everything = range.mint <= timeMinMs && range.maxt >= timeMaxMs;
  }

  get countEstimate(): number {
    return this.#cursor.seriesCount;
  }

  get selection(): object | undefined {
    return this.#cursor.selection;
  }

  next(): boolean {
    while (this.#cursor.next()) {
      this.index++;
      this.#guard.check();
      if (this.#everything || this.#hasSamples()) return true;
    }
    return false;
  }

  labels(): LabelIds {
    return this.#cursor.labels();
  }

  #hasSamples(): boolean {
    const {mint, maxt} = this.#range;
    return this.#cursor.some?.(mint, maxt) ?? this.#cursor.read(mint, maxt) > 0;
  }
}

/** The label sets of several selections, each once, in their order. */
class SeriesUnion implements LabelSets {
  readonly #symbols: Symbols;
  readonly #guard: ReadGuard;
  readonly #known: Tuples;
  readonly #series: LabelIds[] = [];
  #symbolsTaken = 0;
  index = -1;

  constructor(selections: readonly SeriesWithSamples[], symbols: Symbols, guard: ReadGuard) {
    this.#symbols = symbols;
    this.#guard = guard;
    this.#known = new Tuples(guard);
    for (const selection of selections) while (selection.next()) this.#add(selection.labels());
    const compare = labelOrder(symbols, this.#series, guard);
    this.#series.sort(guarded(compare, guard));
  }

  get countEstimate(): number {
    return this.#series.length;
  }

  next(): boolean {
    this.#guard.check();
    return ++this.index < this.#series.length;
  }

  labels(): LabelIds {
    return this.#series[this.index]!;
  }

  #add(labels: LabelIds): void {
    if (this.#known.intern(labels, labels.length) !== this.#series.length) return;
    const {bytes} = this.#symbols;
    this.#guard.takeBytes(labelBytes(labels) + placeBytes + bytes - this.#symbolsTaken);
    this.#symbolsTaken = bytes;
    this.#series.push(labels);
  }
}

const selectors = new ParseCache(parseMetricSelector);

/** A selector that could match everything is refused. */
function parseMatch(text: string, kind: 'series' | 'labelNames' | 'labelValues'): readonly Matcher[] {
  // Prometheus names the parameter at one of the endpoints only.
  const fail = (message: string): ApiError =>
    kind === 'series' ? invalidParameter('match[]', message) : new ApiError('bad_data', message);
  let matchers: readonly Matcher[];
  try {
    matchers = selectors.get(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw fail(error.message);
  }
  if (matchers.every((matcher) => matcher.matches(''))) {
    throw fail('match[] must contain at least one non-empty matcher');
  }
  return matchers;
}
