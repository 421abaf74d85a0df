// What a histogram must be like before it is stored or computed with. The messages are Prometheus's.

import {formatShortest} from '../../base/format.ts';
import {customBucketsSchema, type FloatHistogram, type Span} from '../histogram.ts';
import {exponentialSchemaMax, exponentialSchemaMin, isExponentialSchema} from './bounds.ts';

/** Buckets that one side may have. Clients keep to a few hundred. */
const bucketsMax = 65_536;

/** Indexes and offsets are 32-bit numbers. */
const indexMax = 2 ** 31 - 1;

/** A histogram that contradicts itself. */
export class InvalidHistogram extends RangeError {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidHistogram';
  }
}

/** Throws InvalidHistogram. That the count is at least the sum of the buckets is not checked, since floats round. */
export function validate(histogram: FloatHistogram): void {
  if (histogram.schema === customBucketsSchema) checkCustom(histogram);
  else if (isExponentialSchema(histogram.schema)) checkExponential(histogram);
  else throw new InvalidHistogram(invalidSchema(histogram.schema));
  if (histogram.count < 0) {
    throw new InvalidHistogram(
      `observation count is  ${formatShortest(histogram.count)}: histogram's observation count is negative`,
    );
  }
  prefixed('positive side', () => checkCounts(histogram.positiveBuckets));
}

function invalidSchema(schema: number): string {
  return (
    'histogram has an invalid schema, which must be between ' +
    `${exponentialSchemaMin} and ${exponentialSchemaMax} for exponential buckets, ` +
    `or ${customBucketsSchema} for custom buckets, got schema ${schema}`
  );
}

function checkExponential(histogram: FloatHistogram): void {
  const {positiveSpans, positiveBuckets, negativeSpans, negativeBuckets, zeroCount} = histogram;
  prefixed('positive side', () => checkSpans(positiveSpans, positiveBuckets.length, false));
  prefixed('negative side', () => checkSpans(negativeSpans, negativeBuckets.length, false));
  prefixed('negative side', () => checkCounts(negativeBuckets));
  if (zeroCount < 0) {
    throw new InvalidHistogram(
      `zero bucket has observation count of ${formatShortest(zeroCount)}: ${negativeBucketCount}`,
    );
  }
  if (histogram.customValues.length > 0) {
    throw new InvalidHistogram('histogram with exponential schema must not have custom bounds');
  }
}

function checkCustom(histogram: FloatHistogram): void {
  const {positiveSpans, positiveBuckets, negativeSpans, negativeBuckets, customValues} = histogram;
  prefixed('custom buckets', () => {
    checkBounds(customValues);
    const reach = checkSpans(positiveSpans, positiveBuckets.length, true);
    if (customValues.length + 1 < reach) {
      throw new InvalidHistogram(
        `only ${customValues.length} custom bounds defined which is insufficient to cover total span length of ${reach}: ` +
          'histogram custom bounds are too few',
      );
    }
  });
  const refuse = (what: string): never => {
    throw new InvalidHistogram(`custom buckets: must ${what}`);
  };
  if (histogram.zeroCount !== 0) refuse('have zero count of 0');
  if (histogram.zeroThreshold !== 0) refuse('have zero threshold of 0');
  if (negativeSpans.length > 0) refuse('not have negative spans');
  if (negativeBuckets.length > 0) refuse('not have negative buckets');
}

function checkBounds(bounds: readonly number[]): void {
  for (let i = 0; i < bounds.length; i++) {
    const bound = bounds[i]!;
    if (bound !== bound) throw new InvalidHistogram('histogram custom bounds must not be NaN');
    if (i > 0 && bound <= bounds[i - 1]!) {
      throw new InvalidHistogram(
        `previous bound is ${fixed(bounds[i - 1]!)} and current is ${fixed(bound)}: ` +
          'histogram custom bounds must be in strictly increasing order',
      );
    }
  }
  if (bounds.at(-1) === Infinity) {
    throw new InvalidHistogram(
      'last +Inf bound must not be explicitly defined: histogram custom bounds must be finite',
    );
  }
}

/** %f */
function fixed(value: number): string {
  return Number.isFinite(value) ? value.toFixed(6) : formatShortest(value);
}

/** Returns the index after the last bucket. */
function checkSpans(spans: readonly Span[], bucketCount: number, firstIsChecked: boolean): number {
  if (bucketCount > bucketsMax) {
    throw new InvalidHistogram(`histogram has ${bucketCount} buckets, more than ${bucketsMax}`);
  }
  let total = 0;
  let end = 0;
  for (let i = 0; i < spans.length; i++) {
    const {offset, length} = spans[i]!;
    if (offset < 0 && (i > 0 || firstIsChecked)) {
      throw new InvalidHistogram(
        `span number ${i + 1} with offset ${offset}: histogram has a span whose offset is negative`,
      );
    }
    total += length;
    end += offset + length;
    if (Math.abs(offset) > indexMax || end > indexMax) {
      throw new InvalidHistogram(`span number ${i + 1} with offset ${offset} reaches beyond 32-bit indexes`);
    }
  }
  if (total !== bucketCount) {
    throw new InvalidHistogram(
      `spans need ${total} buckets, have ${bucketCount} buckets: ` +
        'histogram spans specify different number of buckets than provided',
    );
  }
  return end;
}

const negativeBucketCount = 'histogram has a bucket whose observation count is negative';

function checkCounts(counts: Float64Array): void {
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! < 0) {
      throw new InvalidHistogram(
        `bucket number ${i + 1} has observation count of ${formatShortest(counts[i]!)}: ${negativeBucketCount}`,
      );
    }
  }
}

function prefixed(prefix: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InvalidHistogram)) throw error;
    throw new InvalidHistogram(`${prefix}: ${error.message}`);
  }
}
