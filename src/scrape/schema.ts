import type * as z from 'zod';
import {
  discoveryShape,
  missingDiscoveryShape,
  type ReadDiscovery,
  readDiscovery,
} from '../discovery/schema.ts';
import {
  checkStaticTargets,
  documentOfGroup,
  targetGroupFields,
  targetGroupOf,
} from '../discovery/targetlist.ts';
import {quoteGo} from '../base/quote.ts';
import {sortedMap, type YamlMap, type YamlValue} from '../base/yaml-write.ts';
import {type Complain, httpClientShape, joinDirectory, readHttpClient} from '../http/client-config.ts';
import {formatDuration} from '../model/duration.ts';
import {
  boolean,
  choice,
  count,
  dictionary,
  duration,
  type Field,
  float,
  list,
  section,
  size,
  text,
} from '../model/fields.ts';
import {formatSize} from '../model/size.ts';
import {namedRules, relabelConfigs} from '../relabel/schema.ts';
import type {ScrapeConfig} from './config.ts';
import {
  complainOfProtocols,
  defaultEscapingScheme,
  defaultScrapeProtocols,
  type EscapingScheme,
  protobufFirstScrapeProtocols,
  type ScrapeDefaults,
  unknownProtocol,
} from './global-config.ts';

const staticConfig = targetGroupFields('empty or null section in static_configs');

const escapingSchemes = ['allow-utf-8', 'underscores', 'dots', 'values'] as const;

export const validationScheme: Field<'utf8' | 'legacy' | ''> = choice(
  ['utf8', 'legacy'],
  (wrong) => `unknown validation scheme: ${quoteGo(wrong)}, must be either 'legacy' or 'utf8'`,
);

export const escapingScheme: Field<EscapingScheme | ''> = choice(
  escapingSchemes,
  (wrong) =>
    `unknown scrape config name escaping method specified, must be one of ${escapingSchemes.map((each) => `'${each}'`).join(', ')}, got ${quoteGo(wrong)}`,
);

const scheme: Field<'http' | 'https' | ''> = choice(
  ['http', 'https'],
  (wrong) => `unknown scheme ${quoteGo(wrong)}: it is http or https`,
);

/** One entry of scrape_configs as it stands in the file. */
export const scrapeConfigFields = section(
  () => ({
    job_name: text.default(''),
    honor_labels: boolean.default(false),
    honor_timestamps: boolean.default(true),
    track_timestamps_staleness: boolean.default(false),
    params: dictionary(list(text), 'url.Values').default(new Map()),
    scrape_interval: duration.default(0),
    scrape_timeout: duration.default(0),
    scrape_protocols: list(text).optional(),
    fallback_scrape_protocol: text.default(''),
    scrape_native_histograms: boolean.optional(),
    always_scrape_classic_histograms: boolean.optional(),
    convert_classic_histograms_to_nhcb: boolean.optional(),
    scrape_failure_log_file: text.default(''),
    metrics_path: text.default('/metrics'),
    scheme: scheme.default('http'),
    enable_compression: boolean.default(true),
    body_size_limit: size.default(0),
    sample_limit: count.default(0),
    target_limit: count.default(0),
    label_limit: count.default(0),
    label_name_length_limit: count.default(0),
    label_value_length_limit: count.default(0),
    native_histogram_bucket_limit: count.default(0),
    native_histogram_min_bucket_factor: float.default(0),
    keep_dropped_targets: count.default(0),
    metric_name_validation_scheme: validationScheme.default(''),
    metric_name_escaping_scheme: escapingScheme.default(''),
    extra_scrape_metrics: boolean.optional(),
    ...httpClientShape,
    relabel_configs: relabelConfigs('empty or null target relabeling rule in scrape config'),
    metric_relabel_configs: relabelConfigs('empty or null metric relabeling rule in scrape config'),
    static_configs: list(staticConfig, 'a list of static_configs').default([]),
    ...missingDiscoveryShape(),
    ...discoveryShape,
  }),
  'empty or null scrape config section',
);

export type ScrapeConfigFields = z.output<typeof scrapeConfigFields>;

export interface ReadScrapeConfig {
  config: ScrapeConfig;
  /** Lines of the section with everything filled in, secrets hidden. */
  document: YamlMap;
}

/** Fills in what comes from the global section, and checks what the fields say together. */
export function readScrapeConfig(
  fields: ScrapeConfigFields,
  defaults: ScrapeDefaults,
  directory: string,
  complain: Complain,
): ReadScrapeConfig {
  if (fields.job_name === '') complain(['job_name'], 'job_name is empty');
  if (fields.relabel_configs.length === 0) checkStaticTargets(fields.static_configs, complain);
  const http = readHttpClient(fields, directory, complain);
  const discovery = readDiscovery(fields, directory, complain);
  const names = readNames(fields, defaults, complain);
  const legacyNames = names.metricNameValidationScheme === 'legacy';
  const below =
    (name: string): Complain =>
    (path, message) =>
      complain([name, ...path], message);
  const config: ScrapeConfig = {
    ...http.config,
    jobName: fields.job_name,
    ...readTimes(fields, defaults, complain),
    metricsPath: fields.metrics_path,
    scheme: fields.scheme === '' ? 'http' : fields.scheme,
    params: Object.fromEntries(fields.params),
    honorLabels: fields.honor_labels,
    honorTimestamps: fields.honor_timestamps,
    trackTimestampsStaleness: fields.track_timestamps_staleness,
    enableCompression: fields.enable_compression,
    ...readProtocols(fields, defaults, complain),
    ...readHistograms(fields, defaults),
    ...names,
    scrapeFailureLogFile:
      fields.scrape_failure_log_file === ''
        ? defaults.scrapeFailureLogFile
        : joinDirectory(directory, fields.scrape_failure_log_file),
    extraScrapeMetrics: fields.extra_scrape_metrics ?? defaults.extraScrapeMetrics,
    bodySizeLimitBytes: fields.body_size_limit || defaults.bodySizeLimitBytes,
    sampleLimit: fields.sample_limit || defaults.sampleLimit,
    targetLimit: fields.target_limit || defaults.targetLimit,
    labelLimit: fields.label_limit || defaults.labelLimit,
    labelNameLengthLimit: fields.label_name_length_limit || defaults.labelNameLengthLimit,
    labelValueLengthLimit: fields.label_value_length_limit || defaults.labelValueLengthLimit,
    keepDroppedTargets: fields.keep_dropped_targets || defaults.keepDroppedTargets,
    relabelConfigs: namedRules(fields.relabel_configs, legacyNames, below('relabel_configs')),
    metricRelabelConfigs: namedRules(
      fields.metric_relabel_configs,
      legacyNames,
      below('metric_relabel_configs'),
    ),
    staticConfigs: fields.static_configs.map((group, index) => targetGroupOf(String(index), group)),
    discoveryConfigs: discovery.configs,
  };
  return {config, document: documentOf(fields, config, {http: http.document, discovery})};
}

function readTimes(
  fields: ScrapeConfigFields,
  defaults: ScrapeDefaults,
  complain: Complain,
): {scrapeIntervalMs: number; scrapeTimeoutMs: number} {
  const scrapeIntervalMs = fields.scrape_interval || defaults.scrapeIntervalMs;
  if (fields.scrape_timeout > scrapeIntervalMs)
    complain(
      ['scrape_timeout'],
      `scrape timeout greater than scrape interval for scrape config with job name ${quoteGo(fields.job_name)}`,
    );
  const scrapeTimeoutMs = fields.scrape_timeout || Math.min(defaults.scrapeTimeoutMs, scrapeIntervalMs);
  return {scrapeIntervalMs, scrapeTimeoutMs};
}

function readProtocols(
  fields: ScrapeConfigFields,
  defaults: ScrapeDefaults,
  complain: Complain,
): {scrapeProtocols: string[]; fallbackScrapeProtocol: string} {
  const job = `scrape config with job name ${quoteGo(fields.job_name)}`;
  const isNative = fields.scrape_native_histograms ?? defaults.scrapeNativeHistograms;
  const scrapeProtocols = [
    ...(fields.scrape_protocols ??
      defaults.scrapeProtocols ??
      (isNative ? protobufFirstScrapeProtocols : defaultScrapeProtocols)),
  ];
  const complaint = complainOfProtocols(scrapeProtocols);
  if (complaint !== null) complain(['scrape_protocols'], `${complaint} for ${job}`);
  const fallback = fields.fallback_scrape_protocol;
  if (fallback !== '' && complainOfProtocols([fallback]) !== null)
    complain(
      ['fallback_scrape_protocol'],
      `invalid fallback_scrape_protocol for ${job}: ${unknownProtocol(fallback)}`,
    );
  return {scrapeProtocols, fallbackScrapeProtocol: fallback};
}

function readHistograms(
  fields: ScrapeConfigFields,
  defaults: ScrapeDefaults,
): Pick<
  ScrapeConfig,
  | 'scrapeNativeHistograms'
  | 'alwaysScrapeClassicHistograms'
  | 'convertClassicHistogramsToNhcb'
  | 'nativeHistogramBucketLimit'
  | 'nativeHistogramMinBucketFactor'
> {
  return {
    scrapeNativeHistograms: fields.scrape_native_histograms ?? defaults.scrapeNativeHistograms,
    alwaysScrapeClassicHistograms:
      fields.always_scrape_classic_histograms ?? defaults.alwaysScrapeClassicHistograms,
    convertClassicHistogramsToNhcb:
      fields.convert_classic_histograms_to_nhcb ?? defaults.convertClassicHistogramsToNhcb,
    nativeHistogramBucketLimit: fields.native_histogram_bucket_limit,
    nativeHistogramMinBucketFactor: fields.native_histogram_min_bucket_factor,
  };
}

/** Which names are valid; how they are escaped follows from it where nothing is said. */
function readNames(
  fields: ScrapeConfigFields,
  defaults: ScrapeDefaults,
  complain: Complain,
): Pick<ScrapeConfig, 'metricNameValidationScheme' | 'metricNameEscapingScheme'> {
  const own = fields.metric_name_validation_scheme;
  const validation = own === '' ? defaults.metricNameValidationScheme : own;
  const inherited = own === '' ? defaults.metricNameEscapingScheme : defaultEscapingScheme(own);
  const escaping = fields.metric_name_escaping_scheme || inherited;
  if (escaping === 'allow-utf-8' && validation !== 'utf8') {
    complain(
      ['metric_name_escaping_scheme'],
      'utf8 metric names requested but validation scheme is not set to UTF8',
    );
  }
  return {metricNameValidationScheme: validation, metricNameEscapingScheme: escaping};
}

function documentOf(
  fields: ScrapeConfigFields,
  config: ScrapeConfig,
  {http, discovery}: {http: YamlMap; discovery: ReadDiscovery},
): YamlMap {
  const document: YamlMap = new Map();
  const add = (name: string, value: YamlValue): void => {
    document.set(name, value);
  };
  const addUnless = (zero: YamlValue, name: string, value: YamlValue): void => {
    if (value !== zero) document.set(name, value);
  };
  add('job_name', config.jobName);
  addUnless(false, 'honor_labels', config.honorLabels);
  add('honor_timestamps', config.honorTimestamps);
  add('track_timestamps_staleness', config.trackTimestampsStaleness);
  if (fields.params.size > 0) add('params', sortedMap(fields.params));
  add('scrape_interval', formatDuration(config.scrapeIntervalMs));
  add('scrape_timeout', formatDuration(config.scrapeTimeoutMs));
  add('scrape_protocols', config.scrapeProtocols);
  addUnless('', 'fallback_scrape_protocol', config.fallbackScrapeProtocol);
  add('scrape_native_histograms', config.scrapeNativeHistograms);
  add('always_scrape_classic_histograms', config.alwaysScrapeClassicHistograms);
  add('convert_classic_histograms_to_nhcb', config.convertClassicHistogramsToNhcb);
  addUnless('', 'scrape_failure_log_file', config.scrapeFailureLogFile);
  addUnless('', 'metrics_path', config.metricsPath);
  addUnless('', 'scheme', fields.scheme);
  add('enable_compression', config.enableCompression);
  addUnless('0B', 'body_size_limit', formatSize(config.bodySizeLimitBytes));
  addUnless(0, 'sample_limit', config.sampleLimit);
  addUnless(0, 'target_limit', config.targetLimit);
  addUnless(0, 'label_limit', config.labelLimit);
  addUnless(0, 'label_name_length_limit', config.labelNameLengthLimit);
  addUnless(0, 'label_value_length_limit', config.labelValueLengthLimit);
  addUnless(0, 'native_histogram_bucket_limit', config.nativeHistogramBucketLimit);
  addUnless(0, 'native_histogram_min_bucket_factor', config.nativeHistogramMinBucketFactor);
  addUnless(0, 'keep_dropped_targets', config.keepDroppedTargets ?? 0);
  add('metric_name_validation_scheme', config.metricNameValidationScheme);
  add('metric_name_escaping_scheme', config.metricNameEscapingScheme);
  add('extra_scrape_metrics', config.extraScrapeMetrics);
  for (const [name, value] of http) add(name, value);
  const relabel = fields.relabel_configs.map((rule) => rule.document);
  if (relabel.length > 0) add('relabel_configs', relabel);
  const metricRelabel = fields.metric_relabel_configs.map((rule) => rule.document);
  if (metricRelabel.length > 0) add('metric_relabel_configs', metricRelabel);
  for (const [name, value] of discovery.documents) add(name, value);
  if (fields.static_configs.length > 0) add('static_configs', fields.static_configs.map(documentOfGroup));
  return document;
}
