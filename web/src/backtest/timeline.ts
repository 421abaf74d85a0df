// What a backtest answers, and where its intervals lie on a line.
import type {LabelSet} from '../api/types.ts';

export interface BacktestInterval {
  state: 'pending' | 'firing';
  /** Seconds since 1970; `end` null = still so at the end. */
  start: number;
  end: number | null;
}

export interface BacktestAlert {
  labels: LabelSet;
  annotations: LabelSet;
  intervals: readonly BacktestInterval[];
}

export interface Backtest {
  rule: {name: string; query: string};
  /** Seconds since 1970, and seconds. */
  start: number;
  end: number;
  interval: number;
  evaluations: number;
  alerts: readonly BacktestAlert[];
  pendingSeconds: number;
  firingSeconds: number;
  /** null = they cannot be told. */
  notifications: readonly {receiver: string; integration: string; notifications: number}[] | null;
}

export interface Bar {
  state: 'pending' | 'firing';
  /** Per cent of the line. */
  left: number;
  width: number;
}

/** Thinner bars could not be seen. */
const widthMin = 0.25;

export function barsOf(intervals: readonly BacktestInterval[], {start, end}: Backtest): Bar[] {
  const span = Math.max(1e-3, end - start);
  return intervals.map((interval) => {
    const left = (100 * (interval.start - start)) / span;
    const width = (100 * ((interval.end ?? end) - interval.start)) / span;
    return {state: interval.state, left: Math.min(left, 100 - widthMin), width: Math.max(width, widthMin)};
  });
}

/** How often it fired. */
export function firingsOf(alerts: readonly BacktestAlert[]): number {
  return alerts.reduce(
    (sum, {intervals}) => sum + intervals.filter(({state}) => state === 'firing').length,
    0,
  );
}

/** Those that fired longest first. */
export function sortedAlerts({alerts, end}: Backtest): BacktestAlert[] {
  const seconds = ({intervals}: BacktestAlert): number =>
    intervals.reduce(
      (sum, {state, start, end: until}) => sum + (state === 'firing' ? (until ?? end) - start : 0),
      0,
    );
  return [...alerts].sort((a, b) => seconds(b) - seconds(a));
}

/** A rule to begin with. */
export const exampleRule = `alert: TargetDown
expr: up == 0
for: 5m
labels:
  severity: page
annotations:
  summary: '{{ $labels.instance }} is down'
`;

/** The page that tests a rule that is loaded. */
export function backtestAddress(rule: {name: string; group: string; file: string}): string {
  return `/backtest?${new URLSearchParams(rule).toString()}`;
}
