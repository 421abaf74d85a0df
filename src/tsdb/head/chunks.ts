import {
  indexPrevious,
  indexRange,
  indexCapacity,
  indexEntries,
  indexEntryBytes,
  indexEntryMaxTime,
  indexEntryChunk,
  indexEntryBytesField,
  indexEntrySamples,
  indexCapacityMin,
} from '../../kernels/index-layout.ts';
import {
  fragmentBytes,
  fragmentData,
  fragmentPrevious,
  openBits,
  slotLastTime,
  slotLastValue,
  slotOpen,
  slotOpenPlace,
  slotOpenCount,
  slotSealed,
} from '../../kernels/head-layout.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {staleNaNHigh, staleNaNLow} from '../../model/value.ts';
import {chunkSamples} from '../block/decode.ts';
import {type Encoding, encoding} from '../chunkenc/encoding.ts';
import {type Reclaimer, retiredFragments} from './epochs.ts';
import {entryReference, type FiledChunk, filedFile, filedHigh, filedLow, isFiled} from './filedchunks.ts';
import {sealedData, tagMask, TaggedChunks, type TaggedOptions} from './taggedchunks.ts';

// Sealed chunks of a series: a chain of index blocks, the newest first, each at most twice as large as the one before it, with its
// entries oldest first. A chunk is its bytes as Prometheus has them, header included, trimmed.
//
//     previous:u32  range:u32  capacity:u32  unused:u32  entry × capacity
//     entry: minTime:f64  maxTime:f64  chunk:u32  bytes:u16  samples:u16
//
// An address whose lowest three bits are not 0 is that of a tagged chunk (taggedchunks.ts), which knows its own length, or says that
// the chunk is in a file (filedchunks.ts).
// `range` is published as one: entries [low half, high half) are there.

const capacityMax = 64;

/** Chunk bytes before the bit stream: the number of samples. */
export const chunkHeaderBytes = 2;

/** Takes full chunks out of memory. */
export interface ChunkMover {
  /** A chunk of the slot at `slot` became full. */
  sealed(slot: number): void;
  /** An index entry for a chunk in `file` was made. */
  added(file: number, count?: number): void;
  /** An index entry for a chunk in `file` is gone. */
  dropped(file: number): void;
}

/** The writing side: seals open chunks, drops old ones, and keeps free fragments ready for the kernel. */
export class Chunks {
  /** Chunks that exist, open and sealed. */
  count = 0;
  /** Those that came from elsewhere than the open chunk, so far. */
  taken = 0;
  /** Those that are no XOR chunks. */
  readonly tagged: TaggedChunks;
  /** Null: all chunks stay in memory. */
  mover: ChunkMover | null = null;
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #reclaimer: Reclaimer;
  readonly #kernels: Kernels;
  /** Block that holds the entry that #nextEntry() gave. */
  #nextBlock = 0;

  constructor(
    memory: LinearMemory,
    arena: Arena,
    reclaimer: Reclaimer,
    {kernels, options}: {kernels: Kernels; options: TaggedOptions},
  ) {
    this.#memory = memory;
    this.#arena = arena;
    this.#reclaimer = reclaimer;
    this.#kernels = kernels;
    this.tagged = new TaggedChunks(memory, arena, reclaimer, {options, index: this});
  }

  /** A chain of `count` free fragments, linked as the kernel takes them. */
  allocFragments(count: number): number {
    const u32 = this.#memory.u32;
    let head = 0;
    for (let i = 0; i < count; i++) {
      const fragment = this.#arena.alloc(fragmentBytes);
      u32[fragment >>> 2] = head;
      head = fragment;
    }
    return head;
  }

  /** Gives back an open chunk's fragments, from its newest one. */
  freeFragments(tail: number): void {
    const u32 = this.#memory.u32;
    while (tail !== 0) {
      const previous = u32[(tail + fragmentPrevious) >>> 2]!;
      this.#arena.free(tail, fragmentBytes);
      tail = previous;
    }
  }

  /** Makes the open chunk of the slot at `slot` (an address) a sealed one. */
  seal(slot: number): void {
    const {u16, u32, f64} = this.#memory;
    if (this.tagged.tag(slot) !== 0) {
      const maxTime = f64[(slot + slotLastTime) >>> 3]!;
      this.append(slot, {...this.tagged.seal(slot), maxTime, bytes: 0});
      return this.tagged.close(slot);
    }
    const tail = u32[(slot + slotOpen) >>> 2]!;
    const samples = u16[(slot + slotOpenCount) >>> 1]!;
    const bits = openBits(u16[(slot + slotOpenPlace) >>> 1]!);
    const bytes = chunkHeaderBytes + ((bits + 7) >>> 3);
    const chunk = this.#arena.alloc(bytes);
    this.#kernels.gatherChunk(tail, samples, bits, chunk);
    this.append(slot, {
      minTime: firstTime(this.#memory.u8, chunk + chunkHeaderBytes),
      maxTime: f64[(slot + slotLastTime) >>> 3]!,
      chunk,
      bytes,
      samples,
    });
    this.#closeOpen(slot);
  }

  /** Adds a sealed chunk, newer than all others, to the index of the slot at `slot`. */
  append(
    slot: number,
    {
      minTime,
      maxTime,
      chunk,
      bytes,
      samples,
    }: {minTime: number; maxTime: number; chunk: number; bytes: number; samples: number},
  ): void {
    const root = slot + slotSealed;
    const entry = this.#nextEntry(root);
    const {u16, u32, f64} = this.#memory;
    f64[entry >>> 3] = minTime;
    f64[(entry + indexEntryMaxTime) >>> 3] = maxTime;
    u32[(entry + indexEntryChunk) >>> 2] = chunk;
    u16[(entry + indexEntryBytesField) >>> 1] = bytes;
    u16[(entry + indexEntrySamples) >>> 1] = samples;
    this.#publishEntry(root);
    this.mover?.sealed(slot);
  }

  /** `count` chunks in `file` were attached. */
  added(file: number, count: number): void {
    if (count === 0) return;
    this.count += count;
    this.taken += count;
    this.mover?.added(file, count);
  }

  /** A chunk that is in memory was attached to the slot at `slot`. */
  addedInMemory(slot: number): void {
    this.count++;
    this.taken++;
    this.mover?.sealed(slot);
  }

  /** A copy of a full chunk, which no series has yet. */
  copy(chunkEncoding: number, bytes: Uint8Array): {chunk: number; bytes: number; samples: number} {
    const {u8, u32} = this.#memory;
    const tagged = chunkEncoding !== encoding.xor;
    const header = tagged ? sealedData : 0;
    const address = this.#arena.alloc(header + bytes.length);
    if (tagged) u32[address >>> 2] = bytes.length;
    u8.set(bytes, address + header);
    return {
      chunk: (tagged ? address | chunkEncoding : address) >>> 0,
      bytes: tagged ? 0 : bytes.length,
      samples: chunkSamples(chunkEncoding, bytes),
    };
  }

  /** The same of an XOR chunk that lies in the linear memory. */
  copyXor(from: number, bytes: number): {chunk: number; samples: number} {
    const {u8} = this.#memory;
    const chunk = this.#arena.alloc(bytes);
    this.#kernels.copyBytes(from, chunk, bytes);
    return {chunk, samples: (u8[from]! << 8) | u8[from + 1]!};
  }

  /** Gives a copy back. */
  freeCopy(chunk: number, bytes: number): void {
    const address = (chunk & ~tagMask) >>> 0;
    if ((chunk & tagMask) === 0) this.#arena.free(address, bytes);
    else this.#arena.free(address, sealedData + this.#memory.u32[address >>> 2]!);
  }

  /** Adds a chunk that is in a file to an index, the address of whose newest block is at `root`. */
  appendFiled(root: number, minTime: number, maxTime: number, filed: FiledChunk): void {
    const entry = this.#nextEntry(root);
    const {u32, f64} = this.#memory;
    f64[entry >>> 3] = minTime;
    f64[(entry + indexEntryMaxTime) >>> 3] = maxTime;
    u32[(entry + indexEntryChunk) >>> 2] = filedLow(filed);
    u32[(entry + indexEntryChunk + 4) >>> 2] = filedHigh(filed);
    this.#publishEntry(root);
    this.count++;
    this.taken++;
    this.mover?.added(filedFile(filedLow(filed)));
  }

  /** The place of the next index entry; #publishEntry() makes it visible. */
  #nextEntry(root: number): number {
    const {u32} = this.#memory;
    let block = u32[root >>> 2]!;
    let range = block === 0 ? 0 : u32[(block + indexRange) >>> 2]!;
    const full = block === 0 || range >>> 16 === u32[(block + indexCapacity) >>> 2]!;
    if (full) {
      block = this.#makeBlock(block);
      range = 0;
    }
    this.#nextBlock = block;
    return block + indexEntries + (range >>> 16) * indexEntryBytes;
  }

  #publishEntry(root: number): void {
    const {u32} = this.#memory;
    const block = this.#nextBlock;
    const range = u32[(block + indexRange) >>> 2]!;
    Atomics.store(u32, (block + indexRange) >>> 2, (range + 0x1_0000) >>> 0);
    if (u32[root >>> 2] !== block) Atomics.store(u32, root >>> 2, block);
  }

  /**
   * Drops the chunks whose samples are all before `mint`, oldest first, so that a reader sees no gap. Returns whether any
   * chunk is left.
   */
  truncate(slot: number, mint: number): boolean {
    const {u32, f64} = this.#memory;
    this.#truncateChain(slot + slotSealed, (block) => this.#firstKept(block, mint));
    if (u32[(slot + slotOpen) >>> 2] !== 0 && f64[(slot + slotLastTime) >>> 3]! < mint) {
      this.#closeOpen(slot);
      this.count--;
    }
    return u32[(slot + slotSealed) >>> 2] !== 0 || u32[(slot + slotOpen) >>> 2] !== 0;
  }

  /** Drops the chunks, all of them in files, up to `reference` from the index whose newest block is named at `root`. */
  dropFiled(root: number, reference: number): void {
    const {u32} = this.#memory;
    this.#truncateChain(root, (block) => {
      if (block === 0) return 0;
      const range = u32[(block + indexRange) >>> 2]!;
      let first = range & 0xffff;
      while (
        first < range >>> 16 &&
        entryReference(u32, block + indexEntries + first * indexEntryBytes) <= reference
      ) {
        first++;
      }
      return first;
    });
  }

  /** Reference of the newest chunk, one in a file, of the index whose newest block is named at `root`. */
  newestFiled(root: number): number {
    const block = this.#memory.u32[root >>> 2]!;
    const end = this.#memory.u32[(block + indexRange) >>> 2]! >>> 16;
    return entryReference(this.#memory.u32, block + indexEntries + (end - 1) * indexEntryBytes);
  }

  /** Drops the oldest chunks of an index: those before the entry that `firstKept` says for a block. */
  #truncateChain(root: number, firstKept: (block: number) => number): void {
    const {u32} = this.#memory;
    // Find the block that holds the newest chunk to drop.
    let keeper = root;
    let block = u32[keeper >>> 2]!;
    let first = firstKept(block);
    while (block !== 0 && first === (u32[(block + indexRange) >>> 2]! & 0xffff)) {
      keeper = block + indexPrevious;
      block = u32[keeper >>> 2]!;
      first = firstKept(block);
    }
    if (block !== 0) this.#truncateAt(block, first, keeper);
  }

  /** Whether the slot at `slot` has an open chunk. */
  isOpen(slot: number): boolean {
    return this.#memory.u32[(slot + slotOpen) >>> 2] !== 0;
  }

  /** Time of the oldest sample in the chunks of the slot at `slot`; Infinity where there are none. */
  firstTime(slot: number): number {
    const {u8, u32, f64} = this.#memory;
    let oldest = 0;
    for (
      let block = u32[(slot + slotSealed) >>> 2]!;
      block !== 0;
      block = u32[(block + indexPrevious) >>> 2]!
    ) {
      oldest = block + indexEntries + (u32[(block + indexRange) >>> 2]! & 0xffff) * indexEntryBytes;
    }
    if (oldest !== 0) return f64[oldest >>> 3]!;
    let tail = u32[(slot + slotOpen) >>> 2]!;
    if (tail === 0) return Infinity;
    if (this.tagged.tag(slot) !== 0) return this.tagged.openTime(slot);
    for (let previous = tail; previous !== 0; previous = u32[(tail + fragmentPrevious) >>> 2]!)
      tail = previous;
    return firstTime(u8, tail + fragmentData);
  }

  /** Whether the newest sample of the slot at `slot` is a stale marker. */
  isStale(slot: number): boolean {
    const words = (slot + slotLastValue) >>> 2;
    return this.#memory.u32[words] === staleNaNLow && this.#memory.u32[words + 1] === staleNaNHigh;
  }

  /** Number of the first entry of a block that has samples at or after `mint`. */
  #firstKept(block: number, mint: number): number {
    if (block === 0) return 0;
    const {u32, f64} = this.#memory;
    const range = u32[(block + indexRange) >>> 2]!;
    let first = range & 0xffff;
    while (
      first < range >>> 16 &&
      f64[(block + indexEntries + first * indexEntryBytes + indexEntryMaxTime) >>> 3]! < mint
    ) {
      first++;
    }
    return first;
  }

  /** Drops the entries of a block before `first` and all older blocks. The pointer to the block is at `keeper`. */
  #truncateAt(block: number, first: number, keeper: number): void {
    const u32 = this.#memory.u32;
    const range = u32[(block + indexRange) >>> 2]!;
    const older = u32[(block + indexPrevious) >>> 2]!;
    Atomics.store(u32, (block + indexPrevious) >>> 2, 0);
    this.#dropBlocks(older);
    if (first === range >>> 16) {
      Atomics.store(u32, keeper >>> 2, 0);
      this.#dropBlocks(block);
      return;
    }
    Atomics.store(u32, (block + indexRange) >>> 2, ((range & 0xffff_0000) | first) >>> 0);
    for (let i = range & 0xffff; i < first; i++)
      this.#retireChunk(block + indexEntries + i * indexEntryBytes);
  }

  /** Drops a block and those before it with all their chunks. */
  #dropBlocks(block: number): void {
    const u32 = this.#memory.u32;
    while (block !== 0) {
      const range = u32[(block + indexRange) >>> 2]!;
      for (let i = range & 0xffff; i < range >>> 16; i++)
        this.#retireChunk(block + indexEntries + i * indexEntryBytes);
      const previous = u32[(block + indexPrevious) >>> 2]!;
      this.#retireBlock(block);
      block = previous;
    }
  }

  #retireChunk(entry: number): void {
    const {u16, u32} = this.#memory;
    const chunk = u32[(entry + indexEntryChunk) >>> 2]!;
    if (isFiled(chunk)) this.mover?.dropped(filedFile(chunk));
    else if ((chunk & tagMask) !== 0) this.tagged.retire(chunk);
    else this.#reclaimer.retire(chunk, u16[(entry + indexEntryBytesField) >>> 1]!);
    this.count--;
  }

  #retireBlock(block: number): void {
    const capacity = this.#memory.u32[(block + indexCapacity) >>> 2]!;
    this.#reclaimer.retire(block, indexEntries + capacity * indexEntryBytes);
  }

  #makeBlock(previous: number): number {
    const u32 = this.#memory.u32;
    const before = previous === 0 ? indexCapacityMin / 2 : u32[(previous + indexCapacity) >>> 2]!;
    const capacity = Math.min(before * 2, capacityMax);
    const block = this.#arena.alloc(indexEntries + capacity * indexEntryBytes);
    u32[(block + indexPrevious) >>> 2] = previous;
    u32[(block + indexRange) >>> 2] = 0;
    u32[(block + indexCapacity) >>> 2] = capacity;
    return block;
  }

  /** Takes the open chunk away. Readers see it gone only after its sealed form, where there is one, is in the index. */
  #closeOpen(slot: number): void {
    if (this.tagged.tag(slot) !== 0) return this.tagged.close(slot);
    const u32 = this.#memory.u32;
    const tail = u32[(slot + slotOpen) >>> 2]!;
    // Count and bits first: whoever reads the address afterwards finds 0 there.
    Atomics.store(u32, (slot + slotOpen) >>> 2, 0);
    Atomics.store(u32, (slot + slotOpenCount) >>> 2, 0);
    this.#reclaimer.retire(tail, retiredFragments);
  }
}

/** The first time of a bit stream: a zigzag varint of whole milliseconds, below 2^53. */
export function firstTime(u8: Uint8Array, at: number): number {
  // The lowest bit is the sign; without it the rest is exact in a number.
  let byte = u8[at]!;
  const negative = (byte & 1) === 1;
  let half = (byte & 0x7f) >>> 1;
  for (let scale = 64; byte >= 0x80; scale *= 128) {
    byte = u8[++at]!;
    half += (byte & 0x7f) * scale;
  }
  return negative ? -half - 1 : half;
}

/** Visits the index entries of the blocks from `newest` on, newest first. For any thread. */
export function forEachEntry(u32: Uint32Array, newest: number, visit: (entry: number) => void): void {
  for (let block = newest; block !== 0; block = Atomics.load(u32, (block + indexPrevious) >>> 2)) {
    const range = Atomics.load(u32, (block + indexRange) >>> 2);
    for (let i = (range >>> 16) - 1; i >= (range & 0xffff); i--)
      visit(block + indexEntries + i * indexEntryBytes);
  }
}

/** Addresses of the index entries of the sealed chunks of the slot at `slot`, oldest first. For the writing thread. */
export function sealedEntries({u32}: LinearMemory, slot: number): number[] {
  const entries: number[] = [];
  for (
    let block = u32[(slot + slotSealed) >>> 2]!;
    block !== 0;
    block = u32[(block + indexPrevious) >>> 2]!
  ) {
    const range = u32[(block + indexRange) >>> 2]!;
    for (let i = (range >>> 16) - 1; i >= (range & 0xffff); i--)
      entries.push(block + indexEntries + i * indexEntryBytes);
  }
  return entries.reverse();
}

/** Address of the index entry of the newest sealed chunk of the slot at `slot`, which has one. */
export function newestEntry({u32}: LinearMemory, slot: number): number {
  const block = u32[(slot + slotSealed) >>> 2]!;
  const end = u32[(block + indexRange) >>> 2]! >>> 16;
  return block + indexEntries + (end - 1) * indexEntryBytes;
}

/** Where a chunk that is in memory is, with all that is freed with it. */
export function storedBlock({u16, u32}: LinearMemory, entry: number): {address: number; bytes: number} {
  const chunk = u32[(entry + indexEntryChunk) >>> 2]!;
  if ((chunk & tagMask) === 0) return {address: chunk, bytes: u16[(entry + indexEntryBytesField) >>> 1]!};
  const address = (chunk & ~tagMask) >>> 0;
  return {address, bytes: sealedData + u32[address >>> 2]!};
}

/** The bytes of the sealed chunk of an index entry that is in memory, header included. */
export function chunkBytes({u8, u16, u32}: LinearMemory, entry: number): Uint8Array {
  const chunk = u32[(entry + indexEntryChunk) >>> 2]!;
  if ((chunk & tagMask) === 0) return u8.subarray(chunk, chunk + u16[(entry + indexEntryBytesField) >>> 1]!);
  const block = (chunk & ~tagMask) >>> 0;
  return u8.subarray(block + sealedData, block + sealedData + u32[block >>> 2]!);
}

/** The encoding of the sealed chunk of an index entry that is in memory. */
export function chunkEncoding({u32}: LinearMemory, entry: number): Encoding {
  const tag = u32[(entry + indexEntryChunk) >>> 2]! & tagMask;
  return tag === 0 ? encoding.xor : (tag as Encoding);
}
