import type {GlobalDefaults} from '../config/global.ts';
import {protobufFirstScrapeProtocols} from '../scrape/global-config.ts';
import {connect} from 'node:net';
import {existsSync} from 'node:fs';
import {formatConfig, loadConfig, type Config, type ConfigOptions} from '../config/config.ts';
import {quickstartConfig} from '../config/quickstart.ts';
import type {Logger} from '../sys/log.ts';
import type {ServerFlags} from './server-flags.ts';

const nodeExporterPort = 9100;

/**
 * The configuration in force: read from the file of the flags or, where none was given and there is no prometheus.yml, the
 * quickstart configuration, which follows whether a node exporter is there.
 */
export class Configuration {
  readonly quickstart: boolean;
  readonly #flags: ServerFlags;
  readonly #logger: Logger;
  readonly #listenPort: number;
  #current: Config | null = null;
  #nodeExporter = false;
  #lastReload = {successful: true, timeMs: 0};

  constructor(options: {flags: ServerFlags; listenPort: number; logger: Logger}) {
    this.#flags = options.flags;
    this.#logger = options.logger;
    this.#listenPort = options.listenPort;
    this.quickstart = !options.flags.configFileGiven && !existsSync(options.flags.configFile);
  }

  get current(): Config {
    if (this.#current === null) throw new Error('BUG: the configuration is read before it is used');
    return this.#current;
  }

  get lastReload(): {successful: boolean; timeMs: number} {
    return this.#lastReload;
  }

  /** The effective configuration as text, secrets hidden. */
  yaml(): string {
    return formatConfig(this.current);
  }

  /** Reads it for the first time. Throws what is wrong with it. */
  async load(): Promise<Config> {
    const config = await this.#read();
    this.#current = config;
    this.#lastReload = {successful: true, timeMs: Date.now()};
    return config;
  }

  /**
   * Reads it again and hands it to `apply`. Where either fails the old one stays in force, which the log and the metrics
   * say, and the reason is thrown.
   */
  async reload(apply: (config: Config) => Promise<void>): Promise<void> {
    if (this.quickstart) this.#logger.info('Making the quickstart configuration again');
    else this.#logger.info('Loading configuration file', {filename: this.#flags.configFile});
    try {
      const config = await this.#read();
      await apply(config);
      this.#current = config;
      this.#lastReload = {successful: true, timeMs: Date.now()};
      for (const warning of config.warnings) this.#logger.warn(warning);
      if (this.quickstart) {
        this.#logger.info('The quickstart configuration is in use', {node_exporter: this.#nodeExporter});
      } else this.#logger.info('Completed loading of configuration file', {filename: this.#flags.configFile});
    } catch (cause) {
      this.#lastReload = {...this.#lastReload, successful: false};
      this.#logger.error('Error reloading config', {err: cause});
      throw cause;
    }
  }

  /** Whether the node exporter has come or gone since the quickstart configuration was made. */
  async quickstartIsStale(): Promise<boolean> {
    return this.quickstart && (await isListening(nodeExporterPort)) !== this.#nodeExporter;
  }

  async #read(): Promise<Config> {
    const options: ConfigOptions = {
      retention: this.#flags.retention,
      defaults: defaultsOf(this.#flags.features),
    };
    if (!this.quickstart) return loadConfig(this.#flags.configFile, options);
    this.#nodeExporter = await isListening(nodeExporterPort);
    const {routePrefix} = this.#flags;
    const own = {listenPort: this.#listenPort, routePrefix, nodeExporter: this.#nodeExporter};
    return quickstartConfig(own, options);
  }
}

/** Whether somebody accepts connections on this port of the machine itself. */
function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({port, host: 'localhost', timeout: 1000});
    const settle = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}

/** Defaults of the global section that are others with some features. */
function defaultsOf(features: ReadonlySet<string>): GlobalDefaults {
  const wantsStarts = features.has('created-timestamp-zero-ingestion') || features.has('st-storage');
  return {
    extraScrapeMetrics: features.has('extra-scrape-metrics'),
    ...(wantsStarts ? {scrapeProtocols: protobufFirstScrapeProtocols} : {}),
  };
}
