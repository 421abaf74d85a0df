// What is scraped, and how that goes. Refreshes itself.
import './targets-page.css';
import {Button, NativeSelect, SegmentedControl, TextInput} from '@mantine/core';
import {IconSearch} from '@tabler/icons-react';
import {useDeferredValue, useMemo, useState, type ReactNode} from 'react';
import {useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import {useTargets} from '../api/queries.ts';
import type {Health, Target} from '../api/types.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {PoolCard} from './pool-card.tsx';
import {Notice} from '../widgets/notice.tsx';
import {RefreshState} from '../widgets/refresh-state.tsx';
import {countsOf, decodeFilter, encodeFilter, healths, poolsOf, type TargetFilter} from './target-filter.ts';

const refreshMs = 5000;
const noTargets: readonly Target[] = [];

export function TargetsPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useFilter();
  const deferredFilter = useDeferredValue(filter);
  const {data, error, refetch, isPending} = useTargets(paused ? false : refreshMs);
  const targets = data?.activeTargets ?? noTargets;
  const pools = useMemo(() => poolsOf(targets, deferredFilter), [targets, deferredFilter]);
  const poolNames = useMemo(() => [...new Set(targets.map(({scrapePool}) => scrapePool))].sort(), [targets]);
  const dropped = Object.values(data?.droppedTargetCounts ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('targets.title')}</h1>
        <div className="nx-spacer" />
        <RefreshState intervalMs={refreshMs} paused={paused} onChange={setPaused} />
      </div>
      <FilterBar targets={targets} poolNames={poolNames} filter={filter} onChange={setFilter} />
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {data !== undefined && data.warnings.length > 0 ? (
        <Notice kind="warning" title={t('targets.discoveryFails')}>
          {data.warnings.map((text) => (
            <div key={text} className="nx-server-text">
              {text}
            </div>
          ))}
        </Notice>
      ) : null}
      {isPending ? <EmptyState title={t('common.loading')} /> : null}
      {data !== undefined && targets.length === 0 ? (
        <EmptyState title={t('targets.empty')} help={t('targets.emptyHelp')} />
      ) : null}
      {targets.length > 0 && pools.length === 0 ? (
        <EmptyState title={t('targets.noMatch')}>
          <Button size="xs" variant="default" onClick={() => setFilter({pool: '', health: '', search: ''})}>
            {t('targets.resetFilter')}
          </Button>
        </EmptyState>
      ) : null}
      <div className="nx-pools">
        {pools.map((pool) => (
          <PoolCard key={pool.name} pool={pool} alone={pools.length === 1} />
        ))}
      </div>
      {dropped > 0 ? <p className="nx-targets-note">{t('targets.dropped', {count: dropped})}</p> : null}
    </>
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
  const known =
    poolNames.includes(filter.pool) || filter.pool === '' ? poolNames : [filter.pool, ...poolNames];
  return (
    <div className="nx-filters">
      <NativeSelect
        size="sm"
        aria-label={t('targets.pool')}
        value={filter.pool}
        onChange={(event) => onChange({...filter, pool: event.currentTarget.value})}
        data={[
          {value: '', label: t('targets.allPools')},
          ...known.map((name) => ({value: name, label: name})),
        ]}
      />
      <SegmentedControl
        size="sm"
        aria-label={t('targets.health')}
        value={filter.health}
        onChange={(health) => onChange({...filter, health: health as Health | ''})}
        data={[
          {value: '', label: `${t('targets.all')} ${inPool.length}`},
          ...healths.map((health) => ({value: health, label: `${t(`targets.${health}`)} ${counts[health]}`})),
        ]}
      />
      <TextInput
        className="nx-filter-search"
        size="sm"
        leftSection={<IconSearch size={15} aria-hidden />}
        placeholder={t('targets.search')}
        aria-label={t('targets.search')}
        value={filter.search}
        onChange={(event) => onChange({...filter, search: event.currentTarget.value})}
      />
    </div>
  );
}
