// The body of a WAL record of samples. Twin: src/kernels/walsamples.ts, which draws the bytes.

// @ts-ignore: decorator
@inline
function putVarint(at: usize, delta: i64): usize {
  let zigzag = <u64>((delta << 1) ^ (delta >> 63));
  for (; zigzag >= 0x80; zigzag >>>= 7) store<u8>(at++, <u8>zigzag | 0x80);
  store<u8>(at, <u8>zigzag);
  return at + 1;
}

/**
 * Encodes `count` samples from columns of f64 (refs, times, values) to `out` and gives the bytes written, at most 28 a
 * sample. Refs and times are whole numbers within 2^53.
 */
export function encodeSamples(
  refs: usize,
  times: usize,
  values: usize,
  count: u32,
  baseRef: f64,
  baseTime: f64,
  out: usize,
): usize {
  const ref0 = <i64>baseRef;
  const time0 = <i64>baseTime;
  let at = out;
  for (let i: usize = 0, end = <usize>count << 3; i < end; i += 8) {
    at = putVarint(at, <i64>load<f64>(refs + i) - ref0);
    at = putVarint(at, <i64>load<f64>(times + i) - time0);
    store<u64>(at, bswap<u64>(load<u64>(values + i)));
    at += 8;
  }
  return at - out;
}
