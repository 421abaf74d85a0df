import {createRequire} from 'node:module';
import {zstdCompressSync, zstdDecompressSync} from 'node:zlib';
import {recordBytesMax, snappyBit, zstdBit} from './format.ts';

const snappy = createRequire(import.meta.url)('snappy-wasm') as {
  compress_raw(bytes: Uint8Array): Uint8Array;
  decompress_raw(bytes: Uint8Array): Uint8Array;
};

/** A snappy copy of 3 bytes makes at most 64. */
const snappyExpansionMax = 22;

export type Compression = 'none' | 'snappy' | 'zstd';

export interface StoredRecord {
  bytes: Uint8Array;
  /** What they were compressed with, as bits of a fragment's type. */
  bits: number;
}

/** A record that becomes no shorter is stored bare, as Prometheus does. */
export function compressRecord(compression: Compression, record: Uint8Array): StoredRecord {
  if (compression === 'none') return {bytes: record, bits: 0};
  const bytes = compression === 'snappy' ? snappy.compress_raw(record) : zstdCompressSync(record);
  if (bytes.length >= record.length) return {bytes: record, bits: 0};
  return {bytes, bits: compression === 'snappy' ? snappyBit : zstdBit};
}

/**
 * Undoes what the bits of a fragment's type say. Throws RangeError where the bytes are damaged, or would make more than
 * `recordBytesMax`. Nothing is allocated before the length was looked at.
 */
export function decompressRecord(bits: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  if ((bits & snappyBit) !== 0) return decompressSnappy(bytes);
  if ((bits & zstdBit) !== 0) return decompressZstd(bytes);
  return bytes;
}

function decompressSnappy(bytes: Uint8Array): Uint8Array {
  const length = snappyLength(bytes);
  if (length > recordBytesMax || length > snappyExpansionMax * bytes.length) {
    throw new RangeError(`${bytes.length} bytes of snappy claim to hold ${length}`);
  }
  try {
    return snappy.decompress_raw(bytes);
  } catch (cause) {
    throw new RangeError('snappy data is damaged', {cause});
  }
}

function snappyLength(bytes: Uint8Array): number {
  let length = 0;
  for (let i = 0, scale = 1; i < 5 && i < bytes.length; i++, scale *= 0x80) {
    length += (bytes[i]! & 0x7f) * scale;
    if (bytes[i]! < 0x80) return length;
  }
  throw new RangeError('snappy data has no length');
}

function decompressZstd(bytes: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(bytes, {maxOutputLength: recordBytesMax});
  } catch (cause) {
    throw new RangeError('zstd data is damaged', {cause});
  }
}
