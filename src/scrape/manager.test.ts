import assert from 'node:assert/strict';
import type {ServerResponse} from 'node:http';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import test, {afterEach} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {labelsOf, formatLabels} from '../model/labels.ts';
import type {RelabelConfig} from '../relabel/config.ts';
import {noLogger} from '../sys/log.ts';
import type {ScrapeConfig} from './config.ts';
import {ScrapeManager} from './manager.ts';
import type {TargetStatus} from './status.ts';
import type {StoredSample} from './testing.ts';
import {createMemory, ManualClock, PlainAppender, scrapeConfig} from './testing.ts';

const world = createMemory();

type Page = string | Uint8Array | ((response: ServerResponse) => void);

/** A manager with a clock of its own, a store, and a server that answers each path with what `pages` says. */
class Bench {
  readonly clock = new ManualClock();
  readonly appender = new PlainAppender(world);
  readonly manager: ScrapeManager;
  readonly pages: Record<string, Page> = {};
  requests = 0;
  address = '';
  readonly #server: http.Server;

  constructor() {
    const {memory, kernels, arena} = world;
    const {appender, clock} = this;
    this.manager = new ScrapeManager({appender, memory, kernels, arena, clock, logger: noLogger});
    this.#server = http.createServer((request, response) => {
      this.requests++;
      const page = this.pages[request.url!] ?? '';
      if (typeof page === 'function') page(response);
      else response.setHeader('content-type', 'text/plain').end(page);
    });
    benches.push(this);
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.address = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    await this.manager.stop();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** A job whose targets are the pages of these paths, told apart by the label `path`. */
  config(paths: string[], options: Partial<ScrapeConfig> = {}): ScrapeConfig {
    const targets = paths.map((path) => ({__address__: this.address, __metrics_path__: path, path}));
    return scrapeConfig({
      scrapeIntervalMs: 1000,
      scrapeTimeoutMs: 1000,
      staticConfigs: [{source: '0', targets, labels: {instance: 'i'}}],
      ...options,
    });
  }

  /** Lets an interval pass, and waits until every target has been scraped in it. */
  async tick(): Promise<TargetStatus[]> {
    const before = new Map(this.active().map((status) => [status.scrapeUrl, status.lastScrapeMs]));
    this.clock.advance(1000);
    await this.until(() =>
      this.active().every(({scrapeUrl, lastScrapeMs}) => lastScrapeMs !== before.get(scrapeUrl)),
    );
    return this.active();
  }

  active(): TargetStatus[] {
    return this.manager.targetsStatus().active;
  }

  async until(condition: () => boolean): Promise<void> {
    for (let waited = 0; !condition(); waited++) {
      assert.ok(waited < 2000, 'what the test waits for comes within ten seconds');
      await sleep(5);
    }
    // Whoever made it true has planned what comes next by then.
    await sleep(1);
  }

  samples(name: string, path: string, more: Record<string, string> = {}): StoredSample[] {
    return this.appender.samples(
      formatLabels(labelsOf({__name__: name, instance: 'i', job: 'test', path, ...more})),
    );
  }

  values(name: string, path: string, more: Record<string, string> = {}): StoredSample['value'][] {
    return this.samples(name, path, more).map(({value}) => value);
  }
}

const benches: Bench[] = [];

afterEach(async () => {
  while (benches.length > 0) await benches.pop()!.close();
});

const drop = (regex: string): RelabelConfig => ({
  sourceLabels: ['__name__'],
  separator: ';',
  regex,
  modulus: 0,
  targetLabel: '',
  replacement: '$1',
  action: 'drop',
});

test('ScrapeManager stores what a target says, and its report', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = '# HELP m Some text.\n# TYPE m counter\nm{x="y"} 5\ngone 1\n';
  bench.manager.apply([bench.config(['/a'], {metricRelabelConfigs: [drop('dropped')]})]);
  assert.equal(bench.active()[0]!.health, 'unknown');
  await bench.tick();
  bench.pages['/a'] = '# HELP m Some text.\n# TYPE m counter\nm{x="y"} 6\ndropped 1\n';
  const [status] = await bench.tick();

  assert.deepEqual(bench.values('m', '/a', {x: 'y'}), [5, 6]);
  assert.deepEqual(bench.values('gone', '/a'), [1, 'stale']);
  assert.deepEqual(bench.values('dropped', '/a'), []);
  assert.deepEqual(bench.values('up', '/a'), [1, 1]);
  assert.deepEqual(bench.values('scrape_samples_scraped', '/a'), [2, 2]);
  assert.deepEqual(bench.values('scrape_samples_post_metric_relabeling', '/a'), [2, 1]);
  assert.deepEqual(bench.values('scrape_series_added', '/a'), [2, 0]);
  assert.equal(status!.health, 'up');
  assert.equal(status!.lastError, '');
  assert.equal(status!.scrapeUrl, `http://${bench.address}/a`);
  assert.deepEqual(status!.labels, {instance: 'i', job: 'test', path: '/a'});
  assert.deepEqual(bench.manager.metadata(), [
    {
      labels: {instance: 'i', job: 'test', path: '/a'},
      metadata: [{metric: 'm', type: 'counter', help: 'Some text.', unit: ''}],
    },
  ]);
});

test('what is wrong with one target fails its scrape, says so, and touches no other', async () => {
  const bench = await new Bench().open();
  const answers: Record<string, {page: Page; error: string | RegExp}> = {
    '/syntax': {
      page: 'm 1\n\nm{ 2\n',
      error: /^cannot read http:.*\/syntax line 3: expected a label name, got "2"$/,
    },
    '/value': {page: 'm 1\nn x\n', error: /^cannot read http:.*\/value line 2: value "x" is no number$/},
    '/utf8': {page: Buffer.from('m{a="\xff"} 1\n', 'latin1'), error: /utf8 line 1: invalid UTF-8$/},
    '/html': {
      page: (response) => response.setHeader('content-type', 'text/html').end('<html>'),
      error:
        'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    },
    '/untyped': {
      page: (response) => response.end('m 1\n'),
      error:
        'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    },
    '/status': {
      page: (response) => response.writeHead(503).end(),
      error: 'server returned HTTP status 503 Service Unavailable',
    },
    '/hang': {page: () => {}, error: /^Get "http:.*\/hang": context deadline exceeded$/},
    '/endless': {
      page: (response) => {
        response.setHeader('content-type', 'text/plain');
        const write = (): void => {
          if (response.destroyed) return;
          for (let i = 0; i < 20; i++) response.write('# endless\n'.repeat(6000));
          setTimeout(write, 0);
        };
        write();
      },
      error: 'body size limit exceeded',
    },
    '/longline': {
      page: `m{a="${'x'.repeat(300_000)}"} 1\n`,
      error: /line 1: the line is longer than 262143 bytes$/,
    },
    '/cut': {
      page: (response) => response.setHeader('content-type', 'application/openmetrics-text').end('m 1\n'),
      error: /line 2: data does not end with # EOF$/,
    },
    '/duplicate': {page: 'm{a="1",a="2"} 1\n', error: /line 1: label name "a" is not unique$/},
    '/unnamed': {page: '{a="1"} 1\n', error: /line 1: metric name not set$/},
  };
  const paths = ['/good', ...Object.keys(answers)];
  bench.pages['/good'] = 'm 1\n';
  for (const path of Object.keys(answers)) bench.pages[path] = 'm 1\nbefore 1\n';
  bench.manager.apply([bench.config(paths, {scrapeTimeoutMs: 500, bodySizeLimitBytes: 10_000_000})]);
  await bench.tick();
  for (const [path, {page}] of Object.entries(answers)) bench.pages[path] = page;
  const active = await bench.tick();
  bench.pages['/syntax'] = 'm 7\n';
  await bench.tick();

  assert.deepEqual(bench.values('m', '/good'), [1, 1, 1]);
  for (const [path, {error}] of Object.entries(answers)) {
    const status = active.find(({labels}) => labels['path'] === path)!;
    if (typeof error === 'string') assert.equal(status.lastError, error);
    else assert.match(status.lastError, error);
    assert.equal(status.health, 'down', path);
    assert.deepEqual(bench.values('up', path).slice(0, 2), [1, 0], path);
    assert.deepEqual(bench.values('before', path), [1, 'stale'], path);
    assert.deepEqual(bench.values('m', path).slice(0, 2), [1, 'stale'], path);
  }
  assert.deepEqual(bench.values('m', '/syntax'), [1, 'stale', 7]);
  assert.deepEqual(bench.values('scrape_samples_scraped', '/syntax'), [2, 1, 1]);
  assert.ok(bench.manager.statistics().bodySizeLimitExceeded >= 1);
});

test('an empty body is a scrape that went well', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  bench.pages['/a'] = (response) => response.end();
  await bench.tick();
  assert.deepEqual(bench.values('up', '/a'), [1, 1]);
  assert.deepEqual(bench.values('m', '/a'), [1, 'stale']);
});

test('limits fail a scrape in the words of Prometheus and are counted', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm{a="1"} 1\nm{a="2"} 1\nm{a="3"} 1\n';
  const f = async (options: Partial<ScrapeConfig>, error: RegExp): Promise<void> => {
    bench.manager.apply([bench.config(['/a'], {...options, jobName: JSON.stringify(options)})]);
    const [status] = await bench.tick();
    assert.match(status!.lastError, error);
    assert.equal(status!.health, 'down');
  };
  await f({sampleLimit: 2}, /^sample limit exceeded$/);
  await f({labelLimit: 2}, /label_limit exceeded \(metric: m, number of labels: 5, limit: 2\)$/);
  await f({labelNameLengthLimit: 3}, /label_name_length_limit exceeded \(metric: m, label name: __name__/);
  await f({labelValueLengthLimit: 1}, /label_value_length_limit exceeded/);
  await f({bodySizeLimitBytes: 10}, /^body size limit exceeded$/);
  const {sampleLimitExceeded, labelLimitExceeded, bodySizeLimitExceeded} = bench.manager.statistics();
  assert.deepEqual([sampleLimitExceeded, labelLimitExceeded, bodySizeLimitExceeded], [1, 3, 1]);

  bench.manager.apply([bench.config(['/a', '/b', '/c'], {targetLimit: 2})]);
  const active = await bench.tick();
  for (const {lastError} of active) {
    assert.equal(lastError, 'target_limit exceeded (number of targets: 3, limit: 2)');
  }
  assert.deepEqual(bench.values('up', '/a'), [0]);
  assert.equal(bench.manager.statistics().targetLimitExceeded, 1);
});

test('a sample limit that is kept lets the scrape pass; dropped samples do not count', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\nn 1\ndropped 1\n';
  bench.manager.apply([bench.config(['/a'], {sampleLimit: 2, metricRelabelConfigs: [drop('dropped')]})]);
  await bench.tick();
  assert.deepEqual(bench.values('up', '/a'), [1]);
  assert.deepEqual(bench.values('scrape_samples_scraped', '/a'), [3]);
});

test('a fallback protocol reads what has no content type', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = (response) => response.end('m 1\n# EOF\n');
  bench.manager.apply([bench.config(['/a'], {fallbackScrapeProtocol: 'OpenMetricsText1.0.0'})]);
  await bench.tick();
  assert.deepEqual(bench.values('m', '/a'), [1]);
});

test('timestamps follow the plan while scrapes are hardly late, and the clock where they are not', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  const first = bench.samples('m', '/a')[0]!.time;
  const tickLate = async (lateMs: number): Promise<number> => {
    const {length} = bench.samples('m', '/a');
    bench.clock.advance(1000, lateMs);
    await bench.until(() => bench.samples('m', '/a').length > length);
    return bench.samples('m', '/a').at(-1)!.time - first;
  };
  assert.equal(await tickLate(1), 1000);
  assert.equal(await tickLate(2), 2000);
  assert.equal(await tickLate(0), 3000);
  assert.equal(await tickLate(7), 4007);
  assert.equal(await tickLate(0), 5000);
  // The clock is set back by an hour: scrapes go on, with the new time.
  bench.clock.set(-3_600_000);
  const before = bench.samples('up', '/a').length;
  bench.clock.advance(1000);
  await bench.until(() => bench.active()[0]!.lastScrapeMs < first);
  assert.equal(bench.active()[0]!.lastScrapeMs, first + 6000 - 3_600_000);
  assert.equal(bench.samples('up', '/a').length, before, 'the store takes nothing older');
});

test('scrapes that were missed are left out, and the plan is kept', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  const first = bench.samples('m', '/a')[0]!.time;
  bench.clock.jump(3400);
  await bench.until(() => bench.active()[0]!.lastScrapeMs > first);
  await bench.tick();
  await bench.tick();
  const times = bench.samples('m', '/a').map(({time}) => time - first);
  assert.equal(bench.requests, 4);
  // One scrape for those missed, at once; the next where it was planned.
  assert.ok(times[1]! >= 3400 && times[1]! <= 4400, `${times[1]}`);
  const next = 1000 * (1 + Math.floor(times[1]! / 1000));
  assert.deepEqual(times.slice(2), [next, next + 1000]);
});

test('targets are spread over the interval, the same way each time', async () => {
  const starts = async (): Promise<number[]> => {
    const bench = await new Bench().open();
    const targets = Array.from({length: 40}, (_, i) => ({__address__: bench.address, instance: `${i}`}));
    bench.address = '127.0.0.1:1';
    for (const target of targets) target.__address__ = bench.address;
    const config = bench.config([], {staticConfigs: [{source: '0', targets, labels: {}}]});
    bench.manager.apply([config]);
    await bench.tick();
    return bench.active().map(({lastScrapeMs}) => lastScrapeMs % 1000);
  };
  const first = await starts();
  assert.deepEqual(await starts(), first);
  for (let quarter = 0; quarter < 4; quarter++) {
    const count = first.filter((phase) => Math.floor(phase / 250) === quarter).length;
    assert.ok(count >= 3, `${count} of 40 targets in quarter ${quarter}`);
  }
});

test('the same target is scraped once, dropped ones are listed', async () => {
  const bench = await new Bench().open();
  const one = {__address__: bench.address};
  bench.manager.apply([
    bench.config([], {
      staticConfigs: [
        {source: '0', targets: [one, one], labels: {}},
        {source: '1', targets: [one, {__address__: 'x', __name__: 'dropped'}], labels: {}},
      ],
      relabelConfigs: [drop('dropped')],
    }),
  ]);
  const {active, dropped, droppedCounts} = bench.manager.targetsStatus();
  assert.equal(active.length, 1);
  assert.equal(dropped.length, 1);
  assert.equal(dropped[0]!.discoveredLabels['__address__'], 'x');
  assert.deepEqual(droppedCounts, {test: 1});
});

test('a target that is gone goes stale when it could have been scraped twice more', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  const {time} = bench.samples('m', '/a')[0]!;
  bench.manager.apply([]);
  await bench.until(() => bench.active().length === 0);
  await sleep(20);
  bench.clock.advance(2000);
  await sleep(20);
  assert.deepEqual(bench.values('m', '/a'), [1]);
  bench.clock.advance(200);
  await bench.until(() => bench.values('m', '/a').length === 2);
  assert.deepEqual(bench.samples('m', '/a').at(-1), {time: time + 1000, value: 'stale'});
  assert.deepEqual(bench.values('up', '/a'), [1, 'stale']);
});

test('a target that is gone and comes back has no stale marker', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  bench.manager.apply([]);
  await bench.until(() => bench.active().length === 0);
  bench.manager.apply([bench.config(['/a'])]);
  for (let i = 0; i < 4; i++) await bench.tick();
  await sleep(20);
  assert.deepEqual(bench.values('m', '/a'), [1, 1, 1, 1, 1]);
  assert.deepEqual(bench.values('up', '/a'), [1, 1, 1, 1, 1]);
});

test('apply() leaves what stays the same alone: no gap, nothing read anew', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\n';
  bench.pages['/b'] = 'm 1\n';
  const first = bench.config(['/a']);
  bench.manager.apply([first]);
  await bench.tick();
  bench.manager.apply([bench.config(['/a', '/b']), bench.config(['/b'], {jobName: 'other'})]);
  await bench.tick();
  await bench.tick();
  assert.deepEqual(
    bench.samples('m', '/a').map(({time}, i, all) => time - all[0]!.time - 1000 * i),
    [0, 0, 0],
  );
  assert.deepEqual(bench.values('scrape_series_added', '/a'), [1, 0, 0]);
  assert.deepEqual(bench.values('m', '/b').length, 2);
});

test('apply() with other relabeling: series that are no longer made go stale, the rest goes on', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\nn 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  bench.manager.apply([bench.config(['/a'], {metricRelabelConfigs: [drop('n')]})]);
  for (let i = 0; i < 4; i++) await bench.tick();
  await bench.until(() => bench.values('n', '/a').length === 2);
  assert.deepEqual(bench.values('n', '/a'), [1, 'stale']);
  assert.deepEqual(bench.values('m', '/a'), [1, 1, 1, 1, 1]);
  assert.deepEqual(bench.values('up', '/a'), [1, 1, 1, 1, 1]);
});

test('stop() leaves no stale markers, and gives the memory back', async () => {
  const bench = await new Bench().open();
  const before = world.arena.bytesInUse;
  bench.pages['/a'] = 'm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  await bench.manager.stop();
  assert.deepEqual(bench.values('m', '/a'), [1]);
  assert.ok(world.arena.bytesInUse - before < 2000, 'what is left is for the next scrape');
});

test('statistics() counts pools, intervals and lines', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\nm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  await bench.tick();
  const statistics = bench.manager.statistics();
  assert.deepEqual(
    statistics.pools.map(({name, targets, syncs}) => ({name, targets, syncs})),
    [{name: 'test', targets: 1, syncs: 1}],
  );
  assert.equal(statistics.intervals[0]!.interval, '1s');
  assert.equal(statistics.intervals[0]!.count, 1);
  assert.equal(statistics.intervals[0]!.secondsTotal, 1);
  assert.equal(statistics.duplicateTimestamps, 2);
  assert.equal(statistics.linesParsed, 1);
  assert.ok(statistics.tableBytes > 0);
});

test('a scrape that is under way when scraping ends leaves no trace', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'm 1\n';
  bench.manager.apply([bench.config(['/a'])]);
  await bench.tick();
  bench.pages['/a'] = (response) => response.setHeader('content-type', 'text/plain').write('m 2\n');
  bench.clock.advance(1000);
  await bench.until(() => bench.requests === 2);
  await bench.manager.stop();
  assert.deepEqual(bench.values('m', '/a'), [1]);
  assert.deepEqual(bench.values('up', '/a'), [1]);
});

test('apply() while a scrape is under way: the scrape ends as it began', async () => {
  const bench = await new Bench().open();
  let answer: () => void = () => {};
  bench.pages['/a'] = (response) => {
    answer = () => response.setHeader('content-type', 'text/plain').end('m 1\nn 1\n');
  };
  bench.manager.apply([bench.config(['/a'])]);
  bench.clock.advance(1000);
  await bench.until(() => bench.requests === 1);
  bench.manager.apply([bench.config(['/a'], {metricRelabelConfigs: [drop('n')]})]);
  answer();
  await bench.until(() => bench.values('n', '/a').length === 1);
  bench.pages['/a'] = 'm 2\nn 2\n';
  for (let i = 0; i < 4; i++) await bench.tick();
  await bench.until(() => bench.values('n', '/a').length === 2);
  assert.deepEqual(bench.values('m', '/a'), [1, 2, 2, 2, 2]);
  assert.deepEqual(bench.values('n', '/a'), [1, 'stale']);
});

test('extra_scrape_metrics adds three series to the report', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = 'x 1\n';
  bench.pages['/b'] = 'x 1 2 3\n';
  bench.manager.apply([bench.config(['/a', '/b'], {extraScrapeMetrics: true, sampleLimit: 5})]);
  await bench.tick();
  for (const path of ['/a', '/b']) {
    assert.deepEqual(bench.values('scrape_timeout_seconds', path), [1]);
    assert.deepEqual(bench.values('scrape_sample_limit', path), [5]);
  }
  assert.deepEqual(bench.values('scrape_body_size_bytes', '/a'), [4]);
  assert.deepEqual(bench.values('up', '/b'), [0]);
});

test('legacy names: other ones fail the scrape', async () => {
  const bench = await new Bench().open();
  bench.pages['/a'] = '{"x.y"} 1\n';
  bench.manager.apply([bench.config(['/a'], {metricNameValidationScheme: 'legacy'})]);
  const [status] = await bench.tick();
  assert.match(status!.lastError, /line 1: invalid metric name or label names: \{__name__="x\.y"/);
});
