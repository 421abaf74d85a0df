import type {TargetGroup} from '../discovery/targetgroup.ts';
import {exponentialSchemaMax, exponentialSchemaMin} from '../model/histogram/bounds.ts';
import {labelsToRecord} from '../model/labels.ts';
import type {CompiledRelabelConfig} from '../relabel/relabel.ts';
import {compileRelabel, relabel} from '../relabel/relabel.ts';
import {noteGarbage} from '../sys/garbage.ts';
import {ScrapeClient} from './client.ts';
import type {ScrapeConfig} from './config.ts';
import type {LabelResolver} from './labels.ts';
import {checkLabelLimits, checkSeries, joinLabels} from './labels.ts';
import type {LoopOwner} from './loop.ts';
import {ScrapeLoop} from './loop.ts';
import type {ScanDetails} from './scan.ts';
import type {DroppedTarget} from './status.ts';
import type {ScrapeCounters, ScrapePoolStatistics} from './statistics.ts';
import type {Target, TargetHistograms, TargetSet} from './target.ts';
import {discoveredOf, targetsOf} from './target.ts';
import {WantedTargets} from './wanted.ts';
import type {ScrapeWorld} from './world.ts';

const none: never[] = [];

/** What a target that comes or goes leaves in V8's heap: itself, or what was needed to make it. */
const changedTargetGarbageBytes = 2048;

/** What a group has become, and the number of the sync that saw it last. */
interface SyncedSet extends Pick<TargetSet, 'targets' | 'dropped'> {
  sync: number;
}

/** The targets of one entry of scrape_configs. */
export class ScrapePool implements LoopOwner {
  config: ScrapeConfig;
  client: ScrapeClient;
  resolve: LabelResolver;
  /** Fails every scrape of the pool: the target_limit is exceeded. */
  forcedError: Error | null = null;
  readonly world: ScrapeWorld;
  readonly loops = new Map<string, ScrapeLoop>();
  /** Targets that relabeling has dropped. */
  droppedCount = 0;
  #relabelConfigs: CompiledRelabelConfig[];
  /** What the groups of the last sync have become; made anew when the configuration changes. */
  #targetSets = new Map<TargetGroup, SyncedSet>();
  #wanted = new WantedTargets();
  /** Whether loops may run that no target wants: those of the configuration before. */
  #hasOldLoops = false;
  #syncs = 0;
  #syncSecondsTotal = 0;

  /** What is taken of bodies, by what relabeling says of histograms; of this configuration. */
  #details = new Map<TargetHistograms, ScanDetails>();

  constructor(world: ScrapeWorld, config: ScrapeConfig) {
    this.world = world;
    this.config = config;
    this.client = new ScrapeClient(config, () => this.world.clock.elapsed(), this.world.gunzip);
    this.#relabelConfigs = compileRelabel(config.relabelConfigs);
    this.resolve = resolverOf(config, world.counters);
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
    const resolve = resolverOf(config, this.world.counters);
    // Requests under way end on the old client.
    const old = this.client;
    this.world.later(this.config.scrapeTimeoutMs + 1000, () => old.close());
    this.config = config;
    this.client = client;
    this.#details.clear();
    this.#relabelConfigs = relabelConfigs;
    this.#targetSets = new Map();
    this.#wanted = new WantedTargets();
    this.droppedCount = 0;
    this.#hasOldLoops = true;
    this.resolve = resolve;
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
      sets.set(group, this.#add(targetsOf(this.config, this.#relabelConfigs, group)));
    }
    if (sets.size > seen) {
      for (const [group, set] of sets) {
        if (set.sync === sync) continue;
        sets.delete(group);
        this.#remove(set);
      }
    }
    this.#checkLimit();
    const changed = this.#wanted.takeChanged();
    for (const key of changed) this.#run(key, this.#wanted.get(key));
    noteGarbage(changed.size * changedTargetGarbageBytes);
    if (this.#hasOldLoops)
      for (const key of this.loops.keys()) if (this.#wanted.get(key) === null) this.#run(key, null);
    this.#hasOldLoops = false;
    this.#syncSecondsTotal += (performance.now() - started) / 1000;
  }

  #add({targets, dropped, failures}: TargetSet): SyncedSet {
    for (const target of targets) this.#wanted.add(target);
    this.droppedCount += dropped.length;
    this.world.counters.targetsFailed += failures.length;
    for (const err of failures) {
      this.world.logger.error('Creating target failed', {scrape_pool: this.config.jobName, err});
    }
    return {
      targets: targets.length === 0 ? none : targets,
      dropped: dropped.length === 0 ? none : dropped,
      sync: this.#syncs,
    };
  }

  #remove({targets, dropped}: SyncedSet): void {
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

  /** What is taken beside floats of targets of which relabeling says this; the same object as long as that is the same. */
  detailsOf(histograms: TargetHistograms): ScanDetails {
    const {config, world} = this;
    const exemplars = world.appender.takesExemplars;
    let details = this.#details.get(histograms);
    if (details?.exemplars === exemplars) return details;
    details = {
      exemplars,
      starts: world.features.starts !== 'none',
      typeAndUnit: world.features.typeAndUnit,
      native: config.scrapeNativeHistograms,
      keepClassic: config.alwaysScrapeClassicHistograms,
      convertClassic: config.convertClassicHistogramsToNhcb,
      bucketLimit: config.nativeHistogramBucketLimit,
      schemaMax: schemaOf(config.nativeHistogramMinBucketFactor),
      ...histograms,
    };
    this.#details.set(histograms, details);
    return details;
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
    for (const [group, {dropped}] of this.#targetSets) {
      for (const each of dropped) {
        if (targets.length === kept) return targets;
        const discovered = discoveredOf(this.config, group.labels, each);
        targets.push({discoveredLabels: labelsToRecord(discovered), scrapePool});
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

function resolverOf(config: ScrapeConfig, counters: ScrapeCounters): LabelResolver {
  const relabelConfigs = compileRelabel(config.metricRelabelConfigs);
  return (exposed, emptyNames, target) => {
    const joined = joinLabels(exposed, emptyNames, target, config.honorLabels);
    const labels = relabelConfigs.length === 0 ? joined : relabel(joined, relabelConfigs);
    if (labels === null || labels.length === 0) return null;
    checkSeries(labels, config.metricNameValidationScheme);
    try {
      checkLabelLimits(labels, config);
    } catch (cause) {
      counters.labelLimitExceeded++;
      throw cause;
    }
    return labels;
  };
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

/** The finest schema whose buckets grow by `factor` or more, for factors above 1. */
function schemaOf(factor: number): number {
  if (factor <= 1) return exponentialSchemaMax;
  const schema = Math.floor(-Math.log2(Math.log2(factor)));
  return Math.min(exponentialSchemaMax, Math.max(exponentialSchemaMin, schema));
}

function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
