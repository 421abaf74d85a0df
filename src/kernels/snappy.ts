// Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt). Numbers are little-endian.
//
//     length of what was compressed: uvarint    elements
//
// An element begins with a tag, whose low two bits are its kind:
//
//     0  literal   length - 1 in the upper six bits, or 60, 61, 62, 63: it follows in 1, 2, 3, 4 bytes; then the bytes
//     1  copy      length - 4 in bits 2 to 4, offset in bits 5 to 7 (high) and the next byte
//     2  copy      length - 1 in the upper six bits, offset: u16
//     3  copy      length - 1 in the upper six bits, offset: u32
//
// The compressor takes blocks of 64 KiB, each by itself. A table has the last place of the block for each hash of four bytes; it
// looks up place after place, in longer and longer steps where nothing is found. It makes the same bytes as Google's.

const blockBytes = 65_536;
/** A match may only begin where so many bytes are left, so that words can be loaded without a look at the end. */
const inputMargin = 15;
/** Bytes of the kernel's scratch space. */
export const snappyTableBytes = 32_768;
/** Room that the kernels need behind their buffers. */
export const snappySlackBytes = 64;

/** The most bytes that `length` bytes become. */
export function snappyBytesMax(length: number): number {
  return 32 + length + Math.floor(length / 6);
}

/** Compresses `source`. Plain twin of the kernel snappyCompress. */
export function snappyCompress(source: Uint8Array): Uint8Array {
  const compressor = new Compressor(source);
  for (let start = 0; start < source.length; start += blockBytes) {
    compressor.block(start, Math.min(start + blockBytes, source.length));
  }
  return compressor.target.slice(0, compressor.at);
}

class Compressor {
  readonly target: Uint8Array;
  at = 0;
  readonly #source: Uint8Array;
  readonly #table = new Uint16Array(snappyTableBytes / 2);

  constructor(source: Uint8Array) {
    this.#source = source;
    this.target = new Uint8Array(snappyBytesMax(source.length));
    let rest = source.length;
    for (; rest >= 0x80; rest >>>= 7) this.target[this.at++] = (rest & 0x7f) | 0x80;
    this.target[this.at++] = rest;
  }

  block(base: number, end: number): void {
    const emitted = end - base < inputMargin + 2 ? base : this.#matches(base, end);
    if (emitted < end) this.#literal(emitted, end);
  }

  /** Finds matches, and gives where the last literal begins. */
  #matches(base: number, end: number): number {
    const limit = end - inputMargin;
    let bits = 8;
    while (bits < 14 && 1 << bits < end - base) bits++;
    this.#table.fill(0, 0, 1 << bits);
    let emitted = base;
    for (let ip = base + 1; ; ip++) {
      let skip = 32;
      let candidate: number;
      for (let following = ip; ;) {
        ip = following;
        following += skip >>> 5;
        skip += skip >>> 5;
        if (following > limit) return emitted;
        candidate = this.#replace(base, ip, bits);
        if (this.#word(ip) === this.#word(candidate)) break;
      }
      this.#literal(emitted, ip);
      do {
        const start = ip;
        let left = candidate + 4;
        for (ip += 4; ip < end && this.#source[left] === this.#source[ip]; ip++) left++;
        this.#copy(start - candidate, ip - start);
        emitted = ip;
        if (ip >= limit) return emitted;
        this.#replace(base, ip - 1, bits);
        candidate = this.#replace(base, ip, bits);
      } while (this.#word(ip) === this.#word(candidate));
    }
  }

  /** The place that the table has for the word at `place`, which takes its place. */
  #replace(base: number, place: number, bits: number): number {
    const hash = Math.imul(this.#word(place), 0x1e35a7bd) >>> (32 - bits);
    const before = base + this.#table[hash]!;
    this.#table[hash] = place - base;
    return before;
  }

  #word(place: number): number {
    const source = this.#source;
    return (
      source[place]! | (source[place + 1]! << 8) | (source[place + 2]! << 16) | (source[place + 3]! << 24)
    );
  }

  #literal(start: number, end: number): void {
    const {target} = this;
    const rest = end - start - 1;
    if (rest < 60) {
      target[this.at++] = rest << 2;
    } else if (rest < 256) {
      target[this.at++] = 60 << 2;
      target[this.at++] = rest;
    } else {
      target[this.at++] = 61 << 2;
      target[this.at++] = rest;
      target[this.at++] = rest >>> 8;
    }
    target.set(this.#source.subarray(start, end), this.at);
    this.at += end - start;
  }

  #copy(offset: number, length: number): void {
    for (; length >= 68; length -= 64) this.#longCopy(offset, 64);
    if (length > 64) {
      this.#longCopy(offset, 60);
      length -= 60;
    }
    if (length >= 12 || offset >= 2048) {
      this.#longCopy(offset, length);
    } else {
      this.target[this.at++] = ((offset >>> 8) << 5) | ((length - 4) << 2) | 1;
      this.target[this.at++] = offset;
    }
  }

  #longCopy(offset: number, length: number): void {
    this.target[this.at++] = ((length - 1) << 2) | 2;
    this.target[this.at++] = offset;
    this.target[this.at++] = offset >>> 8;
  }
}

/**
 * The length in front of compressed data: how many bytes it says to make. Sets the reader's start. Throws RangeError where there
 * is none, or one that so few bytes cannot make: a copy of 3 bytes makes at most 64.
 */
export function snappyLength(bytes: Uint8Array): {length: number; start: number} {
  let length = 0;
  for (let i = 0, scale = 1; i < 5 && i < bytes.length; i++, scale *= 0x80) {
    length += (bytes[i]! & 0x7f) * scale;
    if (bytes[i]! < 0x80) {
      if (length > 22 * bytes.length) {
        throw new RangeError(`snappy: ${bytes.length} bytes claim to hold ${length}`);
      }
      return {length, start: i + 1};
    }
  }
  throw new RangeError('snappy: corrupt length');
}

/**
 * The first byte of what was compressed to [at, end), without the rest; -1 where nothing was, or the bytes are damaged. What a compressor
 * begins with has nothing before it to be a copy of.
 */
export function snappyFirstByte(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at]! >= 0x80) at++;
  const tag = bytes[++at]!;
  if (at >= end || (tag & 3) !== 0) return -1;
  // Longer literals have their length in bytes of its own.
  const first = at + 1 + Math.max(0, (tag >>> 2) - 59);
  return first < end ? bytes[first]! : -1;
}

/** Expands the elements source[start, end of source) into `target`, which they fill. Plain twin of the kernel snappyExpand. */
export function snappyExpand(source: Uint8Array, start: number, target: Uint8Array): boolean {
  let at = 0;
  for (let i = start; i < source.length;) {
    const tag = source[i++]!;
    let size = (tag >>> 2) + 1;
    if ((tag & 3) === 0) {
      if (size > 60) {
        const count = size - 60;
        if (count > source.length - i) return false;
        size = 1;
        for (let byte = 0; byte < count; byte++) size += source[i + byte]! * 2 ** (8 * byte);
        i += count;
      }
      if (size > source.length - i || size > target.length - at) return false;
      target.set(source.subarray(i, i + size), at);
      i += size;
      at += size;
      continue;
    }
    const offsetBytes = [0, 1, 2, 4][tag & 3]!;
    if (offsetBytes > source.length - i) return false;
    let offset = 0;
    for (let byte = 0; byte < offsetBytes; byte++) offset += source[i + byte]! * 2 ** (8 * byte);
    i += offsetBytes;
    if (offsetBytes === 1) {
      size = 4 + ((tag >>> 2) & 7);
      offset += (tag & 0xe0) << 3;
    }
    if (offset === 0 || offset > at || size > target.length - at) return false;
    for (const stop = at + size; at < stop; at++) target[at] = target[at - offset]!;
  }
  return at === target.length;
}
