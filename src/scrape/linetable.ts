import {
  entryBytes,
  entrySlot,
  entryLastSeen,
  kindComment,
  lineBytes,
  linePack,
  none,
  packKindMask,
  slackBytes,
  tableBase,
  tableBaseLength,
  tableBytes,
  tableCapacity,
  tableCount,
  tableEntries,
  tableFirst,
  tableHash,
  tableHashMask,
  tableLines,
  tableSeed,
  tableText,
  tableTextCapacity,
  tableTextUsed,
} from '../kernels/scrape-layout.ts';
import type {ScrapeMemory} from './memory.ts';

/** Scrapes without a line out of place after which the hash table is given back, and lines and their text are shared. */
const hashIdleScrapesMax = 8;

/**
 * What is remembered of a target's lines between scrapes: see kernels/scrape-layout.ts for the layout. It costs 16 bytes a
 * series; 16 more and the part of the key that differs from its neighbour's, which tables with the same lines share; and while lines
 * come out of place, 8 for hashes.
 */
export class LineTable {
  /** Address of the table's record. */
  readonly address: number;
  readonly #world: ScrapeMemory;
  #hashUsed = false;
  #hashIdleScrapes = 0;
  /** The text is one of the shared ones: there is no room behind it. */
  #textShared = false;
  /** Likewise the lines, and nothing may be written to them. */
  #linesShared = false;

  constructor(world: ScrapeMemory) {
    this.#world = world;
    this.address = world.arena.alloc(tableBytes);
    world.memory.u8.fill(0, this.address, this.address + tableBytes);
    this.#set(tableFirst, none);
    const seed = crypto.getRandomValues(new Uint32Array(2));
    this.#set(tableSeed, seed[0]!);
    this.#set(tableSeed + 4, seed[1]!);
  }

  /** Entries of all kinds. */
  get count(): number {
    return this.#get(tableCount);
  }

  get bytes(): number {
    const hash = this.#get(tableHash) === 0 ? 0 : 4 * (this.#get(tableHashMask) + 1);
    const entries = (entryBytes + lineBytes) * this.#get(tableCapacity);
    return tableBytes + entries + this.#get(tableTextCapacity) + hash;
  }

  /** Address of entry `index`, until the next add(). */
  entry(index: number): number {
    return this.#get(tableEntries) + entryBytes * index;
  }

  /** Address of the line of entry `index`, to be read. */
  line(index: number): number {
    return this.#get(tableLines) + lineBytes * index;
  }

  /** The same, to be changed. */
  ownLine(index: number): number {
    this.ownLines();
    return this.line(index);
  }

  /** Makes a copy of lines that other tables have, too: they are about to change. */
  ownLines(): void {
    if (!this.#linesShared) return;
    const {arena, memory} = this.#world;
    const shared = this.#get(tableLines);
    const lines = arena.alloc(lineBytes * this.#get(tableCapacity));
    memory.u8.copyWithin(lines, shared, shared + lineBytes * this.count);
    this.#freeLines(shared, 0);
    this.#set(tableLines, lines);
  }

  /** Index of the entry with the key at `key`, or -1. */
  find(key: number, length: number, type: number): number {
    this.ensureHash();
    return this.#world.kernels.findEntry(this.address, key, length, type) | 0;
  }

  /** Adds an entry that find() did not find. `pack`: see linePack. */
  add(key: number, length: number, pack: number): number {
    this.ensureHash();
    for (;;) {
      const index = this.#world.kernels.addEntry(this.address, key, length, pack) | 0;
      if (index >= 0) return index;
      this.#grow(length);
    }
  }

  /** Lines can be found by their keys afterwards, and be changed. */
  ensureHash(): void {
    this.#hashUsed = true;
    this.ownLines();
    if (this.#get(tableHash) === 0) this.#hash(Math.max(this.#get(tableCapacity), 32));
  }

  /** Copies the key of an entry to the scratch space and returns its length. */
  copyKey(index: number): number {
    return this.#world.kernels.copyKey(this.address, index, this.#world.scratch);
  }

  /** After each scrape that went well: drops what is not needed any more. `seen`: entries of this scrape. */
  tidy(scrape: number, seen: number): void {
    this.#hashIdleScrapes = this.#hashUsed ? 0 : this.#hashIdleScrapes + 1;
    this.#hashUsed = false;
    const capacity = this.#get(tableCapacity);
    if (capacity > seen + (seen >>> 2) + 16) this.#tryKeepSince(scrape);
    if (this.#hashIdleScrapes === hashIdleScrapesMax) this.#settle();
  }

  #tryKeepSince(scrape: number): void {
    this.#ifThereIsRoom(() => this.keepSince(scrape));
  }

  /** Copying needs memory for a moment: where there is none, the table stays as it is. */
  #ifThereIsRoom(copy: () => void): void {
    try {
      copy();
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
    }
  }

  /** The lines are not changing: no hash table, no spare room, and no lines and text that another table has, too. */
  #settle(): void {
    this.#freeHash();
    this.#ifThereIsRoom(() => {
      if (this.#get(tableCapacity) > roomFor(this.count) + 16) this.#resizeEntries(roomFor(this.count));
      this.#shareText();
      this.#shareLines();
    });
  }

  #shareText(): void {
    const used = this.#get(tableTextUsed);
    if (this.#textShared || used === 0) return;
    const own = this.#get(tableText);
    const shared = this.#world.texts.share(own, used);
    this.#world.arena.free(own, this.#get(tableTextCapacity));
    this.#set(tableText, shared);
    this.#set(tableTextCapacity, used);
    this.#textShared = true;
  }

  #shareLines(): void {
    if (this.#linesShared || this.count === 0) return;
    const own = this.#get(tableLines);
    const shared = this.#world.texts.share(own, lineBytes * this.count);
    this.#freeLines(own, this.#get(tableCapacity));
    this.#set(tableLines, shared);
    this.#linesShared = true;
  }

  #freeLines(address: number, capacity: number): void {
    if (this.#linesShared) this.#world.texts.release(address);
    else if (capacity > 0) this.#world.arena.free(address, lineBytes * capacity);
    this.#linesShared = false;
  }

  #freeText(address: number, capacity: number): void {
    if (this.#textShared) this.#world.texts.release(address);
    else if (capacity > 0) this.#world.arena.free(address, capacity);
    this.#textShared = false;
  }

  /** Forgets the entries that were last seen before `scrape`, and gives back spare room. */
  keepSince(scrape: number): void {
    const {kernels, arena, memory, scratch} = this.#world;
    const old = {
      entries: this.#get(tableEntries),
      lines: this.#get(tableLines),
      capacity: this.#get(tableCapacity),
      count: this.count,
      text: this.#get(tableText),
      textCapacity: this.#get(tableTextCapacity),
    };
    if (old.count === 0) return;
    let live = 0;
    for (let i = 0; i < old.count; i++) {
      if (memory.u32[(old.entries + entryBytes * i + entryLastSeen) / 4]! >= scrape) live++;
    }
    const capacity = roomFor(live);
    const textCapacity = kernels.keyBytes(this.address) + slackBytes;
    const hashSize = hashSizeFor(capacity);
    const rooms = [entryBytes * capacity, lineBytes * capacity, textCapacity, 4 * hashSize];
    const sizes = [tableBytes, ...rooms, 4 * old.count];
    const [source, entries, lines, text, hash, map] = this.#world.allocAll(sizes) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];

    this.#freeHash();
    memory.u8.copyWithin(source, this.address, this.address + tableBytes);
    this.#set(tableEntries, entries);
    this.#set(tableLines, lines);
    this.#set(tableCapacity, capacity);
    this.#set(tableCount, 0);
    this.#set(tableText, text);
    this.#set(tableTextCapacity, textCapacity);
    this.#set(tableTextUsed, 0);
    this.#set(tableBase, 0);
    this.#set(tableBaseLength, 0);
    this.#useHash(hash, hashSize);
    kernels.copyTable(source, this.address, scrape, map, scratch);

    arena.free(map, 4 * old.count);
    arena.free(source, tableBytes);
    arena.free(old.entries, entryBytes * old.capacity);
    this.#freeLines(old.lines, old.capacity);
    this.#freeText(old.text, old.textCapacity);
    this.#resizeText(this.#get(tableTextUsed) + slackBytes);
  }

  /** Adds the ids of the comments that were seen since scrape `since` to `ids`. */
  commentIds(since: number, ids: Set<number>): void {
    const u32 = this.#world.memory.u32;
    for (let i = 0; i < this.count; i++) {
      if ((u32[(this.line(i) + linePack) / 4]! & packKindMask) !== kindComment) continue;
      const entry = this.entry(i) / 4;
      if (u32[entry + entryLastSeen / 4]! >= since) ids.add(u32[entry + entrySlot / 4]!);
    }
  }

  free(): void {
    const {arena} = this.#world;
    this.#freeHash();
    const capacity = this.#get(tableCapacity);
    if (capacity > 0) arena.free(this.#get(tableEntries), entryBytes * capacity);
    this.#freeLines(this.#get(tableLines), capacity);
    this.#freeText(this.#get(tableText), this.#get(tableTextCapacity));
    arena.free(this.address, tableBytes);
  }

  #grow(keyLength: number): void {
    const count = this.count;
    const capacity = this.#get(tableCapacity);
    if (count >= capacity) this.#resizeEntries(Math.max(32, roomFor(count + (count >>> 1))));
    const textUsed = this.#get(tableTextUsed);
    if (textUsed + keyLength + slackBytes > this.#get(tableTextCapacity)) {
      this.#resizeText(Math.max(1024, textUsed + (textUsed >>> 1)) + keyLength + slackBytes);
    }
    if (1.5 * count >= this.#get(tableHashMask)) {
      this.#freeHash();
      this.#hash(2 * count);
    }
  }

  #resizeEntries(capacity: number): void {
    const {arena, memory} = this.#world;
    const before = this.#get(tableCapacity);
    const [entries, lines] = this.#world.allocAll([entryBytes * capacity, lineBytes * capacity]) as [
      number,
      number,
    ];
    const oldEntries = this.#get(tableEntries);
    const oldLines = this.#get(tableLines);
    memory.u8.copyWithin(entries, oldEntries, oldEntries + entryBytes * this.count);
    memory.u8.copyWithin(lines, oldLines, oldLines + lineBytes * this.count);
    if (before > 0) arena.free(oldEntries, entryBytes * before);
    this.#freeLines(oldLines, before);
    this.#set(tableEntries, entries);
    this.#set(tableLines, lines);
    this.#set(tableCapacity, capacity);
  }

  #resizeText(capacity: number): void {
    const {arena, memory} = this.#world;
    const before = this.#get(tableTextCapacity);
    if (arena.sizeOf(capacity) === arena.sizeOf(before) && capacity <= before) return;
    const text = arena.alloc(capacity);
    if (before > 0) {
      const old = this.#get(tableText);
      memory.u8.copyWithin(text, old, old + this.#get(tableTextUsed));
      this.#freeText(old, before);
    }
    this.#set(tableText, text);
    this.#set(tableTextCapacity, capacity);
  }

  /** Makes a hash table with room for `count` entries, and fills it. */
  #hash(count: number): void {
    const size = hashSizeFor(count);
    this.#useHash(this.#world.arena.alloc(4 * size), size);
    this.#world.kernels.hashEntries(this.address, this.#world.scratch);
  }

  #useHash(address: number, size: number): void {
    this.#world.memory.u32.fill(0, address / 4, address / 4 + size);
    this.#set(tableHash, address);
    this.#set(tableHashMask, size - 1);
  }

  #freeHash(): void {
    const hash = this.#get(tableHash);
    if (hash !== 0) this.#world.arena.free(hash, 4 * (this.#get(tableHashMask) + 1));
    this.#set(tableHash, 0);
    this.#set(tableHashMask, 0);
  }

  #get(field: number): number {
    return this.#world.memory.u32[(this.address + field) / 4]!;
  }

  #set(field: number, value: number): void {
    this.#world.memory.u32[(this.address + field) / 4] = value;
  }
}

/** A little spare room, so that a few new series do not mean a new table. */
function roomFor(count: number): number {
  return count + Math.min(count >>> 4, 1024) + 4;
}

/** A power of two of which at most two thirds are used. */
function hashSizeFor(count: number): number {
  let size = 64;
  while (size < 1.5 * count + 2) size *= 2;
  return size;
}
