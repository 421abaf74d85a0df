// What service discovery found, and what relabelling made of it.
import '../targets/targets-page.css';
import './discovery-page.css';
import {useDeferredValue, useMemo, useState, type ReactNode} from 'react';
import {useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import {useDiscoveredTargets} from '../api/queries.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {ListPage} from '../widgets/list-page.tsx';
import {PoolFilters} from '../widgets/pool-filters.tsx';
import {DiscoveredPoolCard} from './discovered-pool-card.tsx';
import {
  decodeDiscoveryFilter,
  discoveredPoolsOf,
  discoveredTargetsOf,
  type DiscoveredTarget,
  type DiscoveryFilter,
  encodeDiscoveryFilter,
  type TargetState,
  targetStates,
} from './discovered-target.ts';

/** All labels of all targets are much to send: not as often as on the page of targets. */
const refreshMs = 30_000;
const noFilter: DiscoveryFilter = {pool: '', state: '', search: ''};
const noCounts: Readonly<Record<string, number>> = {};

export function DiscoveryPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useFilter();
  const deferred = useDeferredValue(filter);
  const query = useDiscoveredTargets(paused ? false : refreshMs);
  const {data} = query;
  const targets = useMemo(() => (data === undefined ? [] : discoveredTargetsOf(data)), [data]);
  const droppedCounts = data?.droppedTargetCounts ?? noCounts;
  const all = useMemo(() => discoveredPoolsOf(targets, droppedCounts, noFilter), [targets, droppedCounts]);
  const pools = useMemo(
    () => discoveredPoolsOf(targets, droppedCounts, deferred),
    [targets, droppedCounts, deferred],
  );
  const isEmpty = data !== undefined && all.length === 0;
  const hasNoMatch = all.length > 0 && pools.length === 0;
  return (
    <ListPage
      title={t('discovery.title')}
      refresh={{intervalMs: refreshMs, paused, onChange: setPaused}}
      filters={
        <FilterBar
          targets={targets}
          poolNames={all.map(({name}) => name)}
          filter={filter}
          onChange={setFilter}
        />
      }
      query={query}
      warnings={data?.warnings}
      empty={isEmpty ? {title: t('discovery.empty'), help: t('targets.emptyHelp')} : null}
      noMatch={hasNoMatch ? {title: t('targets.noMatch'), onReset: () => setFilter(noFilter)} : null}
    >
      <div className="nx-pools">
        {pools.map((pool) => (
          <DiscoveredPoolCard
            key={pool.name}
            pool={pool}
            alone={pools.length === 1}
            // Words that were looked for are to be seen.
            showAllLabels={deferred.search !== ''}
          />
        ))}
      </div>
    </ListPage>
  );
}

/** The filter stands in the address. */
function useFilter(): [DiscoveryFilter, (filter: DiscoveryFilter) => void] {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = useMemo(() => decodeDiscoveryFilter(search), [search]);
  const setFilter = (next: DiscoveryFilter): void => {
    const encoded = encodeDiscoveryFilter(next);
    navigate(encoded === '' ? '/service-discovery' : `/service-discovery?${encoded}`, {replace: true});
  };
  return [filter, setFilter];
}

interface FilterBarProps {
  targets: readonly DiscoveredTarget[];
  poolNames: readonly string[];
  filter: DiscoveryFilter;
  onChange: (filter: DiscoveryFilter) => void;
}

function FilterBar({targets, poolNames, filter, onChange}: FilterBarProps): ReactNode {
  const {t} = useMessages();
  const inPool = filter.pool === '' ? targets : targets.filter(({scrapePool}) => scrapePool === filter.pool);
  const active = inPool.filter(({labels}) => labels !== null).length;
  const counts: Record<TargetState, number> = {active, dropped: inPool.length - active};
  return (
    <PoolFilters
      pool={filter.pool}
      poolNames={poolNames}
      onPool={(pool) => onChange({...filter, pool})}
      states={{
        label: t('discovery.state'),
        value: filter.state,
        data: [
          {value: '', label: `${t('targets.all')} ${inPool.length}`},
          ...targetStates.map((state) => ({
            value: state,
            label: `${t(`discovery.${state}`)} ${counts[state]}`,
          })),
        ],
        onChange: (state) => onChange({...filter, state: state as TargetState | ''}),
      }}
      search={{
        label: t('discovery.search'),
        value: filter.search,
        onChange: (search) => onChange({...filter, search}),
      }}
    />
  );
}
