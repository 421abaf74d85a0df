import assert from 'node:assert/strict';
import test from 'node:test';
import {formatTime, readTime, zoneName} from './time.ts';

const noon = Date.UTC(2026, 10, 20, 12, 0, 0);

test('formatTime() writes UTC and local time', () => {
  assert.equal(formatTime(noon, 'utc'), '2026-11-20 12:00:00');
  assert.equal(formatTime(noon + 250, 'utc'), '2026-11-20 12:00:00.250');
  assert.equal(formatTime(new Date(2026, 0, 2, 3, 4, 5).getTime(), 'local'), '2026-01-02 03:04:05');
});

test('zoneName() is the distance from UTC', () => {
  assert.equal(zoneName('utc', noon), 'UTC');
  assert.match(zoneName('local', noon), /^UTC(?:[+-]\d\d:\d\d)?$/);
});

test('readTime() understands what people type', () => {
  function f(text: string, expected: number | null | undefined): void {
    assert.equal(readTime(text, {zone: 'utc', nowMs: noon}), expected, text);
  }
  f('', null);
  f(' now ', null);
  f('2026-11-20 12:00:00', noon);
  f('2026-11-20 12:00', noon);
  f('2026-11-20T12:00:00Z', noon);
  f('2026-11-20T12:00:00.250Z', noon + 250);
  f('2026-11-20 21:00:00 +09:00', noon);
  f('2026-11-20 07:00:00-0500', noon);
  f('2026-11-20', noon - 12 * 3_600_000);
  f('13:30', noon + 90 * 60_000);
  f('13:30:15', noon + 90 * 60_000 + 15_000);
  f('now-5m', noon - 300_000);
  f('-1h30m', noon - 5_400_000);
  f('2d ago', noon - 2 * 86_400_000);
  f('5m前', noon - 300_000);
  f(String(noon / 1000), noon);
  f(`${noon / 1000}.5`, noon + 500);
  f('2026-02-30', undefined);
  f('2026-13-01', undefined);
  f('25:00', undefined);
  f('yesterday', undefined);
  f('-5parsecs', undefined);
});

test('readTime() reads back what formatTime() wrote, in both zones', () => {
  for (const zone of ['local', 'utc'] as const) {
    for (const timeMs of [noon, noon + 1, 0, Date.UTC(2024, 1, 29, 23, 59, 59, 999)]) {
      assert.equal(readTime(formatTime(timeMs, zone), {zone, nowMs: noon}), timeMs, `${zone} ${timeMs}`);
    }
  }
});
