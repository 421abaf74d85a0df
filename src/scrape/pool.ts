import type {TargetGroup} from '../discovery/targetgroup.ts';
import type {Labels} from '../model/labels.ts';
import {labelsToRecord} from '../model/labels.ts';
import type {CompiledRelabelConfig} from '../relabel/relabel.ts';
import {compileRelabel, relabel} from '../relabel/relabel.ts';
import {ScrapeClient} from './client.ts';
import type {ScrapeConfig} from './config.ts';
import type {LabelResolver} from './labels.ts';
import {checkLabelLimits, checkSeries, joinLabels} from './labels.ts';
import type {LoopOwner} from './loop.ts';
import {ScrapeLoop} from './loop.ts';
import type {DroppedTarget} from './status.ts';
import type {ScrapePoolStatistics} from './statistics.ts';
import type {Target, TargetSet} from './target.ts';
import {targetsOf} from './target.ts';
import {WantedTargets} from './wanted.ts';
import type {ScrapeWorld} from './world.ts';

/** What a group has become, and the number of the sync that saw it last. */
interface SyncedSet extends TargetSet {
  sync: number;
}

/** The targets of one entry of scrape_configs. */
export class ScrapePool implements LoopOwner {
  config: ScrapeConfig;
  client: ScrapeClient;
  /** Fails every scrape of the pool: the target_limit is exceeded. */
  forcedError: Error | null = null;
  readonly world: ScrapeWorld;
  readonly loops = new Map<string, ScrapeLoop>();
  /** Targets that relabeling has dropped. */
  droppedCount = 0;
  #relabelConfigs: CompiledRelabelConfig[];
  #metricRelabelConfigs: CompiledRelabelConfig[];
  /** What the groups of the last sync have become; made anew when the configuration changes. */
  #targetSets = new Map<TargetGroup, SyncedSet>();
  #wanted = new WantedTargets();
  /** Whether loops may run that no target wants: those of the configuration before. */
  #hasOldLoops = false;
  #syncs = 0;
  #syncSecondsTotal = 0;

  constructor(world: ScrapeWorld, config: ScrapeConfig) {
    this.world = world;
    this.config = config;
    this.client = new ScrapeClient(config, () => this.world.clock.elapsed(), this.world.gunzip);
    this.#relabelConfigs = compileRelabel(config.relabelConfigs);
    this.#metricRelabelConfigs = compileRelabel(config.metricRelabelConfigs);
  }

  /** Takes a changed configuration over. Targets that stay the same go on without a gap. */
  reload(config: ScrapeConfig): void {
    if (isEqual(withoutTargets(config), withoutTargets(this.config))) {
      this.config = config;
      return;
    }
    this.world.counters.poolReloads++;
    const sameLabels = isEqual(seriesPart(config), seriesPart(this.config));
    const client = new ScrapeClient(config, () => this.world.clock.elapsed(), this.world.gunzip);
    const relabelConfigs = compileRelabel(config.relabelConfigs);
    const metricRelabelConfigs = compileRelabel(config.metricRelabelConfigs);
    // Requests under way end on the old client.
    const old = this.client;
    this.world.later(this.config.scrapeTimeoutMs + 1000, () => old.close());
    this.config = config;
    this.client = client;
    this.#relabelConfigs = relabelConfigs;
    this.#targetSets = new Map();
    this.#wanted = new WantedTargets();
    this.droppedCount = 0;
    this.#hasOldLoops = true;
    this.#metricRelabelConfigs = metricRelabelConfigs;
    for (const loop of this.loops.values()) loop.reload(sameLabels);
  }

  /**
   * Makes the targets those of `groups`: new ones are started, those that are gone retired. Groups are not changed: one that
   * is the same object as before is what it was. Of thousands few change at a time, and only those take time.
   */
  sync(groups: readonly TargetGroup[]): void {
    const started = performance.now();
    const sets = this.#targetSets;
    const sync = ++this.#syncs;
    let seen = 0;
    for (const group of groups) {
      const known = sets.get(group);
      if (known !== undefined) {
        if (known.sync !== sync) seen++;
        known.sync = sync;
        continue;
      }
      seen++;
      const set = {...targetsOf(this.config, this.#relabelConfigs, group), sync};
      sets.set(group, set);
      this.#add(set);
    }
    if (sets.size > seen) {
      for (const [group, set] of sets) {
        if (set.sync === sync) continue;
        sets.delete(group);
        this.#remove(set);
      }
    }
    this.#checkLimit();
    for (const key of this.#wanted.takeChanged()) this.#run(key, this.#wanted.get(key));
    if (this.#hasOldLoops)
      for (const key of this.loops.keys()) if (this.#wanted.get(key) === null) this.#run(key, null);
    this.#hasOldLoops = false;
    this.#syncSecondsTotal += (performance.now() - started) / 1000;
  }

  #add({targets, dropped, failures}: TargetSet): void {
    for (const target of targets) this.#wanted.add(target);
    this.droppedCount += dropped.length;
    this.world.counters.targetsFailed += failures.length;
    for (const err of failures) {
      this.world.logger.error('Creating target failed', {scrape_pool: this.config.jobName, err});
    }
  }

  #remove({targets, dropped}: TargetSet): void {
    for (const target of targets) this.#wanted.remove(target);
    this.droppedCount -= dropped.length;
  }

  #checkLimit(): void {
    const {targetLimit, jobName} = this.config;
    const {size} = this.#wanted;
    this.forcedError = null;
    if (targetLimit === 0 || size <= targetLimit) return;
    this.world.counters.targetLimitExceeded++;
    this.forcedError = new RangeError(
      `target_limit exceeded (number of targets: ${size}, limit: ${targetLimit})`,
    );
    this.world.logger.warn('Target limit exceeded', {scrape_pool: jobName, err: this.forcedError});
  }

  /** Starts, goes on with or (null) ends the scraping of a target. */
  #run(key: string, target: Target | null): void {
    const running = this.loops.get(key);
    if (target === null) {
      this.loops.delete(key);
      void running?.retire();
    } else if (running !== undefined) running.target = target;
    else {
      const loop = new ScrapeLoop(this, target);
      this.loops.set(key, loop);
      loop.start();
    }
  }

  resolverFor(target: Labels): LabelResolver {
    const {config, world} = this;
    const relabelConfigs = this.#metricRelabelConfigs;
    return (exposed, emptyNames) => {
      const joined = joinLabels(exposed, emptyNames, target, config.honorLabels);
      const labels = relabelConfigs.length === 0 ? joined : relabel(joined, relabelConfigs);
      if (labels === null || labels.length === 0) return null;
      checkSeries(labels, config.metricNameValidationScheme);
      try {
        checkLabelLimits(labels, config);
      } catch (cause) {
        world.counters.labelLimitExceeded++;
        throw cause;
      }
      return labels;
    };
  }

  /** Ends all scraping. With `gone` the targets are not coming back, and their series go stale. */
  async stop(gone: boolean): Promise<void> {
    const loops = [...this.loops.values()];
    this.loops.clear();
    await Promise.all(loops.map((loop) => (gone ? loop.retire() : loop.stop())));
    if (!gone) for (const loop of loops) loop.free();
    await this.client.close();
  }

  droppedTargets(): DroppedTarget[] {
    const kept = this.config.keepDroppedTargets || this.droppedCount;
    const scrapePool = this.config.jobName;
    const targets: DroppedTarget[] = [];
    for (const {dropped} of this.#targetSets.values()) {
      for (const each of dropped) {
        if (targets.length === kept) return targets;
        targets.push({discoveredLabels: labelsToRecord(each.labels()), scrapePool});
      }
    }
    return targets;
  }

  statistics(): ScrapePoolStatistics {
    return {
      name: this.config.jobName,
      targets: this.loops.size,
      targetLimit: this.config.targetLimit,
      syncs: this.#syncs,
      syncSecondsTotal: this.#syncSecondsTotal,
    };
  }
}

/** A configuration without what only says where targets come from. */
function withoutTargets(config: ScrapeConfig): ScrapeConfig {
  return {...config, staticConfigs: [], discoveryConfigs: []};
}

/** What of a configuration decides which series a body's lines become. */
function seriesPart(config: ScrapeConfig): Partial<ScrapeConfig> {
  return {
    jobName: config.jobName,
    honorLabels: config.honorLabels,
    honorTimestamps: config.honorTimestamps,
    trackTimestampsStaleness: config.trackTimestampsStaleness,
    labelLimit: config.labelLimit,
    labelNameLengthLimit: config.labelNameLengthLimit,
    labelValueLengthLimit: config.labelValueLengthLimit,
    metricRelabelConfigs: config.metricRelabelConfigs,
    metricNameValidationScheme: config.metricNameValidationScheme,
    scrapeNativeHistograms: config.scrapeNativeHistograms,
    alwaysScrapeClassicHistograms: config.alwaysScrapeClassicHistograms,
    convertClassicHistogramsToNhcb: config.convertClassicHistogramsToNhcb,
    nativeHistogramBucketLimit: config.nativeHistogramBucketLimit,
    nativeHistogramMinBucketFactor: config.nativeHistogramMinBucketFactor,
    extraScrapeMetrics: config.extraScrapeMetrics,
  };
}

function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
