// What each part of an expression costs: the query is evaluated, and its result is left aside.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {SegmentedControl} from '@mantine/core';
import type {ReactNode} from 'react';
import {explainQuery} from '../api/client.ts';
import {formatBytes} from '../../../src/model/size.ts';
import {usePreference} from '../base/preference.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ExplainTree} from './explain-tree.tsx';
import {stepMsOf} from './panel.ts';
import type {ResultProps} from './query-panel.tsx';
import {RangeInput} from './range-input.tsx';
import {ResultFrame} from './result-frame.tsx';
import {explainSpan, type ExplainSpan} from './settings.ts';
import {TimeInput} from './time-input.tsx';

const keptMs = 30_000;

export function ExplainTab({panel, state, run, onChange, tabs}: ResultProps): ReactNode {
  const {t} = useMessages();
  const {expr, endMs, rangeMs} = state;
  const [spanned, setSpanned] = usePreference(explainSpan);
  const stepMs = spanned === 'range' ? stepMsOf(state.resolution, rangeMs) : 0;
  const result = useQuery({
    queryKey: ['panel', panel, 'explain', expr, endMs, stepMs === 0 ? 0 : rangeMs, stepMs, run],
    queryFn: ({signal}) => {
      const end = endMs ?? Date.now();
      const grid =
        stepMs === 0 ? {startMs: end, endMs: end, stepMs} : {startMs: end - rangeMs, endMs: end, stepMs};
      return explainQuery(expr, grid, signal);
    },
    enabled: expr !== '',
    staleTime: Infinity,
    gcTime: keptMs,
    placeholderData: keepPreviousData,
  });
  const explain = result.data?.data.explain;
  return (
    <>
      <div className="nx-panel-bar">
        {tabs}
        <div className="nx-panel-controls">
          {stepMs === 0 ? null : (
            <RangeInput rangeMs={rangeMs} onChange={(next) => onChange({rangeMs: next})} />
          )}
          <TimeInput
            label={t('time.evaluation')}
            timeMs={endMs}
            stepMs={rangeMs / 2}
            onChange={(next) => onChange({endMs: next})}
          />
        </div>
        <div className="nx-spacer" />
        <SegmentedControl
          size="xs"
          aria-label={t('explain.span')}
          value={spanned}
          onChange={(value) => setSpanned(value as ExplainSpan)}
          data={[
            {value: 'instant', label: t('explain.instant')},
            {value: 'range', label: t('explain.range')},
          ]}
        />
      </div>
      {expr === '' ? null : (
        <ResultFrame
          result={result}
          seriesCount={explain?.root.series}
          {...(stepMs === 0 ? {} : {grid: {points: Math.floor(rangeMs / stepMs) + 1, stepMs}})}
          more={explain === undefined ? null : t('explain.memory', {bytes: formatBytes(explain.memoryBytes)})}
        >
          {explain === undefined ? (
            <EmptyState title={t('explain.unknown')} help={t('explain.unknownHelp')} />
          ) : (
            <ExplainTree explain={explain} />
          )}
        </ResultFrame>
      )}
    </>
  );
}
