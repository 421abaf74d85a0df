import {copied} from '../../base/columns.ts';
import type {LateMark} from '../headchunks/latemark.ts';
import type {ScannedChunk} from '../headchunks/scan.ts';
import {chunkReference} from '../headchunks/format.ts';
import {RefTable} from '../reftable.ts';

const none = 2 ** 32 - 1;

/** What the files of head chunks have, until the log names the series: in columns, 48 bytes a chunk, linked by series. */
export class LoadedChunks {
  length = 0;
  /** The highest HeadSeriesRef of all. */
  lastRef = 0;
  minTimes = new Float64Array(1024);
  maxTimes = new Float64Array(1024);
  references = new Float64Array(1024);
  samples = new Uint16Array(1024);
  encodings = new Uint8Array(1024);
  /** 0 = in order, 1 = late, 2 = late, and in a block. */
  outOfOrder = new Uint8Array(1024);
  #next = new Uint32Array(1024);
  /** First and last chunk by HeadSeriesRef. */
  readonly #lists = new RefTable();

  /** Adds a chunk; those of a series come in the order in which they were written. */
  add(chunk: ScannedChunk): void {
    if (chunk.ref === 0) return; // No series has it.
    this.lastRef = Math.max(this.lastRef, chunk.ref);
    const at = this.length++;
    if (at === this.minTimes.length) this.#grow();
    this.minTimes[at] = chunk.minTime;
    this.maxTimes[at] = chunk.maxTime;
    this.references[at] = chunkReference(chunk.file, chunk.offset);
    this.samples[at] = chunk.samples;
    this.encodings[at] = chunk.encoding;
    this.outOfOrder[at] = chunk.outOfOrder ? 1 : 0;
    this.#next[at] = none;
    const list = this.#lists.find(chunk.ref);
    if (list === -1) this.#lists.set(chunk.ref, at, at);
    else {
      this.#next[this.#lists.generations[list]!] = at;
      this.#lists.generations[list] = at;
    }
  }

  /** Late chunks up to the one of the mark are in blocks, where that is there. */
  mark({reference, minTime, maxTime}: LateMark): void {
    const {references, outOfOrder, length} = this;
    let at = 0;
    while (at < length && references[at] !== reference) at++;
    const isIt =
      at < length && outOfOrder[at] === 1 && this.minTimes[at] === minTime && this.maxTimes[at] === maxTime;
    if (!isIt) return;
    for (let i = 0; i < length; i++)
      if (outOfOrder[i] === 1 && references[i]! <= reference) outOfOrder[i] = 2;
  }

  /** Calls `visit` with the number of each chunk of a series, and forgets them. */
  take(ref: number, visit: (at: number) => void): void {
    const list = this.#lists.find(ref);
    if (list === -1) return;
    for (let at = this.#lists.slots[list]!; at !== none; at = this.#next[at]!) visit(at);
    this.#lists.slots[list] = none;
  }

  /** Calls `visit` with each ref that has chunks. */
  forEachRef(visit: (ref: number) => void): void {
    const {refs, slots} = this.#lists;
    for (let i = 0; i < refs.length; i++) if (refs[i] !== 0 && slots[i] !== none) visit(refs[i]!);
  }

  #grow(): void {
    this.minTimes = doubled(this.minTimes);
    this.maxTimes = doubled(this.maxTimes);
    this.references = doubled(this.references);
    this.samples = copied(this.samples, new Uint16Array(2 * this.samples.length));
    this.encodings = copied(this.encodings, new Uint8Array(2 * this.encodings.length));
    this.outOfOrder = copied(this.outOfOrder, new Uint8Array(2 * this.outOfOrder.length));
    this.#next = copied(this.#next, new Uint32Array(2 * this.#next.length));
  }
}

function doubled(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  return copied(column, new Float64Array(2 * column.length));
}
