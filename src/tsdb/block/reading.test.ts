import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {compareLabels, labelOf} from '../../model/labels.ts';
import {Matcher, type MatchType} from '../../model/matcher.ts';
import {Symbols} from '../../storage/symbols.ts';
import {BlockQuerier} from './querier.ts';
import {Tombstones, writeTombstones} from './tombstones.ts';
import {makeScratch, type ModelSeries, openBlock, randomSeries, readAll, storeOf} from './testing/blocks.ts';

const scratch = makeScratch();

function matching(series: readonly ModelSeries[], matchers: readonly Matcher[]): ModelSeries[] {
  return series
    .filter(({samples}) => samples.length > 0)
    .filter(({labels}) => matchers.every((matcher) => matcher.matches(labelOf(labels, matcher.name))))
    .sort((left, right) => compareLabels(left.labels, right.labels));
}

function randomMatcher(random: Random): Matcher {
  const type = random.pick<MatchType>(['=', '!=', '=~', '!~']);
  const name = random.pick(['__name__', 'instance', 'job', 'extra_0', 'extra_1', 'nowhere']);
  const value = random.pick(['', 'alpha', 'a', 'b', 'host-7', 'x', 'é𝄞']);
  const pattern = random.pick([
    '',
    '.*',
    '.+',
    'a|b',
    'a|',
    'al.*',
    'host-1.*',
    'host-[12]',
    '.*a',
    'x|y|zz',
  ]);
  return new Matcher(type, name, type.endsWith('~') ? pattern : value);
}

test('a block gives back what went in, for any matchers and any range', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const count = 1 + random.below(60);
    const series = randomSeries(random, {count, from: -500, to: 5000, stepMs: 20 + random.below(400)});
    if (series.every(({samples}) => samples.length === 0)) continue;
    const segmentBytes = random.pick([2 ** 29, 2000]);
    const {fs, dir} = storeOf(series, scratch, {samplesPerChunk: 1 + random.below(40), segmentBytes});
    const block = openBlock(fs, dir);
    const symbols = new Symbols();
    const querier = new BlockQuerier({block, symbols, scratch});
    for (let i = 0; i < 20; i++) {
      const matchers = Array.from({length: random.below(4)}, () => randomMatcher(random));
      const mint = random.below(6000) - 1000;
      const maxt = mint + random.below(4000);
      const hint = `seed ${seed}: ${matchers.map((each) => each.name + each.type + each.value).join(',')}`;
      const expected = matching(series, matchers).map(({labels, samples}) => ({
        labels,
        samples: samples.filter(([time]) => time >= mint && time <= maxt),
      }));
      assert.deepEqual(readAll(querier, symbols, matchers, {mint, maxt}), expected, hint);
      const labels = matching(series, matchers).map((each) => each.labels);
      const names = new Set(labels.flatMap((each) => each.filter((_, at) => at % 2 === 0)));
      assert.deepEqual(new Set(querier.labelNames(matchers)), names, hint);
      const values = new Set(labels.map((each) => labelOf(each, 'instance')));
      assert.deepEqual(new Set(querier.labelValues('instance', matchers)), values, hint);
      assert.deepEqual(querier.labelValues('nowhere', matchers), [], hint);
    }
    querier.close();
    block.close();
    assert.equal(fs.openCount, 0);
    scratch.chunks!.clear();
    assert.equal(scratch.arena.bytesInUse, 0, `seed ${seed}`);
  }
});

test('samples with tombstones are left out', () => {
  const samples = Array.from({length: 100}, (_, i): [number, number] => [i * 10, i]);
  const {fs, dir} = storeOf(
    [
      {labels: ['__name__', 'a'], samples},
      {labels: ['__name__', 'b'], samples},
    ],
    scratch,
  );
  const refs = openBlock(fs, dir).index.postings('', '');
  const tombstones = new Tombstones();
  tombstones.add(refs[1]!, 100, 199);
  tombstones.add(refs[1]!, 5, 5);
  tombstones.add(refs[1]!, 900, 10_000);
  writeTombstones(fs, dir, tombstones);
  const symbols = new Symbols();
  const querier = new BlockQuerier({block: openBlock(fs, dir), symbols, scratch});
  const [a, b] = readAll(querier, symbols);
  assert.deepEqual(a!.samples, samples);
  assert.deepEqual(
    b!.samples,
    samples.filter(([time]) => (time < 100 || time > 199) && time < 900),
  );
  querier.close();
});

test('a block that is closed while somebody reads stays open until the reader has left', () => {
  const {fs, dir} = storeOf([{labels: ['__name__', 'a'], samples: [[1, 2]]}], scratch);
  const block = openBlock(fs, dir);
  const symbols = new Symbols();
  const querier = new BlockQuerier({block, symbols, scratch});
  block.close();
  fs.remove(dir);
  assert.deepEqual(readAll(querier, symbols), [{labels: ['__name__', 'a'], samples: [[1, 2]]}]);
  assert.ok(fs.openCount > 0);
  querier.close();
  assert.equal(fs.openCount, 0);
});
