import {compareStrings} from '../../model/labels.ts';
import type {BlockFile} from './blockfile.ts';
import {BlockDamage} from './damage.ts';
import {checkedSection, decodeText, FileScan, type Section} from './scan.ts';

/** Strings are found by walking from every 32nd, as in Prometheus. */
export const symbolFactor = 32;
/** Groups of strings that are kept as text. */
const groupsMax = 2048;

/**
 * The strings of an index. A reference is the string's number, in the oldest format (1) its place in the file. References rise
 * with the strings' order.
 */
export class SymbolTable {
  readonly count: number;
  readonly #file: BlockFile;
  readonly #section: Section;
  readonly #byOffset: boolean;
  /** Places in the section of every 32nd string. */
  readonly #places: Uint32Array;
  readonly #groups = new Map<number, string[]>();

  /** Verifies the section at `offset` and walks it once. */
  constructor(file: BlockFile, offset: number, version: number) {
    this.#file = file;
    this.#byOffset = version === 1;
    this.#section = checkedSection(file, offset);
    const scan = new FileScan(file, this.#section.start, this.#section.end);
    const count = scan.uint32();
    // Each string has a byte of length.
    if (count > scan.left) {
      throw new BlockDamage(file.path, offset, `${count} symbols do not fit into ${scan.left} bytes`);
    }
    this.count = count;
    this.#places = new Uint32Array(Math.ceil(count / symbolFactor));
    for (let i = 0; i < count; i++) {
      if (i % symbolFactor === 0) this.#places[i / symbolFactor] = scan.position - this.#section.start;
      scan.skipText();
    }
  }

  /** Bytes that the table of places has, which is what Prometheus reports. */
  get bytes(): number {
    return this.#places.length * 8;
  }

  /** The string of a reference. Throws BlockDamage where there is none. */
  text(ref: number): string {
    if (this.#byOffset) return this.#textAt(ref);
    if (ref >= this.count) throw new BlockDamage(this.#file.path, -1, `unknown symbol offset ${ref}`);
    return this.#group(Math.floor(ref / symbolFactor))[ref % symbolFactor]!;
  }

  /** The reference of a string; -1 where no series has it. */
  find(text: string): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareStrings(this.#group(middle)[0]!, text) <= 0) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return -1;
    const group = low - 1;
    const index = this.#group(group).indexOf(text);
    if (index < 0) return -1;
    return this.#byOffset ? this.#offsetOf(group, index) : group * symbolFactor + index;
  }

  /** All strings, in order. */
  *texts(): Generator<string> {
    const scan = new FileScan(this.#file, this.#section.start + 4, this.#section.end);
    for (let i = 0; i < this.count; i++) yield scan.text();
  }

  /** The references of all strings, in order. */
  *refs(): Generator<number> {
    const scan = new FileScan(this.#file, this.#section.start + 4, this.#section.end);
    for (let i = 0; i < this.count; i++) {
      yield this.#byOffset ? scan.position : i;
      scan.skipText();
    }
  }

  #group(number: number): string[] {
    const known = this.#groups.get(number);
    if (known !== undefined) return known;
    const from = this.#places[number]!;
    const to = this.#places[number + 1] ?? this.#section.end - this.#section.start;
    const bytes = this.#file.bytes(this.#section.start + from, to - from);
    const texts: string[] = [];
    const size = Math.min(symbolFactor, this.count - number * symbolFactor);
    for (let at = 0; texts.length < size;) {
      const {length, next} = textLength(bytes, at);
      texts.push(decodeText(bytes, next, next + length));
      at = next + length;
    }
    this.#keep(number, texts);
    return texts;
  }

  #keep(number: number, texts: string[]): void {
    this.#groups.set(number, texts);
    if (this.#groups.size <= groupsMax) return;
    for (const oldest of this.#groups.keys()) {
      this.#groups.delete(oldest);
      break;
    }
  }

  #textAt(offset: number): string {
    const {start, end} = this.#section;
    if (offset < start + 4 || offset >= end) {
      throw new BlockDamage(this.#file.path, offset, 'no symbol stands there');
    }
    const {length, next} = textLength(this.#file.bytes(offset, Math.min(5, end - offset)), 0);
    if (offset + next + length > end) {
      throw new BlockDamage(this.#file.path, offset, `a string of ${length} bytes does not fit`);
    }
    return decodeText(this.#file.bytes(offset + next, length), 0, length);
  }

  #offsetOf(group: number, index: number): number {
    const from = this.#section.start + this.#places[group]!;
    const scan = new FileScan(this.#file, from, this.#section.end);
    for (let i = 0; i < index; i++) scan.skipText();
    return scan.position;
  }
}

/** The length that stands at `at`, and where the text after it begins. It was walked over before: it is whole. */
function textLength(bytes: Uint8Array, at: number): {length: number; next: number} {
  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return {length, next: at};
  }
}
