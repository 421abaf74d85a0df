// What the discovery page shows: every target that discovery found, whether relabelling kept it or not. The choice stands in
// the address with the parameter names of Prometheus's UI: `pool`, `state` (active or dropped), `search`.
import type {LabelSet, TargetsData} from '../api/types.ts';

export const targetStates = ['active', 'dropped'] as const;
export type TargetState = (typeof targetStates)[number];

export interface DiscoveredTarget {
  scrapePool: string;
  discoveredLabels: LabelSet;
  /** What relabelling made of them; null where it dropped the target. */
  labels: LabelSet | null;
}

export interface DiscoveryFilter {
  /** '' = all pools. */
  pool: string;
  /** '' = both. */
  state: TargetState | '';
  search: string;
}

export interface DiscoveredPool {
  name: string;
  /** Of all targets of the pool, also of those that the filter hides. */
  active: number;
  /** As the server counts them: it may keep the labels of fewer. */
  dropped: number;
  targets: DiscoveredTarget[];
}

export function decodeDiscoveryFilter(search: string): DiscoveryFilter {
  const params = new URLSearchParams(search);
  const wanted = params.getAll('state');
  return {
    pool: params.get('pool') ?? '',
    state: (wanted.length === 1 && targetStates.find((state) => state === wanted[0])) || '',
    search: params.get('search') ?? '',
  };
}

export function encodeDiscoveryFilter({pool, state, search}: DiscoveryFilter): string {
  const params = new URLSearchParams();
  if (pool !== '') params.set('pool', pool);
  if (state !== '') params.set('state', state);
  if (search !== '') params.set('search', search);
  return params.toString();
}

/** Active ones first, each list in the server's order. */
export function discoveredTargetsOf(data: TargetsData): DiscoveredTarget[] {
  const dropped = data.droppedTargets ?? [];
  return [
    ...(data.activeTargets ?? []),
    ...dropped.map((target): DiscoveredTarget => ({...target, labels: null})),
  ];
}

/** All pools by name, also those of which nothing is left after filtering where there is no filter. */
export function discoveredPoolsOf(
  targets: readonly DiscoveredTarget[],
  droppedCounts: Readonly<Record<string, number>>,
  filter: DiscoveryFilter,
): DiscoveredPool[] {
  const pools = new Map<string, DiscoveredPool>();
  const poolOf = (name: string): DiscoveredPool => {
    const known = pools.get(name);
    if (known !== undefined) return known;
    const pool = {name, active: 0, dropped: droppedCounts[name] ?? 0, targets: []};
    pools.set(name, pool);
    return pool;
  };
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  for (const name of Object.keys(droppedCounts)) if (droppedCounts[name]! > 0) poolOf(name);
  for (const target of targets) {
    const pool = poolOf(target.scrapePool);
    if (target.labels !== null) pool.active++;
    if (filter.state !== '' && (target.labels === null) !== (filter.state === 'dropped')) continue;
    if (words.length === 0 || matches(target, words)) pool.targets.push(target);
  }
  const isFiltered = filter.state !== '' || words.length > 0;
  return [...pools.values()]
    .filter(({name, targets: found}) =>
      filter.pool === '' || name === filter.pool ? !isFiltered || found.length > 0 : false,
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every word in a label, `job=node` too. */
function matches({discoveredLabels, labels}: DiscoveredTarget, words: readonly string[]): boolean {
  const text = [discoveredLabels, labels ?? {}]
    .flatMap((set) => Object.entries(set))
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word.replaceAll('"', '')));
}

/** What tells a reader which target it is: names and addresses before what they come with. */
const telling = [
  '__address__',
  '__meta_kubernetes_namespace',
  '__meta_kubernetes_pod_name',
  '__meta_kubernetes_service_name',
  '__meta_kubernetes_node_name',
  '__meta_kubernetes_pod_container_name',
  '__meta_consul_service',
  'job',
];

/** Metadata before the configuration's own labels, and last how it is scraped, which is much the same for all. */
function rankOf(name: string): number {
  const at = telling.indexOf(name);
  if (at >= 0) return at;
  if (name.startsWith('__meta_')) return telling.length;
  return telling.length + (name.startsWith('__') ? 2 : 1);
}

/** The labels with those first that tell most. */
export function tellingFirst(labels: LabelSet): LabelSet {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => rankOf(a) - rankOf(b)));
}
