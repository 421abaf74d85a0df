import {slotLastTime, slotLastValue} from '../../kernels/head-layout.ts';
import {assert} from '../../base/assert.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import {isStale} from '../../model/value.ts';
import {decodeChunk} from '../chunkenc/decode.ts';
import {encoding, isHistogramEncoding} from '../chunkenc/encoding.ts';
import {
  chunkBytes,
  chunkEncoding,
  chunkHeaderBytes,
  indexEntryBytesField,
  indexEntryChunk,
  indexEntrySamples,
  sealedEntries,
} from './chunks.ts';
import type {Head} from './head.ts';
import {slotAddress} from './series.ts';

/**
 * Deletes samples of one series: reads all of them, drops the chunks, and appends what is left again. The newest time and
 * value stay what they were, so that later samples meet the same rules.
 */
export function deleteSamples(head: Head, slot: number, {mint, maxt}: {mint: number; maxt: number}): void {
  const {u32, f64} = head.memory;
  const address = slotAddress(u32, slot);
  const lastTime = f64[(address + slotLastTime) >>> 3]!;
  const lastValue = u32.slice((address + slotLastValue) >>> 2, (address + slotLastValue + 8) >>> 2);
  if (lastTime === -Infinity) return;
  // All chunks sealed, there is one way to read them.
  if (head.chunks.isOpen(address)) head.chunks.seal(address);
  const read = sealedEntries(head.memory, address).map((entry) => readSealed(head, entry));
  head.chunks.truncate(address, Infinity);
  f64[(address + slotLastTime) >>> 3] = -Infinity;

  const appender = head.appender();
  const {appended, histogramsAppended, staleSeries} = appender.counts;
  for (const chunk of read) appendAgain(head, slot, chunk, {mint, maxt});
  Object.assign(appender.counts, {appended, histogramsAppended, staleSeries});
  if (f64[(address + slotLastTime) >>> 3] === lastTime) return;
  // The newest sample is gone: the next one starts a chunk, since it does not follow on what the open one ends with.
  if (head.chunks.isOpen(address)) head.chunks.seal(address);
  f64[(address + slotLastTime) >>> 3] = lastTime;
  u32.set(lastValue, (address + slotLastValue) >>> 2);
}

interface ReadChunk {
  times: Float64Array;
  values: Float64Array;
  /** Two for each value. */
  valueWords: Uint32Array;
  histograms: (FloatHistogram | undefined)[] | null;
  startTimes: Float64Array | null;
  length: number;
  holdsHistograms: boolean;
  integer: boolean;
}

/** Appends the samples of one chunk that are not in [mint, maxt]. */
function appendAgain(
  head: Head,
  slot: number,
  chunk: ReadChunk,
  {mint, maxt}: {mint: number; maxt: number},
): void {
  const appender = head.appender();
  const {batch} = appender;
  const generation = head.series.generation(slot);
  for (let i = 0; i < chunk.length; i++) {
    const time = chunk.times[i]!;
    const startMs = chunk.startTimes?.[i] ?? 0;
    if (time >= mint && time <= maxt) continue;
    if (chunk.holdsHistograms) {
      const histogram = isStale(chunk.valueWords, i) ? null : chunk.histograms![i]!;
      appender.histogram(slot, generation, time, histogram, {integer: chunk.integer, startMs});
      if (appender.histogramCount === appender.histogramsMax) appender.replay(-Infinity);
      continue;
    }
    const at = batch.length++;
    batch.slots[at] = slot;
    batch.generations[at] = generation;
    batch.times[at] = time;
    batch.valueWords[2 * at] = chunk.valueWords[2 * i]!;
    batch.valueWords[2 * at + 1] = chunk.valueWords[2 * i + 1]!;
    if (chunk.startTimes !== null) {
      batch.startTimes ??= new Float64Array(batch.capacity);
      batch.startTimes[at] = startMs;
    }
    if (batch.length === batch.capacity) appender.replay(-Infinity);
  }
  if (batch.length > 0 || appender.histogramCount > 0) appender.replay(-Infinity);
}

/** The samples of a sealed chunk, oldest first. */
function readSealed(head: Head, entry: number): ReadChunk {
  const {u16} = head.memory;
  const count = u16[(entry + indexEntrySamples) >>> 1]!;
  const value = chunkEncoding(head.memory, entry);
  const values = new Float64Array(count);
  const chunk: ReadChunk = {
    times: new Float64Array(count),
    values,
    valueWords: new Uint32Array(values.buffer),
    histograms: null,
    startTimes: null,
    length: count,
    holdsHistograms: isHistogramEncoding(value),
    integer: value === encoding.histogram || value === encoding.histogramST,
  };
  if (value === encoding.xor) readXor(head, entry, chunk);
  else {
    const bytes = chunkBytes(head.memory, entry);
    decodeChunk({bytes, encoding: value, samples: count}, {mint: -Infinity, maxt: Infinity}, chunk, 0);
  }
  return chunk;
}

function readXor(head: Head, entry: number, {times, valueWords, length}: ReadChunk): void {
  const {u16, u32} = head.memory;
  const columns = head.arena.alloc(16 * length);
  const got = head.kernels.xorDecode(
    u32[(entry + indexEntryChunk) >>> 2]! + chunkHeaderBytes,
    u16[(entry + indexEntryBytesField) >>> 1]! - chunkHeaderBytes,
    length,
    -Infinity,
    Infinity,
    columns,
    columns + 8 * length,
  );
  assert(got === length, 'a chunk in memory is whole');
  const {buffer} = head.memory.wasm;
  times.set(new Float64Array(buffer, columns, length));
  valueWords.set(new Uint32Array(buffer, columns + 8 * length, 2 * length));
  head.arena.free(columns, 16 * length);
}
