import {nodeDiscoveryFiles} from '../discovery/files.ts';
import {DiscoveryManager, type OnTargets} from '../discovery/manager.ts';
import {systemResolver} from '../discovery/resolver.ts';
import {HttpClient} from '../http/client.ts';
import {systemClock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';

/** Service discovery in the real world. */
export function createDiscovery(
  logger: Logger,
  name: 'scrape' | 'notify',
  onTargets: OnTargets,
): DiscoveryManager {
  return new DiscoveryManager(
    {
      clock: systemClock,
      logger: logger.child({component: `discovery manager ${name}`}),
      files: nodeDiscoveryFiles,
      resolver: systemResolver(),
      createHttpClient: (config) => new HttpClient(config, () => systemClock.elapsed()),
    },
    onTargets,
  );
}
