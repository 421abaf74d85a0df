// Parts of the messages of the protobuf exposition format:
//
//     LabelPair  string name = 1; string value = 2
//     Exemplar   repeated LabelPair label = 1; double value = 2; Timestamp timestamp = 3
//     Timestamp  int64 seconds = 1; int32 nanos = 2

import {type ProtobufReader, wireBytes, wireFixed64, wireVarint} from '../base/protobuf.ts';

/** Quantiles, classic buckets, spans, exemplars or labels of one metric. */
export const partsMax = 65_536;

/** Where the contents of a message lie in the body. */
export interface Range {
  start: number;
  end: number;
}

const tagLabel = (1 << 3) | wireBytes;
const tagExemplarValue = (2 << 3) | wireFixed64;
const tagExemplarTimestamp = (3 << 3) | wireBytes;
const tagName = (1 << 3) | wireBytes;
const tagText = (2 << 3) | wireBytes;
const tagSeconds = (1 << 3) | wireVarint;
const tagNanos = (2 << 3) | wireVarint;

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** What an Exemplar message says. `timeMs` is NaN where it has no timestamp. */
export interface ExemplarMessage {
  pairs: string[];
  value: number;
  timeMs: number;
}

/** Reads the Exemplar in `range`; the reader's position is lost. */
export function readExemplar(reader: ProtobufReader, {start, end}: Range): ExemplarMessage {
  const exemplar: ExemplarMessage = {pairs: [], value: 0, timeMs: NaN};
  reader.position = start;
  while (reader.position < end) {
    const tag = reader.readTag(end);
    if (tag === tagLabel) {
      const label = readRange(reader, end);
      readLabelPair(reader, label.start, label.end, exemplar.pairs);
      limitParts(exemplar.pairs.length, 'labels of an exemplar');
      reader.position = label.end;
    } else if (tag === tagExemplarValue) exemplar.value = reader.readDouble(end);
    else if (tag === tagExemplarTimestamp) exemplar.timeMs = readTimestamp(reader, end);
    else reader.skip(tag, end);
  }
  return exemplar;
}

/** Adds the name and the value of the LabelPair in bytes[start, end) to `pairs`; the reader's position is lost. */
export function readLabelPair(reader: ProtobufReader, start: number, end: number, pairs: string[]): void {
  reader.position = start;
  let name = '';
  let value = '';
  while (reader.position < end) {
    const tag = reader.readTag(end);
    const isName = tag === tagName;
    if (!isName && tag !== tagText) {
      reader.skip(tag, end);
      continue;
    }
    reader.readBytes(end);
    const bytes = reader.bytes.subarray(reader.position, reader.end);
    reader.position = reader.end;
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      throw new SyntaxError(`invalid label ${isName ? 'name' : 'value'} before byte ${end}: no UTF-8`);
    }
    if (isName) name = text;
    else value = text;
  }
  if (name === '') throw new SyntaxError('invalid label name: ""');
  pairs.push(name, value);
}

/** Steps over a message and tells its place. */
export function readRange(reader: ProtobufReader, limit: number): Range {
  reader.readBytes(limit);
  const range = {start: reader.position, end: reader.end};
  reader.position = range.end;
  return range;
}

/** Reads a Timestamp message as milliseconds. */
export function readTimestamp(reader: ProtobufReader, limit: number): number {
  reader.readBytes(limit);
  const {end} = reader;
  let seconds = 0;
  let nanos = 0;
  while (reader.position < end) {
    const tag = reader.readTag(end);
    if (tag === tagSeconds) seconds = reader.readInt64(end);
    else if (tag === tagNanos) nanos = reader.readInt64(end);
    else reader.skip(tag, end);
  }
  return seconds * 1000 + Math.trunc(nanos / 1e6);
}

/** Throws where a message has more parts than anybody sends. */
export function limitParts(count: number, what: string): void {
  if (count > partsMax) throw new RangeError(`a metric has more ${what} than the limit of ${partsMax}`);
}
