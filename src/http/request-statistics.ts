// What /metrics says of the requests: plain counters, one object for each handler.

export const durationBuckets: readonly number[] = [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120];
export const sizeBuckets: readonly number[] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** A classic histogram: `counts[i]` are the observations up to `bounds[i]` that no earlier bucket has; the last: all others. */
export class BucketCounts {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]!) i++;
    this.counts[i]!++;
    this.sum += value;
    this.count++;
  }
}

export class HandlerStatistics {
  /** The route, for example `/api/v1/query`. */
  readonly handler: string;
  /** Requests by status. */
  readonly codes = new Map<number, number>([[200, 0]]);
  readonly durations = new BucketCounts(durationBuckets);
  readonly sizes = new BucketCounts(sizeBuckets);

  constructor(handler: string) {
    this.handler = handler;
  }

  observe(status: number, seconds: number, bytes: number): void {
    this.codes.set(status, (this.codes.get(status) ?? 0) + 1);
    this.durations.observe(seconds);
    this.sizes.observe(bytes);
  }
}
