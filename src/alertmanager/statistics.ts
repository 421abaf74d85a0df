// What is counted, to be read by /metrics.

/** A count and a sum of durations, as a summary without quantiles tells them. */
export interface Durations {
  count: number;
  seconds: number;
}

/** Of silences and of the notification log. */
export class MaintenanceCounts {
  maintenances = 0;
  errors = 0;
  snapshotBytes = 0;
  readonly collections: Durations = {count: 0, seconds: 0};
  readonly snapshots: Durations = {count: 0, seconds: 0};

  collected(ms: number): void {
    this.collections.count++;
    this.collections.seconds += ms / 1000;
  }

  snapshot(ms: number, bytes: number): void {
    this.snapshots.count++;
    this.snapshots.seconds += ms / 1000;
    this.snapshotBytes = bytes;
  }
}
