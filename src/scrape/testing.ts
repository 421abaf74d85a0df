// Stand-ins for tests and benchmarks of this folder.
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import type {Appender, CommitResult, SampleBatch, SeriesRef} from '../storage/appender.ts';
import {sampleStatus} from '../storage/appender.ts';
import type {Labels} from '../model/labels.ts';
import {formatLabels} from '../model/labels.ts';
import {isStale} from '../model/value.ts';
import type {Clock} from '../sys/clock.ts';
import type {ScrapeConfig} from './config.ts';
import {ScrapeMemory} from './memory.ts';

let memory: LinearMemory | undefined;

/** A memory and an arena of its own for each caller's use; the address space is reserved once per process. */
export function createMemory(): ScrapeMemory {
  memory ??= LinearMemory.reserve(2 ** 30);
  const kernels = loadKernels(memory);
  return new ScrapeMemory({
    memory,
    kernels,
    arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
  });
}

export interface StoredSample {
  time: number;
  /** 'stale' for the stale marker. */
  value: number | 'stale';
}

/** An appender that keeps everything in plain objects, with the store's rules for order and duplicates. */
export class PlainAppender implements Appender {
  readonly batch: SampleBatch;
  created = false;
  commits = 0;
  /** Thrown by the next commit. */
  failure: Error | null = null;
  readonly series_: {labels: Labels; generation: number; samples: StoredSample[]}[] = [];
  readonly #slots = new Map<string, number>();

  constructor(world: ScrapeMemory, capacity = 4096) {
    const {
      arena,
      memory: {u8, u32, f64},
    } = world;
    const slotsAddress = arena.alloc(4 * capacity);
    const generationsAddress = arena.alloc(4 * capacity);
    const timesAddress = arena.alloc(8 * capacity);
    const valuesAddress = arena.alloc(8 * capacity);
    const statusesAddress = arena.alloc(capacity);
    this.batch = {
      slotsAddress,
      generationsAddress,
      timesAddress,
      valuesAddress,
      statusesAddress,
      slots: u32.subarray(slotsAddress / 4, slotsAddress / 4 + capacity),
      generations: u32.subarray(generationsAddress / 4, generationsAddress / 4 + capacity),
      times: f64.subarray(timesAddress / 8, timesAddress / 8 + capacity),
      values: f64.subarray(valuesAddress / 8, valuesAddress / 8 + capacity),
      valueWords: u32.subarray(valuesAddress / 4, valuesAddress / 4 + 2 * capacity),
      statuses: u8.subarray(statusesAddress, statusesAddress + capacity),
      startTimes: null,
      capacity,
      length: 0,
    };
  }

  series(labels: Labels, into: SeriesRef): void {
    const name = formatLabels(labels);
    let slot = this.#slots.get(name);
    this.created = slot === undefined;
    if (slot === undefined) {
      slot = this.series_.length;
      this.#slots.set(name, slot);
      this.series_.push({labels, generation: 7, samples: []});
    }
    into.slot = slot;
    into.generation = this.series_[slot]!.generation;
  }

  alive(slot: number, generation: number): boolean {
    return this.series_[slot]?.generation === generation;
  }

  commit(): CommitResult {
    const {batch} = this;
    const {length} = batch;
    batch.length = 0;
    const result = {accepted: 0, outOfOrder: 0, duplicates: 0, outOfBounds: 0, noSeries: 0};
    if (this.failure !== null) {
      const failure = this.failure;
      this.failure = null;
      throw failure;
    }
    this.commits++;
    for (let i = 0; i < length; i++) {
      const status = this.#append(i);
      batch.statuses[i] = status;
      if (status === sampleStatus.accepted) result.accepted++;
      else if (status === sampleStatus.outOfOrder) result.outOfOrder++;
      else if (status === sampleStatus.duplicate) result.duplicates++;
      else if (status === sampleStatus.outOfBounds) result.outOfBounds++;
      else result.noSeries++;
    }
    return result;
  }

  metadata(): void {}

  readonly histogramCount = 0;
  readonly histogramsMax = 0;
  readonly histogramStatuses = new Uint8Array(0);

  histogram(): never {
    throw new RangeError('no histograms here');
  }

  readonly takesExemplars = false;

  exemplar(): 'disabled' {
    return 'disabled';
  }

  /** Forgets a series, as the store does when it has been silent for long. */
  drop(slot: number): void {
    const {labels} = this.series_[slot]!;
    this.#slots.delete(formatLabels(labels));
    this.series_[slot]!.generation++;
  }

  /** Samples of the series whose labels print like this. */
  samples(name: string): StoredSample[] {
    const slot = this.#slots.get(name);
    return slot === undefined ? [] : this.series_[slot]!.samples;
  }

  /** Every series that has samples, by its labels as text. */
  dump(): Record<string, StoredSample[]> {
    const all: Record<string, StoredSample[]> = {};
    for (const {labels, samples} of this.series_) if (samples.length > 0) all[formatLabels(labels)] = samples;
    return all;
  }

  #append(i: number): number {
    const {batch} = this;
    const series = this.series_[batch.slots[i]!];
    if (series === undefined || series.generation !== batch.generations[i]) return sampleStatus.noSeries;
    const time = batch.times[i]!;
    const value = isStale(batch.valueWords, i) ? 'stale' : batch.values[i]!;
    const last = series.samples.at(-1);
    if (last !== undefined && time < last.time) return sampleStatus.outOfOrder;
    if (last !== undefined && time === last.time) {
      return Object.is(value, last.value) ? sampleStatus.accepted : sampleStatus.duplicate;
    }
    series.samples.push({time, value});
    return sampleStatus.accepted;
  }
}

/** A configuration with Prometheus's defaults. */
export function scrapeConfig(options: Partial<ScrapeConfig>): ScrapeConfig {
  return {
    jobName: 'test',
    scrapeIntervalMs: 15_000,
    scrapeTimeoutMs: 10_000,
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: true,
    followRedirects: true,
    scrapeProtocols: [
      'OpenMetricsText1.0.0',
      'OpenMetricsText0.0.1',
      'PrometheusText1.0.0',
      'PrometheusText0.0.4',
    ],
    fallbackScrapeProtocol: '',
    scrapeNativeHistograms: false,
    alwaysScrapeClassicHistograms: false,
    convertClassicHistogramsToNhcb: false,
    nativeHistogramMinBucketFactor: 0,
    metricNameValidationScheme: 'utf8',
    metricNameEscapingScheme: 'allow-utf-8',
    extraScrapeMetrics: false,
    scrapeFailureLogFile: '',
    nativeHistogramBucketLimit: 0,
    bodySizeLimitBytes: 0,
    sampleLimit: 0,
    labelLimit: 0,
    labelNameLengthLimit: 0,
    labelValueLengthLimit: 0,
    targetLimit: 0,
    keepDroppedTargets: 0,
    relabelConfigs: [],
    metricRelabelConfigs: [],
    staticConfigs: [],
    discoveryConfigs: [],
    ...options,
  };
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #wall = 1_700_000_000_000;
  #monotonic = 5000;
  #timers: {at: number; fire: () => void}[] = [];

  readonly now = (): number => this.#wall;
  readonly elapsed = (): number => this.#monotonic;
  readonly after = (delayMs: number, fire: () => void): (() => void) => {
    const timer = {at: this.#monotonic + delayMs, fire};
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  /** Lets time pass; timers fire at their time, or `lateMs` after it. */
  advance(ms: number, lateMs = 0): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const due = this.#timers
        .filter(({at}) => at + lateMs <= end)
        .sort((left, right) => left.at - right.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== due);
      this.#go(Math.max(this.#monotonic, due.at + lateMs));
      due.fire();
    }
    this.#go(end);
  }

  /** Lets time pass at once, as if the process had been stopped: what is due fires at the end. */
  jump(ms: number): void {
    this.#go(this.#monotonic + ms);
    this.advance(0);
  }

  /** Sets the clock of timestamps. */
  set(aheadMs: number): void {
    this.#wall += aheadMs;
  }

  #go(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}
