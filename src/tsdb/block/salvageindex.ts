// What of a damaged index can still be read. An index says most things twice: all labels stand in the symbols, to which series
// point, and in the postings offset table, whose lists point to series. Each series, and each of these parts, has a checksum of its
// own, so what is lost is what is damaged in both places. The series themselves are found by walking their section.

import {ByteReader} from '../../base/varint.ts';
import {compareStrings, formatLabels} from '../../model/labels.ts';
import type {BlockFile} from './blockfile.ts';
import {BlockDamage, damageOf, whyUnreadable} from './damage.ts';
import {
  indexHeaderBytes,
  type IndexToc,
  readPostings,
  readToc,
  readVersion,
  seriesAlignment,
  tocBytes,
} from './index.ts';
import {openPostingsTable, type PostingsTable} from './postingstable.ts';
import {checkedSection} from './scan.ts';
import {readSeries, SeriesBatch} from './seriesbatch.ts';
import {SeriesEntries, seriesSectionEnd} from './seriesentries.ts';
import {SymbolTable} from './symboltable.ts';

export interface SalvagedSeries {
  /** Byte of the index at which the entry begins. */
  place: number;
  /** How tombstones and postings name it. */
  ref: number;
  /** Numbers among texts: name, value, name, value … */
  labels: number[];
}

/** Told of each damage: what is damaged, and why it cannot be read. */
export interface SalvageEvents {
  /** A part that is made anew from others, or that can be done without. */
  damaged: (part: string, why: string) => void;
  /** A series of which nothing but its name, at most, is left. */
  lost: (series: string, why: string) => void;
}

export class SalvagedIndex {
  readonly file: BlockFile;
  readonly version: number;
  /** All strings of labels, sorted. */
  readonly texts: readonly string[];
  /** In the order of their labels. */
  readonly series: SalvagedSeries[] = [];
  readonly #events: SalvageEvents;
  readonly #toc: IndexToc | null;
  /** Number among texts of each symbol, by how series name it; null where the symbols cannot be read. */
  readonly #numbers: ReadonlyMap<number, number> | null;
  readonly #table: PostingsTable | null;
  readonly #entries: SeriesEntries;
  readonly #reader = new ByteReader(new Uint8Array(0));
  readonly #batch = new SeriesBatch();
  /** Label pairs of each series by the postings; null = not needed so far. */
  #postings: Map<number, string[]> | null = null;
  /** References of all series that postings name, rising. */
  #known: Uint32Array<ArrayBuffer> | null = null;
  #textNumbers: Map<string, number> | null = null;

  /** Reads what there is. Throws BlockDamage where no series can be told from another. */
  constructor(file: BlockFile, events: SalvageEvents) {
    this.file = file;
    this.#entries = new SeriesEntries(file);
    this.#events = events;
    this.version = this.#try('header of the index', () => readVersion(file)) ?? 2;
    this.#toc = this.#try('table of contents', () => readToc(file));
    const symbols = this.#try(
      'symbols',
      () => new SymbolTable(file, this.#toc?.symbols ?? indexHeaderBytes, this.version),
    );
    const toc = this.#toc;
    this.#table =
      toc === null
        ? null
        : this.#try('postings offset table', () => openPostingsTable(file, toc.postingsTable, this.version));
    if (symbols === null && this.#table === null) {
      throw new BlockDamage(
        file.path,
        -1,
        'neither the symbols nor the postings offset table can be read: no series has a name',
      );
    }
    this.texts = symbols === null ? this.#textsOfPostings() : [...symbols.texts()];
    this.#numbers =
      symbols === null ? null : new Map([...symbols.refs()].map((ref, number) => [ref, number]));
    this.#walk();
    this.#sort();
  }

  /** Reads the chunks of a series. */
  chunks({place, ref}: SalvagedSeries, batch: SeriesBatch): void {
    batch.clear();
    damageOf(this.file.path, place, () => {
      const bytes = this.#entries.at(place, this.file.size);
      if (bytes === null) throw new RangeError('it has changed');
      this.#reader.reset(bytes, 0, bytes.length);
      readSeries(this.#reader, batch, {ref, mint: -Infinity, maxt: Infinity});
    });
  }

  labelText(labels: readonly number[]): string {
    return formatLabels(labels.map((number) => this.texts[number]!));
  }

  #try<T>(part: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      this.#events.damaged(part, whyUnreadable(error));
      return null;
    }
  }

  #walk(): void {
    const step = this.version === 1 ? 1 : seriesAlignment;
    const end = this.#seriesEnd();
    this.#entries.walk(
      {start: this.#seriesStart(), end, step},
      {
        onEntry: (place, bytes) => this.#take(place, place / step, bytes),
        onGap: (from, to) => {
          // Without a table of contents what follows the series is walked over, too.
          if (to < end || this.#toc !== null) this.#reportLost(from, to, step);
        },
      },
    );
  }

  #take(place: number, ref: number, bytes: Uint8Array): void {
    const batch = this.#batch;
    batch.clear();
    this.#reader.reset(bytes, 0, bytes.length);
    try {
      readSeries(this.#reader, batch, {ref, mint: -Infinity, maxt: Infinity});
      this.series.push({place, ref, labels: this.#labels(ref, batch)});
    } catch (error) {
      this.#events.lost(this.#nameOf(ref, place), whyUnreadable(error));
    }
  }

  #labels(ref: number, batch: SeriesBatch): number[] {
    const numbers = this.#numbers;
    if (numbers === null) return this.#labelsOfPostings(ref, batch.labelsLength);
    const labels: number[] = [];
    for (let i = 0; i < batch.labelsLength; i++) {
      const number = numbers.get(batch.labels[i]!);
      if (number === undefined) throw new RangeError(`unknown symbol offset ${batch.labels[i]}`);
      labels.push(number);
    }
    return labels;
  }

  #labelsOfPostings(ref: number, count: number): number[] {
    const pairs = this.#pairs().get(ref) ?? [];
    if (pairs.length !== count) {
      throw new RangeError(
        `it has ${count / 2} labels, and lists of postings that can be read have ${pairs.length / 2} of them`,
      );
    }
    return pairs.map((text) => this.#numberOf(text));
  }

  #numberOf(text: string): number {
    this.#textNumbers ??= new Map(this.texts.map((each, number) => [each, number]));
    return this.#textNumbers.get(text)!;
  }

  #textsOfPostings(): string[] {
    const texts = new Set<string>();
    const table = this.#table!;
    for (const name of table.names) {
      texts.add(name);
      table.walk(name, '', (value) => {
        texts.add(value);
        return true;
      });
    }
    return [...texts].sort(compareStrings);
  }

  /** The label pairs of each series, from all lists of postings that can be read. */
  #pairs(): Map<number, string[]> {
    if (this.#postings !== null) return this.#postings;
    const found = new Map<number, string[]>();
    this.#postings = found;
    const table = this.#table;
    for (const name of table === null ? [] : ['', ...table.names]) {
      table!.walk(name, '', (value, offset) => {
        const refs = this.#try(`postings of ${name}=${JSON.stringify(value)}`, () =>
          readPostings(this.file, offset),
        );
        for (const ref of refs ?? []) {
          const pairs = found.get(ref);
          if (pairs === undefined) found.set(ref, name === '' ? [] : [name, value]);
          else if (name !== '') pairs.push(name, value);
        }
        return true;
      });
    }
    return found;
  }

  #nameOf(ref: number, place: number): string {
    const pairs = this.#pairs().get(ref) ?? [];
    return pairs.length > 0 ? formatLabels(pairs) : `the series at byte ${place} of the index`;
  }

  /** Nothing in bytes [from, to) is a whole entry: says which series were there, as far as the postings know. */
  #reportLost(from: number, to: number, step: number): void {
    this.#known ??= Uint32Array.from(this.#pairs().keys()).sort();
    const refs = this.#known.filter((ref) => ref * step >= from && ref * step < to);
    for (const ref of refs)
      this.#events.lost(
        this.#nameOf(ref, ref * step),
        `its entry at byte ${ref * step} of the index is damaged`,
      );
    if (refs.length > 0) return;
    this.#events.lost('series without a name', `bytes ${from} to ${to} of the index are damaged`);
  }

  #seriesStart(): number {
    if (this.#toc !== null) return this.#toc.series;
    return checkedSection(this.file, indexHeaderBytes).end + 4;
  }

  #seriesEnd(): number {
    return this.#toc === null ? this.file.size - tocBytes : seriesSectionEnd(this.#toc, this.file.size);
  }

  /** Writers need series in the order of their labels, and each once. */
  #sort(): void {
    const {series} = this;
    let sorted = true;
    for (let i = 1; i < series.length; i++)
      sorted &&= compareNumbers(series[i - 1]!.labels, series[i]!.labels) < 0;
    if (sorted) return;
    this.#events.damaged('order of the series', 'their labels do not rise');
    const all = series.splice(0).sort((left, right) => compareNumbers(left.labels, right.labels));
    for (const each of all) {
      const last = series.at(-1);
      if (last === undefined || compareNumbers(last.labels, each.labels) !== 0) series.push(each);
      else this.#events.lost(this.labelText(each.labels), 'the index has this series twice');
    }
  }
}

function compareNumbers(left: readonly number[], right: readonly number[]): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length - right.length;
}
