import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {Matcher} from '../../model/matcher.ts';
import {unguarded} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import type {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import type {Block} from './block.ts';
import {pageBytes} from './blockfile.ts';
import type {BlockDamage} from './damage.ts';
import {PostingsReader} from './postings.ts';
import {BlockQuerier} from './querier.ts';
import {makeScratch, type ModelSeries, openBlock, randomSeries, readAll, storeOf} from './testing/blocks.ts';
import {rewriteAsVersion1} from './testing/indexv1.ts';

const scratch = makeScratch();
const queries = [
  [],
  [new Matcher('=', 'job', 'a')],
  [new Matcher('=~', 'instance', 'host-1.*')],
  [new Matcher('!=', 'job', 'a')],
  [new Matcher('!~', 'instance', 'host-[1-5]'), new Matcher('=~', 'job', 'a|b')],
  [new Matcher('=', '__name__', 'alpha'), new Matcher('=', 'job', '')],
];

interface Store {
  fs: SimulatedFileSystem;
  dir: string;
}

function makeStore(seed: number): Store {
  const series = randomSeries(new Random(seed), {count: 60, from: 0, to: 2000, stepMs: 90});
  return storeOf(series, scratch, {samplesPerChunk: 6});
}

interface Answers {
  answers: ModelSeries[][];
  names: string[][];
  lost: BlockDamage[];
  mended: BlockDamage[];
}

function ask(block: Block): Answers {
  const lost: BlockDamage[] = [];
  const mended: BlockDamage[] = [];
  const symbols = new Symbols();
  const querier = new BlockQuerier({
    block,
    symbols,
    scratch,
    onDamage: (damage) => lost.push(damage),
    onMended: (damage) => mended.push(damage),
  });
  try {
    const answers = queries.map((matchers) => readAll(querier, symbols, matchers));
    const names = queries.map((matchers) => querier.labelNames(matchers));
    return {answers, names, lost, mended};
  } finally {
    querier.close();
  }
}

/** Flips a bit of the lists at these places. */
function damage({fs, dir}: Store, offsets: readonly number[]): void {
  const path = `${dir}/index`;
  const bytes = fs.contents(path);
  // Behind the length of the list: the number of its postings, and the postings.
  for (const offset of offsets) bytes[offset + 7]! ^= 1;
  fs.put(path, bytes);
}

function listsOf(block: Block): number[] {
  const offsets: number[] = [];
  for (const name of ['', ...block.index.table.names]) {
    block.index.table.walk(name, '', (_, offset) => {
      offsets.push(offset);
      return true;
    });
  }
  return offsets;
}

test('a damaged list of postings is made again of the series: nothing is missing, and it is told', () => {
  for (const version of [2, 1]) {
    const store = makeStore(version);
    if (version === 1) rewriteAsVersion1(store.fs, store.dir);
    const {fs, dir} = store;
    const whole = fs.contents(`${dir}/index`);
    const block = openBlock(fs, dir);
    const sound = ask(block);
    assert.ok(sound.answers.every(({length}) => length > 0) && sound.mended.length === 0);
    const all = listsOf(block);
    block.close();
    const random = new Random(version);
    let mended = 0;
    for (let i = 0; i < 40; i++) {
      // One, several, or all of them.
      damage(
        store,
        all.filter(() => i === 0 || random.below(i) === 0),
      );
      const damaged = openBlock(fs, dir);
      const first = ask(damaged);
      assert.deepEqual(first.answers, sound.answers, `version ${version}, ${i}`);
      assert.deepEqual(first.names, sound.names);
      assert.deepEqual(first.lost, []);
      mended += first.mended.length;
      // The index keeps what it has made.
      const second = ask(damaged);
      assert.deepEqual(second.answers, sound.answers);
      assert.deepEqual(second.mended, []);
      damaged.close();
      fs.put(`${dir}/index`, whole);
    }
    assert.ok(mended > 60, `${mended} lists made again`);
  }
});

test('a query that makes lists again can be ended, also where nothing of the index is whole', () => {
  const series = randomSeries(new Random(5), {count: 3000, from: 0, to: 200, stepMs: 90});
  const store = storeOf(series, scratch);
  const path = `${store.dir}/index`;
  const sound = openBlock(store.fs, store.dir);
  const {toc} = sound.index;
  damage(store, listsOf(sound));
  sound.close();
  const bytes = store.fs.contents(path);
  bytes.fill(0, toc.series, toc.postings);
  store.fs.put(path, bytes);
  const block = openBlock(store.fs, store.dir);
  let left = 3;
  const check = (): void => {
    if (left-- === 0) throw new Error('it is ended');
  };
  const reader = new PostingsReader(block.index, {
    guard: {...unguarded, check},
    onDamage: () => {},
    onMended: () => {},
  });
  assert.throws(() => reader.list('', ''), /it is ended/);
  left = Infinity;
  assert.deepEqual(reader.list('', ''), new Uint32Array(0));
  block.close();
});

test('what the disk does not read for a moment is no damage: lists are made again of all series the next time', () => {
  const series = randomSeries(new Random(6), {count: 3000, from: 0, to: 200, stepMs: 90});
  const store = storeOf(series, scratch);
  const {fs} = store;
  const whole = openBlock(fs, store.dir);
  const sound = ask(whole);
  const {toc} = whole.index;
  assert.ok(toc.postings - toc.series > 2 * pageBytes, 'the series take several pages');
  damage(store, listsOf(whole));
  whole.close();
  const block = openBlock(fs, store.dir);
  assert.ok(block.index.version > 0);
  for (const skipped of [0, 1]) {
    let reads = 0;
    fs.fault = (operation, path) =>
      operation === 'read' && path.endsWith('index') && reads++ > skipped ? {code: 'EIO'} : null;
    assert.throws(() => ask(block), {code: 'EIO'});
  }
  fs.fault = () => null;
  const again = ask(block);
  assert.deepEqual(again.answers, sound.answers);
  assert.deepEqual(again.lost, []);
  block.close();
});

test('one changed byte of the series or of the postings costs one series at the most', () => {
  const store = makeStore(3);
  const {fs, dir} = store;
  const whole = fs.contents(`${dir}/index`);
  const block = openBlock(fs, dir);
  const sound = ask(block);
  const {toc} = block.index;
  block.close();
  const random = new Random(3);
  let lost = 0;
  for (let at = toc.series; at < toc.postingsTable; at++) {
    const bytes = whole.slice();
    bytes[at]! ^= 1 << random.below(8);
    fs.put(`${dir}/index`, bytes);
    const damaged = openBlock(fs, dir);
    const found = ask(damaged);
    for (const [i, answer] of found.answers.entries()) {
      const missing = sound.answers[i]!.length - answer.length;
      assert.ok(missing >= 0 && missing <= 1, `byte ${at}: ${missing} series are missing`);
      assert.ok(missing === 0 || found.lost.length > 0, `byte ${at}: it is told`);
      lost += missing;
    }
    damaged.close();
  }
  assert.ok(lost > 100, `${lost} series lost`);
});
