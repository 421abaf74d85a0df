// What is checked of a histogram that comes from outside.

import {customBucketsSchema, type FloatHistogram} from '../histogram.ts';
import {exponentialSchemaMax, reservedSchemaMax} from './bounds.ts';
import {reduceResolution} from './resolution.ts';
import {InvalidHistogram, validate} from './validate.ts';

/**
 * Throws InvalidHistogram where the histogram contradicts itself; `integer`: its counts are whole numbers. Finer buckets than
 * there are here are merged.
 */
export function acceptHistogram(histogram: FloatHistogram, integer: boolean): FloatHistogram {
  const {schema} = histogram;
  const isReserved =
    schema !== customBucketsSchema && schema > exponentialSchemaMax && schema <= reservedSchemaMax;
  validate(isReserved ? histogram.with({schema: exponentialSchemaMax}) : histogram);
  if (integer) checkCount(histogram);
  return isReserved ? reduceResolution(histogram, exponentialSchemaMax) : histogram;
}

/** All that was observed is in some bucket, but for NaNs. What was rounded is not held against the sender. */
function checkCount({count, sum, zeroCount, positiveBuckets, negativeBuckets}: FloatHistogram): void {
  let observed = zeroCount;
  for (let i = 0; i < positiveBuckets.length; i++) observed += positiveBuckets[i]!;
  for (let i = 0; i < negativeBuckets.length; i++) observed += negativeBuckets[i]!;
  if (observed > Number.MAX_SAFE_INTEGER || count > Number.MAX_SAFE_INTEGER) return;
  const found = `${observed} observations found in buckets, but the Count field is ${count}`;
  if (sum !== sum) {
    if (observed <= count) return;
    throw new InvalidHistogram(
      `${found}: histogram's observation count should be at least the number of observations found in the buckets`,
    );
  }
  if (observed === count) return;
  throw new InvalidHistogram(
    `${found}: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)`,
  );
}
