import type {FloatHistogram} from '../../model/histogram.ts';
import {exponentialSchemaMax} from '../../model/histogram/bounds.ts';
import {reduceResolution} from '../../model/histogram/resolution.ts';
import {setStale} from '../../model/value.ts';
import {type Encoding, encoding} from './encoding.ts';
import {histogramKind, HistogramReader} from './histogram.ts';
import {Xor2Reader} from './xor2.ts';

/** Columns to decode into, as SeriesCursor has them; the caller makes sure of the room in the first three. */
export interface SampleColumns {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** The bytes of `values`. */
  readonly valueWords: Uint32Array;
  /** Null until a histogram is met. Set to null before the first chunk. */
  histograms: (FloatHistogram | undefined)[] | null;
  /** Null until a start timestamp is met. Set to null before the first chunk. */
  startTimes: Float64Array | null;
}

export interface ChunkToDecode {
  bytes: Uint8Array;
  encoding: Encoding;
  /** How many there are; by default the header says so. */
  samples?: number;
}

/**
 * Decodes the samples with mint <= time <= maxt of a chunk of any encoding but XOR (which kernels decode) into the columns
 * from row `at` on, and returns the row behind the last. The value of a histogram's row is its sum. Throws a RangeError
 * where the bytes are damaged.
 */
export function decodeChunk(
  chunk: ChunkToDecode,
  {mint, maxt}: {mint: number; maxt: number},
  into: SampleColumns,
  at: number,
): number {
  if (chunk.encoding === encoding.xor2) return decodeXor2(chunk, {mint, maxt}, into, at);
  const end = decodeHistograms(chunk, {mint, maxt}, into, at, false);
  return end === null ? decodeHistograms(chunk, {mint, maxt}, into, at, true)! : end;
}

function decodeXor2(
  {bytes, samples}: ChunkToDecode,
  {mint, maxt}: {mint: number; maxt: number},
  into: SampleColumns,
  at: number,
): number {
  const reader = new Xor2Reader(bytes, samples);
  while (reader.next() && reader.time <= maxt) {
    if (reader.time < mint) continue;
    into.times[at] = reader.time;
    into.valueWords[2 * at] = reader.low;
    into.valueWords[2 * at + 1] = reader.high;
    noteRow(into, at++, undefined, reader.starts.start);
  }
  return at;
}

/** Null where the chunk has to be read again with wide counts. */
function decodeHistograms(
  {bytes, encoding: value, samples}: ChunkToDecode,
  {mint, maxt}: {mint: number; maxt: number},
  into: SampleColumns,
  at: number,
  wide: boolean,
): number | null {
  const reader = new HistogramReader(bytes, histogramKind(value), samples, wide);
  const {columns, starts} = reader;
  while (reader.next() && columns.time <= maxt) {
    if (columns.time < mint) continue;
    into.times[at] = columns.time;
    if (columns.isStale) {
      setStale(into.valueWords, at);
      noteRow(into, at++, undefined, starts.start);
      continue;
    }
    into.values[at] = columns.sum;
    noteRow(into, at++, readable(reader.histogram()), starts.start);
  }
  return reader.needsWide ? null : at;
}

/** Newer versions may have stored finer buckets than queries know. */
function readable(histogram: FloatHistogram): FloatHistogram {
  return histogram.schema > exponentialSchemaMax
    ? reduceResolution(histogram, exponentialSchemaMax)
    : histogram;
}

/** Notes what row `at` has beside its time and value. */
export function noteRow(
  into: Pick<SampleColumns, 'times' | 'histograms' | 'startTimes'>,
  at: number,
  histogram: FloatHistogram | undefined,
  start: number,
): void {
  if (histogram !== undefined) into.histograms ??= Array.from({length: at}, () => undefined);
  if (into.histograms !== null) into.histograms[at] = histogram;
  if (start !== 0) into.startTimes ??= new Float64Array(into.times.length);
  if (into.startTimes !== null) into.startTimes[at] = start;
}
