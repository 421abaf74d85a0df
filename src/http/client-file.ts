// A file whose fields are those of an HTTP client, as the tools take them with --http.config.file.

import {readFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {isNullNode} from '../base/yaml-resolve.ts';
import {parseYaml, placeOf, YamlError, type YamlDocument} from '../base/yaml.ts';
import {section} from '../model/fields.ts';
import {ConfigError, ProblemList} from '../model/problems.ts';
import {type HttpClientConfig, httpClientShape, readHttpClient} from './client-config.ts';

const fields = section(() => httpClientShape);

/** Reads such a file. Throws ConfigError, or an Error where it cannot be read. */
export function loadHttpConfig(file: string): HttpClientConfig {
  const text = readFileSync(file, 'utf8');
  const {root, problems: found} = parse(text, file);
  const problems = new ProblemList(file, text, root);
  for (const {offset, message} of found) problems.addAt(offset, message);
  let config: HttpClientConfig = {followRedirects: true};
  const read = fields.safeParse(
    root === null || isNullNode(root) ? {kind: 'mapping', entries: [], offset: 0} : root,
  );
  if (read.success)
    ({config} = readHttpClient(read.data, dirname(file), (path, message) => problems.add(path, message)));
  else problems.addIssues([], read.error);
  problems.check();
  return config;
}

function parse(text: string, file: string): YamlDocument {
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new ConfigError(file, [
      {path: [], message: `yaml: ${error.message}`, ...placeOf(text, error.offset)},
    ]);
  }
}
