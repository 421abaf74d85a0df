import {crc32c} from '../../kernels/crc32c.ts';
import type {BlockFile} from './blockfile.ts';
import {BlockDamage} from './damage.ts';

const bufferBytes = 262_144;
/** Longer strings are not names or values of labels, whatever the bytes say. */
const textBytesMax = 16 * 2 ** 20;

/** Reads a part of a file from its start to its end, in large reads past the page cache. */
export class FileScan {
  readonly #file: BlockFile;
  readonly #end: number;
  #buffer: Uint8Array;
  /** Place in the file of the buffer's first byte. */
  #start: number;
  #at = 0;
  #length = 0;

  constructor(file: BlockFile, start: number, end: number) {
    this.#file = file;
    this.#start = start;
    this.#end = end;
    this.#buffer = new Uint8Array(Math.min(bufferBytes, Math.max(16, end - start)));
  }

  /** Place in the file of the next byte. */
  get position(): number {
    return this.#start + this.#at;
  }

  get left(): number {
    return this.#end - this.position;
  }

  /** A varint below 2^53. */
  uvarint(): number {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; scale *= 128, count++) {
      if (this.#at >= this.#length) this.#need(1);
      const byte = this.#buffer[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new BlockDamage(this.#file.path, this.position, 'a number is too large');
  }

  uint32(): number {
    this.#need(4);
    const at = this.#at;
    const buffer = this.#buffer;
    this.#at = at + 4;
    return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0;
  }

  /** Moves over a string. */
  skipText(): void {
    const length = this.#textLength();
    this.#need(length);
    this.#at += length;
  }

  text(): string {
    const length = this.#textLength();
    this.#need(length);
    const text = decodeText(this.#buffer, this.#at, this.#at + length);
    this.#at += length;
    return text;
  }

  #textLength(): number {
    const length = this.uvarint();
    if (length > textBytesMax || length > this.left) {
      throw new BlockDamage(this.#file.path, this.position, `a string of ${length} bytes does not fit`);
    }
    return length;
  }

  /** Sees to it that `count` bytes are in the buffer. */
  #need(count: number): void {
    if (this.#length - this.#at >= count) return;
    if (count > this.left) {
      throw new BlockDamage(this.#file.path, this.position, 'the section ends too early');
    }
    const kept = this.#length - this.#at;
    const target = count > this.#buffer.length ? new Uint8Array(count) : this.#buffer;
    target.set(this.#buffer.subarray(this.#at, this.#length));
    this.#buffer = target;
    this.#start += this.#at;
    this.#at = 0;
    const wanted = Math.min(target.length, this.#end - this.#start);
    this.#file.readInto(target, kept, this.#start + kept, wanted - kept);
    this.#length = wanted;
  }
}

/** The bytes of a section: after its length, before its checksum. */
export interface Section {
  start: number;
  end: number;
}

/** The section whose length stands at `offset`, with its CRC-32C verified. Throws BlockDamage. */
export function checkedSection(file: BlockFile, offset: number): Section {
  const section = sectionAt(file, offset);
  const buffer = new Uint8Array(Math.min(bufferBytes, Math.max(4, section.end - section.start)));
  let crc = 0;
  for (let at = section.start; at < section.end;) {
    const count = Math.min(buffer.length, section.end - at);
    file.readInto(buffer, 0, at, count);
    crc = crc32c(buffer, 0, count, crc);
    at += count;
  }
  const stored = uint32At(file.bytes(section.end, 4), 0);
  if (stored !== crc) throw wrongChecksum(file.path, offset, stored, crc);
  return section;
}

function sectionAt(file: BlockFile, offset: number): Section {
  const length = uint32At(file.bytes(offset, 4), 0);
  const end = offset + 4 + length;
  if (end + 4 > file.size) {
    throw new BlockDamage(file.path, offset, `a section of ${length} bytes does not fit`);
  }
  return {start: offset + 4, end};
}

/** The content of the section at `offset` at once, verified: for small sections. */
export function sectionBytes(file: BlockFile, offset: number): Uint8Array {
  const {start, end} = sectionAt(file, offset);
  const length = end - start + 4;
  let bytes: Uint8Array;
  if (length <= 16_384) bytes = file.bytes(start, length);
  else {
    bytes = new Uint8Array(length);
    file.readInto(bytes, 0, start, length);
  }
  const content = bytes.subarray(0, length - 4);
  const stored = uint32At(bytes, length - 4);
  const crc = crc32c(content);
  if (stored !== crc) throw wrongChecksum(file.path, offset, stored, crc);
  return content;
}

export function wrongChecksum(path: string, offset: number, stored: number, found: number): BlockDamage {
  return new BlockDamage(
    path,
    offset,
    `checksum mismatch expected:${stored.toString(16)}, actual:${found.toString(16)}`,
  );
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  // Short ASCII is most of it, and putting it together is cheaper than the call of a decoder.
  if (end - start <= 24) {
    let text = '';
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decoder.decode(bytes.subarray(start, end));
}

const decoder = new TextDecoder();
