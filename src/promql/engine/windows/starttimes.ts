// What the start times of samples say: when a counter began to count what the sample holds. 0 = not known.

/**
 * Whether a counter was reset between sample `index` and the one before it, because it started in between. One that
 * started exactly at the sample before was reset there if that sample has a start of its own (a series of differences, each
 * beginning where the last one ended); otherwise it is a counter of unknown start, which takes its first sample for it.
 */
export function isStartReset(times: Float64Array, startTimes: Float64Array, index: number): boolean {
  const start = startTimes[index]!;
  if (start === 0 || start >= times[index]!) return false;
  const before = times[index - 1]!;
  if (start !== before) return start > before;
  const startBefore = startTimes[index - 1]!;
  return startBefore !== 0 && startBefore < before;
}

/** Whether sample `index` counts from before the sample before it, without having the same start: one of them is wrong. */
export function overlapsSampleBefore(times: Float64Array, startTimes: Float64Array, index: number): boolean {
  const start = startTimes[index]!;
  return start !== 0 && start < times[index - 1]! && start !== startTimes[index - 1];
}
