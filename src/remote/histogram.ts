// The Histogram of remote write 1.0:
//
//     oneof {uint64 count_int = 1; double count_float = 2}; double sum = 3; sint32 schema = 4; double zero_threshold = 5;
//     oneof {uint64 zero_count_int = 6; double zero_count_float = 7};
//     repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
//     repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
//     ResetHint reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16
//     BucketSpan    sint32 offset = 1; uint32 length = 2

import {countsOfDeltas, readNumbers, readSpan} from '../formats/histogramparts.ts';
import {counterReset, type CounterResetHint, FloatHistogram, type Span} from '../model/histogram.ts';
import {acceptHistogram} from '../model/histogram/received.ts';
import {staleNaNHigh, staleNaNLow} from '../model/value.ts';
import {wireBytes, wireFixed64, wireVarint, type ProtobufReader} from '../base/protobuf.ts';

export interface WrittenHistogram {
  timeMs: number;
  /** Null = stale marker. */
  histogram: FloatHistogram | null;
  integer: boolean;
}

const field = {
  countInt: (1 << 3) | wireVarint,
  countFloat: (2 << 3) | wireFixed64,
  sum: (3 << 3) | wireFixed64,
  schema: (4 << 3) | wireVarint,
  zeroThreshold: (5 << 3) | wireFixed64,
  zeroCountInt: (6 << 3) | wireVarint,
  zeroCountFloat: (7 << 3) | wireFixed64,
  negativeSpans: (8 << 3) | wireBytes,
  positiveSpans: (11 << 3) | wireBytes,
  resetHint: (14 << 3) | wireVarint,
  timestamp: (15 << 3) | wireVarint,
} as const;

/** Fields of numbers that are written one by one, or packed. */
const negativeDeltas = 9;
const negativeCounts = 10;
const positiveDeltas = 12;
const positiveCounts = 13;
const customValues = 16;

/** What is read of a message, field by field; later ones of the same number count. */
class Message {
  integer = true;
  count = 0;
  sum = 0;
  isStale = false;
  schema = 0;
  zeroThreshold = 0;
  /** By kind, integer and float: the one that is not set is 0. */
  zeroCount = {integer: true, value: 0};
  readonly spans: {positive: Span[]; negative: Span[]} = {positive: [], negative: []};
  readonly numbers = new Map<number, number[]>([
    [negativeDeltas, []],
    [negativeCounts, []],
    [positiveDeltas, []],
    [positiveCounts, []],
    [customValues, []],
  ]);
  resetHint = 0;
  timeMs = 0;
}

/**
 * Reads the Histogram up to `end`. Throws SyntaxError where the bytes are none, InvalidHistogram where it contradicts itself.
 * Finer buckets than there are here are merged.
 */
export function readHistogram(reader: ProtobufReader, end: number): WrittenHistogram {
  const message = new Message();
  while (reader.position < end) readField(reader, end, message);
  const {integer, timeMs} = message;
  const histogram = histogramOf(message);
  const accepted = acceptHistogram(histogram, integer);
  return {timeMs, histogram: message.isStale ? null : accepted, integer};
}

function readField(reader: ProtobufReader, end: number, message: Message): void {
  const tag = reader.readTag(end);
  switch (tag) {
    case field.countInt:
      message.integer = true;
      message.count = reader.readUint64(end);
      break;
    case field.countFloat:
      message.integer = false;
      message.count = reader.readDouble(end);
      break;
    case field.sum:
      message.sum = reader.readDouble(end);
      message.isStale = reader.high === staleNaNHigh && reader.low === staleNaNLow;
      break;
    case field.schema:
      message.schema = reader.readZigZag(end) | 0;
      break;
    case field.zeroThreshold:
      message.zeroThreshold = reader.readDouble(end);
      break;
    case field.zeroCountInt:
      message.zeroCount = {integer: true, value: reader.readUint64(end)};
      break;
    case field.zeroCountFloat:
      message.zeroCount = {integer: false, value: reader.readDouble(end)};
      break;
    case field.positiveSpans:
      readSpan(reader, end, message.spans.positive);
      break;
    case field.negativeSpans:
      readSpan(reader, end, message.spans.negative);
      break;
    case field.resetHint:
      message.resetHint = reader.readUint64(end);
      break;
    case field.timestamp:
      message.timeMs = reader.readInt64(end);
      break;
    default:
      readNumbersOf(reader, end, tag, message);
  }
}

/** Reads one number, or a run of them, or a field that means nothing here. */
function readNumbersOf(reader: ProtobufReader, end: number, tag: number, {numbers}: Message): void {
  const number = tag >>> 3;
  const into = numbers.get(number);
  if (into === undefined) return reader.skip(tag, end);
  const kind = number === negativeDeltas || number === positiveDeltas ? 'delta' : 'double';
  readNumbers(reader, end, {tag, kind, into});
}

function histogramOf(message: Message): FloatHistogram {
  const {integer, numbers, resetHint, zeroCount} = message;
  const buckets = (deltas: number, counts: number): Float64Array =>
    integer ? countsOfDeltas(numbers.get(deltas)!) : Float64Array.from(numbers.get(counts)!);
  return new FloatHistogram({
    counterResetHint: (resetHint <= counterReset.gauge
      ? resetHint
      : counterReset.unknown) as CounterResetHint,
    schema: message.schema,
    zeroThreshold: message.zeroThreshold,
    zeroCount: zeroCount.integer === integer ? zeroCount.value : 0,
    count: message.count,
    sum: message.sum,
    positiveSpans: message.spans.positive,
    negativeSpans: message.spans.negative,
    positiveBuckets: buckets(positiveDeltas, positiveCounts),
    negativeBuckets: buckets(negativeDeltas, negativeCounts),
    customValues: numbers.get(customValues)!,
  });
}
