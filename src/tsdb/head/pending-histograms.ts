import {assert} from '../../base/assert.ts';
import {slotLastTime, slotRef} from '../../kernels/head-layout.ts';
import type {LinearMemory} from '../../kernels/memory.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import {sampleStatus} from '../../storage/appender.ts';
import {areWholeCounts} from '../chunkenc/columns.ts';
import type {LoggedHistogram} from '../log.ts';
import type {Chunks} from './chunks.ts';
import type {LateHistogram} from './latehistograms.ts';
import {type SeriesTable, slotAddress} from './series.ts';

/** Beyond, whole milliseconds have gaps. */
const timeMax = 2 ** 53;

const pending = 255;

export interface PendingHistogram {
  slot: number;
  generation: number;
  timeMs: number;
  startMs: number;
  /** Null = stale marker. */
  histogram: FloatHistogram | null;
  integer: boolean;
  /** Floats that were in the batch before it. */
  floatsBefore: number;
}

export interface HistogramCounts {
  accepted: number;
  stored: number;
  outOfOrder: number;
  duplicates: number;
  outOfBounds: number;
  tooOld: number;
  noSeries: number;
  stale: number;
  minTime: number;
  maxTime: number;
}

/** Histograms between two commits, of which there are few: objects, not columns. The rules are those of the append kernel. */
export class PendingHistograms {
  static readonly max = 16_384;
  readonly statuses = new Uint8Array(PendingHistograms.max);
  counts: HistogramCounts = none;
  readonly #memory: LinearMemory;
  readonly #series: SeriesTable;
  readonly #chunks: Chunks;
  #pending: PendingHistogram[] = [];

  constructor(memory: LinearMemory, series: SeriesTable, chunks: Chunks) {
    this.#memory = memory;
    this.#series = series;
    this.#chunks = chunks;
  }

  get length(): number {
    return this.#pending.length;
  }

  at(index: number): PendingHistogram {
    return this.#pending[index]!;
  }

  /** Returns its number. Counts too large for an integer chunk are stored as floats, which is what queries see of them. */
  add(histogram: PendingHistogram): number {
    if (this.#pending.length === PendingHistograms.max) {
      throw new RangeError(`cannot append more than ${PendingHistograms.max} histograms at once`);
    }
    const counts = histogram.histogram;
    if (histogram.integer && counts !== null && !areWholeCounts(counts)) histogram.integer = false;
    return this.#pending.push(histogram) - 1;
  }

  /** Takes back all but the first `length`. */
  cut(length: number): PendingHistogram[] {
    return this.#pending.splice(length);
  }

  /** Bytes that appending them may take, roughly. */
  bytes(): number {
    let bytes = 0;
    for (const {histogram} of this.#pending) {
      if (histogram !== null) bytes += histogram.positiveBuckets.length + histogram.negativeBuckets.length;
    }
    return bytes * 32 + this.#pending.length * 8192;
  }

  /** First half, which changes nothing: says what is refused, and returns what the log must hold. */
  check(minValid: number): LoggedHistogram[] {
    this.counts = noCounts();
    const logged: LoggedHistogram[] = [];
    for (let i = 0; i < this.#pending.length; i++) {
      const each = this.#pending[i]!;
      const status = this.#check(each, minValid);
      this.statuses[i] = status;
      if (status !== pending) continue;
      const slot = this.#address(each);
      if (each.timeMs === this.#memory.f64[(slot + slotLastTime) >>> 3]) continue;
      const {timeMs, startMs, histogram, integer} = each;
      logged.push({ref: this.#memory.f64[(slot + slotRef) >>> 3]!, timeMs, startMs, histogram, integer});
    }
    return logged;
  }

  /** Second half: appends what was not refused. clear() must follow. */
  append(): void {
    for (let i = 0; i < this.#pending.length; i++) {
      if (this.statuses[i] === pending) this.statuses[i] = this.#append(this.#pending[i]!);
    }
  }

  /** Says of those that were refused for their times which may be stored as late ones, and which are too old for that. */
  checkLate(oldest: number): (LateHistogram & {slot: number})[] {
    const {counts, statuses} = this;
    const late: (LateHistogram & {slot: number})[] = [];
    for (const [i, each] of this.#pending.entries()) {
      const status = statuses[i];
      if (status !== sampleStatus.outOfOrder && status !== sampleStatus.outOfBounds) continue;
      if (!this.#series.alive(each.slot, each.generation) || Math.abs(each.timeMs) > timeMax) continue;
      if (status === sampleStatus.outOfOrder) counts.outOfOrder--;
      else counts.outOfBounds--;
      if (each.timeMs >= oldest) {
        counts.accepted++;
        statuses[i] = sampleStatus.accepted;
        late.push({...each, slot: this.#address(each)});
        continue;
      }
      statuses[i] = sampleStatus.tooOld;
      counts.outOfBounds++;
      counts.tooOld++;
    }
    return late;
  }

  /** Forgets what is pending. */
  clear(): void {
    this.#pending = [];
  }

  /** The batch was refused. */
  drop(): void {
    this.#pending = [];
    this.counts = none;
  }

  /** The counts since the last check(). */
  takeCounts(): HistogramCounts {
    const {counts} = this;
    this.counts = none;
    return counts;
  }

  #address({slot}: PendingHistogram): number {
    return slotAddress(this.#memory.u32, slot);
  }

  #check(each: PendingHistogram, minValid: number): number {
    const {counts} = this;
    const {slot, generation, timeMs} = each;
    if (!(timeMs >= minValid && Math.abs(timeMs) <= timeMax)) {
      counts.outOfBounds++;
      return sampleStatus.outOfBounds;
    }
    if (!this.#series.alive(slot, generation)) {
      counts.noSeries++;
      return sampleStatus.noSeries;
    }
    return this.#compare(each) ?? pending;
  }

  /** Whether it is refused for what the series has already; undefined = no. */
  #compare(each: PendingHistogram): number | undefined {
    const address = this.#address(each);
    const last = this.#memory.f64[(address + slotLastTime) >>> 3]!;
    if (each.timeMs > last) return undefined;
    if (each.timeMs < last) {
      this.counts.outOfOrder++;
      return sampleStatus.outOfOrder;
    }
    if (this.#chunks.tagged.endsWith(address, each.histogram, each.integer)) return undefined;
    this.counts.duplicates++;
    return sampleStatus.duplicate;
  }

  #append(each: PendingHistogram): number {
    const {counts} = this;
    const refused = this.#compare(each);
    if (refused !== undefined) return refused;
    const address = this.#address(each);
    counts.accepted++;
    if (each.timeMs === this.#memory.f64[(address + slotLastTime) >>> 3]) return sampleStatus.accepted;
    const wasStale = this.#chunks.isStale(address);
    this.#chunks.tagged.appendHistogram(address, each, each.histogram, each.integer);
    counts.stored++;
    counts.stale += Number(each.histogram === null) - Number(wasStale);
    counts.minTime = Math.min(counts.minTime, each.timeMs);
    counts.maxTime = Math.max(counts.maxTime, each.timeMs);
    assert(this.#memory.f64[(address + slotLastTime) >>> 3] === each.timeMs, 'the newest sample is this one');
    return sampleStatus.accepted;
  }
}

function noCounts(): HistogramCounts {
  return {
    accepted: 0,
    stored: 0,
    outOfOrder: 0,
    duplicates: 0,
    outOfBounds: 0,
    tooOld: 0,
    noSeries: 0,
    stale: 0,
    minTime: Infinity,
    maxTime: -Infinity,
  };
}

/** While there are no histograms; never changed. */
const none = noCounts();
