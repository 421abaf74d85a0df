import {wireBytes, wireFixed64, wireVarint} from './protobuf.ts';

const utf8 = new TextEncoder();

/** Writes the wire format of protocol buffers into a buffer that grows and is used again after reset(). */
export class ProtobufWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  reset(): void {
    this.#size = 0;
  }

  /** What was written; valid until the next call. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** `value` is a whole number; negative ones take ten bytes, as int64 has it. */
  int64(field: number, value: number): void {
    this.#varint(field * 8 + wireVarint);
    if (value >= 0) return this.#varint(value);
    this.#varint64(BigInt.asUintN(64, BigInt(value)));
  }

  /** An unsigned number of 64 bits. */
  uint64(field: number, value: bigint): void {
    this.#varint(field * 8 + wireVarint);
    this.#varint64(value);
  }

  packedUint64(field: number, values: BigUint64Array): void {
    const part = new ProtobufWriter();
    for (const value of values) part.#varint64(value);
    this.bytes(field, part.written);
  }

  /** A message as it stands in a stream of them: its length before it. */
  delimited(message: Uint8Array): void {
    this.#varint(message.length);
    this.#reserve(message.length);
    this.#bytes.set(message, this.#size);
    this.#size += message.length;
  }

  /** A zigzag varint of a whole number in [-2^52, 2^52]. */
  sint64(field: number, value: number): void {
    this.#varint(field * 8 + wireVarint);
    this.#varint(zigzag(value));
  }

  packedSint64(field: number, values: ArrayLike<number>): void {
    const part = new ProtobufWriter();
    for (let i = 0; i < values.length; i++) part.#varint(zigzag(values[i]!));
    this.bytes(field, part.written);
  }

  packedDoubles(field: number, values: ArrayLike<number>): void {
    const bytes = new DataView(new ArrayBuffer(8 * values.length));
    for (let i = 0; i < values.length; i++) bytes.setFloat64(8 * i, values[i]!, true);
    this.bytes(field, new Uint8Array(bytes.buffer));
  }

  double(field: number, value: number): void {
    this.#doubleAt(field);
    this.#view.setFloat64(this.#size - 8, value, true);
  }

  /** A double by its bits, for NaNs that have a meaning. */
  doubleBits(field: number, high: number, low: number): void {
    this.#doubleAt(field);
    this.#view.setUint32(this.#size - 8, low, true);
    this.#view.setUint32(this.#size - 4, high, true);
  }

  string(field: number, text: string): void {
    this.bytes(field, utf8.encode(text));
  }

  bytes(field: number, content: Uint8Array): void {
    this.#varint(field * 8 + wireBytes);
    this.#varint(content.length);
    this.#reserve(content.length);
    this.#bytes.set(content, this.#size);
    this.#size += content.length;
  }

  #doubleAt(field: number): void {
    this.#varint(field * 8 + wireFixed64);
    this.#reserve(8);
    this.#size += 8;
  }

  #varint64(value: bigint): void {
    this.#reserve(10);
    let left = value;
    for (; left >= 0x80n; left >>= 7n) this.#bytes[this.#size++] = Number(left & 0x7fn) | 0x80;
    this.#bytes[this.#size++] = Number(left);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let left = value;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#bytes[this.#size++] = (left % 0x80) | 0x80;
    this.#bytes[this.#size++] = left;
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#size + more));
    grown.set(this.written);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
