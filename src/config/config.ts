import {readFileSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import * as z from 'zod';
import {assert} from '../base/assert.ts';
import {quoteGo} from '../base/quote.ts';
import {writeYaml, type YamlMap} from '../base/yaml-write.ts';
import {isNullNode} from '../base/yaml-resolve.ts';
import {parseYaml, placeOf, type YamlDocument, YamlError, yamlLimits, type YamlNode} from '../base/yaml.ts';
import {type Complain, joinDirectory} from '../http/client-config.ts';
import {anything, type Field, list, notYet, scalarField, section} from '../model/fields.ts';
import type {AlertingConfig} from '../notifier/config.ts';
import {alertingFields, readAlerting} from '../notifier/schema.ts';
import type {ScrapeConfig} from '../scrape/config.ts';
import {readScrapeConfig, scrapeConfigFields} from '../scrape/schema.ts';
import {
  type GlobalDefaults,
  type GlobalConfig,
  globalFields,
  readGlobal,
  type ReadGlobalConfig,
} from './global.ts';
import {ConfigError, type Path, ProblemList} from '../model/problems.ts';
import {documentOfOtlp, documentOfStorage, otlpFields, runtimeFields, storageFields} from './sections.ts';

/** The whole configuration, checked, defaults filled in. Plain data except for `document`. */
export interface Config {
  global: GlobalConfig;
  scrapeConfigs: ScrapeConfig[];
  alerting: AlertingConfig;
  /** Patterns of files, relative ones joined to the folder of the configuration file. */
  ruleFiles: string[];
  storage: StorageConfig;
  /** To be logged when the configuration is taken into use. */
  warnings: string[];
  /** Everything as it is shown to users: defaults filled in, secrets hidden. */
  document: YamlMap;
}

export interface StorageConfig {
  retention: Retention;
  /** Exemplars to keep, where exemplar storage is enabled. */
  exemplarsMax: number;
  /** How far behind the newest sample others may be; 0 = not at all. */
  outOfOrderWindowMs: number;
  /** How floats are stored; '' = as the flags say. */
  floatEncoding: '' | 'xor' | 'xor2';
  /** Share of stale series in the head from which on they are moved to blocks early; 0 = never. */
  staleSeriesThreshold: number;
}

/** How much to keep. 0 = no limit. */
export interface Retention {
  timeMs: number;
  /** Of the blocks. */
  bytes: number;
  /** Of the disk, instead of `bytes`. */
  percentage: number;
}

export interface ConfigOptions {
  /** Where the configuration says nothing: what the flags say. */
  retention?: Retention;
  /** What feature flags make the defaults of the global section. */
  defaults?: GlobalDefaults;
  /** For external_labels; by default those of the process. */
  variables?: Readonly<Record<string, string | undefined>>;
}

const fileBytesMax = 64 << 20;
const defaultRetention: Retention = {timeMs: 15 * 86_400_000, bytes: 0, percentage: 0};
const exemplarsMaxDefault = 100_000;

/** Reads and checks a configuration file. Throws ConfigError, or an Error where the file cannot be read. */
export function loadConfig(file: string, options: ConfigOptions = {}): Config {
  return parseConfig(readText(file), {...options, file});
}

function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    const {size} = statSync(file);
    if (size > fileBytesMax) throw new RangeError(`the file has ${size} bytes, the limit is ${fileBytesMax}`);
    bytes = readFileSync(file);
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    const known: Record<string, string> = {
      ENOENT: 'no such file or directory',
      EACCES: 'permission denied',
      EISDIR: 'is a directory',
    };
    // The cause would only say the same again.
    throw Object.assign(new Error(`open ${file}: ${known[code ?? ''] ?? message}`), {code});
  }
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch {
    const valid = new TextDecoder().decode(bytes).indexOf('\ufffd');
    const {line, column} = {line: 1, column: 1, ...(valid >= 0 && placeIn(bytes, valid))};
    throw new ConfigError(file, [{path: [], message: 'the text is not UTF-8', line, column}]);
  }
}

function placeIn(bytes: Uint8Array, offset: number): {line: number; column: number} {
  const before = new TextDecoder().decode(bytes).slice(0, offset).split('\n');
  return {line: before.length, column: before.at(-1)!.length + 1};
}

/** A section that is read on its own, so that what is wrong in one does not hide what is wrong in another. */
const raw: Field<YamlNode | null> = z
  .unknown()
  .transform((input): YamlNode | null => (isNullNode(input as YamlNode) ? null : (input as YamlNode)));

/** An asterisk may only stand in the last element of the path. */
const ruleFilePattern: Field<string> = scalarField('string', '', ({text}) => {
  if (!/^[^*]*(\*[^/]*)?$/.test(text)) throw new SyntaxError(`invalid rule file path ${quoteGo(text)}`);
  return text;
});

const rootFields = section({
  global: raw.default(null),
  runtime: raw.default(null),
  rule_files: list(ruleFilePattern).default([]),
  scrape_config_files: notYet(anything).default(null),
  scrape_configs: list(raw, 'a list of scrape_configs').default([]),
  alerting: raw.default(null),
  remote_write: notYet(anything).default(null),
  remote_read: notYet(anything).default(null),
  storage: raw.default(null),
  otlp: raw.default(null),
  tracing: notYet(anything).default(null),
});

type RootFields = z.output<typeof rootFields>;

export interface ParseOptions extends ConfigOptions {
  /** For messages, and files within the configuration are relative to its folder. */
  file: string;
}

/** Checks the text of a configuration file. Throws ConfigError. */
export function parseConfig(text: string, options: ParseOptions): Config {
  const {root, problems: found, count} = parseDocument(text, options.file);
  const problems = new ProblemList(options.file, text, root);
  for (const {offset, message} of found) problems.addAt(offset, message);
  const reader = new ConfigReader(problems, options);
  if (count > 1) reader.warnings.push(`Only the first of ${count} documents in ${options.file} is used`);
  const top = root === null || isNullNode(root) ? emptyMapping : root;
  const fields = rootFields.safeParse(top);
  let config: Config | null = null;
  if (fields.success) config = reader.read(fields.data);
  else {
    problems.addIssues([], fields.error);
    reader.readLoosely(top);
  }
  problems.check();
  assert(config !== null, 'a configuration without problems was read');
  return config;
}

const emptyMapping: YamlNode = {kind: 'mapping', entries: [], offset: 0};

function parseDocument(text: string, file: string): YamlDocument {
  try {
    return parseYaml(text, yamlLimits);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = placeOf(text, error.offset);
    throw new ConfigError(file, [{path: [], message: `yaml: ${error.message}`, ...place}]);
  }
}

/** Reads the sections of one file, gathering what is wrong with them. */
class ConfigReader {
  readonly warnings: string[] = [];
  readonly #problems: ProblemList;
  readonly #options: ParseOptions;
  readonly #directory: string;

  constructor(problems: ProblemList, options: ParseOptions) {
    this.#problems = problems;
    this.#options = options;
    this.#directory = dirname(options.file);
  }

  read(fields: RootFields): Config {
    const document: YamlMap = new Map();
    const global = this.#global(fields.global);
    document.set('global', global.document);
    const runtime = this.#section(runtimeFields, fields.runtime, ['runtime']);
    document.set('runtime', new Map([['gogc', runtime?.gogc || 75]]));
    const alerting = this.#alerting(fields.alerting, document);
    const ruleFiles = fields.rule_files.map((file) => joinDirectory(this.#directory, file));
    if (ruleFiles.length > 0) document.set('rule_files', ruleFiles);
    const scrapeConfigs = this.#scrapeConfigs(fields.scrape_configs, global, document);
    const storage = this.#section(storageFields, fields.storage, ['storage']);
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
    document.set('storage', documentOfStorage(storage, retention));
    const otlp = this.#section(otlpFields, fields.otlp ?? emptyMapping, ['otlp']);
    if (otlp !== null) document.set('otlp', documentOfOtlp(otlp));
    return {
      global: global.config,
      scrapeConfigs,
      alerting,
      ruleFiles,
      storage: {
        retention,
        exemplarsMax: storage?.exemplars?.max_exemplars ?? exemplarsMaxDefault,
        outOfOrderWindowMs: storage?.tsdb?.out_of_order_time_window ?? 0,
        floatEncoding: storage?.tsdb?.chunk_encoding?.floats ?? '',
        staleSeriesThreshold: storage?.tsdb?.stale_series_compaction_threshold ?? 0,
      },
      warnings: this.warnings,
      document,
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
      variables: this.#options.variables ?? process.env,
      warn: (message: string) => this.warnings.push(message),
      defaults: this.#options.defaults ?? {},
    };
    const complain = this.#complain(['global']);
    const fields = this.#section(globalFields, node, ['global']);
    const given = fields ?? globalFields.parse(emptyMapping);
    const read = readGlobal(given, this.#directory, environment, complain);
    // Without a section the defaults are there, this one among them.
    if (node === null) read.document.set('metric_name_escaping_scheme', 'allow-utf-8');
    return read;
  }

  #alerting(node: YamlNode | null, document: YamlMap): AlertingConfig {
    const fields = this.#section(alertingFields, node, ['alerting']);
    if (fields === null) return {alertRelabelConfigs: [], alertmanagers: []};
    const read = readAlerting(fields, this.#directory, this.#complain(['alerting']));
    if (read.document.size > 0) document.set('alerting', read.document);
    return read.config;
  }

  #scrapeConfigs(
    nodes: readonly (YamlNode | null)[],
    global: ReadGlobalConfig,
    document: YamlMap,
  ): ScrapeConfig[] {
    const configs: ScrapeConfig[] = [];
    const documents: YamlMap[] = [];
    const names = new Set<string>();
    for (const [index, node] of nodes.entries()) {
      const path: Path = ['scrape_configs', index];
      if (this.#problems.isFull) break;
      if (node === null) this.#problems.add(path, 'empty or null scrape config section');
      const fields = this.#section(scrapeConfigFields, node, path);
      if (fields === null) continue;
      const complain = this.#complain(path);
      const read = readScrapeConfig(fields, global.config, this.#directory, complain);
      const {jobName} = read.config;
      if (jobName !== '' && names.has(jobName))
        complain(['job_name'], `found multiple scrape configs with job name ${quoteGo(jobName)}`);
      names.add(jobName);
      configs.push(read.config);
      documents.push(read.document);
    }
    if (documents.length > 0) document.set('scrape_configs', documents);
    return configs;
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

/** The effective configuration as /api/v1/status/config shows it. */
export function formatConfig(config: Config): string {
  return writeYaml(config.document);
}
