import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import type {ExpositionFormat, LineParser} from '../formats/exposition.ts';
import {parseExposition} from '../formats/body.ts';
import type {Labels} from '../model/labels.ts';
import {formatLabels, labelOf, labelsOf, withLabel} from '../model/labels.ts';
import {BodyScan} from './bodyscan.ts';
import {FuzzBody} from './fuzzbody.ts';
import {Ingest} from './ingest.ts';
import {joinLabels} from './labels.ts';
import {ScrapeCounters} from './statistics.ts';
import type {StoredSample} from './testing.ts';
import {createMemory, PlainAppender} from './testing.ts';

/** More rounds of the random test, for a nightly run. */
const rounds = Number(process.env['NARTHEX_TEST_ROUNDS'] ?? '1');

const targetLabels = labelsOf({job: 'test', instance: 'host:1'});
const aheadMs = 600_000;

interface Settings {
  honorLabels: boolean;
  honorTimestamps: boolean;
  trackTimestampsStaleness: boolean;
  sampleLimit: number;
  /** Merges series by dropping the label `mode`. */
  merge: boolean;
}

function resolveWith(settings: Settings): (exposed: Labels, emptyNames: readonly string[]) => Labels | null {
  return (exposed, emptyNames) => {
    const labels = joinLabels(exposed, emptyNames, targetLabels, settings.honorLabels);
    if (labelOf(labels, 'drop') === 'yes') return null;
    return settings.merge ? withLabel(labels, 'mode', '') : labels;
  };
}

/** What a scrape says of itself. */
interface Verdict {
  error: string;
  total: number;
  added: number;
  seriesAdded: number;
}

/** Scrapes as Prometheus does it, with a map for everything: the oracle. */
class PlainScraper {
  readonly store: Record<string, StoredSample[]> = {};
  readonly #settings: Settings;
  readonly #resolve: ReturnType<typeof resolveWith>;
  readonly #cache = new Map<string, {labels: Labels | null; lastScrape: number}>();
  #tracked = new Set<string>();
  #scrape = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#resolve = resolveWith(settings);
  }

  scrape(body: string, format: ExpositionFormat, timeMs: number): Verdict {
    const {honorTimestamps, trackTimestampsStaleness, sampleLimit} = this.#settings;
    const verdict: Verdict = {error: '', total: 0, added: 0, seriesAdded: 0};
    const staged: {key: string; name: string; sample: StoredSample; isNew: boolean; tracked: boolean}[] = [];
    let appended = 0;
    let limitHit = false;
    this.#scrape++;

    const sample = (parser: LineParser, series: string): void => {
      const type = ['histogram', 'summary'].includes(parser.familyType) ? parser.familyType : '';
      const key = parser.typeMatters ? `${type} ${series}` : series;
      const exposed = parser.labels();
      const known = this.#cache.get(key);
      const entry = known ?? {labels: this.#resolve(exposed, parser.emptyNames()), lastScrape: 0};
      verdict.total++;
      if (entry.labels === null) return;
      verdict.added++;
      const explicit = parser.hasTimestamp && honorTimestamps;
      if (entry.lastScrape === this.#scrape && !explicit) return;
      const time = explicit ? parser.timestampMs : timeMs;
      if (sampleLimit > 0 && appended >= sampleLimit) {
        limitHit = true;
        if (known !== undefined) entry.lastScrape = this.#scrape;
        return;
      }
      appended++;
      if (known !== undefined) entry.lastScrape = this.#scrape;
      if (time > timeMs + aheadMs) return;
      entry.lastScrape = this.#scrape;
      this.#cache.set(key, entry);
      if (known === undefined) verdict.seriesAdded++;
      const tracked = !explicit || trackTimestampsStaleness;
      staged.push({
        key,
        name: formatLabels(entry.labels),
        sample: {time, value: parser.value},
        isNew: known === undefined,
        tracked,
      });
    };
    try {
      parseExposition(new TextEncoder().encode(body), format, {sample});
      if (limitHit) throw new RangeError('sample limit exceeded');
    } catch (cause) {
      verdict.error = (cause as Error).message;
    }

    const tracked = new Set<string>();
    if (verdict.error === '' && body !== '') {
      for (const {key, name, sample: each, isNew, tracked: isTracked} of staged) {
        if (this.#append(name, each)) {
          if (isTracked) tracked.add(name);
        } else if (isNew) {
          this.#cache.delete(key);
          verdict.seriesAdded--;
        }
      }
      for (const [key, {labels, lastScrape}] of this.#cache) {
        if (labels !== null && lastScrape !== this.#scrape) this.#cache.delete(key);
      }
    }
    for (const name of this.#tracked)
      if (!tracked.has(name)) this.#append(name, {time: timeMs, value: 'stale'});
    this.#tracked = tracked;
    return verdict;
  }

  #append(name: string, sample: StoredSample): boolean {
    const samples = (this.store[name] ??= []);
    const last = samples.at(-1);
    if (last !== undefined && sample.time < last.time) return false;
    if (last !== undefined && sample.time === last.time) return Object.is(sample.value, last.value);
    samples.push(sample);
    return true;
  }
}

const world = createMemory();
const encoder = new TextEncoder();

/** The real thing, with bodies that arrive in pieces. */
class Subject {
  readonly appender = new PlainAppender(world, 64);
  readonly counters = new ScrapeCounters();
  readonly ingest = new Ingest(world, this.appender, this.counters, targetLabels);
  readonly scan = new BodyScan(world);
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
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
        resolve: resolveWith(this.#settings),
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
    assert.equal(await ingest.store(outcome), error);
    const verdict = {
      error: error?.message ?? '',
      total: this.#reported('scrape_samples_scraped'),
      added: this.#reported('scrape_samples_post_metric_relabeling'),
      seriesAdded: this.#reported('scrape_series_added'),
    };
    assert.equal(this.#reported('up'), error === null ? 1 : 0);
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
  for (let seed = 0; seed < 300 * rounds; seed++) {
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
  assert.ok(predicted > 10_000 && moved > 1000 && failures > 100, 'all paths were taken');
  world.comments.collect(new Set());
  assert.ok(world.arena.bytesInUse - before < 300 * rounds * 2000, 'memory was given back');
});

function nonEmpty(store: Record<string, StoredSample[]>): Record<string, StoredSample[]> {
  return Object.fromEntries(Object.entries(store).filter(([, samples]) => samples.length > 0));
}
