import {compareStrings} from '../../model/labels.ts';
import type {BlockFile} from './blockfile.ts';
import {BlockDamage} from './damage.ts';
import {checkedSection, decodeText, FileScan, type Section} from './scan.ts';
import {symbolFactor} from './symboltable.ts';

/** Visits a value of a label and the place of its postings; false = enough. */
export type ValueVisitor = (value: string, offset: number) => boolean;

/** Which label pairs an index has, and where their postings are. */
export interface PostingsTable {
  /** Sorted, without the empty name under which all series are listed. */
  readonly names: readonly string[];
  /** About how many values a label has. */
  valueCount(name: string): number;
  /** The place of the postings of a label pair; -1 where there are none. */
  find(name: string, value: string): number;
  /** Visits the values of a label, in order, from `from` on. */
  walk(name: string, from: string, visit: ValueVisitor): void;
}

/** The table at `offset`, verified. In the oldest format it is not sorted, and is kept as a whole. */
export function openPostingsTable(file: BlockFile, offset: number, version: number): PostingsTable {
  const section = checkedSection(file, offset);
  return version === 1 ? new WholeTable(file, section) : new SampledTable(file, section);
}

/** Every 32nd value of a label, and the last. */
interface Samples {
  values: string[];
  /** Places of their entries in the file. */
  places: number[];
  count: number;
  end: number;
}

class SampledTable implements PostingsTable {
  readonly names: readonly string[];
  readonly #file: BlockFile;
  readonly #byName = new Map<string, Samples>();

  constructor(file: BlockFile, section: Section) {
    this.#file = file;
    const scan = new FileScan(file, section.start, section.end);
    const count = scan.uint32();
    let name: string | null = null;
    let samples: Samples = {values: [], places: [], count: 0, end: 0};
    for (let i = 0; i < count; i++) {
      const place = scan.position;
      const entryName = readEntryName(file, scan);
      if (entryName !== name) {
        if (this.#byName.has(entryName)) {
          throw new BlockDamage(file.path, place, 'the postings offset table is not sorted');
        }
        samples = {values: [], places: [], count: 0, end: 0};
        this.#byName.set(entryName, samples);
        name = entryName;
      }
      if (samples.count % symbolFactor === 0) {
        samples.values.push(scan.text());
        samples.places.push(place);
      } else scan.skipText();
      scan.uvarint();
      samples.count++;
      samples.end = scan.position;
    }
    this.names = [...this.#byName.keys()].filter((each) => each !== '').sort(compareStrings);
  }

  valueCount(name: string): number {
    return this.#byName.get(name)?.count ?? 0;
  }

  find(name: string, value: string): number {
    let found = -1;
    this.walk(name, value, (each, offset) => {
      if (each === value) found = offset;
      return false;
    });
    return found;
  }

  walk(name: string, from: string, visit: ValueVisitor): void {
    const samples = this.#byName.get(name);
    if (samples === undefined) return;
    // The last sample that is not after `from`.
    let low = 0;
    let high = samples.values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareStrings(samples.values[middle]!, from) <= 0) low = middle + 1;
      else high = middle;
    }
    const start = samples.places[Math.max(0, low - 1)]!;
    this.#walkEntries({start, end: samples.end}, from, visit);
  }

  #walkEntries({start, end}: Section, from: string, visit: ValueVisitor): void {
    // A group of entries comes from cached pages; what is longer is read ahead.
    let at = start;
    for (let step = 0; at < end && step < symbolFactor; step++) {
      const entry = this.#entryAt(at, end);
      if (compareStrings(entry.value, from) >= 0 && !visit(entry.value, entry.offset)) return;
      at = entry.next;
    }
    if (at >= end) return;
    const scan = new FileScan(this.#file, at, end);
    while (scan.left > 0) {
      readEntryName(this.#file, scan);
      const value = scan.text();
      const offset = scan.uvarint();
      if (compareStrings(value, from) >= 0 && !visit(value, offset)) return;
    }
  }

  #entryAt(at: number, end: number): {value: string; offset: number; next: number} {
    for (let bytes = 256; ; bytes *= 8) {
      const window = new WindowScan(this.#file, at, Math.min(bytes, end - at));
      const entry = window.entry();
      if (entry !== null) return entry;
      if (at + bytes >= end) throw new BlockDamage(this.#file.path, at, 'the section ends too early');
    }
  }
}

/** One entry in a few bytes from the page cache. */
class WindowScan {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  #at = 0;

  constructor(file: BlockFile, start: number, length: number) {
    this.#bytes = file.bytes(start, length);
    this.#start = start;
  }

  /** Null where the window is too short. */
  entry(): {value: string; offset: number; next: number} | null {
    this.#number();
    this.#skip(this.#number());
    const length = this.#number();
    const start = this.#at;
    this.#skip(length);
    const offset = this.#number();
    if (this.#at > this.#bytes.length) return null;
    return {value: decodeText(this.#bytes, start, start + length), offset, next: this.#start + this.#at};
  }

  #skip(length: number): void {
    this.#at += length;
  }

  #number(): number {
    let value = 0;
    for (let scale = 1; this.#at < this.#bytes.length && scale < 2 ** 70; scale *= 128) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.#at = this.#bytes.length + 1;
    return 0;
  }
}

class WholeTable implements PostingsTable {
  readonly names: readonly string[];
  readonly #byName = new Map<string, {values: string[]; offsets: Map<string, number>}>();

  constructor(file: BlockFile, section: Section) {
    const scan = new FileScan(file, section.start, section.end);
    const count = scan.uint32();
    for (let i = 0; i < count && scan.left > 0; i++) {
      const name = readEntryName(file, scan);
      const value = scan.text();
      let known = this.#byName.get(name);
      if (known === undefined) this.#byName.set(name, (known = {values: [], offsets: new Map()}));
      known.values.push(value);
      known.offsets.set(value, scan.uvarint());
    }
    for (const known of this.#byName.values()) known.values = [...known.offsets.keys()].sort(compareStrings);
    this.names = [...this.#byName.keys()].filter((each) => each !== '').sort(compareStrings);
  }

  valueCount(name: string): number {
    return this.#byName.get(name)?.values.length ?? 0;
  }

  find(name: string, value: string): number {
    return this.#byName.get(name)?.offsets.get(value) ?? -1;
  }

  walk(name: string, from: string, visit: ValueVisitor): void {
    const known = this.#byName.get(name);
    if (known === undefined) return;
    for (const value of known.values) {
      if (compareStrings(value, from) >= 0 && !visit(value, known.offsets.get(value)!)) return;
    }
  }
}

function readEntryName(file: BlockFile, scan: FileScan): string {
  const place = scan.position;
  const keys = scan.uvarint();
  if (keys !== 2) {
    throw new BlockDamage(file.path, place, `unexpected number of keys for postings offset table ${keys}`);
  }
  return scan.text();
}
