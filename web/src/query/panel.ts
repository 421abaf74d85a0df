// One panel of the query page: an expression and how its result is looked at. Everything here stands in the address,
// see url-state.ts.

export type PanelTab = 'table' | 'graph' | 'explain';
export type GraphDisplay = 'lines' | 'stacked';
export type Density = 'low' | 'medium' | 'high';

/**
 * How far apart the points of a graph are: as many as the density says, or a step of its own, chosen from the list
 * (fixed) or typed (custom).
 */
export type Resolution = {kind: 'auto'; density: Density} | {kind: 'fixed' | 'custom'; stepMs: number};

export interface PanelState {
  expr: string;
  tab: PanelTab;
  rangeMs: number;
  /** Where the graph ends and when the table is evaluated; null = now. */
  endMs: number | null;
  resolution: Resolution;
  display: GraphDisplay;
  /** Where the y axis starts; null = where the data does. */
  yMin: number | null;
}

/** The defaults are Prometheus's, since addresses leave out what is at its default. */
export const defaultPanel: PanelState = {
  expr: '',
  tab: 'table',
  rangeMs: 3_600_000,
  endMs: null,
  resolution: {kind: 'auto', density: 'medium'},
  display: 'lines',
  yMin: null,
};

/** Points across the graph for each density, as in Prometheus's UI. */
const pointsOf: Record<Density, number> = {low: 100, medium: 250, high: 750};

/** The step of the range query in milliseconds: whole seconds where the resolution is automatic. */
export function stepMsOf(resolution: Resolution, rangeMs: number): number {
  if (resolution.kind !== 'auto') return resolution.stepMs;
  return Math.max(1000, Math.floor(rangeMs / pointsOf[resolution.density] / 1000) * 1000);
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** What the − and + buttons of the range step through, and what its list offers. */
export const rangesMs: readonly number[] = [
  minute,
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  28 * day,
  56 * day,
  182 * day,
  365 * day,
];

/** The next range of the list that is shorter (-1) or longer (1) than `rangeMs`; `rangeMs` itself at the list's end. */
export function neighbourRange(rangeMs: number, direction: -1 | 1): number {
  const found =
    direction === 1
      ? rangesMs.find((candidate) => candidate > rangeMs)
      : rangesMs.findLast((candidate) => candidate < rangeMs);
  return found ?? rangeMs;
}

export const fixedStepsMs: readonly number[] = [10_000, 30_000, minute, 5 * minute, 15 * minute, hour];
