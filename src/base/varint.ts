// Varints as Go's encoding/binary and protobuf write them: seven bits a byte, lowest first, the top bit says that more follow.
// Signed numbers are folded first ("zigzag"): 0, -1, 1, -2 become 0, 1, 2, 3. Everything here is a double: numbers are
// exact up to 2^53 and rounded above, up to the 64 bits that a varint can hold.

/** Ten bytes hold 64 bits. */
export const varintBytesMax = 10;

/** Writes `value`, a whole number in [0, 2^53], at `at`, and gives the position after it. */
export function putUvarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at] = rest;
  return at + 1;
}

/** Writes `value`, a whole number in [-2^63, 2^63], as a zigzag varint, and gives the position after it. 2^63 becomes 2^63 - 1. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -(2 ** 52) && value < 2 ** 52) {
    return putUvarint(bytes, at, value < 0 ? -2 * value - 1 : 2 * value);
  }
  const whole = value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value);
  let zigzag = BigInt.asUintN(64, (whole << 1n) ^ (whole >> 63n));
  for (; zigzag >= 0x80n; zigzag >>= 7n) bytes[at++] = Number(zigzag & 0x7fn) | 0x80;
  bytes[at] = Number(zigzag);
  return at + 1;
}

/** Bytes that putUvarint() writes. */
export function uvarintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++;
  return count;
}

/** Writes a whole number in [0, 2^53] as eight bytes, big-endian. */
export function putUint64(bytes: Uint8Array, at: number, value: number): number {
  putUint32(bytes, at, Math.floor(value / 2 ** 32));
  return putUint32(bytes, at + 4, value >>> 0);
}

/** Writes a whole number in [-2^53, 2^53] as eight bytes in two's complement, big-endian. */
export function putInt64(bytes: Uint8Array, at: number, value: number): number {
  const high = Math.floor(value / 2 ** 32);
  putUint32(bytes, at, high >>> 0);
  return putUint32(bytes, at + 4, (value - high * 2 ** 32) >>> 0);
}

export function putUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/**
 * Reads numbers and byte runs, one after the other, from [position, end) of `bytes`. Each read throws a RangeError where
 * the bytes end before it does, or hold no such number; `position` is then undefined.
 */
export class ByteReader {
  bytes: Uint8Array;
  position: number;
  end: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  reset(bytes: Uint8Array, position: number, end: number): void {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  byte(): number {
    if (this.position >= this.end) throw cutShort(this.position);
    return this.bytes[this.position++]!;
  }

  /** Moves over `count` bytes and gives where they start. */
  skip(count: number): number {
    const start = this.position;
    if (count > this.end - start) throw cutShort(start);
    this.position = start + count;
    return start;
  }

  uint32(): number {
    const {bytes} = this;
    const at = this.skip(4);
    return (bytes[at]! * 2 ** 24 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)) >>> 0;
  }

  /** Above 2^53 rounded. */
  uint64(): number {
    return this.uint32() * 2 ** 32 + this.uint32();
  }

  /** Beyond ±2^53 rounded. */
  int64(): number {
    const high = this.uint32() | 0;
    return high * 2 ** 32 + this.uint32();
  }

  float64(): number {
    const at = this.skip(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8).getFloat64(0);
  }

  uvarint(): number {
    const {bytes, position, end} = this;
    if (position < end && bytes[position]! < 0x80) {
      this.position = position + 1;
      return bytes[position]!; // Fast path: one byte.
    }
    return this.#uvarintSlow();
  }

  varint(): number {
    const {bytes, position, end} = this;
    if (position < end && bytes[position]! < 0x80) {
      this.position = position + 1;
      return (bytes[position]! >>> 1) ^ -(bytes[position]! & 1); // Fast path: one byte.
    }
    if (position + 1 < end && bytes[position + 1]! < 0x80) {
      this.position = position + 2;
      const zigzag = (bytes[position]! & 0x7f) | (bytes[position + 1]! << 7);
      return (zigzag >>> 1) ^ -(zigzag & 1);
    }
    return this.#varintSlow();
  }

  /** The 64 bits of a varint as low 28, middle 28 and high 8 bits are gathered, so that no step loses any. */
  #uvarintSlow(): number {
    const {low, middle, high} = this.#parts();
    return low + middle * 2 ** 28 + high * 2 ** 56;
  }

  #varintSlow(): number {
    const {low, middle, high} = this.#parts();
    const half = (low >>> 1) + middle * 2 ** 27 + high * 2 ** 55;
    return (low & 1) === 0 ? half : -half - 1;
  }

  #parts(): {low: number; middle: number; high: number} {
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let count = 0; count < varintBytesMax; count++) {
      const byte = this.byte();
      const bits = byte & 0x7f;
      if (count < 4) low |= bits << (7 * count);
      else if (count < 8) middle |= bits << (7 * (count - 4));
      else high |= bits << (7 * (count - 8));
      if (byte < 0x80) {
        if (high > 0xff) break;
        return {low, middle, high};
      }
    }
    throw new RangeError(`cannot read a varint at byte ${this.position}: it has more than 64 bits`);
  }
}

function cutShort(position: number): RangeError {
  return new RangeError(`cut short at byte ${position}`);
}
