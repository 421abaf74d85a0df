// Bodies that come in chunks: https://www.rfc-editor.org/rfc/rfc9112#section-7.1.

import {broken} from './response-head.ts';

const lineFeed = 0x0a;
/** Of a line with the size of a chunk, and of all trailers. */
const lineBytesMax = 4096;
const trailerBytesMax = 65_536;

/** What comes next. */
const size = 0;
const data = 1;
const dataEnd = 2;
const trailer = 3;
const done = 4;

/** Takes a chunked body as it comes. */
export class ChunkedBody {
  #state = size;
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** The line that has begun. */
  #line = '';
  #trailerBytes = 0;

  /** Whether the last chunk and what is behind it have come. */
  get ended(): boolean {
    return this.#state === done;
  }

  /** Takes bytes [at, end), passes on what they hold of the body, and gives where the body ends, or `end`. */
  take(bytes: Uint8Array, at: number, end: number, pass: (piece: Uint8Array) => boolean): number {
    while (at < end && this.#state !== done) {
      if (this.#state !== data) {
        at = this.#takeLine(bytes, at, end);
        continue;
      }
      const count = Math.min(this.#left, end - at);
      this.#left -= count;
      if (this.#left === 0) this.#state = dataEnd;
      if (!pass(bytes.subarray(at, at + count))) return end;
      at += count;
    }
    return at;
  }

  #takeLine(bytes: Uint8Array, at: number, end: number): number {
    const feed = bytes.subarray(at, end).indexOf(lineFeed);
    const isWhole = feed >= 0;
    const to = isWhole ? at + feed + 1 : end;
    if (this.#line.length + to - at > lineBytesMax) throw broken('chunked line too long');
    for (let i = at; i < to; i++) this.#line += String.fromCharCode(bytes[i]!);
    if (isWhole) {
      const line = this.#line.replace(/\r?\n$/, '');
      this.#line = '';
      this.#endLine(line);
    }
    return to;
  }

  #endLine(line: string): void {
    if (this.#state === dataEnd) {
      if (line !== '') throw broken('malformed chunked encoding');
      this.#state = size;
    } else if (this.#state === size) {
      const [digits = ''] = line.split(';', 1);
      if (!/^[0-9A-Fa-f]{1,12}[ \t]*$/.test(digits)) throw broken('invalid byte in chunk length');
      this.#left = Number.parseInt(digits, 16);
      this.#state = this.#left === 0 ? trailer : data;
    } else {
      this.#trailerBytes += line.length + 2;
      if (this.#trailerBytes > trailerBytesMax) throw broken('trailers are too large');
      if (line === '') this.#state = done;
    }
  }
}
