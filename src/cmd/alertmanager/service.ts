// An Alertmanager with its configuration file, its API and its metrics: alone, or within the server.
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {Alertmanager, type ReceivedAlert} from '../../alertmanager/alertmanager.ts';
import {addApiRoutes, type ConcurrencyStatistics} from '../../alertmanager/api/routes.ts';
import {type AlertmanagerConfig, parseConfig} from '../../alertmanager/config.ts';
import {
  estimateNotifications,
  type FiringAlert,
  type NotificationCount,
} from '../../alertmanager/estimate.ts';
import type {IntegrationKind} from '../../alertmanager/integration.ts';
import {MatcherParser} from '../../alertmanager/matchers/parse.ts';
import type {Family} from '../../api/families.ts';
import type {HttpServer} from '../../http/server.ts';
import {systemClock} from '../../sys/clock.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import {describeError, type Logger} from '../../sys/log.ts';
import {buildInfo} from '../../sys/version.ts';
import type {AlertmanagerSettings} from './settings.ts';
import {alertmanagerFamilies} from './metrics.ts';

/** The Alertmanager whose API this one is. */
const compatibleVersion = '0.34.0';

/** Without a configuration file: alerts and silences work, nobody is notified. */
const quietConfig = `route:
  receiver: nobody
receivers:
- name: nobody
`;

export interface AlertmanagerServiceOptions {
  /** '' = none: nobody is notified. */
  readonly configFile: string;
  readonly storagePath: string;
  readonly externalUrl: string;
  readonly settings: AlertmanagerSettings;
  /** Now, where it is left out. */
  readonly startedAtMs?: number;
  readonly logger: Logger;
  readonly kinds?: readonly IntegrationKind[];
}

export class AlertmanagerService {
  readonly alertmanager: Alertmanager;
  readonly #options: AlertmanagerServiceOptions;
  readonly #parser: MatcherParser;
  readonly lastReload = {successful: false, timeMs: 0, hash: 0};
  #concurrency: ConcurrencyStatistics = {inFlight: 0, refused: 0};
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: AlertmanagerServiceOptions) {
    const {settings, logger, storagePath, externalUrl, startedAtMs} = options;
    this.#options = options;
    this.#parser = new MatcherParser(settings.matcherMode, logger);
    this.alertmanager = new Alertmanager({
      ...settings,
      fs: nodeFileSystem,
      storagePath,
      clock: systemClock,
      logger,
      parser: this.#parser,
      externalUrl,
      ...(startedAtMs !== undefined && {startedAtMs}),
    });
  }

  /** Whether the configuration can be read. Throws ConfigError, or an Error. */
  check(): void {
    this.#read();
  }

  /** Reads state and configuration, and begins to work. Throws ConfigError, or an Error. */
  async open(): Promise<void> {
    const config = this.#read();
    await this.alertmanager.open();
    await this.#apply(config);
  }

  /** Reads the configuration again; one after the other. Throws, and then the one before stays in force. */
  reload(): Promise<void> {
    const next = this.#reloading.then(async () => {
      const {logger, configFile} = this.#options;
      logger.info('Loading configuration file', {file: configFile});
      try {
        await this.#apply(this.#read());
      } catch (error) {
        this.lastReload.successful = false;
        logger.error('Loading configuration file failed', {file: configFile, err: error});
        throw error;
      }
      logger.info('Completed loading of configuration file', {file: configFile});
    });
    this.#reloading = next.catch(() => {});
    return next;
  }

  addRoutes(server: HttpServer, base: string): void {
    const {version, ...build} = buildInfo();
    this.#concurrency = addApiRoutes(server, base, {
      alertmanager: this.alertmanager,
      logger: this.#options.logger,
      version: {version: `${compatibleVersion}+narthex.${version}`, ...build},
      reload: () => this.reload(),
      getConcurrencyMax: this.#options.settings.getConcurrencyMax,
    });
  }

  /** Takes alerts of this process. */
  deliver(alerts: readonly ReceivedAlert[]): void {
    const wrong = this.alertmanager.receive(alerts);
    if (wrong.length > 0) this.#options.logger.error('Failed to validate alerts', {err: wrong.join('; ')});
  }

  /** See `estimateNotifications`; by the configuration in force. */
  estimate(request: {alerts: readonly FiringAlert[]; endMs: number}): Promise<NotificationCount[] | null> {
    return estimateNotifications(this.alertmanager.config, this.#parser, request);
  }

  families(): Family[] {
    return alertmanagerFamilies(this.alertmanager, this.lastReload, this.#concurrency);
  }

  async close(): Promise<void> {
    await this.alertmanager.close();
  }

  #read(): AlertmanagerConfig {
    const {configFile: file, kinds} = this.#options;
    const options = {file, parser: this.#parser, ...(kinds !== undefined && {kinds})};
    if (file === '') return parseConfig(quietConfig, options);
    let content: string;
    try {
      content = readFileSync(file, 'utf8');
    } catch (cause) {
      throw new Error(`open ${file}: ${describeError(cause)}`, {cause});
    }
    return parseConfig(content, options);
  }

  async #apply(config: AlertmanagerConfig): Promise<void> {
    for (const warning of config.warnings) this.#options.logger.warn(warning);
    await this.alertmanager.apply(config);
    this.lastReload.successful = true;
    this.lastReload.timeMs = Date.now();
    this.lastReload.hash = hashOf(config.text);
  }
}

/** 48 bits of a hash, as alertmanager_config_hash has them. */
function hashOf(text: string): number {
  return createHash('md5').update(text).digest().readUIntLE(0, 6);
}
