// Records on their way from the thread that reads segments ahead to the one that uses them, in the shared memory:
//
//     head:i32  tail:i32  waiting for records:i32  waiting for room:i32  stop:i32  unused: 12 bytes      then the ring
//     entry: kind:u8  segment:u24  length:u32  start:f64  end:f64  length bytes, to the next multiple of 8
//
// `head` and `tail` count bytes and wrap around at 2^32. An entry lies in one piece; where it would not, the rest of the ring is passed over.

import {assert} from '../../base/assert.ts';
import type {LinearMemory} from '../../kernels/memory.ts';

const headField = 0;
const tailField = 4;
const recordsWanted = 8;
const roomWanted = 12;
const stopField = 16;
const controlBytes = 32;
const headerBytes = 24;

export const ringBytes = 2 ** 21;
export const ringTotalBytes = controlBytes + ringBytes;
/** Longer records do not go through the ring. */
export const ringRecordBytesMax = ringBytes / 4;

/** How long a side waits before it looks whether there is something that it was not told of. */
const lookMs = 50;

export const entryKind = {
  record: 1,
  /** All of the segment was read. */
  segmentEnd: 2,
  /** The rest of the segment, from `start` on, is not read ahead. */
  segmentLeft: 3,
  /** Nothing comes any more. */
  end: 4,
  /** The next entry is at the beginning of the ring. */
  wrap: 5,
  /** A record as snappy has made it: who takes it expands it. */
  stored: 6,
  /** A record of samples whose series were looked up: see decodedsamples.ts. */
  decoded: 7,
} as const;

/** Copies `length` bytes of the linear memory; they do not overlap. */
export type CopyBytes = (from: number, to: number, length: number) => void;

/** So many bytes are given back at once. */
const giveBackBytes = ringBytes / 16;

/** Bytes of entries that are put at once, and room below which they are put one by one. */
const putBytes = ringBytes / 16;
const putBytesMin = 4096;

/** Both sides of a ring at `address`; each side is used by one thread. */
export class RecordRing {
  /** Of the entry that take() found. */
  kind = 0;
  /** Which segment it belongs to. */
  segment = 0;
  /** Where its bytes lie, until the next take(). */
  address = 0;
  length = 0;
  start = 0;
  end = 0;
  readonly #memory: LinearMemory;
  readonly #control: number;
  readonly #ring: number;
  /** Of the side that takes: how far it is, and how much of that it has told. */
  #tail = 0;
  #tailTold = 0;
  /** Bytes of the entry that take() found: they are given back by a later one. */
  #taken = 0;
  readonly #copy: CopyBytes;

  /** `copy` is what put() copies records with: a kernel is faster. */
  constructor(
    memory: LinearMemory,
    address: number,
    copy: CopyBytes = (from, to, length) => void memory.u8.copyWithin(to, from, from + length),
  ) {
    this.#memory = memory;
    this.#copy = copy;
    this.#control = address;
    this.#ring = address + controlBytes;
  }

  /** Before anything is put or taken. */
  clear(): void {
    this.#memory.u8.fill(0, this.#control, this.#ring);
  }

  /** Whether so much is in the ring that the side that takes has work for a while. For the side that puts. */
  get isAhead(): boolean {
    return ((this.#load(headField) - this.#load(tailField)) | 0) >= ringBytes / 2;
  }

  /** Asks the side that puts to end. */
  stop(): void {
    Atomics.store(this.#memory.i32, (this.#control + stopField) >>> 2, 1);
    Atomics.notify(this.#memory.i32, (this.#control + tailField) >>> 2);
  }

  /** Adds an entry with the `length` bytes at `address`. Waits for room; false = the other side has asked to stop. */
  put(
    kind: number,
    {segment, start, end}: {segment: number; start: number; end: number},
    address = 0,
    length = 0,
  ): boolean {
    assert(length <= ringRecordBytesMax, 'longer records do not go through the ring');
    const bytes = headerBytes + ((length + 7) & ~7);
    const {u32, f64} = this.#memory;
    let head = this.#load(headField);
    const rest = ringBytes - (head & (ringBytes - 1));
    const skipped = rest < bytes ? rest : 0;
    if (!this.#waitForRoom(head, bytes + skipped)) return false;
    if (skipped > 0) {
      // Where not even a kind fits, both sides know.
      u32[(this.#ring + (head & (ringBytes - 1))) >>> 2] = entryKind.wrap;
      head = (head + skipped) | 0;
    }
    const entry = this.#ring + (head & (ringBytes - 1));
    u32[entry >>> 2] = (segment << 8) | kind;
    u32[(entry + 4) >>> 2] = length;
    f64[(entry + 8) >>> 3] = start;
    f64[(entry + 16) >>> 3] = end;
    this.#copy(address, entry + headerBytes, length);
    Atomics.store(this.#memory.i32, (this.#control + headField) >>> 2, (head + bytes) | 0);
    this.#tell(kind, (head + bytes) | 0);
    return true;
  }

  /**
   * Lets `make` write records of a segment as entries to [at, end) and give where they end. Does nothing where there is little room in one
   * piece: put() waits for more.
   */
  putMany(make: (at: number, end: number) => number): void {
    const head = this.#load(headField);
    const offset = head & (ringBytes - 1);
    const free = ringBytes - ((head - this.#load(tailField)) | 0);
    // Not all at once: the other side waits for records.
    const room = Math.min(free, ringBytes - offset, putBytes);
    if (room < putBytesMin) return;
    const at = this.#ring + offset;
    const end = make(at, at + room);
    if (end === at) return;
    Atomics.store(this.#memory.i32, (this.#control + headField) >>> 2, (head + end - at) | 0);
    this.#tell(entryKind.record, (head + end - at) | 0);
  }

  /** Wakes the other side when there is something to do for a while, or the end of something: not for every record. */
  #tell(kind: number, head: number): void {
    const used = (head - this.#load(tailField)) | 0;
    const isRecord = kind === entryKind.record || kind === entryKind.stored || kind === entryKind.decoded;
    if (isRecord && used < ringBytes / 4) return;
    if (this.#load(recordsWanted) === 1) Atomics.notify(this.#memory.i32, (this.#control + headField) >>> 2);
  }

  /** Gives the entry before back and moves to the next one. False where none has come for `waitMs`. */
  take(waitMs: number): boolean {
    const {u32, f64} = this.#memory;
    let tail = (this.#tail + this.#taken) | 0;
    this.#taken = 0;
    this.#tail = tail;
    if (((tail - this.#tailTold) | 0) >= giveBackBytes) this.#giveBack();
    if (this.#load(headField) === tail && !this.#waitForRecord(tail, waitMs)) return false;
    if ((u32[(this.#ring + (tail & (ringBytes - 1))) >>> 2]! & 0xff) === entryKind.wrap) {
      tail = (tail + ringBytes - (tail & (ringBytes - 1))) | 0;
      this.#tail = tail;
    }
    const entry = this.#ring + (tail & (ringBytes - 1));
    this.kind = u32[entry >>> 2]! & 0xff;
    this.segment = u32[entry >>> 2]! >>> 8;
    this.length = u32[(entry + 4) >>> 2]!;
    this.start = f64[(entry + 8) >>> 3]!;
    this.end = f64[(entry + 16) >>> 3]!;
    this.address = entry + headerBytes;
    this.#taken = headerBytes + ((this.length + 7) & ~7);
    return true;
  }

  /**
   * Lets `use` take entries of a segment that have come already: of those that begin in the bytes [at, end) it takes as many as it likes, in
   * their order, and gives where it has stopped. Gives their number; `end` is that of the last one.
   */
  takeMany(segment: number, use: (at: number, end: number) => number): number {
    const {u32, f64} = this.#memory;
    let count = 0;
    for (;;) {
      const tail = (this.#tail + this.#taken) | 0;
      this.#taken = 0;
      this.#tail = tail;
      if (((tail - this.#tailTold) | 0) >= giveBackBytes) this.#giveBack();
      const bytes = (this.#load(headField) - tail) | 0;
      const offset = tail & (ringBytes - 1);
      const at = this.#ring + offset;
      if (bytes === 0 || u32[at >>> 2]! >>> 8 !== segment) return count;
      // Not all at once: the other side needs room.
      const stopped = use(at, at + Math.min(bytes, ringBytes - offset, giveBackBytes));
      if (stopped === at) return count;
      let last = at;
      for (let entry = at; entry < stopped; count++) {
        last = entry;
        entry += headerBytes + ((u32[(entry + 4) >>> 2]! + 7) & ~7);
      }
      this.end = f64[(last + 16) >>> 3]!;
      this.#tail = (tail + stopped - at) | 0;
    }
  }

  /** Wakes the other side when half of the ring is free: not for every record. */
  #giveBack(): void {
    const {i32} = this.#memory;
    this.#tailTold = this.#tail;
    Atomics.store(i32, (this.#control + tailField) >>> 2, this.#tail);
    const used = (this.#load(headField) - this.#tail) | 0;
    if (used <= ringBytes / 2 && this.#load(roomWanted) === 1) {
      Atomics.notify(i32, (this.#control + tailField) >>> 2);
    }
  }

  #waitForRoom(head: number, bytes: number): boolean {
    const {i32} = this.#memory;
    const tailWord = (this.#control + tailField) >>> 2;
    for (;;) {
      if (this.#load(stopField) !== 0) return false;
      const tail = Atomics.load(i32, tailWord);
      if (((head - tail) | 0) + bytes <= ringBytes) return true;
      Atomics.store(i32, (this.#control + roomWanted) >>> 2, 1);
      // The time is for a request to stop that came in between.
      Atomics.wait(i32, tailWord, tail, 100);
      Atomics.store(i32, (this.#control + roomWanted) >>> 2, 0);
    }
  }

  #waitForRecord(tail: number, waitMs: number): boolean {
    const {i32} = this.#memory;
    const headWord = (this.#control + headField) >>> 2;
    const deadline = performance.now() + waitMs;
    this.#giveBack();
    // A wake-up may be late, and meant for the entry before: only `head` says that there is one.
    while (Atomics.load(i32, headWord) === tail) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      Atomics.store(i32, (this.#control + recordsWanted) >>> 2, 1);
      // Of a few records it is not told: it looks itself.
      Atomics.wait(i32, headWord, tail, Math.min(left, lookMs));
      Atomics.store(i32, (this.#control + recordsWanted) >>> 2, 0);
    }
    return true;
  }

  #load(field: number): number {
    return Atomics.load(this.#memory.i32, (this.#control + field) >>> 2);
  }
}
