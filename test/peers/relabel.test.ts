// Random relabelling rules over random static targets: the labels that Prometheus gives them against ours.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'node:test';
import {Random} from '../../src/base/random.ts';
import {loadConfig} from '../../src/config/config.ts';
import {formatDuration} from '../../src/model/duration.ts';
import {
  formatLabels,
  isLegacyLabelName,
  labelOf,
  type Labels,
  labelsOf,
  labelsToRecord,
} from '../../src/model/labels.ts';
import {compileRelabel, relabel} from '../../src/relabel/relabel.ts';
import {recordOf} from '../../src/discovery/targetgroup.ts';
import type {ScrapeConfig} from '../../src/scrape/config.ts';
import {requireProgram, startPrometheus} from '../lib/narthex.ts';

const seed = Number(process.env['SEED'] ?? 2026);
const jobCount = 250;
const targetsPerJob = 4;

const names = ['a', 'b', 'c', 'l_a', 'l_b', 'l_new'];
const values = ['foo', 'bar', 'FOO', 'a', 'b', 'foo:80', 'x;y', 'a1', 'é', '10', ' ', 'αΣ', '$1'];
/** From version 3 on, `.` matches line breaks. */
const program = requireProgram('prometheus', 'prometheus');
if (!/version 2\./.test(spawnSync(program, ['--version'], {encoding: 'utf8'}).stdout))
  values.push('foo\nbar');

const regexes = [
  '(.*)',
  '.*',
  '.+',
  'a.*',
  'f(.+)',
  '(a|b)(.*)',
  '[a-z]+',
  '([^:]+):(\\d+)',
  'foo|bar',
  '(foo|bar)',
  '',
  '(?i)FOO',
  '(?P<n>.)(.*)',
  '.',
  'foo;(.*)',
  '(.*);(.*)',
  '\\d+',
  '[^a]*',
  'x',
  'foo\\.?',
  '(f)?.*',
];
const replacements = [
  '$1',
  '${1}',
  'x$1y',
  '${1}-$2',
  '',
  'const',
  '$$1',
  '$n',
  '${n}x',
  '$10',
  '$',
  '${',
  '$1x',
  '${2}${1}',
  '$0',
  'é$1',
];
const targets = ['a', 'b', 'new', 'l_a', '${1}', 'p_$1', 'p_${n}', 'job', 'instance'];

type Rule = Record<string, unknown>;

function randomRule(random: Random): Rule {
  const source = Array.from({length: random.below(3)}, () => random.pick(names));
  const separator = random.below(4) === 0 ? {separator: random.pick(['', '-', ';;'])} : {};
  const joined = {source_labels: source, ...separator};
  const regex = {regex: random.pick(regexes)};
  switch (random.below(14)) {
    case 0:
      return {action: 'keep', ...joined, ...regex};
    case 1:
      return {action: 'drop', ...joined, ...regex};
    case 2:
      return {action: 'keepequal', source_labels: source, target_label: random.pick(names)};
    case 3:
      return {action: 'dropequal', source_labels: source, target_label: random.pick(names)};
    case 4:
    case 5:
      return {
        action: 'hashmod',
        ...joined,
        modulus: 1 + random.below(2 ** (1 + random.below(40))),
        target_label: random.pick(names),
      };
    // One source for each target: which of several wins is left to chance there.
    case 6:
      return {action: 'labelmap', regex: 'l_(.+)', replacement: random.pick(['$1', 'm_$1', '${1}_m'])};
    case 7:
      return {action: 'labeldrop', regex: random.pick(['a', 'l_.*', 'x', '[bc]', 'instance'])};
    case 8:
      return {action: 'labelkeep', regex: random.pick(['(a|b|l_.*|__.*|job)', '.+', '__.*'])};
    case 9:
      return {action: random.pick(['lowercase', 'uppercase']), ...joined, target_label: random.pick(names)};
    default:
      return {
        ...joined,
        ...regex,
        replacement: random.pick(replacements),
        target_label: random.pick(targets),
      };
  }
}

function randomJob(random: Random, index: number): Record<string, unknown> {
  const groups = Array.from({length: targetsPerJob}, (_, i) => {
    const labels = names.filter(() => random.below(3) > 0).map((name) => [name, random.pick(values)]);
    return {targets: [`127.0.0.1:${i + 1}`], labels: Object.fromEntries(labels)};
  });
  const rules = Array.from({length: 1 + random.below(4)}, () => randomRule(random));
  return {job_name: `j${index}`, static_configs: groups, relabel_configs: rules};
}

interface Targets {
  activeTargets: {labels: Record<string, string>; scrapePool: string}[];
  droppedTargets: {discoveredLabels: Record<string, string>}[];
}

async function waitForTargets(url: string): Promise<Targets> {
  let before = -1;
  for (let i = 0; i < 100; i++) {
    const response = await fetch(`${url}/api/v1/targets`);
    const {data} = (await response.json()) as {data: Targets};
    const count = data.activeTargets.length + data.droppedTargets.length;
    if (count > 0 && count === before) return data;
    before = count;
    await sleep(500);
  }
  throw new Error('Prometheus shows no targets after 50 s');
}

/** What relabelling starts from. */
function discovered(config: ScrapeConfig): Labels[] {
  return config.staticConfigs.flatMap(({targets, labels}) =>
    targets.map((target) =>
      labelsOf({
        job: config.jobName,
        __scrape_interval__: formatDuration(config.scrapeIntervalMs),
        __scrape_timeout__: formatDuration(config.scrapeTimeoutMs),
        __metrics_path__: config.metricsPath,
        __scheme__: config.scheme,
        ...recordOf(labels),
        ...recordOf(target),
      }),
    ),
  );
}

/** The labels of a target as Prometheus shows them: without those for itself, with an instance. */
function visible(labels: Labels): string {
  const shown = Object.entries(labelsToRecord(labels)).filter(([name]) => !name.startsWith('__'));
  return formatLabels(labelsOf({instance: labelOf(labels, '__address__'), ...Object.fromEntries(shown)}));
}

interface Outcome {
  active: Set<string>;
  dropped: number;
  /** Prometheus 2 does not set names that need quotes, Prometheus 3 does. */
  hasUnusualNames: boolean;
}

function relabelJob(config: ScrapeConfig): Outcome {
  const outcome: Outcome = {active: new Set(), dropped: 0, hasUnusualNames: false};
  const rules = compileRelabel(config.relabelConfigs);
  for (const before of discovered(config)) {
    let labels: Labels | null = before;
    for (const rule of rules) {
      labels &&= relabel(labels, [rule]);
      if (labels?.some((each, i) => i % 2 === 0 && !isLegacyLabelName(each))) outcome.hasUnusualNames = true;
    }
    if (labels === null) outcome.dropped++;
    else outcome.active.add(visible(labels));
  }
  return outcome;
}

test(`relabelling gives the labels that Prometheus gives, seed ${seed}`, async () => {
  const random = new Random(seed);
  const jobs = Array.from({length: jobCount}, (_, i) => randomJob(random, i));
  // JSON is YAML. Nothing is scraped: the first scrapes are spread over the interval.
  const config = JSON.stringify({global: {scrape_interval: '10d'}, scrape_configs: jobs});
  const prometheus = await startPrometheus({config});
  try {
    const {activeTargets, droppedTargets} = await waitForTargets(prometheus.url);
    let active = 0;
    let dropped = 0;
    for (const each of loadConfig(join(prometheus.folder, 'prometheus.yml')).scrapeConfigs) {
      const ours = relabelJob(each);
      if (ours.hasUnusualNames) continue;
      const what = `${each.jobName}: ${JSON.stringify(each.relabelConfigs)} on ${JSON.stringify(each.staticConfigs)}`;
      const theirs = activeTargets.filter(({scrapePool}) => scrapePool === each.jobName);
      const labels = theirs.map((target) => formatLabels(labelsOf(target.labels)));
      assert.deepEqual([...ours.active].sort(), [...new Set(labels)].sort(), what);
      active += ours.active.size;
      dropped += ours.dropped;
    }
    assert.ok(active > 200, `${active} active targets compared`);
    assert.ok(dropped > 100 && droppedTargets.length >= dropped, `${dropped} dropped targets compared`);
  } finally {
    await prometheus.stop();
  }
});
