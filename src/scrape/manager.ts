import type {TargetGroup} from '../discovery/targetgroup.ts';
import {labelsToRecord} from '../model/labels.ts';
import type {ScrapeConfig} from './config.ts';
import {MetadataReader} from './metadata.ts';
import {ScrapePool} from './pool.ts';
import type {ScrapeStatistics} from './statistics.ts';
import type {MetricMetadata, TargetsStatus, TargetsWanted} from './status.ts';
import type {ScrapeManagerOptions} from './world.ts';
import {ScrapeWorld} from './world.ts';

/** What a target said of its metrics in its last scrapes. */
export interface TargetMetadata {
  labels: Record<string, string>;
  metadata: MetricMetadata[];
}

/** Scrapes the targets of all scrape_configs into the store. It runs in the storage thread. */
export class ScrapeManager {
  readonly #world: ScrapeWorld;
  readonly #pools = new Map<string, ScrapePool>();

  constructor(options: ScrapeManagerOptions) {
    this.#world = new ScrapeWorld(options);
  }

  /**
   * Makes these the configurations in force. Targets that stay the same go on without a gap; a pool that cannot be made is
   * reported in the log and left as it was. `groupsOf` gives the targets of a job, or null where they come later by
   * setTargets(); until then a pool keeps those that it has.
   */
  apply(
    configs: readonly ScrapeConfig[],
    groupsOf: (config: ScrapeConfig) => readonly TargetGroup[] | null = (config) => config.staticConfigs,
  ): void {
    this.#world.failureLogs.apply(configs.map(({scrapeFailureLogFile}) => scrapeFailureLogFile));
    const names = new Set(configs.map(({jobName}) => jobName));
    for (const [name, pool] of this.#pools) {
      if (names.has(name)) continue;
      this.#pools.delete(name);
      void pool.stop(true);
    }
    for (const config of configs) {
      let pool = this.#pools.get(config.jobName);
      const {counters, logger} = this.#world;
      try {
        if (pool === undefined) {
          counters.poolsCreated++;
          pool = new ScrapePool(this.#world, config);
          this.#pools.set(config.jobName, pool);
        } else {
          pool.reload(config);
        }
        const groups = groupsOf(config);
        if (groups !== null) pool.sync(groups);
      } catch (cause) {
        if (pool === undefined) counters.poolsFailed++;
        else counters.poolReloadsFailed++;
        logger.error('error creating new scrape pool', {err: cause, scrape_pool: config.jobName});
      }
    }
  }

  /** Replaces the targets of one job: what discovery found. Static ones are among the groups. */
  setTargets(jobName: string, groups: readonly TargetGroup[]): void {
    this.#pools.get(jobName)?.sync(groups);
  }

  /** Only what is asked for: a cluster has targets by the ten thousand. Counts are always those of all pools. */
  targetsStatus({scrapePool = '', active = true, dropped = true}: TargetsWanted = {}): TargetsStatus {
    const status: TargetsStatus = {active: [], dropped: [], droppedCounts: {}};
    for (const [name, pool] of this.#pools) {
      status.droppedCounts[name] = pool.droppedCount;
      if (scrapePool !== '' && scrapePool !== name) continue;
      if (active) for (const loop of pool.loops.values()) status.active.push(loop.status());
      if (dropped) for (const target of pool.droppedTargets()) status.dropped.push(target);
    }
    return status;
  }

  /** Names of all scrape pools, sorted. */
  poolNames(): string[] {
    return [...this.#pools.keys()].sort();
  }

  /** What each target said of its metrics. The objects of metadata are shared: do not change them. */
  metadata(): TargetMetadata[] {
    const reader = new MetadataReader(this.#world.memory.comments);
    const targets: TargetMetadata[] = [];
    for (const pool of this.#pools.values()) {
      for (const loop of pool.loops.values()) {
        targets.push({
          labels: labelsToRecord(loop.target.publicLabels),
          metadata: reader.read(loop.ingest),
        });
      }
    }
    return targets;
  }

  statistics(): ScrapeStatistics {
    const {counters, memory} = this.#world;
    let tableBytes = 0;
    for (const pool of this.#pools.values()) {
      for (const loop of pool.loops.values()) tableBytes += loop.ingest.table.bytes;
    }
    return {
      pools: this.poolNames().map((name) => this.#pools.get(name)!.statistics()),
      intervals: counters.intervals(),
      poolReloads: counters.poolReloads,
      poolReloadsFailed: counters.poolReloadsFailed,
      poolsCreated: counters.poolsCreated,
      poolsFailed: counters.poolsFailed,
      sampleLimitExceeded: counters.sampleLimitExceeded,
      bodySizeLimitExceeded: counters.bodySizeLimitExceeded,
      labelLimitExceeded: counters.labelLimitExceeded,
      targetLimitExceeded: counters.targetLimitExceeded,
      targetsFailed: counters.targetsFailed,
      duplicateTimestamps: counters.duplicateTimestamps,
      outOfOrder: counters.outOfOrder,
      outOfBounds: counters.outOfBounds,
      exemplarsOutOfOrder: counters.exemplarsOutOfOrder,
      bucketLimitExceeded: counters.bucketLimitExceeded,
      linesPredicted: counters.linesPredicted,
      linesMoved: counters.linesMoved,
      linesParsed: counters.linesParsed,
      tableBytes,
      metadataEntries: memory.comments.size,
    };
  }

  /** Ends all scraping; samples under way are stored. No series is marked stale: the server comes back. */
  async stop(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.stop(false)));
    await this.#world.stop();
  }
}
