import type {Labels} from '../model/labels.ts';

/** An example of what a sample counts, most often the id of a trace. */
export interface Exemplar {
  labels: Labels;
  value: number;
  /** Milliseconds. */
  timeMs: number;
}

/** The characters of an exemplar's label names and values together, at most. */
export const exemplarLabelCharsMax = 128;

/** Exemplars of one series, oldest first. */
export interface SeriesExemplars {
  labels: Labels;
  exemplars: Exemplar[];
}

/** What becomes of an exemplar. */
export type ExemplarStatus =
  | 'accepted'
  | 'disabled'
  | 'duplicate'
  | 'outOfOrder'
  | 'labelsTooLong'
  | 'noSeries';
