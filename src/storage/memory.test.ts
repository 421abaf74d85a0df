import assert from 'node:assert/strict';
import test from 'node:test';
import {counterReset, FloatHistogram} from '../model/histogram.ts';
import {labelsOf} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import {isStale} from '../model/value.ts';
import {MemoryStore, stale} from './memory.ts';
import {Symbols} from './symbols.ts';

test('MemoryStore selects in order of creation and reads inclusive ranges', () => {
  const store = new MemoryStore();
  for (let i = 0; i < 20; i++) store.append(labelsOf({__name__: 'b'}), i * 10, i);
  store.append(labelsOf({__name__: 'a', x: '1'}), 5, NaN);
  store.append(labelsOf({__name__: 'a', x: '1'}), 15, stale);
  const symbols = new Symbols();
  const querier = store.querier({mint: 0, maxt: 1000}, symbols);
  const cursor = querier.select([new Matcher('=~', '__name__', 'a|b')], {mint: 0, maxt: 1000});
  assert.equal(cursor.seriesCount, 2);
  assert.ok(cursor.next());
  assert.deepEqual(
    cursor.labels().map((id) => symbols.text(id)),
    ['__name__', 'b'],
  );
  assert.equal(cursor.read(30, 50), 3);
  assert.deepEqual([...cursor.times.subarray(0, 3)], [30, 40, 50]);
  assert.deepEqual([...cursor.values.subarray(0, 3)], [3, 4, 5]);
  assert.equal(cursor.read(31, 39), 0);
  assert.ok(cursor.next());
  assert.equal(cursor.read(0, 100), 2);
  assert.equal(isStale(cursor.valueWords, 0), false);
  assert.equal(isStale(cursor.valueWords, 1), true);
  assert.ok(!cursor.next());
});

test('MemoryStore lists names and values of series with samples in the range', () => {
  const store = new MemoryStore();
  store.append(labelsOf({__name__: 'a', x: '1'}), 10, 1);
  store.append(labelsOf({__name__: 'b', y: '2'}), 20, 1);
  const names = (mint: number, maxt: number): string[] =>
    store.querier({mint, maxt}, new Symbols()).labelNames([]);
  assert.deepEqual(names(0, 100), ['__name__', 'x', 'y']);
  assert.deepEqual(names(11, 100), ['__name__', 'y']);
  assert.deepEqual(names(21, 100), []);
  const querier = store.querier({mint: 0, maxt: 100}, new Symbols());
  assert.deepEqual(querier.labelValues('__name__', [new Matcher('!=', 'x', '')]), ['a']);
});

test('MemoryStore refuses times that do not rise', () => {
  const store = new MemoryStore();
  store.append(['__name__', 'a'], 10, 1);
  assert.throws(() => store.append(['__name__', 'a'], 10, 2), RangeError);
});

test('MemoryStore keeps histograms and start times, and says where there are none', () => {
  const store = new MemoryStore();
  const labels = labelsOf({__name__: 'h'});
  for (let i = 0; i < 20; i++) store.append(labels, i, i);
  store.append(labels, 20, new FloatHistogram({count: 1}), 15);
  store.append(labels, 21, new FloatHistogram({count: 2}), 15);
  store.append(labels, 22, stale);
  const cursor = store
    .querier({mint: 0, maxt: 100}, new Symbols())
    .select([new Matcher('=', '__name__', 'h')], {mint: 0, maxt: 100});
  assert.ok(cursor.next());
  assert.equal(cursor.read(19, 22), 4);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => cursor.histograms?.[i]?.count),
    [undefined, 1, 2, undefined],
  );
  assert.equal(cursor.histograms?.[2]?.counterResetHint, counterReset.notReset);
  assert.deepEqual([...cursor.startTimes!], [0, 15, 15, 0]);
  assert.equal(cursor.read(0, 19), 20);
  assert.deepEqual([cursor.histograms, cursor.startTimes], [null, null]);
});
