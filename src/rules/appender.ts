// Stores what rules give: in the storage thread. Which series a rule has written last is kept here, as columns.

import type {Labels} from '../model/labels.ts';
import {setStale} from '../model/value.ts';
import {
  addSample,
  type CommitResult,
  sampleStatus,
  type SeriesRef,
  type StrictAppender,
} from '../storage/appender.ts';
import {SeriesCache} from '../storage/seriescache.ts';
import {histogramOfSeries, labelsOfSeries, type RuleSeries} from './series.ts';
import type {AppendOutcome, AppendRequest} from './world.ts';

/** 40 bytes each. */
const cachedSeriesMax = 1_000_000;

/** Prometheus's words. */
const refusals: Readonly<Record<number, string>> = {
  [sampleStatus.outOfOrder]: 'out of order sample',
  [sampleStatus.duplicate]: 'duplicate sample for timestamp',
  [sampleStatus.outOfBounds]: 'out of bounds',
  [sampleStatus.tooOld]: 'too old sample',
  [sampleStatus.noSeries]: 'unknown series',
};

/** Slots and generations of series. */
interface SeriesColumns {
  slots: Uint32Array;
  generations: Uint32Array;
  length: number;
}

/** Samples of one evaluation that are in the batch: floats from `first` on, and histograms. */
interface Pending {
  slots: number[];
  generations: number[];
  /** Numbers of histograms, by the index of their series in `slots`; undefined for floats. */
  histograms: (number | undefined)[];
}

export class RuleAppender {
  readonly #appender: StrictAppender;
  readonly #cache: SeriesCache;
  readonly #written = new Map<number, SeriesColumns>();
  readonly #ref: SeriesRef = {slot: 0, generation: 0};

  constructor(appender: StrictAppender) {
    this.#appender = appender;
    this.#cache = new SeriesCache(cachedSeriesMax, (slot, generation) => appender.alive(slot, generation));
  }

  /** Throws where the log cannot be written: then nothing is acknowledged. */
  append({rule, timeMs, series}: AppendRequest): AppendOutcome {
    const outcome: AppendOutcome = {accepted: 0, outOfOrder: 0, duplicates: 0, tooOld: 0, error: null};
    const count = series.ends.length;
    const written: SeriesColumns = {
      slots: new Uint32Array(count),
      generations: new Uint32Array(count),
      length: 0,
    };
    const before = this.#written.get(rule);
    this.#strictly(() => {
      const present = new Set<number>();
      let isMarked = false;
      for (let first = 0; first < count;) {
        const pending = this.#fill(series, first, timeMs);
        first += pending.slots.length;
        for (const slot of pending.slots) present.add(slot);
        const samples = this.#appender.batch.length;
        // With the last of the samples, so that there is one commit as a rule.
        if (first === count) isMarked = this.#mark(before, (slot) => !present.has(slot), timeMs);
        this.#settle(pending, this.#commitWithMarkers(samples), written, outcome);
      }
      if (isMarked && written.length === count) return;
      // What was refused has ended as well.
      const stored = new Set(written.slots.subarray(0, written.length));
      this.#markEnded(before, (slot) => !stored.has(slot) && (!isMarked || present.has(slot)), timeMs);
    });
    this.#written.set(rule, written);
    return outcome;
  }

  /** Throws where the log cannot be written. */
  retire(rules: readonly number[], timeMs: number): void {
    this.#strictly(() => {
      for (const rule of rules) this.#markEnded(this.#written.get(rule), () => true, timeMs);
    });
    for (const rule of rules) this.#written.delete(rule);
  }

  /** Another rule may have gone on with a series: what is late is refused, also where others may be late. */
  #strictly(store: () => void): void {
    const {batch} = this.#appender;
    this.#appender.takesLate = false;
    try {
      store();
    } catch (error) {
      batch.length = 0;
      this.#appender.dropHistograms();
      throw error;
    } finally {
      this.#appender.takesLate = true;
    }
  }

  /** Puts series from `first` on into the batch, as many as there is room for. */
  #fill(series: RuleSeries, first: number, timeMs: number): Pending {
    const appender = this.#appender;
    const {batch, histogramsMax} = appender;
    const view = new DataView(series.labels.buffer, series.labels.byteOffset, series.labels.byteLength);
    const pending: Pending = {slots: [], generations: [], histograms: []};
    const ref = this.#ref;
    for (let index = first; index < series.ends.length; index++) {
      if (batch.length === batch.capacity || appender.histogramCount === histogramsMax) break;
      this.#find(series, index, view);
      const histogram = histogramOfSeries(series, index);
      let number: number | undefined;
      if (histogram === undefined) addSample(this.#appender.batch, ref, timeMs, series.values[index]!);
      else {
        number = appender.histogram(ref.slot, ref.generation, timeMs, histogram, {
          integer: false,
          startMs: 0,
        });
      }
      pending.slots.push(ref.slot);
      pending.generations.push(ref.generation);
      pending.histograms.push(number);
    }
    return pending;
  }

  #find(series: RuleSeries, index: number, view: DataView): void {
    const start = index === 0 ? 0 : series.ends[index - 1]!;
    const end = series.ends[index]!;
    if (this.#cache.find(view, start, end, this.#ref)) return;
    const labels: Labels = labelsOfSeries(series, index);
    this.#appender.series(labels, this.#ref);
    this.#cache.add(this.#ref.slot, this.#ref.generation);
  }

  /** Notes which samples of the batch were stored, and what became of the others. */
  #settle(pending: Pending, counts: CommitResult, written: SeriesColumns, outcome: AppendOutcome): void {
    const {batch, histogramStatuses} = this.#appender;
    outcome.accepted += counts.accepted;
    const refused =
      counts.outOfOrder + counts.duplicates + counts.outOfBounds + counts.noSeries > 0 ||
      counts.accepted < pending.slots.length;
    let float = 0;
    for (let i = 0; i < pending.slots.length; i++) {
      const number = pending.histograms[i];
      const status = number === undefined ? batch.statuses[float++]! : histogramStatuses[number]!;
      if (refused && status !== sampleStatus.accepted) {
        outcome.error = refusals[status] ?? `refused (${status})`;
        outcome.outOfOrder += Number(status === sampleStatus.outOfOrder);
        outcome.duplicates += Number(status === sampleStatus.duplicate);
        outcome.tooOld += Number(status === sampleStatus.tooOld);
        continue;
      }
      written.slots[written.length] = pending.slots[i]!;
      written.generations[written.length++] = pending.generations[i]!;
    }
  }

  /** Puts stale markers for series of `before` into the batch. False where there is no room for them. */
  #mark(before: SeriesColumns | undefined, hasEnded: (slot: number) => boolean, timeMs: number): boolean {
    if (before === undefined) return true;
    const {batch} = this.#appender;
    if (batch.length + before.length > batch.capacity) return false;
    for (let i = 0; i < before.length; i++) this.#markOne(before, i, hasEnded, timeMs);
    return true;
  }

  #markOne(
    {slots, generations}: SeriesColumns,
    index: number,
    hasEnded: (slot: number) => boolean,
    timeMs: number,
  ): void {
    const slot = slots[index]!;
    const generation = generations[index]!;
    if (!hasEnded(slot) || !this.#appender.alive(slot, generation)) return;
    const {batch} = this.#appender;
    setStale(batch.valueWords, addSample(batch, {slot, generation}, timeMs, 0));
  }

  /** What became of the batch, not counting the markers that follow its first `samples`. */
  #commitWithMarkers(samples: number): CommitResult {
    const {batch} = this.#appender;
    const markers = batch.length - samples;
    const counts = {...this.#appender.commit()};
    for (let i = samples; i < samples + markers; i++)
      if (batch.statuses[i] === sampleStatus.accepted) counts.accepted--;
    return counts;
  }

  /** Marks series of `before` as stale. What is refused was gone on with elsewhere. */
  #markEnded(before: SeriesColumns | undefined, hasEnded: (slot: number) => boolean, timeMs: number): void {
    if (before === undefined) return;
    const appender = this.#appender;
    const {batch} = appender;
    for (let i = 0; i < before.length; i++) {
      if (batch.length === batch.capacity) appender.commit();
      this.#markOne(before, i, hasEnded, timeMs);
    }
    if (batch.length > 0) appender.commit();
  }
}
