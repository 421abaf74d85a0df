import {unguarded, type ReadGuard} from '../../storage/querier.ts';

/**
 * Gives equal tuples of integers the same small number, counting up from 0: group keys, match signatures and whole label
 * sets of one query. Open addressing over columns; no object per tuple.
 */
export class Tuples {
  count = 0;
  /** Hash table of tuple number + 1; 0 is empty. Its length is a power of two. */
  #slots = new Int32Array(16);
  /** Where each tuple's integers begin in `items`; one more for the end. */
  #starts = new Int32Array(17);
  #hashes = new Int32Array(16);
  #items = new Int32Array(64);

  readonly #guard: ReadGuard;

  /** `guard` counts the memory. */
  constructor(guard: ReadGuard = unguarded) {
    this.#guard = guard;
  }

  /** The number of the tuple items[0, length), which is kept where it is new: then `count` has grown. */
  intern(items: ArrayLike<number>, length: number): number {
    const hash = hashOf(items, length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]! - 1;
      if (this.#hashes[found] === hash && this.#equals(found, items, length)) return found;
    }
    return this.#add(slot, hash, items, length);
  }

  /** The number of the tuple, or -1 where it was never interned. */
  find(items: ArrayLike<number>, length: number): number {
    const hash = hashOf(items, length);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]! - 1;
      if (this.#hashes[found] === hash && this.#equals(found, items, length)) return found;
    }
    return -1;
  }

  #equals(tuple: number, items: ArrayLike<number>, length: number): boolean {
    const start = this.#starts[tuple]!;
    if (this.#starts[tuple + 1]! - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.#items[start + i] !== items[i]) return false;
    return true;
  }

  #add(slot: number, hash: number, items: ArrayLike<number>, length: number): number {
    const tuple = this.count++;
    if (this.count >= this.#starts.length) this.#starts = this.#grown(this.#starts, this.count + 1);
    if (this.count > this.#hashes.length) this.#hashes = this.#grown(this.#hashes, this.count);
    const start = this.#starts[tuple]!;
    if (start + length > this.#items.length) this.#items = this.#grown(this.#items, start + length);
    for (let i = 0; i < length; i++) this.#items[start + i] = items[i]!;
    this.#starts[tuple + 1] = start + length;
    this.#hashes[tuple] = hash;
    this.#slots[slot] = tuple + 1;
    if (this.count * 2 > this.#slots.length) this.#rehash();
    return tuple;
  }

  #grown(column: Int32Array, lengthMin: number): Int32Array<ArrayBuffer> {
    const length = Math.max(lengthMin, column.length * 2);
    this.#guard.takeBytes(4 * length);
    const larger = new Int32Array(length);
    larger.set(column);
    this.#guard.releaseBytes(4 * column.length);
    return larger;
  }

  #rehash(): void {
    this.#guard.takeBytes(12 * this.#slots.length);
    this.#slots = new Int32Array(this.#slots.length * 4);
    const mask = this.#slots.length - 1;
    for (let tuple = 0; tuple < this.count; tuple++) {
      let slot = this.#hashes[tuple]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = tuple + 1;
    }
  }
}

function hashOf(items: ArrayLike<number>, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ items[i]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
