import type {PositionRange} from '../../ast.ts';
import type {Annotations, HistogramOperation} from '../annotations.ts';

/** What range functions remark on the series at hand, each thing once. */
export class RangeRemarks {
  metric = '';
  readonly #annotations: Annotations;
  readonly #range: PositionRange;
  readonly #made = new Set<string>();

  constructor(annotations: Annotations, range: PositionRange) {
    this.#annotations = annotations;
    this.#range = range;
  }

  /** Looks at another series. */
  begin(metric: string): void {
    this.metric = metric;
    this.#made.clear();
  }

  mixedFloatsHistograms(): void {
    if (this.#first('mixed')) this.#annotations.mixedFloatsHistograms(this.metric, this.#range);
  }

  ignoredHistograms(): void {
    if (this.#first('ignored')) this.#annotations.histogramIgnoredInMixedRange(this.metric, this.#range);
  }

  mixedSchemas(): void {
    if (this.#first('schemas')) this.#annotations.mixedExponentialCustomHistograms(this.metric, this.#range);
  }

  notCounter(): void {
    if (this.#first('counter')) this.#annotations.histogramNotCounter(this.metric, this.#range);
  }

  notGauge(): void {
    if (this.#first('gauge')) this.#annotations.histogramNotGauge(this.metric, this.#range);
  }

  counterResetCollision(): void {
    if (this.#first('collision')) this.#annotations.counterResetCollision('aggregation', this.#range);
  }

  mismatchedBounds(operation: HistogramOperation): void {
    if (this.#first(operation)) this.#annotations.mismatchedCustomBuckets(operation, this.#range);
  }

  #first(what: string): boolean {
    if (this.#made.has(what)) return false;
    this.#made.add(what);
    return true;
  }
}
