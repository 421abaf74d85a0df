// Snappy's block format. Twin: src/kernels/snappy.ts, which draws the bytes and says how matches are found.

const blockBytes: usize = 65536;
const inputMargin: usize = 15;

// @ts-ignore: decorator
@inline
function placeOf(table: usize, word: u32, shift: u32): usize {
  return table + (<usize>((word * 0x1e35a7bd) >>> shift) << 1);
}

/** Copies in steps of 16 bytes: up to 15 behind both ends are read and written, too. */
// @ts-ignore: decorator
@inline
function copyRoughly(from: usize, to: usize, length: usize): void {
  for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

function emitLiteral(at: usize, from: usize, length: usize): usize {
  const n = <u32>length - 1;
  if (n < 60) {
    store<u8>(at, n << 2);
    at += 1;
  } else if (n < 256) {
    store<u8>(at, 60 << 2);
    store<u8>(at + 1, n);
    at += 2;
  } else {
    store<u8>(at, 61 << 2);
    store<u16>(at + 1, n);
    at += 3;
  }
  copyRoughly(from, at, length);
  return at + length;
}

// @ts-ignore: decorator
@inline
function emitLongCopy(at: usize, offset: u32, length: u32): usize {
  store<u8>(at, ((length - 1) << 2) | 2);
  store<u16>(at + 1, offset);
  return at + 3;
}

// @ts-ignore: decorator
@inline
function emitCopy(at: usize, offset: u32, length: u32): usize {
  for (; length >= 68; length -= 64) at = emitLongCopy(at, offset, 64);
  if (length > 64) {
    at = emitLongCopy(at, offset, 60);
    length -= 60;
  }
  if (length >= 12 || offset >= 2048) return emitLongCopy(at, offset, length);
  store<u8>(at, ((offset >>> 8) << 5) | ((length - 4) << 2) | 1);
  store<u8>(at + 1, offset);
  return at + 2;
}

/** The first place of [right, end) where it differs from `left`. */
// @ts-ignore: decorator
@inline
function matchEnd(left: usize, right: usize, end: usize): usize {
  while (right + 8 <= end) {
    const difference = load<u64>(left) ^ load<u64>(right);
    if (difference !== 0) return right + <usize>(ctz(difference) >>> 3);
    left += 8;
    right += 8;
  }
  while (right < end && load<u8>(left) === load<u8>(right)) {
    left++;
    right++;
  }
  return right;
}

function compressBlock(base: usize, length: usize, at: usize, table: usize): usize {
  const end = base + length;
  const limit = end - inputMargin;
  let shift: u32 = 24;
  let places: usize = 256;
  while (places < 16384 && places < length) {
    places <<= 1;
    shift--;
  }
  memory.fill(table, 0, places << 1);
  let emitted = base;
  let ip = base + 1;
  while (true) {
    let skip: usize = 32;
    let following = ip;
    let candidate: usize = 0;
    while (true) {
      ip = following;
      following += skip >>> 5;
      skip += skip >>> 5;
      if (following > limit) return finish(at, emitted, end);
      const word = load<u32>(ip);
      const place = placeOf(table, word, shift);
      candidate = base + <usize>load<u16>(place);
      store<u16>(place, <u32>(ip - base));
      if (word === load<u32>(candidate)) break;
    }
    at = emitLiteral(at, emitted, ip - emitted);
    while (true) {
      const start = ip;
      ip = matchEnd(candidate + 4, ip + 4, end);
      at = emitCopy(at, <u32>(start - candidate), <u32>(ip - start));
      emitted = ip;
      if (ip >= limit) return finish(at, emitted, end);
      const window = load<u64>(ip - 1);
      store<u16>(placeOf(table, <u32>window, shift), <u32>(ip - 1 - base));
      const word = <u32>(window >>> 8);
      const place = placeOf(table, word, shift);
      candidate = base + <usize>load<u16>(place);
      store<u16>(place, <u32>(ip - base));
      if (word !== load<u32>(candidate)) break;
    }
    ip++;
  }
}

function finish(at: usize, emitted: usize, end: usize): usize {
  return emitted < end ? emitLiteral(at, emitted, end - emitted) : at;
}

/**
 * Compresses [source, source + length) to `target` and gives the bytes written, at most 32 + length + length / 6; up to
 * 15 behind them and behind the source are touched, too. `table` is scratch space of 32 KiB.
 */
export function snappyCompress(source: usize, length: usize, target: usize, table: usize): usize {
  let at = target;
  let rest = <u32>length;
  for (; rest >= 0x80; rest >>>= 7) store<u8>(at++, rest | 0x80);
  store<u8>(at++, rest);
  for (let done: usize = 0; done < length; done += blockBytes) {
    const size = min(length - done, blockBytes);
    if (size < inputMargin + 2) at = emitLiteral(at, source + done, size);
    else at = compressBlock(source + done, size, at, table);
  }
  return at - target;
}

/**
 * For copies that overlap themselves: row `offset` has i mod offset for i below 16, and row 16 the numbers 0 to 15. Row 0: the largest
 * multiple of each offset up to 16.
 */
const patterns: usize = memory.data(17 * 16, 16);

// Every thread that loads the kernels writes the same bytes here.
makePatterns();

function makePatterns(): void {
  for (let offset: u32 = 1; offset <= 16; offset++) {
    if (offset < 16) store<u8>(patterns + <usize>offset, 16 - (16 % offset));
    for (let i: u32 = 0; i < 16; i++) store<u8>(patterns + <usize>(offset << 4) + i, i % offset);
  }
}

/** A copy of more than 16 bytes: what it writes it may read. */
function copyLong(at: usize, offset: usize, size: usize): void {
  if (offset >= 16) return copyRoughly(at - offset, at, size);
  const pattern = i8x16.swizzle(v128.load(at - offset), v128.load(patterns + (offset << 4)));
  const step: usize = load<u8>(patterns + offset);
  for (let i: usize = 0; i < size; i += step) v128.store(at + i, pattern);
}

/** The size of a literal that is longer than 60 bytes, whose `count` bytes of length are at `source`; 0 = too long. */
function longLiteral(source: usize, count: usize, length: usize): usize {
  const size = <usize>(load<u32>(source) & (0xffffffff >>> ((4 - <u32>count) << 3)));
  return size >= length ? 0 : size + 1;
}

/**
 * Expands the elements at `source`, behind the length in front, to `target`. True where they are sound and make `length` bytes.
 * Nothing is read or written further than 63 bytes behind the ends.
 */
export function snappyExpand(source: usize, bytes: usize, target: usize, length: usize): bool {
  const end = source + bytes;
  const stop = target + length;
  let at = target;
  // A short literal and the short copy behind it take up to 19 bytes and make up to 32.
  const sourceSafe = bytes > 24 ? end - 24 : source;
  const atSafe = length > 40 ? stop - 40 : target;
  while (source < end) {
    let tag = <u32>load<u8>(source);
    // Fast path: nearly all of a record of samples is short literals and short copies by turns.
    while (source < sourceSafe && at < atSafe) {
      if ((tag & 3) === 0 && tag < 64) {
        v128.store(at, v128.load(source, 1));
        const size = <usize>(tag >>> 2) + 1;
        source += 1 + size;
        at += size;
        tag = <u32>load<u8>(source);
      }
      if ((tag & 3) !== 1) break;
      const offset = (<usize>(tag & 0xe0) << 3) | <usize>load<u8>(source, 1);
      if (offset < 8) break;
      if (offset > at - target) return false;
      const size: usize = 4 + (<usize>(tag >>> 2) & 7);
      store<u64>(at, load<u64>(at - offset));
      if (size > 8) store<u64>(at, load<u64>(at - offset, 8), 8);
      source += 2;
      at += size;
      tag = <u32>load<u8>(source);
    }
    let size = <usize>(tag >>> 2) + 1;
    let offset: usize = 0;
    if ((tag & 3) === 0) {
      source++;
      if (size <= 16) {
        // Fast path: most literals are short.
        if (size > end - source || size > stop - at) return false;
        v128.store(at, v128.load(source));
        source += size;
        at += size;
        continue;
      }
      if (size > 60) {
        const count = size - 60;
        if (count > end - source) return false;
        size = longLiteral(source, count, length);
        if (size === 0) return false;
        source += count;
      }
      if (size > end - source || size > stop - at) return false;
      copyRoughly(source, at, size);
      source += size;
      at += size;
      continue;
    }
    if (<u32>(tag & 3) === 3) {
      if (end - source < 5) return false;
      offset = <usize>load<u32>(source, 1);
      source += 5;
    } else {
      // No branches here: which of the two kinds comes next cannot be foreseen.
      const short = (tag & 3) === 1;
      const bytes: usize = short ? 2 : 3;
      if (end - source < bytes) return false;
      size = short ? 4 + ((size - 1) & 7) : size;
      offset = short ? (<usize>(tag & 0xe0) << 3) | <usize>load<u8>(source, 1) : <usize>load<u16>(source, 1);
      source += bytes;
    }
    if (offset - 1 >= at - target || size > stop - at) return false;
    if (size <= 16) {
      const pattern = v128.load(patterns + (min<usize>(offset, 16) << 4));
      v128.store(at, i8x16.swizzle(v128.load(at - offset), pattern));
    } else copyLong(at, offset, size);
    at += size;
  }
  return at === stop;
}

/** Copies bytes, which do not overlap. */
export function copyBytes(from: usize, to: usize, length: usize): void {
  memory.copy(to, from, length);
}
