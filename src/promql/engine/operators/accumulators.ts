// Aggregations that fold each series into one row per group and then forget it.

import type {Workspace} from '../../../kernels/workspace.ts';
import type {AggregateOp} from '../../ast.ts';
import {absent, columnBytes, float} from '../row.ts';

/** The state of one group: columns with a number for each step. */
export interface Accumulator {
  /** Folds one series in. `points`, where it is said: how many steps have a value. */
  add(values: Float64Array, kinds: Uint8Array, points?: number): void;
  /** Writes the results of the steps that have any and returns how many they are. */
  finish(values: Float64Array, kinds: Uint8Array): number;
}

/** `workspace`: where kernels are to find the columns. */
export function newAccumulator(
  op: AggregateOp,
  steps: number,
  workspace: Workspace | null = null,
): Accumulator {
  switch (op) {
    case 'sum':
      return new Sum(steps, workspace);
    case 'avg':
      return new Average(steps, workspace);
    case 'min':
    case 'max':
      return new Extreme(steps, op);
    case 'count':
      return new Count(steps, false);
    case 'group':
      return new Count(steps, true);
    case 'stddev':
    case 'stdvar':
      return new Variance(steps, op === 'stddev');
    default:
      throw new Error(`BUG: ${op} has no accumulator`);
  }
}

/** Bytes that an accumulator of so many steps needs, about: its columns, and what each object and column costs beside. */
export function accumulatorBytes(op: AggregateOp, steps: number): number {
  const columns = op === 'avg' ? [8, 8, 4, 1] : op === 'stddev' || op === 'stdvar' ? [8, 8, 4] : [8, 8, 1];
  let bytes = accumulatorOverhead;
  for (const width of columns) bytes += columnBytes(width * steps);
  return bytes;
}

const accumulatorOverhead = 64;

/** Where the steps that have a value begin, where these are `points` in one run; else -1. */
function runStart(kinds: Uint8Array, points: number): number {
  if (points <= 0) return -1;
  let from = 0;
  while (kinds[from] === absent) from++;
  let to = kinds.length;
  while (kinds[to - 1] === absent) to--;
  return to - from === points ? from : -1;
}

/** Neumaier's sum, as in windows/sum.ts. */
class Sum implements Accumulator {
  readonly #sums: Float64Array;
  readonly #lost: Float64Array;
  readonly #kinds: Uint8Array;
  /** Steps of which is known that they have a value. */
  #from = 0;
  #to = 0;
  readonly #workspace: Workspace | null;

  constructor(steps: number, workspace: Workspace | null) {
    this.#workspace = workspace;
    this.#sums = workspace === null ? new Float64Array(steps) : workspace.floats(steps);
    this.#lost = workspace === null ? new Float64Array(steps) : workspace.floats(steps);
    this.#kinds = new Uint8Array(steps);
  }

  add(values: Float64Array, kinds: Uint8Array, points = -1): void {
    const workspace = this.#workspace;
    if (workspace?.holds(values) === true) {
      const from = runStart(kinds, points);
      if (from >= 0) return this.#addRun(workspace, values, from, from + points);
    }
    const sums = this.#sums;
    const lost = this.#lost;
    const seen = this.#kinds;
    for (let step = 0; step < sums.length; step++) {
      if (kinds[step] === absent) continue;
      seen[step] = kinds[step]!;
      const value = values[step]!;
      const sum = sums[step]!;
      const next = sum + value;
      const rounded = next - sum;
      lost[step]! += sum - (next - rounded) + (value - rounded);
      sums[step] = next;
    }
  }

  /** Adds the values of the steps [from, to). */
  #addRun(workspace: Workspace, values: Float64Array, from: number, to: number): void {
    if (from < this.#from || to > this.#to) {
      this.#kinds.fill(float, from, to);
      this.#from = from;
      this.#to = to;
    }
    const offset = 8 * from;
    const sums = this.#sums.byteOffset + offset;
    workspace.kernels.addRow(sums, this.#lost.byteOffset + offset, values.byteOffset + offset, to - from);
  }

  finish(values: Float64Array, kinds: Uint8Array): number {
    let points = 0;
    for (let step = 0; step < kinds.length; step++) {
      kinds[step] = this.#kinds[step]!;
      if (kinds[step] === absent) continue;
      points++;
      const sum = this.#sums[step]!;
      values[step] = sum - sum === 0 ? sum + this.#lost[step]! : sum;
    }
    return points;
  }
}

/** Sums of fewer than 1e9 such values are finite. */
const valueMax = 1e299;

/** The sum divided by the count; an incremental mean from the value on that would make the sum overflow. */
class Average implements Accumulator {
  /** Sums, or means where `incremental`. */
  readonly #sums: Float64Array;
  readonly #lost: Float64Array;
  readonly #counts: Uint32Array;
  readonly #incremental: Uint8Array;
  readonly #workspace: Workspace | null;
  /** As long as all rows have values at the steps [from, to) and no others, none of them large: how many they are; then -1. */
  #rows = 0;
  #from = 0;
  #to = 0;

  constructor(steps: number, workspace: Workspace | null) {
    this.#workspace = workspace;
    // What is added to -0 stays what it is.
    this.#sums = workspace === null ? new Float64Array(steps) : workspace.floats(steps).fill(-0);
    this.#lost = workspace === null ? new Float64Array(steps) : workspace.floats(steps);
    this.#counts = new Uint32Array(steps);
    this.#incremental = new Uint8Array(steps);
  }

  add(values: Float64Array, kinds: Uint8Array, points = -1): void {
    if (this.#rows >= 0) {
      if (this.#addRun(values, kinds, points)) return; // Fast path.
      this.#counts.fill(this.#rows, this.#from, this.#to);
      this.#rows = -1;
    }
    const sums = this.#sums;
    const lost = this.#lost;
    const counts = this.#counts;
    for (let step = 0; step < sums.length; step++) {
      if (kinds[step] === absent) continue;
      const value = values[step]!;
      const count = ++counts[step]!;
      const sum = sums[step]!;
      if (count === 1) {
        sums[step] = value;
        continue;
      }
      const next = sum + value;
      if (next === Infinity || next === -Infinity || this.#incremental[step] === 1) {
        this.#addToMean(step, value, count);
        continue;
      }
      const rounded = next - sum;
      lost[step]! += sum - (next - rounded) + (value - rounded);
      sums[step] = next;
    }
  }

  /** Adds a row by a kernel. False where that cannot be. */
  #addRun(values: Float64Array, kinds: Uint8Array, points: number): boolean {
    const workspace = this.#workspace;
    if (workspace?.holds(values) !== true) return false;
    const from = runStart(kinds, points);
    if (from < 0) return false;
    if (this.#rows === 0) {
      this.#from = from;
      this.#to = from + points;
    } else if (from !== this.#from || from + points !== this.#to) return false;
    const offset = 8 * from;
    const sums = this.#sums.byteOffset + offset;
    const lost = this.#lost.byteOffset + offset;
    const {kernels} = workspace;
    if (kernels.addBoundedRow(sums, lost, values.byteOffset + offset, points, valueMax) === 0) return false;
    this.#rows++;
    return true;
  }

  #addToMean(step: number, value: number, count: number): void {
    if (this.#incremental[step] === 0) {
      this.#incremental[step] = 1;
      this.#sums[step]! /= count - 1;
      this.#lost[step]! /= count - 1;
    }
    const kept = (count - 1) / count;
    const old = kept * this.#sums[step]!;
    const inc = value / count;
    const next = old + inc;
    const rounded = next - old;
    const lost = kept * this.#lost[step]! + (old - (next - rounded) + (inc - rounded));
    this.#lost[step] = next === Infinity || next === -Infinity ? 0 : lost;
    this.#sums[step] = next;
  }

  finish(values: Float64Array, kinds: Uint8Array): number {
    let points = 0;
    if (this.#rows > 0) this.#counts.fill(this.#rows, this.#from, this.#to);
    for (let step = 0; step < kinds.length; step++) {
      const count = this.#counts[step]!;
      kinds[step] = count === 0 ? 0 : 1;
      if (count === 0) continue;
      points++;
      const sum = this.#sums[step]!;
      const lost = this.#lost[step]!;
      values[step] = this.#incremental[step] === 1 ? sum + lost : sum / count + lost / count;
    }
    return points;
  }
}

/** The smallest or largest value; NaN gives way to any number. */
class Extreme implements Accumulator {
  readonly #values: Float64Array;
  readonly #kinds: Uint8Array;
  readonly #largest: boolean;

  constructor(steps: number, op: 'min' | 'max') {
    this.#values = new Float64Array(steps);
    this.#kinds = new Uint8Array(steps);
    this.#largest = op === 'max';
  }

  add(values: Float64Array, kinds: Uint8Array): void {
    const best = this.#values;
    const seen = this.#kinds;
    const largest = this.#largest;
    for (let step = 0; step < best.length; step++) {
      if (kinds[step] === absent) continue;
      const value = values[step]!;
      const old = best[step]!;
      if (seen[step] === absent || old !== old || (largest ? old < value : old > value)) best[step] = value;
      seen[step] = kinds[step]!;
    }
  }

  finish(values: Float64Array, kinds: Uint8Array): number {
    let points = 0;
    for (let step = 0; step < kinds.length; step++) {
      kinds[step] = this.#kinds[step]!;
      values[step] = this.#values[step]!;
      if (kinds[step] !== absent) points++;
    }
    return points;
  }
}

/** How many series have a value, or 1 where any has. */
class Count implements Accumulator {
  readonly #counts: Uint32Array;
  readonly #one: boolean;

  constructor(steps: number, one: boolean) {
    this.#counts = new Uint32Array(steps);
    this.#one = one;
  }

  add(_values: Float64Array, kinds: Uint8Array): void {
    const counts = this.#counts;
    for (let step = 0; step < counts.length; step++) if (kinds[step] !== absent) counts[step]!++;
  }

  finish(values: Float64Array, kinds: Uint8Array): number {
    let points = 0;
    for (let step = 0; step < kinds.length; step++) {
      const count = this.#counts[step]!;
      kinds[step] = count === 0 ? 0 : 1;
      if (count === 0) continue;
      points++;
      values[step] = this.#one ? 1 : count;
    }
    return points;
  }
}

/** Welford's variance of the population, not compensated. NaN where the first value is not finite. */
class Variance implements Accumulator {
  readonly #means: Float64Array;
  readonly #squares: Float64Array;
  readonly #counts: Uint32Array;
  readonly #root: boolean;

  constructor(steps: number, root: boolean) {
    this.#means = new Float64Array(steps);
    this.#squares = new Float64Array(steps);
    this.#counts = new Uint32Array(steps);
    this.#root = root;
  }

  add(values: Float64Array, kinds: Uint8Array): void {
    const means = this.#means;
    const squares = this.#squares;
    const counts = this.#counts;
    for (let step = 0; step < means.length; step++) {
      if (kinds[step] === absent) continue;
      const value = values[step]!;
      const count = ++counts[step]!;
      if (count === 1) {
        means[step] = value;
        squares[step] = value - value === 0 ? 0 : NaN;
        continue;
      }
      const delta = value - means[step]!;
      means[step]! += delta / count;
      squares[step]! += delta * (value - means[step]!);
    }
  }

  finish(values: Float64Array, kinds: Uint8Array): number {
    let points = 0;
    for (let step = 0; step < kinds.length; step++) {
      const count = this.#counts[step]!;
      kinds[step] = count === 0 ? 0 : 1;
      if (count === 0) continue;
      points++;
      const variance = this.#squares[step]! / count;
      values[step] = this.#root ? Math.sqrt(variance) : variance;
    }
    return points;
  }
}
