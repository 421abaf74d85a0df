import {decodeChunk} from '../chunkenc/decode.ts';
import {type Encoding, encoding, isHistogramEncoding} from '../chunkenc/encoding.ts';
import type {SampleColumns} from './columns.ts';

export interface TimeRange {
  mint: number;
  maxt: number;
}

/** In chunks with start times the two highest bits of the count say something else. */
const samplesMaskST = 0x3fff;

/** Samples of a chunk, by its header. */
export function chunkSamples(chunkEncoding: number, data: Uint8Array): number {
  if (data.length < 2) return 0;
  return headerSamples(chunkEncoding, (data[0]! << 8) | data[1]!);
}

/** The same of the header's first two bytes as a number. */
export function headerSamples(chunkEncoding: number, count: number): number {
  const withStarts = chunkEncoding === encoding.histogramST || chunkEncoding === encoding.floatHistogramST;
  return withStarts ? count & samplesMaskST : count;
}

/** Appends those samples of a chunk in the private memory that lie in the range. Throws RangeError where it is damaged. */
export function appendChunk(
  columns: SampleColumns,
  chunkEncoding: number,
  data: Uint8Array,
  range: TimeRange,
): void {
  if (chunkEncoding !== encoding.xor) return appendOther(columns, chunkEncoding, data, range);
  if (!columns.appendXor(data.byteOffset, data.length, range.mint, range.maxt)) {
    throw new RangeError('the chunk is cut short');
  }
}

/** The same for all encodings but the first. */
export function appendOther(
  columns: SampleColumns,
  chunkEncoding: number,
  bytes: Uint8Array,
  range: TimeRange,
): void {
  if (!isHistogramEncoding(chunkEncoding) && chunkEncoding !== encoding.xor2) {
    throw new RangeError(`unknown chunk encoding ${chunkEncoding}`);
  }
  columns.reserve(chunkSamples(chunkEncoding, bytes));
  columns.length = decodeChunk({bytes, encoding: chunkEncoding as Encoding}, range, columns, columns.length);
}
