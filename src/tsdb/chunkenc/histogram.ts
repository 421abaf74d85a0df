// Histogram chunks (tsdb/docs/format/chunks.md): a header of three bytes, then a stream of bits.
//
//     histogram, floatHistogram        samples:u16  reset:2 unused:6
//     histogramST, floatHistogramST    reset:2 samples:14  firstKnown:1 changedAt:7
//
//     stream: layout (layout.ts), samples (columns.ts), each followed by its start timestamp (starts.ts) in the ST encodings

import {assert} from '../../base/assert.ts';
import {counterReset, type FloatHistogram} from '../../model/histogram.ts';
import {sameBounds} from '../../model/histogram/customvalues.ts';
import {equals} from '../../model/histogram/equality.ts';
import {BitReader, BitWriter} from './bits.ts';
import {
  expandCounter,
  expandGauge,
  type Expansion,
  type Insert,
  insertIntoCounts,
  insertIntoSpans,
} from './buckets.ts';
import {
  areWholeCounts,
  type Counts,
  FloatColumns,
  type HistogramColumns,
  IntegerColumns,
  WideIntegerColumns,
} from './columns.ts';
import {
  type Encoding,
  encoding,
  histogramEncoding,
  type ResetHeader,
  resetHeader,
  resetHeaderMask,
} from './encoding.ts';
import {emptyLayout, type Layout, readLayout, writeLayout} from './layout.ts';
import {StartTimes} from './starts.ts';

const headerBytes = 3;
/** What the header of each encoding can count. */
const samplesMax = 65_535;
const samplesMaxST = 0x3fff;

/** What a chunk holds, and whether it keeps start timestamps. */
export interface HistogramKind {
  readonly integer: boolean;
  readonly starts: boolean;
}

export function histogramKind(value: Encoding): HistogramKind {
  return {
    integer: value === encoding.histogram || value === encoding.histogramST,
    starts: value === encoding.histogramST || value === encoding.floatHistogramST,
  };
}

interface Sample {
  time: number;
  start: number;
  counts: Counts;
}

/**
 * Makes one chunk, sample by sample. Samples are integer or float histograms (as `kind` says) or stale markers (null); their
 * spans and buckets agree with each other, and times rise.
 */
export class HistogramAppender {
  readonly kind: HistogramKind;
  samples = 0;
  /** Whether the last append() wrote the whole chunk anew, with more buckets. */
  recoded = false;
  /** The newest sample, with the buckets that the chunk has; null = none, or a stale marker. */
  last: Counts = null;
  #reset: ResetHeader = resetHeader.unknown;
  #columns: HistogramColumns;
  #starts = new StartTimes();
  readonly #out: BitWriter;

  constructor(kind: HistogramKind) {
    this.kind = kind;
    this.#columns = kind.integer ? new IntegerColumns() : new FloatColumns();
    this.#out = new BitWriter(256);
    this.#out.write(0, 24);
  }

  /** Goes on with a chunk that another appender has made, of which `samples` are there. */
  static resume(chunk: Uint8Array, value: Encoding, samples: number): HistogramAppender {
    const appender = new HistogramAppender(histogramKind(value));
    const reader = new HistogramReader(chunk, appender.kind, samples);
    while (reader.next()) continue;
    assert(reader.columns instanceof WideIntegerColumns === false, 'appended counts are not wide');
    appender.samples = samples;
    appender.#reset = reader.resetHeader;
    appender.#columns = reader.columns;
    appender.#starts = reader.starts;
    appender.last = reader.columns.isStale ? null : reader.histogram();
    appender.#out.load(chunk.subarray(0, (reader.bit + 7) >>> 3), reader.bit);
    return appender;
  }

  get encoding(): Encoding {
    return histogramEncoding(this.kind);
  }

  get byteLength(): number {
    return this.#out.byteLength;
  }

  /** Memory that the appender takes, roughly. */
  get stateBytes(): number {
    const {last} = this;
    const buckets = last === null ? 0 : last.positiveBuckets.length + last.negativeBuckets.length;
    return 1024 + this.#out.bytes.length + 24 * buckets;
  }

  /** The chunk; valid until the next append(). */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#out.bytes.subarray(0, this.#out.byteLength);
  }

  /** Time of the newest sample. */
  get time(): number {
    return this.#columns.time;
  }

  /** Whether `counts` is what the chunk ends with, so that appending it again at the same time changes nothing. */
  endsWith(counts: Counts): boolean {
    const {last} = this;
    if (last === null || counts === null) return last === counts;
    return equals(last, counts);
  }

  /**
   * Appends the first sample. `before` is the appender of the chunk before this one, where there is one: whether a counter
   * was reset in between is noted.
   */
  begin(time: number, counts: Counts, start: number, before: HistogramAppender | null): void {
    assert(this.samples === 0, 'a chunk begins once');
    const hint = counts?.counterResetHint;
    if (hint === counterReset.gauge) this.#reset = resetHeader.gauge;
    else if (hint === counterReset.reset) this.#reset = resetHeader.reset;
    else if (before !== null && before.kind.integer === this.kind.integer) {
      const {header} = before.#fit(counts);
      // Of float histograms only a known reset makes a difference.
      this.#reset = this.kind.integer || header === resetHeader.reset ? header : resetHeader.notReset;
    }
    this.#add({time, counts, start});
  }

  /**
   * Appends a sample that is not the first. Returns null where this chunk has taken it, else the appender of the chunk that
   * had to be begun for it.
   */
  append(time: number, counts: Counts, start: number): HistogramAppender | null {
    assert(
      this.samples > 0 && this.samples < (this.kind.starts ? samplesMaxST : samplesMax),
      'a chunk has room',
    );
    this.recoded = false;
    const {expansion, header, gauge} = this.#fit(counts);
    if (expansion === null) {
      const next = new HistogramAppender(this.kind);
      next.#reset = this.kind.integer || gauge || header === resetHeader.reset ? header : resetHeader.unknown;
      next.#add({time, counts, start});
      return next;
    }
    const expanded = counts === null ? null : this.#expand(counts, expansion);
    if (expansion.positive.forward.length > 0 || expansion.negative.forward.length > 0) {
      this.#recode(expansion, expanded!);
    }
    this.#add({time, counts: expanded, start});
    return null;
  }

  /** Whether the chunk can take a sample (expansion is null where not), and what the header of a new chunk would say. */
  #fit(counts: Counts): {expansion: Expansions | null; header: ResetHeader; gauge: boolean} {
    if (counts?.counterResetHint === counterReset.gauge) {
      const expansion = this.#reset === resetHeader.gauge ? this.#fitGauge(counts) : null;
      return {expansion, header: resetHeader.gauge, gauge: true};
    }
    const no = (header: ResetHeader): {expansion: null; header: ResetHeader; gauge: false} => ({
      expansion: null,
      header,
      gauge: false,
    });
    if (this.samples > 0 && this.#reset === resetHeader.gauge) return no(resetHeader.notReset);
    if (counts === null) return {expansion: noExpansions, header: resetHeader.notReset, gauge: false};
    if (counts.counterResetHint === counterReset.reset) return no(resetHeader.reset);
    const {last} = this;
    if (last === null) return no(resetHeader.unknown);
    if (counts.count < last.count) return no(resetHeader.reset);
    if (!sameScale(last, counts)) return no(resetHeader.unknown);
    if (!haveSameBounds(last, counts) || counts.zeroCount < last.zeroCount) return no(resetHeader.reset);
    const positive = expandCounter(
      {spans: last.positiveSpans, counts: last.positiveBuckets},
      {spans: counts.positiveSpans, counts: counts.positiveBuckets},
    );
    const negative =
      positive &&
      expandCounter(
        {spans: last.negativeSpans, counts: last.negativeBuckets},
        {spans: counts.negativeSpans, counts: counts.negativeBuckets},
      );
    if (positive === null || negative === null) return no(resetHeader.reset);
    return {expansion: {positive, negative}, header: resetHeader.notReset, gauge: false};
  }

  #fitGauge(counts: FloatHistogram): Expansions | null {
    const {last} = this;
    if (last === null || !sameScale(last, counts) || !haveSameBounds(last, counts)) return null;
    return {
      positive: expandGauge(last.positiveSpans, counts.positiveSpans),
      negative: expandGauge(last.negativeSpans, counts.negativeSpans),
    };
  }

  /** The histogram with the buckets that only the chunk has, empty. */
  #expand(counts: FloatHistogram, {positive, negative}: Expansions): FloatHistogram {
    if (positive.backward.length === 0 && negative.backward.length === 0) return counts;
    const grows = positive.forward.length > 0 || negative.forward.length > 0;
    return counts.with({
      positiveBuckets: insertIntoCounts(counts.positiveBuckets, positive.backward),
      negativeBuckets: insertIntoCounts(counts.negativeBuckets, negative.backward),
      positiveSpans:
        positive.merged ??
        (grows ? insertIntoSpans(counts.positiveSpans, positive.backward) : this.last!.positiveSpans),
      negativeSpans:
        negative.merged ??
        (grows ? insertIntoSpans(counts.negativeSpans, negative.backward) : this.last!.negativeSpans),
    });
  }

  /** Writes the chunk anew with the spans of `counts`. */
  #recode({positive, negative}: Expansions, counts: FloatHistogram): void {
    const samples = this.#readAll();
    this.#out.reset();
    this.#out.write(0, 24);
    this.samples = 0;
    this.#columns = this.kind.integer ? new IntegerColumns() : new FloatColumns();
    this.#starts = new StartTimes();
    for (const sample of samples) {
      this.#add({...sample, counts: sample.counts && widened(sample.counts, {positive, negative}, counts)});
    }
    this.recoded = true;
  }

  #readAll(): Sample[] {
    const samples: Sample[] = [];
    const reader = new HistogramReader(this.bytes, this.kind, this.samples);
    while (reader.next()) {
      const counts = reader.columns.isStale ? null : reader.histogram();
      samples.push({time: reader.columns.time, start: reader.starts.start, counts});
    }
    return samples;
  }

  #add({time, counts, start}: Sample): void {
    const out = this.#out;
    assert(
      counts === null || !this.kind.integer || areWholeCounts(counts),
      'integer chunks hold whole counts',
    );
    const before = this.#columns.time;
    if (this.samples === 0) {
      const layout: Layout = counts ?? emptyLayout;
      writeLayout(out, layout);
      this.#columns.begin(layout);
      this.#columns.writeFirst(out, time, counts);
    } else this.#columns.writeNext(out, time, counts);
    if (this.kind.starts) this.#starts.write(out, this.samples, start, {time, before});
    this.samples++;
    this.last = counts;
    this.#writeHeader();
  }

  #writeHeader(): void {
    const {bytes} = this.#out;
    if (this.kind.starts) {
      bytes[0] = this.#reset | (this.samples >>> 8);
      bytes[2] = this.#starts.header;
    } else {
      bytes[0] = this.samples >>> 8;
      bytes[2] = this.#reset;
    }
    bytes[1] = this.samples;
  }
}

interface Expansions {
  readonly positive: Expansion & {merged?: FloatHistogram['positiveSpans']};
  readonly negative: Expansion & {merged?: FloatHistogram['negativeSpans']};
}

const noInserts: Insert[] = [];
const noExpansions: Expansions = {
  positive: {forward: noInserts, backward: noInserts},
  negative: {forward: noInserts, backward: noInserts},
};

function widened(
  counts: FloatHistogram,
  {positive, negative}: Expansions,
  {positiveSpans, negativeSpans}: FloatHistogram,
): FloatHistogram {
  return counts.with({
    positiveSpans,
    negativeSpans,
    positiveBuckets: insertIntoCounts(counts.positiveBuckets, positive.forward),
    negativeBuckets: insertIntoCounts(counts.negativeBuckets, negative.forward),
  });
}

function sameScale(left: FloatHistogram, right: FloatHistogram): boolean {
  return left.schema === right.schema && left.zeroThreshold === right.zeroThreshold;
}

function haveSameBounds(left: FloatHistogram, right: FloatHistogram): boolean {
  return !left.usesCustomBuckets || sameBounds(left.customValues, right.customValues);
}

/** Walks the samples of a chunk. */
export class HistogramReader {
  readonly columns: HistogramColumns;
  readonly starts = new StartTimes();
  readonly resetHeader: ResetHeader;
  /** Samples that next() has come to. */
  read = 0;
  readonly samples: number;
  readonly #kind: HistogramKind;
  readonly #from: BitReader;

  /**
   * `samples` says how many there are; by default the header does. With `wide` the counts may be as large as 64 bits allow.
   * Throws a RangeError where the header is cut short.
   */
  constructor(
    chunk: Uint8Array,
    kind: HistogramKind,
    samples: number = headerSamples(chunk, kind),
    wide = false,
  ) {
    if (chunk.length < headerBytes) throw new RangeError(`cut short: ${chunk.length} bytes`);
    this.#kind = kind;
    this.#from = new BitReader(chunk, headerBytes);
    this.samples = samples;
    this.resetHeader = (chunk[kind.starts ? 0 : 2]! & resetHeaderMask) as ResetHeader;
    if (kind.starts) this.starts.header = chunk[2]!;
    if (!kind.integer) this.columns = new FloatColumns();
    else this.columns = wide ? new WideIntegerColumns() : new IntegerColumns();
  }

  /** Number of the first bit that is not read. */
  get bit(): number {
    return this.#from.bit;
  }

  /** Goes to the next sample. Throws a RangeError where the bytes hold none. */
  next(): boolean {
    if (this.read === this.samples) return false;
    const {columns} = this;
    const before = columns.time;
    if (this.read === 0) {
      columns.begin(readLayout(this.#from));
      columns.readFirst(this.#from);
    } else columns.readNext(this.#from);
    if (this.#kind.starts) this.starts.read(this.#from, this.read, {time: columns.time, before});
    this.read++;
    return true;
  }

  /**
   * The histogram of the sample, which is no stale marker. Of a chunk's first sample it is not known whether the counter was
   * reset before it: the chunk before it may be gone, or another may have come in between.
   */
  histogram(): FloatHistogram {
    if (this.resetHeader === resetHeader.gauge) return this.columns.histogram(counterReset.gauge);
    return this.columns.histogram(this.read > 1 ? counterReset.notReset : counterReset.unknown);
  }

  /** Whether counts were met that need a reader made with `wide`. */
  get needsWide(): boolean {
    return this.columns instanceof IntegerColumns && this.columns.wide;
  }
}

function headerSamples(chunk: Uint8Array, kind: HistogramKind): number {
  const samples = (chunk[0]! << 8) | chunk[1]!;
  return kind.starts ? samples & samplesMaxST : samples;
}
