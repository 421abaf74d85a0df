import {
  appendAccepted,
  appendDuplicates,
  appendMaxTime,
  appendMinTime,
  appendOutOfOrder,
  appendStale,
  appendStored,
  slotLastTime,
  slotLastValue,
  statusAccepted,
  statusDuplicate,
  statusOutOfOrder,
  statusPending,
} from '../../kernels/head-layout.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import {staleNaNHigh, staleNaNLow} from '../../model/value.ts';
import type {SampleBatch} from '../../storage/appender.ts';
import type {Chunks} from './chunks.ts';
import {slotAddress} from './series.ts';

/**
 * The floats of a batch that the append kernel does not store: all of them where the encoding is XOR2, else the stale
 * markers of histograms. Rules, statuses and counts are the kernel's.
 */
export class TaggedFloats {
  readonly #memory: LinearMemory;
  readonly #chunks: Chunks;
  readonly #batch: SampleBatch;
  readonly #context: number;

  constructor(memory: LinearMemory, chunks: Chunks, {batch, context}: {batch: SampleBatch; context: number}) {
    this.#memory = memory;
    this.#chunks = chunks;
    this.#batch = batch;
    this.#context = context;
  }

  /** Appends the pending samples of [0, length) as XOR2. */
  append(length: number): void {
    for (let at = 0; at < length; at++) {
      if (this.#batch.statuses[at] === statusPending) this.#append(at);
    }
  }

  /** Appends the sample, where it is a stale marker and its series ends with histograms. Returns whether it was. */
  appendStale(at: number): boolean {
    const slot = slotAddress(this.#memory.u32, this.#batch.slots[at]!);
    if (!this.#isStale(at) || !this.#chunks.tagged.holdsHistograms(slot)) return false;
    const wasStale = this.#chunks.isStale(slot);
    this.#chunks.tagged.appendStale(slot, this.#times(at));
    this.#noteStored(at, true, wasStale);
    return true;
  }

  /** Start timestamps of the `count` samples of [0, length) that are logged: pending, and newer than what there is. */
  loggedStarts(length: number, count: number): Float64Array {
    const {u32, f64} = this.#memory;
    const {statuses, slots, times, startTimes} = this.#batch;
    const starts = new Float64Array(count);
    let at = 0;
    for (let i = 0; i < length; i++) {
      if (statuses[i] !== statusPending) continue;
      const last = f64[(slotAddress(u32, slots[i]!) + slotLastTime) >>> 3]!;
      if (times[i]! > last) starts[at++] = startTimes![i]!;
    }
    return starts;
  }

  #append(at: number): void {
    const {u32, f64} = this.#memory;
    const batch = this.#batch;
    const slot = slotAddress(u32, batch.slots[at]!);
    const last = f64[(slot + slotLastTime) >>> 3]!;
    const low = batch.valueWords[2 * at]!;
    const high = batch.valueWords[2 * at + 1]!;
    const words = (slot + slotLastValue) >>> 2;
    if (batch.times[at]! <= last) {
      const same = u32[words] === low && u32[words + 1] === high;
      if (batch.times[at]! < last) this.#note(at, statusOutOfOrder, appendOutOfOrder);
      else if (same) this.#note(at, statusAccepted, appendAccepted);
      else this.#note(at, statusDuplicate, appendDuplicates);
      return;
    }
    if (this.appendStale(at)) return;
    const wasStale = this.#chunks.isStale(slot);
    this.#chunks.tagged.appendFloat(slot, this.#times(at), high, low);
    this.#noteStored(at, this.#isStale(at), wasStale);
  }

  #times(at: number): {timeMs: number; startMs: number} {
    return {timeMs: this.#batch.times[at]!, startMs: this.#batch.startTimes?.[at] ?? 0};
  }

  #isStale(at: number): boolean {
    const {valueWords} = this.#batch;
    return valueWords[2 * at] === staleNaNLow && valueWords[2 * at + 1] === staleNaNHigh;
  }

  #noteStored(at: number, isStale: boolean, wasStale: boolean): void {
    const {f64} = this.#memory;
    const time = this.#batch.times[at]!;
    const minTime = (this.#context + appendMinTime) >>> 3;
    const maxTime = (this.#context + appendMaxTime) >>> 3;
    f64[minTime] = Math.min(f64[minTime]!, time);
    f64[maxTime] = Math.max(f64[maxTime]!, time);
    this.#add(appendStored, 1);
    this.#add(appendStale, Number(isStale) - Number(wasStale));
    this.#note(at, statusAccepted, appendAccepted);
  }

  #note(at: number, status: number, count: number): void {
    this.#batch.statuses[at] = status;
    this.#add(count, 1);
  }

  #add(count: number, by: number): void {
    this.#memory.i32[(this.#context + count) >>> 2]! += by;
  }
}
