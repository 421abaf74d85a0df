// Plain twins of kernels/columns.ts: the same results, written to be read.

export const columnFlags = {
  /** Some value is NaN. */
  nan: 1,
  /** Some value is less than the one before it. */
  falls: 2,
  /** All times have the same distance from the one before. */
  regular: 4,
} as const;

export function scanColumns(times: Float64Array, values: Float64Array, count: number): number {
  let flags = count > 1 ? columnFlags.regular : 0;
  const interval = times[1]! - times[0]!;
  for (let i = 0; i < count; i++) {
    if (Number.isNaN(values[i])) flags |= columnFlags.nan;
    if (i === 0) continue;
    if (values[i]! < values[i - 1]!) flags |= columnFlags.falls;
    if (times[i]! - times[i - 1]! !== interval) flags &= ~columnFlags.regular;
  }
  return flags;
}

export function nextFall(values: Float64Array, from: number, count: number): number {
  let i = from;
  while (i < count && !(values[i]! < values[i - 1]!)) i++;
  return i;
}

export function rateSteps(
  values: Float64Array,
  windows: {first: Int32Array; end: Int32Array},
  factors: Float64Array,
  zeroRatios: Float64Array,
  {counter, from, to}: {counter: boolean; from: number; to: number},
  out: Float64Array,
): number {
  for (let step = from; step < to; step++) {
    const lower = windows.first[step]!;
    const last = windows.end[step]! - 1;
    if (last <= lower) continue;
    const begin = values[lower]!;
    const result = values[last]! - begin;
    if (counter && result > 0 && begin >= 0 && begin <= zeroRatios[step]! * result) return step;
    out[step] = result * factors[step]!;
  }
  return to;
}

export function lastSamples(
  {times, words}: {times: Float64Array; words: BigUint64Array},
  {start, stride, lookback}: {start: number; stride: number; lookback: number},
  {out, kinds}: {out: BigUint64Array; kinds: Uint8Array},
): number {
  let points = 0;
  for (let step = 0; step < kinds.length; step++) {
    const time = start + step * stride;
    const newest = times.findLastIndex((each) => each <= time);
    const found = newest >= 0 && times[newest]! > time - lookback;
    if (found) out[step] = words[newest]!;
    kinds[step] = found && words[newest] !== 0x7ff0000000000002n ? 1 : 0;
    points += kinds[step]!;
  }
  return points;
}

export function addBoundedRow(
  sums: Float64Array,
  lost: Float64Array,
  values: Float64Array,
  bound: number,
): boolean {
  if (!values.every((value) => Math.abs(value) <= bound)) return false;
  addRow(sums, lost, values);
  return true;
}

export function addRow(sums: Float64Array, lost: Float64Array, values: Float64Array): void {
  for (let step = 0; step < sums.length; step++) {
    const sum = sums[step]!;
    const value = values[step]!;
    const next = sum + value;
    const rounded = next - sum;
    lost[step]! += sum - (next - rounded) + (value - rounded);
    sums[step] = next;
  }
}
