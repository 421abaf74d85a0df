import {assert} from '../../base/assert.ts';
import type {Arena} from '../../kernels/arena.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {headerEpoch, headerReaders, readerBytes, readerEpoch, readerOwner, readersMax} from './header.ts';

// Reclamation by epochs. What the writer takes out of the shared structures may still be in a reader's hands, so it is
// retired: put on a list with the epoch of that moment, and freed when every reader inside entered at a later epoch.
//
// 1. A reader writes the global epoch into its place before it follows any pointer, and 0 when it holds none any more.
// 2. The writer unlinks first (atomic stores), then retires with the current epoch, then moves the epoch on.
// 3. Whatever was retired at epoch r is out of reach for a reader that entered at an epoch after r: it was unlinked before.
//    A reader that writes its place with an epoch that has just passed is only more careful than needed.
// 4. Epochs are compared by signed difference, so the counter may wrap around; it skips 0 and stands still when a reader
//    lags by 2^30.

const lagMax = 2 ** 30;

/** The reading side: one for each thread that reads. */
export class EpochReader {
  readonly #i32: Int32Array;
  readonly #place: number;
  #depth = 0;

  /** Takes a place. `owner` is the thread's id, not 0, by which the writer can clear the place of a thread that died. */
  constructor(memory: LinearMemory, owner: number) {
    assert(owner > 0, 'the owner of a reader has an id');
    this.#i32 = memory.i32;
    for (let i = 0; i < readersMax; i++) {
      const place = headerReaders + i * readerBytes;
      if (Atomics.compareExchange(this.#i32, (place + readerOwner) >>> 2, 0, owner) === 0) {
        this.#place = place;
        return;
      }
    }
    throw new RangeError(`cannot read the head: all ${readersMax} reader places are taken`);
  }

  /** From here on nothing that can be reached is freed. May be nested: the outermost counts. */
  enter(): void {
    if (this.#depth++ > 0) return;
    const epoch = Atomics.load(this.#i32, headerEpoch >>> 2);
    Atomics.store(this.#i32, (this.#place + readerEpoch) >>> 2, epoch);
  }

  leave(): void {
    assert(this.#depth > 0, 'leave() follows enter()');
    if (--this.#depth > 0) return;
    Atomics.store(this.#i32, (this.#place + readerEpoch) >>> 2, 0);
  }

  /** Gives the place back. */
  release(): void {
    Atomics.store(this.#i32, (this.#place + readerEpoch) >>> 2, 0);
    Atomics.store(this.#i32, (this.#place + readerOwner) >>> 2, 0);
  }
}

/** Sizes below 8 name what is retired instead of plain bytes. */
export const retiredFragments = 1;
export const retiredSlot = 2;
/** A file of full chunks. */
export const retiredFile = 3;

/** Frees what is not plain bytes: a chain of fragments by its tail, a slot or a file by its number. */
export type RetiredHandler = (what: number, kind: number) => void;

const entryWords = 3;

/**
 * The writing side: the list of what was retired, oldest first, as a ring of {epoch, address, bytes} in one typed array that
 * grows and shrinks. 12 bytes for each retired block, no object.
 */
export class Reclaimer {
  /** Bytes on the list, fragments and slots not counted. */
  bytesRetired = 0;
  readonly #i32: Int32Array;
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #poison: boolean;
  #ring = new Uint32Array(1024 * entryWords);
  #first = 0;
  #length = 0;
  #epoch: number;
  #handler: RetiredHandler = () => assert(false, 'a handler is set');

  /** `poison` overwrites what is freed, so that a test sees a reader that still uses it. */
  constructor(memory: LinearMemory, arena: Arena, poison = false) {
    this.#i32 = memory.i32;
    this.#memory = memory;
    this.#arena = arena;
    this.#poison = poison;
    this.#epoch = memory.u32[headerEpoch >>> 2]! || 1;
    Atomics.store(this.#i32, headerEpoch >>> 2, this.#epoch | 0);
  }

  set handler(handler: RetiredHandler) {
    this.#handler = handler;
  }

  /** Number of blocks on the list. */
  get length(): number {
    return this.#length;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Moves the epoch, for tests of the wrap-around; the list must be empty. */
  set epoch(epoch: number) {
    assert(this.#length === 0 && epoch !== 0, 'the epoch is moved when nothing is retired');
    this.#epoch = epoch >>> 0;
    Atomics.store(this.#i32, headerEpoch >>> 2, epoch | 0);
  }

  /** Frees a block when all readers that can see it have left. It is unlinked already. */
  retire(address: number, bytes: number): void {
    if (this.#length * entryWords === this.#ring.length) this.#resize(this.#ring.length * 2);
    const at = ((this.#first + this.#length) * entryWords) % this.#ring.length;
    this.#ring[at] = this.#epoch;
    this.#ring[at + 1] = address;
    this.#ring[at + 2] = bytes;
    this.#length++;
    if (bytes >= 8) this.bytesRetired += bytes;
  }

  /** Frees what no reader can see any more. Cheap when there is nothing; the writer calls it after each batch. */
  reclaim(): void {
    if (this.#length === 0) return;
    const lag = this.#lag();
    const oldest = (this.#epoch - lag) >>> 0;
    if (lag < lagMax) this.#advance();
    while (this.#length > 0) {
      const at = (this.#first * entryWords) % this.#ring.length;
      // Without a reader inside all go.
      if (lag >= 0 && ((oldest - this.#ring[at]!) | 0) <= 0) break;
      this.#free(this.#ring[at + 1]!, this.#ring[at + 2]!);
      this.#first = (this.#first + 1) % (this.#ring.length / entryWords);
      this.#length--;
    }
    if (this.#length === 0 && this.#ring.length > 65_536 * entryWords) this.#resize(1024 * entryWords);
  }

  /** A moment that left() can be asked about. */
  mark(): number {
    const epoch = this.#epoch;
    if (this.#lag() < lagMax) this.#advance();
    return epoch;
  }

  /** Whether all readers have left that were inside at the moment `mark`. */
  left(mark: number): boolean {
    const lag = this.#lag();
    return lag < 0 || ((this.#epoch - lag - mark) | 0) > 0;
  }

  /** Clears the places of a thread that died inside. */
  clearOwner(owner: number): void {
    for (let i = 0; i < readersMax; i++) {
      const place = headerReaders + i * readerBytes;
      if (Atomics.load(this.#i32, (place + readerOwner) >>> 2) !== owner) continue;
      Atomics.store(this.#i32, (place + readerEpoch) >>> 2, 0);
      Atomics.store(this.#i32, (place + readerOwner) >>> 2, 0);
    }
  }

  /** How many epochs ago the oldest reader inside entered; -1 = no reader is inside. */
  #lag(): number {
    let lag = -1;
    for (let i = 0; i < readersMax; i++) {
      const epoch = Atomics.load(this.#i32, (headerReaders + i * readerBytes + readerEpoch) >>> 2);
      if (epoch !== 0) lag = Math.max(lag, (this.#epoch - epoch) >>> 0);
    }
    return lag;
  }

  #advance(): void {
    this.#epoch = (this.#epoch + 1) >>> 0 || 1;
    Atomics.store(this.#i32, headerEpoch >>> 2, this.#epoch | 0);
  }

  #free(address: number, bytes: number): void {
    if (bytes < 8) return this.#handler(address, bytes);
    this.bytesRetired -= bytes;
    if (this.#poison) this.#memory.u8.fill(0xdb, address, address + bytes);
    this.#arena.free(address, bytes);
  }

  #resize(words: number): void {
    const ring = new Uint32Array(words);
    const first = this.#first * entryWords;
    const end = first + this.#length * entryWords;
    const wrapped = Math.max(0, end - this.#ring.length);
    ring.set(this.#ring.subarray(first, end - wrapped));
    ring.set(this.#ring.subarray(0, wrapped), end - wrapped - first);
    this.#ring = ring;
    this.#first = 0;
  }
}
