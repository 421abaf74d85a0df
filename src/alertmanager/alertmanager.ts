// The core: what is received, routed, muted, told and remembered. HTTP is in api.ts.
import {globSync, readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {quoteGo} from '../base/quote.ts';
import {compareStrings, type Labels} from '../model/labels.ts';
import type {Clock} from '../sys/clock.ts';
import type {FileSystem} from '../sys/fs.ts';
import type {Logger} from '../sys/log.ts';
import {formatDuration} from '../model/duration.ts';
import {NotificationTemplates} from '../template/alertmanager.ts';
import type {AlertTimes} from './alert.ts';
import {AlertStore, type ReportTexts, type StoredAlert} from './alert-store.ts';
import type {AlertmanagerConfig} from './config.ts';
import {Dispatcher} from './dispatcher.ts';
import {NotificationHistory} from './history.ts';
import {Inhibitor} from './inhibitor.ts';
import type {MatcherParser} from './matchers/parse.ts';
import {NotificationLog} from './nflog.ts';
import {type Integration, Pipeline} from './pipeline.ts';
import {PipelineStatistics} from './pipeline-statistics.ts';
import type {ReceiverConfig} from './receiver-config.ts';
import {Route} from './route.ts';
import {Silences} from './silences.ts';

export interface AlertmanagerOptions {
  readonly fs: FileSystem;
  /** Folder of the state; '' = nothing is kept on disk. */
  readonly storagePath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly parser: MatcherParser;
  /** Where users find this Alertmanager, without a slash at its end. */
  readonly externalUrl: string;
  readonly retentionMs: number;
  readonly maintenanceIntervalMs: number;
  readonly alertGcIntervalMs: number;
  readonly alertsPerNameMax?: number;
  readonly silencesMax?: number;
  readonly silenceBytesMax?: number;
  readonly logSilences?: boolean;
  /** Now, where it is left out. */
  readonly startedAtMs?: number;
  /** How long after the start nobody is told of anything. */
  readonly startDelayMs?: number;
  readonly receiverNamesInMetrics?: boolean;
}

/** An alert as somebody reports it. */
export interface ReceivedAlert {
  readonly labels: Labels;
  readonly annotations: readonly string[];
  /** Milliseconds since 1970; null = not said. */
  readonly startsAtMs: number | null;
  readonly endsAtMs: number | null;
  readonly generatorUrl: string;
  /** The same, where nothing has to be looked at and no strings need be made. */
  readonly texts?: ReportTexts | null;
}

/** All that a configuration makes. */
interface Active {
  readonly config: AlertmanagerConfig;
  readonly route: Route;
  readonly inhibitor: Inhibitor;
  readonly dispatcher: Dispatcher;
  readonly pipeline: Pipeline;
  readonly integrations: ReadonlyMap<string, readonly Integration[]>;
}

/** How often sources of inhibitions that are resolved are forgotten. */
const inhibitorGcMs = 15 * 60_000;

export class Alertmanager {
  readonly options: AlertmanagerOptions;
  readonly silences: Silences;
  readonly log: NotificationLog;
  readonly history: NotificationHistory;
  readonly alerts: AlertStore;
  readonly statistics: PipelineStatistics;
  readonly startedAtMs: number;
  readonly received = {firing: 0, resolved: 0, invalid: 0, limited: 0};
  readonly dispatched = {count: 0, seconds: 0};
  #active: Active | null = null;
  readonly #timers = new Set<() => void>();
  #isClosed = false;

  constructor(options: AlertmanagerOptions) {
    this.options = options;
    const {fs, clock, logger, storagePath, retentionMs, parser} = options;
    const pathOf = (name: string): string => (storagePath === '' ? '' : `${storagePath}/${name}`);
    this.startedAtMs = options.startedAtMs ?? clock.now();
    this.silences = new Silences({
      fs,
      path: pathOf('silences'),
      clock,
      logger,
      retentionMs,
      silencesMax: options.silencesMax ?? 0,
      silenceBytesMax: options.silenceBytesMax ?? 0,
      logChanges: options.logSilences ?? false,
      isLabelName: (name) => parser.isLabelName(name),
    });
    this.log = new NotificationLog({fs, path: pathOf('nflog'), clock, logger, retentionMs});
    this.history = new NotificationHistory({fs, path: pathOf('notifications'), clock, logger});
    this.alerts = new AlertStore(options.alertsPerNameMax ?? 0);
    this.statistics = new PipelineStatistics(options.receiverNamesInMetrics ?? false);
  }

  /** Reads what is on disk, and begins to look after it. Throws what the file system throws. */
  async open(): Promise<void> {
    const {fs, storagePath, maintenanceIntervalMs, alertGcIntervalMs, clock} = this.options;
    if (storagePath !== '') fs.makeDirectory(storagePath);
    await this.silences.open();
    await this.log.open();
    await this.history.open();
    this.#every(maintenanceIntervalMs, () => this.#maintain());
    this.#every(alertGcIntervalMs, () => this.alerts.collect(clock.now()));
    this.#every(inhibitorGcMs, () => this.#active?.inhibitor.collect(clock.now()));
  }

  get config(): AlertmanagerConfig {
    return this.#required.config;
  }

  get route(): Route {
    return this.#required.route;
  }

  get inhibitor(): Inhibitor {
    return this.#required.inhibitor;
  }

  get dispatcher(): Dispatcher {
    return this.#required.dispatcher;
  }

  get pipeline(): Pipeline {
    return this.#required.pipeline;
  }

  get integrations(): ReadonlyMap<string, readonly Integration[]> {
    return this.#required.integrations;
  }

  get isReady(): boolean {
    return this.#active !== null;
  }

  get #required(): Active {
    if (this.#active === null) throw new Error('the alertmanager has no configuration yet');
    return this.#active;
  }

  /** Takes a configuration into use. Where something of it cannot be made, it throws, and the one before stays in force. */
  async apply(config: AlertmanagerConfig): Promise<void> {
    const templates = this.#templatesOf(config);
    const route = new Route(config.route);
    const integrations = this.#integrationsOf(config, route, templates);
    const before = this.#active;
    this.#warnOfIntervals(route);
    const inhibitor = new Inhibitor(config.inhibitRules);
    const {clock, logger, externalUrl, startDelayMs = 0} = this.options;
    const pipeline = new Pipeline({
      inhibitor,
      silences: this.silences,
      timeIntervals: config.timeIntervals,
      integrations,
      log: this.log,
      templates,
      externalUrl,
      statistics: this.statistics,
      clock,
      logger,
      record: (record) => this.history.add(record),
    });
    const dispatcher = new Dispatcher({
      route,
      notify: (flush) => pipeline.notify(flush),
      clock,
      logger,
      startAtMs: this.startedAtMs + startDelayMs,
    });
    // Two dispatchers at once would tell things twice.
    await before?.dispatcher.stop();
    this.#active = {config, route, inhibitor, dispatcher, pipeline, integrations};
    for (const alert of this.alerts.values()) alert.maySource = inhibitor.process(alert);
    for (const stored of this.alerts.values()) {
      stored.leaveAll();
      dispatcher.dispatch(stored);
    }
    if (before !== null) await closeAll(before.integrations, logger);
  }

  /** Takes reports of alerts; gives what is wrong with those that were not taken. */
  receive(reports: Iterable<ReceivedAlert>): string[] {
    const nowMs = this.options.clock.now();
    const startMs = this.options.clock.elapsed();
    const wrong: string[] = [];
    const stored: StoredAlert[] = [];
    for (const report of reports) {
      const times = this.#timesOf(report, nowMs);
      if (times.endsAtMs > nowMs) this.received.firing++;
      else this.received.resolved++;
      const texts = this.alerts.isWithoutLimit && times.startsAtMs <= times.endsAtMs ? report.texts : null;
      if (texts !== null && texts !== undefined) {
        stored.push(this.alerts.putTexts(texts, times, nowMs)); // Fast path.
        continue;
      }
      const put = this.#putChecked(report, times, nowMs, wrong);
      if (put !== null) stored.push(put);
    }
    if (this.#active === null) return wrong;
    const {inhibitor, dispatcher} = this.#active;
    // All sources are known before the first target is told of.
    for (const each of stored) if (each.maySource) each.maySource = inhibitor.process(each);
    for (const each of stored) dispatcher.dispatch(each);
    this.dispatched.count += stored.length;
    this.dispatched.seconds += (this.options.clock.elapsed() - startMs) / 1000;
    return wrong;
  }

  /** Tells nobody of anything any more, and writes the state. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    const {logger} = this.options;
    if (this.#active !== null) {
      await this.#active.dispatcher.stop();
      await closeAll(this.#active.integrations, logger);
    }
    for (const part of [this.silences, this.log, this.history]) {
      try {
        await part.close();
      } catch (error) {
        logger.error('Creating shutdown snapshot failed', {err: error});
      }
    }
  }

  #timesOf({startsAtMs, endsAtMs}: ReceivedAlert, nowMs: number): AlertTimes {
    return {
      startsAtMs: startsAtMs ?? endsAtMs ?? nowMs,
      endsAtMs: endsAtMs ?? nowMs + this.config.resolveTimeoutMs,
      updatedAtMs: nowMs,
      isTimeout: endsAtMs === null,
    };
  }

  /** Null where something is wrong, or there are too many. */
  #putChecked(
    report: ReceivedAlert,
    times: Readonly<AlertTimes>,
    nowMs: number,
    wrong: string[],
  ): StoredAlert | null {
    const {labels, annotations, generatorUrl} = report;
    const complaint = this.#complaintOf(labels, annotations, times);
    if (complaint !== '') {
      this.received.invalid++;
      wrong.push(complaint);
      return null;
    }
    const put = this.alerts.put(labels, {...times, annotations, generatorUrl}, nowMs);
    if (put === null) this.received.limited++;
    return put;
  }

  #complaintOf(labels: Labels, annotations: readonly string[], times: Readonly<AlertTimes>): string {
    if (times.endsAtMs < times.startsAtMs) return 'start time must be before end time';
    if (labels.length === 0) return 'at least one label pair required';
    return (
      this.#complaintOfPairs(labels, 'invalid label set') ||
      this.#complaintOfPairs(annotations, 'invalid annotations')
    );
  }

  #complaintOfPairs(pairs: readonly string[], what: string): string {
    const {parser} = this.options;
    for (let i = 0; i < pairs.length; i += 2) {
      if (!parser.isLabelName(pairs[i]!)) return `${what}: invalid name ${quoteGo(pairs[i]!)}`;
      if (!pairs[i + 1]!.isWellFormed()) return `${what}: invalid value ${quoteGo(pairs[i + 1]!)}`;
    }
    return '';
  }

  #templatesOf(config: AlertmanagerConfig): NotificationTemplates {
    const templates = new NotificationTemplates({now: () => this.options.clock.now()});
    for (const pattern of config.templates) {
      for (const file of globSync(pattern).sort(compareStrings)) {
        try {
          templates.parse(basename(file), readFileSync(file, 'utf8'));
        } catch (cause) {
          throw new Error(`failed to parse templates: ${(cause as Error).message}`, {cause});
        }
      }
    }
    return templates;
  }

  #integrationsOf(
    config: AlertmanagerConfig,
    route: Route,
    templates: NotificationTemplates,
  ): Map<string, Integration[]> {
    const used = new Set([...route.walk()].map(({options}) => options.receiver));
    const all = new Map<string, Integration[]>();
    for (const receiver of config.receivers) {
      if (used.has(receiver.name)) all.set(receiver.name, this.#open(receiver, templates));
      else
        this.options.logger.info('skipping creation of receiver not referenced by any route', {
          receiver: receiver.name,
        });
    }
    return all;
  }

  #open({name, integrations}: ReceiverConfig, templates: NotificationTemplates): Integration[] {
    const {logger, clock} = this.options;
    return integrations.map((each) => ({
      receiver: {name, integration: each.name, index: each.index},
      sendResolved: each.config.sendResolved,
      notifier: each.config.open({templates, logger, clock}),
    }));
  }

  #warnOfIntervals(route: Route): void {
    const {logger, retentionMs} = this.options;
    for (const {options, key} of route.walk()) {
      const {repeatIntervalMs, groupIntervalMs} = options;
      if (repeatIntervalMs > retentionMs)
        logger.warn(
          'repeat_interval is longer than what --data.retention keeps: notifications may be repeated earlier',
          {
            repeat_interval: formatDuration(repeatIntervalMs),
            retention: formatDuration(retentionMs),
            route: key,
          },
        );
      if (repeatIntervalMs < groupIntervalMs)
        logger.warn('repeat_interval is shorter than group_interval: notifications repeat after the latter', {
          repeat_interval: formatDuration(repeatIntervalMs),
          group_interval: formatDuration(groupIntervalMs),
          route: key,
        });
    }
  }

  async #maintain(): Promise<void> {
    for (const part of [this.silences, this.log, this.history]) {
      try {
        await part.maintain();
      } catch (error) {
        this.options.logger.error('Running maintenance failed', {err: error});
      }
    }
  }

  #every(ms: number, run: () => void | Promise<void>): void {
    const {clock} = this.options;
    let cancel = (): void => {};
    const take = (): void => cancel();
    const again = (): void => {
      cancel = clock.after(ms, () => {
        again();
        void run();
      });
    };
    again();
    this.#timers.add(take);
  }
}

async function closeAll(
  integrations: ReadonlyMap<string, readonly Integration[]>,
  logger: Logger,
): Promise<void> {
  for (const {notifier, receiver} of [...integrations.values()].flat()) {
    try {
      await notifier.close();
    } catch (error) {
      logger.warn('Closing an integration failed', {integration: receiver.integration, err: error});
    }
  }
}
