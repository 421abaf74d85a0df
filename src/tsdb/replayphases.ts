/** What a start reads, in this order. */
export const replayPhases = [null, 'chunks', 'snapshot', 'log'] as const;

/** `done` of `total` files of full chunks, or segments of the snapshot or the log, are read. */
export type OnReplayProgress = (
  phase: NonNullable<(typeof replayPhases)[number]>,
  done: number,
  total: number,
) => void;
