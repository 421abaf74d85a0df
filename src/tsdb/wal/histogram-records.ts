// Records of histograms (tsdb/record in Prometheus). Types 7 to 10, by whether counts are whole and buckets exponential:
//
//     base ref: u64   base time: i64   then for each   ref - base: varint   time - base: varint   histogram
//
// Types 12 and 13, with start timestamps:
//
//     first   ref: varint   time: varint   start: varint   histogram
//     others  ref - previous: varint   time - first: varint   0 none | 1 as before | 2, start - first: varint   histogram
//
// A histogram, where counts and buckets (as what they are more than the bucket before) are varints or floats:
//
//     reset hint: u8   schema: varint   zero threshold: f64   zero count: uvarint | f64   count: uvarint | f64   sum: f64
//     positive spans, negative spans: number: uvarint {offset: varint length: uvarint} × number
//     positive buckets, negative buckets: number: uvarint {bucket: varint | f64} × number
//     schema -53 only: bounds: number: uvarint {bound: f64} × number

import {
  type ByteReader,
  putInt64,
  putUint64,
  putUvarint,
  putVarint,
  varintBytesMax,
} from '../../base/varint.ts';
import {
  counterReset,
  type CounterResetHint,
  customBucketsSchema,
  FloatHistogram,
  type Span,
} from '../../model/histogram.ts';
import {exponentialSchemaMax, reservedSchemaMax, reservedSchemaMin} from '../../model/histogram/bounds.ts';
import {reduceResolution} from '../../model/histogram/resolution.ts';
import {InvalidHistogram, validate} from '../../model/histogram/validate.ts';
import {normalNaNHigh, normalNaNLow, staleNaNHigh, staleNaNLow} from '../../model/value.ts';
import type {LoggedHistogram} from '../log.ts';
import {recordType} from './format.ts';

const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);
const floatWords = new Uint32Array(float.buffer);

export function isHistogramRecord(type: number): boolean {
  return (
    (type >= recordType.histograms && type <= recordType.customBucketsFloatHistograms) ||
    type === recordType.histogramsV2 ||
    type === recordType.floatHistogramsV2
  );
}

/** The type of record that a sample goes into. */
export function histogramRecordType({integer, histogram}: LoggedHistogram, starts: boolean): number {
  if (starts) return integer ? recordType.histogramsV2 : recordType.floatHistogramsV2;
  const custom = histogram !== null && histogram.usesCustomBuckets;
  if (custom) {
    return integer ? recordType.customBucketsHistograms : recordType.customBucketsFloatHistograms;
  }
  return integer ? recordType.histograms : recordType.floatHistograms;
}

/** Makes one record. */
export class HistogramRecord {
  bytes = new Uint8Array(4096);
  length: number;
  readonly type: number;
  #first: LoggedHistogram | null = null;
  #refBefore = 0;
  #startBefore = 0;

  constructor(type: number) {
    this.type = type;
    this.bytes[0] = type;
    this.length = 1;
  }

  add(sample: LoggedHistogram): void {
    const {histogram} = sample;
    const buckets =
      histogram === null ? 0 : histogram.positiveBuckets.length + histogram.negativeBuckets.length;
    const spans = histogram === null ? 0 : histogram.positiveSpans.length + histogram.negativeSpans.length;
    const bounds = histogram === null ? 0 : histogram.customValues.length;
    this.#reserve(128 + varintBytesMax * (buckets + 2 * spans) + 8 * bounds);
    const v2 = this.type === recordType.histogramsV2 || this.type === recordType.floatHistogramsV2;
    if (v2) this.#beginV2(sample);
    else this.#beginV1(sample);
    this.#first ??= sample;
    this.#refBefore = sample.ref;
    this.#startBefore = sample.startMs;
    this.#histogram(histogram, sample.integer);
  }

  #beginV1({ref, timeMs}: LoggedHistogram): void {
    if (this.#first === null) {
      this.length = putUint64(this.bytes, this.length, ref);
      this.length = putInt64(this.bytes, this.length, timeMs);
    }
    this.#varint(ref - (this.#first?.ref ?? ref));
    this.#varint(timeMs - (this.#first?.timeMs ?? timeMs));
  }

  #beginV2({ref, timeMs, startMs}: LoggedHistogram): void {
    if (this.#first === null) {
      this.#varint(ref);
      this.#varint(timeMs);
      return this.#varint(startMs);
    }
    this.#varint(ref - this.#refBefore);
    this.#varint(timeMs - this.#first.timeMs);
    this.length = putStart(this.bytes, this.length, startMs, {
      first: this.#first.startMs,
      before: this.#startBefore,
    });
  }

  #histogram(histogram: FloatHistogram | null, integer: boolean): void {
    if (histogram === null) return this.#stale(integer);
    this.bytes[this.length++] = histogram.counterResetHint;
    this.#varint(histogram.schema);
    this.#float(histogram.zeroThreshold);
    this.#count(histogram.zeroCount, integer);
    this.#count(histogram.count, integer);
    this.#float(histogram.sum);
    this.#spans(histogram.positiveSpans);
    this.#spans(histogram.negativeSpans);
    this.#buckets(histogram.positiveBuckets, integer);
    this.#buckets(histogram.negativeBuckets, integer);
    if (!histogram.usesCustomBuckets) return;
    this.#uvarint(histogram.customValues.length);
    for (const bound of histogram.customValues) this.#float(bound);
  }

  #stale(integer: boolean): void {
    this.bytes[this.length++] = counterReset.unknown;
    this.#varint(0);
    this.#float(0);
    this.#count(0, integer);
    this.#count(0, integer);
    this.#words(staleNaNHigh, staleNaNLow);
    // No spans and no buckets of either side.
    for (let i = 0; i < 4; i++) this.#uvarint(0);
  }

  #spans(spans: readonly Span[]): void {
    this.#uvarint(spans.length);
    for (const {offset, length} of spans) {
      this.#varint(offset);
      this.#uvarint(length);
    }
  }

  #buckets(buckets: Float64Array, integer: boolean): void {
    this.#uvarint(buckets.length);
    let before = 0;
    for (let i = 0; i < buckets.length; i++) {
      const bucket = buckets[i]!;
      if (integer) this.#varint(bucket - before);
      else this.#float(bucket);
      before = bucket;
    }
  }

  #count(count: number, integer: boolean): void {
    if (integer) this.#uvarint(count);
    else this.#float(count);
  }

  #varint(value: number): void {
    this.length = putVarint(this.bytes, this.length, value);
  }

  #uvarint(value: number): void {
    this.length = putUvarint(this.bytes, this.length, value);
  }

  #float(value: number): void {
    if (value !== value) return this.#words(normalNaNHigh, normalNaNLow);
    float[0] = value;
    for (let i = 7; i >= 0; i--) this.bytes[this.length++] = floatBytes[i]!;
  }

  #words(high: number, low: number): void {
    floatWords[1] = high;
    floatWords[0] = low;
    for (let i = 7; i >= 0; i--) this.bytes[this.length++] = floatBytes[i]!;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** Writes the start timestamp of a sample that is not the first of its record. */
export function putStart(
  bytes: Uint8Array,
  at: number,
  start: number,
  {first, before}: {first: number; before: number},
): number {
  bytes[at] = start === 0 ? 0 : start === before ? 1 : 2;
  return bytes[at] === 2 ? putVarint(bytes, at + 1, start - first) : at + 1;
}

export function readStart(reader: ByteReader, {first, before}: {first: number; before: number}): number {
  const marker = reader.byte();
  if (marker === 0) return 0;
  return marker === 1 ? before : first + reader.varint();
}

/** What is known of the sample before, and of the first. */
interface Before {
  ref: number;
  timeFirst: number;
  start: number;
  startFirst: number;
}

/**
 * Reads the histograms of a record behind its type byte. Those of a schema that is not known are left out, as Prometheus does,
 * and those whose buckets contradict their spans. Throws RangeErrors.
 */
export function readHistograms(reader: ByteReader, type: number): LoggedHistogram[] {
  const samples: LoggedHistogram[] = [];
  if (reader.position === reader.end) return samples;
  const v2 = type === recordType.histogramsV2 || type === recordType.floatHistogramsV2;
  const integer =
    type === recordType.histograms ||
    type === recordType.customBucketsHistograms ||
    type === recordType.histogramsV2;
  const before: Before = {ref: 0, timeFirst: 0, start: 0, startFirst: 0};
  if (!v2) {
    before.ref = reader.uint64();
    before.timeFirst = reader.int64();
  }
  for (let first = true; reader.position < reader.end; first = false) {
    const ref = before.ref + reader.varint();
    if (!(ref >= 0 && ref <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`invalid series reference ${ref}`);
    }
    const timeMs = before.timeFirst + reader.varint();
    if (v2) {
      before.ref = ref;
      before.start = first
        ? reader.varint()
        : readStart(reader, {first: before.startFirst, before: before.start});
      if (first) {
        before.timeFirst = timeMs;
        before.startFirst = before.start;
      }
    }
    const histogram = readHistogram(reader, integer);
    if (histogram === undefined) continue;
    samples.push({ref, timeMs, startMs: before.start, histogram, integer});
  }
  return samples;
}

/** Null: a stale marker; undefined: to be left out. */
function readHistogram(reader: ByteReader, integer: boolean): FloatHistogram | null | undefined {
  const hint = reader.byte();
  const schema = reader.varint();
  const zeroThreshold = reader.float64();
  const zeroCount = integer ? reader.uvarint() : reader.float64();
  const count = integer ? reader.uvarint() : reader.float64();
  floatWords[1] = reader.uint32();
  floatWords[0] = reader.uint32();
  const stale = floatWords[1] === staleNaNHigh && floatWords[0] === staleNaNLow;
  const sum = float[0]!;
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  const positiveBuckets = readBuckets(reader, integer);
  const negativeBuckets = readBuckets(reader, integer);
  const customValues: number[] = [];
  if (schema === customBucketsSchema) {
    for (let left = readCount(reader, 8); left > 0; left--) customValues.push(reader.float64());
  }
  if (stale) return null;
  return readable(
    new FloatHistogram({
      counterResetHint: (hint <= counterReset.gauge ? hint : counterReset.unknown) as CounterResetHint,
      schema,
      zeroThreshold,
      zeroCount,
      count,
      sum,
      positiveSpans,
      negativeSpans,
      positiveBuckets,
      negativeBuckets,
      customValues,
    }),
  );
}

function readable(histogram: FloatHistogram): FloatHistogram | undefined {
  const {schema} = histogram;
  if (schema !== customBucketsSchema && !(schema >= reservedSchemaMin && schema <= reservedSchemaMax))
    return undefined;
  try {
    // Newer versions may have logged finer buckets than there are here.
    validate(
      histogram.with({
        schema: schema === customBucketsSchema ? schema : Math.min(schema, exponentialSchemaMax),
      }),
    );
  } catch (error) {
    if (!(error instanceof InvalidHistogram)) throw error;
    return undefined;
  }
  return schema > exponentialSchemaMax ? reduceResolution(histogram, exponentialSchemaMax) : histogram;
}

function readSpans(reader: ByteReader): Span[] {
  const spans: Span[] = [];
  for (let left = readCount(reader, 2); left > 0; left--) {
    spans.push({offset: reader.varint() | 0, length: reader.uvarint() >>> 0});
  }
  return spans;
}

function readBuckets(reader: ByteReader, integer: boolean): Float64Array {
  const buckets = new Float64Array(readCount(reader, integer ? 1 : 8));
  let bucket = 0;
  for (let i = 0; i < buckets.length; i++) {
    if (integer) buckets[i] = bucket += reader.varint();
    else buckets[i] = reader.float64();
  }
  return buckets;
}

/** A number of items of at least `bytes` each: no more than the record could hold. */
function readCount(reader: ByteReader, bytes: number): number {
  const count = reader.uvarint();
  if (count * bytes > reader.end - reader.position) {
    throw new RangeError(`${count} items do not fit the record`);
  }
  return count;
}
