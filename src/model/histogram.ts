// Native histograms, after Prometheus's model/histogram: exponential buckets (schema -4 to 8, bucket i of schema s ends at
// 2^(i * 2^-s)) or custom bounds (schema -53).

/** A run of `length` buckets, `offset` after the end of the run before it (the first: its index). */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** What is known of a histogram's relation to the sample before it. The numbers are those of the chunk and WAL formats. */
export const counterReset = {unknown: 0, reset: 1, notReset: 2, gauge: 3} as const;
export type CounterResetHint = (typeof counterReset)[keyof typeof counterReset];

/** The schema whose bucket bounds are `customValues`. */
export const customBucketsSchema = -53;

export interface HistogramFields {
  counterResetHint: CounterResetHint;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  count: number;
  sum: number;
  positiveSpans: readonly Span[];
  negativeSpans: readonly Span[];
  /** Absolute counts, one for each bucket of the spans. */
  positiveBuckets: Float64Array;
  negativeBuckets: Float64Array;
  /** Upper bounds, rising, the last before +Inf; empty where the schema is exponential. */
  customValues: readonly number[];
}

const noSpans: readonly Span[] = [];
const noBuckets = new Float64Array(0);
const noValues: readonly number[] = [];

/**
 * A histogram whose counts are numbers, as the query engine sees all of them. A value: never changed once made, so it may be
 * shared freely; operations return new ones.
 */
export class FloatHistogram implements HistogramFields {
  readonly counterResetHint: CounterResetHint;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly positiveBuckets: Float64Array;
  readonly negativeBuckets: Float64Array;
  readonly customValues: readonly number[];

  constructor(fields: Partial<HistogramFields>) {
    this.counterResetHint = fields.counterResetHint ?? counterReset.unknown;
    this.schema = fields.schema ?? 0;
    this.zeroThreshold = fields.zeroThreshold ?? 0;
    this.zeroCount = fields.zeroCount ?? 0;
    this.count = fields.count ?? 0;
    this.sum = fields.sum ?? 0;
    this.positiveSpans = fields.positiveSpans ?? noSpans;
    this.negativeSpans = fields.negativeSpans ?? noSpans;
    this.positiveBuckets = fields.positiveBuckets ?? noBuckets;
    this.negativeBuckets = fields.negativeBuckets ?? noBuckets;
    this.customValues = fields.customValues ?? noValues;
  }

  get usesCustomBuckets(): boolean {
    return this.schema === customBucketsSchema;
  }

  /** A copy with some fields replaced. */
  with(fields: Partial<HistogramFields>): FloatHistogram {
    return new FloatHistogram({
      counterResetHint: fields.counterResetHint ?? this.counterResetHint,
      schema: fields.schema ?? this.schema,
      zeroThreshold: fields.zeroThreshold ?? this.zeroThreshold,
      zeroCount: fields.zeroCount ?? this.zeroCount,
      count: fields.count ?? this.count,
      sum: fields.sum ?? this.sum,
      positiveSpans: fields.positiveSpans ?? this.positiveSpans,
      negativeSpans: fields.negativeSpans ?? this.negativeSpans,
      positiveBuckets: fields.positiveBuckets ?? this.positiveBuckets,
      negativeBuckets: fields.negativeBuckets ?? this.negativeBuckets,
      customValues: fields.customValues ?? this.customValues,
    });
  }
}
