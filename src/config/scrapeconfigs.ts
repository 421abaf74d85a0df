import {quoteGo} from '../base/quote.ts';
import type {YamlNode} from '../base/yaml.ts';
import type {Path, ProblemList} from '../model/problems.ts';
import {readScrapeConfig, type ReadScrapeConfig, scrapeConfigFields} from '../scrape/schema.ts';
import type {GlobalConfig} from './global.ts';

export interface ScrapeConfigOptions {
  global: GlobalConfig;
  /** Files are relative to it. */
  directory: string;
  /** Where the jobs of other files, and of this one so far, are from. */
  names: Map<string, string>;
  /** This file, in messages. */
  where: string;
}

/** Reads the list scrape_configs of one file, adding what is wrong to `problems`. */
export function readScrapeConfigs(
  nodes: readonly (YamlNode | null)[],
  problems: ProblemList,
  {global, directory, names, where}: ScrapeConfigOptions,
): ReadScrapeConfig[] {
  const configs: ReadScrapeConfig[] = [];
  for (const [index, node] of nodes.entries()) {
    const path: Path = ['scrape_configs', index];
    if (problems.isFull) break;
    if (node === null) {
      problems.add(path, 'empty or null scrape config section');
      continue;
    }
    const fields = scrapeConfigFields.safeParse(node);
    if (!fields.success) {
      problems.addIssues(path, fields.error);
      continue;
    }
    const read = readScrapeConfig(fields.data, global, directory, (below, message) =>
      problems.add([...path, ...below], message),
    );
    const {jobName} = read.config;
    const first = names.get(jobName);
    if (jobName !== '' && first !== undefined) {
      const elsewhere = first === where ? '' : `, first found in ${first}`;
      problems.add(
        [...path, 'job_name'],
        `found multiple scrape configs with job name ${quoteGo(jobName)}${elsewhere}`,
      );
    }
    names.set(jobName, where);
    configs.push(read);
  }
  return configs;
}
