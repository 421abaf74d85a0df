import {describeError, type Logger} from '../sys/log.ts';
import type {NotifiedAlert} from '../rules/world.ts';
import {payloadOf} from './alerts.ts';
import {LatencyStatistics, type SenderStatistics} from './statistics.ts';

export interface SendLoopOptions {
  /** Of the endpoint. */
  url: string;
  /** Alerts that may wait. */
  capacity: number;
  /** Alerts in one request. */
  batchMax: number;
  /** Whether what waits is sent when the loop is stopped. */
  drains: boolean;
  logger: Logger;
  elapsed: () => number;
  /** Sends one body. Rejects where the Alertmanager does not take it. */
  post: (url: string, body: string) => Promise<void>;
}

/** An Alertmanager that does not answer holds up the end of the program so long, and for one request more. */
const drainMsMax = 10_000;

/** Sends alerts to one Alertmanager, one request after the other. */
export class SendLoop {
  readonly #options: SendLoopOptions;
  readonly #latency = new LatencyStatistics();
  /** What waits is from #first on. */
  #queue: NotifiedAlert[] = [];
  #first = 0;
  #sent = 0;
  #dropped = 0;
  #errors = 0;
  #running: Promise<void> | null = null;
  #stopped = false;
  #stoppedAtMs = Infinity;

  constructor(options: SendLoopOptions) {
    this.#options = options;
  }

  /** Where there are too many, the oldest go. */
  add(alerts: readonly NotifiedAlert[]): void {
    if (this.#stopped) return;
    const {capacity, logger} = this.#options;
    const tooMany = alerts.length - capacity;
    if (tooMany > 0) {
      logger.warn('Alert batch larger than queue capacity, dropping alerts', {count: tooMany});
      this.#dropped += tooMany;
    }
    const kept = tooMany > 0 ? alerts.slice(tooMany) : alerts;
    const overflow = this.#length + kept.length - capacity;
    if (overflow > 0) {
      logger.warn('Alert notification queue full, dropping alerts', {count: overflow});
      this.#dropped += overflow;
      this.#skip(overflow);
    }
    for (const alert of kept) this.#queue.push(alert);
    this.#run();
  }

  get #length(): number {
    return this.#queue.length - this.#first;
  }

  /** Takes alerts off the front. Their room is given back once it is half of the queue's. */
  #skip(count: number): void {
    this.#first += count;
    if (2 * this.#first < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }

  /** Sends what waits, or drops it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const {drains, elapsed} = this.#options;
    this.#stoppedAtMs = elapsed();
    if (!drains) this.#dropAll();
    await this.#running;
  }

  statistics(): SenderStatistics {
    return {
      url: this.#options.url,
      sent: this.#sent,
      dropped: this.#dropped,
      errors: this.#errors,
      queueLength: this.#length,
      latency: this.#latency.snapshot(),
    };
  }

  #run(): void {
    this.#running ??= this.#sendAll().finally(() => (this.#running = null));
  }

  async #sendAll(): Promise<void> {
    const {elapsed} = this.#options;
    while (this.#length > 0) {
      if (elapsed() - this.#stoppedAtMs > drainMsMax) return this.#dropAll();
      const batch = this.#queue.slice(this.#first, this.#first + this.#options.batchMax);
      this.#skip(batch.length);
      await this.#send(batch);
    }
  }

  #dropAll(): void {
    const count = this.#length;
    if (count === 0) return;
    const message = 'Alert notification queue not drained on shutdown, dropping alerts';
    this.#options.logger.warn(message, {count});
    this.#dropped += count;
    this.#skip(count);
  }

  async #send(batch: readonly NotifiedAlert[]): Promise<void> {
    const {url, post, elapsed, logger} = this.#options;
    const began = elapsed();
    try {
      await post(url, payloadOf(batch));
    } catch (error) {
      logger.error('Error sending alerts', {count: batch.length, err: describeError(error)});
      this.#errors += batch.length;
      this.#dropped += batch.length;
      return;
    }
    this.#latency.observe((elapsed() - began) / 1000);
    this.#sent += batch.length;
  }
}
