// The files that scrape_config_files names: each has a list scrape_configs, and nothing else.

import {dirname, resolve} from 'node:path';
import {quoteGo} from '../base/quote.ts';
import {isNullNode} from '../base/yaml-resolve.ts';
import {list, section} from '../model/fields.ts';
import {ProblemList} from '../model/problems.ts';
import type {ScrapeConfig} from '../scrape/config.ts';
import {type ConfigFiles, parseDocument} from './files.ts';
import type {GlobalConfig} from './global.ts';
import {raw} from './raw.ts';
import {readScrapeConfigs} from './scrapeconfigs.ts';

export interface ScrapeFilesOptions {
  files: ConfigFiles;
  global: GlobalConfig;
  /** Where the jobs so far are from. */
  names: Map<string, string>;
}

const fileFields = section(() => ({scrape_configs: list(raw, 'a list of scrape_configs').default([])}));

/** Reads all files that match the patterns. Throws ConfigError, or an Error where a file cannot be read. */
export function readScrapeConfigFiles(
  patterns: readonly string[],
  options: ScrapeFilesOptions,
): ScrapeConfig[] {
  return patterns.flatMap((pattern) => {
    let files: string[];
    try {
      files = options.files.expand(pattern);
    } catch (cause) {
      throw new Error(
        `error retrieving scrape config files for ${quoteGo(pattern)}: ${(cause as Error).message}`,
        {cause},
      );
    }
    return files.flatMap((file) => readFile(file, options));
  });
}

function readFile(file: string, {files, global, names}: ScrapeFilesOptions): ScrapeConfig[] {
  const text = files.read(file);
  const {root, problems: found} = parseDocument(text, file);
  const problems = new ProblemList(file, text, root);
  for (const {offset, message} of found) problems.addAt(offset, message);
  if (root === null || isNullNode(root)) {
    problems.check();
    return [];
  }
  const fields = fileFields.safeParse(root);
  const options = {global, directory: dirname(file), names, where: quoteGo(resolve(file))};
  if (!fields.success) problems.addIssues([], fields.error);
  const read = fields.success ? readScrapeConfigs(fields.data.scrape_configs, problems, options) : [];
  problems.check();
  return read.map(({config}) => config);
}
