// What operators hand to each other: one series at a time, as a row with a value for each step.

import type {Workspace} from '../../kernels/workspace.ts';
import type {FloatHistogram} from '../../model/histogram.ts';
import {pointSamples} from '../../model/histogram/size.ts';
import type {LabelIds} from '../../storage/querier.ts';

/** What a row holds at a step. Absence is not NaN, which is a value. */
export const absent = 0;
export const float = 1;
/** A native histogram, in the column beside the values. */
export const histogram = 2;

/** Histograms by step or by sample. Entries where there is none mean nothing. */
export type HistogramColumn = (FloatHistogram | undefined)[];

/**
 * One series: a value for each step of a grid, where `kinds` says that there is one (other values mean nothing). It
 * belongs to the operator that made it, is valid until that operator's next `next()`, and must not be changed by readers.
 */
export interface Row {
  labels: LabelIds;
  /**
   * The metric's name goes at the end of the evaluation (delayed name removal). Without that feature it has gone already,
   * but where such rows are given a name again, last_over_time() and first_over_time() of a subquery drop it.
   */
  dropName: boolean;
  readonly values: Float64Array;
  readonly kinds: Uint8Array;
  /** Null where no step has a histogram: then all that has a value is a float. */
  readonly histograms: HistogramColumn | null;
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

/** `workspace`: where kernels are to find the values. */
export function newRow(
  steps: number,
  workspace: Workspace | null = null,
): {
  labels: LabelIds;
  dropName: boolean;
  values: Float64Array;
  kinds: Uint8Array;
  histograms: HistogramColumn | null;
  points: number;
} {
  return {
    labels: [],
    dropName: false,
    values: workspace === null ? new Float64Array(steps) : workspace.floats(steps),
    kinds: workspace === null ? new Uint8Array(steps) : workspace.bytes(steps),
    histograms: null,
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

/** The histogram at a step that has one. */
export function histogramAt(
  row: {readonly histograms: HistogramColumn | null},
  step: number,
): FloatHistogram {
  return row.histograms![step]!;
}

/** The row's column of histograms, a new one where it had none. */
export function histogramsOf(row: MutableRow): HistogramColumn {
  return (row.histograms ??= Array.from<FloatHistogram | undefined>({length: row.kinds.length}));
}

/** What a row counts for among the samples that a query may hold: a histogram counts for several. */
export function samplesOf(row: {
  readonly kinds: Uint8Array;
  readonly histograms: HistogramColumn | null;
  readonly points: number;
}): number {
  return row.histograms === null ? row.points : row.points + samplesBeyond(row.kinds, row.histograms);
}

function samplesBeyond(kinds: Uint8Array, histograms: HistogramColumn): number {
  let samples = 0;
  for (let step = 0; step < kinds.length; step++) {
    if (kinds[step] === histogram) samples += pointSamples(histograms[step]!) - 1;
  }
  return samples;
}

export function countPoints(kinds: Uint8Array): number {
  let points = 0;
  for (let i = 0; i < kinds.length; i++) if (kinds[i] !== absent) points++;
  return points;
}
