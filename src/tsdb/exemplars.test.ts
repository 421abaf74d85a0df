import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import type {Labels} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import type {Exemplar, ExemplarStatus} from '../storage/exemplar.ts';
import {ExemplarStorage} from './exemplars.ts';

const series = (name: string): Labels => ['__name__', name];
const exemplar = (timeMs: number, value = timeMs, trace = 'a'): Exemplar => ({
  labels: ['trace_id', trace],
  value,
  timeMs,
});
const all = [[new Matcher('=~', '__name__', '.+')]];

/** `series time value trace` of all, by series. */
function linesOf(storage: ExemplarStorage, start = -Infinity, end = Infinity, matchers = all): string[] {
  return storage
    .select(matchers, start, end)
    .flatMap(({labels, exemplars}) =>
      exemplars.map(({timeMs, value, labels: own}) => `${labels[1]} ${timeMs} ${value} ${own[1]}`),
    );
}

test('ExemplarStorage.add() keeps the newest, in the order of time', () => {
  const storage = new ExemplarStorage(3);
  for (let time = 1; time <= 5; time++) storage.add(series(time % 2 === 0 ? 'even' : 'odd'), exemplar(time));
  assert.deepEqual(linesOf(storage), ['even 4 4 a', 'odd 3 3 a', 'odd 5 5 a']);
  assert.deepEqual(storage.statistics(), {
    appended: 5,
    outOfOrder: 0,
    inStorage: 3,
    series: 2,
    lastTimestampSeconds: 0.003,
    max: 3,
  });
  // A series without any goes.
  storage.add(series('odd'), exemplar(6));
  storage.add(series('odd'), exemplar(7));
  assert.deepEqual(linesOf(storage), ['odd 5 5 a', 'odd 6 6 a', 'odd 7 7 a']);
  assert.equal(storage.statistics().series, 1);
});

test('ExemplarStorage.add() says what becomes of an exemplar', () => {
  const storage = new ExemplarStorage(10);
  const f = (added: Exemplar, expected: ExemplarStatus): void => {
    assert.equal(storage.check(series('s'), added), expected);
    assert.equal(storage.add(series('s'), added), expected);
  };
  f(exemplar(100, 5, 'm'), 'accepted');
  f(exemplar(100, 5, 'm'), 'duplicate');
  f(exemplar(100, 5, 'a'), 'outOfOrder');
  f(exemplar(100, 5, 'n'), 'accepted');
  f(exemplar(100, 4, 'z'), 'outOfOrder');
  f(exemplar(100, 6), 'accepted');
  f(exemplar(99), 'outOfOrder');
  f(exemplar(101, 1, 'x'.repeat(120)), 'accepted');
  f(exemplar(102, 1, '😀'.repeat(120)), 'accepted');
  f(exemplar(103, 1, 'x'.repeat(121)), 'labelsTooLong');
  assert.equal(storage.outOfOrder, 3);
  assert.equal(new ExemplarStorage(0).add(series('s'), exemplar(1)), 'disabled');
});

test('ExemplarStorage takes exemplars that are late, within the window', () => {
  const storage = new ExemplarStorage(10);
  storage.outOfOrderWindowMs = 50;
  for (const time of [100, 60, 80, 51, 50, 80, 120]) storage.add(series('s'), exemplar(time));
  assert.deepEqual(linesOf(storage), ['s 51 51 a', 's 60 60 a', 's 80 80 a', 's 100 100 a', 's 120 120 a']);
});

test('ExemplarStorage.select() looks at times and matchers', () => {
  const storage = new ExemplarStorage(10);
  for (let time = 1; time <= 8; time++) storage.add(series(time % 2 === 0 ? 'b' : 'a'), exemplar(time));
  assert.deepEqual(linesOf(storage, 3, 6), ['a 3 3 a', 'a 5 5 a', 'b 4 4 a', 'b 6 6 a']);
  assert.deepEqual(linesOf(storage, 3, 6, [[new Matcher('=', '__name__', 'b')]]), ['b 4 4 a', 'b 6 6 a']);
  assert.deepEqual(linesOf(storage, 9), []);
  assert.deepEqual(linesOf(storage, 0, 0), []);
  assert.deepEqual(linesOf(storage, 0, 9, []), []);
});

test('ExemplarStorage.resize() keeps what came last', () => {
  for (const [before, after, expected] of [
    [5, 3, [5, 6, 7]],
    [5, 8, [3, 4, 5, 6, 7]],
    [5, 0, []],
    [0, 4, []],
  ] as const) {
    const storage = new ExemplarStorage(before);
    for (let time = 1; time <= 7; time++) storage.add(series('s'), exemplar(time));
    storage.resize(after);
    assert.deepEqual(
      linesOf(storage),
      expected.map((time) => `s ${time} ${time} a`),
    );
    assert.equal(storage.statistics().inStorage, expected.length);
    if (after === 0) continue;
    for (let time = 11; time <= 20; time++) storage.add(series('s'), exemplar(time));
    assert.equal(linesOf(storage).length, after);
    assert.equal(linesOf(storage).at(-1), 's 20 20 a');
  }
});

test('ExemplarStorage does what a list does, for any seed', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const storage = new ExemplarStorage(1 + random.below(8));
    storage.outOfOrderWindowMs = random.below(2) * 30;
    const model: {name: string; timeMs: number}[] = [];
    for (let i = 0; i < 300; i++) {
      const name = `s${random.below(4)}`;
      const timeMs = i + random.below(40);
      if (storage.add(series(name), exemplar(timeMs)) === 'accepted') model.push({name, timeMs});
      model.splice(0, model.length - storage.statistics().max);
      if (random.below(50) === 0) storage.resize(1 + random.below(8));
      model.splice(0, model.length - storage.statistics().max);
      const expected = model
        .toSorted((left, right) =>
          left.name < right.name ? -1 : left.name > right.name ? 1 : left.timeMs - right.timeMs,
        )
        .map((each) => `${each.name} ${each.timeMs} ${each.timeMs} a`);
      assert.deepEqual(linesOf(storage), expected, `seed ${seed}, step ${i}`);
    }
  }
});
