// What the table and the graph have in common: progress, errors, annotations, and what the query cost.
import type {ReactNode} from 'react';
import {formatDuration} from '../../../src/model/duration.ts';
import type {Answer, Timed} from '../api/client.ts';
import type {QueryStats} from '../api/types.ts';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {Notice} from '../widgets/notice.tsx';

/** The part of react-query's result that is shown here. */
export interface ResultState<T> {
  data: (Answer<T> & Timed) | undefined;
  error: Error | null;
  isFetching: boolean;
  isPlaceholderData: boolean;
  refetch: () => unknown;
}

interface ResultFrameProps<T extends {stats?: QueryStats}> {
  result: ResultState<T>;
  seriesCount: number | undefined;
  /** Of a range query. */
  grid?: {points: number; stepMs: number};
  /** At the end of the statistics. */
  more?: ReactNode;
  children: ReactNode;
}

export function ResultFrame<T extends {stats?: QueryStats}>(props: ResultFrameProps<T>): ReactNode {
  const {result, children} = props;
  const {t} = useMessages();
  const {data, error} = result;
  const failed = error !== null && !result.isPlaceholderData;
  return (
    <div
      className="nx-panel-result"
      data-stale={result.isPlaceholderData || undefined}
      aria-busy={result.isFetching}
    >
      {result.isFetching ? <div className="nx-progress" /> : null}
      {failed ? (
        <div className="nx-messages">
          <ErrorAlert error={error} query onRetry={result.refetch} />
        </div>
      ) : null}
      {data !== undefined && !failed ? (
        <>
          <Annotations warnings={data.warnings} infos={data.infos} />
          <div className="nx-result-body">{children}</div>
          <Stats {...props} data={data} />
        </>
      ) : null}
      {data === undefined && !failed && !result.isFetching ? <EmptyState title={t('query.notRun')} /> : null}
      {data === undefined && !failed && result.isFetching ? <EmptyState title={t('common.loading')} /> : null}
    </div>
  );
}

function Annotations({warnings, infos}: {warnings: readonly string[]; infos: readonly string[]}): ReactNode {
  const {t} = useMessages();
  if (warnings.length === 0 && infos.length === 0) return null;
  return (
    <div className="nx-messages">
      {warnings.length > 0 ? (
        <Notice kind="warning" title={t('query.warnings', {count: warnings.length})}>
          <AnnotationList texts={warnings} />
        </Notice>
      ) : null}
      {infos.length > 0 ? (
        <Notice kind="info" title={t('query.infos', {count: infos.length})}>
          <AnnotationList texts={infos} />
        </Notice>
      ) : null}
    </div>
  );
}

function AnnotationList({texts}: {texts: readonly string[]}): ReactNode {
  if (texts.length === 1) return <div className="nx-server-text">{texts[0]}</div>;
  return (
    <ul className="nx-server-text">
      {texts.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

function Stats<T extends {stats?: QueryStats}>(
  props: ResultFrameProps<T> & {data: Answer<T> & Timed},
): ReactNode {
  const {data, seriesCount, grid, more} = props;
  const {t, span} = useMessages();
  const stats = data.data.stats;
  const total = formatSpan(data.roundTripMs, span);
  const serverSeconds = stats?.timings?.execTotalTime;
  const samplesRead = stats?.samples?.samplesRead ?? stats?.samples?.totalQueryableSamples;
  const peak = stats?.samples?.peakSamples;
  return (
    <div className="nx-stats">
      {seriesCount === undefined ? null : <span>{t('stats.series', {count: seriesCount})}</span>}
      {grid === undefined ? null : (
        <span>{t('stats.grid', {count: grid.points, step: formatDuration(grid.stepMs)})}</span>
      )}
      <span>
        {serverSeconds === undefined
          ? t('stats.time', {total})
          : t('stats.timeOfServer', {total, server: formatSpan(serverSeconds * 1000, span)})}
      </span>
      {samplesRead === undefined ? null : <span>{t('stats.samples', {count: samplesRead})}</span>}
      {peak === undefined ? null : <span>{t('stats.peak', {count: peak})}</span>}
      {more === undefined ? null : <span>{more}</span>}
    </div>
  );
}
