import {parseExposition} from '../formats/body.ts';
import type {Exemplar as ReadExemplar} from '../formats/exposition.ts';
import {LineParser} from '../formats/exposition.ts';
import {lineBytesMax} from '../kernels/scrape-layout.ts';
import {ClassicHistogram, classicPart} from '../model/histogram/classic.ts';
import type {FloatHistogram} from '../model/histogram.ts';
import {InvalidHistogram} from '../model/histogram/validate.ts';
import {labelOf, type Labels, metricNameLabel, withLabel} from '../model/labels.ts';
import {normalNaNHigh, normalNaNLow} from '../model/value.ts';
import type {Exemplar} from '../storage/exemplar.ts';
import {DetailScan} from './detailscan.ts';
import {sortPairs, withTypeAndUnit} from './labels.ts';
import type {LabelSource, ScanOptions} from './scan.ts';

/** Types whose series may have a `_created` one. */
const createdTypes: readonly string[] = ['counter', 'histogram', 'summary'];

/** A sample of the metric that is being read. */
interface HeldSample {
  /** -1 beyond the limit of samples. */
  index: number;
  value: number;
  timestampMs: number;
  exemplar: Exemplar | null;
}

/** Samples in a row that differ in `le`, `quantile` and what their names end with only. */
class Metric {
  readonly key: string;
  /** Labels of the native histogram that its classic series make, null where they make none. */
  readonly base: Labels | null;
  readonly samples: HeldSample[] = [];
  readonly classic = new ClassicHistogram();
  readonly exemplars: Exemplar[] = [];
  timestampMs = NaN;
  startMs = 0;

  constructor(key: string, base: Labels | null) {
    this.key = key;
    this.base = base;
  }
}

/**
 * Reads the text formats where lines are not all there is to know: where classic histograms become native ones, `_created` series
 * start timestamps, or type and unit labels. It keeps the body until it is complete, and reads each line in full. The key of a
 * series is what its labels depend on:
 *
 *     type 0x01 unit 0x01 text of the series 0x01
 */
export class TextDetailScan extends DetailScan {
  readonly #source = new TextSource();
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
  #chunks: Uint8Array[] = [];
  #metric: Metric | null = null;
  #family = '';
  #unit = '';

  override begin(options: ScanOptions): void {
    super.begin(options);
    this.#chunks = [];
    this.#metric = null;
    this.#family = '';
    this.#unit = '';
    const {format} = options;
    this.#source.open(format === 'openmetrics' ? 'openmetrics' : 'text', this.details.typeAndUnit);
  }

  override feed(chunk: Uint8Array): void {
    this.bytesRead += chunk.length;
    this.#chunks.push(chunk.slice());
  }

  override finish(): void {
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [];
    const {format} = this.options;
    parseExposition(body, format === 'openmetrics' ? 'openmetrics' : 'text', {
      sample: (parser, series) => this.#sample(parser, series),
      metadata: (metric, kind, text) => this.#metadata(metric, kind, text),
    });
    this.#endMetric();
    this.stageHistograms();
  }

  override release(): void {
    super.release();
    this.#chunks = [];
    this.#metric = null;
  }

  protected override readLabels(index: number): LabelSource {
    const length = this.options.table.copyKey(index);
    const key = this.#decoder.decode(this.world.copyOut(this.world.scratch, length));
    const [type, unit, series] = key.split('\u0001') as [string, string, string];
    this.#source.read(type, unit, series);
    return this.#source;
  }

  protected override located(cause: unknown): unknown {
    return cause;
  }

  #metadata(metric: string, kind: 'help' | 'type' | 'unit', text: string): void {
    this.#endMetric();
    const previous = this.#family;
    this.#family = metric;
    if (kind === 'unit') this.#unit = text;
    else if (metric !== previous) this.#unit = '';
    const line = `# ${kind.toUpperCase()} ${metric} ${text.replaceAll('\n', '\\n')}`;
    const length = this.#toScratch(line);
    this.commentEntry(line, {address: this.world.keyScratch, length, sets: 0}, {metric, kind, text});
  }

  #sample(parser: LineParser, series: string): void {
    const type = parser.familyType;
    const {source, details} = {source: this.#source, details: this.details};
    source.use(parser, type, this.#unit);
    const labels = source.exposed();
    const name = labelOf(labels, metricNameLabel);
    const isCreated = details.starts && createdTypes.includes(type) && name.endsWith('_created');
    this.#turnTo(labels, name, type, isCreated);
    if (isCreated) {
      this.#metric!.startMs = Math.trunc(parser.value * 1000);
      return;
    }
    const metric = this.#metric!;
    const timestampMs = parser.hasTimestamp ? parser.timestampMs : NaN;
    let exemplar = parser.exemplar === null ? null : this.#exemplarOf(parser.exemplar, timestampMs);
    if (metric.base !== null && this.#collect(metric, labels, parser.value)) {
      metric.timestampMs = timestampMs;
      // As in Prometheus they go with the native histogram, where the classic one is kept, too.
      if (exemplar !== null && !Number.isNaN(parser.exemplar!.timestampMs)) metric.exemplars.push(exemplar);
      exemplar = null;
      if (!details.keepClassic) return;
    }
    const length = this.#toScratch(this.#keyOf(parser, series));
    const index = this.entryOf(this.world.keyScratch, length, 0, source);
    metric.samples.push({index, value: parser.value, timestampMs, exemplar});
    // Nothing can come that says more of them.
    if (!details.starts && metric.base === null) this.#endMetric();
  }

  /** Goes to the metric that a sample with these labels belongs to. */
  #turnTo(labels: Labels, name: string, type: string, isCreated: boolean): void {
    const isHistogram = type === 'histogram';
    const part = isHistogram ? classicPart(name) : null;
    const base = isCreated ? name.slice(0, -'_created'.length) : baseOf(name, type);
    const key = keyOf(labels, base);
    if (this.#metric?.key === key) return;
    this.#endMetric();
    const converts = this.details.convertClassic && part !== null && part.base === this.#family;
    const own = withLabel(withLabel(labels, 'le', ''), metricNameLabel, base);
    this.#metric = new Metric(key, converts ? own : null);
  }

  /** Adds a sample to the histogram that is collected; false where it is none of it. */
  #collect(metric: Metric, labels: Labels, value: number): boolean {
    const part = classicPart(labelOf(labels, metricNameLabel))?.part;
    if (part === 'count') metric.classic.setCount(value);
    else if (part === 'sum') metric.classic.setSum(value);
    else {
      const bound = labelOf(labels, 'le');
      const number = bound === '+Inf' ? Infinity : bound === '-Inf' ? -Infinity : Number(bound);
      if (bound === '' || Number.isNaN(number)) return false;
      metric.classic.setBucket(number, value);
    }
    return true;
  }

  /** Stages the samples of the metric. */
  #endMetric(): void {
    const metric = this.#metric;
    if (metric === null) return;
    this.#metric = null;
    const {startMs} = metric;
    for (const {index, value, timestampMs, exemplar} of metric.samples) {
      if (index < 0) continue;
      if (Number.isNaN(value)) this.setValueBits(normalNaNHigh, normalNaNLow);
      else this.setValue(value);
      this.stageFloat(index, {timestampMs, startMs});
      if (exemplar !== null) this.takeExemplars(index, [exemplar]);
    }
    if (metric.base !== null) this.#convert(metric, metric.base);
  }

  /** Takes the native histogram that the classic one makes. What contradicts itself makes none. */
  #convert(metric: Metric, base: Labels): void {
    let histogram: FloatHistogram;
    try {
      histogram = metric.classic.convert();
    } catch (cause) {
      if (cause instanceof RangeError) return;
      throw cause;
    }
    const {timestampMs, startMs, exemplars} = metric;
    const length = this.#toScratch(`histogram\u0001${JSON.stringify(base)}\u0001\u0001`);
    // The source belongs to the sample that comes next.
    const source: LabelSource = {labels: () => base, emptyNames: () => [], typeMatters: false};
    const index = this.entryOf(this.world.keyScratch, length, 0, source);
    if (index < 0) return;
    const integer = Number.isInteger(histogram.count) && histogram.positiveBuckets.every(Number.isInteger);
    try {
      this.holdHistogram(index, {histogram, integer}, {timestampMs, startMs});
    } catch (cause) {
      if (!(cause instanceof InvalidHistogram)) throw cause;
      return;
    }
    if (exemplars.length > 0) this.takeExemplars(index, exemplars);
  }

  /** The type stands in the key only where labels depend on it. */
  #keyOf(parser: LineParser, series: string): string {
    const {typeAndUnit} = this.details;
    const type = typeAndUnit || parser.typeMatters ? parser.familyType : '';
    const matters = typeAndUnit || type === 'histogram' || type === 'summary';
    return `${matters ? type : ''}\u0001${typeAndUnit ? this.#unit : ''}\u0001${series}\u0001`;
  }

  #exemplarOf({labels, value, timestampMs}: ReadExemplar, sampleTimestampMs: number): Exemplar | null {
    if (!this.details.exemplars) return null;
    const timeMs = Number.isNaN(timestampMs) ? this.sampleMs(sampleTimestampMs) : timestampMs;
    return {labels: sortPairs([...labels]), value, timeMs};
  }

  /** Writes a key or a line to the scratch space; returns its length. */
  #toScratch(text: string): number {
    const bytes = this.#encoder.encode(text);
    if (bytes.length > lineBytesMax) throw new RangeError(`the line is longer than ${lineBytesMax} bytes`);
    this.world.memory.u8.set(bytes, this.world.keyScratch);
    return bytes.length;
  }
}

/** Labels of a line, with its type and unit where they are wanted. */
class TextSource implements LabelSource {
  readonly typeMatters = false;
  #parser = new LineParser('text');
  #own = this.#parser;
  #typeAndUnit = false;
  #type = '';
  #unit = '';
  #labels: Labels | null = null;

  open(format: 'text' | 'openmetrics', typeAndUnit: boolean): void {
    this.#own = new LineParser(format);
    this.#typeAndUnit = typeAndUnit;
  }

  /** Takes the sample that the parser has read. */
  use(parser: LineParser, type: string, unit: string): void {
    this.#parser = parser;
    this.#type = type;
    this.#unit = unit;
    this.#labels = null;
  }

  /** Reads what a key holds. */
  read(type: string, unit: string, series: string): void {
    if (series === '') {
      this.#labels = JSON.parse(unit) as string[];
      return;
    }
    this.#own.familyType = type;
    this.#own.parse(`${series} 0`);
    this.use(this.#own, type, unit);
  }

  labels(): Labels {
    return this.#labels ?? this.exposed();
  }

  exposed(): Labels {
    const labels = this.#parser.labels();
    return this.#typeAndUnit ? withTypeAndUnit(labels, this.#type, this.#unit) : labels;
  }

  emptyNames(): string[] {
    return this.#labels === null ? this.#parser.emptyNames() : [];
  }
}

/** The name without what tells the series of one metric apart. */
function baseOf(name: string, type: string): string {
  if (type === 'counter') return name.replace(/_total$/, '');
  if (type === 'histogram') return name.replace(/_(?:bucket|sum|count)$/, '');
  return type === 'summary' ? name.replace(/_(?:sum|count)$/, '') : name;
}

function keyOf(labels: Labels, base: string): string {
  let key = base;
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    if (name === metricNameLabel || name === 'le' || name === 'quantile') continue;
    key += `\u0001${name}\u0001${labels[i + 1]}`;
  }
  return key;
}
