// Late samples in a data folder that goes from Narthex to Prometheus and back: the log of late samples, and their chunks.
import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {Random} from '../../src/base/random.ts';
import {customBucketsSchema, FloatHistogram} from '../../src/model/histogram.ts';
import {WriteRequestEncoder} from '../../src/remote/writerequest-encode.ts';
import {addSample} from '../../src/storage/appender.ts';
import type {Db} from '../../src/tsdb/db.ts';
import {pushBody, pushSamples} from '../../tools/remotewrite.ts';
import {assertSame, contentsOf, contentsOfServer, openDb} from '../lib/datafolder.ts';
import {startNarthex, startPrometheus, type StartedServer} from '../lib/narthex.ts';

const seriesCount = 30;
const windowMs = 3_600_000;
const config = 'storage: {tsdb: {out_of_order_time_window: 1h}}\n';

function append(db: Db, times: readonly number[]): void {
  const appender = db.appender();
  const ref = {slot: 0, generation: 0};
  for (const time of times) {
    for (let i = 0; i < seriesCount; i++) {
      appender.series(['__name__', 'metric', 'series', String(i)], ref);
      addSample(appender.batch, ref, time, Math.sin(time + i));
    }
    assert.equal(appender.commit().accepted, seriesCount);
  }
}

/** Sends each time in a request of its own, so that late ones come late. */
async function push(server: StartedServer, times: readonly number[]): Promise<void> {
  for (const time of times) {
    await pushSamples(
      server.url,
      Array.from({length: seriesCount}, (_, series) => ({
        labels: ['__name__', 'metric', 'series', String(series)],
        times: Float64Array.of(time),
        values: Float64Array.of(Math.sin(time + series)),
      })),
    );
  }
}

function shuffled(times: readonly number[], random: Random): number[] {
  return times
    .map((time) => ({time, place: random.float()}))
    .sort((left, right) => left.place - right.place)
    .map(({time}) => time);
}

test('Late samples go from Narthex to Prometheus, on to Narthex, and back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-peer-late-'));
  try {
    const dataFolder = join(folder, 'data');
    const random = new Random(1);
    const start = Date.now() - 2_400_000;
    const times = Array.from({length: 400}, (_, i) => start + 5000 * i);
    const late = (from: number, to: number): number[] =>
      shuffled(
        times.slice(from, to).map((time) => time - 1 - random.below(4000)),
        random,
      );

    const first = await openDb(dataFolder);
    first.setOutOfOrderWindow(windowMs);
    append(first, times.slice(0, 200));
    append(first, late(0, 100));
    const written = contentsOf(first);
    await first.close();
    assert.ok(existsSync(join(dataFolder, 'wbl/00000000')));

    const prometheus = await startPrometheus({dataFolder, config});
    assertSame(await contentsOfServer(prometheus), written);
    await push(prometheus, times.slice(200, 250));
    await push(prometheus, late(100, 200));
    const more = await contentsOfServer(prometheus);
    for (const lines of more.values()) assert.equal(lines.length, 450);
    await prometheus.stop();

    const again = await openDb(dataFolder);
    again.setOutOfOrderWindow(windowMs);
    assertSame(contentsOf(again), more);
    assert.equal(again.statistics().corruptions, 0);
    assert.equal(again.head.files!.damages, 0);
    append(again, times.slice(250));
    append(again, late(200, 300));
    const all = contentsOf(again);
    await again.close();

    const last = await startPrometheus({dataFolder, config});
    try {
      assertSame(await contentsOfServer(last), all);
      const text = await (await fetch(`${last.url}/metrics`)).text();
      assert.match(text, /^prometheus_tsdb_mmap_chunk_corruptions_total 0$/m);
      assert.match(text, /^prometheus_tsdb_wal_corruptions_total 0$/m);
    } finally {
      await last.stop();
    }
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
});

const rangeMs = 60_000;
const kinds = ['integer', 'float', 'custom', 'customFloat', 'gauge'] as const;

/** The histogram of a series at a time: counts rise, and are reset now and then. */
function histogramAt(kind: (typeof kinds)[number], timeMs: number): FloatHistogram {
  const step = Math.floor(timeMs / 1000) % 97;
  const whole = [3 + step, 2 * step, step % 13 === 0 ? 0 : step];
  const buckets = Float64Array.from(whole, (count) =>
    kind === 'float' || kind === 'customFloat' ? count / 2 : count,
  );
  const isCustom = kind === 'custom' || kind === 'customFloat';
  const zeroCount = isCustom ? 0 : 1;
  return new FloatHistogram({
    schema: isCustom ? customBucketsSchema : 1,
    customValues: isCustom ? [0.5, 1, 2.5] : [],
    counterResetHint: kind === 'gauge' ? 3 : 0,
    zeroThreshold: isCustom ? 0 : 0.001,
    zeroCount,
    count: buckets.reduce((sum, count) => sum + count, zeroCount),
    sum: timeMs / 1000 / 7,
    positiveSpans: [{offset: 0, length: 3}],
    positiveBuckets: buckets,
  });
}

/** Pushes a histogram of each kind at each time, a time in a request of its own; every eleventh is a float of a series of its own, too. */
async function pushHistograms(server: StartedServer, times: readonly number[]): Promise<void> {
  for (const [i, timeMs] of times.entries()) {
    const request = new WriteRequestEncoder();
    for (const kind of kinds) {
      const integer = kind === 'integer' || kind === 'custom';
      const written = {timeMs, histogram: i % 29 === 7 ? null : histogramAt(kind, timeMs), integer};
      request.series(['__name__', 'metric', 'kind', kind], [], [], [written]);
    }
    const mixed = ['__name__', 'metric', 'kind', 'mixed'];
    if (i % 3 === 0) request.series(mixed, [timeMs], [i]);
    else request.series(mixed, [], [], [{timeMs, histogram: histogramAt('integer', timeMs), integer: true}]);
    await pushBody(server.url, request.body());
  }
}

/** All samples, and what is computed of them where it matters which may be resets. */
async function answersOf({url}: StartedServer, endMs: number): Promise<unknown[]> {
  const time = String(endMs / 1000);
  const ask = async (path: string, parameters: Record<string, string>): Promise<unknown> => {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const {data, error} = (await answer.json()) as {
      data?: {result: {metric: {kind: string}}[]};
      error?: string;
    };
    assert.ok(data !== undefined, error ?? '');
    return data.result.sort((left, right) => (left.metric.kind < right.metric.kind ? -1 : 1));
  };
  const range = {start: String(endMs / 1000 - 900), end: time, step: '7'};
  return [
    await ask('query', {query: 'metric[30m]', time}),
    await ask('query_range', {query: 'resets(metric{kind!~"gauge|mixed"}[90s])', ...range}),
    await ask('query_range', {query: 'histogram_count(metric{kind!="mixed"})', ...range}),
  ];
}

function countOf([samples]: readonly unknown[]): number {
  const series = samples as {values?: unknown[]; histograms?: unknown[]}[];
  return series.reduce((sum, {values = [], histograms = []}) => sum + values.length + histograms.length, 0);
}

const blocksLoaded = /^prometheus_tsdb_blocks_loaded (\d+)$/m;

async function metric({url}: StartedServer, name: RegExp): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(name.exec(text)?.[1] ?? NaN);
}

test('Late histograms go from Narthex to Prometheus, on to Narthex, and back, logged and in blocks', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'narthex-peer-late-'));
  const flags = [
    `--storage.tsdb.min-block-duration=${rangeMs / 1000}s`,
    `--storage.tsdb.max-block-duration=${(3 * rangeMs) / 1000}s`,
    '--storage.tsdb.retention.time=30d',
  ];
  const prometheusFlags = [...flags, '--enable-feature=native-histograms'];
  const running: StartedServer[] = [];
  const start = async (peer: boolean): Promise<StartedServer> => {
    const server = peer
      ? await startPrometheus({dataFolder, config, flags: prometheusFlags})
      : await startNarthex({dataFolder, config, flags});
    running.push(server);
    return server;
  };
  try {
    const random = new Random(2);
    const endMs = Math.floor(Date.now() / 1000) * 1000;
    const startMs = endMs - 12 * rangeMs;
    const times = (from: number, to: number, step: number): number[] =>
      Array.from({length: Math.floor((to - from) / step)}, (_, i) => from + i * step);
    const late = (from: number, to: number): number[] => shuffled(times(from + 1500, to, 4000), random);
    let expected: unknown[] | null = null;
    for (let round = 0; round < 4; round++) {
      const peer = round % 2 === 1;
      const server = await start(peer);
      if (expected !== null) assert.deepEqual(await answersOf(server, endMs), expected);
      const from = startMs + round * 3 * rangeMs;
      await pushHistograms(server, times(from, from + 3 * rangeMs, 4000));
      await pushHistograms(server, late(from + (round === 0 ? rangeMs : -rangeMs), from + 2 * rangeMs));
      for (let i = 0; i < 100 && round > 0; i++) {
        if ((await metric(server, blocksLoaded)) > 1) break;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      const stored = await metric(
        server,
        /^prometheus_tsdb_head_out_of_order_samples_appended_total\{type="histogram"\} (\d+)$/m,
      );
      assert.ok(stored > 70, `${stored} late histograms`);
      expected = await answersOf(server, endMs);
      await server.stop();
    }
    const last = await start(true);
    assert.deepEqual(await answersOf(last, endMs), expected);
    assert.equal(await metric(last, /^prometheus_tsdb_wal_corruptions_total (\d+)$/m), 0);
    assert.equal(await metric(last, /^prometheus_tsdb_mmap_chunk_corruptions_total (\d+)$/m), 0);
    const blocks = await metric(last, blocksLoaded);
    await last.stop();
    process.stdout.write(
      `late histograms: ${countOf(expected!)} samples the same in 4 changes, ${blocks} blocks\n`,
    );
  } catch (error) {
    const ends = running.map((each) => `${each.name} ${each.child.exitCode}\n${each.output()}`);
    throw new Error(ends.join('\n'), {cause: error});
  } finally {
    for (const server of running) await server.stop('SIGKILL').catch(() => {});
    rmSync(dataFolder, {recursive: true, force: true});
  }
});
