// The command line's flags with the values in force.
import './status.css';
import {TextInput} from '@mantine/core';
import {IconSearch} from '@tabler/icons-react';
import {useMemo, useState, type ReactNode} from 'react';
import {useFacts} from '../api/queries.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {CopyIcon} from '../widgets/copy-button.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';

export function FlagsPage(): ReactNode {
  const {t} = useMessages();
  const {data, error, refetch} = useFacts('flags');
  const [search, setSearch] = useState('');
  const all = useMemo(
    () =>
      Object.entries(data ?? {})
        .map(([name, value]) => ({name, value: String(value ?? '')}))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    [data],
  );
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter(({name, value}) =>
    words.every((word) => `${name}=${value}`.toLowerCase().includes(word)),
  );
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('flags.title')}</h1>
        <span className="nx-muted">{t('flags.count', {shown: found.length, total: all.length})}</span>
      </div>
      <TextInput
        mb="md"
        maw={520}
        leftSection={<IconSearch size={15} aria-hidden />}
        placeholder={t('flags.search')}
        aria-label={t('flags.search')}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <EmptyState title={t('common.loading')} /> : null}
      {data !== undefined && found.length === 0 ? (
        <EmptyState title={t('common.nothingFound', {text: search})} />
      ) : null}
      {found.length === 0 ? null : (
        <div className="nx-card">
          <table className="nx-flags">
            <thead>
              <tr>
                <th scope="col">{t('flags.flag')}</th>
                <th scope="col">{t('flags.value')}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {found.map(({name, value}) => (
                <tr key={name}>
                  <th scope="row" className="nx-mono">
                    --{name}
                  </th>
                  <td className="nx-mono">
                    {value === '' ? <span className="nx-muted">{t('flags.empty')}</span> : value}
                  </td>
                  <td className="nx-flag-tools">
                    <CopyIcon value={`--${name}=${value}`} label={t('common.copy')} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
