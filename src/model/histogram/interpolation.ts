// Where observations lie within a bucket.

import {log2} from '../../base/exponentials.ts';

/**
 * The part (0 to 1) of a bucket's observations that are at or below `value`, which lies strictly between its finite bounds:
 * evenly spread where `linear` (custom buckets and the zero bucket), else evenly on a logarithmic scale.
 */
export function fractionBelow(value: number, lower: number, upper: number, linear: boolean): number {
  if (linear) return (value - lower) / (upper - lower);
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  const logValue = log2(Math.abs(value));
  return value > 0
    ? (logValue - logLower) / (logUpper - logLower)
    : 1 - (logValue - logUpper) / (logLower - logUpper);
}
