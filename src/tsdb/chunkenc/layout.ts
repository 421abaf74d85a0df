// What all histograms of a chunk have in common, written once at its beginning:
//
//     zeroThreshold  schema:varbitInt  positiveSpans  negativeSpans  customValues (schema -53 only)
//     spans: count:varbitUint {length:varbitUint offset:varbitInt} × count

import {customBucketsSchema, type Span} from '../../model/histogram.ts';
import type {BitReader, BitWriter} from './bits.ts';
import {readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint} from './varbit.ts';

export interface Layout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: readonly number[];
}

/** What a chunk that begins with a stale marker has. */
export const emptyLayout: Layout = {
  schema: 0,
  zeroThreshold: 0,
  positiveSpans: [],
  negativeSpans: [],
  customValues: [],
};

const schemaMin = -9;
const schemaMax = 52;

export function writeLayout(out: BitWriter, layout: Layout): void {
  writeZeroThreshold(out, layout.zeroThreshold);
  writeVarbitInt(out, layout.schema);
  writeSpans(out, layout.positiveSpans);
  writeSpans(out, layout.negativeSpans);
  if (layout.schema !== customBucketsSchema) return;
  writeVarbitUint(out, layout.customValues.length);
  for (const bound of layout.customValues) writeBound(out, bound);
}

/** Throws a RangeError where the bytes hold no layout, or one with more buckets than they can have counts for. */
export function readLayout(from: BitReader): Layout {
  const zeroThreshold = readZeroThreshold(from);
  const schema = readVarbitInt(from);
  if (schema !== customBucketsSchema && !(schema >= schemaMin && schema <= schemaMax)) {
    throw new RangeError(
      `histogram has an unknown schema, which must be between ${schemaMin} and ${schemaMax} for exponential buckets, ` +
        `or ${customBucketsSchema} for custom buckets, got schema ${schema}`,
    );
  }
  const positiveSpans = readSpans(from);
  const negativeSpans = readSpans(from);
  const customValues: number[] = [];
  if (schema === customBucketsSchema) {
    for (let left = readCount(from); left > 0; left--) customValues.push(readBound(from));
  }
  if (bucketCount(positiveSpans) + bucketCount(negativeSpans) > from.left) {
    throw new RangeError(`a histogram has more buckets than the ${from.left} bits that are left`);
  }
  return {schema, zeroThreshold, positiveSpans, negativeSpans, customValues};
}

/** Buckets that spans cover. */
export function bucketCount(spans: readonly Span[]): number {
  let count = 0;
  for (let i = 0; i < spans.length; i++) count += spans[i]!.length;
  return count;
}

function writeSpans(out: BitWriter, spans: readonly Span[]): void {
  writeVarbitUint(out, spans.length);
  for (const {offset, length} of spans) {
    writeVarbitUint(out, length);
    writeVarbitInt(out, offset);
  }
}

function readSpans(from: BitReader): Span[] {
  const spans: Span[] = [];
  for (let left = readCount(from); left > 0; left--) {
    const length = readVarbitUint(from) >>> 0;
    spans.push({offset: readVarbitInt(from) | 0, length});
  }
  return spans;
}

/** A number of items that take at least a bit each. */
function readCount(from: BitReader): number {
  const count = readVarbitUint(from);
  if (count > from.left) throw new RangeError(`${count} items do not fit into ${from.left} bits`);
  return count;
}

/** 0 and powers of two between 2^-243 and 2^10 take a byte, others nine. */
function writeZeroThreshold(out: BitWriter, threshold: number): void {
  if (threshold === 0) return out.write(0, 8);
  const exponent = Math.round(Math.log2(threshold));
  if (exponent >= -243 && exponent <= 10 && 2 ** exponent === threshold) return out.write(exponent + 244, 8);
  out.write(255, 8);
  writeFloat(out, threshold);
}

function readZeroThreshold(from: BitReader): number {
  const byte = from.read(8);
  if (byte === 0) return 0;
  return byte === 255 ? readFloat(from) : 2 ** (byte - 244);
}

/** Bounds with at most three decimals, up to 33554.43, are written as whole thousandths; others as a 0 bit and all 64 bits. */
function writeBound(out: BitWriter, bound: number): void {
  const thousandths = bound * 1000;
  const whole = Math.round(thousandths);
  if (thousandths >= 0 && thousandths <= 33_554_430 && whole / 1000 === bound) {
    return writeVarbitUint(out, whole + 1);
  }
  out.write(0, 1);
  writeFloat(out, bound);
}

function readBound(from: BitReader): number {
  const code = readVarbitUint(from);
  return code === 0 ? readFloat(from) : (code - 1) / 1000;
}

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

function writeFloat(out: BitWriter, value: number): void {
  float[0] = value;
  out.write64(floatWords[1]!, floatWords[0]!);
}

function readFloat(from: BitReader): number {
  floatWords[0] = from.read64();
  floatWords[1] = from.high;
  return float[0]!;
}
