import {formatDuration} from '../model/duration.ts';
import {Summary} from '../sys/summary.ts';

/** What the scrapers have counted since the start. Counters never fall. */
export class ScrapeCounters {
  poolsCreated = 0;
  poolsFailed = 0;
  poolReloads = 0;
  poolReloadsFailed = 0;
  sampleLimitExceeded = 0;
  bodySizeLimitExceeded = 0;
  labelLimitExceeded = 0;
  targetLimitExceeded = 0;
  duplicateTimestamps = 0;
  outOfOrder = 0;
  outOfBounds = 0;
  exemplarsOutOfOrder = 0;
  bucketLimitExceeded = 0;
  /** Targets that could not be made from what discovery said. */
  targetsFailed = 0;
  linesPredicted = 0;
  linesMoved = 0;
  linesParsed = 0;
  /** Actual time between scrapes of targets that share an interval, by interval in milliseconds. */
  readonly #intervals = new Map<number, Summary>();

  observeInterval(intervalMs: number, seconds: number): void {
    let summary = this.#intervals.get(intervalMs);
    if (summary === undefined) {
      summary = new Summary();
      this.#intervals.set(intervalMs, summary);
    }
    summary.observe(seconds);
  }

  intervals(): ScrapeIntervalStatistics[] {
    return [...this.#intervals].map(([intervalMs, summary]) => ({
      interval: formatDuration(intervalMs),
      ...summary.snapshot(),
    }));
  }
}

/** Plain data, for the program's own metrics. */
export interface ScrapeStatistics {
  /** By name, sorted. */
  pools: ScrapePoolStatistics[];
  intervals: ScrapeIntervalStatistics[];
  poolReloads: number;
  poolReloadsFailed: number;
  poolsCreated: number;
  poolsFailed: number;
  sampleLimitExceeded: number;
  bodySizeLimitExceeded: number;
  labelLimitExceeded: number;
  targetLimitExceeded: number;
  targetsFailed: number;
  duplicateTimestamps: number;
  outOfOrder: number;
  outOfBounds: number;
  exemplarsOutOfOrder: number;
  bucketLimitExceeded: number;
  /** Lines that were where the previous scrape had them, found elsewhere, and read in full. */
  linesPredicted: number;
  linesMoved: number;
  linesParsed: number;
  /** Bytes of the line tables of all targets; metadata lines that they share. */
  tableBytes: number;
  metadataEntries: number;
}

export interface ScrapePoolStatistics {
  name: string;
  targets: number;
  targetLimit: number;
  syncs: number;
  syncSecondsTotal: number;
}

export interface ScrapeIntervalStatistics {
  /** As configured, for example `15s`. */
  interval: string;
  count: number;
  secondsTotal: number;
  /** `[quantile, seconds]`, rising. */
  quantiles: [number, number][];
}
