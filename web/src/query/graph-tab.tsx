// The values of an expression over a range of time, drawn.
import {ActionIcon, Button, SegmentedControl, Switch, Tooltip} from '@mantine/core';
import {IconZoomOut} from '@tabler/icons-react';
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {lazy, Suspense, useMemo, useState, type ReactNode} from 'react';
import {queryRange} from '../api/client.ts';
import type {MatrixSeries} from '../api/types.ts';
import {unitOf} from '../format/unit.ts';
import {columnsOf, stepCountOf, type Grid} from '../graph/columns.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {Notice} from '../widgets/notice.tsx';
import {stepMsOf, type GraphDisplay} from './panel.ts';
import type {ResultProps} from './query-panel.tsx';
import {RangeInput} from './range-input.tsx';
import {ResolutionInput} from './resolution-input.tsx';
import {ResultFrame} from './result-frame.tsx';
import {NoSeries} from './result-table.tsx';
import {TimeInput} from './time-input.tsx';

const Graph = lazy(async () => ({default: (await import('../graph/graph.tsx')).Graph}));

const keptMs = 30_000;
/** More series are neither fast to draw nor possible to tell apart. */
const seriesShown = 200;
const rangeMsMin = 1000;

export function GraphTab({panel, state, run, refreshMs, onChange, tabs}: ResultProps): ReactNode {
  const {expr, endMs, rangeMs, resolution} = state;
  const stepMs = stepMsOf(resolution, rangeMs);
  const result = useQuery({
    queryKey: ['panel', panel, 'graph', expr, endMs, rangeMs, stepMs, run],
    queryFn: async ({signal}) => {
      const end = endMs ?? Date.now();
      const grid: Grid = {startMs: end - rangeMs, endMs: end, stepMs};
      return {...(await queryRange(expr, grid, signal)), grid, expr};
    },
    enabled: expr !== '',
    staleTime: Infinity,
    gcTime: keptMs,
    placeholderData: keepPreviousData,
    refetchInterval: endMs === null && refreshMs > 0 ? refreshMs : false,
  });
  const answer = result.data;
  const zoom = (startMs: number, zoomedEndMs: number): void => {
    const start = Math.floor(startMs / 1000) * 1000;
    const end = Math.ceil(zoomedEndMs / 1000) * 1000;
    onChange({endMs: end, rangeMs: Math.max(rangeMsMin, end - start)});
  };
  const zoomOut = (): void => {
    const end = endMs === null ? null : Math.min(endMs + rangeMs / 2, Date.now());
    onChange({rangeMs: rangeMs * 2, endMs: end === null ? null : Math.floor(end / 1000) * 1000});
  };
  return (
    <>
      <div className="nx-panel-bar">
        {tabs}
        <GraphControls state={state} onChange={onChange} onZoomOut={zoomOut} />
      </div>
      {expr === '' ? null : (
        <ResultFrame
          result={result}
          seriesCount={answer?.data.result.length}
          {...(answer === undefined
            ? {}
            : {grid: {points: stepCountOf(answer.grid), stepMs: answer.grid.stepMs}})}
        >
          {answer === undefined ? null : (
            <GraphResult
              key={answer.expr}
              series={answer.data.result}
              grid={answer.grid}
              expr={answer.expr}
              display={state.display}
              yMin={state.yMin}
              onZoom={zoom}
              onZoomOut={zoomOut}
            />
          )}
        </ResultFrame>
      )}
    </>
  );
}

type GraphControlsProps = Pick<ResultProps, 'state' | 'onChange'> & {onZoomOut: () => void};

function GraphControls({state, onChange, onZoomOut}: GraphControlsProps): ReactNode {
  const {t} = useMessages();
  return (
    <>
      <div className="nx-panel-controls">
        <RangeInput rangeMs={state.rangeMs} onChange={(rangeMs) => onChange({rangeMs})} />
        <TimeInput
          label={t('time.end')}
          timeMs={state.endMs}
          stepMs={state.rangeMs / 2}
          onChange={(endMs) => onChange({endMs})}
        />
        <Tooltip label={t('graph.zoomOut')}>
          <ActionIcon aria-label={t('graph.zoomOut')} onClick={onZoomOut}>
            <IconZoomOut size={18} />
          </ActionIcon>
        </Tooltip>
        <ResolutionInput
          resolution={state.resolution}
          rangeMs={state.rangeMs}
          onChange={(resolution) => onChange({resolution})}
        />
      </div>
      <div className="nx-spacer" />
      <div className="nx-panel-controls">
        <Switch
          size="xs"
          label={t('graph.zero')}
          checked={state.yMin === 0}
          onChange={(event) => onChange({yMin: event.currentTarget.checked ? 0 : null})}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('graph.display')}
          value={state.display}
          onChange={(value) => onChange({display: value as GraphDisplay})}
          data={[
            {value: 'lines', label: t('graph.lines')},
            {value: 'stacked', label: t('graph.stacked')},
          ]}
        />
      </div>
    </>
  );
}

interface GraphResultProps {
  series: readonly MatrixSeries[];
  grid: Grid;
  expr: string;
  display: GraphDisplay;
  yMin: number | null;
  onZoom: (startMs: number, endMs: number) => void;
  onZoomOut: () => void;
}

function GraphResult({series, grid, expr, ...chart}: GraphResultProps): ReactNode {
  const {t} = useMessages();
  const [limit, setLimit] = useState(seriesShown);
  const drawable = useMemo(() => series.filter(({values}) => values !== undefined), [series]);
  const shown = useMemo(() => drawable.slice(0, limit), [drawable, limit]);
  const columns = useMemo(
    () =>
      columnsOf(
        shown.map(({values}) => values ?? []),
        grid,
      ),
    [shown, grid],
  );
  const labels = useMemo(() => shown.map(({metric}) => metric), [shown]);
  const unit = useMemo(() => unitOf(expr), [expr]);
  const histograms = series.length - drawable.length;
  const limitNext = Math.min(drawable.length, limit * 5);
  if (series.length === 0) return <NoSeries />;
  return (
    <>
      {histograms > 0 || drawable.length > limit ? (
        <div className="nx-messages">
          {histograms > 0 ? <Notice kind="info">{t('graph.histograms', {count: histograms})}</Notice> : null}
          {drawable.length > limit ? (
            <Notice kind="warning">
              {t('graph.limited', {shown: limit, total: drawable.length})}{' '}
              <Button size="compact-xs" variant="default" ml="xs" onClick={() => setLimit(limitNext)}>
                {t('graph.showAll', {count: limitNext})}
              </Button>
            </Notice>
          ) : null}
        </div>
      ) : null}
      {shown.length === 0 ? null : (
        <Suspense fallback={<div className="nx-graph-waiting" />}>
          <Graph labels={labels} columns={columns} grid={grid} unit={unit} {...chart} />
        </Suspense>
      )}
    </>
  );
}
