import type {Labels} from '../../model/labels.ts';
import type {ReplaySink} from '../log.ts';
import type {Head} from './head.ts';

/** What the log held beside what is now in the head. */
export interface ReplayCounts {
  samples: number;
  /** Samples, metadata and tombstones that name no series of the log. */
  unknownRefs: number;
}

/**
 * Fills the head from its log. Several refs may stand for one series, where it was dropped and made again between two
 * checkpoints: the first one stays the series' ref.
 */
export class HeadReplay implements ReplaySink {
  readonly counts: ReplayCounts = {samples: 0, unknownRefs: 0};
  readonly #head: Head;
  readonly #refs = new RefTable();

  constructor(head: Head) {
    this.#head = head;
  }

  series(ref: number, labels: Labels): void {
    const {series} = this.#head;
    this.#head.reserveRef(ref);
    if (!series.find(labels)) {
      series.create(labels, ref);
      this.#head.appender().counts.seriesCreated++;
    }
    this.#refs.set(ref, series.slot, series.generation(series.slot));
  }

  samples(refs: Float64Array, times: Float64Array, values: Float64Array, count: number): void {
    const appender = this.#head.appender();
    const {batch} = appender;
    const {series} = this.#head;
    // Whole words, so that no NaN changes on its way.
    const words = new Uint32Array(values.buffer, values.byteOffset, count * 2);
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf(refs[i]!);
      if (slot === -1) {
        this.counts.unknownRefs++;
        continue;
      }
      const at = batch.length++;
      batch.slots[at] = slot;
      batch.generations[at] = series.generation(slot);
      batch.times[at] = times[i]!;
      batch.valueWords[2 * at] = words[2 * i]!;
      batch.valueWords[2 * at + 1] = words[2 * i + 1]!;
      if (batch.length === batch.capacity) appender.replay(this.#head.truncatedBefore);
    }
    this.counts.samples += count;
    if (batch.length > 0) appender.replay(this.#head.truncatedBefore);
  }

  metadata(ref: number, type: string, unit: string, help: string): void {
    const slot = this.#slotOf(ref);
    if (slot === -1) this.counts.unknownRefs++;
    else this.#head.appender().replayMetadata(slot, type, unit, help);
  }

  tombstone(ref: number, mint: number, maxt: number): void {
    this.#head.reserveRef(ref);
    const slot = this.#slotOf(ref);
    if (slot === -1) this.counts.unknownRefs++;
    else this.#head.deleteSamples(slot, mint, maxt);
  }

  /** The slot that a ref stands for, or -1: never named, or deleted since. */
  #slotOf(ref: number): number {
    const at = this.#refs.find(ref);
    if (at === -1) return -1;
    const slot = this.#refs.slots[at]!;
    return this.#head.series.alive(slot, this.#refs.generations[at]!) ? slot : -1;
  }

  /** Ends the replay and forgets the refs. The head's counters start from here. */
  finish(): void {
    this.#refs.clear();
    this.#head.resetCounts();
  }
}

/** From refs to slots: open addressing in columns, 16 bytes a place. Ref 0 is none. */
class RefTable {
  refs = new Float64Array(1024);
  slots = new Uint32Array(1024);
  generations = new Uint32Array(1024);
  #size = 0;

  set(ref: number, slot: number, generation: number): void {
    let at = this.#place(ref);
    if (this.refs[at] === 0) {
      if ((this.#size + 1) * 4 > this.refs.length * 3) {
        this.#resize(this.refs.length * 2);
        at = this.#place(ref);
      }
      this.#size++;
      this.refs[at] = ref;
    }
    this.slots[at] = slot;
    this.generations[at] = generation;
  }

  /** Index into the columns, or -1. */
  find(ref: number): number {
    const at = this.#place(ref);
    return this.refs[at] === 0 ? -1 : at;
  }

  clear(): void {
    this.refs = new Float64Array(1024);
    this.slots = new Uint32Array(1024);
    this.generations = new Uint32Array(1024);
    this.#size = 0;
  }

  #place(ref: number): number {
    const mask = this.refs.length - 1;
    // Refs count up: their low bits spread well, and neighbours stay neighbours.
    let at = ref % (mask + 1);
    while (this.refs[at] !== 0 && this.refs[at] !== ref) at = (at + 1) & mask;
    return at;
  }

  #resize(places: number): void {
    const {refs, slots, generations} = this;
    this.refs = new Float64Array(places);
    this.slots = new Uint32Array(places);
    this.generations = new Uint32Array(places);
    for (let i = 0; i < refs.length; i++) {
      if (refs[i] === 0) continue;
      const at = this.#place(refs[i]!);
      this.refs[at] = refs[i]!;
      this.slots[at] = slots[i]!;
      this.generations[at] = generations[i]!;
    }
  }
}
