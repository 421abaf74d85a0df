// The result of an instant query: a vector, a matrix, a scalar or a string.
import './result-table.css';
import {Button, TextInput} from '@mantine/core';
import {IconArrowDown, IconArrowUp, IconSearch} from '@tabler/icons-react';
import {useDeferredValue, useMemo, useState, type MouseEvent, type ReactNode} from 'react';
import type {ApiSample, MatrixSeries, QueryData, VectorSeries} from '../api/types.ts';
import {copyText} from '../base/clipboard.ts';
import {usePreference} from '../base/preference.ts';
import {formatTime} from '../format/time.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {showToast} from '../widgets/toast.tsx';
import {HistogramView} from './histogram-view.tsx';
import {arrangeRows, nextSorting, rowsOf, sameColumn, type ResultRow, type Sorting} from './result-rows.ts';
import {RowTools} from './row-tools.tsx';
import {SeriesLabel} from './series-label.tsx';
import {labelNamesOf} from './series-name.ts';
import {timeZone} from '../base/time-zone.ts';
import {tableView} from './settings.ts';

/** More rows are shown in portions of this size. */
const rowsShown = 500;
/** Fewer rows are taken in at a glance and need no filter. */
const filterFrom = 8;

export function ResultTable({data}: {data: QueryData}): ReactNode {
  const {t} = useMessages();
  switch (data.resultType) {
    case 'scalar':
      return <SingleValue title={t('table.scalar')} sample={data.result} />;
    case 'string':
      return <SingleValue title={t('table.string')} sample={data.result} />;
    case 'vector':
      return data.result.length === 0 ? <NoSeries /> : <VectorTable series={data.result} />;
    case 'matrix':
      return data.result.length === 0 ? <NoSeries /> : <MatrixTable series={data.result} />;
  }
}

export function NoSeries(): ReactNode {
  const {t} = useMessages();
  return <EmptyState title={t('query.empty')} help={t('query.emptyHelp')} />;
}

function SingleValue({title, sample}: {title: string; sample: ApiSample}): ReactNode {
  return (
    <div className="nx-scalar">
      <small>{title}</small>
      <span>{sample[1]}</span>
    </div>
  );
}

function VectorTable({series}: {series: readonly VectorSeries[]}): ReactNode {
  const {t} = useMessages();
  const [view] = usePreference(tableView);
  const [filter, setFilter] = useState('');
  const deferredFilter = useDeferredValue(filter);
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const [shown, setShown] = useState(rowsShown);
  const rows = useMemo(() => rowsOf(series), [series]);
  const arranged = useMemo(() => arrangeRows(rows, deferredFilter, sorting), [rows, deferredFilter, sorting]);
  const columns = useMemo(
    () => (view === 'labels' ? labelNamesOf(rows.map(({labels}) => labels)) : null),
    [rows, view],
  );
  const head = {sorting, onSort: (column: Sorting['column']) => setSorting(nextSorting(sorting, column))};
  const visible = arranged.slice(0, shown);
  return (
    <>
      {rows.length < filterFrom ? null : (
        <div className="nx-table-tools">
          <TextInput
            size="xs"
            w={260}
            leftSection={<IconSearch size={14} aria-hidden />}
            placeholder={t('table.filter')}
            aria-label={t('table.filter')}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
          />
          {visible.length < rows.length
            ? t('table.shown', {shown: visible.length, total: rows.length})
            : null}
        </div>
      )}
      <div className="nx-scroll">
        <table className="nx-table nx-copyable" onClick={copyMatcher}>
          <thead>
            <tr>
              {columns === null ? (
                <SortHead {...head} column="series" title={t('table.series')} />
              ) : (
                columns.map((label) => (
                  <SortHead
                    key={label}
                    {...head}
                    column={{label}}
                    title={label === '__name__' ? t('table.series') : label}
                  />
                ))
              )}
              <SortHead {...head} column="value" title={t('table.value')} right />
              <th className="nx-tools-cell" />
            </tr>
          </thead>
          <tbody>
            {visible.map((row) => (
              <VectorRow key={row.name} row={row} columns={columns} />
            ))}
          </tbody>
        </table>
      </div>
      {arranged.length > shown ? (
        <div className="nx-more">
          <Button size="xs" variant="default" onClick={() => setShown(shown + rowsShown * 4)}>
            {t('table.showMore', {count: Math.min(arranged.length - shown, rowsShown * 4)})}
          </Button>
        </div>
      ) : null}
    </>
  );

  function copyMatcher(event: MouseEvent): void {
    // Who selects text to copy a part of it does not want this.
    if (!(event.target instanceof Element) || !(getSelection()?.isCollapsed ?? true)) return;
    const matcher = event.target.closest<HTMLElement>('[data-matcher]')?.dataset['matcher'];
    if (matcher === undefined) return;
    void copyText(matcher).then((ok) => ok && showToast(`${t('common.copied')}: ${matcher}`));
  }
}

interface SortHeadProps {
  title: string;
  column: Sorting['column'];
  sorting: Sorting | null;
  onSort: (column: Sorting['column']) => void;
  right?: boolean;
}

function SortHead({title, column, sorting, onSort, right = false}: SortHeadProps): ReactNode {
  const {t} = useMessages();
  const active = sorting !== null && sameColumn(sorting.column, column);
  const direction = active ? (sorting.descending ? 'descending' : 'ascending') : 'none';
  return (
    <th className={right ? 'nx-value-cell' : undefined} aria-sort={direction}>
      <button
        type="button"
        className="nx-plain-button nx-sort"
        title={t('table.sort', {column: title})}
        onClick={() => onSort(column)}
      >
        {title}
        {direction === 'ascending' ? <IconArrowUp size={13} aria-hidden /> : null}
        {direction === 'descending' ? <IconArrowDown size={13} aria-hidden /> : null}
      </button>
    </th>
  );
}

function VectorRow({row, columns}: {row: ResultRow; columns: readonly string[] | null}): ReactNode {
  return (
    <tr>
      {columns === null ? (
        <td>
          <SeriesLabel labels={row.labels} copyable />
        </td>
      ) : (
        columns.map((name) => (
          <td key={name} className="nx-label-cell">
            {row.labels[name] ?? ''}
          </td>
        ))
      )}
      <td className="nx-value-cell">
        {row.histogram === null ? row.text : <HistogramView histogram={row.histogram} />}
      </td>
      <td className="nx-tools-cell">
        <RowTools labels={row.labels} />
      </td>
    </tr>
  );
}

function MatrixTable({series}: {series: readonly MatrixSeries[]}): ReactNode {
  const {t} = useMessages();
  const [shown, setShown] = useState(rowsShown / 10);
  return (
    <div className="nx-scroll">
      <table className="nx-table">
        <thead>
          <tr>
            <th>{t('table.series')}</th>
            <th className="nx-value-cell">
              {t('table.value')} @ {t('table.time')}
            </th>
            <th className="nx-tools-cell" />
          </tr>
        </thead>
        <tbody>
          {series.slice(0, shown).map((item) => (
            <MatrixRow key={JSON.stringify(item.metric)} series={item} />
          ))}
        </tbody>
      </table>
      {series.length > shown ? (
        <div className="nx-more">
          <Button size="xs" variant="default" onClick={() => setShown(shown * 4)}>
            {t('table.showMore', {count: Math.min(series.length - shown, shown * 3)})}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** A range vector's samples are shown up to this many; a graph suits more. */
const samplesShown = 1000;

function MatrixRow({series}: {series: MatrixSeries}): ReactNode {
  const {t} = useMessages();
  const [zone] = usePreference(timeZone);
  const values = series.values ?? [];
  const histograms = series.histograms ?? [];
  return (
    <tr>
      <td>
        <SeriesLabel labels={series.metric} />
        <div className="nx-muted">{t('table.samples', {count: values.length + histograms.length})}</div>
      </td>
      <td className="nx-value-cell">
        <div className="nx-samples" tabIndex={values.length > 12 ? 0 : undefined}>
          {values
            .slice(0, samplesShown)
            .map(([timeSeconds, value]) => [
              <span key={timeSeconds}>{value}</span>,
              <span key={`at ${timeSeconds}`}>{formatTime(Math.round(timeSeconds * 1000), zone)}</span>,
            ])}
          {histograms
            .slice(0, samplesShown)
            .map(([timeSeconds, {count, sum}]) => [
              <span key={timeSeconds}>{t('table.histogram', {count, sum})}</span>,
              <span key={`at ${timeSeconds}`}>{formatTime(Math.round(timeSeconds * 1000), zone)}</span>,
            ])}
        </div>
      </td>
      <td className="nx-tools-cell">
        <RowTools labels={series.metric} />
      </td>
    </tr>
  );
}
