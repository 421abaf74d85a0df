import type {DiscoveryConfig} from '../discovery/config.ts';
import type {TargetGroup} from '../discovery/targetgroup.ts';
import type {HttpClientConfig} from '../http/client-config.ts';
import type {SigV4Config} from '../http/sigv4-config.ts';
import type {RelabelConfig} from '../relabel/config.ts';

/** The alerting section, defaults filled in. Plain data: it travels between threads. */
export interface AlertingConfig {
  /** For all alerts, before they are sent to anybody. */
  alertRelabelConfigs: RelabelConfig[];
  alertmanagers: AlertmanagerConfig[];
}

/** One entry of alertmanagers: servers that all get the alerts, and how to talk to them. */
export interface AlertmanagerConfig {
  client: HttpClientConfig;
  /** null = requests are not signed. */
  sigV4: SigV4Config | null;
  scheme: string;
  /** Before /api/v2/alerts; '' = nothing. */
  pathPrefix: string;
  timeoutMs: number;
  apiVersion: 'v2';
  /** For targets: which of them are alertmanagers, and where. */
  relabelConfigs: RelabelConfig[];
  /** For alerts that are sent to these alertmanagers. */
  alertRelabelConfigs: RelabelConfig[];
  staticConfigs: TargetGroup[];
  discoveryConfigs: DiscoveryConfig[];
}
