// A range query's answer as the columns that uPlot draws: one column of times, and for each series one of values with
// null where the series has no sample, so that lines break there.

/** `[seconds, value]` as the API has them; values are strings, also `NaN` and `+Inf`. */
export type Sample = readonly [timeSeconds: number, value: string];

export interface Grid {
  startMs: number;
  endMs: number;
  stepMs: number;
}

export type ValueColumn = (number | null)[];

export interface Columns {
  /** Seconds since 1970, one for each step. */
  times: number[];
  values: ValueColumn[];
}

/** The server refuses to answer with more points than this for a series. */
export const pointsMax = 11_000;

/** Number of steps of a range query, both ends included. */
export function stepCountOf({startMs, endMs, stepMs}: Grid): number {
  return Math.min(pointsMax, Math.floor((endMs - startMs) / stepMs)) + 1;
}

export function columnsOf(series: readonly (readonly Sample[])[], grid: Grid): Columns {
  const count = stepCountOf(grid);
  const times = Array.from({length: count}, (_, step) => (grid.startMs + step * grid.stepMs) / 1000);
  return {times, values: series.map((samples) => valuesOf(samples, grid, count))};
}

/** NaN and the infinities cannot be drawn; they are gaps, too. */
function valuesOf(samples: readonly Sample[], {startMs, stepMs}: Grid, count: number): ValueColumn {
  const values: ValueColumn = Array.from({length: count}, () => null);
  for (const [timeSeconds, text] of samples) {
    const step = Math.round((timeSeconds * 1000 - startMs) / stepMs);
    const value = Number(text);
    if (step >= 0 && step < count && Number.isFinite(value)) values[step] = value;
  }
  return values;
}

/**
 * Each shown column plus all shown ones below it (later in the list: the first series is on top, as in the legend).
 * A gap counts as nothing and stays a gap of its own series. Hidden columns stay as they are.
 */
export function stack(columns: readonly ValueColumn[], shown: readonly boolean[]): ValueColumn[] {
  const count = columns[0]?.length ?? 0;
  const heights = new Float64Array(count);
  const stacked: ValueColumn[] = [...columns];
  for (let index = columns.length - 1; index >= 0; index--) {
    if (shown[index] !== true) continue;
    stacked[index] = columns[index]!.map((value, step) => {
      if (value === null) return null;
      heights[step] = heights[step]! + value;
      return heights[step]!;
    });
  }
  return stacked;
}

/** Indices of the points that no line would show, since both their neighbours are missing. */
export function lonelyPoints(values: ArrayLike<number | null | undefined>): number[] {
  const lonely: number[] = [];
  for (let step = 0; step < values.length; step++) {
    const alone = (values[step - 1] ?? null) === null && (values[step + 1] ?? null) === null;
    if (alone && (values[step] ?? null) !== null) lonely.push(step);
  }
  return lonely;
}

export interface ColumnSummary {
  min: number;
  max: number;
  mean: number;
  last: number;
}

/** What the legend says of a series, over its finite values; null without any. */
export function summarize(values: ValueColumn): ColumnSummary | null {
  let count = 0;
  let sum = 0;
  const summary: ColumnSummary = {min: Infinity, max: -Infinity, mean: 0, last: 0};
  for (const value of values) {
    if (value === null) continue;
    count++;
    sum += value;
    summary.min = Math.min(summary.min, value);
    summary.max = Math.max(summary.max, value);
    summary.last = value;
  }
  if (count === 0) return null;
  summary.mean = sum / count;
  return summary;
}

/** Index of the series nearest to the height `y`, given where each one's point is in pixels; null without a point. */
export function nearestSeries(heights: readonly (number | null)[], y: number): number | null {
  let nearest: number | null = null;
  let distanceMin = Infinity;
  for (const [index, height] of heights.entries()) {
    if (height === null) continue;
    const distance = Math.abs(height - y);
    if (distance < distanceMin) {
      distanceMin = distance;
      nearest = index;
    }
  }
  return nearest;
}
