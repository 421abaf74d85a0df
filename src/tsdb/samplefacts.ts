import {columnFlags} from '../kernels/columns.ts';
import {packedFalls, packedFlags, packedInterval, packedNaN} from '../kernels/packed-layout.ts';
import type {ColumnFacts} from '../storage/querier.ts';
import type {Scratch} from './scratch.ts';

/** Columns in the private memory of a thread. */
interface Columns {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/**
 * What holds of samples that are appended in pieces. What a ChunkCache says of its chunks need not be found out again, sample by
 * sample. Of a part of a chunk may hold more than is known.
 */
export class SampleFacts implements ColumnFacts {
  intervalMs = 0;
  neverFalls = true;
  neverNaN = true;
  readonly #scratch: Scratch;
  /** Samples that are accounted for; -1 = nothing is known. */
  #length = 0;
  /** Distance of the samples until now; 0 = there are fewer than two. */
  #interval = 0;
  #regular = true;
  #falls = false;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  clear(): void {
    this.#length = 0;
    this.#interval = 0;
    this.#regular = true;
    this.#falls = false;
    this.neverNaN = true;
  }

  /** What is appended until the next clear() is in vain. */
  forget(): void {
    this.#length = -1;
  }

  /** These facts, where they are those of so many samples; else null. */
  of(length: number): ColumnFacts | null {
    if (this.#length !== length) return null;
    this.intervalMs = this.#regular ? this.#interval : 0;
    this.neverFalls = this.neverNaN && !this.#falls;
    return this;
  }

  /** The columns got the samples [start, start + count) of the chunk that is packed at this address. */
  addPacked(columns: Columns, start: number, count: number, packed: number): void {
    const {u8, u32} = this.#scratch.memory;
    const flags = u8[packed + packedFlags]!;
    const known = (flags & packedNaN) === 0 ? ((flags & packedFalls) === 0 ? 0 : columnFlags.falls) : nothing;
    this.#add(columns, start, count, u32[(packed + packedInterval) >>> 2]!, known);
  }

  /** They got those of another's columns, of which these facts hold. */
  addKnown(
    columns: Columns,
    start: number,
    count: number,
    {intervalMs, neverFalls, neverNaN}: ColumnFacts,
  ): void {
    const known = neverNaN ? (neverFalls ? 0 : columnFlags.falls) : nothing;
    this.#add(columns, start, count, intervalMs, known);
  }

  /** They got some of which nothing is known. */
  addScanned(columns: Columns, start: number, count: number): void {
    if (count === 0) return;
    const {times, values} = columns;
    const flags = this.#scratch.kernels.scanColumns(
      times.byteOffset + 8 * start,
      values.byteOffset + 8 * start,
      count,
    );
    const regular = (flags & columnFlags.regular) !== 0;
    this.#add(columns, start, count, regular ? times[start + 1]! - times[start]! : 0, flags);
  }

  #add({times, values}: Columns, start: number, count: number, intervalMs: number, flags: number): void {
    if (count === 0) return;
    if (start !== this.#length) this.#length = -1;
    if (this.#length < 0) return;
    if ((flags & columnFlags.nan) !== 0) this.neverNaN = false;
    if ((flags & columnFlags.falls) !== 0) this.#falls = true;
    if (start > 0) {
      this.#noteGap(times[start]! - times[start - 1]!);
      if (values[start]! < values[start - 1]!) this.#falls = true;
    }
    if (count > 1) this.#noteGap(intervalMs);
    this.#length = start + count;
  }

  #noteGap(gap: number): void {
    if (this.#interval === 0) this.#interval = gap;
    else if (this.#interval !== gap) this.#regular = false;
    // As samples lie at different times, that is none.
    if (gap === 0) this.#regular = false;
  }
}

const nothing = columnFlags.nan | columnFlags.falls;
