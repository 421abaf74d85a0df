import {
  indexPrevious,
  indexRange,
  indexEntries,
  indexEntryBytes,
  indexEntryMaxTime,
} from '../../kernels/index-layout.ts';
import {
  fragmentData,
  fragmentDataBytes,
  fragmentPrevious,
  openBits,
  slotLastTime,
  slotOpen,
  slotSealed,
} from '../../kernels/head-layout.ts';
import {assert} from '../../base/assert.ts';
import {encoding} from '../chunkenc/encoding.ts';
import {annexLateSealed} from './annex.ts';
import {chunkHeaderBytes, firstTime, forEachEntry} from './chunks.ts';
import {chunkWordsOffset, entryReference, filedFile, filedOffset, isFiled} from './filedchunks.ts';
import type {HeadReader} from './reader.ts';
import {openData, openMinTime, openUsed, sealedData, tagMask} from './taggedchunks.ts';

const stagingBytes = 8192;
const openSamplesMax = 256;
const isOpen = -1;

/**
 * The chunks of one series at one moment, as they are stored, for whoever makes blocks of them. Works in any thread, inside an
 * epoch of its reader. One object is used for one series after the other.
 */
export class ChunkList {
  length = 0;
  /** Times of the first and last sample of each chunk, oldest first. */
  mins = new Float64Array(64);
  maxs = new Float64Array(64);
  /** What load() found, in the reader's private memory; good until the next load() or take(). */
  data: Uint8Array = new Uint8Array(0);
  encoding = 0;
  readonly #reader: HeadReader;
  readonly #staging: number;
  readonly #columns: number;
  #lows = new Uint32Array(64);
  #highs = new Int32Array(64);
  #openChunk: Uint8Array = new Uint8Array(0);
  #openEncoding = 0;
  /** Where the chunk that was loaded is. */
  #loaded = 0;
  #loadedBytes = 0;

  constructor(reader: HeadReader) {
    this.#reader = reader;
    this.#staging = reader.scratch.arena.alloc(stagingBytes);
    this.#columns = reader.scratch.arena.alloc(16 * openSamplesMax);
  }

  free(): void {
    const {arena} = this.#reader.scratch;
    arena.free(this.#staging, stagingBytes);
    if (this.#loadedBytes > 0) arena.free(this.#loaded, this.#loadedBytes);
    arena.free(this.#columns, 16 * openSamplesMax);
  }

  /** Notes the chunks of the slot at `slot` that overlap [mint, maxt]. */
  take(slot: number, mint: number, maxt: number): void {
    const {u32, f64} = this.#reader.shared;
    this.length = 0;
    // The open chunk first: what is sealed in the meantime is then found twice, and left out once.
    const open = this.#takeOpen(slot);
    for (
      let block = Atomics.load(u32, (slot + slotSealed) >>> 2);
      block !== 0;
      block = Atomics.load(u32, (block + indexPrevious) >>> 2)
    ) {
      const range = Atomics.load(u32, (block + indexRange) >>> 2);
      for (let i = (range >>> 16) - 1; i >= (range & 0xffff); i--) {
        const entry = block + indexEntries + i * indexEntryBytes;
        const min = f64[entry >>> 3]!;
        const max = f64[(entry + indexEntryMaxTime) >>> 3]!;
        if (min <= maxt && max >= mint && min < open.min) this.#addEntry(entry, min, max);
      }
    }
    this.#reverse();
    if (open.min <= maxt && open.max >= mint) {
      this.#reserve();
      this.mins[this.length] = open.min;
      this.maxs[this.length] = open.max;
      this.#highs[this.length] = isOpen;
      this.#lows[this.length++] = 0;
    }
  }

  /** Notes the late chunks up to `reference` that overlap [mint, maxt], by the times of their first samples. */
  takeLate(annex: number, {mint, maxt, reference}: {mint: number; maxt: number; reference: number}): void {
    const {u32, f64} = this.#reader.shared;
    this.length = 0;
    if (annex === 0) return;
    forEachEntry(u32, Atomics.load(u32, (annex + annexLateSealed) >>> 2), (entry) => {
      const min = f64[entry >>> 3]!;
      const max = f64[(entry + indexEntryMaxTime) >>> 3]!;
      if (min <= maxt && max >= mint && entryReference(u32, entry) <= reference)
        this.#addEntry(entry, min, max);
    });
    this.#sort();
  }

  #sort(): void {
    const order = Array.from({length: this.length}, (_, i) => i).sort(
      (left, right) => this.mins[left]! - this.mins[right]!,
    );
    for (const column of [this.mins, this.maxs, this.#lows, this.#highs]) {
      const before = column.slice(0, this.length);
      order.forEach((from, to) => (column[to] = before[from]!));
    }
  }

  /** Loads chunk number `index`. Throws HeadChunkError where it is in a file and cannot be read. */
  load(index: number): void {
    const low = this.#lows[index]!;
    const high = this.#highs[index]!;
    const {u8, u32} = this.#reader.shared;
    if (low === 0 && high === isOpen) {
      this.#give(this.#openChunk, this.#openEncoding);
    } else if (isFiled(low)) {
      const {files} = this.#reader;
      assert(files !== null, 'a head with chunks in files is read with these');
      files.read(filedFile(low), filedOffset(high));
      this.#give(files.bytes.subarray(files.start, files.end), files.encoding);
    } else if ((low & tagMask) !== 0) {
      const block = (low & ~tagMask) >>> 0;
      this.#give(u8.subarray(block + sealedData, block + sealedData + u32[block >>> 2]!), low & tagMask);
    } else {
      this.#give(u8.subarray(low, low + (high & 0xffff)), encoding.xor);
    }
  }

  #give(chunk: Uint8Array, chunkEncoding: number): void {
    const {arena, memory} = this.#reader.scratch;
    // The decoder reads a little behind a chunk.
    const needed = chunk.length + 64;
    if (needed > this.#loadedBytes) {
      if (this.#loadedBytes > 0) arena.free(this.#loaded, this.#loadedBytes);
      this.#loadedBytes = Math.max(needed, stagingBytes);
      this.#loaded = arena.alloc(this.#loadedBytes);
    }
    memory.u8.set(chunk, this.#loaded);
    this.data = memory.u8.subarray(this.#loaded, this.#loaded + chunk.length);
    this.encoding = chunkEncoding;
  }

  /** Copies the open chunk; min > max = there is none. */
  #takeOpen(slot: number): {min: number; max: number} {
    const {u32, f64} = this.#reader.shared;
    const word = (slot + slotOpen) >>> 2;
    let tail = 0;
    let published = 0;
    do {
      tail = Atomics.load(u32, word);
      published = Atomics.load(u32, word + 1);
    } while (Atomics.load(u32, word) !== tail);
    const count = published & 0xffff;
    if (tail === 0 || count === 0) return {min: Infinity, max: -Infinity};
    if ((tail & tagMask) === 0) return this.#copyOpen(tail, count, openBits(published >>> 16));
    const block = (tail & ~tagMask) >>> 0;
    const used = Atomics.load(u32, (block + openUsed) >>> 2);
    const chunk = this.#reader.shared.u8.slice(block + openData, block + openData + used);
    this.#openChunk = chunk;
    this.#openEncoding = tail & tagMask;
    return {min: f64[(block + openMinTime) >>> 3]!, max: f64[(slot + slotLastTime) >>> 3]!};
  }

  /** The open chunk as it will be sealed, and its times. */
  #copyOpen(tail: number, count: number, bits: number): {min: number; max: number} {
    const {shared, scratch} = this.#reader;
    const {u8, f64} = scratch.memory;
    const bytes = (bits + 7) >>> 3;
    let to =
      this.#staging + chunkHeaderBytes + (Math.ceil(bytes / fragmentDataBytes) - 1) * fragmentDataBytes;
    for (let at = tail; at !== 0; at = shared.u32[(at + fragmentPrevious) >>> 2]!) {
      for (let i = 0; i < fragmentDataBytes; i++) u8[to + i] = shared.u8[at + fragmentData + i]!;
      to -= fragmentDataBytes;
    }
    const start = this.#staging + chunkHeaderBytes;
    // Bits of later samples may stand behind.
    if (bits % 8 !== 0) u8[start + bytes - 1]! &= 0xff << (8 - (bits % 8));
    u8[this.#staging] = count >>> 8;
    u8[this.#staging + 1] = count;
    this.#openChunk = u8.slice(this.#staging, start + bytes);
    this.#openEncoding = encoding.xor;
    const values = this.#columns + 8 * openSamplesMax;
    const got = scratch.kernels.xorDecode(start, bytes, count, -Infinity, Infinity, this.#columns, values);
    assert(got === count, 'a chunk in memory is whole');
    return {min: firstTime(u8, start), max: f64[(this.#columns >>> 3) + count - 1]!};
  }

  #addEntry(entry: number, min: number, max: number): void {
    const {u32} = this.#reader.shared;
    this.#reserve();
    const at = this.length++;
    const word = (entry + chunkWordsOffset) >>> 2;
    do {
      this.#lows[at] = Atomics.load(u32, word);
      this.#highs[at] = Atomics.load(u32, word + 1);
    } while (Atomics.load(u32, word) !== this.#lows[at]);
    this.mins[at] = min;
    this.maxs[at] = max;
  }

  #reverse(): void {
    for (const column of [this.mins, this.maxs, this.#lows, this.#highs])
      column.subarray(0, this.length).reverse();
  }

  #reserve(): void {
    if (this.length < this.mins.length) return;
    const capacity = 2 * this.length;
    const {mins, maxs} = this;
    const lows = this.#lows;
    const highs = this.#highs;
    this.mins = new Float64Array(capacity);
    this.maxs = new Float64Array(capacity);
    this.#lows = new Uint32Array(capacity);
    this.#highs = new Int32Array(capacity);
    this.mins.set(mins);
    this.maxs.set(maxs);
    this.#lows.set(lows);
    this.#highs.set(highs);
  }
}
