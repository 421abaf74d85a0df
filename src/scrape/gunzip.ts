// Small gzip bodies, RFC 1952, expanded where they are by a kernel: zlib's objects cost more than its work, and what they
// allocate beside V8's heap brings on collections of all of it (`npm run bench -- targets`).

import type {Arena} from '../kernels/arena.ts';
import {
  inflateDamaged,
  inflateScratchBytes,
  inflateSourceSlack,
  inflateTargetSlack,
  inflateTooLong,
} from '../kernels/inflate-layout.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';

/** Room that is made at least, and that is kept for the next body at most. */
const roomBytesMin = 65_536;
const keptBytesMax = 262_144;
/** Deflate makes bytes at most about this many times fewer. */
const expansionMax = 1100;
const headerBytes = 10;
const trailerBytes = 8;

const hasHeaderCrc = 2;
const hasExtra = 4;
const hasName = 8;
const hasComment = 16;

/** A block of the arena. */
export interface Room {
  readonly address: number;
  readonly bytes: number;
}

const noRoom: Room = {address: 0, bytes: 0};

/** Expands the bodies of one thread, one at a time. */
export class Gunzip {
  readonly #memory: LinearMemory;
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  #scratch = 0;
  /** Room for compressed bytes and for what they become. */
  #source = noRoom;
  #target = noRoom;

  constructor({memory, kernels, arena}: {memory: LinearMemory; kernels: Kernels; arena: Arena}) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#arena = arena;
  }

  /**
   * The whole output, which is there until the next call; null where it is longer than `bytesMax`. Throws an Error where the body is
   * damaged, and RangeError where the memory is used up.
   */
  expand(body: Uint8Array, bytesMax: number): Uint8Array | null {
    this.#forgetLarge();
    if (this.#scratch === 0) this.#scratch = this.#arena.alloc(inflateScratchBytes);
    this.#source = this.#room(this.#source, body.length + inflateSourceSlack);
    this.#memory.u8.set(body, this.#source.address);
    const hint = body.length < headerBytes + trailerBytes ? 0 : wordAt(body, body.length - 4);
    // The size at the end is only a hint, since anybody can write there what they like; a wrong one costs one more run.
    const expected = Math.min(bytesMax, Math.max(1024, Math.min(hint, expansionMax * body.length)));
    for (const capacity of expected === bytesMax ? [bytesMax] : [expected, bytesMax]) {
      this.#target = this.#room(this.#target, capacity + inflateTargetSlack);
      const length = this.#expandMembers(body, capacity);
      if (length >= 0) return this.#memory.u8.subarray(this.#target.address, this.#target.address + length);
    }
    return null;
  }

  /** Hands the last output over: it stays until release(). */
  detach(): Room {
    const room = this.#target;
    this.#target = noRoom;
    return room;
  }

  /** Takes back what was handed over; it may serve for the next body. */
  release(room: Room): void {
    if (room.bytes > this.#target.bytes && room.bytes <= keptBytesMax) {
      this.#freeRoom(this.#target);
      this.#target = room;
    } else this.#freeRoom(room);
  }

  free(): void {
    this.#freeRoom(this.#source);
    this.#freeRoom(this.#target);
    if (this.#scratch > 0) this.#arena.free(this.#scratch, inflateScratchBytes);
    this.#scratch = 0;
    this.#source = noRoom;
    this.#target = noRoom;
  }

  /** Room of an output that was not handed over. */
  #forgetLarge(): void {
    if (this.#target.bytes <= keptBytesMax) return;
    this.#freeRoom(this.#target);
    this.#target = noRoom;
  }

  #freeRoom({address, bytes}: Room): void {
    if (bytes > 0) this.#arena.free(address, bytes);
  }

  #room(room: Room, bytes: number): Room {
    if (room.bytes >= bytes) return room;
    const wanted = Math.max(bytes, roomBytesMin);
    const address = this.#arena.alloc(wanted);
    if (room.bytes > 0) this.#arena.free(room.address, room.bytes);
    return {address, bytes: wanted};
  }

  /** Bytes of the output, or inflateTooLong. What follows the last member and is none is passed over, as zlib does it. */
  #expandMembers(body: Uint8Array, capacity: number): number {
    let length = 0;
    for (let at = 0; at === 0 || isMember(body, at);) {
      const start = memberStart(body, at);
      const {address} = this.#target;
      const made = this.#kernels.inflate(
        this.#source.address + start,
        body.length - start,
        address + length,
        capacity - length,
        this.#scratch,
      );
      if (made === inflateTooLong) return made;
      if (made === inflateDamaged) throw new Error('the data is damaged or cut short');
      const end = start + this.#memory.u32[this.#scratch / 4]!;
      if (end + trailerBytes > body.length) throw new Error('unexpected end of file');
      if (this.#kernels.crc32(address + length, made, 0) >>> 0 !== wordAt(body, end))
        throw new Error('incorrect data check');
      if (wordAt(body, end + 4) !== made) throw new Error('incorrect length check');
      length += made;
      at = end + trailerBytes;
    }
    return length;
  }
}

function isMember(body: Uint8Array, at: number): boolean {
  return body[at] === 0x1f && body[at + 1] === 0x8b;
}

/** Where the compressed data of the member at `at` begin. */
function memberStart(body: Uint8Array, at: number): number {
  if (!isMember(body, at)) throw new Error('incorrect header check');
  if (body.length < at + headerBytes) throw new Error('unexpected end of file');
  if (body[at + 2] !== 8) throw new Error('unknown compression method');
  const flags = body[at + 3] ?? 0;
  if (flags > 31) throw new Error('unknown header flags set');
  let start = at + headerBytes;
  if ((flags & hasExtra) !== 0) start += 2 + ((body[start] ?? 0) | ((body[start + 1] ?? 0) << 8));
  for (const text of [hasName, hasComment]) {
    if ((flags & text) === 0) continue;
    const end = body.indexOf(0, start);
    if (end < 0) throw new Error('unexpected end of file');
    start = end + 1;
  }
  if ((flags & hasHeaderCrc) !== 0) start += 2;
  if (start > body.length) throw new Error('unexpected end of file');
  return start;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
