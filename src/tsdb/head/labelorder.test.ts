import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {compareLabels, type Labels, labelsOf} from '../../model/labels.ts';
import {type ReadGuard, unguarded} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import {CountingGuard, endingGuard} from '../../storage/testing-guard.ts';
import {openHead, openReader} from './head.test.ts';
import type {HeadReader} from './reader.ts';

const everything = {mint: -Infinity, maxt: Infinity, sorted: true};

function sortedSeries(reader: HeadReader, guard: ReadGuard): Labels[] {
  const symbols = new Symbols();
  const querier = reader.querier(everything, symbols, guard);
  try {
    const cursor = querier.select([], everything);
    const found: Labels[] = [];
    while (cursor.next()) found.push(cursor.labels().map((id) => symbols.text(id)));
    return found;
  } finally {
    querier.close();
  }
}

test('series of the head are sorted by their labels; a long sort is counted, and can be ended', () => {
  const head = openHead();
  const random = new Random(4);
  const appender = head.appender();
  const ref = {slot: 0, generation: 0};
  const all: Labels[] = [];
  for (let i = 0; i < 30_000; i++) {
    const labels = labelsOf({
      __name__: random.pick(['a', 'b', 'é𝄞', '\uffff']),
      instance: `host-${random.below(2 ** 31)} ${i}`,
      job: random.pick(['', 'x']),
    });
    all.push(labels);
    appender.series(labels, ref);
  }
  const expected = all.sort(compareLabels);
  assert.deepEqual(sortedSeries(openReader(head, 1), unguarded), expected);

  const guard = new CountingGuard();
  assert.deepEqual(sortedSeries(openReader(head, 2), guard), expected);
  const {checks, peakBytes} = guard;
  // Two sorts of 30,000 with at least n log2(n) - 1.45 n comparisons, one check each 4,096.
  assert.ok(checks > (2 * 30_000 * (Math.log2(30_000) - 1.45)) / 4096, `${checks} checks`);
  assert.ok(peakBytes > 100 * all.length, `${peakBytes} bytes`);
  for (let left = checks - 1; left > 0; left = Math.floor(left / 2)) {
    assert.throws(() => sortedSeries(openReader(head, 3), endingGuard(left)), /it is ended/);
  }
});
