// What is scraped, and how that goes. Refreshes itself.
import './targets-page.css';
import {useDeferredValue, useMemo, useState, type ReactNode} from 'react';
import {useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import {useTargets} from '../api/queries.ts';
import type {Health, Target} from '../api/types.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {ListPage} from '../widgets/list-page.tsx';
import {PoolFilters} from '../widgets/pool-filters.tsx';
import {PoolCard} from './pool-card.tsx';
import {countsOf, decodeFilter, encodeFilter, healths, poolsOf, type TargetFilter} from './target-filter.ts';

const refreshMs = 5000;
const noTargets: readonly Target[] = [];

export function TargetsPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useFilter();
  const deferredFilter = useDeferredValue(filter);
  const query = useTargets(paused ? false : refreshMs);
  const {data} = query;
  const targets = data?.activeTargets ?? noTargets;
  const pools = useMemo(() => poolsOf(targets, deferredFilter), [targets, deferredFilter]);
  const poolNames = useMemo(() => [...new Set(targets.map(({scrapePool}) => scrapePool))].sort(), [targets]);
  const dropped = Object.values(data?.droppedTargetCounts ?? {}).reduce((sum, count) => sum + count, 0);
  const isEmpty = data !== undefined && targets.length === 0;
  const hasNoMatch = targets.length > 0 && pools.length === 0;
  const onReset = (): void => setFilter({pool: '', health: '', search: ''});
  return (
    <ListPage
      title={t('targets.title')}
      refresh={{intervalMs: refreshMs, paused, onChange: setPaused}}
      filters={<FilterBar targets={targets} poolNames={poolNames} filter={filter} onChange={setFilter} />}
      query={query}
      warnings={data?.warnings}
      empty={isEmpty ? {title: t('targets.empty'), help: t('targets.emptyHelp')} : null}
      noMatch={hasNoMatch ? {title: t('targets.noMatch'), onReset} : null}
    >
      <div className="nx-pools">
        {pools.map((pool) => (
          <PoolCard key={pool.name} pool={pool} alone={pools.length === 1} />
        ))}
      </div>
      {dropped > 0 ? <p className="nx-targets-note">{t('targets.dropped', {count: dropped})}</p> : null}
    </ListPage>
  );
}

/** The filter stands in the address. */
function useFilter(): [TargetFilter, (filter: TargetFilter) => void] {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = useMemo(() => decodeFilter(search), [search]);
  const setFilter = (next: TargetFilter): void => {
    const encoded = encodeFilter(next);
    navigate(encoded === '' ? '/targets' : `/targets?${encoded}`, {replace: true});
  };
  return [filter, setFilter];
}

interface FilterBarProps {
  targets: readonly Target[];
  poolNames: readonly string[];
  filter: TargetFilter;
  onChange: (filter: TargetFilter) => void;
}

function FilterBar({targets, poolNames, filter, onChange}: FilterBarProps): ReactNode {
  const {t} = useMessages();
  const inPool = filter.pool === '' ? targets : targets.filter(({scrapePool}) => scrapePool === filter.pool);
  const counts = countsOf(inPool);
  return (
    <PoolFilters
      pool={filter.pool}
      poolNames={poolNames}
      onPool={(pool) => onChange({...filter, pool})}
      states={{
        label: t('targets.health'),
        value: filter.health,
        data: [
          {value: '', label: `${t('targets.all')} ${inPool.length}`},
          ...healths.map((health) => ({value: health, label: `${t(`targets.${health}`)} ${counts[health]}`})),
        ],
        onChange: (health) => onChange({...filter, health: health as Health | ''}),
      }}
      search={{
        label: t('targets.search'),
        value: filter.search,
        onChange: (search) => onChange({...filter, search}),
      }}
    />
  );
}
