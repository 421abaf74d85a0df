import type {HttpClientConfig} from '../http/client-config.ts';
import type {DnsType} from './resolver.ts';

/** One entry of some `*_sd_configs`, defaults filled in. Plain data: it travels between threads, and equal ones share a discoverer. */
export type DiscoveryConfig =
  | ConsulDiscoveryConfig
  | DnsDiscoveryConfig
  | FileDiscoveryConfig
  | HttpDiscoveryConfig
  | KubernetesDiscoveryConfig;

export interface ConsulDiscoveryConfig {
  mechanism: 'consul';
  /** `host:port`. */
  server: string;
  pathPrefix: string;
  token: string;
  /** '' = that of the agent. */
  datacenter: string;
  namespace: string;
  partition: string;
  tagSeparator: string;
  scheme: string;
  allowStale: boolean;
  refreshIntervalMs: number;
  /** Empty = all of them. */
  services: string[];
  /** A service must have all of them. */
  tags: string[];
  nodeMeta: Record<string, string>;
  filter: string;
  healthFilter: string;
  client: HttpClientConfig;
}

export interface DnsDiscoveryConfig {
  mechanism: 'dns';
  names: string[];
  type: DnsType;
  /** For all types but SRV. */
  port: number;
  refreshIntervalMs: number;
}

export interface FileDiscoveryConfig {
  mechanism: 'file';
  /** Patterns as Go's filepath.Glob reads them, absolute or relative to the working directory. */
  files: string[];
  refreshIntervalMs: number;
}

export interface HttpDiscoveryConfig {
  mechanism: 'http';
  url: string;
  refreshIntervalMs: number;
  client: HttpClientConfig;
}

export type KubernetesRoleName = 'node' | 'service' | 'pod' | 'endpoints' | 'endpointslice' | 'ingress';

/** What labels are taken from besides the objects of the role. */
export interface KubernetesMetadata {
  node: boolean;
  namespace: boolean;
  deployment: boolean;
  job: boolean;
  cronjob: boolean;
}

export interface KubernetesDiscoveryConfig {
  mechanism: 'kubernetes';
  role: KubernetesRoleName;
  /** '' = that of the kubeconfig file, or of the cluster that this process runs in. */
  apiServer: string;
  kubeconfigFile: string;
  /** Without names and `own` all of them. */
  namespaces: {own: boolean; names: string[]};
  selectors: {role: KubernetesRoleName; label: string; field: string}[];
  metadata: KubernetesMetadata;
  client: HttpClientConfig;
}
