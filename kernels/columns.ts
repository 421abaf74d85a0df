// Columns of samples, f64 times and values: what a range function wants to know of them, and its loops over steps.

/** A stale marker. */
const staleBits: u64 = 0x7ff0000000000002;

/**
 * What holds of the first `count` samples: 1 = some value is NaN, 2 = some value is less than the one before it,
 * 4 = all times have the same distance from the one before.
 */
export function scanColumns(times: usize, values: usize, count: u32): i32 {
  if (count == 0) return 0;
  const first = load<f64>(values);
  let nan = f64x2.ne(f64x2.splat(first), f64x2.splat(first));
  let fall = f64x2.splat(0);
  let other = f64x2.splat(0);
  if (count > 1) {
    const interval = f64x2.splat(load<f64>(times, 8) - load<f64>(times));
    const bytes: usize = <usize>count << 3;
    let at: usize = 8;
    for (; at + 8 < bytes; at += 16) {
      const value = v128.load(values + at);
      nan = v128.or(nan, f64x2.ne(value, value));
      fall = v128.or(fall, f64x2.lt(value, v128.load(values + at - 8)));
      const gap = f64x2.sub(v128.load(times + at), v128.load(times + at - 8));
      other = v128.or(other, f64x2.ne(gap, interval));
    }
    if (at < bytes) {
      const value = v128.load64_splat(values + at);
      nan = v128.or(nan, f64x2.ne(value, value));
      fall = v128.or(fall, f64x2.lt(value, v128.load64_splat(values + at - 8)));
      const gap = f64x2.sub(v128.load64_splat(times + at), v128.load64_splat(times + at - 8));
      other = v128.or(other, f64x2.ne(gap, interval));
    }
  } else other = f64x2.ne(f64x2.splat(0), f64x2.splat(1));
  return <i32>v128.any_true(nan) | (<i32>v128.any_true(fall) << 1) | (<i32>!v128.any_true(other) << 2);
}

/** The first sample from `from` >= 1 on whose value is less than the one before it; `count` where there is none. */
export function nextFall(values: usize, from: u32, count: u32): u32 {
  let i = from;
  for (; i + 8 <= count; i += 8) {
    const at = values + (i << 3);
    const fall = v128.or(
      v128.or(
        f64x2.lt(v128.load(at), v128.load(at - 8)),
        f64x2.lt(v128.load(at, 16), v128.load(at - 8, 16)),
      ),
      v128.or(
        f64x2.lt(v128.load(at, 32), v128.load(at - 8, 32)),
        f64x2.lt(v128.load(at, 48), v128.load(at - 8, 48)),
      ),
    );
    if (v128.any_true(fall)) break;
  }
  for (; i < count; i++) if (load<f64>(values + (i << 3)) < load<f64>(values + (i << 3) - 8)) return i;
  return count;
}

/**
 * The difference of the last and first sample of the windows of steps [from, to), times the step's factor. It ends at a step
 * where the first value is in [0, zeroRatio * difference], whose factor depends on it; with `counter` 0 there are none.
 * Windows of less than two samples are passed over. Returns the step at which it ended.
 */
export function rateSteps(
  values: usize,
  first: usize,
  end: usize,
  factors: usize,
  zeroRatios: usize,
  counter: i32,
  from: u32,
  to: u32,
  out: usize,
): u32 {
  let step = from;
  while (step < to) {
    // Fast path: two steps at once.
    if (step + 1 < to && ratePair(values, first, end, factors, zeroRatios, counter, step, out)) {
      step += 2;
      continue;
    }
    const lower = load<u32>(first + (step << 2));
    const last = load<u32>(end + (step << 2)) - 1;
    if (<i32>last <= <i32>lower) {
      step++;
      continue;
    }
    const begin = load<f64>(values + (lower << 3));
    const result = load<f64>(values + (last << 3)) - begin;
    if (
      counter != 0 &&
      result > 0 &&
      begin >= 0 &&
      begin <= load<f64>(zeroRatios + (step << 3)) * result
    ) {
      return step;
    }
    store<f64>(out + (step << 3), result * load<f64>(factors + (step << 3)));
    step++;
  }
  return to;
}

/** The same of a step and the next one; false where one of them needs a closer look. */
// @ts-ignore: decorator
@inline
function ratePair(
  values: usize,
  first: usize,
  end: usize,
  factors: usize,
  zeroRatios: usize,
  counter: i32,
  step: u32,
  out: usize,
): bool {
  const place: usize = <usize>step << 2;
  const lower = load<u32>(first + place);
  const lowerNext = load<u32>(first + place, 4);
  const last = load<u32>(end + place) - 1;
  const lastNext = load<u32>(end + place, 4) - 1;
  if (<i32>last <= <i32>lower || <i32>lastNext <= <i32>lowerNext) return false;
  const begin = v128.load64_lane(values + (lowerNext << 3), v128.load64_zero(values + (lower << 3)), 1);
  const newest = v128.load64_lane(values + (lastNext << 3), v128.load64_zero(values + (last << 3)), 1);
  const result = f64x2.sub(newest, begin);
  if (counter != 0) {
    const zero = f64x2.splat(0);
    const reach = f64x2.mul(v128.load(zeroRatios + (step << 3)), result);
    const rises = v128.and(f64x2.gt(result, zero), f64x2.ge(begin, zero));
    if (v128.any_true(v128.and(rises, f64x2.le(begin, reach)))) return false;
  }
  v128.store(out + (step << 3), f64x2.mul(result, v128.load(factors + (step << 3))));
  return true;
}

/**
 * Writes the newest value of each step's lookback, (time - lookback, time] with time = start + step * stride, and 1 to `kinds`; 0
 * where there is none or where it is a stale marker. Returns how many steps have a value.
 */
export function lastSamples(
  times: usize,
  values: usize,
  count: u32,
  start: f64,
  stride: f64,
  lookback: f64,
  steps: u32,
  out: usize,
  kinds: usize,
): u32 {
  let points: u32 = 0;
  // The samples up to the step's time are those before this address.
  let next = times;
  const end = times + (<usize>count << 3);
  for (let step: u32 = 0; step < steps; step++) {
    const time = start + <f64>step * stride;
    while (next < end && load<f64>(next) <= time) next += 8;
    let kind: u32 = 0;
    if (next != times && load<f64>(next - 8) > time - lookback) {
      const bits = load<u64>(values + (next - times) - 8);
      kind = <u32>(bits != staleBits);
      store<u64>(out + (step << 3), bits);
    }
    store<u8>(kinds + step, <u8>kind);
    points += kind;
  }
  return points;
}

/**
 * Adds a row of `steps` values to sums with what rounding lost of them (Neumaier, see the engine's windows/sum.ts).
 */
export function addRow(sums: usize, lost: usize, values: usize, steps: u32): void {
  const bytes: usize = <usize>steps << 3;
  let at: usize = 0;
  for (; at + 8 < bytes; at += 16) {
    const value = v128.load(values + at);
    const sum = v128.load(sums + at);
    const next = f64x2.add(sum, value);
    const rounded = f64x2.sub(next, sum);
    const error = f64x2.add(f64x2.sub(sum, f64x2.sub(next, rounded)), f64x2.sub(value, rounded));
    v128.store(lost + at, f64x2.add(v128.load(lost + at), error));
    v128.store(sums + at, next);
  }
  if (at < bytes) {
    const value = load<f64>(values + at);
    const sum = load<f64>(sums + at);
    const next = sum + value;
    const rounded = next - sum;
    store<f64>(lost + at, load<f64>(lost + at) + (sum - (next - rounded) + (value - rounded)));
    store<f64>(sums + at, next);
  }
}

/** As addRow, where no value is larger than `bound`; else nothing is added. Returns whether it was. */
export function addBoundedRow(sums: usize, lost: usize, values: usize, steps: u32, bound: f64): i32 {
  const end = values + (<usize>steps << 3);
  const bounds = f64x2.splat(bound);
  let within = f64x2.eq(bounds, bounds);
  let at = values;
  for (; at + 8 < end; at += 16) within = v128.and(within, f64x2.le(f64x2.abs(v128.load(at)), bounds));
  if (at < end) within = v128.and(within, f64x2.le(f64x2.abs(v128.load64_splat(at)), bounds));
  if (!i64x2.all_true(within)) return 0;
  addRow(sums, lost, values, steps);
  return 1;
}

/** The largest of the values [from, to), at least two and none NaN, each with its sign flipped as `flip` says. Of zeros any. */
function largestOf(values: usize, from: u32, to: u32, flip: v128): f64 {
  let at = values + (<usize>from << 3);
  const end = values + (<usize>to << 3);
  // The last two, of which one may be among the others, too.
  let one = v128.xor(v128.load(end - 16), flip);
  let other = one;
  for (; at + 24 < end; at += 32) {
    one = f64x2.pmax(one, v128.xor(v128.load(at), flip));
    other = f64x2.pmax(other, v128.xor(v128.load(at, 16), flip));
  }
  for (; at + 8 < end; at += 16) one = f64x2.pmax(one, v128.xor(v128.load(at), flip));
  const both = f64x2.pmax(one, other);
  return max(f64x2.extract_lane(both, 0), f64x2.extract_lane(both, 1));
}

/** A beginning of a window is looked at by itself from so many samples on. */
const passedMin: u32 = 16;

/**
 * The largest (`largest` 1) or smallest value of each step's window, of values without NaN: of equal ones the first. The window is
 * cut at a pivot; what is older has its extremes for each of its beginnings in `suffixes`, a column as long as the values.
 */
export function extremeSteps(
  values: usize,
  first: usize,
  end: usize,
  steps: u32,
  largest: i32,
  suffixes: usize,
  out: usize,
): void {
  // The smallest are the largest of the negated.
  const sign: u64 = largest != 0 ? 0 : 0x8000000000000000;
  const flip = i64x2.splat(sign);
  let pivot: u32 = 0;
  let added: u32 = 0;
  let newer = f64x2.splat(-Infinity);
  // Bounds never fall: no window begins later.
  const keep: u32 = steps == 0 ? 0 : load<u32>(first + ((steps - 1) << 2));
  for (let step: u32 = 0; step < steps; step++) {
    const lower = load<u32>(first + (step << 2));
    const upper = load<u32>(end + (step << 2));
    if (lower == upper) continue;
    if (lower >= pivot) {
      pivot = upper;
      added = upper;
      newer = f64x2.splat(-Infinity);
      let older = newer;
      let begin = upper;
      const passed = max(lower, keep + 1);
      if (passed + passedMin < upper) {
        // Fast path; of zeros, the first decides about the sign.
        const extreme = largestOf(values, passed, upper, flip);
        if (extreme != 0) {
          older = f64x2.splat(extreme);
          begin = passed;
        }
      }
      for (let i = begin; i > lower; i--) {
        const value = v128.xor(v128.load64_splat(values + ((i - 1) << 3)), flip);
        older = i == upper ? value : f64x2.pmax(value, older);
        v128.store64_lane(suffixes + ((i - 1) << 3), older, 0);
      }
    }
    if (added < upper) {
      if (added == pivot) {
        newer = v128.xor(v128.load64_splat(values + (added << 3)), flip);
        added++;
      }
      for (; added < upper; added++) {
        newer = f64x2.pmax(newer, v128.xor(v128.load64_splat(values + (added << 3)), flip));
      }
    }
    let extreme = v128.load64_splat(suffixes + (lower << 3));
    if (added > pivot) extreme = f64x2.pmax(extreme, newer);
    v128.store64_lane(out + (step << 3), v128.xor(extreme, flip), 0);
  }
}

/**
 * The sum (`mean` 0) or mean of each step's window by compensated sums, as the engine's windows/sum.ts has them: with `suffixes`, two
 * columns as long as the values, by two stacks; where that is 0, window by window. Returns 0 where some sum is not finite: then
 * none of it is to be used.
 */
export function sumSteps(
  values: usize,
  first: usize,
  end: usize,
  steps: u32,
  mean: i32,
  suffixes: usize,
  lostSuffixes: usize,
  out: usize,
): i32 {
  let pivot: u32 = 0;
  let added: u32 = 0;
  let sum: f64 = 0;
  let lost: f64 = 0;
  let finite: f64 = 0;
  // Bounds never fall: nothing is asked of what is summed up from later samples on.
  const keep: u32 = steps == 0 ? 0 : load<u32>(first + ((steps - 1) << 2));
  for (let step: u32 = 0; step < steps; step++) {
    const lower = load<u32>(first + (step << 2));
    const upper = load<u32>(end + (step << 2));
    if (lower == upper) continue;
    let total: f64;
    let rest: f64;
    if (suffixes == 0) {
      // A mean begins with its first value, a sum with 0: that shows where all are -0.
      total = mean != 0 ? load<f64>(values + (lower << 3)) : 0;
      rest = 0;
      for (let i = mean != 0 ? lower + 1 : lower; i < upper; i++) {
        const value = load<f64>(values + (i << 3));
        const next = total + value;
        const rounded = next - total;
        rest += total - (next - rounded) + (value - rounded);
        total = next;
      }
    } else {
      if (lower >= pivot) {
        pivot = upper;
        added = upper;
        sum = 0;
        lost = 0;
        let older: f64 = 0;
        let olderLost: f64 = 0;
        for (let i = upper; i > lower; i--) {
          const value = load<f64>(values + ((i - 1) << 3));
          const next = older + value;
          const rounded = next - older;
          olderLost += older - (next - rounded) + (value - rounded);
          older = next;
          if (i > keep + 1) continue;
          store<f64>(suffixes + ((i - 1) << 3), older);
          store<f64>(lostSuffixes + ((i - 1) << 3), olderLost);
        }
      }
      for (; added < upper; added++) {
        const value = load<f64>(values + (added << 3));
        const next = sum + value;
        const rounded = next - sum;
        lost += sum - (next - rounded) + (value - rounded);
        sum = next;
      }
      const older = load<f64>(suffixes + (lower << 3));
      total = older + sum;
      const rounded = total - older;
      rest = load<f64>(lostSuffixes + (lower << 3)) + lost + (older - (total - rounded) + (sum - rounded));
    }
    // 0 as long as all are finite, then NaN.
    finite += total - total;
    const count = <f64>(upper - lower);
    store<f64>(out + (step << 3), mean != 0 ? total / count + rest / count : total + rest);
  }
  return <i32>(finite == 0);
}

/** What rounding took from the product of two numbers (Dekker), as the engine's windows/variance.ts has it. */
// @ts-ignore: decorator
@inline
export function productError(a: f64, b: f64, product: f64): f64 {
  const aScaled = a * 134217729;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = b * 134217729;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** The same of two products at once. */
// @ts-ignore: decorator
@inline
function productErrors(a: v128, b: v128, product: v128): v128 {
  const factor = f64x2.splat(134217729);
  const aScaled = f64x2.mul(a, factor);
  const aHigh = f64x2.sub(aScaled, f64x2.sub(aScaled, a));
  const aLow = f64x2.sub(a, aHigh);
  const bScaled = f64x2.mul(b, factor);
  const bHigh = f64x2.sub(bScaled, f64x2.sub(bScaled, b));
  const bLow = f64x2.sub(b, bHigh);
  const rest = f64x2.sub(f64x2.sub(product, f64x2.mul(aHigh, bHigh)), f64x2.mul(aLow, bHigh));
  return f64x2.sub(f64x2.mul(aLow, bLow), f64x2.sub(rest, f64x2.mul(aHigh, bLow)));
}

/** What rounding takes from a sum whose result is `sum`. */
// @ts-ignore: decorator
@inline
function sumError(a: f64, b: f64, sum: f64): f64 {
  const rounded = sum - a;
  return a - (sum - rounded) + (b - rounded);
}

/** Σxy - Σx·Σy/n, with Σx exact and the others as what they are and what rounding took from them. */
// @ts-ignore: decorator
@inline
function scaledCovariance(count: f64, x: f64, y: f64, yLow: f64, xy: f64, xyLow: f64): f64 {
  const product = x * y;
  const productLow = productError(x, y, product) + x * yLow;
  const quotient = product / count;
  const back = quotient * count;
  const quotientLow = (product - back - productError(quotient, count, back) + productLow) / count;
  return xy - quotient + (xyLow - quotientLow);
}

/**
 * The slope of a line through each step's window of at least two samples, per second, or with `ahead`, a column of seconds, where
 * that line is so long after the step's own time, startMs + step * stepMs. `suffixes` is scratch space for seven numbers a
 * sample. Returns 0 where something is not finite: then none of it is to be used.
 */
export function regressSteps(
  times: usize,
  values: usize,
  first: usize,
  end: usize,
  steps: u32,
  ahead: usize,
  startMs: f64,
  stepMs: f64,
  suffixes: usize,
  out: usize,
): i32 {
  let pivot: u32 = 0;
  let added: u32 = 0;
  let referenceMs: f64 = 0;
  let reference: f64 = 0;
  let sumX: f64 = 0;
  let sumY: f64 = 0;
  let lostY: f64 = 0;
  // Of x * y and of x * x.
  let sums = f64x2.splat(0);
  let lost = f64x2.splat(0);
  // Bounds never fall: nothing is asked of what is summed up from later samples on.
  const keep: u32 = steps == 0 ? 0 : load<u32>(first + ((steps - 1) << 2));
  let finite: f64 = 0;
  // The last sample before `seen` whose value is not that of the one before it.
  let changed: u32 = 0;
  let seen: u32 = 1;
  for (let step: u32 = 0; step < steps; step++) {
    const lower = load<u32>(first + (step << 2));
    const upper = load<u32>(end + (step << 2));
    if (lower == upper) continue;
    for (; seen < upper; seen++) {
      const at = values + (seen << 3);
      if (load<f64>(at) != load<f64>(at - 8)) changed = seen;
    }
    let begin = added;
    const anew = lower >= pivot;
    if (anew) {
      referenceMs = load<f64>(times + (lower << 3));
      reference = load<f64>(values + (((lower + upper) >> 1) << 3));
      sumX = sumY = lostY = 0;
      sums = lost = f64x2.splat(0);
      begin = 0;
    }
    // Anew, from the newest sample to the oldest; else those that have come.
    const count: u32 = anew ? upper - lower : upper - begin;
    for (let i: u32 = 0; i < count; i++) {
      const at: usize = (anew ? upper - 1 - i : begin + i) << 3;
      const x = load<f64>(times + at) - referenceMs;
      const y = load<f64>(values + at) - reference;
      sumX += x;
      const next = sumY + y;
      lostY += sumError(sumY, y, next);
      sumY = next;
      const left = f64x2.splat(x);
      const right = f64x2.replace_lane(left, 0, y);
      const products = f64x2.mul(left, right);
      const nexts = f64x2.add(sums, products);
      const rounded = f64x2.sub(nexts, sums);
      const errors = f64x2.add(f64x2.sub(sums, f64x2.sub(nexts, rounded)), f64x2.sub(products, rounded));
      lost = f64x2.add(f64x2.add(lost, errors), productErrors(left, right, products));
      sums = nexts;
      if (anew && at >> 3 <= <usize>keep) {
        const to = suffixes + 7 * at;
        store<f64>(to, sumX);
        store<f64>(to, sumY, 8);
        v128.store(to, sums, 16);
        store<f64>(to, lostY, 32);
        v128.store(to, lost, 40);
      }
    }
    added = upper;
    if (anew) {
      pivot = upper;
      sumX = sumY = lostY = 0;
      sums = lost = f64x2.splat(0);
    }
    if (upper - lower < 2) continue;
    const samples = <f64>(upper - lower);
    const distance = ahead == 0 ? 0 : load<f64>(ahead + (step << 3));
    let result: f64;
    if (changed <= lower) {
      const value = load<f64>(values + (lower << 3));
      finite += value - value;
      result = ahead == 0 ? 0 : 0 * distance + value;
    } else {
      const older = suffixes + 7 * (<usize>lower << 3);
      const x = load<f64>(older) + sumX;
      const olderY = load<f64>(older, 8);
      const olderXY = load<f64>(older, 16);
      const olderXX = load<f64>(older, 24);
      const y = olderY + sumY;
      const sumXY = f64x2.extract_lane(sums, 0);
      const sumXX = f64x2.extract_lane(sums, 1);
      const xy = olderXY + sumXY;
      const xx = olderXX + sumXX;
      const yLow = load<f64>(older, 32) + lostY + sumError(olderY, sumY, y);
      const xyLow = load<f64>(older, 40) + f64x2.extract_lane(lost, 0) + sumError(olderXY, sumXY, xy);
      const xxLow = load<f64>(older, 48) + f64x2.extract_lane(lost, 1) + sumError(olderXX, sumXX, xx);
      const slope =
        scaledCovariance(samples, x, y, yLow, xy, xyLow) / scaledCovariance(samples, x, x, 0, xx, xxLow);
      const perSecond = slope * 1000;
      result = perSecond;
      if (ahead != 0) {
        const stepTime = startMs + <f64>step * stepMs;
        const seconds = (referenceMs - stepTime) / 1000 + x / samples / 1000;
        const mean = olderY + sumY + (load<f64>(older, 32) + lostY);
        result = perSecond * distance + (reference + mean / samples - perSecond * seconds);
      }
      finite += result - result;
    }
    store<f64>(out + (step << 3), result);
  }
  return <i32>(finite == 0);
}
