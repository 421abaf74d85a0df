// A range function sees one series at a time, with its windows for all steps at once, and walks it once: its work is
// O(samples + steps), however long the windows are.

import type {Workspace} from '../../../kernels/workspace.ts';
import type {Grid} from '../grid.ts';

/**
 * The samples of one series, oldest first and without stale markers, and the window of each step: the samples
 * `first[step] <= i < end[step]`. Neither bound ever falls from one step to the next.
 */
export class Windows {
  times: Float64Array = new Float64Array(0);
  values: Float64Array = new Float64Array(0);
  /** Start times of the samples, 0 = not known; null where there are none or none are asked for. */
  startTimes: Float64Array | null = null;
  /** Number of samples; the columns may be longer. */
  length = 0;
  /** Milliseconds between all neighbours; 0 where they differ, or where that is not known. */
  intervalMs = 0;
  /** No value is less than the one before it, as far as known. */
  neverFalls = false;
  /** No value is NaN, as far as known. */
  neverNaN = false;
  /** Kernels that can work with the windows' bounds. */
  readonly workspace: Workspace | null;
  readonly first: Int32Array;
  readonly end: Int32Array;
  /** Number of windows. */
  readonly steps: number;
  /** Sum of the windows' lengths: what a function that rescans each window would have to read. */
  total = 0;
  /** Samples of the longest window. */
  longest = 0;
  /** The window of a step is (endMs - rangeMs, endMs] with endMs = startMs + step * stepMs. */
  startMs = 0;
  stepMs = 0;
  rangeMs = 0;
  /** How far windows reach in time: their range and its extension. */
  spanMs = 0;
  /** Changes unless the windows are those of the series before, at the same times: what depends on nothing else is known. */
  version = 0;
  /** Whether a function has changed the bounds since slide(): set by those that do. */
  edited = false;
  #scratch: Float64Array = new Float64Array(0);
  /** Series of one target have the same times: the windows of the last one, to begin with. */
  readonly #last = new LastTimes();

  constructor(steps: number, workspace: Workspace | null = null) {
    this.workspace = workspace;
    this.first = workspace === null ? new Int32Array(steps) : workspace.integers(steps);
    this.end = workspace === null ? new Int32Array(steps) : workspace.integers(steps);
    this.steps = steps;
  }

  /**
   * Looks at another series. The window of a step is (time - range, time], where `time` is the step's own less
   * `offsetMs`, or `fixedTimeMs` for all steps where that is not null; with `extension`, it reaches further on both sides.
   */
  slide(
    samples: {
      times: Float64Array;
      values: Float64Array;
      length: number;
      startTimes?: Float64Array | null;
      intervalMs?: number;
      neverFalls?: boolean;
      neverNaN?: boolean;
    },
    spec: {
      grid: Grid;
      rangeMs: number;
      offsetMs: number;
      fixedTimeMs: number | null;
      extension?: {beforeMs: number; afterMs: number} | null;
    },
  ): void {
    this.times = samples.times;
    this.values = samples.values;
    this.startTimes = samples.startTimes ?? null;
    this.length = samples.length;
    this.intervalMs = samples.intervalMs ?? 0;
    this.neverFalls = samples.neverFalls ?? false;
    this.neverNaN = samples.neverNaN ?? false;
    const {grid, rangeMs, offsetMs, fixedTimeMs} = spec;
    const {first, end} = this;
    const startMs = fixedTimeMs ?? grid.startMs - offsetMs;
    const stepMs = fixedTimeMs === null ? grid.stepMs : 0;
    this.startMs = startMs;
    this.stepMs = stepMs;
    this.rangeMs = rangeMs;
    const afterMs = spec.extension?.afterMs ?? 0;
    const spanMs = rangeMs + afterMs + (spec.extension?.beforeMs ?? 0);
    this.spanMs = spanMs;
    const last = this.#last;
    if (last.sees(samples, startMs + afterMs, stepMs, spanMs)) {
      if (this.edited) {
        first.set(last.first);
        end.set(last.end);
        this.edited = false;
      }
      return;
    }
    this.version++;
    this.edited = false;
    if (this.intervalMs > 0) this.#calculate(startMs + afterMs);
    else this.#walk(startMs + afterMs);
    if (last.repeats) last.keep(samples, first, end);
  }

  /** As `#walk`, where all samples have one distance. */
  #calculate(endMs: number): void {
    const {length, first, end, steps, stepMs, spanMs, intervalMs} = this;
    const startMs = this.times[0]!;
    let total = 0;
    let longest = 0;
    for (let step = 0; step < steps; step++) {
      const last = endMs + step * stepMs - startMs;
      const upper = Math.max(0, Math.min(length, Math.floor(last / intervalMs) + 1));
      const lower = Math.max(0, Math.min(upper, Math.floor((last - spanMs) / intervalMs) + 1));
      first[step] = lower;
      end[step] = upper;
      const size = upper - lower;
      total += size;
      if (size > longest) longest = size;
    }
    this.total = total;
    this.longest = longest;
  }

  /** Finds the windows, of which the first ends at `endMs`. */
  #walk(endMs: number): void {
    const {times, length, first, end, steps, stepMs, spanMs} = this;
    let lower = 0;
    let upper = 0;
    let total = 0;
    let longest = 0;
    for (let step = 0; step < steps; step++) {
      const last = endMs + step * stepMs;
      const before = last - spanMs;
      while (upper < length && times[upper]! <= last) upper++;
      while (lower < upper && times[lower]! <= before) lower++;
      first[step] = lower;
      end[step] = upper;
      const size = upper - lower;
      total += size;
      if (size > longest) longest = size;
    }
    this.total = total;
    this.longest = longest;
  }

  /**
   * Looks at some samples of the series that `whole` looks at: `columns` hold them, and `before[i]` says how many of them
   * are among the first i samples of the whole.
   */
  take(
    whole: Windows,
    columns: {
      times: Float64Array;
      values: Float64Array;
      startTimes: Float64Array | null;
      length: number;
    },
    before: Int32Array,
  ): void {
    this.version++;
    this.intervalMs = 0;
    this.neverFalls = false;
    this.neverNaN = false;
    this.times = columns.times;
    this.values = columns.values;
    this.startTimes = columns.startTimes;
    this.length = columns.length;
    this.startMs = whole.startMs;
    this.stepMs = whole.stepMs;
    this.rangeMs = whole.rangeMs;
    this.spanMs = whole.spanMs;
    this.total = 0;
    this.longest = 0;
    for (let step = 0; step < this.steps; step++) {
      this.first[step] = before[whole.first[step]!]!;
      this.end[step] = before[whole.end[step]!]!;
      const size = this.end[step]! - this.first[step]!;
      this.total += size;
      if (size > this.longest) this.longest = size;
    }
  }

  /** The workspace, where kernels can be asked about these samples with results in `out`; else null. */
  kernelsFor(out: Float64Array): Workspace | null {
    const {workspace} = this;
    return workspace?.holds(this.values) === true && workspace.holds(out) ? workspace : null;
  }

  /** Scratch space for kernels, as many columns as long as the samples. */
  scratch(workspace: Workspace, columns: number): number {
    if (this.#scratch.length < columns * this.length) {
      this.#scratch = workspace.floats(2 * columns * this.length);
    }
    return this.#scratch.byteOffset;
  }

  /** Whether rescanning every window costs little more than a pass; then the sums are those of a plain loop, bit by bit. */
  get overlapsLittle(): boolean {
    return this.total <= 4 * this.length + 64;
  }
}

/**
 * Whether series after series has the same times. A copy of the times is made when two have the same number of samples with
 * the same first and last time, so that it costs nothing where all are different.
 */
class LastTimes {
  /** The windows at these times. */
  first = new Int32Array(0);
  end = new Int32Array(0);
  /** Whether the last series looks like the one before it. */
  repeats = false;
  /** Whether the times of the last series all have one distance. */
  regular = false;
  #times = new Float64Array(0);
  #kept = false;
  #length = -1;
  #firstTime = 0;
  #lastTime = 0;
  #endMs = 0;
  #stepMs = 0;
  #spanMs = 0;

  /** Looks at the next series; true where its windows are known. */
  sees(
    {times, length, intervalMs = 0}: {times: Float64Array; length: number; intervalMs?: number},
    endMs: number,
    stepMs: number,
    spanMs: number,
  ): boolean {
    this.repeats =
      length > 0 &&
      length === this.#length &&
      times[0]! === this.#firstTime &&
      times[length - 1]! === this.#lastTime &&
      endMs === this.#endMs &&
      stepMs === this.#stepMs &&
      spanMs === this.#spanMs;
    const {regular} = this;
    this.regular = intervalMs > 0;
    if (!this.repeats) {
      this.#kept = false;
      this.#length = length;
      this.#firstTime = length > 0 ? times[0]! : 0;
      this.#lastTime = length > 0 ? times[length - 1]! : 0;
      this.#endMs = endMs;
      this.#stepMs = stepMs;
      this.#spanMs = spanMs;
      return false;
    }
    if (!this.#kept) return false;
    // Fast path: as many times between the same ends, all at one distance.
    if (regular && this.regular) return true;
    const known = this.#times;
    for (let i = 0; i < length; i++) if (times[i]! !== known[i]!) return false;
    return true;
  }

  keep({times, length}: {times: Float64Array; length: number}, first: Int32Array, end: Int32Array): void {
    if (this.#times.length < length) this.#times = new Float64Array(length);
    this.#times.set(times.subarray(0, length));
    this.first = first.slice();
    this.end = end.slice();
    this.#kept = true;
  }
}

/** Computes one number for each window with enough samples. An object may keep scratch memory: one thread, one use at a time. */
export interface WindowFunction {
  /** Windows with fewer samples have no result. At least 1. */
  readonly samplesMin: number;
  /**
   * Writes `out[step]` for each step whose window has at least `samplesMin` samples; leaves the others alone. Where such a
   * window has no result after all, it is made empty: `end[step] = first[step]`.
   */
  compute(windows: Windows, out: Float64Array): void;
}
