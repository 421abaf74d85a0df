// Streams of bits, most significant first, as all chunk encodings have them. 64-bit numbers go as two halves of 32 bits.

/** Writes bits into bytes that grow. */
export class BitWriter {
  bytes: Uint8Array<ArrayBuffer>;
  /** Written so far. */
  bits = 0;

  constructor(bytes = 128) {
    this.bytes = new Uint8Array(bytes);
  }

  get byteLength(): number {
    return (this.bits + 7) >>> 3;
  }

  /** Forgets what was written and keeps the room. */
  reset(): void {
    this.bytes.fill(0, 0, this.byteLength);
    this.bits = 0;
  }

  /** Takes over whole bytes that were written before; the last of them holds `bits` in all. */
  load(bytes: Uint8Array, bits: number): void {
    this.bytes = new Uint8Array(Math.max(128, bytes.length * 2));
    this.bytes.set(bytes);
    this.bits = bits;
    // What lies behind the last bit is written by adding to it.
    if ((bits & 7) !== 0) this.bytes[bits >>> 3]! &= 0xff00 >>> (bits & 7);
    this.bytes.fill(0, this.byteLength);
  }

  /** The low `count` bits of `value`, at most 32. */
  write(value: number, count: number): void {
    if (this.bits + count > this.bytes.length * 8) this.#grow();
    const {bytes} = this;
    let at = this.bits >>> 3;
    let room = 8 - (this.bits & 7);
    this.bits += count;
    let rest = count === 32 ? value >>> 0 : value & ((1 << count) - 1);
    while (count > room) {
      bytes[at++]! |= rest >>> (count - room);
      count -= room;
      rest = count === 32 ? rest : rest & ((1 << count) - 1);
      room = 8;
    }
    bytes[at]! |= rest << (room - count);
  }

  write64(high: number, low: number): void {
    this.write(high, 32);
    this.write(low, 32);
  }

  /** LEB128 of a whole number in [0, 2^53]. */
  writeUvarint(value: number): void {
    for (; value >= 0x80; value = Math.floor(value / 0x80)) this.write((value % 0x80) | 0x80, 8);
    this.write(value, 8);
  }

  /** Zigzag LEB128 of a whole number in [-2^53, 2^53]. */
  writeVarint(value: number): void {
    // The lowest bit is the sign; apart from it nothing is doubled, so nothing is lost.
    const half = value < 0 ? -value - 1 : value;
    const first = (half % 64) * 2 + (value < 0 ? 1 : 0);
    const rest = Math.floor(half / 64);
    if (rest === 0) return this.write(first, 8);
    this.write(first | 0x80, 8);
    this.writeUvarint(rest);
  }

  #grow(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}

/** Reads bits; every read throws a RangeError where the bytes end before it does. */
export class BitReader {
  /** Number of the next bit, and of the first one after the end. */
  bit: number;
  readonly end: number;
  /** High half of the last 64-bit read; its low half is returned. */
  high = 0;
  readonly #bytes: Uint8Array;

  /** Begins at byte `start`. */
  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes;
    this.bit = start * 8;
    this.end = bytes.length * 8;
  }

  get left(): number {
    return this.end - this.bit;
  }

  /** The next 32 bits without moving, zeros behind the end. */
  peek(): number {
    const at = this.bit >>> 3;
    const shift = this.bit & 7;
    const bytes = this.#bytes;
    // Past the end there is undefined, which counts as 0 here.
    const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    return ((word << shift) | (bytes[at + 4]! >>> (8 - shift))) >>> 0;
  }

  /** `count` bits, at most 32. */
  read(count: number): number {
    const value = this.peek();
    this.skip(count);
    return count === 0 ? 0 : value >>> (32 - count);
  }

  skip(count: number): void {
    this.bit += count;
    if (this.bit > this.end) throw new RangeError(`cut short at bit ${this.end}`);
  }

  /** 64 bits: the low half; the high one is in `high`. */
  read64(): number {
    this.high = this.read(32);
    return this.read(32);
  }

  /** Rounded above 2^53. */
  readUvarint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++, scale *= 0x80) {
      const byte = this.read(8);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`a varint at bit ${this.bit} has more than 64 bits`);
  }

  readVarint(): number {
    const first = this.read(8);
    const half = (first & 0x7f) >>> 1;
    const value = first < 0x80 ? half : half + this.readUvarint() * 64;
    return (first & 1) === 0 ? value : -value - 1;
  }
}
