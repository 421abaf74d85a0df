import type {LinearMemory} from '../../kernels/memory.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import type {Intervals} from '../block/tombstones.ts';
import {annexLate, annexLateSealed, blockRows} from './annex.ts';
import {forEachEntry, indexEntryMaxTime} from './chunks.ts';
import {chunkWordsOffset} from './filedchunks.ts';

/** The columns of a cursor. */
export interface RowColumns {
  readonly times: Float64Array;
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
    this.#block = Atomics.load(u32, (annex + annexLate) >>> 2);
    this.samples = this.#block === 0 ? 0 : u32[this.#block >>> 2]!;
    this.chunks = 0;
    forEachEntry(u32, Atomics.load(u32, (annex + annexLateSealed) >>> 2), (entry) => {
      if (f64[entry >>> 3]! > maxt || f64[(entry + indexEntryMaxTime) >>> 3]! < mint) return;
      const word = (entry + chunkWordsOffset) >>> 2;
      this.#add(u32[word]!, u32[word + 1]!);
      this.samples += samplesOf(u32[word]!, u32[word + 1]!);
    });
  }

  /** Appends those that were in memory to the rows, and returns where these end. */
  readMemory(into: RowColumns, length: number, mint: number, maxt: number): number {
    if (this.#block === 0) return length;
    const {u32, f64} = this.#memory!;
    const count = u32[this.#block >>> 2]!;
    const times = blockRows(this.#block) >>> 3;
    const words = 2 * (times + count);
    for (let i = 0; i < count; i++) {
      const time = f64[times + i]!;
      if (time < mint || time > maxt) continue;
      into.times[length] = time;
      into.valueWords[2 * length] = u32[words + 2 * i]!;
      into.valueWords[2 * length + 1] = u32[words + 2 * i + 1]!;
      if (into.histograms !== null) into.histograms[length] = undefined;
      if (into.startTimes !== null) into.startTimes[length] = 0;
      length++;
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
