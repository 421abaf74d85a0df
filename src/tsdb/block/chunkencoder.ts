import {assert} from '../../base/assert.ts';
import type {Scratch} from '../head/reader.ts';
import {xorEncoding} from './chunkwindow.ts';
import type {SampleColumns} from './columns.ts';

/** Samples of a chunk that is made anew, as in Prometheus's vertical compaction. */
export const samplesPerChunk = 120;
/** What the kernel takes at once. */
const kernelSamplesMax = 450;
const kernelStateBytes = 64;

/** A chunk that was made anew. `data` is good until the next. */
export interface EncodedChunk {
  encoding: number;
  data: Uint8Array;
  min: number;
  max: number;
}

/** Makes chunks of samples in columns. */
export class ChunkEncoder {
  readonly #scratch: Scratch;
  readonly #state: number;
  readonly #chunk: number;
  readonly #chunkBytes = 24 + 19 * kernelSamplesMax;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
    this.#state = scratch.arena.alloc(kernelStateBytes);
    this.#chunk = scratch.arena.alloc(this.#chunkBytes);
  }

  /** Visits chunks of `samplesMax` samples at most, one after the other. */
  encode(columns: SampleColumns, samplesMax: number, visit: (chunk: EncodedChunk) => void): void {
    for (let start = 0; start < columns.length;) {
      const end = Math.min(columns.length, start + Math.min(samplesMax, kernelSamplesMax));
      visit(this.#encodeFloats(columns, start, end));
      start = end;
    }
  }

  free(): void {
    this.#scratch.arena.free(this.#state, kernelStateBytes);
    this.#scratch.arena.free(this.#chunk, this.#chunkBytes);
  }

  #encodeFloats(columns: SampleColumns, start: number, end: number): EncodedChunk {
    assert(columns.histograms === null, 'floats are encoded as floats');
    const {kernels, memory} = this.#scratch;
    const {times, values} = columns;
    const bytes = kernels.xorEncode(
      times.byteOffset + start * 8,
      values.byteOffset + start * 8,
      end - start,
      this.#state,
      this.#chunk,
    );
    return {
      encoding: xorEncoding,
      data: memory.u8.subarray(this.#chunk, this.#chunk + bytes),
      min: times[start]!,
      max: times[end - 1]!,
    };
  }
}
