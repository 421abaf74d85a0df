import {formatPlain, formatShortest} from '../../base/format.ts';
import {quoteGo} from '../../base/quote.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import {formatHistogram} from '../../model/histogram/format.ts';
import {isLegacyLabelName, type Labels, labelsToRecord, metricNameLabel} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import {parseMetricSelector} from '../../promql/parser/parser.ts';
import type {Querier, SeriesCursor} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import {areWholeCounts} from '../../tsdb/chunkenc/columns.ts';
import {MergeCursor} from '../../tsdb/block/mergecursor.ts';
import {unguarded} from '../../storage/querier.ts';
import {makeScratch, openReadOnly} from './readonlydb.ts';
import type {Output} from './output.ts';

export type DumpFormat = 'prom' | 'seriesjson' | 'openmetrics';

export interface DumpOptions {
  dir: string;
  sandboxRoot: string;
  /** First and last time, both inclusive, in milliseconds. */
  mint: number;
  maxt: number;
  /** Selectors; a series that matches any of them is printed once. */
  match: readonly string[];
  format: DumpFormat;
}

/** `tsdb dump` and `tsdb dump-openmetrics`: the samples of a data folder, series by series. */
export async function dump(options: DumpOptions, output: Output): Promise<void> {
  const selectors = options.match.map((text) => parseMetricSelector(text));
  const {mint, maxt, format} = options;
  const db = await openReadOnly(options.dir, options.sandboxRoot);
  try {
    const symbols = new Symbols();
    const querier = db.reader.querier({mint, maxt}, symbols);
    try {
      const cursor = selectAny(querier, selectors, {symbols, mint, maxt});
      const printer = new Printer(format, output);
      while (cursor.next()) {
        const labels = cursor.labels().map((id) => symbols.text(id));
        printer.series(labels, cursor, cursor.read(mint, maxt));
      }
      printer.end();
    } finally {
      querier.close();
    }
  } finally {
    await db.close();
  }
}

function selectAny(
  querier: Querier,
  selectors: readonly (readonly Matcher[])[],
  {symbols, mint, maxt}: {symbols: Symbols; mint: number; maxt: number},
): SeriesCursor {
  if (selectors.length === 1) return querier.select(selectors[0]!, {mint, maxt});
  const cursors = selectors.map((matchers) => querier.select(matchers, {mint, maxt, sorted: true}));
  return new MergeCursor(cursors, {symbols, scratch: makeScratch(), guard: unguarded});
}

class Printer {
  readonly #format: DumpFormat;
  readonly #output: Output;

  constructor(format: DumpFormat, output: Output) {
    this.#format = format;
    this.#output = output;
  }

  series(labels: Labels, cursor: SeriesCursor, count: number): void {
    // Series without samples in the range are none.
    if (count === 0) return;
    if (this.#format === 'seriesjson') this.#output.write(`${goJson(labelsToRecord(labels))}\n`);
    else if (this.#format === 'prom') this.#samples(formatLabels(labels), cursor, count);
    else this.#openMetrics(labels, cursor, count);
  }

  end(): void {
    if (this.#format === 'openmetrics') this.#output.write('# EOF\n');
  }

  #samples(series: string, {times, values, histograms}: SeriesCursor, count: number): void {
    for (let i = 0; i < count; i++) {
      const histogram = histograms?.[i];
      const value = histogram === undefined ? formatShortest(values[i]!) : histogramText(histogram);
      this.#output.write(`${series} ${value} ${times[i]}\n`);
    }
  }

  /** Up to the first histogram, which the format cannot show. */
  #openMetrics(labels: Labels, {times, values, histograms}: SeriesCursor, count: number): void {
    let name = '';
    const pairs: string[] = [];
    for (let i = 0; i < labels.length; i += 2) {
      if (labels[i] === metricNameLabel) name = labels[i + 1]!;
      else pairs.push(`${labels[i]}=${quoteGo(labels[i + 1]!)}`);
    }
    const series = `${name}{${pairs.join(',')}}`;
    for (let i = 0; i < count && histograms?.[i] === undefined; i++) {
      this.#output.write(`${series} ${formatShortest(values[i]!)} ${(times[i]! / 1000).toFixed(3)}\n`);
    }
  }
}

/** Histograms of whole numbers, which nearly all are, print their counts as such. */
function histogramText(histogram: FloatHistogram): string {
  return formatHistogram(histogram, areWholeCounts(histogram) ? formatPlain : formatShortest);
}

/** As Go's labels.Labels prints itself. */
export function formatLabels(labels: Labels): string {
  const pairs: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    pairs.push(`${isLegacyLabelName(name) ? name : quoteGo(name)}=${quoteGo(labels[i + 1]!)}`);
  }
  return `{${pairs.join(', ')}}`;
}

/** As Go's encoding/json writes a map of strings. */
function goJson(record: Record<string, string>): string {
  return JSON.stringify(record).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
