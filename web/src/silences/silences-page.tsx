// What is silenced, by whom, why and until when.
import '../rules/rules-page.css';
import '../targets/targets-page.css';
import './silences.css';
import {Button, SegmentedControl, TextInput} from '@mantine/core';
import {useMutation} from '@tanstack/react-query';
import {IconBellOff, IconCopyPlus, IconEdit, IconSearch} from '@tabler/icons-react';
import {memo, useDeferredValue, useMemo, useState, type ReactNode} from 'react';
import {Link, useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import {
  alertmanagerKey,
  requestAlertmanager,
  useSilences,
  type Silence,
  type SilenceState,
} from '../api/alertmanager.ts';
import {ApiError} from '../api/client.ts';
import {queryClient} from '../api/queries.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {Age} from '../widgets/age.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {RefreshState} from '../widgets/refresh-state.tsx';
import {showToast} from '../widgets/toast.tsx';
import {formatRow, rowOf} from './silence-form.ts';
import {
  countSilences,
  decodeSilenceFilter,
  encodeSilenceFilter,
  silencesOf,
  silenceStates,
  type SilenceFilter,
} from './silence-list.ts';

const refreshMs = 10_000;
/** So many are shown at first. */
const shownMax = 100;
const noSilences: readonly Silence[] = [];

export function SilencesPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useFilter();
  const deferred = useDeferredValue(filter);
  const {data, error, refetch, isPending} = useSilences(paused ? false : refreshMs);
  const silences = data ?? noSilences;
  const shown = useMemo(() => silencesOf(silences, deferred), [silences, deferred]);
  const counts = useMemo(() => countSilences(silences), [silences]);
  const [all, setAll] = useState(false);
  if (error instanceof ApiError && error.kind === 'not_found') return <NoAlertmanager />;
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('silences.title')}</h1>
        <div className="nx-spacer" />
        <RefreshState intervalMs={refreshMs} paused={paused} onChange={setPaused} />
        <Button
          component={Link}
          href="/silence"
          size="sm"
          leftSection={<IconBellOff size={16} aria-hidden />}
        >
          {t('silences.new')}
        </Button>
      </div>
      <SilenceFilterBar filter={filter} counts={counts} onChange={setFilter} />
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {isPending ? <EmptyState title={t('common.loading')} /> : null}
      {data !== undefined && shown.length === 0 ? (
        <EmptyState
          title={t(filter.search === '' ? `silences.none.${filter.state}` : 'silences.noMatch')}
          help={t('silences.emptyHelp')}
        />
      ) : null}
      <div className="nx-pools">
        {(all ? shown : shown.slice(0, shownMax)).map((silence) => (
          <SilenceCard key={silence.id} silence={silence} />
        ))}
      </div>
      {!all && shown.length > shownMax ? (
        <div className="nx-more">
          <Button size="xs" variant="default" onClick={() => setAll(true)}>
            {t('silences.showAll', {count: shown.length})}
          </Button>
        </div>
      ) : null}
    </>
  );
}

/** The server may run without its Alertmanager. */
export function NoAlertmanager(): ReactNode {
  const {t} = useMessages();
  return <EmptyState title={t('silences.noAlertmanager')} help={t('silences.noAlertmanagerHelp')} />;
}

function useFilter(): [SilenceFilter, (filter: SilenceFilter) => void] {
  const search = useSearch();
  const [, navigate] = useLocation();
  const filter = useMemo(() => decodeSilenceFilter(search), [search]);
  const setFilter = (next: SilenceFilter): void => {
    const encoded = encodeSilenceFilter(next);
    navigate(encoded === '' ? '/silences' : `/silences?${encoded}`, {replace: true});
  };
  return [filter, setFilter];
}

interface SilenceFilterBarProps {
  filter: SilenceFilter;
  counts: Record<SilenceState, number>;
  onChange: (filter: SilenceFilter) => void;
}

function SilenceFilterBar({filter, counts, onChange}: SilenceFilterBarProps): ReactNode {
  const {t} = useMessages();
  return (
    <div className="nx-filters">
      <SegmentedControl
        size="sm"
        aria-label={t('rules.state')}
        value={filter.state}
        onChange={(state) => onChange({...filter, state: state as SilenceState})}
        data={silenceStates.map((state) => ({
          value: state,
          label: `${t(`silences.${state}`)} ${counts[state]}`,
        }))}
      />
      <TextInput
        className="nx-filter-search"
        size="sm"
        leftSection={<IconSearch size={15} aria-hidden />}
        placeholder={t('silences.search')}
        aria-label={t('silences.search')}
        value={filter.search}
        onChange={(event) => onChange({...filter, search: event.currentTarget.value})}
      />
    </div>
  );
}

const SilenceCard = memo(
  function SilenceCard({silence}: {silence: Silence}): ReactNode {
    const {t} = useMessages();
    const {matchers, comment, createdBy, startsAt, endsAt, status} = silence;
    return (
      <section className="nx-card nx-silence" data-state={status.state} aria-label={comment}>
        <div className="nx-silence-body">
          <div className="nx-labels">
            {matchers.map((matcher) => (
              <MatcherBadge key={`${matcher.name} ${matcher.value}`} text={formatRow(rowOf(matcher))} />
            ))}
          </div>
          <div className="nx-silence-comment">{comment}</div>
          <div className="nx-silence-facts">
            <span>{t('silences.by', {name: createdBy})}</span>
            <span>
              {t(status.state === 'pending' ? 'silences.begins' : 'silences.began')}{' '}
              <Age timeMs={Date.parse(startsAt)} />
            </span>
            <span>
              {t(status.state === 'expired' ? 'silences.ended' : 'silences.ends')}{' '}
              <Age timeMs={Date.parse(endsAt)} />
            </span>
          </div>
        </div>
        <SilenceTools silence={silence} />
      </section>
    );
  },
  (before, after) => JSON.stringify(before.silence) === JSON.stringify(after.silence),
);

export function MatcherBadge({text}: {text: string}): ReactNode {
  return <span className="nx-label-badge">{text}</span>;
}

function SilenceTools({silence: {id, status}}: {silence: Silence}): ReactNode {
  const {t} = useMessages();
  const expire = useMutation({
    mutationFn: () =>
      requestAlertmanager<void>(`api/v2/silence/${encodeURIComponent(id)}`, {method: 'DELETE'}),
    onSuccess: async () => {
      await queryClient.invalidateQueries({queryKey: [alertmanagerKey]});
      showToast(t('silences.expiredNow'));
    },
  });
  const [sure, setSure] = useState(false);
  const expired = status.state === 'expired';
  const Icon = expired ? IconCopyPlus : IconEdit;
  return (
    <div className="nx-silence-tools">
      {expire.error === null ? null : <span className="nx-field-error">{expire.error.message}</span>}
      <Button
        component={Link}
        href={`/silence?from=${encodeURIComponent(id)}`}
        size="xs"
        variant="default"
        leftSection={<Icon size={14} aria-hidden />}
      >
        {t(expired ? 'silences.again' : 'silences.edit')}
      </Button>
      {expired ? null : (
        <Button
          size="xs"
          variant={sure ? 'filled' : 'default'}
          {...(sure && {color: 'red'})}
          loading={expire.isPending}
          onClick={() => (sure ? expire.mutate() : setSure(true))}
          onBlur={() => setSure(false)}
        >
          {t(sure ? 'silences.expireSure' : 'silences.expire')}
        </Button>
      )}
    </div>
  );
}
