import {dirname} from 'node:path';
import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import type {YamlMap, YamlValue} from '../base/yaml-write.ts';
import type {YamlNode} from '../base/yaml.ts';
import {type Complain, joinDirectory} from '../http/config-parts.ts';
import {type Field, list, scalarField, section} from '../model/fields.ts';
import type {Path, ProblemList} from '../model/problems.ts';
import type {AlertingConfig} from '../notifier/config.ts';
import {alertingFields, readAlerting} from '../notifier/schema.ts';
import {readRemoteRead, remoteReadFields} from '../remote/read-schema.ts';
import type {RemoteReadConfig} from '../remote/read-schema.ts';
import type {RemoteWriteConfig} from '../remote/write-config.ts';
import {readRemoteWrite, remoteWriteFields} from '../remote/write-schema.ts';
import type {ScrapeConfig} from '../scrape/config.ts';
import {systemFiles} from './files.ts';
import {globalFields, readGlobal, type ReadGlobalConfig} from './global.ts';
import {type OtlpConfig, otlpFields, readOtlp} from './otlp.ts';
import {raw} from './raw.ts';
import {readScrapeConfigFiles} from './scrapefiles.ts';
import {readScrapeConfigs} from './scrapeconfigs.ts';
import {documentOfStorage, runtimeFields, storageFields} from './sections.ts';
import type {Config, ParseOptions, Retention, StorageConfig} from './shape.ts';
import {readTracing, type TracingConfig, tracingFields} from './tracing.ts';

const defaultRetention: Retention = {timeMs: 15 * 86_400_000, bytes: 0, percentage: 0};
const exemplarsMaxDefault = 100_000;

/** An asterisk may only stand in the last element of the path. */
function pattern(what: string): Field<string> {
  return scalarField('string', '', ({text}) => {
    if (!/^[^*]*(\*[^/]*)?$/.test(text)) throw new SyntaxError(`invalid ${what} file path ${quoteGo(text)}`);
    return text;
  });
}

export const rootFields = section(() => ({
  global: raw.default(null),
  runtime: raw.default(null),
  rule_files: list(pattern('rule')).default([]),
  scrape_config_files: list(pattern('scrape config')).default([]),
  scrape_configs: list(raw, 'a list of scrape_configs').default([]),
  alerting: raw.default(null),
  remote_write: list(raw, 'a list of remote_write').default([]),
  remote_read: list(raw, 'a list of remote_read').default([]),
  storage: raw.default(null),
  otlp: raw.optional(),
  tracing: raw.default(null),
}));

export type RootFields = z.output<typeof rootFields>;

export const emptyMapping: YamlNode = {kind: 'mapping', entries: [], offset: 0};

/** Reads the sections of one file, gathering what is wrong with them. */
export class ConfigReader {
  readonly warnings: string[] = [];
  readonly #problems: ProblemList;
  readonly #options: ParseOptions;
  readonly #directory: string;
  readonly #document: YamlMap = new Map();

  constructor(problems: ProblemList, options: ParseOptions) {
    this.#problems = problems;
    this.#options = options;
    this.#directory = dirname(options.file);
  }

  read(fields: RootFields): Config {
    const global = this.#global(fields.global);
    const legacyNames = global.config.metricNameValidationScheme === 'legacy';
    this.#runtime(fields.runtime);
    const alerting = this.#alerting(fields.alerting, legacyNames);
    const ruleFiles = this.#patterns('rule_files', fields.rule_files);
    const scrapeConfigFiles = this.#patterns('scrape_config_files', fields.scrape_config_files);
    const names = new Map<string, string>();
    const scrapeConfigs = this.#scrapeConfigs(fields.scrape_configs, global, names);
    const storage = this.#storage(fields.storage);
    const tracing = this.#tracing(fields.tracing);
    const remoteWrites = this.#remoteWrites(fields.remote_write, legacyNames);
    const remoteReads = this.#remoteReads(fields.remote_read);
    const otlp = this.#otlp(fields.otlp, legacyNames);
    if (this.#options.agentMode === true) this.#checkAgent(fields, alerting);
    // What is wrong with this file is said before what is wrong with others.
    if (this.#problems.isEmpty)
      scrapeConfigs.push(
        ...readScrapeConfigFiles(scrapeConfigFiles, {
          files: this.#options.files ?? systemFiles,
          global: global.config,
          names,
        }),
      );
    return {
      global: global.config,
      scrapeConfigs,
      alerting,
      remoteWrites,
      remoteReads,
      otlp,
      tracing,
      ruleFiles,
      scrapeConfigFiles,
      storage,
      warnings: this.warnings,
      document: this.#document,
    };
  }

  /** Looks for further problems in a file whose outermost level is wrong already. */
  readLoosely(root: YamlNode): void {
    if (root.kind !== 'mapping') return;
    const known = (name: string): boolean => name === 'global' || name === 'scrape_configs';
    const entries = root.entries.filter(({key}) => known(key));
    const fields = rootFields.safeParse({...root, entries});
    if (fields.success) this.read(fields.data);
  }

  #global(node: YamlNode | null): ReadGlobalConfig {
    const environment = {
      variables: this.#variables,
      warn: (message: string) => this.warnings.push(message),
      defaults: this.#options.defaults ?? {},
    };
    const fields = this.#section(globalFields, node, ['global']);
    const read = readGlobal(fields, this.#directory, environment, this.#complain(['global']));
    this.#document.set('global', read.document);
    return read;
  }

  get #variables(): Readonly<Record<string, string | undefined>> {
    return this.#options.variables ?? process.env;
  }

  #runtime(node: YamlNode | null): void {
    const runtime = this.#section(runtimeFields, node, ['runtime']);
    this.#document.set('runtime', new Map([['gogc', runtime?.gogc || gogcOf(this.#variables)]]));
  }

  #patterns(name: string, patterns: readonly string[]): string[] {
    const joined = patterns.map((each) => joinDirectory(this.#directory, each));
    if (joined.length > 0) this.#document.set(name, joined);
    return joined;
  }

  #alerting(node: YamlNode | null, legacyNames: boolean): AlertingConfig {
    const fields = this.#section(alertingFields, node, ['alerting']);
    if (fields === null) return {alertRelabelConfigs: [], alertmanagers: []};
    const options = {directory: this.#directory, legacyNames};
    const read = readAlerting(fields, options, this.#complain(['alerting']));
    if (read.document.size > 0) this.#document.set('alerting', read.document);
    return read.config;
  }

  #scrapeConfigs(
    nodes: readonly (YamlNode | null)[],
    {config: global}: ReadGlobalConfig,
    names: Map<string, string>,
  ): ScrapeConfig[] {
    const options = {global, directory: this.#directory, names, where: 'main config file'};
    const read = readScrapeConfigs(nodes, this.#problems, options);
    if (read.length > 0)
      this.#document.set(
        'scrape_configs',
        read.map(({document}) => document),
      );
    return read.map(({config}) => config);
  }

  #storage(node: YamlNode | null): StorageConfig {
    const storage = this.#section(storageFields, node, ['storage']);
    const inFile = storage?.tsdb?.retention ?? null;
    const retention: Retention =
      inFile === null
        ? (this.#options.retention ?? defaultRetention)
        : {timeMs: inFile.time, bytes: inFile.size, percentage: inFile.percentage};
    if (retention.percentage > 0 && retention.bytes > 0) {
      this.warnings.push(
        'storage.tsdb.retention.size is ignored, because storage.tsdb.retention.percentage is specified',
      );
    }
    this.#document.set('storage', documentOfStorage(storage, retention));
    return {
      retention,
      exemplarsMax: storage?.exemplars?.max_exemplars ?? exemplarsMaxDefault,
      outOfOrderWindowMs: storage?.tsdb?.out_of_order_time_window ?? 0,
      floatEncoding: storage?.tsdb?.chunk_encoding?.floats ?? '',
      staleSeriesThreshold: storage?.tsdb?.stale_series_compaction_threshold ?? 0,
    };
  }

  #tracing(node: YamlNode | null): TracingConfig | null {
    const fields = this.#section(tracingFields, node, ['tracing']);
    if (fields === null) return null;
    const read = readTracing(fields, this.#directory, this.#complain(['tracing']));
    this.#document.set('tracing', read.document);
    this.#warnOfIdle('tracing', 'no traces are sent');
    return read.config;
  }

  #remoteWrites(nodes: readonly (YamlNode | null)[], legacyNames: boolean): RemoteWriteConfig[] {
    const options = {directory: this.#directory, legacyNames, variables: this.#variables};
    const read = this.#remotes('remote_write', 'write', nodes, remoteWriteFields, (fields, complain) =>
      readRemoteWrite(fields, options, complain),
    );
    const seen = new Set<string>();
    for (const [index, config] of read.entries()) {
      const text = JSON.stringify(config);
      if (seen.has(text))
        this.#problems.add(
          ['remote_write', index],
          `duplicate remote write configs are not allowed, found duplicate for URL: ${config.url}`,
        );
      seen.add(text);
    }
    if (read.length > 0) this.#warnOfIdle('remote_write', 'nothing is sent');
    return read;
  }

  #remoteReads(nodes: readonly (YamlNode | null)[]): RemoteReadConfig[] {
    const read = this.#remotes('remote_read', 'read', nodes, remoteReadFields, (fields, complain) =>
      readRemoteRead(fields, this.#directory, complain),
    );
    if (read.length > 0) this.#warnOfIdle('remote_read', 'queries see what is stored here only');
    return read;
  }

  #remotes<Fields, T extends {name: string}>(
    section: string,
    kind: string,
    nodes: readonly (YamlNode | null)[],
    fields: Field<Fields>,
    readOne: (fields: Fields, complain: Complain) => {config: T; document: YamlMap},
  ): T[] {
    const configs: T[] = [];
    const documents: YamlValue[] = [];
    for (const [index, node] of nodes.entries()) {
      const path = [section, index];
      if (node === null) this.#problems.add(path, `empty or null remote ${kind} config section`);
      const given = this.#section(fields, node, path);
      if (given === null) continue;
      const {config, document} = readOne(given, this.#complain(path));
      if (config.name !== '' && configs.some(({name}) => name === config.name))
        this.#problems.add(
          [...path, 'name'],
          `found multiple remote ${kind} configs with job name ${quoteGo(config.name)}`,
        );
      configs.push(config);
      documents.push(document);
    }
    if (documents.length > 0) this.#document.set(section, documents);
    return configs;
  }

  /** `node` is null where the key is there without a value; Prometheus shows nothing then. */
  #otlp(node: YamlNode | null | undefined, legacyNames: boolean): OtlpConfig {
    const fields = this.#section(otlpFields, node ?? null, ['otlp']) ?? otlpFields.parse(emptyMapping);
    const read = readOtlp(fields, legacyNames, this.#complain(['otlp']));
    if (node !== null) this.#document.set('otlp', read.document);
    return read.config;
  }

  #checkAgent(fields: RootFields, {alertmanagers, alertRelabelConfigs}: AlertingConfig): void {
    const refuse = (name: string): void =>
      this.#problems.add([name], `field ${name} is not allowed in agent mode`, true);
    if (alertmanagers.length > 0 || alertRelabelConfigs.length > 0) refuse('alerting');
    if (fields.rule_files.length > 0) refuse('rule_files');
    if (fields.remote_read.length > 0) refuse('remote_read');
  }

  #warnOfIdle(section: string, consequence: string): void {
    this.warnings.push(`The section ${section} has no effect yet: ${consequence}`);
  }

  /** Reads one section; null where there is none or something is wrong with it. */
  #section<T>(schema: Field<T>, node: YamlNode | null, path: Path): T | null {
    if (node === null) return null;
    const read = schema.safeParse(node);
    if (read.success) return read.data;
    this.#problems.addIssues(path, read.error);
    return null;
  }

  #complain(path: Path): Complain {
    return (below, message) => this.#problems.add([...path, ...below], message);
  }
}

/** What Prometheus shows where the configuration says nothing. */
function gogcOf(variables: Readonly<Record<string, string | undefined>>): number {
  const text = variables['GOGC'] ?? '';
  if (text.toLowerCase() === 'off') return -1;
  return /^[-+]?\d+$/.test(text) ? Number(text) : 75;
}
