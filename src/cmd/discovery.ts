import {readFileSync} from 'node:fs';
import {nodeDiscoveryFiles} from '../discovery/files.ts';
import {kubernetesProjections} from '../discovery/kubernetes/projections.ts';
import {DiscoveryManager, type OnTargets} from '../discovery/manager.ts';
import {systemResolver} from '../discovery/resolver.ts';
import {AwsCredentialsSource} from '../http/aws-credentials.ts';
import type {HttpClientConfig} from '../http/client-config.ts';
import {HttpClient} from '../http/client.ts';
import {UnixSocketClient} from '../http/unixsocket.ts';
import {KubeInformers} from '../kube/informers.ts';
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
      kubeWorld: {readFile: (file) => readFileSync(file, 'utf8'), environment: process.env},
      kube: new KubeInformers(systemClock, kubernetesProjections),
      createHttpClient,
      createUnixClient: (socketPath) => new UnixSocketClient(socketPath),
      createAwsCredentials: (config, http) =>
        new AwsCredentialsSource(config, {environment: process.env, http, now: () => systemClock.now()}),
    },
    onTargets,
  );
}

export function createHttpClient(config: HttpClientConfig): HttpClient {
  return new HttpClient(config, () => systemClock.elapsed());
}
