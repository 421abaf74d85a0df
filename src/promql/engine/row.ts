// What operators hand to each other: one series at a time, as a row with a value for each step.

import type {LabelIds} from '../../storage/querier.ts';

/** What a row holds at a step. Absence is not NaN, which is a value. */
export const absent = 0;
export const float = 1;
/** A native histogram, beside the values; nothing makes them yet. */
export const histogram = 2;

/**
 * One series: a value for each step of a grid, where `kinds` says that there is one (other values mean nothing). It
 * belongs to the operator that made it, is valid until that operator's next `next()`, and must not be changed by readers.
 */
export interface Row {
  labels: LabelIds;
  /** The metric's name goes at the end of the evaluation (delayed name removal); always false without that feature. */
  dropName: boolean;
  readonly values: Float64Array;
  readonly kinds: Uint8Array;
  /** Steps that are not absent. */
  points: number;
}

/** Walks the series of an instant vector expression over a grid. Series without any point are left out. */
export interface Operator {
  /** The current series; its object stays the same while its contents change. */
  readonly row: Row;
  /** Moves to the next series. After false it is not called again. */
  next(): boolean;
  /**
   * No two rows have the same labels, not even without `__name__`: all have the same name, or none. Lets what drops names
   * stream.
   */
  readonly singleName: boolean;
}

export function newRow(steps: number): {
  labels: LabelIds;
  dropName: boolean;
  values: Float64Array;
  kinds: Uint8Array;
  points: number;
} {
  return {
    labels: [],
    dropName: false,
    values: new Float64Array(steps),
    kinds: new Uint8Array(steps),
    points: 0,
  };
}

export type MutableRow = ReturnType<typeof newRow>;

/** Memory of a typed array of its own: small ones cost more for what they are than for what they hold (measured). */
export function columnBytes(bytes: number): number {
  return bytes <= onHeapBytesMax ? 216 + bytes : 400 + bytes;
}

/** V8 keeps the elements of typed arrays up to this size in its heap. */
const onHeapBytesMax = 64;

export function countPoints(kinds: Uint8Array): number {
  let points = 0;
  for (let i = 0; i < kinds.length; i++) if (kinds[i] !== absent) points++;
  return points;
}
