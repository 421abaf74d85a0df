import type {Scratch} from '../scratch.ts';
import type {Block} from './block.ts';
import {ChunkWindow} from './chunkwindow.ts';
import {SampleColumns} from './columns.ts';
import {appendChunk, chunkSamples} from './decode.ts';
import {SeriesBatch} from './seriesbatch.ts';

export interface Verified {
  series: number;
  chunks: number;
  samples: number;
}

/**
 * Reads all of a block: every checksum, the order of symbols, label pairs, series, postings and chunks, and every sample. What
 * is wrong is told to `complain`; where something is damaged, the rest is read on as far as it can be. Throws where the block
 * has no index that can be read.
 */
export function verifyBlock(block: Block, scratch: Scratch, complain: (problem: string) => void): Verified {
  const verification = new Verification(block, scratch, complain);
  verification.symbols();
  verification.postings();
  try {
    return verification.series();
  } finally {
    verification.free();
  }
}

class Verification {
  readonly #block: Block;
  readonly #complain: (problem: string) => void;
  readonly #window: ChunkWindow;
  readonly #columns: SampleColumns;
  readonly #all: Uint32Array;

  constructor(block: Block, scratch: Scratch, complain: (problem: string) => void) {
    this.#block = block;
    this.#complain = complain;
    this.#all = block.index.postings('', '');
    this.#window = new ChunkWindow(block.segments, scratch);
    this.#columns = new SampleColumns(scratch);
  }

  free(): void {
    this.#window.free();
    this.#columns.free();
  }

  symbols(): void {
    const {index} = this.#block;
    let last: Buffer | null = null;
    for (const text of index.symbols.texts()) {
      const bytes = Buffer.from(text);
      if (last !== null && Buffer.compare(bytes, last) <= 0) {
        this.#complain(`symbol ${JSON.stringify(text)} is not in order`);
      }
      last = bytes;
    }
  }

  /** Each list rises, and has only series that there are. */
  postings(): void {
    const {index} = this.#block;
    const known = new Set(this.#all);
    for (const name of ['', ...index.table.names]) {
      index.table.walk(name, '', (value, offset) => {
        this.#try(`postings of ${name}=${JSON.stringify(value)}`, () => {
          let last = -1;
          for (const ref of index.postingsAt(offset)) {
            if (ref <= last) throw new RangeError('they do not rise');
            if (!known.has(ref)) throw new RangeError(`there is no series ${ref}`);
            last = ref;
          }
        });
        return true;
      });
    }
  }

  series(): Verified {
    const {index, meta} = this.#block;
    const batch = new SeriesBatch();
    const verified: Verified = {series: 0, chunks: 0, samples: 0};
    let before = '';
    for (const ref of this.#all) {
      batch.clear();
      this.#try(`series ${ref}`, () => {
        index.series(ref, batch, -Infinity, Infinity);
        verified.series++;
        before = this.#labels(batch, before);
        for (let i = 0; i < batch.chunksLength; i++) this.#chunk(batch, i, verified);
      });
    }
    const {numSeries, numChunks, numSamples} = meta.stats;
    const compare = (what: string, found: number, expected: number): void => {
      if (found !== expected) this.#complain(`meta.json says ${expected} ${what}, there are ${found}`);
    };
    compare('series', verified.series, numSeries);
    compare('chunks', verified.chunks, numChunks);
    compare('samples', verified.samples, numSamples);
    return verified;
  }

  /** Checks the order of a series' labels, and that it comes after the series before; gives what to compare the next with. */
  #labels(batch: SeriesBatch, before: string): string {
    const {symbols} = this.#block.index;
    let lastName: Buffer | null = null;
    const parts: string[] = [];
    for (let i = 0; i < batch.labelsLength; i += 2) {
      const name = symbols.text(batch.labels[i]!);
      const bytes = Buffer.from(name);
      if (lastName !== null && Buffer.compare(bytes, lastName) <= 0) {
        throw new RangeError(`label ${JSON.stringify(name)} is not in order`);
      }
      lastName = bytes;
      parts.push(
        bytes.toString('latin1'),
        Buffer.from(symbols.text(batch.labels[i + 1]!)).toString('latin1'),
      );
    }
    // A byte that no text has keeps the order of names and values.
    const key = `${parts.join('\0')}\0`;
    if (before !== '' && key <= before)
      this.#complain(`series ${batch.refs[0]} is not in the order of its labels`);
    return key;
  }

  #chunk(batch: SeriesBatch, i: number, verified: Verified): void {
    const {meta} = this.#block;
    const min = batch.chunkMin[i]!;
    const max = batch.chunkMax[i]!;
    const place = `series ${batch.refs[0]}, chunk ${i}`;
    if (min < meta.minTime || max >= meta.maxTime) {
      this.#complain(`${place}: its times ${min} to ${max} are outside of the block`);
    }
    if (i > 0 && min <= batch.chunkMax[i - 1]!) this.#complain(`${place}: it overlaps the one before`);
    this.#try(place, () => {
      this.#window.load(batch.chunkRefs, i, batch.chunksLength);
      const {encoding} = this.#window;
      const data = this.#window.data();
      const columns = this.#columns;
      columns.clear();
      appendChunk(columns, encoding, data, {mint: -Infinity, maxt: Infinity});
      verified.chunks++;
      verified.samples += columns.length;
      const {times, length} = columns;
      if (length !== chunkSamples(encoding, data)) throw new RangeError(`it has ${length} samples`);
      for (let at = 1; at < length; at++) {
        if (times[at]! <= times[at - 1]!) throw new RangeError(`time ${times[at]} does not rise`);
      }
      if (length > 0 && (times[0] !== min || times[length - 1] !== max)) {
        throw new RangeError(
          `its samples are from ${times[0]} to ${times[length - 1]}, not ${min} to ${max}`,
        );
      }
    });
  }

  #try(place: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#complain(`${place}: ${(error as Error).message}`);
    }
  }
}
