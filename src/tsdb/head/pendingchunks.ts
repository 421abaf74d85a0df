import type {Arena} from '../../kernels/arena.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {
  rowBytes,
  rowChunk,
  rowChunkBytes,
  rowLastValue,
  rowMaxTime,
  rowMinTime,
  rowSamples,
  rowSlot,
} from '../../kernels/snapshot-layout.ts';

const blockRows = 8192;
const blockBytes = blockRows * rowBytes;

/** Copies of chunks in the shared memory that no series has yet, in rows (src/kernels/snapshot-layout.ts), in blocks. */
export class PendingChunks {
  readonly #memory: LinearMemory;
  readonly #arena: Arena;
  readonly #blocks: number[] = [];
  /** Where the next row goes, and the end of the last block. */
  #next = 0;
  #end = 0;

  constructor(memory: LinearMemory, arena: Arena) {
    this.#memory = memory;
    this.#arena = arena;
  }

  add(chunk: PendingChunk): void {
    const {u16, u32, f64} = this.#memory;
    const row = this.room().next;
    f64[(row + rowMinTime) >>> 3] = chunk.minTime;
    f64[(row + rowMaxTime) >>> 3] = chunk.maxTime;
    u32[(row + rowLastValue) >>> 2] = chunk.lastLow;
    u32[(row + rowLastValue + 4) >>> 2] = chunk.lastHigh;
    u32[(row + rowSlot) >>> 2] = chunk.slot;
    u32[(row + rowChunk) >>> 2] = chunk.chunk;
    u16[(row + rowChunkBytes) >>> 1] = chunk.bytes;
    u16[(row + rowSamples) >>> 1] = chunk.samples;
    this.written(row + rowBytes);
  }

  /** Where the next row goes, for whoever writes rows itself, and where they end. */
  room(): {next: number; end: number} {
    if (this.#next === this.#end) {
      this.#next = this.#arena.alloc(blockBytes);
      this.#end = this.#next + blockBytes;
      this.#blocks.push(this.#next);
    }
    return {next: this.#next, end: this.#end};
  }

  /** Rows were written up to `next`. */
  written(next: number): void {
    this.#next = next;
  }

  /** Calls `visit` with the rows of each block, in the order in which they were added. */
  forEachBlock(visit: (rows: number, count: number) => void): void {
    const last = this.#blocks.length - 1;
    for (const [i, rows] of this.#blocks.entries())
      visit(rows, i === last ? (this.#next - rows) / rowBytes : blockRows);
  }

  /** Calls `visit` with each chunk. */
  forEach(visit: (chunk: PendingChunk) => void): void {
    this.forEachBlock((rows, count) => {
      for (let row = 0; row < count; row++) visit(this.get(rows + row * rowBytes));
    });
  }

  get(row: number): PendingChunk {
    const {u16, u32, f64} = this.#memory;
    return {
      slot: u32[(row + rowSlot) >>> 2]!,
      chunk: u32[(row + rowChunk) >>> 2]!,
      bytes: u16[(row + rowChunkBytes) >>> 1]!,
      samples: u16[(row + rowSamples) >>> 1]!,
      minTime: f64[(row + rowMinTime) >>> 3]!,
      maxTime: f64[(row + rowMaxTime) >>> 3]!,
      lastLow: u32[(row + rowLastValue) >>> 2]!,
      lastHigh: u32[(row + rowLastValue + 4) >>> 2]!,
    };
  }

  free(): void {
    for (const rows of this.#blocks) this.#arena.free(rows, blockBytes);
  }
}

export interface PendingChunk {
  slot: number;
  chunk: number;
  bytes: number;
  samples: number;
  minTime: number;
  maxTime: number;
  lastLow: number;
  lastHigh: number;
}
