import assert from 'node:assert/strict';
import test from 'node:test';
import {newEngine, storeOf} from './testing/evaluate.ts';

test('statistics count samples as Prometheus does', () => {
  const values = Array.from({length: 61}, (_, i) => i);
  const store = storeOf({'a{x=1}': values, 'a{x=2}': values});
  const f = (query: string): [number, number] => {
    const {stats} = newEngine().execRange(store, query, {startMs: 300_000, endMs: 600_000, stepMs: 60_000});
    assert.ok(stats.timings.evalTotalTime > 0);
    return [stats.samples.totalQueryableSamples, stats.samples.samplesRead];
  };
  // Six steps, two series.
  assert.deepEqual(f('a'), [12, 12]);
  // Windows of twelve samples; those of the first step, then six new ones for each.
  assert.deepEqual(f('rate(a[2m])'), [2 * 6 * 12, 2 * (12 + 5 * 6)]);
  // Windows that do not touch.
  assert.deepEqual(f('rate(a[30s])'), [2 * 6 * 3, 2 * 6 * 3]);
});

test('statistics count samples of each step as Prometheus does', () => {
  const values = Array.from({length: 61}, (_, i) => i);
  const store = storeOf({'a{x=1}': values, 'a{x=2}': values});
  const engine = newEngine({features: {perStepStats: true}});
  const f = (query: string, queried: number[], read: number[]): void => {
    const times = {startMs: 300_000, endMs: 600_000, stepMs: 60_000, perStepStats: true};
    const {samples} = engine.execRange(store, query, times).stats;
    assert.deepEqual(
      samples.totalQueryableSamplesPerStep!.map(([, count]) => count),
      queried,
      query,
    );
    assert.deepEqual(
      samples.samplesReadPerStep!.map(([, count]) => count),
      read,
      query,
    );
    assert.equal(
      samples.samplesRead,
      read.reduce((sum, each) => sum + each, 0),
      query,
    );
    assert.equal(samples.samplesReadPerStep![1]![0], 360_000);
  };
  f('rate(a[2m])', [24, 24, 24, 24, 24, 24], [24, 12, 12, 12, 12, 12]);
  // One evaluation, of which each step has the result.
  f('a @ 300', [2, 2, 2, 2, 2, 2], [2, 0, 0, 0, 0, 0]);
  // What stands twice counts twice.
  f('a + a', [4, 4, 4, 4, 4, 4], [4, 4, 4, 4, 4, 4]);
  f('sum_over_time(a[2m:1m])', [4, 4, 4, 4, 4, 4], [4, 2, 2, 2, 2, 2]);
  // What a subquery evaluates between the windows does not count.
  f('max_over_time(a[30s:10s])', [6, 6, 6, 6, 6, 6], [6, 6, 6, 6, 6, 6]);
});
