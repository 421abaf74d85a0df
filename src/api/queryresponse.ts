// The results of queries as Prometheus's JSON, written straight into bytes, envelope included.

import {quoteGo} from '../base/quote.ts';
import {Specimen} from '../base/specimens.ts';
import type {ReadGuard} from '../storage/querier.ts';
import type {Symbols} from '../storage/symbols.ts';
import {formatPlain} from '../base/format.ts';
import type {QueryBudget} from '../promql/engine/budget.ts';
import {pointBytes, type PointWriter} from '../kernels/points.ts';
import type {
  MatrixSeries,
  MatrixValue,
  QueryResult,
  QueryStats,
  QueryValue,
  VectorValue,
} from '../promql/engine/result.ts';
import type {HistogramColumn} from '../promql/engine/row.ts';
import type {ExplainNode} from '../promql/engine/explain.ts';
import {annotationsShownMax} from '../promql/engine/annotations.ts';
import {QueryError, type QueryErrorKind} from '../promql/engine/error.ts';
import type {QueryAnswer} from './backend.ts';
import {failureText, invalidParameter, statusOf, stringifyGo, ApiError} from './envelope.ts';
import {writeHistogram} from './histogramjson.ts';
import {JsonBytes} from './jsonbytes.ts';
import {LabelWriter} from './labelwriter.ts';
import {LabelSetsWriter, type LabelSets} from './writtensets.ts';

export const truncatedWarning = 'results truncated due to limit';

/** For those who ask for statistics in a way of their own. */
const statsWarning = (stats: string): string =>
  `value ${quoteGo(stats)} for parameter "stats" is deprecated and will be rejected in the next major release, ` +
  'use "true" or "all"';

export interface ResponseOptions {
  /** Series in the answer; 0 = all. */
  limit: number;
  /** '' = none. */
  stats: string;
  /** Writes the points of matrices faster; without it they are written by JavaScript. */
  points?: PointWriter | undefined;
}

const jsonSpecimen = new Specimen();

/** A finished query as an answer. */
export function queryAnswer(result: QueryResult, options: ResponseOptions): QueryAnswer {
  const {limit, stats} = options;
  const warnings = [...result.warnings];
  const value = limit > 0 ? truncate(result.value, limit) : result.value;
  if (value !== result.value) addWarning(warnings, truncatedWarning);
  if (stats !== '' && stats !== 'all' && stats !== 'true') addWarning(warnings, statsWarning(stats));
  const json = new JsonBytes(estimateSize(value), result.budget);
  json.ascii('{"status":"success","data":{"resultType":"');
  json.ascii(value.kind);
  json.ascii('","result":');
  writeValue(json, value, result, options.points);
  if (stats !== '') writeStats(json, result.stats);
  if (result.explain !== null) writeExplain(json, result.explain, result.budget.bytesPeak);
  json.ascii('}');
  writeTexts(json, ',"warnings":', warnings);
  writeTexts(json, ',"infos":', result.infos);
  json.ascii('}');
  const body = json.finish();
  jsonSpecimen.keep(json);
  return {status: 200, body};
}

/** Adds to warnings of which only so many are shown, and the others counted by the last. */
function addWarning(warnings: string[], text: string): void {
  const last = warnings.at(-1) ?? '';
  const omitted = last.endsWith(' more warning annotations omitted') ? Number.parseInt(last, 10) : 0;
  if (omitted > 0) warnings.pop();
  if (warnings.length < annotationsShownMax) warnings.push(text);
  else warnings.push(`${omitted + 1} more warning annotations omitted`);
}

/** What a query could not be answered for: errors of the parser, the engine, and all others. */
export function errorAnswer(error: unknown): QueryAnswer {
  const {type, message} = describeError(error);
  return {status: statusOf(type), body: new TextEncoder().encode(failureText(type, message))};
}

function describeError(error: unknown): {type: QueryErrorKind | ApiError['type']; message: string} {
  if (error instanceof ApiError) return {type: error.type, message: error.message};
  if (error instanceof QueryError) {
    if (error.kind !== 'bad_data') return {type: error.kind, message: error.message};
    return {type: 'bad_data', message: invalidParameter('query', error.message).message};
  }
  if (error instanceof SyntaxError) {
    return {type: 'bad_data', message: invalidParameter('query', error.message).message};
  }
  // A bug, or memory that ran out: the query ends, the process does not.
  return {type: 'internal', message: error instanceof Error ? error.message : String(error)};
}

/** A list of texts as an answer, cut off at `limit` (0 = none). */
export function textsAnswer(texts: readonly string[], limit: number, guard: ReadGuard): QueryAnswer {
  const json = new JsonBytes(64 + 16 * texts.length, guard);
  json.ascii('{"status":"success","data":[');
  const count = limit > 0 ? Math.min(limit, texts.length) : texts.length;
  for (let i = 0; i < count; i++) {
    if (i > 0) json.char(comma);
    if (i % textsUnchecked === 0) guard.check();
    json.string(texts[i]!, true);
  }
  json.ascii(']');
  writeTexts(json, ',"warnings":', count < texts.length ? [truncatedWarning] : []);
  json.ascii('}');
  return {status: 200, body: json.finish()};
}

/** Many series may have no samples where they are asked for: room for more than that is made when it is needed. */
const seriesBytesMax = 2 ** 20;

/** A list of label sets as an answer, cut off at `limit` (0 = none). */
export function seriesAnswer(
  symbols: Symbols,
  series: LabelSets,
  {limit, guard}: {limit: number; guard: ReadGuard},
): QueryAnswer {
  const json = new JsonBytes(64 + Math.min(128 * series.countEstimate, seriesBytesMax), guard);
  json.ascii('{"status":"success","data":[');
  const sets = new LabelSetsWriter(json, symbols, {series, guard});
  let count = 0;
  let isCut = false;
  while (series.next()) {
    isCut = limit > 0 && count === limit;
    if (isCut) break;
    count++;
    sets.write();
  }
  sets.finish(!isCut);
  json.ascii(']');
  writeTexts(json, ',"warnings":', isCut ? [truncatedWarning] : []);
  json.ascii('}');
  return {status: 200, body: json.finish()};
}

/** How many texts are written between two looks at whether to go on. */
const textsUnchecked = 1024;

/** What a query says that ends while its answer is written. */
const whileWriting = 'query execution';

const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const closeBrace = 0x7d;

function truncate(value: QueryValue, limit: number): QueryValue {
  if (value.kind === 'vector' && value.labels.length > limit) {
    return {...value, labels: value.labels.slice(0, limit)};
  }
  if (value.kind === 'matrix' && value.series.length > limit) {
    return {...value, series: value.series.slice(0, limit)};
  }
  return value;
}

function estimateSize(value: QueryValue): number {
  if (value.kind === 'vector') return 256 + 160 * value.labels.length;
  if (value.kind !== 'matrix') return 256;
  let points = 0;
  for (const series of value.series) points += series.length;
  return 256 + 128 * value.series.length + 40 * points;
}

function writeValue(
  json: JsonBytes,
  value: QueryValue,
  world: Pick<QueryResult, 'symbols' | 'budget'>,
  points: PointWriter | undefined,
): void {
  switch (value.kind) {
    case 'scalar':
      // Scalars and strings go through another encoder, which knows neither exponents nor fixed fractions of seconds.
      return json.ascii(`[${value.timeMs / 1000},"${formatPlain(value.value)}"]`);
    case 'string':
      json.ascii(`[${value.timeMs / 1000},`);
      json.string(value.value, true);
      return json.char(closeBracket);
    case 'vector':
      return writeVector(json, value, world, points);
    case 'matrix':
      return writeMatrix(json, value, world, points);
  }
}

function writeVector(
  json: JsonBytes,
  vector: VectorValue,
  {symbols, budget}: Pick<QueryResult, 'symbols' | 'budget'>,
  points: PointWriter | undefined,
): void {
  const labels = new LabelWriter(json, symbols, {sets: vector.labels.length, guard: budget});
  const isLong = points !== undefined && vector.labels.length >= fastPointsMin;
  const floats = isLong ? new InstantPoints(vector, points) : null;
  json.ascii('[');
  for (let i = 0; i < vector.labels.length; i++) {
    budget.check(whileWriting);
    json.ascii(i === 0 ? '{"metric":' : ',{"metric":');
    labels.write(vector.labels[i]!);
    const histogram = vector.histograms?.[i];
    if (histogram === undefined) {
      json.ascii(',"value":');
      if (floats === null) writeInstantPoint(json, vector.timeMs, vector.values[i]!);
      else floats.write(json, i);
    } else {
      json.ascii(',"histogram":[');
      json.timestamp(vector.timeMs);
      json.char(comma);
      writeHistogram(json, histogram);
      json.char(closeBracket);
    }
    json.char(closeBrace);
  }
  json.ascii(']');
}

const noBytes = new Uint8Array(0);

/** Fewer points are written by JavaScript. */
const fastPointsMin = 8;

function writeInstantPoint(json: JsonBytes, timeMs: number, value: number): void {
  json.char(openBracket);
  json.timestamp(timeMs);
  json.char(comma);
  json.sampleValue(value);
  json.char(closeBracket);
}

/** The points of an instant, `[1435781430.500,"0.25"]`, one after the other. */
class InstantPoints {
  readonly #vector: VectorValue;
  readonly #points: PointWriter;
  /** Points, with commas behind them, up to that of series `#end`; that of `#next` begins at `#at`. */
  #bytes: Uint8Array = noBytes;
  #at = 0;
  #next = 0;
  #end = 0;

  constructor(vector: VectorValue, points: PointWriter) {
    this.#vector = vector;
    this.#points = points;
  }

  /** Writes the point of series `index`; they come in order, and some may be left out. */
  write(json: JsonBytes, index: number): void {
    if (index >= this.#end) this.#fill(index);
    for (; this.#next < index; this.#next++) this.#at = this.#bytes.indexOf(closeBracket, this.#at) + 2;
    this.#at = json.copyThrough(this.#bytes, this.#at, closeBracket, pointBytes) + 1;
    this.#next = index + 1;
  }

  #fill(from: number): void {
    const {timeMs, values, labels} = this.#vector;
    const count = Math.min(labels.length - from, this.#points.pointsMax);
    this.#bytes = this.#points.writeAt(timeMs, values, from, count);
    this.#at = 0;
    this.#next = from;
    this.#end = from + count;
  }
}

function writeMatrix(
  json: JsonBytes,
  matrix: MatrixValue,
  {symbols, budget}: Pick<QueryResult, 'symbols' | 'budget'>,
  points: PointWriter | undefined,
): void {
  const labels = new LabelWriter(json, symbols, {sets: matrix.series.length, guard: budget});
  const times = new TimeTexts();
  json.ascii('[');
  for (const [index, series] of matrix.series.entries()) {
    budget.check(whileWriting);
    json.ascii(index === 0 ? '{"metric":' : ',{"metric":');
    labels.write(series.labels);
    if (series.histograms !== null) writeMixed(json, series, series.histograms);
    else {
      json.ascii(',"values":[');
      if (points === undefined) writePoints(json, series, times);
      else writePointsFast(json, series, points, budget);
      json.char(closeBracket);
    }
    json.char(closeBrace);
  }
  json.ascii(']');
}

/** The points of a series with histograms: floats and histograms apart, each where there are any. */
function writeMixed(
  json: JsonBytes,
  {times, values, length}: MatrixSeries,
  histograms: HistogramColumn,
): void {
  for (const kind of ['values', 'histograms'] as const) {
    let separator = `,"${kind}":[[`;
    for (let i = 0; i < length; i++) {
      const histogram = histograms[i];
      if ((histogram !== undefined) !== (kind === 'histograms')) continue;
      json.ascii(separator);
      separator = ',[';
      json.timestamp(times[i]!);
      json.char(comma);
      if (histogram === undefined) json.sampleValue(values[i]!);
      else writeHistogram(json, histogram);
      json.char(closeBracket);
    }
    if (separator === ',[') json.char(closeBracket);
  }
}

function writePointsFast(
  json: JsonBytes,
  {times, values, length}: MatrixSeries,
  points: PointWriter,
  budget: QueryBudget,
): void {
  for (let from = 0; from < length; from += points.pointsMax) {
    if (from > 0) budget.check(whileWriting);
    json.bytes(points.write(times, values, from, Math.min(points.pointsMax, length - from)));
  }
  // The comma behind the last point.
  if (length > 0) json.dropLast();
}

function writePoints(json: JsonBytes, series: MatrixSeries, times: TimeTexts): void {
  times.prepare(series.times, series.length);
  for (let i = 0; i < series.length; i++) {
    times.write(json, i);
    json.sampleValue(series.values[i]!);
    json.char(closeBracket);
  }
}

/** The beginnings of points, `[1435781430.500,`, written once for all series that share a column of times. */
class TimeTexts {
  #times: Float64Array | null = null;
  #bytes: Uint8Array = new Uint8Array(0);
  #ends = new Int32Array(0);

  prepare(times: Float64Array, length: number): void {
    if (times === this.#times) return;
    this.#times = times;
    const json = new JsonBytes(24 * length);
    this.#ends = new Int32Array(length + 1);
    for (let i = 0; i < length; i++) {
      json.ascii(i === 0 ? '[' : ',[');
      json.timestamp(times[i]!);
      json.char(comma);
      this.#ends[i + 1] = json.length;
    }
    this.#bytes = json.finish();
  }

  write(json: JsonBytes, index: number): void {
    json.copy(this.#bytes, this.#ends[index]!, this.#ends[index + 1]!);
  }
}

function writeStats(json: JsonBytes, {timings, samples}: QueryStats): void {
  const seconds = (points?: [number, number][]): number[][] | undefined =>
    points?.map(([ms, count]) => [ms / 1000, count]);
  const queriedPerStep = seconds(samples.totalQueryableSamplesPerStep);
  const readPerStep = seconds(samples.samplesReadPerStep);
  const text = stringifyGo({
    timings,
    samples: {
      ...(queriedPerStep === undefined ? {} : {totalQueryableSamplesPerStep: queriedPerStep}),
      totalQueryableSamples: samples.totalQueryableSamples,
      ...(readPerStep === undefined ? {} : {samplesReadPerStep: readPerStep}),
      samplesRead: samples.samplesRead,
      peakSamples: samples.peakSamples,
    },
  });
  json.ascii(`,"stats":${text}`);
}

function writeExplain(json: JsonBytes, root: ExplainNode, memoryBytes: number): void {
  json.ascii(',"explain":');
  json.bytes(new TextEncoder().encode(JSON.stringify({memoryBytes, root})));
}

function writeTexts(json: JsonBytes, key: string, texts: readonly string[]): void {
  if (texts.length === 0) return;
  json.ascii(key);
  for (const [index, text] of texts.entries()) {
    json.ascii(index === 0 ? '[' : ',');
    json.string(text, true);
  }
  json.ascii(']');
}
