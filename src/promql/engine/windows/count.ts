// Range functions that count samples, or what happens between neighbours, or that pick one sample.

import {isStartReset} from './starttimes.ts';
import type {WindowFunction, Windows} from './window.ts';

export class CountOverTime implements WindowFunction {
  readonly samplesMin = 1;

  compute(windows: Windows, out: Float64Array): void {
    const {first, end, steps} = windows;
    for (let step = 0; step < steps; step++) out[step] = end[step]! - first[step]!;
  }
}

/** present_over_time; absent_over_time starts from it too. */
export class PresentOverTime implements WindowFunction {
  readonly samplesMin = 1;

  compute(_windows: Windows, out: Float64Array): void {
    out.fill(1);
  }
}

export type Pick = 'first' | 'last';

/** first_over_time and last_over_time, or the time of that sample in seconds. */
export class PickOverTime implements WindowFunction {
  readonly samplesMin = 1;
  readonly #pick: Pick;
  readonly #answer: 'value' | 'time';

  constructor(pick: Pick, answer: 'value' | 'time') {
    this.#pick = pick;
    this.#answer = answer;
  }

  compute(windows: Windows, out: Float64Array): void {
    const {times, values, first, end, steps} = windows;
    const column = this.#answer === 'value' ? values : times;
    const divisor = this.#answer === 'value' ? 1 : 1000;
    for (let step = 0; step < steps; step++) {
      if (first[step] === end[step]) continue;
      const value = column[this.#pick === 'first' ? first[step]! : end[step]! - 1]!;
      out[step] = divisor === 1 ? value : value / divisor;
    }
  }
}

/** changes (a value unlike the one before; NaN after NaN is none) and resets (a value below the one before, or a start after it). */
export class CountEvents implements WindowFunction {
  readonly samplesMin = 1;
  readonly #event: 'change' | 'reset';
  #before = new Int32Array(0);

  constructor(event: 'change' | 'reset') {
    this.#event = event;
  }

  compute(windows: Windows, out: Float64Array): void {
    const {first, end, steps, length} = windows;
    if (this.#computeFast(windows, out)) return;
    if (this.#before.length < length) this.#before = new Int32Array(length);
    if (this.#event === 'change') this.#countChanges(windows.values, length);
    else this.#countResets(windows);
    const before = this.#before;
    for (let step = 0; step < steps; step++) {
      const lower = first[step]!;
      const upper = end[step]!;
      if (lower < upper) out[step] = before[upper - 1]! - before[lower]!;
    }
  }

  /** By a kernel. False where there is none for these samples. */
  #computeFast(windows: Windows, out: Float64Array): boolean {
    const workspace = windows.kernelsFor(out);
    const resets = this.#event === 'reset';
    if (workspace === null || !windows.neverNaN || (resets && windows.startTimes !== null)) return false;
    workspace.kernels.countSteps(
      windows.values.byteOffset,
      windows.first.byteOffset,
      windows.end.byteOffset,
      windows.steps,
      resets ? 1 : 0,
      out.byteOffset,
    );
    return true;
  }

  /** `before[i]`: events up to and including the step from sample i - 1 to sample i. */
  #countChanges(values: Float64Array, length: number): void {
    const before = this.#before;
    let count = 0;
    before[0] = 0;
    for (let i = 1; i < length; i++) {
      const value = values[i]!;
      const previous = values[i - 1]!;
      if (value !== previous && !(value !== value && previous !== previous)) count++;
      before[i] = count;
    }
  }

  #countResets({times, values, startTimes, length}: Windows): void {
    const before = this.#before;
    let count = 0;
    before[0] = 0;
    for (let i = 1; i < length; i++) {
      if (values[i]! < values[i - 1]!) count++;
      else if (startTimes !== null && isStartReset(times, startTimes, i)) count++;
      before[i] = count;
    }
  }
}
