// The routing tree of the Alertmanager, and the way that an alert takes through it.
import '../targets/targets-page.css';
import '../rules/rules-page.css';
import './routing.css';
import {NativeSelect, TextInput} from '@mantine/core';
import {useDeferredValue, type ReactNode} from 'react';
import {useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import type {Verdict} from '../../../src/alertmanager/verdict.ts';
import {
  useExplanation,
  useNotifiedAlerts,
  useRouting,
  type RouteExplanation,
  type RouteNode,
} from '../api/alertmanager.ts';
import {ApiError} from '../api/client.ts';
import type {LabelSet} from '../api/types.ts';
import {usePreference} from '../base/preference.ts';
import {timeZone} from '../base/time-zone.ts';
import {formatTime} from '../format/time.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {NoAlertmanager} from '../silences/silences-page.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {Notice} from '../widgets/notice.tsx';
import {formatLabels, parseLabels} from './label-text.ts';
import {verdictText} from './verdict-text.ts';

/** So many alerts are offered to choose from. */
const alertsMax = 100;

export function RoutingPage(): ReactNode {
  const {t} = useMessages();
  const [, navigate] = useLocation();
  const text = new URLSearchParams(useSearch()).get('labels') ?? '';
  const setText = (next: string): void => {
    const params = new URLSearchParams(next === '' ? {} : {labels: next});
    navigate(params.size === 0 ? '/routing' : `/routing?${params.toString()}`, {replace: true});
  };
  const labels = parseLabels(text);
  const {data, error, refetch, isPending} = useRouting(useDeferredValue(labels) ?? {});
  if (error instanceof ApiError && error.kind === 'not_found') return <NoAlertmanager />;
  const way = {passed: new Set(data?.passed ?? []), matched: new Set(data?.matched ?? [])};
  const asked = labels !== undefined && Object.keys(labels).length > 0;
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('routing.title')}</h1>
      </div>
      <p className="nx-routing-help">{t('routing.help')}</p>
      <div className="nx-filters">
        <TextInput
          className="nx-filter-search nx-routing-labels"
          size="sm"
          aria-label={t('routing.labels')}
          placeholder={'severity="page", team="db"'}
          value={text}
          error={labels === undefined ? t('routing.invalid') : undefined}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <ActiveAlerts onChoose={setText} />
      </div>
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {isPending ? <EmptyState title={t('common.loading')} /> : null}
      {asked ? <Explanations labels={labels} /> : null}
      {data === undefined ? null : (
        <ul className="nx-route-tree" data-asked={asked || undefined}>
          <RouteItem node={data.route} way={way} />
        </ul>
      )}
    </>
  );
}

/** Why an alert with these labels is silent, or when it is told of. */
function Explanations({labels}: {labels: LabelSet}): ReactNode {
  const {t} = useMessages();
  const [zone] = usePreference(timeZone);
  const {data} = useExplanation(labels);
  if (data === undefined) return null;
  const time = (rfc3339: string): string => formatTime(Math.trunc(Date.parse(rfc3339) / 1000) * 1000, zone);
  const explained = data.routes.map((route) => {
    const text = verdictText({step: route.step, ...route.facts} as Verdict, t, time);
    return {route, text: text ?? {...wordsOfServer(route), isCalm: false, isOfAlert: false}};
  });
  // What holds for the alert wherever it goes is said once.
  const shown = explained[0]?.text.isOfAlert ? explained.slice(0, 1) : explained;
  return (
    <div className="nx-explanations">
      {shown.map(({route, text}) => (
        <Notice
          key={route.route}
          kind={text.isCalm ? 'info' : 'warning'}
          title={text.isOfAlert ? text.title : `${route.receiver}: ${text.title}`}
        >
          <div className="nx-explanation">{text.why}</div>
          <div className="nx-explanation nx-muted">
            {t('routing.change')} {text.change}
          </div>
        </Notice>
      ))}
    </div>
  );
}

/** For steps that this page does not know. */
function wordsOfServer({step, why, change}: RouteExplanation): {title: string; why: string; change: string} {
  return {title: step, why: `${why}.`, change: `${change}.`};
}

/** Fills in the labels of an alert that is there. */
function ActiveAlerts({onChoose}: {onChoose: (labels: string) => void}): ReactNode {
  const {t} = useMessages();
  const {data} = useNotifiedAlerts([], true);
  if (data === undefined || data.length === 0) return null;
  const texts = data.slice(0, alertsMax).map(({labels}) => formatLabels(labels));
  return (
    <NativeSelect
      className="nx-routing-alerts"
      size="sm"
      aria-label={t('routing.tryAlert')}
      value=""
      onChange={(event) => onChoose(event.currentTarget.value)}
      data={[{value: '', label: t('routing.tryAlert')}, ...texts.map((each) => ({value: each, label: each}))]}
    />
  );
}

interface Way {
  passed: ReadonlySet<string>;
  matched: ReadonlySet<string>;
}

function RouteItem({node, way}: {node: RouteNode; way: Way}): ReactNode {
  const {t} = useMessages();
  const state = way.matched.has(node.id) ? 'matched' : way.passed.has(node.id) ? 'passed' : undefined;
  return (
    <li>
      <div className="nx-card nx-route" data-way={state}>
        <div className="nx-route-head">
          <span className="nx-rule-name">{node.receiver}</span>
          {state === 'matched' ? (
            <span className="nx-health" data-health={node.integrations > 0 ? 'up' : 'none'}>
              {t(node.integrations > 0 ? 'routing.goesHere' : 'routing.goesNowhere')}
            </span>
          ) : null}
          {node.continue ? <span className="nx-fact">{t('routing.continue')}</span> : null}
        </div>
        <div className="nx-labels">
          {node.matchers.length === 0 ? (
            <span className="nx-route-all">{t('routing.everything')}</span>
          ) : (
            node.matchers.map((matcher) => (
              <span key={matcher} className="nx-label-badge">
                {matcher}
              </span>
            ))
          )}
        </div>
        <div className="nx-silence-facts">
          <span>
            {node.groupBy.length === 0
              ? t('routing.groupByNothing')
              : node.groupBy[0] === '...'
                ? t('routing.groupByAll')
                : t('routing.groupBy', {labels: node.groupBy.join(', ')})}
          </span>
          <span className="nx-number">
            {t('routing.timers', {
              wait: node.groupWait,
              interval: node.groupInterval,
              repeat: node.repeatInterval,
            })}
          </span>
          {node.muteTimeIntervals.length > 0 ? (
            <span>{t('routing.muted', {names: node.muteTimeIntervals.join(', ')})}</span>
          ) : null}
          {node.activeTimeIntervals.length > 0 ? (
            <span>{t('routing.active', {names: node.activeTimeIntervals.join(', ')})}</span>
          ) : null}
        </div>
      </div>
      {node.routes.length === 0 ? null : (
        <ul>
          {node.routes.map((child) => (
            <RouteItem key={child.id} node={child} way={way} />
          ))}
        </ul>
      )}
    </li>
  );
}
