// Decimal numbers to doubles, correctly rounded. Up to 19 digits are gathered into an integer; where it and the power of
// ten are exact as doubles, one multiplication or division rounds correctly (Clinger 1990). Otherwise the integer is
// multiplied by a 128-bit power of ten (Lemire 2021, "Number parsing at a gigabyte per second"). The few inputs that this
// cannot decide are left to the caller: status numberUndecided.
import {powerMax, powerMin, powers} from './powers';
import {numberInvalid, numberOk, numberUndecided} from '../src/kernels/number-status';

/** What scanNumber() found, besides the end of the number that it returns. */
export let numberStatus: i32 = 0;
export let numberBits: u64 = 0;

const nanBits: u64 = 0x7ff8000000000001;
const infinityBits: u64 = 0x7ff0000000000000;
const signBit: u64 = 0x8000000000000000;

const exactPowers: usize = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22,
]);

/**
 * Reads the number that starts at `start` and returns the address after it. No length is given: something that belongs to
 * no number, such as a newline, must follow somewhere. Sets numberStatus, and numberBits where that is numberOk.
 */
export function scanNumber(start: usize): usize {
  let at = start;
  let code = load<u8>(at);
  const negative = code == 0x2d;
  if (negative || code == 0x2b) code = load<u8>(++at);
  const sign = negative ? signBit : 0;

  const first = at;
  scanDigits(at, 0);
  at = scannedEnd;
  let mantissa = scannedDigits;
  let digits = <i32>(at - first);
  let exponent: i32 = 0;
  code = load<u8>(at);
  if (code == newline && digits > 0 && digits <= 15) {
    // Fast path: a whole number.
    numberStatus = numberOk;
    numberBits = reinterpret<u64>(<f64>(<i64>mantissa)) | sign;
    return at;
  }
  if (code == 0x2e) {
    const fraction = at + 1;
    scanDigits(fraction, mantissa);
    at = scannedEnd;
    mantissa = scannedDigits;
    exponent = -<i32>(at - fraction);
    digits -= exponent;
    code = load<u8>(at);
  }
  if (digits == 0) return scanSpecial(start);
  let cut = false;
  if (digits > 19) {
    gatherDigits(first);
    mantissa = gatheredMantissa;
    exponent = gatheredExponent;
    cut = gatheredCut;
  }
  if ((code | 0x20) == 0x65) {
    at = scanExponent(at + 1);
    if (numberStatus != numberOk) return at;
    exponent += scannedExponent;
  }
  numberStatus = numberOk;
  if (mantissa == 0) {
    numberBits = sign;
    return at;
  }
  // Fast path: both numbers are exact, so one operation rounds correctly.
  if (!cut && mantissa <= 1 << 53 && exponent >= -22 && exponent <= 22) {
    const whole = <f64>(<i64>mantissa);
    const value =
      exponent < 0
        ? whole / load<f64>(exactPowers + ((<usize>-exponent) << 3))
        : whole * load<f64>(exactPowers + ((<usize>exponent) << 3));
    numberBits = reinterpret<u64>(value) | sign;
    return at;
  }
  const bits = roundProduct(mantissa, exponent);
  // With digits cut off, the number lies between two integers: both must round to the same double.
  if (bits == 0 || (cut && roundProduct(mantissa + 1, exponent) != bits)) {
    numberStatus = numberUndecided;
    return at;
  }
  numberBits = bits | sign;
  return at;
}

const newline: u8 = 0x0a;

let scannedEnd: usize = 0;
let scannedDigits: u64 = 0;

/** Reads digits eight at a time and appends them to `mantissa`, which may overflow: the caller looks at how many there are. */
// @ts-ignore: decorator
@inline
function scanDigits(start: usize, mantissa: u64): void {
  let at = start;
  let digits = mantissa;
  while (true) {
    const bytes = load<u64>(at);
    // The lowest byte that is no digit has its uppermost bit set here; what is above it does not matter.
    const values = bytes ^ 0x3030303030303030;
    const others = ((values + 0x7676767676767676) | values) & 0x8080808080808080;
    if (others == 0) {
      digits = digits * 100_000_000 + eightDigits(values);
      at += 8;
      continue;
    }
    // Fewer than eight: zeros are put before them.
    const bits = ctz(others) & 0x38;
    if (bits != 0) {
      digits = digits * load<u64>(smallPowers + <usize>bits) + eightDigits(values << (64 - bits));
      at += <usize>(bits >> 3);
    }
    break;
  }
  scannedEnd = at;
  scannedDigits = digits;
}

const smallPowers: usize = memory.data<u64>([1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]);

/** The number that eight values from 0 to 9 make, the first in the lowest byte: pairs, fours, then all are put together. */
// @ts-ignore: decorator
@inline
function eightDigits(digits: u64): u64 {
  const pairs = digits * 10 + (digits >> 8);
  const upper = (pairs & 0x000000ff000000ff) * 0x000f424000000064;
  const lower = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
  return (upper + lower) >> 32;
}

let gatheredMantissa: u64 = 0;
let gatheredExponent: i32 = 0;
let gatheredCut = false;

/** The first 19 significant digits of a long number as an integer, what it must be multiplied with, and whether others than 0 follow. */
function gatherDigits(start: usize): void {
  let at = start;
  let mantissa: u64 = 0;
  let digits: i32 = 0;
  let exponent: i32 = 0;
  let fraction: i32 = 0;
  gatheredCut = false;
  for (;; at++) {
    const code = load<u8>(at);
    if (code == 0x2e && fraction == 0) {
      fraction = 1;
      continue;
    }
    const digit = <u32>code - 0x30;
    if (digit >= 10) break;
    if (digits < 19) {
      mantissa = mantissa * 10 + digit;
      exponent -= fraction;
      if (mantissa != 0) digits++;
    } else {
      exponent += 1 - fraction;
      if (digit != 0) gatheredCut = true;
    }
  }
  gatheredMantissa = mantissa;
  gatheredExponent = exponent;
}

/** Tests and benchmarks: parses at `start`, stores the bits at `bitsAddress`, and returns end and status as `length * 4 + status`. */
export function parseNumber(start: usize, bitsAddress: usize): u32 {
  const end = scanNumber(start);
  store<u64>(bitsAddress, numberBits);
  return ((<u32>(end - start)) << 2) | numberStatus;
}

let scannedExponent: i32 = 0;

function scanExponent(start: usize): usize {
  let at = start;
  let code = load<u8>(at);
  const negative = code == 0x2d;
  if (negative || code == 0x2b) code = load<u8>(++at);
  let digit = <u32>code - 0x30;
  numberStatus = digit < 10 ? numberOk : numberInvalid;
  let exponent: i32 = 0;
  for (; digit < 10; digit = <u32>load<u8>(++at) - 0x30) {
    if (exponent < 100_000) exponent = exponent * 10 + <i32>digit;
  }
  scannedExponent = negative ? -exponent : exponent;
  return at;
}

/** NaN, Inf and Infinity in any case; the infinities may have a sign. */
function scanSpecial(start: usize): usize {
  let at = start;
  let code = load<u8>(at);
  numberStatus = numberInvalid;
  const signed = code == 0x2d || code == 0x2b;
  const negative = code == 0x2d;
  if (signed) at++;
  if (!signed && isLetter(at, 0x6e) && isLetter(at + 1, 0x61) && isLetter(at + 2, 0x6e)) {
    numberStatus = numberOk;
    numberBits = nanBits;
    return at + 3;
  }
  if (isLetter(at, 0x69) && isLetter(at + 1, 0x6e) && isLetter(at + 2, 0x66)) {
    numberStatus = numberOk;
    numberBits = infinityBits | (negative ? signBit : 0);
    at += 3;
    if (
      isLetter(at, 0x69) &&
      isLetter(at + 1, 0x6e) &&
      isLetter(at + 2, 0x69) &&
      isLetter(at + 3, 0x74) &&
      isLetter(at + 4, 0x79)
    ) {
      at += 5;
    }
  }
  return at;
}

// @ts-ignore: decorator
@inline
function isLetter(at: usize, lower: u8): bool {
  return (load<u8>(at) | 0x20) == lower;
}

/** Bits of the double nearest to mantissa * 10^exponent; 0 where that is undecided, too small or too large for it. */
function roundProduct(mantissa: u64, exponent: i32): u64 {
  if (exponent < powerMin || exponent > powerMax) return 0;
  const power = powers + ((<usize>(exponent - powerMin)) << 4);
  const shift = clz(mantissa);
  const normal = mantissa << shift;
  // 217706 / 2^16 is log2(10), exact enough in this range.
  const scaled: i32 = (217706 * exponent) >> 16;
  let binary = <u64>(scaled + 64 + 1023) - shift;

  let high = multiplyHigh(normal, load<u64>(power));
  let low = normal * load<u64>(power);
  if ((high & 0x1ff) == 0x1ff && low + normal < normal) {
    // The 64 bits do not decide: take in the lower half of the power.
    const carryHigh = multiplyHigh(normal, load<u64>(power, 8));
    const carryLow = normal * load<u64>(power, 8);
    const lowBefore = low;
    low += carryHigh;
    if (low < lowBefore) high++;
    if ((high & 0x1ff) == 0x1ff && low + 1 == 0 && carryLow + normal < normal) return 0;
  }

  const top = high >> 63;
  let fraction = high >> (top + 9);
  binary -= 1 ^ top;
  if (low == 0 && (high & 0x1ff) == 0 && (fraction & 3) == 1) return 0; // Perhaps exactly half-way.
  fraction += fraction & 1;
  fraction >>= 1;
  if (fraction >> 53 != 0) {
    fraction >>= 1;
    binary++;
  }
  if (binary - 1 >= 0x7ff - 1) return 0; // Subnormal or infinite.
  return (binary << 52) | (fraction & 0x000fffffffffffff);
}

// @ts-ignore: decorator
@inline
function multiplyHigh(left: u64, right: u64): u64 {
  const leftLow = left & 0xffffffff;
  const leftHigh = left >> 32;
  const rightLow = right & 0xffffffff;
  const rightHigh = right >> 32;
  const cross = leftHigh * rightLow + ((leftLow * rightLow) >> 32);
  const crossLow = (cross & 0xffffffff) + leftLow * rightHigh;
  return leftHigh * rightHigh + (cross >> 32) + (crossLow >> 32);
}
