// `anchored` and `smoothed` range selectors. Their windows reach for the samples around the range, which then stand for the
// values at its bounds: as they are (anchored), or on the straight line between the neighbours of a bound (smoothed).
// Nothing is extrapolated.

import {CounterResets, secondsOf, type RateKind} from './rate.ts';
import type {WindowFunction, Windows} from './window.ts';

/** How far beyond its range a window may reach for samples. */
export interface Extension {
  kind: 'anchored' | 'smoothed';
  beforeMs: number;
  afterMs: number;
}

/** The neighbours of a bound are looked for within the lookback: before the range and, for `smoothed`, after it too. */
export function extensionOf(
  selector: {anchored: boolean; smoothed: boolean},
  lookbackDeltaMs: number,
): Extension | null {
  if (selector.anchored) return {kind: 'anchored', beforeMs: lookbackDeltaMs, afterMs: 0};
  return selector.smoothed ? {kind: 'smoothed', beforeMs: lookbackDeltaMs, afterMs: lookbackDeltaMs} : null;
}

/**
 * Narrows windows that reach to both ends of the extension to the samples that count: from the last at or before the
 * beginning of the range (else the first) to, for `smoothed`, the first at or after its end (else the last). Windows
 * without a sample after the beginning of the range (nor, for `smoothed`, one before its end) become empty. With `ahead`,
 * one after the end is enough for `smoothed`.
 */
export function narrow(windows: Windows, smoothed: boolean, ahead = false): void {
  const {times, first, end, steps, startMs, stepMs, rangeMs} = windows;
  windows.edited = true;
  let anchor = 0;
  let bound = 0;
  for (let step = 0; step < steps; step++) {
    const lower = first[step]!;
    const upper = end[step]!;
    if (lower === upper) continue;
    const endMs = startMs + step * stepMs;
    const beginMs = endMs - rangeMs;
    if (anchor < lower) anchor = lower;
    while (anchor + 1 < upper && times[anchor + 1]! <= beginMs) anchor++;
    let last = upper - 1;
    if (smoothed) {
      if (bound < lower) bound = lower;
      while (bound < last && times[bound]! < endMs) bound++;
      last = bound;
    }
    first[step] = anchor;
    const empty = times[last]! <= beginMs || (smoothed && !ahead && times[anchor]! > endMs);
    end[step] = empty ? anchor : last + 1;
  }
}

/**
 * The value at `timeMs` on the straight line from sample `index` to the one after it; a counter that was reset between them
 * starts from 0.
 */
export function valueBetween(
  samples: {times: Float64Array; values: Float64Array},
  index: number,
  timeMs: number,
  counter: boolean,
): number {
  const {times, values} = samples;
  const to = values[index + 1]!;
  const from = counter && to < values[index]! ? 0 : values[index]!;
  return from + ((to - from) * (timeMs - times[index]!)) / (times[index + 1]! - times[index]!);
}

/** rate, increase and delta over narrowed windows: the difference of the values at the bounds of the range. */
export class ExtendedRate implements WindowFunction {
  readonly samplesMin = 1;
  readonly #smoothed: boolean;
  readonly #counter: boolean;
  readonly #perSecond: boolean;
  readonly #resets = new CounterResets();

  constructor(kind: RateKind, extension: Extension['kind']) {
    this.#smoothed = extension === 'smoothed';
    this.#counter = kind !== 'delta';
    this.#perSecond = kind === 'rate';
  }

  compute(windows: Windows, out: Float64Array): void {
    const {times, values, first, end, steps, startMs, stepMs, rangeMs} = windows;
    const rangeSeconds = secondsOf(rangeMs);
    if (this.#counter) this.#resets.scan(values, windows.length);
    for (let step = 0; step < steps; step++) {
      let lower = first[step]!;
      let last = end[step]! - 1;
      if (last < lower) continue;
      const endMs = startMs + step * stepMs;
      const beginMs = endMs - rangeMs;
      const left =
        this.#smoothed && times[lower]! < beginMs
          ? valueBetween(windows, lower, beginMs, this.#counter)
          : values[lower]!;
      const right =
        this.#smoothed && times[last]! > endMs
          ? valueBetween(windows, last - 1, endMs, this.#counter)
          : values[last]!;
      let result = right - left;
      if (this.#counter) {
        // Resets next to the bounds are part of `left` and `right`.
        if (times[lower]! <= beginMs) lower++;
        if (times[last]! >= endMs) last--;
        result += this.#correction(values, {left, right, lower, last});
      }
      out[step] = this.#perSecond ? result / rangeSeconds : result;
    }
  }

  /** What resets took away within the range: between `left`, the samples from `lower` to `last`, and `right`. */
  #correction(
    values: Float64Array,
    {left, right, lower, last}: {left: number; right: number; lower: number; last: number},
  ): number {
    if (last < lower) return right < left ? left : 0;
    let correction = values[lower]! < left ? left : 0;
    correction = this.#resets.addTo(correction, lower, last);
    return right < values[last]! ? correction + values[last]! : correction;
  }
}
