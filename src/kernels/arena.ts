import {assert} from '../base/assert.ts';
import type {LinearMemory} from './memory.ts';
import {noRun, RunAllocator} from './runs.ts';

/**
 * Allocator over a linear memory. Only the thread that owns the memory allocates and frees; others read.
 * An address is a byte offset, a multiple of 8, never 0 (0 means "none").
 */
export interface Arena {
  /** Reserves at least `bytes` bytes, contents undefined. Throws RangeError when the memory is used up. */
  alloc(bytes: number): number;
  /** Gives back at once what nobody else can be reading. `bytes` is what was asked for, or anything of its size class. */
  free(address: number, bytes: number): void;
  /** The bytes that an allocation of `bytes` really occupies: its size class. */
  sizeOf(bytes: number): number;
  readonly bytesInUse: number;
}

/** Large blocks are runs of units. */
const unitBytes = 2048;
/** Small blocks of one size class share a span. */
const spanBytesDefault = 65_536;
/** Up to here blocks are small: a multiple of 8 up to 128, then eight sizes for each power of two. */
const smallBytesMax = 8192;
const classCount = 16 + 6 * 8 + 1;
const spansMax = 65_536;
const noSpan = 0xffff_ffff;

/**
 * Small blocks come from spans of 64 KiB, or of as many bytes as the arena was made with, one size class each, with a free list
 * for each span inside the free blocks; a span whose blocks are all free goes back to the pool of runs, so that a size that was
 * once much used does not keep its memory. Larger blocks are runs of 2 KiB units, joined with their free neighbours when they are
 * given back. Blocks of 64 bytes and of multiples of it up to 512 lie on multiples of 64 (cache lines).
 */
export class SizeClassArena implements Arena {
  bytesInUse = 0;
  readonly #u32: Uint32Array;
  readonly #base: number;
  readonly #runs: RunAllocator;
  readonly #spanUnits: number;
  /** Number of the span that a unit belongs to. */
  readonly #spanOfUnit: Uint32Array;
  readonly #spanAddress = new Uint32Array(spansMax);
  /** Head of the list of blocks that were given back, 0 at its end; the link is the first word of the block. */
  readonly #spanFree = new Uint32Array(spansMax);
  /** Blocks at and above this address were never handed out. */
  readonly #spanFresh = new Uint32Array(spansMax);
  readonly #spanUsed = new Uint16Array(spansMax);
  readonly #spanClass = new Uint8Array(spansMax);
  /** Spans of a class that have room, in a doubly linked list. */
  readonly #spanNext = new Uint32Array(spansMax);
  readonly #spanPrevious = new Uint32Array(spansMax);
  readonly #roomy = new Uint32Array(classCount).fill(noSpan);
  readonly #classBytes = new Uint32Array(classCount);
  readonly #classBlocks = new Uint16Array(classCount);
  #spanCount = 0;
  #spareSpan = noSpan;

  /**
   * Manages the bytes [start, end) of `memory`; both are rounded to units, and address 0 is never used. In a small memory, small spans
   * leave less of it idle.
   */
  constructor(memory: LinearMemory, start: number, end: number, spanBytes = spanBytesDefault) {
    assert(start >= 0 && end <= memory.byteLength, 'the arena lies in its memory');
    assert(
      spanBytes >= smallBytesMax && spanBytes % unitBytes === 0,
      'spans are units, and hold any small block',
    );
    this.#spanUnits = spanBytes / unitBytes;
    this.#u32 = memory.u32;
    this.#base = Math.max(1, Math.ceil(start / unitBytes)) * unitBytes;
    const units = Math.floor((end - this.#base) / unitBytes);
    this.#runs = new RunAllocator(units);
    this.#spanOfUnit = new Uint32Array(units);
    for (let bytes = 8; bytes <= smallBytesMax; bytes = classBytes(classOf(bytes + 1))) {
      this.#classBytes[classOf(bytes)] = bytes;
      this.#classBlocks[classOf(bytes)] = Math.floor(spanBytes / bytes);
    }
  }

  /** Bytes between the start and the highest byte in use: what may be resident. */
  get bytesReserved(): number {
    return this.#runs.top * unitBytes;
  }

  /** Bytes that no block and no span has. */
  get bytesAvailable(): number {
    return (this.#runs.unitsTotal - this.#runs.top + this.#runs.unitsFree) * unitBytes;
  }

  alloc(bytes: number): number {
    if (bytes > smallBytesMax) return this.#allocLarge(bytes);
    // Messages with numbers take time to make, so only where they are needed.
    if (bytes <= 0) assert(false, `a block has bytes, got ${bytes}`);
    const sizeClass = classOf(bytes);
    let span = this.#roomy[sizeClass]!;
    if (span === noSpan) span = this.#openSpan(sizeClass);
    const size = this.#classBytes[sizeClass]!;
    let address = this.#spanFree[span]!;
    if (address !== 0) this.#spanFree[span] = this.#u32[address >>> 2]!;
    else {
      address = this.#spanFresh[span]!;
      this.#spanFresh[span] = address + size;
    }
    this.bytesInUse += size;
    const used = this.#spanUsed[span]! + 1;
    this.#spanUsed[span] = used;
    if (used === this.#classBlocks[sizeClass]) this.#unlinkRoomy(span, sizeClass);
    return address;
  }

  /**
   * Takes all blocks of a new span of a size class at once: [address, end), for whoever hands them out himself. Each is given back by
   * itself.
   */
  allocSpan(sizeClass: number): {address: number; end: number} {
    const span = this.#openSpan(sizeClass);
    const address = this.#spanAddress[span]!;
    const blocks = this.#classBlocks[sizeClass]!;
    const end = address + blocks * this.#classBytes[sizeClass]!;
    this.#spanFresh[span] = end;
    this.#spanUsed[span] = blocks;
    this.bytesInUse += end - address;
    this.#unlinkRoomy(span, sizeClass);
    return {address, end};
  }

  /** The size class of a small block. */
  sizeClass(bytes: number): number {
    return classOf(bytes);
  }

  /** Calls `visit` with each size class and the bytes of its blocks. */
  forEachClass(visit: (sizeClass: number, bytes: number) => void): void {
    for (let sizeClass = 1; sizeClass < classCount; sizeClass++)
      visit(sizeClass, this.#classBytes[sizeClass]!);
  }

  free(address: number, bytes: number): void {
    if (bytes > smallBytesMax) return this.#freeLarge(address, bytes);
    const sizeClass = classOf(bytes);
    const span = this.#spanOfUnit[Math.floor((address - this.#base) / unitBytes)]!;
    assert(
      address >= this.#spanAddress[span]! && address < this.#spanFresh[span]!,
      'a block lies in its span',
    );
    if (this.#spanClass[span] !== sizeClass) assert(false, `a block is freed with its size, got ${bytes}`);
    this.#u32[address >>> 2] = this.#spanFree[span]!;
    this.#spanFree[span] = address;
    this.bytesInUse -= this.#classBytes[sizeClass]!;
    const used = this.#spanUsed[span]!;
    this.#spanUsed[span] = used - 1;
    if (used === this.#classBlocks[sizeClass]) this.#linkRoomy(span, sizeClass);
    else if (used === 1) this.#emptied(span, sizeClass);
  }

  sizeOf(bytes: number): number {
    if (bytes <= smallBytesMax) return this.#classBytes[classOf(bytes)]!;
    return Math.ceil(bytes / unitBytes) * unitBytes;
  }

  #allocLarge(bytes: number): number {
    const units = Math.ceil(bytes / unitBytes);
    const address = this.#takeRun(units);
    this.bytesInUse += units * unitBytes;
    return address;
  }

  #freeLarge(address: number, bytes: number): void {
    const units = Math.ceil(bytes / unitBytes);
    this.#runs.give((address - this.#base) / unitBytes, units);
    this.bytesInUse -= units * unitBytes;
  }

  #takeRun(units: number): number {
    const first = this.#runs.take(units);
    if (first === noRun) {
      throw new RangeError(
        `cannot allocate ${units * unitBytes} bytes: ${this.bytesInUse} of ${this.#runs.unitsTotal * unitBytes} bytes of shared memory are in use`,
      );
    }
    return this.#base + first * unitBytes;
  }

  #openSpan(sizeClass: number): number {
    const address = this.#takeRun(this.#spanUnits);
    let span = this.#spareSpan;
    if (span !== noSpan) this.#spareSpan = this.#spanNext[span]!;
    else span = this.#spanCount++;
    const unit = (address - this.#base) / unitBytes;
    this.#spanOfUnit.fill(span, unit, unit + this.#spanUnits);
    this.#spanAddress[span] = address;
    this.#spanFree[span] = 0;
    this.#spanFresh[span] = address;
    this.#spanUsed[span] = 0;
    this.#spanClass[span] = sizeClass;
    this.#linkRoomy(span, sizeClass);
    return span;
  }

  /** The last block of a span was given back. One empty span is kept for each class, so that its edge is not trodden. */
  #emptied(span: number, sizeClass: number): void {
    if (this.#roomy[sizeClass] === span && this.#spanNext[span] === noSpan) return;
    this.#unlinkRoomy(span, sizeClass);
    this.#runs.give((this.#spanAddress[span]! - this.#base) / unitBytes, this.#spanUnits);
    this.#spanFresh[span] = 0;
    this.#spanNext[span] = this.#spareSpan;
    this.#spareSpan = span;
  }

  #linkRoomy(span: number, sizeClass: number): void {
    const head = this.#roomy[sizeClass]!;
    this.#spanNext[span] = head;
    this.#spanPrevious[span] = noSpan;
    if (head !== noSpan) this.#spanPrevious[head] = span;
    this.#roomy[sizeClass] = span;
  }

  #unlinkRoomy(span: number, sizeClass: number): void {
    const next = this.#spanNext[span]!;
    const previous = this.#spanPrevious[span]!;
    if (next !== noSpan) this.#spanPrevious[next] = previous;
    if (previous !== noSpan) this.#spanNext[previous] = next;
    else this.#roomy[sizeClass] = next;
  }
}

/** Number of the size class of a small block: 1..16 are multiples of 8, then come eight for each power of two. */
function classOf(bytes: number): number {
  if (bytes <= 128) return (bytes + 7) >>> 3;
  const power = 31 - Math.clz32(bytes - 1);
  return 16 + (power - 7) * 8 + ((bytes - 1) >>> (power - 3)) - 7;
}

/** Bytes of a size class. */
function classBytes(sizeClass: number): number {
  if (sizeClass <= 16) return sizeClass * 8;
  const power = 7 + ((sizeClass - 17) >>> 3);
  return (((sizeClass - 17) & 7) + 9) << (power - 3);
}
