// All rules by group: how their last evaluation went. Refreshes itself.
import './rules-page.css';
import '../targets/targets-page.css';
import {IconBell, IconMathFunction} from '@tabler/icons-react';
import {memo, useDeferredValue, useMemo, useState, type ReactNode} from 'react';
import {useRules} from '../api/queries.ts';
import type {Rule, RuleGroup} from '../api/types.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {LabelBadges} from '../widgets/label-badges.tsx';
import {ListPage} from '../widgets/list-page.tsx';
import {FilterBar, useRuleFilter} from './filter-bar.tsx';
import {GroupCard} from './group-card.tsx';
import {Annotations, ExprLink, LastEvaluation, RuleError, StateBadge} from './parts.tsx';
import {countRules, groupKey, groupsOf} from './rule-filter.ts';

const refreshMs = 10_000;
const noGroups: readonly RuleGroup[] = [];

export function RulesPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useRuleFilter('/rules');
  const deferred = useDeferredValue(filter);
  const query = useRules('all', paused ? false : refreshMs);
  const groups = query.data ?? noGroups;
  const shown = useMemo(() => groupsOf(groups, deferred), [groups, deferred]);
  const counts = useMemo(() => countRules(groups), [groups]);
  const isEmpty = query.data !== undefined && groups.length === 0;
  const hasNoMatch = groups.length > 0 && shown.length === 0;
  return (
    <ListPage
      title={t('rules.title')}
      refresh={{intervalMs: refreshMs, paused, onChange: setPaused}}
      filters={
        <FilterBar
          choices={['err', 'firing', 'pending', 'inactive']}
          counts={counts}
          filter={filter}
          searchLabel={t('rules.search')}
          onChange={setFilter}
        />
      }
      query={query}
      empty={isEmpty ? {title: t('rules.empty'), help: t('rules.emptyHelp')} : null}
      noMatch={
        hasNoMatch ? {title: t('rules.noMatch'), onReset: () => setFilter({choice: '', search: ''})} : null
      }
    >
      <div className="nx-pools">
        {shown.map((each) => (
          <GroupCard
            key={groupKey(each.group)}
            shown={each}
            urgent={shown.length === 1}
            badge={<GroupHealth rules={each.group.rules} />}
          >
            {(rule, index) => <RuleItem key={`${rule.name} ${index}`} rule={rule} />}
          </GroupCard>
        ))}
      </div>
    </ListPage>
  );
}

function GroupHealth({rules}: {rules: readonly Rule[]}): ReactNode {
  const {t} = useMessages();
  const failing = rules.filter(({health}) => health === 'err').length;
  const unknown = rules.some(({health}) => health === 'unknown');
  const text =
    failing > 0
      ? t('rules.failing', {count: failing, total: rules.length})
      : t('rules.count', {count: rules.length});
  return (
    <span className="nx-health" data-health={failing > 0 ? 'down' : unknown ? 'unknown' : 'up'}>
      {text}
    </span>
  );
}

const RuleItem = memo(
  function RuleItem({rule}: {rule: Rule}): ReactNode {
    const {t, span} = useMessages();
    const alerting = rule.type === 'alerting';
    const Icon = alerting ? IconBell : IconMathFunction;
    const kind = t(alerting ? 'rules.alerting' : 'rules.recording');
    return (
      <li className="nx-rule" data-health={rule.health === 'err' ? 'down' : undefined}>
        <div className="nx-rule-head">
          <span className="nx-rule-kind" title={kind}>
            <Icon size={16} aria-label={kind} />
          </span>
          <span className="nx-rule-name">{rule.name}</span>
          {alerting ? <StateBadge state={rule.state} /> : null}
          {rule.health === 'err' ? (
            <span className="nx-health" data-health="down">
              {t('rules.err')}
            </span>
          ) : null}
          <span className="nx-spacer" />
          <span className="nx-group-facts nx-number">
            <LastEvaluation rule={rule} />
          </span>
        </div>
        <ExprLink expr={rule.query} />
        <RuleError text={rule.lastError} />
        <div className="nx-labels">
          {alerting && rule.duration > 0 ? (
            <span className="nx-fact">{t('rules.for', {span: formatSpan(rule.duration * 1000, span)})}</span>
          ) : null}
          {alerting && rule.keepFiringFor > 0 ? (
            <span className="nx-fact">
              {t('rules.keepFiring', {span: formatSpan(rule.keepFiringFor * 1000, span)})}
            </span>
          ) : null}
          <LabelBadges labels={rule.labels} />
        </div>
        {alerting ? <Annotations annotations={rule.annotations} /> : null}
      </li>
    );
  },
  (before, after) => JSON.stringify(before.rule) === JSON.stringify(after.rule),
);
