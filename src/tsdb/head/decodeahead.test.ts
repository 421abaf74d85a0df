// Samples whose series the thread that reads ahead looks up: the same head as where this thread reads all.
import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {Symbols} from '../../storage/symbols.ts';
import {systemClock} from '../../sys/clock.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {noLogger} from '../../sys/log.ts';
import type {ReplaySink} from '../log.ts';
import {replay} from '../wal/replay.ts';
import {Wal} from '../wal/wal.ts';
import {Head} from './head.ts';
import {HeadReader} from './reader.ts';
import type {ReplayCounts} from './replay.ts';

const stepMs = 1000;

function openHead(): Head {
  const memory = LinearMemory.reserve(2 ** 28);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  return new Head({memory, arena, kernels: loadKernels(memory), poison: true});
}

/** A log of scrapes, with what comes between them: new series, deleted ones, samples of series that were never named. */
async function writeLog(dir: string, random: Random, seed: number): Promise<void> {
  const {memory, kernels, arena} = openHead();
  const wal = new Wal({
    fs: nodeFileSystem,
    dir,
    segment: 0,
    log: noLogger,
    clock: systemClock,
    linear: {memory, kernels, arena},
    segmentBytes: 4 * 2 ** 20,
  });
  // One log is compressed.
  const isCompressed = seed % 2 === 0;
  const rounds = isCompressed ? 150 : 100;
  const room = 4000;
  const [refs, times, values] = [arena.alloc(8 * room), arena.alloc(8 * room), arena.alloc(8 * room)];
  const targets: number[][] = [];
  let lastRef = 0;
  const addTarget = (): void => {
    const series = Array.from(
      {length: 1 + random.below(random.below(4) === 0 ? room : 700)},
      () => ++lastRef,
    );
    for (const ref of series) wal.series(ref, ['__name__', `metric_${ref % 50}`, 'ref', String(ref)]);
    targets.push(series);
  };
  while (lastRef < 9000) addTarget();
  for (let round = 0; round < rounds; round++) {
    for (const series of targets) {
      for (const [i, ref] of series.entries()) {
        memory.f64[(refs >>> 3) + i] = ref;
        memory.f64[(times >>> 3) + i] = stepMs * round + (random.below(500) === 0 ? random.below(900) : 0);
        memory.f64[(values >>> 3) + i] = isCompressed ? random.below(100) : random.float();
      }
      // A series whose record was lost.
      if (random.below(300) === 0) memory.f64[refs >>> 3] = 1e7 + random.below(5);
      wal.samples(refs, times, values, series.length);
      wal.flush();
    }
    if (random.below(12) === 0) {
      const at = random.below(targets.length);
      for (const ref of targets[at]!) if (random.below(3) > 0) wal.tombstone(ref, -(2 ** 63), 2 ** 63);
      // Samples of deleted series are in the log where they were written at the same time.
      if (random.below(2) === 0) targets.splice(at, 1);
      addTarget();
    }
    if (random.below(40) === 0) {
      const [ref] = targets[random.below(targets.length)]!;
      wal.tombstone(ref!, stepMs * (round - 5), stepMs * (round - 3));
      wal.metadata(ref!, 'gauge', '', `round ${round}`);
    }
  }
  await wal.close();
}

interface Found {
  series: Map<string, number>;
  counts: ReplayCounts;
  samples: number;
  corruptions: number;
}

/** Of the samples of each series a hash. `onDecoded` is told how many samples came decoded. */
async function replayed(dir: string, isAhead: boolean, onDecoded?: (count: number) => void): Promise<Found> {
  const head = openHead();
  const {memory, kernels, arena} = head;
  const sink = head.replay();
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let records = 0;
  const told: ReplaySink = new Proxy(sink, {
    get(_target, name) {
      // The other thread looks series up where this one is slower.
      if (name === 'samplesRecord' && isAhead && ++records % 20 === 0) Atomics.wait(pause, 0, 0, 5);
      if (name === 'decoded') {
        return (samples: {total: number} & Parameters<typeof sink.decoded>[0]) => {
          records = -Infinity;
          onDecoded?.(samples.total);
          sink.decoded(samples);
        };
      }
      const member: unknown = Reflect.get(sink, name, sink);
      return typeof member === 'function' ? member.bind(sink) : member;
    },
  });
  const result = await replay({
    // Threads see no other file system than this one.
    fs: isAhead ? nodeFileSystem : {...nodeFileSystem},
    dir,
    corruptDir: `${dir}.corrupt`,
    sink: told,
    log: noLogger,
    clock: systemClock,
    linear: {memory, kernels, arena},
    readOnly: true,
    aheadBytesMin: 0,
  });
  sink.finish();
  const series = new Map<string, number>();
  const own = LinearMemory.reserve(2 ** 26);
  const linear = {
    memory: own,
    kernels: loadKernels(own),
    arena: new SizeClassArena(own, arenaStart, own.byteLength),
  };
  const symbols = new Symbols();
  const querier = new HeadReader(memory, linear, 1).querier({mint: -Infinity, maxt: Infinity}, symbols);
  const cursor = querier.select([], {mint: -Infinity, maxt: Infinity});
  while (cursor.next()) {
    const count = cursor.read(-Infinity, Infinity);
    const words = new Int32Array(cursor.values.buffer, cursor.values.byteOffset, 2 * count);
    let hash = count;
    for (let i = 0; i < count; i++)
      hash = Math.imul(hash ^ cursor.times[i]! ^ words[2 * i]! ^ words[2 * i + 1]!, 31) + 1;
    series.set(
      cursor
        .labels()
        .map((id) => symbols.text(id))
        .join(),
      hash,
    );
  }
  querier.close();
  return {series, counts: {...sink.counts}, samples: result.samples, corruptions: result.corruptions.length};
}

test('samples that were looked up ahead make the same head as those that were not, for any seed', async () => {
  for (const seed of [1, 2]) {
    const dir = mkdtempSync(join(tmpdir(), 'narthex-decodeahead-'));
    try {
      const random = new Random(seed);
      await writeLog(dir, random, seed);
      const f = async (): Promise<Found & {decoded: number}> => {
        const plain = await replayed(dir, false);
        let decoded = 0;
        const found = await replayed(dir, true, (count) => (decoded += count));
        assert.deepEqual(found, plain, `seed ${seed}`);
        return {...plain, decoded};
      };
      const sound = await f();
      assert.ok(sound.counts.unknownRefs > 0 && sound.series.size > 5000);
      assert.ok(sound.decoded > 1000, `seed ${seed}: ${sound.decoded} of ${sound.samples} came decoded`);

      // Damage: what is behind it is read by this thread, while the other one goes on.
      for (const name of readdirSync(dir).sort().slice(1, 3)) {
        const bytes = readFileSync(join(dir, name));
        for (let i = 0; i < 3; i++) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
        writeFileSync(join(dir, name), bytes);
      }
      const damaged = await f();
      assert.ok(damaged.corruptions > 0 && damaged.samples < sound.samples);
    } finally {
      rmSync(dir, {recursive: true, force: true});
    }
  }
});
