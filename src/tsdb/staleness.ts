import {slotLastTime} from '../kernels/head-layout.ts';
import type {Logger} from '../sys/log.ts';
import type {CompactionRange} from './compactions.ts';
import type {Head} from './head/head.ts';
import {slotAddress} from './head/series.ts';
import type {HeadTruncation} from './headtruncation.ts';
import type {LogTruncation} from './wal/truncation.ts';
import type {Wal} from './wal/wal.ts';

/** Series that are dropped before others get their turn. */
const seriesAtOnce = 4096;
const sweepItems = 20_000;

export interface StalenessOptions {
  head: Head;
  wal: Wal;
  truncation: HeadTruncation;
  logTruncation: LogTruncation;
  log: Logger;
}

/** Series that have ended, on their way to blocks before their time. */
export interface StaleCompaction {
  /** The ranges of blocks that they have samples in. */
  ranges: CompactionRange[];
  /** Their HeadSeriesRefs. */
  refs: Float64Array;
  /** The blocks are there, and all who read know: drops those that have stayed as they were, and says how many. */
  finish: () => Promise<number>;
}

/** Series of the head that ended with a stale marker (`stale_series_compaction_threshold`): they leave it early, where they are many. */
export class Staleness {
  /** Share of stale series from which on they are moved to blocks; 0 = never. */
  threshold = 0;
  readonly #options: StalenessOptions;

  constructor(options: StalenessOptions) {
    this.#options = options;
  }

  get isDue(): boolean {
    const {series, staleSeries} = this.#options.head.stats();
    return this.threshold > 0 && series > 0 && staleSeries / series >= this.threshold;
  }

  /** The series that are stale now; null = there are none. Those with late samples stay: these are on another way. */
  begin(): StaleCompaction | null {
    const {series, memory, chunks, chunkRangeMs} = this.#options.head;
    const slots: number[] = [];
    const lastTimes: number[] = [];
    const refs: number[] = [];
    let min = Infinity;
    let max = -Infinity;
    for (let slot = 0; slot < series.slotCount; slot++) {
      if (!this.#isStale(slot)) continue;
      const address = slotAddress(memory.u32, slot);
      const last = memory.f64[(address + slotLastTime) >>> 3]!;
      slots.push(slot);
      refs.push(series.ref(slot));
      lastTimes.push(last);
      min = Math.min(min, chunks.firstTime(address));
      max = Math.max(max, last);
    }
    if (slots.length === 0) return null;
    const ranges: CompactionRange[] = [];
    for (let start = Math.floor(min / chunkRangeMs) * chunkRangeMs; start <= max; start += chunkRangeMs)
      ranges.push({minTime: start, maxTime: start + chunkRangeMs});
    return {
      ranges,
      refs: Float64Array.from(refs),
      finish: () => this.#drop({slots, lastTimes, refs}),
    };
  }

  #isStale(slot: number): boolean {
    const {series, memory, chunks, late} = this.#options.head;
    if (!series.occupied(slot)) return false;
    const address = slotAddress(memory.u32, slot);
    return chunks.isStale(address) && chunks.firstTime(address) !== Infinity && !late.holds(address);
  }

  async #drop(found: {slots: number[]; lastTimes: number[]; refs: number[]}): Promise<number> {
    const {head, truncation, logTruncation} = this.#options;
    let dropped = 0;
    await truncation.exclusively(async () => {
      for (let from = 0; from < found.slots.length; from += seriesAtOnce) {
        const unchanged = this.#unchanged(found, from, Math.min(from + seriesAtOnce, found.slots.length));
        this.#dropSlots(unchanged);
        dropped += unchanged.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      while (head.series.sweep(sweepItems)) await new Promise((resolve) => setImmediate(resolve));
      logTruncation.expire(found.refs);
      head.files?.collect();
      head.reclaimer.reclaim();
    });
    return dropped;
  }

  /** Slots of [from, end) that belong to their series still, which have got nothing since. */
  #unchanged(
    {slots, lastTimes, refs}: {slots: number[]; lastTimes: number[]; refs: number[]},
    from: number,
    end: number,
  ): number[] {
    const {head} = this.#options;
    const pending = head.appender().pendingSlots();
    const unchanged: number[] = [];
    for (let i = from; i < end; i++) {
      const slot = slots[i]!;
      if (!this.#isStale(slot) || pending.has(slot) || head.series.ref(slot) !== refs[i]) continue;
      const last = head.memory.f64[(slotAddress(head.memory.u32, slot) + slotLastTime) >>> 3];
      if (last === lastTimes[i]) unchanged.push(slot);
    }
    return unchanged;
  }

  /** The log says first that they are gone, so that a start does not read them again; where it cannot be written, they stay. */
  #dropSlots(slots: readonly number[]): void {
    const {head, wal} = this.#options;
    for (const slot of slots) wal.tombstone(head.series.ref(slot), -(2 ** 63), 2 ** 63);
    wal.flush();
    for (const slot of slots) {
      head.chunks.truncate(slotAddress(head.memory.u32, slot), Infinity);
      head.forget(slot);
    }
  }
}
