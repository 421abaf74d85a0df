// Quantiles of sliding windows by order statistics, see the engine's windows/quantile.ts.

const recordBytes: usize = 16;

/** A double's bits, so that they rise as unsigned numbers where the doubles do. */
// @ts-ignore: decorator
@inline
function keyOf(bits: u64): u64 {
  return bits ^ (<u64>(<i64>bits >> 63) | 0x8000000000000000);
}

// @ts-ignore: decorator
@inline
function valueOf(key: u64): f64 {
  return reinterpret<f64>(key ^ (~<u64>(<i64>key >> 63) | 0x8000000000000000));
}

/** Keys are spread over 2^22 places, by two digits of half as many bits. */
const placeBits: i64 = 22;
const halfBits: u64 = 11;
const halfCount: u32 = 2048;
/** So many steps back for each record are taken to put what shares a place in order. */
const stepsBackMax: u32 = 8;

/**
 * Sorts `count` records of a key and an index, whose least and largest key are given, between two places; `counts` has room for 2 * 2048
 * counts. Returns which of the two has them.
 */
function sortRecords(from: usize, to: usize, count: u32, least: u64, largest: u64, counts: usize): usize {
  if (least == largest) return from;
  const shift = <u64>max<i64>(0, 64 - <i64>clz(largest - least) - placeBits);
  memory.fill(counts, 0, halfCount << 3);
  const high = counts + (halfCount << 2);
  const bytes = <usize>count * recordBytes;
  for (let at: usize = 0; at < bytes; at += recordBytes) {
    const place = <u32>((load<u64>(from + at) - least) >> shift);
    countOne(counts, place & (halfCount - 1));
    countOne(high, place >> <u32>halfBits);
  }
  scatter(from, to, bytes, least, shift, counts);
  scatter(to, from, bytes, least, shift + halfBits, high);
  // What shares a place is most often equal, or as it was.
  let stepsBack: u32 = 0;
  for (let at = from + recordBytes; at < from + bytes; at += recordBytes) {
    const key = load<u64>(at);
    if (key >= load<u64>(at - recordBytes)) continue;
    const record = v128.load(at);
    let back = at;
    do {
      v128.store(back, v128.load(back - recordBytes));
      back -= recordBytes;
      stepsBack++;
    } while (back > from && key < load<u64>(back - recordBytes));
    v128.store(back, record);
    if (stepsBack > stepsBackMax * count) return sortByDigits(from, to, bytes, counts);
  }
  return from;
}

/** Sorts records by all digits of their keys, from the lowest on. */
function sortByDigits(from: usize, to: usize, bytes: usize, counts: usize): usize {
  for (let shift: u64 = 0; shift < 64; shift += halfBits) {
    memory.fill(counts, 0, halfCount << 2);
    for (let at: usize = 0; at < bytes; at += recordBytes) {
      countOne(counts, <u32>(load<u64>(from + at) >> shift) & (halfCount - 1));
    }
    scatter(from, to, bytes, 0, shift, counts);
    const other = from;
    from = to;
    to = other;
  }
  return from;
}

// @ts-ignore: decorator
@inline
function countOne(counts: usize, digit: u32): void {
  const at = counts + (digit << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** Moves records to where their digit belongs, by the counts of each, which are used up. */
function scatter(from: usize, to: usize, bytes: usize, least: u64, shift: u64, counts: usize): void {
  let sum: u32 = 0;
  for (let at = counts; at < counts + (halfCount << 2); at += 4) {
    const size = load<u32>(at);
    store<u32>(at, sum);
    sum += size;
  }
  for (let at: usize = 0; at < bytes; at += recordBytes) {
    const record = v128.load(from + at);
    const digit = <u32>((<u64>i64x2.extract_lane(record, 0) - least) >> shift) & (halfCount - 1);
    const place = counts + (digit << 2);
    const next = load<u32>(place);
    store<u32>(place, next + 1);
    v128.store(to + <usize>next * recordBytes, record);
  }
}

/**
 * The quantile of each step's window, of `length` values without NaN; bounds never fall. All values are ranked once; a window is then a
 * set of bits, one for each rank, and the place where the last quantile was found is where the next one is looked for. `scratch` is space
 * for four numbers a value, and 2,048 more.
 */
export function quantileSteps(
  values: usize,
  length: u32,
  first: usize,
  end: usize,
  steps: u32,
  quantiles: usize,
  scratch: usize,
  out: usize,
): void {
  if (length == 0) return;
  const counts = scratch;
  const records = scratch + (halfCount << 3);
  const others = records + <usize>length * recordBytes;
  let least: u64 = 0xffffffffffffffff;
  let largest: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const record = records + <usize>i * recordBytes;
    const key = keyOf(load<u64>(values + (i << 3)));
    least = min(least, key);
    largest = max(largest, key);
    store<u64>(record, key);
    store<u64>(record, i, 8);
  }
  const sorted = sortRecords(records, others, length, least, largest, counts);
  const bits = sorted == records ? others : records;
  const words = (length + 63) >> 6;
  const ranks = bits + (words << 3);
  memory.fill(bits, 0, words << 3);
  for (let rank: u32 = 0; rank < length; rank++) {
    store<u32>(ranks + (<usize>load<u32>(sorted + <usize>rank * recordBytes, 8) << 2), rank);
  }
  let gone: u32 = 0;
  let come: u32 = 0;
  // The word looked at last, and how many bits are set before it.
  let word: u32 = 0;
  let before: u32 = 0;
  for (let step: u32 = 0; step < steps; step++) {
    const lower = load<u32>(first + (step << 2));
    const upper = load<u32>(end + (step << 2));
    if (lower == upper) continue;
    const leaving = min(lower, come);
    for (; gone < leaving; gone++) {
      const rank = load<u32>(ranks + (gone << 2));
      const at = bits + ((rank >> 6) << 3);
      store<u64>(at, load<u64>(at) ^ (<u64>1 << (rank & 63)));
      before -= <u32>(rank >> 6 < word);
    }
    gone = lower;
    for (come = max(come, lower); come < upper; come++) {
      const rank = load<u32>(ranks + (come << 2));
      const at = bits + ((rank >> 6) << 3);
      store<u64>(at, load<u64>(at) | (<u64>1 << (rank & 63)));
      before += <u32>(rank >> 6 < word);
    }
    const quantile = load<f64>(quantiles + (step << 3));
    if (!(quantile >= 0 && quantile <= 1)) {
      store<f64>(out + (step << 3), quantile < 0 ? -Infinity : quantile > 1 ? Infinity : NaN);
      continue;
    }
    const count = upper - lower;
    const rank = quantile * <f64>(count - 1);
    const index = <u32>floor(rank);
    while (index < before) before -= <u32>popcnt(load<u64>(bits + (--word << 3)));
    let set = load<u64>(bits + (word << 3));
    for (let size = <u32>popcnt(set); index >= before + size; size = <u32>popcnt(set)) {
      before += size;
      set = load<u64>(bits + (++word << 3));
    }
    for (let left = index - before; left > 0; left--) set &= set - 1;
    const below = valueAt(sorted, (word << 6) + <u32>ctz(set));
    let above = below;
    if (index + 1 < count) {
      set &= set - 1;
      let next = word;
      while (set == 0) set = load<u64>(bits + (++next << 3));
      above = valueAt(sorted, (next << 6) + <u32>ctz(set));
    }
    const weight = rank - floor(rank);
    store<f64>(out + (step << 3), below * (1 - weight) + above * weight);
  }
}

// @ts-ignore: decorator
@inline
function valueAt(sorted: usize, rank: u32): f64 {
  return valueOf(load<u64>(sorted + <usize>rank * recordBytes));
}
