// Remote-write 1.0 requests with native histograms, for tests: of the fields of prompb.Histogram those that are used here.
import type {Labels} from '../../src/model/labels.ts';
import {ProtobufWriter} from '../../src/base/protobuf-writer.ts';
import {compressSnappy} from '../../src/remote/snappy.ts';
import {writeRequestHeaders} from '../../src/remote/writerequest-encode.ts';

/** Exponential buckets 1, 2, 3 … of schema 1 with these counts, and the zero bucket. */
export interface PushedHistogram {
  timeMs: number;
  zeroCount: number;
  buckets: readonly number[];
  sum: number;
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** Throws where the receiver does not take them. */
export async function pushHistograms(
  url: string,
  labels: Labels,
  histograms: readonly PushedHistogram[],
): Promise<void> {
  const series = new ProtobufWriter();
  const part = new ProtobufWriter();
  for (let i = 0; i < labels.length; i += 2) {
    part.reset();
    part.string(1, labels[i]!);
    part.string(2, labels[i + 1]!);
    series.bytes(1, part.written);
  }
  for (const histogram of histograms) series.bytes(4, encode(histogram, part).slice());
  const request = new ProtobufWriter();
  request.bytes(1, series.written);
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: writeRequestHeaders,
    body: new Uint8Array(compressSnappy(request.written)),
  });
  if (!response.ok) throw new Error(`cannot push histograms: ${response.status} ${await response.text()}`);
}

function encode({timeMs, zeroCount, buckets, sum}: PushedHistogram, part: ProtobufWriter): Uint8Array {
  const span = new ProtobufWriter();
  span.int64(1, zigzag(1));
  span.int64(2, buckets.length);
  part.reset();
  part.int64(1, zeroCount + buckets.reduce((total, count) => total + count, 0));
  part.double(3, sum);
  part.int64(4, zigzag(1));
  part.double(5, 0.001);
  part.int64(6, zeroCount);
  part.bytes(11, span.written);
  part.bytes(12, packed(buckets.map((count, i) => zigzag(count - (buckets[i - 1] ?? 0)))));
  part.int64(15, timeMs);
  return part.written;
}

function packed(values: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let value of values) {
    for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
    bytes.push(value);
  }
  return Uint8Array.from(bytes);
}
