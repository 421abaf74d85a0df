import {loadConfig} from '../../config/config.ts';
import type {TargetGroup} from '../../discovery/targetgroup.ts';
import {labelsToRecord} from '../../model/labels.ts';
import {compileRelabel} from '../../relabel/relabel.ts';
import type {ScrapeConfig} from '../../scrape/config.ts';
import {discoveredOf, targetsOf} from '../../scrape/target.ts';
import {createLogger} from '../../sys/log.ts';
import {createDiscovery} from '../discovery.ts';
import type {Output} from './output.ts';

export interface CheckDiscoveryOptions {
  file: string;
  job: string;
  /** How long to wait for what is found. */
  timeoutMs: number;
}

interface Found {
  discoveredLabels: Record<string, string>;
  labels: Record<string, string>;
  error?: string;
}

/** Discovers the targets of a job and prints what relabelling makes of them. Gives the exit code. */
export async function checkDiscovery(
  {file, job, timeoutMs}: CheckDiscoveryOptions,
  output: Output,
  errors: Output,
): Promise<number> {
  let jobs: ScrapeConfig[];
  try {
    jobs = loadConfig(file).scrapeConfigs;
  } catch (error) {
    errors.write(`Cannot load config ${(error as Error).message}\n`);
    return 1;
  }
  const config = jobs.find(({jobName}) => jobName === job);
  if (config === undefined) {
    errors.write(
      `Job ${job} not found. Select one of:\n${jobs.map(({jobName}) => `\t${jobName}\n`).join('')}`,
    );
    return 1;
  }
  const groups = await discover(config, timeoutMs);
  output.write(JSON.stringify(foundIn(config, groups), null, 2));
  return 0;
}

/** Waits the whole time: nobody can tell whether a mechanism has found everything. */
async function discover(config: ScrapeConfig, timeoutMs: number): Promise<readonly TargetGroup[]> {
  const {jobName, staticConfigs, discoveryConfigs} = config;
  const logger = createLogger({level: 'info', format: 'logfmt'});
  const discovery = createDiscovery(logger, 'scrape', () => {});
  discovery.apply([{jobName, staticConfigs, discoveryConfigs}]);
  if (discoveryConfigs.length > 0) await new Promise((resolve) => setTimeout(resolve, timeoutMs));
  const groups = discovery.groupsOf(jobName) ?? [];
  discovery.stop();
  return groups;
}

function foundIn(config: ScrapeConfig, groups: readonly TargetGroup[]): Found[] {
  const rules = compileRelabel(config.relabelConfigs);
  const found = new Map<string, Found>();
  const add = (each: Found): void => void found.set(JSON.stringify(each), each);
  for (const {source, targets, labels} of groups) {
    for (const target of targets) {
      const one = {source, labels, targets: [target]};
      const {targets: made, failures} = targetsOf(config, rules, one);
      const discovered = discoveredOf(config, labels, target);
      add({
        discoveredLabels: labelsToRecord(discovered),
        labels: labelsToRecord(made[0]?.labels ?? []),
        ...(failures[0] !== undefined && {error: failures[0]}),
      });
    }
  }
  return [...found.values()];
}
