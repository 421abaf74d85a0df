// How soon a server's targets follow a cluster that changes all the time.
import {setTimeout as sleep} from 'node:timers/promises';
import type {BigCluster} from './bigcluster.ts';

interface ActiveTarget {
  discoveredLabels: Record<string, string>;
  labels: Record<string, string>;
}

export async function activeTargets(url: string, pool: string): Promise<ActiveTarget[]> {
  const response = await fetch(`${url}/api/v1/targets?state=active&scrapePool=${pool}`);
  const {data} = (await response.json()) as {data: {activeTargets: ActiveTarget[]}};
  return data.activeTargets;
}

export interface Following {
  /** From a change until it is among the targets, in the order of changes. */
  latenciesMs: number[];
  /** Addresses that never came. */
  lost: string[];
}

export interface FollowOptions {
  seconds: number;
  changesPerSecond: number;
  /** Called every second; restarts and the like are awaited while changes go on. */
  everySecond?: (second: number) => Promise<void> | void;
}

const pollMs = 25;
/** For what has not been seen when changes end. */
const patienceMs = 20_000;

/** Changes the cluster at a steady rate, and watches the targets of the pool `marker` meanwhile. */
export async function follow(
  url: string,
  cluster: BigCluster,
  {seconds, changesPerSecond, everySecond = () => {}}: FollowOptions,
): Promise<Following> {
  const latencies = new Map<string, number>();
  const pending = cluster.markers;
  pending.clear();
  const started = performance.now();
  const endsAt = started + seconds * 1000;
  let changes = 0;
  const changing = setInterval(() => {
    const now = performance.now();
    const due = Math.min(now - started, seconds * 1000) * (changesPerSecond / 1000);
    for (; changes < due; changes++) cluster.change(now);
  }, 5);
  const seconding = (async () => {
    for (let second = 1; second <= seconds; second++) {
      await sleep(Math.max(0, started + second * 1000 - performance.now()));
      await everySecond(second);
    }
  })();
  while (performance.now() < endsAt || (pending.size > 0 && performance.now() < endsAt + patienceMs)) {
    const targets = await activeTargets(url, 'marker');
    const now = performance.now();
    for (const {labels} of targets) {
      const address = (labels['instance'] ?? '').split(':')[0]!;
      const at = pending.get(address);
      if (at === undefined) continue;
      pending.delete(address);
      latencies.set(address, now - at);
    }
    await sleep(pollMs);
  }
  clearInterval(changing);
  await seconding;
  return {latenciesMs: [...latencies.values()], lost: [...pending.keys()]};
}

/** Waits until a pool has so many targets; gives the seconds that took. */
export async function waitForTargets(url: string, pool: string, count: number): Promise<number> {
  const started = performance.now();
  for (let last = 0; performance.now() - started < 120_000;) {
    last = (await activeTargets(url, pool)).length;
    if (last === count) return (performance.now() - started) / 1000;
    await sleep(200);
  }
  throw new Error(`pool ${pool} has not ${count} targets after 120 s`);
}

/** What is not as the cluster is: pods and slices whose latest revision is not among the targets. */
export async function differences(url: string, cluster: BigCluster): Promise<string[]> {
  const wrong: string[] = [];
  for (const [pool, group, plural, role] of [
    ['pods', '', 'pods', 'pod'],
    ['slices', 'discovery.k8s.io', 'endpointslices', 'endpointslice'],
  ] as const) {
    const found = new Map<string, string>();
    for (const {labels, discoveredLabels} of await activeTargets(url, pool)) {
      const namespace = discoveredLabels['__meta_kubernetes_namespace'];
      found.set(
        `${namespace}/${discoveredLabels[`__meta_kubernetes_${role}_name`]}`,
        labels['revision'] ?? '',
      );
    }
    const objects = cluster.api.store.collection(group, 'v1', plural).objects;
    for (const [key, {object}] of objects) {
      if (object.metadata.labels?.['marker'] === 'yes') continue;
      const revision = object.metadata.annotations?.['revision'] ?? '';
      if (found.get(key) !== revision) wrong.push(`${pool} ${key}: ${found.get(key)} instead of ${revision}`);
      found.delete(key);
    }
    for (const key of found.keys()) wrong.push(`${pool} ${key}: is gone`);
  }
  return wrong;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
