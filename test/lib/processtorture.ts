// A real server that is killed at any moment while it scrapes and takes remote writes, in order and late, floats and histograms, and
// makes and merges blocks. After each start all that was acknowledged is looked up. Now and then a bit of a copy of its folder is
// flipped: a server on that copy starts, serves the rest, and says what it misses.

import assert from 'node:assert/strict';
import {cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {Random} from '../../src/base/random.ts';
import {FloatHistogram} from '../../src/model/histogram.ts';
import {WriteRequestEncoder} from '../../src/remote/writerequest-encode.ts';
import {isUlid} from '../../src/tsdb/block/ulid.ts';
import {pushBody} from '../../tools/remotewrite.ts';
import {startNarthex, type StartedServer} from './narthex.ts';

export interface ProcessTortureOptions {
  kills: number;
  seed: number;
  /** A bit is flipped after so many kills. */
  killsPerFlip: number;
  /** How long a life is, at most. */
  lifeMsMax: number;
}

export interface ProcessTortureFigures {
  kills: number;
  orderlyStops: number;
  /** Samples that were acknowledged by answers to remote writes, and those scraped that a query has seen. */
  acknowledged: number;
  late: number;
  histograms: number;
  scraped: number;
  /** Looked up after starts, all together; and those of them that were not there. */
  lookedUp: number;
  lost: number;
  bitsFlipped: number;
  lostToFlips: number;
  /** Blocks at the end. */
  blocks: number;
  restartSecondsMax: number;
}

/** What is known of a sample: it was given, or it must be there. */
const given = 0;
const wanted = 1;

interface Known {
  value: number;
  state: number;
}

const seriesPerWriter = 6;
const scrapedSeries = 20;
const lateMs = 60_000;
const writers = ['floats', 'histograms', 'late'] as const;
type Writer = (typeof writers)[number];

export class ProcessTorture {
  readonly figures: ProcessTortureFigures = {
    kills: 0,
    orderlyStops: 0,
    acknowledged: 0,
    late: 0,
    histograms: 0,
    scraped: 0,
    lookedUp: 0,
    lost: 0,
    bitsFlipped: 0,
    lostToFlips: 0,
    blocks: 0,
    restartSecondsMax: 0,
  };
  readonly #options: ProcessTortureOptions;
  readonly #random: Random;
  readonly #folder = mkdtempSync(join(tmpdir(), 'narthex-torture-'));
  readonly #dataFolder = join(this.#folder, 'data');
  /** By series, by time. */
  readonly #model = new Map<string, Map<number, Known>>();
  readonly #target = new Target();
  #lastTimeMs = Date.now();
  readonly #startMs = Date.now();

  constructor(options: ProcessTortureOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  /** Throws where a sample is lost, or one is there that nobody gave. */
  async run(): Promise<ProcessTortureFigures> {
    await this.#target.open();
    try {
      for (let kill = 0; kill < this.#options.kills; kill++) await this.#life(kill);
      const server = await this.#start(this.#dataFolder);
      await this.#lookUp(server);
      await server.stop();
      this.figures.blocks = readdirSync(this.#dataFolder).filter(isUlid).length;
    } finally {
      this.#target.close();
      rmSync(this.#folder, {recursive: true, force: true});
    }
    return this.figures;
  }

  async #life(kill: number): Promise<void> {
    const random = this.#random;
    const server = await this.#start(this.#dataFolder);
    try {
      await this.#lookUp(server);
      const end = {isNear: false};
      const running = writers.map((writer) => this.#write(server, writer, end));
      await sleep(50 + random.below(this.#options.lifeMsMax));
      await this.#seeScraped(server);
      await sleep(random.below(100));
      end.isNear = true;
      const isOrderly = random.below(12) === 0;
      await server.stop(isOrderly ? 'SIGTERM' : 'SIGKILL');
      if (isOrderly) this.figures.orderlyStops++;
      else this.figures.kills++;
      await Promise.all(running);
    } finally {
      await server.stop('SIGKILL');
    }
    if ((kill + 1) % this.#options.killsPerFlip === 0) await this.#flip();
  }

  async #start(dataFolder: string): Promise<StartedServer> {
    const server = await startNarthex({
      dataFolder,
      config: `global: {scrape_interval: 100ms, scrape_timeout: 100ms}
storage: {tsdb: {out_of_order_time_window: 10m}}
scrape_configs: [{job_name: t, static_configs: [{targets: ['127.0.0.1:${this.#target.port}']}]}]
`,
      flags: [
        '--storage.tsdb.min-block-duration=2s',
        '--storage.tsdb.max-block-duration=18s',
        '--enable-feature=memory-snapshot-on-shutdown',
      ],
    });
    this.figures.restartSecondsMax = Math.max(this.figures.restartSecondsMax, server.readySeconds);
    return server;
  }

  /** Sends requests until the server is gone. */
  async #write(server: StartedServer, writer: Writer, end: {isNear: boolean}): Promise<void> {
    while (!end.isNear) {
      const request = new WriteRequestEncoder();
      const samples: Known[] = [];
      for (let i = 0; i < seriesPerWriter; i++) this.#addSeries(request, writer, i, samples);
      try {
        await pushBody(server.url, request.body());
      } catch (error) {
        if (!end.isNear) throw error;
        return;
      }
      for (const sample of samples) sample.state = wanted;
      this.figures.acknowledged += samples.length;
      if (writer === 'late') this.figures.late += samples.length;
      if (writer === 'histograms') this.figures.histograms += samples.length;
      await sleep(this.#random.below(40));
    }
  }

  #addSeries(request: WriteRequestEncoder, writer: Writer, series: number, samples: Known[]): void {
    const random = this.#random;
    const known = this.#samplesOf(`torture_${writer} ${series}`);
    const times: number[] = [];
    for (let i = 1 + random.below(3); i > 0; i--) {
      this.#lastTimeMs = Math.max(this.#lastTimeMs + 1, Date.now());
      const time = writer === 'late' ? Date.now() - random.below(lateMs) : this.#lastTimeMs;
      if (!known.has(time) && !times.includes(time)) times.push(time);
    }
    const values = times.map((time) => {
      const sample = {value: random.below(2 ** 31), state: given};
      known.set(time, sample);
      samples.push(sample);
      return sample.value;
    });
    const labels = ['__name__', `torture_${writer}`, 'series', String(series)];
    if (writer !== 'histograms') return request.series(labels, times, values);
    const histograms = times.map((timeMs, i) => ({
      timeMs,
      histogram: histogramOf(timeMs, values[i]!),
      integer: true,
    }));
    request.series(labels, [], [], histograms);
  }

  #samplesOf(key: string): Map<number, Known> {
    let known = this.#model.get(key);
    if (known === undefined) this.#model.set(key, (known = new Map()));
    return known;
  }

  /** What a query sees of the scrapes is there from now on. */
  async #seeScraped(server: StartedServer): Promise<void> {
    for (const [key, samples] of await this.#read(server, 'torture_scraped[10s]')) {
      const known = this.#samplesOf(key);
      for (const [time, value] of samples) {
        if (known.has(time)) continue;
        known.set(time, {value, state: wanted});
        this.figures.scraped++;
      }
    }
  }

  /** All that is wanted is there, nothing is there that nobody gave, and no value differs. */
  async #lookUp(server: StartedServer): Promise<void> {
    const {missing, found, all} = await this.#compare(server);
    if (missing.length > 0) {
      // Told apart: what is lost, and what one query has not seen.
      await sleep(1000);
      const again = await this.#compare(server);
      process.stdout.write(
        `# ${missing.length} samples are missing, a second later ${again.missing.length}\n`,
      );
    }
    for (const [key, samples] of all) this.#learn(key, samples);
    this.figures.lost += missing.length;
    assert.deepEqual(
      missing.slice(0, 10),
      [],
      `${missing.length} of ${found} samples are lost\n${server.output()}`,
    );
    this.figures.lookedUp += found;
  }

  async #compare(
    server: StartedServer,
  ): Promise<{missing: string[]; found: number; all: Map<string, Map<number, number>>}> {
    const seconds = Math.ceil((Date.now() - this.#startMs + 2 * lateMs) / 1000);
    const all = await this.#read(server, `{__name__=~"torture_.+"}[${seconds}s]`);
    const missing: string[] = [];
    let count = 0;
    for (const [key, known] of this.#model) {
      const found = all.get(key) ?? new Map<number, number>();
      for (const [time, {value, state}] of known) {
        const got = found.get(time);
        if (got === undefined) {
          if (state === wanted) missing.push(`${key} ${time}`);
          continue;
        }
        count++;
        assert.equal(got, value, `${key} ${time}`);
      }
    }
    for (const [key, found] of all) this.#checkGiven(key, found);
    return {missing, found: count, all};
  }

  #checkGiven(key: string, found: Map<number, number>): void {
    const known = this.#samplesOf(key);
    for (const [time, value] of found) {
      const isScraped = key.startsWith('torture_scraped');
      if (isScraped) assert.ok(this.#target.hasServed(value), `${key} ${time}: ${value} was never served`);
      else assert.ok(known.has(time), `${key} ${time} was never given`);
    }
  }

  /** What has been there once stays. */
  #learn(key: string, found: Map<number, number>): void {
    const known = this.#samplesOf(key);
    for (const [time, value] of found) known.set(time, {value, state: wanted});
  }

  /** Value by time, by series. Those of histograms are their sums. */
  async #read({url}: StartedServer, query: string): Promise<Map<string, Map<number, number>>> {
    const parameters = new URLSearchParams({query, time: String(Date.now() / 1000 + 5)});
    const response = await fetch(`${url}/api/v1/query?${parameters.toString()}`);
    const answer = (await response.json()) as {
      status: string;
      error?: string;
      data: {
        result: {
          metric: Record<string, string>;
          values?: [number, string][];
          histograms?: [number, {sum: string}][];
        }[];
      };
    };
    assert.equal(answer.status, 'success', answer.error ?? '');
    const all = new Map<string, Map<number, number>>();
    for (const {metric, values = [], histograms = []} of answer.data.result) {
      const samples = new Map<number, number>();
      let last = -Infinity;
      for (const [seconds, value] of values.length > 0 ? values : histograms) {
        const time = Math.round(seconds * 1000);
        assert.ok(time > last, 'times rise');
        samples.set(time, Number(typeof value === 'string' ? value : value.sum));
        last = time;
      }
      all.set(`${metric['__name__']} ${metric['series']}`, samples);
    }
    return all;
  }

  /** One bit of a copy of the folder. */
  async #flip(): Promise<void> {
    const copy = join(this.#folder, 'flipped');
    cpSync(this.#dataFolder, copy, {recursive: true});
    try {
      const files = filesBelow(copy).filter((path) => statSync(path).size > 0 && !path.endsWith('/lock'));
      const path = this.#random.pick(files);
      const bytes = readFileSync(path);
      bytes[this.#random.below(bytes.length)]! ^= 1 << this.#random.below(8);
      writeFileSync(path, bytes);
      this.figures.bitsFlipped++;
      const server = await this.#start(copy);
      try {
        const {missing} = await this.#compare(server);
        this.figures.lostToFlips += missing.length;
        const name = path.slice(copy.length);
        // A digit of meta.json that is another digit cannot be seen.
        const isTold =
          name.endsWith('meta.json') ||
          (await damageOf(server)) > 0 ||
          /level=(WARN|ERROR)/.test(server.output());
        assert.ok(
          missing.length === 0 || isTold,
          `a bit flipped in ${name} costs ${missing.length} samples, and is told`,
        );
      } finally {
        await server.stop('SIGKILL');
      }
    } finally {
      rmSync(copy, {recursive: true, force: true});
    }
  }
}

/** Damage that the server counts. */
async function damageOf({url}: StartedServer): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const names =
    /^(?:prometheus_tsdb_wal_corruptions_total|prometheus_tsdb_mmap_chunk_corruptions_total|narthex_tsdb_blocks_damaged|narthex_tsdb_parts_damaged) (\d+)$/gm;
  return [...text.matchAll(names)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function histogramOf(timeMs: number, sum: number): FloatHistogram {
  const count = timeMs % 1_000_000_000;
  return new FloatHistogram({
    count,
    sum,
    positiveSpans: [{offset: 0, length: 1}],
    positiveBuckets: Float64Array.of(count),
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, {withFileTypes: true}).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** Serves numbers that rise from scrape to scrape. */
class Target {
  #scrapes = 0;
  readonly #server: Server = createServer((_request, response) => {
    this.#scrapes++;
    let body = '# TYPE torture_scraped gauge\n';
    for (let i = 0; i < scrapedSeries; i++) body += `torture_scraped{series="${i}"} ${this.#scrapes}\n`;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(body);
  });

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  hasServed(value: number): boolean {
    return Number.isInteger(value) && value > 0 && value <= this.#scrapes;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
