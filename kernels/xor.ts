// Prometheus's XOR chunk: u16 BE number of samples, then a stream of bits, most significant first.
// tsdb/docs/format/chunks.md describes it. Here addresses point at the stream, behind the header.
import {
  appendChunkRange,
  appendPool,
  fragmentBytes,
  fragmentData,
  fragmentDataBytes,
  slotLastTime,
  slotLastValue,
  slotLeading,
  slotNextAt,
  slotOpen,
  slotOpenPlace,
  slotOpenCount,
  slotTimeDelta,
  slotTrailing,
} from '../src/kernels/head-layout';

const fragmentBits: u32 = fragmentBytes << 3;
const addressBits: u32 = fragmentData << 3;

// Reverses the low eight bytes; the high ones do not matter.
// @ts-ignore: decorator
@inline
function swapped(): v128 {
  return i8x16(7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0);
}

// @ts-ignore: decorator
@inline
function loadWord(address: usize): u64 {
  return i64x2.extract_lane(i8x16.swizzle(v128.load64_zero(address), swapped()), 0);
}

// @ts-ignore: decorator
@inline
function storeWord(address: usize, word: u64): void {
  store<u64>(address, i64x2.extract_lane(i8x16.swizzle(i64x2.splat(word), swapped()), 0));
}

/** As in head-layout.ts. */
// @ts-ignore: decorator
@inline
export function openBits(place: u32): u32 {
  return place - addressBits * ((place + fragmentBits - 1) / fragmentBits);
}

/** Takes a fragment from the free list and puts it behind `tail`; the first 32 bits of its data are 0. */
function linkFragment(context: usize, tail: usize): usize {
  const fragment: usize = load<u32>(context, appendPool);
  store<u32>(context, load<u32>(fragment), appendPool);
  store<u64>(fragment, <u64>tail);
  return fragment;
}

/** Writes the low `n` bits (1..63) of `value` at the beginning of a new fragment behind `tail`; returns the fragment. */
function emitNext(context: usize, tail: usize, value: u64, n: u32): usize {
  const fragment = linkFragment(context, tail);
  const before = loadWord(fragment);
  value &= ((<u64>1) << n) - 1;
  if (n <= 32) storeWord(fragment, before | (value << (32 - n)));
  else {
    storeWord(fragment, before | (value >> (n - 32)));
    storeWord(fragment + 8, value << (96 - n));
  }
  return fragment;
}

/** Where a stream ends that ended at `bits` when `n` bits (1..480) more are there: see emit(). */
// @ts-ignore: decorator
@inline
function advance(context: usize, bits: u32, n: u32): u32 {
  if (context == 0) return bits + n;
  const start = bits % fragmentBits == 0 ? bits + addressBits : bits;
  const end = start + n;
  return (end - 1) / fragmentBits == start / fragmentBits ? end : end + addressBits;
}

/**
 * Writes the low `n` bits (1..64) of `value`, whose other bits are 0, at bit `bits` of the stream. Without a context the
 * stream is contiguous and begins at `tail`; with one it is a chain of fragments that ends with `tail`, and their addresses count as
 * bits, too. Returns the new tail.
 * Only whole 64-bit words are stored; what was there before `bits` is stored again unchanged, as is the address at the beginning of a
 * fragment, whose data begins in the middle of its first word.
 */
// @ts-ignore: decorator
@inline
function emit(context: usize, tail: usize, bits: u32, value: u64, n: u32): usize {
  if (context != 0) {
    bits %= fragmentBits;
    if (bits == 0) {
      tail = linkFragment(context, tail);
      bits = addressBits;
    }
  }
  const word = tail + ((bits >> 6) << 3);
  const filled: u32 = bits & 63;
  const room: u32 = 64 - filled;
  const before: u64 = filled == 0 ? 0 : loadWord(word);
  if (n <= room) {
    storeWord(word, before | (value << (room - n)));
    return tail;
  }
  storeWord(word, before | (value >> (n - room)));
  if (context != 0 && word + 8 == tail + fragmentBytes) return emitNext(context, tail, value, n - room);
  storeWord(word + 8, value << (64 - (n - room)));
  return tail;
}

/** emit() where speed does not matter: not inlined. */
function emitSlow(context: usize, tail: usize, bits: u32, value: u64, n: u32): usize {
  return emit(context, tail, bits, value, n);
}

/** Writes a varint in whole bytes; returns the tail. Its length is uvarintBytes(). */
function emitUvarint(context: usize, tail: usize, bits: u32, value: u64): usize {
  while (value >= 0x80) {
    tail = emitSlow(context, tail, bits, (value & 0x7f) | 0x80, 8);
    bits = advance(context, bits, 8);
    value >>= 7;
  }
  return emitSlow(context, tail, bits, value, 8);
}

function uvarintBytes(value: u64): u32 {
  let bytes: u32 = 1;
  for (; value >= 0x80; value >>= 7) bytes++;
  return bytes;
}

// @ts-ignore: decorator
@inline
function fits(change: i64, n: u8): bool {
  return -((<i64>1 << (n - 1)) - 1) <= change && change <= <i64>1 << (n - 1);
}

/**
 * Appends one sample to the stream whose state is in `slot` (fields from slotLastTime on) and publishes it with one store
 * of the slot's open word. With `context` 0 the stream is contiguous. The caller has checked that the time rises, that
 * the chunk is not full, and that one free fragment is there.
 */
// @ts-ignore: decorator
@inline
export function appendSample(context: usize, slot: usize, time: i64, value: u64): void {
  let tail: usize = load<u32>(slot, slotOpen);
  const count: u32 = load<u16>(slot, slotOpenCount);
  let bits: u32 = load<u16>(slot, slotOpenPlace);
  if (count >= 2) {
    const last = <i64>load<f64>(slot, slotLastTime);
    const delta = time - last;
    const change = delta - load<i64>(slot, slotTimeDelta);
    // The codes for the time and the value are put together and written at once where they fit into 64 bits.
    let code: u64 = 0;
    let n: u32 = 1;
    if (change != 0) {
      store<i64>(slot, delta, slotTimeDelta);
      if (fits(change, 14)) {
        code = (0b10 << 14) | (change & 0x3fff);
        n = 16;
      } else if (fits(change, 17)) {
        code = (0b110 << 17) | (change & 0x1ffff);
        n = 20;
      } else if (fits(change, 20)) {
        code = (0b1110 << 20) | (change & 0xfffff);
        n = 24;
      } else {
        tail = emitSlow(context, tail, bits, 0b1111, 4);
        bits = advance(context, bits, 4);
        tail = emitSlow(context, tail, bits, change, 64);
        bits = advance(context, bits, 64);
        n = 0;
      }
    }
    const xor = value ^ load<u64>(slot, slotLastValue);
    if (xor == 0) {
      tail = emit(context, tail, bits, code << 1, n + 1);
      bits = advance(context, bits, n + 1);
    } else {
      store<u64>(slot, value, slotLastValue);
      tail = emitXor(context, slot, tail, bits, code, n, xor);
      bits = advance(context, bits, n + xorBits(slot));
    }
  } else {
    if (count == 0) {
      if (context != 0) {
        const range = <i64>load<f64>(context, appendChunkRange);
        store<f64>(slot, <f64>((time / range) * range + range), slotNextAt);
      }
      store<u8>(slot, 255, slotLeading);
      const zigzag = <u64>((time << 1) ^ (time >> 63));
      tail = emitUvarint(context, tail, 0, zigzag);
      bits = advance(context, 0, uvarintBytes(zigzag) << 3);
      tail = emitSlow(context, tail, bits, value, 64);
      bits = advance(context, bits, 64);
    } else {
      const delta = time - <i64>load<f64>(slot, slotLastTime);
      store<i64>(slot, delta, slotTimeDelta);
      tail = emitUvarint(context, tail, bits, delta);
      bits = advance(context, bits, uvarintBytes(delta) << 3);
      const xor = value ^ load<u64>(slot, slotLastValue);
      if (xor == 0) {
        tail = emitSlow(context, tail, bits, 0, 1);
        bits = advance(context, bits, 1);
      } else {
        tail = emitXor(context, slot, tail, bits, 0, 0, xor);
        bits = advance(context, bits, xorBits(slot));
      }
    }
    store<u64>(slot, value, slotLastValue);
  }
  store<f64>(slot, <f64>time, slotLastTime);
  atomic.store<u64>(slot, <u64>tail | (<u64>(count + 1) << 32) | (<u64>bits << 48), slotOpen);
}

/** Bits that the last emitXor() wrote for the value; kept in a global because a function returns one value. */
let xorLength: u32 = 0;

// @ts-ignore: decorator
@inline
function xorBits(_slot: usize): u32 {
  return xorLength;
}

/** Writes `code` of `n` bits and then the value's change, which is not 0. */
function emitXor(context: usize, slot: usize, tail: usize, bits: u32, code: u64, n: u32, xor: u64): usize {
  const leadingBefore: u32 = load<u8>(slot, slotLeading);
  const trailingBefore: u32 = load<u8>(slot, slotTrailing);
  const leading: u32 = min<u32>(<u32>clz(xor), 31);
  const trailing: u32 = <u32>ctz(xor);
  let significant: u32;
  let data: u64;
  if (leadingBefore != 255 && leading >= leadingBefore && trailing >= trailingBefore) {
    significant = 64 - leadingBefore - trailingBefore;
    data = xor >> trailingBefore;
    code = (code << 2) | 0b10;
    n += 2;
    xorLength = 2 + significant;
  } else {
    store<u8>(slot, <u8>leading, slotLeading);
    store<u8>(slot, <u8>trailing, slotTrailing);
    significant = 64 - leading - trailing;
    data = xor >> trailing;
    // 64 significant bits are written as 0.
    code = (code << 13) | (0b11 << 11) | (leading << 6) | (significant & 63);
    n += 13;
    xorLength = 13 + significant;
  }
  if (n + significant <= 64) return emit(context, tail, bits, (code << significant) | data, n + significant);
  tail = emitSlow(context, tail, bits, code, n);
  return emitSlow(context, tail, advance(context, bits, n), data, significant);
}

/**
 * Encodes `count` samples (at least 1) from columns as one contiguous chunk at `chunk`, a multiple of 8, header included, and
 * returns its bytes. Times rise; `state` is scratch space of 64 bytes; `chunk` has room for 24 + 19 bytes a sample.
 */
export function xorEncode(times: usize, values: usize, count: u32, state: usize, chunk: usize): u32 {
  let bits: u32 = 0;
  memory.fill(state, 0, 64);
  // The stream is written word by word at a multiple of 8 and moved behind the header at the end.
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(state, <u32>chunk, slotOpen);
    appendSample(0, state, <i64>load<f64>(times + (i << 3)), load<u64>(values + (i << 3)));
    bits = load<u16>(state, slotOpenPlace);
  }
  const bytes = (bits + 7) >> 3;
  memory.copy(chunk + 2, chunk, bytes);
  store<u8>(chunk, <u8>(count >> 8));
  store<u8>(chunk, <u8>count, 1);
  return bytes + 2;
}

/** Copies an open chunk from its fragments to `chunk`, header included: 2 + ceil(bits / 8) bytes. */
export function gatherChunk(tail: usize, count: u32, bits: u32, chunk: usize): void {
  const bytes: u32 = (bits + 7) >> 3;
  store<u8>(chunk, <u8>(count >> 8));
  store<u8>(chunk, <u8>count, 1);
  let start: u32 = ((bytes - 1) / fragmentDataBytes) * fragmentDataBytes;
  let length: u32 = bytes - start;
  for (;;) {
    memory.copy(chunk + 2 + start, tail + fragmentData, length);
    if (start == 0) return;
    start -= fragmentDataBytes;
    length = fragmentDataBytes;
    tail = load<u32>(tail);
  }
}

/** Streams are decoded from a reversed copy, where 64 bits at any byte are one load. It has so many bytes of a stream at a time. */
const stagedBytes: u32 = 4096;
/** What is read behind the bit where a sample begins, at most: its own bits, and the rest of the last word. */
const sampleBytesMax: u32 = 32;
const staged: usize = memory.data(4096 + 64, 16);

/** Puts the stream's bytes from `from` on into the reversed copy; returns the address of the word at byte 0 of the stream. */
function stage(source: usize, from: u32, bytes: u32): usize {
  const last = staged + stagedBytes + 16;
  const length = min<u32>(bytes - from, stagedBytes);
  const start = source + from;
  for (let i: usize = 0; i < <usize>length; i += 16) {
    const forward = i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    v128.store(last - i, i8x16.swizzle(v128.load(start + i), forward));
  }
  return last + 8 + from;
}

/** `n` bits (1..64) at bit `bit` of the reversed copy. */
// @ts-ignore: decorator
@inline
function stagedBits(top: usize, bit: u32, n: u32): u64 {
  const at = top - (bit >> 3);
  const shift: u64 = bit & 7;
  // The ninth byte fills up what the shift has emptied; shifted by 8 it gives nothing.
  const window = (load<u64>(at) << shift) | (<u64>load<u8>(at - 1) >> (8 - shift));
  return window >> (64 - n);
}

/** Fills `count` times that rise by `delta` from the one before `times`. */
// @ts-ignore: decorator
@inline
function fillTimes(times: usize, time: i64, delta: i64, count: u32): void {
  const step = <f64>delta;
  let pair = f64x2.add(f64x2.splat(<f64>time), f64x2(step, step + step));
  const two = f64x2.splat(step + step);
  const end = times + (<usize>count << 3);
  for (; times + 8 < end; times += 16) {
    v128.store(times, pair);
    pair = f64x2.add(pair, two);
  }
  if (times < end) store<f64>(times, f64x2.extract_lane(pair, 0));
}

/**
 * Decodes the `count` samples of the stream of `bytes` bytes at `source` and writes those with mint <= time <= maxt to the columns
 * (f64 times, value bits), which have room for `count`. Up to 16 bytes behind the stream are read. Returns how many were
 * written, or -1 where the stream is cut short.
 */
export function xorDecode(
  source: usize,
  bytes: u32,
  count: u32,
  mint: f64,
  maxt: f64,
  times: usize,
  values: usize,
): i32 {
  return decodeWhole(source, bytes, count, mint, maxt, times, values, 0);
}

function decodeWhole(
  source: usize,
  bytes: u32,
  count: u32,
  mint: f64,
  maxt: f64,
  times: usize,
  values: usize,
  state: usize,
): i32 {
  if (count == 0) return 0;
  const end: u32 = bytes << 3;
  let at: u32 = 0;
  let zigzag: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    const byte: u64 = load<u8>(source + at);
    at++;
    zigzag |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  let time: i64 = <i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1));
  let value = loadWord(source + at);
  let bit: u32 = (at + 8) << 3;
  if (bit > end) return -1;
  if (<f64>time > maxt) return 0;
  store<f64>(times, <f64>time);
  store<u64>(values, value);
  if (count == 1) return saved(state, 1, bit, time, 0, value, 64, 0, <i32>(<f64>time >= mint));

  at += 8;
  let delta: i64 = 0;
  for (let shift: i64 = 0; shift < 70; shift += 7) {
    const byte: i64 = load<u8>(source + at);
    at++;
    delta |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return decodeFrom(source, bytes, count, mint, maxt, times, values, 0, 1, at << 3, time, delta, value, 64, 0, state);
}

/** Notes where a decoder stands, unless `state` is 0: see xorResume(). Returns `result`. */
function saved(
  state: usize,
  n: u32,
  bit: u32,
  time: i64,
  delta: i64,
  value: u64,
  significant: u32,
  trailing: u64,
  result: i32,
): i32 {
  if (state == 0) return result;
  store<u32>(state, n);
  store<u32>(state, bit, 4);
  store<i64>(state, time, 8);
  store<i64>(state, delta, 16);
  store<u64>(state, value, 24);
  store<u32>(state, significant, 32);
  store<u64>(state, trailing, 40);
  return result;
}

/**
 * Goes on where xorDecodeAll() has ended with `state`: decodes the samples that the chunk has got since, as xorDecode() does. The
 * first of them goes to the beginning of the columns.
 */
export function xorResume(
  source: usize,
  bytes: u32,
  count: u32,
  state: usize,
  mint: f64,
  maxt: f64,
  times: usize,
  values: usize,
): i32 {
  const n = load<u32>(state);
  // The second sample has another code for its time: a chunk of one is decoded from its beginning.
  if (n < 2 || n > count) return -1;
  return decodeFrom(
    source,
    bytes,
    count,
    mint,
    maxt,
    times - (<usize>n << 3),
    values - (<usize>n << 3),
    n,
    n,
    load<u32>(state, 4),
    load<i64>(state, 8),
    load<i64>(state, 16),
    load<u64>(state, 24),
    load<u32>(state, 32),
    load<u64>(state, 40),
    0,
  );
}

/** xorDecode() of all samples, which notes in `state`, 48 bytes, where it has ended. */
export function xorDecodeAll(
  source: usize,
  bytes: u32,
  count: u32,
  state: usize,
  times: usize,
  values: usize,
): i32 {
  return decodeWhole(source, bytes, count, -Infinity, Infinity, times, values, state);
}

/** Decodes from sample `n` at bit `bit` on. Sample i goes to place i of the columns; those from `base` on are new there. */
function decodeFrom(
  source: usize,
  bytes: u32,
  count: u32,
  mint: f64,
  maxt: f64,
  times: usize,
  values: usize,
  base: u32,
  n: u32,
  bit: u32,
  time: i64,
  delta: i64,
  value: u64,
  significant: u32,
  trailing: u64,
  state: usize,
): i32 {
  const end: u32 = bytes << 3;
  const begin = bit >> 3;
  let top = stage(source, begin, bytes);
  const stagedEnd: u32 = (stagedBytes - sampleBytesMax) << 3;
  let limit: u32 = min<u32>(end, (begin << 3) + stagedEnd);
  while (n < count) {
    if (bit > limit) {
      if (bit > end) return -1;
      const from = bit >> 3;
      top = stage(source, from, bytes);
      limit = min<u32>(end, (from << 3) + stagedEnd);
    }
    if (n > 1) {
      // Fast path: samples whose time gap is as before.
      let most: u32 = count - n;
      const room = (maxt - <f64>time) / <f64>delta;
      if (room < <f64>most) most = room > 0 ? <u32>room : 0;
      const first = n;
      most += n;
      while (n < most) {
        const shift: u64 = bit & 7;
        const window = load<u64>(top - (bit >> 3)) << shift;
        if (<i64>window < 0) break;
        if (<i64>(window << 1) >= 0) {
          // A run of samples whose value is as before takes two 0 bits each.
          let run: u32 = min<u32>(<u32>(clz(window | (<u64>1 << shift)) >> 1), most - n);
          bit += run << 1;
          do {
            store<u64>(values + (n << 3), value);
            n++;
          } while (--run != 0);
        } else {
          if (<i64>(window << 2) >= 0) {
            const data = significant <= 54 ? (window << 3) >> (64 - significant) : stagedBits(top, bit + 3, significant);
            value ^= data << trailing;
            bit += 3 + significant;
          } else {
            const leading = <u32>((window << 3) >> 59);
            significant = <u32>((window << 8) >> 58);
            if (significant == 0) significant = 64;
            if (leading + significant > 64) return -1;
            trailing = 64 - leading - significant;
            const data = significant <= 43 ? (window << 14) >> (64 - significant) : stagedBits(top, bit + 14, significant);
            value ^= data << trailing;
            bit += 14 + significant;
          }
          store<u64>(values + (n << 3), value);
          n++;
        }
        if (bit > limit) break;
      }
      fillTimes(times + (first << 3), time, delta, n - first);
      time += delta * (n - first);
      if (n == count) break;
      if (bit > limit) continue;
    }
    // One sample of any kind.
    let window = load<u64>(top - (bit >> 3)) << (bit & 7);
    let used: u32 = 0;
    if (n > 1) {
      if (<i64>window >= 0) used = 1;
      else {
        let change: i64;
        if (<i64>(window << 1) >= 0) {
          change = <i64>((window << 2) >> 50);
          if (change > 1 << 13) change -= 1 << 14;
          used = 16;
        } else if (<i64>(window << 2) >= 0) {
          change = <i64>((window << 3) >> 47);
          if (change > 1 << 16) change -= 1 << 17;
          used = 20;
        } else if (<i64>(window << 3) >= 0) {
          change = <i64>((window << 4) >> 44);
          if (change > 1 << 19) change -= 1 << 20;
          used = 24;
        } else {
          change = <i64>stagedBits(top, bit + 4, 64);
          bit += 68;
          window = load<u64>(top - (bit >> 3)) << (bit & 7);
        }
        delta += change;
      }
    }
    time += delta;
    // At least 57 - 24 bits of the window are left.
    const rest = window << used;
    if (<i64>rest >= 0) bit += used + 1;
    else {
      if (<i64>(rest << 1) >= 0) used += 2;
      else {
        const leading = <u32>((rest << 2) >> 59);
        significant = <u32>((rest << 7) >> 58);
        if (significant == 0) significant = 64;
        if (leading + significant > 64) return -1;
        trailing = 64 - leading - significant;
        used += 13;
      }
      const data = used + significant <= 57 ? (window << used) >> (64 - significant) : stagedBits(top, bit + used, significant);
      value ^= data << trailing;
      bit += used + significant;
    }
    const ms = <f64>time;
    if (ms > maxt) break;
    store<f64>(times + (n << 3), ms);
    store<u64>(values + (n << 3), value);
    n++;
  }
  if (bit > end) return -1;
  const from = <usize>base << 3;
  const kept = <i32>dropBefore(mint, times + from, values + from, n - base);
  return saved(state, n, bit, time, delta, value, significant, trailing, kept);
}

/** Takes the samples before `mint` out of columns of `count`; returns how many stay. */
function dropBefore(mint: f64, times: usize, values: usize, count: u32): u32 {
  if (count == 0 || load<f64>(times) >= mint) return count;
  let from: u32 = 0;
  for (let to = count; from < to;) {
    const middle = (from + to) >> 1;
    if (load<f64>(times + (middle << 3)) < mint) from = middle + 1;
    else to = middle;
  }
  const kept: usize = <usize>(count - from) << 3;
  const gone: usize = <usize>from << 3;
  for (let at: usize = 0; at < kept; at += 8) {
    store<f64>(times + at, load<f64>(times + gone + at));
    store<u64>(values + at, load<u64>(values + gone + at));
  }
  return count - from;
}
