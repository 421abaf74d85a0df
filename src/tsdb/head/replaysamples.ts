import type {Kernels} from '../../kernels/kernels.ts';
import {
  replayBaseRef,
  replayBaseTime,
  replayBytes,
  replayCapacity,
  replayKnown,
  replayMask,
  replayMinTime,
  replayOutSlots,
  replayOutStatuses,
  replayOutTimes,
  replayOutValues,
  replayPlace,
  replayRefs,
  replaySlots,
  replayTotal,
  replayUnknown,
  replayUnknownRef,
  replayWritten,
} from '../../kernels/replay-layout.ts';
import type {Head} from './head.ts';
import type {ReplayRefs} from './replayrefs.ts';

/** Type, base ref, base time. */
const headerBytes = 17;
/** The least that a sample takes. */
const sampleBytesMin = 10;

/** Appends what records of samples have, from the linear memory: the kernel picks what is not known yet, the appender takes it. */
export class ReplaySamples {
  readonly #head: Head;
  readonly #refs: ReplayRefs;
  readonly #context: number;
  readonly #kernels: Kernels;

  constructor(head: Head, refs: ReplayRefs) {
    const {arena, memory} = head;
    this.#head = head;
    this.#refs = refs;
    this.#kernels = head.kernels;
    this.#context = arena.alloc(replayBytes);
    memory.u8.fill(0, this.#context, this.#context + replayBytes);
    const {batch} = head.appender();
    this.#set(replayOutSlots, batch.slotsAddress);
    this.#set(replayOutTimes, batch.timesAddress);
    this.#set(replayOutValues, batch.valuesAddress);
    this.#set(replayOutStatuses, batch.statusesAddress);
    this.#set(replayCapacity, batch.capacity);
  }

  free(): void {
    this.#head.arena.free(this.#context, replayBytes);
  }

  /** Samples of series that are not known, so far. */
  get unknown(): number {
    return this.#get(replayUnknown);
  }

  /** Gives the number of samples in a record of type 2, or -1 where it is not sound: then nothing of it was used. */
  record(address: number, length: number): number {
    const end = address + length;
    if (length === 1) return 0;
    if (!this.#begin(address, length)) return -1;
    let at = address + headerBytes;
    const isLong = (length - headerBytes) / sampleBytesMin > this.#get(replayCapacity);
    if (isLong && this.#kernels.areSamples(this.#context, at, end) === 0) return -1;
    const before = this.#get(replayTotal);
    do {
      this.#set(replayWritten, 0);
      at = this.#kernels.replaySamples(this.#context, at, end);
      if (at === 0) return -1;
      const written = this.#get(replayWritten);
      if (written > 0) this.#head.appender().replayPending(written);
    } while (at < end);
    this.#head.reserveRef(this.#head.memory.f64[(this.#context + replayUnknownRef) >>> 3]!);
    return (this.#get(replayTotal) - before) >>> 0;
  }

  #begin(address: number, length: number): boolean {
    if (length < headerBytes) return false;
    const {u8, u32, f64} = this.#head.memory;
    const context = this.#context;
    // Eight bytes each, big-endian.
    for (let i = 0; i < 8; i++) {
      u8[context + replayBaseRef + 7 - i] = u8[address + 1 + i]!;
      u8[context + replayBaseTime + 7 - i] = u8[address + 9 + i]!;
    }
    // The base is a ref itself: within 2^53.
    if (u32[(context + replayBaseRef + 4) >>> 2]! >= 2 ** 21) return false;
    const refs = this.#refs;
    this.#set(replayRefs, refs.refsAddress);
    this.#set(replayKnown, refs.knownAddress);
    this.#set(replaySlots, refs.slotsAddress);
    this.#set(replayMask, refs.places - 1);
    if (this.#get(replayPlace) >= refs.places) this.#set(replayPlace, 0);
    f64[(context + replayMinTime) >>> 3] = this.#head.truncatedBefore;
    return true;
  }

  #get(field: number): number {
    return this.#head.memory.u32[(this.#context + field) >>> 2]!;
  }

  #set(field: number, value: number): void {
    this.#head.memory.u32[(this.#context + field) >>> 2] = value;
  }
}
