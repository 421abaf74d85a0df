import type {HttpClientConfig} from '../http/client-config.ts';
import type {AwsCredentialsSource} from '../http/aws-credentials.ts';
import type {HttpFetcher, HttpSender} from '../http/client.ts';
import type {SigV4Config} from '../http/sigv4-config.ts';
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
  createHttpClient: (config: HttpClientConfig) => HttpSender;
  /** For a server that listens on a socket in the file system. */
  createUnixClient: (socketPath: string) => HttpFetcher;
  createAwsCredentials: (config: SigV4Config, http: HttpSender) => AwsCredentialsSource;
}
