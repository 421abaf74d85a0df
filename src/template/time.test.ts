import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {formatGoDuration, formatGoTime, loadLocation, parseTime, timeOfMs, utc} from './time.ts';
import {civilOf, timeOfWall} from './time/civil.ts';
import {formatTime} from './time/layout.ts';

test('formatTime() knows the chunks of layouts', () => {
  const time = {ns: 1_767_323_045_060_700_000n, location: utc};
  const f = (layout: string, expected: string): void =>
    assert.equal(formatTime(time, layout), expected, layout);
  f('2006-01-02T15:04:05Z07:00', '2026-01-02T03:04:05Z');
  f('Mon Jan _2 15:04:05 MST 2006', 'Fri Jan  2 03:04:05 UTC 2026');
  f('Monday January 2 06 3PM pm', 'Friday January 2 26 3AM am');
  f('.000 .999999999 ,00 002 __2', '.060 .0607 ,06 002   2');
  f('-0700 -07:00 -07 Z0700 -07:00:00', '+0000 +00:00 +00 Z +00:00:00');
  f('Janet Money _2006 .0x', 'Janet Money _2026 .0x');
});

test('zones have the names that the tz database has', () => {
  const f = (zone: string, ms: number, expected: string): void =>
    assert.equal(formatGoTime(timeOfMs(ms, loadLocation(zone))), expected);
  f('UTC', 0, '1970-01-01 00:00:00 +0000 UTC');
  f('Europe/Berlin', 1767225600000, '2026-01-01 01:00:00 +0100 CET');
  f('Europe/Berlin', 1782864000000, '2026-07-01 02:00:00 +0200 CEST');
  f('America/New_York', 1782864000000, '2026-06-30 20:00:00 -0400 EDT');
  f('Asia/Tokyo', 1767225600000, '2026-01-01 09:00:00 +0900 JST');
  f('America/Sao_Paulo', 1767225600000, '2025-12-31 21:00:00 -0300 -03');
  f('Asia/Kathmandu', 1767225600000, '2026-01-01 05:45:00 +0545 +0545');
  f('Europe/London', 1782864000000, '2026-07-01 01:00:00 +0100 BST');
  assert.throws(() => loadLocation('Mars/Base'), {message: 'unknown time zone Mars/Base'});
  assert.throws(() => loadLocation('../x'), {message: 'time: invalid location name'});
});

test('parseTime() reads what it understands, and says what it does not', () => {
  const f = (layout: string, text: string, expected: string): void => {
    let got: string;
    try {
      got = formatGoTime(parseTime(layout, text, utc));
    } catch (error) {
      got = (error as Error).message;
    }
    assert.equal(got, expected, layout);
  };
  f('2006-01-02', '2026-02-28', '2026-02-28 00:00:00 +0000 UTC');
  f('2006-01-02T15:04:05Z07:00', '2026-02-28T10:00:00.25+02:00', '2026-02-28 10:00:00.25 +0200 +0200');
  f('Jan _2 15:04:05 2006', 'Feb  3 01:02:03 2026', '2026-02-03 01:02:03 +0000 UTC');
  f('3:04PM', '11:30PM', '0000-01-01 23:30:00 +0000 UTC');
  f('2006-01-02', 'x', 'parsing time "x" as "2006-01-02": cannot parse "x" as "2006"');
  f('2006-01-02', '2026-13-01', 'parsing time "2026-13-01": month out of range');
  f('2006-01-02', '2026-02-30', 'parsing time "2026-02-30": day out of range');
  f('2006-01-02', '2026-02-03x', 'parsing time "2026-02-03x": extra text: "x"');
});

test('formatGoDuration() prints as time.Duration does', () => {
  const f = (ns: bigint, expected: string): void => assert.equal(formatGoDuration(ns), expected);
  f(0n, '0s');
  f(1n, '1ns');
  f(1100n, '1.1µs');
  f(2_200_000n, '2.2ms');
  f(3_300_000_000n, '3.3s');
  f(245_000_000_000n, '4m5s');
  f(-3_661_001_000_000n, '-1h1m1.001s');
  f(-(2n ** 63n), '-2562047h47m16.854775808s');
});

test('civil times come back, for any seed', () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const location = loadLocation(random.pick(['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo']));
    const ms = (random.below(2) === 0 ? 1 : -1) * random.below(4e12);
    const time = timeOfMs(ms, location);
    const civil = civilOf(time);
    const date = new Date(ms + civil.offset * 1000);
    assert.equal(civil.year, date.getUTCFullYear(), `seed ${seed}`);
    assert.equal(civil.month, date.getUTCMonth() + 1);
    assert.equal(civil.day, date.getUTCDate());
    assert.equal(civil.weekday, date.getUTCDay());
    // An hour that clocks show twice is any of the two.
    const back = timeOfWall(civil, location).ns;
    assert.ok(back === time.ns || civilOf({ns: back, location}).hour === civil.hour, `seed ${seed}`);
  }
});
