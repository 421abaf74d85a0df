import type {Labels} from '../../model/labels.ts';
import type {LoggedHistogram, ReplaySink} from '../log.ts';
import {RefTable} from '../reftable.ts';
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

  samples(
    refs: Float64Array,
    times: Float64Array,
    values: Float64Array,
    count: number,
    startTimes: Float64Array | null = null,
  ): void {
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
      if (startTimes !== null) {
        batch.startTimes ??= new Float64Array(batch.capacity);
        batch.startTimes[at] = startTimes[i]!;
      }
      if (batch.length === batch.capacity) appender.replay(this.#head.truncatedBefore);
    }
    this.counts.samples += count;
    if (batch.length > 0) appender.replay(this.#head.truncatedBefore);
  }

  histograms(samples: readonly LoggedHistogram[]): void {
    const appender = this.#head.appender();
    const {series} = this.#head;
    for (const sample of samples) {
      const slot = this.#slotOf(sample.ref);
      if (slot === -1) {
        this.counts.unknownRefs++;
        continue;
      }
      appender.histogram(slot, series.generation(slot), sample.timeMs, sample.histogram, sample);
      if (appender.histogramCount === appender.histogramsMax) appender.replay(this.#head.truncatedBefore);
    }
    this.counts.samples += samples.length;
    if (appender.histogramCount > 0) appender.replay(this.#head.truncatedBefore);
  }

  metadata(ref: number, type: string, unit: string, help: string): void {
    const slot = this.#slotOf(ref);
    if (slot === -1) this.counts.unknownRefs++;
    else this.#head.appender().replayMetadata(slot, type, unit, help);
  }

  exemplar(ref: number, time: number, value: number, labels: Labels): void {
    const {series, texts, exemplars} = this.#head;
    const slot = this.#slotOf(ref);
    if (slot === -1) this.counts.unknownRefs++;
    else if (exemplars.enabled) exemplars.add(series.labels(slot, texts), {labels, value, timeMs: time});
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
