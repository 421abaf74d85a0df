import {xorEncoding} from './chunkwindow.ts';
import type {SampleColumns} from './columns.ts';

export interface TimeRange {
  mint: number;
  maxt: number;
}

/** Appends those samples of a chunk in the private memory that lie in the range. Throws RangeError where it is damaged. */
export function appendChunk(
  columns: SampleColumns,
  encoding: number,
  data: Uint8Array,
  range: TimeRange,
): void {
  if (encoding !== xorEncoding) return decodeChunk(encoding, data, columns, range);
  if (!columns.appendXor(data.byteOffset, data.length, range.mint, range.maxt)) {
    throw new RangeError('the chunk is cut short');
  }
}

/** The same for the other encodings. */
export function decodeChunk(
  encoding: number,
  _data: Uint8Array,
  _columns: SampleColumns,
  _range: TimeRange,
): void {
  throw new RangeError(`unknown chunk encoding ${encoding}`);
}

export function isHistogramEncoding(encoding: number): boolean {
  return encoding === 2 || encoding === 3 || encoding === 5 || encoding === 6;
}
