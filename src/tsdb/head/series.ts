import {
  entryName,
  entryValue,
  blockPairs,
  blockEntries,
  placeSlotBits,
  placeSlotMask,
  placeRemoved,
} from '../../kernels/index-layout.ts';
import {
  segmentSlotsLog2,
  slotBytes,
  slotGeneration,
  slotLabels,
  slotLastTime,
  slotRef,
} from '../../kernels/head-layout.ts';
import {assert} from '../../base/assert.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {Labels} from '../../model/labels.ts';
import {RefTable} from '../reftable.ts';
import {type Reclaimer, retiredSlot} from './epochs.ts';
import {
  headerDirectory,
  headerSeriesCount,
  headerSeriesVersion,
  headerSlotCount,
  segmentsMax,
} from './header.ts';
import {findEntry, type Postings} from './postings.ts';
import type {SymbolTable, SymbolTexts} from './symbols.ts';

// The series table. A series has a slot (src/kernels/head-layout.ts) and a label block, which never changes:
//
//     pairs:u32  metadata:u32  entry:u32 × pairs
//
// `entry` is the index entry of a label pair, in the order of label names. `metadata` is a symbol or 0; only the writer uses it.

const blockMetadata = 4;

const segmentSlots = 1 << segmentSlotsLog2;
const slotMask = segmentSlots - 1;
const slotsMax = segmentSlots * segmentsMax - 2;
/** More labels than any series may have. */
const pairsMax = 65_535;

/** Byte address of a slot. Any thread may call it with a slot below the published count. */
export function slotAddress(u32: Uint32Array, slot: number): number {
  return u32[(headerDirectory >>> 2) + (slot >>> segmentSlotsLog2)]! + (slot & slotMask) * slotBytes;
}

/** Labels that are entries already: see SeriesRestore. */
export interface RestoredLabels {
  kernels: Kernels;
  /** Address of the entries. */
  entries: number;
  pairs: number;
  hash: number;
  ref: number;
}

/** The writing side. */
export class SeriesTable {
  /** Set by find() and create(): what was found or made. */
  slot = 0;
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #reclaimer: Reclaimer;
  readonly #symbols: SymbolTable;
  readonly #postings: Postings;
  /** Entries of the labels of the last find(), place by place of those before it, and these labels. */
  #entries = new Uint32Array(64);
  #lastLabels: string[] = [];
  /** Lookup by labels; only the writer uses it. */
  #places: number;
  #placesMask: number;
  #placesUsed = 0;
  /** Slots that may be given to another series, linked through slotRef; -1 ends. */
  #freeSlot = -1;
  #slotCount = 0;
  /** Slots there is memory for. */
  #slotEnd = 0;
  #seriesCount = 0;
  /** Slot and label block of the series that are dropped but not swept. */
  #dropped: number[] = [];

  constructor(
    memory: LinearMemory,
    arena: Arena,
    reclaimer: Reclaimer,
    index: {symbols: SymbolTable; postings: Postings},
  ) {
    this.#memory = memory;
    this.#arena = arena;
    this.#reclaimer = reclaimer;
    this.#symbols = index.symbols;
    this.#postings = index.postings;
    this.#placesMask = 1023;
    this.#places = this.#makePlaces(1024);
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  get slotCount(): number {
    return this.#slotCount;
  }

  /** The table that finds series by their labels, and its places less one. */
  get places(): {address: number; mask: number} {
    return {address: this.#places, mask: this.#placesMask};
  }

  /** Slots there is memory for, as far as they may be given to series. */
  get slotEnd(): number {
    return Math.min(this.#slotEnd, slotsMax);
  }

  /** How many more series the table that finds them takes as it is. */
  get placesLeft(): number {
    return Math.max(0, Math.floor(((this.#placesMask + 1) * 3) / 4) - this.#placesUsed);
  }

  /** The kernel restoreSnapshot() has made so many series, in the slots behind those that were used. */
  made(count: number): void {
    this.#slotCount += count;
    this.#placesUsed += count;
    if (count > 0) this.#countSeries(count);
  }

  /** Makes the table that finds series large enough for so many, before there is one: it need not grow then. */
  expect(count: number): void {
    if (this.#slotCount === 0) this.#newPlaces(count);
  }

  /** Makes the table that finds series larger. */
  growPlaces(kernels: Kernels, restore: {context: number; useTables(): void}): void {
    this.#newPlaces();
    restore.useTables();
    kernels.fillPlaces(restore.context, this.#slotCount);
    this.#placesUsed = this.#seriesCount;
  }

  /** Looks the series up; `slot` is set where it returns true. */
  find(labels: Labels): boolean {
    const pairs = labels.length >>> 1;
    assert(pairs <= pairsMax, `at most ${pairsMax} labels`);
    if (this.#entries.length < pairs) this.#forgetLast(pairs * 2);
    let known = true;
    for (let i = 0; i < pairs; i++) {
      const nameText = labels[2 * i]!;
      const valueText = labels[2 * i + 1]!;
      // Fast path: most labels are those of the series before.
      if (
        valueText === this.#lastLabels[2 * i + 1] &&
        nameText === this.#lastLabels[2 * i] &&
        this.#entries[i] !== 0
      ) {
        continue;
      }
      this.#lastLabels[2 * i] = nameText;
      this.#lastLabels[2 * i + 1] = valueText;
      const name = this.#symbols.find(nameText);
      const value = name === 0 ? 0 : this.#symbols.find(valueText);
      const entry = value === 0 ? 0 : findEntry(this.#memory, name, value);
      this.#entries[i] = entry;
      if (entry === 0) known = false;
    }
    return known && this.#lookUp(pairs);
  }

  /** Makes a series that find() was just asked for and did not find; `slot` is set. */
  create(labels: Labels, ref: number): void {
    const u32 = this.#memory.u32;
    const pairs = labels.length >>> 1;
    this.#makeMissingEntries(labels);
    const entries = this.#entries;
    const hash = hashEntries(entries, 0, pairs);
    const block = this.#makeBlock(pairs);
    for (let i = 0; i < pairs; i++) u32[((block + blockEntries) >>> 2) + i] = entries[i]!;
    const slot = this.#publish(block, ref);
    for (let i = 0; i < pairs; i++) this.#postings.append(entries[i]!, slot);
    this.#addPlace(hash, slot);
    this.#countSeries(1);
    this.slot = slot;
  }

  /** Makes a series that is not there, of entries that are, at `entries`; `slot` is set. */
  createOf({kernels, entries, pairs, hash, ref}: RestoredLabels): void {
    const u32 = this.#memory.u32;
    const block = this.#makeBlock(pairs);
    const first = (block + blockEntries) >>> 2;
    for (let i = 0; i < pairs; i++) u32[first + i] = u32[(entries >>> 2) + i]!;
    const slot = this.#publish(block, ref);
    for (let i = 0; ; i++) {
      i = kernels.restorePostings(entries, i, pairs, slot);
      if (i === pairs) break;
      this.#postings.append(u32[(entries >>> 2) + i]!, slot);
    }
    this.#addPlace(hash, slot);
    this.#countSeries(1);
    this.slot = slot;
  }

  #makeBlock(pairs: number): number {
    const u32 = this.#memory.u32;
    const block = this.#arena.alloc(blockEntries + 4 * pairs);
    u32[(block + blockPairs) >>> 2] = pairs;
    u32[(block + blockMetadata) >>> 2] = 0;
    return block;
  }

  /** Gives the series with this label block a slot. */
  #publish(block: number, ref: number): number {
    const u32 = this.#memory.u32;
    const slot = this.#takeSlot();
    const address = slotAddress(u32, slot);
    this.#memory.f64[(address + slotRef) >>> 3] = ref;
    this.#memory.f64[(address + slotLastTime) >>> 3] = -Infinity;
    // The slot is whole: from here on readers may find it.
    Atomics.store(u32, (address + slotLabels) >>> 2, block);
    if (slot === this.#slotCount - 1) Atomics.store(u32, headerSlotCount >>> 2, this.#slotCount);
    return slot;
  }

  /** Takes a series out, whose chunks are retired already. Its slot stays in postings until sweep(). */
  drop(slot: number): void {
    const u32 = this.#memory.u32;
    const address = slotAddress(u32, slot);
    const block = u32[(address + slotLabels) >>> 2]!;
    const pairs = u32[(block + blockPairs) >>> 2]!;
    Atomics.store(u32, (address + slotLabels) >>> 2, 0);
    this.#removePlace(this.#hashOf(block), slot);
    for (let i = 0; i < pairs; i++) this.#postings.changed(u32[((block + blockEntries) >>> 2) + i]!);
    const metadata = u32[(block + blockMetadata) >>> 2]!;
    if (metadata !== 0) this.#symbols.release(metadata);
    this.#dropped.push(slot, block);
    this.#countSeries(-1);
  }

  /**
   * Takes dropped series out of the postings, as many lists as hold about `items` items. Returns whether there is more to do; at
   * the end slots and labels are retired. Not before: a slot that is given to another series must be in no old list.
   */
  sweep(items: number): boolean {
    // Entries may go.
    this.#forgetLast(64);
    if (this.#postings.sweep((slot) => this.occupied(slot), items)) return true;
    for (let i = 0; i < this.#dropped.length; i += 2) {
      const block = this.#dropped[i + 1]!;
      const pairs = this.#memory.u32[(block + blockPairs) >>> 2]!;
      this.#reclaimer.retire(block, blockEntries + 4 * pairs);
      this.#reclaimer.retire(this.#dropped[i]!, retiredSlot);
    }
    this.#dropped = [];
    return false;
  }

  /** Gives a slot to the next series: no reader knows it any more. */
  freeSlot(slot: number): void {
    const address = slotAddress(this.#memory.u32, slot);
    this.#memory.f64[(address + slotRef) >>> 3] = this.#freeSlot;
    this.#freeSlot = slot;
  }

  alive(slot: number, generation: number): boolean {
    const u32 = this.#memory.u32;
    if (slot >= this.#slotCount) return false;
    const address = slotAddress(u32, slot);
    return u32[(address + slotGeneration) >>> 2] === generation && u32[(address + slotLabels) >>> 2] !== 0;
  }

  /** Whether the slot holds a series. */
  occupied(slot: number): boolean {
    const u32 = this.#memory.u32;
    return u32[(slotAddress(u32, slot) + slotLabels) >>> 2] !== 0;
  }

  generation(slot: number): number {
    return this.#memory.u32[(slotAddress(this.#memory.u32, slot) + slotGeneration) >>> 2]!;
  }

  ref(slot: number): number {
    return this.#memory.f64[(slotAddress(this.#memory.u32, slot) + slotRef) >>> 3]!;
  }

  /** The refs of all series, with their slots. */
  refs(): RefTable {
    const table = new RefTable();
    for (let slot = 0; slot < this.#slotCount; slot++) {
      if (this.occupied(slot)) table.set(this.ref(slot), slot, 0);
    }
    return table;
  }

  labels(slot: number, texts: SymbolTexts): string[] {
    const u32 = this.#memory.u32;
    const block = this.#block(slot);
    const labels: string[] = [];
    for (let i = 0; i < u32[(block + blockPairs) >>> 2]!; i++) {
      const entry = u32[((block + blockEntries) >>> 2) + i]!;
      labels.push(texts.text(u32[(entry + entryName) >>> 2]!), texts.text(u32[(entry + entryValue) >>> 2]!));
    }
    return labels;
  }

  /** The text that was last set, or ''. */
  metadata(slot: number, texts: SymbolTexts): string {
    const symbol = this.#memory.u32[(this.#block(slot) + blockMetadata) >>> 2]!;
    return symbol === 0 ? '' : texts.text(symbol);
  }

  /** Returns whether the text differs from what was set before. */
  setMetadata(slot: number, text: string): boolean {
    const u32 = this.#memory.u32;
    const field = (this.#block(slot) + blockMetadata) >>> 2;
    const symbol = this.#symbols.intern(text);
    const before = u32[field]!;
    u32[field] = symbol;
    if (before !== 0) this.#symbols.release(before);
    return symbol !== before;
  }

  #forgetLast(pairs: number): void {
    this.#entries = new Uint32Array(pairs);
    this.#lastLabels = [];
  }

  #block(slot: number): number {
    const u32 = this.#memory.u32;
    return u32[(slotAddress(u32, slot) + slotLabels) >>> 2]!;
  }

  #hashOf(block: number): number {
    const u32 = this.#memory.u32;
    return hashEntries(u32, (block + blockEntries) >>> 2, u32[(block + blockPairs) >>> 2]!);
  }

  /** Fills the gaps that find() left. */
  #makeMissingEntries(labels: Labels): void {
    for (let i = 0; i < labels.length; i += 2) {
      if (this.#entries[i >>> 1] !== 0) continue;
      const name = this.#symbols.intern(labels[i]!);
      const value = this.#symbols.intern(labels[i + 1]!);
      this.#entries[i >>> 1] = this.#postings.pair(name, value);
      this.#symbols.release(name);
      this.#symbols.release(value);
    }
  }

  /** A slot with a new generation, all else 0. */
  #takeSlot(): number {
    const u32 = this.#memory.u32;
    let slot = this.#freeSlot;
    if (slot !== -1) this.#freeSlot = this.#memory.f64[(slotAddress(u32, slot) + slotRef) >>> 3]!;
    else slot = this.#openSlot();
    const words = slotAddress(u32, slot) >>> 2;
    const generation = (u32[words + (slotGeneration >>> 2)]! + 1) >>> 0 || 1;
    // Word by word: to fill so few takes longer in a shared memory.
    for (let i = words; i < words + slotBytes / 4; i++) u32[i] = 0;
    u32[words + (slotGeneration >>> 2)] = generation;
    return slot;
  }

  #openSlot(): number {
    if (this.#slotCount >= this.slotEnd) this.addSlots();
    return this.#slotCount++;
  }

  /** Makes room for more series. */
  addSlots(): void {
    const u32 = this.#memory.u32;
    if (this.#slotCount >= slotsMax)
      throw new RangeError(`cannot make a series: there are ${slotsMax} already`);
    const segment = this.#arena.alloc(segmentSlots * slotBytes);
    // Readers that walk all slots look at labels only; the rest is cleared when a slot is taken.
    u32.fill(0, segment >>> 2, (segment + segmentSlots * slotBytes) >>> 2);
    Atomics.store(u32, (headerDirectory >>> 2) + (this.#slotEnd >>> segmentSlotsLog2), segment);
    this.#slotEnd += segmentSlots;
  }

  #countSeries(by: number): void {
    this.#seriesCount += by;
    Atomics.store(this.#memory.u32, headerSeriesCount >>> 2, this.#seriesCount);
    // What has changed is published already, and nothing of it retired yet.
    Atomics.add(this.#memory.u32, headerSeriesVersion >>> 2, 1);
  }

  #lookUp(pairs: number): boolean {
    const u32 = this.#memory.u32;
    const hash = hashEntries(this.#entries, 0, pairs);
    const tag = hash >>> placeSlotBits;
    const first = this.#places >>> 2;
    for (let i = hash & this.#placesMask; ; i = (i + 1) & this.#placesMask) {
      const place = u32[first + i]!;
      if (place === 0) return false;
      if (place >>> placeSlotBits !== tag || (place & placeSlotMask) === placeRemoved) continue;
      const slot = (place & placeSlotMask) - 1;
      if (this.#sameEntries(this.#block(slot), pairs)) {
        this.slot = slot;
        return true;
      }
    }
  }

  #sameEntries(block: number, pairs: number): boolean {
    const u32 = this.#memory.u32;
    if (u32[(block + blockPairs) >>> 2] !== pairs) return false;
    const first = (block + blockEntries) >>> 2;
    for (let i = 0; i < pairs; i++) if (u32[first + i] !== this.#entries[i]) return false;
    return true;
  }

  #addPlace(hash: number, slot: number): void {
    // At most three quarters are used, removed ones counted.
    if ((this.#placesUsed + 1) * 4 > (this.#placesMask + 1) * 3) this.#rebuildPlaces();
    else this.#putPlace(hash, slot);
  }

  #putPlace(hash: number, slot: number): void {
    const u32 = this.#memory.u32;
    const first = this.#places >>> 2;
    let i = hash & this.#placesMask;
    while (u32[first + i] !== 0) i = (i + 1) & this.#placesMask;
    u32[first + i] = (((hash >>> placeSlotBits) << placeSlotBits) | (slot + 1)) >>> 0;
    this.#placesUsed++;
  }

  #removePlace(hash: number, slot: number): void {
    const u32 = this.#memory.u32;
    const first = this.#places >>> 2;
    let i = hash & this.#placesMask;
    while ((u32[first + i]! & placeSlotMask) !== slot + 1) i = (i + 1) & this.#placesMask;
    u32[first + i] = placeRemoved;
  }

  /** Puts all series into a table of the right size; the one that is being added is among them. */
  #rebuildPlaces(): void {
    this.#newPlaces();
    for (let slot = 0; slot < this.#slotCount; slot++) {
      const block = this.#block(slot);
      if (block !== 0) this.#putPlace(this.#hashOf(block), slot);
    }
  }

  /** An empty table of the right size for so many series. */
  #newPlaces(count = this.#seriesCount + 1): void {
    this.#arena.free(this.#places, 4 * (this.#placesMask + 1));
    let places = 1024;
    while (count * 2 > places) places *= 2;
    this.#places = this.#makePlaces(places);
    this.#placesMask = places - 1;
    this.#placesUsed = 0;
  }

  #makePlaces(places: number): number {
    const address = this.#arena.alloc(4 * places);
    this.#memory.u32.fill(0, address >>> 2, (address >>> 2) + places);
    return address;
  }
}

/** Of the `pairs` entries from place `first` on. */
function hashEntries(entries: Uint32Array, first: number, pairs: number): number {
  let hash = 0x9e3779b1;
  for (let i = first; i < first + pairs; i++) {
    hash = Math.imul(hash ^ (entries[i]! >>> 3), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
