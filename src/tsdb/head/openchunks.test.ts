import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {Matcher} from '../../model/matcher.ts';
import {addSample, type SeriesRef} from '../../storage/appender.ts';
import {Symbols} from '../../storage/symbols.ts';
import {makeScratch, readAll} from '../block/testing/blocks.ts';
import {Head} from './head.ts';
import {HeadReader} from './reader.ts';

const scratch = makeScratch();
const startMs = 1_700_000_000_000;

type Samples = [time: number, value: number][];

/** Appends so many samples to the series, and to the model of it. */
function append(
  head: Head,
  series: number,
  model: Samples,
  {count, random}: {count: number; random: Random},
): void {
  const appender = head.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  appender.series(['__name__', 'metric', 'i', String(series)], ref);
  for (let i = 0; i < count; i++) {
    const [time, value] = model.at(-1) ?? [startMs + series, 0];
    const next: Samples[number] = [
      time + 15_000 + (series % 2 === 0 ? 0 : random.below(50)),
      random.below(4) === 0 ? value : value + random.below(1000) / 8,
    ];
    addSample(appender.batch, ref, next[0], next[1]);
    model.push(next);
  }
  assert.equal(appender.commit().accepted, count);
}

function read(reader: HeadReader, series: number, range: {mint: number; maxt: number}): Samples {
  const symbols = new Symbols();
  const querier = reader.querier(range, symbols);
  try {
    const found = readAll(querier, symbols, [new Matcher('=', 'i', String(series))], range);
    return found.flatMap(({samples}) => samples);
  } finally {
    querier.close();
  }
}

test('an open chunk that grows is read as it is at each time, for any seed', () => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed);
    const memory = LinearMemory.reserve(2 ** 26);
    const head = new Head({
      // Series may lag behind each other.
      chunkRangeMs: 1e9,
      memory,
      arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
      kernels: loadKernels(memory),
    });
    const reader = new HeadReader(memory, scratch, 1);
    const models = Array.from({length: 5}, (): Samples => []);
    const before = scratch.chunks!.hits;
    let truncatedBefore = startMs;
    for (let round = 0; round < 150; round++) {
      const series = random.below(models.length);
      const model = models[series]!;
      append(head, series, model, {count: random.pick([0, 1, 1, 2, 15, 17, 60]), random});
      if (random.below(5) === 0 && models.every(({length}) => length > 0)) {
        // Now and then all of a series, which then begins anew.
        const oldest = Math.min(...models.map((each) => each.at(-1)![0]));
        truncatedBefore = Math.max(truncatedBefore, oldest + random.pick([-1e6, 0, 1]));
        head.gc(truncatedBefore);
      }
      for (let i = 0; i < 2; i++) {
        const pick = (): number => (model.length === 0 ? startMs : random.pick(model)[0]);
        const range =
          i === 0
            ? {mint: truncatedBefore, maxt: startMs + 1e12}
            : {mint: pick() - random.below(2), maxt: pick()};
        range.mint = Math.max(range.mint, truncatedBefore);
        const expected = model.filter(([time]) => time >= range.mint && time <= range.maxt);
        const where = `seed ${seed} round ${round}: [${range.mint}, ${range.maxt}]`;
        assert.deepEqual(read(reader, series, range), expected, where);
      }
    }
    assert.ok(
      scratch.chunks!.hits > before + 50,
      `seed ${seed}: ${scratch.chunks!.hits - before} from the cache`,
    );
    reader.release();
  }
});

test('a chunk that is read between its sealing and the opening of the next is not taken for that one', () => {
  const range = {mint: 0, maxt: 1e14};
  // How many samples the next has when it is asked for; as many as the one before is the case that looks the same.
  for (let more = 100; more < 117; more++) {
    const memory = LinearMemory.reserve(2 ** 24);
    const head = new Head({
      chunkRangeMs: 1e12,
      memory,
      arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
      kernels: loadKernels(memory),
    });
    const reader = new HeadReader(memory, scratch, 1000 + more);
    const random = new Random(1);
    const model: Samples = [];
    let seals = 0;
    head.chunks.mover = {
      // Here another thread would have to read. What is read twice is kept.
      sealed: () => {
        seals++;
        for (let i = 0; seals === 2 && i < 3; i++) read(reader, 0, range);
      },
      added: () => {},
      dropped: () => {},
    };
    append(head, 0, model, {count: 130, random});
    for (let i = 0; i < 3; i++) read(reader, 0, range);
    while (seals < 2) append(head, 0, model, {count: 1, random});
    for (let i = 0; i < more; i++) append(head, 0, model, {count: 1, random});
    assert.equal(seals, 2);
    assert.deepEqual(read(reader, 0, range), model, `${more} samples more`);
  }
});
