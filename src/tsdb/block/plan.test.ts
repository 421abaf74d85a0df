import assert from 'node:assert/strict';
import test from 'node:test';
import {type BlockMeta, hint, newMeta} from './meta.ts';
import {blockRanges, exponentialRanges, mergedMeta, planCompaction} from './plan.ts';
import {beyondRetention} from './retention.ts';

const ranges = [20, 60, 180, 540, 1620];

type Options = {tombstones?: number; series?: number; failed?: boolean; hints?: string[]};

function metaOf(minTime: number, maxTime: number, options: Options = {}): BlockMeta {
  const meta = newMeta(`${minTime}-${maxTime}`, minTime, maxTime);
  meta.stats.numTombstones = options.tombstones ?? 0;
  meta.stats.numSeries = options.series ?? 0;
  meta.compaction.failed = options.failed ?? false;
  meta.compaction.hints = options.hints ?? [];
  return meta;
}

test('exponentialRanges() and blockRanges()', () => {
  assert.deepEqual(exponentialRanges(2, 4, 3), [2, 6, 18, 54]);
  const hour = 3_600_000;
  assert.deepEqual(blockRanges(2 * hour, 36 * hour), [2 * hour, 6 * hour, 18 * hour]);
  assert.deepEqual(blockRanges(2 * hour, hour), [2 * hour]);
  assert.equal(blockRanges(2 * hour, 31 * 24 * hour).at(-1), 486 * hour);
});

test('planCompaction() picks these blocks', () => {
  function f(metas: [number, number, Options?][], expected: string[]): void {
    const planned = planCompaction(
      metas.map(([min, max, options]) => metaOf(min, max, options)),
      ranges,
    );
    assert.deepEqual(
      planned.map(({ulid}) => ulid),
      expected,
    );
  }
  f([], []);
  f([[0, 20]], []);
  // The newest is left alone, and a range that is not full waits.
  f([[0, 20], [20, 40], [40, 60]], []); // prettier-ignore
  f([[0, 20], [20, 40], [40, 60], [60, 80]], ['0-20', '20-40', '40-60']); // prettier-ignore
  // With a gap, once a later range has begun.
  f([[0, 20], [20, 40], [60, 80], [80, 100]], ['0-20', '20-40']); // prettier-ignore
  f([[0, 20], [60, 80], [80, 100]], []); // prettier-ignore
  // Three levels.
  f([[0, 60], [60, 120], [120, 180], [180, 200]], ['0-60', '60-120', '120-180']); // prettier-ignore
  // Late samples of a range that is not in blocks yet stay by themselves.
  const late = {hints: [hint.outOfOrder]};
  f([[0, 20], [20, 40], [40, 60, late], [60, 80, late]], []); // prettier-ignore
  f([[0, 20], [20, 40], [20, 40, late], [40, 60, late], [60, 80, late]], ['20-40', '20-40']); // prettier-ignore
  f([[0, 20], [40, 60, late], [40, 60, late]], ['40-60', '40-60']); // prettier-ignore
  // One that failed keeps its range from being merged.
  f([[0, 20, {failed: true}], [20, 40], [40, 60], [60, 80], [80, 100], [100, 120], [120, 140]], ['60-80', '80-100', '100-120']); // prettier-ignore
  // What overlaps comes first, even with the newest.
  f([[0, 20], [19, 40], [40, 60]], ['0-20', '19-40']); // prettier-ignore
  f([[0, 20], [20, 40], [30, 50]], ['20-40', '30-50']); // prettier-ignore
  f([[0, 50], [10, 20], [30, 40], [60, 80]], ['0-50', '10-20', '30-40']); // prettier-ignore
  // Before the epoch.
  f([[-60, -40], [-40, -20], [-20, 0], [0, 20]], ['-60--40', '-40--20', '-20-0']); // prettier-ignore
  // Tombstones of more than five in a hundred, in blocks that are large enough.
  f([[0, 180, {tombstones: 2, series: 10}], [540, 560]], ['0-180']); // prettier-ignore
  f([[0, 180, {tombstones: 1, series: 100}], [540, 560]], []); // prettier-ignore
  f([[0, 60, {tombstones: 9, series: 10}], [540, 560]], []); // prettier-ignore
  f([[0, 60, {tombstones: 10, series: 10}], [540, 560]], ['0-60']); // prettier-ignore
  // Blocks of a part of the head's series are merged with each other only.
  const hints = [hint.staleSeries];
  f([[0, 20, {hints}], [10, 30], [30, 50]], []); // prettier-ignore
  f([[0, 20, {hints}], [10, 30, {hints}], [30, 50]], ['0-20', '10-30']); // prettier-ignore
});

test('mergedMeta() stands for all', () => {
  const outOfOrder = metaOf(0, 20, {hints: [hint.outOfOrder]});
  const merged = mergedMeta('new', [outOfOrder, metaOf(10, 40)]);
  assert.deepEqual(merged.compaction.hints, []);
  assert.deepEqual(mergedMeta('new', [outOfOrder, outOfOrder]).compaction.hints, [hint.outOfOrder]);
  assert.equal(merged.compaction.level, 2);
  assert.deepEqual(merged.compaction.sources, ['0-20', '10-40']);
  assert.deepEqual([merged.minTime, merged.maxTime], [0, 40]);
  assert.deepEqual(
    merged.compaction.parents.map(({ulid}) => ulid),
    ['0-20', '10-40'],
  );
});

test('beyondRetention() deletes the oldest', () => {
  const blocks = [metaOf(0, 20), metaOf(20, 40), metaOf(40, 60)].map((meta) => ({meta, bytes: 100}));
  function f(timeMs: number, bytes: number, headBytes: number, expected: string[]): void {
    assert.deepEqual([...beyondRetention(blocks, {timeMs, bytes}, headBytes).ulids].sort(), expected);
  }
  f(0, 0, 0, []);
  f(41, 0, 0, []);
  f(40, 0, 0, ['0-20']);
  f(20, 0, 0, ['0-20', '20-40']);
  f(1, 0, 0, ['0-20', '20-40']);
  f(0, 300, 0, []);
  f(0, 300, 1, ['0-20']);
  f(0, 50, 0, ['0-20', '20-40', '40-60']);
  f(40, 200, 50, ['0-20', '20-40']);
});
