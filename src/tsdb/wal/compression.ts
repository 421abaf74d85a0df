import {zstdCompressSync, zstdDecompressSync} from 'node:zlib';
import {
  snappyBytesMax,
  snappyCompress,
  snappyExpand,
  snappyLength,
  snappySlackBytes,
  snappyTableBytes,
} from '../../kernels/snappy.ts';
import {recordBytesMax, snappyBit, zstdBit} from './format.ts';
import type {LogMemory} from './page-buffer.ts';

export type Compression = 'none' | 'snappy' | 'zstd';

export interface StoredRecord {
  bytes: Uint8Array;
  /** What they were compressed with, as bits of a fragment's type. */
  bits: number;
}

/** Compresses records; those that are longer than a writer's usual ones are stored bare. */
export class RecordCompressor {
  readonly #compression: Compression;
  readonly #linear: LogMemory;
  readonly #recordBytes: number;
  /** Records from elsewhere are copied to #source. */
  readonly #source: number;
  readonly #target: number;
  readonly #table: number;
  readonly #bytes: {source: number; target: number};

  constructor(compression: Compression, linear: LogMemory, recordBytes: number) {
    const {arena} = linear;
    this.#compression = compression;
    this.#linear = linear;
    this.#recordBytes = recordBytes;
    this.#bytes = {
      source: recordBytes + snappySlackBytes,
      target: snappyBytesMax(recordBytes) + snappySlackBytes,
    };
    this.#source = arena.alloc(this.#bytes.source);
    this.#target = arena.alloc(this.#bytes.target);
    this.#table = arena.alloc(snappyTableBytes);
  }

  free(): void {
    const {arena} = this.#linear;
    arena.free(this.#source, this.#bytes.source);
    arena.free(this.#target, this.#bytes.target);
    arena.free(this.#table, snappyTableBytes);
  }

  /** A record that becomes no shorter is stored bare, as Prometheus does. The result is good until the next call. */
  compress(record: Uint8Array): StoredRecord {
    if (this.#compression === 'zstd') return shorter(zstdCompressSync(record), zstdBit, record);
    if (this.#compression === 'none' || record.length > this.#recordBytes) return {bytes: record, bits: 0};
    const {memory, kernels} = this.#linear;
    let address = record.byteOffset;
    if (record.buffer !== memory.u8.buffer) {
      memory.u8.set(record, this.#source);
      address = this.#source;
    }
    const length = kernels.snappyCompress(address, record.length, this.#target, this.#table);
    return shorter(memory.u8.subarray(this.#target, this.#target + length), snappyBit, record);
  }
}

function shorter(bytes: Uint8Array, bits: number, record: Uint8Array): StoredRecord {
  return bytes.length < record.length ? {bytes, bits} : {bytes: record, bits: 0};
}

/** The same without the linear memory, slower. */
export function compressRecord(compression: Compression, record: Uint8Array): StoredRecord {
  if (compression === 'none') return {bytes: record, bits: 0};
  if (compression === 'zstd') return shorter(zstdCompressSync(record), zstdBit, record);
  return shorter(snappyCompress(record), snappyBit, record);
}

/** Longer records are expanded by the kernel's twin. */
const expandBytesMax = 1024 * 1024;

/** Undoes the compression of records. In the linear memory the kernel does it; elsewhere, and for very long ones, its twin. */
export class RecordExpander {
  readonly #linear: LogMemory | null;
  readonly #source: number;
  readonly #target: number;
  /** What was expanded last. */
  #bytes = new Uint8Array(65_536);

  constructor(linear: LogMemory | null = null) {
    this.#linear = linear;
    this.#source = linear?.arena.alloc(expandBytesMax + snappySlackBytes) ?? 0;
    this.#target = linear?.arena.alloc(expandBytesMax + snappySlackBytes) ?? 0;
  }

  free(): void {
    this.#linear?.arena.free(this.#source, expandBytesMax + snappySlackBytes);
    this.#linear?.arena.free(this.#target, expandBytesMax + snappySlackBytes);
  }

  /**
   * Undoes what the bits of a fragment's type say. Throws RangeError where the bytes are damaged, or would make more than
   * `recordBytesMax`. Nothing is allocated before the length was looked at. The result is good until the next call.
   */
  expand(bits: number, stored: Uint8Array): Uint8Array {
    if (stored.length === 0) return stored;
    if ((bits & snappyBit) !== 0) return this.#expandSnappy(stored);
    if ((bits & zstdBit) !== 0) return expandZstd(stored);
    return stored;
  }

  #expandSnappy(stored: Uint8Array): Uint8Array {
    const {length, start} = snappyLength(stored);
    if (length > recordBytesMax)
      throw new RangeError(`snappy: ${length} bytes are more than ${recordBytesMax}`);
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
    const bytes = this.#bytes.subarray(0, length);
    const sound =
      this.#linear !== null && stored.length <= expandBytesMax && length <= expandBytesMax
        ? this.#expandByKernel(this.#linear, stored, start, bytes)
        : snappyExpand(stored, start, bytes);
    if (!sound) throw new RangeError('snappy: corrupt data');
    return bytes;
  }

  /** What the kernel makes is copied out of the shared memory, where bytes are slower to read. */
  #expandByKernel(
    {memory, kernels}: LogMemory,
    stored: Uint8Array,
    start: number,
    bytes: Uint8Array,
  ): boolean {
    memory.u8.set(stored, this.#source);
    const rest = stored.length - start;
    if (kernels.snappyExpand(this.#source + start, rest, this.#target, bytes.length) === 0) return false;
    bytes.set(memory.u8.subarray(this.#target, this.#target + bytes.length));
    return true;
  }
}

function expandZstd(stored: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(stored, {maxOutputLength: recordBytesMax});
  } catch (cause) {
    throw new RangeError('zstd: corrupt data', {cause});
  }
}
