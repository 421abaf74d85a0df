// What the Histograms of the exposition format and of remote write have in common: spans, and numbers of buckets written one
// by one or packed.

import {type ProtobufReader, wireBytes, wireFixed64, wireVarint} from '../base/protobuf.ts';
import type {Span} from '../model/histogram.ts';
import {InvalidHistogram} from '../model/histogram/validate.ts';
import {partsMax} from './familyparts.ts';

/** Throws where a message has more parts than anybody sends. */
function limitParts(count: number, what: string): void {
  if (count > partsMax)
    throw new InvalidHistogram(`a histogram has more ${what} than the limit of ${partsMax}`);
}

/** Reads a BucketSpan (`sint32 offset = 1; uint32 length = 2`) and adds it to `into`. */
export function readSpan(reader: ProtobufReader, limit: number, into: Span[]): void {
  reader.readBytes(limit);
  const {end} = reader;
  let offset = 0;
  let length = 0;
  while (reader.position < end) {
    const tag = reader.readTag(end);
    if (tag === ((1 << 3) | wireVarint)) offset = reader.readZigZag(end) | 0;
    else if (tag === ((2 << 3) | wireVarint)) length = reader.readUint64(end) >>> 0;
    else reader.skip(tag, end);
  }
  into.push({offset, length});
  limitParts(into.length, 'spans');
}

/** Adds one number of the field with this tag, or a run of them, to `into`. A field of another wire type means nothing. */
export function readNumbers(
  reader: ProtobufReader,
  end: number,
  {tag, kind, into}: {tag: number; kind: 'delta' | 'double'; into: number[]},
): void {
  const wire = tag & 7;
  if (wire !== (kind === 'delta' ? wireVarint : wireFixed64) && wire !== wireBytes) {
    reader.skip(tag, end);
    return;
  }
  let limit = end;
  if (wire === wireBytes) {
    reader.readBytes(end);
    limit = reader.end;
  }
  do {
    if (reader.position < limit) {
      into.push(kind === 'delta' ? reader.readZigZag(limit) : reader.readDouble(limit));
    }
    limitParts(into.length, 'buckets');
  } while (wire === wireBytes && reader.position < limit);
}

/** Counts of buckets, each of which is given as the difference to the one before. */
export function countsOfDeltas(deltas: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(deltas, (delta) => (sum += delta));
}
