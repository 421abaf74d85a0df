import {writeYaml} from '../base/yaml-write.ts';
import {assert} from '../base/assert.ts';
import {isNullNode} from '../base/yaml-resolve.ts';
import {ProblemList} from '../model/problems.ts';
import {parseDocument, systemFiles} from './files.ts';
import {ConfigReader, emptyMapping, rootFields} from './reader.ts';
import type {Config, ConfigOptions, ParseOptions} from './shape.ts';

export type {Config, ConfigOptions, ParseOptions, Retention, StorageConfig} from './shape.ts';

/** Reads and checks a configuration file. Throws ConfigError, or an Error where the file cannot be read. */
export function loadConfig(file: string, options: ConfigOptions = {}): Config {
  return parseConfig((options.files ?? systemFiles).read(file), {...options, file});
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

/** The effective configuration as /api/v1/status/config shows it. */
export function formatConfig(config: Config): string {
  return writeYaml(config.document);
}
