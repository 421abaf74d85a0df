// `narthex alertmanager`: an Alertmanager alone.
import {Registry} from '@prometheus-io/client';
import {FamilyList, type Family} from '../../api/families.ts';
import {addProcessFamilies} from '../../api/process-families.ts';
import {writeFamilies} from '../../api/self-metrics.ts';
import {textError, type HttpReply} from '../../http/reply.ts';
import {HttpServer} from '../../http/server.ts';
import {webUrlOf} from '../../http/weburl.ts';
import {createLogger, type Logger} from '../../sys/log.ts';
import {buildInfo} from '../../sys/version.ts';
import type {Signals} from '../signals.ts';
import type {AlertmanagerFlags} from './flags.ts';
import {AlertmanagerService} from './service.ts';

const closeGraceMs = 5000;
const connectionsMax = 512;
const readTimeoutMs = 300_000;

/** Runs until a signal ends it. Returns the exit code. */
export async function runAlertmanager(flags: AlertmanagerFlags, signals: Signals): Promise<number> {
  const logger = createLogger(flags.log);
  const {version, revision} = buildInfo();
  logger.info('Starting Narthex', {mode: 'alertmanager', version, revision, node: process.version});
  for (const warning of flags.warnings) logger.warn(warning);
  const stopped = Promise.withResolvers<void>();
  const webUrl = webUrlOf(flags.externalUrl, flags.routePrefix, flags.listenAddresses[0]!);
  const service = new AlertmanagerService({
    configFile: flags.configFile,
    storagePath: flags.storagePath,
    externalUrl: webUrl.external,
    settings: flags.settings,
    logger,
  });
  signals.handle({
    stop: (signal) => {
      logger.info('Received an OS signal, exiting gracefully...', {signal});
      stopped.resolve();
    },
    reload: () => void service.reload().catch(() => {}),
  });
  try {
    logger.info('Loading configuration file', {file: flags.configFile});
    await service.open();
    logger.info('Completed loading of configuration file', {file: flags.configFile});
  } catch (error) {
    logger.error('Loading configuration file failed', {file: flags.configFile, err: error});
    signals.close();
    return 1;
  }
  const server = createServer(service, flags, webUrl.routePrefix, logger);
  try {
    for (const {host, port} of await server.listen())
      logger.info('Listening on', {address: `${host.includes(':') ? `[${host}]` : host}:${port}`});
    await stopped.promise;
    return 0;
  } catch (error) {
    logger.error('Listen error', {err: error});
    return 1;
  } finally {
    await server.close(closeGraceMs);
    await service.close();
    signals.close();
    logger.info('See you next time!');
  }
}

function createServer(
  service: AlertmanagerService,
  flags: AlertmanagerFlags,
  routePrefix: string,
  logger: Logger,
): HttpServer {
  const server = new HttpServer({
    logger,
    listenAddresses: flags.listenAddresses,
    routePrefix,
    connectionsMax,
    readTimeoutMs: flags.timeoutMs === 0 ? readTimeoutMs : flags.timeoutMs,
    errorReply: textError,
  });
  service.addRoutes(server, '');
  server.route(['GET'], '/metrics', async (): Promise<HttpReply> => {
    const type = Registry.PROMETHEUS_CONTENT_TYPE;
    return {status: 200, contentType: type, body: await writeFamilies(familiesOf(service, server), type)};
  });
  return server;
}

function familiesOf(service: AlertmanagerService, server: HttpServer): Family[] {
  const list = new FamilyList();
  const {version, revision, branch, goVersion} = buildInfo();
  list.gauge('alertmanager_build_info', 'Always 1; what runs is in the labels.', 1, {
    branch,
    goarch: process.arch === 'x64' ? 'amd64' : process.arch,
    goos: process.platform,
    goversion: goVersion,
    revision,
    tags: 'narthex',
    version,
  });
  const handlers = server.statistics();
  list.histogram(
    {name: 'alertmanager_http_request_duration_seconds', help: 'Time until the answer was ready to be sent.'},
    handlers,
    ({handler, durations}) => ({labels: {handler}, counts: durations}),
  );
  list.histogram(
    {name: 'alertmanager_http_response_size_bytes', help: 'Size of answers as they were sent.'},
    handlers,
    ({handler, sizes}) => ({labels: {handler}, counts: sizes}),
  );
  addProcessFamilies(list);
  return [...list.families, ...service.families()].sort((left, right) => (left.name < right.name ? -1 : 1));
}
