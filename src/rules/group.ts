import {formatLabels} from '../model/labels.ts';
import type {Clock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import {describeError} from '../sys/log.ts';
import {AlertingRule} from './alertingrule.ts';
import {independentBatches, sequentialRuns} from './dependencies.ts';
import type {AlertingResult, BatchOutcome} from './evaluation.ts';
import type {Rule} from './rule.ts';
import type {Semaphore} from './semaphore.ts';
import type {EvaluationMoment} from './rulestate.ts';
import {noSeries, type RuleSeries} from './series.ts';
import {slotBefore} from './slot.ts';
import type {Durations, GroupStatistics} from './statistics.ts';
import type {AppendOutcome, RuleWorld} from './world.ts';

export interface GroupOptions {
  name: string;
  file: string;
  intervalMs: number;
  /** Of the group; null = the global one. */
  queryOffsetMs: number | null;
  limit: number;
  rules: Rule[];
  /** Whether alerts are to be restored after the second evaluation. */
  restore: boolean;
}

/** What all groups have in common. */
export interface GroupContext {
  world: RuleWorld;
  /** null = rules are evaluated one after the other. */
  concurrency: Semaphore | null;
  defaultQueryOffsetMs: () => number;
  ruleDurations: Durations;
  iterationDurations: Durations;
}

/** Rules that took no longer last time are evaluated several at once, so many at most. */
const lightSecondsMax = 0.02;
const partMax = 32;

/** One rule, one time. */
interface Evaluation {
  readonly rule: Rule;
  readonly index: number;
  readonly moment: EvaluationMoment;
  readonly beganMs: number;
  seconds: number;
  series: RuleSeries;
}

/** Rules that are evaluated together, again and again. */
export class RuleGroup {
  readonly options: GroupOptions;
  /** How long the last evaluation took; it goes on with a changed group of the same name. */
  evaluationSeconds = 0;
  /** When it began; 0 = there was none. */
  lastEvaluationMs = 0;
  readonly #context: GroupContext;
  readonly #logger: Logger;
  readonly #batches: number[][];
  readonly #statistics: GroupStatistics;
  /** Numbers of rules that are gone, whose series are to be marked stale after the next evaluation. */
  #retired: number[] = [];
  #stopped = false;
  #iteration: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  /** The time that the last evaluation was for. */
  #slotMs = 0;
  #iterations = 0;

  constructor(options: GroupOptions, context: GroupContext) {
    this.options = options;
    this.#context = context;
    const {name, file, intervalMs, rules} = options;
    this.#logger = context.world.logger.child({file, group: name});
    this.#batches = context.concurrency === null ? sequentialRuns(rules) : independentBatches(rules);
    this.#statistics = {
      key: this.key,
      intervalSeconds: intervalMs / 1000,
      rules: rules.length,
      iterations: 0,
      iterationsMissed: 0,
      evaluations: 0,
      evaluationsFailed: 0,
      samples: 0,
      lastEvaluationSeconds: 0,
      lastDurationSeconds: 0,
      lastRuleDurationsSeconds: 0,
    };
  }

  get name(): string {
    return this.options.name;
  }

  get file(): string {
    return this.options.file;
  }

  get rules(): readonly Rule[] {
    return this.options.rules;
  }

  /** Names need not differ from file to file. */
  get key(): string {
    return `${this.file};${this.name}`;
  }

  /** Equal where two groups do the same. */
  get identity(): string {
    const {name, file, intervalMs, queryOffsetMs, limit, rules} = this.options;
    return JSON.stringify([name, file, intervalMs, queryOffsetMs, limit, rules.map((rule) => rule.identity)]);
  }

  statistics(): GroupStatistics {
    return {...this.#statistics};
  }

  /** Evaluates from the next slot on. */
  start(): void {
    const {intervalMs} = this.options;
    const nowMs = this.#context.world.clock.now();
    this.#slotMs = this.slotBefore(nowMs);
    this.#wait(this.#slotMs + intervalMs - nowMs);
  }

  /** Ends after the rule that is being evaluated. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#iteration;
  }

  /** Stops for good; the series of the rules get stale markers once another group could have taken them over. */
  async retire(onDone: () => void): Promise<void> {
    await this.stop();
    const {clock} = this.#context.world;
    const nowMs = clock.now();
    this.#retired.push(...this.rules.map((rule) => rule.number));
    this.#cancelTimer = clock.after(2 * this.options.intervalMs, () => {
      onDone();
      void this.#markRetired(nowMs);
    });
  }

  /** Takes back what retire() was about to do. */
  forget(): void {
    this.#cancelTimer();
  }

  /** Goes on where a group of the same name was: alerts, and series that may have ended. */
  copyState(from: RuleGroup): void {
    this.evaluationSeconds = from.evaluationSeconds;
    this.lastEvaluationMs = from.lastEvaluationMs;
    const unmatched = new Map<string, Rule[]>();
    for (const rule of from.rules) {
      const key = rule.name + formatLabels(rule.labels);
      const same = unmatched.get(key);
      if (same === undefined) unmatched.set(key, [rule]);
      else same.push(rule);
    }
    for (const rule of this.rules) {
      const before = unmatched.get(rule.name + formatLabels(rule.labels))?.shift();
      if (before === undefined) continue;
      rule.number = before.number;
      if (rule instanceof AlertingRule && before instanceof AlertingRule) rule.alerts.copyFrom(before.alerts);
    }
    this.#retired = [...from.#retired, ...[...unmatched.values()].flat().map((rule) => rule.number)];
  }

  /** The last time before, or at, `nowMs` for which the group is evaluated. */
  slotBefore(nowMs: number): number {
    // Samples have whole milliseconds.
    return Math.floor(slotBefore(this.options, nowMs));
  }

  #wait(ms: number): void {
    // A clock that was set back does not stop the evaluation for longer than an interval.
    const bounded = Math.min(Math.max(0, ms), this.options.intervalMs);
    this.#cancelTimer = this.#context.world.clock.after(bounded, () => {
      this.#iteration = this.#run();
    });
  }

  /** Whatever comes of it, the group goes on. */
  async #run(): Promise<void> {
    try {
      await this.#iterate();
    } catch (error) {
      this.#logger.error('Evaluating rule group failed', {err: error});
    }
    if (!this.#stopped) this.#wait(this.#slotMs + this.options.intervalMs - this.#context.world.clock.now());
  }

  async #iterate(): Promise<void> {
    const {clock, settings} = this.#context.world;
    const {intervalMs} = this.options;
    const nowMs = clock.now();
    if (nowMs < this.#slotMs) this.#slotMs = this.slotBefore(nowMs) - intervalMs;
    const dueMs = this.#slotMs + intervalMs;
    if (nowMs < dueMs) return;
    const missed = Math.floor((nowMs - dueMs) / intervalMs);
    this.#statistics.iterationsMissed += missed;
    this.#statistics.iterations += missed;
    this.#slotMs = dueMs + missed * intervalMs;
    await this.iterate(this.#slotMs);
    // Not before the second time: until then there may not be all that alerts depend on.
    if (this.options.restore && ++this.#iterations === 2 && !this.#stopped)
      await this.#restore(settings.forGracePeriodMs);
  }

  /** Evaluates all rules for one time, and counts. */
  async iterate(slotMs: number): Promise<void> {
    const {clock} = this.#context.world;
    this.#statistics.iterations++;
    const beganMs = clock.now();
    const began = clock.elapsed();
    await this.evaluate(slotMs);
    const seconds = secondsSince(clock, began);
    this.#context.iterationDurations.observe(seconds);
    this.evaluationSeconds = seconds;
    this.lastEvaluationMs = beganMs;
    this.#statistics.lastDurationSeconds = seconds;
    this.#statistics.lastEvaluationSeconds = beganMs / 1000;
    this.#statistics.lastRuleDurationsSeconds = this.rules.reduce(
      (sum, rule) => sum + rule.evaluationSeconds,
      0,
    );
  }

  /** Evaluates all rules for one time. */
  async evaluate(nowMs: number): Promise<void> {
    const {concurrency} = this.#context;
    const moment = {nowMs, queryOffsetMs: this.#queryOffsetMs, limit: this.options.limit};
    let samples = 0;
    const run = async (indexes: readonly number[]): Promise<void> => {
      samples += await this.#evaluateRules(indexes, moment);
    };
    for (const batch of this.#batches) {
      const besides: Promise<void>[] = [];
      for (const part of this.#partsOf(batch)) {
        if (this.#stopped) break;
        if (batch.length > 1 && concurrency !== null && concurrency.tryTake())
          besides.push(run(part).finally(() => concurrency.giveBack()));
        else await run(part);
      }
      await Promise.all(besides);
      if (this.#stopped) return;
    }
    this.#statistics.samples = samples;
    await this.#markRetired(nowMs);
  }

  /** Rules that may be evaluated together in parts that are: of light ones several, of others each by itself. */
  #partsOf(batch: readonly number[]): number[][] {
    const parts: number[][] = [];
    let light: number[] = [];
    for (const index of batch) {
      const {lastEvaluationMs, evaluationSeconds} = this.rules[index]!;
      if (lastEvaluationMs === 0 || evaluationSeconds > lightSecondsMax) {
        // In their order.
        if (light.length > 0) parts.push(light);
        light = [];
        parts.push([index]);
        continue;
      }
      light.push(index);
      if (light.length === partMax) {
        parts.push(light);
        light = [];
      }
    }
    if (light.length > 0) parts.push(light);
    return parts;
  }

  /** Returns how many samples there were. Never throws. */
  async #evaluateRules(indexes: readonly number[], moment: EvaluationMoment): Promise<number> {
    const {evaluator} = this.#context.world;
    const [first] = indexes;
    if (indexes.length === 1) return this.#evaluateAlone(first!, moment);
    let outcomes: BatchOutcome[];
    const evaluations = indexes.map((index) => this.#begin(index, moment));
    try {
      outcomes = await evaluator.batch(evaluations.map(({rule}) => rule.request(moment)));
    } catch {
      let samples = 0;
      for (const index of indexes) samples += await this.#evaluateAlone(index, moment);
      return samples;
    }
    const good: Evaluation[] = [];
    for (const [i, {value, error, seconds}] of outcomes.entries()) {
      const evaluation = evaluations[i]!;
      evaluation.seconds = seconds;
      if (value === null) this.#fail(evaluation, new Error(error));
      else if (this.#take(evaluation, value)) good.push(evaluation);
    }
    await this.#store(good);
    for (const evaluation of evaluations) this.#end(evaluation);
    return sum(good.map(({series}) => series.ends.length));
  }

  async #evaluateAlone(index: number, moment: EvaluationMoment): Promise<number> {
    const {clock, evaluator} = this.#context.world;
    const evaluation = this.#begin(index, moment);
    const {rule} = evaluation;
    const began = clock.elapsed();
    let isGood = false;
    try {
      const value =
        rule.kind === 'recording'
          ? await evaluator.recording(rule.request(moment))
          : await evaluator.alerting(rule.request(moment));
      isGood = this.#take(evaluation, value);
    } catch (error) {
      this.#fail(evaluation, error);
    }
    if (isGood) await this.#store([evaluation]);
    evaluation.seconds = secondsSince(clock, began);
    this.#end(evaluation);
    return isGood ? evaluation.series.ends.length : 0;
  }

  #begin(index: number, moment: EvaluationMoment): Evaluation {
    const rule = this.rules[index]!;
    return {rule, index, moment, beganMs: this.#context.world.clock.now(), seconds: 0, series: noSeries};
  }

  #end({rule, beganMs, seconds}: Evaluation): void {
    this.#statistics.evaluations++;
    this.#context.ruleDurations.observe(seconds);
    rule.evaluationSeconds = Math.round(seconds * 1e9) / 1e9;
    rule.lastEvaluationMs = beganMs;
  }

  /** Moves alerts on, and tells of them. False where the rule has failed. */
  #take(evaluation: Evaluation, value: RuleSeries | AlertingResult): boolean {
    const {rule, moment} = evaluation;
    try {
      evaluation.series =
        rule.kind === 'recording'
          ? (value as RuleSeries)
          : rule.take(value as AlertingResult, moment, this.#logger);
    } catch (error) {
      this.#fail(evaluation, error);
      return false;
    }
    rule.succeed();
    if (rule.kind === 'alerting') this.#notify(rule, moment.nowMs);
    return true;
  }

  #fail({rule, index}: Evaluation, error: unknown): void {
    rule.fail(describeError(error));
    this.#statistics.evaluationsFailed++;
    if (!this.#stopped)
      this.#logger.warn('Evaluating rule failed', {name: rule.name, index, rule: rule.query, err: error});
  }

  #notify(rule: AlertingRule, nowMs: number): void {
    const {notify, settings} = this.#context.world;
    const due = rule.takeNotifications(nowMs, this.options.intervalMs, settings);
    if (due.length === 0) return;
    try {
      notify(due);
    } catch (error) {
      // The rule is none the worse for it: the alerts are stored, and told again.
      this.#logger.error('Telling of alerts failed', {name: rule.name, count: due.length, err: error});
    }
  }

  async #store(evaluations: readonly Evaluation[]): Promise<void> {
    const {store} = this.#context.world;
    const requests = evaluations.map(({rule, moment, series}) => ({
      rule: rule.number,
      timeMs: moment.nowMs - moment.queryOffsetMs,
      series,
    }));
    try {
      const outcomes =
        requests.length === 1 ? [await store.append(requests[0]!)] : await store.appendAll(requests);
      for (const [i, outcome] of outcomes.entries()) {
        const {rule, index} = evaluations[i]!;
        if (outcome.error === null) continue;
        rule.fail(outcome.error);
        this.#logRefused(rule, index, outcome);
      }
    } catch (error) {
      for (const evaluation of evaluations) this.#fail(evaluation, error);
    }
  }

  #logRefused(rule: Rule, index: number, {outOfOrder, tooOld, duplicates, error}: AppendOutcome): void {
    const log = (message: string, count: number): void => {
      if (count > 0) this.#logger.warn(message, {name: rule.name, index, num_dropped: count});
    };
    log('Error on ingesting out-of-order result from rule evaluation', outOfOrder);
    log('Error on ingesting too old result from rule evaluation', tooOld);
    log(
      'Error on ingesting results from rule evaluation with different value but same timestamp',
      duplicates,
    );
    if (outOfOrder + tooOld + duplicates === 0)
      this.#logger.warn('Rule evaluation result discarded', {name: rule.name, index, err: error});
  }

  get #queryOffsetMs(): number {
    return this.options.queryOffsetMs ?? this.#context.defaultQueryOffsetMs();
  }

  async #markRetired(nowMs: number): Promise<void> {
    if (this.#retired.length === 0) return;
    const retired = this.#retired;
    this.#retired = [];
    try {
      await this.#context.world.store.retire(retired, nowMs - this.#queryOffsetMs);
    } catch (error) {
      this.#retired.push(...retired);
      this.#logger.warn('Stale sample appending for previous configuration failed', {err: error});
    }
  }

  /** Reads since when alerts were active before a restart. */
  async #restore(forGracePeriodMs: number): Promise<void> {
    const {clock, evaluator, settings} = this.#context.world;
    const nowMs = clock.now();
    const began = clock.elapsed();
    for (const rule of this.rules) {
      if (!(rule instanceof AlertingRule)) continue;
      // What is held for less than the grace period would have to wait for longer than without being restored.
      if (rule.holdMs >= forGracePeriodMs) {
        try {
          const samples = await evaluator.forState({
            rule: 'forState',
            labels: rule.forStateLabels,
            mintMs: nowMs - settings.outageToleranceMs,
            maxtMs: nowMs,
          });
          rule.restore(samples, nowMs, forGracePeriodMs);
        } catch (error) {
          this.#logger.error("Failed to restore 'for' state", {
            alertname: rule.name,
            stage: 'Select',
            err: error,
          });
        }
      }
      rule.restored = true;
    }
    this.#statistics.lastRestoreSeconds = secondsSince(clock, began);
  }
}

/** In whole nanoseconds, as users are used to see them. */
function secondsSince(clock: Clock, began: number): number {
  return Math.round((clock.elapsed() - began) * 1e6) / 1e9;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
