/** Observations by size: how many are at most each bound, but above the one before; the last count is of what is above all. */
export interface Distribution {
  bounds: readonly number[];
  counts: number[];
  sum: number;
  count: number;
}

/** What the chunks of new blocks are like. */
export interface ChunkStatistics {
  bytes: Distribution;
  samples: Distribution;
  rangeMs: Distribution;
}

const exponential = (start: number, factor: number, count: number): number[] =>
  Array.from({length: count}, (_, i) => start * factor ** i);

function distributionOf(bounds: readonly number[]): Distribution {
  return {bounds, counts: Array.from({length: bounds.length + 1}, () => 0), sum: 0, count: 0};
}

/** With the bounds that Prometheus has for prometheus_tsdb_compaction_chunk_*. */
export function newChunkStatistics(): ChunkStatistics {
  return {
    bytes: distributionOf(exponential(32, 1.5, 12)),
    samples: distributionOf(exponential(4, 1.5, 12)),
    rangeMs: distributionOf(exponential(100, 4, 10)),
  };
}

/** Seconds that the writing of blocks takes, with the bounds of prometheus_tsdb_compaction_duration_seconds. */
export function newDurations(): Distribution {
  return distributionOf(exponential(1, 2, 14));
}

export function observe(distribution: Distribution, value: number): void {
  const {bounds, counts} = distribution;
  let at = 0;
  while (at < bounds.length && value > bounds[at]!) at++;
  counts[at]!++;
  distribution.sum += value;
  distribution.count++;
}

/** Adds the observations of another with the same bounds. */
export function addDistribution(to: Distribution, from: Distribution): void {
  from.counts.forEach((count, i) => (to.counts[i]! += count));
  to.sum += from.sum;
  to.count += from.count;
}
