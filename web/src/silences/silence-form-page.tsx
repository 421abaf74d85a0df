// A new silence, or a change of one: matchers, times, who and why, and which alerts it would mute now.
import '../rules/rules-page.css';
import '../targets/targets-page.css';
import './silences.css';
import {ActionIcon, Button, NativeSelect, Textarea, TextInput} from '@mantine/core';
import {useMutation} from '@tanstack/react-query';
import {IconPlus, IconTrash} from '@tabler/icons-react';
import {useDeferredValue, useState, type ReactNode} from 'react';
import {Link, useLocation} from 'wouter';
import {useSearch} from 'wouter/use-browser-location';
import {alertmanagerKey, requestAlertmanager, useNotifiedAlerts, useSilence} from '../api/alertmanager.ts';
import {ApiError} from '../api/client.ts';
import {queryClient} from '../api/queries.ts';
import {anyText, Preference, usePreference} from '../base/preference.ts';
import {timeZone} from '../base/time-zone.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {Age, useNow} from '../widgets/age.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {LabelBadges} from '../widgets/label-badges.tsx';
import {Notice} from '../widgets/notice.tsx';
import {showToast} from '../widgets/toast.tsx';
import {
  decodeRows,
  emptyForm,
  formatRow,
  formOf,
  lengthOf,
  noRow,
  operators,
  postedOf,
  problemsOf,
  type FormProblem,
  type MatcherRow,
  type Operator,
  type SilenceForm,
} from './silence-form.ts';
import {NoAlertmanager} from './silences-page.tsx';

/** Who made the last silence in this browser. */
const creator = new Preference<string>('silence-creator', '', anyText);

const lengths = ['30m', '2h', '8h', '1d', '3d', '1w'];
const previewMax = 50;

export function SilenceFormPage(): ReactNode {
  const {t} = useMessages();
  const search = useSearch();
  const from = new URLSearchParams(search).get('from') ?? '';
  const {data, error, refetch} = useSilence(from);
  const [zone] = usePreference(timeZone);
  const [name] = usePreference(creator);
  if (error instanceof ApiError && error.kind === 'not_found' && error.message === '')
    return <NoAlertmanager />;
  if (error !== null) return <ErrorAlert error={error} onRetry={() => void refetch()} />;
  if (from !== '' && data === undefined) return <EmptyState title={t('common.loading')} />;
  const initial =
    data === undefined
      ? {...emptyForm(decodeRows(search), Date.now(), zone), createdBy: name}
      : formOf(data, Date.now(), zone);
  return <Form key={search} initial={initial} />;
}

function Form({initial}: {initial: SilenceForm}): ReactNode {
  const {t} = useMessages();
  const [, navigate] = useLocation();
  const [zone] = usePreference(timeZone);
  const [, setCreator] = usePreference(creator);
  const [form, setForm] = useState(initial);
  const [tried, setTried] = useState(false);
  const nowMs = useNow();
  const problems = problemsOf(form, nowMs, zone);
  const shown = tried
    ? problems
    : problems.filter((problem) => problem === 'regex' || problem === 'allEmpty');
  const post = useMutation({
    mutationFn: () =>
      requestAlertmanager<{silenceID: string}>('api/v2/silences', {
        method: 'POST',
        body: postedOf(form, Date.now(), zone),
      }),
    onSuccess: async () => {
      setCreator(form.createdBy.trim());
      await queryClient.invalidateQueries({queryKey: [alertmanagerKey]});
      showToast(t('silences.saved'));
      navigate('/silences');
    },
  });
  const change = (part: Partial<SilenceForm>): void => setForm({...form, ...part});
  const problemOf = (...wanted: FormProblem[]): string | undefined => {
    const problem = shown.find((each) => wanted.includes(each));
    return problem === undefined ? undefined : t(`silences.problem.${problem}`);
  };
  return (
    <>
      <div className="nx-page-head">
        <h1>{t(form.id === '' ? 'silences.new' : 'silences.edit')}</h1>
      </div>
      <form
        className="nx-card nx-silence-form"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (problems.length === 0) post.mutate();
        }}
      >
        <MatcherRows
          rows={form.matchers}
          error={problemOf('noMatchers', 'matcherName', 'allEmpty', 'regex')}
          onChange={(matchers) => change({matchers})}
        />
        <div className="nx-silence-times">
          <TextInput
            label={t('silences.startsAt')}
            placeholder={t('time.now')}
            value={form.startsAt}
            error={problemOf('starts')}
            onChange={(event) => change({startsAt: event.currentTarget.value})}
          />
          <TextInput
            label={t('silences.endsAt')}
            value={form.endsAt}
            error={problemOf('ends', 'past', 'order')}
            onChange={(event) => change({endsAt: event.currentTarget.value})}
          />
          <div className="nx-silence-lengths" role="group" aria-label={t('silences.length')}>
            {lengths.map((length) => (
              <Button
                key={length}
                size="compact-sm"
                variant="default"
                onClick={() => change({endsAt: length, ...(form.id === '' && {startsAt: ''})})}
              >
                {length}
              </Button>
            ))}
            <span className="nx-muted nx-number">{lengthOf(form, nowMs, zone)}</span>
          </div>
        </div>
        <TextInput
          label={t('silences.createdBy')}
          value={form.createdBy}
          error={problemOf('creator')}
          onChange={(event) => change({createdBy: event.currentTarget.value})}
        />
        <Textarea
          label={t('silences.comment')}
          autosize
          minRows={2}
          value={form.comment}
          error={problemOf('comment')}
          onChange={(event) => change({comment: event.currentTarget.value})}
        />
        {post.error === null ? null : (
          <Notice kind="error" title={t('error.title')}>
            <div className="nx-server-text">{post.error.message}</div>
          </Notice>
        )}
        <div className="nx-silence-actions">
          <Button type="submit" loading={post.isPending}>
            {t(form.id === '' ? 'silences.create' : 'silences.save')}
          </Button>
          <Button component={Link} href="/silences" variant="default">
            {t('common.cancel')}
          </Button>
        </div>
      </form>
      <Preview rows={form.matchers} />
    </>
  );
}

interface MatcherRowsProps {
  rows: readonly MatcherRow[];
  error: string | undefined;
  onChange: (rows: readonly MatcherRow[]) => void;
}

function MatcherRows({rows, error, onChange}: MatcherRowsProps): ReactNode {
  const {t} = useMessages();
  const set = (index: number, part: Partial<MatcherRow>): void =>
    onChange(rows.map((row, i) => (i === index ? {...row, ...part} : row)));
  return (
    <fieldset className="nx-matchers">
      <legend>{t('silences.matchers')}</legend>
      <p className="nx-muted">{t('silences.matchersHelp')}</p>
      {rows.map((row, index) => (
        // Rows have no name of their own: their place is what they are known by.
        <div className="nx-matcher-row" key={index}>
          <TextInput
            aria-label={t('silences.label')}
            placeholder={t('silences.label')}
            value={row.name}
            onChange={(event) => set(index, {name: event.currentTarget.value})}
          />
          <NativeSelect
            aria-label={t('silences.operator')}
            value={row.operator}
            data={[...operators]}
            onChange={(event) => set(index, {operator: event.currentTarget.value as Operator})}
          />
          <TextInput
            className="nx-matcher-value"
            aria-label={t('silences.value')}
            placeholder={t('silences.value')}
            value={row.value}
            onChange={(event) => set(index, {value: event.currentTarget.value})}
          />
          <ActionIcon
            size="lg"
            aria-label={t('silences.removeMatcher')}
            onClick={() => onChange(rows.filter((_, i) => i !== index))}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </div>
      ))}
      {error === undefined ? null : <div className="nx-field-error">{error}</div>}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange([...rows, noRow])}
        >
          {t('silences.addMatcher')}
        </Button>
      </div>
    </fieldset>
  );
}

/** The alerts that the matchers match now. */
function Preview({rows}: {rows: readonly MatcherRow[]}): ReactNode {
  const {t} = useMessages();
  const deferred = useDeferredValue(rows);
  const complete = deferred.length > 0 && deferred.every(({name}) => name.trim() !== '');
  const {data, error} = useNotifiedAlerts(deferred.map(formatRow), complete);
  if (!complete) return null;
  return (
    <section className="nx-silence-preview" aria-label={t('silences.preview')}>
      <h2>{data === undefined ? t('silences.preview') : t('silences.previewCount', {count: data.length})}</h2>
      {error === null ? null : <div className="nx-field-error">{error.message}</div>}
      {data !== undefined && data.length > 0 ? (
        <ul className="nx-card nx-rules">
          {data.slice(0, previewMax).map(({fingerprint, labels, startsAt, status}) => (
            <li key={fingerprint} className="nx-rule">
              <div className="nx-rule-head">
                <span className="nx-rule-name">{labels['alertname'] ?? ''}</span>
                {status.silencedBy.length > 0 ? (
                  <span className="nx-fact">{t('silences.already')}</span>
                ) : null}
                <span className="nx-spacer" />
                <span className="nx-group-facts">
                  <Age timeMs={Date.parse(startsAt)} />
                </span>
              </div>
              <div className="nx-labels">
                <LabelBadges labels={labels} without={['alertname']} />
              </div>
            </li>
          ))}
        </ul>
      ) : null}
      {data !== undefined && data.length > previewMax ? (
        <p className="nx-muted">{t('silences.previewMore', {count: data.length - previewMax})}</p>
      ) : null}
    </section>
  );
}
