// The value of an expression at one time.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {SegmentedControl} from '@mantine/core';
import type {ReactNode} from 'react';
import {queryInstant} from '../api/client.ts';
import type {QueryData} from '../api/types.ts';
import {usePreference} from '../base/preference.ts';
import {useMessages} from '../i18n/use-messages.ts';
import type {ResultProps} from './query-panel.tsx';
import {ResultFrame} from './result-frame.tsx';
import {ResultTable} from './result-table.tsx';
import {tableView, type TableView} from './settings.ts';
import {TimeInput} from './time-input.tsx';

const keptMs = 30_000;

export function TableTab({panel, state, run, refreshMs, onChange, tabs}: ResultProps): ReactNode {
  const {t} = useMessages();
  const {expr, endMs} = state;
  const [view, setView] = usePreference(tableView);
  const result = useQuery({
    queryKey: ['panel', panel, 'table', expr, endMs, run],
    queryFn: ({signal}) => queryInstant(expr, endMs ?? Date.now(), signal),
    enabled: expr !== '',
    staleTime: Infinity,
    gcTime: keptMs,
    placeholderData: keepPreviousData,
    refetchInterval: endMs === null && refreshMs > 0 ? refreshMs : false,
  });
  const data = result.data?.data;
  const isVector = data?.resultType === 'vector' && data.result.length > 0;
  return (
    <>
      <div className="nx-panel-bar">
        {tabs}
        <div className="nx-panel-controls">
          <TimeInput
            label={t('time.evaluation')}
            timeMs={endMs}
            stepMs={state.rangeMs / 2}
            onChange={(next) => onChange({endMs: next})}
          />
        </div>
        <div className="nx-spacer" />
        {isVector ? (
          <SegmentedControl
            size="xs"
            aria-label={t('table.view')}
            value={view}
            onChange={(value) => setView(value as TableView)}
            data={[
              {value: 'series', label: t('table.viewSeries')},
              {value: 'labels', label: t('table.viewLabels')},
            ]}
          />
        ) : null}
      </div>
      {expr === '' ? null : (
        <ResultFrame result={result} seriesCount={data === undefined ? undefined : countOf(data)}>
          {data === undefined ? null : <ResultTable data={data} />}
        </ResultFrame>
      )}
    </>
  );
}

function countOf(data: QueryData): number | undefined {
  return data.resultType === 'vector' || data.resultType === 'matrix' ? data.result.length : undefined;
}
