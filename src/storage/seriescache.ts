// Remembers which series a block of label bytes names, so that a sender that repeats itself costs no strings. Senders write
// the labels of a series with the same bytes each time. What is kept is a 128-bit hash of the bytes with a secret seed, not
// the bytes: that two of 2^26 series meet in it is as likely as 2^52 to 2^128.

import {hashBlock} from './blockhash.ts';

/** Words of an entry: hash, slot + 1 (0 = free place), generation. */
const entryWords = 6;
const slotWord = 4;
const generationWord = 5;

const placesMin = 1024;

/** Where a lookup ended. Holds the found series after find() returned true. */
export interface CachedSeries {
  slot: number;
  generation: number;
}

export class SeriesCache {
  readonly #seed = new Int32Array(4);
  readonly #hash = new Int32Array(4);
  readonly #entriesMax: number;
  readonly #alive: (slot: number, generation: number) => boolean;
  #table = new Int32Array(placesMin * entryWords);
  #mask = placesMin - 1;
  #used = 0;

  /** At most `entriesMax` series are remembered; `alive` says which of them still exist. */
  constructor(entriesMax: number, alive: (slot: number, generation: number) => boolean) {
    this.#entriesMax = Math.max(entriesMax, placesMin / 2);
    this.#alive = alive;
    crypto.getRandomValues(this.#seed);
  }

  get size(): number {
    return this.#used;
  }

  get bytes(): number {
    return this.#table.byteLength;
  }

  /** Looks for the series that the bytes [start, end) name. A later add() stores under the same bytes. */
  find(bytes: DataView, start: number, end: number, into: CachedSeries): boolean {
    const hash = this.#hash;
    hashBlock(bytes, start, end, this.#seed, hash);
    const at = this.#place(hash[0]!, hash[1]!, hash[2]!, hash[3]!);
    const table = this.#table;
    if (table[at + slotWord] === 0) return false;
    const slot = (table[at + slotWord]! >>> 0) - 1;
    const generation = table[at + generationWord]! >>> 0;
    if (!this.#alive(slot, generation)) return false;
    into.slot = slot;
    into.generation = generation;
    return true;
  }

  /** Remembers the series that the last find() did not find. */
  add(slot: number, generation: number): void {
    if ((this.#used + 1) * 3 > (this.#mask + 1) * 2) this.#rebuild();
    const [h0, h1, h2, h3] = this.#hash as unknown as [number, number, number, number];
    this.#put(h0, h1, h2, h3, slot + 1, generation);
  }

  #put(h0: number, h1: number, h2: number, h3: number, slotPlusOne: number, generation: number): void {
    const at = this.#place(h0, h1, h2, h3);
    const table = this.#table;
    if (table[at + slotWord] === 0) this.#used++;
    table[at] = h0;
    table[at + 1] = h1;
    table[at + 2] = h2;
    table[at + 3] = h3;
    table[at + slotWord] = slotPlusOne;
    table[at + generationWord] = generation;
  }

  /** Word offset of the entry with this hash, or of the free place where it belongs. */
  #place(h0: number, h1: number, h2: number, h3: number): number {
    const table = this.#table;
    for (let place = h0 & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = place * entryWords;
      if (table[at + slotWord] === 0) return at;
      if (table[at] === h0 && table[at + 1] === h1 && table[at + 2] === h2 && table[at + 3] === h3) return at;
    }
  }

  /** Drops series that are gone, then makes room; forgets everything where there would be too many. */
  #rebuild(): void {
    const before = this.#table;
    let alive = 0;
    for (let at = 0; at < before.length; at += entryWords) if (this.#isAlive(before, at)) alive++;
    if (alive >= this.#entriesMax) alive = 0;
    let places = placesMin;
    while (places * 2 < (alive + 1) * 5) places *= 2;
    this.#table = new Int32Array(places * entryWords);
    this.#mask = places - 1;
    this.#used = 0;
    if (alive === 0) return;
    for (let at = 0; at < before.length; at += entryWords) {
      if (!this.#isAlive(before, at)) continue;
      const slotPlusOne = before[at + slotWord]!;
      const generation = before[at + generationWord]!;
      this.#put(before[at]!, before[at + 1]!, before[at + 2]!, before[at + 3]!, slotPlusOne, generation);
    }
  }

  #isAlive(table: Int32Array, at: number): boolean {
    const slotPlusOne = table[at + slotWord]! >>> 0;
    return slotPlusOne !== 0 && this.#alive(slotPlusOne - 1, table[at + generationWord]! >>> 0);
  }
}
