// A fleet whose series are replaced all the time, as pods are, scraped into a database on a clock of its own.
import {labelsOf, type Labels} from '../model/labels.ts';
import type {SizeClassArena} from '../kernels/arena.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';
import type {Db} from '../tsdb/db.ts';
import {BodyScan} from './bodyscan.ts';
import {Ingest} from './ingest.ts';
import {joinLabels} from './labels.ts';
import {ScrapeMemory} from './memory.ts';
import {ScrapeCounters} from './statistics.ts';

const hourMs = 3_600_000;
/** Span of time of a block. */
const blockMs = 2 * hourMs;
/** One of so many lines is replaced at each step. */
const steps = 10;

export interface ChurnOptions {
  db: Db;
  memory: LinearMemory;
  kernels: Kernels;
  arena: SizeClassArena;
  targets: number;
  /** Of each target. */
  series: number;
  intervalMs: number;
  /** A tenth of the series is replaced so often. */
  replaceMs: number;
}

/** What there is after so many hours. */
export interface ChurnReport {
  hours: number;
  /** Series of the head, those that ended since its oldest samples among them. */
  series: number;
  seriesCreated: number;
  symbols: number;
  labelPairs: number;
  bytesInUse: number;
  bytesReserved: number;
  /** Of the line tables of all targets. */
  tableBytes: number;
}

export class Churn {
  samples = 0;
  readonly #options: ChurnOptions;
  readonly #targets: Ingest[];
  readonly #scan: BodyScan;
  readonly #start = Math.floor(Date.now() / blockMs) * blockMs - 100 * hourMs;
  #step = -1;
  #bodies: Buffer[] = [];
  #truncated = -Infinity;

  constructor(options: ChurnOptions) {
    this.#options = options;
    const world = new ScrapeMemory(options);
    const counters = new ScrapeCounters();
    this.#scan = new BodyScan(world);
    this.#targets = Array.from({length: options.targets}, (_, i) => {
      const labels = labelsOf({job: 'churn', instance: `host-${i}:9100`});
      const resolve = (exposed: Labels, emptyNames: readonly string[]): Labels =>
        joinLabels(exposed, emptyNames, labels, false);
      return new Ingest(
        {memory: world, appender: options.db.appender(), counters},
        {publicLabels: labels},
        resolve,
      );
    });
  }

  /** Scrapes for `hours` of the accelerated clock. `report` is called after each block's length. */
  async run(hours: number, report: (state: ChurnReport) => void): Promise<void> {
    const {intervalMs, replaceMs} = this.#options;
    for (let elapsed = 0; elapsed < hours * hourMs; elapsed += intervalMs) {
      const step = Math.floor(elapsed / replaceMs);
      if (step !== this.#step) this.#replace(step);
      for (const [i, ingest] of this.#targets.entries()) await this.#scrape(i, ingest, this.#start + elapsed);
      const next = elapsed + intervalMs;
      if (next % blockMs !== 0) continue;
      await this.#truncate(this.#start + next);
      report(this.#state(next / hourMs));
    }
  }

  free(): void {
    for (const ingest of this.#targets) ingest.free();
    this.#scan.free();
  }

  /** As after a compaction: the head keeps what the last block does not have. */
  async #truncate(timeMs: number): Promise<void> {
    const mint = timeMs - blockMs;
    if (mint <= this.#truncated || timeMs - this.#start < 1.5 * blockMs) return;
    this.#truncated = mint;
    await this.#options.db.truncate(mint);
  }

  #replace(step: number): void {
    this.#step = step;
    const {targets, series} = this.#options;
    this.#bodies = Array.from({length: targets}, (_, target) => {
      const lines = ['# TYPE churn_requests_total counter'];
      for (let i = 0; i < series; i++) {
        // The newest step at which this line was replaced.
        const born = Math.max(0, step - ((((step - i) % steps) + steps) % steps));
        const pod = `pod-${born}-${(i * 0x9e3779b1 + target) >>> 0}`;
        lines.push(`churn_requests_total{container="c${i % 7}",pod="${pod}"} ${i + step}`);
      }
      return Buffer.from(`${lines.join('\n')}\n`);
    });
  }

  async #scrape(target: number, ingest: Ingest, timestampMs: number): Promise<void> {
    const scan = this.#scan;
    ingest.next();
    ingest.begin(scan, {
      format: 'text',
      timestampMs,
      timestampMaxMs: timestampMs + 600_000,
      honorTimestamps: true,
      trackTimestampsStaleness: false,
      sampleLimit: 0,
    });
    scan.feed(this.#bodies[target]!);
    scan.finish();
    const failed = await ingest.store({
      timestampMs,
      elapsedSeconds: () => 0.01,
      scan,
      error: null,
    });
    if (failed !== null) throw failed;
    scan.release();
    this.samples += this.#options.series;
  }

  #state(hours: number): ChurnReport {
    const {db, arena} = this.#options;
    const {series, seriesCreated, symbols, labelPairs} = db.head.stats();
    const tableBytes = this.#targets.reduce((sum, {table}) => sum + table.bytes, 0);
    const {bytesInUse, bytesReserved} = arena;
    return {hours, series, seriesCreated, symbols, labelPairs, bytesInUse, bytesReserved, tableBytes};
  }
}
