import {formatOf} from '../formats/contenttype.ts';
import type {Labels} from '../model/labels.ts';
import {labelsToRecord} from '../model/labels.ts';
import type {LogFields} from '../sys/log.ts';
import {BodySizeError} from './client.ts';
import type {BodySink, ScrapeAddress, ScrapeClient} from './client.ts';
import type {ScrapeConfig} from './config.ts';
import {hashText} from './hash.ts';
import {Ingest, type Outcome} from './ingest.ts';
import type {LabelResolver} from './labels.ts';
import type {ScanDetails, ScanFormat, ScrapeScan} from './scan.ts';
import {onStep, type Scheduled} from './schedule.ts';
import type {TargetStatus} from './status.ts';
import type {Target, TargetHistograms} from './target.ts';
import type {ScrapeWorld} from './world.ts';

/** Timestamps of scrapes that come at most so much late are those of the plan: even steps compress better. */
const toleranceMsMax = 2;
/** The clock of timestamps may differ so much from the monotonic one before the plan follows it. */
const clockStepMs = 10;
/** Samples further in the future are refused. */
const aheadMsMax = 600_000;

/** No scrape is under way. */
const ended = Promise.resolve();

/** What the loops of one pool share. */
export interface LoopOwner {
  readonly world: ScrapeWorld;
  readonly config: ScrapeConfig;
  readonly client: ScrapeClient;
  /** Fails every scrape: the target_limit is exceeded. */
  readonly forcedError: Error | null;
  /** What the configuration of this moment makes of exposed labels. */
  readonly resolve: LabelResolver;
  /** What is taken beside floats; the same object as long as that is the same. */
  detailsOf(histograms: TargetHistograms): ScanDetails;
}

/** Scrapes one target again and again, at its own offset within the interval, so that targets are spread. */
export class ScrapeLoop implements Scheduled {
  target: Target;
  readonly #owner: LoopOwner;
  #ingest: Ingest;
  #headers: Record<string, string>;
  #address: ScrapeAddress | null = null;

  /** Planned time of the first scrape, on the monotonic clock; number of the last one that was due. */
  #start = 0;
  #tick = 0;
  /** Planned time of the next scrape, or of the one under way, on the clock of timestamps. */
  #alignedMs = 0;
  /** The step that it waits for; -1: none. */
  #step = -1;
  #stopped = false;
  /** The scrape that is under way. */
  #running = ended;
  #scraping = false;
  #body: Body | null = null;

  #lastScrapeMs = 0;
  #lastStart = 0;
  #lastDurationSeconds = 0;
  #lastError: Error | null = null;

  constructor(owner: LoopOwner, target: Target) {
    this.#owner = owner;
    this.target = target;
    this.#ingest = this.#newIngest();
    this.#headers = owner.client.headersOf(target.timeoutMs);
  }

  /** Plans the first scrape: the next time that lies at the target's offset in the interval. */
  start(): void {
    const {clock, offsetSeed} = this.#owner.world;
    const {intervalMs, key} = this.target;
    const now = clock.now();
    const offset = (hashText(key) ^ offsetSeed) >>> 0;
    const phase = Math.floor((offset / 2 ** 32) * intervalMs);
    const wait = (((phase - now) % intervalMs) + intervalMs) % intervalMs;
    const elapsed = clock.elapsed();
    this.#start = onStep(elapsed + wait, intervalMs);
    this.#alignedMs = Math.round(now + this.#start - elapsed);
    this.#tick = 0;
    this.#plan();
  }

  /** Ends the scraping. A request under way is given up, and leaves no trace. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#step >= 0) this.#owner.world.schedule.cancel(this.#step, this);
    this.#body?.abort(new Error('scraping has ended'));
    await this.#running;
  }

  /** Ends the scraping for good: the target is gone. Its series are marked stale once it can no longer come back. */
  async retire(): Promise<void> {
    await this.stop();
    this.#retireLater(this.#ingest);
  }

  /** The pool's configuration has changed. With `sameLabels` what is remembered of the series still holds. */
  reload(sameLabels: boolean): void {
    this.#headers = this.#owner.client.headersOf(this.target.timeoutMs);
    this.#address = null;
    if (sameLabels) return;
    const old = this.#ingest;
    this.#ingest = this.#newIngest();
    this.#retireLater(old, this.#running);
  }

  /** After stop(), gives the memory back. */
  free(): void {
    this.#freeIngest(this.#ingest);
  }

  get publicLabels(): Labels {
    return this.target.publicLabels;
  }

  get ingest(): Ingest {
    return this.#ingest;
  }

  status(): TargetStatus {
    // Field by field: what a literal makes V8 would make among what stays, once many have stayed for a while, and all that they hold.
    const status = {} as TargetStatus;
    status.discoveredLabels = labelsToRecord(this.target.discoveredLabels);
    status.labels = labelsToRecord(this.target.publicLabels);
    status.scrapePool = this.#owner.config.jobName;
    status.scrapeUrl = this.target.url;
    status.lastError = this.#lastError?.message ?? '';
    status.lastScrapeMs = this.#lastScrapeMs;
    status.lastScrapeDurationSeconds = this.#lastDurationSeconds;
    status.health = this.#lastScrapeMs === 0 ? 'unknown' : this.#lastError === null ? 'up' : 'down';
    status.scrapeIntervalMs = this.target.intervalMs;
    status.scrapeTimeoutMs = this.target.timeoutMs;
    return status;
  }

  #newIngest(): Ingest {
    const {world, resolve} = this.#owner;
    const ingest = new Ingest(world, this, resolve);
    world.ingests.add(ingest);
    return ingest;
  }

  #freeIngest(ingest: Ingest): void {
    this.#owner.world.ingests.delete(ingest);
    ingest.free();
  }

  /** Sets the timer for the next scrape. Those that were missed are left out, but the last is made up for at once. */
  #plan(): void {
    if (this.#stopped) return;
    const due = this.#start + this.#tick * this.target.intervalMs;
    this.#step = this.#owner.world.schedule.at(due, this);
  }

  /** It is time for the next scrape. */
  due(): void {
    this.#step = -1;
    const {elapsedMs} = this.#owner.world.schedule;
    const {intervalMs} = this.target;
    const planned = this.#start + this.#tick * intervalMs;
    const missed = Math.max(0, Math.floor((elapsedMs - planned) / intervalMs));
    this.#tick += missed + 1;
    this.#alignedMs += missed * intervalMs;
    this.#scraping = true;
    this.#running = this.#scrape(this.#timestamp(elapsedMs - planned - missed * intervalMs));
  }

  /** A scrape has ended, well or not. */
  #scraped(): void {
    this.#scraping = false;
    this.#running = ended;
    this.#alignedMs += this.target.intervalMs;
    this.#owner.world.collectComments();
    this.#plan();
  }

  /** The planned time where the scrape is hardly late, otherwise the real one. */
  #timestamp(lateMs: number): number {
    const now = Math.floor(this.#owner.world.schedule.nowMs);
    // The clock was set, or has drifted from the monotonic one: the plan follows it.
    if (Math.abs(now - this.#alignedMs - lateMs) > clockStepMs) this.#alignedMs = Math.round(now - lateMs);
    const tolerance = Math.min(this.target.intervalMs / 100, toleranceMsMax);
    return now - this.#alignedMs <= tolerance ? this.#alignedMs : now;
  }

  async #scrape(timestampMs: number): Promise<void> {
    const {world} = this.#owner;
    const startMs = world.clock.elapsed();
    if (this.#lastStart > 0)
      world.counters.observeInterval(this.target.intervalMs, (startMs - this.#lastStart) / 1000);
    this.#lastStart = startMs;

    this.#ingest.next();
    const body = new Body(this.#owner, {
      ingest: this.#ingest,
      timestampMs,
      details: this.#owner.detailsOf(this.target.histograms),
    });
    this.#body = body;
    try {
      let error = this.#owner.forcedError;
      try {
        if (error === null) {
          world.commits.begin();
          try {
            await this.#fetch(body);
          } finally {
            world.commits.end();
          }
          body.finish();
        }
      } catch (cause) {
        if (this.#stopped) return;
        error = this.#nameError(cause as Error, body);
      }
      this.#body = null;
      error = await body.ingest.store(this.#outcomeOf(body, error, startMs));
      this.#report(error, timestampMs, (world.clock.elapsed() - startMs) / 1000);
    } catch (cause) {
      this.#owner.world.logger.error('Scrape failed in an unforeseen way', this.#logFields(cause));
    } finally {
      this.#release(body);
      this.#scraped();
    }
  }

  /** Gets the body, which settles when all of it has come. */
  #fetch(body: Body): Promise<void> {
    const {client} = this.#owner;
    this.#address ??= client.addressOf(new URL(this.target.url));
    return client.get(this.#address, this.#headers, this.target.timeoutMs, body);
  }

  #outcomeOf(body: Body, error: Error | null, startMs: number): Outcome {
    const {world, config} = this.#owner;
    return {
      timestampMs: body.timestampMs,
      elapsedSeconds: () => (world.clock.elapsed() - startMs) / 1000,
      // When the body could not be fetched, what was read of it does not count.
      scan: error === null || body.failed ? body.scan : null,
      error,
      extra: config.extraScrapeMetrics
        ? {
            timeoutSeconds: this.target.timeoutMs / 1000,
            sampleLimit: config.sampleLimit,
            bodyBytes: error instanceof BodySizeError ? -1 : body.complete ? (body.scan?.bytesRead ?? 0) : 0,
          }
        : null,
    };
  }

  /** The scrape is over. */
  #release({scan}: Body): void {
    const {world} = this.#owner;
    if (scan === null) return;
    world.counters.linesPredicted += scan.linesPredicted;
    world.counters.linesMoved += scan.linesMoved;
    world.counters.linesParsed += scan.linesParsed;
    world.releaseScan(scan);
  }

  #report(error: Error | null, timestampMs: number, seconds: number): void {
    const {config, world} = this.#owner;
    if (error !== null && config.scrapeFailureLogFile !== '')
      world.failureLogs.of(config.scrapeFailureLogFile)?.write(error, this.target.url);
    if (error !== null && error.message !== this.#lastError?.message) {
      world.logger.warn('Scrape failed', this.#logFields(error));
    } else if (error !== null) {
      world.logger.debug('Scrape failed', this.#logFields(error));
    }
    this.#lastError = error;
    this.#lastScrapeMs = timestampMs;
    this.#lastDurationSeconds = seconds;
  }

  #logFields(err: unknown): LogFields {
    return {scrape_pool: this.#owner.config.jobName, target: this.target.url, err};
  }

  /** Names the target in errors of the body, which name the line already. */
  #nameError(error: Error, body: Body): Error {
    if (error instanceof BodySizeError) this.#owner.world.counters.bodySizeLimitExceeded++;
    if (!body.failed || !/^(?:line|byte) /.test(error.message)) return error;
    return new Error(`cannot read ${this.target.url} ${error.message}`, {cause: error});
  }

  /** Marks series stale when the target might have been scraped twice more if it had come back, as Prometheus does. */
  #retireLater(ingest: Ingest, running = ended): void {
    if (!ingest.started) {
      this.#freeIngest(ingest);
      return;
    }
    const {intervalMs} = this.target;
    // The time of the scrape that would have been the next.
    const staleMs = this.#alignedMs + (this.#scraping ? intervalMs : 0);
    this.#owner.world.later(intervalMs * 2.1, async () => {
      await running;
      try {
        await ingest.retire(staleMs);
      } finally {
        this.#freeIngest(ingest);
      }
    });
  }
}

interface ScrapeOptions {
  ingest: Ingest;
  timestampMs: number;
  details: ScanDetails;
}

/** The body of one scrape on its way from the client to a scan. */
class Body implements BodySink {
  scan: ScrapeScan | null = null;
  /** Whether the body itself was at fault, not its transport. */
  failed = false;
  /** Whether all of it has come. */
  complete = false;
  readonly ingest: Ingest;
  readonly timestampMs: number;
  readonly details: ScanDetails;
  readonly #owner: LoopOwner;
  #contentType = '';
  #request: {abort(reason: Error): void} | null = null;

  constructor(owner: LoopOwner, {ingest, timestampMs, details}: ScrapeOptions) {
    this.#owner = owner;
    this.ingest = ingest;
    this.timestampMs = timestampMs;
    this.details = details;
  }

  open(request: {abort(reason: Error): void}): void {
    this.#request = request;
  }

  abort(reason: Error): void {
    this.#request?.abort(reason);
  }

  start(contentType: string): void {
    this.#contentType = contentType;
  }

  data(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    try {
      this.scan ??= this.#begin(formatOf(this.#contentType, this.#owner.config.fallbackScrapeProtocol));
      this.scan.feed(chunk);
    } catch (cause) {
      this.failed = true;
      throw cause;
    }
  }

  finish(): void {
    const {scan} = this;
    this.complete = true;
    if (scan === null) return;
    try {
      scan.finish();
      if (scan.limitHit) throw new RangeError('sample limit exceeded');
      if (scan.bucketLimitHit) throw new RangeError('histogram bucket limit exceeded');
    } catch (cause) {
      this.failed = true;
      throw cause;
    } finally {
      if (scan.limitHit) this.#owner.world.counters.sampleLimitExceeded++;
      if (scan.bucketLimitHit) this.#owner.world.counters.bucketLimitExceeded++;
    }
  }

  #begin(format: ScanFormat): ScrapeScan {
    const {config, world} = this.#owner;
    const {details} = this;
    const scan = world.acquireScan(format, details);
    this.ingest.begin(scan, {
      format,
      honorTimestamps: config.honorTimestamps,
      trackTimestampsStaleness: config.trackTimestampsStaleness,
      timestampMs: this.timestampMs,
      timestampMaxMs: world.clock.now() + aheadMsMax,
      sampleLimit: config.sampleLimit,
      details,
    });
    return scan;
  }
}
