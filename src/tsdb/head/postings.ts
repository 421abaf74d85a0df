import {
  entryName,
  entryValue,
  entryList,
  listCapacity,
  listItems,
  tableHeaderBytes,
  removedPlace,
} from '../../kernels/index-layout.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {Reclaimer} from './epochs.ts';
import {headerEntries, headerRoot} from './header.ts';
import type {SymbolTable} from './symbols.ts';
import {AddressTable} from './table.ts';

// The index. An entry stands for a label pair, a label name (value 0), or the root (name 0, value 0):
//
//     name:u32  value:u32  list:u32  next:u32        name, value: addresses of symbols
//
// Its list holds, in the order in which they came, the slots of the series with that pair; the pairs' entries of that
// name; the names' entries:
//
//     count:u32  capacity:u32  item:u32 × capacity
//
// Items are only ever added behind `count`, which is then published. To take items out or to grow, a list is written
// aside and published in the entry: who holds the old one sees the past. `next` belongs to the writer.

const entryNext = 12;
const entryBytes = 16;

/** End of the chain of changed entries. */
const chainEnd = 1;

/** Address of the entry for a pair (value 0: for a name), or 0. Any thread may call it. */
export function findEntry(memory: LinearMemory, name: number, value: number): number {
  const u32 = memory.u32;
  const table = Atomics.load(u32, headerEntries >>> 2);
  const mask = u32[table >>> 2]!;
  const first = (table + tableHeaderBytes) >>> 2;
  for (let place = entryHash(name, value) & mask; ; place = (place + 1) & mask) {
    const entry = Atomics.load(u32, first + place);
    if (entry === 0) return 0;
    if (entry === removedPlace) continue;
    if (u32[(entry + entryName) >>> 2] === name && u32[(entry + entryValue) >>> 2] === value) return entry;
  }
}

function entryHash(name: number, value: number): number {
  const hash = Math.imul(Math.imul(name >>> 3, 0x9e3779b1) ^ (value >>> 3), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** The writing side. */
export class Postings {
  /** Label pairs. */
  pairs = 0;
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #reclaimer: Reclaimer;
  readonly #symbols: SymbolTable;
  readonly #table: AddressTable;
  readonly #root: number;
  /** Chains, through entryNext, of the pairs and of the names whose lists have items that are gone. */
  #changedPairs = chainEnd;
  #changedNames = chainEnd;
  /** Items that sweep() has looked at, ever. */
  #swept = 0;

  constructor(memory: LinearMemory, arena: Arena, reclaimer: Reclaimer, symbols: SymbolTable) {
    this.#memory = memory;
    this.#arena = arena;
    this.#reclaimer = reclaimer;
    this.#symbols = symbols;
    const u32 = memory.u32;
    this.#table = new AddressTable(memory, arena, reclaimer, {
      root: headerEntries,
      hashOf: (entry) => entryHash(u32[(entry + entryName) >>> 2]!, u32[(entry + entryValue) >>> 2]!),
    });
    this.#root = this.#makeEntry(0, 0);
    Atomics.store(u32, headerRoot >>> 2, this.#root);
  }

  /** The entry for a pair of symbols, made where it is not there. An entry holds a reference to each of its symbols. */
  pair(name: number, value: number): number {
    const found = findEntry(this.#memory, name, value);
    if (found !== 0) return found;
    let nameEntry = findEntry(this.#memory, name, 0);
    if (nameEntry === 0) {
      nameEntry = this.#addEntry(name, 0);
      this.append(this.#root, nameEntry);
    }
    const entry = this.#addEntry(name, value);
    this.append(nameEntry, entry);
    this.pairs++;
    return entry;
  }

  /** Adds an item to an entry's list. */
  append(entry: number, item: number): void {
    const u32 = this.#memory.u32;
    const list = u32[(entry + entryList) >>> 2]!;
    const count = u32[list >>> 2]!;
    if (count < u32[(list + listCapacity) >>> 2]!) {
      u32[((list + listItems) >>> 2) + count] = item;
      Atomics.store(u32, list >>> 2, count + 1);
    } else this.#appendGrown(entry, list, count, item);
  }

  /** Notes that items of a pair's list are gone; sweep() takes them out. */
  changed(pair: number): void {
    const u32 = this.#memory.u32;
    if (u32[(pair + entryNext) >>> 2] !== 0) return;
    u32[(pair + entryNext) >>> 2] = this.#changedPairs;
    this.#changedPairs = pair;
  }

  /**
   * Takes the slots that are not `alive` out of the changed lists, then the pairs, names and symbols that nobody has any more.
   * Looks at about `items` items and returns whether there is more to do.
   */
  sweep(alive: (slot: number) => boolean, items: number): boolean {
    const u32 = this.#memory.u32;
    const end = this.#swept + items;
    while (this.#changedPairs !== chainEnd) {
      if (this.#swept >= end) return true;
      const pair = this.#changedPairs;
      this.#changedPairs = u32[(pair + entryNext) >>> 2]!;
      u32[(pair + entryNext) >>> 2] = 0;
      if (!this.#filter(pair, alive)) this.#dropPair(pair);
    }
    const hasItems = (entry: number): boolean => u32[u32[(entry + entryList) >>> 2]! >>> 2] !== 0;
    let namesGone = false;
    while (this.#changedNames !== chainEnd) {
      const name = this.#changedNames;
      this.#changedNames = u32[(name + entryNext) >>> 2]!;
      u32[(name + entryNext) >>> 2] = 0;
      if (!this.#filter(name, hasItems)) namesGone = true;
    }
    if (namesGone) this.#dropNames(hasItems);
    this.#retireGone();
    return false;
  }

  /** Entries that sweep() has emptied; their symbols are released when nothing is filtered any more. */
  #gone: number[] = [];

  #dropPair(pair: number): void {
    const u32 = this.#memory.u32;
    const name = findEntry(this.#memory, u32[(pair + entryName) >>> 2]!, 0);
    if (u32[(name + entryNext) >>> 2] === 0) {
      u32[(name + entryNext) >>> 2] = this.#changedNames;
      this.#changedNames = name;
    }
    this.#gone.push(pair);
  }

  #dropNames(hasItems: (entry: number) => boolean): void {
    const u32 = this.#memory.u32;
    const list = u32[(this.#root + entryList) >>> 2]!;
    const count = u32[list >>> 2]!;
    for (let i = 0; i < count; i++) {
      const name = u32[((list + listItems) >>> 2) + i]!;
      if (!hasItems(name)) this.#gone.push(name);
    }
    this.#filter(this.#root, hasItems);
  }

  #retireGone(): void {
    const u32 = this.#memory.u32;
    for (const entry of this.#gone) {
      // A series that came between two steps may have taken the pair up again.
      if (u32[u32[(entry + entryList) >>> 2]! >>> 2] !== 0) continue;
      const name = u32[(entry + entryName) >>> 2]!;
      const value = u32[(entry + entryValue) >>> 2]!;
      this.#table.remove(entryHash(name, value), entry);
      const list = u32[(entry + entryList) >>> 2]!;
      this.#reclaimer.retire(list, listItems + 4 * u32[(list + listCapacity) >>> 2]!);
      this.#reclaimer.retire(entry, entryBytes);
      this.#symbols.release(name);
      if (value === 0) continue;
      this.#symbols.release(value);
      this.pairs--;
    }
    this.#gone = [];
  }

  /** Rewrites an entry's list without the items that `keep` refuses. Returns whether any are left. */
  #filter(entry: number, keep: (item: number) => boolean): boolean {
    const u32 = this.#memory.u32;
    const list = u32[(entry + entryList) >>> 2]!;
    const count = u32[list >>> 2]!;
    const items = (list + listItems) >>> 2;
    this.#swept += count + 1;
    let kept = 0;
    while (kept < count && keep(u32[items + kept]!)) kept++;
    if (kept === count) return count > 0;
    const filtered = this.#makeList(count);
    const target = (filtered + listItems) >>> 2;
    u32.copyWithin(target, items, items + kept);
    for (let i = kept + 1; i < count; i++) if (keep(u32[items + i]!)) u32[target + kept++] = u32[items + i]!;
    u32[filtered >>> 2] = kept;
    this.#replaceList(entry, list, this.#trimmed(filtered, kept));
    return kept > 0;
  }

  /** The same list in less room, where it has much too much; it is not published yet. */
  #trimmed(list: number, count: number): number {
    const u32 = this.#memory.u32;
    const capacity = u32[(list + listCapacity) >>> 2]!;
    if (count + Math.max(1, count >>> 2) >= capacity) return list;
    const trimmed = this.#makeList(count);
    const items = (list + listItems) >>> 2;
    u32.copyWithin((trimmed + listItems) >>> 2, items, items + count);
    u32[trimmed >>> 2] = count;
    this.#arena.free(list, listItems + 4 * capacity);
    return trimmed;
  }

  #addEntry(name: number, value: number): number {
    const entry = this.#makeEntry(name, value);
    this.#symbols.acquire(name);
    if (value !== 0) this.#symbols.acquire(value);
    this.#table.add(entryHash(name, value), entry);
    return entry;
  }

  #makeEntry(name: number, value: number): number {
    const u32 = this.#memory.u32;
    const entry = this.#arena.alloc(entryBytes);
    u32[(entry + entryName) >>> 2] = name;
    u32[(entry + entryValue) >>> 2] = value;
    u32[(entry + entryList) >>> 2] = this.#makeList(1);
    u32[(entry + entryNext) >>> 2] = 0;
    return entry;
  }

  /** A list with room for at least `items`: all that its size class gives. */
  #makeList(items: number): number {
    const u32 = this.#memory.u32;
    const bytes = this.#arena.sizeOf(listItems + 4 * Math.max(items, 1));
    const list = this.#arena.alloc(bytes);
    u32[list >>> 2] = 0;
    u32[(list + listCapacity) >>> 2] = (bytes - listItems) >>> 2;
    return list;
  }

  #appendGrown(entry: number, list: number, count: number, item: number): void {
    const u32 = this.#memory.u32;
    // A quarter more: what is unused matters more than the copying, of which there is little.
    const grown = this.#makeList(count + Math.max(1, count >>> 2));
    const items = (list + listItems) >>> 2;
    u32.copyWithin((grown + listItems) >>> 2, items, items + count);
    u32[((grown + listItems) >>> 2) + count] = item;
    u32[grown >>> 2] = count + 1;
    this.#replaceList(entry, list, grown);
  }

  #replaceList(entry: number, list: number, by: number): void {
    const u32 = this.#memory.u32;
    Atomics.store(u32, (entry + entryList) >>> 2, by);
    this.#reclaimer.retire(list, listItems + 4 * u32[(list + listCapacity) >>> 2]!);
  }
}
