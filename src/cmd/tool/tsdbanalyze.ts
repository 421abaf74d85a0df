import {compareStrings} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import {parseMetricSelector} from '../../promql/parser/parser.ts';
import {Symbols} from '../../storage/symbols.ts';
import {decodeChunk, type SampleColumns} from '../../tsdb/chunkenc/decode.ts';
import {isHistogramEncoding, type Encoding} from '../../tsdb/chunkenc/encoding.ts';
import type {Block} from '../../tsdb/block/block.ts';
import {BlockSource} from '../../tsdb/block/blocksource.ts';
import {chunkSamples} from '../../tsdb/block/decode.ts';
import {BlockQuerier} from '../../tsdb/block/querier.ts';
import {intersectRefs, type Refs} from '../../tsdb/block/refs.ts';
import {selectSeries} from '../../tsdb/block/selection.ts';
import {formatGoDuration, type Output} from './output.ts';
import {chooseBlock, makeScratch, openBlocks} from './readonlydb.ts';

export interface AnalyzeOptions {
  dir: string;
  /** '' = the newest block. */
  ulid: string;
  limit: number;
  extended: boolean;
  /** A selector; '' = all series. */
  match: string;
}

/** `tsdb analyze`: which labels a block has many of. Counts of the same size come in the order of their texts. */
export function analyzeBlock(options: AnalyzeOptions, output: Output): void {
  const matchers = options.match === '' ? [] : parseMetricSelector(options.match);
  const blocks = openBlocks(options.dir);
  try {
    const block = chooseBlock(blocks, options.dir, options.ulid);
    const analysis = new Analysis(block, matchers, options, output);
    analysis.run();
    if (options.extended) analysis.chunks();
  } finally {
    blocks.close();
  }
}

type Counts = Map<string, number>;

class Analysis {
  readonly #block: Block;
  readonly #matchers: readonly Matcher[];
  readonly #options: AnalyzeOptions;
  readonly #output: Output;
  readonly #scratch = makeScratch();
  readonly #refs: Refs;

  constructor(block: Block, matchers: readonly Matcher[], options: AnalyzeOptions, output: Output) {
    this.#block = block;
    this.#matchers = matchers;
    this.#options = options;
    this.#output = output;
    this.#refs = selectSeries(block.index, matchers);
  }

  run(): void {
    const {meta} = this.#block;
    const rangeMs = meta.maxTime - meta.minTime;
    const querier = new BlockQuerier({block: this.#block, symbols: new Symbols(), scratch: this.#scratch});
    const names = querier.labelNames(this.#matchers);
    this.#print(`Block ID: ${meta.ulid}`);
    this.#print(`Duration: ${formatGoDuration(rangeMs)}`);
    this.#print(`Total Series: ${meta.stats.numSeries}`);
    if (this.#options.match !== '') this.#print(`Matcher: ${this.#options.match}`);
    this.#print(`Label names: ${names.length}`);
    if (this.#options.match !== '') this.#print(`Matched series: ${this.#refs.length}`);
    const {pairs, pairGaps, nameGaps, entries} = this.#countSeries(rangeMs);
    this.#print(`Postings (unique label pairs): ${pairs.size}`);
    this.#print(`Postings entries (total label pairs): ${entries}`);
    const share = (gaps: Counts): Counts =>
      new Map(Array.from(gaps, ([key, gap]) => [key, Math.trunc(gap / rangeMs)]));
    this.#top('Label pairs most involved in churning', share(pairGaps));
    this.#top('Label names most involved in churning', share(nameGaps));
    this.#top('Most common label pairs', pairs);
    const values = new Map(names.map((name) => [name, querier.labelValues(name, this.#matchers)]));
    const bytes = (texts: string[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const lengths: Counts = new Map(Array.from(values, ([name, texts]) => [name, bytes(texts)]));
    this.#top('Label names with highest cumulative label value length', lengths);
    const cardinalities: Counts = new Map(Array.from(values, ([name, texts]) => [name, texts.length]));
    this.#top('Highest cardinality labels', cardinalities);
    this.#top('Highest cardinality metric names', this.#metricCounts(values.get('__name__') ?? []));
    querier.close();
  }

  /** The part of --extended: how large chunks are. */
  chunks(): void {
    const source = new BlockSource(this.#block, this.#scratch, this.#refs);
    const floats = {samples: [] as number[], bytes: [] as number[]};
    const histograms = {samples: [] as number[], bytes: [] as number[], buckets: [] as number[]};
    let total = 0;
    while (source.next()) {
      for (let i = 0; i < source.chunkCount; i++, total++) {
        source.load(i);
        const {encoding, data} = source;
        const of = isHistogramEncoding(encoding) ? histograms : floats;
        of.samples.push(chunkSamples(encoding, data));
        of.bytes.push(data.length);
        if (of === histograms) histograms.buckets.push(bucketsOf(encoding as Encoding, data));
      }
    }
    source.close();
    this.#print('\nCompaction analysis:\n');
    this.#distribution('samples per float chunk', floats.samples, total);
    this.#distribution('bytes per float chunk', floats.bytes, total);
    this.#distribution('samples per histogram chunk', histograms.samples, total);
    this.#distribution('bytes per histogram chunk', histograms.bytes, total);
    this.#distribution('buckets per histogram chunk', histograms.buckets, total);
  }

  #countSeries(rangeMs: number): {pairs: Counts; pairGaps: Counts; nameGaps: Counts; entries: number} {
    const pairs: Counts = new Map();
    const pairGaps: Counts = new Map();
    const nameGaps: Counts = new Map();
    const symbols = [...this.#block.index.symbols.texts()];
    const source = new BlockSource(this.#block, this.#scratch, this.#refs);
    let entries = 0;
    while (source.next()) {
      const last = source.chunkCount - 1;
      // What of the block's time the series does not cover.
      const gap = last < 0 ? rangeMs : rangeMs - (source.chunkMax(last) - source.chunkMin(0));
      for (let i = 0; i < source.labelsLength; i += 2, entries++) {
        const name = symbols[source.labels[i]!]!;
        const pair = `${name}=${symbols[source.labels[i + 1]!]!}`;
        add(pairs, pair, 1);
        add(pairGaps, pair, gap);
        add(nameGaps, name, gap);
      }
    }
    source.close();
    return {pairs, pairGaps, nameGaps, entries};
  }

  #metricCounts(names: readonly string[]): Counts {
    const {index} = this.#block;
    const counts: Counts = new Map();
    for (const name of names) {
      const refs = index.postings('__name__', name);
      const matched = this.#options.match === '' ? refs : intersectRefs(refs, this.#refs);
      counts.set(name, matched.length);
    }
    return counts;
  }

  #top(title: string, counts: Counts): void {
    this.#print(`\n${title}:`);
    const sorted = [...counts].sort(
      ([leftKey, left], [rightKey, right]) => right - left || compareStrings(leftKey, rightKey),
    );
    for (const [key, count] of sorted.slice(0, this.#options.limit)) this.#print(`${count} ${key}`);
  }

  #distribution(title: string, numbers: number[], total: number): void {
    if (numbers.length === 0) return this.#print(`${title}: N/A\n`);
    numbers.sort((left, right) => left - right);
    const least = numbers[0]!;
    const most = numbers.at(-1)!;
    const {start, end, step} = bucketRange(least, most);
    const counts = Array.from({length: Math.trunc((end - start) / step) + 1}, () => 0);
    for (const number of numbers) counts[Math.trunc((number - start) / step)]!++;
    const average = Math.trunc(numbers.reduce((sum, number) => sum + number, 0) / numbers.length);
    this.#print(`${title} (min/avg/max): ${least}/${average}/${most}`);
    const widths = [end, end + step, Math.max(...counts)].map((number) => String(number).length);
    counts.forEach((count, i) => {
      const from = String(i * step + start + 1).padStart(widths[0]!);
      const to = String((i + 1) * step + start).padStart(widths[1]!);
      const bar = '#'.repeat(Math.trunc((100 * count) / total));
      this.#print(`[${from}, ${to}]: ${String(count).padStart(widths[2]!)} ${bar}`);
    });
    this.#print('');
  }

  #print(line: string): void {
    this.#output.write(`${line}\n`);
  }
}

function add(counts: Counts, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function bucketRange(least: number, most: number): {start: number; end: number; step: number} {
  const tenth = Math.trunc((most - least) / 10);
  let step = 10;
  while (step < tenth && step <= 10_000) step *= 10;
  return {start: least - (least % step), end: most - (most % step) + step, step};
}

function bucketsOf(encoding: Encoding, bytes: Uint8Array): number {
  const count = chunkSamples(encoding, bytes);
  const values = new Float64Array(count);
  const into: SampleColumns = {
    times: new Float64Array(count),
    values,
    valueWords: new Uint32Array(values.buffer),
    histograms: null,
    startTimes: null,
  };
  decodeChunk({bytes, encoding}, {mint: -Infinity, maxt: Infinity}, into, 0);
  const histograms = into.histograms ?? [];
  return histograms.reduce(
    (sum, each) => sum + (each?.positiveBuckets.length ?? 0) + (each?.negativeBuckets.length ?? 0),
    0,
  );
}
