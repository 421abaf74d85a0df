// What an alerting rule would have done: evaluated over the stored history, step by step.

import type {Labels} from '../model/labels.ts';
import {executionError, QueryError} from '../promql/engine/error.ts';
import type {MatrixSeries, QueryResult} from '../promql/engine/result.ts';
import {ActiveAlerts, type Alert, type AlertState} from './alerts.ts';
import {
  type AlertElement,
  type AlertTexts,
  createAlertTexts,
  type EvaluationWorld,
  type RuleTexts,
} from './alerttexts.ts';

export interface BacktestRequest extends RuleTexts {
  rule: 'backtest';
  expr: string;
  holdMs: number;
  keepFiringForMs: number;
  /** Evaluated at startMs, startMs + stepMs, … up to endMs. */
  startMs: number;
  endMs: number;
  stepMs: number;
}

/** So long an alert was in a state. */
export interface AlertInterval {
  state: Exclude<AlertState, 'inactive'>;
  startMs: number;
  /** The evaluation at which it was not so any more; null = it still is at the end. */
  endMs: number | null;
}

export interface BacktestAlert {
  labels: Labels;
  /** As they were when it fired first, or became pending where it never fired. */
  annotations: Labels;
  intervals: AlertInterval[];
}

export interface BacktestResult {
  /** In the order in which they became active. */
  alerts: BacktestAlert[];
  evaluations: number;
  /** Of the expression, and of templates that failed. */
  warnings: string[];
}

/** Evaluations of one rule: three weeks by the half-minute. */
export const backtestStepsMax = 60_480;

/** Alerts that are told of. */
const alertsMax = 10_000;
/** Intervals of all of them. */
const intervalsMax = 200_000;
/** Labels and annotations that are templates are expanded again and again: so many times. */
const expansionsMax = 200_000;
/** Elements of all evaluations together. */
const elementsMax = 20_000_000;

/** Throws QueryError where the expression cannot be evaluated, or gives too much. */
export function evaluateBacktest(world: EvaluationWorld, request: BacktestRequest): BacktestResult {
  const {engine, queryable, options} = world;
  const {startMs, endMs, stepMs, expr} = request;
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  if (steps > backtestStepsMax)
    throw new QueryError('bad_data', `${steps} evaluations are more than ${backtestStepsMax}`);
  const result = engine.execRange(queryable, expr, {...options, startMs, endMs, stepMs});
  const history = new History(request);
  const columns = columnsOf(world, request, result);
  let elements = 0;
  for (let step = 0; step < steps; step++) {
    result.budget.check();
    const nowMs = startMs + step * stepMs;
    const present: AlertElement[] = [];
    for (const column of columns) {
      const element = column.at(nowMs);
      if (element !== null) present.push(element);
    }
    elements += present.length;
    if (elements > elementsMax)
      throw executionError(
        `the expression gives more than ${elementsMax} elements: choose a shorter time or a longer interval`,
      );
    history.step(present, nowMs);
  }
  const warnings = [...result.warnings, ...columns.flatMap((column) => column.warnings)];
  return {alerts: history.alerts, evaluations: steps, warnings: [...new Set(warnings)].slice(0, 10)};
}

function columnsOf(world: EvaluationWorld, request: BacktestRequest, result: QueryResult): AlertColumn[] {
  const {value, symbols} = result;
  if (value.kind !== 'matrix') throw executionError('rule result is not a vector or scalar');
  const counter = {left: expansionsMax};
  return value.series.map((series) => {
    const labels = series.labels.map((id) => symbols.text(id));
    return new AlertColumn(world, request, {series, labels, counter});
  });
}

/** One series of the expression, as the elements that it gives. Times are asked for in rising order. */
class AlertColumn {
  readonly warnings: string[] = [];
  readonly #request: BacktestRequest;
  readonly #world: EvaluationWorld;
  readonly #series: MatrixSeries;
  readonly #labels: Labels;
  readonly #counter: {left: number};
  /** Where neither depends on the moment. */
  #constant: AlertElement | null = null;
  #next = 0;

  constructor(
    world: EvaluationWorld,
    request: BacktestRequest,
    {series, labels, counter}: {series: MatrixSeries; labels: Labels; counter: {left: number}},
  ) {
    this.#world = world;
    this.#request = request;
    this.#series = series;
    this.#labels = labels;
    this.#counter = counter;
  }

  at(nowMs: number): AlertElement | null {
    const {times, values, length, histograms} = this.#series;
    if (this.#next === length || times[this.#next] !== nowMs) return null;
    const value = histograms?.[this.#next] ?? values[this.#next]!;
    this.#next++;
    if (this.#constant !== null) return this.#constant;
    const texts = this.#texts(nowMs);
    const element = texts.element(this.#labels, value);
    const {labels} = this.#request;
    // Labels without templates are the same each time. Annotations are those of the first moment: see BacktestAlert.
    if (!labels.some((text) => text.includes('{{'))) this.#constant = element;
    return element;
  }

  #texts(nowMs: number): AlertTexts {
    if (this.#counter.left-- === 0)
      throw executionError(
        `the labels are templates, and would be expanded more than ${expansionsMax} times: choose a shorter time or a longer interval`,
      );
    return createAlertTexts(this.#world, {...this.#request, templateTimeMs: nowMs}, this.warnings);
  }
}

/** Notes what becomes of the alerts. */
class History {
  readonly alerts: BacktestAlert[] = [];
  readonly #request: BacktestRequest;
  readonly #active = new ActiveAlerts();
  readonly #known = new Map<string, BacktestAlert>();
  /** Those that are pending or firing, with their last interval. */
  #open = new Map<Alert, {alert: BacktestAlert; interval: AlertInterval}>();
  #intervals = 0;

  constructor(request: BacktestRequest) {
    this.#request = request;
  }

  step(elements: readonly AlertElement[], nowMs: number): void {
    const active = this.#active.advance(elements, nowMs, this.#request);
    const before = this.#open;
    this.#open = new Map();
    for (const alert of active) {
      if (alert.state === 'inactive') continue;
      const open = before.get(alert);
      before.delete(alert);
      if (open !== undefined && open.interval.state === alert.state) {
        this.#open.set(alert, open);
        continue;
      }
      if (open !== undefined) open.interval.endMs = nowMs;
      const known = open?.alert ?? this.#alertOf(alert);
      const interval: AlertInterval = {state: alert.state, startMs: nowMs, endMs: null};
      if (++this.#intervals > intervalsMax)
        throw executionError(`alerts change more than ${intervalsMax} times: choose a shorter time`);
      known.intervals.push(interval);
      this.#open.set(alert, {alert: known, interval});
    }
    for (const {interval} of before.values()) interval.endMs = nowMs;
  }

  #alertOf({labels, annotations}: Alert): BacktestAlert {
    const key = JSON.stringify(labels);
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.alerts.length === alertsMax)
        throw executionError(`there are more than ${alertsMax} alerts: choose a shorter time`);
      known = {labels, annotations, intervals: []};
      this.#known.set(key, known);
      this.alerts.push(known);
    }
    return known;
  }
}
