// Quantiles of sliding windows by order statistics: all samples of the series are ranked once; a window is then a multiset
// of ranks, kept as counts in two levels (one count for each rank, one for each block of ranks). A sample enters or leaves
// with two increments; the k-th smallest is found by walking first the blocks and then one block.

import {meanAt} from './interpolate.ts';
import {selectQuantile} from './select.ts';
import type {WindowFunction, Windows} from './window.ts';

/** Ranks that share a block are alike in all but their low bits. */
const blockBits = 6;

/** Below this many samples a window is rather partitioned at each step than maintained. */
const selectedSamplesMax = 24;

/** quantile_over_time; the quantile may differ from step to step. */
export class QuantileOverTime implements WindowFunction {
  readonly samplesMin = 1;
  readonly #quantiles: Float64Array;
  readonly #ranks = new RankedWindow();
  /** The quantiles where kernels find them. */
  #column: Float64Array = new Float64Array(0);
  #scratch = new Float64Array(0);

  constructor(quantiles: Float64Array) {
    this.#quantiles = quantiles;
  }

  compute(windows: Windows, out: Float64Array): void {
    const {first, end, steps} = windows;
    const quantiles = this.#quantiles;
    if (windows.longest <= selectedSamplesMax || windows.overlapsLittle) {
      for (let step = 0; step < steps; step++) {
        if (first[step] !== end[step]) {
          out[step] = this.#selectedQuantile(windows.values, first[step]!, end[step]!, quantiles[step]!);
        }
      }
      return;
    }
    if (this.#computeFast(windows, out)) return;
    this.#ranks.reset(windows.values, windows.length);
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const upper = end[step]!;
      if (lower === upper) continue;
      this.#ranks.move(lower, upper);
      const count = upper - lower;
      out[step] = quantileOf(quantiles[step]!, count, (index) => this.#ranks.at(index));
    }
  }

  /** By a kernel. False where there is none, or some value is NaN. */
  #computeFast(windows: Windows, out: Float64Array): boolean {
    const workspace = windows.kernelsFor(out);
    if (workspace === null || !windows.neverNaN) return false;
    const {values, length, first, end, steps} = windows;
    if (this.#column.length !== steps) {
      this.#column = workspace.floats(steps);
      this.#column.set(this.#quantiles);
    }
    workspace.kernels.quantileSteps(
      values.byteOffset,
      length,
      first.byteOffset,
      end.byteOffset,
      steps,
      this.#column.byteOffset,
      windows.scratch(workspace, 4 + Math.ceil(2048 / length)),
      out.byteOffset,
    );
    return true;
  }

  #selectedQuantile(values: Float64Array, first: number, end: number, quantile: number): number {
    const count = end - first;
    if (this.#scratch.length < count) this.#scratch = new Float64Array(2 * count);
    const scratch = this.#scratch;
    for (let i = 0; i < count; i++) scratch[i] = values[first + i]!;
    return selectQuantile(quantile, scratch, count);
  }
}

/** Ranks of a column, and which of them are in the window. */
class RankedWindow {
  /** The column sorted, NaN first. */
  #sorted = new Float64Array(0);
  /** Place of each sample in `sorted`; equal values share the first. */
  #ranks = new Int32Array(0);
  #counts = new Int32Array(0);
  #blocks = new Int32Array(0);
  #first = 0;
  #end = 0;

  reset(values: Float64Array, length: number): void {
    if (this.#sorted.length < length) {
      this.#sorted = new Float64Array(length);
      this.#ranks = new Int32Array(length);
      this.#counts = new Int32Array(length);
      this.#blocks = new Int32Array((length >> blockBits) + 1);
    }
    const sorted = this.#sorted.subarray(0, length);
    sorted.set(values.subarray(0, length));
    const nans = nansFirst(sorted);
    for (let i = 0; i < length; i++) this.#ranks[i] = lowerBound(sorted, nans, length, values[i]!);
    this.#counts.fill(0);
    this.#blocks.fill(0);
    this.#first = 0;
    this.#end = 0;
  }

  /** Makes the window [first, end); neither may fall. */
  move(first: number, end: number): void {
    const ranks = this.#ranks;
    const counts = this.#counts;
    const blocks = this.#blocks;
    if (first >= this.#end) {
      for (let i = this.#first; i < this.#end; i++) {
        const rank = ranks[i]!;
        counts[rank] = counts[rank]! - 1;
        blocks[rank >> blockBits] = blocks[rank >> blockBits]! - 1;
      }
      this.#first = first;
      this.#end = first;
    }
    for (let i = this.#end; i < end; i++) {
      const rank = ranks[i]!;
      counts[rank] = counts[rank]! + 1;
      blocks[rank >> blockBits] = blocks[rank >> blockBits]! + 1;
    }
    for (let i = this.#first; i < first; i++) {
      const rank = ranks[i]!;
      counts[rank] = counts[rank]! - 1;
      blocks[rank >> blockBits] = blocks[rank >> blockBits]! - 1;
    }
    this.#first = first;
    this.#end = end;
  }

  /** The sample that has `index` smaller ones in the window (NaN is smallest). */
  at(index: number): number {
    const blocks = this.#blocks;
    const counts = this.#counts;
    let left = index;
    let block = 0;
    while (left >= blocks[block]!) left -= blocks[block++]!;
    let rank = block << blockBits;
    while (left >= counts[rank]!) left -= counts[rank++]!;
    return this.#sorted[rank]!;
  }
}

/** The first index in sorted[from, length) whose value is not below `value`; 0 for NaN, which stand in front of `from`. */
function lowerBound(sorted: Float64Array, from: number, length: number, value: number): number {
  if (value !== value) return 0;
  let low = from;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sorts in place with NaN first, and returns how many they are. */
function nansFirst(values: Float64Array): number {
  values.sort(); // NaN come last.
  let nans = 0;
  while (nans < values.length && values[values.length - 1 - nans] !== values[values.length - 1 - nans])
    nans++;
  if (nans > 0) {
    values.copyWithin(nans, 0, values.length - nans);
    values.fill(NaN, 0, nans);
  }
  return nans;
}

function quantileOf(quantile: number, count: number, at: (index: number) => number): number {
  if (count === 0 || quantile !== quantile) return NaN;
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  const rank = quantile * (count - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(count - 1, lower + 1);
  return meanAt(at(lower), at(upper), rank - Math.floor(rank));
}

/** mad_over_time: the median distance from the median. NaN where the window has one. */
export class MadOverTime implements WindowFunction {
  readonly samplesMin = 1;
  #scratch = new Float64Array(0);

  compute(windows: Windows, out: Float64Array): void {
    const {values, first, end, steps, longest} = windows;
    if (this.#scratch.length < longest) this.#scratch = new Float64Array(longest);
    const scratch = this.#scratch;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const count = end[step]! - lower;
      if (count === 0) continue;
      let nan = false;
      for (let i = 0; i < count; i++) {
        const value = values[lower + i]!;
        scratch[i] = value;
        if (value !== value) nan = true;
      }
      if (nan) {
        out[step] = NaN;
        continue;
      }
      const median = selectQuantile(0.5, scratch, count);
      for (let i = 0; i < count; i++) scratch[i] = Math.abs(scratch[i]! - median);
      out[step] = selectQuantile(0.5, scratch, count);
    }
  }
}
