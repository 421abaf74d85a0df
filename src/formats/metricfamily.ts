// Reads Prometheus's protobuf exposition format: io.prometheus.client.MetricFamily messages, each after a varint with its
// length.
//
//     MetricFamily  string name = 1; string help = 2; MetricType type = 3; repeated Metric metric = 4; string unit = 5
//     MetricType    COUNTER 0, GAUGE 1, SUMMARY 2, UNTYPED 3, HISTOGRAM 4, GAUGE_HISTOGRAM 5
//     Metric        repeated LabelPair label = 1; Gauge gauge = 2; Counter counter = 3; Summary summary = 4;
//                   Untyped untyped = 5; int64 timestamp_ms = 6; Histogram histogram = 7
//     Gauge         double value = 1 (Untyped: the same)
//     Counter       double value = 1; Exemplar exemplar = 2; Timestamp start_timestamp = 3
//     Quantile      double quantile = 1; double value = 2
//     Summary       uint64 sample_count = 1; double sample_sum = 2; repeated Quantile quantile = 3;
//                   Timestamp start_timestamp = 4
//     Histogram     see histogrammessage.ts
//     others        see familyparts.ts

import {ProtobufReader, wireBytes, wireFixed64, wireVarint} from '../base/protobuf.ts';
import {HistogramMessage} from './histogrammessage.ts';
import {limitParts, type Range, readLabelPair, readRange, readTimestamp} from './familyparts.ts';

export const metricType = {
  counter: 0,
  gauge: 1,
  summary: 2,
  untyped: 3,
  histogram: 4,
  gaugeHistogram: 5,
} as const;

/** By number, as metadata has them. */
export const metricTypeNames: readonly string[] = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'gaugehistogram',
];

const family = {
  name: (1 << 3) | wireBytes,
  help: (2 << 3) | wireBytes,
  type: (3 << 3) | wireVarint,
  metric: (4 << 3) | wireBytes,
  unit: (5 << 3) | wireBytes,
} as const;

const tagLabel = (1 << 3) | wireBytes;
const tagTimestampMs = (6 << 3) | wireVarint;
/** The field of Metric with the value, by type. */
const valueTags: readonly number[] = [3, 2, 4, 5, 7, 7].map((field) => (field << 3) | wireBytes);

const tagValue = (1 << 3) | wireFixed64;
const tagCounterExemplar = (2 << 3) | wireBytes;
const tagCounterStart = (3 << 3) | wireBytes;
const tagSampleCount = (1 << 3) | wireVarint;
const tagSampleSum = (2 << 3) | wireFixed64;
const tagQuantile = (3 << 3) | wireBytes;
const tagSummaryStart = (4 << 3) | wireBytes;

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/**
 * Walks the metrics of one family. Everything is read into fields that the next call overwrites; labels and exemplars stay
 * where they are and are known by their places. Methods throw SyntaxError or RangeError where the bytes are no family.
 */
export class MetricFamilyReader {
  name = '';
  help = '';
  unit = '';
  /** One of metricType. */
  type: number = metricType.counter;

  /** LabelPair messages of the metric. */
  readonly labels: Range[] = [];
  /** 0 = none, as the format has it. */
  timestampMs = 0;
  /** Counter, gauge, untyped; with its bits. */
  value = 0;
  valueHigh = 0;
  valueLow = 0;
  /** When the counting began; 0 = not known. */
  startMs = 0;
  /** The counter's Exemplar message. */
  exemplar: Range | null = null;
  /** Summary. */
  sampleCount = 0;
  sampleSum = 0;
  readonly quantiles: number[] = [];
  readonly quantileValues: number[] = [];
  /** Histogram, gauge histogram. */
  readonly histogram = new HistogramMessage();

  reader = new ProtobufReader(new Uint8Array(0));
  #end = 0;

  /** Goes to the family in bytes[start, end) and reads all of it but its metrics. */
  open(bytes: Uint8Array, start: number, end: number): void {
    if (this.reader.bytes !== bytes) this.reader = new ProtobufReader(bytes);
    const {reader} = this;
    this.name = '';
    this.help = '';
    this.unit = '';
    this.type = metricType.counter;
    this.#end = end;
    reader.position = start;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === family.name) this.name = this.#readText(end, 'metric name');
      else if (tag === family.help) this.help = this.#readText(end, 'help');
      else if (tag === family.unit) this.unit = this.#readText(end, 'unit');
      else if (tag === family.type) this.type = reader.readInt64(end);
      else reader.skip(tag, end);
    }
    reader.position = start;
  }

  /** Whether name and type are such that metrics may be read. Families without metrics are not looked at so closely. */
  check(): void {
    if (this.name === '') throw new SyntaxError('invalid metric name: ""');
    if (metricTypeNames[this.type] === undefined) {
      throw new SyntaxError(`unknown metric type for metric ${JSON.stringify(this.name)}: ${this.type}`);
    }
  }

  /** Goes to the next metric; false where there is none. */
  next(): boolean {
    const {reader} = this;
    while (reader.position < this.#end) {
      const tag = reader.readTag(this.#end);
      if (tag === family.metric) {
        reader.readBytes(this.#end);
        this.check();
        this.#readMetric(reader.end);
        return true;
      }
      reader.skip(tag, this.#end);
    }
    return false;
  }

  /** Adds names and values of LabelPair messages to `pairs`. */
  readLabels(ranges: readonly Range[], pairs: string[]): void {
    for (const {start, end} of ranges) readLabelPair(this.reader, start, end, pairs);
  }

  #readMetric(end: number): void {
    const {reader, labels} = this;
    labels.length = 0;
    this.timestampMs = 0;
    this.value = 0;
    this.valueHigh = 0;
    this.valueLow = 0;
    this.startMs = 0;
    this.exemplar = null;
    this.sampleCount = 0;
    this.sampleSum = 0;
    this.quantiles.length = 0;
    this.quantileValues.length = 0;
    if (this.type >= metricType.histogram) this.histogram.reset();
    const tagOfValue = valueTags[this.type];
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagLabel) {
        labels.push(readRange(reader, end));
        limitParts(labels.length, 'labels');
      } else if (tag === tagOfValue) this.#readValue(end);
      else if (tag === tagTimestampMs) this.timestampMs = reader.readInt64(end);
      else reader.skip(tag, end);
    }
  }

  #readValue(limit: number): void {
    const {reader, type} = this;
    reader.readBytes(limit);
    const {end} = reader;
    if (type === metricType.summary) this.#readSummary(end);
    else if (type >= metricType.histogram) {
      this.histogram.read(reader, end);
      this.startMs = this.histogram.startMs;
    } else this.#readSimple(end);
  }

  #readSimple(end: number): void {
    const {reader} = this;
    const isCounter = this.type === metricType.counter;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagValue) {
        this.value = reader.readDouble(end);
        this.valueHigh = reader.high;
        this.valueLow = reader.low;
      } else if (isCounter && tag === tagCounterExemplar) this.exemplar = readRange(reader, end);
      else if (isCounter && tag === tagCounterStart) this.startMs = readTimestamp(reader, end);
      else reader.skip(tag, end);
    }
  }

  #readSummary(end: number): void {
    const {reader} = this;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagSampleCount) this.sampleCount = reader.readUint64(end);
      else if (tag === tagSampleSum) this.sampleSum = reader.readDouble(end);
      else if (tag === tagQuantile) this.#readQuantile(end);
      else if (tag === tagSummaryStart) this.startMs = readTimestamp(reader, end);
      else reader.skip(tag, end);
    }
  }

  #readQuantile(limit: number): void {
    const {reader} = this;
    reader.readBytes(limit);
    const {end} = reader;
    let quantile = 0;
    let value = 0;
    while (reader.position < end) {
      const tag = reader.readTag(end);
      if (tag === tagValue) quantile = reader.readDouble(end);
      else if (tag === tagSampleSum) value = reader.readDouble(end);
      else reader.skip(tag, end);
    }
    this.quantiles.push(quantile);
    this.quantileValues.push(value);
    limitParts(this.quantiles.length, 'quantiles');
  }

  #readText(limit: number, what: string): string {
    const {reader} = this;
    const {start, end} = readRange(reader, limit);
    try {
      return utf8.decode(reader.bytes.subarray(start, end));
    } catch {
      throw new SyntaxError(`invalid ${what} before byte ${end}: no UTF-8`);
    }
  }
}
