// The label sets of series as JSON, one after the other, and what was written of them the last time: who looks around asks for the same
// series again, and a selection that stays the same has the same labels.

import type {LabelIds, ReadGuard} from '../storage/querier.ts';
import type {Symbols} from '../storage/symbols.ts';
import {JsonBytes} from './jsonbytes.ts';
import {LabelWriter} from './labelwriter.ts';

const comma = 0x2c;

/** Of one selection, and of all that are kept by a thread. */
const keptBytesMax = 128 * 1024;
const allKeptBytesMax = 256 * 1024;
const keptMax = 16;

/** Of larger selections nothing is kept. */
const seriesMax = 4096;

/** What is written, one label set after the other. */
export interface LabelSets {
  /** There are about so many. */
  readonly countEstimate: number;
  /** As SeriesCursor has it. */
  readonly selection?: object | undefined;
  next(): boolean;
  /** The place in the selection of the one that next() has come to. */
  readonly index: number;
  labels(): LabelIds;
}

/** Label sets with commas between them. */
interface WrittenSets {
  selection: object;
  bytes: Uint8Array;
  /** By places in the selection, where each begins and ends in `bytes`; an end of 0 = it is not there. */
  places: Int32Array;
}

/** The oldest first. */
const kept: WrittenSets[] = [];
let keptBytes = 0;

function forget(index: number): void {
  const [gone] = kept.splice(index, 1);
  keptBytes -= gone!.bytes.length;
}

function keep(written: WrittenSets): void {
  kept.push(written);
  keptBytes += written.bytes.length;
  while (keptBytes > allKeptBytesMax || kept.length > keptMax) forget(0);
}

/** Writes label sets with commas between them. */
export class LabelSetsWriter {
  readonly #json: JsonBytes;
  readonly #series: LabelSets;
  readonly #symbols: Symbols;
  readonly #guard: ReadGuard;
  readonly #first: number;
  readonly #known: WrittenSets | null;
  /** Where label sets were written, for the next time; null where nobody will ask. */
  #places: Int32Array | null = null;
  #labels: LabelWriter | null = null;
  /** Of the known bytes, what is to be written next; an end of 0 = nothing. */
  #from = 0;
  #to = 0;

  constructor(json: JsonBytes, symbols: Symbols, {series, guard}: {series: LabelSets; guard: ReadGuard}) {
    const {selection, countEstimate} = series;
    this.#json = json;
    this.#series = series;
    this.#symbols = symbols;
    this.#guard = guard;
    this.#first = json.length;
    this.#known = kept.find((each) => each.selection === selection) ?? null;
    if (this.#known !== null || selection === undefined || countEstimate > seriesMax) return;
    guard.takeBytes(8 * countEstimate);
    this.#places = new Int32Array(2 * countEstimate);
  }

  /** Writes the label set of the series that is at hand. */
  write(): void {
    const place = 2 * this.#series.index;
    const end = this.#known?.places[place + 1] ?? 0;
    if (end > 0) this.#repeat(this.#known!.places[place]!, end);
    else this.#writeNew(place);
  }

  /** Nothing is written afterwards. `isWhole`: all series that there are to write have been. */
  finish(isWhole: boolean): void {
    this.#flush();
    const {selection} = this.#series;
    const length = this.#json.length - this.#first;
    if (this.#known !== null) {
      // Who asks like this again shall find all of it.
      if (this.#labels !== null && kept.includes(this.#known)) forget(kept.indexOf(this.#known));
      return;
    }
    if (this.#places === null || selection === undefined || !isWhole || length > keptBytesMax) return;
    const bytes = this.#json.room(0).slice(this.#first, this.#first + length);
    keep({selection, bytes, places: this.#places});
  }

  #repeat(start: number, end: number): void {
    if (this.#to === 0 || start !== this.#to + 1) {
      this.#flush();
      this.#from = start;
    }
    this.#to = end;
  }

  #flush(): void {
    if (this.#to === 0) return;
    this.#separate();
    this.#json.bytes(this.#known!.bytes.subarray(this.#from, this.#to));
    this.#to = 0;
  }

  #writeNew(place: number): void {
    this.#flush();
    this.#separate();
    this.#labels ??= new LabelWriter(this.#json, this.#symbols, {sets: Infinity, guard: this.#guard});
    const start = this.#json.length;
    this.#labels.write(this.#series.labels());
    if (this.#places === null) return;
    this.#places[place] = start - this.#first;
    this.#places[place + 1] = this.#json.length - this.#first;
  }

  #separate(): void {
    if (this.#json.length > this.#first) this.#json.char(comma);
  }
}
