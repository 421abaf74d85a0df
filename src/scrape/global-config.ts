/** What scrape_configs take from the global section where they say nothing themselves. */
export interface ScrapeDefaults {
  scrapeIntervalMs: number;
  scrapeTimeoutMs: number;
  /** null = those of the program. */
  scrapeProtocols: string[] | null;
  bodySizeLimitBytes: number;
  sampleLimit: number;
  targetLimit: number;
  labelLimit: number;
  labelNameLengthLimit: number;
  labelValueLengthLimit: number;
  keepDroppedTargets: number;
  scrapeNativeHistograms: boolean;
  alwaysScrapeClassicHistograms: boolean;
  convertClassicHistogramsToNhcb: boolean;
  extraScrapeMetrics: boolean;
  /** '' = none. */
  scrapeFailureLogFile: string;
  metricNameValidationScheme: ValidationScheme;
  metricNameEscapingScheme: EscapingScheme;
}

/** Names that are valid: `utf8` = all. */
export type ValidationScheme = 'utf8' | 'legacy';

/** How targets are asked to write names that are not valid everywhere. */
export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

export const scrapeProtocols: readonly string[] = [
  'OpenMetricsText0.0.1',
  'OpenMetricsText1.0.0',
  'PrometheusProto',
  'PrometheusText0.0.4',
  'PrometheusText1.0.0',
];

/** Offered to targets, in order of preference, where the configuration says nothing. */
export const defaultScrapeProtocols: readonly string[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];

/** Where native histograms are scraped, or start timestamps: this format alone has both. */
export const protobufFirstScrapeProtocols: readonly string[] = ['PrometheusProto', ...defaultScrapeProtocols];

/** The scheme where the configuration names none. */
export function defaultEscapingScheme(validation: ValidationScheme): EscapingScheme {
  return validation === 'legacy' ? 'underscores' : 'allow-utf-8';
}

/** What is wrong with a list of protocols, in Prometheus's words, or null. */
export function complainOfProtocols(protocols: readonly string[]): string | null {
  if (protocols.length === 0) return 'scrape_protocols cannot be empty';
  const seen = new Set<string>();
  for (const protocol of protocols) {
    if (seen.has(protocol.toLowerCase()))
      return `duplicated protocol in scrape_protocols, got [${protocols.join(' ')}]`;
    if (!scrapeProtocols.includes(protocol)) return `scrape_protocols: ${unknownProtocol(protocol)}`;
    seen.add(protocol.toLowerCase());
  }
  return null;
}

export function unknownProtocol(protocol: string): string {
  return `unknown scrape protocol ${protocol}, supported: [${scrapeProtocols.join(' ')}]`;
}
