import {
  kindDropped,
  linePack,
  packKindMask,
  stateStagedCapacity,
  stateTotal,
  stateValue,
} from '../kernels/scrape-layout.ts';
import {customBucketsSchema, type FloatHistogram} from '../model/histogram.ts';
import {exponentialSchemaMin, isExponentialSchema} from '../model/histogram/bounds.ts';
import {acceptHistogram} from '../model/histogram/received.ts';
import {reduceResolution} from '../model/histogram/resolution.ts';
import {compareLabels} from '../model/labels.ts';
import type {Exemplar} from '../storage/exemplar.ts';
import {type ScanOptions, ScrapeScan, type StagedExemplar, type StagedHistogram} from './scan.ts';

/** When a sample is from. */
export interface SampleTimes {
  /** NaN = the target says nothing. */
  timestampMs: number;
  /** When the counting began; 0 = not known. */
  startMs: number;
}

interface HeldHistogram extends StagedHistogram {
  index: number;
  timestampMs: number;
  startMs: number;
}

/**
 * A scan whose samples may be native histograms, and may have start timestamps. Histograms are held back and staged behind all
 * floats, for which the columns are made.
 */
export abstract class DetailScan extends ScrapeScan {
  #held: HeldHistogram[] = [];
  #staged: StagedHistogram[] = [];
  #exemplars: StagedExemplar[] = [];
  #startTimes: number[] = [];

  override begin(options: ScanOptions): void {
    super.begin(options);
    this.#clear();
    this.histograms = this.#staged;
    this.exemplars = this.#exemplars;
    this.startTimes = this.details.starts ? this.#startTimes : null;
  }

  override release(): void {
    super.release();
    this.#clear();
  }

  override get total(): number {
    return this.get(stateTotal) + this.#held.length;
  }

  /** Takes a float of entry `index`; its bits are at `stateValue`. */
  protected stageFloat(index: number, times: SampleTimes): void {
    this.#stage(index, times);
  }

  /** Puts the bits of the next float where stageFloat() takes them. */
  protected setValueBits(high: number, low: number): void {
    const at = (this.state + stateValue) / 4;
    this.u32[at] = low;
    this.u32[at + 1] = high;
  }

  protected setValue(value: number): void {
    this.f64[(this.state + stateValue) / 8] = value;
  }

  /** Whether the samples of entry `index` are left out by relabeling. */
  protected isDropped(index: number): boolean {
    const pack = this.u32[(this.options.table.line(index) + linePack) / 4]!;
    return (pack & packKindMask) === kindDropped;
  }

  /** Takes a histogram of entry `index`. Throws InvalidHistogram where it contradicts itself. */
  protected holdHistogram(index: number, read: StagedHistogram, times: SampleTimes): void {
    const {integer} = read;
    let {histogram} = read;
    if (!this.isDropped(index)) {
      const limited = limitBuckets(histogram, this.details);
      if (limited === null) this.bucketLimitHit = true;
      else histogram = acceptHistogram(limited, integer);
    }
    this.#held.push({index, histogram, integer, ...times});
  }

  /** Takes the exemplars of one sample of entry `index`. */
  protected takeExemplars(index: number, exemplars: Exemplar[]): void {
    if (this.isDropped(index)) return;
    // In this order the store takes all of them.
    exemplars.sort(
      (left, right) =>
        left.timeMs - right.timeMs || left.value - right.value || compareLabels(left.labels, right.labels),
    );
    for (const exemplar of exemplars) this.#exemplars.push({index, exemplar});
  }

  /** The time of a sample that has this one, or none (NaN). */
  protected sampleMs(timestampMs: number): number {
    const {honorTimestamps, timestampMs: now} = this.options;
    return honorTimestamps && !Number.isNaN(timestampMs) ? timestampMs : now;
  }

  /** Stages the histograms: the body is complete. */
  protected stageHistograms(): void {
    const held = this.#held;
    this.#held = [];
    this.setValue(0);
    for (const each of held) {
      if (this.#stage(each.index, each)) this.#staged.push(each);
    }
  }

  /** Whether the sample was taken. */
  #stage(index: number, {timestampMs, startMs}: SampleTimes): boolean {
    const {staged} = this;
    if (staged === this.get(stateStagedCapacity)) this.growStaging();
    const hasTimestamp = !Number.isNaN(timestampMs);
    this.world.kernels.stageSample(this.state, index, hasTimestamp ? 1 : 0, hasTimestamp ? timestampMs : 0);
    if (this.staged === staged) return false;
    if (this.startTimes !== null) this.#startTimes.push(startMs);
    return true;
  }

  #clear(): void {
    this.#held = [];
    this.#staged = [];
    this.#exemplars = [];
    this.#startTimes = [];
  }
}

/** The histogram with as many buckets as are allowed, at most; null where there is no such one. */
function limitBuckets(
  histogram: FloatHistogram,
  {bucketLimit, schemaMax}: {bucketLimit: number; schemaMax: number},
): FloatHistogram | null {
  let limited = histogram;
  if (limited.schema > schemaMax && limited.schema !== customBucketsSchema) {
    limited = reduce(limited, schemaMax);
  }
  while (bucketLimit > 0 && buckets(limited) > bucketLimit) {
    if (!isExponentialSchema(limited.schema) || limited.schema <= exponentialSchemaMin) return null;
    limited = reduce(limited, limited.schema - 1);
  }
  return limited;
}

/** What is known of resets stays as it was, as in a gauge. */
function reduce(histogram: FloatHistogram, schema: number): FloatHistogram {
  const {counterResetHint} = histogram;
  return reduceResolution(histogram, schema).with({counterResetHint});
}

function buckets({positiveBuckets, negativeBuckets}: FloatHistogram): number {
  return positiveBuckets.length + negativeBuckets.length;
}
