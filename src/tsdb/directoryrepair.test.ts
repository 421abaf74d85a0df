// Whatever one byte is flipped: what is saved was there before, all that is missing was reported, and the damaged bytes are kept.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {compareLabels, formatLabels, labelsOf} from '../model/labels.ts';
import {Symbols} from '../storage/symbols.ts';
import {systemClock} from '../sys/clock.ts';
import {SimulatedFileSystem} from '../sys/fs-simulated.ts';
import {noLogger} from '../sys/log.ts';
import type {IndexToc} from './block/index.ts';
import {readMeta} from './block/meta.ts';
import {BlockQuerier} from './block/querier.ts';
import type {SalvageLoss} from './block/salvage.ts';
import {
  makeScratch,
  type ModelSeries,
  openBlock,
  randomSeries,
  readAll,
  writeModel,
} from './block/testing/blocks.ts';
import {Tombstones, writeTombstones} from './block/tombstones.ts';
import {verifyBlock} from './block/verify.ts';
import {
  type BlockRepair,
  damagedFolder,
  type DirectoryRepairOptions,
  repairBlock,
  repairFullChunks,
  repairLog,
} from './directoryrepair.ts';
import {scanHeadChunks} from './headchunks/scan.ts';
import {HeadChunkWriter} from './headchunks/writer.ts';
import {Wal} from './wal/wal.ts';

const scratch = makeScratch();
const dir = '/data';

interface Store {
  fs: SimulatedFileSystem;
  ulid: string;
  series: ModelSeries[];
  toc: IndexToc;
  options: DirectoryRepairOptions;
}

function makeStore(seed: number, segmentBytes = 2 ** 29): Store {
  const fs = new SimulatedFileSystem();
  fs.makeDirectory(dir);
  const series = randomSeries(new Random(seed), {count: 40, from: 0, to: 2000, stepMs: 90});
  const ulid = writeModel(fs, dir, series, scratch, {samplesPerChunk: 6, segmentBytes});
  const block = openBlock(fs, `${dir}/${ulid}`);
  const {toc} = block.index;
  block.close();
  return {fs, ulid, series, toc, options: optionsOf(fs)};
}

function optionsOf(fs: SimulatedFileSystem): DirectoryRepairOptions {
  return {fs, dir, scratch, clock: systemClock, log: noLogger, dryRun: false};
}

function flip(fs: SimulatedFileSystem, path: string, at: number, bit = 0): void {
  const bytes = fs.contents(path);
  bytes[at]! ^= 1 << bit;
  fs.put(path, bytes);
}

function readBlock(fs: SimulatedFileSystem, ulid: string): ModelSeries[] {
  const block = openBlock(fs, `${dir}/${ulid}`);
  const complaints: string[] = [];
  verifyBlock(block, scratch, (problem) => complaints.push(problem));
  assert.deepEqual(complaints, []);
  const symbols = new Symbols();
  const querier = new BlockQuerier({block, symbols, scratch});
  try {
    return readAll(querier, symbols);
  } finally {
    querier.close();
    block.close();
  }
}

/** That what is in the new block was in the old one, and that what is missing is among the losses. Gives how many samples that is. */
function assertSaved({fs, series}: Store, {salvaged}: BlockRepair): number {
  const {meta, losses} = salvaged!;
  const saved = new Map<string, Map<number, number>>();
  for (const {labels, samples} of meta === null ? [] : readBlock(fs, meta.ulid)) {
    saved.set(formatLabels(labels), new Map(samples));
  }
  let missing = 0;
  for (const {labels, samples} of series) {
    const name = formatLabels(labels);
    const found = saved.get(name) ?? new Map<number, number>();
    for (const [time, value] of samples) {
      if (found.has(time)) assert.ok(Object.is(found.get(time), value));
      else {
        missing++;
        assert.ok(
          losses.some((loss) => covers(loss, name, time)),
          `${name} at ${time} is reported`,
        );
      }
      found.delete(time);
    }
    assert.equal(found.size, 0, 'nothing is made up');
    saved.delete(name);
  }
  assert.equal(saved.size, 0, 'no series is made up');
  return missing;
}

function covers({series, mint, maxt}: SalvageLoss, name: string, time: number): boolean {
  const isNamed = series === name || series === null || !series.startsWith('{');
  return isNamed && (mint === null || (mint <= time && time <= maxt!));
}

/** Flips one bit at many places of a part of a file, one after the other, and repairs. Gives the most that one flip has cost. */
function flipAll(
  store: Store,
  file: string,
  [from, to]: [number, number],
): {samples: number; series: number; unseen: number} {
  const {fs, ulid, options} = store;
  const random = new Random(from);
  const path = `${dir}/${ulid}/${file}`;
  const whole = fs.contents(path);
  const worst = {samples: 0, series: 0, unseen: 0};
  const step = Math.max(1, Math.floor((to - from) / 60));
  for (let at = from; at < to; at += step) {
    const bit = random.below(8);
    flip(fs, path, at, bit);
    const damaged = fs.contents(path);
    const repair = repairBlock(options, ulid);
    if (repair.salvaged === null) {
      worst.unseen++;
      fs.put(path, whole);
      continue;
    }
    worst.samples = Math.max(worst.samples, assertSaved(store, repair));
    const named = repair.salvaged.losses.map(({series}) => series);
    worst.series = Math.max(worst.series, new Set(named).size);
    assert.deepEqual(fs.contents(`${repair.movedTo}/${file}`), damaged, 'the damaged bytes are kept');
    if (repair.salvaged.meta !== null) fs.remove(`${dir}/${repair.salvaged.meta.ulid}`);
    fs.rename(repair.movedTo!, `${dir}/${ulid}`);
    fs.put(path, whole);
  }
  return worst;
}

test('one flipped bit costs nothing, one series or one chunk, by what it is in', () => {
  const store = makeStore(1);
  const {fs, ulid, toc} = store;
  const indexBytes = fs.contents(`${dir}/${ulid}/index`).length;
  const chunkBytes = fs.contents(`${dir}/${ulid}/chunks/000001`).length;
  const metaBytes = fs.contents(`${dir}/${ulid}/meta.json`).length;
  const nothing = {samples: 0, series: 0};
  function f(file: string, range: [number, number], expected: {samples: number; series: number}): void {
    const {samples, series} = flipAll(store, file, range);
    assert.deepEqual({samples, series}, expected, `${file} ${range.join(' to ')}`);
  }
  f('index', [0, 5], nothing);
  f('index', [toc.symbols, toc.series], nothing);
  f('index', [toc.postings, toc.postingsTable], nothing);
  f('index', [toc.postingsTable, indexBytes - 52], nothing);
  f('index', [indexBytes - 52, indexBytes], nothing);
  f('chunks/000001', [0, 8], nothing);
  f('tombstones', [0, 9], nothing);
  f('meta.json', [0, metaBytes], nothing);
  const longest = Math.max(...store.series.map(({samples}) => samples.length));
  const inSeries = flipAll(store, 'index', [toc.series + 16, toc.postings]);
  assert.ok(inSeries.series === 1 && inSeries.samples > 6 && inSeries.samples <= longest);
  const inChunks = flipAll(store, 'chunks/000001', [8, chunkBytes]);
  assert.deepEqual(inChunks, {samples: 6, series: 1, unseen: 0});
});

test('a series whose entry is damaged is named by the postings', () => {
  const store = makeStore(2);
  const {fs, ulid, options} = store;
  const block = openBlock(fs, `${dir}/${ulid}`);
  const third = block.index.postings('', '')[2]!;
  block.close();
  flip(fs, `${dir}/${ulid}/index`, third * 16 + 5);
  const repair = repairBlock(options, ulid);
  const sorted = store.series.map(({labels}) => labels).sort(compareLabels);
  const {minTime, maxTime} = readMeta(fs, repair.movedTo!);
  assert.deepEqual(repair.salvaged!.losses, [
    {
      series: formatLabels(sorted[2]!),
      mint: minTime,
      maxt: maxTime - 1,
      why: `its entry at byte ${third * 16} of the index is damaged`,
    },
  ]);
  assert.equal(repair.salvaged!.meta!.stats.numSeries, 39);
});

test('without the symbols, series that a damaged list of postings has cannot be told; all others are saved', () => {
  const store = makeStore(3);
  const {fs, ulid, options, toc} = store;
  const block = openBlock(fs, `${dir}/${ulid}`);
  const list = block.index.table.find('job', 'a');
  block.close();
  flip(fs, `${dir}/${ulid}/index`, toc.symbols + 12);
  flip(fs, `${dir}/${ulid}/index`, list + 9);
  const repair = repairBlock(options, ulid);
  const withJob = store.series.filter(({labels}) => formatLabels(labels).includes('job="a"')).length;
  assert.equal(repair.salvaged!.losses.length, withJob);
  assert.equal(repair.salvaged!.meta!.stats.numSeries, 40 - withJob);
  assert.ok(repair.salvaged!.losses.every(({why}) => why.startsWith('it has ')));
});

test('without symbols and postings offset table nothing can be saved, and the block is kept', () => {
  const {fs, ulid, options, toc} = makeStore(4);
  flip(fs, `${dir}/${ulid}/index`, toc.symbols + 12);
  flip(fs, `${dir}/${ulid}/index`, toc.postingsTable + 12);
  const {salvaged, movedTo} = repairBlock(options, ulid);
  assert.equal(salvaged!.meta, null);
  assert.equal(salvaged!.losses.length, 1);
  assert.equal(salvaged!.losses[0]!.series, null);
  assert.match(salvaged!.losses[0]!.why, /no series has a name/);
  assert.deepEqual(fs.list(dir), [damagedFolder]);
  assert.deepEqual(fs.list(movedTo!).sort(), ['chunks', 'index', 'meta.json', 'tombstones']);
});

test('a segment that is missing costs its own chunks', () => {
  const store = makeStore(5, 4096);
  const {fs, ulid, options} = store;
  const segments = fs.list(`${dir}/${ulid}/chunks`).length;
  assert.ok(segments >= 3, `${segments} segments`);
  fs.remove(`${dir}/${ulid}/chunks/000001`);
  const repair = repairBlock(options, ulid);
  const missing = assertSaved(store, repair);
  const all = store.series.reduce((sum, {samples}) => sum + samples.length, 0);
  assert.ok(missing > 0 && missing < all / 2, `${missing} of ${all} samples`);
});

test('without meta.json the range is that of the samples, and the log is not taken to be in the block', () => {
  const store = makeStore(6);
  const {fs, ulid, options} = store;
  const old = readMeta(fs, `${dir}/${ulid}`);
  fs.remove(`${dir}/${ulid}/meta.json`);
  const repair = repairBlock(options, ulid);
  assert.equal(assertSaved(store, repair), 0);
  const {minTime, maxTime, stats, compaction} = readMeta(fs, `${dir}/${repair.salvaged!.meta!.ulid}`);
  assert.deepEqual({minTime, maxTime, stats}, {minTime: old.minTime, maxTime: old.maxTime, stats: old.stats});
  assert.deepEqual(compaction.hints, ['from-out-of-order']);
});

test('what tombstones delete stays deleted in a repaired block', () => {
  const store = makeStore(7);
  const {fs, ulid, options} = store;
  const block = openBlock(fs, `${dir}/${ulid}`);
  const first = block.index.postings('', '')[0]!;
  block.close();
  const tombstones = new Tombstones();
  tombstones.add(first, 0, 2 ** 40);
  writeTombstones(fs, `${dir}/${ulid}`, tombstones);
  flip(fs, `${dir}/${ulid}/index`, store.toc.symbols + 12);
  const {salvaged} = repairBlock(options, ulid);
  assert.equal(salvaged!.meta!.stats.numSeries, 39);
  assert.deepEqual(salvaged!.losses, []);
});

test('a sound block stays; a dry run changes nothing', () => {
  const {fs, ulid, options} = makeStore(8);
  assert.equal(repairBlock(options, ulid).salvaged, null);
  flip(fs, `${dir}/${ulid}/chunks/000001`, 12);
  const {salvaged, movedTo} = repairBlock({...options, dryRun: true}, ulid);
  assert.equal(salvaged!.losses.length, 1);
  assert.ok(salvaged!.meta!.stats.numSamples > 0);
  assert.equal(movedTo, null);
  assert.deepEqual(fs.list(dir), [ulid]);
});

test('repairLog() takes damaged records out, with a copy, and moves a snapshot aside', async () => {
  const fs = new SimulatedFileSystem();
  const folder = `${dir}/wal`;
  fs.makeDirectory(folder);
  const wal = new Wal({fs, dir: folder, segment: 0, log: noLogger, clock: systemClock, linear: scratch});
  for (let i = 1; i <= 50; i++) {
    wal.series(i, labelsOf({__name__: 'up', instance: `host-${i}`}));
    wal.flush();
  }
  await wal.close();
  fs.makeDirectory(`${dir}/chunk_snapshot.000000.0000000100`);
  flip(fs, `${folder}/00000000`, 700);
  const damaged = fs.contents(`${folder}/00000000`);
  const options = optionsOf(fs);
  const dry = await repairLog({...options, dryRun: true}, 'WAL');
  assert.equal(dry!.corruptions.length, 1);
  assert.deepEqual(fs.contents(`${folder}/00000000`), damaged);
  const repaired = await repairLog(options, 'WAL');
  assert.equal(repaired!.corruptions.length, 1);
  assert.equal(repaired!.series, 49);
  const again = await repairLog(options, 'WAL');
  assert.deepEqual(again!.corruptions, []);
  assert.equal(again!.series, 49);
  const kept = fs.list(`${dir}/${damagedFolder}`).sort();
  assert.match(kept.join(' '), /^\S+-wal-00000000-from-0 chunk_snapshot\.000000\.0000000100$/);
  assert.deepEqual(fs.contents(`${dir}/${damagedFolder}/${kept[0]}`), damaged);
  assert.equal(await repairLog(options, 'WBL'), null);
});

test('repairFullChunks() cuts off what is damaged, with a copy', () => {
  const fs = new SimulatedFileSystem();
  const folder = `${dir}/chunks_head`;
  fs.makeDirectory(folder);
  const writer = new HeadChunkWriter({fs, dir: folder, log: noLogger, lastFile: 0});
  const data = new Uint8Array(100).fill(7);
  for (let ref = 1; ref <= 20; ref++) {
    writer.write({ref, minTime: 0, maxTime: 10, encoding: 1, outOfOrder: false}, data, 0, data.length);
  }
  writer.close();
  const options = optionsOf(fs);
  assert.equal(repairFullChunks(options), null);
  flip(fs, `${folder}/000001`, 1000);
  const damaged = fs.contents(`${folder}/000001`);
  assert.equal(repairFullChunks({...options, dryRun: true})!.file, 1);
  assert.deepEqual(fs.contents(`${folder}/000001`), damaged);
  assert.equal(repairFullChunks(options)!.file, 1);
  assert.equal(scanHeadChunks(fs, folder, () => {}).damage, null);
  const [copy] = fs.list(`${dir}/${damagedFolder}`);
  assert.deepEqual(fs.contents(`${dir}/${damagedFolder}/${copy}`), damaged);
});
