// Sums and averages of sliding windows by two stacks: the window [first, end) is cut at a pivot. Sums of the older part
// are kept for each of its beginnings (`suffix[i]` = samples i up to the pivot), the newer part has one running sum. When
// the window has moved past the pivot, its end becomes the next pivot. Each sample is added at most twice and never
// subtracted, so that an infinity, a NaN or 1e100 leaves no trace once it has left the window.
//
// All sums are compensated after Neumaier: the rounding error of each addition (TwoSum, exact) is summed up beside.

import {Specials} from './specials.ts';
import type {WindowFunction, Windows} from './window.ts';

/** Sum and compensation of one window. `sum` alone counts where it is not finite. */
interface Pair {
  sum: number;
  compensation: number;
}

class SlidingSum {
  #suffix = new Float64Array(0);
  #suffixCompensation = new Float64Array(0);

  /** Calls `emit` for each window that is not empty. */
  walk(windows: Windows, emit: (step: number, pair: Pair) => void): void {
    const {values, first, end, steps} = windows;
    if (this.#suffix.length < windows.length) {
      this.#suffix = new Float64Array(windows.length);
      this.#suffixCompensation = new Float64Array(windows.length);
    }
    const suffix = this.#suffix;
    const suffixCompensation = this.#suffixCompensation;
    const pair: Pair = {sum: 0, compensation: 0};
    let pivot = 0;
    let added = 0;
    let sum = 0;
    let compensation = 0;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const upper = end[step]!;
      if (lower === upper) continue;
      if (lower >= pivot) {
        pivot = upper;
        added = upper;
        sum = 0;
        compensation = 0;
        let total = 0;
        let lost = 0;
        for (let i = upper - 1; i >= lower; i--) {
          const value = values[i]!;
          const next = total + value;
          const rounded = next - total;
          lost += total - (next - rounded) + (value - rounded);
          total = next;
          suffix[i] = total;
          suffixCompensation[i] = lost;
        }
      }
      for (; added < upper; added++) {
        const value = values[added]!;
        const next = sum + value;
        const rounded = next - sum;
        compensation += sum - (next - rounded) + (value - rounded);
        sum = next;
      }
      const older = suffix[lower]!;
      const next = older + sum;
      const rounded = next - older;
      pair.sum = next;
      pair.compensation =
        suffixCompensation[lower]! + compensation + (older - (next - rounded) + (sum - rounded));
      emit(step, pair);
    }
  }
}

/** sum_over_time: `sum + compensation`, in the order of the samples where windows overlap little. */
export class SumOverTime implements WindowFunction {
  readonly samplesMin = 1;
  readonly #sliding = new SlidingSum();
  readonly #specials = new Specials();

  compute(windows: Windows, out: Float64Array): void {
    if (computeFast(windows, out, 0)) return;
    const {values, first, end, steps} = windows;
    if (windows.overlapsLittle) {
      for (let step = 0; step < steps; step++) {
        out[step] = sumOf(values, first[step]!, end[step]!);
      }
      return;
    }
    this.#specials.scan(values, windows.length);
    this.#sliding.walk(windows, (step, {sum, compensation}) => {
      // Finite numbers may overflow on one way of adding and not on the other: then the plain order decides.
      out[step] =
        sum - sum === 0
          ? sum + compensation
          : specialOr(this.#specials.sum(first[step]!, end[step]!), () =>
              sumOf(values, first[step]!, end[step]!),
            );
    });
  }
}

/** avg_over_time: the sum divided by the count, or an incremental mean where the sum overflows. */
export class AvgOverTime implements WindowFunction {
  readonly samplesMin = 1;
  readonly #sliding = new SlidingSum();
  readonly #specials = new Specials();

  compute(windows: Windows, out: Float64Array): void {
    if (computeFast(windows, out, 1)) return;
    const {values, first, end, steps} = windows;
    if (windows.overlapsLittle) {
      for (let step = 0; step < steps; step++) {
        if (first[step] !== end[step]) out[step] = meanOf(values, first[step]!, end[step]!);
      }
      return;
    }
    this.#specials.scan(values, windows.length);
    this.#sliding.walk(windows, (step, {sum, compensation}) => {
      const lower = first[step]!;
      const upper = end[step]!;
      const count = upper - lower;
      if (sum - sum === 0) out[step] = sum / count + compensation / count;
      else out[step] = specialOr(this.#specials.sum(lower, upper), () => meanOf(values, lower, upper));
    });
  }
}

/** By a kernel. False where there is none, or some sum is not finite. */
function computeFast(windows: Windows, out: Float64Array, mean: 0 | 1): boolean {
  const workspace = windows.kernelsFor(out);
  if (workspace === null || !windows.neverNaN) return false;
  const {values, first, end, steps, length} = windows;
  const suffixes = windows.overlapsLittle ? 0 : windows.scratch(workspace, 2);
  return (
    workspace.kernels.sumSteps(
      values.byteOffset,
      first.byteOffset,
      end.byteOffset,
      steps,
      mean,
      suffixes,
      suffixes + 8 * length,
      out.byteOffset,
    ) === 1
  );
}

/** `special` where it is not 0 (NaN counts as something), else what `compute` finds. */
function specialOr(special: number, compute: () => number): number {
  return special === 0 ? compute() : special;
}

function sumOf(values: Float64Array, first: number, end: number): number {
  let sum = 0;
  let compensation = 0;
  for (let i = first; i < end; i++) {
    const value = values[i]!;
    const next = sum + value;
    const rounded = next - sum;
    compensation += sum - (next - rounded) + (value - rounded);
    sum = next;
  }
  // Once the sum is infinite or NaN it stays so, and what was lost before has no meaning.
  return sum - sum === 0 ? sum + compensation : sum;
}

/** The mean of at least one value, as Prometheus computes it: see `sumOf` and `incrementalMeanOf`. */
export function meanOf(values: Float64Array, first: number, end: number): number {
  let sum = values[first]!;
  let compensation = 0;
  for (let i = first + 1; i < end; i++) {
    const value = values[i]!;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) return incrementalMeanOf(values, first, end, i);
    const rounded = next - sum;
    compensation += sum - (next - rounded) + (value - rounded);
    sum = next;
  }
  const count = end - first;
  if (sum !== sum) return NaN;
  return sum - sum === 0 ? sum / count + compensation / count : sum;
}

/** Continues a mean whose sum would overflow at sample `at`: mean' = mean * (n-1)/n + value/n, compensated. */
function incrementalMeanOf(values: Float64Array, first: number, end: number, at: number): number {
  let sum = values[first]!;
  let compensation = 0;
  for (let i = first + 1; i < at; i++) {
    const value = values[i]!;
    const next = sum + value;
    const rounded = next - sum;
    compensation += sum - (next - rounded) + (value - rounded);
    sum = next;
  }
  const before = at - first;
  let mean = sum / before;
  compensation /= before;
  for (let i = at; i < end; i++) {
    const count = i - first + 1;
    const kept = (count - 1) / count;
    const inc = values[i]! / count;
    const old = kept * mean;
    compensation *= kept;
    const next = old + inc;
    if (next === Infinity || next === -Infinity) {
      compensation = 0;
    } else {
      const rounded = next - old;
      compensation += old - (next - rounded) + (inc - rounded);
    }
    mean = next;
  }
  return mean + compensation;
}
