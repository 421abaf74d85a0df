// Checkpoints: what is needed stays, what is not goes, and nothing is lost wherever it stops.
import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import type {Labels} from '../../model/labels.ts';
import {systemClock} from '../../sys/clock.ts';
import type {Clock} from '../../sys/clock.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import {checkpointEnd, makeCheckpoint, removeCovered, removeTemporary} from './checkpoint.ts';
import type {CheckpointOptions, CheckpointResult} from './checkpoint.ts';
import {replay} from './replay.ts';
import type {ReplayResult} from './replay.ts';
import {lastCheckpoint, listSegments} from './segments.ts';
import {Wal} from './wal.ts';

const dir = '/data/wal';
const corruptDir = '/data/wal.corrupt';
const seriesCount = 40;

const memory = LinearMemory.reserve(2 ** 25);
const kernels = loadKernels(memory);
const columns = arenaStart;
const walStart = 2 ** 20;
const checkpointStart = 2 ** 23;
const replayStart = 2 ** 24;

/** No timer of a killed log goes off; time passes with every look, so that others get their turn. */
function steppingClock(): Clock {
  let ms = 0;
  return {...systemClock, elapsed: () => (ms += 3), after: () => () => {}};
}

function linearFrom(start: number, end: number): CheckpointOptions['linear'] {
  return {memory, kernels, arena: new SizeClassArena(memory, start, end)};
}

function openWal(fs: SimulatedFileSystem, segment = 0): Wal {
  return new Wal({
    fs,
    dir,
    segment,
    segmentBytes: 32_768,
    log: noLogger,
    clock: steppingClock(),
    linear: linearFrom(walStart, checkpointStart),
  });
}

const labelsOfRef = (ref: number): Labels => ['__name__', 'metric', 'ref', String(ref)];

/** One sample of each series, at times close to `time`. */
function logRound(wal: Wal, random: Random, time: number): string[] {
  const lines: string[] = [];
  for (let i = 0; i < seriesCount; i++) {
    memory.f64[columns / 8 + i] = i + 1;
    memory.f64[columns / 8 + seriesCount + i] = time;
    memory.f64[columns / 8 + 2 * seriesCount + i] = random.float();
    lines.push(`${i + 1} ${time} ${memory.f64[columns / 8 + 2 * seriesCount + i]}`);
  }
  wal.samples(columns, columns + 8 * seriesCount, columns + 16 * seriesCount, seriesCount);
  wal.flush();
  return lines;
}

interface Found {
  series: number[];
  samples: string[];
  metadata: string[];
  tombstones: string[];
  result: ReplayResult;
}

async function readLog(fs: SimulatedFileSystem): Promise<Found> {
  const known = new Set<number>();
  const found: Omit<Found, 'result' | 'series'> = {samples: [], metadata: [], tombstones: []};
  const result = await replay({
    fs,
    dir,
    corruptDir,
    log: noLogger,
    clock: steppingClock(),
    linear: linearFrom(replayStart, memory.byteLength),
    sink: {
      series(ref, labels) {
        assert.deepEqual(labels, labelsOfRef(ref));
        known.add(ref);
      },
      samples(refs, times, values, count) {
        for (let i = 0; i < count; i++) {
          assert.ok(known.has(refs[i]!), 'a series comes before its samples');
          found.samples.push(`${refs[i]} ${times[i]} ${values[i]}`);
        }
      },
      metadata: (ref, ...rest) => found.metadata.push(`${ref} ${rest.join(' ')}`),
      histograms() {},
      exemplar() {},
      tombstone: (ref, mint, maxt) => found.tombstones.push(`${ref} ${mint} ${maxt}`),
    },
  });
  return {series: [...known], ...found, result};
}

function checkpoint(
  fs: SimulatedFileSystem,
  options: Pick<CheckpointOptions, 'last' | 'mint' | 'keep'>,
): Promise<CheckpointResult> {
  return makeCheckpoint({
    fs,
    dir,
    corruptDir,
    log: noLogger,
    clock: steppingClock(),
    linear: linearFrom(checkpointStart, replayStart),
    segmentBytes: 32_768,
    ...options,
  });
}

interface Filled {
  fs: SimulatedFileSystem;
  wal: Wal;
  lines: string[];
}

/** A log of `rounds` rounds, a second each. */
function fill(seed: number, rounds: number): Filled {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs);
  const random = new Random(seed);
  for (let ref = 1; ref <= seriesCount; ref++) wal.series(ref, labelsOfRef(ref));
  const lines: string[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 50 === 0) wal.metadata(1 + (round % seriesCount), 'gauge', '', `Help ${round}.`);
    if (round % 70 === 0) wal.tombstone(2, round * 1000, round * 1000 + 500);
    lines.push(...logRound(wal, random, round * 1000));
  }
  return {fs, wal, lines};
}

function timeOf(line: string): number {
  return Number(line.split(' ')[1]);
}

test('checkpointEnd() takes the older two thirds of the whole segments, where there are enough', () => {
  const f = (first: number, current: number, expected: number): void => {
    assert.equal(checkpointEnd(first, current), expected);
  };
  f(0, 0, -1);
  f(0, 1, -1);
  f(0, 2, -1);
  f(0, 3, 1);
  f(0, 4, 2);
  f(5, 8, 6);
  f(5, 15, 11);
});

test('makeCheckpoint() keeps what is newer than mint, wanted series, the latest metadata, and drops the segments', async () => {
  const {fs, wal, lines} = fill(1, 800);
  wal.cut();
  const current = wal.position.segment;
  const last = checkpointEnd(0, current);
  assert.ok(last > 3);
  const mint = 400_000;
  const result = await checkpoint(fs, {last, mint, keep: (ref) => ref !== 7});
  assert.deepEqual([result.first, result.last, result.corruptions], [0, last, []]);
  assert.equal(lastCheckpoint(fs, dir)!.number, last);
  assert.equal(listSegments(fs, dir)[0]!.number, last + 1);
  await wal.close();
  assert.equal(fs.openCount, 0);

  const found: string[] = [];
  const {series, samples, metadata, tombstones} = await readLog(fs).catch((error: unknown) => {
    // Samples of the series that was dropped have no series any more.
    found.push(String(error));
    return readLogWithout(fs, 7);
  });
  assert.ok(found.length <= 1);
  assert.deepEqual(
    series,
    Array.from({length: seriesCount}, (_, i) => i + 1).filter((ref) => ref !== 7),
  );
  const kept = samples.filter((line) => timeOf(line) >= mint);
  assert.deepEqual(
    kept,
    lines.filter((line) => timeOf(line) >= mint),
  );
  // Only a few records around mint, and nothing of the first segments, is left.
  assert.ok(samples.length - kept.length < 2 * 4096 + lines.length / 3);
  const latest = new Map<number, string>();
  for (let round = 0; round < 800; round += 50)
    latest.set(1 + (round % seriesCount), `gauge  Help ${round}.`);
  latest.delete(7);
  assert.deepEqual(
    new Map(metadata.map((line) => [Number(line.split(' ')[0]), line.slice(line.indexOf(' ') + 1)])),
    latest,
  );
  assert.ok(metadata.length < 800 / 50);
  assert.ok(tombstones.every((line) => Number(line.split(' ')[2]) >= mint || timeOf(line) >= last));
});

/** The same, where series `ref` is gone. */
async function readLogWithout(fs: SimulatedFileSystem, gone: number): Promise<Found> {
  const found: Found = {
    series: [],
    samples: [],
    metadata: [],
    tombstones: [],
    result: null as unknown as ReplayResult,
  };
  found.result = await replay({
    fs,
    dir,
    corruptDir,
    log: noLogger,
    clock: steppingClock(),
    sink: {
      series: (ref) => found.series.push(ref),
      samples(refs, times, values, count) {
        for (let i = 0; i < count; i++) {
          assert.ok(refs[i] === gone || found.series.includes(refs[i]!));
          found.samples.push(`${refs[i]} ${times[i]} ${values[i]}`);
        }
      },
      metadata: (ref, ...rest) => found.metadata.push(`${ref} ${rest.join(' ')}`),
      histograms() {},
      exemplar() {},
      tombstone: (ref, mint, maxt) => found.tombstones.push(`${ref} ${mint} ${maxt}`),
    },
  });
  return found;
}

test('A second checkpoint takes the first one in, and drops it', async () => {
  const {fs, wal, lines} = fill(2, 900);
  const keep = (): boolean => true;
  const first = await checkpoint(fs, {last: 3, mint: 100_000, keep});
  const second = await checkpoint(fs, {last: 6, mint: 300_000, keep});
  assert.deepEqual([first.first, second.first, second.last], [0, 4, 6]);
  assert.deepEqual(
    fs.list(dir).filter((name) => name.startsWith('checkpoint')),
    ['checkpoint.00000006'],
  );
  await wal.close();
  const {series, samples} = await readLog(fs);
  assert.equal(series.length, seriesCount);
  const wanted = (line: string): boolean => timeOf(line) >= 300_000;
  assert.deepEqual(samples.filter(wanted), lines.filter(wanted));
});

test('Wherever a checkpoint is stopped, by a kill or a loss of power, nothing is lost and the next one succeeds', async () => {
  let stopped = 0;
  for (let at = 0; at < 1000; at++) {
    const random = new Random(at);
    const {fs, wal, lines} = fill(3, 250);
    wal.cut();
    await wal.sync();
    const last = checkpointEnd(0, wal.position.segment);
    assert.ok(last > 0);
    const calls = fs.calls;
    fs.fault = (_operation, _path, index) => (index - calls >= at ? {code: 'EIO'} : null);
    const made = await checkpoint(fs, {last, mint: 100_000, keep: () => true}).then(
      () => true,
      (error: unknown) => assert.match(String(error), /simulated|cannot/),
    );
    const reached = fs.calls - calls > at;
    fs.fault = () => null;
    if (random.below(2) === 0) fs.kill();
    else fs.losePower(random);
    const {series, samples, result} = await readLog(fs);
    assert.equal(series.length, seriesCount);
    const wanted = (line: string): boolean => timeOf(line) >= 100_000;
    assert.deepEqual(samples.filter(wanted), lines.filter(wanted));
    assert.equal(result.corruptions.length, 0);
    removeTemporary(fs, dir);
    removeCovered({fs, dir, log: noLogger});
    assert.ok(fs.list(dir).every((name) => !name.endsWith('.tmp')));
    const covered = lastCheckpoint(fs, dir)?.number ?? -1;
    assert.ok(listSegments(fs, dir).every(({number}) => number > covered));
    const end = checkpointEnd(covered + 1, result.nextSegment);
    if (end > 0) {
      await checkpoint(fs, {last: end, mint: 100_000, keep: () => true});
      const again = await readLog(fs);
      assert.deepEqual(again.samples.filter(wanted), lines.filter(wanted));
    }
    if (!reached) {
      assert.equal(made, true);
      break;
    }
    stopped++;
  }
  assert.ok(stopped > 20 && stopped < 1000);
});

test('makeCheckpoint() leaves damaged records out, keeps a copy of their segment, and tells', async () => {
  const {fs, wal, lines} = fill(4, 600);
  wal.cut();
  const path = `${dir}/00000002`;
  const bytes = fs.contents(path);
  bytes[20_000]! ^= 4;
  fs.put(path, bytes);
  const {corruptions} = await checkpoint(fs, {last: 4, mint: 0, keep: () => true});
  assert.equal(corruptions.length, 1);
  assert.equal(fs.list(corruptDir).length, 1);
  assert.deepEqual(fs.contents(`${corruptDir}/${fs.list(corruptDir)[0]}`), bytes);
  const {samples} = await readLog(fs);
  assert.ok(samples.length < lines.length && samples.length > lines.length * 0.9);
});

test('makeCheckpoint() refuses where a segment is missing', async () => {
  const {fs} = fill(5, 600);
  fs.remove(`${dir}/00000001`);
  await assert.rejects(checkpoint(fs, {last: 4, mint: 0, keep: () => true}), /segment .*00000001 is missing/);
  assert.ok(fs.list(dir).every((name) => !name.startsWith('checkpoint')));
  assert.equal(fs.openCount, 2); // The log itself.
});

test('Wal.cut() begins a segment once, and stands a failing disk', async () => {
  const fs = new SimulatedFileSystem();
  const wal = openWal(fs);
  wal.cut();
  assert.equal(wal.position.segment, 0);
  const random = new Random(1);
  for (let ref = 1; ref <= seriesCount; ref++) wal.series(ref, labelsOfRef(ref));
  const lines = logRound(wal, random, 1000);
  wal.cut();
  wal.cut();
  assert.equal(wal.position.segment, 1);
  lines.push(...logRound(wal, random, 2000));
  for (const operation of ['sync', 'open', 'write'] as const) {
    fs.fault = (asked) => (asked === operation ? {code: 'EIO'} : null);
    assert.throws(() => wal.cut(), /EIO/);
    fs.fault = () => null;
    lines.push(...untilTaken(() => logRound(wal, random, 3000 + lines.length)));
  }
  wal.cut();
  lines.push(...logRound(wal, random, 9_000_000));
  fs.kill();
  assert.deepEqual((await readLog(fs)).samples, lines);
});

/** A log that could not sync tries again after a while. */
function untilTaken(log: () => string[]): string[] {
  for (let tries = 0; tries < 1000; tries++) {
    try {
      return log();
    } catch (error) {
      assert.match(String(error), /EIO/);
    }
  }
  return assert.fail('the log goes on');
}
