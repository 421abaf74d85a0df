// The sending side of histogram.ts, for tests and benchmarks.

import {normalNaNHigh, normalNaNLow, staleNaNHigh, staleNaNLow} from '../model/value.ts';
import type {Span} from '../model/histogram.ts';
import type {WrittenHistogram} from './histogram.ts';
import {ProtobufWriter} from '../base/protobuf-writer.ts';

/** Writes a Histogram as Prometheus does: what is zero is not sent, numbers are packed. */
export function writeHistogram(out: ProtobufWriter, {timeMs, histogram, integer}: WrittenHistogram): void {
  if (integer) out.int64(1, histogram?.count ?? 0);
  else out.double(2, histogram?.count ?? 0);
  if (histogram === null) out.doubleBits(3, staleNaNHigh, staleNaNLow);
  else if (histogram.sum === histogram.sum) out.double(3, histogram.sum);
  else out.doubleBits(3, normalNaNHigh, normalNaNLow);
  if (histogram !== null) {
    out.sint64(4, histogram.schema);
    out.double(5, histogram.zeroThreshold);
    if (integer) out.int64(6, histogram.zeroCount);
    else out.double(7, histogram.zeroCount);
    writeSide(out, 8, {spans: histogram.negativeSpans, buckets: histogram.negativeBuckets, integer});
    writeSide(out, 11, {spans: histogram.positiveSpans, buckets: histogram.positiveBuckets, integer});
    out.int64(14, histogram.counterResetHint);
  }
  out.int64(15, timeMs);
  if (histogram !== null && histogram.customValues.length > 0) out.packedDoubles(16, histogram.customValues);
}

function writeSide(
  out: ProtobufWriter,
  field: number,
  {spans, buckets, integer}: {spans: readonly Span[]; buckets: Float64Array; integer: boolean},
): void {
  const part = new ProtobufWriter();
  for (const {offset, length} of spans) {
    part.reset();
    part.sint64(1, offset);
    part.int64(2, length);
    out.bytes(field, part.written);
  }
  if (buckets.length === 0) return;
  if (!integer) return out.packedDoubles(field + 2, buckets);
  out.packedSint64(
    field + 1,
    Array.from(buckets, (bucket, i) => bucket - (buckets[i - 1] ?? 0)),
  );
}
