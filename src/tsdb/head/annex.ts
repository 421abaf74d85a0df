// What few series have: deleted times, and samples that came late. It does not fit the slot, so it lies beside it, found by the
// slot's address through a hash table (table.ts).
//
//     annex (32 bytes)
//     +0   slot:u32            address of the slot
//     +4   deleted:u32         published; address of a block of intervals, 0 = nothing is deleted
//     +8   late:u32            published; address of a block of late samples, 0 = none
//     +12  lateHistograms:u32  published; address of a block of late histograms, 0 = none
//     +16  lateSealed:u32      published; newest block of the index of late chunks (chunks.ts), in the order of writing
//     +20  lateStarts:u32      published before and after `late`; address of a block of start timestamps of late samples, 0 = none
//     +24  unused: 8 bytes
//
//     intervals      count:u32  unused:u32  (first:f64  last:f64) × count       both inclusive, rising, with gaps between them
//     late samples   count:u32  unused:u32  time:f64 × count  value:u64 × count     times rise
//     start timestamps  the same, for the late samples that have one; instead of a value, that as f64
//     late histograms   the same; instead of a value, the address of a sealed chunk (taggedchunks.ts) that holds this one, and 0
//
// Blocks never change: another takes their place.

import {tableHeaderBytes, removedPlace, indexEntryMaxTime} from '../../kernels/index-layout.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {Intervals} from '../block/tombstones.ts';
import {forEachEntry} from './chunks.ts';
import type {Reclaimer} from './epochs.ts';
import {headerAnnexCount, headerAnnexes} from './header.ts';
import {AddressTable} from './table.ts';

const annexBytes = 32;
export const annexDeleted = 4;
export const annexLate = 8;
export const annexLateHistograms = 12;
export const annexLateSealed = 16;
export const annexLateStarts = 20;

const blockHeaderBytes = 8;
const rowBytes = 16;

/** Where the rows of a block of intervals or late samples begin. */
export function blockRows(block: number): number {
  return block + blockHeaderBytes;
}

/** Bytes of such a block. */
export function blockBytes(count: number): number {
  return blockHeaderBytes + rowBytes * count;
}

/** The annex of the slot at `slot` (an address), or 0. For any thread. */
export function findAnnex({u32}: LinearMemory, slot: number): number {
  if (Atomics.load(u32, headerAnnexCount >>> 2) === 0) return 0;
  const table = Atomics.load(u32, headerAnnexes >>> 2);
  const mask = u32[table >>> 2]!;
  const first = (table + tableHeaderBytes) >>> 2;
  for (let place = hashOf(slot) & mask; ; place = (place + 1) & mask) {
    const annex = Atomics.load(u32, first + place);
    if (annex === 0) return 0;
    if (annex !== removedPlace && u32[annex >>> 2] === slot) return annex;
  }
}

/** What is deleted of the series with this annex (0 = it has none). For any thread. */
export function deletedIntervals({u32, f64}: LinearMemory, annex: number): Intervals | undefined {
  const block = annex === 0 ? 0 : Atomics.load(u32, (annex + annexDeleted) >>> 2);
  if (block === 0) return undefined;
  const first = blockRows(block) >>> 3;
  return Array.from(f64.subarray(first, first + 2 * u32[block >>> 2]!));
}

/** Times of the first and last late sample of an annex; min > max = it has none. For the writing thread. */
export function lateTimes({u32, f64}: LinearMemory, annex: number): {min: number; max: number} {
  const times = {min: Infinity, max: -Infinity};
  for (const field of [annexLate, annexLateHistograms]) {
    const block = u32[(annex + field) >>> 2]!;
    if (block === 0) continue;
    const first = blockRows(block) >>> 3;
    times.min = Math.min(times.min, f64[first]!);
    times.max = Math.max(times.max, f64[first + u32[block >>> 2]! - 1]!);
  }
  forEachEntry(u32, u32[(annex + annexLateSealed) >>> 2]!, (entry) => {
    times.min = Math.min(times.min, f64[entry >>> 3]!);
    times.max = Math.max(times.max, f64[(entry + indexEntryMaxTime) >>> 3]!);
  });
  return times;
}

/** The writing side. `slot` is always the address of a slot. */
export class Annexes {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #reclaimer: Reclaimer;
  readonly #table: AddressTable;

  constructor(memory: LinearMemory, arena: Arena, reclaimer: Reclaimer) {
    this.#memory = memory;
    this.#arena = arena;
    this.#reclaimer = reclaimer;
    this.#table = new AddressTable(memory, arena, reclaimer, {
      root: headerAnnexes,
      hashOf: (annex) => hashOf(memory.u32[annex >>> 2]!),
    });
  }

  get size(): number {
    return this.#table.size;
  }

  find(slot: number): number {
    return findAnnex(this.#memory, slot);
  }

  /** Finds the annex, or makes an empty one. */
  make(slot: number): number {
    const known = this.find(slot);
    if (known !== 0) return known;
    const {u32} = this.#memory;
    const annex = this.#arena.alloc(annexBytes);
    u32.fill(0, annex >>> 2, (annex + annexBytes) >>> 2);
    u32[annex >>> 2] = slot;
    this.#table.add(hashOf(slot), annex);
    Atomics.store(u32, headerAnnexCount >>> 2, this.#table.size);
    return annex;
  }

  /** Takes the annex of a slot away; its late chunks and histograms are gone already. */
  drop(slot: number): void {
    const annex = this.find(slot);
    if (annex === 0) return;
    this.publish(annex + annexDeleted, 0);
    this.publish(annex + annexLate, 0);
    this.publish(annex + annexLateStarts, 0);
    this.#table.remove(hashOf(slot), annex);
    Atomics.store(this.#memory.u32, headerAnnexCount >>> 2, this.#table.size);
    this.#reclaimer.retire(annex, annexBytes);
  }

  /** Drops the annex where nothing is left in it. */
  tidy(slot: number): void {
    const annex = this.find(slot);
    if (annex === 0) return;
    const {u32} = this.#memory;
    const empty =
      u32[(annex + annexDeleted) >>> 2] === 0 &&
      u32[(annex + annexLate) >>> 2] === 0 &&
      u32[(annex + annexLateHistograms) >>> 2] === 0 &&
      u32[(annex + annexLateSealed) >>> 2] === 0;
    if (empty) this.drop(slot);
  }

  /** Visits all annexes with the addresses of their slots. They may be dropped meanwhile. */
  forEach(visit: (annex: number, slot: number) => void): void {
    const {u32} = this.#memory;
    const table = u32[headerAnnexes >>> 2]!;
    const first = (table + tableHeaderBytes) >>> 2;
    const found: number[] = [];
    for (let i = 0; i <= u32[table >>> 2]!; i++)
      if (u32[first + i]! > removedPlace) found.push(u32[first + i]!);
    for (const annex of found) visit(annex, u32[annex >>> 2]!);
  }

  /** A block with room for `count` rows. */
  makeBlock(count: number): number {
    const block = this.#arena.alloc(blockBytes(count));
    this.#memory.u32[block >>> 2] = count;
    return block;
  }

  /** Puts a block, or 0, into the place of the one whose address is at `field`. */
  publish(field: number, block: number): void {
    const {u32} = this.#memory;
    const before = u32[field >>> 2]!;
    Atomics.store(u32, field >>> 2, block);
    if (before !== 0) this.#reclaimer.retire(before, blockBytes(u32[before >>> 2]!));
  }

  setDeleted(slot: number, intervals: Intervals): void {
    if (intervals.length === 0 && this.find(slot) === 0) return;
    const annex = this.make(slot);
    let block = 0;
    if (intervals.length > 0) {
      block = this.makeBlock(intervals.length / 2);
      this.#memory.f64.set(intervals, blockRows(block) >>> 3);
    }
    this.publish(annex + annexDeleted, block);
    this.tidy(slot);
  }
}

function hashOf(slot: number): number {
  return Math.imul(slot >>> 6, 0x9e3779b1) >>> 7;
}
