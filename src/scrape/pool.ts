import type {TargetGroup} from '../discovery/targetgroup.ts';
import type {Labels} from '../model/labels.ts';
import {labelsToRecord} from '../model/labels.ts';
import type {CompiledRelabelConfig} from '../relabel/relabel.ts';
import {compileRelabel, relabel} from '../relabel/relabel.ts';
import {ScrapeClient} from './client.ts';
import type {ScrapeConfig} from './config.ts';
import type {Discovered} from './discovered.ts';
import type {LabelResolver} from './labels.ts';
import {checkLabelLimits, checkSeries, joinLabels} from './labels.ts';
import type {LoopOwner} from './loop.ts';
import {ScrapeLoop} from './loop.ts';
import type {DroppedTarget} from './status.ts';
import type {ScrapePoolStatistics} from './statistics.ts';
import type {Target, TargetSet} from './target.ts';
import {targetsOf} from './target.ts';
import type {ScrapeWorld} from './world.ts';

/** The targets of one entry of scrape_configs. */
export class ScrapePool implements LoopOwner {
  config: ScrapeConfig;
  client: ScrapeClient;
  /** Fails every scrape of the pool: the target_limit is exceeded. */
  forcedError: Error | null = null;
  readonly world: ScrapeWorld;
  readonly loops = new Map<string, ScrapeLoop>();
  dropped: Discovered[] = [];
  #relabelConfigs: CompiledRelabelConfig[];
  #metricRelabelConfigs: CompiledRelabelConfig[];
  /** What the groups of the last sync have become; made anew when the configuration changes. */
  #targetSets = new Map<TargetGroup, TargetSet>();
  #syncs = 0;
  #syncSecondsTotal = 0;

  constructor(world: ScrapeWorld, config: ScrapeConfig) {
    this.world = world;
    this.config = config;
    this.client = new ScrapeClient(config, () => this.world.clock.elapsed());
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
    const client = new ScrapeClient(config, () => this.world.clock.elapsed());
    const relabelConfigs = compileRelabel(config.relabelConfigs);
    const metricRelabelConfigs = compileRelabel(config.metricRelabelConfigs);
    // Requests under way end on the old client.
    const old = this.client;
    this.world.later(this.config.scrapeTimeoutMs + 1000, () => old.close());
    this.config = config;
    this.client = client;
    this.#relabelConfigs = relabelConfigs;
    this.#targetSets = new Map();
    this.#metricRelabelConfigs = metricRelabelConfigs;
    for (const loop of this.loops.values()) loop.reload(sameLabels);
  }

  /**
   * Makes the targets those of `groups`: new ones are started, those that are gone retired. Groups are not changed: one that
   * is the same object as before is what it was.
   */
  sync(groups: readonly TargetGroup[]): void {
    const started = performance.now();
    const wanted = new Map<string, Target>();
    this.dropped = [];
    const sets = new Map<TargetGroup, TargetSet>();
    for (const group of groups) {
      // Of thousands of groups few change at a time.
      const set = this.#targetSets.get(group) ?? targetsOf(this.config, this.#relabelConfigs, group);
      sets.set(group, set);
      const {targets, dropped, failures} = set;
      // Of several that are the same after relabeling, the last one's discovered labels are shown.
      for (const target of targets) wanted.set(target.key, target);
      for (const each of dropped) this.dropped.push(each);
      this.world.counters.targetsFailed += failures.length;
      for (const err of failures) {
        this.world.logger.error('Creating target failed', {scrape_pool: this.config.jobName, err});
      }
    }
    this.#targetSets = sets;
    for (const [key, loop] of this.loops) {
      if (wanted.has(key)) continue;
      this.loops.delete(key);
      void loop.retire();
    }
    const {targetLimit, jobName} = this.config;
    this.forcedError = null;
    if (targetLimit > 0 && wanted.size > targetLimit) {
      this.world.counters.targetLimitExceeded++;
      this.forcedError = new RangeError(
        `target_limit exceeded (number of targets: ${wanted.size}, limit: ${targetLimit})`,
      );
      this.world.logger.warn('Target limit exceeded', {scrape_pool: jobName, err: this.forcedError});
    }
    for (const [key, target] of wanted) {
      const running = this.loops.get(key);
      if (running !== undefined) {
        running.target = target;
        continue;
      }
      const loop = new ScrapeLoop(this, target);
      this.loops.set(key, loop);
      loop.start();
    }
    this.#syncs++;
    this.#syncSecondsTotal += (performance.now() - started) / 1000;
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
    const kept = this.config.keepDroppedTargets || this.dropped.length;
    return this.dropped.slice(0, kept).map((each) => ({
      discoveredLabels: labelsToRecord(each.labels()),
      scrapePool: this.config.jobName,
    }));
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
