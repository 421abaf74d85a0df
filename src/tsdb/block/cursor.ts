import type {FloatHistogram} from '../../model/histogram.ts';
import type {ColumnFacts, LabelIds, ReadGuard, SeriesCursor} from '../../storage/querier.ts';
import type {Symbols} from '../../storage/symbols.ts';
import type {Scratch} from '../scratch.ts';
import type {Block} from './block.ts';
import type {ChunkCache} from '../chunkcache.ts';
import {ChunkWindow, xorEncoding} from './chunkwindow.ts';
import {SampleColumns} from './columns.ts';
import {BlockDamage, damageOf} from './damage.ts';
import {appendOther} from './decode.ts';
import {noRefs, type Refs} from './refs.ts';
import {segmentFactor} from './segments.ts';
import {SeriesBatch} from './seriesbatch.ts';
import type {Tombstones} from './tombstones.ts';

/** Series whose entries are read ahead, so that their chunks can be read together. */
const seriesAhead = 64;
const chunksAheadMax = 4096;
/** After so many chunks, and one, it is asked whether to go on. */
const chunksUncheckedMask = 255;

/** Ids of so many symbols, of those with the lowest numbers, may lie in a column. */
const columnIdsMax = 16_384;
/** A table is asked so often for each place that the column would have, before that is made: a small query is over by then. */
const askedPerPlace = 1 / 64;

/** Ids of a block's symbols in a query's. */
export class SymbolIds {
  readonly #block: Block;
  readonly #symbols: Symbols;
  readonly #ids = new Map<number, number>();
  readonly #columnLength: number;
  /** By symbol; 0 = not known, which the empty text's id is, too. Empty until it is worth its memory. */
  #column = new Uint32Array(0);
  #asked = 0;

  constructor(block: Block, symbols: Symbols) {
    this.#block = block;
    this.#symbols = symbols;
    this.#columnLength = Math.min(columnIdsMax, block.index.symbols.count);
  }

  id(symbol: number): number {
    // Fast path.
    if (symbol < this.#column.length)
      return this.#column[symbol]! || (this.#column[symbol] = this.#intern(symbol));
    if (symbol < this.#columnLength && ++this.#asked > this.#columnLength * askedPerPlace) {
      this.#makeColumn();
      return this.id(symbol);
    }
    let id = this.#ids.get(symbol);
    if (id === undefined) {
      id = this.#intern(symbol);
      this.#ids.set(symbol, id);
    }
    return id;
  }

  #makeColumn(): void {
    this.#column = new Uint32Array(this.#columnLength);
    for (const [symbol, id] of this.#ids) {
      if (symbol >= this.#columnLength) continue;
      this.#column[symbol] = id;
      this.#ids.delete(symbol);
    }
  }

  #intern(symbol: number): number {
    return this.#symbols.intern(this.#block.index.symbols.text(symbol));
  }
}

export interface BlockCursorOptions {
  block: Block;
  refs: Refs;
  ids: SymbolIds;
  scratch: Scratch;
  guard: ReadGuard;
  /** Chunks outside are not looked at. */
  mint: number;
  maxt: number;
  /** Told of damage, whereupon the chunk or the series is left out; without it, the damage is thrown. */
  onDamage?: ((damage: BlockDamage) => void) | undefined;
}

/** Walks series of one block in the order of their labels. */
export class BlockCursor implements SeriesCursor {
  times: Float64Array = new Float64Array(0);
  values: Float64Array = this.times;
  valueWords: Uint32Array = new Uint32Array(0);
  histograms: readonly (FloatHistogram | undefined)[] | null = null;
  startTimes: Float64Array | null = null;
  facts: ColumnFacts | null = null;
  readonly seriesCount: number;
  readonly #options: BlockCursorOptions;
  readonly #batch = new SeriesBatch();
  readonly #window: ChunkWindow;
  readonly #tombstones: Tombstones;
  readonly #chunks: ChunkCache | undefined;
  /** The block's number in the cache. */
  readonly #owner: number;
  #columns: SampleColumns | null = null;
  #refs: Refs;
  /** The next of #refs to be read ahead. */
  #ahead = 0;
  /** The current series in the batch. */
  #at = -1;

  constructor(options: BlockCursorOptions) {
    this.#options = options;
    this.#refs = options.refs;
    this.seriesCount = options.refs.length;
    this.#window = new ChunkWindow(options.block.segments, options.scratch);
    this.#tombstones = options.block.tombstones;
    this.#chunks = options.scratch.chunks;
    this.#owner = this.#chunks?.ownerOf(options.block) ?? 0;
  }

  next(): boolean {
    this.#at++;
    if (this.#at < this.#batch.length) return true;
    return this.#readAhead();
  }

  labels(): LabelIds {
    const {labels, labelEnds} = this.#batch;
    const {ids} = this.#options;
    const end = labelEnds[this.#at]!;
    const start = this.#batch.labelStart(this.#at);
    // An array that grows would be half as large again.
    // oxlint-disable-next-line unicorn/no-new-array
    const found = new Array<number>(end - start);
    for (let i = start; i < end; i++) found[i - start] = ids.id(labels[i]!);
    return found;
  }

  read(mint: number, maxt: number): number {
    this.#columns ??= new SampleColumns(this.#options.scratch, this.#options.guard);
    const columns = this.#columns;
    columns.clear();
    this.appendTo(columns, mint, maxt);
    this.times = columns.times;
    this.values = columns.values;
    this.valueWords = columns.valueWords;
    this.histograms = columns.histograms;
    this.startTimes = columns.startTimes;
    this.facts = columns.facts;
    return columns.length;
  }

  /** Appends the current series' samples in [mint, maxt], within the cursor's own range. */
  appendTo(columns: SampleColumns, mint: number, maxt: number): void {
    const {chunkMin, chunkMax, chunkRefs, chunkEnds, chunksLength} = this.#batch;
    const start = columns.length;
    const end = chunkEnds[this.#at]!;
    for (let i = this.#batch.chunkStart(this.#at); i < end; i++) {
      if (chunkMin[i]! > maxt) break;
      if (chunkMax[i]! < mint) continue;
      if ((i & chunksUncheckedMask) === 0) this.#options.guard.check();
      const packed = this.#chunks === undefined ? 0 : this.#chunks.find(this.#owner, chunkRefs[i]!);
      if (packed !== 0) {
        columns.appendPacked(packed, mint, maxt); // Fast path: it was read before.
        continue;
      }
      const before = columns.length;
      try {
        this.#window.load(chunkRefs, i, chunksLength);
        if (this.#window.encoding === xorEncoding) this.#appendXor(columns, chunkRefs[i]!, mint, maxt);
        else this.#appendOther(columns, chunkRefs[i]!, {mint, maxt});
      } catch (cause) {
        this.#leaveOut(cause);
        columns.truncate(before);
      }
    }
    const intervals = this.#tombstones.of(this.#batch.refs[this.#at]!);
    if (intervals !== undefined) columns.remove(start, intervals);
  }

  /** Gives the memory back. */
  free(): void {
    this.#columns?.free();
    this.#columns = null;
    this.#window.free();
    this.#batch.free();
    this.#refs = noRefs;
  }

  #readAhead(): boolean {
    const {block, guard, mint, maxt} = this.#options;
    const batch = this.#batch;
    guard.check();
    this.#at = 0;
    batch.clear();
    const end = Math.min(this.#refs.length, this.#ahead + seriesAhead);
    while (this.#ahead < end && batch.chunksLength < chunksAheadMax) {
      try {
        block.index.knownSeries(this.#refs[this.#ahead++]!, batch, mint, maxt);
      } catch (cause) {
        this.#leaveOut(cause);
        batch.dropPart();
      }
    }
    // All series that were read ahead may have been damaged.
    return batch.length > 0 || (this.#ahead < this.#refs.length && this.#readAhead());
  }

  /** What is damaged is told and left out, for what is whole is worth more than an error. */
  #leaveOut(cause: unknown): void {
    const {onDamage} = this.#options;
    if (onDamage === undefined || !(cause instanceof BlockDamage)) throw cause;
    onDamage(cause);
  }

  #appendXor(columns: SampleColumns, ref: number, mint: number, maxt: number): void {
    const {address, bytes} = this.#window;
    if (this.#chunks?.wants(this.#owner, ref) === true && this.#keep(columns, ref, mint, maxt)) return;
    if (!columns.appendXor(address, bytes, mint, maxt)) this.#complain(ref);
  }

  /** Decodes the whole chunk, which is kept, and appends what is wanted of it. False where it cannot be kept. */
  #keep(columns: SampleColumns, ref: number, mint: number, maxt: number): boolean {
    const {address, bytes} = this.#window;
    const start = columns.length;
    if (!columns.appendXor(address, bytes, -Infinity, Infinity)) this.#complain(ref);
    const packed = this.#chunks!.keep(this.#owner, ref, {
      times: columns.times.byteOffset + 8 * start,
      values: columns.values.byteOffset + 8 * start,
      count: columns.length - start,
    });
    columns.truncate(start);
    if (packed !== 0) columns.appendPacked(packed, mint, maxt);
    return packed !== 0;
  }

  #appendOther(columns: SampleColumns, ref: number, range: {mint: number; maxt: number}): void {
    const window = this.#window;
    damageOf(this.#pathOf(ref), ref % segmentFactor, () =>
      appendOther(columns, window.encoding, window.data(), range),
    );
  }

  #complain(ref: number): never {
    throw new BlockDamage(this.#pathOf(ref), ref % segmentFactor, 'the chunk is cut short');
  }

  #pathOf(ref: number): string {
    return this.#options.block.segments.file(ref).path;
  }
}
