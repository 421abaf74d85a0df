// Alerting rules with their alerts, what fires first. Refreshes itself.
import '../rules/rules-page.css';
import '../targets/targets-page.css';
import {Button} from '@mantine/core';
import {IconBellOff, IconChevronDown, IconChevronRight, IconHistory, IconRoute} from '@tabler/icons-react';
import {createContext, memo, use, useDeferredValue, useMemo, useState, type ReactNode} from 'react';
import {Link} from 'wouter';
import {useNotifiedAlerts} from '../api/alertmanager.ts';
import {useRules} from '../api/queries.ts';
import type {Alert, AlertingRule, RuleGroup} from '../api/types.ts';
import {formatSpan} from '../format/span.ts';
import {backtestAddress} from '../backtest/timeline.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {FilterBar, useRuleFilter} from '../rules/filter-bar.tsx';
import {GroupCard} from '../rules/group-card.tsx';
import {Annotations, ExprLink, RuleError, StateBadge} from '../rules/parts.tsx';
import {alertsOf, alertStates, countRules, groupKey, groupsOf} from '../rules/rule-filter.ts';
import {formatLabels} from '../routing/label-text.ts';
import {newSilenceAddress} from '../silences/silence-form.ts';
import {Age} from '../widgets/age.tsx';
import {LabelBadges} from '../widgets/label-badges.tsx';
import {ListPage} from '../widgets/list-page.tsx';
import {mutingFor, mutingsOf, type MutingByLabels} from './muted.ts';

const refreshMs = 5000;
/** A rule with more alerts shows this many first. */
const alertsShown = 20;
const noGroups: readonly RuleGroup[] = [];

/** For the rows, which are drawn again only when their rule changes or this does. */
const Mutings = createContext<MutingByLabels>(new Map());

export function AlertsPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useRuleFilter('/alerts');
  const deferred = useDeferredValue(filter);
  const query = useRules('alert', paused ? false : refreshMs);
  const {data: notified} = useNotifiedAlerts([], true, paused ? false : refreshMs);
  const mutings = useMemo(() => mutingsOf(notified ?? []), [notified]);
  const groups = query.data ?? noGroups;
  const shown = useMemo(() => groupsOf(groups, deferred, {urgentFirst: true}), [groups, deferred]);
  const counts = useMemo(() => countRules(groups), [groups]);
  const isEmpty = query.data !== undefined && groups.length === 0;
  const hasNoMatch = groups.length > 0 && shown.length === 0;
  return (
    <ListPage
      title={t('alerts.title')}
      refresh={{intervalMs: refreshMs, paused, onChange: setPaused}}
      filters={
        <FilterBar
          choices={alertStates}
          counts={counts}
          filter={filter}
          searchLabel={t('alerts.search')}
          onChange={setFilter}
        />
      }
      query={query}
      empty={isEmpty ? {title: t('alerts.empty'), help: t('rules.emptyHelp')} : null}
      noMatch={
        hasNoMatch ? {title: t('rules.noMatch'), onReset: () => setFilter({choice: '', search: ''})} : null
      }
    >
      <Mutings value={mutings}>
        <div className="nx-pools">
          {shown.map((each) => (
            <GroupCard
              key={groupKey(each.group)}
              shown={each}
              urgent={each.rules.some((rule) => rule.type === 'alerting' && rule.state === 'firing')}
              badge={<GroupState group={each.group} />}
            >
              {(rule, index) =>
                rule.type === 'alerting' ? (
                  <AlertItem key={`${rule.name} ${index}`} rule={rule} group={each.group} />
                ) : null
              }
            </GroupCard>
          ))}
        </div>
      </Mutings>
    </ListPage>
  );
}

/** How many of a group's rules fire, or wait. */
function GroupState({group}: {group: RuleGroup}): ReactNode {
  const counts = countRules([group]);
  const state = alertStates.find((each) => counts[each] > 0) ?? 'inactive';
  return <StateBadge state={state} count={counts[state]} />;
}

const AlertItem = memo(
  function AlertItem({
    rule,
    group,
  }: {
    rule: AlertingRule;
    group: Pick<RuleGroup, 'name' | 'file'>;
  }): ReactNode {
    const {t, span} = useMessages();
    const [toggled, setToggled] = useState<boolean | null>(null);
    const open = toggled ?? rule.state !== 'inactive';
    const alerts = alertsOf(rule);
    const Chevron = open ? IconChevronDown : IconChevronRight;
    const health = rule.state === 'firing' ? 'down' : rule.state === 'pending' ? 'unknown' : undefined;
    return (
      <li className="nx-rule" data-health={health}>
        <button
          type="button"
          className="nx-plain-button nx-rule-head"
          aria-expanded={open}
          onClick={() => setToggled(!open)}
        >
          <Chevron size={16} aria-hidden />
          <span className="nx-rule-name">{rule.name}</span>
          <StateBadge state={rule.state} count={alerts.length} />
          {rule.health === 'err' ? (
            <span className="nx-health" data-health="down">
              {t('rules.err')}
            </span>
          ) : null}
          <span className="nx-labels">
            {rule.duration > 0 ? (
              <span className="nx-fact">
                {t('rules.for', {span: formatSpan(rule.duration * 1000, span)})}
              </span>
            ) : null}
            <LabelBadges labels={rule.labels} />
          </span>
        </button>
        <RuleError text={rule.lastError} />
        {open ? (
          <>
            <ExprLink expr={rule.query} />
            <div>
              <Link
                className="nx-link nx-alert-muted"
                href={backtestAddress({name: rule.name, group: group.name, file: group.file})}
              >
                <IconHistory size={13} aria-hidden /> {t('backtest.open')}
              </Link>
            </div>
            {alerts.length === 0 ? (
              <Annotations annotations={rule.annotations} />
            ) : (
              <AlertRows rule={rule} alerts={alerts} />
            )}
          </>
        ) : null}
      </li>
    );
  },
  (before, after) => JSON.stringify(before.rule) === JSON.stringify(after.rule),
);

function AlertRows({rule, alerts}: {rule: AlertingRule; alerts: readonly Alert[]}): ReactNode {
  const {t} = useMessages();
  const [all, setAll] = useState(false);
  const shown = all ? alerts : alerts.slice(0, alertsShown);
  return (
    <>
      <table className="nx-alert-rows">
        <thead>
          <tr>
            <th>{t('rules.state')}</th>
            <th>{t('targets.labels')}</th>
            <th>{t('alerts.since')}</th>
            <th className="nx-alert-value">{t('table.value')}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {shown.map((alert) => (
            <AlertRow key={JSON.stringify(alert.labels)} rule={rule} alert={alert} />
          ))}
        </tbody>
      </table>
      {shown.length < alerts.length ? (
        <div className="nx-more">
          <Button size="xs" variant="default" onClick={() => setAll(true)}>
            {t('alerts.showAll', {count: alerts.length})}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function AlertRow({rule, alert}: {rule: AlertingRule; alert: Alert}): ReactNode {
  const {t} = useMessages();
  // What the rule itself says of all its alerts stands above already.
  const above = [
    'alertname',
    ...Object.keys(rule.labels).filter((name) => alert.labels[name] === rule.labels[name]),
  ];
  return (
    <tr>
      <td>
        <StateBadge state={alert.state} />
        <div>
          <Muted alert={alert} />
        </div>
      </td>
      <td>
        <div className="nx-labels">
          <LabelBadges labels={alert.labels} without={above} />
        </div>
        <Annotations annotations={alert.annotations} />
      </td>
      <td className="nx-number" data-title={t('alerts.since')}>
        <Age timeMs={Date.parse(alert.activeAt)} />
      </td>
      <td className="nx-alert-value" data-title={t('table.value')}>
        {shortValue(alert.value)}
      </td>
      <td className="nx-alert-tools">
        <Button
          component={Link}
          href={newSilenceAddress(alert.labels)}
          size="compact-xs"
          variant="default"
          leftSection={<IconBellOff size={13} aria-hidden />}
        >
          {t('alerts.silence')}
        </Button>
        <Link
          className="nx-link nx-alert-muted"
          href={`/routing?${new URLSearchParams({labels: formatLabels(alert.labels)}).toString()}`}
        >
          <IconRoute size={13} aria-hidden /> {t('alerts.where')}
        </Link>
      </td>
    </tr>
  );
}

/** Whether its notifications are muted, and by what. */
function Muted({alert}: {alert: Alert}): ReactNode {
  const {t} = useMessages();
  const muting = mutingFor(use(Mutings), alert.labels);
  if (muting === undefined) return null;
  const icon = <IconBellOff size={12} aria-hidden />;
  if (muting.kind === 'silenced') {
    return (
      <Link
        className="nx-alert-muted nx-link"
        href={`/silences?search=${encodeURIComponent(muting.silence)}`}
      >
        {icon} {t('alerts.silenced')}
      </Link>
    );
  }
  return (
    <span className="nx-alert-muted">
      {icon} {muting.kind === 'inhibited' ? t('alerts.inhibited') : t('alerts.muted', {name: muting.name})}
    </span>
  );
}

/** `1.5e+01` as people write it. */
function shortValue(text: string): string {
  const value = Number(text);
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : text;
}
