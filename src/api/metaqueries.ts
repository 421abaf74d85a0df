// Lookups of series, label names and label values: the union over several selectors, sorted.

import {compareStrings} from '../model/labels.ts';
import type {Matcher} from '../model/matcher.ts';
import {timeMaxMs, timeMinMs} from '../model/timestamp.ts';
import {compareLabelIds} from '../promql/engine/labelset.ts';
import {Tuples} from '../promql/engine/tuples.ts';
import {parseMetricSelector} from '../promql/parser/parser.ts';
import type {LabelIds, Queryable} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import type {LabelNamesLookup, LabelValuesLookup, QueryAnswer, SeriesLookup} from './backend.ts';
import {ApiError, invalidParameter} from './envelope.ts';
import {seriesAnswer, textsAnswer} from './queryresponse.ts';

export interface LookupOptions {
  /** Ends the lookup by throwing, where it was cancelled or took too long. */
  check: () => void;
}

/** Answers /series, /labels and /label/<name>/values. Throws ApiError and what `check` throws. */
export function lookupAnswer(
  queryable: Queryable,
  request: SeriesLookup | LabelNamesLookup | LabelValuesLookup,
  {check}: LookupOptions,
): QueryAnswer {
  const sets = request.matches.map((text) => parseMatch(text, request.kind));
  const range = {mint: request.startMs, maxt: request.endMs};
  const symbols = new Symbols();
  const querier = queryable.querier(range, symbols);
  try {
    if (request.kind === 'series') {
      const series = new SeriesUnion(symbols);
      const everything = range.mint <= timeMinMs && range.maxt >= timeMaxMs;
      for (const matchers of sets) {
        const cursor = querier.select(matchers, range);
        while (cursor.next()) {
          check();
          if (everything || cursor.read(range.mint, range.maxt) > 0) series.add(cursor.labels());
        }
      }
      return seriesAnswer(symbols, series.sorted(), request.limit);
    }
    const texts = new Set<string>();
    for (const matchers of sets.length === 0 ? [[]] : sets) {
      check();
      const found =
        request.kind === 'labelNames'
          ? querier.labelNames(matchers)
          : querier.labelValues(request.name, matchers);
      for (const text of found) texts.add(text);
    }
    return textsAnswer([...texts].sort(compareStrings), request.limit);
  } finally {
    querier.close();
  }
}

/** Label sets, each once. */
class SeriesUnion {
  readonly #symbols: Symbols;
  readonly #known = new Tuples();
  readonly #series: LabelIds[] = [];

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  add(labels: LabelIds): void {
    if (this.#known.intern(labels, labels.length) === this.#series.length) this.#series.push(labels);
  }

  sorted(): LabelIds[] {
    return this.#series.sort((left, right) => compareLabelIds(this.#symbols, left, right));
  }
}

/** A selector that could match everything is refused. */
function parseMatch(text: string, kind: 'series' | 'labelNames' | 'labelValues'): readonly Matcher[] {
  // Prometheus names the parameter at one of the endpoints only.
  const fail = (message: string): ApiError =>
    kind === 'series' ? invalidParameter('match[]', message) : new ApiError('bad_data', message);
  let matchers: readonly Matcher[];
  try {
    matchers = parseMetricSelector(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw fail(error.message);
  }
  if (matchers.every((matcher) => matcher.matches(''))) {
    throw fail('match[] must contain at least one non-empty matcher');
  }
  return matchers;
}
