// xxHash, 64 bits, seed 0. See https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. Numbers of 64 bits are two halves:
// BigInt takes several times as long.

/** The halves of the last product or sum. */
let high = 0;
let low = 0;

/** (a * b) mod 2^64 */
function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const bottom = a0 * b0;
  const middle = a1 * b0 + (bottom >>> 16);
  const middle2 = a0 * b1 + (middle & 0xffff);
  low = ((middle2 << 16) | (bottom & 0xffff)) >>> 0;
  const carried = a1 * b1 + Math.floor(middle / 65_536) + Math.floor(middle2 / 65_536);
  high = (carried + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) >>> 0;
}

function add(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const sum = aLow + bLow;
  low = sum >>> 0;
  high = (aHigh + bHigh + (sum > 0xffffffff ? 1 : 0)) >>> 0;
}

/** By 1 to 31 bits. */
function rotate(aHigh: number, aLow: number, bits: number): void {
  high = ((aHigh << bits) | (aLow >>> (32 - bits))) >>> 0;
  low = ((aLow << bits) | (aHigh >>> (32 - bits))) >>> 0;
}

const prime1 = [0x9e3779b1, 0x85ebca87] as const;
const prime2 = [0xc2b2ae3d, 0x27d4eb4f] as const;
const prime3 = [0x165667b1, 0x9e3779f9] as const;
const prime4 = [0x85ebca77, 0xc2b2ae63] as const;
const prime5 = [0x27d4eb2f, 0x165667c5] as const;

/** Takes a lane of eight bytes into the accumulator in `high` and `low`. */
function round(laneHigh: number, laneLow: number): void {
  const accumulatorHigh = high;
  const accumulatorLow = low;
  multiply(laneHigh, laneLow, prime2[0], prime2[1]);
  add(high, low, accumulatorHigh, accumulatorLow);
  rotate(high, low, 31);
  multiply(high, low, prime1[0], prime1[1]);
}

/** The hash of some bytes. */
export function xxhash64(bytes: Uint8Array): bigint {
  return hash(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes.length);
}

function hash(view: DataView, size: number): bigint {
  let at = 0;
  if (size >= 32) at = hashStripes(view, size);
  else {
    high = prime5[0];
    low = prime5[1];
  }
  add(high, low, 0, size);
  hashTail(view, at, size);
  avalanche();
  return (BigInt(high) << 32n) | BigInt(low);
}

function hashStripes(view: DataView, size: number): number {
  const lanes = new Uint32Array(8);
  add(prime1[0], prime1[1], prime2[0], prime2[1]);
  lanes.set([high, low, prime2[0], prime2[1], 0, 0, ~prime1[0], -prime1[1]]);
  let at = 0;
  for (; at + 32 <= size; at += 32) {
    for (let lane = 0; lane < 4; lane++) {
      high = lanes[2 * lane]!;
      low = lanes[2 * lane + 1]!;
      round(view.getUint32(at + 8 * lane + 4, true), view.getUint32(at + 8 * lane, true));
      lanes[2 * lane] = high;
      lanes[2 * lane + 1] = low;
    }
  }
  mergeLanes(lanes);
  return at;
}

const laneRotations = [1, 7, 12, 18];

function mergeLanes(lanes: Uint32Array): void {
  let sumHigh = 0;
  let sumLow = 0;
  for (let lane = 0; lane < 4; lane++) {
    rotate(lanes[2 * lane]!, lanes[2 * lane + 1]!, laneRotations[lane]!);
    add(high, low, sumHigh, sumLow);
    sumHigh = high;
    sumLow = low;
  }
  for (let lane = 0; lane < 4; lane++) {
    high = 0;
    low = 0;
    round(lanes[2 * lane]!, lanes[2 * lane + 1]!);
    multiply((sumHigh ^ high) >>> 0, (sumLow ^ low) >>> 0, prime1[0], prime1[1]);
    add(high, low, prime4[0], prime4[1]);
    sumHigh = high;
    sumLow = low;
  }
}

function hashTail(view: DataView, start: number, size: number): void {
  let at = start;
  for (; at + 8 <= size; at += 8) {
    const beforeHigh = high;
    const beforeLow = low;
    high = 0;
    low = 0;
    round(view.getUint32(at + 4, true), view.getUint32(at, true));
    rotate((beforeHigh ^ high) >>> 0, (beforeLow ^ low) >>> 0, 27);
    multiply(high, low, prime1[0], prime1[1]);
    add(high, low, prime4[0], prime4[1]);
  }
  if (at + 4 <= size) {
    const beforeHigh = high;
    const beforeLow = low;
    multiply(0, view.getUint32(at, true), prime1[0], prime1[1]);
    rotate((beforeHigh ^ high) >>> 0, (beforeLow ^ low) >>> 0, 23);
    multiply(high, low, prime2[0], prime2[1]);
    add(high, low, prime3[0], prime3[1]);
    at += 4;
  }
  for (; at < size; at++) {
    const beforeHigh = high;
    const beforeLow = low;
    multiply(0, view.getUint8(at), prime5[0], prime5[1]);
    rotate((beforeHigh ^ high) >>> 0, (beforeLow ^ low) >>> 0, 11);
    multiply(high, low, prime1[0], prime1[1]);
  }
}

function avalanche(): void {
  low = (low ^ (high >>> 1)) >>> 0;
  multiply(high, low, prime2[0], prime2[1]);
  const shiftedLow = ((low >>> 29) | (high << 3)) >>> 0;
  multiply((high ^ (high >>> 29)) >>> 0, (low ^ shiftedLow) >>> 0, prime3[0], prime3[1]);
  low = (low ^ high) >>> 0;
}
