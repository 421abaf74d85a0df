import {hostname} from 'node:os';
import type {Arena} from '../kernels/arena.ts';
import type {Kernels} from '../kernels/kernels.ts';
import type {LinearMemory} from '../kernels/memory.ts';
import type {Appender} from '../storage/appender.ts';
import type {Logger} from '../sys/log.ts';
import {BodyScan} from './bodyscan.ts';
import {CommitGroup} from './commitgroup.ts';
import {FamilyScan} from './familyscan.ts';
import type {ScanDetails, ScanFormat, ScrapeScan} from './scan.ts';
import {TextDetailScan} from './textdetailscan.ts';
import type {Clock} from '../sys/clock.ts';
import {systemClock} from '../sys/clock.ts';
import type {Ingest} from './ingest.ts';
import {FailureLogs} from './failurelog.ts';
import {Schedule} from './schedule.ts';
import {ScrapeMemory} from './memory.ts';
import {Gunzip} from './gunzip.ts';
import {hashText} from './hash.ts';
import {ScrapeCounters} from './statistics.ts';

export interface ScrapeManagerOptions {
  appender: Appender;
  memory: LinearMemory;
  kernels: Kernels;
  arena: Arena;
  logger: Logger;
  clock?: Clock;
  /** Two servers with different external labels scrape the same targets at different times. */
  externalLabels?: Record<string, string>;
  features?: ScrapeFeatures;
}

/** What feature flags change. */
export interface ScrapeFeatures {
  /** What becomes of start timestamps: nothing, a sample of value 0 at that time, or they are stored with the samples. */
  starts: 'none' | 'zero' | 'store';
  /** Add the labels `__type__` and `__unit__`. */
  typeAndUnit: boolean;
}

const noFeatures: ScrapeFeatures = {starts: 'none', typeAndUnit: false};

/** Scans that are kept for the next scrapes. */
const idleScansMax = 64;

/** What all pools share. */
export class ScrapeWorld {
  readonly memory: ScrapeMemory;
  readonly gunzip: Gunzip;
  readonly appender: Appender;
  readonly commits: CommitGroup;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly features: ScrapeFeatures;
  readonly counters = new ScrapeCounters();
  readonly failureLogs: FailureLogs;
  readonly schedule: Schedule;
  readonly offsetSeed: number;
  /** Everything that holds a line table. */
  readonly ingests = new Set<Ingest>();
  readonly #idleScans: BodyScan[] = [];
  readonly #idleFamilyScans: FamilyScan[] = [];
  readonly #idleTextScans: TextDetailScan[] = [];
  readonly #later = new Map<() => void, Promise<void> | null>();

  constructor(options: ScrapeManagerOptions) {
    this.memory = new ScrapeMemory(options);
    this.gunzip = new Gunzip(options);
    this.appender = options.appender;
    this.commits = new CommitGroup(options.appender);
    this.logger = options.logger;
    this.failureLogs = new FailureLogs(options.logger);
    this.clock = options.clock ?? systemClock;
    this.schedule = new Schedule(this.clock);
    this.features = options.features ?? noFeatures;
    this.offsetSeed = hashText(JSON.stringify([hostname(), options.externalLabels ?? {}]));
  }

  acquireScan(format: ScanFormat, details: ScanDetails): ScrapeScan {
    if (needsDetails(format, details)) return this.#idleTextScans.pop() ?? new TextDetailScan(this.memory);
    if (format === 'protobuf') return this.#idleFamilyScans.pop() ?? new FamilyScan(this.memory);
    return this.#idleScans.pop() ?? new BodyScan(this.memory);
  }

  releaseScan(scan: ScrapeScan): void {
    scan.release();
    if (scan instanceof BodyScan && this.#idleScans.length < idleScansMax) this.#idleScans.push(scan);
    else if (scan instanceof FamilyScan && this.#idleFamilyScans.length < idleScansMax) {
      this.#idleFamilyScans.push(scan);
    } else if (scan instanceof TextDetailScan && this.#idleTextScans.length < idleScansMax) {
      this.#idleTextScans.push(scan);
    } else scan.free();
  }

  /** Forgets comments that no target sends any more, now and then. */
  collectComments(): void {
    const {comments} = this.memory;
    if (!comments.crowded) return;
    const used = new Set<number>();
    for (const {table} of this.ingests) table.commentIds(0, used);
    comments.collect(used);
  }

  /** Does something after a while, unless the program ends before. */
  later(delayMs: number, action: () => Promise<void>): void {
    const cancel = this.clock.after(delayMs, () => {
      const running = action()
        .catch((cause: unknown) => this.logger.error('Clearing up after scrapes failed', {err: cause}))
        .finally(() => this.#later.delete(cancel));
      this.#later.set(cancel, running);
    });
    this.#later.set(cancel, null);
  }

  /** Waits for what later() has begun, and calls the rest off. */
  async stop(): Promise<void> {
    for (const cancel of this.#later.keys()) cancel();
    await Promise.all([...this.#later.values()].filter((running) => running !== null));
    this.#later.clear();
    this.failureLogs.close();
    this.gunzip.free();
    for (const scans of [this.#idleScans, this.#idleFamilyScans, this.#idleTextScans]) {
      for (const scan of scans.splice(0)) scan.free();
    }
    this.memory.free();
  }
}

/** Whether lines of a text are not all there is to know. */
function needsDetails(format: ScanFormat, {convertClassic, starts, typeAndUnit}: ScanDetails): boolean {
  if (format === 'protobuf') return false;
  return convertClassic || typeAndUnit || (starts && format === 'openmetrics');
}
