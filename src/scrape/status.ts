/** A target as /api/v1/targets shows it. Plain data: it travels from the storage thread to the main thread. */
export interface TargetStatus {
  discoveredLabels: Record<string, string>;
  labels: Record<string, string>;
  scrapePool: string;
  scrapeUrl: string;
  /** '' when the last scrape was well. */
  lastError: string;
  /** Milliseconds since 1970; 0 = not scraped yet. */
  lastScrapeMs: number;
  lastScrapeDurationSeconds: number;
  health: 'up' | 'down' | 'unknown';
  scrapeIntervalMs: number;
  scrapeTimeoutMs: number;
}

export interface DroppedTarget {
  discoveredLabels: Record<string, string>;
  scrapePool: string;
}

export interface TargetsWanted {
  /** Only this pool; '' = all. */
  scrapePool?: string;
  active?: boolean;
  dropped?: boolean;
}

export interface TargetsStatus {
  active: TargetStatus[];
  dropped: DroppedTarget[];
  /** Number of dropped targets for each scrape pool. */
  droppedCounts: Record<string, number>;
}

/** Metadata of one metric family as one target sent it. */
export interface MetricMetadata {
  metric: string;
  type: string;
  help: string;
  unit: string;
}
