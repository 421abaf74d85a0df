// Lookups of series, label names and label values: the union over several selectors, sorted.

import {ParseCache} from '../base/parsecache.ts';
import {keepSpecimen} from '../base/specimens.ts';
import {compareStrings} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {timeMaxMs, timeMinMs} from '../model/timestamp.ts';
import {labelBytes, labelOrder} from '../promql/engine/labelset.ts';
import {Tuples} from '../promql/engine/tuples.ts';
import {parseMetricSelector} from '../promql/parser/parser.ts';
import type {LabelIds, Queryable, ReadGuard, SeriesCursor} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import type {LabelNamesLookup, LabelValuesLookup, QueryAnswer, SeriesLookup} from './backend.ts';
import {ApiError, invalidParameter} from './envelope.ts';
import {seriesAnswer, textsAnswer} from './queryresponse.ts';
import {guarded} from '../storage/guardedsort.ts';

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
      const series = new SeriesUnion(symbols, guard);
      const everything = range.mint <= timeMinMs && range.maxt >= timeMaxMs;
      for (const matchers of sets) {
        const cursor = querier.select(matchers, range);
        while (cursor.next()) {
          guard.check();
          if (everything || hasSamples(cursor, range)) series.add(cursor.labels());
        }
      }
      keepSpecimen(querier);
      if (series.length < specimenSeriesMax) keepSpecimen(series);
      return seriesAnswer(symbols, series.sorted(), {limit: request.limit, guard});
    }
    const texts = new Set<string>();
    for (const matchers of sets.length === 0 ? [[]] : sets) {
      guard.check();
      const found =
        request.kind === 'labelNames'
          ? querier.labelNames(matchers)
          : querier.labelValues(request.name, matchers);
      guard.takeBytes(textPlacesBytes * found.length);
      for (const text of found) texts.add(text);
    }
    return textsAnswer([...texts].sort(guarded(compareStrings, guard)), request.limit, guard);
  } finally {
    querier.close();
  }
}

function hasSamples(cursor: SeriesCursor, {mint, maxt}: {mint: number; maxt: number}): boolean {
  return cursor.some?.(mint, maxt) ?? cursor.read(mint, maxt) > 0;
}

/** A place in a set, in a list and in the copy that is sorted. */
const textPlacesBytes = 56;

/** A place in a list and in the copy that is sorted. */
const placeBytes = 24;

/** Nothing is kept of answers with more series. */
const specimenSeriesMax = 1024;

/** Label sets, each once. */
class SeriesUnion {
  readonly #symbols: Symbols;
  readonly #guard: ReadGuard;
  readonly #known: Tuples;
  readonly #series: LabelIds[] = [];
  #symbolsTaken = 0;

  constructor(symbols: Symbols, guard: ReadGuard) {
    this.#symbols = symbols;
    this.#guard = guard;
    this.#known = new Tuples(guard);
  }

  get length(): number {
    return this.#series.length;
  }

  add(labels: LabelIds): void {
    if (this.#known.intern(labels, labels.length) !== this.#series.length) return;
    const {bytes} = this.#symbols;
    this.#guard.takeBytes(labelBytes(labels) + placeBytes + bytes - this.#symbolsTaken);
    this.#symbolsTaken = bytes;
    this.#series.push(labels);
  }

  sorted(): LabelIds[] {
    const compare = labelOrder(this.#symbols, this.#series, this.#guard);
    return this.#series.sort(guarded(compare, this.#guard));
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
