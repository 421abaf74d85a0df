// Walks the fields of a protobuf message whose fields are numbers, texts and messages.
import {ProtobufReader, wireBytes, wireFixed64, wireVarint} from '../base/protobuf.ts';

const utf8 = new TextDecoder();

export interface FieldReader {
  /** A length-delimited field. */
  bytes(): Uint8Array;
  text(): string;
  /** A varint of up to 53 bits. */
  number(): number;
  int64(): bigint;
  double(): number;
  /** Numbers of 64 bits: one, or packed. */
  uint64s(): bigint[];
}

/** Calls `take` with the number of each field; what it does not read is skipped. Throws SyntaxError. */
export function walkMessage(bytes: Uint8Array, take: (field: number, value: FieldReader) => void): void {
  const reader = new ProtobufReader(bytes);
  const end = bytes.length;
  while (reader.position < end) {
    const tag = reader.readTag(end);
    const start = reader.position;
    reader.skip(tag, end);
    const after = reader.position;
    reader.position = start;
    take(tag >>> 3, new Value(reader, tag & 7, end));
    reader.position = after;
  }
}

class Value implements FieldReader {
  readonly #reader: ProtobufReader;
  readonly #wire: number;
  readonly #end: number;

  constructor(reader: ProtobufReader, wire: number, end: number) {
    this.#reader = reader;
    this.#wire = wire;
    this.#end = end;
  }

  bytes(): Uint8Array {
    this.#expect(wireBytes);
    this.#reader.readBytes(this.#end);
    return this.#reader.bytes.subarray(this.#reader.position, this.#reader.end);
  }

  text(): string {
    return utf8.decode(this.bytes());
  }

  number(): number {
    this.#expect(wireVarint);
    return this.#reader.readInt64(this.#end);
  }

  int64(): bigint {
    this.#expect(wireVarint);
    this.#reader.readVarint64(this.#end);
    return BigInt.asIntN(64, this.#last());
  }

  double(): number {
    this.#expect(wireFixed64);
    return this.#reader.readDouble(this.#end);
  }

  uint64s(): bigint[] {
    if (this.#wire === wireVarint) {
      this.#reader.readVarint64(this.#end);
      return [this.#last()];
    }
    const packed = new ProtobufReader(this.bytes());
    const values: bigint[] = [];
    while (packed.position < packed.bytes.length) {
      packed.readVarint64(packed.bytes.length);
      values.push((BigInt(packed.high >>> 0) << 32n) | BigInt(packed.low >>> 0));
    }
    return values;
  }

  #last(): bigint {
    return (BigInt(this.#reader.high >>> 0) << 32n) | BigInt(this.#reader.low >>> 0);
  }

  #expect(wire: number): void {
    if (this.#wire !== wire)
      throw new SyntaxError(`wrong wire type ${this.#wire} before byte ${this.#reader.position}`);
  }
}
