// The body of a WAL record of samples (tsdb/record in Prometheus), after the record's type, base ref and base time:
//
//     ref - base ref: zigzag varint    time - base time: zigzag varint    value: f64, big-endian
//
// for each sample, without gaps.

import {putVarint} from '../base/varint.ts';
import type {LinearMemory} from './memory.ts';

/** Bytes that one sample takes at most: two varints of ten bytes and the value. */
export const sampleBytesMax = 28;

/** Plain twin of the kernel `encodeSamples` (kernels/walsamples.ts): the same bytes from the same columns. */
export function encodeSamples(
  memory: LinearMemory,
  refs: number,
  times: number,
  values: number,
  count: number,
  baseRef: number,
  baseTime: number,
  out: number,
): number {
  const {u8, f64} = memory;
  let at = out;
  for (let i = 0; i < count; i++) {
    at = putDelta(u8, at, f64[refs / 8 + i]!, baseRef);
    at = putDelta(u8, at, f64[times / 8 + i]!, baseTime);
    const value = values + 8 * i;
    for (let byte = 7; byte >= 0; byte--) u8[at++] = u8[value + byte]!;
  }
  return at - out;
}

function putDelta(u8: Uint8Array, at: number, value: number, base: number): number {
  const delta = value - base;
  if (Number.isSafeInteger(delta)) return putVarint(u8, at, delta);
  // Further apart than 2^53: at most 2^54.
  let zigzag = BigInt(value) - BigInt(base);
  zigzag = zigzag < 0n ? -2n * zigzag - 1n : 2n * zigzag;
  let end = at;
  for (; zigzag >= 0x80n; zigzag >>= 7n) u8[end++] = Number(zigzag & 0x7fn) | 0x80;
  u8[end++] = Number(zigzag);
  return end;
}
