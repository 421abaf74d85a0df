import type {HttpClientConfig} from '../http/client-config.ts';
import type {DnsType} from './resolver.ts';

/** One entry of some `*_sd_configs`, defaults filled in. Plain data: it travels between threads, and equal ones share a discoverer. */
export type DiscoveryConfig = DnsDiscoveryConfig | FileDiscoveryConfig | HttpDiscoveryConfig;

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
