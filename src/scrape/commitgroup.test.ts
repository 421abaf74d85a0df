import assert from 'node:assert/strict';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Labels} from '../model/labels.ts';
import {formatLabels, labelsOf, withLabel} from '../model/labels.ts';
import {BodyScan} from './bodyscan.ts';
import {CommitGroup} from './commitgroup.ts';
import {Ingest} from './ingest.ts';
import {joinLabels} from './labels.ts';
import {ScrapeCounters} from './statistics.ts';
import {createMemory, PlainAppender} from './testing.ts';

const world = createMemory();
const encoder = new TextEncoder();
const startMs = 1_700_000_000_000;

/** Targets that are scraped into one store, some of them at the same time. */
class Fleet {
  readonly appender: PlainAppender;
  readonly commits: CommitGroup;
  readonly counters = new ScrapeCounters();
  readonly #targets: {labels: Labels; ingest: Ingest}[];
  #timeMs = startMs;

  constructor(count: number, capacity = 4096) {
    const appender = new PlainAppender(world, capacity);
    const commits = new CommitGroup(appender);
    this.appender = appender;
    this.commits = commits;
    this.#targets = Array.from({length: count}, (_, i) => {
      const labels = labelsOf({instance: String(i)});
      const {counters} = this;
      const resolve = (exposed: Labels): Labels => joinLabels(exposed, [], labels, false);
      return {
        labels,
        ingest: new Ingest({memory: world, appender, counters, commits}, {publicLabels: labels}, resolve),
      };
    });
  }

  /** Scrapes all targets at once, a second later than before; null = the target does not answer. Gives their errors. */
  async scrape(bodies: readonly (string | null)[]): Promise<string[]> {
    this.#timeMs += 1000;
    const timestampMs = this.#timeMs;
    for (const _ of bodies) this.commits.begin();
    const stores = bodies.map(async (body, i) => {
      const {ingest} = this.#targets[i]!;
      const scan = new BodyScan(world);
      ingest.next();
      if (body !== null) {
        ingest.begin(scan, {
          format: 'text',
          honorTimestamps: true,
          trackTimestampsStaleness: false,
          timestampMs,
          timestampMaxMs: timestampMs + 1000,
          sampleLimit: 0,
        });
        scan.feed(encoder.encode(body));
        scan.finish();
      }
      this.commits.end();
      const error = await ingest.store({
        timestampMs,
        elapsedSeconds: () => 0.5,
        scan: body === null ? null : scan,
        error: body === null ? new Error('connection refused') : null,
      });
      scan.free();
      return error?.message ?? '';
    });
    return Promise.all(stores);
  }

  values(name: string, target: number): (number | 'stale')[] {
    const labels = withLabel(this.#targets[target]!.labels, '__name__', name);
    return this.appender.samples(formatLabels(labels)).map(({value}) => value);
  }

  /** The store forgets a series. */
  drop(name: string, target: number): void {
    const wanted = formatLabels(withLabel(this.#targets[target]!.labels, '__name__', name));
    this.appender.drop(this.appender.series_.findIndex(({labels}) => formatLabels(labels) === wanted));
  }
}

test('scrapes that end together are one commit', async () => {
  const fleet = new Fleet(3);
  await fleet.scrape(['a 1\nb 1\n', 'a 1\n', 'a 1\n']);
  const before = fleet.appender.commits;
  assert.deepEqual(await fleet.scrape(['a 2\nb 3\n', 'a 4\n', 'a 5\n']), ['', '', '']);
  assert.equal(fleet.appender.commits, before + 1);
  assert.deepEqual(
    [0, 1, 2].map((target) => fleet.values('a', target)),
    [
      [1, 2],
      [1, 4],
      [1, 5],
    ],
  );
  assert.deepEqual(fleet.values('b', 0), [1, 3]);
  assert.deepEqual(fleet.values('scrape_samples_scraped', 0), [2, 2]);
  assert.deepEqual(fleet.values('up', 2), [1, 1]);
});

test('what does not fit into one batch goes into the next', async () => {
  const fleet = new Fleet(3, 16);
  const body = (value: number): string => Array.from({length: 5}, (_, i) => `m${i} ${value}\n`).join('');
  await fleet.scrape([body(1), body(1), body(1)]);
  const before = fleet.appender.commits;
  await fleet.scrape([body(2), body(3), body(4)]);
  assert.equal(fleet.appender.commits, before + 3);
  for (const target of [0, 1, 2]) assert.deepEqual(fleet.values('m4', target), [1, target + 2]);
});

test('a target that does not answer, or has lines that are new or gone, does not touch the others', async () => {
  const fleet = new Fleet(4);
  await fleet.scrape(['a 1\n', 'a 1\n', 'a 1\n', 'a 1\nb 1\n']);
  assert.deepEqual(await fleet.scrape(['a 2\n', null, 'a 2\nc 2\n', 'a 2\n']), [
    '',
    'connection refused',
    '',
    '',
  ]);
  assert.deepEqual(
    [0, 1, 2, 3].map((target) => fleet.values('a', target)),
    [
      [1, 2],
      [1, 'stale'],
      [1, 2],
      [1, 2],
    ],
  );
  assert.deepEqual(fleet.values('up', 1), [1, 0]);
  assert.deepEqual(fleet.values('c', 2), [2]);
  assert.deepEqual(fleet.values('b', 3), [1, 'stale']);
  await fleet.scrape(['a 3\n', null, 'a 3\nc 3\n', 'a 3\n']);
  await fleet.scrape(['a 4\n', 'a 4\n', 'a 4\nc 4\n', null]);
  assert.deepEqual(fleet.values('up', 1), [1, 0, 0, 1]);
  assert.deepEqual(fleet.values('a', 1), [1, 'stale', 4]);
  assert.deepEqual(fleet.values('a', 3), [1, 2, 3, 'stale']);
});

test('samples that the store refuses are those of one target, and count for it only', async () => {
  const fleet = new Fleet(2);
  await fleet.scrape([`a 1\n`, `a 1 ${startMs + 900}\n`]);
  await fleet.scrape([`a 2\n`, `a 2 ${startMs + 800}\n`]);
  assert.deepEqual(fleet.values('a', 0), [1, 2]);
  assert.deepEqual(fleet.values('a', 1), [1]);
  assert.equal(fleet.counters.outOfOrder, 1);
  assert.deepEqual(fleet.values('up', 1), [1, 1]);
});

test('series that the store has dropped are made again, each for its target', async () => {
  const fleet = new Fleet(3);
  await fleet.scrape(['a 1\nb 1\n', 'a 1\nb 1\n', 'a 1\nb 1\n']);
  fleet.drop('b', 1);
  fleet.drop('up', 1);
  fleet.drop('a', 2);
  assert.deepEqual(await fleet.scrape(['a 2\nb 2\n', 'a 3\nb 4\n', 'a 5\nb 6\n']), ['', '', '']);
  assert.deepEqual(fleet.values('a', 0), [1, 2]);
  assert.deepEqual(fleet.values('a', 1), [1, 3]);
  assert.deepEqual(fleet.values('b', 1), [4]);
  assert.deepEqual(fleet.values('up', 1), [1]);
  assert.deepEqual(fleet.values('a', 2), [5]);
  assert.deepEqual(fleet.values('b', 2), [1, 6]);
});

test('where that fails, it is the failure of that target', async () => {
  const fleet = new Fleet(3);
  await fleet.scrape(['a 1\nb 1\n', 'a 1\nb 1\n', 'a 1\nb 1\n']);
  fleet.drop('b', 1);
  const {appender} = fleet;
  const commit = appender.commit.bind(appender);
  appender.commit = () => {
    const result = commit();
    if (result.noSeries > 0) appender.failure = new Error('disk is full');
    return result;
  };
  assert.deepEqual(await fleet.scrape(['a 2\nb 2\n', 'a 2\nb 2\n', 'a 2\nb 2\n']), [
    '',
    'cannot store the samples: disk is full',
    '',
  ]);
  assert.deepEqual(fleet.values('b', 0), [1, 2]);
  assert.deepEqual(fleet.values('b', 2), [1, 2]);
});

test('a commit that fails fails for all of its scrapes, which go on with the next', async () => {
  const fleet = new Fleet(3);
  await fleet.scrape(['a 1\nb 1\n', 'a 1\n', 'a 1\n']);
  fleet.appender.failure = new Error('disk is full');
  const failure = 'cannot store the samples: disk is full';
  assert.deepEqual(await fleet.scrape(['a 2\nb 2\n', 'a 2\n', 'a 2\n']), [failure, failure, failure]);
  for (const target of [0, 1, 2]) assert.deepEqual(fleet.values('up', target), [1, 0]);
  assert.deepEqual(await fleet.scrape(['a 3\n', 'a 3\n', 'a 3\n']), ['', '', '']);
  for (const target of [0, 1, 2]) assert.deepEqual(fleet.values('a', target), [1, 3]);
  assert.deepEqual(fleet.values('b', 0), [1, 'stale']);
});

test('a target that does not answer for long holds up the others for a moment only', async () => {
  const fleet = new Fleet(2);
  await fleet.scrape(['a 1\n', 'a 1\n']);
  fleet.commits.begin();
  let done = false;
  const scrape = fleet.scrape(['a 2\n', 'a 3\n']).then(() => (done = true));
  await Promise.resolve();
  assert.equal(done, false);
  await Promise.race([scrape, sleep(5000, null, {ref: false})]);
  assert.equal(done, true);
  assert.deepEqual(fleet.values('a', 1), [1, 3]);
});
