// Snapshots of the counters that the threads keep, for /metrics, /status/runtimeinfo and /status/tsdb. Plain data. Counters
// never fall while the process lives. Whatever a store cannot tell yet is left out, and so is its metric.

import type {DiscoveryStatistics} from '../discovery/statistics.ts';
import type {ScrapeStatistics} from '../scrape/statistics.ts';

export interface StorageStatistics {
  head: HeadStatistics;
  wal: WalStatistics;
  blocks?: BlocksStatistics;
  scrape: ScrapeStatistics;
  discovery?: DiscoveryStatistics;
  remoteWrite: RemoteWriteStatistics;
  memory: SharedMemoryStatistics;
}

export interface HeadStatistics {
  series: number;
  seriesCreated: number;
  seriesRemoved: number;
  chunks: number;
  chunksCreated: number;
  chunksRemoved: number;
  /** Floats. */
  samplesAppended: number;
  histogramsAppended: number;
  outOfOrderSamples: number;
  duplicateSamples: number;
  outOfBoundsSamples: number;
  /** Whole milliseconds; null while the head is empty. */
  minTimeMs: number | null;
  maxTimeMs: number | null;
  labelPairs?: number;
  symbolsBytes?: number;
  activeAppenders?: number;
  /** Series whose newest sample is a stale marker. */
  staleSeries?: number;
  disk?: HeadDiskStatistics;
}

/** What of the head is on the disk, and what came late. Counters only rise. */
export interface HeadDiskStatistics {
  /** Bytes of the files of full chunks. */
  chunksBytes: number;
  chunksWritten: number;
  /** Damage found in these files. */
  chunksCorruptions: number;
  /** Floats. */
  lateSamplesAppended: number;
  lateHistogramsAppended: number;
  tooOldSamples: number;
  checkpoints: number;
  checkpointsFailed: number;
  exemplars: {
    appended: number;
    outOfOrder: number;
    inStorage: number;
    series: number;
    lastTimestampSeconds: number;
    max: number;
  };
}

/** Observations by size; the last count is of what is above all bounds. */
export interface BucketCounts {
  readonly bounds: readonly number[];
  readonly counts: ArrayLike<number>;
  readonly sum: number;
  readonly count: number;
}

export interface BlocksStatistics {
  loaded: number;
  bytes: number;
  /** Blocks that cannot be read and are left out. */
  damaged: number;
  reloads: number;
  reloadsFailed: number;
  timeRetentions: number;
  sizeRetentions: number;
  /** The oldest time in a block; null without blocks. */
  minTimeMs: number | null;
  /** What is kept; 0 = no limit. */
  retention: {timeMs: number; bytes: number; percentage: number};
  compactions: CompactionStatistics | null;
}

export interface CompactionStatistics {
  triggered: number;
  ran: number;
  failed: number;
  overlapping: number;
  seconds: BucketCounts;
  chunks: {bytes: BucketCounts; samples: BucketCounts; rangeMs: BucketCounts};
  populating: boolean;
  headTruncations: number;
  headTruncationsFailed: number;
  staleTriggered: number;
  staleFailed: number;
  staleSeconds: BucketCounts;
}

export interface WalStatistics {
  segmentCurrent: number;
  storageBytes: number;
  fsyncs: number;
  fsyncSecondsTotal: number;
  /** `[quantile, seconds]`, rising. */
  fsyncQuantiles?: [number, number][];
  writesFailed: number;
  corruptions: number;
  truncations?: number;
  truncationsFailed?: number;
  pageFlushes?: number;
  completedPages?: number;
  recordsWritten?: number;
  bytesWritten?: number;
  /** Replay at start. */
  replaySeconds?: number;
}

export interface RemoteWriteStatistics {
  requests: number;
  samples: number;
  samplesRejected: number;
  samplesWithInvalidLabels: number;
  exemplars: number;
  exemplarsSkipped: number;
  histograms: number;
}

export interface SharedMemoryStatistics {
  /** Bytes ever touched, and bytes in use. */
  committedBytes?: number;
  usedBytes: number;
}

export interface QueryStatistics {
  /** Waiting and running now. */
  queries: number;
  concurrentMax: number;
  /** By slice: queue_time, prepare_time, inner_eval, result_sort. */
  slices: QuerySliceStatistics[];
  samplesRead?: number;
  /** Queries that were cut off by time, by memory or by their client. */
  timedOut?: number;
  overBudget?: number;
  cancelled?: number;
  /** Threads that were ended because their query did not give up, or that fell by themselves. */
  threadsReplaced?: number;
  /** Parts of blocks and chunks of the head that were found damaged. */
  damagedParts?: number;
  memory?: QueryMemoryStatistics;
}

export interface QueryMemoryStatistics {
  /** What running queries hold, and answers that are being sent. */
  heldBytes: number;
  /** What one query may hold, and all together. */
  queryBytesMax: number;
  totalBytesMax: number;
}

export interface QuerySliceStatistics {
  slice: string;
  count: number;
  secondsTotal: number;
  /** `[quantile, seconds]`, rising. */
  quantiles: [number, number][];
}
