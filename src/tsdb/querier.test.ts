import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {SizeClassArena} from '../kernels/arena.ts';
import {loadKernels} from '../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../kernels/memory.ts';
import {compareLabels, labelOf} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import {addSample, type SeriesRef} from '../storage/appender.ts';
import {unguarded} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {PageCache} from './block/blockfile.ts';
import {BlockSet} from './block/blockset.ts';
import {makeScratch, type ModelSeries, randomSeries, readAll, writeModel} from './block/testing/blocks.ts';
import {Head} from './head/head.ts';
import {HeadReader} from './head/reader.ts';
import {DbReader} from './querier.ts';

const scratch = makeScratch();

function makeHead(series: readonly ModelSeries[]): Head {
  const memory = LinearMemory.reserve(2 ** 26);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const head = new Head({memory, arena, kernels: loadKernels(memory)});
  const appender = head.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  const rows = series.flatMap(({labels, samples}) => samples.map(([time, value]) => ({labels, time, value})));
  // Not in the order of their labels.
  for (const {labels, time, value} of rows.sort((left, right) => left.time - right.time)) {
    appender.series(labels, ref);
    addSample(appender.batch, ref, time, value);
    if (appender.batch.length === appender.batch.capacity) appender.commit();
  }
  appender.commit();
  return head;
}

interface Store {
  reader: DbReader;
  blocks: BlockSet;
  head: HeadReader;
}

function makeStore(parts: readonly ModelSeries[][], inHead: readonly ModelSeries[], random: Random): Store {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/data');
  for (const part of parts) {
    if (part.every(({samples}) => samples.length === 0)) continue;
    writeModel(fs, '/data', part, scratch, {samplesPerChunk: 1 + random.below(30)});
  }
  const blocks = new BlockSet({fs, dir: '/data', cache: new PageCache()});
  const head = new HeadReader(makeHead(inHead).memory, scratch, 1);
  return {reader: new DbReader(head, blocks), blocks, head};
}

/** Each sample goes to one or more of `count` parts: by time, or, where they overlap, at random. */
function split(
  series: readonly ModelSeries[],
  {count, overlap, random}: {count: number; overlap: boolean; random: Random},
): ModelSeries[][] {
  const span = 6000 / count;
  return Array.from({length: count}, (_, part) =>
    series.map(({labels, samples}) => ({
      labels,
      samples: samples.filter(([time]) => {
        const place = Math.floor(time / span);
        return overlap ? place === part || random.below(3) === 0 : place === part;
      }),
    })),
  );
}

test('head and blocks together are what was stored, each sample once', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const series = randomSeries(random, {
      count: 1 + random.below(30),
      from: 0,
      to: 6000,
      stepMs: 40 + random.below(300),
    });
    const overlap = random.below(2) === 0;
    const parts = split(series, {count: 1 + random.below(5), overlap, random});
    const inHead = parts.pop()!;
    const {reader, blocks, head} = makeStore(parts, inHead, random);
    for (let i = 0; i < 6; i++) {
      const range = {mint: random.below(5000), maxt: 0};
      range.maxt = range.mint + random.below(3000);
      const symbols = new Symbols();
      const querier = reader.querier(range, symbols);
      const matchers = random.below(2) === 0 ? [] : [new Matcher('=~', '__name__', 'a.*|b.*')];
      const found = readAll(querier, symbols, matchers, range).filter(({samples}) => samples.length > 0);
      const expected = series
        .filter(({labels}) => matchers.every((matcher) => matcher.matches(labelOf(labels, matcher.name))))
        .map(({labels, samples}) => ({
          labels,
          samples: samples.filter(([time]) => time >= range.mint && time <= range.maxt),
        }))
        .filter(({samples}) => samples.length > 0)
        .sort((left, right) => compareLabels(left.labels, right.labels));
      // What only the head has comes in the order in which it was made.
      found.sort((left, right) => compareLabels(left.labels, right.labels));
      assert.deepEqual(found, expected, `seed ${seed}, overlap ${overlap}`);
      querier.close();
    }
    head.release();
    blocks.close();
    scratch.chunks!.clear();
    assert.equal(scratch.arena.bytesInUse, 0, `seed ${seed}`);
  }
  assert.ok(scratch.chunks!.hits > 100, `${scratch.chunks!.hits} chunks came from the cache`);
});

test('damaged blocks, chunks and series are left out and told of; the rest is served', () => {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/data');
  const part = (from: number): ModelSeries[] => [
    {labels: ['__name__', 'a'], samples: [[from, 1], [from + 1, 2]]}, // prettier-ignore
    {labels: ['__name__', 'b'], samples: [[from, 1]]},
  ];
  const [first, second] = [0, 10].map((from) => writeModel(fs, '/data', part(from), scratch));
  const flip = (path: string, at: number): void => {
    const bytes = fs.contents(path);
    bytes[at]! ^= 1;
    fs.put(path, bytes);
  };
  flip(`/data/${first}/index`, 15);
  flip(`/data/${second}/chunks/000001`, 12);
  const told: string[] = [];
  const onDamage = (ulid: string): void => void told.push(ulid);
  const partsTold: string[] = [];
  const onPartDamage = (ulid: string, {message}: Error): void => void partsTold.push(`${ulid}: ${message}`);
  const blocks = new BlockSet({fs, dir: '/data', cache: new PageCache(), onDamage, onPartDamage});
  const warnings = new Set<string>();
  const guard = {...unguarded, warn: (message: string): void => void warnings.add(message)};
  const head = new HeadReader(makeHead([]).memory, scratch, 1);
  const reader = new DbReader(head, blocks);
  for (let i = 0; i < 2; i++) {
    const symbols = new Symbols();
    const querier = reader.querier({mint: 0, maxt: 100}, symbols, guard);
    const whole = readAll(querier, symbols).filter(({samples}) => samples.length > 0);
    assert.deepEqual(whole, [{labels: ['__name__', 'b'], samples: [[10, 1]]}]);
    querier.close();
  }
  assert.deepEqual(told, [first]);
  assert.equal(partsTold.length, 1);
  assert.match(partsTold[0]!, new RegExp(`^${second}: cannot read .*000001 at byte 8: checksum mismatch`));
  assert.equal(warnings.size, 2);
  assert.match([...warnings][0]!, new RegExp(`^block ${first} was left out: cannot read .*index at byte`));
  assert.match([...warnings][1]!, new RegExp(`^a part of block ${second} was left out: cannot read`));
  warnings.clear();
  reader.querier({mint: 5, maxt: 100}, new Symbols(), guard).close();
  assert.equal(warnings.size, 0, 'the damaged block is older');
  head.release();
  blocks.close();
  assert.equal(fs.openCount, 0);
});

/** Two blocks of a series with one sample each, and what a query gives of them. */
function makeTwoBlocks(): {
  fs: SimulatedFileSystem;
  second: string;
  blocks: BlockSet;
  /** ULIDs of blocks that were complained of. */
  told: string[];
  ask: () => {values: number[]; warnings: string[]};
  pass: (ms: number) => void;
  close: () => void;
} {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory('/data');
  const [, second] = [0, 10].map((from) =>
    writeModel(fs, '/data', [{labels: ['__name__', 'a'], samples: [[from, from]]}], scratch, {
      timeMs: from + 1,
    }),
  );
  let nowMs = 0;
  const told: string[] = [];
  const blocks = new BlockSet({
    fs,
    dir: '/data',
    cache: new PageCache(),
    elapsed: () => nowMs,
    onDamage: (ulid) => void told.push(ulid),
  });
  const head = new HeadReader(makeHead([]).memory, scratch, 1);
  const reader = new DbReader(head, blocks);
  return {
    fs,
    second: second!,
    blocks,
    told,
    pass: (ms) => void (nowMs += ms),
    ask: () => {
      const warnings = new Set<string>();
      const guard = {...unguarded, warn: (message: string): void => void warnings.add(message)};
      const symbols = new Symbols();
      const querier = reader.querier({mint: 0, maxt: 100}, symbols, guard);
      const values = readAll(querier, symbols).flatMap(({samples}) => samples.map(([, value]) => value));
      querier.close();
      return {values, warnings: [...warnings]};
    },
    close: () => {
      head.release();
      blocks.close();
      assert.equal(fs.openCount, 0);
    },
  };
}

test('a block that cannot be opened for now is left out, told of, and tried again', () => {
  const {fs, second, blocks, told, ask, pass, close} = makeTwoBlocks();
  fs.fault = (operation, path) => (operation === 'open' && path.includes(second) ? {code: 'EMFILE'} : null);
  for (let i = 0; i < 2; i++) {
    const {values, warnings} = ask();
    assert.deepEqual(values, [0]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, new RegExp(`^block ${second} was left out: EMFILE`));
    pass(1000);
  }
  assert.deepEqual(told, [second]);
  fs.fault = () => null;
  ask();
  pass(1000);
  assert.deepEqual(ask(), {values: [0, 10], warnings: []});
  // Open blocks stay open where they cannot be looked at again.
  fs.fault = (operation) => (operation === 'open' ? {code: 'ENFILE'} : null);
  blocks.reload();
  assert.deepEqual(ask(), {values: [0, 10], warnings: []});
  assert.deepEqual(told, [second]);
  close();
});

test('a damaged block is left out, told of once, and comes back when it is whole again', () => {
  const {fs, second, blocks, told, ask, pass, close} = makeTwoBlocks();
  assert.deepEqual(ask(), {values: [0, 10], warnings: []});
  const {openCount} = fs;
  for (const file of ['meta.json', 'tombstones', 'index']) {
    const path = `/data/${second}/${file}`;
    const whole = fs.contents(path);
    fs.put(path, whole.slice(0, 8));
    // What is open of an index is not looked at again: only a reader that opens it sees that.
    if (file === 'index') blocks.close();
    blocks.reload();
    for (let i = 0; i < 3; i++) {
      const {values, warnings} = ask();
      assert.deepEqual(values, [0], file);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, new RegExp(`^block ${second} was left out: cannot read .*${file}`));
      pass(60_000);
    }
    assert.deepEqual(told.splice(0), [second], file);
    fs.put(path, whole);
    assert.deepEqual(ask(), {values: [0, 10], warnings: []}, file);
    assert.equal(fs.openCount, openCount, 'nothing stays open twice');
  }
  close();
});

test('series of head and blocks come in the order of their labels', () => {
  const random = new Random(1);
  const series = randomSeries(random, {count: 50, from: 0, to: 6000, stepMs: 100});
  const [old, recent] = split(series, {count: 2, overlap: false, random});
  const {reader, blocks, head} = makeStore([old!], recent!, random);
  const symbols = new Symbols();
  const querier = reader.querier({mint: 0, maxt: 10_000}, symbols);
  const labels = readAll(querier, symbols).map((each) => each.labels);
  assert.deepEqual(labels, [...labels].sort(compareLabels));
  assert.equal(labels.length, 50);
  assert.deepEqual(querier.labelValues('job', []), ['a', 'b', 'c']);
  assert.deepEqual(querier.labelNames([]), ['__name__', 'extra_0', 'extra_1', 'extra_2', 'instance', 'job']);
  querier.close();
  head.release();
  blocks.close();
});
