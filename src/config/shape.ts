import type {YamlMap} from '../base/yaml-write.ts';
import type {AlertingConfig} from '../notifier/config.ts';
import type {RemoteReadConfig} from '../remote/read-schema.ts';
import type {RemoteWriteConfig} from '../remote/write-config.ts';
import type {ScrapeConfig} from '../scrape/config.ts';
import type {ConfigFiles} from './files.ts';
import type {GlobalConfig, GlobalDefaults} from './global.ts';
import type {OtlpConfig} from './otlp.ts';
import type {TracingConfig} from './tracing.ts';

/** The whole configuration, checked, defaults filled in. Plain data except for `document`. */
export interface Config {
  global: GlobalConfig;
  /** Those of this file, then those of the files that it names. */
  scrapeConfigs: ScrapeConfig[];
  alerting: AlertingConfig;
  remoteWrites: RemoteWriteConfig[];
  remoteReads: RemoteReadConfig[];
  otlp: OtlpConfig;
  /** null = no traces. */
  tracing: TracingConfig | null;
  /** Patterns of files, relative ones joined to the folder of the configuration file. */
  ruleFiles: string[];
  /** The same of files with further scrape configs, which are among `scrapeConfigs`. */
  scrapeConfigFiles: string[];
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
  /** For external_labels, the default of gogc and so on; by default those of the process. */
  variables?: Readonly<Record<string, string | undefined>>;
  /** Further files; by default those of the system. */
  files?: ConfigFiles;
  /** As Prometheus reads it as an agent: sections that an agent has not are refused. */
  agentMode?: boolean;
}

export interface ParseOptions extends ConfigOptions {
  /** For messages, and files within the configuration are relative to its folder. */
  file: string;
}
