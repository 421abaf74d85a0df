import {tableHeaderBytes, removedPlace} from '../../kernels/index-layout.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {Reclaimer} from './epochs.ts';

// Hash table of addresses with open addressing and linear probing, read without locks:
//
//     mask:u32  unused:u32  place:u32 × (mask + 1)
//
// A place holds 0 = never used, 1 = removed, or the address of a record. Records never move within a table: a place goes from
// never used to an address, from an address to removed, and from removed to an address again. So a probe that began before
// a change misses at most what came or went at that moment. A fuller table is written aside and published as a whole.

const placesMin = 1024;

/** The writing side. The address of the current table is published at `root`. */
export class AddressTable {
  /** Records in the table. */
  size = 0;
  #removed = 0;
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #reclaimer: Reclaimer;
  readonly #root: number;
  readonly #hashOf: (address: number) => number;

  constructor(
    memory: LinearMemory,
    arena: Arena,
    reclaimer: Reclaimer,
    {root, hashOf}: {root: number; hashOf: (address: number) => number},
  ) {
    this.#memory = memory;
    this.#arena = arena;
    this.#reclaimer = reclaimer;
    this.#root = root;
    this.#hashOf = hashOf;
    this.#publish(this.#make(placesMin));
  }

  /** Adds a record that is not there yet; it is complete already. */
  add(hash: number, address: number): void {
    const places = this.#memory.u32[this.#table >>> 2]! + 1;
    if ((this.size + this.#removed + 1) * 4 > places * 3)
      this.#rebuild(this.size * 2 >= places ? places * 2 : places);
    this.#put(this.#table, hash, address);
    this.size++;
  }

  remove(hash: number, address: number): void {
    const u32 = this.#memory.u32;
    const first = (this.#table + tableHeaderBytes) >>> 2;
    const mask = u32[this.#table >>> 2]!;
    let place = hash & mask;
    while (u32[first + place] !== address) place = (place + 1) & mask;
    Atomics.store(u32, first + place, removedPlace);
    this.size--;
    this.#removed++;
  }

  get #table(): number {
    return this.#memory.u32[this.#root >>> 2]!;
  }

  #put(table: number, hash: number, address: number): void {
    const u32 = this.#memory.u32;
    const first = (table + tableHeaderBytes) >>> 2;
    const mask = u32[table >>> 2]!;
    let place = hash & mask;
    while (u32[first + place]! > removedPlace) place = (place + 1) & mask;
    if (u32[first + place] === removedPlace) this.#removed--;
    Atomics.store(u32, first + place, address);
  }

  #make(places: number): number {
    const table = this.#arena.alloc(tableHeaderBytes + 4 * places);
    const start = table >>> 2;
    this.#memory.u32[start] = places - 1;
    this.#memory.u32.fill(0, start + 2, start + 2 + places);
    return table;
  }

  #publish(table: number): void {
    Atomics.store(this.#memory.u32, this.#root >>> 2, table);
  }

  #rebuild(places: number): void {
    const u32 = this.#memory.u32;
    const old = this.#table;
    const table = this.#make(places);
    this.#removed = 0;
    const oldPlaces = u32[old >>> 2]! + 1;
    for (let i = 0; i < oldPlaces; i++) {
      const address = u32[((old + tableHeaderBytes) >>> 2) + i]!;
      if (address > removedPlace) this.#put(table, this.#hashOf(address), address);
    }
    this.#publish(table);
    this.#reclaimer.retire(old, tableHeaderBytes + 4 * oldPlaces);
  }
}
