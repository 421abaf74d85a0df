import {Summary} from '../sys/summary.ts';

/** What discoverers have counted since the start. Counters never fall. */
export class DiscoveryCounters {
  received = 0;
  sent = 0;
  fileReadErrors = 0;
  fileWatcherErrors = 0;
  httpFailures = 0;
  dnsLookups = 0;
  consulFailures = 0;
  kubernetesFailures = 0;
  readonly #kubernetesEvents = new Map<string, number>(
    kubernetesRoles.flatMap((role) => kubernetesEvents.map((event) => [`${role} ${event}`, 0])),
  );
  readonly #consulCalls = {services: new Summary(), service: new Summary()};
  dnsLookupFailures = 0;
  readonly fileScans = new Summary();
  /** Modification times of the files that were read, in seconds since 1970, by discoverer. */
  readonly fileTimes = new Map<object, Map<string, number>>();
  readonly #refreshes = new Map<string, RefreshCounters>();
  readonly #histograms = new Map<string, DurationHistogram>();

  /** Counts one refresh. */
  observeRefresh(mechanism: string, config: string, refresh: {seconds: number; failed: boolean}): void {
    const counters = this.#refreshesOf(mechanism, config);
    if (refresh.failed) counters.failures++;
    counters.durations.observe(refresh.seconds);
    let histogram = this.#histograms.get(mechanism);
    if (histogram === undefined) {
      histogram = {bounds: refreshBounds, counts: [0, 0, 0, 0, 0], sum: 0, count: 0};
      this.#histograms.set(mechanism, histogram);
    }
    const bucket = histogram.bounds.findIndex((bound) => refresh.seconds <= bound);
    histogram.counts[bucket < 0 ? histogram.bounds.length : bucket]!++;
    histogram.sum += refresh.seconds;
    histogram.count++;
  }

  #refreshesOf(mechanism: string, config: string): RefreshCounters {
    const key = JSON.stringify([mechanism, config]);
    let counters = this.#refreshes.get(key);
    if (counters === undefined) {
      counters = {mechanism, config, failures: 0, durations: new Summary()};
      this.#refreshes.set(key, counters);
    }
    return counters;
  }

  observeConsul(call: 'services' | 'service', seconds: number): void {
    this.#consulCalls[call].observe(seconds);
  }

  countKubernetesEvent(role: string, event: string): void {
    const key = `${role} ${event}`;
    this.#kubernetesEvents.set(key, (this.#kubernetesEvents.get(key) ?? 0) + 1);
  }

  /** Forgets what was counted for a discoverer that is gone. */
  forget(mechanism: string, config: string): void {
    this.#refreshes.delete(JSON.stringify([mechanism, config]));
  }

  snapshot(): DiscoveryCounterSnapshot {
    const times = new Map<string, number>();
    for (const files of this.fileTimes.values()) for (const [file, time] of files) times.set(file, time);
    return {
      received: this.received,
      sent: this.sent,
      fileReadErrors: this.fileReadErrors,
      fileWatcherErrors: this.fileWatcherErrors,
      httpFailures: this.httpFailures,
      dnsLookups: this.dnsLookups,
      consulFailures: this.consulFailures,
      kubernetesFailures: this.kubernetesFailures,
      kubernetesEvents: [...this.#kubernetesEvents].map(([key, count]) => {
        const [role = '', event = ''] = key.split(' ');
        return {role, event, count};
      }),
      consulCalls: Object.entries(this.#consulCalls).map(([call, durations]) => ({
        call,
        durations: durations.snapshot(),
      })),
      dnsLookupFailures: this.dnsLookupFailures,
      fileScans: this.fileScans.snapshot(),
      fileTimes: [...times],
      refreshes: [...this.#refreshes.values()].map(({durations, ...rest}) => ({
        ...rest,
        durations: durations.snapshot(),
      })),
      refreshHistograms: [...this.#histograms].map(([mechanism, histogram]) => ({
        mechanism,
        histogram: {...histogram, counts: [...histogram.counts]},
      })),
    };
  }
}

const kubernetesRoles: readonly string[] = [
  'endpoints',
  'endpointslice',
  'ingress',
  'node',
  'pod',
  'service',
];
const kubernetesEvents: readonly string[] = ['add', 'delete', 'update'];

interface RefreshCounters {
  mechanism: string;
  config: string;
  failures: number;
  durations: Summary;
}

/** Seconds; the last count is of what is above all bounds. */
export interface DurationHistogram {
  bounds: readonly number[];
  counts: number[];
  sum: number;
  count: number;
}

const refreshBounds: readonly number[] = [0.01, 0.1, 1, 10];

type SummarySnapshot = ReturnType<Summary['snapshot']>;

/** Plain data, for the program's own metrics. */
export interface DiscoveryCounterSnapshot {
  received: number;
  sent: number;
  fileReadErrors: number;
  fileWatcherErrors: number;
  httpFailures: number;
  dnsLookups: number;
  consulFailures: number;
  kubernetesFailures: number;
  kubernetesEvents: {role: string; event: string; count: number}[];
  consulCalls: {call: string; durations: SummarySnapshot}[];
  dnsLookupFailures: number;
  fileScans: SummarySnapshot;
  /** `[file, seconds since 1970]` */
  fileTimes: [string, number][];
  refreshes: {
    mechanism: string;
    config: string;
    failures: number;
    durations: SummarySnapshot;
  }[];
  refreshHistograms: {mechanism: string; histogram: DurationHistogram}[];
}

export interface DiscoveryStatistics extends DiscoveryCounterSnapshot {
  jobs: DiscoveryJobStatistics[];
  /** Whether a job's mechanism cannot find all of its targets at the moment. */
  failing: {mechanism: string; config: string; failing: boolean}[];
}

export interface DiscoveryJobStatistics {
  name: string;
  /** Static ones included, before relabelling. */
  targets: number;
  /** Milliseconds since 1970 when the targets were last handed on. */
  updatedMs: number;
}

/** A discoverer of a job that cannot find all of its targets. */
export interface DiscoveryFailure {
  jobName: string;
  mechanism: string;
  /** What cannot be found: a file, a name, a service; '' = anything. */
  part: string;
  error: string;
  /** Milliseconds since 1970. */
  sinceMs: number;
}
