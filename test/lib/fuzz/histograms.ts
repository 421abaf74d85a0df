// Random native histograms: exponential ones of several schemas, ones with custom buckets, and mixtures, that grow, are
// reset, or go up and down.

import type {Random} from '../../../src/base/random.ts';
import {counterReset, customBucketsSchema, FloatHistogram, type Span} from '../../../src/model/histogram.ts';
import {staleNaNHigh, staleNaNLow} from '../../../src/model/value.ts';
import {ProtobufWriter} from '../../../src/base/protobuf-writer.ts';
import {stale} from '../../../src/storage/memory.ts';

type Make = () => number | FloatHistogram;

/** The samples of one series of the metric `name`. */
export function histogramMaker(random: Random, name: string): Make {
  switch (name) {
    case 'rpc_custom':
      return customHistograms(random);
    case 'rpc_depth':
      return gaugeHistograms(random);
    case 'rpc_mixed':
      return mixedHistograms(random);
    default:
      return exponentialHistograms(random);
  }
}

/** Counts by the index of their bucket. */
type Counts = Map<number, number>;

/** The schema changes now and then, as when a client reduces its resolution. */
function exponentialHistograms(random: Random): Make {
  let schema = random.below(6) - 1;
  let zeroThreshold = random.pick([0, 0.001, 1e-128]);
  let positive: Counts = new Map();
  let negative: Counts = new Map();
  let zeroCount = 0;
  let sum = 0;
  const hasNegative = random.below(2) === 0;
  return () => {
    if (random.below(20) === 0) {
      [positive, negative, zeroCount, sum] = [new Map(), new Map(), 0, 0];
      schema = random.below(6) - 1;
      zeroThreshold = random.pick([0, 0.001, 1e-128]);
    }
    for (let i = random.below(6); i > 0; i--) {
      observe(positive, random.below(12) - 3);
      if (hasNegative) observe(negative, random.below(8) - 2);
      if (random.below(3) === 0) zeroCount++;
      sum += random.below(64) / 8;
    }
    if (random.below(100) === 0) sum = NaN;
    return histogramOf({schema, zeroThreshold, zeroCount, sum, positive, negative});
  };
}

function gaugeHistograms(random: Random): Make {
  const schema = random.below(4);
  /** Some have counts that are no integers. */
  const scale = random.pick([1, 0.125]);
  return () => {
    const positive: Counts = new Map();
    for (let i = random.below(10); i > 0; i--) observe(positive, random.below(8), scale);
    const sum = (random.below(2000) - 1000) / 8;
    const parts = {schema, zeroThreshold: 0.001, zeroCount: scale * random.below(3), sum, positive};
    return histogramOf({...parts, negative: new Map()}).with({counterResetHint: counterReset.gauge});
  };
}

const customBounds: readonly (readonly number[])[] = [
  [0.1, 0.5, 1, 5],
  [0.1, 0.5, 2, 5],
  [-1, 0, 1],
  [1, 5],
];

function customHistograms(random: Random): Make {
  let bounds = random.pick(customBounds);
  let counts: Counts = new Map();
  let sum = 0;
  return () => {
    if (random.below(20) === 0) {
      bounds = random.pick(customBounds);
      counts = new Map();
      sum = 0;
    }
    for (let i = random.below(6); i > 0; i--) {
      observe(counts, random.below(bounds.length + 1));
      sum += random.below(64) / 8;
    }
    const parts = {schema: customBucketsSchema, zeroThreshold: 0, zeroCount: 0, sum};
    return histogramOf({...parts, positive: counts, negative: new Map()}).with({customValues: bounds});
  };
}

/** Floats for a while, then histograms, then other ones. */
function mixedHistograms(random: Random): Make {
  const makers: Make[] = [exponentialHistograms(random), customHistograms(random), () => random.below(100)];
  let make = random.pick(makers);
  return () => {
    if (random.below(12) === 0) make = random.pick(makers);
    return make();
  };
}

function observe(counts: Counts, bucket: number, weight = 1): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + weight);
}

function histogramOf(parts: {
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  sum: number;
  positive: Counts;
  negative: Counts;
}): FloatHistogram {
  const {positive, negative, ...rest} = parts;
  const [positiveSpans, positiveBuckets] = spansOf(positive);
  const [negativeSpans, negativeBuckets] = spansOf(negative);
  const total = (buckets: Float64Array): number => buckets.reduce((all, each) => all + each, 0);
  const count = rest.zeroCount + total(positiveBuckets) + total(negativeBuckets);
  return new FloatHistogram({
    ...rest,
    count,
    positiveSpans,
    positiveBuckets,
    negativeSpans,
    negativeBuckets,
  });
}

function spansOf(counts: Counts): [Span[], Float64Array] {
  const indices = [...counts.keys()].sort((a, b) => a - b);
  const spans: {offset: number; length: number}[] = [];
  let end = 0;
  for (const [at, index] of indices.entries()) {
    if (at > 0 && index === end) spans.at(-1)!.length++;
    else spans.push({offset: at === 0 ? index : index - end, length: 1});
    end = index + 1;
  }
  return [spans, Float64Array.from(indices, (index) => counts.get(index)!)];
}

/** The message Histogram of remote write 1.0; counts are sent as integers where they are. */
export function encodeHistogram(histogram: FloatHistogram | typeof stale, timeMs: number): Uint8Array {
  const message = new ProtobufWriter();
  if (histogram === stale) {
    message.int64(1, 0);
    message.doubleBits(3, staleNaNHigh, staleNaNLow);
    message.int64(15, timeMs);
    return message.written.slice();
  }
  const part = new ProtobufWriter();
  const spans = (field: number, list: readonly Span[]): void => {
    for (const {offset, length} of list) {
      part.reset();
      part.int64(1, zigZag(offset));
      part.int64(2, length);
      message.bytes(field, part.written);
    }
  };
  const isWhole = Number.isInteger(histogram.zeroCount) && histogram.positiveBuckets.every(Number.isInteger);
  const deltas = (field: number, counts: Float64Array): void => {
    if (!isWhole) return counts.forEach((count) => message.double(field + 1, count));
    let before = 0;
    for (const count of counts) {
      message.int64(field, zigZag(count - before));
      before = count;
    }
  };
  if (isWhole) message.int64(1, histogram.count);
  else message.double(2, histogram.count);
  message.double(3, histogram.sum);
  message.int64(4, zigZag(histogram.schema));
  message.double(5, histogram.zeroThreshold);
  if (isWhole) message.int64(6, histogram.zeroCount);
  else message.double(7, histogram.zeroCount);
  spans(8, histogram.negativeSpans);
  deltas(9, histogram.negativeBuckets);
  spans(11, histogram.positiveSpans);
  deltas(12, histogram.positiveBuckets);
  message.int64(14, histogram.counterResetHint);
  message.int64(15, timeMs);
  for (const bound of histogram.customValues) message.double(16, bound);
  return message.written.slice();
}

function zigZag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
