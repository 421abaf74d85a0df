// The Histogram of the protobuf exposition format, classic and native parts side by side:
//
//     uint64 sample_count = 1; double sample_count_float = 4; double sample_sum = 2; repeated Bucket bucket = 3;
//     Timestamp start_timestamp = 15
//     sint32 schema = 5; double zero_threshold = 6; uint64 zero_count = 7; double zero_count_float = 8;
//     repeated BucketSpan negative_span = 9; repeated sint64 negative_delta = 10; repeated double negative_count = 11;
//     repeated BucketSpan positive_span = 12; repeated sint64 positive_delta = 13; repeated double positive_count = 14;
//     repeated Exemplar exemplars = 16
//     Bucket      uint64 cumulative_count = 1; double upper_bound = 2; Exemplar exemplar = 3;
//                 double cumulative_count_float = 4
//     BucketSpan  sint32 offset = 1; uint32 length = 2
//
// Float counts take the place of whole ones where they are above 0.

import {type ProtobufReader, wireBytes, wireFixed64, wireVarint} from '../base/protobuf.ts';
import {ClassicHistogram} from '../model/histogram/classic.ts';
import {compact} from '../model/histogram/compact.ts';
import {counterReset, FloatHistogram, type Span} from '../model/histogram.ts';
import {limitParts, type Range, readRange, readTimestamp} from './familyparts.ts';
import {countsOfDeltas, readNumbers, readSpan} from './histogramparts.ts';

const field = {
  sampleCount: (1 << 3) | wireVarint,
  sampleSum: (2 << 3) | wireFixed64,
  bucket: (3 << 3) | wireBytes,
  sampleCountFloat: (4 << 3) | wireFixed64,
  schema: (5 << 3) | wireVarint,
  zeroThreshold: (6 << 3) | wireFixed64,
  zeroCount: (7 << 3) | wireVarint,
  zeroCountFloat: (8 << 3) | wireFixed64,
  negativeSpan: (9 << 3) | wireBytes,
  positiveSpan: (12 << 3) | wireBytes,
  start: (15 << 3) | wireBytes,
  exemplars: (16 << 3) | wireBytes,
} as const;

const negativeDelta = 10;
const negativeCount = 11;
const positiveDelta = 13;
const positiveCount = 14;

const bucketField = {
  count: (1 << 3) | wireVarint,
  bound: (2 << 3) | wireFixed64,
  exemplar: (3 << 3) | wireBytes,
  countFloat: (4 << 3) | wireFixed64,
} as const;

export interface ReadHistogram {
  histogram: FloatHistogram;
  /** Whether all counts were sent as whole numbers. */
  integer: boolean;
}

/** What a Histogram message says. */
export class HistogramMessage {
  sampleCount = 0;
  sampleCountFloat = 0;
  sampleSum = 0;
  startMs = 0;
  /** Classic buckets, in the order in which they came: cumulative counts. */
  readonly bounds: number[] = [];
  readonly counts: number[] = [];
  readonly bucketExemplars: (Range | null)[] = [];
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  zeroCountFloat = 0;
  readonly exemplars: Range[] = [];
  #positiveSpans: Span[] = [];
  #negativeSpans: Span[] = [];
  readonly #positiveDeltas: number[] = [];
  readonly #negativeDeltas: number[] = [];
  readonly #positiveCounts: number[] = [];
  readonly #negativeCounts: number[] = [];

  reset(): void {
    this.sampleCount = 0;
    this.sampleCountFloat = 0;
    this.sampleSum = 0;
    this.startMs = 0;
    this.bounds.length = 0;
    this.counts.length = 0;
    this.bucketExemplars.length = 0;
    this.schema = 0;
    this.zeroThreshold = 0;
    this.zeroCount = 0;
    this.zeroCountFloat = 0;
    this.exemplars.length = 0;
    this.#positiveSpans = [];
    this.#negativeSpans = [];
    this.#positiveDeltas.length = 0;
    this.#negativeDeltas.length = 0;
    this.#positiveCounts.length = 0;
    this.#negativeCounts.length = 0;
  }

  /** Observations in all, as the classic series `_count` and the bucket without a bound have them. */
  get count(): number {
    return this.sampleCountFloat === 0 ? this.sampleCount : this.sampleCountFloat;
  }

  /**
   * Whether there is a native part: spans, or a zero bucket with a width or a count. Without observations a program that means
   * one sends a span of length 0.
   */
  get isNative(): boolean {
    return (
      this.#positiveSpans.length > 0 ||
      this.#negativeSpans.length > 0 ||
      this.zeroThreshold > 0 ||
      this.zeroCount > 0
    );
  }

  read(reader: ProtobufReader, end: number): void {
    while (reader.position < end) this.#readField(reader, end);
  }

  /** The native part. Throws SyntaxError where spans and buckets do not fit together. */
  native(isGauge: boolean): ReadHistogram {
    const integer = !(this.sampleCountFloat > 0 || this.zeroCountFloat > 0);
    const positiveBuckets = integer
      ? countsOfDeltas(this.#positiveDeltas)
      : Float64Array.from(this.#positiveCounts);
    const negativeBuckets = integer
      ? countsOfDeltas(this.#negativeDeltas)
      : Float64Array.from(this.#negativeCounts);
    checkSpans('positive', this.#positiveSpans, positiveBuckets.length);
    checkSpans('negative', this.#negativeSpans, negativeBuckets.length);
    const histogram = new FloatHistogram({
      counterResetHint: isGauge ? counterReset.gauge : counterReset.unknown,
      schema: this.schema,
      zeroThreshold: this.zeroThreshold,
      zeroCount: integer ? this.zeroCount : this.zeroCountFloat,
      count: integer ? this.sampleCount : this.sampleCountFloat,
      sum: this.sampleSum,
      positiveSpans: this.#positiveSpans,
      negativeSpans: this.#negativeSpans,
      positiveBuckets,
      negativeBuckets,
    });
    return {histogram: compact(histogram), integer};
  }

  /** The classic part as a histogram with custom buckets. Throws RangeError where its buckets contradict each other. */
  custom(isGauge: boolean): ReadHistogram {
    const classic = new ClassicHistogram();
    classic.setCount(this.count);
    classic.setSum(this.sampleSum);
    for (let i = 0; i < this.bounds.length; i++) classic.setBucket(this.bounds[i]!, this.counts[i]!);
    const histogram = classic.convert();
    return {
      histogram: isGauge ? histogram.with({counterResetHint: counterReset.gauge}) : histogram,
      integer: isWhole(this.count) && this.counts.every(isWhole),
    };
  }

  #readField(reader: ProtobufReader, end: number): void {
    const tag = reader.readTag(end);
    switch (tag) {
      case field.sampleCount:
        this.sampleCount = reader.readUint64(end);
        break;
      case field.sampleSum:
        this.sampleSum = reader.readDouble(end);
        break;
      case field.bucket:
        this.#readBucket(reader, end);
        break;
      case field.sampleCountFloat:
        this.sampleCountFloat = reader.readDouble(end);
        break;
      case field.schema:
        this.schema = reader.readZigZag(end) | 0;
        break;
      case field.zeroThreshold:
        this.zeroThreshold = reader.readDouble(end);
        break;
      case field.zeroCount:
        this.zeroCount = reader.readUint64(end);
        break;
      case field.zeroCountFloat:
        this.zeroCountFloat = reader.readDouble(end);
        break;
      case field.negativeSpan:
        readSpan(reader, end, this.#negativeSpans);
        break;
      case field.positiveSpan:
        readSpan(reader, end, this.#positiveSpans);
        break;
      case field.start:
        this.startMs = readTimestamp(reader, end);
        break;
      case field.exemplars:
        this.exemplars.push(readRange(reader, end));
        limitParts(this.exemplars.length, 'exemplars');
        break;
      default:
        this.#readNumbers(reader, end, tag);
    }
  }

  #readBucket(reader: ProtobufReader, limit: number): void {
    reader.readBytes(limit);
    const {end} = reader;
    let count = 0;
    let countFloat = 0;
    let bound = 0;
    let exemplar: Range | null = null;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === bucketField.count) count = reader.readUint64(end);
      else if (tag === bucketField.countFloat) countFloat = reader.readDouble(end);
      else if (tag === bucketField.bound) bound = reader.readDouble(end);
      else if (tag === bucketField.exemplar) exemplar = readRange(reader, end);
      else reader.skip(tag, end);
    }
    this.bounds.push(bound);
    this.counts.push(countFloat === 0 ? count : countFloat);
    this.bucketExemplars.push(exemplar);
    limitParts(this.bounds.length, 'buckets');
  }

  /** Reads one number of a bucket, or a run of them, or a field that means nothing here. */
  #readNumbers(reader: ProtobufReader, end: number, tag: number): void {
    const number = tag >>> 3;
    const into = this.#numbers(number);
    if (into === null) {
      reader.skip(tag, end);
      return;
    }
    const kind = number === positiveDelta || number === negativeDelta ? 'delta' : 'double';
    readNumbers(reader, end, {tag, kind, into});
  }

  #numbers(number: number): number[] | null {
    switch (number) {
      case negativeDelta:
        return this.#negativeDeltas;
      case negativeCount:
        return this.#negativeCounts;
      case positiveDelta:
        return this.#positiveDeltas;
      case positiveCount:
        return this.#positiveCounts;
      default:
        return null;
    }
  }
}

function checkSpans(side: string, spans: readonly Span[], buckets: number): void {
  let wanted = 0;
  for (const {length} of spans) wanted += length;
  if (wanted !== buckets) {
    throw new SyntaxError(`${side} side: spans require ${wanted} buckets, have ${buckets}`);
  }
}

function isWhole(count: number): boolean {
  return Number.isInteger(count);
}
