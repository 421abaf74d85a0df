// A database on a disk in memory that fails at any call, loses power and flips bits, while samples come in order and late, chunks move to
// files, blocks are made and the log is truncated. A model knows what was acknowledged, and what of that must be there.

import assert from 'node:assert/strict';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {LinearMemory} from '../../kernels/memory.ts';
import {FloatHistogram} from '../../model/histogram.ts';
import {Matcher} from '../../model/matcher.ts';
import {setStale} from '../../model/value.ts';
import {addSample, sampleStatus, type SeriesRef} from '../../storage/appender.ts';
import type {Queryable} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import type {Clock} from '../../sys/clock.ts';
import {type Fault, SimulatedFileSystem} from '../../sys/fs-simulated.ts';
import type {Logger} from '../../sys/log.ts';
import {PageCache} from '../block/blockfile.ts';
import {BlockSet} from '../block/blockset.ts';
import {BlockDamage} from '../block/damage.ts';
import {BlockMaker} from '../blockmaker.ts';
import {ChunkCache} from '../chunkcache.ts';
import {Db} from '../db.ts';
import {headerBlocks} from '../head/header.ts';
import {HeadReader} from '../head/reader.ts';
import type {Scratch} from '../scratch.ts';
import {DbReader} from '../querier.ts';
import {LocalCompactor} from './localcompactor.ts';

const dir = '/data';
const stepMs = 1000;
const rangeMs = 200 * stepMs;
const windowMs = 250 * stepMs;
const seriesCount = 6;

export interface TortureFigures {
  kills: number;
  powerLosses: number;
  faults: number;
  bitsFlipped: number;
  /** Samples that were acknowledged, and those of them that had to be there and were not. */
  acknowledged: number;
  lost: number;
  /** Of the acknowledged: histograms, and late ones. */
  histograms: number;
  late: number;
  /** Calls that took long, and jumps of the clock. */
  slow: number;
  clockJumps: number;
  /** Deletions, and samples that they took. */
  deletions: number;
  deleted: number;
  /** Samples that a flipped bit cost, all of them reported. */
  lostToFlips: number;
  blocks: number;
  checkpoints: number;
}

export function noFigures(): TortureFigures {
  return {
    kills: 0,
    powerLosses: 0,
    faults: 0,
    bitsFlipped: 0,
    acknowledged: 0,
    lost: 0,
    histograms: 0,
    late: 0,
    slow: 0,
    clockJumps: 0,
    deletions: 0,
    deleted: 0,
    lostToFlips: 0,
    blocks: 0,
    checkpoints: 0,
  };
}

/** What is known of a sample: it must be there, it may be, or, until a loss of power, it must not be. */
type Knowledge = 'durable' | 'acknowledged' | 'possible' | 'deleted' | 'gone';

/** Memory for all runs: it is reserved once. */
export class TortureWorld {
  readonly memory = LinearMemory.reserve(2 ** 26);
  readonly scratch: Scratch;
  #used = false;

  constructor() {
    const memory = LinearMemory.reserve(2 ** 25);
    const linear = {
      memory,
      kernels: loadKernels(memory),
      arena: new SizeClassArena(memory, 65_536, memory.byteLength),
    };
    // So small that chunks give way.
    this.scratch = {...linear, chunks: new ChunkCache(linear, 65_536)};
  }

  /** The memory as a new process has it. */
  fresh(): LinearMemory {
    if (this.#used) this.memory.u8.fill(0, 65_536, 65_536 + 2 ** 22);
    this.#used = true;
    return this.memory;
  }
}

interface OpenStore {
  db: Db;
  reader: DbReader;
  blocks: BlockSet;
  heads: HeadReader[];
}

/** One life of a data folder. */
export class Torture {
  readonly figures: TortureFigures;
  readonly #fs = new SimulatedFileSystem();
  readonly #random: Random;
  readonly #world: TortureWorld;
  readonly #model = new Map<string, {value: number; known: Knowledge}>();
  #store: OpenStore | null = null;
  /** What was deleted: later samples of these times may be hidden. */
  readonly #deletions: {series: number; mint: number; maxt: number}[] = [];
  #time = 1_000_000;
  #nowOffsetMs = 0;
  #elapsed = 0;
  #errors = 0;
  /** Faults per call of the disk. */
  #faultRate = 0;

  constructor(seed: number, world: TortureWorld, figures = noFigures()) {
    this.#random = new Random(seed);
    this.#world = world;
    this.figures = figures;
    this.#fs.fault = (operation) => this.#fault(operation);
    this.#fs.onSlow = (ms) => (this.#elapsed += ms);
  }

  /** `steps` things happen; then all is checked once more. */
  async run(steps: number): Promise<void> {
    await this.#open();
    for (let step = 0; step < steps; step++) await this.#step();
    this.#faultRate = 0;
    await this.#checkAll('at the end');
    await this.#end('close');
    await this.#open();
    await this.#checkAll('after the last start');
    await this.#end('close');
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const what = random.below(100);
    if (what < 56) this.#append(1 + random.below(40));
    else if (what < 68) this.#appendLate(1 + random.below(60));
    else if (what < 71) await this.#delete();
    else if (what < 73) await this.#cleanTombstones();
    else if (what < 74) this.#jump();
    else if (what < 76) this.#stop();
    else if (what < 80) this.#store!.db.head.files!.move();
    else if (what < 86) await this.#store!.db.compactions!.run();
    else if (what < 90) await this.#sync();
    else if (what < 94) this.#faultRate = random.pick([0, 0, 0.02, 0.2]);
    else if (what < 96) await this.#checkAll('while it runs');
    else await this.#restart();
  }

  async #restart(): Promise<void> {
    const end = this.#random.pick(['close', 'kill', 'kill', 'power', 'power', 'flip'] as const);
    const rate = this.#faultRate;
    this.#faultRate = end === 'close' ? rate : 0;
    if (end === 'flip') {
      await this.#sync();
      await this.#end('kill');
      await this.#flipAndOpen();
    } else {
      await this.#end(end);
      await this.#open();
      await this.#checkAll(`after ${end}`);
    }
  }

  #append(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      this.#time += stepMs;
      this.#commit(Array.from({length: seriesCount}, (_, series) => [series, this.#time] as const));
    }
  }

  #appendLate(count: number): void {
    const samples = Array.from({length: count}, () => {
      const time = this.#time - this.#random.below(windowMs);
      return [
        this.#random.below(seriesCount),
        time - (time % stepMs) + 1 + this.#random.below(stepMs - 1),
      ] as const;
    });
    this.#commit(samples, true);
  }

  /** Series end. */
  #stop(): void {
    this.#time += stepMs;
    const ended = Array.from({length: seriesCount}, (_, series) => series).filter(
      () => this.#random.below(2) === 0,
    );
    this.#commit(
      ended.map((series) => [series, this.#time] as const),
      false,
      true,
    );
  }

  /** Appends samples, of every other series histograms; stale markers where `stale` says so. */
  #commit(samples: readonly (readonly [series: number, time: number])[], late = false, stale = false): void {
    const appender = this.#store!.db.head.appender();
    const {batch} = appender;
    batch.length = 0;
    appender.dropHistograms();
    const places: number[] = [];
    for (const [series, time] of samples) {
      const value = stale ? NaN : this.#random.float();
      places.push(this.#put(series, time, value));
      const key = `${series} ${time}`;
      const known = this.#model.get(key);
      if (known === undefined) this.#model.set(key, {value, known: 'possible'});
      else known.value = NaN; // One of several.
    }
    try {
      appender.commit();
    } catch {
      return; // Nothing is acknowledged.
    }
    for (const [i, [series, time]] of samples.entries()) {
      const statuses = isHistogramSeries(series) ? appender.histogramStatuses : batch.statuses;
      if (statuses[places[i]!] === sampleStatus.accepted) this.#acknowledge(series, time, late);
    }
  }

  #put(series: number, time: number, value: number): number {
    const appender = this.#store!.db.head.appender();
    const ref: SeriesRef = {slot: 0, generation: 0};
    appender.series(['__name__', 'tortured', 'series', String(series)], ref);
    const isStale = Number.isNaN(value);
    if (isHistogramSeries(series)) {
      const histogram = isStale ? null : histogramOf(time, value);
      return appender.histogram(ref.slot, ref.generation, time, histogram, {integer: true, startMs: 0});
    }
    const {batch} = appender;
    const at = addSample(batch, ref, time, value);
    if (isStale) setStale(batch.valueWords, at);
    return at;
  }

  #acknowledge(series: number, time: number, late: boolean): void {
    const sample = this.#model.get(`${series} ${time}`)!;
    if (sample.known === 'durable' || sample.known === 'acknowledged') return;
    // It may be hidden by a deletion, or that is no longer needed.
    const isDoubtful =
      sample.known !== 'possible' ||
      this.#deletions.some((each) => each.series === series && time >= each.mint && time <= each.maxt);
    sample.known = isDoubtful ? 'possible' : 'acknowledged';
    if (isDoubtful) return;
    this.figures.acknowledged++;
    if (late) this.figures.late++;
    if (isHistogramSeries(series)) this.figures.histograms++;
  }

  /** Deletes what one series has in some time. */
  async #delete(): Promise<void> {
    const random = this.#random;
    const series = random.below(seriesCount);
    const mint = this.#time - random.below(3 * rangeMs);
    const maxt = mint + random.below(rangeMs);
    const matchers = [
      {type: '=', name: '__name__', value: 'tortured'},
      {type: '=', name: 'series', value: String(series)},
    ] as const;
    this.#deletions.push({series, mint, maxt});
    this.figures.deletions++;
    const done = await this.#store!.db.administration!.deleteSamples({matchers, mint, maxt}).then(
      () => true,
      () => false,
    );
    for (const [key, sample] of this.#model) {
      const [number, time] = key.split(' ').map(Number) as [number, number];
      if (number !== series || time < mint || time > maxt) continue;
      if (sample.known !== 'durable' && sample.known !== 'acknowledged') continue;
      sample.known = done ? 'deleted' : 'possible';
      if (done) this.figures.deleted++;
    }
  }

  async #cleanTombstones(): Promise<void> {
    await this.#store!.db.administration!.cleanTombstones().catch(() => {});
  }

  /** The clock of the machine, or that of the samples, goes forward or back. */
  #jump(): void {
    const random = this.#random;
    this.figures.clockJumps++;
    this.#nowOffsetMs += (random.below(80) - 40) * 86_400_000;
    if (random.below(2) === 0) return;
    this.#time = Math.max(
      1_000_000,
      this.#time + random.pick([-100 * stepMs, -20 * stepMs, 3 * rangeMs, 40 * rangeMs]),
    );
  }

  /** All that was acknowledged survives a loss of power from here on. */
  async #sync(): Promise<void> {
    const rate = this.#faultRate;
    this.#faultRate = 0;
    await this.#store!.db.sync();
    await this.#store!.db.sync();
    this.#settle();
    this.#faultRate = rate;
  }

  async #end(how: 'close' | 'kill' | 'power'): Promise<void> {
    const {db, heads, blocks} = this.#store!;
    const rate = this.#faultRate;
    this.#faultRate = 0;
    this.figures.checkpoints += db.statistics().truncations;
    this.#faultRate = rate;
    this.#store = null;
    if (how === 'close') {
      await db.close().catch(() => {});
      if (this.#faultRate === 0) this.#settle();
    }
    for (const head of heads) head.release();
    blocks.close();
    this.#fs.kill();
    if (how === 'kill') this.figures.kills++;
    if (how !== 'power') return;
    this.figures.powerLosses++;
    this.#fs.losePower(this.#random);
    for (const sample of this.#model.values())
      if (sample.known === 'acknowledged' || sample.known === 'deleted') sample.known = 'possible';
  }

  /** All is on the disk. */
  #settle(): void {
    for (const sample of this.#model.values()) {
      if (sample.known === 'acknowledged') sample.known = 'durable';
      if (sample.known === 'deleted') sample.known = 'gone';
    }
  }

  async #open(): Promise<void> {
    const rate = this.#faultRate;
    for (;;) {
      try {
        this.#store = await this.#tryOpen();
        break;
      } catch (error) {
        assert.ok(
          this.#faultRate > 0,
          `it can be opened where the disk works: ${String(error)}\n${(error as Error).stack}`,
        );
        this.#fs.kill();
        this.#faultRate = 0;
      }
    }
    if (this.#faultRate > 0) {
      // It stands a failing disk. But what was in doubt may have stayed so: the log says it, and a start on a sound disk sees to it.
      this.#faultRate = 0;
      await this.#end('kill');
      this.#store = await this.#tryOpen();
    }
    this.#faultRate = rate;
    this.#store.db.setOutOfOrderWindow(windowMs);
    this.#store.db.staleSeriesThreshold = this.#random.pick([0, 0.2]);
  }

  async #tryOpen(): Promise<OpenStore> {
    const fs = this.#fs;
    const {scratch} = this.#world;
    const memory = this.#world.fresh();
    const log = this.#logger();
    const compactor = new LocalCompactor();
    const db = await Db.open({
      dir,
      memory,
      kernels: loadKernels(memory),
      log,
      clock: this.#clock(),
      fs,
      lockfile: false,
      chunkRangeMs: rangeMs,
      blockMsMax: 9 * rangeMs,
      walSegmentBytes: 32_768,
      snapshots: this.#random.below(2) === 0,
      compactor,
    });
    const heads = [1, 2].map((owner) => new HeadReader(memory, scratch, owner, db.head.files!.openReader()));
    compactor.maker = new BlockMaker(
      {fs, dir, scratch, log, nowMs: () => Date.now() + this.#nowOffsetMs},
      heads[0]!,
    );
    for (const head of heads) head.onDamage = () => this.#errors++;
    const version = (): number => Atomics.load(memory.i32, headerBlocks >>> 2);
    const onDamage = (): number => this.#errors++;
    const blocks = new BlockSet({fs, dir, cache: new PageCache(), version, onDamage, onPartDamage: onDamage});
    return {db, reader: new DbReader(heads[1]!, blocks), blocks, heads};
  }

  /** Every sample that must be there is there, and none that was never given. */
  async #checkAll(when: string): Promise<void> {
    const rate = this.#faultRate;
    this.#faultRate = 0;
    const found = this.#readAll();
    let lost = 0;
    for (const [key, {value, known}] of this.#model) {
      const got = found.get(key);
      if (got === undefined) {
        // What was refused may come back from a log that could not be cut.
        if (known === 'durable' || known === 'acknowledged') lost++;
      } else if (known === 'deleted' || known === 'gone')
        assert.fail(`${key} was deleted, and shows ${when}`);
      else if (!Number.isNaN(value)) assert.equal(got, value, `${key} ${when}`);
    }
    for (const key of found.keys()) assert.ok(this.#model.has(key), `${key} was never given, ${when}`);
    this.figures.lost += lost;
    assert.equal(lost, 0, `nothing is lost ${when}`);
    this.figures.blocks = Math.max(this.figures.blocks, this.#store!.db.blocks.blocks.length);
    this.#faultRate = rate;
    await Promise.resolve();
  }

  #readAll(from: Queryable = this.#store!.reader): Map<string, number> {
    const symbols = new Symbols();
    const range = {mint: 0, maxt: Number.MAX_SAFE_INTEGER};
    const querier = from.querier(range, symbols);
    const found = new Map<string, number>();
    try {
      const cursor = querier.select([new Matcher('=', '__name__', 'tortured')], range);
      while (cursor.next()) {
        const series = symbols.text(cursor.labels()[3]!);
        const count = cursor.read(range.mint, range.maxt);
        for (let i = 0; i < count; i++) {
          assert.ok(i === 0 || cursor.times[i]! > cursor.times[i - 1]!, 'times rise');
          found.set(`${series} ${cursor.times[i]}`, cursor.values[i]!);
        }
      }
    } finally {
      querier.close();
    }
    return found;
  }

  /** A query that meets a damaged chunk of a block fails and says so: without the block it works. */
  #tryReadAll(): Map<string, number> {
    try {
      return this.#readAll();
    } catch (error) {
      if (!(error instanceof BlockDamage)) throw error;
      this.#errors++;
      return this.#readAll(this.#store!.heads[1]);
    }
  }

  /** One bit of one file changes: it is found and told, or costs nothing, and the rest is served. */
  async #flipAndOpen(): Promise<void> {
    const files = filesBelow(this.#fs, dir).filter((path) => this.#fs.contents(path).length > 0);
    if (files.length === 0) return this.#open();
    const path = this.#random.pick(files);
    const bytes = this.#fs.contents(path);
    const before = bytes.slice();
    bytes[this.#random.below(bytes.length)]! ^= 1 << this.#random.below(8);
    this.#fs.put(path, bytes);
    this.figures.bitsFlipped++;
    this.#errors = 0;
    await this.#open();
    const found = this.#tryReadAll();
    let lost = 0;
    for (const [key, sample] of this.#model) {
      const got = found.get(key);
      const wanted = sample.known === 'durable' || sample.known === 'acknowledged';
      if (got === undefined && wanted) lost++;
      if (got !== undefined && !Number.isNaN(sample.value))
        assert.equal(got, sample.value, `${key} with a bit flipped in ${path}`);
    }
    for (const key of found.keys())
      assert.ok(this.#model.has(key), `${key} was never given: a bit flipped in ${path}`);
    // meta.json has no checksum: a digit of a time that is another digit cannot be seen.
    const isBlind = path.endsWith('/meta.json');
    const told = this.#errors + this.#store!.db.statistics().corruptions;
    assert.ok(
      lost === 0 || told > 0 || isBlind,
      `a bit flipped in ${path} costs ${lost} samples, and is told`,
    );
    this.figures.lostToFlips += lost;
    if (/\/[0-9A-Z]{26}\//.test(path)) {
      // Damage of a block may show later, too: the disk heals, and all is there again.
      await this.#end('kill');
      this.#fs.put(path, before);
      return this.#open();
    }
    // What it cost is lost for good.
    for (const [key, sample] of this.#model) {
      const wasDeleted = sample.known === 'deleted' || sample.known === 'gone';
      if (found.has(key) === wasDeleted) sample.known = 'possible';
    }
  }

  #fault(operation: string): Fault | null {
    if (this.#faultRate === 0 || this.#random.float() >= this.#faultRate) return null;
    if (this.#random.below(4) === 0) {
      this.figures.slow++;
      return {slowMs: this.#random.pick([10, 1000, 30_000])};
    }
    this.figures.faults++;
    if (operation === 'write' && this.#random.below(3) === 0) return {short: 1 + this.#random.below(500)};
    return {code: this.#random.pick(['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'ENFILE'] as const)};
  }

  #clock(): Clock {
    return {
      now: () => Date.now() + this.#nowOffsetMs,
      elapsed: () => (this.#elapsed += 50),
      after: () => () => {},
    };
  }

  #logger(): Logger {
    const count = (): void => void this.#errors++;
    const log: Logger = {debug() {}, info() {}, warn: count, error: count, child: () => log};
    return log;
  }
}

function isHistogramSeries(series: number): boolean {
  return series % 2 === 1;
}

/** Counts rise with time, so that chunks have many; the sum tells them apart. */
function histogramOf(timeMs: number, sum: number): FloatHistogram {
  const count = Math.floor(timeMs / 100);
  return new FloatHistogram({
    count,
    sum,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(count),
  });
}

function filesBelow(fs: SimulatedFileSystem, path: string): string[] {
  const status = fs.status(path);
  if (status === null) return [];
  if (!status.directory) return [path];
  return fs.list(path).flatMap((name) => filesBelow(fs, `${path}/${name}`));
}
