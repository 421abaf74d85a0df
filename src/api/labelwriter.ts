// Label sets as JSON: `{"__name__":"up","job":"node"}`.

import {keepSpecimen} from '../base/specimens.ts';
import type {LabelIds, ReadGuard} from '../storage/querier.ts';
import type {Symbols} from '../storage/symbols.ts';
import {JsonBytes} from './jsonbytes.ts';

const openBrace = 0x7b;
const closeBrace = 0x7d;
const comma = 0x2c;
const colon = 0x3a;

/** Nothing is kept of answers with more texts. */
const specimenSymbolsMax = 1024;

/** Of each symbol: where it begins and ends as a name, with the colon, and as a value, with the comma. */
const placesOfSymbol = 4;
const ofValue = 2;

/** Where there are no more sets, to keep their texts costs more than it saves. */
const directSetsMax = 3;

/** A text with its quotes, about. */
const textBytes = 16;
const textsBytesMin = 512;
const noPlaces = new Int32Array(0);
const symbolsMin = 32;

/** Writes label sets; each name and value is escaped once, and then copied. */
export class LabelWriter {
  readonly #json: JsonBytes;
  readonly #symbols: Symbols;
  readonly #guard: ReadGuard;
  readonly #isDirect: boolean;
  readonly #texts: JsonBytes;
  /** An end of 0 = not written yet. */
  #places = noPlaces;

  /** There may be more symbols later. `sets`: there are so many at most. */
  constructor(json: JsonBytes, symbols: Symbols, {sets, guard}: {sets: number; guard: ReadGuard}) {
    this.#json = json;
    this.#symbols = symbols;
    this.#guard = guard;
    this.#isDirect = sets <= directSetsMax;
    // The other one is not used then.
    this.#texts = this.#isDirect ? json : new JsonBytes(textsBytesMin + textBytes * symbols.size, guard);
    if (!this.#isDirect) this.#grow();
    if (symbols.size < specimenSymbolsMax) keepSpecimen(this);
  }

  write(labels: LabelIds): void {
    if (this.#isDirect) {
      this.#writeDirectly(labels);
      return;
    }
    const bytesMax = this.#prepare(labels);
    const texts = this.#texts.written;
    const places = this.#places;
    const json = this.#json;
    const bytes = json.room(bytesMax);
    let at = json.length;
    bytes[at++] = openBrace;
    for (let i = 0; i < labels.length; i++) {
      const place = placesOfSymbol * labels[i]! + ofValue * (i & 1);
      const end = places[place + 1]!;
      // Short pieces: a view of them would cost more than the copy.
      for (let from = places[place]!; from < end; from++) bytes[at++] = texts[from]!;
    }
    // In place of the last comma.
    if (labels.length > 0) at--;
    bytes[at++] = closeBrace;
    json.endAt(at);
  }

  #writeDirectly(labels: LabelIds): void {
    const json = this.#json;
    json.char(openBrace);
    for (let i = 0; i < labels.length; i++) {
      if (i > 0) json.char((i & 1) === 1 ? colon : comma);
      json.string(this.#symbols.text(labels[i]!));
    }
    json.char(closeBrace);
  }

  /** Writes the texts that are new. Returns the bytes of the label set. */
  #prepare(labels: LabelIds): number {
    let bytes = 2;
    for (let i = 0; i < labels.length; i++) {
      const isValue = i & 1;
      const place = placesOfSymbol * labels[i]! + ofValue * isValue;
      if (!(this.#places[place + 1]! > 0)) this.#writeText(labels[i]!, place, isValue === 1 ? comma : colon);
      bytes += this.#places[place + 1]! - this.#places[place]!;
    }
    return bytes;
  }

  #writeText(symbol: number, place: number, behind: number): void {
    if (place >= this.#places.length) this.#grow();
    const texts = this.#texts;
    this.#places[place] = texts.length;
    texts.string(this.#symbols.text(symbol));
    texts.char(behind);
    this.#places[place + 1] = texts.length;
  }

  #grow(): void {
    // Where they become more while there are answers to write, by half at least.
    const symbols = Math.max(this.#symbols.size, symbolsMin, (1.5 * this.#places.length) / placesOfSymbol);
    const places = new Int32Array(placesOfSymbol * Math.ceil(symbols));
    this.#guard.takeBytes(places.byteLength);
    places.set(this.#places);
    this.#guard.releaseBytes(this.#places.byteLength);
    this.#places = places;
  }
}
