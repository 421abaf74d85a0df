// Label sets as JSON: `{"__name__":"up","job":"node"}`.

import {Specimen} from '../base/specimens.ts';
import type {LabelIds, ReadGuard} from '../storage/querier.ts';
import type {Symbols} from '../storage/symbols.ts';
import {JsonBytes} from './jsonbytes.ts';

const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;
const colon = 0x3a;

/** Nothing is kept of answers with more texts. */
const specimenSymbolsMax = 1024;

/** Where there are no more sets, to note where their texts are costs more than it saves. */
const directSetsMax = 3;

/** Places for so many symbols are used again by the next writer, since memory of their own costs as much as a few series do. */
const symbolsKept = 256;
const keptPlaces = new Int32Array(2 * symbolsKept);

const writerSpecimen = new Specimen();

/** Writes label sets; each text is escaped once, and then copied from where it was written first. One writer at a time. */
export class LabelWriter {
  readonly #json: JsonBytes;
  readonly #symbols: Symbols;
  readonly #guard: ReadGuard;
  readonly #isDirect: boolean;
  /** Of each symbol: where it begins and ends; an end of 0 = not written yet. */
  #places: Int32Array<ArrayBuffer> = keptPlaces;

  /** There may be more symbols later. `sets`: there are so many at most. */
  constructor(json: JsonBytes, symbols: Symbols, {sets, guard}: {sets: number; guard: ReadGuard}) {
    this.#json = json;
    this.#symbols = symbols;
    this.#guard = guard;
    this.#isDirect = sets <= directSetsMax;
    if (!this.#isDirect) keptPlaces.fill(0);
    if (symbols.size < specimenSymbolsMax) writerSpecimen.keep(this);
  }

  write(labels: LabelIds): void {
    const places = this.#places;
    // A byte behind each text, and the braces.
    let bytesMax = labels.length + 2;
    for (let i = 0; i < labels.length; i++) {
      const place = 2 * labels[i]!;
      if (this.#isDirect || !(places[place + 1]! > 0)) {
        this.#writeNew(labels);
        return;
      }
      bytesMax += places[place + 1]! - places[place]!;
    }
    const json = this.#json;
    const bytes = json.room(bytesMax);
    let at = json.length;
    bytes[at++] = openBrace;
    for (let i = 0; i < labels.length; i++) {
      const place = 2 * labels[i]!;
      const end = places[place + 1]!;
      // Short pieces: a view of them would cost more than the copy.
      for (let from = places[place]!; from < end; from++) bytes[at++] = bytes[from]!;
      bytes[at++] = (i & 1) === 0 ? colon : comma;
    }
    // In place of the last comma.
    if (labels.length > 0) at--;
    bytes[at++] = closeBrace;
    json.endAt(at);
  }

  /** Where some text was not written before. */
  #writeNew(labels: LabelIds): void {
    const json = this.#json;
    json.char(openBrace);
    for (let i = 0; i < labels.length; i++) {
      if (i > 0) json.char((i & 1) === 1 ? colon : comma);
      const start = json.length;
      json.string(this.#symbols.text(labels[i]!));
      if (!this.#isDirect) this.#note(labels[i]!, start, json.length);
    }
    json.char(closeBrace);
  }

  #note(symbol: number, start: number, end: number): void {
    if (2 * symbol >= this.#places.length) this.#grow();
    this.#places[2 * symbol] = start;
    this.#places[2 * symbol + 1] = end;
  }

  #grow(): void {
    const before = this.#places;
    // Where they become more while label sets are written, by half at least.
    const length = Math.max(2 * this.#symbols.size, 3 * (before.length >>> 1));
    this.#guard.takeBytes(4 * length);
    this.#places = new Int32Array(length);
    this.#places.set(before);
    if (before !== keptPlaces) this.#guard.releaseBytes(4 * before.length);
  }
}
