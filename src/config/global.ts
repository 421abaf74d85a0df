import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import {sortedMap, type YamlMap} from '../base/yaml-write.ts';
import {type Complain, joinDirectory} from '../http/client-config.ts';
import {formatDuration} from '../model/duration.ts';
import {isLegacyLabelName} from '../model/labels.ts';
import {boolean, count, duration, labelSet, list, section, size, text} from '../model/fields.ts';
import {formatSize} from '../model/size.ts';
import {complainOfProtocols, defaultEscapingScheme, type ScrapeDefaults} from '../scrape/global-config.ts';
import {escapingScheme, validationScheme} from '../scrape/schema.ts';
import {expandVariables} from './environment.ts';

/** The global section, defaults filled in. */
export interface GlobalConfig extends ScrapeDefaults {
  evaluationIntervalMs: number;
  ruleQueryOffsetMs: number;
  /** Environment variables expanded; those that came out empty are left out. */
  externalLabels: Record<string, string>;
}

export const globalFields = section(() => ({
  scrape_interval: duration.default(0),
  scrape_timeout: duration.default(0),
  scrape_protocols: list(text).optional(),
  evaluation_interval: duration.default(0),
  rule_query_offset: duration.default(0),
  query_log_file: text.default(''),
  scrape_failure_log_file: text.default(''),
  external_labels: labelSet.default(new Map()),
  body_size_limit: size.default(0),
  sample_limit: count.default(0),
  target_limit: count.default(0),
  label_limit: count.default(0),
  label_name_length_limit: count.default(0),
  label_value_length_limit: count.default(0),
  keep_dropped_targets: count.default(0),
  metric_name_validation_scheme: validationScheme.default(''),
  metric_name_escaping_scheme: escapingScheme.default(''),
  scrape_native_histograms: boolean.default(false),
  convert_classic_histograms_to_nhcb: boolean.default(false),
  always_scrape_classic_histograms: boolean.default(false),
  extra_scrape_metrics: boolean.optional(),
}));

export type GlobalFields = z.output<typeof globalFields>;

const defaultFields = globalFields.parse({kind: 'mapping', entries: [], offset: 0});

const defaultIntervalMs = 60_000;
const defaultTimeoutMs = 10_000;

export interface ReadGlobalConfig {
  config: GlobalConfig;
  document: YamlMap;
}

/** What feature flags make the defaults. */
export interface GlobalDefaults {
  extraScrapeMetrics?: boolean;
  scrapeProtocols?: readonly string[];
}

/** The world of external_labels, and of defaults. */
export interface Environment {
  defaults: GlobalDefaults;
  variables: Readonly<Record<string, string | undefined>>;
  warn: (message: string) => void;
}

/** Fills in the defaults and checks what the fields say together. null = there is no such section. */
export function readGlobal(
  given: GlobalFields | null,
  directory: string,
  environment: Environment,
  complain: Complain,
): ReadGlobalConfig {
  const fields = given ?? defaultFields;
  const scrapeIntervalMs = fields.scrape_interval || defaultIntervalMs;
  if (fields.scrape_timeout > scrapeIntervalMs)
    complain(['scrape_timeout'], 'global scrape timeout greater than scrape interval');
  const {defaults} = environment;
  const protocols =
    fields.scrape_protocols ?? (defaults.scrapeProtocols && [...defaults.scrapeProtocols]) ?? null;
  const complaint = protocols === null ? null : complainOfProtocols(protocols);
  if (complaint !== null) complain(['scrape_protocols'], `${complaint} for global config`);
  const validation = fields.metric_name_validation_scheme || 'utf8';
  if (validation === 'legacy')
    for (const name of fields.external_labels.keys())
      if (!isLegacyLabelName(name))
        complain(['external_labels', name], `${quoteGo(name)} is not a valid label name`);
  if (fields.query_log_file !== '')
    environment.warn('global.query_log_file has no effect yet: queries are not logged');
  const labels = expandLabels(fields.external_labels, environment);
  const config: GlobalConfig = {
    scrapeIntervalMs,
    scrapeTimeoutMs: fields.scrape_timeout || Math.min(defaultTimeoutMs, scrapeIntervalMs),
    scrapeProtocols: protocols,
    evaluationIntervalMs: fields.evaluation_interval || defaultIntervalMs,
    ruleQueryOffsetMs: fields.rule_query_offset,
    externalLabels: Object.fromEntries([...labels].filter(([, value]) => value !== '')),
    bodySizeLimitBytes: fields.body_size_limit,
    sampleLimit: fields.sample_limit,
    targetLimit: fields.target_limit,
    labelLimit: fields.label_limit,
    labelNameLengthLimit: fields.label_name_length_limit,
    labelValueLengthLimit: fields.label_value_length_limit,
    keepDroppedTargets: fields.keep_dropped_targets,
    scrapeNativeHistograms: fields.scrape_native_histograms,
    alwaysScrapeClassicHistograms: fields.always_scrape_classic_histograms,
    convertClassicHistogramsToNhcb: fields.convert_classic_histograms_to_nhcb,
    scrapeFailureLogFile: joinDirectory(directory, fields.scrape_failure_log_file),
    extraScrapeMetrics: fields.extra_scrape_metrics ?? defaults.extraScrapeMetrics ?? false,
    metricNameValidationScheme: validation,
    metricNameEscapingScheme: fields.metric_name_escaping_scheme || defaultEscapingScheme(validation),
  };
  // Without a section the defaults are there, and among them one that a section does not have.
  const shown = given === null ? {...fields, metric_name_escaping_scheme: 'allow-utf-8' as const} : fields;
  return {config, document: documentOf(shown, config, labels, directory)};
}

function expandLabels(labels: ReadonlyMap<string, string>, environment: Environment): Map<string, string> {
  const lookup = (name: string): string => {
    const value = environment.variables[name] ?? '';
    if (value === '') environment.warn(`Empty environment variable ${quoteGo(name)} in external_labels`);
    return value;
  };
  return new Map([...labels].map(([name, value]) => [name, expandVariables(value, lookup)]));
}

function documentOf(
  fields: GlobalFields,
  config: GlobalConfig,
  labels: ReadonlyMap<string, string>,
  directory: string,
): YamlMap {
  const document: YamlMap = new Map();
  const addUnless = (zero: string | number, name: string, value: string | number): void => {
    if (value !== zero) document.set(name, value);
  };
  document.set('scrape_interval', formatDuration(config.scrapeIntervalMs));
  document.set('scrape_timeout', formatDuration(config.scrapeTimeoutMs));
  if (config.scrapeProtocols !== null) document.set('scrape_protocols', config.scrapeProtocols);
  document.set('evaluation_interval', formatDuration(config.evaluationIntervalMs));
  addUnless('0s', 'rule_query_offset', formatDuration(config.ruleQueryOffsetMs));
  addUnless('', 'query_log_file', joinDirectory(directory, fields.query_log_file));
  addUnless('', 'scrape_failure_log_file', config.scrapeFailureLogFile);
  if (labels.size > 0) document.set('external_labels', sortedMap(labels));
  addUnless('0B', 'body_size_limit', formatSize(config.bodySizeLimitBytes));
  addUnless(0, 'sample_limit', config.sampleLimit);
  addUnless(0, 'target_limit', config.targetLimit);
  addUnless(0, 'label_limit', config.labelLimit);
  addUnless(0, 'label_name_length_limit', config.labelNameLengthLimit);
  addUnless(0, 'label_value_length_limit', config.labelValueLengthLimit);
  addUnless(0, 'keep_dropped_targets', config.keepDroppedTargets);
  document.set('metric_name_validation_scheme', config.metricNameValidationScheme);
  addUnless('', 'metric_name_escaping_scheme', fields.metric_name_escaping_scheme);
  document.set('scrape_native_histograms', fields.scrape_native_histograms);
  if (fields.convert_classic_histograms_to_nhcb) document.set('convert_classic_histograms_to_nhcb', true);
  if (fields.always_scrape_classic_histograms) document.set('always_scrape_classic_histograms', true);
  document.set('extra_scrape_metrics', config.extraScrapeMetrics);
  return document;
}
