import {assert} from '../../base/assert.ts';
import {deletedIntervals} from './annex.ts';
import type {Head} from './head.ts';
import {slotAddress} from './series.ts';

export interface GcResult {
  series: number;
  chunks: number;
  /** HeadSeriesRefs of the series that were dropped, whose samples may still be in the log. */
  refs: Float64Array;
}

/** One collection of what is before `mint`, in steps: first all slots, then the postings of the series that went. */
export class GcPass {
  readonly #head: Head;
  readonly #mint: number;
  readonly #refs: number[] = [];
  #slot = 0;
  #chunks = 0;
  #done = false;

  constructor(head: Head, mint: number) {
    this.#head = head;
    this.#mint = mint;
  }

  /** Looks at `steps` slots or list items. Returns whether there is more to do. */
  run(steps: number): boolean {
    assert(!this.#done, 'a collection that has ended is not run again');
    const {series} = this.#head;
    if (this.#slot < series.slotCount) {
      this.#truncate(Math.min(this.#slot + steps, series.slotCount));
      return true;
    }
    if (series.sweep(steps)) return true;
    this.#done = true;
    this.#head.truncated(this.#mint);
    this.#head.files?.collect();
    this.#head.reclaimer.reclaim();
    return false;
  }

  result(): GcResult {
    return {series: this.#refs.length, chunks: this.#chunks, refs: Float64Array.from(this.#refs)};
  }

  /** Deletions of what is gone are no longer needed. */
  #forgetDeleted(address: number): void {
    const {annexes, memory} = this.#head;
    const annex = annexes.find(address);
    const deleted = deletedIntervals(memory, annex);
    if (deleted === undefined || this.#head.late.holds(address)) return;
    let first = 0;
    while (first < deleted.length && deleted[first + 1]! < this.#mint) first += 2;
    if (first > 0) annexes.setDeleted(address, deleted.slice(first));
  }

  #truncate(end: number): void {
    const {series, chunks, memory} = this.#head;
    const pending = this.#head.appender().pendingSlots();
    const chunksBefore = chunks.count;
    for (let slot = this.#slot; slot < end; slot++) {
      if (!series.occupied(slot)) continue;
      const address = slotAddress(memory.u32, slot);
      this.#forgetDeleted(address);
      const hasChunks = chunks.truncate(address, this.#mint);
      if (hasChunks || pending.has(slot) || this.#head.late.holds(address)) continue;
      this.#refs.push(series.ref(slot));
      this.#head.forget(slot);
    }
    this.#slot = end;
    this.#chunks += chunksBefore - chunks.count;
  }
}
