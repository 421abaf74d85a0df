// Sixteen CRCs at once: each lane of a vector has one byte of the state of one of sixteen neighbouring stretches. A table of 256 words is
// too much for a vector, but the CRC is linear: the word of a byte is that of its low four bits and that of its high four, and a
// shuffle looks up sixteen bytes in a table of sixteen.

/**
 * Tables for one polynomial: for each byte of the word, the low and the high four bits; and words that move a state on by 64
 * zero bytes.
 */
const planesBytes: usize = 8 * 16;
export const laneTablesBytes: i32 = 8 * 16 + 4 * 1024;

/** Bytes of a stretch, and of sixteen. */
const longLane: usize = 64;
const shortLane: usize = 16;
export const longBlock: usize = 16 * longLane;
export const shortBlock: usize = 16 * shortLane;

/** `words`: table[256 k + b] is the CRC of byte b followed by k zero bytes. Every thread writes the same bytes. */
export function fillLaneTables(tables: usize, words: usize): void {
  for (let plane: usize = 0; plane < 4; plane++) {
    for (let i: usize = 0; i < 16; i++) {
      store<u8>(tables + (plane << 5) + i, load<u8>(words + (i << 2) + plane));
      store<u8>(tables + (plane << 5) + 16 + i, load<u8>(words + (i << 6) + plane));
    }
  }
  for (let byte: u32 = 0; byte < 4; byte++) {
    for (let value: u32 = 0; value < 256; value++) {
      let state = value << (byte << 3);
      for (let done: usize = 0; done < longLane; done += shortLane) state = moveOn(words + 12 * 1024, state);
      store<u32>(tables + planesBytes + ((3 - <usize>byte) << 10) + (<usize>value << 2), state);
    }
  }
}

/** The state after so many zero bytes as `table` says: four tables of 256 words, that of the lowest byte last. */
// @ts-ignore: decorator
@inline
function moveOn(table: usize, state: u32): u32 {
  return (
    load<u32>(table + ((<usize>state & 255) << 2), 3 * 1024) ^
    load<u32>(table + ((<usize>(state >>> 8) & 255) << 2), 2 * 1024) ^
    load<u32>(table + ((<usize>(state >>> 16) & 255) << 2), 1024) ^
    load<u32>(table + (<usize>(state >>> 24) << 2))
  );
}

// @ts-ignore: decorator
@inline
function low(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
function high(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// @ts-ignore: decorator
@inline
function low16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function high16(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** One byte of the states behind the byte `x` of each stretch; `before` is the byte above it. */
// @ts-ignore: decorator
@inline
function plane(before: v128, lowTable: v128, highTable: v128, x: v128): v128 {
  const low = v128.and(x, i8x16.splat(15));
  const high = v128.and(i16x8.shr_u(x, 4), i8x16.splat(15));
  return v128.xor(before, v128.xor(i8x16.relaxed_swizzle(lowTable, low), i8x16.relaxed_swizzle(highTable, high)));
}

/** Moves a state on over four stretches of which `lanes` has the states. */
// @ts-ignore: decorator
@inline
function join(table: usize, state: u32, lanes: v128): u32 {
  state = moveOn(table, state) ^ i32x4.extract_lane(lanes, 0);
  state = moveOn(table, state) ^ i32x4.extract_lane(lanes, 1);
  state = moveOn(table, state) ^ i32x4.extract_lane(lanes, 2);
  return moveOn(table, state) ^ i32x4.extract_lane(lanes, 3);
}

/** States of the sixteen stretches that overLanes() was last over. Globals, because no function returns four vectors. */
let states0 = i32x4.splat(0);
let states1 = i32x4.splat(0);
let states2 = i32x4.splat(0);
let states3 = i32x4.splat(0);

/** Writes the states behind sixteen stretches of `laneBytes` bytes, a multiple of 16, that lie one after the other from `place` on. */
export function writeStates(tables: usize, place: usize, laneBytes: usize, states: usize): void {
  overLanes(tables, place, laneBytes);
  v128.store(states, states0);
  v128.store(states, states1, 16);
  v128.store(states, states2, 32);
  v128.store(states, states3, 48);
}

/** The state behind longBlock bytes at `place`. */
export function overLongBlock(tables: usize, place: usize, state: u32): u32 {
  return overBlock(tables, tables + planesBytes, place, longLane, state);
}

/** The state behind shortBlock bytes at `place`. */
export function overShortBlock(words: usize, tables: usize, place: usize, state: u32): u32 {
  return overBlock(tables, words + 12 * 1024, place, shortLane, state);
}

// @ts-ignore: decorator
@inline
function overBlock(tables: usize, moves: usize, place: usize, laneBytes: usize, state: u32): u32 {
  overLanes(tables, place, laneBytes);
  state = join(moves, state, states0);
  state = join(moves, state, states1);
  state = join(moves, state, states2);
  return join(moves, state, states3);
}

/** In one piece, because no function returns sixteen vectors. */
function overLanes(tables: usize, place: usize, laneBytes: usize): void {
  const l0 = v128.load(tables), h0 = v128.load(tables, 16);
  const l1 = v128.load(tables, 32), h1 = v128.load(tables, 48);
  const l2 = v128.load(tables, 64), h2 = v128.load(tables, 80);
  const l3 = v128.load(tables, 96), h3 = v128.load(tables, 112);
  const zero = i8x16.splat(0);
  // Byte by byte, the states of the sixteen stretches.
  let c0 = zero, c1 = zero, c2 = zero, c3 = zero;
  const end = place + laneBytes;
  for (let row = place; row < end; row += 16) {
    // Sixteen bytes of each stretch, turned so that a vector has one byte of each.
    const r0 = v128.load(row), r1 = v128.load(row + laneBytes);
    const r2 = v128.load(row + 2 * laneBytes), r3 = v128.load(row + 3 * laneBytes);
    const r4 = v128.load(row + 4 * laneBytes), r5 = v128.load(row + 5 * laneBytes);
    const r6 = v128.load(row + 6 * laneBytes), r7 = v128.load(row + 7 * laneBytes);
    const r8 = v128.load(row + 8 * laneBytes), r9 = v128.load(row + 9 * laneBytes);
    const r10 = v128.load(row + 10 * laneBytes), r11 = v128.load(row + 11 * laneBytes);
    const r12 = v128.load(row + 12 * laneBytes), r13 = v128.load(row + 13 * laneBytes);
    const r14 = v128.load(row + 14 * laneBytes), r15 = v128.load(row + 15 * laneBytes);
    const a0 = low(r0, r8), a1 = high(r0, r8);
    const a2 = low(r1, r9), a3 = high(r1, r9);
    const a4 = low(r2, r10), a5 = high(r2, r10);
    const a6 = low(r3, r11), a7 = high(r3, r11);
    const a8 = low(r4, r12), a9 = high(r4, r12);
    const a10 = low(r5, r13), a11 = high(r5, r13);
    const a12 = low(r6, r14), a13 = high(r6, r14);
    const a14 = low(r7, r15), a15 = high(r7, r15);
    const p0 = low(a0, a8), p1 = high(a0, a8);
    const p2 = low(a1, a9), p3 = high(a1, a9);
    const p4 = low(a2, a10), p5 = high(a2, a10);
    const p6 = low(a3, a11), p7 = high(a3, a11);
    const p8 = low(a4, a12), p9 = high(a4, a12);
    const p10 = low(a5, a13), p11 = high(a5, a13);
    const p12 = low(a6, a14), p13 = high(a6, a14);
    const p14 = low(a7, a15), p15 = high(a7, a15);
    const q0 = low(p0, p8), q1 = high(p0, p8);
    const q2 = low(p1, p9), q3 = high(p1, p9);
    const q4 = low(p2, p10), q5 = high(p2, p10);
    const q6 = low(p3, p11), q7 = high(p3, p11);
    const q8 = low(p4, p12), q9 = high(p4, p12);
    const q10 = low(p5, p13), q11 = high(p5, p13);
    const q12 = low(p6, p14), q13 = high(p6, p14);
    const q14 = low(p7, p15), q15 = high(p7, p15);
    const d0 = low(q0, q8), d1 = high(q0, q8);
    const d2 = low(q1, q9), d3 = high(q1, q9);
    const d4 = low(q2, q10), d5 = high(q2, q10);
    const d6 = low(q3, q11), d7 = high(q3, q11);
    const d8 = low(q4, q12), d9 = high(q4, q12);
    const d10 = low(q5, q13), d11 = high(q5, q13);
    const d12 = low(q6, q14), d13 = high(q6, q14);
    const d14 = low(q7, q15), d15 = high(q7, q15);
    // Written out byte by byte, since a vector that a loop picks would lie in memory.
    let x = v128.xor(c0, d0);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d1);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d2);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d3);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d4);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d5);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d6);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d7);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d8);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d9);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d10);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d11);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d12);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d13);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d14);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
    x = v128.xor(c0, d15);
    c0 = plane(c1, l0, h0, x);
    c1 = plane(c2, l1, h1, x);
    c2 = plane(c3, l2, h2, x);
    c3 = plane(zero, l3, h3, x);
  }
  const low01 = low(c0, c1), high01 = high(c0, c1), low23 = low(c2, c3), high23 = high(c2, c3);
  states0 = low16(low01, low23);
  states1 = high16(low01, low23);
  states2 = low16(high01, high23);
  states3 = high16(high01, high23);
}
