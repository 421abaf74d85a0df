import {slotLastTime, slotLastValue} from '../../kernels/head-layout.ts';
import {assert} from '../../base/assert.ts';
import {
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
  const {times, words, length} = readSealed(head, address);
  head.chunks.truncate(address, Infinity);
  f64[(address + slotLastTime) >>> 3] = -Infinity;

  const appender = head.appender();
  const {batch} = appender;
  const {appended, staleSeries} = appender.counts;
  const generation = head.series.generation(slot);
  for (let i = 0; i < length; i++) {
    if (times[i]! >= mint && times[i]! <= maxt) continue;
    const at = batch.length++;
    batch.slots[at] = slot;
    batch.generations[at] = generation;
    batch.times[at] = times[i]!;
    batch.valueWords[2 * at] = words[2 * i]!;
    batch.valueWords[2 * at + 1] = words[2 * i + 1]!;
    if (batch.length === batch.capacity) appender.replay(-Infinity);
  }
  if (batch.length > 0) appender.replay(-Infinity);
  Object.assign(appender.counts, {appended, staleSeries});
  if (f64[(address + slotLastTime) >>> 3] === lastTime) return;
  // The newest sample is gone: the next one starts a chunk, since it does not follow on what the open one ends with.
  if (head.chunks.isOpen(address)) head.chunks.seal(address);
  f64[(address + slotLastTime) >>> 3] = lastTime;
  u32.set(lastValue, (address + slotLastValue) >>> 2);
}

interface ReadSamples {
  times: Float64Array;
  /** Two for each value. */
  words: Uint32Array;
  length: number;
}

/** All sealed samples of the slot at `address`, oldest first. */
function readSealed(head: Head, address: number): ReadSamples {
  const {u16, u32} = head.memory;
  const entries = sealedEntries(head.memory, address);
  const count = entries.reduce((sum, entry) => sum + u16[(entry + indexEntrySamples) >>> 1]!, 0);
  const columns = head.arena.alloc(16 * Math.max(count, 1));
  let length = 0;
  for (const entry of entries) {
    const got = head.kernels.xorDecode(
      u32[(entry + indexEntryChunk) >>> 2]! + chunkHeaderBytes,
      u16[(entry + indexEntryBytesField) >>> 1]! - chunkHeaderBytes,
      u16[(entry + indexEntrySamples) >>> 1]!,
      -Infinity,
      Infinity,
      columns + 8 * length,
      columns + 8 * (count + length),
    );
    assert(got >= 0, 'a chunk in memory is whole');
    length += got;
  }
  const {buffer} = head.memory.wasm;
  const times = new Float64Array(buffer, columns, count).slice();
  const words = new Uint32Array(buffer, columns + 8 * count, 2 * count).slice();
  head.arena.free(columns, 16 * Math.max(count, 1));
  return {times, words, length};
}
