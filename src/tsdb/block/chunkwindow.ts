import type {Scratch} from '../scratch.ts';
import {BlockDamage} from './damage.ts';
import {wrongChecksum} from './scan.ts';
import {chunkFrameBytesMax, segmentFactor, type Segments} from './segments.ts';

/** Encoding of floats without start times; the others are in chunkenc. */
export const xorEncoding = 1;

/** What one read brings, at most, where it is not one chunk that is larger. */
const windowBytes = 262_144;
/** Chunks that are not wanted are read along where they are fewer bytes than this: cheaper than another call. */
const gapBytesMax = 16_384;
/** Read of the last chunk of a run, whose length is not known: more than nearly all have. */
const tailBytes = 2_048;
/** Larger chunks do not come from any writer of this format. */
const chunkBytesMax = 64 * 2 ** 20;
/** The decoder looks at up to so many bytes behind a chunk. */
const slackBytes = 64;

/**
 * The chunk that was loaded last, in the private memory of the thread, and the neighbours that were read with it: a window over
 * one segment.
 */
export class ChunkWindow {
  /** Address of the chunk's data and its length, its encoding. */
  address = 0;
  bytes = 0;
  encoding = 0;
  readonly #segments: Segments;
  readonly #scratch: Scratch;
  /** The window's memory; 0 = none yet. */
  #memory = 0;
  #capacity = 0;
  /** What the window has: bytes [#start, #end) of a segment. */
  #segment = -1;
  #start = 0;
  #end = 0;

  constructor(segments: Segments, scratch: Scratch) {
    this.#segments = segments;
    this.#scratch = scratch;
  }

  /**
   * Loads chunk `at` of the references `refs`, of which those before `end` will be wanted next, in order. Its CRC is verified.
   * Throws BlockDamage.
   */
  load(refs: Float64Array, at: number, end: number): void {
    const ref = refs[at]!;
    const segment = Math.floor(ref / segmentFactor);
    const place = ref - segment * segmentFactor;
    if (segment !== this.#segment || place < this.#start || place + chunkFrameBytesMax > this.#end) {
      this.#fill(segment, place, plannedEnd(refs, at, end));
    }
    if (!this.#open(place)) {
      this.#fill(segment, place, this.#frameEnd(place));
      if (!this.#open(place)) {
        throw new BlockDamage(this.#path(), place, `a chunk of ${this.bytes} bytes does not fit`);
      }
    }
  }

  /** The data as a view of the private memory, good until the next load. */
  data(): Uint8Array {
    return this.#scratch.memory.u8.subarray(this.address, this.address + this.bytes);
  }

  free(): void {
    if (this.#memory !== 0) this.#scratch.arena.free(this.#memory, this.#capacity);
    this.#memory = 0;
    this.#capacity = 0;
    this.#segment = -1;
  }

  /** Reads [place, end) of a segment, or what the file has of it. */
  #fill(segment: number, place: number, end: number): void {
    const file = this.#segments.file(segment * segmentFactor);
    const length = Math.min(end, file.size) - place;
    if (place + chunkFrameBytesMax > file.size && length < 6) {
      throw new BlockDamage(file.path, place, `no chunk is there: the file has ${file.size} bytes`);
    }
    if (length + slackBytes > this.#capacity) {
      this.free();
      this.#capacity = Math.max(length + slackBytes, windowBytes + slackBytes);
      this.#memory = this.#scratch.arena.alloc(this.#capacity);
    }
    this.#segment = -1;
    file.readInto(this.#scratch.memory.u8, this.#memory, place, length);
    this.#segment = segment;
    this.#start = place;
    this.#end = place + length;
  }

  /** Makes the chunk at `place` the current one. False where the window has only a part of it. */
  #open(place: number): boolean {
    const {u8} = this.#scratch.memory;
    const start = this.#memory + place - this.#start;
    const windowEnd = this.#memory + this.#end - this.#start;
    let at = start;
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = at < windowEnd ? u8[at]! : 0;
      length += (byte & 0x7f) * scale;
      at++;
      if (byte < 0x80) break;
      if (at - start >= 5) throw new BlockDamage(this.#path(), place, 'the length of a chunk is too large');
    }
    this.bytes = length;
    if (length > chunkBytesMax) {
      throw new BlockDamage(this.#path(), place, `a chunk of ${length} bytes is too large`);
    }
    if (at + 1 + length + 4 > windowEnd) return false;
    this.encoding = u8[at]!;
    this.address = at + 1;
    const crc = this.#scratch.kernels.crc32c(at, 1 + length, 0) >>> 0;
    const sum = this.address + length;
    const stored = ((u8[sum]! << 24) | (u8[sum + 1]! << 16) | (u8[sum + 2]! << 8) | u8[sum + 3]!) >>> 0;
    if (crc !== stored) throw wrongChecksum(this.#path(), place, stored, crc);
    return true;
  }

  #frameEnd(place: number): number {
    return place + chunkFrameBytesMax + this.bytes;
  }

  #path(): string {
    return this.#segments.file(this.#segment * segmentFactor).path;
  }
}

/** How far to read so that the wanted chunks from `at` on come with one call. */
function plannedEnd(refs: Float64Array, at: number, end: number): number {
  const ref = refs[at]!;
  const base = Math.floor(ref / segmentFactor) * segmentFactor;
  let last = ref;
  for (let i = at + 1; i < end; i++) {
    const next = refs[i]!;
    // Not in order, in another segment, too far or too much: the next call's.
    if (next <= last || next - last > gapBytesMax || next - ref > windowBytes - tailBytes) break;
    if (next >= base + segmentFactor) break;
    last = next;
  }
  return last - base + tailBytes;
}
