import {indexEntryMaxTime} from '../../kernels/index-layout.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {counterReset, type FloatHistogram} from '../../model/histogram.ts';
import {setStale} from '../../model/value.ts';
import {storedHint} from '../../storage/resethints.ts';
import type {Intervals} from '../block/tombstones.ts';
import {noteRow} from '../chunkenc/decode.ts';
import {annexLate, annexLateHistograms, annexLateSealed, annexLateStarts, blockRows} from './annex.ts';
import {forEachEntry} from './chunks.ts';
import {chunkWordsOffset} from './filedchunks.ts';
import {StartCursor} from './lateblock.ts';
import {readLateHistogram} from './latehistograms.ts';

/** The columns of a cursor. */
export interface RowColumns {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly valueWords: Uint32Array;
  histograms: (FloatHistogram | undefined)[] | null;
  startTimes: Float64Array | null;
}

/** What is late of one series at one moment: noted first, so that there is room for all, and read then. */
export class LateRows {
  /** Rows at most. */
  samples = 0;
  /** Chunks, by the two words of their index entries. */
  chunks = 0;
  lows = new Uint32Array(16);
  highs = new Uint32Array(16);
  #memory: LinearMemory | null = null;
  #block = 0;
  #starts = 0;
  #histograms = 0;

  take(
    memory: LinearMemory,
    annex: number,
    mint: number,
    maxt: number,
    samplesOf: (low: number, high: number) => number,
  ): void {
    const {u32, f64} = memory;
    this.#memory = memory;
    // Memory first: what goes to a file in the meantime is then found twice, and left out once.
    // Both from before what is late goes to a file, or both from after that.
    do {
      this.#block = Atomics.load(u32, (annex + annexLate) >>> 2);
      this.#starts = Atomics.load(u32, (annex + annexLateStarts) >>> 2);
    } while (Atomics.load(u32, (annex + annexLate) >>> 2) !== this.#block);
    this.#histograms = Atomics.load(u32, (annex + annexLateHistograms) >>> 2);
    this.samples = this.#block === 0 ? 0 : u32[this.#block >>> 2]!;
    // Of those outside, one is looked at.
    if (this.#histograms !== 0) this.samples += u32[this.#histograms >>> 2]! + 1;
    this.chunks = 0;
    forEachEntry(u32, Atomics.load(u32, (annex + annexLateSealed) >>> 2), (entry) => {
      if (f64[entry >>> 3]! > maxt || f64[(entry + indexEntryMaxTime) >>> 3]! < mint) return;
      const word = (entry + chunkWordsOffset) >>> 2;
      this.#add(u32[word]!, u32[word + 1]!);
      this.samples += samplesOf(u32[word]!, u32[word + 1]!);
    });
  }

  /** Appends the floats that were in memory to the rows, and returns where these end. */
  readFloats(into: RowColumns, length: number, mint: number, maxt: number): number {
    if (this.#block === 0) return length;
    const {u32, f64} = this.#memory!;
    const count = u32[this.#block >>> 2]!;
    const times = blockRows(this.#block) >>> 3;
    const words = 2 * (times + count);
    const starts = new StartCursor(this.#memory!, this.#starts);
    for (let i = 0; i < count; i++) {
      const time = f64[times + i]!;
      if (time < mint || time > maxt) continue;
      into.times[length] = time;
      into.valueWords[2 * length] = u32[words + 2 * i]!;
      into.valueWords[2 * length + 1] = u32[words + 2 * i + 1]!;
      noteRow(into, length++, undefined, starts.of(time));
    }
    return length;
  }

  /** The same for histograms, with the hints that Prometheus's chunk of them would give. */
  readHistograms(into: RowColumns, length: number, mint: number, maxt: number): number {
    if (this.#histograms === 0) return length;
    const {u32, f64} = this.#memory!;
    const count = u32[this.#histograms >>> 2]!;
    const times = blockRows(this.#histograms) >>> 3;
    let before: {histogram: FloatHistogram | null; integer: boolean} | null = null;
    for (let i = 0; i < count; i++) {
      if (f64[times + i]! > maxt) break;
      if (i + 1 < count && f64[times + i + 1]! < mint) continue;
      const {timeMs, startMs, histogram, integer} = readLateHistogram(
        this.#memory!,
        u32[2 * (times + count + i)]!,
      );
      if (timeMs >= mint) {
        const last = before?.integer === integer ? before.histogram : null;
        into.times[length] = timeMs;
        if (histogram === null) setStale(into.valueWords, length);
        else into.values[length] = histogram.sum;
        const given = histogram?.with({counterResetHint: storedHint(histogram, last)});
        noteRow(into, length++, given, startMs);
      }
      before = {histogram, integer};
    }
    return length;
  }

  #add(low: number, high: number): void {
    if (this.chunks === this.lows.length) {
      const {lows, highs} = this;
      this.lows = new Uint32Array(2 * lows.length);
      this.highs = new Uint32Array(2 * highs.length);
      this.lows.set(lows);
      this.highs.set(highs);
    }
    this.lows[this.chunks] = low;
    this.highs[this.chunks++] = high;
  }
}

/** What the histogram of row `at` says of the one before it does not hold where that is another one. */
export function forgetReset({histograms}: RowColumns, at: number): void {
  const histogram = histograms?.[at];
  if (histogram === undefined || histogram.counterResetHint === counterReset.gauge) return;
  histograms![at] = histogram.with({counterResetHint: counterReset.unknown});
}

/**
 * Sorts rows [0, length) by time, where the first `inOrder` are sorted already. Of several with one time the first stays. Returns how
 * many are left.
 */
export function sortRows(columns: RowColumns, inOrder: number, length: number): number {
  if (length === inOrder) return length;
  const {times} = columns;
  const order = Uint32Array.from({length}, (_, i) => i).sort(
    (left, right) => times[left]! - times[right]! || left - right,
  );
  let kept = 0;
  for (let i = 0; i < length; i++) {
    if (kept === 0 || times[order[i]!] !== times[order[kept - 1]!]) order[kept++] = order[i]!;
  }
  pick(columns, order.subarray(0, kept), length);
  // As in Prometheus, where chunks that overlap are merged: only what stands side by side in its chunk knows of the one before.
  for (let i = 1; i < kept; i++) if (order[i] !== order[i - 1]! + 1) forgetReset(columns, i);
  return kept;
}

/** Takes rows out whose times lie in the intervals. Returns how many are left. */
export function removeDeleted(columns: RowColumns, length: number, deleted: Intervals): number {
  const {times, valueWords, histograms, startTimes} = columns;
  let at = 0;
  let kept = 0;
  for (let i = 0; i < length; i++) {
    const time = times[i]!;
    while (at < deleted.length && deleted[at + 1]! < time) at += 2;
    if (at < deleted.length && time >= deleted[at]!) continue;
    times[kept] = time;
    valueWords[2 * kept] = valueWords[2 * i]!;
    valueWords[2 * kept + 1] = valueWords[2 * i + 1]!;
    if (histograms !== null) histograms[kept] = histograms[i];
    if (startTimes !== null) startTimes[kept] = startTimes[i]!;
    kept++;
  }
  return kept;
}

/** Makes the rows those that `order` names. */
function pick(columns: RowColumns, order: Uint32Array, length: number): void {
  const {histograms, startTimes} = columns;
  const times = columns.times.slice(0, length);
  const words = columns.valueWords.slice(0, 2 * length);
  for (let i = 0; i < order.length; i++) {
    const from = order[i]!;
    columns.times[i] = times[from]!;
    columns.valueWords[2 * i] = words[2 * from]!;
    columns.valueWords[2 * i + 1] = words[2 * from + 1]!;
  }
  if (histograms !== null) columns.histograms = Array.from(order, (from) => histograms[from]);
  if (startTimes !== null) {
    const starts = startTimes.slice(0, length);
    order.forEach((from, i) => (startTimes[i] = starts[from]!));
  }
}
