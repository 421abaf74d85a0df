/** The evaluation times of an expression: `startMs + i * stepMs` for 0 <= i < count. */
export interface Grid {
  readonly startMs: number;
  /** At least 1. */
  readonly stepMs: number;
  /** 0 where the end lies before the start, as it may in a subquery. */
  readonly count: number;
}

export function gridOf(startMs: number, endMs: number, stepMs: number): Grid {
  return {startMs, stepMs, count: endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1};
}

export function instantGrid(timeMs: number): Grid {
  return {startMs: timeMs, stepMs: 1, count: 1};
}

/** The last evaluation time; of an empty grid, a time before its start. */
export function gridEndMs(grid: Grid): number {
  return grid.startMs + (grid.count - 1) * grid.stepMs;
}

export function sameGrid(left: Grid, right: Grid): boolean {
  return left.startMs === right.startMs && left.stepMs === right.stepMs && left.count === right.count;
}
