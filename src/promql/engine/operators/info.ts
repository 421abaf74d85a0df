// info(): adds to each series the labels of the info metrics (`target_info` where no others are named) that tell more about
// the same target, which is known by its labels `instance` and `job`.

import {re2} from '../../../base/re2.ts';
import {formatLabels, metricNameLabel} from '../../../model/labels.ts';
import {Matcher} from '../../../model/matcher.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import type {Expr} from '../../ast.ts';
import {visit} from '../../parser/walk.ts';
import type {QueryContext} from '../context.ts';
import {executionError} from '../error.ts';
import type {Grid} from '../grid.ts';
import {labelTexts, valueOf} from '../labelset.ts';
import {materialize, MatrixCursor, MergedMatrix, type Matrix} from '../matrix.ts';
import {absent, type Operator, type Row, samplesOf} from '../row.ts';
import {Tuples} from '../tuples.ts';
import {InstantSelector} from './selector.ts';

export interface InfoSpec {
  grid: Grid;
  /** The matchers of the second argument; null where there is none. */
  matchers: readonly Matcher[] | null;
  /** When the info metrics are looked at, see `infoTimes`. */
  times: {offsetMs: number; fixedTimeMs: number | null};
}

/** The labels that identify a target. */
const identifyingLabels = ['instance', 'job'] as const;

/**
 * Info metrics are looked at when the first selector within `expr` is: at its @ time or that of the closest subquery around
 * it that has one, less all offsets up to there.
 */
export function infoTimes(expr: Expr): InfoSpec['times'] {
  let found: InfoSpec['times'] | null = null;
  visit(expr, (node, parents) => {
    if (node.kind !== 'vectorSelector' || found !== null) return;
    let {offsetMs} = node;
    let at = node.at as number | null;
    for (let i = parents.length - 1; at === null && i >= 0; i--) {
      const parent = parents[i]!;
      if (parent.kind !== 'subquery') continue;
      offsetMs += parent.offsetMs;
      at = parent.at as number | null;
    }
    found = {offsetMs, fixedTimeMs: at};
  });
  return found ?? {offsetMs: 0, fixedTimeMs: null};
}

/** Evaluates info() over the series of `child`. */
export function info(context: QueryContext, child: Operator, spec: InfoSpec): Operator {
  return new Enrichment(context, spec).evaluate(child);
}

class Enrichment {
  readonly #context: QueryContext;
  readonly #spec: InfoSpec;
  /** Which metrics are info metrics. */
  readonly #nameMatchers: readonly Matcher[];
  /** What their labels must be; where there are any, only these labels are added. */
  readonly #dataMatchers: readonly Matcher[];
  readonly #dataLabels: ReadonlySet<number>;
  readonly #identifying: readonly number[];

  constructor(context: QueryContext, spec: InfoSpec) {
    const matchers = spec.matchers ?? [];
    this.#context = context;
    this.#spec = spec;
    this.#nameMatchers = nameMatchers(matchers.filter(({name}) => name === metricNameLabel));
    this.#dataMatchers = matchers.filter(({name}) => name !== metricNameLabel);
    this.#dataLabels = new Set(this.#dataMatchers.map(({name}) => context.symbols.intern(name)));
    this.#identifying = identifyingLabels.map((name) => context.symbols.intern(name));
  }

  evaluate(child: Operator): Operator {
    const context = this.#context;
    const steps = this.#spec.grid.count;
    const base = materialize(context, child, steps);
    const isInfo = this.#infoMetrics(base);
    const infos = this.#selectInfos(base, isInfo);
    const errors = new EarliestError();
    const options = {identifying: this.#identifying, present: presence(base), errors};
    const targets = new Targets(context, infos, options);
    const merged = new MergedMatrix(context, steps);
    const append = (row: Row): void => {
      merged.append(row);
      context.holdSamples(samplesOf(row));
    };
    // Series without info stay as they are, unless a label must not be empty.
    const keepsOthers = this.#dataMatchers.every((each) => each.matches(''));
    const cursor = new MatrixCursor(base, child.singleName);
    for (let at = 0; cursor.next(); at++) {
      context.check();
      const {row} = cursor;
      if (isInfo[at]) append(row);
      else this.#enrich(row, targets.of(row.labels), {keepsOthers, errors, append});
    }
    errors.throwAny();
    base.release();
    infos?.release();
    return new MatrixCursor(merged.matrix, child.singleName);
  }

  /** For each series whether it is one of an info metric itself, which is left alone. */
  #infoMetrics(base: Matrix): boolean[] {
    const {names, symbols} = this.#context;
    const known = new Map<number, boolean>();
    return base.labels.map((labels) => {
      const name = valueOf(labels, names.metricName);
      let matches = known.get(name);
      if (matches === undefined) {
        matches = this.#nameMatchers.every((matcher) => matcher.matches(symbols.text(name)));
        known.set(name, matches);
      }
      return matches;
    });
  }

  /** The info metrics' series, whose values are the times of their samples, for all targets of `base`. */
  #selectInfos(base: Matrix, isInfo: readonly boolean[]): Matrix | null {
    const context = this.#context;
    const matchers: Matcher[] = [];
    for (const [index, name] of this.#identifying.entries()) {
      const values = new Set<number>();
      for (const [at, labels] of base.labels.entries()) {
        if (!isInfo[at]) values.add(valueOf(labels, name));
      }
      values.delete(0);
      if (values.size === 0) continue;
      const pattern = Array.from(values, (id) => re2().RE2JS.quote(context.symbols.text(id))).join('|');
      matchers.push(new Matcher('=~', identifyingLabels[index]!, pattern));
    }
    if (matchers.length === 0) return null;
    matchers.push(...this.#dataMatchers, ...this.#nameMatchers);
    const {grid, times} = this.#spec;
    const selector = new InstantSelector(context, {matchers, ...times}, grid, 'info');
    return materialize(context, selector, grid.count);
  }

  /** Splits a series by the info series that it has at each step. */
  #enrich(
    row: Row,
    infos: readonly InfoMetric[],
    {keepsOthers, errors, append}: {keepsOthers: boolean; errors: EarliestError; append: (row: Row) => void},
  ): void {
    if (infos.length === 0) {
      if (keepsOthers) append(row);
      return;
    }
    const steps = row.kinds.length;
    const choices = new Tuples(this.#context.budget);
    const choiceOf = new Int32Array(steps).fill(-1);
    const labels: LabelIds[] = [];
    /** The info series of the last step looked at, and the choice that they are; -1 = the series goes. */
    const newest = new Int32Array(infos.length);
    let choice = -1;
    let points = 0;
    for (let step = 0; step < steps && step < errors.step; step++) {
      if (row.kinds[step] === absent) continue;
      // Fast path: most series have the same info at all steps.
      if (points === 0 || differs(infos, newest, step)) {
        for (let i = 0; i < infos.length; i++) newest[i] = infos[i]!.newest[step]!;
        const kept = keepsOthers || newest.some((series) => series >= 0);
        choice = kept ? choices.intern(newest, newest.length) : -1;
        if (choice === labels.length) {
          const enriched = this.#enriched(row.labels, infos, newest);
          if (enriched instanceof Error) return errors.note(step, enriched);
          labels.push(enriched);
        }
      }
      points++;
      choiceOf[step] = choice;
    }
    if (labels.length === 1 && !choiceOf.some((each, step) => each < 0 && row.kinds[step] !== absent)) {
      append({...row, labels: labels[0]!});
      return;
    }
    for (const [at, each] of labels.entries()) append(restricted(row, each, {choiceOf, choice: at}));
  }

  /** The labels with those of the newest info series; an error where two of these differ in a label. */
  #enriched(base: LabelIds, infos: readonly InfoMetric[], newest: Int32Array): LabelIds | Error {
    const {names, symbols} = this.#context;
    const added = new Map<number, number>();
    for (const [i, {labelsOf}] of infos.entries()) {
      if (newest[i]! < 0) continue;
      const labels = labelsOf(newest[i]!);
      for (let at = 0; at < labels.length; at += 2) {
        const name = labels[at]!;
        const value = labels[at + 1]!;
        if (name === names.metricName || (this.#dataLabels.size > 0 && !this.#dataLabels.has(name))) continue;
        const before = added.get(name);
        if (before !== undefined && before !== value) {
          return executionError(`conflicting label: ${symbols.text(name)}`);
        }
        if (valueOf(base, name) === 0) added.set(name, value);
      }
    }
    let result = base;
    for (const [name, value] of added) result = names.with(result, name, value);
    return result;
  }
}

/** A name that only must not be another still has to be that of an info metric. */
function nameMatchers(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.length === 0) return [new Matcher('=', metricNameLabel, 'target_info')];
  if (matchers.some(({type}) => type === '=' || type === '=~')) return matchers;
  return [new Matcher('=~', metricNameLabel, '.+_info'), ...matchers];
}

/** The steps at which there is any series at all. */
function presence(base: Matrix): Uint8Array {
  const present = new Uint8Array(base.steps);
  for (let at = 0; at < base.length; at++) {
    const kinds = base.kindsOf(at);
    for (let step = 0; step < present.length; step++) if (kinds[step] !== absent) present[step] = 1;
  }
  return present;
}

function differs(infos: readonly InfoMetric[], newest: Int32Array, step: number): boolean {
  for (let i = 0; i < infos.length; i++) if (infos[i]!.newest[step] !== newest[i]) return true;
  return false;
}

/** The row at the steps of one choice. */
function restricted(
  row: Row,
  labels: LabelIds,
  {choiceOf, choice}: {choiceOf: Int32Array; choice: number},
): Row {
  const kinds = row.kinds.slice();
  let points = 0;
  for (let step = 0; step < kinds.length; step++) {
    if (choiceOf[step] === choice) points++;
    else kinds[step] = absent;
  }
  return {...row, labels, kinds, points};
}

/** An info metric of one target. */
interface InfoMetric {
  /** The series with the newest sample at each step; -1 = none. */
  newest: Int32Array;
  labelsOf: (series: number) => LabelIds;
}

/** What is wrong at the earliest step: Prometheus, which goes from step to step, ends with that. */
class EarliestError {
  /** The step of the error, Infinity without one; what comes at that step or later is of no interest. */
  step = Infinity;
  #error: Error | null = null;

  /** Of errors at one step the first one noted counts. */
  note(step: number, error: Error): void {
    if (step >= this.step) return;
    this.step = step;
    this.#error = error;
  }

  throwAny(): void {
    if (this.#error !== null) throw this.#error;
  }
}

const noInfos: readonly InfoMetric[] = [];

/** The info metrics of each target. */
class Targets {
  readonly #identifying: readonly number[];
  readonly #targets: Tuples;
  /** By target, ordered by when the metric was first seen. */
  readonly #metrics: (InfoMetric & {name: number})[][] = [];

  /** Notes an error where two series of one metric and target are equally new at a step of `present`. */
  constructor(
    context: QueryContext,
    infos: Matrix | null,
    options: {identifying: readonly number[]; present: Uint8Array; errors: EarliestError},
  ) {
    this.#identifying = options.identifying;
    this.#targets = new Tuples(context.budget);
    if (infos === null) return;
    for (let series = 0; series < infos.length; series++) {
      const labels = infos.labels[series]!;
      const target = this.#targets.intern(this.#key(labels), this.#identifying.length);
      const metrics = (this.#metrics[target] ??= []);
      const name = valueOf(labels, context.names.metricName);
      let metric = metrics.find((each) => each.name === name);
      if (metric === undefined) {
        const newest = new Int32Array(infos.steps).fill(-1);
        context.takeBytes(newest.byteLength);
        metric = {name, newest, labelsOf: (each) => infos.labels[each]!};
        metrics.push(metric);
      }
      addSeries(context, infos, {series, newest: metric.newest, ...options});
    }
  }

  of(labels: LabelIds): readonly InfoMetric[] {
    const target = this.#targets.find(this.#key(labels), this.#identifying.length);
    return target < 0 ? noInfos : this.#metrics[target]!;
  }

  #key(labels: LabelIds): number[] {
    return this.#identifying.map((name) => valueOf(labels, name));
  }
}

function addSeries(
  context: QueryContext,
  infos: Matrix,
  {
    series,
    newest,
    present,
    errors,
  }: {series: number; newest: Int32Array; present: Uint8Array; errors: EarliestError},
): void {
  const kinds = infos.kindsOf(series);
  const times = infos.valuesOf(series);
  for (let step = 0; step < newest.length && step < errors.step; step++) {
    if (kinds[step] === absent) continue;
    const other = newest[step]!;
    const otherTime = other < 0 ? -Infinity : infos.valueAt(other, step);
    if (otherTime < times[step]!) newest[step] = series;
    else if (otherTime === times[step]! && present[step] === 1) {
      const text = (at: number): string => formatLabels(labelTexts(context.symbols, infos.labels[at]!));
      const found = `existing ${text(other)} @ ${otherTime}, new ${text(series)} @ ${otherTime}`;
      errors.note(step, executionError(`found duplicate series for info metric: ${found}`));
    }
  }
}
