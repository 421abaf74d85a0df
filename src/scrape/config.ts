import type {DiscoveryConfig} from '../discovery/config.ts';
import type {TargetGroup} from '../discovery/targetgroup.ts';
import type {HttpClientConfig} from '../http/client-config.ts';
import type {RelabelConfig} from '../relabel/config.ts';
import type {EscapingScheme, ValidationScheme} from './global-config.ts';

/** One entry of scrape_configs, defaults filled in. Plain data: it travels from the main thread to the storage thread. */
export interface ScrapeConfig extends HttpClientConfig {
  jobName: string;
  scrapeIntervalMs: number;
  scrapeTimeoutMs: number;
  metricsPath: string;
  scheme: 'http' | 'https';
  params: Record<string, string[]>;
  honorLabels: boolean;
  honorTimestamps: boolean;
  trackTimestampsStaleness: boolean;
  /** Offer gzip (and zstd) in Accept-Encoding. */
  enableCompression: boolean;
  /** In order of preference, for example 'OpenMetricsText1.0.0', 'PrometheusText0.0.4'. */
  scrapeProtocols: string[];
  /** Used where a target sends no or an unknown Content-Type; '' = such a scrape fails. */
  fallbackScrapeProtocol: string;
  scrapeNativeHistograms: boolean;
  /** Take the classic part of native histograms, too. */
  alwaysScrapeClassicHistograms: boolean;
  /** Make native histograms of classic ones. */
  convertClassicHistogramsToNhcb: boolean;
  /** 0 = as fine as they come. */
  nativeHistogramMinBucketFactor: number;
  metricNameValidationScheme: ValidationScheme;
  metricNameEscapingScheme: EscapingScheme;
  /** Failed scrapes are logged there; '' = nowhere. */
  scrapeFailureLogFile: string;
  /** Report the timeout, the limit of samples and the size of the body, too. */
  extraScrapeMetrics: boolean;
  /** Limits; 0 = none. */
  nativeHistogramBucketLimit: number;
  bodySizeLimitBytes: number;
  sampleLimit: number;
  labelLimit: number;
  labelNameLengthLimit: number;
  labelValueLengthLimit: number;
  targetLimit: number;
  /** Dropped targets to remember for the targets page; 0 = all. */
  keepDroppedTargets?: number;
  relabelConfigs: RelabelConfig[];
  metricRelabelConfigs: RelabelConfig[];
  staticConfigs: TargetGroup[];
  discoveryConfigs: DiscoveryConfig[];
}
