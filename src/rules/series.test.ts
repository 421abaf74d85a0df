import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {FloatHistogram} from '../model/histogram.ts';
import {histogramOfSeries, labelsOfSeries, RuleSeriesWriter} from './series.ts';

test('RuleSeriesWriter writes these bytes', () => {
  const writer = new RuleSeriesWriter();
  writer.add(['a', 'b', 'c', 'é'], 1.5);
  writer.add([], NaN);
  writer.add(['x', 'y'.repeat(130)], 2);
  const series = writer.finish();
  assert.equal(series.labels.subarray(0, 9).toHex(), '016101620163' + '02c3a9');
  assert.equal(series.labels.subarray(9, 14).toHex(), '01788201' + '79');
  assert.deepEqual([...series.ends], [9, 9, 9 + 2 + 2 + 130]);
  assert.deepEqual([...series.values], [1.5, NaN, 2]);
  assert.equal(series.histograms, null);
});

test('labels come back as they were, and histograms after a copy between threads, for any seed', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = new Random(seed);
    const writer = new RuleSeriesWriter();
    const expected: {labels: string[]; count: number | null}[] = [];
    for (let i = random.below(30); i > 0; i--) {
      const labels = Array.from({length: 2 * random.below(6)}, () =>
        'aé😀\0'
          .repeat(random.below(60))
          .slice(0, 1 + random.below(200))
          .toWellFormed(),
      );
      const count = random.below(4) === 0 ? random.below(100) : null;
      writer.add(labels, count === null ? i : new FloatHistogram({count}));
      expected.push({labels, count});
    }
    const series = structuredClone(writer.finish());
    assert.equal(series.ends.length, expected.length);
    for (const [i, {labels, count}] of expected.entries()) {
      assert.deepEqual(labelsOfSeries(series, i), labels, `seed ${seed}`);
      const histogram = histogramOfSeries(series, i);
      assert.equal(histogram?.count ?? null, count);
      assert.ok(histogram === undefined || histogram.with({count: 1}) instanceof FloatHistogram);
    }
  }
});
