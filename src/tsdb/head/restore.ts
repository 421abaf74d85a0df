import {ByteReader} from '../../base/varint.ts';
import {blockEntries, blockPairs} from '../../kernels/index-layout.ts';
import {slotLabels} from '../../kernels/head-layout.ts';
import {
  restoreAttached,
  restoreAttachedMax,
  restoreAttachedMin,
  restoreBlocks,
  restoreBlocksEnd,
  restoreBytes,
  restoreChunk,
  restoreChunkBytes,
  restoreDirectory,
  restoreEntries,
  restoreFile,
  restoreHash,
  restoreIndex,
  restoreKnownPairs,
  restoreLastValue,
  restoreMaxTime,
  restoreMinTime,
  restorePairs,
  restorePairsMax,
  restorePlaces,
  restorePlacesMask,
  restoreRef,
  restoreRefs,
  restoreRefSlots,
  restoreRefsMask,
  restoreSeed,
  restoreSlot,
  restoreSymbols,
  restoreTruncated,
} from '../../kernels/restore-layout.ts';
import type {Labels} from '../../model/labels.ts';
import {readLabels, StringReader} from '../wal/string-reader.ts';
import type {Head} from './head.ts';
import {headerDirectory, headerEntries, headerSeed, headerSymbols} from './header.ts';
import type {Postings} from './postings.ts';
import type {ReplayRefs} from './replayrefs.ts';
import {slotAddress} from './series.ts';

/** What the kernel says of the chunk that a snapshot has of a series. */
export const chunkRead = {none: 0, xor: 1, unusual: 2} as const;

/**
 * Finds and makes series whose labels lie in the linear memory, as the log and snapshots have them: the kernel makes entries of the index of
 * them, without strings. Series with a label pair that is new come through TypeScript.
 */
export class SeriesRestore {
  readonly #head: Head;
  /** Address of what it shares with kernels: restore-layout.ts. */
  readonly context: number;
  readonly #strings = new StringReader();
  readonly #reader = new ByteReader(new Uint8Array(0));

  constructor(head: Head) {
    this.#head = head;
    this.context = head.arena.alloc(restoreBytes);
    head.memory.u8.fill(0, this.context, this.context + restoreBytes);
    this.#set(restoreSeed, head.memory.u32[headerSeed >>> 2]!);
    this.#set(restoreDirectory, headerDirectory);
  }

  free(): void {
    this.#head.arena.free(this.context, restoreBytes);
  }

  /** Whether a record's bytes are whole series. */
  isSound(start: number, end: number): boolean {
    return this.#head.kernels.areSeries(start, end) !== 0;
  }

  /** Reads a series at `at`. Gives the address behind it, or 0 where it has to be taken by readSlowly(). */
  read(at: number, end: number): number {
    const {kernels} = this.#head;
    this.useTables();
    return kernels.restoreSeries(this.context, at, end);
  }

  /** Tells kernels where the tables are now. */
  useTables(): void {
    const {memory, series} = this.#head;
    const {address, mask} = series.places;
    this.#set(restoreSymbols, memory.u32[headerSymbols >>> 2]!);
    this.#set(restoreIndex, memory.u32[headerEntries >>> 2]!);
    this.#set(restorePlaces, address);
    this.#set(restorePlacesMask, mask);
  }

  /** Adds a slot to the lists of the pairs of the series that was read, from number `i` on, whose list is full. */
  addToLists(postings: Postings, slot: number, i: number): void {
    const {memory, kernels} = this.#head;
    const entries = this.context + restoreEntries;
    const pairs = this.#get(restorePairs);
    for (; i < pairs; i = kernels.restorePostings(entries, i + 1, pairs, slot))
      postings.append(memory.u32[(entries >>> 2) + i]!, slot);
  }

  /** HeadSeriesRef of the series that was read. */
  get ref(): number {
    return this.#head.memory.f64[(this.context + restoreRef) >>> 3]!;
  }

  /** Makes `series.slot` the slot of the series that was read. Returns whether it had to be made. */
  place(): boolean {
    const {series, kernels} = this.#head;
    const found = this.#get(restoreSlot);
    if (found !== 0) {
      series.slot = found - 1;
      return false;
    }
    const entries = this.context + restoreEntries;
    series.createOf({
      kernels,
      entries,
      pairs: this.#get(restorePairs),
      hash: this.#get(restoreHash),
      ref: this.ref,
    });
    return true;
  }

  /** The same as strings, from a copy of the record. Throws a RangeError where they are none. */
  readSlowly(record: Uint8Array, at: number): {ref: number; labels: Labels; next: number} {
    const reader = this.#reader;
    reader.reset(record, at, record.length);
    const ref = reader.uint64();
    const labels = readLabels(reader, this.#strings);
    return {ref, labels, next: reader.position};
  }

  /** The series in this slot came through TypeScript: the next one may have labels of it. */
  remember(slot: number): void {
    const {u32} = this.#head.memory;
    const block = u32[(slotAddress(u32, slot) + slotLabels) >>> 2]!;
    const pairs = Math.min(u32[(block + blockPairs) >>> 2]!, restorePairsMax);
    const first = (block + blockEntries) >>> 2;
    u32.copyWithin((this.context + restoreEntries) >>> 2, first, first + pairs);
    this.#set(restoreKnownPairs, pairs);
  }

  /** Reads what a snapshot has at `at`, behind the series: chunkRead. */
  readChunk(at: number, end: number): number {
    return this.#head.kernels.restoreChunkOf(this.context, at, end);
  }

  get minTime(): number {
    return this.#head.memory.f64[(this.context + restoreMinTime) >>> 3]!;
  }

  get maxTime(): number {
    return this.#head.memory.f64[(this.context + restoreMaxTime) >>> 3]!;
  }

  get lastLow(): number {
    return this.#get(restoreLastValue);
  }

  get lastHigh(): number {
    return this.#get(restoreLastValue + 4);
  }

  /** Where the chunk's bytes are. */
  get chunk(): number {
    return this.#get(restoreChunk);
  }

  get chunkBytes(): number {
    return this.#get(restoreChunkBytes);
  }

  /** Where the kernel finds the series of chunks that it attaches. */
  useRefs(refs: ReplayRefs): void {
    this.#set(restoreRefs, refs.refsAddress);
    this.#set(restoreRefSlots, refs.slotsAddress);
    this.#set(restoreRefsMask, refs.places - 1);
    const {memory, truncatedBefore} = this.#head;
    memory.f64[(this.context + restoreTruncated) >>> 3] = truncatedBefore;
  }

  /** Gives series the chunks of one file in rows [from, count) as far as they are usual: see the kernel restoreFiled. */
  attach({rows, from, count, file}: {rows: number; from: number; count: number; file: number}): {
    /** Row where it has stopped. */
    next: number;
    /** Chunks that were attached; others were passed over. */
    done: number;
  } {
    const {memory, kernels} = this.#head;
    memory.f64[(this.context + restoreFile) >>> 3] = file;
    return this.#attached(() => kernels.restoreFiled(this.context, rows, from, count));
  }

  /** The same for chunks of a snapshot in rows of PendingChunks; it stops at one that is not wanted. */
  attachWaiting({rows, from, count}: {rows: number; from: number; count: number}): {
    next: number;
    done: number;
  } {
    const {kernels} = this.#head;
    return this.#attached(() => kernels.restoreWaiting(this.context, rows, from, count));
  }

  #attached(run: () => number): {next: number; done: number} {
    const {f64} = this.#head.memory;
    this.#set(restoreAttached, 0);
    f64[(this.context + restoreAttachedMin) >>> 3] = Infinity;
    f64[(this.context + restoreAttachedMax) >>> 3] = -Infinity;
    const next = run();
    const done = this.#get(restoreAttached);
    if (done > 0) {
      this.#head.stored(
        f64[(this.context + restoreAttachedMin) >>> 3]!,
        f64[(this.context + restoreAttachedMax) >>> 3]!,
      );
    }
    return {next, done};
  }

  get hasBlocks(): boolean {
    return this.#get(restoreBlocks) !== this.#get(restoreBlocksEnd);
  }

  /** Gives kernels blocks for the index of series' chunks, one after the other in [address, end). They have none. */
  giveBlocks({address, end}: {address: number; end: number}): void {
    this.#set(restoreBlocks, address);
    this.#set(restoreBlocksEnd, end);
  }

  /** Takes back the blocks that were not needed. */
  takeBlocks(): {address: number; end: number} {
    const blocks = {address: this.#get(restoreBlocks), end: this.#get(restoreBlocksEnd)};
    this.giveBlocks({address: 0, end: 0});
    return blocks;
  }

  /** Entries may have gone. */
  forget(): void {
    this.#set(restoreKnownPairs, 0);
  }

  #get(field: number): number {
    return this.#head.memory.u32[(this.context + field) >>> 2]!;
  }

  #set(field: number, value: number): void {
    this.#head.memory.u32[(this.context + field) >>> 2] = value;
  }
}
