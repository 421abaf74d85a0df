// Samples as JSON, `[1435781430.500,"0.25"],` one after the other. Floats get the fewest digits that read back the same, and
// of those the nearest (Raffaello Giulietti, "The Schubfach way to render doubles", 2021): with 128 bits of a power of ten,
// the value and the ends of the interval that rounds to it become integers of about 17 digits, which are then compared.
import {powerMin, powers} from './powers';

/** Two digits for each number below 100. */
const pairs: usize = memory.data<u8>([
  48, 48, 48, 49, 48, 50, 48, 51, 48, 52, 48, 53, 48, 54, 48, 55, 48, 56, 48, 57, 49, 48, 49, 49, 49, 50, 49, 51,
  49, 52, 49, 53, 49, 54, 49, 55, 49, 56, 49, 57, 50, 48, 50, 49, 50, 50, 50, 51, 50, 52, 50, 53, 50, 54, 50, 55,
  50, 56, 50, 57, 51, 48, 51, 49, 51, 50, 51, 51, 51, 52, 51, 53, 51, 54, 51, 55, 51, 56, 51, 57, 52, 48, 52, 49,
  52, 50, 52, 51, 52, 52, 52, 53, 52, 54, 52, 55, 52, 56, 52, 57, 53, 48, 53, 49, 53, 50, 53, 51, 53, 52, 53, 53,
  53, 54, 53, 55, 53, 56, 53, 57, 54, 48, 54, 49, 54, 50, 54, 51, 54, 52, 54, 53, 54, 54, 54, 55, 54, 56, 54, 57,
  55, 48, 55, 49, 55, 50, 55, 51, 55, 52, 55, 53, 55, 54, 55, 55, 55, 56, 55, 57, 56, 48, 56, 49, 56, 50, 56, 51,
  56, 52, 56, 53, 56, 54, 56, 55, 56, 56, 56, 57, 57, 48, 57, 49, 57, 50, 57, 51, 57, 52, 57, 53, 57, 54, 57, 55,
  57, 56, 57, 57,
]);

const signBit: u64 = 0x8000000000000000;

/** A place for the beginning of a point, at most 21 bytes, and behind it their number. */
const beginningBytes: usize = 24;
const beginningLength: usize = 23;

/** Writes the beginnings of `count` points, `[seconds,"`, from a column of milliseconds (f64), to places of 24 bytes each. */
export function writeBeginnings(times: usize, count: i32, target: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const start = target + i * beginningBytes;
    store<u8>(start, 0x5b);
    const at = writeTimestamp(load<f64>(times + (i << 3)), start + 1);
    store<u16>(at, 0x222c);
    store<u8>(start, <u8>(at + 2 - start), beginningLength);
  }
}

/** Writes `count` points from their beginnings and a column of f64; returns their bytes. 56 bytes a point are enough. */
export function writePoints(beginnings: usize, values: usize, count: i32, target: usize): i32 {
  let at = target;
  for (let i: usize = 0; i < <usize>count; i++) {
    const beginning = beginnings + i * beginningBytes;
    v128.store(at, v128.load(beginning));
    store<u64>(at, load<u64>(beginning, 16), 16);
    at = writeFloat(load<f64>(values + (i << 3)), at + load<u8>(beginning, beginningLength));
    store<u16>(at, 0x5d22);
    store<u8>(at + 2, 0x2c);
    at += 3;
  }
  return <i32>(at - target);
}

/** Seconds, with exactly three digits behind the point where they are not whole. */
function writeTimestamp(time: f64, start: usize): usize {
  let at = start;
  let ms = <i64>time;
  if (ms < 0) {
    store<u8>(at++, 0x2d);
    ms = -ms;
  }
  const seconds = <u64>ms / 1000;
  const fraction = <u32>(<u64>ms - seconds * 1000);
  const digits = countDigits(seconds);
  writeDigits(seconds, digits, at);
  at += digits;
  if (fraction == 0) return at;
  store<u8>(at, 0x2e);
  store<u8>(at + 1, <u8>(0x30 + fraction / 100));
  store<u16>(at + 2, load<u16>(pairs + ((fraction % 100) << 1)));
  return at + 4;
}

function writeFloat(value: f64, start: usize): usize {
  let at = start;
  const bits = reinterpret<u64>(value);
  const mantissa = bits & 0xfffffffffffff;
  const exponent = <i32>((bits >> 52) & 0x7ff);
  if (exponent == 0x7ff) {
    if (mantissa != 0) return writeThree(at, 0x4e, 0x61, 0x4e);
    store<u8>(at++, (bits & signBit) != 0 ? 0x2d : 0x2b);
    return writeThree(at, 0x49, 0x6e, 0x66);
  }
  if ((bits & signBit) != 0) store<u8>(at++, 0x2d);
  if ((bits & ~signBit) == 0) {
    store<u8>(at, 0x30);
    return at + 1;
  }
  const c = exponent == 0 ? mantissa : mantissa | (1 << 52);
  const q = exponent == 0 ? -1074 : exponent - 1075;
  if (q <= 0 && q > -53 && (c & (((<u64>1) << -q) - 1)) == 0) {
    // Fast path: a whole number below 2^53.
    const whole = c >> -q;
    const digits = countDigits(whole);
    writeDigits(whole, digits, at);
    return at + digits;
  }
  // Fast path: decimals of up to four digits behind the point and fifteen in all, of which no two are one double.
  const magnitude = abs(value);
  if (magnitude < 1e11) {
    const parts = nearest(magnitude * 1e4);
    if (parts / 1e4 == magnitude) return writeParts(<u64>parts, at);
  }
  return writeShortest(c, q, mantissa == 0 && exponent > 1, at);
}

/** Writes ten thousandths, which are no whole number. */
function writeParts(parts: u64, start: usize): usize {
  const whole = parts / 10000;
  const rest = <u32>(parts - whole * 10000);
  const digits = countDigits(whole);
  writeDigits(whole, digits, start);
  const at = start + digits;
  const high = rest / 100;
  const low = rest - high * 100;
  store<u8>(at, 0x2e);
  store<u16>(at + 1, load<u16>(pairs + (high << 1)));
  if (low == 0) return at + (high % 10 == 0 ? 2 : 3);
  store<u16>(at + 3, load<u16>(pairs + (low << 1)));
  return at + (low % 10 == 0 ? 4 : 5);
}

/** Writes c * 2^q; `closer`: the next smaller double is only half as far away as the next larger one. */
function writeShortest(c: u64, q: i32, closer: bool, at: usize): usize {
  // k = floor(log10 of the interval's width), h so that the products below fit into 64 bits.
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
  const h = <u64>(q + ((-k * 1741647) >> 19) + 1);
  const power = powers + ((<usize>(-k - powerMin)) << 4);
  let high = load<u64>(power);
  let low = load<u64>(power, 8);
  // The table is cut off; rounding up is needed where it is not exact, as it is for 10^0 to 10^55.
  if (k > 0 || k < -55) {
    low++;
    if (low == 0) high++;
  }
  const odd = c & 1;
  const scaled = c << 2;
  const lower = roundToOdd(high, low, (scaled - 2 + <u64>closer) << h) + odd;
  const middle = roundToOdd(high, low, scaled << h);
  const upper = roundToOdd(high, low, (scaled + 2) << h) - odd;
  const s = middle >> 2;
  if (s >= 10) {
    const tenth = s / 10;
    const down = lower <= 40 * tenth;
    const up = 40 * tenth + 40 <= upper;
    if (down != up) return writeDecimal(tenth + <u64>up, k + 1, at);
  }
  const down = lower <= 4 * s;
  const up = 4 * s + 4 <= upper;
  if (down != up) return writeDecimal(s + <u64>up, k, at);
  const half = 4 * s + 2;
  return writeDecimal(s + <u64>(middle > half || (middle == half && (s & 1) != 0)), k, at);
}

/** The upper 64 bits of (high, low) * factor / 2^64, with the lowest bit set where anything was cut off. */
function roundToOdd(high: u64, low: u64, factor: u64): u64 {
  const carry = multiplyHigh(low, factor);
  const product = high * factor;
  let result = multiplyHigh(high, factor);
  const sum = product + carry;
  if (sum < product) result++;
  return result | <u64>(sum > 1);
}

function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const cross = aHigh * bLow + ((aLow * bLow) >> 32);
  const other = aLow * bHigh + (cross & 0xffffffff);
  return aHigh * bHigh + (cross >> 32) + (other >> 32);
}

/** Writes digits * 10^exponent in plain notation, below 1e-6 and from 1e21 on with an exponent. */
function writeDecimal(value: u64, exponent: i32, start: usize): usize {
  let digits = value;
  let power = exponent;
  for (let tenth = digits / 10; tenth * 10 == digits; tenth = digits / 10) {
    digits = tenth;
    power++;
  }
  const count = countDigits(digits);
  // Digits before the decimal point.
  const point = <i32>count + power;
  let at = start;
  if (point > 21 || point < -5) return writeExponential(digits, count, point - 1, at);
  if (point <= 0) {
    store<u16>(at, 0x2e30);
    at += 2;
    for (let i = point; i < 0; i++) store<u8>(at++, 0x30);
    writeDigits(digits, count, at);
    return at + count;
  }
  if (power >= 0) {
    writeDigits(digits, count, at);
    at += count;
    for (let i = 0; i < power; i++) store<u8>(at++, 0x30);
    return at;
  }
  writeDigits(digits, count, at + 1);
  for (let i = 0; i < point; i++, at++) store<u8>(at, load<u8>(at, 1));
  store<u8>(at, 0x2e);
  return start + count + 1;
}

function writeExponential(digits: u64, count: usize, exponent: i32, start: usize): usize {
  let at = start;
  writeDigits(digits, count, at + 1);
  store<u8>(at, load<u8>(at, 1));
  if (count > 1) {
    store<u8>(at + 1, 0x2e);
    at += count + 1;
  } else at++;
  store<u8>(at, 0x65);
  store<u8>(at + 1, exponent < 0 ? 0x2d : 0x2b);
  at += 2;
  const magnitude = <u32>abs(exponent);
  if (magnitude >= 100) store<u8>(at++, <u8>(0x30 + magnitude / 100));
  store<u16>(at, load<u16>(pairs + ((magnitude % 100) << 1)));
  return at + 2;
}

function countDigits(value: u64): usize {
  let count: usize = 1;
  let rest = value;
  if (rest >= 10000000000000000) {
    rest /= 10000000000000000;
    count += 16;
  }
  if (rest >= 100000000) {
    rest /= 100000000;
    count += 8;
  }
  if (rest >= 10000) {
    rest /= 10000;
    count += 4;
  }
  if (rest >= 100) {
    rest /= 100;
    count += 2;
  }
  return rest >= 10 ? count + 1 : count;
}

/** Writes exactly `count` digits. */
function writeDigits(value: u64, count: usize, start: usize): void {
  let at = start + count;
  let rest = value;
  while (rest >= 100000000) {
    const next = rest / 100000000;
    let piece = <u32>(rest - next * 100000000);
    for (let i = 0; i < 4; i++) {
      const tens = piece / 100;
      at -= 2;
      store<u16>(at, load<u16>(pairs + ((piece - tens * 100) << 1)));
      piece = tens;
    }
    rest = next;
  }
  let piece = <u32>rest;
  while (piece >= 100) {
    const tens = piece / 100;
    at -= 2;
    store<u16>(at, load<u16>(pairs + ((piece - tens * 100) << 1)));
    piece = tens;
  }
  if (piece >= 10) store<u16>(at - 2, load<u16>(pairs + (piece << 1)));
  else store<u8>(at - 1, <u8>(0x30 + piece));
}

function writeThree(at: usize, first: u8, second: u8, third: u8): usize {
  store<u8>(at, first);
  store<u8>(at + 1, second);
  store<u8>(at + 2, third);
  return at + 3;
}
