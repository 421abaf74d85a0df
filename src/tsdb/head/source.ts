import {entryName, entryValue, blockPairs, blockEntries} from '../../kernels/index-layout.ts';
import {compareStrings} from '../../model/labels.ts';
import {unguarded} from '../../storage/querier.ts';
import type {SeriesSource} from '../block/seriessource.ts';
import type {Intervals} from '../block/tombstones.ts';
import {deletedIntervals, findAnnex} from './annex.ts';
import {ChunkList} from './chunklist.ts';
import {sortByLabels} from './labelorder.ts';
import type {HeadReader} from './reader.ts';
import {EntryNumbers, type SelectedSeries, Selector} from './selection.ts';
import {slotAddress} from './series.ts';

export interface HeadSourceOptions {
  minTime: number;
  maxTime: number;
  lateUntil?: number;
  refs?: Float64Array;
}

/**
 * The series of the head that have samples in [minTime, maxTime], in the order of their labels, for a block. What it gives is from
 * the moment when it comes to a series. Works in any thread; nothing that it can see is freed before close().
 */
export class HeadSource implements SeriesSource {
  readonly minTime: number;
  readonly maxTime: number;
  labels = new Uint32Array(64);
  labelsLength = 0;
  deleted: Intervals | undefined = undefined;
  readonly #reader: HeadReader;
  readonly #selected: SelectedSeries;
  readonly #chunks: ChunkList;
  readonly #texts: string[];
  readonly #lateUntil: number | null;
  /** Number of each symbol, by address. */
  readonly #numbers = new Map<number, number>();
  #at = -1;

  /**
   * With `lateUntil`, late samples and nothing else, from chunks up to this reference; they may overlap each other. With `refs`, these
   * series only.
   */
  constructor(reader: HeadReader, {minTime, maxTime, lateUntil, refs}: HeadSourceOptions) {
    this.#lateUntil = lateUntil ?? null;
    this.#reader = reader;
    this.minTime = minTime;
    this.maxTime = maxTime;
    reader.epochs.enter();
    this.#chunks = new ChunkList(reader);
    const numbers = new EntryNumbers();
    this.#selected = new Selector(reader.shared, reader.texts, {numbers, guard: unguarded}).select([]);
    if (refs !== undefined) keepRefs(this.#selected, refs);
    this.#texts = this.#numberSymbols();
    sortByLabels(this.#selected, {memory: reader.shared, texts: reader.texts, numbers, guard: unguarded});
  }

  symbols(): Iterable<string> {
    return this.#texts;
  }

  /** HeadSeriesRef of the current series. */
  get ref(): number {
    return this.#selected.refs[this.#at]!;
  }

  get chunkCount(): number {
    return this.#chunks.length;
  }

  chunkMin(index: number): number {
    return this.#chunks.mins[index]!;
  }

  chunkMax(index: number): number {
    return this.#chunks.maxs[index]!;
  }

  next(): boolean {
    while (++this.#at < this.#selected.length) {
      const slot = slotAddress(this.#reader.shared.u32, this.#selected.slots[this.#at]!);
      const annex = findAnnex(this.#reader.shared, slot);
      if (this.#lateUntil === null) this.#chunks.take(slot, this.minTime, this.maxTime);
      else this.#chunks.takeLate(annex, {mint: this.minTime, maxt: this.maxTime, reference: this.#lateUntil});
      if (this.#chunks.length === 0) continue;
      this.#setLabels(this.#selected.blocks[this.#at]!);
      this.deleted = deletedIntervals(this.#reader.shared, annex);
      return true;
    }
    return false;
  }

  load(index: number): void {
    this.#chunks.load(index);
  }

  get encoding(): number {
    return this.#chunks.encoding;
  }

  get data(): Uint8Array {
    return this.#chunks.data;
  }

  close(): void {
    this.#chunks.free();
    this.#selected.release();
    this.#reader.epochs.leave();
  }

  #setLabels(block: number): void {
    const {u32} = this.#reader.shared;
    const pairs = u32[(block + blockPairs) >>> 2]!;
    if (2 * pairs > this.labels.length) this.labels = new Uint32Array(4 * pairs);
    this.labelsLength = 2 * pairs;
    const first = (block + blockEntries) >>> 2;
    for (let i = 0; i < pairs; i++) {
      const entry = u32[first + i]!;
      this.labels[2 * i] = this.#numbers.get(u32[(entry + entryName) >>> 2]!)!;
      this.labels[2 * i + 1] = this.#numbers.get(u32[(entry + entryValue) >>> 2]!)!;
    }
  }

  /** Gives numbers to all symbols, in the order of their texts, and returns these. */
  #numberSymbols(): string[] {
    const {shared, texts} = this.#reader;
    const {u32} = shared;
    const symbols = new Map<number, string>();
    const note = (symbol: number): void => {
      if (!symbols.has(symbol)) symbols.set(symbol, texts.text(symbol));
    };
    for (let s = 0; s < this.#selected.length; s++) {
      const block = this.#selected.blocks[s]!;
      const first = (block + blockEntries) >>> 2;
      const end = first + u32[(block + blockPairs) >>> 2]!;
      for (let i = first; i < end; i++) {
        note(u32[(u32[i]! + entryName) >>> 2]!);
        note(u32[(u32[i]! + entryValue) >>> 2]!);
      }
    }
    const sorted = [...symbols].sort(([, left], [, right]) => compareStrings(left, right));
    sorted.forEach(([symbol], number) => this.#numbers.set(symbol, number));
    return sorted.map(([, text]) => text);
  }
}

function keepRefs(selected: SelectedSeries, refs: Float64Array): void {
  const wanted = new Set(refs);
  let kept = 0;
  for (let i = 0; i < selected.length; i++) {
    if (!wanted.has(selected.refs[i]!)) continue;
    selected.slots[kept] = selected.slots[i]!;
    selected.blocks[kept] = selected.blocks[i]!;
    selected.refs[kept++] = selected.refs[i]!;
  }
  selected.length = kept;
}
