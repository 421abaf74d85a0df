// A chart with its legend: which series are shown, and which one the reader points at.
import './graph.css';
import {useComputedColorScheme} from '@mantine/core';
import {useEffect, useMemo, useRef, useState, type ReactNode} from 'react';
import {usePreference} from '../base/preference.ts';
import {formatTime} from '../format/time.ts';
import type {Unit} from '../format/unit.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {commonLabels, shortName, type LabelSet} from '../query/series-name.ts';
import {timeZone} from '../base/time-zone.ts';
import {Chart, type ChartSpec, type Pointer} from './chart.ts';
import {seriesColor} from './colors.ts';
import {summarize, type Columns, type Grid} from './columns.ts';
import {Legend} from './legend.tsx';

export interface GraphProps {
  /** One for each column of values. */
  labels: readonly LabelSet[];
  columns: Columns;
  grid: Grid;
  unit: Unit;
  display: 'lines' | 'stacked';
  yMin: number | null;
  onZoom: (startMs: number, endMs: number) => void;
  onZoomOut: () => void;
}

export function Graph(props: GraphProps): ReactNode {
  const {labels, columns, grid, unit, display, yMin, onZoom, onZoomOut} = props;
  const {t} = useMessages();
  const [zone] = usePreference(timeZone);
  const scheme = useComputedColorScheme('light');
  // Hidden series are remembered by name, so that they stay hidden when the graph is refreshed.
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const names = useMemo(() => labels.map((item) => JSON.stringify(item)), [labels]);
  const shown = useMemo(() => names.map((name) => !hidden.has(name)), [names, hidden]);
  const colors = useMemo(() => labels.map((_, index) => seriesColor(index, scheme)), [labels, scheme]);
  const common = useMemo(() => commonLabels(labels), [labels]);
  const summaries = useMemo(() => columns.values.map(summarize), [columns]);
  const titles = useMemo(() => labels.map((item) => shortName(item, common)), [labels, common]);
  const more = (count: number): string => t('legend.more', {count});

  const spec: ChartSpec = useMemo(
    () => ({columns, titles, labels, colors, shown, grid, unit, display, yMin, zone, scheme}),
    [columns, titles, labels, colors, shown, grid, unit, display, yMin, zone, scheme],
  );
  const chart = useChart(spec, {onZoom, onZoomOut, more});

  const toggle = (index: number, solo: boolean): void => {
    const name = names[index]!;
    const isSolo = shown.every((isShown, other) => isShown === (other === index));
    const next = new Set(solo ? (isSolo ? [] : names.filter((other) => other !== name)) : hidden);
    if (!solo && !next.delete(name)) next.add(name);
    setHidden(next);
  };
  const description = t('graph.canvas', {
    count: labels.length,
    start: formatTime(grid.startMs, zone),
    end: formatTime(grid.endMs, zone),
  });
  return (
    <div className="nx-graph">
      <div
        className="nx-chart"
        ref={chart.element}
        role="img"
        aria-label={description}
        title={t('graph.help')}
      />
      <Legend
        labels={labels}
        common={common}
        colors={colors}
        shown={shown}
        summaries={summaries}
        unit={unit}
        onToggle={toggle}
        onShowAll={() => setHidden(new Set())}
        onFocus={chart.focus}
      />
    </div>
  );
}

interface ChartHandlers {
  onZoom: (startMs: number, endMs: number) => void;
  onZoomOut: () => void;
  more: (count: number) => string;
}

/** Draws the chart into the element, again whenever `spec` changes. */
function useChart(spec: ChartSpec, handlers: ChartHandlers) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const pointer = useRef<Pointer | null>(null);
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    const made = new Chart(element.current!, spec, {
      onZoom: (startMs, endMs) => latest.current.onZoom(startMs, endMs),
      onZoomOut: () => latest.current.onZoomOut(),
      more: (count) => latest.current.more(count),
    });
    chart.current = made;
    // After uPlot's first drawing, which comes later and puts the cursor away.
    const at = pointer.current;
    const frame = at === null ? 0 : requestAnimationFrame(() => made.pointAt(at));
    return () => {
      cancelAnimationFrame(frame);
      pointer.current = made.pointer();
      chart.current = null;
      made.destroy();
    };
  }, [spec]);
  return {element, focus: (index: number | null) => chart.current?.focus(index)};
}
