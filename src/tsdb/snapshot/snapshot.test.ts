// Snapshots of the memory: what is written at the end is there at the start, without the log being read.
import assert from 'node:assert/strict';
import {cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import test from 'node:test';
import {dumpHead} from '../../../test/lib/head-dump.ts';
import {Random} from '../../base/random.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {FloatHistogram} from '../../model/histogram.ts';
import type {Labels} from '../../model/labels.ts';
import {addSample, type Appender, type SeriesRef} from '../../storage/appender.ts';
import {systemClock} from '../../sys/clock.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import {Db, type DbOptions} from '../db.ts';
import {listSnapshots} from './format.ts';
import {readSnapshot} from './read.ts';

const dir = '/data';

function openDb(fs: SimulatedFileSystem, options: Partial<DbOptions> = {}): Promise<Db> {
  const memory = LinearMemory.reserve(2 ** 26);
  return Db.open({
    dir,
    memory,
    kernels: loadKernels(memory),
    log: noLogger,
    clock: {...systemClock, after: () => () => {}},
    fs,
    lockfile: false,
    snapshots: true,
    exemplarsMax: 10,
    ...options,
  });
}

const ref: SeriesRef = {slot: 0, generation: 0};
const labelsOf = (series: number): Labels => ['__name__', 'metric', 'series', `é${series}`];

function addFloats(appender: Appender, series: number, time: number): void {
  for (let i = 0; i < series; i++) {
    appender.series(labelsOf(i), ref);
    addSample(appender.batch, ref, time, Math.sin(time + i));
  }
}

function appendRound(db: Db, series: number, time: number): void {
  const appender = db.head.appender();
  addFloats(appender, series, time);
  appender.series(['__name__', 'histogram'], ref);
  const histogram = new FloatHistogram({
    count: time,
    sum: time / 2,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(time),
  });
  appender.histogram(ref.slot, ref.generation, time, histogram, {integer: true, startMs: 0});
  appender.exemplar(ref.slot, ref.generation, {labels: ['trace', String(time)], value: 1, timeMs: time});
  assert.equal(appender.commit().accepted, series + 1);
}

/** Samples before the newest ones. */
function appendLate(db: Db, series: number, time: number): void {
  const appender = db.head.appender();
  addFloats(appender, series, time);
  assert.equal(appender.commit().accepted, series);
}

function contentsOf(db: Db): string[] {
  const lines: string[] = [];
  for (const {labels, times, bits} of dumpHead(db.head).values()) {
    for (const [i, time] of times.entries()) lines.push(`${labels.join()} ${time} ${bits[i]}`);
  }
  db.head.exemplars.forEach((labels, {labels: own}) => lines.push(`exemplar ${labels.join()} ${own.join()}`));
  return lines.sort();
}

function assertSame(db: Db, expected: string[]): void {
  assert.deepEqual(contentsOf(db), expected);
}

test('A start after an orderly end reads the snapshot and not the log, and goes on', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (let round = 0; round < 500; round++) appendRound(db, 20, 15_000 * round);
  db.head.hideSamples(3, 15_000, 300_000);
  const before = contentsOf(db);
  await db.close();
  const [snapshot, ...others] = listSnapshots(fs, dir);
  assert.equal(others.length, 0);
  assert.equal(snapshot!.segment, 0);

  const again = await openDb(fs);
  assert.equal(again.replayed.samples, 0);
  assertSame(again, before);
  assert.deepEqual(listSnapshots(fs, dir), []);
  for (let round = 500; round < 600; round++) appendRound(again, 20, 15_000 * round);
  // The newest value is known: the same sample once more is no error, another one is.
  const after = contentsOf(again);
  assert.equal(after.length, before.length + 21 * 100);
  fs.kill();
  const third = await openDb(fs);
  assert.ok(third.replayed.samples > 0);
  // The deletion was only in the snapshot, which is gone: it is logged where deletions are made.
  assert.ok(contentsOf(third).length >= after.length);
  await third.close();
});

test('The newest value is in the snapshot', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  appendRound(db, 2, 1000);
  await db.close();
  const again = await openDb(fs);
  const appender = again.head.appender();
  for (const value of [Math.sin(1000), 7]) {
    appender.series(labelsOf(0), ref);
    addSample(appender.batch, ref, 1000, value);
  }
  const {accepted, duplicates} = appender.commit();
  assert.deepEqual([accepted, duplicates], [1, 1]);
  await again.close();
});

test('What is logged after a snapshot is read from the log, wherever the snapshot ends', async () => {
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (let round = 0; round < 200; round++) appendRound(db, 5, 15_000 * round);
  await db.close();
  const [snapshot] = listSnapshots(fs, dir);
  const kept = fs
    .list(snapshot!.path)
    .map((name) => [name, fs.contents(`${snapshot!.path}/${name}`)] as const);
  const again = await openDb(fs);
  for (let round = 200; round < 420; round++) appendRound(again, 5, 15_000 * round);
  const expected = contentsOf(again);
  again.head.files!.move();
  fs.kill();
  // Prometheus keeps a snapshot until the next one: as if it had been killed.
  for (const [name, bytes] of kept) fs.put(`${snapshot!.path}/${name}`, bytes);
  const third = await openDb(fs);
  assertSame(third, expected);
  await third.close();
});

test('A snapshot that is damaged anywhere is not used, and nothing is lost', async () => {
  const random = new Random(1);
  const fs = new SimulatedFileSystem();
  const db = await openDb(fs);
  for (let round = 0; round < 150; round++) appendRound(db, 5, 15_000 * round);
  const expected = contentsOf(db);
  await db.close();
  const [snapshot] = listSnapshots(fs, dir);
  const path = `${snapshot!.path}/00000000`;
  const sound = fs.contents(path);
  const used = sound.findLastIndex((byte) => byte !== 0);
  let damaged = 0;
  for (let round = 0; round < 30; round++) {
    const copy = sound.slice();
    copy[random.below(used)]! ^= 1 << random.below(8);
    fs.put(path, round % 3 === 0 ? copy.subarray(0, random.below(used)) : copy);
    const again = await openDb(fs, {snapshots: true});
    damaged += Number(again.replayed.samples > 0);
    assertSame(again, expected);
    fs.kill();
    fs.remove(snapshot!.path);
    fs.remove('/data/wal/00000001');
  }
  assert.ok(damaged > 25);
});

test('A snapshot that cannot be written leaves all to the log', async () => {
  for (let failing = 0; failing < 20; failing++) {
    const fs = new SimulatedFileSystem();
    const db = await openDb(fs);
    for (let round = 0; round < 130; round++) appendRound(db, 3, 15_000 * round);
    const expected = contentsOf(db);
    const calls = fs.calls;
    fs.fault = (_operation, path, index) =>
      index - calls === failing && path.includes('chunk') ? {code: 'ENOSPC'} : null;
    await db.close();
    fs.fault = () => null;
    fs.losePower(new Random(failing));
    assert.ok(fs.list(dir).every((name) => !name.endsWith('.tmp')) || failing > 0);
    const again = await openDb(fs);
    assertSame(again, expected);
    await again.close();
  }
});

test('Files of full chunks that threads scan meanwhile give the same head, whatever is damaged or newer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-snapshot-'));
  // The scanning threads cannot see a simulated disk.
  const real = {fs: nodeFileSystem, dir: join(folder, 'data')};
  const threaded = {...real, scanBytesMin: 0};
  const open = (options: Partial<DbOptions>): Promise<Db> => openDb(new SimulatedFileSystem(), options);
  const copyData = (to: string): void => {
    rmSync(join(folder, to), {recursive: true, force: true});
    cpSync(real.dir, join(folder, to), {recursive: true});
  };
  const compare = async (description: string): Promise<void> => {
    // From the log alone, too: there the files are scanned while it names its series.
    for (const snapshots of [true, false]) {
      for (const name of ['plain', 'threaded']) copyData(name);
      const plain = await open({...real, snapshots, dir: join(folder, 'plain')});
      const other = await open({...threaded, snapshots, dir: join(folder, 'threaded')});
      const what = `${description}, ${snapshots ? 'with' : 'without'} snapshots`;
      assert.deepEqual(contentsOf(other), contentsOf(plain), what);
      assert.equal(other.replayed.samples, plain.replayed.samples, what);
      assert.equal(other.chunksLoaded, plain.chunksLoaded, what);
      assert.equal(other.head.chunks.count, plain.head.chunks.count, what);
      await plain.close();
      await other.close();
    }
  };
  try {
    const db = await open(real);
    db.setOutOfOrderWindow(3_600_000);
    for (let round = 0; round < 900; round++) {
      appendRound(db, 30, 15_000 * round);
      if (round % 50 === 49) appendLate(db, 30, 15_000 * round - 1_000_007);
    }
    await db.close();
    await compare('after an orderly end');

    const [taken] = listSnapshots(nodeFileSystem, real.dir);
    const path = join(taken!.path, '00000000');
    const sound = readFileSync(path);
    for (const at of [0, sound.length >>> 2, sound.length >>> 1, sound.length - 1]) {
      const damaged = sound.slice();
      damaged[at]! ^= 0x40;
      writeFileSync(path, damaged);
      await compare(`with damage at byte ${at} of the snapshot`);
    }
    writeFileSync(path, sound);

    copyData('kept');
    const again = await open(threaded);
    for (let round = 900; round < 1100; round++) appendRound(again, 40, 15_000 * round);
    await again.sync();
    again.head.files!.move();
    // As if killed, with the snapshot from before, as Prometheus leaves it.
    copyData('killed');
    await again.close();
    rmSync(real.dir, {recursive: true});
    cpSync(join(folder, 'killed'), real.dir, {recursive: true});
    const [snapshot] = listSnapshots(nodeFileSystem, join(folder, 'kept'));
    cpSync(snapshot!.path, join(real.dir, basename(snapshot!.path)), {recursive: true});
    await compare('with chunks that are newer than the snapshot');

    const file = join(real.dir, 'chunks_head/000001');
    const bytes = readFileSync(file);
    for (const at of [20, bytes.length >>> 1]) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      writeFileSync(file, damaged);
      await compare(`with damage at byte ${at}`);
    }
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});

test('A snapshot of many series that a thread reads gives the same head', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-snapshot-'));
  const dir = join(folder, 'data');
  const labels = (i: number): Labels => [
    '__name__',
    `metric_${i % 7}`,
    'instance',
    `host-${i % 300}:9100`,
    ...(i % 11 === 0 ? ['odd', 'x'.repeat(i % 200)] : []),
    'series',
    String(i),
  ];
  const real = {fs: nodeFileSystem, dir, scanBytesMin: 0};
  const open = (options: Partial<DbOptions>): Promise<Db> => openDb(new SimulatedFileSystem(), options);
  try {
    const db = await open(real);
    const appender = db.head.appender();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 40_000; i++) {
        appender.series(labels(i), ref);
        addSample(appender.batch, ref, 15_000 * round + (i % 1000), i % 5 === 0 ? 1 : Math.sin(i + round));
        if (appender.batch.length === appender.batch.capacity) appender.commit();
      }
      appender.commit();
    }
    // As a series that got nothing since it was named, or lost it.
    appender.series(['__name__', 'empty'], ref);
    appender.commit();
    const expected = contentsOf(db);
    await db.close();
    cpSync(dir, join(folder, 'plain'), {recursive: true});
    const threaded = await open(real);
    const plain = await open({...real, dir: join(folder, 'plain'), scanBytesMin: Infinity});
    for (const each of [threaded, plain]) {
      assertSame(each, expected);
      assert.equal(each.replayed.samples, 0);
      assert.equal(each.head.series.seriesCount, 40_001);
      assert.equal(each.head.chunks.count, plain.head.chunks.count);
      assert.equal(each.head.nextRef(), 40_002);
      for (let i = 0; i < 40_000; i += 97) assert.ok(each.head.series.find(labels(i)));
      assert.ok(!each.head.series.find(labels(40_000)));
    }
    // It goes on: other series, and samples of these.
    for (let i = 20_000; i < 60_000; i += 7) {
      for (const {head} of [threaded, plain]) {
        head.appender().series(labels(i), ref);
        addSample(head.appender().batch, ref, 900_000, i);
      }
      if (i % 100 < 7) for (const {head} of [threaded, plain]) head.appender().commit();
    }
    for (const {head} of [threaded, plain]) head.appender().commit();
    assertSame(threaded, contentsOf(plain));
    await threaded.close();
    await plain.close();
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});

test('readSnapshot() of any bytes ends', async () => {
  const memory = LinearMemory.reserve(2 ** 25);
  const {SizeClassArena} = await import('../../kernels/arena.ts');
  const linear = {
    memory,
    kernels: loadKernels(memory),
    arena: new SizeClassArena(memory, 131_072, memory.byteLength),
  };
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const fs = new SimulatedFileSystem();
    const path = '/data/chunk_snapshot.000000.0000000000';
    const bytes = Uint8Array.from({length: 1 + random.below(2000)}, () =>
      random.below(random.pick([3, 256])),
    );
    fs.put(`${path}/00000000`, bytes);
    const sink = {series() {}, tombstone() {}, exemplar() {}};
    try {
      assert.equal(await readSnapshot({segment: 0, offset: 0, path}, sink, {fs, linear}), 0);
    } catch (error) {
      assert.match(String(error), /corruption|RangeError/);
    }
  }
});
