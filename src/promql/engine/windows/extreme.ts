// Smallest and largest values of sliding windows by a monotonic deque: a sample waits in it as long as no later one
// beats it, so the window's extreme stands at its front. NaN counts only where a window has nothing else.

import type {Workspace} from '../../../kernels/workspace.ts';
import type {WindowFunction, Windows} from './window.ts';

type Answer = 'value' | 'time';

/** min_over_time, max_over_time (the value) and ts_of_min_over_time, ts_of_max_over_time (its time in seconds). */
export class ExtremeOverTime implements WindowFunction {
  readonly samplesMin = 1;
  readonly #largest: boolean;
  readonly #answer: Answer;
  #deque = new Int32Array(0);

  constructor(which: 'min' | 'max', answer: Answer) {
    this.#largest = which === 'max';
    this.#answer = answer;
  }

  compute(windows: Windows, out: Float64Array): void {
    const workspace = windows.kernelsFor(out);
    if (workspace !== null && windows.neverNaN && this.#answer === 'value') {
      return this.#computeFast(windows, workspace, out);
    }
    if (this.#deque.length < windows.length) this.#deque = new Int32Array(windows.length);
    if (this.#answer === 'time') this.#computeTimes(windows, out);
    else if (this.#largest) this.#computeMax(windows, out);
    else this.#computeMin(windows, out);
  }

  #computeFast(windows: Windows, workspace: Workspace, out: Float64Array): void {
    const {values, first, end, steps} = windows;
    workspace.kernels.extremeSteps(
      values.byteOffset,
      first.byteOffset,
      end.byteOffset,
      steps,
      this.#largest ? 1 : 0,
      windows.scratch(workspace, 1),
      out.byteOffset,
    );
  }

  #computeMax(windows: Windows, out: Float64Array): void {
    const {values, first, end, steps} = windows;
    const deque = this.#deque;
    let front = 0;
    let back = 0;
    let added = 0;
    for (let step = 0; step < steps; step++) {
      const upper = end[step]!;
      const lower = first[step]!;
      if (lower === upper) continue;
      if (added < lower) added = lower;
      for (; added < upper; added++) {
        const value = values[added]!;
        if (value !== value) continue;
        while (back > front && values[deque[back - 1]!]! < value) back--;
        deque[back++] = added;
      }
      while (front < back && deque[front]! < lower) front++;
      out[step] = front < back ? values[deque[front]!]! : NaN;
      if (front === back) front = back = 0;
    }
  }

  #computeMin(windows: Windows, out: Float64Array): void {
    const {values, first, end, steps} = windows;
    const deque = this.#deque;
    let front = 0;
    let back = 0;
    let added = 0;
    for (let step = 0; step < steps; step++) {
      const upper = end[step]!;
      const lower = first[step]!;
      if (lower === upper) continue;
      if (added < lower) added = lower;
      for (; added < upper; added++) {
        const value = values[added]!;
        if (value !== value) continue;
        while (back > front && values[deque[back - 1]!]! > value) back--;
        deque[back++] = added;
      }
      while (front < back && deque[front]! < lower) front++;
      out[step] = front < back ? values[deque[front]!]! : NaN;
      if (front === back) front = back = 0;
    }
  }

  /** The time of the latest of equal extremes; of the latest sample where all are NaN. */
  #computeTimes(windows: Windows, out: Float64Array): void {
    const {times, values, first, end, steps} = windows;
    const deque = this.#deque;
    const sign = this.#largest ? 1 : -1;
    let front = 0;
    let back = 0;
    let added = 0;
    for (let step = 0; step < steps; step++) {
      const upper = end[step]!;
      const lower = first[step]!;
      if (lower === upper) continue;
      if (added < lower) added = lower;
      for (; added < upper; added++) {
        const value = sign * values[added]!;
        if (value !== value) continue;
        while (back > front && sign * values[deque[back - 1]!]! <= value) back--;
        deque[back++] = added;
      }
      while (front < back && deque[front]! < lower) front++;
      out[step] = times[front < back ? deque[front]! : upper - 1]! / 1000;
      if (front === back) front = back = 0;
    }
  }
}
