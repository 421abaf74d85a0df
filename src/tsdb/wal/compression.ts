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
/** Fewer bytes are copied faster one by one than through a view. */
const copiedByteMax = 64;

/** Undoes the compression of records. In the linear memory the kernel does it; elsewhere, and for very long ones, its twin. */
export class RecordExpander {
  /** Of the record at hand. */
  length = 0;
  /** Where it lies in the linear memory; 0 = not there. */
  address = 0;
  readonly #linear: LogMemory | null;
  readonly #source: number;
  readonly #target: number;
  /** What was expanded, or copied out of the shared memory, last. */
  #bytes = new Uint8Array(65_536);
  /** The record at hand outside the linear memory; null = not yet. */
  #record: Uint8Array | null = null;

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
   * Undoes what the bits of a fragment's type say. `stored` lies at `address` of the linear memory, with room behind it for what the
   * kernel touches, or elsewhere (0). Throws RangeError where the bytes are damaged, or would make more than `recordBytesMax`. Nothing
   * is allocated before the length was looked at. The result is good until the next call.
   */
  open(bits: number, stored: Uint8Array, address = 0): void {
    this.length = stored.length;
    this.address = address;
    this.#record = address === 0 ? stored : null;
    if (stored.length === 0) return;
    if ((bits & snappyBit) !== 0) this.#openSnappy(stored);
    else if ((bits & zstdBit) !== 0) this.#take(expandZstd(stored));
    else if (address === 0) this.#place(stored);
  }

  /** The record at hand, for what reads bytes one by one: in the shared memory they are slower to read. Good until the next open(). */
  get record(): Uint8Array {
    return (this.#record ??= this.copy(this.address, this.length));
  }

  /** Bytes of the linear memory, in the place of the record at hand. */
  copy(address: number, length: number): Uint8Array {
    const {u8} = this.#linear!.memory;
    const bytes = this.#room(length);
    if (length > copiedByteMax) bytes.set(u8.subarray(address, address + length));
    else for (let i = 0; i < length; i++) bytes[i] = u8[address + i]!;
    return bytes;
  }

  /** First byte of the record, which is not empty. */
  get type(): number {
    return this.address === 0 ? this.record[0]! : this.#linear!.memory.u8[this.address]!;
  }

  /** open(), and the record. */
  expand(bits: number, stored: Uint8Array): Uint8Array {
    this.open(bits, stored);
    return this.record;
  }

  #openSnappy(stored: Uint8Array): void {
    const {length, start} = snappyLength(stored);
    if (length > recordBytesMax)
      throw new RangeError(`snappy: ${length} bytes are more than ${recordBytesMax}`);
    if (this.#linear !== null && stored.length <= expandBytesMax && length <= expandBytesMax) {
      const {memory, kernels} = this.#linear;
      if (this.address === 0) memory.u8.set(stored, this.#source);
      const source = (this.address || this.#source) + start;
      const sound = kernels.snappyExpand(source, stored.length - start, this.#target, length);
      if (sound === 0) throw new RangeError('snappy: corrupt data');
      this.length = length;
      this.address = this.#target;
      this.#record = null;
      return;
    }
    const bytes = this.#room(length);
    if (!snappyExpand(stored, start, bytes)) throw new RangeError('snappy: corrupt data');
    this.#take(bytes);
  }

  #take(record: Uint8Array): void {
    this.length = record.length;
    this.#record = record;
    this.#place(record);
  }

  /** In the linear memory, where there is room, kernels read a record and other threads are given it. */
  #place(record: Uint8Array): void {
    this.address = 0;
    if (this.#linear === null || record.length > expandBytesMax) return;
    this.address = this.#target;
    this.#linear.memory.u8.set(record, this.#target);
  }

  #room(length: number): Uint8Array {
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
    return this.#bytes.subarray(0, length);
  }
}

function expandZstd(stored: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(stored, {maxOutputLength: recordBytesMax});
  } catch (cause) {
    throw new RangeError('zstd: corrupt data', {cause});
  }
}
