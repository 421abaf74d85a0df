// DEFLATE (RFC 1951). Codes are looked up in tables: the first bits of a code choose an entry, which says what the code means or,
// where it is longer than that, in which further table the next bits are looked up. Bits come from a word of 64, which is filled
// once for each literal or match: the longest has 48.
import {inflateDamaged, inflateTooLong} from '../src/kernels/inflate-layout';

// An entry:
//
//     bits 0-3     bits of the code (in a further table: those beyond the first ones)
//     bits 4-7     bits that follow: of a length or distance, or of the further table
//     bits 8-10    kind
//     bits 16-31   the literal, what a length or distance begins at, or the place of the further table
const kindLiteral: u32 = 0;
const kindBase: u32 = 1 << 8;
const kindEnd: u32 = 2 << 8;
const kindFurther: u32 = 3 << 8;
const kindInvalid: u32 = 4 << 8;
const kindMask: u32 = 7 << 8;

const literalBits: u32 = 10;
const distanceBits: u32 = 8;
const codeLengthBits: u32 = 7;

// Scratch space.
const literalTable: usize = 16;
const literalEntries: u32 = 2048;
const distanceTable: usize = literalTable + 4 * 2048;
const distanceEntries: u32 = 1024;
const lengths: usize = distanceTable + 4 * 1024;
const symbols: usize = lengths + 512;
const counts: usize = symbols + 2 * 320;
const offsets: usize = counts + 32;

const lengthBases: usize = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
const lengthExtras: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const distanceBases: usize = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]);
const distanceExtras: usize = memory.data<u8>([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);
const codeLengthOrder: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** Which alphabet a table is for. */
const forCodeLengths: u32 = 0;
const forLiterals: u32 = 1;
const forDistances: u32 = 2;

// The state of one call: one thread has one instance, and no call is interrupted.
let input: usize = 0;
let inputEnd: usize = 0;
let bits: u64 = 0;
let bitCount: u32 = 0;

/** At least 56 bits; behind the input zeros or whatever is there. */
// @ts-ignore: decorator
@inline
function refill(): void {
  bits |= load<u64>(input) << <u64>bitCount;
  input += (63 - bitCount) >>> 3;
  bitCount |= 56;
}

// @ts-ignore: decorator
@inline
function drop(count: u32): void {
  bits >>= <u64>count;
  bitCount -= count;
}

// @ts-ignore: decorator
@inline
function take(count: u32): u32 {
  const value = <u32>bits & ((1 << count) - 1);
  drop(count);
  return value;
}

// @ts-ignore: decorator
@inline
function entryOf(symbol: u32, alphabet: u32): u32 {
  if (alphabet === forDistances) {
    if (symbol > 29) return kindInvalid;
    return kindBase | (<u32>load<u8>(distanceExtras + symbol) << 4) | (<u32>load<u16>(distanceBases + (symbol << 1)) << 16);
  }
  if (alphabet === forCodeLengths || symbol < 256) return kindLiteral | (symbol << 16);
  if (symbol === 256) return kindEnd;
  if (symbol > 285) return kindInvalid;
  const i = symbol - 257;
  return kindBase | (<u32>load<u8>(lengthExtras + i) << 4) | (<u32>load<u16>(lengthBases + (i << 1)) << 16);
}

/** The lower `count` bits the other way round. */
// @ts-ignore: decorator
@inline
function reversed(code: u32, count: u32): u32 {
  let result: u32 = 0;
  for (let i: u32 = 0; i < count; i++) result |= ((code >>> i) & 1) << (count - 1 - i);
  return result;
}

/** Makes a table for codes with the lengths at `lengthsAt`; false where there are no such codes. */
function makeTable(scratch: usize, lengthsAt: usize, count: u32, table: usize, alphabet: u32): bool {
  const rootBits = alphabet === forLiterals ? literalBits : alphabet === forDistances ? distanceBits : codeLengthBits;
  const entries = alphabet === forLiterals ? literalEntries : distanceEntries;
  const countsAt = scratch + counts;
  const offsetsAt = scratch + offsets;
  const symbolsAt = scratch + symbols;
  memory.fill(countsAt, 0, 32);
  for (let i: u32 = 0; i < count; i++) {
    const place = countsAt + (<usize>load<u8>(lengthsAt + i) << 1);
    store<u16>(place, load<u16>(place) + 1);
  }
  const unused = load<u16>(countsAt);
  store<u16>(countsAt, 0);
  let left: i32 = 1;
  let offset: u32 = 0;
  let longest: u32 = 0;
  for (let length: u32 = 1; length < 16; length++) {
    const many = <u32>load<u16>(countsAt + (length << 1));
    left = (left << 1) - <i32>many;
    if (left < 0) return false;
    store<u16>(offsetsAt + (length << 1), offset);
    offset += many;
    if (many > 0) longest = length;
  }
  // Codes that leave something out are only allowed where there is one at most.
  if (left > 0 && (alphabet === forCodeLengths || <u32>unused + 1 < count || longest > 1)) return false;
  if (left > 0) for (let i: u32 = 0; i < <u32>1 << rootBits; i++) store<u32>(table + (i << 2), kindInvalid);
  for (let i: u32 = 0; i < count; i++) {
    const length = <u32>load<u8>(lengthsAt + i);
    if (length === 0) continue;
    const place = offsetsAt + (length << 1);
    const at = <u32>load<u16>(place);
    store<u16>(symbolsAt + (at << 1), i);
    store<u16>(place, at + 1);
  }
  let code: u32 = 0;
  let at: u32 = 0;
  let next: u32 = 1 << rootBits;
  let prefix: u32 = u32.MAX_VALUE;
  let further: u32 = 0;
  let furtherBits: u32 = 0;
  const rootMask = (<u32>1 << rootBits) - 1;
  for (let length: u32 = 1; length <= longest; length++) {
    const many = <u32>load<u16>(countsAt + (length << 1));
    for (let n: u32 = many; n > 0; n--) {
      const entry = entryOf(load<u16>(symbolsAt + (at++ << 1)), alphabet);
      const turned = reversed(code++, length);
      if (length <= rootBits) {
        const made = entry | length;
        for (let i = turned; i <= rootMask; i += <u32>1 << length) store<u32>(table + (i << 2), made);
        continue;
      }
      if ((turned & rootMask) !== prefix) {
        prefix = turned & rootMask;
        furtherBits = length - rootBits;
        let room: i32 = (1 << furtherBits) - <i32>n;
        while (room > 0 && furtherBits + rootBits < longest) {
          furtherBits++;
          room = (room << 1) - <i32>load<u16>(countsAt + ((furtherBits + rootBits) << 1));
        }
        further = next;
        next += <u32>1 << furtherBits;
        if (next > entries) return false;
        store<u32>(table + (prefix << 2), kindFurther | (further << 16) | (furtherBits << 4) | rootBits);
      }
      const made = entry | (length - rootBits);
      for (let i = turned >>> rootBits; i < <u32>1 << furtherBits; i += <u32>1 << (length - rootBits)) {
        store<u32>(table + ((further + i) << 2), made);
      }
    }
    code <<= 1;
  }
  return true;
}

function readTables(scratch: usize): bool {
  refill();
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  const codeLengths = take(4) + 4;
  if (literals > 286 || distances > 30) return false;
  const lengthsAt = scratch + lengths;
  memory.fill(lengthsAt, 0, 19);
  for (let i: u32 = 0; i < codeLengths; i++) {
    if (bitCount < 3) refill();
    store<u8>(lengthsAt + <usize>load<u8>(codeLengthOrder + i), take(3));
  }
  const codes = scratch + distanceTable;
  if (!makeTable(scratch, lengthsAt, 19, codes, forCodeLengths)) return false;
  const all = literals + distances;
  let before: u32 = 0;
  for (let i: u32 = 0; i < all;) {
    if (bitCount < 14) refill();
    if (input > inputEnd + 8) return false;
    const entry = load<u32>(codes + ((<u32>bits & 127) << 2));
    drop(entry & 15);
    const symbol = entry >>> 16;
    if (symbol < 16) {
      before = symbol;
      store<u8>(lengthsAt + i++, symbol);
      continue;
    }
    if (symbol === 16 && i === 0) return false;
    const value = symbol === 16 ? before : 0;
    const repeat = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
    if (i + repeat > all) return false;
    memory.fill(lengthsAt + i, <u8>value, repeat);
    before = value;
    i += repeat;
  }
  if (load<u8>(lengthsAt + 256) === 0) return false;
  return (
    makeTable(scratch, lengthsAt, literals, scratch + literalTable, forLiterals) &&
    makeTable(scratch, lengthsAt + literals, distances, scratch + distanceTable, forDistances)
  );
}

function fixedTables(scratch: usize): void {
  const lengthsAt = scratch + lengths;
  memory.fill(lengthsAt, 8, 144);
  memory.fill(lengthsAt + 144, 9, 112);
  memory.fill(lengthsAt + 256, 7, 24);
  memory.fill(lengthsAt + 280, 8, 8);
  memory.fill(lengthsAt + 288, 5, 32);
  makeTable(scratch, lengthsAt, 288, scratch + literalTable, forLiterals);
  makeTable(scratch, lengthsAt + 288, 32, scratch + distanceTable, forDistances);
}

/** Copies a match, which may overlap itself; up to 15 bytes behind it are written, too. */
// @ts-ignore: decorator
@inline
function copyMatch(out: usize, distance: usize, length: usize): void {
  let from = out - distance;
  const end = out + length;
  if (distance >= 16) {
    do {
      v128.store(out, v128.load(from));
      from += 16;
      out += 16;
    } while (out < end);
  } else if (distance >= 8) {
    do {
      store<u64>(out, load<u64>(from));
      from += 8;
      out += 8;
    } while (out < end);
  } else {
    do store<u8>(out++, load<u8>(from++));
    while (out < end);
  }
}

/**
 * Expands one stream of `length` bytes at `source` to `target`, which has room for `capacity` bytes. Gives how many there are, or what
 * went wrong; `scratch` gets how many bytes the stream had. See inflate-layout.ts for the slack that all of them need.
 */
export function inflate(source: usize, length: usize, target: usize, capacity: usize, scratch: usize): i32 {
  input = source;
  inputEnd = source + length;
  bits = 0;
  bitCount = 0;
  const outEnd = target + capacity;
  const literalsAt = scratch + literalTable;
  const distancesAt = scratch + distanceTable;
  const literalMask: u32 = (1 << literalBits) - 1;
  const distanceMask: u32 = (1 << distanceBits) - 1;
  let out = target;
  let isLast: u32 = 0;
  let areFixed = false;
  while (isLast === 0) {
    refill();
    isLast = take(1);
    const type = take(2);
    if (type === 3) return inflateDamaged;
    if (type === 0) {
      drop(bitCount & 7);
      input -= bitCount >>> 3;
      bits = 0;
      bitCount = 0;
      if (input + 4 > inputEnd) return inflateDamaged;
      const size = <usize>load<u16>(input);
      if (<u32>size !== (<u32>load<u16>(input, 2) ^ 0xffff)) return inflateDamaged;
      input += 4;
      if (size > inputEnd - input) return inflateDamaged;
      if (size > outEnd - out) return inflateTooLong;
      memory.copy(out, input, size);
      input += size;
      out += size;
      continue;
    }
    if (type === 1) {
      // A block may be as short as ten bits, and filling the tables takes much longer than reading it.
      if (!areFixed) fixedTables(scratch);
      areFixed = true;
    } else {
      areFixed = false;
      if (!readTables(scratch)) return inflateDamaged;
    }
    while (true) {
      refill();
      if (input > inputEnd + 8) return inflateDamaged;
      let entry = load<u32>(literalsAt + ((<u32>bits & literalMask) << 2));
      // Two literals of at most ten bits each leave enough for a length and a distance.
      if ((entry & kindMask) === kindLiteral) {
        drop(entry & 15);
        store<u8>(out++, entry >>> 16);
        entry = load<u32>(literalsAt + ((<u32>bits & literalMask) << 2));
        if ((entry & kindMask) === kindLiteral) {
          drop(entry & 15);
          store<u8>(out++, entry >>> 16);
          if (out > outEnd) return inflateTooLong;
          continue;
        }
        refill();
      }
      if ((entry & kindMask) === kindFurther) {
        drop(literalBits);
        const place = (entry >>> 16) + (<u32>bits & ((1 << ((entry >>> 4) & 15)) - 1));
        entry = load<u32>(literalsAt + (place << 2));
        if ((entry & kindMask) === kindLiteral) {
          drop(entry & 15);
          store<u8>(out++, entry >>> 16);
          if (out > outEnd) return inflateTooLong;
          continue;
        }
      }
      drop(entry & 15);
      if ((entry & kindMask) === kindEnd) break;
      if ((entry & kindMask) === kindInvalid) return inflateDamaged;
      const size = <usize>((entry >>> 16) + take((entry >>> 4) & 15));
      entry = load<u32>(distancesAt + ((<u32>bits & distanceMask) << 2));
      if ((entry & kindMask) === kindFurther) {
        drop(distanceBits);
        const place = (entry >>> 16) + (<u32>bits & ((1 << ((entry >>> 4) & 15)) - 1));
        entry = load<u32>(distancesAt + (place << 2));
      }
      if ((entry & kindMask) !== kindBase) return inflateDamaged;
      drop(entry & 15);
      const distance = <usize>((entry >>> 16) + take((entry >>> 4) & 15));
      if (distance > out - target) return inflateDamaged;
      if (out + size > outEnd) return inflateTooLong;
      copyMatch(out, distance, size);
      out += size;
    }
    if (out > outEnd) return inflateTooLong;
  }
  input -= bitCount >>> 3;
  if (input > inputEnd) return inflateDamaged;
  store<u32>(scratch, input - source);
  return <i32>(out - target);
}
