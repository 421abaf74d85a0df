import assert from 'node:assert/strict';
import test from 'node:test';
import {formatMeta, newMeta, parseMeta} from './meta.ts';
import {isUlid, makeUlid} from './ulid.ts';

const text = `{
	"ulid": "01M8BR3EYD6PN0KBDVVJVCFYKB",
	"minTime": 1700000000000,
	"maxTime": 1700006390011,
	"stats": {
		"numSamples": 51240,
		"numSeries": 120,
		"numChunks": 434
	},
	"compaction": {
		"level": 2,
		"sources": [
			"01M8BR3EYD6PN0KBDVVJVCFYKB"
		],
		"parents": [
			{
				"ulid": "01M8BR3EYD6PN0KBDVVJVCFYKA",
				"minTime": 1,
				"maxTime": 2
			}
		],
		"hints": [
			"from-out-of-order"
		]
	},
	"version": 1,
	"thanos": {
		"labels": {}
	}
}`;

test('what was in meta.json is in it again', () => {
  const meta = parseMeta(text, 'meta.json');
  assert.equal(formatMeta(meta), text);
  assert.deepEqual(meta.extra, {thanos: {labels: {}}});
});

test('parseMeta() says what is wrong', () => {
  function f(change: Record<string, unknown>, message: RegExp): void {
    assert.throws(
      () => parseMeta(JSON.stringify({...JSON.parse(text), ...change}), 'dir/meta.json'),
      message,
    );
  }
  f({version: 2}, /^BlockDamage: cannot read dir\/meta.json: unexpected meta file version 2$/);
  f({ulid: '01M8BR3EYD6PN0KBDVVJVCFYKI'}, /ulid is "01M8BR3EYD6PN0KBDVVJVCFYKI"/);
  f({minTime: 'x'}, /minTime is "x"/);
  f({maxTime: 0}, /minTime 1700000000000 is after maxTime 0/);
  f({stats: {numSeries: 1.5}}, /stats.numSeries is 1.5/);
  f({compaction: {sources: [1]}}, /compaction.sources has 1/);
  assert.throws(() => parseMeta('{', 'm'), /it is not JSON/);
});

test('makeUlid() sorts by time', () => {
  assert.equal(
    makeUlid(0, () => 31),
    '0000000000ZZZZZZZZZZZZZZZZ',
  );
  assert.equal(
    makeUlid(1_469_918_176_385, () => 0),
    '01ARYZ6S410000000000000000',
  );
  assert.ok(isUlid(makeUlid(Date.now())));
  assert.ok(makeUlid(1_700_000_000_000) < makeUlid(1_700_000_000_001));
  assert.equal(newMeta(makeUlid(1), 1, 2).compaction.sources.length, 1);
});
