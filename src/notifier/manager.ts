import type {TargetGroup} from '../discovery/targetgroup.ts';
import {AwsSigner} from '../http/aws-signer.ts';
import type {HttpClientConfig} from '../http/client-config.ts';
import type {HttpSender} from '../http/client.ts';
import type {Labels} from '../model/labels.ts';
import {type CompiledRelabelConfig, compileRelabel} from '../relabel/relabel.ts';
import type {NotifiedAlert} from '../rules/world.ts';
import {describeError, type Logger} from '../sys/log.ts';
import {relabelAlerts} from './alerts.ts';
import {alertmanagersOf} from './alertmanagers.ts';
import type {AlertingConfig, AlertmanagerConfig} from './config.ts';
import {SendLoop} from './sendloop.ts';
import type {NotifierStatistics} from './statistics.ts';

export interface NotifierOptions {
  logger: Logger;
  /** Alerts that may wait for each Alertmanager. */
  queueCapacity: number;
  /** Alerts in one request. */
  batchMax: number;
  /** Whether what waits is sent at the end. */
  drains: boolean;
  elapsed: () => number;
  createHttpClient: (config: HttpClientConfig) => HttpSender;
}

/** Tells Alertmanagers of alerts: all those of the configuration, and one in the same process. */
export class Notifier {
  /** The Alertmanager in this process; null = there is none. */
  embedded: ((alerts: NotifiedAlert[]) => void) | null = null;
  readonly #options: NotifierOptions;
  #sets: AlertmanagerSet[] = [];
  /** Sets of configurations before, which send what still waits. */
  readonly #stopping = new Set<Promise<void>>();
  #externalLabels: Labels = [];
  #rules: readonly CompiledRelabelConfig[] = [];
  #stopped = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /**
   * Makes this the configuration in force. Sets of Alertmanagers that stay the same go on; the targets of the others come
   * with setTargets(), by the index of their set.
   */
  apply({alertRelabelConfigs, alertmanagers}: AlertingConfig, externalLabels: Labels): void {
    this.#externalLabels = externalLabels;
    this.#rules = compileRelabel(alertRelabelConfigs);
    const before = [...this.#sets];
    this.#sets = alertmanagers.map((config) => {
      const key = JSON.stringify(config);
      const same = before.findIndex((set) => set.key === key);
      return same < 0 ? new AlertmanagerSet(config, key, this.#options) : before.splice(same, 1)[0]!;
    });
    for (const set of before) this.#stop(set);
  }

  /** Nobody waits for it but the end of the program. */
  #stop(set: AlertmanagerSet): void {
    const stopping = set.stop().finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  /** What discovery has found for a set. */
  setTargets(index: number, groups: readonly TargetGroup[]): void {
    this.#sets[index]?.sync(groups);
  }

  /** As they are told to an Alertmanager in this process. */
  relabel(alerts: readonly NotifiedAlert[]): NotifiedAlert[] {
    return relabelAlerts(alerts, this.#externalLabels, this.#rules);
  }

  send(alerts: readonly NotifiedAlert[]): void {
    if (this.#stopped) return;
    const relabelled = this.relabel(alerts);
    if (relabelled.length === 0) return;
    this.embedded?.(relabelled);
    for (const set of this.#sets) set.send(relabelled);
  }

  /** URLs of the endpoints that get alerts. */
  get alertmanagers(): string[] {
    return this.#sets.flatMap((set) => set.active);
  }

  get droppedAlertmanagers(): string[] {
    return this.#sets.flatMap((set) => set.dropped);
  }

  statistics(): NotifierStatistics {
    return {
      queueCapacity: this.#options.queueCapacity,
      alertmanagersDiscovered: this.alertmanagers.length,
      senders: this.#sets.flatMap((set) => set.statistics()),
    };
  }

  /** Takes no more alerts; sends what waits, or drops it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.logger.info('Stopping notification manager...');
    await Promise.all([...this.#sets.map((set) => set.stop()), ...this.#stopping]);
  }
}

/** The Alertmanagers of one entry of the configuration. */
class AlertmanagerSet {
  readonly key: string;
  active: string[] = [];
  dropped: string[] = [];
  readonly #config: AlertmanagerConfig;
  readonly #options: NotifierOptions;
  readonly #client: HttpSender;
  readonly #signer: AwsSigner | null;
  readonly #targetRules: readonly CompiledRelabelConfig[];
  readonly #alertRules: readonly CompiledRelabelConfig[];
  readonly #loops = new Map<string, SendLoop>();
  readonly #ended = new AbortController();

  constructor(config: AlertmanagerConfig, key: string, options: NotifierOptions) {
    this.key = key;
    this.#config = config;
    this.#options = options;
    this.#client = options.createHttpClient(config.client);
    this.#signer =
      config.sigV4 === null
        ? null
        : new AwsSigner(config.sigV4, awsService, {
            environment: process.env,
            http: this.#client,
            now: Date.now,
          });
    this.#targetRules = compileRelabel(config.relabelConfigs);
    this.#alertRules = compileRelabel(config.alertRelabelConfigs);
  }

  sync(groups: readonly TargetGroup[]): void {
    const active = new Set<string>();
    const dropped: string[] = [];
    for (const group of groups) {
      try {
        const found = alertmanagersOf(group, this.#config, this.#targetRules);
        for (const url of found.active) active.add(url);
        for (const url of found.dropped) dropped.push(url);
      } catch (error) {
        this.#options.logger.error('Creating discovered Alertmanagers failed', {err: describeError(error)});
      }
    }
    this.active = [...active];
    this.dropped = dropped;
    for (const url of active) if (!this.#loops.has(url)) this.#loops.set(url, this.#createLoop(url));
    for (const [url, loop] of this.#loops) {
      if (active.has(url)) continue;
      this.#loops.delete(url);
      void loop.stop();
    }
  }

  send(alerts: readonly NotifiedAlert[]): void {
    const relabelled = relabelAlerts(alerts, [], this.#alertRules);
    if (relabelled.length === 0) return;
    for (const loop of this.#loops.values()) loop.add(relabelled);
  }

  statistics(): NotifierStatistics['senders'] {
    return [...this.#loops.values()].map((loop) => loop.statistics());
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
    this.#loops.clear();
    this.active = [];
    await this.#client.close();
  }

  #createLoop(url: string): SendLoop {
    const {queueCapacity, batchMax, drains, logger, elapsed} = this.#options;
    return new SendLoop({
      url,
      capacity: queueCapacity,
      batchMax,
      drains,
      logger: logger.child({alertmanager: url}),
      elapsed,
      post: (to, body) => this.#post(to, body),
    });
  }

  async #post(url: string, body: string): Promise<void> {
    const headers = {'content-type': 'application/json'};
    const request = {method: 'POST', url: new URL(url), headers, body};
    const signed = this.#signer === null ? undefined : await this.#signer.sign(request, this.#ended.signal);
    const answer = await this.#client.request(url, {
      method: 'POST',
      body,
      headers,
      ...(signed !== undefined && {secretHeaders: signed}),
      timeoutMs: this.#config.timeoutMs,
      signal: this.#ended.signal,
      bodyBytesKept: answerBytesMax,
    });
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`bad response status ${answer.status} ${answer.statusText}`);
  }
}

/** Amazon Managed Service for Prometheus, as Prometheus signs for it. */
const awsService = 'aps';

/** Nobody reads it. */
const answerBytesMax = 16 << 20;
