// What the head holds, and what makes it large: names and labels with the most series.
import './status.css';
import {NativeSelect} from '@mantine/core';
import {useState, type ReactNode} from 'react';
import {Link} from 'wouter';
import {useTsdbBlocks, useTsdbStatus} from '../api/queries.ts';
import type {TsdbBlock, TsdbStat, TsdbStatus} from '../api/types.ts';
import {usePreference} from '../base/preference.ts';
import {timeZone} from '../base/time-zone.ts';
import {formatSpan} from '../format/span.ts';
import {formatTime} from '../format/time.ts';
import {formatValue} from '../format/unit.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {quote} from '../query/series-name.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';

const limits = [10, 25, 100];
/** Times beyond are how Prometheus writes that there is none. */
const timeMsMax = 8.64e15;

const wholeSeconds = (timeMs: number): number => Math.floor(timeMs / 1000) * 1000;

export function TsdbPage(): ReactNode {
  const {t} = useMessages();
  const [limit, setLimit] = useState(limits[0]!);
  const {data, error, refetch, isPending} = useTsdbStatus(limit);
  const blocks = useTsdbBlocks();
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('tsdb.title')}</h1>
        <div className="nx-spacer" />
        <NativeSelect
          size="xs"
          aria-label={t('tsdb.limit')}
          value={String(limit)}
          onChange={(event) => setLimit(Number(event.currentTarget.value))}
          data={limits.map((each) => ({value: String(each), label: t('tsdb.top', {count: each})}))}
        />
      </div>
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {isPending ? <EmptyState title={t('common.loading')} /> : null}
      {data === undefined ? null : <HeadCards data={data} />}
      {blocks.data === undefined ? null : <BlocksCard blocks={blocks.data} />}
    </>
  );
}

function HeadCards({data}: {data: TsdbStatus}): ReactNode {
  const {t} = useMessages();
  const {numSeries} = data.headStats;
  return (
    <>
      <HeadCard head={data.headStats} />
      <div className="nx-status-cards">
        <StatCard
          title={t('tsdb.seriesByName')}
          stats={data.seriesCountByMetricName}
          total={numSeries}
          exprOf={(name) => `{__name__=${quote(name)}}`}
        />
        <StatCard
          title={t('tsdb.seriesByPair')}
          stats={data.seriesCountByLabelValuePair}
          total={numSeries}
          exprOf={exprOfPair}
        />
        <StatCard title={t('tsdb.valuesByLabel')} stats={data.labelValueCountByLabelName} />
        <StatCard title={t('tsdb.memoryByLabel')} stats={data.memoryInBytesByLabelName} unit="bytes" />
      </div>
    </>
  );
}

/** `job=node` as the selector of these series. */
function exprOfPair(pair: string): string {
  const at = pair.indexOf('=');
  const name = pair.slice(0, at);
  const plain = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quote(name);
  return `{${plain}=${quote(pair.slice(at + 1))}}`;
}

function HeadCard({head}: {head: TsdbStatus['headStats']}): ReactNode {
  const {t, language, span} = useMessages();
  const [zone] = usePreference(timeZone);
  const {numSeries, chunkCount, numLabelPairs, minTime, maxTime} = head;
  const empty = Math.abs(minTime) > timeMsMax || Math.abs(maxTime) > timeMsMax;
  const facts: [string, string][] = [
    [t('tsdb.series'), numSeries.toLocaleString(language)],
    [t('tsdb.chunks'), chunkCount.toLocaleString(language)],
    [t('tsdb.pairs'), numLabelPairs.toLocaleString(language)],
    [t('tsdb.from'), empty ? '–' : formatTime(wholeSeconds(minTime), zone)],
    [t('tsdb.to'), empty ? '–' : formatTime(wholeSeconds(maxTime), zone)],
    [t('tsdb.span'), empty ? '–' : formatSpan(maxTime - minTime, span)],
  ];
  return (
    <section className="nx-card nx-tsdb-head" aria-label={t('tsdb.head')}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <span className="nx-muted">{name}</span>
          <strong className="nx-number">{value}</strong>
        </div>
      ))}
    </section>
  );
}

interface StatCardProps {
  title: string;
  stats: readonly TsdbStat[];
  /** What a bar is a share of; else of the largest. */
  total?: number;
  unit?: 'none' | 'bytes';
  /** The query that shows what is counted. */
  exprOf?: (name: string) => string;
}

function StatCard({title, stats, total, unit = 'none', exprOf}: StatCardProps): ReactNode {
  const {t, language} = useMessages();
  const whole = total ?? Math.max(1, ...stats.map(({value}) => value));
  return (
    <section className="nx-card nx-status-card" aria-label={title}>
      <h2>{title}</h2>
      {stats.length === 0 ? <EmptyState title={t('tsdb.nothing')} /> : null}
      <table className="nx-stats">
        <tbody>
          {stats.map(({name, value}) => (
            <tr key={name}>
              <th scope="row" className="nx-mono">
                {exprOf === undefined ? (
                  name
                ) : (
                  <Link
                    className="nx-link"
                    href={`/query?${new URLSearchParams({'g0.expr': exprOf(name), 'g0.tab': 'table'}).toString()}`}
                  >
                    {name}
                  </Link>
                )}
              </th>
              <td className="nx-number">
                {unit === 'bytes' ? formatValue(value, 'bytes') : value.toLocaleString(language)}
                <span className="nx-stat-bar" style={{width: `${Math.min(100, (100 * value) / whole)}%`}} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function BlocksCard({blocks}: {blocks: readonly TsdbBlock[]}): ReactNode {
  const {t, language, span} = useMessages();
  const [zone] = usePreference(timeZone);
  const title = t('tsdb.blocks');
  const count = (value: number | undefined): string => value?.toLocaleString(language) ?? '–';
  return (
    <section className="nx-card nx-status-card nx-tsdb-blocks" aria-label={title}>
      <h2>
        {title} <span className="nx-muted nx-number">{blocks.length}</span>
      </h2>
      {blocks.length === 0 ? <p className="nx-tsdb-none">{t('tsdb.noBlocks')}</p> : null}
      {blocks.length === 0 ? null : (
        <table className="nx-flags">
          <thead>
            <tr>
              <th scope="col">ULID</th>
              <th scope="col">{t('tsdb.from')}</th>
              <th scope="col">{t('tsdb.span')}</th>
              <th scope="col">{t('tsdb.level')}</th>
              <th scope="col">{t('tsdb.series')}</th>
              <th scope="col">{t('tsdb.samples')}</th>
            </tr>
          </thead>
          <tbody>
            {blocks.map(({ulid, minTime, maxTime, stats, compaction}) => (
              <tr key={ulid}>
                <td className="nx-mono">{ulid}</td>
                <td className="nx-number">{formatTime(minTime, zone)}</td>
                <td className="nx-number">{formatSpan(maxTime - minTime, span)}</td>
                <td className="nx-number">{count(compaction?.level)}</td>
                <td className="nx-number">{count(stats?.numSeries)}</td>
                <td className="nx-number">{count(stats?.numSamples)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
