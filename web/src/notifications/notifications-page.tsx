// The history of notifications: who was told of what, when and why, and who could not be.
import '../rules/rules-page.css';
import '../targets/targets-page.css';
import '../silences/silences.css';
import {Button, SegmentedControl, TextInput} from '@mantine/core';
import {IconSearch} from '@tabler/icons-react';
import {useDeferredValue, useState, type ReactNode} from 'react';
import {useNotifications, type Notification} from '../api/alertmanager.ts';
import {ApiError} from '../api/client.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {RuleError} from '../rules/parts.tsx';
import {NoAlertmanager} from '../silences/silences-page.tsx';
import {Age} from '../widgets/age.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {LabelBadges} from '../widgets/label-badges.tsx';
import {RefreshState} from '../widgets/refresh-state.tsx';

const refreshMs = 10_000;
const pageLength = 100;

export function NotificationsPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const [failed, setFailed] = useState<'' | 'true' | 'false'>('');
  const [search, setSearch] = useState('');
  const [limit, setLimit] = useState(pageLength);
  const {data, error, refetch, isPending} = useNotifications({failed, limit}, paused ? false : refreshMs);
  const words = useDeferredValue(search).toLowerCase().split(/\s+/).filter(Boolean);
  if (error instanceof ApiError && error.kind === 'not_found') return <NoAlertmanager />;
  const shown = (data ?? []).filter((each) => matches(each, words));
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('notifications.title')}</h1>
        <div className="nx-spacer" />
        <RefreshState intervalMs={refreshMs} paused={paused} onChange={setPaused} />
      </div>
      <div className="nx-filters">
        <SegmentedControl
          size="sm"
          aria-label={t('rules.state')}
          value={failed}
          onChange={(next) => setFailed(next as typeof failed)}
          data={[
            {value: '', label: t('rules.all')},
            {value: 'false', label: t('notifications.sent')},
            {value: 'true', label: t('notifications.failed')},
          ]}
        />
        <TextInput
          className="nx-filter-search"
          size="sm"
          leftSection={<IconSearch size={15} aria-hidden />}
          placeholder={t('notifications.search')}
          aria-label={t('notifications.search')}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {isPending ? <EmptyState title={t('common.loading')} /> : null}
      {data !== undefined && shown.length === 0 ? (
        <EmptyState title={t('notifications.empty')} help={t('notifications.emptyHelp')} />
      ) : null}
      {shown.length === 0 ? null : (
        <ul className="nx-card nx-rules nx-notifications">
          {shown.map((each) => (
            <NotificationItem
              key={`${each.time} ${each.receiver} ${each.integration} ${each.index} ${each.groupKey}`}
              notification={each}
            />
          ))}
        </ul>
      )}
      {data !== undefined && data.length === limit ? (
        <div className="nx-more">
          <Button size="xs" variant="default" onClick={() => setLimit(limit + 5 * pageLength)}>
            {t('notifications.more')}
          </Button>
        </div>
      ) : null}
    </>
  );
}

function matches(
  {receiver, integration, groupLabels, error}: Notification,
  words: readonly string[],
): boolean {
  const labels = Object.entries(groupLabels).map(([name, value]) => `${name}=${value}`);
  const text = [receiver, integration, error, ...labels].join('\n').toLowerCase();
  return words.every((word) => text.includes(word.replaceAll('"', '')));
}

function NotificationItem({notification}: {notification: Notification}): ReactNode {
  const {t, span} = useMessages();
  const {time, receiver, integration, groupLabels, firing, resolved, attempts, durationMs, error} =
    notification;
  return (
    <li className="nx-rule" data-health={error === '' ? undefined : 'down'}>
      <div className="nx-rule-head">
        <span className="nx-rule-name">{receiver}</span>
        <span className="nx-fact">{integration}</span>
        {firing > 0 ? (
          <span className="nx-health" data-health="down">
            {t('notifications.firing', {count: firing})}
          </span>
        ) : null}
        {resolved > 0 ? (
          <span className="nx-health" data-health="up">
            {t('notifications.resolved', {count: resolved})}
          </span>
        ) : null}
        <span className="nx-spacer" />
        <span className="nx-group-facts nx-number">
          <Age timeMs={Date.parse(time)} /> · {formatSpan(durationMs, span)}
          {attempts > 1 ? ` · ${t('notifications.attempts', {count: attempts})}` : ''}
        </span>
      </div>
      <div className="nx-labels">
        <LabelBadges labels={groupLabels} />
      </div>
      <RuleError text={error} />
    </li>
  );
}
