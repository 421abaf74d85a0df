import {entryName, entryValue, blockPairs, blockEntries} from '../../kernels/index-layout.ts';
import {assert} from '../../base/assert.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {Workspace} from '../../kernels/workspace.ts';
import {compareStrings} from '../../model/labels.ts';
import type {Matcher} from '../../model/matcher.ts';
import {
  unguarded,
  type LabelIds,
  type Querier,
  type Queryable,
  type ReadGuard,
  type SelectHints,
  type SeriesCursor,
} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import type {HeadChunkError, HeadChunkReader} from '../headchunks/reader.ts';
import type {Scratch} from '../scratch.ts';
import {HeadCursor, noteBytes} from './cursor.ts';
import {EpochReader} from './epochs.ts';
import {headerMagic, headerMinTime, headerRoot, headerSeriesVersion, headMagic} from './header.ts';
import {sortByLabels} from './labelorder.ts';
import {findEntry} from './postings.ts';
import {EntryNumbers, type SelectedSeries, Selector} from './selection.ts';
import {FoundTexts} from './foundtexts.ts';
import {Selections} from './selections.ts';
import {SymbolKey, SymbolTexts} from './symbols.ts';
import {guarded} from '../../storage/guardedsort.ts';

/** Larger than any chunk, with what the decoder reads behind it. */
const stagingBytes = 8192;

/** How many entries are looked at between two looks at whether to go on. */
const itemsUnchecked = 4096;

/** Columns for more label pairs are not kept for the next querier. */
const spareEntriesMax = 1024;

/** A short text in a set, a list, and in the copy of it that is sorted. */
const textBytes = 120;

/**
 * Reads the head from any thread, by nothing but the shared memory. Threads share no reader. `owner` is the thread's id
 * (not 0); the storage thread clears its place if it dies (Reclaimer.clearOwner).
 */
export class HeadReader implements Queryable {
  readonly shared: LinearMemory;
  readonly scratch: Scratch;
  readonly texts: SymbolTexts;
  readonly epochs: EpochReader;
  /** Where chunks are copied to: sealed ones, and the open one. */
  readonly staging: number;
  readonly openStaging: number;
  /** Where a decoder notes where it has ended in an open chunk. */
  readonly resumeState: number;
  /** Chunks that are in files; null where there are no files. */
  readonly files: HeadChunkReader | null;
  /** Whose chunks these are in the thread's ChunkCache. */
  readonly owner: number;
  /** The same for chunks that are open, which go by slot and generation. */
  readonly openOwner: number;
  /** In the order of refs, and of labels. */
  readonly selections = new Selections();
  readonly sortedSelections = new Selections();
  readonly foundTexts = new FoundTexts();
  /** Told of each chunk that cannot be read, which is left out of the answer. */
  onDamage: (error: HeadChunkError) => void = () => {};
  readonly #times: BigInt64Array;
  readonly #key: SymbolKey;
  /** What the last querier needed, for the next one. */
  #spare: EntryColumns | null = null;

  constructor(shared: LinearMemory, scratch: Scratch, owner: number, files: HeadChunkReader | null = null) {
    assert(Atomics.load(shared.u32, headerMagic >>> 2) === headMagic, 'the head is there before its readers');
    this.shared = shared;
    this.scratch = scratch;
    this.files = files;
    files?.useMemory(scratch);
    this.owner = scratch.chunks?.ownerOf(this) ?? 0;
    this.texts = new SymbolTexts(shared);
    this.epochs = new EpochReader(shared, owner);
    this.openOwner = scratch.chunks?.ownerOf(this.epochs) ?? 0;
    this.staging = scratch.arena.alloc(stagingBytes);
    this.openStaging = scratch.arena.alloc(stagingBytes);
    this.resumeState = scratch.arena.alloc(noteBytes);
    this.#times = new BigInt64Array(shared.wasm.buffer, headerMinTime, 2);
    this.#key = new SymbolKey(shared);
  }

  querier(range: {mint: number; maxt: number}, symbols: Symbols, guard = unguarded): HeadQuerier {
    const columns = this.#spare ?? new EntryColumns();
    this.#spare = null;
    columns.reset(guard);
    return new HeadQuerier(this, {range, symbols, guard, columns, key: this.#key});
  }

  /** Takes back what a querier needs no more. */
  keep(columns: EntryColumns): void {
    if (columns.numbers.entries.length <= spareEntriesMax) this.#spare = columns;
  }

  /** Times of the oldest and the newest sample; min > max = there are none. */
  timeRange(): {min: number; max: number} {
    const min = Number(Atomics.load(this.#times, 0));
    return {min, max: Number(Atomics.load(this.#times, 1))};
  }

  /** Gives the reader's place back. */
  release(): void {
    this.epochs.release();
    this.files?.close();
    this.scratch.arena.free(this.staging, stagingBytes);
    this.scratch.arena.free(this.openStaging, stagingBytes);
    this.scratch.arena.free(this.resumeState, noteBytes);
  }
}

/** Of the label pairs that a querier meets: their numbers, and the ids of their names and values. */
class EntryColumns {
  readonly numbers = new EntryNumbers();
  /** By entry number; -1 = not interned yet. */
  nameIds = new Int32Array(32);
  valueIds = new Int32Array(32);

  reset(guard: ReadGuard): void {
    this.numbers.reset(guard);
    this.nameIds.fill(-1);
  }
}

export class HeadQuerier implements Querier {
  readonly reader: HeadReader;
  readonly symbols: Symbols;
  readonly guard: ReadGuard;
  readonly workspace: Workspace;
  readonly numbers: EntryNumbers;
  readonly #range: {mint: number; maxt: number};
  readonly #selector: Selector;
  readonly #cursors: HeadCursor[] = [];
  readonly #columns: EntryColumns;
  /** Of the series, when the epoch was entered. */
  readonly #version: number;
  #closed = false;

  constructor(
    reader: HeadReader,
    {
      range,
      symbols,
      guard,
      columns,
      key,
    }: {
      range: {mint: number; maxt: number};
      symbols: Symbols;
      guard: ReadGuard;
      columns: EntryColumns;
      key: SymbolKey;
    },
  ) {
    this.reader = reader;
    this.guard = guard;
    this.workspace = new Workspace(reader.scratch);
    this.numbers = columns.numbers;
    this.#columns = columns;
    this.symbols = symbols;
    this.#range = range;
    this.#selector = new Selector(reader.shared, reader.texts, {numbers: this.numbers, guard, key});
    reader.epochs.enter();
    this.#version = Atomics.load(reader.shared.u32, headerSeriesVersion >>> 2);
  }

  select(matchers: readonly Matcher[], hints: SelectHints): SeriesCursor {
    assert(!this.#closed, 'a querier is used before it is closed');
    const selected = this.#select(matchers, hints.sorted === true);
    const cursor = new HeadCursor(this, selected);
    this.#cursors.push(cursor);
    return cursor;
  }

  labelNames(matchers: readonly Matcher[]): string[] {
    return this.#texts('', matchers);
  }

  labelValues(name: string, matchers: readonly Matcher[]): string[] {
    return name === '' ? [] : this.#texts(name, matchers);
  }

  /** The values of label `name`; the names where it is ''. */
  #texts(name: string, matchers: readonly Matcher[]): string[] {
    if (!this.#inRange()) return [];
    const {foundTexts} = this.reader;
    const known = foundTexts.find(this.#version, name, matchers);
    if (known !== null) return [...known];
    const texts = name === '' ? this.#findNames(matchers) : this.#findValues(name, matchers);
    foundTexts.keep(this.#version, {name, matchers, texts});
    return texts;
  }

  #findNames(matchers: readonly Matcher[]): string[] {
    const names = new Set<number>();
    if (matchers.length === 0) {
      this.#forItems(Atomics.load(this.reader.shared.u32, headerRoot >>> 2), (entry) =>
        names.add(this.#nameOf(entry)),
      );
    } else this.#forPairs(matchers, (entry) => names.add(this.#nameOf(entry)));
    return this.#sortedTexts(names);
  }

  #findValues(name: string, matchers: readonly Matcher[]): string[] {
    const symbol = this.#selector.symbol(name);
    if (symbol === 0) return [];
    const values = new Set<number>();
    if (matchers.length === 0) {
      const entry = findEntry(this.reader.shared, symbol, 0);
      if (entry !== 0) this.#forItems(entry, (pair) => values.add(this.#valueOf(pair)));
    } else {
      this.#forPairs(matchers, (pair) => {
        if (this.#nameOf(pair) === symbol) values.add(this.#valueOf(pair));
      });
    }
    return this.#sortedTexts(values);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cursor of this.#cursors) cursor.free();
    this.workspace.free();
    this.reader.epochs.leave();
    this.reader.keep(this.#columns);
  }

  #select(matchers: readonly Matcher[], sorted: boolean): SelectedSeries {
    const {shared, texts, selections, sortedSelections} = this.reader;
    const version = Atomics.load(shared.u32, headerSeriesVersion >>> 2);
    const known = sorted ? sortedSelections : selections;
    const found = known.find(version, matchers);
    if (found !== null) return found;
    const selected = this.#selector.select(matchers);
    if (sorted) sortByLabels(selected, {memory: shared, texts, numbers: this.numbers, guard: this.guard});
    known.keep(version, matchers, selected);
    return selected;
  }

  /** Label ids of the label block at `block`. */
  labelIds(block: number): LabelIds {
    const u32 = this.reader.shared.u32;
    const first = (block + blockEntries) >>> 2;
    const pairs = u32[(block + blockPairs) >>> 2]!;
    // An array that grows would be half as large again.
    // oxlint-disable-next-line unicorn/no-new-array
    const ids = new Array<number>(2 * pairs);
    const columns = this.#columns;
    for (let i = 0; i < pairs; i++) {
      const number = this.numbers.number(u32[first + i]!);
      if (number >= columns.nameIds.length) this.#growIds(number);
      if (columns.nameIds[number] === -1) this.#intern(number);
      ids[2 * i] = columns.nameIds[number]!;
      ids[2 * i + 1] = columns.valueIds[number]!;
    }
    return ids;
  }

  #intern(number: number): void {
    const entry = this.numbers.entries[number]!;
    const {texts} = this.reader;
    const version = this.#version;
    this.#columns.nameIds[number] = this.symbols.intern(texts.keptText(this.#nameOf(entry), version));
    this.#columns.valueIds[number] = this.symbols.intern(texts.keptText(this.#valueOf(entry), version));
  }

  #growIds(number: number): void {
    const columns = this.#columns;
    const capacity = Math.max(number + 1, columns.nameIds.length * 2);
    this.guard.takeBytes(8 * (capacity - columns.nameIds.length));
    const nameIds = new Int32Array(capacity).fill(-1);
    const valueIds = new Int32Array(capacity);
    nameIds.set(columns.nameIds);
    valueIds.set(columns.valueIds);
    columns.nameIds = nameIds;
    columns.valueIds = valueIds;
  }

  #nameOf(entry: number): number {
    return this.reader.shared.u32[(entry + entryName) >>> 2]!;
  }

  #valueOf(entry: number): number {
    return this.reader.shared.u32[(entry + entryValue) >>> 2]!;
  }

  /** Whether the head has samples in the querier's range. */
  #inRange(): boolean {
    const {min, max} = this.reader.timeRange();
    return min <= max && min <= this.#range.maxt && max >= this.#range.mint;
  }

  #forItems(entry: number, visit: (item: number) => void): void {
    const {first, end} = this.#selector.listOf(entry);
    for (let i = first; i < end; i++) {
      if (i % itemsUnchecked === 0) this.guard.check();
      visit(this.reader.shared.u32[i]!);
    }
  }

  /** Visits each label pair of the matching series once. */
  #forPairs(matchers: readonly Matcher[], visit: (pair: number) => void): void {
    const u32 = this.reader.shared.u32;
    const selected = this.#select(matchers, false);
    let seen = new Uint8Array(1024);
    for (let s = 0; s < selected.length; s++) {
      if (s % itemsUnchecked === 0) this.guard.check();
      const block = selected.blocks[s]!;
      const first = (block + blockEntries) >>> 2;
      const end = first + u32[(block + blockPairs) >>> 2]!;
      for (let i = first; i < end; i++) {
        const number = this.numbers.number(u32[i]!);
        if (number >= seen.length) {
          const larger = new Uint8Array(Math.max(number + 1, seen.length * 2));
          larger.set(seen);
          seen = larger;
        }
        if (seen[number] === 1) continue;
        seen[number] = 1;
        visit(u32[i]!);
      }
    }
  }

  #sortedTexts(symbols: Set<number>): string[] {
    const {guard} = this;
    guard.takeBytes(textBytes * symbols.size);
    const texts: string[] = [];
    for (const symbol of symbols) {
      if (texts.length % itemsUnchecked === 0) guard.check();
      const text = this.reader.texts.text(symbol);
      guard.takeBytes(text.length);
      texts.push(text);
    }
    return texts.sort(guarded(compareStrings, guard));
  }
}
