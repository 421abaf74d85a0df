import {assert} from '../../base/assert.ts';
import {putUint32} from '../../base/varint.ts';
import {fragmentHeaderBytes, fragmentType, pageBytes} from './format.ts';
import type {PageBuffer} from './page-buffer.ts';

/** The most data that one fragment holds. */
const fragmentDataMax = pageBytes - fragmentHeaderBytes;

/** Cuts records into the fragments of a segment, and hands the bytes on, in order, where its buffer is full or told to. */
export class Framer {
  /** Where the next byte goes in the segment, what is still in the buffer included. */
  position = 0;
  fragments = 0;
  readonly #buffer: PageBuffer;
  readonly #drain: (bytes: Uint8Array, start: number, end: number) => void;
  #length = 0;

  /** The buffer holds two pages at least. What drain() throws comes out of append() and flush(). */
  constructor(buffer: PageBuffer, drain: (bytes: Uint8Array, start: number, end: number) => void) {
    assert(buffer.bytes.length >= 2 * pageBytes, 'a buffer of two pages');
    this.#buffer = buffer;
    this.#drain = drain;
  }

  get buffered(): number {
    return this.#length;
  }

  /** Forgets what is in the buffer and goes on at `position`, where a fragment may begin. */
  reset(position: number): void {
    this.position = position;
    this.#length = 0;
  }

  /** Whether a record of `length` bytes ends before byte `limit` of the segment, a multiple of the page's size. */
  fits(length: number, limit: number): boolean {
    const left = pageBytes - (this.position % pageBytes);
    const pagesAfter = Math.ceil((limit - this.position - left) / pageBytes);
    return length <= left - fragmentHeaderBytes + fragmentDataMax * pagesAfter;
  }

  /** Adds the record source[start, end), compressed as `bits` say. */
  append(bits: number, source: Uint8Array, start: number, end: number): void {
    let at = start;
    for (let isFirst = true; isFirst || at < end; isFirst = false) {
      const room = pageBytes - (this.position % pageBytes) - fragmentHeaderBytes;
      const size = Math.min(end - at, room);
      this.#fragment(fragmentTypeOf(isFirst, at + size === end) | bits, source, at, at + size);
      at += size;
    }
  }

  /** Fills the page with zeros where it was begun. */
  pad(): void {
    const used = this.position % pageBytes;
    if (used > 0) this.#zeros(pageBytes - used);
  }

  /** Hands on what is in the buffer. */
  flush(): void {
    if (this.#length === 0) return;
    this.#drain(this.#buffer.bytes, 0, this.#length);
    this.#length = 0;
  }

  #fragment(type: number, source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    // Room for the fragment and for zeros up to the end of the page.
    if (this.#length + size + 2 * fragmentHeaderBytes > this.#buffer.bytes.length) this.flush();
    const {bytes} = this.#buffer;
    const at = this.#length;
    const data = at + fragmentHeaderBytes;
    bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), data);
    bytes[at] = type;
    bytes[at + 1] = size >>> 8;
    bytes[at + 2] = size;
    putUint32(bytes, at + 3, this.#buffer.checksum(data, data + size));
    this.#length = data + size;
    this.position += fragmentHeaderBytes + size;
    this.fragments++;
    const left = pageBytes - (this.position % pageBytes);
    if (left < fragmentHeaderBytes) this.#zeros(left); // No header fits any more.
  }

  #zeros(count: number): void {
    if (this.#length + count > this.#buffer.bytes.length) this.flush();
    this.#buffer.bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
    this.position += count;
  }
}

function fragmentTypeOf(isFirst: boolean, isLast: boolean): number {
  if (isFirst) return isLast ? fragmentType.full : fragmentType.first;
  return isLast ? fragmentType.last : fragmentType.middle;
}
