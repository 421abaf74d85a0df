import type {DiscoveryConfig} from './config.ts';
import {ConsulDiscoverer} from './consul.ts';
import type {Discoverer, DiscoveryContext} from './discoverer.ts';
import {createDnsDiscoverer} from './dns.ts';
import {createDockerDiscoverer} from './docker/docker.ts';
import {createEc2Discoverer} from './ec2/ec2.ts';
import {FileDiscoverer} from './file.ts';
import {createHttpDiscoverer} from './http.ts';
import {KubernetesDiscoverer} from './kubernetes/discoverer.ts';
import {DiscoveryCounters, type DiscoveryFailure, type DiscoveryStatistics} from './statistics.ts';
import {isSameGroup, type TargetGroup} from './targetgroup.ts';
import type {DiscoveryWorld} from './world.ts';

/** How long an update waits for others, at least, and at most, which is what Prometheus lets it wait in busy times. */
const updateMsMin = 100;
const updateMsMax = 5000;
/** Of thousands of groups handing on takes time, which scrapes want as well: it may have this share of it. */
const updateShareMax = 0.1;

export interface DiscoveryJob {
  jobName: string;
  staticConfigs: readonly TargetGroup[];
  discoveryConfigs: readonly DiscoveryConfig[];
}

/** Called with all groups of a job, static ones included, when some of them have changed. */
export type OnTargets = (jobName: string, groups: TargetGroup[]) => void;

/** Runs the discoverers of all jobs and keeps what each has found last. */
export class DiscoveryManager {
  readonly #world: DiscoveryWorld;
  readonly #onTargets: OnTargets;
  readonly #counters = new DiscoveryCounters();
  #providers = new Map<string, Provider>();
  #jobs = new Map<string, JobState>();
  readonly #changed = new Set<string>();
  #cancelSend: (() => void) | null = null;
  /** What handing on took the last times. A few long ones, such as the first, are no reason to wait. */
  #sendMs = [0, 0, 0, 0];

  constructor(world: DiscoveryWorld, onTargets: OnTargets) {
    this.#world = world;
    this.#onTargets = onTargets;
  }

  /** Makes these the jobs in force. Discoverers whose configuration stays the same go on, with what they have found. */
  apply(jobs: readonly DiscoveryJob[]): void {
    const before = this.#providers;
    this.#providers = new Map();
    this.#jobs = new Map();
    const created: Provider[] = [];
    const updatedMs = this.#world.clock.now();
    for (const {jobName, staticConfigs, discoveryConfigs} of jobs) {
      const providers = new Set<Provider>();
      for (const config of discoveryConfigs) {
        const key = JSON.stringify(config);
        let provider = this.#providers.get(key) ?? before.get(key);
        if (provider === undefined) {
          provider = new Provider(config, jobName);
          created.push(provider);
        }
        this.#providers.set(key, provider);
        providers.add(provider);
      }
      this.#jobs.set(jobName, {staticConfigs, providers, updatedMs});
      if (providers.size > 0) this.#changed.add(jobName);
    }
    for (const [key, provider] of before) if (!this.#providers.has(key)) this.#stop(provider);
    for (const provider of created) this.#start(provider);
    if (this.#changed.size > 0) this.#schedule();
  }

  /** All groups of a job; null as long as one of its discoverers has not told anything yet. */
  groupsOf(jobName: string): TargetGroup[] | null {
    const job = this.#jobs.get(jobName);
    if (job === undefined) return [];
    for (const provider of job.providers) if (!provider.told) return null;
    return groupsOf(job);
  }

  /** What cannot be found at the moment, by job. */
  failures(): DiscoveryFailure[] {
    const failures: DiscoveryFailure[] = [];
    for (const [jobName, {providers}] of this.#jobs) {
      for (const {config, failures: parts} of providers) {
        for (const [part, {error, sinceMs}] of parts)
          failures.push({jobName, mechanism: config.mechanism, part, error, sinceMs});
      }
    }
    return failures;
  }

  statistics(): DiscoveryStatistics {
    return {
      ...this.#counters.snapshot(),
      jobs: [...this.#jobs].map(([name, job]) => {
        const targets = groupsOf(job).reduce((sum, group) => sum + group.targets.length, 0);
        return {name, targets, updatedMs: job.updatedMs};
      }),
      failing: [...this.#jobs].flatMap(([config, {providers}]) => failingOf(config, providers)),
    };
  }

  stop(): void {
    this.#cancelSend?.();
    for (const provider of this.#providers.values()) provider.discoverer?.stop();
    this.#providers.clear();
    this.#jobs.clear();
  }

  #start(provider: Provider): void {
    const {config, jobName} = provider;
    const context: DiscoveryContext = {
      world: this.#world,
      logger: this.#world.logger.child({discovery: config.mechanism, config: jobName}),
      counters: this.#counters,
      jobName,
      update: (groups) => this.#update(provider, groups),
      report: (part, failure) => this.#report(provider, part, failure),
    };
    provider.discoverer = createDiscoverer(config, context);
  }

  #stop(provider: Provider): void {
    provider.stopped = true;
    provider.discoverer?.stop();
    this.#counters.forget(provider.config.mechanism, provider.jobName);
  }

  #update(provider: Provider, groups: readonly TargetGroup[]): void {
    if (provider.stopped) return;
    this.#counters.received++;
    provider.told = true;
    if (provider.take(groups)) {
      for (const [jobName, job] of this.#jobs) if (job.providers.has(provider)) this.#changed.add(jobName);
    }
    this.#schedule();
  }

  #report(provider: Provider, part: string, failure: Error | null): void {
    if (provider.stopped) return;
    if (failure === null) {
      provider.failures.delete(part);
      return;
    }
    const sinceMs = provider.failures.get(part)?.sinceMs ?? this.#world.clock.now();
    provider.failures.set(part, {error: failure.message, sinceMs});
  }

  #schedule(): void {
    if (this.#cancelSend !== null) return;
    const waitMs = Math.min(updateMsMax, Math.max(updateMsMin, Math.min(...this.#sendMs) / updateShareMax));
    this.#cancelSend = this.#world.clock.after(waitMs, () => this.#send());
  }

  #send(): void {
    const {clock} = this.#world;
    const started = clock.elapsed();
    this.#cancelSend = null;
    this.#counters.sent++;
    const updatedMs = clock.now();
    for (const job of this.#jobs.values()) job.updatedMs = updatedMs;
    const names = [...this.#changed];
    this.#changed.clear();
    for (const name of names) {
      const job = this.#jobs.get(name);
      if (job !== undefined) this.#onTargets(name, groupsOf(job));
    }
    this.#sendMs = [...this.#sendMs.slice(1), clock.elapsed() - started];
  }
}

interface JobState {
  staticConfigs: readonly TargetGroup[];
  providers: ReadonlySet<Provider>;
  updatedMs: number;
}

/** One discoverer, shared by all jobs that configure the same, with what it has told last. */
class Provider {
  readonly config: DiscoveryConfig;
  readonly jobName: string;
  readonly groups = new Map<string, TargetGroup>();
  readonly failures = new Map<string, {error: string; sinceMs: number}>();
  discoverer: Discoverer | null = null;
  told = false;
  stopped = false;

  constructor(config: DiscoveryConfig, jobName: string) {
    this.config = config;
    this.jobName = jobName;
  }

  /** Whether anything has changed. A group that stays the same stays the same object: see ScrapePool.sync(). */
  take(groups: readonly TargetGroup[]): boolean {
    let changed = false;
    for (const group of groups) {
      const before = this.groups.get(group.source);
      if (group.targets.length === 0) {
        changed = this.groups.delete(group.source) || changed;
        continue;
      }
      if (before !== undefined && isSameGroup(before, group)) continue;
      this.groups.set(group.source, group);
      changed = true;
    }
    return changed;
  }
}

function groupsOf({staticConfigs, providers}: JobState): TargetGroup[] {
  const groups = [...staticConfigs];
  for (const provider of providers) for (const group of provider.groups.values()) groups.push(group);
  return groups;
}

function failingOf(config: string, providers: ReadonlySet<Provider>): DiscoveryStatistics['failing'] {
  const failing = new Map<string, boolean>();
  for (const {
    config: {mechanism},
    failures,
  } of providers)
    failing.set(mechanism, failing.get(mechanism) === true || failures.size > 0);
  return [...failing].map(([mechanism, fails]) => ({mechanism, config, failing: fails}));
}

function createDiscoverer(config: DiscoveryConfig, context: DiscoveryContext): Discoverer {
  switch (config.mechanism) {
    case 'consul':
      return new ConsulDiscoverer(config, context);
    case 'dns':
      return createDnsDiscoverer(config, context);
    case 'docker':
      return createDockerDiscoverer(config, context);
    case 'ec2':
      return createEc2Discoverer(config, context);
    case 'file':
      return new FileDiscoverer(config, context);
    case 'http':
      return createHttpDiscoverer(config, context);
    case 'kubernetes':
      return new KubernetesDiscoverer(config, context);
  }
}
