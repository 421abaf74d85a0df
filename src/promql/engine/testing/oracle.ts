// PromQL by its definition: every step by itself, every window scanned, labels as records. Slow and obvious; what the
// engine is compared with.

import {compareStrings} from '../../../model/labels.ts';
import {stale} from '../../../storage/memory.ts';
import type {
  AggregateExpr,
  BinaryExpr,
  Call,
  Expr,
  MatrixSelector,
  SubqueryExpr,
  VectorSelector,
} from '../../ast.ts';
import {typeOf} from '../../parser/types.ts';
import {dateFunctions, mathFunctions} from '../mathfunctions.ts';
import {ValueHeap} from '../operators/valueheap.ts';
import {
  countEvents,
  extrapolated,
  extreme,
  fit,
  irate,
  isChange,
  isReset,
  mean,
  medianDeviation,
  quantile,
  sum,
  valuesOf,
  variance,
  type Sample,
} from './definitions.ts';
import type {TestSeries} from './randomdata.ts';

export type LabelRecord = Readonly<Record<string, string>>;

export interface VectorSample {
  labels: LabelRecord;
  value: number;
}

export interface OracleOptions {
  lookbackDeltaMs: number;
  defaultStepMs: number;
}

/** Something that a query must not do; the message is not the engine's. */
export class OracleError extends Error {}

export const keyOf = (labels: LabelRecord): string =>
  JSON.stringify(Object.entries(labels).sort(([a], [b]) => compareStrings(a, b)));

export class Oracle {
  readonly #series: readonly TestSeries[];
  readonly #options: OracleOptions;
  #startMs = 0;
  #endMs = 0;

  constructor(series: readonly TestSeries[], options: OracleOptions) {
    this.#series = series;
    this.#options = options;
  }

  /** The value at each step: vectors by the labels' keys. */
  range(expr: Expr, times: {startMs: number; endMs: number; stepMs: number}): VectorSample[][] {
    const {startMs, endMs, stepMs} = times;
    this.#startMs = startMs;
    this.#endMs = endMs;
    const result: VectorSample[][] = [];
    for (let timeMs = startMs; timeMs <= endMs; timeMs += stepMs) result.push(this.#top(expr, timeMs));
    return result;
  }

  #top(expr: Expr, timeMs: number): VectorSample[] {
    if (typeOf(expr) === 'scalar') return [{labels: {}, value: this.#scalar(expr, timeMs)}];
    return this.#vector(expr, timeMs);
  }

  #vector(expr: Expr, timeMs: number): VectorSample[] {
    const result = this.#compute(expr, timeMs);
    const keys = new Set(result.map(({labels}) => keyOf(labels)));
    if (keys.size < result.length) throw new OracleError('two samples have the same labels');
    return result;
  }

  #compute(expr: Expr, timeMs: number): VectorSample[] {
    switch (expr.kind) {
      case 'paren':
        return this.#vector(expr.expr, timeMs);
      case 'unary': {
        const inner = this.#vector(expr.expr, timeMs);
        return expr.op === '+' ? inner : map(inner, (value) => -value);
      }
      case 'vectorSelector':
        return this.#select(expr, timeMs).map(({labels, sample}) => ({labels, value: sample.value}));
      case 'aggregate':
        return this.#aggregate(expr, timeMs);
      case 'binary':
        return this.#binary(expr, timeMs);
      case 'call':
        return this.#call(expr, timeMs);
      default:
        throw new Error(`BUG: ${expr.kind} is no vector`);
    }
  }

  #at(at: VectorSelector['at'], timeMs: number): number {
    if (at === 'start') return this.#startMs;
    return at === 'end' ? this.#endMs : (at ?? timeMs);
  }

  #matching(selector: VectorSelector): {labels: LabelRecord; samples: TestSeries['samples']}[] {
    return this.#series
      .map(({labels, samples}) => ({labels: recordOf(labels), samples}))
      .filter(({labels}) => selector.matchers.every((each) => each.matches(labels[each.name] ?? '')));
  }

  #select(selector: VectorSelector, timeMs: number): {labels: LabelRecord; sample: Sample}[] {
    const at = this.#at(selector.at, timeMs) - selector.offsetMs;
    const found: {labels: LabelRecord; sample: Sample}[] = [];
    for (const {labels, samples} of this.#matching(selector)) {
      const newest = samples.findLast((each) => each.timeMs <= at);
      if (newest === undefined || newest.timeMs <= at - this.#options.lookbackDeltaMs) continue;
      if (newest.value === stale) continue;
      found.push({labels, sample: {time: newest.timeMs, value: newest.value}});
    }
    return found;
  }

  /** The windows of a range vector, those without samples left out. */
  #windows(
    expr: MatrixSelector | SubqueryExpr,
    timeMs: number,
  ): {windows: {labels: LabelRecord; window: Sample[]}[]; endMs: number} {
    const source = expr.kind === 'subquery' ? expr : expr.selector;
    const endMs = this.#at(source.at, timeMs) - source.offsetMs;
    const beginMs = endMs - expr.rangeMs;
    if (expr.kind === 'subquery') return {windows: this.#subquery(expr, beginMs, endMs), endMs};
    const windows = this.#matching(expr.selector).map(({labels, samples}) => ({
      labels,
      window: samples
        .filter((each) => each.timeMs > beginMs && each.timeMs <= endMs && each.value !== stale)
        .map((each): Sample => ({time: each.timeMs, value: each.value as number})),
    }));
    return {windows: windows.filter(({window}) => window.length > 0), endMs};
  }

  #subquery(expr: SubqueryExpr, beginMs: number, endMs: number): {labels: LabelRecord; window: Sample[]}[] {
    const stepMs = expr.stepMs === 0 ? this.#options.defaultStepMs : expr.stepMs;
    const byKey = new Map<string, {labels: LabelRecord; window: Sample[]}>();
    for (let time = Math.ceil((beginMs + 1) / stepMs) * stepMs; time <= endMs; time += stepMs) {
      for (const {labels, value} of this.#top(expr.expr, time)) {
        const key = keyOf(labels);
        const entry = byKey.get(key) ?? {labels, window: []};
        entry.window.push({time, value});
        byKey.set(key, entry);
      }
    }
    return [...byKey.values()];
  }

  #scalar(expr: Expr, timeMs: number): number {
    switch (expr.kind) {
      case 'number':
        return expr.value;
      case 'paren':
        return this.#scalar(expr.expr, timeMs);
      case 'unary':
        return (expr.op === '-' ? -1 : 1) * this.#scalar(expr.expr, timeMs);
      case 'binary':
        return Number(operate(expr.op, this.#scalar(expr.left, timeMs), this.#scalar(expr.right, timeMs)));
      case 'call': {
        if (expr.func.name === 'time') return timeMs / 1000;
        if (expr.func.name === 'pi') return Math.PI;
        const vector = this.#vector(expr.args[0]!, timeMs);
        return vector.length === 1 ? vector[0]!.value : NaN;
      }
      default:
        throw new Error(`BUG: ${expr.kind} is no scalar`);
    }
  }

  #aggregate(expr: AggregateExpr, timeMs: number): VectorSample[] {
    const groups = new Map<string, {labels: LabelRecord; members: VectorSample[]}>();
    let input = this.#vector(expr.expr, timeMs);
    const by = new Set(expr.grouping);
    if (expr.op === 'count_values') {
      const label = stringOf(expr.param!);
      by.add(label);
      input = input.map(({labels, value}) => ({labels: {...labels, [label]: formatValue(value)}, value}));
    }
    for (const sample of input) {
      const labels = filterLabels(sample.labels, (name) =>
        expr.without ? !expr.grouping.includes(name) && name !== '__name__' : by.has(name),
      );
      const key = keyOf(labels);
      const group = groups.get(key) ?? {labels, members: []};
      group.members.push(sample);
      groups.set(key, group);
    }
    const parameter =
      expr.param?.kind === 'string' || expr.param === null ? 0 : this.#scalar(expr.param, timeMs);
    return [...groups.values()].flatMap(({labels, members}) => {
      if (expr.op === 'topk' || expr.op === 'bottomk') return best(members, Math.trunc(parameter), expr.op);
      return [
        {
          labels,
          value: aggregate(
            expr.op,
            members.map(({value}) => value),
            parameter,
          ),
        },
      ];
    });
  }

  #binary(expr: BinaryExpr, timeMs: number): VectorSample[] {
    const leftScalar = typeOf(expr.left) === 'scalar';
    if (leftScalar || typeOf(expr.right) === 'scalar') {
      const scalar = this.#scalar(leftScalar ? expr.left : expr.right, timeMs);
      const vector = this.#vector(leftScalar ? expr.right : expr.left, timeMs);
      return vector.flatMap(({labels, value}) => {
        const result = leftScalar ? operate(expr.op, scalar, value) : operate(expr.op, value, scalar);
        return combined(expr, labels, result, value);
      });
    }
    const left = this.#vector(expr.left, timeMs);
    const right = this.#vector(expr.right, timeMs);
    const {labels: names, on, card} = expr.matching!;
    const group = (labels: LabelRecord): string =>
      keyOf(
        filterLabels(labels, (name) =>
          on ? names.includes(name) : !names.includes(name) && name !== '__name__',
        ),
      );
    if (card === 'many-to-many') return setOperation(expr.op, {left, right, group});
    return matchVectors(expr, {left, right, group});
  }

  #call(call: Call, timeMs: number): VectorSample[] {
    const {name, argTypes} = call.func;
    const rangeIndex = argTypes.indexOf('matrix');
    if (rangeIndex >= 0) return this.#rangeCall(call, rangeIndex, timeMs);
    const math = mathFunctions.get(name) ?? dateFunctions.get(name);
    if (math !== undefined) {
      if (call.args.length === 0) return [{labels: {}, value: math(timeMs / 1000)}];
      return map(this.#vector(call.args[0]!, timeMs), math);
    }
    const vector = (): VectorSample[] => this.#vector(call.args[0]!, timeMs);
    const scalar = (index: number): number => this.#scalar(call.args[index]!, timeMs);
    switch (name) {
      case 'absent':
        return vector().length > 0 ? [] : [{labels: absentLabels(call.args[0]!), value: 1}];
      case 'vector':
        return [{labels: {}, value: scalar(0)}];
      case 'sort':
      case 'sort_desc':
        return vector();
      case 'timestamp': {
        const arg = call.args[0]!;
        if (arg.kind !== 'vectorSelector') return map(vector(), () => timeMs / 1000);
        return this.#select(arg, timeMs).map(({labels, sample}) => ({
          labels: withoutName(labels),
          value: sample.time / 1000,
        }));
      }
      case 'clamp':
        return scalar(2) < scalar(1)
          ? []
          : map(vector(), (value) => Math.max(scalar(1), Math.min(scalar(2), value)));
      case 'clamp_max':
        return map(vector(), (value) => Math.min(scalar(1), value));
      case 'round':
        return map(vector(), (value) => Math.floor(value * (1 / scalar(1)) + 0.5) / (1 / scalar(1)));
      case 'label_replace':
        return replaceLabels(vector(), call.args.slice(1).map(stringOf));
      case 'label_join': {
        const [target, separator, ...sources] = call.args.slice(1).map(stringOf);
        return vector().map(({labels, value}) => ({
          labels: setLabel(labels, target!, sources.map((each) => labels[each] ?? '').join(separator)),
          value,
        }));
      }
      case 'histogram_quantile':
        return histogramQuantile(scalar(0), this.#vector(call.args[1]!, timeMs));
      default:
        throw new Error(`BUG: the oracle does not know ${name}`);
    }
  }

  #rangeCall(call: Call, rangeIndex: number, timeMs: number): VectorSample[] {
    const {name} = call.func;
    const arg = call.args[rangeIndex] as MatrixSelector | SubqueryExpr;
    const {windows, endMs} = this.#windows(arg, timeMs);
    if (name === 'absent_over_time') {
      if (windows.length > 0) return [];
      return [{labels: arg.kind === 'matrixSelector' ? absentLabels(arg.selector) : {}, value: 1}];
    }
    const parameter = call.args.length > 1 ? this.#scalar(call.args[1 - rangeIndex]!, timeMs) : 0;
    const keeps = name === 'last_over_time' || name === 'first_over_time';
    return windows.flatMap(({labels, window}) => {
      const value = windowValue(name, window, {endMs, rangeMs: arg.rangeMs, stepTimeMs: timeMs, parameter});
      return value === null ? [] : [{labels: keeps ? labels : withoutName(labels), value}];
    });
  }
}

function windowValue(
  name: string,
  window: Sample[],
  times: {endMs: number; rangeMs: number; stepTimeMs: number; parameter: number},
): number | null {
  const values = valuesOf(window);
  switch (name) {
    case 'count_over_time':
      return values.length;
    case 'present_over_time':
      return 1;
    case 'sum_over_time':
      return sum(values);
    case 'avg_over_time':
      return mean(values);
    case 'min_over_time':
      return extreme(values, (a, b) => a < b);
    case 'max_over_time':
      return extreme(values, (a, b) => a > b);
    case 'first_over_time':
      return values[0]!;
    case 'last_over_time':
      return values.at(-1)!;
    case 'stdvar_over_time':
      return variance(values);
    case 'stddev_over_time':
      return Math.sqrt(variance(values));
    case 'mad_over_time':
      return medianDeviation(values);
    case 'quantile_over_time':
      return quantile(times.parameter, values);
    case 'changes':
      return countEvents(values, isChange);
    case 'resets':
      return countEvents(values, isReset);
  }
  if (window.length < 2) return null;
  switch (name) {
    case 'rate':
    case 'increase':
    case 'delta':
      return extrapolated(window, times, name);
    case 'irate':
      return irate(window);
    case 'idelta':
      return values.at(-1)! - values.at(-2)!;
    case 'deriv':
      return fit(window, window[0]!.time).slope;
    case 'predict_linear': {
      const {slope, intercept} = fit(window, times.stepTimeMs);
      return slope * times.parameter + intercept;
    }
    default:
      throw new Error(`BUG: the oracle does not know ${name}`);
  }
}

function aggregate(op: AggregateExpr['op'], values: number[], parameter: number): number {
  switch (op) {
    case 'sum':
      return sum(values);
    case 'avg':
      return mean(values);
    case 'min':
      return extreme(values, (a, b) => a < b);
    case 'max':
      return extreme(values, (a, b) => a > b);
    case 'count':
    case 'count_values':
      return values.length;
    case 'group':
      return 1;
    case 'stddev':
      return Math.sqrt(variance(values));
    case 'stdvar':
      return variance(values);
    case 'quantile':
      return quantile(parameter, values);
    default:
      throw new Error(`BUG: the oracle does not know ${op}`);
  }
}

/** The k best; NaN is worst. Which of equal ones stay is up to the heap, which has tests of its own. */
function best(members: VectorSample[], k: number, op: 'topk' | 'bottomk'): VectorSample[] {
  const heap = new ValueHeap(op === 'topk' ? 'smallestFirst' : 'largestFirst');
  for (const [index, {value}] of members.entries()) {
    if (heap.size < k) heap.push(value, index);
    else if (k > 0) heap.offer(value, index);
  }
  return heap.items.map((index) => members[index]!);
}

/** True and false where it compares. */
function operate(op: BinaryExpr['op'], left: number, right: number): number | boolean {
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return left === 1 || (left === -1 && Math.abs(right) === Infinity) ? 1 : left ** right;
    case 'atan2':
      return Math.atan2(left, right);
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case '>=':
      return left >= right;
    case '<=':
      return left <= right;
    default:
      throw new Error(`BUG: the oracle does not know ${op}`);
  }
}

function combined(
  expr: BinaryExpr,
  labels: LabelRecord,
  result: number | boolean,
  kept: number,
): VectorSample[] {
  if (typeof result === 'number') return [{labels: withoutName(labels), value: result}];
  if (expr.bool) return [{labels: withoutName(labels), value: result ? 1 : 0}];
  return result ? [{labels, value: kept}] : [];
}

interface Sides {
  left: VectorSample[];
  right: VectorSample[];
  group: (labels: LabelRecord) => string;
}

function setOperation(op: BinaryExpr['op'], {left, right, group}: Sides): VectorSample[] {
  const groupsOf = (samples: VectorSample[]): Set<string> =>
    new Set(samples.map(({labels}) => group(labels)));
  if (op === 'or') {
    const taken = groupsOf(left);
    return [...left, ...right.filter(({labels}) => !taken.has(group(labels)))];
  }
  const present = groupsOf(right);
  return left.filter(({labels}) => present.has(group(labels)) === (op === 'and'));
}

function matchVectors(expr: BinaryExpr, {left, right, group}: Sides): VectorSample[] {
  const {card, labels: names, on, include} = expr.matching!;
  const swapped = card === 'one-to-many';
  const many = swapped ? right : left;
  const ones = swapped ? left : right;
  if (many.length === 0 || ones.length === 0) return [];
  const oneOf = new Map<string, VectorSample>();
  for (const one of ones) {
    const key = group(one.labels);
    if (oneOf.has(key)) throw new OracleError('two samples of the one side match');
    oneOf.set(key, one);
  }
  const matched = new Set<string>();
  return many.flatMap((sample) => {
    const key = group(sample.labels);
    const one = oneOf.get(key);
    if (one === undefined) return [];
    const result = swapped
      ? operate(expr.op, one.value, sample.value)
      : operate(expr.op, sample.value, one.value);
    let labels = typeof result === 'number' || expr.bool ? withoutName(sample.labels) : sample.labels;
    if (card === 'one-to-one') labels = filterLabels(labels, (name) => names.includes(name) === on);
    for (const name of include) labels = setLabel(labels, name, one.labels[name] ?? '');
    const claim = card === 'one-to-one' ? key : `${key} ${keyOf(labels)}`;
    if (matched.has(claim)) throw new OracleError('two samples match one');
    matched.add(claim);
    const kept = swapped ? one.value : sample.value;
    if (typeof result === 'number') return [{labels, value: result}];
    if (expr.bool) return [{labels, value: result ? 1 : 0}];
    return result ? [{labels, value: kept}] : [];
  });
}

function histogramQuantile(q: number, input: VectorSample[]): VectorSample[] {
  const groups = new Map<string, {labels: LabelRecord; buckets: {bound: number; count: number}[]}>();
  for (const {labels, value} of input) {
    const bound = Number((labels['le'] ?? 'x').replace('Inf', 'Infinity'));
    if (bound !== bound) continue;
    const rest = filterLabels(labels, (name) => name !== 'le');
    const group = groups.get(keyOf(rest)) ?? {labels: rest, buckets: []};
    group.buckets.push({bound, count: value});
    groups.set(keyOf(rest), group);
  }
  return [...groups.values()].map(({labels, buckets}) => ({
    labels: withoutName(labels),
    value: bucketQuantile(
      q,
      buckets.toSorted((a, b) => a.bound - b.bound),
    ),
  }));
}

function bucketQuantile(q: number, buckets: {bound: number; count: number}[]): number {
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (buckets.at(-1)!.bound !== Infinity || buckets.length < 2) return NaN;
  let highest = -Infinity;
  for (const bucket of buckets) highest = bucket.count = Math.max(highest, bucket.count);
  const total = buckets.at(-1)!.count;
  if (total === 0) return NaN;
  const rank = q * total;
  const index = buckets.findIndex(({count}, at) => count >= rank || at === buckets.length - 1);
  if (index === buckets.length - 1) return buckets.at(-2)!.bound;
  if (index === 0 && buckets[0]!.bound <= 0) return buckets[0]!.bound;
  const below = index === 0 ? {bound: 0, count: 0} : buckets[index - 1]!;
  const {bound, count} = buckets[index]!;
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

function replaceLabels(vector: VectorSample[], texts: string[]): VectorSample[] {
  const [target, replacement, source, pattern] = texts as [string, string, string, string];
  const regexp = new RegExp(`^(?:${pattern})$`, 's');
  return vector.map(({labels, value}) => {
    const match = regexp.exec(labels[source] ?? '');
    if (match === null) return {labels, value};
    const text = replacement.replaceAll(/\$(\d)/g, (_, digit: string) => match[Number(digit)] ?? '');
    return {labels: setLabel(labels, target, text), value};
  });
}

function absentLabels(expr: Expr): LabelRecord {
  if (expr.kind !== 'vectorSelector') return {};
  const labels: Record<string, string> = {};
  const seen = new Set<string>();
  for (const {name, type, value} of expr.matchers) {
    if (name === '__name__') continue;
    if (type === '=' && !seen.has(name)) labels[name] = value;
    else delete labels[name];
    seen.add(name);
  }
  return filterLabels(labels, (name) => labels[name] !== '');
}

function map(vector: VectorSample[], compute: (value: number) => number): VectorSample[] {
  return vector.map(({labels, value}) => ({labels: withoutName(labels), value: compute(value)}));
}

function withoutName(labels: LabelRecord): LabelRecord {
  return filterLabels(labels, (name) => name !== '__name__');
}

function filterLabels(labels: LabelRecord, keep: (name: string) => boolean): LabelRecord {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => keep(name)));
}

function setLabel(labels: LabelRecord, name: string, value: string): LabelRecord {
  const rest = filterLabels(labels, (each) => each !== name);
  return value === '' ? rest : {...rest, [name]: value};
}

function recordOf(labels: readonly string[]): LabelRecord {
  const record: Record<string, string> = {};
  for (let i = 0; i < labels.length; i += 2) record[labels[i]!] = labels[i + 1]!;
  return record;
}

function stringOf(expr: Expr): string {
  if (expr.kind !== 'string') throw new Error(`BUG: ${expr.kind} is no string`);
  return expr.value;
}

function formatValue(value: number): string {
  if (Math.abs(value) === Infinity) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
