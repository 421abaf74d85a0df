// The queries of `npm run bench -- query`, evaluated in this process over the same data in a database on the disk: what a query thread
// does, without HTTP and without other threads. `npm run bench -- evaluate [--query PART …] [--head]`: milliseconds of the
// process's time (user and system), of evaluation and of writing the answer. With --head no blocks are made.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {SizeClassArena} from '../src/kernels/arena.ts';
import {loadKernels} from '../src/kernels/kernels.ts';
import {LinearMemory} from '../src/kernels/memory.ts';
import {PointWriter} from '../src/kernels/points.ts';
import {queryAnswer} from '../src/api/queryresponse.ts';
import {Engine} from '../src/promql/engine/engine.ts';
import type {SeriesRef} from '../src/storage/appender.ts';
import {systemClock} from '../src/sys/clock.ts';
import {nodeFileSystem as fs} from '../src/sys/fs.ts';
import {noLogger} from '../src/sys/log.ts';
import {PageCache} from '../src/tsdb/block/blockfile.ts';
import {BlockSet} from '../src/tsdb/block/blockset.ts';
import {BlockMaker} from '../src/tsdb/blockmaker.ts';
import {ChunkCache} from '../src/tsdb/chunkcache.ts';
import {Db} from '../src/tsdb/db.ts';
import {headerBlocks} from '../src/tsdb/head/header.ts';
import {HeadReader} from '../src/tsdb/head/reader.ts';
import type {Scratch} from '../src/tsdb/scratch.ts';
import {DbReader} from '../src/tsdb/querier.ts';
import {LocalCompactor} from '../src/tsdb/testing/localcompactor.ts';
import {describeLongSeries, describeSeries, fillValues, type DatasetSeries} from './lib/dataset.ts';
import {benchQueries, longSeriesSeconds, type BenchQuery} from './lib/queries.ts';
import {geometricMean, median, printTable} from './lib/table.ts';

const stepMs = 15_000;
const warmRounds = 5;
const chunkBytesMax = 24 * 2 ** 20;
/** Over half a block's range behind the beginning of one: what open chunks and the head hold depends on that. */
const endMs = 236_111 * 7_200_000 + 4_500_000;

interface Options {
  query: string[];
  instances: string;
  rounds: string;
  head: boolean;
}

function makeScratch(): Scratch {
  const memory = LinearMemory.reserve(2 ** 30);
  const world = {
    memory,
    kernels: loadKernels(memory),
    arena: new SizeClassArena(memory, 65_536, memory.byteLength),
  };
  return {...world, chunks: new ChunkCache(world, chunkBytesMax)};
}

interface Store {
  db: Db;
  reader: DbReader;
  scratch: Scratch;
}

async function open(dir: string): Promise<Store> {
  const memory = LinearMemory.reserve();
  const compactor = new LocalCompactor();
  const db = await Db.open({
    dir,
    memory,
    kernels: loadKernels(memory),
    log: noLogger,
    // Nothing happens by itself.
    clock: {...systemClock, after: () => () => {}},
    compactor,
  });
  const scratch = makeScratch();
  const compactorHead = new HeadReader(memory, scratch, 1, db.head.files!.openReader());
  compactor.maker = new BlockMaker({fs, dir, scratch, log: noLogger, nowMs: Date.now}, compactorHead);
  const version = (): number => Atomics.load(memory.i32, headerBlocks >>> 2);
  const head = new HeadReader(memory, scratch, 2, db.head.files!.openReader());
  const blocks = new BlockSet({fs, dir, cache: new PageCache(), version});
  return {db, reader: new DbReader(head, blocks), scratch};
}

/** Appends all, oldest first across all series. */
function load(db: Db, instances: number): void {
  const appender = db.appender();
  const {batch} = appender;
  const ref: SeriesRef = {slot: 0, generation: 0};
  const columns = [
    ...describeSeries(instances).map((series) => ({series, seconds: 6 * 3600})),
    ...describeLongSeries(instances).map((series) => ({series, seconds: longSeriesSeconds})),
  ].map(({series, seconds}: {series: DatasetSeries; seconds: number}) => {
    const values = new Float64Array((seconds * 1000) / stepMs);
    fillValues(series, values);
    appender.series(series.labels.flat(), ref);
    return {slot: ref.slot, generation: ref.generation, values};
  });
  const steps = Math.max(...columns.map(({values}) => values.length));
  for (let back = steps; back > 0; back--) {
    for (const {slot, generation, values} of columns) {
      if (values.length < back) continue;
      const at = batch.length++;
      batch.slots[at] = slot;
      batch.generations[at] = generation;
      batch.times[at] = endMs - (back - 1) * stepMs;
      batch.values[at] = values[values.length - back]!;
      if (batch.length === batch.capacity) appender.commit();
    }
    if (batch.length > 0) appender.commit();
  }
}

interface Timing {
  evaluate: number;
  write: number;
}

interface World {
  store: Store;
  engine: Engine;
  points: PointWriter;
}

function evaluate({store: {reader}, engine, points}: World, query: BenchQuery): Timing {
  const end = endMs + 5000;
  const began = process.cpuUsage();
  const result =
    query.range === 0
      ? engine.execInstant(reader, query.expr, {timeMs: end})
      : engine.execRange(reader, query.expr, {
          startMs: end - query.range * 1000,
          endMs: end,
          stepMs: query.step * 1000,
        });
  const evaluated = process.cpuUsage();
  queryAnswer(result, {limit: 0, stats: '', points});
  const ended = process.cpuUsage();
  const ms = (from: NodeJS.CpuUsage, to: NodeJS.CpuUsage): number =>
    (to.user - from.user + to.system - from.system) / 1000;
  return {evaluate: ms(began, evaluated), write: ms(evaluated, ended)};
}

export async function run(args: string[]): Promise<void> {
  const {values: options} = parseArgs({
    args,
    options: {
      query: {type: 'string', multiple: true, default: []},
      instances: {type: 'string', default: '32'},
      rounds: {type: 'string', default: '15'},
      head: {type: 'boolean', default: false},
    },
  });
  const dir = mkdtempSync(join(tmpdir(), 'narthex-evaluate-'));
  try {
    await measure(dir, options);
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
}

async function measure(dir: string, options: Options): Promise<void> {
  const store = await open(dir);
  load(store.db, Number(options.instances));
  store.db.head.files?.move();
  if (!options.head) await store.db.compactions!.run();
  const engine = new Engine({
    lookbackDeltaMs: 300_000,
    maxSamples: 500_000_000,
    maxBytes: 2 ** 30,
    defaultEvalIntervalMs: 60_000,
  });
  const world = {store, engine, points: new PointWriter(store.scratch)};
  const wanted = options.query;
  const queries = benchQueries.filter(
    ({name, lookup}) =>
      lookup === undefined && (wanted.length === 0 || wanted.some((each) => name.includes(each))),
  );
  const timings = queries.map((): Timing[] => []);
  const rounds = Number(options.rounds);
  for (let round = -warmRounds; round < rounds; round++) {
    for (const [i, query] of queries.entries()) {
      const timing = evaluate(world, query);
      if (round >= 0) timings[i]!.push(timing);
    }
  }
  printTimings(queries, timings);
  await store.db.close();
}

function printTimings(queries: BenchQuery[], timings: Timing[][]): void {
  const rows = queries.map(({name}, i) => {
    const evaluations = timings[i]!.map((each) => each.evaluate);
    const write = timings[i]!.map((each) => each.write);
    return [name, Math.min(...evaluations), median(evaluations), Math.min(...write)];
  });
  printTable(['query, ms', 'evaluate', 'median', 'write'], rows);
  const mean = geometricMean(
    timings.map((each) => Math.min(...each.map(({evaluate: ms, write}) => ms + write))),
  );
  const resident = (process.memoryUsage.rss() / 1e6).toFixed(0);
  process.stdout.write(`\ngeometric mean ${mean.toFixed(3)} ms; ${resident} MB\n`);
}
