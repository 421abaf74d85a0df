/** The evaluation times of an expression: `startMs + i * stepMs` for 0 <= i < count. */
export interface Grid {
  readonly startMs: number;
  /** At least 1. */
  readonly stepMs: number;
  /** 0 where the end lies before the start, as it may in a subquery. */
  readonly count: number;
  /** The end lies after the start, even if the step is so long that there is only one time. */
  readonly ranged?: boolean;
}

export function gridOf(startMs: number, endMs: number, stepMs: number): Grid {
  const count = endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1;
  return {startMs, stepMs, count, ranged: endMs > startMs};
}

export function instantGrid(timeMs: number): Grid {
  return {startMs: timeMs, stepMs: 1, count: 1};
}

/** The last evaluation time; of an empty grid, a time before its start. */
export function gridEndMs(grid: Grid): number {
  return grid.startMs + (grid.count - 1) * grid.stepMs;
}
