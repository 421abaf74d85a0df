import {areCompatible} from '../../../model/histogram/arithmetic.ts';
import {compact} from '../../../model/histogram/compact.ts';
import {pointSamples} from '../../../model/histogram/size.ts';
import {HistogramMean, HistogramSum} from '../../../model/histogram/sum.ts';
import type {FloatHistogram} from '../../../model/histogram.ts';
import type {PositionRange} from '../../ast.ts';
import type {QueryContext} from '../context.ts';
import {absent, float, histogram, histogramsOf, type MutableRow, type Row} from '../row.ts';
import {HintsSeen} from '../windows/hints.ts';

/** The histograms of one group of sum() or avg(). Remarks stand at `range`, that of the expression aggregated. */
export class HistogramFold {
  readonly #context: QueryContext;
  readonly #op: 'sum' | 'avg';
  readonly #range: PositionRange;
  readonly #steps: (StepFold | undefined)[];

  constructor(context: QueryContext, options: {op: 'sum' | 'avg'; range: PositionRange; steps: number}) {
    this.#context = context;
    this.#op = options.op;
    this.#range = options.range;
    context.takeBytes(8 * options.steps);
    this.#steps = Array.from<StepFold | undefined>({length: options.steps});
  }

  /** Folds the histograms of a series in; `floats` says at which steps there were floats before. */
  add(row: Row, floats: Uint8Array): void {
    for (let step = 0; step < this.#steps.length; step++) {
      if (row.kinds[step] === histogram) {
        this.#addTo(step, {value: row.histograms![step]!, row, mixed: floats[step] !== absent});
      }
    }
  }

  /**
   * Adds the results to a row that holds those of the floats, and returns how many points it has. A step with floats and
   * histograms has no result.
   */
  finish(row: MutableRow): number {
    const {annotations} = this.#context;
    let points = 0;
    for (let step = 0; step < this.#steps.length; step++) {
      const fold = this.#steps[step];
      if (fold !== undefined && row.kinds[step] === float) {
        // Behind histograms that do not go together, nothing is looked at any more.
        if (fold.compatible || fold.mixed) annotations.mixedFloatsHistogramsInAggregation(this.#range);
        row.kinds[step] = absent;
      } else if (fold !== undefined && fold.compatible) {
        if (fold.hints.collide) annotations.counterResetCollision('aggregation', this.#range);
        histogramsOf(row)[step] = compact(fold.result());
        row.kinds[step] = histogram;
      }
      if (row.kinds[step] !== absent) points++;
    }
    return points;
  }

  #addTo(step: number, {value, row, mixed}: {value: FloatHistogram; row: Row; mixed: boolean}): void {
    const {annotations, names} = this.#context;
    const fold = this.#steps[step];
    if (fold === undefined) {
      this.#context.takeBytes(3 * 16 * pointSamples(value));
      this.#steps[step] = new StepFold(this.#op, value, mixed);
    } else if (fold.compatible && !fold.startedMixed) {
      fold.mixed = mixed;
      const notes = fold.add(value);
      if (notes === null) {
        annotations.mixedExponentialCustomHistograms(names.nameOf(row.labels), this.#range);
      } else if (notes.nhcbBoundsReconciled) {
        annotations.mismatchedCustomBuckets('aggregation', this.#range);
      }
    }
  }
}

/** Sum or mean of the histograms of one step. */
class StepFold {
  compatible = true;
  /** There were floats before the first histogram: then it is never added to. */
  readonly startedMixed: boolean;
  /** There were floats before the last histogram that was looked at. */
  mixed: boolean;
  readonly hints = new HintsSeen();
  readonly #first: FloatHistogram;
  readonly #sum: HistogramSum | HistogramMean;

  constructor(op: 'sum' | 'avg', first: FloatHistogram, mixed: boolean) {
    this.startedMixed = mixed;
    this.mixed = mixed;
    this.#first = first;
    this.#sum = op === 'sum' ? new HistogramSum(first) : new HistogramMean(first);
    this.hints.add(first.counterResetHint);
  }

  /** Null where it cannot be added; then there is no result. */
  add(value: FloatHistogram): {nhcbBoundsReconciled: boolean} | null {
    this.hints.add(value.counterResetHint);
    this.compatible = areCompatible(this.#first, value);
    return this.compatible ? this.#sum.add(value) : null;
  }

  result(): FloatHistogram {
    return this.#sum instanceof HistogramSum ? this.#sum.sum() : this.#sum.mean();
  }
}
