// Alerts as an expression gives them: labels and annotations are templates, which may ask further questions.

import type {FloatHistogram} from '../model/histogram.ts';
import {type Labels, metricNameLabel, withLabel} from '../model/labels.ts';
import type {Engine, QueryOptions} from '../promql/engine/engine.ts';
import {executionError} from '../promql/engine/error.ts';
import type {Queryable} from '../storage/querier.ts';
import {expandAlertTemplate, type TemplateSample} from '../template/prometheus.ts';

export interface EvaluationWorld {
  engine: Engine;
  queryable: Queryable;
  options: QueryOptions;
}

/** What an alerting rule makes labels and annotations of. */
export interface RuleTexts {
  name: string;
  /** Of the rule: templates. */
  labels: Labels;
  annotations: Labels;
  externalLabels: Readonly<Record<string, string>>;
  /** As the flag has it; what `pathPrefix` and `externalURL` give. */
  externalUrl: string;
}

export interface AlertElement {
  labels: Labels;
  annotations: Labels;
  value: number;
  /** JSON of the labels, where it is known. */
  key?: string;
}

const alertNameLabel = 'alertname';

/** Makes alerts of what an expression gives at one time. */
export interface AlertTexts {
  element(labels: Labels, value: number | FloatHistogram): Required<AlertElement>;
}

export function createAlertTexts(
  world: EvaluationWorld,
  rule: RuleTexts & {templateTimeMs: number},
  warnings: string[],
): AlertTexts {
  const expand = templateExpander(world, rule, warnings);
  return {
    element(labels, value) {
      const sample = {labels: mapOf(labels), value};
      const own = mapPairs(rule.labels, (text) => expand(text, sample));
      const all = withLabel(
        overrideLabels(withLabel(labels, metricNameLabel, ''), own),
        alertNameLabel,
        rule.name,
      );
      const annotations = mapPairs(rule.annotations, (text) => expand(text, sample));
      return {
        labels: all,
        annotations,
        value: typeof value === 'number' ? value : 0,
        key: JSON.stringify(all),
      };
    },
  };
}

/** What goes wrong in a template becomes its text. */
function templateExpander(
  world: EvaluationWorld,
  {name, externalLabels, externalUrl, templateTimeMs}: RuleTexts & {templateTimeMs: number},
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

export interface VectorSample {
  labels: Labels;
  value: number | FloatHistogram;
}

/** A vector, or a scalar as one without labels. */
export function* vectorOf(
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

export function overrideLabels(labels: Labels, changes: Labels): Labels {
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
