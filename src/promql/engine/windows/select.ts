import {meanAt} from './interpolate.ts';

/**
 * A quantile of the values, whose order is changed: the mean of the two nearest ranks, weighted by their distance, with
 * NaN as the smallest value. -Inf below 0, +Inf above 1, NaN for NaN and for no values. Takes time in proportion to their
 * number, since they are not sorted but only partitioned around the rank (Hoare's quickselect).
 */
export function selectQuantile(quantile: number, values: Float64Array, count: number): number {
  if (count === 0 || quantile !== quantile) return NaN;
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  const rank = quantile * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  const nans = moveNaNFirst(values, count);
  const atLower = lower < nans ? NaN : nthSmallest(values, nans, count, lower);
  let atUpper = atLower;
  if (upper !== lower)
    atUpper = lower < nans ? valueAfterNaN(values, nans, count, upper) : smallest(values, upper, count);
  return meanAt(atLower, atUpper, rank - Math.floor(rank));
}

function valueAfterNaN(values: Float64Array, nans: number, count: number, index: number): number {
  return index < nans ? NaN : smallest(values, index, count);
}

/** Puts NaN in front and returns how many they are. */
function moveNaNFirst(values: Float64Array, count: number): number {
  let nans = 0;
  for (let i = 0; i < count; i++) {
    if (values[i]! === values[i]!) continue;
    values[i] = values[nans]!;
    values[nans++] = NaN;
  }
  return nans;
}

/** The value that belongs at `index` when values[from, count) are sorted. What is before it is then not larger. */
function nthSmallest(values: Float64Array, from: number, count: number, index: number): number {
  let low = from;
  let high = count - 1;
  while (low < high) {
    const pivot = medianOfThree(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const value = values[i]!;
      values[i++] = values[j]!;
      values[j--] = value;
    }
    if (index <= j) high = j;
    else if (index >= i) low = i;
    else break;
  }
  return values[index]!;
}

function medianOfThree(a: number, b: number, c: number): number {
  if (a < b) return b < c ? b : a < c ? c : a;
  return a < c ? a : b < c ? c : b;
}

function smallest(values: Float64Array, from: number, count: number): number {
  let result = values[from]!;
  for (let i = from + 1; i < count; i++) if (values[i]! < result) result = values[i]!;
  return result;
}
