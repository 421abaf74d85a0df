// More loops over the windows of a range function: what happens between samples, and variances.
import {productError} from './columns';

/** How many of the samples (from, to] are unlike the one before them, or less (`falls` 1). */
// @ts-ignore: decorator
@inline
function countEvents(values: usize, from: u32, to: u32, falls: i32): i64 {
  let at = values + (<usize>from << 3) + 8;
  const end = values + (<usize>to << 3) + 8;
  let counts = i64x2.splat(0);
  for (; at + 8 < end; at += 16) {
    const value = v128.load(at);
    const before = v128.load(at - 8);
    // A lane of ones is -1.
    counts = i64x2.sub(counts, falls != 0 ? f64x2.lt(value, before) : f64x2.ne(value, before));
  }
  let count = i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1);
  if (at < end) {
    const value = load<f64>(at);
    const before = load<f64>(at - 8);
    count += <i64>(falls != 0 ? value < before : value != before);
  }
  return count;
}

/** In each step's window of values without NaN, how many are unlike the one before, or less (`falls` 1). */
export function countSteps(
  values: usize,
  first: usize,
  end: usize,
  steps: u32,
  falls: i32,
  out: usize,
): void {
  // Events up to the first and to the last sample of the window, counted from the first window on.
  let lower: u32 = 0;
  let last: u32 = 0;
  let toLower: i64 = 0;
  let toLast: i64 = 0;
  let begun = false;
  for (let step: u32 = 0; step < steps; step++) {
    const nextLower = load<u32>(first + (step << 2));
    const upper = load<u32>(end + (step << 2));
    if (nextLower == upper) continue;
    if (!begun) {
      lower = last = nextLower;
      begun = true;
    }
    toLower += countEvents(values, lower, nextLower, falls);
    toLast += countEvents(values, last, upper - 1, falls);
    lower = nextLower;
    last = upper - 1;
    store<f64>(out + (step << 3), <f64>(toLast - toLower));
  }
}

/** Σd and Σd², and what rounding took from them. */
let sums: v128 = i64x2.splat(0);
let lost: v128 = i64x2.splat(0);

// @ts-ignore: decorator
@inline
function addDeviation(d: f64): void {
  const square = d * d;
  const added = f64x2.replace_lane(f64x2.splat(d), 1, square);
  const next = f64x2.add(sums, added);
  const rounded = f64x2.sub(next, sums);
  const error = f64x2.add(f64x2.sub(sums, f64x2.sub(next, rounded)), f64x2.sub(added, rounded));
  const ofSquare = f64x2.replace_lane(f64x2.splat(0), 1, productError(d, d, square));
  lost = f64x2.add(lost, f64x2.add(error, ofSquare));
  sums = next;
}

/**
 * The variance of each step's window of values without NaN, as the engine's windows/variance.ts has it. `suffixes` is scratch space for
 * four numbers a sample. Returns 0 where something is not finite: then none of it is to be used.
 */
export function varianceSteps(
  values: usize,
  first: usize,
  end: usize,
  steps: u32,
  suffixes: usize,
  out: usize,
): i32 {
  let pivot: u32 = 0;
  let added: u32 = 0;
  let reference: f64 = 0;
  sums = lost = f64x2.splat(0);
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
    if (lower >= pivot) {
      pivot = upper;
      added = upper;
      reference = load<f64>(values + (((lower + upper) >> 1) << 3));
      sums = lost = f64x2.splat(0);
      for (let i = upper; i > lower; i--) {
        addDeviation(load<f64>(values + ((i - 1) << 3)) - reference);
        if (i > keep + 1) continue;
        v128.store(suffixes + ((i - 1) << 5), sums);
        v128.store(suffixes + ((i - 1) << 5), lost, 16);
      }
      sums = lost = f64x2.splat(0);
    }
    for (; added < upper; added++) addDeviation(load<f64>(values + (added << 3)) - reference);
    let variance: f64 = 0;
    if (changed > lower) variance = varianceFrom(suffixes + (lower << 5), <f64>(upper - lower));
    finite += variance - variance;
    store<f64>(out + (step << 3), variance);
  }
  return <i32>(finite == 0);
}

/** Of the window whose older part's sums lie at `older`: (Σd² - (Σd)²/n) / n, in twice the precision. */
function varianceFrom(older: usize, count: f64): f64 {
  const a = v128.load(older);
  const high = f64x2.add(a, sums);
  const rounded = f64x2.sub(high, a);
  const error = f64x2.add(f64x2.sub(a, f64x2.sub(high, rounded)), f64x2.sub(sums, rounded));
  const low = f64x2.add(f64x2.add(v128.load(older, 16), lost), error);
  const total = f64x2.add(high, low);
  const rest = f64x2.add(f64x2.sub(high, total), low);
  const sum = f64x2.extract_lane(total, 0);
  const sumLow = f64x2.extract_lane(rest, 0);
  const square = sum * sum;
  const squareLow = productError(sum, sum, square) + 2 * sum * sumLow;
  const quotient = square / count;
  const product = quotient * count;
  const quotientLow = (square - product - productError(quotient, count, product) + squareLow) / count;
  const left = f64x2.extract_lane(total, 1) - quotient + (f64x2.extract_lane(rest, 1) - quotientLow);
  return left > 0 ? left / count : left < 0 ? 0 : left;
}
