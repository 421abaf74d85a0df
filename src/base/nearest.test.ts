import assert from 'node:assert/strict';
import test from 'node:test';
import {editDistance, nearestName} from './nearest.ts';

test('nearestName() finds what was meant, or nothing', () => {
  const names = ['scrape_interval', 'scrape_timeout', 'storage.tsdb.retention.time', 'web.listen-address'];
  const f = (wanted: string, expected: string | null): void =>
    assert.equal(nearestName(wanted, names), expected);
  f('scrape_intervall', 'scrape_interval');
  f('scrapeInterval', 'scrape_interval');
  f('scrap_timeout', 'scrape_timeout');
  f('retention.time', 'storage.tsdb.retention.time');
  f('nonsense', null);
  f('', null);
  f('x'.repeat(10_000), null);
});

test('editDistance() counts insertions, deletions and changes', () => {
  const f = (left: string, right: string, expected: number): void =>
    assert.equal(editDistance(left, right), expected);
  f('', '', 0);
  f('abc', '', 3);
  f('', 'abc', 3);
  f('kitten', 'sitting', 3);
  f('same', 'same', 0);
});
