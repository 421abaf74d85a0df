import {mkdirSync} from 'node:fs';
import {parseFloat} from '../../formats/float.ts';
import type {HttpClient} from '../../http/client.ts';
import {type Labels, labelsOf, metricNameLabel, withLabel} from '../../model/labels.ts';
import {overrideLabels} from '../../rules/alerttexts.ts';
import {parseRuleFile} from '../../rules/rulefile.ts';
import type {RuleConfig, RuleGroupConfig} from '../../rules/rulegroup-config.ts';
import {type SlottedGroup, slotBefore} from '../../rules/slot.ts';
import {MemoryStore} from '../../storage/memory.ts';
import type {Logger} from '../../sys/log.ts';
import {readTextFile} from '../textfile.ts';
import {BlockCreator} from './blockcreator.ts';
import type {Output} from './output.ts';
import {openServer, type ServerAddress} from './serverclient.ts';

export interface CreateRuleBlocksOptions extends ServerAddress {
  files: readonly string[];
  outputDir: string;
  startMs: number;
  endMs: number;
  /** Of groups that name no interval. */
  intervalMs: number;
  /** Longest block. */
  blockMsMax: number;
}

/**
 * `tsdb create-blocks-from rules`: what recording rules would have stored, had they been there, computed by a server that has
 * the data. Alerting rules are passed over. A rule that fails is told, and the others go on. Gives the exit code.
 */
export async function createRuleBlocks(
  options: CreateRuleBlocksOptions,
  {errors, logger}: {errors: Output; logger: Logger},
): Promise<number> {
  const {startMs, endMs, outputDir} = options;
  if (startMs >= endMs) throw new RangeError('start time is not before end time');
  const log = logger.child({component: 'backfiller'});
  log.info('new rule importer', {start: formatRfc822(startMs), end: formatRfc822(endMs)});
  const groups = options.files.flatMap((file) => readGroups(file).map((group) => ({file, group})));
  mkdirSync(outputDir, {recursive: true});
  const {client, base} = openServer(options);
  const backfill = new RuleBackfill(options, {client, base, log});
  let failed = false;
  try {
    for (const {file, group} of groups) {
      log.info('processing group', {name: `${file};${group.name}`});
      const intervalMs = group.intervalMs === 0 ? options.intervalMs : group.intervalMs;
      for (const [id, rule] of group.rules.entries()) {
        if (rule.alert !== '') continue;
        log.info('processing rule', {id, name: rule.record});
        try {
          await backfill.run(rule, {name: group.name, file, intervalMs});
        } catch (error) {
          failed = true;
          errors.write(`rule importer error: ${(error as Error).message}\n`);
        }
      }
    }
  } finally {
    await client.close();
  }
  if (failed) errors.write('error importing rules\n');
  return failed ? 1 : 0;
}

function readGroups(file: string): RuleGroupConfig[] {
  const {groups, problems} = parseRuleFile(readTextFile(file));
  if (problems.length > 0) throw new Error(`rule importer parse error: ${file}: ${problems[0]}`);
  return groups;
}

interface Matrix {
  metric: Record<string, string>;
  values?: [seconds: number, value: string][];
  histograms?: unknown[];
}

class RuleBackfill {
  readonly #options: CreateRuleBlocksOptions;
  readonly #client: HttpClient;
  readonly #base: string;
  readonly #log: Logger;
  readonly #creator: BlockCreator;

  constructor(
    options: CreateRuleBlocksOptions,
    {client, base, log}: {client: HttpClient; base: string; log: Logger},
  ) {
    this.#options = options;
    this.#client = client;
    this.#base = base;
    this.#log = log;
    this.#creator = new BlockCreator(options.outputDir, options.blockMsMax);
  }

  /** A query and, where it gives anything, a block for each time that a block may span. */
  async run(rule: RuleConfig, group: SlottedGroup): Promise<void> {
    // The API takes any time, but promtool's blocks begin and end with whole seconds.
    const startMs = wholeSecond(this.#options.startMs);
    const endMs = wholeSecond(this.#options.endMs);
    const {blockMs} = this.#creator;
    for (let block = blockMs * Math.trunc(startMs / blockMs); block <= endMs; block += blockMs) {
      const fromMs = Math.max(block, startMs);
      let slotMs = slotBefore(group, fromMs);
      while (wholeSecond(slotMs) < fromMs) slotMs += group.intervalMs;
      const toMs = Math.min(wholeSecond(block + blockMs - 1), endMs);
      if (toMs < slotMs) return;
      const matrix = await this.#query(rule.expr, {startMs: slotMs, endMs: toMs, stepMs: group.intervalMs});
      const {store, mint, maxt} = this.#storeOf(matrix, rule);
      this.#creator.write(store, mint, maxt);
    }
  }

  async #query(query: string, times: {startMs: number; endMs: number; stepMs: number}): Promise<Matrix[]> {
    const {startMs, endMs, stepMs} = times;
    const seconds = (ms: number): string => String(ms / 1000);
    const form = {query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs)};
    const {status, text} = await this.#client.request(`${this.#base}/api/v1/query_range`, {
      method: 'POST',
      headers: {'content-type': 'application/x-www-form-urlencoded'},
      body: new URLSearchParams(form).toString(),
      signal: new AbortController().signal,
    });
    const answer = parseAnswer(text);
    if (answer?.status !== 'success') throw new Error(`query range: ${describeRefusal(answer, status)}`);
    const {warnings = [], data} = answer;
    if (warnings.length > 0) this.#log.warn('Range query returned warnings.', {warnings});
    if (data?.resultType !== 'matrix') throw new Error(`rule result is wrong type ${data?.resultType}`);
    return data.result;
  }

  #storeOf(matrix: readonly Matrix[], rule: RuleConfig): {store: MemoryStore; mint: number; maxt: number} {
    const part = {store: new MemoryStore(), mint: Infinity, maxt: -Infinity};
    const lastTimes = new Map<string, number>();
    let histograms = 0;
    let late = 0;
    for (const {metric, values = [], histograms: found = []} of matrix) {
      histograms += found.length;
      const labels = labelsOfRule(metric, rule);
      const key = JSON.stringify(labels);
      let last = lastTimes.get(key) ?? -Infinity;
      for (const [seconds, text] of values) {
        const time = Math.round(seconds * 1000);
        if (time <= last) {
          late++; // The rule's labels have made one series of several.
          continue;
        }
        last = time;
        part.store.append(labels, time, parseFloat(text));
        part.mint = Math.min(part.mint, time);
        part.maxt = Math.max(part.maxt, time);
      }
      lastTimes.set(key, last);
    }
    const {record: name} = rule;
    if (histograms > 0) this.#log.warn('Native histograms are left out', {name, count: histograms});
    if (late > 0)
      this.#log.warn('Several results have the same labels: later ones are left out', {name, count: late});
    return part;
  }
}

function labelsOfRule(metric: Record<string, string>, rule: RuleConfig): Labels {
  return withLabel(overrideLabels(labelsOf(metric), rule.labels), metricNameLabel, rule.record);
}

interface Answer {
  status: string;
  errorType?: string;
  error?: string;
  warnings?: string[];
  data?: {resultType: string; result: Matrix[]};
}

function parseAnswer(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return null;
  }
}

/** In the words of Prometheus's client. */
function describeRefusal(answer: Answer | null, status: number): string {
  if (answer?.error !== undefined) return `${answer.errorType}: ${answer.error}`;
  const kind = status >= 500 ? 'server' : 'client';
  return `${kind}_error: ${kind} error: ${status}`;
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** `20 Nov 26 13:56 UTC`. */
function formatRfc822(ms: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) \d\d(\d\d) (\d\d:\d\d)/.exec(
    new Date(ms).toUTCString(),
  )!;
  return `${day} ${month} ${year} ${time} UTC`;
}
