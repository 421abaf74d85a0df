import type {CheckpointOptions} from './checkpoint.ts';
import {checkpointEnd, makeCheckpoint} from './checkpoint.ts';
import {lastCheckpoint, listSegments} from './segments.ts';
import type {Wal} from './wal.ts';

export interface TruncationOptions extends Omit<
  CheckpointOptions,
  'last' | 'mint' | 'tombstonesMint' | 'keep'
> {
  wal: Wal;
}

/** Counters for prometheus_tsdb_wal_truncations_* and prometheus_tsdb_checkpoint_*. */
export interface TruncationStatistics {
  truncations: number;
  truncationsFailed: number;
  truncationSeconds: number;
  checkpoints: number;
  checkpointsFailed: number;
  corruptions: number;
}

/** Drops from the log what is in blocks: makes checkpoints, after the head was truncated. */
export class LogTruncation {
  readonly statistics: TruncationStatistics = {
    truncations: 0,
    truncationsFailed: 0,
    truncationSeconds: 0,
    checkpoints: 0,
    checkpointsFailed: 0,
    corruptions: 0,
  };
  readonly #options: TruncationOptions;
  /** Series that are gone, by HeadSeriesRef: the last segment that may have samples of each. */
  readonly #expired = new Map<number, number>();
  /** Refs that stand for a series that has another one, with that. */
  readonly #aliases = new Map<number, number>();
  #mint = -Infinity;

  constructor(options: TruncationOptions) {
    this.#options = options;
  }

  /** Series that are gone: their records stay as long as their samples may be there. */
  expire(refs: Iterable<number>, segment = this.#options.wal.position.segment): void {
    for (const ref of refs) this.#expired.set(ref, segment);
  }

  /**
   * Refs that series have beside their own, by these. Samples in both logs and chunks in files may have either, and are needed as long as
   * the series is there, however old the segment is that named them.
   */
  alias(refs: ReadonlyMap<number, number>): void {
    for (const [ref, own] of refs) this.#aliases.set(ref, own);
  }

  /**
   * What is before `mint` goes from the older two thirds of the segments. `alive`: whether the head has the series. Throws where
   * that fails; nothing is lost then. Deletions stay from `tombstonesMint` on: late samples of that time are in another log. One at a
   * time.
   */
  async run(mint: number, alive: (ref: number) => boolean, tombstonesMint = mint): Promise<void> {
    const {fs, dir, clock, wal} = this.#options;
    if (mint <= this.#mint) return;
    const started = clock.elapsed();
    this.statistics.truncations++;
    try {
      // A new one, so that a log that grows slowly is not longer than it needs to be.
      wal.cut();
      const covered = lastCheckpoint(fs, dir)?.number ?? -1;
      const first = listSegments(fs, dir).find(({number}) => number > covered)?.number ?? 0;
      const last = checkpointEnd(first, wal.position.segment);
      if (last >= 0) await this.#checkpoint(last, {mint, tombstonesMint}, alive);
      this.#mint = mint;
    } catch (error) {
      this.statistics.truncationsFailed++;
      throw error;
    } finally {
      this.statistics.truncationSeconds += (clock.elapsed() - started) / 1000;
    }
  }

  async #checkpoint(
    last: number,
    times: {mint: number; tombstonesMint: number},
    alive: (ref: number) => boolean,
  ): Promise<void> {
    const {statistics} = this;
    statistics.checkpoints++;
    for (const [ref, own] of this.#aliases) {
      if (alive(own)) continue;
      this.#aliases.delete(ref);
      this.expire([ref]);
    }
    try {
      const keep = (ref: number): boolean =>
        alive(ref) || alive(this.#aliases.get(ref) ?? ref) || (this.#expired.get(ref) ?? -1) > last;
      const {corruptions} = await makeCheckpoint({...this.#options, ...times, last, keep});
      statistics.corruptions += corruptions.length;
    } catch (error) {
      statistics.checkpointsFailed++;
      throw error;
    }
    for (const [ref, segment] of this.#expired) if (segment <= last) this.#expired.delete(ref);
  }
}
