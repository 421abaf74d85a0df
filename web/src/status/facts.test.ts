import assert from 'node:assert/strict';
import test from 'node:test';
import {goTime, isTimeFact} from './facts.ts';

test('isTimeFact() and goTime() read the times of the API', () => {
  function f(text: string, expected: number | null | 'text'): void {
    assert.equal(isTimeFact(text) ? goTime(text) : 'text', expected, text);
  }
  f('2026-11-20T13:59:49.128733745Z', Date.UTC(2026, 10, 20, 13, 59, 49, 128));
  f('2026-11-20T13:59:49Z', Date.UTC(2026, 10, 20, 13, 59, 49));
  f('2026-11-20T22:59:49+09:00', Date.UTC(2026, 10, 20, 13, 59, 49));
  f('0001-01-01T00:00:00Z', null);
  f('15d', 'text');
  f('20260929-11:59:39', 'text');
});
