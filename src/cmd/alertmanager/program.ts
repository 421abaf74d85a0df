// `narthex alertmanager`: an Alertmanager alone.
import {webUrlOf} from '../../http/weburl.ts';
import {createLogger} from '../../sys/log.ts';
import {buildInfo} from '../../sys/version.ts';
import type {Signals} from '../signals.ts';
import type {AlertmanagerFlags} from './flags.ts';
import {AlertmanagerService} from './service.ts';
import {createAlertmanagerServer} from './web.ts';

const closeGraceMs = 5000;

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
  const server = createAlertmanagerServer(service, {
    listenAddresses: flags.listenAddresses,
    systemdSocket: flags.systemdSocket,
    webConfigFile: flags.webConfigFile,
    routePrefix: webUrl.routePrefix,
    timeoutMs: flags.timeoutMs,
    logger,
  });
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
