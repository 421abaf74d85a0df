// Floats by what changed in their bits, as in an XOR chunk. Histograms have several of them side by side.

import {normalNaNHigh, normalNaNLow, staleNaNHigh, staleNaNLow} from '../../model/value.ts';
import type {BitReader, BitWriter} from './bits.ts';

/** No change so far: the window of significant bits is not chosen yet. */
const noWindow = 255;

/** Values as bits, each with the window of its last change. */
export class XorValues {
  readonly values: Float64Array<ArrayBuffer>;
  /** The same bytes: low half at 2i, high half at 2i + 1. */
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #leading: Uint8Array;
  readonly #trailing: Uint8Array;

  constructor(length: number) {
    this.values = new Float64Array(length);
    this.words = new Uint32Array(this.values.buffer);
    this.#leading = new Uint8Array(length).fill(noWindow);
    this.#trailing = new Uint8Array(length);
  }

  isStale(index: number): boolean {
    return this.words[2 * index] === staleNaNLow && this.words[2 * index + 1] === staleNaNHigh;
  }

  /** Puts a value in without writing. A NaN becomes the ordinary one. */
  set(index: number, value: number): void {
    this.values[index] = value;
    if (value !== value) this.setWords(index, normalNaNHigh, normalNaNLow);
  }

  setWords(index: number, high: number, low: number): void {
    this.words[2 * index] = low;
    this.words[2 * index + 1] = high;
  }

  /** Writes the value at `index` whole. */
  writeWhole(out: BitWriter, index: number): void {
    out.write64(this.words[2 * index + 1]!, this.words[2 * index]!);
  }

  readWhole(from: BitReader, index: number): void {
    const low = from.read64();
    this.setWords(index, from.high, low);
  }

  /** Writes how `value` differs from the one at `index`, which it becomes. */
  write(out: BitWriter, index: number, value: number): void {
    const low = this.words[2 * index]!;
    const high = this.words[2 * index + 1]!;
    this.set(index, value);
    this.#writeChange(out, index, (high ^ this.words[2 * index + 1]!) >>> 0, low ^ this.words[2 * index]!);
  }

  writeStale(out: BitWriter, index: number): void {
    const low = this.words[2 * index]! ^ staleNaNLow;
    const high = this.words[2 * index + 1]! ^ staleNaNHigh;
    this.setWords(index, staleNaNHigh, staleNaNLow);
    this.#writeChange(out, index, high, low);
  }

  #writeChange(out: BitWriter, index: number, high: number, low: number): void {
    if (high === 0 && low === 0) return out.write(0, 1);
    const leading = Math.min(leadingZeros(high, low), 31);
    const trailing = trailingZeros(high, low);
    const before = this.#leading[index]!;
    if (before !== noWindow && leading >= before && trailing >= this.#trailing[index]!) {
      out.write(0b10, 2);
      return writeWindow(out, {high, low, leading: before, trailing: this.#trailing[index]!});
    }
    this.setWindow(index, leading, trailing);
    // 64 significant bits are written as 0.
    out.write((0b11 << 11) | (leading << 6) | ((64 - leading - trailing) & 63), 13);
    writeWindow(out, {high, low, leading, trailing});
  }

  /** Reads a change into the value at `index`. */
  read(from: BitReader, index: number): void {
    const window = from.peek();
    if (window < 0x8000_0000) return from.skip(1);
    if (window < 0xc000_0000) from.skip(2);
    else {
      from.skip(13);
      const leading = (window >>> 25) & 31;
      const significant = (window >>> 19) & 63 || 64;
      if (leading + significant > 64) throw new RangeError(`no window of bits at bit ${from.bit}`);
      this.setWindow(index, leading, 64 - leading - significant);
    }
    this.readBits(from, index);
  }

  /** Reads a change into each value in [from, to). */
  readRun(reader: BitReader, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (reader.peek() < 0x8000_0000) reader.skip(1);
      else this.read(reader, i);
    }
  }

  setWindow(index: number, leading: number, trailing: number): void {
    this.#leading[index] = leading;
    this.#trailing[index] = trailing;
  }

  /** Whether there was a change whose window may be used again. */
  hasWindow(index: number): boolean {
    return this.#leading[index] !== noWindow;
  }

  leading(index: number): number {
    return this.#leading[index]!;
  }

  trailing(index: number): number {
    return this.#trailing[index]!;
  }

  /** Reads the bits of the window and flips them in the value. */
  readBits(from: BitReader, index: number): void {
    // A stream that reuses a window that was never chosen means all 64 bits.
    const leading = this.#leading[index]! === noWindow ? 0 : this.#leading[index]!;
    const trailing = this.#trailing[index]!;
    const significant = 64 - leading - trailing;
    const high = significant > 32 ? from.read(significant - 32) : 0;
    const low = from.read(Math.min(significant, 32));
    // Shifted up by `trailing`, as one number of 64 bits.
    if (trailing >= 32) this.words[2 * index + 1]! ^= low << (trailing - 32);
    else {
      this.words[2 * index]! ^= low << trailing;
      this.words[2 * index + 1]! ^= (high << trailing) | (trailing === 0 ? 0 : low >>> (32 - trailing));
    }
  }
}

export function leadingZeros(high: number, low: number): number {
  return high === 0 ? 32 + Math.clz32(low) : Math.clz32(high);
}

export function trailingZeros(high: number, low: number): number {
  return low === 0 ? 32 + lowestBit(high) : lowestBit(low);
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Writes the bits of a change between its leading and trailing zeros. */
export function writeWindow(
  out: BitWriter,
  {high, low, leading, trailing}: {high: number; low: number; leading: number; trailing: number},
): void {
  const significant = 64 - leading - trailing;
  let upper = high;
  let lower = low;
  if (trailing >= 32) {
    lower = high >>> (trailing - 32);
    upper = 0;
  } else if (trailing > 0) {
    lower = (low >>> trailing) | (high << (32 - trailing));
    upper = high >>> trailing;
  }
  if (significant > 32) out.write(upper, significant - 32);
  out.write(lower, Math.min(significant, 32));
}
