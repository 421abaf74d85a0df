import {type Labels, metricNameLabel, withLabel} from '../model/labels.ts';
import {setStale} from '../model/value.ts';
import {addSample, type Appender, sampleStatus, type SeriesRef} from '../storage/appender.ts';

/** Series that each scrape writes about itself, in this order. */
const reportNames = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;

/** Further ones, where they are wanted. */
const extraReportNames = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'] as const;
const allReportNames = [...reportNames, ...extraReportNames];
/** So many samples a report has at most. */
export const reportLengthMax = allReportNames.length;

export interface ExtraReport {
  timeoutSeconds: number;
  /** 0 = none. */
  sampleLimit: number;
  /** -1 = more than allowed. */
  bodyBytes: number;
}

export interface Report {
  up: boolean;
  durationSeconds: number;
  scraped: number;
  added: number;
  seriesAdded: number;
}

/** A target: the labels that its series get. */
export interface LabelOwner {
  readonly publicLabels: Labels;
}

const noRefs: readonly number[] = [];
const ref: SeriesRef = {slot: 0, generation: 0};

/** The series that the scrapes of one target write about themselves. */
export class ReportSeries {
  readonly #appender: Appender;
  readonly #target: LabelOwner;
  /** Slots and generations in turn, of as many as there are; a slot of -1: the store has dropped it. */
  #refs = noRefs as number[];

  constructor(appender: Appender, target: LabelOwner) {
    this.#appender = appender;
    this.#target = target;
  }

  /** Makes the first `count` of them. Throws where the store takes no more series. */
  make(count: number): void {
    for (let i = 0; i < count; i++) this.#ref(i);
  }

  /** Adds a report to the batch. */
  push(timestampMs: number, values: readonly number[]): void {
    const {batch} = this.#appender;
    for (let i = 0; i < values.length; i++) addSample(batch, this.#ref(i), timestampMs, values[i]!);
  }

  /** Adds stale markers of those that were written to the batch. */
  pushStale(timestampMs: number): void {
    const {batch} = this.#appender;
    for (let i = 0; 2 * i < this.#refs.length; i++) {
      if (this.#refs[2 * i]! >= 0) setStale(batch.valueWords, addSample(batch, this.#ref(i), timestampMs, 0));
    }
  }

  /** Makes series again that the store has dropped meanwhile, by the statuses of a report, and commits their samples. */
  restore(timestampMs: number, values: readonly number[], statuses: Uint8Array): void {
    if (!statuses.includes(sampleStatus.noSeries)) return;
    const {batch} = this.#appender;
    for (const [i, value] of values.entries()) {
      if (statuses[i] !== sampleStatus.noSeries) continue;
      this.#refs[2 * i] = -1;
      addSample(batch, this.#ref(i), timestampMs, value);
    }
    this.#appender.commit();
  }

  /** Valid until the next call, for any target. Those before it were made first. */
  #ref(i: number): SeriesRef {
    const at = 2 * i;
    const slot = this.#refs[at] ?? -1;
    if (slot >= 0) {
      ref.slot = slot;
      ref.generation = this.#refs[at + 1]!;
      return ref;
    }
    this.#appender.series(withLabel(this.#target.publicLabels, metricNameLabel, allReportNames[i]!), ref);
    if (this.#refs === noRefs) this.#refs = [];
    this.#refs[at] = ref.slot;
    this.#refs[at + 1] = ref.generation;
    return ref;
  }
}

/** In the order of the names. */
export function reportValues(report: Report, extra: ExtraReport | null | undefined): number[] {
  const {up, durationSeconds, scraped, added, seriesAdded} = report;
  const values = [up ? 1 : 0, durationSeconds, scraped, added, seriesAdded];
  if (extra) values.push(extra.timeoutSeconds, extra.sampleLimit, extra.bodyBytes);
  return values;
}
