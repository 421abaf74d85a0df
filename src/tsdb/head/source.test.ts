import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import type {Labels} from '../../model/labels.ts';
import {labelsOf} from '../../model/labels.ts';
import {Matcher} from '../../model/matcher.ts';
import {addSample, type SeriesRef} from '../../storage/appender.ts';
import {Symbols} from '../../storage/symbols.ts';
import {SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import {noLogger} from '../../sys/log.ts';
import {Block} from '../block/block.ts';
import {PageCache} from '../block/blockfile.ts';
import {writeBlock} from '../block/blockwriter.ts';
import {newMeta} from '../block/meta.ts';
import {BlockQuerier} from '../block/querier.ts';
import {makeUlid} from '../block/ulid.ts';
import {Head} from './head.ts';
import {HeadReader} from './reader.ts';
import type {Scratch} from '../scratch.ts';
import {HeadSource} from './source.ts';

const rangeMs = 7_200_000;

function makeScratch(): Scratch {
  const memory = LinearMemory.reserve(2 ** 25);
  return {
    memory,
    kernels: loadKernels(memory),
    arena: new SizeClassArena(memory, arenaStart, memory.byteLength),
  };
}

function openHead(fs: SimulatedFileSystem, withFiles: boolean): Head {
  const memory = LinearMemory.reserve(2 ** 26);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  const kernels = loadKernels(memory);
  const head = new Head({memory, arena, kernels});
  if (withFiles) {
    const linear = {memory, kernels, arena};
    head.useFiles({
      fs,
      dir: '/data/chunks_head',
      log: noLogger,
      linear,
      firstFile: 1,
      lastFile: 0,
      elapsed: () => 0,
    });
  }
  return head;
}

function readerOf(head: Head): HeadReader {
  return new HeadReader(head.memory, makeScratch(), 1, head.files?.openReader());
}

/** `time value` of each sample, by labels. */
type Contents = Map<string, string[]>;

function fill(head: Head, random: Random): Contents {
  const contents: Contents = new Map();
  const appender = head.appender();
  const ref: SeriesRef = {slot: 0, generation: 0};
  const series: Labels[] = Array.from({length: 30}, (_, i) =>
    labelsOf({
      __name__: `metric_${random.below(4)}`,
      [`label_${i % 3}`]: `é${random.below(20)}`,
      id: String(i),
    }),
  );
  for (let time = 0; time < 1.6 * rangeMs; time += 15_000) {
    for (const labels of series) {
      if (random.below(10) === 0) continue;
      appender.series(labels, ref);
      const at = addSample(appender.batch, ref, time + random.below(1000), random.float());
      const key = JSON.stringify(labels);
      const lines = contents.get(key) ?? [];
      contents.set(key, lines);
      lines.push(`${appender.batch.times[at]} ${appender.batch.values[at]}`);
    }
    appender.commit();
    if (random.below(100) === 0) head.files?.move();
  }
  return contents;
}

function contentsOfBlock(block: Block): Contents {
  const symbols = new Symbols();
  const querier = new BlockQuerier({block, symbols, scratch: makeScratch()});
  const contents: Contents = new Map();
  const cursor = querier.select([new Matcher('=~', '__name__', '.+')], {mint: 0, maxt: Infinity});
  while (cursor.next()) {
    const count = cursor.read(0, Number.MAX_SAFE_INTEGER);
    contents.set(
      JSON.stringify(cursor.labels().map((id) => symbols.text(id))),
      Array.from({length: count}, (_, i) => `${cursor.times[i]} ${cursor.values[i]}`),
    );
  }
  querier.close();
  return contents;
}

function within(contents: Contents, mint: number, maxt: number): Contents {
  const found: Contents = new Map();
  for (const [labels, lines] of contents) {
    const kept = lines.filter(
      (line) => Number(line.split(' ')[0]) >= mint && Number(line.split(' ')[0]) < maxt,
    );
    if (kept.length > 0) found.set(labels, kept);
  }
  return found;
}

for (const withFiles of [false, true]) {
  test(`HeadSource gives a block all there is in its range, chunks in ${withFiles ? 'files' : 'memory'}`, () => {
    for (let seed = 0; seed < 6; seed++) {
      const fs = new SimulatedFileSystem();
      fs.makeDirectory('/data');
      const head = openHead(fs, withFiles);
      const contents = fill(head, new Random(seed));
      // The range of a block, one that cuts through chunks, and one with open chunks.
      for (const [mint, maxt] of [
        [0, rangeMs],
        [1_000_000, 3_333_333],
        [rangeMs, 2 * rangeMs],
      ] as const) {
        const reader = readerOf(head);
        const source = new HeadSource(reader, {minTime: mint, maxTime: maxt - 1});
        const meta = newMeta(makeUlid(1000), mint, maxt);
        assert.ok(writeBlock({fs, dir: '/data', meta, sources: [source], scratch: reader.scratch}));
        source.close();
        reader.release();
        const block = new Block({fs, dir: `/data/${meta.ulid}`, cache: new PageCache(2 ** 22)});
        assert.deepEqual(contentsOfBlock(block), within(contents, mint, maxt));
        block.close();
      }
      assert.equal(head.arena.bytesInUse > 0, true);
    }
  });
}
