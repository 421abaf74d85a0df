// What is running: the process and its build.
import './status.css';
import type {ReactNode} from 'react';
import {useFacts} from '../api/queries.ts';
import type {Facts} from '../api/types.ts';
import {usePreference} from '../base/preference.ts';
import {formatSpan} from '../format/span.ts';
import {formatTime} from '../format/time.ts';
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {timeZone} from '../base/time-zone.ts';
import {Age, useNow} from '../widgets/age.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {goTime, isTimeFact} from './facts.ts';

type Words = Readonly<Record<string, PlainMessageKey>>;

const runtimeWords: Words = {
  startTime: 'status.startTime',
  serverTime: 'status.serverTime',
  hostname: 'status.hostname',
  CWD: 'status.cwd',
  reloadConfigSuccess: 'status.reloadConfigSuccess',
  lastConfigTime: 'status.lastConfigTime',
  storageRetention: 'status.storageRetention',
  corruptionCount: 'status.corruptionCount',
};

const buildWords: Words = {
  version: 'status.version',
  revision: 'status.revision',
  branch: 'status.branch',
  buildUser: 'status.buildUser',
  buildDate: 'status.buildDate',
  goVersion: 'status.goVersion',
};

export function StatusPage(): ReactNode {
  const {t} = useMessages();
  const runtime = useFacts('runtimeinfo');
  const build = useFacts('buildinfo');
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('status.title')}</h1>
      </div>
      <div className="nx-status-cards">
        <FactCard title={t('status.runtime')} words={runtimeWords} result={runtime} />
        <FactCard title={t('status.build')} words={buildWords} result={build} />
      </div>
    </>
  );
}

interface FactCardProps {
  title: string;
  words: Words;
  result: ReturnType<typeof useFacts>;
}

function FactCard({title, words, result}: FactCardProps): ReactNode {
  const {t} = useMessages();
  const {data, error, refetch} = result;
  return (
    <section className="nx-card nx-status-card" aria-label={title}>
      <h2>{title}</h2>
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <EmptyState title={t('common.loading')} /> : null}
      {data === undefined ? null : <FactTable facts={data} words={words} />}
    </section>
  );
}

/** The known facts in the order of `words`, then what the server knows besides, by the server's own names. */
function FactTable({facts, words}: {facts: Facts; words: Words}): ReactNode {
  const {t} = useMessages();
  const known = Object.keys(words).filter((name) => name in facts);
  const others = Object.keys(facts).filter((name) => !(name in words));
  return (
    <table className="nx-facts">
      <tbody>
        {known.map((name) => (
          <tr key={name}>
            <th scope="row">{t(words[name]!)}</th>
            <td>
              <Fact name={name} value={facts[name]} />
            </td>
          </tr>
        ))}
        {others.map((name) => (
          <tr key={name}>
            <th scope="row" className="nx-mono">
              {name}
            </th>
            <td>
              <Fact name={name} value={facts[name]} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Fact({name, value}: {name: string; value: Facts[string] | undefined}): ReactNode {
  const {t} = useMessages();
  const text = String(value ?? '');
  if (name === 'reloadConfigSuccess') {
    return (
      <span className="nx-health" data-health={value === true ? 'up' : 'down'}>
        {t(value === true ? 'status.reloadSuccess' : 'status.reloadFailure')}
      </span>
    );
  }
  const timeMs = isTimeFact(text) ? goTime(text) : null;
  if (timeMs !== null) return <TimeFact timeMs={timeMs} sinceStart={name === 'startTime'} />;
  return <span className="nx-mono">{text === '' ? '–' : text}</span>;
}

function TimeFact({timeMs, sinceStart}: {timeMs: number; sinceStart: boolean}): ReactNode {
  const {t, span} = useMessages();
  const [zone] = usePreference(timeZone);
  const nowMs = useNow();
  return (
    <span className="nx-number">
      {formatTime(Math.floor(timeMs / 1000) * 1000, zone)}{' '}
      <span className="nx-muted">
        {sinceStart ? (
          `(${t('status.uptime')}: ${formatSpan(nowMs - timeMs, span)})`
        ) : (
          <Age timeMs={timeMs} />
        )}
      </span>
    </span>
  );
}
