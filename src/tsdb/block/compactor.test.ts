import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {compareLabels} from '../../model/labels.ts';
import {Symbols} from '../../storage/symbols.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import {PageCache} from './blockfile.ts';
import {BlockSet} from './blockset.ts';
import {BlockStore} from './blockstore.ts';
import {Compactor} from './compactor.ts';
import {readMeta, writeMeta} from './meta.ts';
import {planCompaction} from './plan.ts';
import {BlockQuerier} from './querier.ts';
import {readTombstones, writeTombstones} from './tombstones.ts';
import {
  makeScratch,
  type ModelSeries,
  openBlock,
  randomSeries,
  readAll,
  writeModel,
} from './testing/blocks.ts';

const scratch = makeScratch();
const dir = '/data';

function makeFileSystem(): SimulatedFileSystem {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory(dir);
  return fs;
}

function makeCompactor(fs: SimulatedFileSystem, cancelled = (): boolean => false): Compactor {
  let nowMs = 1000;
  return new Compactor({fs, dir, scratch, log: noLogger, nowMs: () => ++nowMs, cancelled});
}

function makeStore(
  fs: SimulatedFileSystem,
  limits = {timeMs: 0, bytes: 0},
  onChange = (): void => {},
): BlockStore {
  return new BlockStore({fs, dir, log: noLogger, retention: () => limits, headBytes: () => 0, onChange});
}

function readBlock(fs: SimulatedFileSystem, ulid: string): ModelSeries[] {
  const block = openBlock(fs, `${dir}/${ulid}`);
  const symbols = new Symbols();
  const querier = new BlockQuerier({block, symbols, scratch});
  const found = readAll(querier, symbols);
  querier.close();
  block.close();
  return found;
}

/** Plain union: of samples at the same time any may stay, so equal times have equal values here. */
function unite(parts: readonly ModelSeries[][]): ModelSeries[] {
  const bySeries = new Map<string, {labels: ModelSeries['labels']; samples: Map<number, number>}>();
  for (const {labels, samples} of parts.flat()) {
    const key = JSON.stringify(labels);
    const known = bySeries.get(key) ?? {labels, samples: new Map<number, number>()};
    bySeries.set(key, known);
    for (const [time, value] of samples) known.samples.set(time, value);
  }
  return [...bySeries.values()]
    .map(({labels, samples}) => ({
      labels,
      samples: [...samples].sort((left, right) => left[0] - right[0]),
    }))
    .filter(({samples}) => samples.length > 0)
    .sort((left, right) => compareLabels(left.labels, right.labels));
}

test('compact() of blocks holds what they held, for any seed', () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = new Random(seed);
    const fs = makeFileSystem();
    const all = randomSeries(random, {
      count: 1 + random.below(30),
      from: 0,
      to: 5000,
      stepMs: 20 + random.below(200),
    });
    const overlapping = seed % 2 === 0;
    const count = 1 + random.below(4);
    const parts: ModelSeries[][] = [];
    const ulids: string[] = [];
    for (let i = 0; i < count; i++) {
      const part = all.map(({labels, samples}) => ({
        labels,
        samples: samples.filter(([time]) =>
          overlapping ? random.below(2) === 0 : Math.floor((time / 5000) * count) === i,
        ),
      }));
      if (part.every(({samples}) => samples.length === 0)) continue;
      ulids.push(writeModel(fs, dir, part, scratch, {samplesPerChunk: 1 + random.below(50), timeMs: i}));
      parts.push(part);
    }
    if (ulids.length === 0) continue;
    // Some samples are deleted.
    const deleted = random.below(3) === 0;
    if (deleted) {
      const folder = `${dir}/${ulids[0]}`;
      const block = openBlock(fs, folder);
      const {tombstones} = readTombstones(fs, folder);
      for (const ref of block.index.postings('', '')) {
        if (random.below(2) === 0) tombstones.add(ref, random.below(3000), 3000 + random.below(2000));
      }
      writeTombstones(fs, folder, tombstones);
      block.close();
      parts[0] = readBlock(fs, ulids[0]!);
    }
    const expected = unite(parts);
    const {meta} = makeCompactor(fs).compact(ulids);
    if (expected.length === 0) {
      assert.equal(meta, null, `seed ${seed}`);
      continue;
    }
    assert.deepEqual(readBlock(fs, meta!.ulid), expected, `seed ${seed}`);
    const samples = expected.reduce((sum, each) => sum + each.samples.length, 0);
    assert.equal(meta!.stats.numSamples, samples, `seed ${seed}`);
    assert.equal(meta!.stats.numSeries, expected.length, `seed ${seed}`);
    assert.deepEqual(readMeta(fs, `${dir}/${meta!.ulid}`), meta);
    makeStore(fs).reload();
    assert.deepEqual(fs.list(dir), [meta!.ulid], `seed ${seed}: the sources are gone`);
    assert.equal(fs.openCount, 0, `seed ${seed}`);
    scratch.chunks!.clear();
    assert.equal(scratch.arena.bytesInUse, 0, `seed ${seed}`);
  }
});

test('a block of which all is deleted is not written, and its source goes', () => {
  const fs = makeFileSystem();
  const ulid = writeModel(fs, dir, [{labels: ['a', 'b'], samples: [[1, 1], [2, 2]]}], scratch); // prettier-ignore
  const folder = `${dir}/${ulid}`;
  const {tombstones} = readTombstones(fs, folder);
  tombstones.add(openBlock(fs, folder).index.postings('', '')[0]!, 0, 10);
  writeTombstones(fs, folder, tombstones);
  assert.equal(makeCompactor(fs).compact([ulid]).meta, null);
  makeStore(fs).reload();
  assert.deepEqual(fs.list(dir), []);
});

test('clean() writes a block without what is deleted, in the place of the old', () => {
  const fs = makeFileSystem();
  const samples: [number, number][] = [[1, 1], [2, 2], [3, 3]]; // prettier-ignore
  const ulid = writeModel(fs, dir, [{labels: ['a', 'b'], samples}], scratch);
  const folder = `${dir}/${ulid}`;
  const {tombstones} = readTombstones(fs, folder);
  tombstones.add(openBlock(fs, folder).index.postings('', '')[0]!, 2, 2);
  writeTombstones(fs, folder, tombstones);
  const {meta} = makeCompactor(fs).clean(ulid);
  assert.deepEqual(readBlock(fs, meta!.ulid), [{labels: ['a', 'b'], samples: [[1, 1], [3, 3]]}]); // prettier-ignore
  makeStore(fs).reload();
  assert.deepEqual(fs.list(dir), [meta!.ulid]);
});

test('blocks that cannot be merged are marked, and not planned again', () => {
  const fs = makeFileSystem();
  const series = (from: number): ModelSeries[] => [{labels: ['a', 'b'], samples: [[from, 1], [from + 19, 1]]}]; // prettier-ignore
  const ulids = [0, 20, 40, 60, 80].map((from, i) => writeModel(fs, dir, series(from), scratch, {timeMs: i}));
  const store = makeStore(fs);
  store.reload();
  const plan = (): string[] =>
    planCompaction(
      store.blocks.map(({meta}) => meta),
      [20, 60],
    ).map(({ulid}) => ulid);
  assert.deepEqual(plan(), ulids.slice(0, 3));
  const path = `${dir}/${ulids[1]}/chunks/000001`;
  const bytes = fs.contents(path);
  bytes[12]! ^= 1;
  fs.put(path, bytes);
  assert.throws(() => makeCompactor(fs).compact(plan()), /checksum mismatch/);
  store.reload();
  assert.deepEqual(plan(), []);
  assert.ok(store.blocks.slice(0, 3).every(({meta}) => meta.compaction.failed));
  assert.equal(fs.list(dir).length, 5, 'nothing is left of the new block');
});

test('a compaction that is cancelled leaves all as it was', () => {
  const fs = makeFileSystem();
  const series = randomSeries(new Random(1), {count: 200, from: 0, to: 200, stepMs: 50});
  const ulid = writeModel(fs, dir, series, scratch);
  assert.throws(() => makeCompactor(fs, () => true).compact([ulid]), /cancelled/);
  assert.deepEqual(fs.list(dir), [ulid]);
  assert.equal(readMeta(fs, `${dir}/${ulid}`).compaction.failed, false);
  assert.equal(fs.openCount, 0);
  scratch.chunks!.clear();
  assert.equal(scratch.arena.bytesInUse, 0);
});

test('after a loss of power at any call there is the old or the new, whole', () => {
  const series = randomSeries(new Random(3), {count: 12, from: 0, to: 2000, stepMs: 60});
  const halves = [0, 1000].map((from) =>
    series.map(({labels, samples}) => ({
      labels,
      samples: samples.filter(([time]) => time >= from && time < from + 1000),
    })),
  );
  const expected = unite(halves);
  let calls = Infinity;
  for (let at = 0; at < calls; at++) {
    const fs = makeFileSystem();
    const ulids = halves.map((half, i) => writeModel(fs, dir, half, scratch, {timeMs: i}));
    fs.syncDirectory(dir);
    const start = fs.calls;
    fs.fault = (_operation, _path, index) => (index - start >= at ? {code: 'EIO'} : null);
    try {
      makeCompactor(fs).compact(ulids);
      makeStore(fs).reload();
      calls = fs.calls - start;
    } catch {
      // Power goes in the middle of it.
    }
    fs.fault = () => null;
    fs.losePower(new Random(at));
    const store = makeStore(fs);
    store.removeRemains();
    store.reload();
    const found = unite(store.blocks.map(({meta}) => readBlock(fs, meta.ulid)));
    assert.deepEqual(found, expected, `call ${at}`);
    for (const name of fs.list(dir)) assert.match(name, /^[0-9A-Z]{26}$/, `call ${at}`);
  }
  assert.ok(calls > 20 && calls < Infinity);
});

test('a block whose index is damaged is not taken, and what it stands for stays', () => {
  const fs = makeFileSystem();
  const series: ModelSeries[] = [{labels: ['a', 'b'], samples: [[1, 1]]}];
  const ulid = writeModel(fs, dir, series, scratch);
  const {meta} = makeCompactor(fs).compact([ulid]);
  const path = `${dir}/${meta!.ulid}/index`;
  const bytes = fs.contents(path);
  bytes[20]! ^= 1;
  fs.put(path, bytes);
  const store = makeStore(fs);
  store.reload();
  assert.equal(store.damagedCount, 1);
  assert.deepEqual(store.blocks.map((block) => block.meta.ulid), [ulid]); // prettier-ignore
  assert.equal(fs.openCount, 0);
});

test('BlockSet takes up new blocks when the version changes, and hides those that others stand for', () => {
  const fs = makeFileSystem();
  let version = 0;
  const complaints: string[] = [];
  const set = new BlockSet({
    fs,
    dir,
    cache: new PageCache(),
    version: () => version,
    onDamage: (ulid) => complaints.push(ulid),
  });
  assert.equal(set.blocks.length, 0);
  const series: ModelSeries[] = [{labels: ['a', 'b'], samples: [[1, 1]]}];
  const first = writeModel(fs, dir, series, scratch, {timeMs: 1});
  assert.equal(set.blocks.length, 0, 'the version is the same');
  version++;
  assert.deepEqual(set.blocks.map(({meta}) => meta.ulid), [first]); // prettier-ignore
  const second = writeModel(fs, dir, series, scratch, {timeMs: 2});
  const meta = readMeta(fs, `${dir}/${second}`);
  meta.compaction.parents = [{ulid: first, minTime: 1, maxTime: 2}];
  writeMeta(fs, `${dir}/${second}`, meta);
  version++;
  assert.deepEqual(set.blocks.map((block) => block.meta.ulid), [second]); // prettier-ignore
  const third = writeModel(fs, dir, series, scratch, {timeMs: 3});
  fs.put(`${dir}/${third}/meta.json`, new Uint8Array(3));
  version++;
  assert.equal(set.blocks.length, 1);
  assert.deepEqual(complaints, [third]);
  const [reading] = set.blocks;
  makeStore(fs).delete(second);
  makeStore(fs).delete(first);
  version++;
  assert.equal(set.blocks.length, 0);
  assert.ok(reading !== undefined);
  set.close();
  assert.equal(fs.openCount, 0);
});

test('a BlockSet that looks while blocks are merged and deleted misses nothing, wherever that happens', () => {
  const samplesOf = (set: BlockSet): number => {
    let samples = 0;
    for (const {meta} of set.blocks) samples += meta.stats.numSamples;
    return samples;
  };
  for (const isOpen of [false, true]) {
    for (let at = 0, merged = false; ; at++, merged = false) {
      const fs = makeFileSystem();
      const series = (from: number): ModelSeries[] =>
        randomSeries(new Random(from), {count: 4, from, to: from + 1000, stepMs: 100});
      const ulids = [0, 1000, 2000].map((from, i) =>
        writeModel(fs, dir, series(from), scratch, {timeMs: i + 1}),
      );
      let version = 1;
      const set = new BlockSet({fs, dir, cache: new PageCache(), version: () => version});
      const expected = ulids.reduce((sum, ulid) => sum + readMeta(fs, `${dir}/${ulid}`).stats.numSamples, 0);
      if (isOpen) {
        assert.equal(samplesOf(set), expected);
        version++;
      }
      const {calls} = fs;
      fs.fault = (_operation, _path, index) => {
        if (merged || index - calls !== at) return null;
        merged = true;
        makeCompactor(fs).compact(ulids.slice(0, 2));
        makeStore(fs, undefined, () => version++).reload();
        return null;
      };
      assert.equal(samplesOf(set), expected, `merged at call ${at}`);
      fs.fault = () => null;
      assert.equal(samplesOf(set), expected);
      set.close();
      if (!merged) break;
    }
  }
});
