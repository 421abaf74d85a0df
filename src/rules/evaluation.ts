// Evaluation of one rule, where the engine is: in a query thread, or in the tool that tests rules.

import {type Labels, metricNameLabel, withLabel} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import {isStale} from '../model/value.ts';
import {isOverMemory} from '../promql/engine/budget.ts';
import {executionError, QueryError} from '../promql/engine/error.ts';
import {Symbols} from '../storage/symbols.ts';
import {
  type AlertElement,
  createAlertTexts,
  type EvaluationWorld,
  overrideLabels,
  type RuleTexts,
  vectorOf,
} from './alerttexts.ts';
import {type BacktestRequest, type BacktestResult, evaluateBacktest} from './backtest.ts';
import {type RuleSeries, RuleSeriesWriter} from './series.ts';

export type RuleRequest = BatchRequest | EvaluationRequest | ForStateRequest | BacktestRequest;

/** What evaluates a rule. */
export type EvaluationRequest = RecordingRequest | AlertingRequest;

/** Light rules that know nothing of each other, all at once: a message between threads costs as much as one of them. */
export interface BatchRequest {
  rule: 'batch';
  requests: EvaluationRequest[];
}

/** What became of a rule of a batch: a value, or why there is none. */
export interface BatchOutcome {
  value: RuleSeries | AlertingResult | null;
  error: string;
  seconds: number;
}

export interface RecordingRequest {
  rule: 'recording';
  expr: string;
  timeMs: number;
  name: string;
  /** Of the rule; an empty value takes a label away. */
  labels: Labels;
  /** Series that the rule may give; 0 = any number. */
  limit: number;
}

export interface AlertingRequest extends RuleTexts {
  rule: 'alerting';
  expr: string;
  timeMs: number;
  /** The time that templates see, and at which they query. */
  templateTimeMs: number;
}

/** The newest sample of each ALERTS_FOR_STATE series of a rule. */
export interface ForStateRequest {
  rule: 'forState';
  /** Names and values that the series must have. */
  labels: Labels;
  mintMs: number;
  maxtMs: number;
}

export interface AlertingResult {
  elements: AlertElement[];
  /** Templates that failed. */
  warnings: string[];
}

export interface ForStateSample {
  /** Without the name. */
  labels: Labels;
  timeMs: number;
  /** When the alert became active, in seconds since 1970; null where the series had ended. */
  activeSeconds: number | null;
}

/** Where rules are evaluated. Each method throws, with words for users, where the rule cannot be evaluated. */
export interface RuleEvaluator {
  recording(request: RecordingRequest): Promise<RuleSeries>;
  alerting(request: AlertingRequest): Promise<AlertingResult>;
  /** By request. Rejects where it is not known whose fault it is: each must be evaluated by itself then. */
  batch(requests: EvaluationRequest[]): Promise<BatchOutcome[]>;
  forState(request: ForStateRequest): Promise<ForStateSample[]>;
}

/** What the method of RuleEvaluator for this kind of request resolves to. */
export function evaluateRule(
  world: EvaluationWorld,
  request: RuleRequest,
): RuleSeries | AlertingResult | BatchOutcome[] | ForStateSample[] | BacktestResult {
  switch (request.rule) {
    case 'batch':
      return request.requests.map((each) => evaluateOfBatch(world, each));
    case 'recording':
      return evaluateRecording(world, request);
    case 'alerting':
      return evaluateAlerting(world, request);
    case 'forState':
      return findForState(world, request);
    case 'backtest':
      return evaluateBacktest(world, request);
  }
}

function evaluateOfBatch(world: EvaluationWorld, request: EvaluationRequest): BatchOutcome {
  const began = performance.now();
  let value: BatchOutcome['value'] = null;
  let error = '';
  try {
    value =
      request.rule === 'recording' ? evaluateRecording(world, request) : evaluateAlerting(world, request);
  } catch (cause) {
    // Time and memory are those of all of them.
    if (!(cause instanceof QueryError) || cause.kind !== 'execution' || isOverMemory(cause)) throw cause;
    error = cause.message;
  }
  return {value, error, seconds: (performance.now() - began) / 1000};
}

export function evaluateRecording(world: EvaluationWorld, request: RecordingRequest): RuleSeries {
  const {expr, timeMs, name, limit} = request;
  const writer = new RuleSeriesWriter();
  const seen = new Set<string>();
  for (const {labels, value} of vectorOf(world, expr, timeMs)) {
    const own = overrideLabels(withLabel(labels, metricNameLabel, name), request.labels);
    const key = JSON.stringify(own);
    if (seen.has(key))
      throw executionError('vector contains metrics with the same labelset after applying rule labels');
    seen.add(key);
    writer.add(own, value);
  }
  if (limit > 0 && writer.length > limit)
    throw executionError(`exceeded limit of ${limit} with ${writer.length} series`);
  return writer.finish();
}

export function evaluateAlerting(world: EvaluationWorld, request: AlertingRequest): AlertingResult {
  const result: AlertingResult = {elements: [], warnings: []};
  const seen = new Set<string>();
  const texts = createAlertTexts(world, request, result.warnings);
  for (const {labels, value} of vectorOf(world, request.expr, request.timeMs)) {
    const element = texts.element(labels, value);
    if (seen.has(element.key))
      throw executionError('vector contains metrics with the same labelset after applying alert labels');
    seen.add(element.key);
    result.elements.push(element);
  }
  return result;
}

export function findForState({queryable}: EvaluationWorld, request: ForStateRequest): ForStateSample[] {
  const {labels, mintMs: mint, maxtMs: maxt} = request;
  const matchers: Matcher[] = [];
  for (let i = 0; i < labels.length; i += 2) matchers.push(new Matcher('=', labels[i]!, labels[i + 1]!));
  const symbols = new Symbols();
  const querier = queryable.querier({mint, maxt}, symbols);
  const found: ForStateSample[] = [];
  try {
    const cursor = querier.select(matchers, {mint, maxt});
    while (cursor.next()) {
      const count = cursor.read(mint, maxt);
      if (count === 0) continue;
      const texts = cursor.labels().map((id) => symbols.text(id));
      const last = count - 1;
      found.push({
        labels: withLabel(texts, metricNameLabel, ''),
        timeMs: cursor.times[last]!,
        activeSeconds: isStale(cursor.valueWords, last) ? null : cursor.values[last]!,
      });
    }
  } finally {
    querier.close();
  }
  return found;
}
