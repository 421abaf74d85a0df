import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../../base/random.ts';
import {SizeClassArena} from '../../../kernels/arena.ts';
import {columnFlags, scanColumns} from '../../../kernels/columns.ts';
import {loadKernels} from '../../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../../kernels/memory.ts';
import {Workspace} from '../../../kernels/workspace.ts';
import {
  countEvents,
  extrapolated,
  extreme,
  fit,
  irate,
  isChange,
  isReset,
  medianDeviation,
  quantile,
  sum,
  valuesOf,
  variance,
  type Sample,
  type WindowTimes,
} from '../testing/definitions.ts';
import {CountEvents, CountOverTime, PickOverTime} from './count.ts';
import {ExtremeOverTime} from './extreme.ts';
import {MadOverTime, QuantileOverTime} from './quantile.ts';
import {ExtrapolatedRate, InstantRate} from './rate.ts';
import {Regression} from './regression.ts';
import {DoubleExponentialSmoothing} from './smoothing.ts';
import {AvgOverTime, SumOverTime} from './sum.ts';
import {VarianceOverTime} from './variance.ts';
import {Windows, type WindowFunction} from './window.ts';

interface Case {
  samples: Sample[];
  startMs: number;
  stepMs: number;
  steps: number;
  rangeMs: number;
  offsetMs: number;
}

/** Values of all kinds: counters with resets, gauges, constants, now and then NaN and infinities. */
function randomCase(random: Random, special: boolean): Case {
  const count = random.below(400);
  const gapMs = random.pick([1, 1000, 15_000]);
  const kind = random.pick(['counter', 'gauge', 'constant', 'steps', 'huge']);
  const samples: Sample[] = [];
  let time = random.below(100_000) - 50_000;
  const startMs = time - random.below(20 * gapMs) + random.below(100 * gapMs);
  let value = random.below(1000);
  for (let i = 0; i < count; i++) {
    time += 1 + random.below(2 * gapMs) + (random.below(30) === 0 ? 20 * gapMs : 0);
    if (kind === 'counter') value = random.below(40) === 0 ? random.float() : value + random.float() * 10;
    else if (kind === 'gauge') value = (random.float() - 0.5) * 1000;
    else if (kind === 'steps') value = random.below(20) === 0 ? random.below(5) : value;
    else if (kind === 'huge') value = (random.float() - 0.5) * 10 ** random.below(30);
    const odd = special && random.below(25) === 0;
    samples.push({time, value: odd ? random.pick([NaN, Infinity, -Infinity, -0]) : value});
  }
  return {
    samples,
    startMs,
    stepMs: 1 + random.below(random.pick([1, 3, 10]) * gapMs),
    steps: 1 + random.below(120),
    rangeMs: 1 + random.below(random.pick([3, 50, 300]) * gapMs),
    offsetMs: random.below(3) === 0 ? random.below(20 * gapMs) : 0,
  };
}

/** The same with samples at one distance. */
function regular(testCase: Case): Case {
  const first = testCase.samples[0]?.time ?? 0;
  const last = testCase.samples.at(-1)?.time ?? 0;
  const gapMs = Math.max(1, Math.floor((last - first) / testCase.samples.length));
  const samples = testCase.samples.map(({value}, i) => ({time: first + i * gapMs, value}));
  return {...testCase, samples};
}

const memory = LinearMemory.reserve(16 * 2 ** 20);
const workspace = new Workspace({
  memory,
  kernels: loadKernels(memory),
  arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
});

/** With `linear`, kernels find the columns. */
function windowsOf(
  {samples, startMs, stepMs, steps, rangeMs, offsetMs}: Case,
  linear: Workspace | null = null,
): Windows {
  const windows = new Windows(steps, linear);
  const length = samples.length;
  const times = linear?.floats(length) ?? new Float64Array(length);
  const values = linear?.floats(length) ?? new Float64Array(length);
  for (const [i, {time, value}] of samples.entries()) {
    times[i] = time;
    values[i] = value;
  }
  const flags = scanColumns(times, values, length);
  windows.slide(
    {
      times,
      values,
      length,
      intervalMs: (flags & columnFlags.regular) === 0 ? 0 : times[1]! - times[0]!,
      neverNaN: (flags & columnFlags.nan) === 0,
      neverFalls: (flags & (columnFlags.falls | columnFlags.nan)) === 0,
    },
    {grid: {startMs, stepMs, count: steps}, rangeMs, offsetMs, fixedTimeMs: null},
  );
  return windows;
}

/** What a function must answer for one window, by its definition; null = nothing. */
type Definition = (window: Sample[], times: WindowTimes) => number | null;

/** How far apart two numbers are, relative to the larger; 0 where they are the same or both NaN. */
function difference(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  if (actual !== actual && expected !== expected) return 0;
  const distance = Math.abs(actual - expected) / Math.max(Math.abs(actual), Math.abs(expected));
  return distance === distance ? distance : Infinity;
}

function compare(
  make: (testCase: Case) => WindowFunction,
  definition: Definition,
  options: {tolerance?: (window: Sample[]) => number; special?: boolean; rounds?: number} = {},
): void {
  const rounds = options.rounds ?? 150;
  let slid = 0;
  for (let seed = 0; seed < rounds; seed++) {
    const irregular = randomCase(new Random(seed), options.special ?? true);
    const testCase = seed % 3 === 0 ? regular(irregular) : irregular;
    const linear = seed % 2 === 1 ? workspace : null;
    const windows = windowsOf(testCase, linear);
    if (!windows.overlapsLittle) slid++;
    const compute = make(testCase);
    // Floats of series with histograms come in columns that kernels do not know of, and others after them.
    if (seed % 4 === 1) compute.compute(windowsOf(testCase), new Float64Array(testCase.steps));
    const out = (linear?.floats(testCase.steps) ?? new Float64Array(testCase.steps)).fill(12345);
    const lengths = Array.from(windows.end).map((end, step) => end - windows.first[step]!);
    compute.compute(windows, out);
    for (let step = 0; step < testCase.steps; step++) {
      const stepTimeMs = testCase.startMs + step * testCase.stepMs;
      const endMs = stepTimeMs - testCase.offsetMs;
      const window = testCase.samples.filter(({time}) => time > endMs - testCase.rangeMs && time <= endMs);
      assert.equal(lengths[step], window.length, `seed ${seed} step ${step}`);
      if (window.length < compute.samplesMin) continue;
      const expected = definition(window, {endMs, rangeMs: testCase.rangeMs, stepTimeMs});
      if (expected === null) {
        assert.equal(windows.end[step], windows.first[step], `seed ${seed} step ${step} has no result`);
        continue;
      }
      const tolerance = options.tolerance?.(window) ?? 0;
      assert.ok(
        difference(out[step]!, expected) <= tolerance,
        `seed ${seed} step ${step}: expected ${expected}, got ${out[step]} for ${window.map(({value}) => value).join(' ')}`,
      );
    }
    workspace.free();
  }
  assert.ok(slid > rounds / 5 && slid < (4 * rounds) / 5, `${slid} of ${rounds} cases have long windows`);
}

/** Sums of numbers that cancel each other differ by what was lost of the largest of them. */
function sumTolerance(window: Sample[]): number {
  const total = Math.abs(sum(valuesOf(window)));
  const largest = sum(valuesOf(window).map(Math.abs));
  return largest === 0 || largest - largest !== 0 ? 0 : (1e-15 * largest) / (total || largest * 1e-15);
}

test('count_over_time, first_over_time and last_over_time are exact', () => {
  compare(
    () => new CountOverTime(),
    (window) => window.length,
  );
  compare(
    () => new PickOverTime('first', 'value'),
    (window) => window[0]!.value,
  );
  compare(
    () => new PickOverTime('last', 'value'),
    (window) => window.at(-1)!.value,
  );
  compare(
    () => new PickOverTime('first', 'time'),
    (window) => window[0]!.time / 1000,
  );
  compare(
    () => new PickOverTime('last', 'time'),
    (window) => window.at(-1)!.time / 1000,
  );
});

test('sum_over_time is a compensated sum in any window', () => {
  compare(
    () => new SumOverTime(),
    (window) => sum(valuesOf(window)),
    {tolerance: sumTolerance},
  );
});

test('sum_over_time forgets what has left the window', () => {
  const values = [1e100, 1, -1e100, 2, Infinity, 3, NaN, 4, 5, 6, 7, 8, 9, 10];
  const windows = new Windows(60);
  windows.slide(
    {
      times: Float64Array.from(values, (_, index) => 10 * index),
      values: Float64Array.from(values),
      length: values.length,
    },
    {grid: {startMs: 0, stepMs: 3, count: 60}, rangeMs: 60, offsetMs: 0, fixedTimeMs: null},
  );
  const out = new Float64Array(60);
  new SumOverTime().compute(windows, out);
  assert.equal(windows.overlapsLittle, false);
  assert.equal(out[3], 1e100); // at 9: 1e100
  assert.equal(out[7], 1); // at 21: 1e100 + 1 - 1e100
  assert.equal(out[14], Infinity); // at 42
  assert.ok(Number.isNaN(out[20]));
  assert.equal(out[43], 4 + 5 + 6 + 7 + 8 + 9); // at 129: (69, 129]
});

test('avg_over_time divides a compensated sum, or averages step by step where that overflows', () => {
  compare(
    () => new AvgOverTime(),
    (window) => {
      const values = valuesOf(window);
      const total = sum(values);
      return total / values.length;
    },
    {tolerance: (window) => sumTolerance(window) + 4e-16},
  );
  const out = new Float64Array(1);
  const windows = new Windows(1);
  const slide = (values: number[]): number => {
    windows.slide(
      {
        times: Float64Array.from(values, (_, index) => index),
        values: Float64Array.from(values),
        length: values.length,
      },
      {grid: {startMs: 100, stepMs: 1, count: 1}, rangeMs: 1000, offsetMs: 0, fixedTimeMs: null},
    );
    new AvgOverTime().compute(windows, out);
    return out[0]!;
  };
  assert.equal(slide([1e308, 1e308, 1e308]), 1e308);
  assert.equal(slide([-1e308, -1e308, 1e308]), -1e308 / 3);
  assert.equal(slide([Infinity, -1]), Infinity);
  assert.ok(Number.isNaN(slide([Infinity, -Infinity])));
});

test('min_over_time and max_over_time take NaN only where there is nothing else', () => {
  compare(
    () => new ExtremeOverTime('max', 'value'),
    (window) => extreme(valuesOf(window), (a, b) => a > b),
  );
  compare(
    () => new ExtremeOverTime('min', 'value'),
    (window) => extreme(valuesOf(window), (a, b) => a < b),
  );
});

test('ts_of_min_over_time and ts_of_max_over_time find the latest extreme', () => {
  const time =
    (better: (a: number, b: number) => boolean) =>
    (window: Sample[]): number => {
      let best = window[0]!;
      for (const each of window) if (better(each.value, best.value) || best.value !== best.value) best = each;
      return best.time / 1000;
    };
  compare(
    () => new ExtremeOverTime('max', 'time'),
    time((a, b) => a >= b),
  );
  compare(
    () => new ExtremeOverTime('min', 'time'),
    time((a, b) => a <= b),
  );
});

test('changes and resets count what happens between neighbours', () => {
  compare(
    () => new CountEvents('change'),
    (window) => countEvents(valuesOf(window), isChange),
  );
  compare(
    () => new CountEvents('reset'),
    (window) => countEvents(valuesOf(window), isReset),
  );
});

test('quantile_over_time interpolates between the nearest ranks, NaN smallest', () => {
  for (const q of [0, 0.1, 0.5, 0.99, 1, -1, 2, NaN]) {
    compare(
      ({steps}) => new QuantileOverTime(new Float64Array(steps).fill(q)),
      (window) => quantile(q, valuesOf(window)),
      {rounds: 60},
    );
  }
});

test('quantile_over_time takes quantiles that differ from step to step', () => {
  const quantiles = [0.9, 0, 0.25, 1, NaN, 0.999, 0.5, -0.1, 1.5];
  const at = (timeMs: number): number => quantiles[Math.abs(timeMs) % quantiles.length]!;
  compare(
    ({steps, startMs, stepMs}) =>
      new QuantileOverTime(Float64Array.from({length: steps}, (_, step) => at(startMs + step * stepMs))),
    (window, {stepTimeMs}) => quantile(at(stepTimeMs), valuesOf(window)),
    {special: false},
  );
});

test('quantile_over_time is exact where values are close to each other but for some', () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const far = random.pick([0, -1e-9, 1e300, -1e18, Infinity, -Infinity]);
    const samples = Array.from({length: 200 + random.below(200)}, (_, i) => ({
      time: i * 1000,
      value: random.below(50) === 0 ? far : 1e9 + random.below(1000) / 8 + (seed % 2) * random.float(),
    }));
    const testCase = {samples, startMs: 0, stepMs: 7000, steps: 60, rangeMs: 150_000, offsetMs: 0};
    const windows = windowsOf(testCase, workspace);
    const out = workspace.floats(testCase.steps);
    const q = random.pick([0, 0.3, 0.9, 1]);
    new QuantileOverTime(new Float64Array(testCase.steps).fill(q)).compute(windows, out);
    for (let step = 0; step < testCase.steps; step++) {
      const window = samples.slice(windows.first[step], windows.end[step]);
      if (window.length === 0) continue;
      const expected = quantile(q, valuesOf(window));
      assert.equal(difference(out[step]!, expected), 0, `seed ${seed} step ${step}`);
    }
    workspace.free();
  }
});

test('of long windows that begin near each other kernels say what loops say, to the last bit', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const value = random.pick([
      (): number => random.pick([0, -0, -1]),
      (): number => random.pick([0, -0, 1]),
      (): number => random.below(4) - 2,
      (): number => 7,
      (): number => random.float() * 1e6 - 3e5,
      (): number => (random.below(200) === 0 ? random.pick([Infinity, 1e300, NaN]) : random.float()),
    ]);
    const samples = Array.from({length: 150 + random.below(100)}, (_, i) => ({
      time: i * 1000,
      value: value(),
    }));
    const testCase = {samples, startMs: 100_000, stepMs: 3000, steps: 20, rangeMs: 140_000, offsetMs: 0};
    const makers: (() => WindowFunction)[] = [
      () => new ExtremeOverTime('max', 'value'),
      () => new ExtremeOverTime('min', 'value'),
      () => new VarianceOverTime('variance'),
      () => new VarianceOverTime('deviation'),
      () => new CountEvents('change'),
      () => new CountEvents('reset'),
    ];
    for (const [i, make] of makers.entries()) {
      const out = workspace.floats(testCase.steps);
      make().compute(windowsOf(testCase, workspace), out);
      const expected = new Float64Array(testCase.steps);
      make().compute(windowsOf(testCase), expected);
      assert.deepEqual([...out], [...expected], `seed ${seed}, function ${i}`);
    }
    workspace.free();
  }
});

test('rate, increase and delta go from columns of their own to those of kernels, and back', () => {
  for (const kind of ['rate', 'increase', 'delta'] as const) {
    for (let seed = 0; seed < 20; seed++) {
      const testCase = {...regular(randomCase(new Random(seed), false)), steps: 40};
      const alternating = new ExtrapolatedRate(kind);
      for (const linear of [null, workspace, null, workspace]) {
        const windows = windowsOf(testCase, linear);
        const out = linear?.floats(testCase.steps) ?? new Float64Array(testCase.steps);
        alternating.compute(windows, out);
        const expected = new Float64Array(testCase.steps);
        new ExtrapolatedRate(kind).compute(windowsOf(testCase), expected);
        assert.deepEqual([...out], [...expected], `${kind}, seed ${seed}`);
      }
      workspace.free();
    }
  }
});

test('mad_over_time is the median distance from the median', () => {
  compare(
    () => new MadOverTime(),
    (window) => medianDeviation(valuesOf(window)),
  );
});

test('stdvar_over_time and stddev_over_time are those of the population', () => {
  const options = {tolerance: () => 1e-11, rounds: 200};
  compare(
    () => new VarianceOverTime('variance'),
    (window) => variance(valuesOf(window)),
    options,
  );
  compare(
    () => new VarianceOverTime('deviation'),
    (window) => Math.sqrt(variance(valuesOf(window))),
    options,
  );
});

test('stdvar_over_time keeps small variances beside large means', () => {
  const random = new Random(7);
  const values = Array.from({length: 500}, () => 1e9 + random.below(100));
  const windows = new Windows(100);
  windows.slide(
    {
      times: Float64Array.from(values, (_, index) => index),
      values: Float64Array.from(values),
      length: values.length,
    },
    {grid: {startMs: 399, stepMs: 1, count: 100}, rangeMs: 300, offsetMs: 0, fixedTimeMs: null},
  );
  const out = new Float64Array(100);
  new VarianceOverTime('variance').compute(windows, out);
  for (let step = 0; step < 100; step++) {
    const window = values.slice(100 + step, 400 + step).map((value) => value - 1e9);
    assert.ok(difference(out[step]!, variance(window)) < 1e-14, `step ${step}`);
  }
});

const rate =
  (kind: 'rate' | 'increase' | 'delta'): Definition =>
  (window, times) =>
    extrapolated(window, times, kind);

test('rate, increase and delta extrapolate to the bounds of the window, to the last bit but for many resets', () => {
  const resetsIn = (window: Sample[]): number =>
    window.filter(({value}, index) => index > 0 && value < window[index - 1]!.value).length;
  const tolerance = (window: Sample[]): number => (resetsIn(window) > 16 ? 1e-11 : 0);
  compare(() => new ExtrapolatedRate('rate'), rate('rate'), {tolerance, rounds: 300});
  compare(() => new ExtrapolatedRate('increase'), rate('increase'), {tolerance});
  compare(() => new ExtrapolatedRate('delta'), rate('delta'));
});

test('irate and idelta look at the last two samples', () => {
  compare(
    () => new InstantRate('irate'),
    (window) => irate(window),
  );
  compare(
    () => new InstantRate('idelta'),
    (window) => window.at(-1)!.value - window.at(-2)!.value,
  );
});

/** A slope near nothing has few digits: what counts is its size beside that of the values. */
function checkFit(actual: number, expected: number, scale: number, where: string): void {
  if (expected !== expected) return assert.ok(actual !== actual, where);
  assert.ok(Math.abs(actual - expected) <= 1e-10 * scale, `${where}: expected ${expected}, got ${actual}`);
}

test('deriv and predict_linear fit a line', () => {
  for (let seed = 0; seed < 200; seed++) {
    const testCase = randomCase(new Random(seed), seed % 4 === 0);
    const linear = seed % 2 === 1 ? workspace : null;
    const windows = windowsOf(testCase, linear);
    const {startMs, stepMs, steps, offsetMs, rangeMs} = testCase;
    const slopes = linear?.floats(steps) ?? new Float64Array(steps);
    const predictions = linear?.floats(steps) ?? new Float64Array(steps);
    new Regression(null).compute(windows, slopes);
    new Regression({ahead: new Float64Array(steps).fill(60), startMs, stepMs}).compute(windows, predictions);
    for (let step = 0; step < steps; step++) {
      const window = testCase.samples.slice(windows.first[step], windows.end[step]);
      if (window.length < 2) continue;
      const stepTimeMs = startMs + step * stepMs;
      const {slope, intercept} = fit(window, stepTimeMs);
      const spread = Math.max(...valuesOf(window).map(Math.abs));
      const seconds = (window.at(-1)!.time - window[0]!.time) / 1000;
      const reach = 60 + (offsetMs + rangeMs) / 1000;
      const where = `seed ${seed} step ${step}`;
      checkFit(slopes[step]!, slope, spread / seconds, `${where} slope`);
      checkFit(
        predictions[step]!,
        slope * 60 + intercept,
        // Far from the samples, the plain formula, which Prometheus uses, loses digits with the square of the distance.
        spread * (1 + reach / seconds + 1e-4 * (reach / seconds) ** 3),
        `${where} prediction`,
      );
    }
  }
});

test('double_exponential_smoothing carries value and trend along', () => {
  compare(
    ({steps}) =>
      new DoubleExponentialSmoothing(new Float64Array(steps).fill(0.3), new Float64Array(steps).fill(0.6)),
    (window) => {
      if (window.length < 2) return null;
      let [s0, s1, trend] = [0, window[0]!.value, window[1]!.value - window[0]!.value];
      for (let i = 1; i < window.length; i++) {
        if (i > 1) trend = 0.6 * (s1 - s0) + (1 - 0.6) * trend;
        [s0, s1] = [s1, 0.3 * window[i]!.value + (1 - 0.3) * (s1 + trend)];
      }
      return s1;
    },
  );
});

test('Windows with a fixed time are the same at all steps', () => {
  const windows = new Windows(3);
  windows.slide(
    {times: Float64Array.of(1, 2, 3, 4), values: Float64Array.of(1, 2, 3, 4), length: 4},
    {grid: {startMs: 100, stepMs: 10, count: 3}, rangeMs: 2, offsetMs: 5, fixedTimeMs: 3},
  );
  assert.deepEqual([...windows.first], [1, 1, 1]);
  assert.deepEqual([...windows.end], [3, 3, 3]);
});
