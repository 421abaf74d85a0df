import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {type Labels, labelsOf} from '../../model/labels.ts';
import {Matcher} from '../../model/matcher.ts';
import {addSample} from '../../storage/appender.ts';
import {unguarded} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import {openHead, openReader} from './head.test.ts';
import type {HeadReader} from './reader.ts';
import {SelectedSeries} from './selection.ts';
import {Selections} from './selections.ts';

function selected(reader: HeadReader, matchers: readonly Matcher[], sorted: boolean): string[] {
  const symbols = new Symbols();
  const querier = reader.querier({mint: -Infinity, maxt: Infinity}, symbols);
  const result: string[] = [];
  const cursor = querier.select(matchers, {mint: -Infinity, maxt: Infinity, sorted});
  while (cursor.next()) {
    result.push(
      cursor
        .labels()
        .map((id) => symbols.text(id))
        .join(','),
    );
  }
  querier.close();
  return result;
}

test('a reader selects again what it has selected before, with the series that came, without those that went', () => {
  const head = openHead();
  const readers = [openReader(head, 1), openReader(head, 2)];
  const random = new Random(3);
  const ref = {slot: 0, generation: 0};
  const lists = [
    [new Matcher('=', '__name__', 'm1')],
    [new Matcher('=~', '__name__', 'm[12]'), new Matcher('!=', 'id', '3')],
    [new Matcher('=', 'absent', '')],
    [new Matcher('=', '__name__', 'nothing yet')],
  ];
  const append = (labels: Labels, time: number): void => {
    const appender = head.appender();
    appender.series(labels, ref);
    addSample(appender.batch, ref, time, 1);
    appender.commit();
  };
  let reused = 0;
  for (let round = 1; round < 400; round++) {
    const time = round * 1000;
    for (let i = random.below(4); i > 0; i--) {
      const name = random.below(50) === 0 ? 'nothing yet' : `m${random.below(4)}`;
      append(labelsOf({__name__: name, id: String(random.below(8))}), time);
    }
    if (random.below(5) === 0) head.gc(time - 10_000);
    const sorted = random.below(2) === 0;
    for (const reader of readers) {
      for (const matchers of lists) {
        // A list of its own is not known.
        const expected = selected(reader, [...matchers], sorted);
        assert.deepEqual(selected(reader, matchers, sorted), expected, `round ${round}`);
        assert.deepEqual(selected(reader, matchers, sorted), expected, `round ${round}, again`);
        if (expected.length > 0) reused++;
      }
    }
  }
  assert.ok(reused > 500);
});

test('Selections keeps some, of one version', () => {
  const selections = new Selections();
  const of = (length: number): SelectedSeries => {
    const series = new SelectedSeries(unguarded);
    for (let i = 0; i < length; i++) series.add(i, i, i);
    return series;
  };
  const lists = Array.from({length: 100}, (): Matcher[] => []);
  const series = of(3);
  assert.equal(selections.find(1, lists[0]!), null);
  selections.keep(1, lists[0]!, series);
  assert.equal(selections.find(1, lists[0]!), series);
  assert.equal(selections.find(1, lists[1]!), null);
  assert.equal(selections.find(2, lists[0]!), null);
  selections.keep(1, lists[0]!, series);
  assert.equal(selections.find(2, lists[0]!), null, 'what was selected before is not kept');
  for (const list of lists) selections.keep(2, list, series);
  assert.equal(lists.filter((list) => selections.find(2, list) !== null).length, 64);
  selections.keep(2, lists[0]!, of(25_001));
  assert.equal(selections.find(2, lists[0]!), null, 'too many');
  for (const list of lists.slice(0, 5)) selections.keep(2, list, of(20_000));
  assert.deepEqual(
    lists.slice(0, 5).map((list) => selections.find(2, list) !== null),
    [false, false, false, true, true],
  );
});
