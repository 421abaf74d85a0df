import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import type {ExpositionFormat} from '../formats/exposition.ts';
import {formatLabels, labelOf, labelsOf, withLabel} from '../model/labels.ts';
import {BodyScan} from './bodyscan.ts';
import {FuzzBody} from './fuzzbody.ts';
import {Ingest} from './ingest.ts';
import type {Settings, Verdict} from './plainscraper.ts';
import {aheadMs, PlainScraper, resolveWith, targetLabels} from './plainscraper.ts';
import {ScrapeCounters} from './statistics.ts';
import type {StoredSample} from './testing.ts';
import {createMemory, PlainAppender} from './testing.ts';

/** More rounds of the random test, for a nightly run. */
const rounds = Number(process.env['NARTHEX_TEST_ROUNDS'] ?? '1');

const world = createMemory();
const encoder = new TextEncoder();

/** The real thing, with bodies that arrive in pieces. */
class Subject {
  readonly appender = new PlainAppender(world, 64);
  readonly counters = new ScrapeCounters();
  readonly ingest: Ingest;
  readonly scan = new BodyScan(world);
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
    const {appender, counters} = this;
    this.ingest = new Ingest(
      {memory: world, appender, counters},
      {publicLabels: targetLabels},
      resolveWith(settings),
    );
  }

  async scrape(body: string, format: ExpositionFormat, timeMs: number, random: Random): Promise<Verdict> {
    const {ingest, scan} = this;
    const bytes = encoder.encode(body);
    ingest.next();
    let error: Error | null = null;
    if (bytes.length > 0) {
      ingest.begin(scan, {
        ...this.#settings,
        format,
        timestampMs: timeMs,
        timestampMaxMs: timeMs + aheadMs,
      });
      try {
        const pieces = random.pick([1, 1, 2, 20]);
        for (let at = 0; at < bytes.length;) {
          const size = 1 + random.below(Math.ceil((2 * bytes.length) / pieces));
          scan.feed(bytes.slice(at, at + size));
          at += size;
        }
        scan.finish();
        if (scan.limitHit) throw new RangeError('sample limit exceeded');
      } catch (cause) {
        error = cause as Error;
      }
    }
    const outcome = {
      timestampMs: timeMs,
      elapsedSeconds: () => 0.25,
      scan: bytes.length > 0 ? scan : null,
      error,
    };
    const failed = await ingest.store(outcome);
    const verdict = {
      error: failed?.message ?? '',
      total: this.#reported('scrape_samples_scraped'),
      added: this.#reported('scrape_samples_post_metric_relabeling'),
      seriesAdded: this.#reported('scrape_series_added'),
    };
    assert.equal(this.#reported('up'), failed === null ? 1 : 0);
    assert.equal(this.#reported('scrape_duration_seconds'), 0.25);
    scan.release();
    return verdict;
  }

  /** What is stored, without the reports. */
  dump(): Record<string, StoredSample[]> {
    const all = this.appender.dump();
    for (const name of Object.keys(all)) if (/__name__="(up|scrape_)/.test(name)) delete all[name];
    return all;
  }

  free(): void {
    this.ingest.free();
    this.scan.free();
  }

  #reported(name: string): number {
    return this.appender.samples(formatLabels(withLabel(targetLabels, '__name__', name))).at(-1)!
      .value as number;
  }
}

function settingsOf(random: Random): Settings {
  return {
    honorLabels: random.below(2) === 0,
    honorTimestamps: random.below(4) > 0,
    trackTimestampsStaleness: random.below(4) === 0,
    sampleLimit: random.below(4) === 0 ? 5 + random.below(30) : 0,
    merge: random.below(3) === 0,
  };
}

test('scrapes through prediction store what the plain way stores, report the same and fail at the same line', async () => {
  const before = world.arena.bytesInUse;
  let predicted = 0;
  let moved = 0;
  let failures = 0;
  for (let seed = 0; seed < 120 * rounds; seed++) {
    const random = new Random(seed);
    const format = random.pick(['text', 'openmetrics'] as const);
    const settings = settingsOf(random);
    const body = new FuzzBody(random, format);
    const plain = new PlainScraper(settings);
    const subject = new Subject(settings);
    for (let scrape = 1; scrape <= 12; scrape++) {
      const timeMs = 1_700_000_000_000 + 1000 * scrape;
      const text = body.next(timeMs);
      const note = `seed ${seed}, scrape ${scrape}: ${JSON.stringify(settings)}\n${text}`;
      const expected = plain.scrape(text, format, timeMs);
      const got = await subject.scrape(text, format, timeMs, random);
      assert.deepEqual(got, expected, note);
      assert.deepEqual(subject.dump(), nonEmpty(plain.store), note);
      if (got.error !== '') failures++;
      predicted += subject.scan.linesPredicted;
      moved += subject.scan.linesMoved;
    }
    subject.free();
  }
  assert.ok(predicted > 5000 && moved > 500 && failures > 50, 'all paths were taken');
  world.comments.collect(new Set());
  assert.ok(world.arena.bytesInUse - before < 120 * rounds * 2000, 'memory was given back');
});

test('targets that send the same lines share them and do not disturb each other', async () => {
  const before = world.arena.bytesInUse;
  let shared = 0;
  for (let seed = 0; seed < 60 * rounds; seed++) {
    const random = new Random(1000 + seed);
    const format = random.pick(['text', 'openmetrics'] as const);
    const settings = settingsOf(random);
    const body = new FuzzBody(random, format);
    const targets = [0, 1, 2].map(() => ({
      plain: new PlainScraper(settings),
      subject: new Subject(settings),
      text: '',
    }));
    for (let scrape = 1; scrape <= 12; scrape++) {
      const timeMs = 1_700_000_000_000 + 1000 * scrape;
      const text = body.next(timeMs);
      for (const target of targets) {
        // Now and then one lags behind.
        if (scrape === 1 || random.below(4) > 0) target.text = text;
        const note = `seed ${seed}, scrape ${scrape}: ${JSON.stringify(settings)}\n${target.text}`;
        const expected = target.plain.scrape(target.text, format, timeMs);
        const got = await target.subject.scrape(target.text, format, timeMs, random);
        assert.deepEqual(got, expected, note);
        assert.deepEqual(target.subject.dump(), nonEmpty(target.plain.store), note);
        if (got.error === '' && random.below(3) > 0) settle(target.subject.ingest);
      }
      const lines = targets.map(({subject}) => subject.ingest.table.line(0));
      if (new Set(lines).size < lines.length) shared++;
    }
    for (const {subject} of targets) subject.free();
  }
  assert.ok(shared > 50, 'lines were shared');
  assert.equal(world.texts.size, 0);
  world.comments.collect(new Set());
  assert.ok(world.arena.bytesInUse - before < 180 * rounds * 2000, 'memory was given back');
});

/** As after many scrapes in which no line was out of place. */
function settle({table, scrape}: Ingest): void {
  for (let i = 0; i < 10; i++) table.tidy(scrape, Infinity);
}

function nonEmpty(store: Record<string, StoredSample[]>): Record<string, StoredSample[]> {
  return Object.fromEntries(Object.entries(store).filter(([, samples]) => samples.length > 0));
}

const plainSettings: Settings = {
  honorLabels: false,
  honorTimestamps: true,
  trackTimestampsStaleness: false,
  sampleLimit: 0,
  merge: false,
};

/** Scrapes text bodies one second apart. */
class Series {
  readonly subject: Subject;
  readonly #random = new Random(1);
  #time = 1_700_000_000_000;

  constructor(settings: Partial<Settings> = {}) {
    this.subject = new Subject({...plainSettings, ...settings});
  }

  scrape(body: string): Promise<Verdict> {
    this.#time += 1000;
    return this.subject.scrape(body, 'text', this.#time, this.#random);
  }

  /** Values of a series without labels of its own. */
  values(name: string): (number | 'stale')[] {
    const labels = withLabel(targetLabels, '__name__', name);
    return this.subject.appender.samples(formatLabels(labels)).map(({value}) => value);
  }

  get timeMs(): number {
    return this.#time;
  }
}

test('a scrape whose commit fails stores up 0, and stale markers are not lost', async () => {
  const series = new Series();
  await series.scrape('a 1\nb 1\n');
  const {subject} = series;
  subject.appender.failure = new Error('disk is full');
  subject.ingest.next();
  const error = await subject.ingest.store({
    timestampMs: series.timeMs + 500,
    elapsedSeconds: () => 0.5,
    scan: null,
    error: null,
  });
  assert.equal(error?.message, 'cannot store the samples: disk is full');
  assert.deepEqual(series.values('up'), [1, 0]);
  assert.deepEqual(series.values('b'), [1]);

  await series.scrape('a 2\n');
  assert.deepEqual(series.values('a'), [1, 2]);
  assert.deepEqual(series.values('b'), [1, 'stale']);
});

test('samples whose commit fails are neither stored nor tracked', async () => {
  const series = new Series();
  await series.scrape('a 1\n');
  series.subject.appender.failure = new Error('disk is full');
  const {error} = await series.scrape('a 2\nc 2\n');
  assert.equal(error, 'cannot store the samples: disk is full');
  await series.scrape('b 3\n');
  assert.deepEqual(series.values('a'), [1, 'stale']);
  assert.deepEqual(series.values('c'), []);
  assert.deepEqual(series.values('b'), [3]);
});

test('a series that the store has dropped meanwhile is made again, without losing its sample', async () => {
  const series = new Series();
  await series.scrape('a 1\nb{le="1",x="y"} 1\n');
  const {appender} = series.subject;
  for (const slot of appender.series_.keys()) appender.drop(slot);
  await series.scrape('a 2\nb{le="1",x="y"} 2\n');
  assert.deepEqual(series.values('a'), [2]);
  assert.deepEqual(series.values('up'), [1]);
  const b = formatLabels(labelsOf({__name__: 'b', le: '1', x: 'y', job: 'test', instance: 'host:1'}));
  assert.deepEqual(
    appender.samples(b).map(({value}) => value),
    [2],
  );
});

test('a scrape that fails makes no series', async () => {
  const series = new Series();
  await series.scrape('a 1\nb 1\n7&-\n');
  assert.deepEqual(
    series.subject.appender.series_.map(({labels}) => labelOf(labels, '__name__')),
    [
      'up',
      'scrape_duration_seconds',
      'scrape_samples_scraped',
      'scrape_samples_post_metric_relabeling',
      'scrape_series_added',
    ],
  );
});

test('bodies larger than a batch are stored whole, and so are their stale markers', async () => {
  const series = new Series();
  const body = (count: number, value: number): string =>
    Array.from({length: count}, (_, i) => `metric_${i} ${value}\n`).join('');
  const cold = await series.scrape(body(1000, 1));
  assert.deepEqual(cold, {error: '', total: 1000, added: 1000, seriesAdded: 1000});
  const warm = await series.scrape(body(1000, 2));
  assert.deepEqual(warm, {error: '', total: 1000, added: 1000, seriesAdded: 0});
  assert.equal(series.subject.scan.linesPredicted, 1000);
  await series.scrape(body(500, 3));
  await series.scrape('');
  for (let i = 0; i < 1000; i++) {
    assert.deepEqual(series.values(`metric_${i}`), i < 500 ? [1, 2, 3, 'stale'] : [1, 2, 'stale']);
  }
});

test('a target that is gone leaves stale markers, also for its report, but not where samples went on', async () => {
  const series = new Series();
  await series.scrape('a 1\nb 1\n');
  const next = new Series();
  const {appender} = series.subject;
  // Another target has written the series since.
  const ref = {slot: 0, generation: 0};
  appender.series(withLabel(targetLabels, '__name__', 'a'), ref);
  appender.batch.length = 1;
  appender.batch.slots[0] = ref.slot;
  appender.batch.generations[0] = ref.generation;
  appender.batch.times[0] = series.timeMs + 2000;
  appender.batch.values[0] = 5;
  appender.commit();
  await series.subject.ingest.retire(series.timeMs + 1000);
  assert.deepEqual(series.values('a'), [1, 5]);
  assert.deepEqual(series.values('b'), [1, 'stale']);
  assert.deepEqual(series.values('up'), [1, 'stale']);
  assert.deepEqual(series.values('scrape_series_added'), [2, 'stale']);
  next.subject.free();
});

test('an unchanged body costs no parsing, one changed line costs one', async () => {
  const series = new Series();
  const lines = Array.from({length: 100}, (_, i) => `m{i="${i}"} 1\n`);
  await series.scrape(lines.join(''));
  assert.equal(series.subject.scan.linesParsed, 100);
  await series.scrape(lines.join(''));
  assert.equal(series.subject.scan.linesPredicted, 100);
  assert.equal(series.subject.scan.linesParsed, 0);

  const {scan} = series.subject;
  await series.scrape([...lines.slice(0, 50), 'new 1\n', ...lines.slice(50)].join(''));
  assert.deepEqual([scan.linesPredicted, scan.linesMoved, scan.linesParsed], [99, 1, 1]);
  await series.scrape(lines.toSpliced(20, 10).join(''));
  assert.deepEqual([scan.linesPredicted, scan.linesMoved, scan.linesParsed], [88, 2, 0]);
  await series.scrape([...lines.slice(50), ...lines.slice(0, 50)].join(''));
  assert.equal(scan.linesParsed, 0, 'those that had vanished are known still');
});

test('what is remembered of vanished lines does not pile up', async () => {
  const series = new Series();
  const before = world.arena.bytesInUse;
  for (let i = 0; i < 60; i++) {
    await series.scrape(Array.from({length: 100}, (_, j) => `m{id="${i}_${j}"} 1\n`).join(''));
    assert.ok(series.subject.ingest.table.count <= 300, `${series.subject.ingest.table.count} entries`);
  }
  // Neither where every scrape fails.
  for (let i = 0; i < 60; i++) {
    await series.scrape(`${Array.from({length: 100}, (_, j) => `n{id="${i}_${j}"} 1\n`).join('')}7&-\n`);
    assert.ok(series.subject.ingest.table.count <= 1500, `${series.subject.ingest.table.count} entries`);
  }
  series.subject.free();
  assert.ok(world.arena.bytesInUse - before < 5000, 'memory was given back');
});

test('a series that is sent twice counts once, the first value stands', async () => {
  const series = new Series();
  assert.deepEqual(await series.scrape('a 1\na 2\n'), {error: '', total: 2, added: 2, seriesAdded: 1});
  assert.deepEqual(series.values('a'), [1]);
  assert.equal(series.subject.counters.duplicateTimestamps, 1);
});

test('timestamps of the target are honoured, or not; too far in the future is out of bounds', async () => {
  const series = new Series();
  const future = series.timeMs + 3_600_000;
  await series.scrape(`a 1 ${series.timeMs}\nb 1 ${future}\n`);
  assert.deepEqual(series.values('a'), [1]);
  assert.deepEqual(series.values('b'), []);
  assert.equal(series.subject.counters.outOfBounds, 1);
  // A series with its own timestamps gets no stale marker.
  await series.scrape('');
  assert.deepEqual(series.values('a'), [1]);

  const other = new Series({honorTimestamps: false});
  await other.scrape(`a 1 5\n`);
  await other.scrape('');
  assert.deepEqual(other.values('a'), [1, 'stale']);
});
