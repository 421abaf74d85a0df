import type {HttpClientConfig} from '../http/client-config.ts';

/** One entry of some `*_sd_configs`, defaults filled in. Plain data: it travels between threads, and equal ones share a discoverer. */
export type DiscoveryConfig = FileDiscoveryConfig | HttpDiscoveryConfig;

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
