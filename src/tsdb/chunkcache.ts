import {freeColumn} from '../base/buffers.ts';
import type {Arena} from '../kernels/arena.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';

/** Larger chunks are not kept. */
const samplesMax = 1024;
const packedBytesMax = 48 + 12 * samplesMax;
/** So many chunks that were asked for once are remembered, about. */
const seenLength = 2 ** 16;
/** Places for chunks of one hash. */
const seenWays = 8;
const entriesMin = 1024;

/**
 * Chunks of one thread's queries that were read more than once, packed so that a kernel has their samples at once
 * (kernels/packed-layout.ts): dashboards ask for the same hours again and again. A chunk that was read once is only remembered, so
 * that a look at a whole year neither costs more than its reading nor drives out what is used. At most so many bytes; what was
 * not used for a while gives way (clock).
 */
export class ChunkCache {
  bytesInUse = 0;
  hits = 0;
  misses = 0;
  readonly #world: {memory: LinearMemory; kernels: Kernels; arena: Arena};
  readonly #bytesMax: number;
  /** Where chunks are packed; 0 = nowhere yet. */
  #target = 0;
  readonly #seen = new Uint32Array(seenLength);
  readonly #owners = new WeakMap<object, number>();
  #ownerCount = 0;
  /** By entry, from 1 on: whose chunk it is, where it lies, and whether it was used since the clock's hand passed. */
  #entryOwners = new Uint32Array(entriesMin);
  #entryRefs = new Float64Array(entriesMin);
  #addresses = new Uint32Array(entriesMin);
  #bytes = new Uint32Array(entriesMin);
  #used = new Uint8Array(entriesMin);
  /** Entries are below this one; those that are free are in a list. */
  #entriesEnd = 1;
  readonly #free: number[] = [];
  /** Open addressing: entry or 0. Its length is a power of two; half of it is used at most. */
  #table = new Uint32Array(2 * entriesMin);
  #count = 0;
  #hand = 1;
  /** The entry found last. */
  #last = 0;

  constructor(world: {memory: LinearMemory; kernels: Kernels; arena: Arena}, bytesMax: number) {
    this.#world = world;
    this.#bytesMax = bytesMax;
  }

  /** The number of a head or a block, as long as the object is there. */
  ownerOf(source: object): number {
    let owner = this.#owners.get(source);
    if (owner === undefined) {
      owner = this.#ownerCount++;
      this.#owners.set(source, owner);
    }
    return owner;
  }

  /** Address of the packed chunk that the owner has at `ref` (a whole number); 0 = it is not here. Valid until the next keep(). */
  find(owner: number, ref: number): number {
    // Fast path: chunks are asked for in the order in which they were kept, most often.
    const next = this.#last + 1;
    if (this.#entryRefs[next] === ref && this.#entryOwners[next] === owner && this.#addresses[next] !== 0) {
      this.#last = next;
      this.#used[next] = 1;
      this.hits++;
      return this.#addresses[next]!;
    }
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = hashOf(owner, ref) & mask; ; slot = (slot + 1) & mask) {
      const entry = table[slot]!;
      if (entry === 0) {
        this.misses++;
        return 0;
      }
      if (this.#entryRefs[entry] !== ref || this.#entryOwners[entry] !== owner) continue;
      this.#last = entry;
      this.#used[entry] = 1;
      this.hits++;
      return this.#addresses[entry]!;
    }
  }

  /** Whether a chunk that is not here was asked for before: it is to be kept then. */
  wants(owner: number, ref: number): boolean {
    const hash = hashOf(owner, ref);
    // Other bits than those that choose the place.
    const mark = (Math.imul(hash, 0x9e3779b1) | 1) >>> 0;
    const seen = this.#seen;
    const place = (hash & (seenLength / seenWays - 1)) * seenWays;
    for (let i = place; i < place + seenWays; i++) {
      if (seen[i] !== mark) continue;
      seen[i] = 0;
      return true;
    }
    // The oldest goes.
    for (let i = place + seenWays - 1; i > place; i--) seen[i] = seen[i - 1]!;
    seen[place] = mark;
    return false;
  }

  /**
   * Keeps a whole chunk that is not here: `count` samples of the columns at these addresses. Returns its address; 0 = it cannot be
   * kept. A note of `noteBytes` at `note`, both multiples of 8, is kept before it: the address is then that of the note.
   */
  keep(
    owner: number,
    ref: number,
    {
      times,
      values,
      count,
      note = 0,
      noteBytes = 0,
    }: {times: number; values: number; count: number; note?: number; noteBytes?: number},
  ): number {
    if (count < 1 || count > samplesMax) return 0;
    const {kernels, arena, memory} = this.#world;
    if (this.#target === 0) this.#target = arena.alloc(packedBytesMax);
    const packedBytes = kernels.packSamples(times, values, count, this.#target);
    if (packedBytes === 0) return 0;
    const bytes = noteBytes + packedBytes;
    const size = arena.sizeOf(bytes);
    if (size > this.#bytesMax) return 0;
    while (this.bytesInUse + size > this.#bytesMax) this.#evict();
    const address = arena.alloc(bytes);
    memory.u8.copyWithin(address, note, note + noteBytes);
    memory.u8.copyWithin(address + noteBytes, this.#target, this.#target + packedBytes);
    this.bytesInUse += size;
    const entry = this.#free.pop() ?? this.#newEntry();
    this.#entryOwners[entry] = owner;
    this.#entryRefs[entry] = ref;
    this.#addresses[entry] = address;
    this.#bytes[entry] = bytes;
    this.#used[entry] = 1;
    this.#insert(entry);
    this.#count++;
    return address;
  }

  /** Forgets a chunk, which is here. */
  drop(owner: number, ref: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = hashOf(owner, ref) & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = table[slot]!;
      if (this.#entryRefs[entry] === ref && this.#entryOwners[entry] === owner) return this.#remove(entry);
    }
  }

  /** Forgets all chunks and gives their memory back. */
  clear(): void {
    for (let entry = 1; entry < this.#entriesEnd; entry++)
      if (this.#addresses[entry] !== 0) this.#remove(entry);
    if (this.#target !== 0) this.#world.arena.free(this.#target, packedBytesMax);
    this.#target = 0;
  }

  #newEntry(): number {
    if (this.#entriesEnd === this.#addresses.length) {
      this.#entryOwners = doubledWords(this.#entryOwners);
      this.#addresses = doubledWords(this.#addresses);
      this.#bytes = doubledWords(this.#bytes);
      const refs = new Float64Array(2 * this.#entryRefs.length);
      refs.set(this.#entryRefs);
      freeColumn(this.#entryRefs);
      this.#entryRefs = refs;
      const used = new Uint8Array(2 * this.#used.length);
      used.set(this.#used);
      this.#used = used;
      const {length} = this.#table;
      freeColumn(this.#table);
      this.#table = new Uint32Array(2 * length);
      for (let entry = 1; entry < this.#entriesEnd; entry++) {
        if (this.#addresses[entry] !== 0) this.#insert(entry);
      }
    }
    return this.#entriesEnd++;
  }

  #insert(entry: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = hashOf(this.#entryOwners[entry]!, this.#entryRefs[entry]!) & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = entry;
  }

  /** Gives up the next entry that was not used since the hand passed it. */
  #evict(): void {
    for (;;) {
      if (++this.#hand >= this.#entriesEnd) this.#hand = 1;
      const entry = this.#hand;
      if (this.#addresses[entry] === 0) continue;
      if (this.#used[entry] === 0) return this.#remove(entry);
      this.#used[entry] = 0;
    }
  }

  #remove(entry: number): void {
    const {arena} = this.#world;
    const bytes = this.#bytes[entry]!;
    this.#unlink(entry);
    arena.free(this.#addresses[entry]!, bytes);
    this.bytesInUse -= arena.sizeOf(bytes);
    this.#addresses[entry] = 0;
    this.#free.push(entry);
    this.#count--;
  }

  /** Takes the entry out of the table, and closes the gap. */
  #unlink(entry: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let gap = hashOf(this.#entryOwners[entry]!, this.#entryRefs[entry]!) & mask;
    while (table[gap] !== entry) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
      const other = table[slot]!;
      const home = hashOf(this.#entryOwners[other]!, this.#entryRefs[other]!) & mask;
      // It may move to the gap unless its home lies between the two.
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      table[gap] = other;
      gap = slot;
    }
    table[gap] = 0;
  }

  get length(): number {
    return this.#count;
  }
}

function hashOf(owner: number, ref: number): number {
  let hash = Math.imul((ref | 0) ^ Math.imul(owner + 1, 0x85ebca6b), 0xcc9e2d51);
  hash ^= hash >>> 15;
  hash = Math.imul(hash ^ ((ref / 4_294_967_296) | 0), 0x1b873593);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function doubledWords(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * column.length);
  larger.set(column);
  freeColumn(column);
  return larger;
}
