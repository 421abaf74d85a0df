import assert from 'node:assert/strict';
import test from 'node:test';
import type {Unit} from '../format/unit.ts';
import {formatTicks, formatTimeTicks, tickSteps} from './ticks.ts';

test('formatTicks() shares one scale and tells ticks apart', () => {
  function f(ticks: number[], unit: Unit, expected: string[]): void {
    assert.deepEqual(formatTicks(ticks, unit), expected);
  }
  f([], 'none', []);
  f([0, 0.5, 1], 'none', ['0', '0.5', '1.0']);
  f([0.1, 0.1 + 0.2], 'none', ['0.1', '0.3']);
  f([0, 2000, 4000], 'none', ['0', '2000', '4000']);
  f([0, 5000, 10_000], 'none', ['0', '5k', '10k']);
  f([-2_500_000, 0], 'none', ['-2.5M', '0']);
  f([0, 1e-6], 'none', ['0', '1e-6']);
  f([0, 2e25], 'none', ['0', '2e+25']);
  f([1_000_000_001, 1_000_000_002], 'none', ['1.00000000G', '1.00000000G']);
  f([0, 512 * 1024, 1024 ** 2], 'bytes', ['0', '0.5 MiB', '1.0 MiB']);
  f([0, 100], 'bytesPerSecond', ['0', '100 B/s']);
  f([0, 0.001, 0.002], 'seconds', ['0', '1 ms', '2 ms']);
  f([0, 30, 60], 'seconds', ['0', '30 s', '60 s']);
  f([0, 900, 1800], 'seconds', ['0s', '15m', '30m']);
});

test('tickSteps() rise', () => {
  for (const unit of ['bytes', 'bytesPerSecond', 'seconds'] as const) {
    const steps = tickSteps(unit) ?? [];
    assert.ok(steps.length > 20);
    assert.ok(
      steps.every((step, index) => index === 0 || step > steps[index - 1]!),
      unit,
    );
  }
});

test('formatTimeTicks() writes the date once a day', () => {
  const start = Date.UTC(2026, 10, 20, 22, 0, 0) / 1000;
  assert.deepEqual(formatTimeTicks([start, start + 3600, start + 7200, start + 10_800], 'utc'), [
    '22:00\n2026-11-20',
    '23:00',
    '00:00\n2026-11-21',
    '01:00',
  ]);
  assert.deepEqual(formatTimeTicks([start, start + 10], 'utc'), ['22:00:00\n2026-11-20', '22:00:10']);
  assert.deepEqual(formatTimeTicks([start, start + 86_400], 'utc'), ['2026-11-20', '2026-11-21']);
  assert.deepEqual(formatTimeTicks([], 'utc'), []);
});
