// Reads the wire format of protocol buffers in place. See https://protobuf.dev/programming-guides/encoding/.

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
export const wireFixed32 = 5;

const double = new Float64Array(1);
const doubleWords = new Uint32Array(double.buffer);

/** Walks fields. All methods throw SyntaxError where the bytes are no message. */
export class ProtobufReader {
  readonly bytes: Uint8Array;
  position = 0;
  /** End of what readBytes() found; it begins at `position`. */
  end = 0;
  /** Halves of the last readVarint64(). */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A field's number and wire type: `number << 3 | type`. */
  readTag(limit: number): number {
    const tag = this.bytes[this.position]!;
    if (tag < 0x80 && this.position < limit) {
      // Fast path: fields 1 to 15.
      this.position++;
      if (tag < 8) throw new SyntaxError(`illegal field number 0 at byte ${this.position - 1}`);
      return tag;
    }
    const start = this.position;
    this.readVarint64(limit);
    const wide = this.low >>> 0;
    if (this.high !== 0 || wide < 8) throw new SyntaxError(`illegal field number at byte ${start}`);
    return wide;
  }

  /** Reads a length and sets `end`. */
  readBytes(limit: number): void {
    let size = this.bytes[this.position]!;
    if (size < 0x80 && this.position < limit) {
      this.position++; // Fast path.
    } else {
      const start = this.position;
      this.readVarint64(limit);
      size = this.high === 0 ? this.low >>> 0 : Infinity;
      if (size > limit) throw new SyntaxError(`cut short: length at byte ${start}`);
    }
    this.end = this.position + size;
    if (this.end > limit) throw new SyntaxError(`cut short: field at byte ${this.position}`);
  }

  /** Reads a varint of up to 64 bits into `low` and `high`, as a sender's two's complement. */
  readVarint64(limit: number): void {
    const {bytes} = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= limit) throw new SyntaxError(`cut short: number at byte ${this.position}`);
      const byte = bytes[this.position++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        return;
      }
    }
    throw new SyntaxError(`number of more than 64 bits before byte ${this.position}`);
  }

  /** A signed 64-bit varint as a number; exact up to 2^53. */
  readInt64(limit: number): number {
    this.readVarint64(limit);
    return (this.high | 0) * 2 ** 32 + (this.low >>> 0);
  }

  /** An unsigned 64-bit varint; rounded above 2^53. */
  readUint64(limit: number): number {
    this.readVarint64(limit);
    return (this.high >>> 0) * 2 ** 32 + (this.low >>> 0);
  }

  /** A signed varint in zigzag form; rounded above 2^53. */
  readZigZag(limit: number): number {
    this.readVarint64(limit);
    const half = (this.high >>> 0) * 2 ** 31 + (this.low >>> 1);
    return (this.low & 1) === 0 ? half : -half - 1;
  }

  /** A double; its bits, as unsigned numbers, are `high` and `low` then, which tell NaNs apart. */
  readDouble(limit: number): number {
    const {bytes, position: at} = this;
    this.position += 8;
    if (this.position > limit) throw new SyntaxError(`cut short: number at byte ${at}`);
    doubleWords[0] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    doubleWords[1] = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    this.low = doubleWords[0]!;
    this.high = doubleWords[1]!;
    return double[0]!;
  }

  /** Skips a field's value. */
  skip(tag: number, limit: number): void {
    switch (tag & 7) {
      case wireVarint:
        this.readVarint64(limit);
        return;
      case wireFixed64:
        this.position += 8;
        break;
      case wireBytes:
        this.readBytes(limit);
        this.position = this.end;
        return;
      case wireFixed32:
        this.position += 4;
        break;
      default:
        throw new SyntaxError(`unsupported wire type ${tag & 7} before byte ${this.position}`);
    }
    if (this.position > limit) throw new SyntaxError(`cut short: field at byte ${limit}`);
  }
}
