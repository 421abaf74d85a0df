import type {HttpClientConfig} from '../http/client-config.ts';
import type {SigV4Config} from '../http/sigv4-config.ts';
import type {DnsType} from './resolver.ts';

/** One entry of some `*_sd_configs`, defaults filled in. Plain data: it travels between threads, and equal ones share a discoverer. */
export type DiscoveryConfig =
  | ConsulDiscoveryConfig
  | DnsDiscoveryConfig
  | DockerDiscoveryConfig
  | Ec2DiscoveryConfig
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

export interface DockerDiscoveryConfig {
  mechanism: 'docker';
  /** `unix:///var/run/docker.sock`, `tcp://host:port` or a URL. */
  host: string;
  /** Of containers that tell no port. */
  port: number;
  filters: {name: string; values: string[]}[];
  /** The address of containers that use the network of their host. */
  hostNetworkingHost: string;
  /** Of a container in several networks, only the first one counts. */
  matchFirstNetwork: boolean;
  refreshIntervalMs: number;
  client: HttpClientConfig;
}

export interface Ec2DiscoveryConfig {
  mechanism: 'ec2';
  /** '' = that of the region. */
  endpoint: string;
  /** Empty fields: as AWS's own programs find them. */
  identity: SigV4Config;
  port: number;
  filters: {name: string; values: string[]}[];
  refreshIntervalMs: number;
  client: HttpClientConfig;
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
