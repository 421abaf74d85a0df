// Bucket bounds by index. In an exponential schema s, bucket i covers (2^((i - 1) * 2^-s), 2^(i * 2^-s)], mirrored on the
// negative side; in the custom schema, bucket i covers (customValues[i - 1], customValues[i]].

import {customBucketsSchema} from '../histogram.ts';
import {exponentialBounds} from './boundtable.ts';

/** The exponential schemas that are stored and computed with. */
export const exponentialSchemaMin = -4;
export const exponentialSchemaMax = 8;

/** The exponential schemas that may be received; those above `exponentialSchemaMax` are reduced before they are stored. */
export const reservedSchemaMin = -9;
export const reservedSchemaMax = 52;

export function isExponentialSchema(schema: number): boolean {
  return schema >= exponentialSchemaMin && schema <= exponentialSchemaMax;
}

/** Upper bound of the positive bucket `index`: the very double that Prometheus computes. */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    // The last bucket of numbers ends at the largest one, so that the bucket after it holds infinities only.
    return exponent === 1024 ? Number.MAX_VALUE : 2 ** exponent;
  }
  const position = index & (2 ** schema - 1);
  const exponent = (index >> schema) + 1;
  if (position === 0 && exponent === 1025) return Number.MAX_VALUE;
  return scaled(exponentialBounds[position << (exponentialSchemaMax - schema)]!, exponent);
}

/** fraction * 2^exponent, rounded once; `fraction` is in [0.5, 1). */
function scaled(fraction: number, exponent: number): number {
  if (exponent < -1000) return fraction * 2 ** (exponent + 100) * 2 ** -100;
  return 2 * fraction * 2 ** (exponent - 1);
}

/** Upper bound of bucket `index` (of the positive side) in any schema; -1 is below the first custom bucket. */
export function upperBound(index: number, schema: number, customValues: readonly number[]): number {
  if (schema !== customBucketsSchema) return exponentialBound(index, schema);
  if (index < 0) return -Infinity;
  return index < customValues.length ? customValues[index]! : Infinity;
}
