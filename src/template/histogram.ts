// Native histograms as values of templates: Go's *histogram.FloatHistogram.
import type {FloatHistogram} from '../model/histogram.ts';
import {formatHistogram} from '../model/histogram/format.ts';
import {
  boolType,
  defineMethod,
  float64Type,
  int32Type,
  named,
  pointerTo,
  sliceOf,
  stringType,
  structType,
  type Type,
  uint8Type,
} from './type.ts';
import type {Span} from '../model/histogram.ts';
import {int64Type} from './type.ts';
import {type Value, valueOf} from './value.ts';

const spanType = structType<object>('histogram.Span', {
  Offset: int32Type,
  Length: named('uint32', int64Type),
});

interface HistogramData {
  readonly histogram: FloatHistogram;
}

const histogramType: Type<HistogramData> = structType<HistogramData>('histogram.FloatHistogram', {
  CounterResetHint: named('histogram.CounterResetHint', uint8Type),
  Schema: int32Type,
  ZeroThreshold: float64Type,
  ZeroCount: float64Type,
  Count: float64Type,
  Sum: float64Type,
  PositiveSpans: sliceOf(spanType),
  NegativeSpans: sliceOf(spanType),
  PositiveBuckets: sliceOf(float64Type),
  NegativeBuckets: sliceOf(float64Type),
  CustomValues: sliceOf(float64Type),
});
const options = {needsPointer: true};
defineMethod(histogramType, 'String', [], stringType, ({histogram}) => formatHistogram(histogram), options);
defineMethod(
  histogramType,
  'UsesCustomBuckets',
  [],
  boolType,
  ({histogram}) => histogram.usesCustomBuckets,
  options,
);

function spansOf(spans: readonly Span[]): object[] {
  return spans.map(({offset, length}) => ({Offset: BigInt(offset), Length: BigInt(length)}));
}

export function valueOfHistogram(histogram: FloatHistogram): Value {
  const data = {
    histogram,
    CounterResetHint: BigInt(histogram.counterResetHint),
    Schema: BigInt(histogram.schema),
    ZeroThreshold: histogram.zeroThreshold,
    ZeroCount: histogram.zeroCount,
    Count: histogram.count,
    Sum: histogram.sum,
    PositiveSpans: spansOf(histogram.positiveSpans),
    NegativeSpans: spansOf(histogram.negativeSpans),
    PositiveBuckets: [...histogram.positiveBuckets],
    NegativeBuckets: [...histogram.negativeBuckets],
    CustomValues: histogram.customValues,
  };
  return valueOf(pointerTo(histogramType), data);
}
