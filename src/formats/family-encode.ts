// Writes the protobuf exposition format, for tests and benchmarks.

import {ProtobufWriter} from '../base/protobuf-writer.ts';
import {putUvarint, varintBytesMax} from '../base/varint.ts';
import type {Span} from '../model/histogram.ts';
import {metricType} from './metricfamily.ts';

export interface ExemplarModel {
  labels: Record<string, string>;
  value: number;
  timeMs?: number;
}

/** The native part of a histogram. Counts are absolute. */
export interface NativeModel {
  float?: boolean;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  positiveSpans?: Span[];
  positiveCounts?: number[];
  negativeSpans?: Span[];
  negativeCounts?: number[];
  exemplars?: ExemplarModel[];
}

export interface MetricModel {
  labels?: Record<string, string>;
  timestampMs?: number;
  startMs?: number;
  value?: number;
  exemplar?: ExemplarModel;
  count?: number;
  sum?: number;
  quantiles?: [quantile: number, value: number][];
  buckets?: {bound: number; count: number; exemplar?: ExemplarModel}[];
  native?: NativeModel;
}

export interface FamilyModel {
  name: string;
  help?: string;
  unit?: string;
  type: keyof typeof metricType;
  metrics: MetricModel[];
}

export function encodeFamilies(families: readonly FamilyModel[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const family of families) {
    const message = encodeFamily(family);
    const length = new Uint8Array(varintBytesMax);
    parts.push(length.subarray(0, putUvarint(length, 0, message.length)), message);
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encodeFamily({name, help, unit, type, metrics}: FamilyModel): Uint8Array {
  return message((writer) => {
    writer.string(1, name);
    if (help !== undefined) writer.string(2, help);
    writer.int64(3, metricType[type]);
    for (const metric of metrics) writer.bytes(4, encodeMetric(metric, type));
    if (unit !== undefined) writer.string(5, unit);
  });
}

function encodeMetric(metric: MetricModel, type: FamilyModel['type']): Uint8Array {
  return message((writer) => {
    writeLabels(writer, metric.labels ?? {});
    switch (type) {
      case 'counter':
        writer.bytes(
          3,
          message((counter) => writeCounter(counter, metric)),
        );
        break;
      case 'summary':
        writer.bytes(
          4,
          message((summary) => writeSummary(summary, metric)),
        );
        break;
      case 'histogram':
      case 'gaugeHistogram':
        writer.bytes(
          7,
          message((histogram) => writeHistogram(histogram, metric)),
        );
        break;
      default:
        writer.bytes(
          type === 'gauge' ? 2 : 5,
          message((gauge) => gauge.double(1, metric.value ?? 0)),
        );
    }
    if (metric.timestampMs !== undefined) writer.int64(6, metric.timestampMs);
  });
}

function writeCounter(writer: ProtobufWriter, {value, exemplar, startMs}: MetricModel): void {
  writer.double(1, value ?? 0);
  if (exemplar !== undefined) writer.bytes(2, encodeExemplar(exemplar));
  if (startMs !== undefined) writer.bytes(3, encodeTimestamp(startMs));
}

function writeSummary(writer: ProtobufWriter, {count, sum, quantiles, startMs}: MetricModel): void {
  writer.int64(1, count ?? 0);
  writer.double(2, sum ?? 0);
  for (const [quantile, value] of quantiles ?? []) {
    writer.bytes(
      3,
      message((part) => {
        part.double(1, quantile);
        part.double(2, value);
      }),
    );
  }
  if (startMs !== undefined) writer.bytes(4, encodeTimestamp(startMs));
}

function writeHistogram(writer: ProtobufWriter, {count, sum, buckets, native, startMs}: MetricModel): void {
  if (native?.float === true) writer.double(4, count ?? 0);
  else writer.int64(1, count ?? 0);
  writer.double(2, sum ?? 0);
  for (const bucket of buckets ?? []) {
    writer.bytes(
      3,
      message((part) => {
        if (Number.isInteger(bucket.count)) part.int64(1, bucket.count);
        else part.double(4, bucket.count);
        part.double(2, bucket.bound);
        if (bucket.exemplar !== undefined) part.bytes(3, encodeExemplar(bucket.exemplar));
      }),
    );
  }
  if (native !== undefined) writeNative(writer, native);
  if (startMs !== undefined) writer.bytes(15, encodeTimestamp(startMs));
}

function writeNative(writer: ProtobufWriter, native: NativeModel): void {
  writer.sint64(5, native.schema);
  writer.double(6, native.zeroThreshold);
  if (native.float === true) writer.double(8, native.zeroCount);
  else writer.int64(7, native.zeroCount);
  writeSide(writer, {field: 9, spans: native.negativeSpans, counts: native.negativeCounts}, native.float);
  writeSide(writer, {field: 12, spans: native.positiveSpans, counts: native.positiveCounts}, native.float);
  for (const exemplar of native.exemplars ?? []) writer.bytes(16, encodeExemplar(exemplar));
}

/** Spans, deltas and counts have numbers in a row. */
function writeSide(
  writer: ProtobufWriter,
  side: {field: number; spans: Span[] | undefined; counts: number[] | undefined},
  float = false,
): void {
  for (const {offset, length} of side.spans ?? []) {
    writer.bytes(
      side.field,
      message((span) => {
        span.sint64(1, offset);
        span.int64(2, length);
      }),
    );
  }
  const counts = side.counts ?? [];
  if (counts.length === 0) return;
  if (float) writer.packedDoubles(side.field + 2, counts);
  else
    writer.packedSint64(
      side.field + 1,
      counts.map((count, i) => count - (counts[i - 1] ?? 0)),
    );
}

function encodeExemplar({labels, value, timeMs}: ExemplarModel): Uint8Array {
  return message((writer) => {
    writeLabels(writer, labels);
    writer.double(2, value);
    if (timeMs !== undefined) writer.bytes(3, encodeTimestamp(timeMs));
  });
}

function encodeTimestamp(ms: number): Uint8Array {
  return message((writer) => {
    writer.int64(1, Math.floor(ms / 1000));
    writer.int64(2, (ms - 1000 * Math.floor(ms / 1000)) * 1e6);
  });
}

function writeLabels(writer: ProtobufWriter, labels: Record<string, string>): void {
  for (const [name, value] of Object.entries(labels)) {
    writer.bytes(
      1,
      message((pair) => {
        pair.string(1, name);
        pair.string(2, value);
      }),
    );
  }
}

function message(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.written;
}
