// Runs unit tests of rules.

import {formatHistogram, formatTestExpression} from '../../../model/histogram/format.ts';
import {formatPlain} from '../../../base/format.ts';
import {quoteGo} from '../../../base/quote.ts';
import {formatDuration} from '../../../model/duration.ts';
import {compareLabels, formatLabels, labelsOf} from '../../../model/labels.ts';
import {Engine, type EngineFeatures} from '../../../promql/engine/engine.ts';
import {labelTexts} from '../../../promql/engine/labelset.ts';
import {parseDescription} from '../../../promql/promqltest/series.ts';
import {AlertingRule} from '../../../rules/alertingrule.ts';
import {EngineEvaluator} from '../../../rules/engineevaluator.ts';
import type {EvaluationWorld} from '../../../rules/alerttexts.ts';
import type {RuleGroup} from '../../../rules/group.ts';
import {RuleFilesError, RuleManager} from '../../../rules/manager.ts';
import {TestStore} from '../../../rules/teststore.ts';
import {systemClock} from '../../../sys/clock.ts';
import {noLogger} from '../../../sys/log.ts';
import {formatGoDuration} from '../output.ts';
import {formatAlertsDiff} from './diff.ts';
import {
  compareAlerts,
  type ExprSample,
  formatAlerts,
  formatSamples,
  indentLines,
  type LabelsAndAnnotations,
} from './format.ts';
import type {AlertTest, ExprTest, TestFile, TestGroup} from './testfile.ts';

export interface RunOptions {
  features: EngineFeatures;
  /** Show what differs, in colours. */
  diff: boolean;
  ignoreUnknownFields: boolean;
  readFile: (file: string) => string;
  /** Where the progress goes; null = nowhere. */
  debug: ((line: string) => void) | null;
}

/** As promtool sets up its engine. */
const samplesMax = 10_000;
const lookbackDeltaMs = 300_000;
const queryMsMax = 100_000;

/** Runs one group of tests. Returns what is wrong; nothing where it passes. */
export async function runTestGroup(
  group: TestGroup,
  file: Pick<TestFile, 'ruleFiles' | 'evaluationIntervalMs' | 'groupEvalOrder' | 'fuzzyCompare'>,
  options: RunOptions,
): Promise<string[]> {
  let run: GroupRun;
  try {
    run = new GroupRun(group, file, options);
  } catch (error) {
    if (error instanceof RuleFilesError) return [...error.problems];
    if (error instanceof SyntaxError || error instanceof RangeError) return [error.message];
    throw error;
  }
  return run.run();
}

class GroupRun {
  readonly #group: TestGroup;
  readonly #file: Pick<TestFile, 'evaluationIntervalMs' | 'fuzzyCompare'>;
  readonly #options: RunOptions;
  readonly #store: TestStore;
  readonly #world: EvaluationWorld;
  readonly #groups: RuleGroup[];
  readonly #problems: string[] = [];

  constructor(
    group: TestGroup,
    file: Pick<TestFile, 'ruleFiles' | 'evaluationIntervalMs' | 'groupEvalOrder' | 'fuzzyCompare'>,
    options: RunOptions,
  ) {
    this.#group = group;
    this.#file = file;
    this.#options = options;
    const intervalMs = group.intervalMs === 0 ? file.evaluationIntervalMs : group.intervalMs;
    this.#store = new TestStore(group.inputSeries, {startMs: group.startMs, intervalMs});
    this.#world = {
      engine: new Engine({maxSamples: samplesMax, lookbackDeltaMs, features: options.features}),
      queryable: this.#store.memory,
      options: {defaultEvalIntervalMs: file.evaluationIntervalMs},
    };
    this.#groups = this.#loadRules(file.ruleFiles, intervalMs);
    const order = new Map(file.groupEvalOrder.map((name, index) => [name, index]));
    this.#groups.sort((left, right) => (order.get(left.name) ?? 0) - (order.get(right.name) ?? 0));
  }

  #loadRules(files: readonly string[], intervalMs: number): RuleGroup[] {
    const {features, readFile, ignoreUnknownFields} = this.#options;
    const {externalLabels, externalUrl} = this.#group;
    const manager = new RuleManager({
      clock: systemClock,
      logger: noLogger,
      evaluator: new EngineEvaluator(this.#world, queryMsMax),
      store: this.#store,
      notify: () => {},
      readFile,
      parse: features,
      settings: {
        outageToleranceMs: 0,
        forGracePeriodMs: 0,
        resendDelayMs: 0,
        concurrentEvalsMax: 0,
        externalUrl,
      },
    });
    const config = {files, intervalMs, queryOffsetMs: 0, externalLabels, legacyNames: false};
    const groups = [...manager.load(config, ignoreUnknownFields).values()];
    for (const {rules} of groups) {
      for (const rule of rules) if (rule instanceof AlertingRule) rule.restored = true;
    }
    return groups;
  }

  async run(): Promise<string[]> {
    const nameless = this.#group.alertTests.find(({alertname}) => alertname === '');
    if (nameless !== undefined) {
      const where = this.#group.name === '' ? '' : ` (in TestGroup ${this.#group.name})`;
      return [
        `an item under alert_rule_test misses required attribute alertname at eval_time ${formatDuration(nameless.evalTimeMs)}${where}`,
      ];
    }
    if (await this.#evaluate()) {
      for (const each of this.#group.exprTests) this.#checkExpr(each);
      if (this.#options.debug !== null) this.#dump(this.#options.debug);
    }
    return this.#problems;
  }

  get #lastMs(): number {
    const {alertTests, exprTests} = this.#group;
    return Math.max(0, ...[...alertTests, ...exprTests].map(({evalTimeMs}) => evalTimeMs));
  }

  /** Evaluates the rules over the whole time, and checks alerts on the way. False where a rule fails. */
  async #evaluate(): Promise<boolean> {
    const {startMs, alertTests} = this.#group;
    const {evaluationIntervalMs: stepMs} = this.#file;
    const times = [...new Set(alertTests.map(({evalTimeMs}) => evalTimeMs))].sort(
      (left, right) => left - right,
    );
    let next = 0;
    for (let nowMs = startMs; nowMs <= startMs + this.#lastMs; nowMs += stepMs) {
      const failures = await this.#step(nowMs);
      this.#problems.push(...failures);
      if (failures.length > 0) return false;
      // An alert is checked after the last evaluation that is not behind its time.
      const afterMs = nowMs - startMs;
      for (; next < times.length && afterMs <= times[next]! && times[next]! < afterMs + stepMs; next++)
        this.#checkAlerts(times[next]!);
    }
    return true;
  }

  /** Returns what went wrong. */
  async #step(nowMs: number): Promise<string[]> {
    try {
      this.#store.passTo(nowMs);
    } catch (error) {
      this.#problems.push((error as Error).message);
      return [];
    }
    const failures: string[] = [];
    for (const group of this.#groups) {
      await group.evaluate(nowMs);
      for (const {name, lastError} of group.rules) {
        if (lastError !== null)
          failures.push(`    rule: ${name}, time: ${formatGoDuration(nowMs)}, err: ${lastError}`);
      }
    }
    return failures;
  }

  #checkAlerts(evalTimeMs: number): void {
    for (const each of this.#group.alertTests) {
      if (each.evalTimeMs === evalTimeMs) this.#checkAlert(each);
    }
  }

  #checkAlert({evalTimeMs, alertname, alerts}: AlertTest): void {
    const got = this.#firing(alertname).sort(compareAlerts);
    const expected = alerts
      .map(({labels, annotations}) => ({
        labels: labelsOf([...pairs(labels), ['alertname', alertname]]),
        annotations,
      }))
      .sort(compareAlerts);
    const same =
      got.length === expected.length && got.every((alert, i) => compareAlerts(alert, expected[i]!) === 0);
    if (same) return;
    const {name} = this.#group;
    const head = `${name === '' ? '' : `    name: ${name},\n`}    alertname: ${alertname}, time: ${formatDuration(evalTimeMs)}, \n`;
    const indent = ' '.repeat(12);
    if (this.#options.diff) {
      this.#problems.push(`${head}        diff: ${indentLines(formatAlertsDiff(expected, got), indent)}`);
      return;
    }
    const texts = [expected, got].map((each) => indentLines(formatAlerts(each), indent));
    this.#problems.push(`${head}        exp:${texts[0]}, \n        got:${texts[1]}`);
  }

  #firing(alertname: string): LabelsAndAnnotations[] {
    const found: LabelsAndAnnotations[] = [];
    for (const {rules} of this.#groups) {
      for (const rule of rules) {
        if (!(rule instanceof AlertingRule) || rule.name !== alertname) continue;
        for (const {state, labels, annotations} of rule.activeAlerts) {
          if (state === 'firing') found.push({labels, annotations});
        }
      }
    }
    return found;
  }

  #checkExpr(test: ExprTest): void {
    const {expr, evalTimeMs} = test;
    const time = formatDuration(evalTimeMs);
    let got: ExprSample[];
    let expected: ExprSample[];
    try {
      got = this.#query(expr, this.#group.startMs + evalTimeMs);
      expected = test.samples.map(expectedSample);
    } catch (error) {
      this.#problems.push(`    expr: ${quoteGo(expr)}, time: ${time}, err: ${(error as Error).message}`);
      return;
    }
    for (const samples of [got, expected])
      samples.sort((left, right) => compareLabels(left.labels, right.labels));
    const same = got.length === expected.length && got.every((each, i) => this.#isSame(each, expected[i]!));
    if (same) return;
    this.#problems.push(
      `    expr: ${quoteGo(expr)}, time: ${time},\n        exp: ${formatSamples(expected)}\n        got: ${formatSamples(got)}`,
    );
  }

  #isSame(got: ExprSample, expected: ExprSample): boolean {
    if (compareLabels(got.labels, expected.labels) !== 0 || got.histogram !== expected.histogram)
      return false;
    const close =
      got.value === expected.value || (this.#file.fuzzyCompare && areNext(got.value, expected.value));
    return close || (got.histogram !== '' && expected.histogram !== '');
  }

  #query(expr: string, timeMs: number): ExprSample[] {
    const {engine, queryable, options} = this.#world;
    const {value, symbols} = engine.execInstant(queryable, expr, {
      ...options,
      timeMs,
      deadlineMs: Date.now() + queryMsMax,
    });
    if (value.kind === 'scalar') return [{labels: [], value: value.value, histogram: ''}];
    if (value.kind !== 'vector') throw new TypeError('rule result is not a vector or scalar');
    return value.labels.map((ids, i) => {
      const histogram = value.histograms?.[i];
      return {
        labels: labelTexts(symbols, ids),
        value: histogram === undefined ? value.values[i]! : 0,
        histogram: histogram === undefined ? '' : formatTestExpression(histogram),
      };
    });
  }

  /** All that is stored at the end. */
  #dump(write: (line: string) => void): void {
    // Rounded up: PromQL knows whole seconds here.
    const endMs = Math.floor((this.#lastMs + 1000) / 1000) * 1000;
    const expr = `{__name__=~".+"}[${endMs / 1000}s]`;
    const {engine, queryable, options} = this.#world;
    const {value, symbols} = engine.execInstant(queryable, expr, {
      ...options,
      timeMs: this.#group.startMs + endMs,
    });
    if (value.kind !== 'matrix') return;
    write(`DEBUG: Dump of all data (input_series and rules) at ${formatGoDuration(endMs)}:`);
    const series = value.series.map(({labels, times, values, histograms, length}) => {
      const points = Array.from({length}, (_, i) => {
        const histogram = histograms?.[i];
        const text = histogram === undefined ? formatPlain(values[i]!) : formatHistogram(histogram);
        return `${text} @[${times[i]}]`;
      });
      return `${formatLabels(labelTexts(symbols, labels))} =>\n${points.join('\n')}`;
    });
    write(series.join('\n'));
  }
}

function expectedSample({labels, value, histogram}: ExprTest['samples'][number]): ExprSample {
  try {
    const parsed = labels.trim() === '' ? [] : parseDescription(labels).labels;
    return {labels: parsed, value: histogram === '' ? value : 0, histogram: expectedHistogram(histogram)};
  } catch (error) {
    throw new SyntaxError(`labels ${quoteGo(labels)}: ${(error as Error).message}`, {cause: error});
  }
}

function expectedHistogram(text: string): string {
  if (text === '') return '';
  const {points} = parseDescription(`{} ${text}`);
  const [point] = points;
  if (points.length !== 1) throw new SyntaxError(`expected 1 value, got ${points.length}`);
  if (point?.kind !== 'histogram') throw new SyntaxError(`expected histogram, got ${text}`);
  return formatTestExpression(point.histogram);
}

/** Whether no other number lies between the two. */
function areNext(left: number, right: number): boolean {
  const [low, high] = left < right ? [left, right] : [right, left];
  const bits = new BigInt64Array(1);
  const view = new Float64Array(bits.buffer);
  const order = (value: number): bigint => {
    view[0] = value === 0 ? 0 : value;
    return bits[0]! < 0n ? -(bits[0]! & 0x7fffffffffffffffn) : bits[0]!;
  };
  return order(high) - order(low) === 1n;
}

function pairs(labels: readonly string[]): [string, string][] {
  return Array.from({length: labels.length / 2}, (_, i) => [labels[2 * i]!, labels[2 * i + 1]!]);
}
