import type {Intervals} from './tombstones.ts';

/**
 * Series with their chunks, in the order of their labels: what a block is made of. Blocks and the head are such sources. A chunk
 * is whole as it is stored; what is deleted or outside the new block is taken out by whoever writes it.
 */
export interface SeriesSource {
  /** First and last time of its samples, or something around them. */
  readonly minTime: number;
  readonly maxTime: number;
  /** All strings of labels, sorted. */
  symbols(): Iterable<string>;
  next(): boolean;
  /** Of the current series: numbers of its strings among symbols(), name, value, name, value … */
  readonly labels: Uint32Array;
  readonly labelsLength: number;
  /** Chunks of the current series, in time order, not overlapping; with the times of their first and last samples. */
  readonly chunkCount: number;
  chunkMin(index: number): number;
  chunkMax(index: number): number;
  /** Loads a chunk; `encoding` and `data` are good until the next load or next(). Throws where it is damaged. */
  load(index: number): void;
  readonly encoding: number;
  readonly data: Uint8Array;
  /** What is deleted of the current series. */
  readonly deleted: Intervals | undefined;
  close(): void;
}
