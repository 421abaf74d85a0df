import {Button} from '@mantine/core';
import type {ReactNode} from 'react';
import {useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from './empty-state.tsx';
import {ErrorAlert} from './error-alert.tsx';
import {Notice} from './notice.tsx';
import {RefreshState} from './refresh-state.tsx';

interface ListPageProps {
  title: string;
  refresh: {intervalMs: number; paused: boolean; onChange: (paused: boolean) => void};
  filters: ReactNode;
  /** What asks the server. */
  query: {error: Error | null; isPending: boolean; refetch: () => Promise<unknown>};
  /** Of the server, about discovery. */
  warnings?: readonly string[] | undefined;
  /** What is said where the server has nothing; null = it has something, or that is not known yet. */
  empty: {title: string; help: string} | null;
  /** What is said where the filter leaves nothing, and what takes it away. */
  noMatch: {title: string; onReset: () => void} | null;
  children: ReactNode;
}

/** The frame of a page that lists what a filter leaves, and refreshes itself. */
export function ListPage({
  title,
  refresh,
  filters,
  query,
  warnings = [],
  empty,
  noMatch,
  children,
}: ListPageProps): ReactNode {
  const {t} = useMessages();
  return (
    <>
      <div className="nx-page-head">
        <h1>{title}</h1>
        <div className="nx-spacer" />
        <RefreshState {...refresh} />
      </div>
      {filters}
      {query.error === null ? null : <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />}
      {warnings.length > 0 ? (
        <Notice kind="warning" title={t('targets.discoveryFails')}>
          {warnings.map((text) => (
            <div key={text} className="nx-server-text">
              {text}
            </div>
          ))}
        </Notice>
      ) : null}
      {query.isPending ? <EmptyState title={t('common.loading')} /> : null}
      {empty === null ? null : <EmptyState {...empty} />}
      {noMatch === null ? null : (
        <EmptyState title={noMatch.title}>
          <Button size="xs" variant="default" onClick={noMatch.onReset}>
            {t('targets.resetFilter')}
          </Button>
        </EmptyState>
      )}
      {children}
    </>
  );
}
