// The Alertmanager within the server. Most servers tell another one, and this one would take 3 MB: without a configuration it is
// loaded when somebody asks for it, or when it is told of an alert.
import {readdirSync} from 'node:fs';
import type {FiringAlert, NotificationCount} from '../../alertmanager/estimate.ts';
import type {Family} from '../../api/families.ts';
import {redirect} from '../../http/reply.ts';
import type {HttpServer} from '../../http/server.ts';
import {webUrlOf} from '../../http/weburl.ts';
import type {NotifiedAlert} from '../../rules/world.ts';
import {nodeFileSystem} from '../../sys/fs.ts';
import type {Logger} from '../../sys/log.ts';
import type {EmbeddedAlertmanagerFlags, ServerFlags} from '../server-flags.ts';
import type {AlertmanagerService} from './service.ts';

const base = '/alertmanager';

export class EmbeddedAlertmanager {
  readonly #flags: EmbeddedAlertmanagerFlags;
  readonly #external: {url: string; path: string; webConfigFile: string};
  readonly #logger: Logger;
  readonly #startedAtMs = Date.now();
  /** Below whose addresses it answers; null where it has its own. */
  #server: HttpServer | null = null;
  /** Its own addresses. */
  #web: HttpServer | null = null;
  #loading: Promise<AlertmanagerService> | null = null;
  /** From open() until close() its state may be read. */
  #mayOpen = false;
  #isClosed = false;
  #opening: Promise<AlertmanagerService> | null = null;
  /** When it has been opened. */
  #service: AlertmanagerService | null = null;

  constructor(
    flags: EmbeddedAlertmanagerFlags,
    external: {url: string; path: string; webConfigFile: string},
    logger: Logger,
  ) {
    this.#flags = flags;
    this.#external = external;
    this.#logger = logger;
  }

  /** Whether the configuration can be read. Throws. */
  async check(): Promise<void> {
    if (this.#isWanted()) (await this.#load()).check();
  }

  /** Before the server listens. */
  async addRoutes(server: HttpServer): Promise<void> {
    // Links in messages lead here; what stands behind # goes along.
    const toPage = (): ReturnType<typeof redirect> => redirect(302, `${this.#external.path}/alerts`);
    server.route(['GET'], base, toPage);
    server.route(['GET'], `${base}/`, toPage);
    if (this.#flags.listenAddresses.length > 0) return;
    this.#server = server;
    if (this.#loading === null) server.routeLater(`${base}/`, () => this.#prepare());
    else {
      const [service, {addServiceRoutes}] = await Promise.all([this.#loading, import('./web.ts')]);
      addServiceRoutes(server, base, service);
    }
  }

  async listen(): Promise<void> {
    for (const {host, port} of (await this.#web?.listen()) ?? [])
      this.#logger.info('Listening', {address: `${host}:${port}`});
  }

  /** Throws where the state cannot be read. */
  async open(): Promise<void> {
    if (this.#isClosed) return;
    const {configFile, storagePath} = this.#flags;
    if (configFile === '')
      this.#logger.info('There is no --alertmanager.config.file: alerts are kept, and nobody is notified');
    if (storagePath !== '') nodeFileSystem.makeDirectory(storagePath);
    this.#mayOpen = true;
    if (this.#loading !== null) await this.#open();
  }

  async reload(): Promise<void> {
    await this.#opening?.catch(() => {});
    await (await this.#loading)?.reload();
  }

  deliver(alerts: readonly NotifiedAlert[]): void {
    if (this.#service !== null) this.#service.deliver(alerts);
    else void this.#open().then((service) => service.deliver(alerts), this.#complain);
  }

  async estimate(request: {
    alerts: readonly FiringAlert[];
    endMs: number;
  }): Promise<NotificationCount[] | null> {
    return (await this.#open()).estimate(request);
  }

  async families(): Promise<Family[]> {
    await this.#prepare();
    return (await this.#load()).families();
  }

  async close(graceMs: number): Promise<void> {
    // The server may still be asked, and what would be opened now nobody would close.
    this.#isClosed = true;
    this.#mayOpen = false;
    await this.#opening?.catch(() => {});
    await this.#web?.close(graceMs);
    await (await this.#loading?.catch(() => null))?.close();
  }

  /** Whether it has something to do that nobody has to ask for, or has had. */
  #isWanted(): boolean {
    const {configFile, storagePath, listenAddresses} = this.#flags;
    return configFile !== '' || listenAddresses.length > 0 || hasFiles(storagePath);
  }

  /** For somebody who asks: loads it, and opens it if the time for that has come. */
  async #prepare(): Promise<void> {
    await this.#load();
    if (this.#mayOpen) await this.#open().catch(this.#complain);
  }

  #load(): Promise<AlertmanagerService> {
    // With the next one who asks it may be there.
    this.#loading ??= this.#create().catch((cause: unknown) => {
      this.#loading = null;
      throw cause;
    });
    return this.#loading;
  }

  async #create(): Promise<AlertmanagerService> {
    const [{AlertmanagerService}, {addServiceRoutes, createAlertmanagerServer}] = await Promise.all([
      import('./service.ts'),
      import('./web.ts'),
    ]);
    const {configFile, storagePath, settings, listenAddresses} = this.#flags;
    const [own] = listenAddresses;
    const service = new AlertmanagerService({
      configFile,
      storagePath,
      externalUrl: own === undefined ? `${this.#external.url}${base}` : webUrlOf('', '', own).external,
      settings,
      startedAtMs: this.#startedAtMs,
      logger: this.#logger,
    });
    if (this.#server !== null) addServiceRoutes(this.#server, base, service);
    if (own !== undefined) {
      this.#web = createAlertmanagerServer(service, {
        listenAddresses,
        // Who asks for passwords wants no other way in.
        webConfigFile: this.#external.webConfigFile,
        routePrefix: '',
        timeoutMs: 0,
        logger: this.#logger,
      });
    }
    return service;
  }

  #open(): Promise<AlertmanagerService> {
    if (!this.#mayOpen) return Promise.reject(new Error('the Alertmanager is closed'));
    this.#opening ??= this.#load().then(
      async (service) => {
        await service.open();
        this.#service = service;
        return service;
      },
      (cause: unknown) => {
        this.#opening = null;
        throw cause;
      },
    );
    return this.#opening;
  }

  readonly #complain = (error: unknown): void => {
    this.#logger.error('Opening the Alertmanager failed', {err: error});
  };
}

/** Whether somebody has used such a folder. */
function hasFiles(path: string): boolean {
  try {
    return path !== '' && readdirSync(path).length > 0;
  } catch {
    return false; // What is wrong with it is said when it is opened.
  }
}

/** The flags say that there is one. */
export function embedAlertmanager(flags: ServerFlags, logger: Logger): EmbeddedAlertmanager {
  const {external, path} = webUrlOf(flags.externalUrl, flags.routePrefix, flags.listenAddresses[0]!);
  return new EmbeddedAlertmanager(
    flags.alertmanager!,
    {url: external, path, webConfigFile: flags.webConfigFile},
    logger.child({component: 'alertmanager'}),
  );
}
