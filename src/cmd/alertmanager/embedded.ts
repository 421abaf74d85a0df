// The Alertmanager within the server.
import type {FiringAlert, NotificationCount} from '../../alertmanager/estimate.ts';
import type {Family} from '../../api/families.ts';
import {redirect} from '../../http/reply.ts';
import type {HttpServer} from '../../http/server.ts';
import {webUrlOf} from '../../http/weburl.ts';
import type {NotifiedAlert} from '../../rules/world.ts';
import type {Logger} from '../../sys/log.ts';
import type {EmbeddedAlertmanagerFlags, ServerFlags} from '../server-flags.ts';
import {AlertmanagerService} from './service.ts';
import {addMetricsRoute, createAlertmanagerServer} from './web.ts';

const base = '/alertmanager';

export class EmbeddedAlertmanager {
  readonly #flags: EmbeddedAlertmanagerFlags;
  readonly #logger: Logger;
  readonly #service: AlertmanagerService;
  /** Path of links to the server's pages. */
  readonly #externalPath: string;
  /** Null where it answers below the server's own addresses. */
  readonly #web: HttpServer | null;

  constructor(
    flags: EmbeddedAlertmanagerFlags,
    external: {url: string; path: string; webConfigFile: string},
    logger: Logger,
  ) {
    this.#flags = flags;
    this.#logger = logger;
    this.#externalPath = external.path;
    const {configFile, storagePath, settings, listenAddresses} = flags;
    const [own] = listenAddresses;
    const externalUrl = own === undefined ? `${external.url}${base}` : webUrlOf('', '', own).external;
    this.#service = new AlertmanagerService({configFile, storagePath, externalUrl, settings, logger});
    this.#web =
      listenAddresses.length === 0
        ? null
        : createAlertmanagerServer(this.#service, {
            listenAddresses,
            // Who asks for passwords wants no other way in.
            webConfigFile: external.webConfigFile,
            routePrefix: '',
            timeoutMs: 0,
            logger,
          });
  }

  /** Whether the configuration can be read. Throws. */
  check(): void {
    this.#service.check();
  }

  /** Before the server listens. */
  addRoutes(server: HttpServer): void {
    if (this.#web === null) {
      this.#service.addRoutes(server, base);
      addMetricsRoute(server, base, this.#service);
    }
    // Links in messages lead here; what stands behind # goes along.
    const toPage = (): ReturnType<typeof redirect> => redirect(302, `${this.#externalPath}/alerts`);
    server.route(['GET'], base, toPage);
    server.route(['GET'], `${base}/`, toPage);
  }

  async listen(): Promise<void> {
    for (const {host, port} of (await this.#web?.listen()) ?? [])
      this.#logger.info('Listening', {address: `${host}:${port}`});
  }

  /** Throws where the state cannot be read. */
  async open(): Promise<void> {
    if (this.#flags.configFile === '')
      this.#logger.info('There is no --alertmanager.config.file: alerts are kept, and nobody is notified');
    await this.#service.open();
  }

  async reload(): Promise<void> {
    await this.#service.reload();
  }

  deliver(alerts: readonly NotifiedAlert[]): void {
    this.#service.deliver(alerts);
  }

  estimate(request: {alerts: readonly FiringAlert[]; endMs: number}): Promise<NotificationCount[] | null> {
    return this.#service.estimate(request);
  }

  families(): Family[] {
    return this.#service.families();
  }

  async close(graceMs: number): Promise<void> {
    await this.#web?.close(graceMs);
    await this.#service.close();
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
