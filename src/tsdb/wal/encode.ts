// Records of the log (tsdb/record in Prometheus): a type byte, then entries until the record ends. `string` is a uvarint of
// its bytes and the UTF-8 bytes; `labels` a uvarint of their number and name and value of each as strings.
//
//     series      ref: u64   labels
//     samples     base ref: u64   base time: i64   then for each   ref - base: varint   time - base: varint   value: f64
//     tombstones  ref: u64   mint: varint   maxt: varint
//     exemplars   as samples, and labels after each value
//     markers     ref: u64   reference of a chunk: u64
//     metadata    ref: uvarint   metric type: u8   2: uvarint   "UNIT" string   unit: string   "HELP" string   help: string

import {
  putInt64,
  putUint64,
  putUvarint,
  putVarint,
  uvarintBytes,
  varintBytesMax,
  putUint32,
} from '../../base/varint.ts';
import type {Labels} from '../../model/labels.ts';
import {recordType} from './format.ts';

const encoder = new TextEncoder();
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** The metric types in the order of their numbers in a metadata record. */
export const metricTypes = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const;

/** A growing buffer for one record. begin() starts it over and keeps the capacity. */
export class RecordBuffer {
  bytes = new Uint8Array(4096);
  length = 0;
  /** Type of the record, 0 where none was begun. */
  type = 0;
  #baseRef = 0;
  #baseTime = 0;

  begin(type: number): void {
    this.type = type;
    this.bytes[0] = type;
    this.length = 1;
  }

  clear(): void {
    this.type = 0;
    this.length = 0;
    if (this.bytes.length > capacityKept) this.bytes = new Uint8Array(4096);
  }

  series(ref: number, labels: Labels): void {
    this.#reserve(8);
    this.length = putUint64(this.bytes, this.length, ref);
    this.#labels(labels);
  }

  /** `mint` and `maxt` are milliseconds in [-2^63, 2^63]. */
  tombstone(ref: number, mint: number, maxt: number): void {
    this.#reserve(8 + 2 * varintBytesMax);
    this.length = putUint64(this.bytes, this.length, ref);
    this.length = putVarint(this.bytes, this.length, mint);
    this.length = putVarint(this.bytes, this.length, maxt);
  }

  /** `reference` names a chunk in the files of head chunks. */
  marker(ref: number, reference: number): void {
    this.#reserve(16);
    this.length = putUint64(this.bytes, this.length, ref);
    this.length = putUint64(this.bytes, this.length, reference);
  }

  exemplar(ref: number, time: number, value: number, labels: Labels): void {
    this.#reserve(16 + 2 * varintBytesMax + 8);
    if (this.length === 1) {
      this.#baseRef = ref;
      this.#baseTime = time;
      this.length = putUint64(this.bytes, this.length, ref);
      this.length = putInt64(this.bytes, this.length, time);
    }
    this.length = putVarint(this.bytes, this.length, ref - this.#baseRef);
    this.length = putVarint(this.bytes, this.length, time - this.#baseTime);
    float[0] = value;
    for (let i = 7; i >= 0; i--) this.bytes[this.length++] = floatBytes[i]!;
    this.#labels(labels);
  }

  /** An unknown `metricType` is written as "unknown". */
  metadata(ref: number, metricType: string, unit: string, help: string): void {
    this.#reserve(2 * varintBytesMax + 1);
    this.length = putUvarint(this.bytes, this.length, ref);
    this.bytes[this.length++] = Math.max(0, (metricTypes as readonly string[]).indexOf(metricType));
    this.bytes[this.length++] = 2;
    this.#string('UNIT');
    this.#string(unit);
    this.#string('HELP');
    this.#string(help);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  int64(value: number): void {
    this.#reserve(8);
    this.length = putInt64(this.bytes, this.length, value);
  }

  /** Eight bytes by their halves. */
  words(high: number, low: number): void {
    this.#reserve(8);
    this.length = putUint32(this.bytes, putUint32(this.bytes, this.length, high), low);
  }

  uvarint(value: number): void {
    this.#reserve(varintBytesMax);
    this.length = putUvarint(this.bytes, this.length, value);
  }

  varint(value: number): void {
    this.#reserve(varintBytesMax);
    this.length = putVarint(this.bytes, this.length, value);
  }

  /** source[start, end) as it is. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.bytes.set(source.subarray(start, end), this.length);
    this.length += end - start;
  }

  #labels(labels: Labels): void {
    this.#reserve(varintBytesMax);
    this.length = putUvarint(this.bytes, this.length, labels.length / 2);
    for (let i = 0; i < labels.length; i++) this.#string(labels[i]!);
  }

  #string(text: string): void {
    const chars = text.length;
    this.#reserve(varintBytesMax + 3 * chars); // A UTF-16 unit makes at most three bytes.
    const {bytes} = this;
    const start = this.length + uvarintBytes(chars);
    for (let i = 0; i < chars; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return this.#unicode(text);
      bytes[start + i] = unit;
    }
    putUvarint(bytes, this.length, chars);
    this.length = start + chars;
  }

  #unicode(text: string): void {
    // The length is only known afterwards: leave room for its varint, then close the gap.
    const gap = uvarintBytes(3 * text.length);
    const start = this.length + gap;
    const {written} = encoder.encodeInto(text, this.bytes.subarray(start));
    const from = putUvarint(this.bytes, this.length, written);
    this.bytes.copyWithin(from, start, start + written);
    this.length = from + written;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** A buffer beyond this is given back after use. */
const capacityKept = 1024 * 1024;

/** Bytes before the first sample of a samples record. */
export const samplesHeaderBytes = 17;

/** Writes type, base ref and base time of a samples record. */
export function putSamplesHeader(bytes: Uint8Array, at: number, baseRef: number, baseTime: number): void {
  bytes[at] = recordType.samples;
  putInt64(bytes, putUint64(bytes, at + 1, baseRef), baseTime);
}
