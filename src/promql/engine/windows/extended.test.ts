import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../../base/random.ts';
import {CountEvents} from './count.ts';
import {ExtendedRate, extensionOf, narrow, type Extension} from './extended.ts';
import {Windows, type WindowFunction} from './window.ts';

interface Sample {
  time: number;
  value: number;
}

interface Times {
  beginMs: number;
  endMs: number;
  rangeMs: number;
}

/** The samples of a window and around it that count, oldest first; null where nothing can be measured. */
type Definition = (samples: Sample[], times: Times, kind: Extension['kind']) => number | null;

/** The values within a range with those at its bounds, by the definition of the modifier. */
function valuesWithin(
  samples: Sample[],
  {beginMs, endMs}: Times,
  options: {kind: Extension['kind']; counter: boolean},
): number[] | null {
  const smoothed = options.kind === 'smoothed';
  const before = samples.findLast(({time}) => time <= beginMs);
  const after = samples.find(({time}) => time >= endMs);
  const inner = samples.filter(({time}) => time > beginMs && time < endMs);
  const between = (left: Sample, right: Sample, time: number): number => {
    const from = options.counter && right.value < left.value ? 0 : left.value;
    return from + ((right.value - from) * (time - left.time)) / (right.time - left.time);
  };
  const values = inner.map(({value}) => value);
  if (!smoothed) {
    if (after?.time === endMs) values.push(after.value);
    if (values.length === 0) return null;
    return before === undefined ? values : [before.value, ...values];
  }
  if (inner.length === 0 && after === undefined) return null;
  if (inner.length === 0 && before === undefined && after!.time > endMs) return null;
  if (before !== undefined) {
    values.unshift(before.time === beginMs ? before.value : between(before, inner[0] ?? after!, beginMs));
  }
  if (after !== undefined) {
    const last = inner.at(-1) ?? before;
    values.push(after.time === endMs ? after.value : between(last!, after, endMs));
  }
  return values;
}

const difference: (counter: boolean) => Definition = (counter) => (samples, times, kind) => {
  const values = valuesWithin(samples, times, {kind, counter});
  if (values === null) return null;
  let sum = 0;
  for (let i = 1; i < values.length; i++) {
    const reset = counter && values[i]! < values[i - 1]!;
    sum += reset ? values[i]! : values[i]! - values[i - 1]!;
  }
  return sum;
};

function randomSamples(random: Random): Sample[] {
  const samples: Sample[] = [];
  let time = random.below(20);
  let value = random.below(10);
  for (let i = random.below(60); i > 0; i--) {
    samples.push({time, value});
    // Gaps are often whole tens, so that samples fall on the bounds of windows.
    time += random.below(4) === 0 ? 1 + random.below(60) : 10;
    value = random.below(6) === 0 ? random.below(5) : value + random.below(8);
  }
  return samples;
}

function compare(kind: Extension['kind'], make: () => WindowFunction, definition: Definition): void {
  let results = 0;
  for (let seed = 0; seed < 400; seed++) {
    const random = new Random(seed);
    const samples = randomSamples(random);
    const lookbackMs = random.pick([1, 25, 100]);
    const extension = extensionOf(
      {anchored: kind === 'anchored', smoothed: kind === 'smoothed'},
      lookbackMs,
    )!;
    const grid = {startMs: random.below(100) - 50, stepMs: random.pick([1, 5, 10, 37]), count: 40};
    const rangeMs = random.pick([1, 10, 30, 33, 200]);
    const windows = new Windows(grid.count);
    windows.slide(
      {
        times: Float64Array.from(samples, ({time}) => time),
        values: Float64Array.from(samples, ({value}) => value),
        length: samples.length,
      },
      {grid, rangeMs, offsetMs: 0, fixedTimeMs: null, extension},
    );
    narrow(windows, kind === 'smoothed');
    const out = new Float64Array(grid.count);
    make().compute(windows, out);
    for (let step = 0; step < grid.count; step++) {
      const endMs = grid.startMs + step * grid.stepMs;
      const beginMs = endMs - rangeMs;
      const near = samples.filter(
        ({time}) => time > beginMs - extension.beforeMs && time <= endMs + extension.afterMs,
      );
      const expected = definition(near, {beginMs, endMs, rangeMs}, kind);
      const got = windows.end[step]! > windows.first[step]! ? out[step]! : null;
      const message = `seed ${seed} step ${step}: expected ${expected}, got ${got}`;
      if (expected === null || got === null) assert.equal(got, expected, message);
      else assert.ok(Math.abs(expected - got) <= 1e-12 * Math.max(1, Math.abs(expected)), message);
      if (got !== null) results++;
    }
  }
  assert.ok(results > 2000, `only ${results} windows have a result`);
}

for (const kind of ['anchored', 'smoothed'] as const) {
  test(`${kind} increase, rate and delta measure from bound to bound`, () => {
    compare(kind, () => new ExtendedRate('increase', kind), difference(true));
    compare(kind, () => new ExtendedRate('delta', kind), difference(false));
    compare(
      kind,
      () => new ExtendedRate('rate', kind),
      (samples, times) => {
        const increase = difference(true)(samples, times, kind);
        return increase === null ? null : increase / (times.rangeMs / 1000);
      },
    );
  });
}

test('anchored resets and changes count from the last sample before the range', () => {
  const count =
    (isEvent: (value: number, previous: number) => boolean): Definition =>
    (samples, times, kind) => {
      const values = valuesWithin(samples, times, {kind, counter: false});
      if (values === null) return null;
      return values.filter((value, i) => i > 0 && isEvent(value, values[i - 1]!)).length;
    };
  compare(
    'anchored',
    () => new CountEvents('reset'),
    count((value, previous) => value < previous),
  );
  compare(
    'anchored',
    () => new CountEvents('change'),
    count((value, previous) => value !== previous),
  );
});
