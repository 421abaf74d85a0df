import type {HttpClientConfig} from '../http/client-config.ts';
import type {HttpFetcher} from '../http/client.ts';
import type {KubeInformers} from '../kube/informers.ts';
import type {KubeWorld} from '../kube/kubeconfig.ts';
import type {Clock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import type {DiscoveryFiles} from './files.ts';
import type {DnsResolver} from './resolver.ts';

/** What discoverers see of the world, passed in so that tests can make it up. */
export interface DiscoveryWorld {
  clock: Clock;
  logger: Logger;
  files: DiscoveryFiles;
  resolver: DnsResolver;
  kubeWorld: KubeWorld;
  /** Shared by all that follow the same cluster. */
  kube: KubeInformers;
  createHttpClient: (config: HttpClientConfig) => HttpFetcher;
}
