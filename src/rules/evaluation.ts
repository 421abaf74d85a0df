// Evaluation of one rule, where the engine is: in a query thread, or in the tool that tests rules.

import type {FloatHistogram} from '../model/histogram.ts';
import {type Labels, metricNameLabel, withLabel} from '../model/labels.ts';
import {Matcher} from '../model/matcher.ts';
import {isStale} from '../model/value.ts';
import type {Engine, QueryOptions} from '../promql/engine/engine.ts';
import {executionError} from '../promql/engine/error.ts';
import type {Queryable} from '../storage/querier.ts';
import {Symbols} from '../storage/symbols.ts';
import {expandAlertTemplate, type TemplateSample} from '../template/prometheus.ts';
import {type RuleSeries, RuleSeriesWriter} from './series.ts';

export type RuleRequest = RecordingRequest | AlertingRequest | ForStateRequest;

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

export interface AlertingRequest {
  rule: 'alerting';
  expr: string;
  timeMs: number;
  name: string;
  /** Of the rule: templates. */
  labels: Labels;
  annotations: Labels;
  externalLabels: Readonly<Record<string, string>>;
  /** As the flag has it; what `pathPrefix` and `externalURL` give. */
  externalUrl: string;
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

export interface AlertElement {
  labels: Labels;
  annotations: Labels;
  value: number;
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
  forState(request: ForStateRequest): Promise<ForStateSample[]>;
}

export interface EvaluationWorld {
  engine: Engine;
  queryable: Queryable;
  options: QueryOptions;
}

const alertNameLabel = 'alertname';

/** What the method of RuleEvaluator for this kind of request resolves to. */
export function evaluateRule(
  world: EvaluationWorld,
  request: RuleRequest,
): RuleSeries | AlertingResult | ForStateSample[] {
  switch (request.rule) {
    case 'recording':
      return evaluateRecording(world, request);
    case 'alerting':
      return evaluateAlerting(world, request);
    case 'forState':
      return findForState(world, request);
  }
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
  const expand = templateExpander(world, request, result.warnings);
  for (const {labels, value} of vectorOf(world, request.expr, request.timeMs)) {
    const sample = {labels: mapOf(labels), value};
    const own = mapPairs(request.labels, (text) => expand(text, sample));
    const all = withLabel(
      overrideLabels(withLabel(labels, metricNameLabel, ''), own),
      alertNameLabel,
      request.name,
    );
    const annotations = mapPairs(request.annotations, (text) => expand(text, sample));
    const key = JSON.stringify(all);
    if (seen.has(key))
      throw executionError('vector contains metrics with the same labelset after applying alert labels');
    seen.add(key);
    result.elements.push({labels: all, annotations, value: typeof value === 'number' ? value : 0});
  }
  return result;
}

/** What goes wrong in a template becomes its text. */
function templateExpander(
  world: EvaluationWorld,
  {name, externalLabels, externalUrl, templateTimeMs}: AlertingRequest,
  warnings: string[],
): (text: string, sample: TemplateSample) => string {
  const externalLabelMap = new Map(Object.entries(externalLabels));
  const query = (expr: string): TemplateSample[] =>
    [...vectorOf(world, expr, templateTimeMs)].map(({labels, value}) => ({labels: mapOf(labels), value}));
  return (text, {labels, value}) => {
    try {
      const data = {labels, externalLabels: externalLabelMap, externalUrl, value};
      return expandAlertTemplate(name, text, data, {timestampMs: templateTimeMs, query});
    } catch (error) {
      const {message} = error as Error;
      if (warnings.length < warningsMax) warnings.push(message);
      return `<error expanding template: ${message}>`;
    }
  };
}

const warningsMax = 10;

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

interface VectorSample {
  labels: Labels;
  value: number | FloatHistogram;
}

/** A vector, or a scalar as one without labels. */
function* vectorOf(
  {engine, queryable, options}: EvaluationWorld,
  expr: string,
  timeMs: number,
): Generator<VectorSample> {
  const {value, symbols} = engine.execInstant(queryable, expr, {...options, timeMs});
  if (value.kind === 'scalar') yield {labels: [], value: value.value};
  else if (value.kind === 'vector') {
    for (const [index, ids] of value.labels.entries()) {
      yield {
        labels: ids.map((id) => symbols.text(id)),
        value: value.histograms?.[index] ?? value.values[index]!,
      };
    }
  } else throw executionError('rule result is not a vector or scalar');
}

function overrideLabels(labels: Labels, changes: Labels): Labels {
  let result = labels;
  for (let i = 0; i < changes.length; i += 2) result = withLabel(result, changes[i]!, changes[i + 1]!);
  return result;
}

function mapPairs(pairs: Labels, change: (value: string) => string): Labels {
  return pairs.map((text, i) => (i % 2 === 0 ? text : change(text)));
}

function mapOf(labels: Labels): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < labels.length; i += 2) map.set(labels[i]!, labels[i + 1]!);
  return map;
}
