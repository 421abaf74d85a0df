import {statSync} from 'node:fs';
import {quoteGo} from '../../base/quote.ts';
import {type Config, loadConfig} from '../../config/config.ts';
import {systemFiles} from '../../config/files.ts';
import {expandGlob, nodeDiscoveryFiles} from '../../discovery/files.ts';
import type {DiscoveryConfig} from '../../discovery/config.ts';
import {parseJsonTargets, parseYamlTargets, targetGroupOf} from '../../discovery/targetlist.ts';
import type {TargetGroup} from '../../discovery/targetgroup.ts';
import type {TlsClientConfig} from '../../http/client-config.ts';
import {wordsOfFile} from '../../http/file-errors.ts';
import {formatDuration} from '../../model/duration.ts';
import {alertmanagersOf} from '../../notifier/alertmanagers.ts';
import {compileRelabel} from '../../relabel/relabel.ts';
import type {ParseOptions} from '../../promql/parser/tokenstream.ts';
import type {ScrapeConfig} from '../../scrape/config.ts';
import {targetsOf} from '../../scrape/target.ts';
import {checkRules} from './checkrules.ts';
import type {Output} from './output.ts';

export interface CheckConfigOptions {
  files: readonly string[];
  /** Only the files themselves, not those that they name. */
  syntaxOnly: boolean;
  /** As Prometheus reads them as an agent. */
  agent: boolean;
  /** all, duplicate-rules, too-long-scrape-interval, none, separated by commas. */
  lint: string;
  lintFatal: boolean;
  ignoreUnknownFields: boolean;
  lookbackDeltaMs: number;
  /** What PromQL is allowed. */
  parse: ParseOptions;
}

const lintExitCode = 3;

/** Checks configuration files. Gives the exit code: 1 where a file is wrong, 3 where one is only not as it should be. */
export function checkConfigs(options: CheckConfigOptions, output: Output, errors: Output): number {
  const {lintsIntervals, ruleLint} = readLint(options.lint);
  let wrong = false;
  let linted = false;
  for (const file of options.files) {
    output.write(`Checking ${file}\n`);
    let checked: {ruleFiles: string[]; config: Config} = {ruleFiles: [], config: none};
    try {
      checked = checkConfig(file, options, output);
      if (checked.ruleFiles.length > 0)
        output.write(`  SUCCESS: ${checked.ruleFiles.length} rule files found\n`);
      output.write(` SUCCESS: ${file} is valid prometheus config file syntax\n`);
    } catch (error) {
      wrong = true;
      errors.write(`  FAILED: ${(error as Error).message}\n`);
    }
    output.write('\n');
    if (options.syntaxOnly) continue;
    const long = checked.config.scrapeConfigs.find(
      ({scrapeIntervalMs}) => lintsIntervals && scrapeIntervalMs >= options.lookbackDeltaMs,
    );
    if (long !== undefined) {
      linted = true;
      errors.write(
        `  FAILED: too long scrape interval found, data point will be marked as stale - job: ${long.jobName}, interval: ${formatDuration(long.scrapeIntervalMs)}\n`,
      );
    }
    if (checked.ruleFiles.length === 0) continue;
    const code = checkRules(
      {...options, files: checked.ruleFiles, lint: ruleLint, lintFatal: true},
      output,
      errors,
    );
    if (code === lintExitCode) linted = true;
    else if (code !== 0) wrong = true;
  }
  if (wrong) return 1;
  return linted && options.lintFatal ? lintExitCode : 0;
}

const none = {scrapeConfigs: []} as unknown as Config;

function readLint(text: string): {lintsIntervals: boolean; ruleLint: string} {
  const names = text.split(',');
  if (names.includes('none')) return {lintsIntervals: false, ruleLint: 'none'};
  return {
    lintsIntervals: names.includes('all') || names.includes('too-long-scrape-interval'),
    ruleLint: names.filter((name) => name !== 'too-long-scrape-interval').join(','),
  };
}

/** Checks one file, and those that it names. Throws what is wrong. */
function checkConfig(
  file: string,
  {syntaxOnly, agent}: CheckConfigOptions,
  output: Output,
): {ruleFiles: string[]; config: Config} {
  const config = loadConfig(file, {
    agentMode: agent,
    ...(syntaxOnly && {files: {...systemFiles, expand: () => []}}),
  });
  const ruleFiles = syntaxOnly ? [] : config.ruleFiles.flatMap(expandRuleFiles);
  for (const job of config.scrapeConfigs) checkJob(job, syntaxOnly, output);
  for (const alertmanager of config.alerting.alertmanagers) {
    const rules = compileRelabel(alertmanager.relabelConfigs);
    const check = (groups: readonly TargetGroup[]): void => {
      for (const group of groups) alertmanagersOf(group, alertmanager, rules);
    };
    check(alertmanager.staticConfigs);
    if (!syntaxOnly) checkTargetFiles(alertmanager.discoveryConfigs, check, 'alertmanager config', output);
  }
  return {ruleFiles, config};
}

function expandRuleFiles(pattern: string): string[] {
  const files = expandGlob(nodeDiscoveryFiles, pattern);
  if (!pattern.includes('*') && files.length === 0)
    throw new Error(`${quoteGo(pattern)} does not point to an existing file`);
  return files;
}

function checkJob(job: ScrapeConfig, syntaxOnly: boolean, output: Output): void {
  const rules = compileRelabel(job.relabelConfigs);
  const check = (groups: readonly TargetGroup[]): void => {
    for (const group of groups) {
      const [failure] = targetsOf(job, rules, group).failures;
      if (failure !== undefined) throw new Error(failure);
    }
  };
  if (!syntaxOnly) {
    const {credentialsFile} = job.authorization ?? {};
    checkExists(credentialsFile, 'authorization credentials or bearer token file');
    checkTlsFiles(job.tls);
    for (const each of job.discoveryConfigs)
      if (each.mechanism === 'kubernetes' && 'client' in each) checkTlsFiles(clientTlsOf(each));
    checkTargetFiles(job.discoveryConfigs, check, `scrape job ${quoteGo(job.jobName)}`, output);
  }
  check(job.staticConfigs);
}

function clientTlsOf(config: object): TlsClientConfig | undefined {
  return (config as {client?: {tls?: TlsClientConfig}}).client?.tls;
}

function checkTlsFiles(tls: TlsClientConfig | undefined): void {
  checkExists(tls?.certFile, 'client cert file');
  checkExists(tls?.keyFile, 'client key file');
}

function checkExists(file: string | undefined, what: string): void {
  if (file === undefined) return;
  try {
    statSync(file);
  } catch (cause) {
    const words = wordsOfFile(cause, file).replace(/^open /, 'stat ');
    throw new Error(`error checking ${what} ${quoteGo(file)}: ${words}`, {cause});
  }
}

function checkTargetFiles(
  configs: readonly DiscoveryConfig[],
  check: (groups: readonly TargetGroup[]) => void,
  where: string,
  output: Output,
): void {
  for (const config of configs) {
    if (config.mechanism !== 'file') continue;
    for (const pattern of config.files) {
      const files = expandGlob(nodeDiscoveryFiles, pattern);
      for (const file of files) check(readTargets(file, pattern));
      if (files.length === 0)
        output.write(`  WARNING: file ${quoteGo(pattern)} for file_sd in ${where} does not exist\n`);
    }
  }
}

function readTargets(file: string, pattern: string): TargetGroup[] {
  try {
    const {text} = nodeDiscoveryFiles.read(file);
    const groups = file.toLowerCase().endsWith('.json') ? parseJsonTargets(text) : parseYamlTargets(text);
    return groups.map((group, index) => targetGroupOf(`${file}:${index}`, group));
  } catch (cause) {
    throw new Error(`checking SD file ${quoteGo(pattern)}: ${(cause as Error).message}`, {cause});
  }
}
