// A slow, obvious appender for tests: maps and arrays, with the rules of the head.

import type {FloatHistogram} from '../model/histogram.ts';
import type {Labels} from '../model/labels.ts';
import type {Exemplar, ExemplarStatus} from '../storage/exemplar.ts';
import {
  type CheckingAppender,
  type CommitResult,
  type HistogramOptions,
  sampleStatus,
  type SampleBatch,
  type SeriesRef,
} from '../storage/appender.ts';

export interface FakeSeries {
  labels: Labels;
  generation: number;
  times: number[];
  /** The values' bits. */
  values: bigint[];
  histograms: StoredHistogram[];
}

export interface StoredHistogram extends HistogramOptions {
  timeMs: number;
  /** Null = stale marker. */
  histogram: FloatHistogram | null;
}

export class FakeAppender implements CheckingAppender {
  readonly batch: SampleBatch;
  readonly seriesBySlot: FakeSeries[] = [];
  created = false;
  /** Samples before it are out of bounds. */
  minTime = -Infinity;
  commits = 0;
  lookups = 0;
  /** Thrown by the next call that stores. */
  failure: Error | null = null;
  readonly #slots = new Map<string, number>();
  readonly #bits: BigUint64Array;

  constructor(capacity = 64) {
    const buffer = new ArrayBuffer(capacity * 40);
    const values = new Float64Array(buffer, 0, capacity);
    this.#bits = new BigUint64Array(buffer, 0, capacity);
    this.batch = {
      slotsAddress: 0,
      generationsAddress: 0,
      timesAddress: 0,
      valuesAddress: 0,
      statusesAddress: 0,
      slots: new Uint32Array(capacity),
      generations: new Uint32Array(capacity),
      times: new Float64Array(capacity),
      values,
      valueWords: new Uint32Array(buffer, 0, 2 * capacity),
      statuses: new Uint8Array(capacity),
      startTimes: null,
      capacity,
      length: 0,
    };
  }

  series(labels: Labels, into: SeriesRef): void {
    this.lookups++;
    const key = JSON.stringify(labels);
    let slot = this.#slots.get(key);
    this.created = slot === undefined;
    if (slot === undefined) {
      slot = this.seriesBySlot.length;
      this.#slots.set(key, slot);
      this.seriesBySlot.push({labels, generation: 1, times: [], values: [], histograms: []});
    }
    into.slot = slot;
    into.generation = this.seriesBySlot[slot]!.generation;
  }

  find(labels: Labels, into: SeriesRef): boolean {
    const slot = this.#slots.get(JSON.stringify(labels));
    if (slot === undefined) return false;
    into.slot = slot;
    into.generation = this.seriesBySlot[slot]!.generation;
    return true;
  }

  /** What was stored for these labels. */
  stored(labels: Labels): FakeSeries | undefined {
    const slot = this.#slots.get(JSON.stringify(labels));
    return slot === undefined ? undefined : this.seriesBySlot[slot];
  }

  /** Makes a series vanish, as the head does when it is no longer written. */
  drop(labels: Labels): void {
    const key = JSON.stringify(labels);
    this.seriesBySlot[this.#slots.get(key)!]!.generation++;
    this.#slots.delete(key);
  }

  readonly histogramsMax = 16;
  readonly histogramStatuses = new Uint8Array(this.histogramsMax);
  #histograms: (StoredHistogram & {slot: number; generation: number})[] = [];

  get histogramCount(): number {
    return this.#histograms.length;
  }

  histogram(
    slot: number,
    generation: number,
    timeMs: number,
    histogram: FloatHistogram | null,
    {integer, startMs}: HistogramOptions,
  ): number {
    if (this.#histograms.length === this.histogramsMax) throw new RangeError('too many histograms');
    return this.#histograms.push({slot, generation, timeMs, histogram, integer, startMs}) - 1;
  }

  alive(slot: number, generation: number): boolean {
    return this.seriesBySlot[slot]?.generation === generation;
  }

  check(): CommitResult {
    return this.#look(false);
  }

  commit(): CommitResult {
    if (this.failure !== null) throw this.failure;
    this.commits++;
    const result = this.#look(true);
    this.batch.length = 0;
    this.#histograms = [];
    this.exemplars.push(...this.#exemplars);
    this.#exemplars = [];
    return result;
  }

  dropHistograms(): void {
    this.#histograms = [];
  }

  metadata(): void {
    // Not kept.
  }

  takesExemplars = true;
  /** Taken with the samples of a commit, and all so far: name, exemplar. */
  #exemplars: [string, Exemplar][] = [];
  readonly exemplars: [string, Exemplar][] = [];

  /** Times of one series rise. */
  exemplar(slot: number, _generation: number, exemplar: Exemplar): ExemplarStatus {
    const name = this.seriesBySlot[slot]!.labels[1]!;
    const last = [...this.exemplars, ...this.#exemplars].findLast(([each]) => each === name);
    if (last !== undefined && last[1].timeMs >= exemplar.timeMs) return 'outOfOrder';
    this.#exemplars.push([name, exemplar]);
    return 'accepted';
  }

  #look(store: boolean): CommitResult {
    const {batch} = this;
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < batch.length; i++) {
      const status = this.#judge(i);
      batch.statuses[i] = status;
      counts[status]!++;
      if (store && status === sampleStatus.accepted) this.#store(i);
    }
    this.#histograms.forEach((each, i) => {
      const status = this.#judgeHistogram(each);
      this.histogramStatuses[i] = status;
      counts[status]!++;
      if (store && status === sampleStatus.accepted) {
        const {slot: _slot, generation: _generation, ...stored} = each;
        this.seriesBySlot[each.slot]!.histograms.push(stored);
      }
    });
    const [accepted = 0, outOfOrder = 0, duplicates = 0, outOfBounds = 0, noSeries = 0] = counts;
    return {accepted, outOfOrder, duplicates, outOfBounds, noSeries};
  }

  /** Equal times are duplicates: this appender does not compare histograms. */
  #judgeHistogram({slot, generation, timeMs}: {slot: number; generation: number; timeMs: number}): number {
    if (!this.alive(slot, generation)) return sampleStatus.noSeries;
    if (timeMs < this.minTime) return sampleStatus.outOfBounds;
    const {times, histograms} = this.seriesBySlot[slot]!;
    const last = Math.max(times.at(-1) ?? -Infinity, histograms.at(-1)?.timeMs ?? -Infinity);
    if (timeMs > last) return sampleStatus.accepted;
    return timeMs === last ? sampleStatus.duplicate : sampleStatus.outOfOrder;
  }

  #judge(i: number): number {
    const {batch} = this;
    const time = batch.times[i]!;
    if (!this.alive(batch.slots[i]!, batch.generations[i]!)) return sampleStatus.noSeries;
    if (time < this.minTime) return sampleStatus.outOfBounds;
    const {times, values} = this.seriesBySlot[batch.slots[i]!]!;
    const last = times.at(-1) ?? -Infinity;
    if (time > last || (time === last && values.at(-1) === this.#bits[i])) return sampleStatus.accepted;
    return time === last ? sampleStatus.duplicate : sampleStatus.outOfOrder;
  }

  #store(i: number): void {
    const {times, values} = this.seriesBySlot[this.batch.slots[i]!]!;
    if (times.at(-1) === this.batch.times[i]) return;
    times.push(this.batch.times[i]!);
    values.push(this.#bits[i]!);
  }
}
