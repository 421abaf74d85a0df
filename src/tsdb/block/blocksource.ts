import type {Scratch} from '../scratch.ts';
import type {Block} from './block.ts';
import {ChunkWindow} from './chunkwindow.ts';
import {BlockDamage} from './damage.ts';
import type {Refs} from './refs.ts';
import {SeriesBatch} from './seriesbatch.ts';
import type {SeriesSource} from './seriessource.ts';
import type {Intervals} from './tombstones.ts';

const seriesAhead = 64;

/** All series of a block, or those of `refs`. */
export class BlockSource implements SeriesSource {
  readonly minTime: number;
  readonly maxTime: number;
  labels = new Uint32Array(64);
  labelsLength = 0;
  chunkCount = 0;
  encoding = 0;
  data: Uint8Array = new Uint8Array(0);
  deleted: Intervals | undefined = undefined;
  readonly #block: Block;
  readonly #window: ChunkWindow;
  readonly #batch = new SeriesBatch();
  readonly #refs: Refs;
  /** In the oldest format symbols are places in the file: their numbers. */
  readonly #numbers: Map<number, number> | null;
  #ahead = 0;
  #at = -1;
  #chunkStart = 0;

  constructor(block: Block, scratch: Scratch, refs?: Refs) {
    block.retain();
    this.#block = block;
    this.minTime = block.meta.minTime;
    this.maxTime = block.meta.maxTime - 1;
    this.#window = new ChunkWindow(block.segments, scratch);
    this.#refs = refs ?? block.index.postings('', '');
    this.#numbers = block.index.version === 1 ? symbolNumbers(block) : null;
  }

  symbols(): Iterable<string> {
    return this.#block.index.symbols.texts();
  }

  /** The reference of the current series. */
  get ref(): number {
    return this.#batch.refs[this.#at]!;
  }

  next(): boolean {
    if (++this.#at >= this.#batch.length && !this.#readAhead()) return false;
    const batch = this.#batch;
    const start = batch.labelStart(this.#at);
    this.labelsLength = batch.labelEnds[this.#at]! - start;
    if (this.labelsLength > this.labels.length) this.labels = new Uint32Array(2 * this.labelsLength);
    for (let i = 0; i < this.labelsLength; i++) this.labels[i] = this.#number(batch.labels[start + i]!);
    this.#chunkStart = batch.chunkStart(this.#at);
    this.chunkCount = batch.chunkEnds[this.#at]! - this.#chunkStart;
    this.deleted = this.#block.tombstones.of(batch.refs[this.#at]!);
    return true;
  }

  chunkMin(index: number): number {
    return this.#batch.chunkMin[this.#chunkStart + index]!;
  }

  chunkMax(index: number): number {
    return this.#batch.chunkMax[this.#chunkStart + index]!;
  }

  load(index: number): void {
    this.#window.load(this.#batch.chunkRefs, this.#chunkStart + index, this.#batch.chunksLength);
    this.encoding = this.#window.encoding;
    this.data = this.#window.data();
  }

  close(): void {
    this.#window.free();
    this.#block.release();
  }

  #number(symbol: number): number {
    const {symbols, file} = this.#block.index;
    const number = this.#numbers === null ? symbol : (this.#numbers.get(symbol) ?? symbols.count);
    if (number >= symbols.count) throw new BlockDamage(file.path, -1, `unknown symbol offset ${symbol}`);
    return number;
  }

  #readAhead(): boolean {
    const batch = this.#batch;
    batch.clear();
    this.#at = 0;
    const end = Math.min(this.#refs.length, this.#ahead + seriesAhead);
    while (this.#ahead < end) {
      this.#block.index.series(this.#refs[this.#ahead++]!, batch, -Infinity, Infinity);
    }
    return batch.length > 0;
  }
}

function symbolNumbers(block: Block): Map<number, number> {
  const numbers = new Map<number, number>();
  for (const ref of block.index.symbols.refs()) numbers.set(ref, numbers.size);
  return numbers;
}
