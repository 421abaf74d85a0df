// Which targets the targets page shows, and how they are grouped. The choice stands in the address with the parameter
// names of Prometheus's UI: `pool`, `health` (one or several), `search`.
import type {Health, Target} from '../api/types.ts';

export const healths = ['down', 'unknown', 'up'] as const satisfies Health[];

export interface TargetFilter {
  /** '' = all pools. */
  pool: string;
  /** '' = any health. */
  health: Health | '';
  search: string;
}

export function decodeFilter(search: string): TargetFilter {
  const params = new URLSearchParams(search);
  const wanted = params.getAll('health').map((health) => health.toLowerCase());
  return {
    pool: params.get('pool') ?? params.get('scrapePool') ?? '',
    health: (wanted.length === 1 && healths.find((health) => health === wanted[0])) || '',
    search: params.get('search') ?? '',
  };
}

export function encodeFilter(filter: TargetFilter): string {
  const params = new URLSearchParams();
  if (filter.pool !== '') params.set('pool', filter.pool);
  if (filter.health !== '') params.set('health', filter.health);
  if (filter.search !== '') params.set('search', filter.search);
  return params.toString();
}

export type HealthCounts = Record<Health, number>;

export interface TargetPool {
  name: string;
  /** Of all targets of the pool, also of those that the filter hides. */
  counts: HealthCounts;
  /** Those that pass the filter, the sick ones first, then by address. */
  targets: Target[];
}

/** The pools that have a target that passes the filter, by name. */
export function poolsOf(targets: readonly Target[], filter: TargetFilter): TargetPool[] {
  const pools = new Map<string, TargetPool>();
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  for (const target of targets) {
    if (filter.pool !== '' && target.scrapePool !== filter.pool) continue;
    const name = target.scrapePool;
    const pool = pools.get(name) ?? {name, counts: countsOf([]), targets: []};
    pools.set(name, pool);
    pool.counts[target.health]++;
    if (filter.health !== '' && target.health !== filter.health) continue;
    if (words.length === 0 || matches(target, words)) pool.targets.push(target);
  }
  const shown = [...pools.values()].filter((pool) => pool.targets.length > 0);
  for (const pool of shown) pool.targets.sort(compareTargets);
  return shown.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function countsOf(targets: readonly Target[]): HealthCounts {
  const counts: HealthCounts = {up: 0, down: 0, unknown: 0};
  for (const {health} of targets) counts[health]++;
  return counts;
}

/** Every word in the address, in a label (`job=node` too) or in the error. */
function matches(target: Target, words: readonly string[]): boolean {
  const labels = Object.entries(target.labels).map(([name, value]) => `${name}=${value}`);
  const text = [target.scrapeUrl, target.lastError, ...labels].join('\n').toLowerCase();
  return words.every((word) => text.includes(word.replaceAll('"', '')));
}

function compareTargets(a: Target, b: Target): number {
  const byHealth = healths.indexOf(a.health) - healths.indexOf(b.health);
  return byHealth !== 0 ? byHealth : a.scrapeUrl < b.scrapeUrl ? -1 : Number(a.scrapeUrl > b.scrapeUrl);
}

/** A stable name for a target: two pools may scrape the same address. */
export function targetKey(target: Target): string {
  return JSON.stringify([target.scrapePool, target.scrapeUrl, Object.entries(target.labels)]);
}
