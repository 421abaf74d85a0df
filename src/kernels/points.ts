// Samples as JSON. The texts are those of Prometheus's API; kernels/points.ts writes the same as bytes, eight times as fast.

import type {Arena} from './arena.ts';
import type {Kernels} from './kernels.ts';
import type {LinearMemory} from './memory.ts';

/**
 * A float with the fewest digits that read back the same: `NaN`, `+Inf`, `-Inf`, with an exponent of at least two digits
 * below 1e-6 and from 1e21 on.
 */
export function formatSampleValue(value: number): string {
  if (value !== value) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
    // JavaScript writes e-7, Go e-07.
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value);
}

/** Whole milliseconds as seconds, with exactly three digits behind the point where they are not whole. */
export function formatSampleTime(ms: number): string {
  const magnitude = Math.abs(ms);
  const fraction = magnitude % 1000;
  const text = `${ms < 0 ? '-' : ''}${(magnitude - fraction) / 1000}`;
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(3, '0')}`;
}

/** `[seconds,"value"],` for each point. */
export function formatPoints(times: ArrayLike<number>, values: ArrayLike<number>, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    text += `[${formatSampleTime(times[i]!)},"${formatSampleValue(values[i]!)}"],`;
  }
  return text;
}

/** Points that are written at once, and the bytes that each needs at most. */
const batchPoints = 2048;
export const pointBytes = 56;
const beginningBytes = 24;

/**
 * Writes points by the kernel, in batches: the columns are copied into linear memory, and the bytes are there. Series of one answer
 * share their column of times, most often: the beginnings of their points are written once.
 */
export class PointWriter {
  /** How many points one call takes at most. */
  readonly pointsMax = batchPoints;
  readonly #memory: LinearMemory;
  readonly #kernels: Kernels;
  readonly #beginnings: number;
  readonly #values: number;
  readonly #target: number;
  /** Whose beginnings there are: times [from, end) of this column. */
  #times: Float64Array | null = null;
  #from = 0;
  #end = 0;

  /** Takes about 180 KiB of the arena for good. */
  constructor(world: {memory: LinearMemory; kernels: Kernels; arena: Arena}) {
    this.#memory = world.memory;
    this.#kernels = world.kernels;
    this.#beginnings = world.arena.alloc(beginningBytes * batchPoints);
    this.#values = world.arena.alloc(8 * batchPoints);
    this.#target = world.arena.alloc(pointBytes * batchPoints);
  }

  /**
   * The bytes of points [from, from + count), valid until the next call; count is at most pointsMax. A column of times does not change
   * once it was seen.
   */
  write(times: Float64Array, values: Float64Array, from: number, count: number): Uint8Array {
    if (times !== this.#times || from !== this.#from || from + count > this.#end) {
      this.#begin(times, from, from + count);
    }
    return this.#finish(values, from, count);
  }

  /** The same of points that are all at one time. */
  writeAt(timeMs: number, values: Float64Array, from: number, count: number): Uint8Array {
    this.#memory.f64.fill(timeMs, this.#values / 8, this.#values / 8 + count);
    this.#kernels.writeBeginnings(this.#values, count, this.#beginnings);
    this.#times = null;
    return this.#finish(values, from, count);
  }

  #finish(values: Float64Array, from: number, count: number): Uint8Array {
    const {f64, u8} = this.#memory;
    f64.set(values.subarray(from, from + count), this.#values / 8);
    const bytes = this.#kernels.writePoints(this.#beginnings, this.#values, count, this.#target);
    return u8.subarray(this.#target, this.#target + bytes);
  }

  #begin(times: Float64Array, from: number, end: number): void {
    // The values come to the same place later.
    this.#memory.f64.set(times.subarray(from, end), this.#values / 8);
    this.#kernels.writeBeginnings(this.#values, end - from, this.#beginnings);
    this.#times = times;
    this.#from = from;
    this.#end = end;
  }
}
