import type {Arena} from '../../kernels/arena.ts';
import type {Kernels} from '../../kernels/kernels.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
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

/** Type, base ref, base time. */
const headerBytes = 17;
/** The least that a sample takes. */
const sampleBytesMin = 10;

/** What refs of the log stand for: addresses of the columns of src/kernels/replay-layout.ts. */
export interface SamplesTable {
  refs: number;
  known: number;
  slots: number;
  places: number;
  /** Samples before this time are not wanted. */
  minTime: number;
}

/** Addresses of columns that samples are written to. */
export interface SampleColumns {
  slots: number;
  times: number;
  values: number;
  statuses: number;
}

/** Reads records of samples (type 2) in the linear memory: the kernel picks what is not known yet. */
export class SamplesDecoder {
  readonly #memory: LinearMemory;
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #context: number;

  constructor({memory, kernels, arena}: {memory: LinearMemory; kernels: Kernels; arena: Arena}) {
    this.#memory = memory;
    this.#kernels = kernels;
    this.#arena = arena;
    this.#context = arena.alloc(replayBytes);
    memory.u8.fill(0, this.#context, this.#context + replayBytes);
  }

  free(): void {
    this.#arena.free(this.#context, replayBytes);
  }

  useColumns({slots, times, values, statuses}: SampleColumns, capacity: number): void {
    this.#set(replayOutSlots, slots);
    this.#set(replayOutTimes, times);
    this.#set(replayOutValues, values);
    this.#set(replayOutStatuses, statuses);
    this.#set(replayCapacity, capacity);
  }

  useTable({refs, known, slots, places, minTime}: SamplesTable): void {
    this.#set(replayRefs, refs);
    this.#set(replayKnown, known);
    this.#set(replaySlots, slots);
    this.#set(replayMask, places - 1);
    if (this.#get(replayPlace) >= places) this.#set(replayPlace, 0);
    this.#memory.f64[(this.#context + replayMinTime) >>> 3] = minTime;
  }

  /** Samples read so far, modulo 2^32; those of series that are not in the table; and the highest ref of these. */
  get total(): number {
    return this.#get(replayTotal);
  }

  get unknown(): number {
    return this.#get(replayUnknown);
  }

  get unknownRef(): number {
    return this.#memory.f64[(this.#context + replayUnknownRef) >>> 3]!;
  }

  /** Samples that read() has written to the columns. */
  get written(): number {
    return this.#get(replayWritten);
  }

  /** As many samples as a record of so many bytes may have. */
  static samplesMax(length: number): number {
    return Math.max(0, Math.floor((length - headerBytes) / sampleBytesMin));
  }

  /** Gives where the record's samples begin, or 0: it is none. */
  begin(address: number, length: number): number {
    if (length < headerBytes) return 0;
    const {u8, u32} = this.#memory;
    const context = this.#context;
    // Eight bytes each, big-endian.
    for (let i = 0; i < 8; i++) {
      u8[context + replayBaseRef + 7 - i] = u8[address + 1 + i]!;
      u8[context + replayBaseTime + 7 - i] = u8[address + 9 + i]!;
    }
    // The base is a ref itself: within 2^53.
    return u32[(context + replayBaseRef + 4) >>> 2]! >= 2 ** 21 ? 0 : address + headerBytes;
  }

  /** Whether all from `at` to `end` are samples. */
  areSamples(at: number, end: number): boolean {
    return this.#kernels.areSamples(this.#context, at, end) !== 0;
  }

  /** Reads samples up to `end`, or until the columns are full, and gives where it has stopped; 0 = they are none. */
  read(at: number, end: number): number {
    this.#set(replayWritten, 0);
    return this.#kernels.replaySamples(this.#context, at, end);
  }

  #get(field: number): number {
    return this.#memory.u32[(this.#context + field) >>> 2]!;
  }

  #set(field: number, value: number): void {
    this.#memory.u32[(this.#context + field) >>> 2] = value;
  }
}
