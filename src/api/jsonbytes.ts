// JSON written straight into bytes: a query's answer may be far longer than a string can be.

import {formatSampleValue} from '../kernels/points.ts';
import {unguarded, type ReadGuard} from '../storage/querier.ts';

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const zero = 0x30;
const hexDigits = '0123456789abcdef';

const encoder = new TextEncoder();

/** Numbers with at most so many digits after the point are written without JavaScript's number formatting. */
const decimalsMax = 6;
const decimalsScale = 10 ** decimalsMax;
const decimalsBound = 2 ** 53 / decimalsScale;

/** A growing buffer of JSON text in UTF-8. */
export class JsonBytes {
  #bytes: Uint8Array<ArrayBuffer>;
  #end = 0;
  readonly #guard: ReadGuard;

  /** `guard` counts the memory. */
  constructor(sizeEstimate = 1024, guard: ReadGuard = unguarded) {
    const size = Math.max(64, sizeEstimate);
    guard.takeBytes(size);
    this.#guard = guard;
    this.#bytes = new Uint8Array(new ArrayBuffer(size));
  }

  get length(): number {
    return this.#end;
  }

  /**
   * What was written, at the beginning of a buffer of its own, of which it takes two thirds at least; nothing may be written
   * afterwards.
   */
  finish(): Uint8Array<ArrayBuffer> {
    // Fast path: to give back what is left over costs a copy.
    if (3 * this.#end >= 2 * this.#bytes.length) return this.#bytes.subarray(0, this.#end);
    return new Uint8Array(this.#bytes.buffer.transfer(this.#end));
  }

  /** A single character below U+0080. */
  char(code: number): void {
    if (this.#end === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#end++] = code;
  }

  /** Text of characters below U+0080 as it is. */
  ascii(text: string): void {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let end = this.#end;
    for (let i = 0; i < text.length; i++) bytes[end++] = text.charCodeAt(i);
    this.#end = end;
  }

  /** Bytes [start, end) of `source` as they are. */
  copy(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    const bytes = this.#bytes;
    let to = this.#end;
    // Short pieces: a view of them would cost more than the copy.
    for (let i = start; i < end; i++) bytes[to++] = source[i]!;
    this.#end = to;
  }

  /** At most `countMax` bytes of `source` from `start` on, through the first `last`. Returns the place behind it. */
  copyThrough(source: Uint8Array, start: number, last: number, countMax: number): number {
    this.#reserve(countMax);
    const bytes = this.#bytes;
    let to = this.#end;
    let from = start;
    for (let code = -1; code !== last; from++) bytes[to++] = code = source[from]!;
    this.#end = to;
    return from;
  }

  /** All of `source` as it is. */
  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#end);
    this.#end += source.length;
  }

  /** What was written, with room for `count` more bytes: the caller writes them from `length` on, and says with endAt() where they end. */
  room(count: number): Uint8Array {
    this.#reserve(count);
    return this.#bytes;
  }

  endAt(end: number): void {
    this.#end = end;
  }

  /** Takes back the last character. */
  dropLast(): void {
    this.#end--;
  }

  /**
   * A quoted string. Control characters, quotes and backslashes are escaped as json-iterator does it, which Prometheus
   * uses; with `html` also `<`, `>`, `&`, U+2028 and U+2029: everywhere but in the labels of series.
   */
  string(text: string, html = false): void {
    // A UTF-16 unit needs at most three bytes, an escape six.
    this.#reserve(6 * text.length + 2);
    const bytes = this.#bytes;
    let end = this.#end;
    bytes[end++] = quote;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80 || (html && (unit === 0x3c || unit === 0x3e || unit === 0x26))) {
        this.#end = end;
        this.#slowString(text, i, html);
        return;
      }
      if (unit < 0x20 || unit === quote || unit === backslash) end = escapeAscii(bytes, end, unit);
      else bytes[end++] = unit;
    }
    bytes[end++] = quote;
    this.#end = end;
  }

  #slowString(text: string, start: number, html: boolean): void {
    const bytes = this.#bytes;
    let end = this.#end;
    for (let i = start; i < text.length;) {
      const code = text.codePointAt(i)!;
      const units = code > 0xffff ? 2 : 1;
      if (html && (code === 0x3c || code === 0x3e || code === 0x26 || code === 0x2028 || code === 0x2029)) {
        end = escapeUnit(bytes, end, code);
      } else if (code < 0x20 || code === quote || code === backslash) end = escapeAscii(bytes, end, code);
      else if (code < 0x80) bytes[end++] = code;
      else end += encoder.encodeInto(text.slice(i, i + units), bytes.subarray(end)).written;
      i += units;
    }
    bytes[end++] = quote;
    this.#end = end;
  }

  /** A float as Prometheus writes samples: quoted, shortest digits, with an exponent below 1e-6 and from 1e21 on. */
  sampleValue(value: number): void {
    this.#reserve(32);
    this.#bytes[this.#end++] = quote;
    this.#float(value);
    this.#bytes[this.#end++] = quote;
  }

  #float(value: number): void {
    const magnitude = value < 0 ? -value : value;
    if (magnitude < decimalsBound) {
      const scaled = magnitude * decimalsScale;
      // Sixteen digits or fewer that read back the same are the shortest.
      if (scaled === Math.floor(scaled) && scaled / decimalsScale === magnitude && scaled < 1e15) {
        if (value < 0 || Object.is(value, -0)) this.#bytes[this.#end++] = minus;
        this.#decimal(scaled);
        return;
      }
    } else if (magnitude <= Number.MAX_SAFE_INTEGER && magnitude === Math.floor(magnitude)) {
      if (value < 0) this.#bytes[this.#end++] = minus;
      this.#digits(magnitude, 1);
      return;
    }
    this.ascii(formatSampleValue(value));
  }

  /** `scaled` / 10^decimalsMax without zeros behind the last digit. */
  #decimal(scaled: number): void {
    const whole = Math.floor(scaled / decimalsScale);
    let fraction = scaled - whole * decimalsScale;
    this.#digits(whole, 1);
    if (fraction === 0) return;
    let digits = decimalsMax;
    while (fraction % 10 === 0) {
      fraction /= 10;
      digits--;
    }
    this.#bytes[this.#end++] = 0x2e;
    this.#digits(fraction, digits);
  }

  /** A whole number with at least `digitsMin` digits. */
  #digits(value: number, digitsMin: number): void {
    let count = 1;
    for (let bound = 10; value >= bound; bound *= 10) count++;
    if (count < digitsMin) count = digitsMin;
    const bytes = this.#bytes;
    let at = this.#end + count;
    this.#end = at;
    let rest = value;
    // Numbers above 2^31 are cut into pieces that integer arithmetic can divide.
    while (rest >= 2 ** 31) {
      const next = Math.floor(rest / 1e6);
      let piece = (rest - next * 1e6) | 0;
      for (let i = 0; i < 6; i++) {
        const tens = (piece / 10) | 0;
        bytes[--at] = zero + piece - tens * 10;
        piece = tens;
      }
      rest = next;
    }
    let small = rest | 0;
    for (const start = this.#end - count; at > start;) {
      const tens = (small / 10) | 0;
      bytes[--at] = zero + small - tens * 10;
      small = tens;
    }
  }

  /** Milliseconds as seconds, with exactly three digits behind the point where they are no whole seconds. */
  timestamp(ms: number): void {
    this.#reserve(32);
    if (ms < 0) this.#bytes[this.#end++] = minus;
    const magnitude = Math.abs(ms);
    const fraction = magnitude % 1000;
    this.#digits((magnitude - fraction) / 1000, 1);
    if (fraction === 0) return;
    this.#bytes[this.#end++] = 0x2e;
    this.#digits(fraction, 3);
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#bytes.length) return;
    const before = this.#bytes.length;
    const size = Math.max(needed, 2 * before);
    this.#guard.takeBytes(size);
    // Growing in place where the system can, else a copy.
    this.#bytes = new Uint8Array(this.#bytes.buffer.transfer(size));
    this.#guard.releaseBytes(before);
  }
}

function escapeAscii(bytes: Uint8Array, end: number, unit: number): number {
  const short = unit === 0x0a ? 0x6e : unit === 0x0d ? 0x72 : unit === 0x09 ? 0x74 : unit < 0x20 ? 0 : unit;
  if (short === 0) return escapeUnit(bytes, end, unit);
  bytes[end] = backslash;
  bytes[end + 1] = short;
  return end + 2;
}

function escapeUnit(bytes: Uint8Array, end: number, unit: number): number {
  bytes[end] = backslash;
  bytes[end + 1] = 0x75;
  for (let i = 0; i < 4; i++) bytes[end + 2 + i] = hexDigits.charCodeAt((unit >> (12 - 4 * i)) & 15);
  return end + 6;
}
