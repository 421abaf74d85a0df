import type {HttpClientConfig} from '../http/client-config.ts';
import type {SigV4Config} from '../http/sigv4-config.ts';
import type {RelabelConfig} from '../relabel/config.ts';
import type {AzureAdConfig} from './azuread-config.ts';

/** One entry of remote_write, defaults filled in. Plain data: it travels between threads. */
export interface RemoteWriteConfig {
  url: string;
  /** '' = made of what the entry says. */
  name: string;
  timeoutMs: number;
  headers: Record<string, string>;
  writeRelabelConfigs: RelabelConfig[];
  sendExemplars: boolean;
  sendNativeHistograms: boolean;
  roundRobinDns: boolean;
  message: RemoteWriteMessage;
  failedRequestLogging: boolean;
  client: HttpClientConfig;
  queue: QueueConfig;
  metadata: MetadataConfig;
  sigV4: SigV4Config | null;
  azureAd: AzureAdConfig | null;
  /** '' = what the environment says; null = not used. */
  googleIamCredentialsFile: string | null;
}

export type RemoteWriteMessage = 'prometheus.WriteRequest' | 'io.prometheus.write.v2.Request';

export interface QueueConfig {
  /** Samples that one shard keeps. */
  capacity: number;
  maxShards: number;
  minShards: number;
  maxSamplesPerSend: number;
  batchSendDeadlineMs: number;
  minBackoffMs: number;
  maxBackoffMs: number;
  retryOnRateLimit: boolean;
  /** 0 = none is too old. */
  sampleAgeLimitMs: number;
}

export interface MetadataConfig {
  send: boolean;
  sendIntervalMs: number;
  maxSamplesPerSend: number;
}
