// Which scrape pool, which of some states, and words to look for.
import {NativeSelect, SegmentedControl, TextInput} from '@mantine/core';
import {IconSearch} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import {useMessages} from '../i18n/use-messages.ts';

interface PoolFiltersProps {
  /** '' = all pools. */
  pool: string;
  poolNames: readonly string[];
  onPool: (pool: string) => void;
  states: {
    label: string;
    value: string;
    data: {value: string; label: string}[];
    onChange: (value: string) => void;
  };
  search: {label: string; value: string; onChange: (value: string) => void};
}

export function PoolFilters({pool, poolNames, onPool, states, search}: PoolFiltersProps): ReactNode {
  const {t} = useMessages();
  // The pool of a link may be gone.
  const known = pool === '' || poolNames.includes(pool) ? poolNames : [pool, ...poolNames];
  return (
    <div className="nx-filters">
      <NativeSelect
        size="sm"
        aria-label={t('targets.pool')}
        value={pool}
        onChange={(event) => onPool(event.currentTarget.value)}
        data={[
          {value: '', label: t('targets.allPools')},
          ...known.map((name) => ({value: name, label: name})),
        ]}
      />
      <SegmentedControl
        size="sm"
        aria-label={states.label}
        value={states.value}
        onChange={states.onChange}
        data={states.data}
      />
      <TextInput
        className="nx-filter-search"
        size="sm"
        leftSection={<IconSearch size={15} aria-hidden />}
        placeholder={search.label}
        aria-label={search.label}
        value={search.value}
        onChange={(event) => search.onChange(event.currentTarget.value)}
      />
    </div>
  );
}
