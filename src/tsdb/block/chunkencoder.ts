import type {FloatHistogram} from '../../model/histogram.ts';
import {isStale} from '../../model/value.ts';
import {encoding} from '../chunkenc/encoding.ts';
import {HistogramAppender} from '../chunkenc/histogram.ts';
import {Xor2Appender} from '../chunkenc/xor2.ts';
import type {Scratch} from '../scratch.ts';
import type {SampleColumns} from './columns.ts';

/** Samples of a chunk that is made anew, as in Prometheus's vertical compaction. */
export const samplesPerChunk = 120;
/** What the kernel takes at once. */
const kernelSamplesMax = 450;
const kernelStateBytes = 64;
const chunkBytesMax = 24 + 19 * kernelSamplesMax;

/** A chunk that was made anew. `data` is good until the next. */
export interface EncodedChunk {
  encoding: number;
  data: Uint8Array;
  min: number;
  max: number;
}

export interface EncodeOptions {
  samplesMax: number;
  /** Whether histograms are stored as whole numbers. */
  integerHistograms: boolean;
}

type Visit = (chunk: EncodedChunk) => void;

/** Makes chunks of samples in columns. */
export class ChunkEncoder {
  readonly #scratch: Scratch;
  /** Addresses of the kernel's state and of the chunk. */
  readonly #state: number;
  readonly #chunk: number;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
    this.#state = scratch.arena.alloc(kernelStateBytes);
    this.#chunk = scratch.arena.alloc(chunkBytesMax);
  }

  free(): void {
    this.#scratch.arena.free(this.#state, kernelStateBytes);
    this.#scratch.arena.free(this.#chunk, chunkBytesMax);
  }

  /** Visits chunks of `samplesMax` samples at most, one after the other. */
  encode(columns: SampleColumns, options: EncodeOptions, visit: Visit): void {
    for (let start = 0; start < columns.length;) {
      const histograms = isHistogramRow(columns, start);
      let end = start + 1;
      while (end < columns.length && end - start < options.samplesMax) {
        if (isHistogramRow(columns, end) !== histograms) break;
        end++;
      }
      if (histograms) this.#encodeHistograms(columns, {start, end}, options.integerHistograms, visit);
      else this.#encodeFloats(columns, {start, end}, visit);
      start = end;
    }
  }

  #encodeFloats(columns: SampleColumns, {start, end}: Rows, visit: Visit): void {
    for (let i = start; i < end; i++) {
      if ((columns.startTimes?.[i] ?? 0) !== 0) return encodeStarts(columns, {start, end}, visit);
    }
    for (let at = start; at < end; at += kernelSamplesMax) {
      this.#encodeXor(columns, {start: at, end: Math.min(end, at + kernelSamplesMax)}, visit);
    }
  }

  #encodeXor({times, values}: SampleColumns, {start, end}: Rows, visit: Visit): void {
    const {kernels, memory} = this.#scratch;
    const bytes = kernels.xorEncode(
      times.byteOffset + start * 8,
      values.byteOffset + start * 8,
      end - start,
      this.#state,
      this.#chunk,
    );
    const data = memory.u8.subarray(this.#chunk, this.#chunk + bytes);
    visit({encoding: encoding.xor, data, min: times[start]!, max: times[end - 1]!});
  }

  #encodeHistograms(columns: SampleColumns, {start, end}: Rows, integer: boolean, visit: Visit): void {
    const {times, histograms, startTimes} = columns;
    let starts = false;
    for (let i = start; i < end; i++) starts ||= (startTimes?.[i] ?? 0) !== 0;
    let appender = new HistogramAppender({integer, starts});
    let first = start;
    const visitChunk = (rowsEnd: number): void =>
      visit({
        encoding: appender.encoding,
        data: appender.bytes,
        min: times[first]!,
        max: times[rowsEnd - 1]!,
      });
    for (let i = start; i < end; i++) {
      const counts: FloatHistogram | null = histograms![i] ?? null;
      const startTime = startTimes?.[i] ?? 0;
      if (i === start) {
        appender.begin(times[i]!, counts, startTime, null);
        continue;
      }
      const next = appender.append(times[i]!, counts, startTime);
      if (next === null) continue;
      visitChunk(i);
      appender = next;
      first = i;
    }
    visitChunk(end);
  }
}

interface Rows {
  start: number;
  end: number;
}

function encodeStarts(
  {times, valueWords, startTimes}: SampleColumns,
  {start, end}: Rows,
  visit: Visit,
): void {
  const appender = new Xor2Appender();
  for (let i = start; i < end; i++) {
    appender.append(times[i]!, valueWords[2 * i + 1]!, valueWords[2 * i]!, startTimes![i]!);
  }
  visit({encoding: encoding.xor2, data: appender.bytes, min: times[start]!, max: times[end - 1]!});
}

/** Stale markers among histograms are histograms too. */
function isHistogramRow({histograms, valueWords, length}: SampleColumns, row: number): boolean {
  if (histograms === null) return false;
  let at = row;
  while (at >= 0 && histograms[at] === undefined && isStale(valueWords, at)) at--;
  if (at >= 0) return histograms[at] !== undefined;
  for (at = row; at < length && isStale(valueWords, at) && histograms[at] === undefined;) at++;
  return histograms[at] !== undefined;
}
