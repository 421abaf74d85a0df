import type {
  AlertingBackend,
  AlertingStatistics,
  BacktestQuery,
  NotificationEstimate,
  QueryBackend,
  QuerySource,
} from '../api/backend.ts';
import {ApiError, type ErrorType} from '../api/envelope.ts';
import type {Config} from '../config/config.ts';
import type {GlobalConfig} from '../config/global.ts';
import {expandGlob, nodeDiscoveryFiles} from '../discovery/files.ts';
import type {DiscoveryManager} from '../discovery/manager.ts';
import {DiscoveryCounters, type DiscoveryStatistics} from '../discovery/statistics.ts';
import type {FiringAlert} from '../alertmanager/estimate.ts';
import {quoteGo} from '../base/quote.ts';
import {labelsOf} from '../model/labels.ts';
import {Notifier} from '../notifier/manager.ts';
import type {ParseOptions} from '../promql/parser/tokenstream.ts';
import type {
  AlertingResult,
  BatchOutcome,
  EvaluationRequest,
  ForStateSample,
  RuleEvaluator,
  RuleRequest,
} from '../rules/evaluation.ts';
import type {BacktestAlert, BacktestResult} from '../rules/backtest.ts';
import type {RuleGroup} from '../rules/group.ts';
import type {RuleFileOptions} from '../rules/rulefile.ts';
import type {RuleManager, RulesConfig} from '../rules/manager.ts';
import type {RuleSeries} from '../rules/series.ts';
import {noRuleStatistics} from '../rules/statistics.ts';
import type {RuleStore} from '../rules/world.ts';
import {systemClock} from '../sys/clock.ts';
import type {Logger} from '../sys/log.ts';
import type {ServerFlags} from './server-flags.ts';
import {RuleTurns} from './rule-turns.ts';
import {readTextFile} from './textfile.ts';

export interface AlertingOptions {
  flags: ServerFlags;
  logger: Logger;
  queries: QueryBackend;
  store: RuleStore;
  parse: ParseOptions;
  /** Of the configuration in force. */
  global: () => GlobalConfig;
}

/** Rules and what they tell Alertmanagers, on the main thread: expressions are evaluated in query threads. */
export class Alerting implements AlertingBackend {
  readonly notifier: Notifier;
  /** What an Alertmanager in this process would send; null = there is none. */
  estimate:
    | ((request: {alerts: readonly FiringAlert[]; endMs: number}) => Promise<NotificationEstimate[] | null>)
    | null = null;
  readonly #options: AlertingOptions;
  /** Loaded when there are rules. */
  #rules: RuleManager | null = null;
  #running = false;
  #stopped = false;
  /** Whether there was a configuration before. */
  #configured = false;
  readonly #evaluator: QueryRuleEvaluator;
  /** Finds Alertmanagers and talks to them; loaded when the first is configured. */
  #outside: typeof import('./discovery.ts') | null = null;
  #discovery: DiscoveryManager | null = null;

  constructor(options: AlertingOptions) {
    this.#options = options;
    const {flags, logger, queries} = options;
    this.notifier = new Notifier({
      logger: logger.child({component: 'notifier'}),
      ...flags.notifier,
      elapsed: () => systemClock.elapsed(),
      createHttpClient: (config) => this.#outside!.createHttpClient(config),
    });
    this.#evaluator = new QueryRuleEvaluator(queries);
  }

  /** Reads the rule files. Throws what is wrong with them. Returns what takes all into use. */
  async prepare(config: Config): Promise<() => Promise<void>> {
    const rulesConfig = rulesConfigOf(config);
    if (rulesConfig.files.length > 0) this.#rules ??= await this.#createRules(rulesConfig);
    const replaceRules = this.#rules?.prepare(rulesConfig);
    return async () => {
      const {alerting, global} = config;
      if (alerting.alertmanagers.length > 0) await this.#loadOutside();
      // What is begun now nobody would end, and the program would stay for it.
      if (this.#stopped) return;
      this.notifier.apply(alerting, labelsOf(global.externalLabels));
      const jobs = alerting.alertmanagers.map(({staticConfigs, discoveryConfigs}, index) => ({
        jobName: jobOfIndex(index),
        staticConfigs,
        discoveryConfigs,
      }));
      this.#discovery?.apply(jobs);
      for (const [index, {jobName}] of jobs.entries())
        this.notifier.setTargets(index, this.#discovery!.groupsOf(jobName) ?? []);
      this.#configured = true;
      await replaceRules?.();
    };
  }

  async #createRules(config: RulesConfig): Promise<RuleManager> {
    const {RuleManager} = await import('../rules/manager.ts');
    const {flags, logger, store, parse} = this.#options;
    const concurrent = flags.features.has('concurrent-rule-eval');
    const rules = new RuleManager({
      clock: systemClock,
      logger: logger.child({component: 'rule manager'}),
      evaluator: this.#evaluator,
      store,
      notify: (alerts) => this.notifier.send(alerts),
      readFile: readTextFile,
      parse,
      settings: {
        ...flags.rules,
        concurrentEvalsMax: concurrent ? flags.rules.concurrentEvalsMax : 0,
        externalUrl: flags.externalUrl,
      },
    });
    if (this.#running) rules.start();
    // Only rules that are there from the start go on from what is stored of them.
    if (this.#configured) await rules.update({...config, files: []});
    return rules;
  }

  async #loadOutside(): Promise<void> {
    this.#outside ??= await import('./discovery.ts');
    this.#discovery ??= this.#outside.createDiscovery(this.#options.logger, 'notify', (jobName, groups) =>
      this.notifier.setTargets(indexOfJob(jobName), groups),
    );
  }

  start(): void {
    this.#running = true;
    this.#rules?.start();
  }

  /** Ends the evaluation, then sends what waits. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#evaluator.cancel(), evaluationGraceMs);
    try {
      this.#running = false;
      this.#stopped = true;
      await this.#rules?.stop();
    } finally {
      clearTimeout(timer);
    }
    this.#discovery?.stop();
    await this.notifier.stop();
  }

  groups(): readonly RuleGroup[] {
    return this.#rules?.groups ?? [];
  }

  alertmanagers(): {active: string[]; dropped: string[]} {
    return {active: this.notifier.alertmanagers, dropped: this.notifier.droppedAlertmanagers};
  }

  get evaluationIntervalMs(): number {
    return this.#options.global().evaluationIntervalMs;
  }

  get ruleOptions(): RuleFileOptions {
    return {
      parse: this.#options.parse,
      legacyNames: this.#options.global().metricNameValidationScheme === 'legacy',
    };
  }

  backtest(query: BacktestQuery, signal: AbortSignal, from: QuerySource): Promise<BacktestResult> {
    const {alert, expr, forMs, keepFiringForMs, labels, annotations} = query.rule;
    const {queries, flags, global} = this.#options;
    const request: RuleRequest = {
      rule: 'backtest',
      name: alert,
      expr,
      holdMs: forMs,
      keepFiringForMs,
      labels,
      annotations,
      externalLabels: global().externalLabels,
      externalUrl: flags.externalUrl,
      startMs: query.startMs,
      endMs: query.endMs,
      stepMs: query.stepMs,
    };
    return evaluateRule(queries, request, signal, from);
  }

  async estimateNotifications(
    alerts: readonly BacktestAlert[],
    endMs: number,
  ): Promise<NotificationEstimate[] | null> {
    if (this.estimate === null) return null;
    const firing = alerts.flatMap(({labels, intervals}) => {
      const [kept] = this.notifier.relabel([
        {labels, annotations: [], startsAtMs: 0, endsAtMs: 0, generatorUrl: ''},
      ]);
      if (kept === undefined) return [];
      return intervals
        .filter(({state}) => state === 'firing')
        .map((interval) => ({
          labels: kept.labels,
          startMs: interval.startMs,
          // What fires on is not resolved in the time that is looked at.
          endMs: interval.endMs ?? endMs + 1,
        }));
    });
    return this.estimate({alerts: firing, endMs});
  }

  statistics(): AlertingStatistics {
    return {
      rules: this.#rules?.statistics() ?? noRuleStatistics(),
      notifier: this.notifier.statistics(),
      discovery: this.#discovery?.statistics() ?? nothingDiscovered(),
    };
  }
}

function nothingDiscovered(): DiscoveryStatistics {
  return {...new DiscoveryCounters().snapshot(), jobs: [], failing: []};
}

/** As Prometheus names the sets of Alertmanagers. */
function jobOfIndex(index: number): string {
  return `config-${index}`;
}

function indexOfJob(jobName: string): number {
  return Number(jobName.slice('config-'.length));
}

function rulesConfigOf({global, ruleFiles}: Config): RulesConfig {
  const files = new Set<string>();
  for (const pattern of ruleFiles) {
    try {
      for (const file of expandGlob(nodeDiscoveryFiles, pattern)) files.add(file);
    } catch (cause) {
      throw new Error(`error retrieving rule files for ${quoteGo(pattern)}: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  return {
    files: [...files],
    intervalMs: global.evaluationIntervalMs,
    queryOffsetMs: global.ruleQueryOffsetMs,
    externalLabels: labelsOf(global.externalLabels),
    legacyNames: global.metricNameValidationScheme === 'legacy',
  };
}

/** Among the clients of the query threads, the rules are one. */
const source = {client: 'rules', group: ''};

/** So long an evaluation waits for its turn at most. */
const turnMsMax = 250;

/** Rules that are being evaluated at the end may go on for so long. */
const evaluationGraceMs = 2000;

/** Evaluates in the query threads. */
class QueryRuleEvaluator implements RuleEvaluator {
  readonly #queries: QueryBackend;
  readonly #turns = new RuleTurns(turnMsMax);
  readonly #running = new Set<AbortController>();

  constructor(queries: QueryBackend) {
    this.#queries = queries;
  }

  /** Ends what is being evaluated. */
  cancel(): void {
    for (const running of this.#running) running.abort();
  }

  recording(request: RuleRequest): Promise<RuleSeries> {
    return this.#run(request);
  }

  alerting(request: RuleRequest): Promise<AlertingResult> {
    return this.#run(request);
  }

  batch(requests: EvaluationRequest[]): Promise<BatchOutcome[]> {
    return this.#run({rule: 'batch', requests});
  }

  forState(request: RuleRequest): Promise<ForStateSample[]> {
    return this.#run(request);
  }

  async #run<T>(request: RuleRequest): Promise<T> {
    const abort = new AbortController();
    this.#running.add(abort);
    await this.#turns.begin();
    try {
      return await evaluateRule<T>(this.#queries, request, abort.signal, source);
    } catch (cause) {
      // The kind of the error is no part of what is told.
      throw cause instanceof ApiError ? new Error(cause.message, {cause}) : cause;
    } finally {
      this.#turns.end();
      this.#running.delete(abort);
    }
  }
}

/** Rejects with an ApiError where the rule cannot be evaluated. */
async function evaluateRule<T>(
  queries: QueryBackend,
  request: RuleRequest,
  signal: AbortSignal,
  from: QuerySource,
): Promise<T> {
  const {status, body, value, release} = await queries.run({kind: 'rule', request}, signal, from);
  if (status === 200) {
    release?.();
    return value as T;
  }
  const text = new TextDecoder().decode(body);
  release?.();
  const {error, errorType} = JSON.parse(text) as {
    error: string;
    errorType: ErrorType;
  };
  throw new ApiError(errorType, error);
}
