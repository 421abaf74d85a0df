import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import {SizeClassArena} from '../../kernels/arena.ts';
import {loadKernels} from '../../kernels/kernels.ts';
import {arenaStart, LinearMemory} from '../../kernels/memory.ts';
import {labelOf, type Labels, labelsOf} from '../../model/labels.ts';
import {Matcher} from '../../model/matcher.ts';
import {addSample, sampleStatus, type SeriesRef} from '../../storage/appender.ts';
import {Symbols} from '../../storage/symbols.ts';
import type {HeadLog, LoggedHistogram} from '../log.ts';
import {Head, type HeadOptions} from './head.ts';
import {HeadReader} from './reader.ts';

const megabyte = 2 ** 20;

export function openHead(options: Partial<HeadOptions> = {}): Head {
  const memory = LinearMemory.reserve(256 * megabyte);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  return new Head({memory, arena, kernels: loadKernels(memory), poison: true, ...options});
}

export function openReader(head: Head, owner = 1): HeadReader {
  const memory = LinearMemory.reserve(64 * megabyte);
  const arena = new SizeClassArena(memory, arenaStart, memory.byteLength);
  return new HeadReader(head.memory, {memory, kernels: loadKernels(memory), arena}, owner);
}

const ref: SeriesRef = {slot: 0, generation: 0};

/** Appends samples and returns their statuses. */
function append(head: Head, samples: readonly [Labels, number, number][]): number[] {
  const appender = head.appender();
  for (const [labels, time, value] of samples) {
    appender.series(labels, ref);
    addSample(appender.batch, ref, time, value);
  }
  appender.commit();
  return [...appender.batch.statuses.subarray(0, samples.length)];
}

type Series = [labels: string, samples: [number, number][]];

function read(reader: HeadReader, matchers: readonly Matcher[], mint = -Infinity, maxt = Infinity): Series[] {
  const symbols = new Symbols();
  const querier = reader.querier({mint, maxt}, symbols);
  try {
    const result: Series[] = [];
    const cursor = querier.select(matchers, {mint, maxt});
    while (cursor.next()) {
      const labels = cursor.labels().map((id) => symbols.text(id));
      const count = cursor.read(mint, maxt);
      const samples = Array.from({length: count}, (_, i): [number, number] => [
        cursor.times[i]!,
        cursor.values[i]!,
      ]);
      result.push([labels.join(','), samples]);
    }
    return result;
  } finally {
    querier.close();
  }
}

const up = labelsOf({__name__: 'up', job: 'node', instance: 'a'});
const down = labelsOf({__name__: 'down', job: 'node', instance: 'a'});
const upB = labelsOf({__name__: 'up', job: 'node', instance: 'b', zone: 'é€😀'});

test('what HeadAppender commits, HeadReader reads', () => {
  const head = openHead();
  const reader = openReader(head);
  assert.deepEqual(
    append(head, [
      [up, 1000, 1],
      [down, 1000, 0],
      [upB, 1000, 5],
    ]),
    [0, 0, 0],
  );
  assert.deepEqual(
    append(head, [
      [up, 2000, 2],
      [up, 3000, 3],
    ]),
    [0, 0],
  );
  assert.deepEqual(read(reader, [new Matcher('=', '__name__', 'up')]), [
    [
      '__name__,up,instance,a,job,node',
      [
        [1000, 1],
        [2000, 2],
        [3000, 3],
      ],
    ],
    ['__name__,up,instance,b,job,node,zone,é€😀', [[1000, 5]]],
  ]);
  assert.deepEqual(read(reader, [new Matcher('=', '__name__', 'up')], 2000, 2999), [
    ['__name__,up,instance,a,job,node', [[2000, 2]]],
    ['__name__,up,instance,b,job,node,zone,é€😀', []],
  ]);
});

test('commit() refuses samples by the rules of Prometheus', () => {
  const head = openHead();
  const {accepted, outOfOrder, duplicate, outOfBounds, noSeries} = sampleStatus;
  const hour = 3_600_000;
  assert.deepEqual(
    append(head, [
      [up, 10 * hour, 1],
      [up, 10 * hour, 1], // the same again
      [up, 10 * hour, 2],
      [up, 10 * hour - 1, 1],
      [up, 9 * hour - 1, 1], // before the first sample less half a chunk range
      [down, 9 * hour, 1],
      [up, 10 * hour + 1, NaN],
    ]),
    [accepted, accepted, duplicate, outOfOrder, outOfBounds, accepted, accepted],
  );
  assert.deepEqual(
    append(head, [
      [up, 10 * hour + 1, NaN], // NaNs are compared as bits
      [down, 8 * hour, 1],
      [up, 9 * hour + 1, 1],
      [up, 10 * hour, 1],
    ]),
    [accepted, outOfBounds, outOfOrder, outOfOrder],
  );
  const {batch} = head.appender();
  batch.slots.set([0, 0, 77]);
  batch.generations.set([0, 2, 1]);
  batch.times.set([11 * hour, 11 * hour, 11 * hour]);
  batch.length = 3;
  assert.deepEqual(head.appender().commit(), {
    accepted: 0,
    outOfOrder: 0,
    duplicates: 0,
    outOfBounds: 0,
    noSeries: 3,
  });
  assert.deepEqual([...batch.statuses.subarray(0, 3)], [noSeries, noSeries, noSeries]);
  const stats = head.stats();
  assert.equal(stats.appended, 3);
  assert.equal(stats.outOfOrder, 3);
  assert.equal(stats.duplicates, 1);
  assert.equal(stats.outOfBounds, 2);
  assert.deepEqual([stats.minTime, stats.maxTime], [9 * hour, 10 * hour + 1]);
});

test('commit() refuses times that are no whole numbers of milliseconds', () => {
  const head = openHead();
  const reader = openReader(head);
  append(head, [[down, 1000, 1]]);
  for (const time of [NaN, Infinity, -Infinity, 2 ** 60]) {
    assert.deepEqual(append(head, [[up, time, 1]]), [sampleStatus.outOfBounds], `${time}`);
  }
  assert.deepEqual(read(reader, [new Matcher('=', '__name__', 'up')])[0]![1], []);
});

test('check() tells beforehand and changes nothing', () => {
  const head = openHead();
  append(head, [[up, 10_000, 1]]);
  const {batch} = head.appender();
  head.appender().series(up, ref);
  batch.slots.fill(ref.slot, 0, 5);
  batch.generations.set([ref.generation, ref.generation, ref.generation, ref.generation, 99]);
  batch.times.set([10_000, 10_000, 9000, 11_000, 11_000]);
  batch.values.set([1, 2, 1, 1, 1]);
  batch.length = 5;
  const {accepted, outOfOrder, duplicate, noSeries} = sampleStatus;
  const result = head.appender().check();
  assert.deepEqual(result, {accepted: 2, outOfOrder: 1, duplicates: 1, outOfBounds: 0, noSeries: 1});
  assert.deepEqual([...batch.statuses.subarray(0, 5)], [accepted, duplicate, outOfOrder, accepted, noSeries]);
  assert.equal(batch.length, 5);
  assert.deepEqual([head.stats().appended, head.stats().outOfOrder], [1, 0]);
  assert.deepEqual(head.appender().commit(), result);
  assert.deepEqual([head.stats().appended, head.stats().outOfOrder], [2, 1]);
});

test('long series come back whole, and each part of them, for any seed', () => {
  for (let seed = 0; seed < 5; seed++) {
    const random = new Random(seed);
    const head = openHead();
    const reader = openReader(head);
    const samples: [number, number][] = [];
    let time = 1_700_000_000_000;
    for (let i = 0; i < 3000; i++) {
      const style = Math.floor(i / 500) % 3;
      const value = style === 0 ? random.float() : style === 1 ? 42 : Math.round(random.float() * 100);
      samples.push([time, value]);
      time += 15_000 + random.below(3) + (random.below(200) === 0 ? random.below(10_000_000) : 0);
    }
    for (let i = 0; i < samples.length;) {
      const count = 1 + random.below(50);
      append(
        head,
        samples.slice(i, i + count).map(([t, v]) => [up, t, v]),
      );
      i += count;
    }
    const matchers = [new Matcher('=', 'instance', 'a')];
    assert.deepEqual(read(reader, matchers)[0]![1], samples, `seed ${seed}`);
    for (let i = 0; i < 20; i++) {
      const mint = random.pick(samples)[0] + random.below(3) - 1;
      const maxt = mint + random.below(3_600_000 * 6);
      const expected = samples.filter(([t]) => t >= mint && t <= maxt);
      assert.deepEqual(read(reader, matchers, mint, maxt)[0]![1], expected, `seed ${seed}: ${mint}..${maxt}`);
    }
    const chunks = head.stats().chunks;
    assert.ok(chunks > 3000 / 240 && chunks < 3000 / 20, `${chunks} chunks`);
  }
});

test('select() finds what a walk over all series finds, for any seed', () => {
  const head = openHead();
  const reader = openReader(head);
  const random = new Random(5);
  const all: Record<string, string>[] = [];
  for (let i = 0; i < 800; i++) {
    const labels: Record<string, string> = {__name__: `metric_${random.below(5)}`, id: String(i)};
    if (random.below(2) === 0) labels['job'] = `job${random.below(4)}`;
    if (random.below(3) === 0) labels['zone'] = random.pick(['eu', 'us', 'ap']);
    all.push(labels);
  }
  append(
    head,
    all.map((labels) => [labelsOf(labels), 1000, 1]),
  );
  const values: Record<string, string[]> = {
    __name__: ['metric_1', 'metric_2', 'nothing', ''],
    job: ['job1', 'job3', '', 'job9'],
    zone: ['eu', '', 'xx'],
    id: ['7', '300'],
    absent: ['', 'x'],
    // A value, but no name.
    eu: ['', 'x'],
  };
  const patterns = ['.*', '.+', 'metric_1|metric_3', 'job[12]', 'job1|job2|', 'e.', '', '1.*', 'nothing|no'];
  for (let i = 0; i < 300; i++) {
    const matchers = Array.from({length: random.below(4)}, () => {
      const name = random.pick(Object.keys(values));
      const type = random.pick(['=', '!=', '=~', '!~'] as const);
      return new Matcher(type, name, type.endsWith('~') ? random.pick(patterns) : random.pick(values[name]!));
    });
    const expected = all
      .filter((labels) => matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? '')))
      .map((labels) => labelsOf(labels).join(','));
    const found = read(reader, matchers).map(([labels]) => labels);
    assert.deepEqual(found, expected, matchers.map((m) => `${m.name}${m.type}"${m.value}"`).join(', '));
  }
});

test('labelNames() and labelValues() are sorted and follow matchers and time', () => {
  const head = openHead();
  const reader = openReader(head);
  append(head, [
    [up, 1000, 1],
    [down, 1000, 1],
    [upB, 1000, 1],
  ]);
  const querier = reader.querier({mint: 0, maxt: 2000}, new Symbols());
  assert.deepEqual(querier.labelNames([]), ['__name__', 'instance', 'job', 'zone']);
  assert.deepEqual(querier.labelNames([new Matcher('=', 'instance', 'a')]), ['__name__', 'instance', 'job']);
  assert.deepEqual(querier.labelValues('__name__', []), ['down', 'up']);
  assert.deepEqual(querier.labelValues('__name__', [new Matcher('=', 'instance', 'b')]), ['up']);
  assert.deepEqual(querier.labelValues('nothing', []), []);
  querier.close();
  const later = reader.querier({mint: 2000, maxt: 3000}, new Symbols());
  assert.deepEqual(later.labelNames([]), []);
  assert.deepEqual(later.labelValues('job', []), []);
  later.close();
});

/** Keeps what was flushed; fails when told to. */
class RecordingLog implements HeadLog {
  readonly flushed: string[] = [];
  failing = false;
  #buffer: string[] = [];
  readonly #head: () => Head;

  constructor(head: () => Head) {
    this.#head = head;
  }

  series(seriesRef: number, labels: Labels): void {
    this.#buffer.push(`series ${seriesRef} ${labels.join(',')}`);
  }

  samples(refs: number, times: number, values: number, count: number): void {
    const {f64} = this.#head().memory;
    for (let i = 0; i < count; i++) {
      this.#buffer.push(`sample ${f64[refs / 8 + i]} ${f64[times / 8 + i]} ${f64[values / 8 + i]}`);
    }
  }

  histograms(samples: readonly LoggedHistogram[]): void {
    for (const {ref, timeMs, histogram} of samples) {
      this.#buffer.push(`histogram ${ref} ${timeMs} ${histogram?.count ?? 'stale'}`);
    }
  }

  metadata(seriesRef: number, type: string, unit: string, help: string): void {
    this.#buffer.push(`metadata ${seriesRef} ${type} ${unit} ${help}`);
  }

  exemplar(seriesRef: number, time: number, value: number, labels: Labels): void {
    this.#buffer.push(`exemplar ${seriesRef} ${time} ${value} ${labels.join(',')}`);
  }

  flush(): void {
    const buffer = this.#buffer;
    this.#buffer = [];
    if (this.failing) throw new Error('disk full');
    this.flushed.push(...buffer);
  }
}

test('commit() logs first: what the log refuses is not appended, and its series are logged again', () => {
  const head = openHead();
  const log = new RecordingLog(() => head);
  head.log = log;
  const reader = openReader(head);
  append(head, [[up, 1000, 1]]);
  log.failing = true;
  assert.throws(
    () =>
      append(head, [
        [up, 2000, 2],
        [down, 2000, 1],
      ]),
    /disk full/,
  );
  head.appender().series(down, ref);
  head.appender().metadata(ref.slot, ref.generation, 'gauge', '', 'Is it down?\nYes.');
  assert.throws(() => append(head, [[upB, 2500, 9]]), /disk full/);
  assert.deepEqual(read(reader, [new Matcher('=', 'job', 'node')]), [
    ['__name__,up,instance,a,job,node', [[1000, 1]]],
    ['__name__,down,instance,a,job,node', []],
    ['__name__,up,instance,b,job,node,zone,é€😀', []],
  ]);
  log.failing = false;
  append(head, [
    [down, 3000, 3],
    [up, 3000, 4],
    [up, 3000, 5],
  ]);
  assert.deepEqual(log.flushed, [
    'series 1 __name__,up,instance,a,job,node',
    'sample 1 1000 1',
    'series 2 __name__,down,instance,a,job,node',
    'series 3 __name__,up,instance,b,job,node,zone,é€😀',
    'metadata 2 gauge  Is it down?\nYes.',
    'sample 2 3000 3',
    'sample 1 3000 4',
    'sample 1 3000 5',
  ]);
  // Replaying the log gives what is in memory, though it holds a sample that was refused.
  const replayed = replay(log.flushed);
  assert.deepEqual(
    read(openReader(replayed), [new Matcher('=', 'job', 'node')]),
    read(reader, [new Matcher('=', 'job', 'node')]),
  );
  // Unchanged metadata is not logged again.
  head.appender().series(down, ref);
  head.appender().metadata(ref.slot, ref.generation, 'gauge', '', 'Is it down?\nYes.');
  head.appender().commit();
  assert.equal(log.flushed.length, 8);
});

function replay(records: readonly string[]): Head {
  const head = openHead();
  const sink = head.replay();
  for (const record of records) {
    const [kind, seriesRef, ...rest] = record.split(' ');
    if (kind === 'series') sink.series(Number(seriesRef), rest.join(' ').split(','));
    else if (kind === 'sample') {
      sink.samples(
        Float64Array.of(Number(seriesRef)),
        Float64Array.of(Number(rest[0])),
        Float64Array.of(Number(rest[1])),
        1,
      );
    }
  }
  sink.finish();
  return head;
}

test('replay: several refs of one series, old samples, unknown refs, tombstones', () => {
  const head = openHead();
  const reader = openReader(head);
  const sink = head.replay();
  sink.series(7, up);
  sink.series(9, down);
  sink.samples(
    Float64Array.of(7, 9, 7, 7, 99),
    Float64Array.of(1000, 1000, 2000, 1500, 1),
    Float64Array.of(1, 2, 3, 4, 5),
    5,
  );
  sink.series(12, up);
  sink.samples(Float64Array.of(12, 7, 12), Float64Array.of(2500, 2600, 100), Float64Array.of(6, 7, 8), 3);
  sink.tombstone(12, 2000, 2500);
  sink.metadata(9, 'counter', '', 'h');
  sink.metadata(98, 'counter', '', 'h');
  sink.tombstone(9, -(2 ** 63), 2 ** 63);
  sink.samples(Float64Array.of(9), Float64Array.of(5000), Float64Array.of(1), 1);
  assert.deepEqual(read(reader, []), [
    [
      '__name__,up,instance,a,job,node',
      [
        [1000, 1],
        [2600, 7],
      ],
    ],
  ]);
  assert.deepEqual(sink.counts, {samples: 9, unknownRefs: 3, chunksLoaded: 0});
  sink.finish();
  assert.equal(head.stats().outOfOrder, 0);
  // New refs are above all that were ever used.
  // Refs that have no series are not given to others either.
  assert.equal(head.lastRef, 99);
});

test('deleteSamples() leaves the rest and the rules for what comes next', () => {
  const head = openHead();
  const reader = openReader(head);
  const samples = Array.from({length: 500}, (_, i): [number, number] => [i * 1000, i % 7]);
  append(
    head,
    samples.map(([t, v]) => [up, t, v]),
  );
  append(head, [[down, 499_500, 1]]);
  const {slot} = (head.appender().series(up, ref), ref);
  const seen = (): [number, number][] => read(reader, [new Matcher('=', '__name__', 'up')])[0]![1];
  head.deleteSamples(slot, 100_000, 150_500);
  const left = samples.filter(([t]) => t < 100_000 || t > 150_500);
  assert.deepEqual(seen(), left);
  head.deleteSamples(slot, 450_000, 10_000_000);
  assert.deepEqual(
    seen(),
    left.filter(([t]) => t < 450_000),
  );
  const {accepted, outOfOrder, duplicate} = sampleStatus;
  assert.deepEqual(
    append(head, [
      [up, 480_000, 1],
      [up, 499_000, 9],
      [up, 600_000, 1],
      [up, 601_000, 2],
    ]),
    [outOfOrder, duplicate, accepted, accepted],
  );
  assert.deepEqual(seen(), [...left.filter(([t]) => t < 450_000), [600_000, 1], [601_000, 2]]);
  assert.equal(head.stats().appended, 503);
});

test('gc() drops old chunks and dead series, and gives everything back', () => {
  const head = openHead();
  const reader = openReader(head);
  append(head, [[up, 0, 1]]);
  const empty = head.stats();
  for (let round = 0; round < 3; round++) {
    const base = 1000 + round * 100_000_000;
    for (let step = 0; step < 300; step += 50) {
      const samples: [Labels, number, number][] = [];
      for (let i = 0; i < 20; i++) {
        for (let k = 0; k < 50; k++) {
          samples.push([
            labelsOf({__name__: 'm', round: String(round), i: String(i)}),
            base + (step + k) * 15_000,
            k,
          ]);
        }
      }
      append(head, samples);
    }
    append(head, [[up, base + 299 * 15_000, round]]);
    // Chunks that end before half of the round go; all series are still there.
    const half = base + 150 * 15_000;
    head.gc(half);
    assert.equal(head.stats().series, 21);
    const [, samples] = read(reader, [new Matcher('=', 'i', '3')])[0]!;
    assert.ok(samples[0]![0] > base && samples[0]![0] <= half, `first sample at ${samples[0]![0]}`);
    assert.deepEqual(samples.at(-1), [base + 299 * 15_000, 49]);
    // Of the last minute only the series `up` has a sample.
    append(head, [[up, base + 300 * 15_000, 7]]);
    const result = head.gc(base + 300 * 15_000);
    assert.equal(result.series, 20);
    assert.equal(result.refs.length, 20);
    assert.deepEqual(
      read(reader, []).map(([labels]) => labels),
      ['__name__,up,instance,a,job,node'],
    );
  }
  const stats = head.stats();
  assert.equal(stats.seriesRemoved, 60);
  assert.deepEqual(
    [stats.series, stats.symbols, stats.labelPairs, stats.chunks],
    [empty.series, empty.symbols, empty.labelPairs, 1],
  );
  assert.equal(stats.retired, 0);
  // What is left over: the pool of free fragments, one block of the chunk index.
  assert.ok(
    stats.bytesInUse - empty.bytesInUse < 64 * 512 + 4096,
    `${stats.bytesInUse - empty.bytesInUse} bytes`,
  );
});

test('gc() keeps what a reader can see until it leaves, and slots change generation', () => {
  const head = openHead();
  const reader = openReader(head);
  append(head, [
    [up, 1000, 1],
    [down, 1000, 2],
  ]);
  head.appender().series(down, ref);
  const {slot, generation} = ref;
  const symbols = new Symbols();
  const querier = reader.querier({mint: 0, maxt: Infinity}, symbols);
  const cursor = querier.select([new Matcher('=', '__name__', 'down')], {mint: 0, maxt: Infinity});
  append(head, [[up, 3_000_000, 1]]);
  assert.equal(head.gc(2_000_000).series, 1);
  assert.ok(!head.appender().alive(slot, generation));
  append(head, [[upB, 3_000_000, 4]]);
  head.appender().series(upB, ref);
  assert.notEqual(ref.slot, slot, 'the slot waits for the reader');
  assert.ok(cursor.next());
  assert.deepEqual(
    cursor.labels().map((id) => symbols.text(id)),
    [...down],
  );
  querier.close();
  head.reclaim();
  assert.equal(head.stats().retired, 0);
  append(head, [[down, 3_000_000, 4]]);
  head.appender().series(down, ref);
  assert.equal(ref.slot, slot);
  assert.notEqual(ref.generation, generation);
  // Found in the order of creation, though the slots are in another.
  assert.deepEqual(
    read(reader, []).map(([labels]) => labels.split(',')[1]),
    ['up', 'up', 'down'],
  );
});

test('gc() leaves new series whose first samples are on the way', () => {
  const head = openHead();
  append(head, [[up, 5_000_000, 1]]);
  head.appender().series(down, ref);
  head.gc(1_000_000);
  assert.ok(head.appender().alive(ref.slot, ref.generation));
  head.appender().commit();
  head.gc(1_000_000);
  assert.ok(!head.appender().alive(ref.slot, ref.generation));
});

test('stale series are counted', () => {
  const head = openHead();
  append(head, [
    [up, 1000, 1],
    [down, 1000, 1],
  ]);
  const {batch} = head.appender();
  const stale = (labels: Labels, time: number): void => {
    head.appender().series(labels, ref);
    batch.slots[0] = ref.slot;
    batch.generations[0] = ref.generation;
    batch.times[0] = time;
    batch.valueWords.set([2, 0x7ff00000]);
    batch.length = 1;
    head.appender().commit();
  };
  stale(up, 2000);
  stale(down, 2000);
  assert.equal(head.stats().staleSeries, 2);
  append(head, [[up, 8_000_000, 1]]);
  assert.equal(head.stats().staleSeries, 1);
  head.gc(7_000_000);
  assert.equal(head.stats().staleSeries, 0);
});

test('startGc() may be interleaved with appends that bring back what it drops, for any seed', () => {
  for (let seed = 0; seed < 4; seed++) {
    const random = new Random(seed);
    const head = openHead({chunkRangeMs: 20_000});
    const reader = openReader(head);
    const last = new Map<string, number>();
    let time = 0;
    const round = (count: number): void => {
      time += 1000;
      const samples = new Map<string, [Labels, number, number]>();
      for (let i = 0; i < count; i++) {
        const labels = labelsOf({
          __name__: `m${random.below(4)}`,
          id: String(random.below(30)),
          [`l${random.below(5)}`]: 'z',
        });
        samples.set(labels.join(','), [labels, time, random.below(9)]);
        last.set(labels.join(','), time);
      }
      append(head, [...samples.values()]);
    };
    for (let i = 0; i < 12; i++) {
      for (let k = 0; k < 10; k++) round(20);
      const mint = time - random.below(9000);
      const pass = head.startGc(mint);
      while (pass.run(1 + random.below(30))) if (random.below(3) > 0) round(random.below(10));
      for (const [labels, newest] of last) if (newest < mint) last.delete(labels);
      const found = read(reader, []).map(([labels, samples]) => [labels, samples.at(-1)![0]]);
      assert.deepEqual(new Map(found as [string, number][]), last, `seed ${seed}`);
      assert.equal(found.length, last.size, `seed ${seed}`);
      const name = `m${random.below(4)}`;
      const named = read(reader, [new Matcher('=', '__name__', name)]).map(([labels]) => labels);
      const expected = [...last.keys()].filter((labels) => labels.startsWith(`__name__,${name},`));
      assert.deepEqual(named.sort(), expected.sort(), `seed ${seed}`);
    }
    head.gc(time + 1);
    const {series, symbols, labelPairs, retired} = head.stats();
    assert.deepEqual([series, symbols, labelPairs, retired], [0, 0, 0, 0], `seed ${seed}`);
  }
});

test('when the memory is used up, nothing is logged or appended, all can be read, and gc() makes room', () => {
  const memory = LinearMemory.reserve(64 * megabyte);
  const arena = new SizeClassArena(memory, arenaStart, arenaStart + 8 * megabyte);
  const head = new Head({memory, arena, kernels: loadKernels(memory)});
  const log = new RecordingLog(() => head);
  head.log = log;
  const reader = openReader(head);
  const random = new Random(3);
  let time = 0;
  const round = (): void => {
    time += 1000;
    append(
      head,
      Array.from({length: 200}, (_, i): [Labels, number, number] => [
        labelsOf({__name__: 'm', i: String(i)}),
        time,
        random.float(),
      ]),
    );
  };
  assert.throws(() => {
    for (;;) round();
  }, /RangeError: cannot append 200 samples: the shared memory is used up/);
  const {appended} = head.stats();
  assert.ok(appended > 10_000, `${appended} samples`);
  assert.equal(log.flushed.length, 200 + appended);
  assert.throws(() => {
    for (let i = 0; ; i++) head.appender().series(labelsOf({__name__: 'more', i: String(i)}), ref);
  }, /RangeError: cannot make a series/);
  const [, samples] = read(reader, [new Matcher('=', 'i', '17')])[0]!;
  assert.equal(samples.length, appended / 200);
  head.gc(time / 2);
  round();
  assert.equal(head.stats().appended, appended + 200);
});

test('series come, grow and go as in a model, and nothing leaks, for any seed', () => {
  for (let seed = 0; seed < 4; seed++) {
    const random = new Random(seed);
    const head = openHead({chunkRangeMs: 20_000});
    const reader = openReader(head);
    append(head, [[up, 0, 1]]);
    head.gc(1);
    const empty = head.stats();
    // In the order of creation.
    const model = new Map<string, {labels: Labels; samples: [number, number][]}>();
    let mint = 0;
    for (let step = 1; step <= 120; step++) {
      const time = step * 1000;
      const samples: [Labels, number, number][] = [];
      for (const {labels} of model.values())
        if (random.below(3) > 0) samples.push([labels, time, random.below(5)]);
      for (let i = random.below(12); i > 0; i--) {
        const labels = labelsOf({
          __name__: `m${random.below(3)}`,
          id: String(random.below(60)),
          x: random.below(2) === 0 ? 'y' : '',
        });
        if (samples.some(([other]) => other.join() === labels.join())) continue;
        samples.push([labels, time, random.float()]);
        if (!model.has(labels.join())) model.set(labels.join(), {labels, samples: []});
      }
      append(head, samples);
      for (const [labels, t, v] of samples) model.get(labels.join())!.samples.push([t, v]);
      if (step % 7 === 0) {
        mint = Math.max(mint, time - random.below(60_000));
        head.gc(mint);
        for (const [key, series] of model) if (series.samples.at(-1)![0] < mint) model.delete(key);
        compareWithModel(reader, [...model.values()], {mint, message: `seed ${seed}, step ${step}`});
      }
    }
    head.gc(1_000_000);
    const stats = head.stats();
    assert.deepEqual(
      [stats.series, stats.symbols, stats.labelPairs, stats.chunks, stats.retired],
      [0, 0, 0, 0, 0],
      `seed ${seed}`,
    );
    // The tables may have grown, and free fragments wait in the pool.
    assert.ok(
      stats.bytesInUse - empty.bytesInUse < 64 * 512 + 16_384,
      `seed ${seed}: ${stats.bytesInUse - empty.bytesInUse} bytes`,
    );
  }
});

function compareWithModel(
  reader: HeadReader,
  model: readonly {labels: Labels; samples: [number, number][]}[],
  {mint, message}: {mint: number; message: string},
): void {
  const since = (samples: readonly [number, number][]): [number, number][] =>
    samples.filter(([t]) => t >= mint);
  for (const matchers of [
    [],
    [new Matcher('=', 'x', 'y')],
    [new Matcher('=~', '__name__', 'm0|m2'), new Matcher('!=', 'x', 'y')],
  ]) {
    const expected = model
      .filter(({labels}) => matchers.every((matcher) => matcher.matches(labelOf(labels, matcher.name))))
      .map(({labels, samples}): Series => [labels.join(','), since(samples)]);
    assert.deepEqual(read(reader, matchers, mint), expected, message);
  }
  const querier = reader.querier({mint: 0, maxt: Infinity}, new Symbols());
  const ids = new Set(model.map(({labels}) => labelOf(labels, 'id')));
  assert.deepEqual(querier.labelValues('id', []), [...ids].sort(), message);
  querier.close();
}

test('some() tells whether read() finds a sample', () => {
  const random = new Random(7);
  const head = openHead();
  const reader = openReader(head);
  for (let i = 0; i < 400; i++) append(head, [[up, i * 15_000 + (i > 200 ? 3_600_000 : 0), i]]);
  const querier = reader.querier({mint: 0, maxt: 1e9}, new Symbols());
  try {
    const cursor = querier.select([new Matcher('=', '__name__', 'up')], {mint: 0, maxt: 1e9});
    assert.ok(cursor.next());
    let found = 0;
    for (let round = 0; round < 500; round++) {
      const mint = random.below(12_000_000) - 1_000_000;
      const maxt = mint + random.below(random.below(2) === 0 ? 20_000 : 3_000_000);
      const expected = cursor.read(mint, maxt) > 0;
      assert.equal(cursor.some?.(mint, maxt), expected, `[${mint}, ${maxt}]`);
      if (expected) found++;
    }
    assert.ok(found > 100 && found < 450, String(found));
  } finally {
    querier.close();
  }
});
