// What an alerting rule would have done: when it would have been pending and firing, and how often it would have notified.
import '../rules/rules-page.css';
import '../targets/targets-page.css';
import '../silences/silences.css';
import '../routing/routing.css';
import '../query/query-page.css';
import './backtest.css';
import {Button, Textarea} from '@mantine/core';
import {useMutation} from '@tanstack/react-query';
import {IconPlayerPlay} from '@tabler/icons-react';
import {useState, type ReactNode} from 'react';
import {useSearch} from 'wouter/use-browser-location';
import {requestApi} from '../api/client.ts';
import {useRules} from '../api/queries.ts';
import type {Rule} from '../api/types.ts';
import {usePreference} from '../base/preference.ts';
import {timeZone} from '../base/time-zone.ts';
import {formatSpan} from '../format/span.ts';
import {formatTime} from '../format/time.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {RangeInput} from '../query/range-input.tsx';
import {TimeInput} from '../query/time-input.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {LabelBadges} from '../widgets/label-badges.tsx';
import {Notice} from '../widgets/notice.tsx';
import {barsOf, exampleRule, firingsOf, sortedAlerts, type Backtest, type BacktestAlert} from './timeline.ts';
import {ruleYaml} from './rule-yaml.ts';

const dayMs = 86_400_000;
const alertsShown = 200;

export function BacktestPage(): ReactNode {
  const {t} = useMessages();
  const params = new URLSearchParams(useSearch());
  const [name, group, file] = ['name', 'group', 'file'].map((key) => params.get(key) ?? '');
  const {data, error, refetch} = useRules('alert', false);
  if (name === '') return <BacktestForm initial={exampleRule} />;
  if (error !== null) return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <EmptyState title={t('common.loading')} />;
  const found: Rule | undefined = data
    .filter((each) => each.name === group && each.file === file)
    .flatMap(({rules}) => rules)
    .find((rule) => rule.name === name);
  return <BacktestForm initial={found?.type === 'alerting' ? ruleYaml(found) : exampleRule} />;
}

function BacktestForm({initial}: {initial: string}): ReactNode {
  const {t} = useMessages();
  const [rule, setRule] = useState(initial);
  const [rangeMs, setRangeMs] = useState(dayMs);
  const [endMs, setEndMs] = useState<number | null>(null);
  const run = useMutation({
    mutationFn: async () => {
      const end = Math.floor((endMs ?? Date.now()) / 1000);
      const params = new URLSearchParams({rule, start: String(end - rangeMs / 1000), end: String(end)});
      return requestApi<Backtest>('rules/backtest', {params, post: true});
    },
  });
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('backtest.title')}</h1>
      </div>
      <p className="nx-routing-help">{t('backtest.help')}</p>
      <form
        className="nx-card nx-silence-form nx-backtest-form"
        onSubmit={(event) => {
          event.preventDefault();
          run.mutate();
        }}
      >
        <Textarea
          label={t('backtest.rule')}
          className="nx-backtest-rule"
          autosize
          minRows={6}
          maxRows={24}
          spellCheck={false}
          value={rule}
          onChange={(event) => setRule(event.currentTarget.value)}
        />
        <div className="nx-silence-actions">
          <RangeInput rangeMs={rangeMs} onChange={setRangeMs} />
          <TimeInput label={t('time.end')} timeMs={endMs} stepMs={rangeMs / 2} onChange={setEndMs} />
          <Button
            type="submit"
            loading={run.isPending}
            leftSection={<IconPlayerPlay size={15} aria-hidden />}
          >
            {t('query.run')}
          </Button>
        </div>
      </form>
      {run.error === null ? null : <ErrorAlert error={run.error} onRetry={() => run.mutate()} />}
      {run.data === undefined ? null : <Result backtest={run.data.data} warnings={run.data.warnings} />}
    </>
  );
}

function Result({backtest, warnings}: {backtest: Backtest; warnings: readonly string[]}): ReactNode {
  const {t, span} = useMessages();
  const alerts = sortedAlerts(backtest);
  const firings = firingsOf(alerts);
  return (
    <section className="nx-backtest-result" aria-label={t('backtest.result')}>
      {warnings.map((text) => (
        <Notice key={text} kind="warning">
          {text}
        </Notice>
      ))}
      <div className="nx-backtest-facts">
        <Fact value={String(firings)} label={t('backtest.firings')} />
        <Fact value={formatSpan(backtest.firingSeconds * 1000, span)} label={t('backtest.firingTime')} />
        <Fact value={formatSpan(backtest.pendingSeconds * 1000, span)} label={t('backtest.pendingTime')} />
        {(backtest.notifications ?? []).map(({receiver, integration, notifications}) => (
          <Fact
            key={`${receiver} ${integration}`}
            value={String(notifications)}
            label={t('backtest.notifications', {name: `${receiver} (${integration})`})}
          />
        ))}
      </div>
      <p className="nx-muted nx-backtest-note">
        {t('backtest.evaluations', {
          count: backtest.evaluations,
          span: formatSpan(backtest.interval * 1000, span),
        })}{' '}
        {backtest.notifications === null ? t('backtest.noEstimate') : t('backtest.estimateHelp')}
      </p>
      {alerts.length === 0 ? (
        <EmptyState title={t('backtest.never')} help={t('backtest.neverHelp')} />
      ) : (
        <div className="nx-card nx-backtest-lines">
          <Axis backtest={backtest} />
          {alerts.slice(0, alertsShown).map((alert) => (
            <Line key={JSON.stringify(alert.labels)} alert={alert} backtest={backtest} />
          ))}
        </div>
      )}
      {alerts.length > alertsShown ? (
        <p className="nx-muted">{t('silences.previewMore', {count: alerts.length - alertsShown})}</p>
      ) : null}
    </section>
  );
}

function Fact({value, label}: {value: string; label: string}): ReactNode {
  return (
    <div className="nx-card nx-backtest-fact">
      <strong className="nx-number">{value}</strong>
      <span>{label}</span>
    </div>
  );
}

function Axis({backtest: {start, end}}: {backtest: Backtest}): ReactNode {
  const [zone] = usePreference(timeZone);
  return (
    <div className="nx-backtest-axis nx-number">
      <span>{formatTime(start * 1000, zone)}</span>
      <span>{formatTime(end * 1000, zone)}</span>
    </div>
  );
}

function Line({alert, backtest}: {alert: BacktestAlert; backtest: Backtest}): ReactNode {
  const {t, span} = useMessages();
  const [zone] = usePreference(timeZone);
  const bars = barsOf(alert.intervals, backtest);
  return (
    <div className="nx-backtest-line">
      <div className="nx-labels">
        <LabelBadges labels={alert.labels} without={['alertname']} />
      </div>
      <div className="nx-backtest-bars">
        {alert.intervals.map(({state, start, end}, index) => {
          const length = formatSpan(((end ?? backtest.end) - start) * 1000, span);
          const {left, width} = bars[index]!;
          const words = `${t(`rules.${state}`)}: ${formatTime(start * 1000, zone)}, ${length}`;
          return (
            <span
              key={start}
              className="nx-backtest-bar"
              data-state={state}
              style={{left: `${left}%`, width: `${width}%`}}
              title={words}
              role="img"
              aria-label={words}
            />
          );
        })}
      </div>
    </div>
  );
}
