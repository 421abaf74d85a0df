import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import type {Worker} from 'node:worker_threads';
import type {AdminBackend, QueryAnswer, ServerState} from '../api/backend.ts';
import {failureText, statusOf, type ErrorType} from '../api/envelope.ts';
import {createApiServer, type ApiServer} from '../api/server.ts';
import type {Config, Retention} from '../config/config.ts';
import {discoveryMechanisms} from '../discovery/schema.ts';
import {LinearMemory} from '../kernels/memory.ts';
import {formatDuration} from '../model/duration.ts';
import {formatSize} from '../model/size.ts';
import {parseMetricSelector} from '../promql/parser/parser.ts';
import {noteGarbage} from '../sys/garbage.ts';
import {nodeFileSystem} from '../sys/fs.ts';
import {createLogger, type Logger} from '../sys/log.ts';
import {MemoryLedger} from '../sys/memory-ledger.ts';
import {buildInfo} from '../sys/version.ts';
import {Alerting} from './alerting.ts';
import type {EmbeddedAlertmanager} from './alertmanager/embedded.ts';
import {ConfigWatch} from './config-watch.ts';
import {Configuration} from './configuration.ts';
import {engineFeatures} from './engine-features.ts';
import {floatEncodingOf} from './features.ts';
import {startQueryWorker} from './query-client.ts';
import {queryMemoryOf} from './query-memory.ts';
import {ActiveQueries} from './active-queries.ts';
import {LightQueries} from './light-queries.ts';
import {QueryPool} from './querypool.ts';
import type {ServerFlags} from './server-flags.ts';
import type {Signals} from './signals.ts';
import {StorageClient} from './storage-client.ts';
import type {ApplyRequest} from './storage-thread.ts';

/**
 * A query worker that has not answered so long after it was told to give up is ended: operators look more often than this, and what is left of
 * 100 ms is for a busy machine.
 */
const queryGraceMs = 40;

/** Query workers besides the usual ones, so that light queries do not wait for heavy ones; and when they go again. */
const queryReliefMax = 2;
const queryIdleMs = 30_000;

/** The main thread among the readers of the shared memory: a number that no thread has. */
const mainReader = 2 ** 31 - 1;

/** Pages of blocks' indexes that it keeps for very light queries. */
const mainPagesBytesMax = 2 ** 22;

/** How long requests may go on when the server stops. */
const closeGraceMs = 5000;

/** How often the quickstart configuration looks whether there is a node exporter now. */
const quickstartCheckMs = 15_000;

/**
 * Runs the server, whose storage thread was started, until a signal, /-/quit or a fault that cannot be survived ends it. Returns
 * the exit code.
 */
export async function runServer(flags: ServerFlags, signals: Signals, storage: Worker): Promise<number> {
  const logger = createLogger(flags.log);
  const {version, revision} = buildInfo();
  logger.info('Starting Narthex', {mode: 'server', version, revision, node: process.version});
  for (const warning of flags.warnings) logger.warn(warning);
  const alertmanager =
    flags.alertmanager === null
      ? null
      : (await import('./alertmanager/embedded.ts')).embedAlertmanager(flags, logger);
  const server = new Server(flags, {alertmanager, logger, storageWorker: storage});
  server.listenToSignals(signals);
  try {
    return await server.run();
  } finally {
    signals.close();
  }
}

interface ServerParts {
  alertmanager: EmbeddedAlertmanager | null;
  logger: Logger;
  storageWorker: Worker;
}

class Server {
  readonly #flags: ServerFlags;
  readonly #logger: Logger;
  readonly #startTimeMs = Date.now();
  readonly #memory = LinearMemory.reserve();
  readonly #configuration: Configuration;
  readonly #stopped = Promise.withResolvers<number>();
  readonly #storageWorker: Worker;
  #storage!: StorageClient;
  #queries!: QueryPool;
  #alerting!: Alerting;
  readonly #alertmanager: EmbeddedAlertmanager | null;
  #state: ServerState = 'starting';
  readonly #opened = Promise.withResolvers<void>();
  /** The last reload; the first one waits until there is a storage to apply it to. */
  #reloading: Promise<void> = this.#opened.promise;

  constructor(flags: ServerFlags, {alertmanager, logger, storageWorker}: ServerParts) {
    this.#flags = flags;
    this.#logger = logger;
    this.#storageWorker = storageWorker;
    const listenPort = flags.listenAddresses[0]!.port;
    this.#configuration = new Configuration({flags, listenPort, logger});
    this.#alertmanager = alertmanager;
  }

  listenToSignals(signals: Signals): void {
    signals.handle({
      stop: (signal) => {
        this.#logger.warn('Received an OS signal, exiting gracefully...', {signal});
        this.#stopped.resolve(0);
      },
      reload: () => void this.#reload().catch(() => {}),
    });
  }

  async run(): Promise<number> {
    try {
      const config = await this.#configuration.load();
      for (const warning of config.warnings) this.#logger.warn(warning);
      if (this.#configuration.quickstart)
        this.#logger.info('There is no configuration file: the quickstart configuration is in use');
    } catch (cause) {
      this.#logger.error(`Error loading config (--config.file=${this.#flags.configFile})`, {
        file: this.#flags.configFile,
        err: cause,
      });
      return 2;
    }
    try {
      await this.#checkWebConfig();
    } catch (cause) {
      this.#logger.error('Unable to validate web configuration file', {err: cause});
      return 1;
    }
    try {
      await this.#alertmanager?.check();
    } catch (cause) {
      const file = this.#flags.alertmanager!.configFile;
      this.#logger.error(`Error loading config (--alertmanager.config.file=${file})`, {file, err: cause});
      return 2;
    }
    try {
      this.#storage = this.#startStorage(this.#configuration.current);
    } catch (cause) {
      this.#logger.error('Opening storage failed', {err: cause});
      return 1;
    }
    this.#queries = this.#startQueries();
    this.#alerting = new Alerting({
      flags: this.#flags,
      logger: this.#logger,
      queries: this.#queries,
      store: this.#storage.rules,
      parse: engineFeatures(this.#flags.features),
      global: () => this.#configuration.current.global,
    });
    let useRules: () => Promise<void>;
    try {
      useRules = await this.#alerting.prepare(this.#configuration.current);
    } catch (cause) {
      this.#logger.error(
        `Error loading rule file patterns from config (--config.file=${this.#flags.configFile})`,
        {
          file: this.#flags.configFile,
          err: cause,
        },
      );
      await this.#storage.close();
      return 2;
    }
    const api = this.#createApi();
    try {
      await this.#alertmanager?.addRoutes(api.http);
      await this.#listen(api);
      await this.#alertmanager?.listen();
      this.#open(useRules)
        .catch((cause: unknown) => {
          if (this.#state === 'stopping') return; // Ended by ourselves.
          this.#logger.error('Opening storage failed', {err: cause});
          this.#stopped.resolve(1);
        })
        .finally(() => this.#opened.resolve());
      return await this.#stopped.promise;
    } catch (cause) {
      this.#logger.error('Unable to start web listener', {err: cause});
      return 1;
    } finally {
      await this.#close(api);
    }
  }

  #startStorage(config: Config): StorageClient {
    const {features} = this.#flags;
    return new StorageClient(this.#storageWorker, {
      memory: this.#memory.wasm,
      dataFolder: this.#flags.storagePath,
      lockfile: this.#flags.lockfile,
      externalLabels: config.global.externalLabels,
      exemplarsMax: this.#exemplarsMax(config),
      scrapeFeatures: {
        starts: features.has('created-timestamp-zero-ingestion')
          ? 'zero'
          : features.has('st-storage')
            ? 'store'
            : 'none',
        typeAndUnit: features.has('type-and-unit-labels'),
      },
      floatEncoding: floatEncodingOf(config, features),
      histogramStartTimes: features.has('histograms-st-encoding'),
      walStartTimes: features.has('st-storage'),
      snapshots: features.has('memory-snapshot-on-shutdown'),
      retention: config.storage.retention,
      blockMsMin: this.#flags.blockMsMin,
      blockMsMax: this.#flags.blockMsMax,
      log: this.#flags.log,
      onDeath: (error) => {
        this.#logger.error('The storage thread ended: nothing can be stored any more', {err: error});
        this.#stopped.resolve(1);
      },
    });
  }

  #startQueries(): QueryPool {
    const flags = this.#flags;
    const memory = queryMemoryOf(flags);
    const ledger = new MemoryLedger(memory.totalBytesMax);
    // The first place is for answers that are on their way to clients.
    let answerBytes = 0;
    const mainPlace = 1;
    const places = new Set([0, mainPlace]);
    const countAnswer = (bytes: number): void => ledger.note(0, (answerBytes += bytes));
    const passOn = (place: number, bytes: number): (() => void) => {
      ledger.note(place, 0);
      countAnswer(bytes);
      return () => {
        countAnswer(-bytes);
        noteGarbage(bytes);
      };
    };
    const world = {
      memory: this.#memory.wasm,
      dataFolder: flags.storagePath,
      log: flags.log,
      lookbackDeltaMs: flags.lookbackDeltaMs,
      maxSamples: flags.queryMaxSamples,
      maxBytes: memory.queryBytesMax,
      features: engineFeatures(flags.features),
    };
    const ledgerOf = (place: number) => ({bytesMax: ledger.bytesMax, places: ledger.places, place});
    const evaluationIntervalMs = (): number => this.#configuration.current.global.evaluationIntervalMs;
    const light = new LightQueries({
      evaluationIntervalMs,
      load: async () => {
        const [{openQueryWorld}, {answerQuery}] = await Promise.all([
          import('./query-world.ts'),
          import('./query-answers.ts'),
        ]);
        const options = {...world, ledger: ledgerOf(mainPlace)};
        const place = {owner: mainReader, pagesBytesMax: mainPagesBytesMax};
        return {
          world: openQueryWorld(options, place),
          answer: answerQuery,
          onAnswer: (bytes) => passOn(mainPlace, bytes),
        };
      },
    });
    return new QueryPool({
      answerLight: (request, costSeconds, alone) => light.answer(request, costSeconds, alone),
      // On a small machine a second worker keeps dashboards alive beside a heavy query.
      workersMax: Math.max(2, availableParallelism() - 1),
      concurrencyMax: flags.queryConcurrency,
      timeoutMs: flags.queryTimeoutMs,
      reliefMax: queryReliefMax,
      graceMs: queryGraceMs,
      idleMs: queryIdleMs,
      startWorker: () => {
        const place = ledger.take(places);
        places.add(place);
        return startQueryWorker({
          ...world,
          ledger: ledgerOf(place),
          evaluationIntervalMs,
          onAnswer: (bytes) => passOn(place, bytes),
          onEnd: (threadId) => {
            ledger.note(place, 0);
            places.delete(place);
            if (this.#state === 'stopping') return;
            this.#storage.clearReader(threadId).catch((cause: unknown) => {
              this.#logger.error('Cannot clear the place of a query thread that ended', {err: cause});
            });
          },
        });
      },
      errorAnswer,
      memory: () => ({...memory, heldBytes: ledger.bytes}),
    });
  }

  #createApi(): ApiServer {
    const flags = this.#flags;
    return createApiServer({
      backend: {
        query: this.#queries,
        storage: this.#storage,
        alerting: this.#alerting,
        admin: this.#admin(),
      },
      logger: this.#logger,
      buildInfo: buildInfo(),
      listenAddresses: flags.listenAddresses,
      externalUrl: flags.externalUrl,
      routePrefix: flags.routePrefix,
      webRoot: fileURLToPath(new URL('../../web/dist', import.meta.url)),
      corsOrigin: flags.corsOrigin,
      connectionsMax: flags.connectionsMax,
      readTimeoutMs: flags.readTimeoutMs,
      webConfigFile: flags.webConfigFile,
      enableLifecycle: flags.enableLifecycle,
      enableRemoteWriteReceiver: flags.enableRemoteWriteReceiver,
      enableAdminApi: flags.enableAdminApi,
      features: flags.features,
      otherFamilies: async () => (await this.#alertmanager?.families()) ?? [],
      serviceDiscoveries: ['static', ...discoveryMechanisms],
      parseSelector: (text) => parseMetricSelector(text).map(({type, name, value}) => ({type, name, value})),
    });
  }

  #admin(): AdminBackend {
    return {
      state: () => this.#state,
      replayProgress: () => this.#storage.replayProgress(),
      reload: () => this.#reload(),
      quit: () => this.#stopped.resolve(0),
      configYaml: () => this.#configuration.yaml(),
      relabelConfigs: (scrapePool) =>
        this.#configuration.current.scrapeConfigs.find(({jobName}) => jobName === scrapePool)
          ?.relabelConfigs ?? null,
      flags: this.#flags.values,
      startTimeMs: this.#startTimeMs,
      lastReload: () => this.#configuration.lastReload,
      storageRetention: () => retentionText(this.#configuration.current.storage.retention),
      externalLabels: () => this.#configuration.current.global.externalLabels,
    };
  }

  async #checkWebConfig(): Promise<void> {
    const {webConfigFile} = this.#flags;
    if (webConfigFile === '') return;
    const {checkWebConfig} = await import('../http/web-config.ts');
    checkWebConfig(webConfigFile);
  }

  async #listen(api: ApiServer): Promise<void> {
    for (const {host, port} of await api.listen()) {
      const name = host === '' || host === '0.0.0.0' || host === '::' ? 'localhost' : host;
      const prefix = this.#flags.routePrefix === '/' ? '' : this.#flags.routePrefix;
      const url = `${api.http.isSecure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}${prefix}/`;
      this.#logger.info('Listening', {address: `${host}:${port}`, url});
      if (process.stdout.isTTY || this.#configuration.quickstart)
        process.stdout.write(`\n  Narthex is at ${url}\n\n`);
    }
  }

  async #open(useRules: () => Promise<void>): Promise<void> {
    await this.#storage.open();
    await this.#storage.apply(this.#applyRequest(this.#configuration.current));
    await this.#openAlertmanager();
    await useRules();
    if (this.#state === 'starting') this.#state = 'ready';
    this.#queries.track(
      new ActiveQueries({
        fs: nodeFileSystem,
        dir: this.#flags.storagePath,
        max: this.#flags.queryConcurrency,
        log: this.#logger.child({component: 'activeQueryTracker'}),
        now: Date.now,
      }),
    );
    this.#queries.warm();
    if (this.#state === 'ready') this.#alerting.start();
    this.#logger.info('Server is ready to receive web requests.');
    if (this.#configuration.quickstart) this.#followNodeExporter();
    else if (this.#flags.autoReloadIntervalMs > 0) this.#followFiles();
  }

  async #openAlertmanager(): Promise<void> {
    const alertmanager = this.#alertmanager;
    if (alertmanager === null) return;
    await alertmanager.open();
    this.#alerting.notifier.embedded = (alerts) => alertmanager.deliver(alerts);
    this.#alerting.estimate = (request) => alertmanager.estimate(request);
  }

  #applyRequest(config: Config): ApplyRequest {
    return {
      scrapeConfigs: config.scrapeConfigs,
      exemplarsMax: this.#exemplarsMax(config),
      outOfOrderWindowMs: config.storage.outOfOrderWindowMs,
      floatEncoding: floatEncodingOf(config, this.#flags.features),
      staleSeriesThreshold: config.storage.staleSeriesThreshold,
      retention: config.storage.retention,
    };
  }

  #exemplarsMax(config: Config): number {
    return this.#flags.features.has('exemplar-storage') ? config.storage.exemplarsMax : 0;
  }

  #followFiles(): void {
    const watch = new ConfigWatch(this.#flags.configFile);
    watch.note(this.#configuration.current);
    const timer = setInterval(() => {
      if (this.#state === 'stopping' || !watch.changed(this.#configuration.current)) return;
      this.#logger.info('Configuration file change detected, reloading the configuration.');
      this.#reload()
        // A configuration with other files than before has not changed by that.
        .then(() => watch.note(this.#configuration.current))
        // What is wrong was logged.
        .catch(() => {});
    }, this.#flags.autoReloadIntervalMs);
    timer.unref();
  }

  #followNodeExporter(): void {
    const timer = setInterval(() => {
      this.#configuration
        .quickstartIsStale()
        .then((stale) => (stale ? this.#reload() : undefined))
        .catch((cause: unknown) => this.#logger.error('Cannot look for a node exporter', {err: cause}));
    }, quickstartCheckMs);
    timer.unref();
  }

  /** One after the other: a signal during a reload starts another one after it. */
  #reload(): Promise<void> {
    const next = this.#reloading.then(async () => {
      if (this.#state === 'stopping') throw new Error('the server is stopping');
      await this.#configuration.reload(async (config) => {
        const useRules = await this.#alerting.prepare(config);
        await this.#storage.apply(this.#applyRequest(config));
        await useRules();
      });
      await this.#alertmanager?.reload();
    });
    this.#reloading = next.catch(() => {});
    return next;
  }

  /**
   * Stops scraping and accepting, lets requests end, then closes the storage, so that everything acknowledged is on disk.
   * Scraping ends first: a server that scrapes itself would note that it is down.
   */
  async #close(api: ApiServer): Promise<void> {
    this.#state = 'stopping';
    try {
      // First of all: rules that tell of what is absent would fire when nothing is scraped any more.
      await this.#alerting.stop();
      await this.#alertmanager?.close(closeGraceMs);
      await this.#storage.stopScraping();
      await api.close(closeGraceMs);
    } catch (cause) {
      this.#logger.error('Error closing the web listener', {err: cause});
    }
    this.#queries.close();
    try {
      await this.#storage.close();
    } catch (cause) {
      this.#logger.error('Error closing the storage', {err: cause});
    }
    this.#logger.info('See you next time!');
  }
}

/** As /api/v1/status/runtimeinfo says it. */
function retentionText({timeMs, bytes, percentage}: Retention): string {
  const limits: string[] = [];
  if (timeMs !== 0) limits.push(formatDuration(timeMs));
  if (bytes !== 0) limits.push(formatSize(bytes));
  if (percentage !== 0) limits.push(`${percentage}%`);
  return limits.join(' or ');
}

function errorAnswer(type: ErrorType, message: string): QueryAnswer {
  return {status: statusOf(type), body: Buffer.from(failureText(type, message))};
}
