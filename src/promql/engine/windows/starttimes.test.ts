import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../../base/random.ts';
import {extrapolated} from '../testing/definitions.ts';
import {CountEvents} from './count.ts';
import {ExtrapolatedRate, InstantRate} from './rate.ts';
import {isStartReset, overlapsSampleBefore} from './starttimes.ts';
import {Windows, type WindowFunction} from './window.ts';

interface Sample {
  time: number;
  value: number;
  start: number;
}

test('isStartReset() tells a start between two samples from all others', () => {
  function f(
    [before, startBefore]: [number, number],
    [time, start]: [number, number],
    expected: boolean,
  ): void {
    const message = `${startBefore}..${before}, ${start}..${time}`;
    assert.equal(
      isStartReset(Float64Array.of(before, time), Float64Array.of(startBefore, start), 1),
      expected,
      message,
    );
  }
  f([10, 0], [20, 0], false);
  f([10, 5], [20, 5], false);
  f([10, 5], [20, 9], false);
  f([10, 5], [20, 11], true);
  f([10, 0], [20, 19], true);
  f([10, 0], [20, 20], false);
  f([10, 0], [20, 21], false);
  // A start at the sample before: a difference, if that one is a difference too.
  f([10, 5], [20, 10], true);
  f([10, 0], [20, 10], false);
  f([10, 10], [20, 10], false);
  f([10, 11], [20, 10], false);
});

test('overlapsSampleBefore() tells a start that lies before the sample before', () => {
  function f(startBefore: number, start: number, expected: boolean): void {
    const startTimes = Float64Array.of(startBefore, start);
    assert.equal(
      overlapsSampleBefore(Float64Array.of(10, 20), startTimes, 1),
      expected,
      `${startBefore} ${start}`,
    );
  }
  f(0, 0, false);
  f(5, 5, false);
  f(5, 10, false);
  f(5, 15, false);
  f(5, 9, true);
  f(0, 9, true);
});

/** Delta and cumulative counters, starts that are known or not, sensible or not. */
function randomSamples(random: Random): Sample[] {
  const samples: Sample[] = [];
  let time = random.below(20);
  let value = random.below(10);
  let start = 0;
  for (let i = random.below(50); i > 0; i--) {
    const before = time;
    time += 1 + random.below(20);
    if (random.below(4) === 0)
      start = random.pick([0, before, time, time + 1, before + random.below(20), before - 3]);
    value = random.below(5) === 0 ? random.below(4) : value + random.below(6);
    samples.push({time, value, start});
  }
  return samples;
}

function isReset(before: Sample, {time, value, start}: Sample): boolean {
  if (value < before.value) return true;
  if (start === 0 || start >= time || start < before.time) return false;
  return start > before.time || (before.start !== 0 && before.start < before.time);
}

const definitions: Record<string, (window: Sample[], beginMs: number, endMs: number) => number | null> = {
  increase(window, beginMs, endMs) {
    const {start, time, value} = window[0]!;
    // The values as they would be without resets.
    let lost = 0;
    const whole = window.map((sample, i) => {
      if (i > 0 && isReset(window[i - 1]!, sample)) lost += window[i - 1]!.value;
      return {time: sample.time, value: sample.value + lost};
    });
    const began = start !== 0 && start > beginMs && start < time;
    if (window.length === 1) return began ? value : null;
    if (!began) {
      return extrapolated(whole, {endMs, rangeMs: endMs - beginMs, stepTimeMs: endMs}, 'increase');
    }
    const last = whole.at(-1)!;
    const distance = (last.time - time) / (window.length - 1);
    const toEnd = endMs - last.time;
    const sampled = last.time - start;
    return (last.value * (sampled + (toEnd >= 1.1 * distance ? distance / 2 : toEnd))) / sampled;
  },
  irate(window) {
    if (window.length < 2) return null;
    const [before, last] = [window.at(-2)!, window.at(-1)!];
    return (
      (isReset(before, last) ? last.value : last.value - before.value) / ((last.time - before.time) / 1000)
    );
  },
  resets: (window) => window.filter((sample, i) => i > 0 && isReset(window[i - 1]!, sample)).length,
};

function overlaps(window: Sample[]): boolean {
  return window.some(({start}, i) => {
    const before = window[i - 1];
    return before !== undefined && start !== 0 && start < before.time && start !== before.start;
  });
}

test('increase, irate and resets heed start times, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const samples = randomSamples(random);
    const grid = {startMs: random.below(100), stepMs: random.pick([1, 7, 40]), count: 40};
    const rangeMs = random.pick([5, 30, 200]);
    const increase = new ExtrapolatedRate('increase', true);
    const functions: Record<string, WindowFunction> = {
      increase,
      irate: new InstantRate('irate'),
      resets: new CountEvents('reset'),
    };
    for (const [name, compute] of Object.entries(functions)) {
      const windows = new Windows(grid.count);
      const column = (key: keyof Sample): Float64Array => Float64Array.from(samples, (sample) => sample[key]);
      windows.slide(
        {times: column('time'), values: column('value'), startTimes: column('start'), length: samples.length},
        {grid, rangeMs, offsetMs: 0, fixedTimeMs: null},
      );
      const out = new Float64Array(grid.count);
      compute.compute(windows, out);
      let overlapping = 0;
      for (let step = 0; step < grid.count; step++) {
        const endMs = grid.startMs + step * grid.stepMs;
        const window = samples.filter(({time}) => time > endMs - rangeMs && time <= endMs);
        if (overlaps(window)) overlapping++;
        const expected = window.length === 0 ? null : definitions[name]!(window, endMs - rangeMs, endMs);
        const present = windows.end[step]! - windows.first[step]! >= compute.samplesMin;
        const message = `${name} seed ${seed} step ${step}: ${expected} is not ${present ? out[step] : null}`;
        assert.equal(present, expected !== null, message);
        if (expected === null) continue;
        assert.ok(Math.abs(out[step]! - expected) <= 1e-12 * Math.max(1, Math.abs(expected)), message);
      }
      if (compute === increase) assert.equal(increase.overlaps, overlapping, `seed ${seed}`);
    }
  }
});
