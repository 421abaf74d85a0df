// What stands below an empty panel: something to begin with.
import './start-page.css';
import {IconChartLine, IconTable} from '@tabler/icons-react';
import {useMemo, type ReactNode} from 'react';
import {Link} from 'wouter';
import {useMetricNames, useTargets} from '../api/queries.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {examplesFor, type Example} from './examples.ts';
import type {PanelState} from './panel.ts';

const targetsIntervalMs = 10_000;

export function StartPage({onPick}: {onPick: (change: Partial<PanelState>) => void}): ReactNode {
  const {t} = useMessages();
  const names = useMetricNames();
  const groups = useMemo(() => examplesFor(names.data ?? []), [names.data]);
  return (
    <div className="nx-start">
      <h2>{t('start.title')}</h2>
      <p className="nx-muted">{t('start.intro')}</p>
      <Facts metricCount={names.data?.length} />
      {names.error === null ? null : <ErrorAlert error={names.error} onRetry={() => void names.refetch()} />}
      {names.data !== undefined && groups.length === 0 ? <p>{t('start.noData')}</p> : null}
      {groups.map(({title, examples}) => (
        <section key={title} aria-label={t(title)}>
          <h3>{t(title)}</h3>
          <div className="nx-examples">
            {examples.map((example) => (
              <ExampleCard key={example.expr} example={example} onPick={onPick} />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

function Facts({metricCount}: {metricCount: number | undefined}): ReactNode {
  const {t} = useMessages();
  const targets = useTargets(targetsIntervalMs).data?.activeTargets ?? [];
  const up = targets.filter(({health}) => health === 'up').length;
  return (
    <div className="nx-start-facts">
      {targets.length === 0 ? null : (
        <Link className="nx-link" href="/targets">
          <span className="nx-dot" data-health={up === targets.length ? 'up' : 'down'} />
          {t('start.targets', {up, total: targets.length})}
        </Link>
      )}
      {metricCount === undefined || metricCount === 0 ? null : (
        <span className="nx-muted">{t('start.metrics', {count: metricCount})}</span>
      )}
    </div>
  );
}

interface ExampleCardProps {
  example: Example;
  onPick: (change: Partial<PanelState>) => void;
}

function ExampleCard({example, onPick}: ExampleCardProps): ReactNode {
  const {t} = useMessages();
  const {title, expr, tab} = example;
  const TabIcon = tab === 'graph' ? IconChartLine : IconTable;
  return (
    <button type="button" className="nx-example" onClick={() => onPick({expr, tab})}>
      <span className="nx-example-title">
        <TabIcon size={15} aria-hidden />
        {t(title)}
      </span>
      <code>{expr}</code>
    </button>
  );
}
