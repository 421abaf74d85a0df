// Runs a script against the engine: each evaluation as it stands; an instant one besides with its selectors pinned by @ to
// its time while evaluated at others, and in the middle of a short range query.

import {RE2JS} from 're2js';
import type {FloatHistogram} from '../../model/histogram.ts';
import {formatTestExpression} from '../../model/histogram/format.ts';
import {compareLabels, formatLabels, type Labels} from '../../model/labels.ts';
import {MemoryStore} from '../../storage/memory.ts';
import type {Queryable} from '../../storage/querier.ts';
import type {Expr} from '../ast.ts';
import {Engine, type EngineOptions} from '../engine/engine.ts';
import {labelTexts} from '../engine/labelset.ts';
import type {MatrixSeries, MatrixValue, QueryResult, QueryValue, VectorValue} from '../engine/result.ts';
import {almostDescribed, almostEqual} from './almost.ts';
import {load} from './load.ts';
import {pinned} from './pinned.ts';
import type {EvalCommand, Expectation, ExpectationKind, LoadCommand} from './script.ts';
import {parseScript} from './script.ts';
import type {Point} from './series.ts';

/** How upstream sets up the engine for its scripts. */
export const scriptEngineOptions: EngineOptions = {
  lookbackDeltaMs: 300_000,
  maxSamples: 10_000,
  defaultEvalIntervalMs: 60_000,
  features: {
    experimentalFunctions: true,
    extendedRangeSelectors: true,
    fillModifiers: true,
    delayedNameRemoval: true,
    startTimestamps: true,
  },
};

export interface ScriptOutcome {
  instant: {passed: number; failed: number};
  range: {passed: number; failed: number};
  failures: {kind: 'eval' | 'load'; line: number; expr: string; reason: string}[];
}

/** A store that a script can fill. */
export interface ScriptStore {
  readonly queryable: Queryable;
  load(command: LoadCommand): void;
}

/** Throws ScriptError where a line is not of the language. */
export function runScript(
  text: string,
  options: {engine?: Engine; newStore?: () => ScriptStore} = {},
): ScriptOutcome {
  const engine = options.engine ?? new Engine(scriptEngineOptions);
  const newStore = options.newStore ?? newMemoryStore;
  const outcome: ScriptOutcome = {
    instant: {passed: 0, failed: 0},
    range: {passed: 0, failed: 0},
    failures: [],
  };
  let store = newStore();
  for (const command of parseScript(text)) {
    if (command.kind === 'clear') store = newStore();
    else if (command.kind === 'load') {
      try {
        store.load(command);
      } catch (error) {
        const {kind, line} = command;
        outcome.failures.push({kind, line, expr: 'load', reason: messageOf(error)});
      }
    } else {
      const tally = command.range ? outcome.range : outcome.instant;
      try {
        new EvalRun(engine, store.queryable, command).run();
        tally.passed++;
      } catch (error) {
        tally.failed++;
        const {kind, line, expr} = command;
        outcome.failures.push({kind, line, expr, reason: messageOf(error)});
      }
    }
  }
  return outcome;
}

function newMemoryStore(): ScriptStore {
  const queryable = new MemoryStore();
  return {queryable, load: (command) => load(queryable, command)};
}

/** What is not as a script says it must be. */
class Mismatch extends Error {}

class EvalRun {
  readonly #engine: Engine;
  readonly #queryable: Queryable;
  readonly #command: EvalCommand;

  constructor(engine: Engine, queryable: Queryable, command: EvalCommand) {
    this.#engine = engine;
    this.#queryable = queryable;
    this.#command = command;
  }

  run(): void {
    const command = this.#command;
    if (command.range) {
      const {expr, startMs, endMs, stepMs} = command;
      const result = this.#evaluate(() =>
        this.#engine.execRange(this.#queryable, expr, {startMs, endMs, stepMs}),
      );
      if (result !== null) this.#compare(result.value, result);
      return;
    }
    this.#runInstant(command.expr, command.timeMs);
    for (const {expr, timeMs} of pinned(this.#parse(), command.timeMs)) this.#runInstant(expr, timeMs);
  }

  #parse(): Expr | null {
    try {
      return this.#engine.parse(this.#command.expr);
    } catch {
      return null;
    }
  }

  #runInstant(expr: string, timeMs: number): void {
    const command = this.#command;
    const result = this.#evaluate(() => this.#engine.execInstant(this.#queryable, expr, {timeMs}));
    if (result === null) return;
    this.#compare(result.value, result, `at ${timeMs} ${expr}`);
    if (command.expectsRangeVector || command.expectedString !== null) return;
    // These would mean something else in a range query.
    if (/(?:start|end|range|step)\(\)/.test(expr)) return;
    const minute = 60_000;
    const ranged = this.#engine.execRange(this.#queryable, expr, {
      startMs: timeMs - minute,
      endMs: timeMs + minute,
      stepMs: minute,
    });
    if (this.#expects('ordered').length > 0) return;
    checkSorted(ranged);
    const middle = valuesAt(ranged.value as MatrixValue, timeMs);
    const value: QueryValue =
      result.value.kind === 'scalar' ? {kind: 'scalar', timeMs, value: middle.values[0]!} : middle;
    this.#compare(value, ranged, `as a range query around ${timeMs}: ${expr}`);
  }

  /** Evaluates and checks errors and annotations; null where a failure was expected and came. */
  #evaluate(exec: () => QueryResult): QueryResult | null {
    const fails = this.#expects('fail');
    let result: QueryResult;
    try {
      result = exec();
    } catch (error) {
      const message = messageOf(error);
      if (fails.length === 0) throw error;
      for (const expectation of fails) {
        if (!meets(expectation, message)) {
          throw new Mismatch(`expected to fail with ${describe(expectation)}, failed with ${message}`);
        }
      }
      return null;
    }
    if (fails.length > 0) throw new Mismatch('expected to fail');
    this.#checkAnnotations('warn', 'no_warn', result.warnings);
    this.#checkAnnotations('info', 'no_info', result.infos);
    return result;
  }

  #checkAnnotations(kind: ExpectationKind, none: ExpectationKind, texts: readonly string[]): void {
    const expected = this.#expects(kind);
    if (this.#expects(none).length > 0 && texts.length > 0) {
      throw new Mismatch(`expected ${none}, got ${texts.join('; ')}`);
    }
    for (const expectation of expected) {
      if (!texts.some((text) => meets(expectation, text))) {
        throw new Mismatch(`expected ${kind} ${describe(expectation)}, got ${texts.join('; ') || 'none'}`);
      }
    }
    if (expected.length === 0) return;
    for (const text of texts) {
      if (!expected.some((expectation) => meets(expectation, text))) {
        throw new Mismatch(`did not expect ${kind} ${text}`);
      }
    }
  }

  #expects(kind: ExpectationKind): Expectation[] {
    return this.#command.expectations.filter((each) => each.kind === kind);
  }

  #compare(value: QueryValue, {symbols}: QueryResult, context = ''): void {
    const where = context === '' ? '' : ` (${context})`;
    const command = this.#command;
    if (value.kind === 'string') {
      if (value.value !== command.expectedString) throw new Mismatch(`got string ${value.value}${where}`);
      return;
    }
    if (value.kind === 'scalar') {
      if (command.expectedScalar === null) throw new Mismatch(`got scalar ${value.value}${where}`);
      if (!almostEqual(value.value, command.expectedScalar)) {
        throw new Mismatch(`expected scalar ${command.expectedScalar}, got ${value.value}${where}`);
      }
      return;
    }
    if (command.expectedScalar !== null) throw new Mismatch(`expected a scalar, got ${value.kind}${where}`);
    const expected = new Map<string, {labels: Labels; points: Point[]; position: number}>();
    for (const [position, {labels, points}] of command.expectedSeries.entries()) {
      expected.set(formatLabels(labels), {labels, points, position});
    }
    const count = value.kind === 'vector' ? value.labels.length : value.series.length;
    for (let i = 0; i < count; i++) {
      const ids = value.kind === 'vector' ? value.labels[i]! : value.series[i]!.labels;
      const key = formatLabels(labelTexts(symbols, ids));
      const found = expected.get(key);
      if (found === undefined) {
        const got =
          value.kind === 'vector' ? format(value.histograms?.[i] ?? value.values[i]!) : 'several values';
        throw new Mismatch(`did not expect ${key} ${got}${where}`);
      }
      expected.delete(key);
      if (value.kind === 'matrix') this.#comparePoints(key, found.points, value.series[i]!, where);
      else {
        if (this.#expects('ordered').length > 0 && found.position !== i) {
          throw new Mismatch(`expected ${key} at position ${found.position + 1}, got it at ${i + 1}${where}`);
        }
        const got = value.histograms?.[i] ?? value.values[i]!;
        comparePoint(key, found.points[0], got, where);
      }
    }
    for (const key of expected.keys()) throw new Mismatch(`expected ${key}, did not get it${where}`);
  }

  #comparePoints(key: string, expected: readonly Point[], got: MatrixSeries, where: string): void {
    const {startMs, stepMs} = this.#command;
    let at = 0;
    for (const [index, point] of expected.entries()) {
      if (point.kind === 'absent') continue;
      const time = startMs + index * stepMs;
      if (at >= got.length || got.times[at] !== time) {
        throw new Mismatch(`expected ${key} to have a value at ${time}, got ${listPoints(got)}${where}`);
      }
      comparePoint(`${key} at ${time}`, point, got.histograms?.[at] ?? got.values[at]!, where);
      at++;
    }
    if (at < got.length) {
      throw new Mismatch(`expected ${at} points for ${key}, got ${listPoints(got)}${where}`);
    }
  }
}

function listPoints(series: MatrixSeries): string {
  const {times, values, length} = series;
  const histograms = series.histograms;
  const points = Array.from({length}, (_, i) => `${format(histograms?.[i] ?? values[i]!)}@${times[i]}`);
  return points.join(' ') || 'none';
}

function comparePoint(
  key: string,
  expected: Point | undefined,
  got: number | FloatHistogram,
  where: string,
): void {
  const equal =
    expected?.kind === 'float'
      ? typeof got === 'number' && almostEqual(expected.value, got)
      : expected?.kind === 'histogram' && typeof got !== 'number' && almostDescribed(expected, got);
  if (equal) return;
  const text =
    expected?.kind === 'float'
      ? expected.value
      : expected?.kind === 'histogram'
        ? formatTestExpression(expected.histogram)
        : expected?.kind;
  throw new Mismatch(`expected ${key} to be ${text}, got ${format(got)}${where}`);
}

function format(value: number | FloatHistogram): string {
  return typeof value === 'number' ? String(value) : formatTestExpression(value);
}

function meets({message, pattern}: Expectation, text: string): boolean {
  if (message !== null) return message === text;
  return pattern === null || RE2JS.compile(pattern).matcher(text).find();
}

function describe({message, pattern}: Expectation): string {
  return message ?? (pattern === null ? 'anything' : `/${pattern}/`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function checkSorted({value, symbols}: QueryResult): void {
  if (value.kind !== 'matrix') return;
  for (let i = 1; i < value.series.length; i++) {
    const left = labelTexts(symbols, value.series[i - 1]!.labels);
    const right = labelTexts(symbols, value.series[i]!.labels);
    if (compareLabels(left, right) > 0) throw new Mismatch('the series are not sorted');
  }
}

function valuesAt({series}: MatrixValue, timeMs: number): VectorValue {
  const labels: VectorValue['labels'] = [];
  const values: number[] = [];
  const histograms: (FloatHistogram | undefined)[] = [];
  for (const each of series) {
    const at = each.times.subarray(0, each.length).indexOf(timeMs);
    if (at < 0) continue;
    labels.push(each.labels);
    values.push(each.values[at]!);
    histograms.push(each.histograms?.[at]);
  }
  return {kind: 'vector', timeMs, labels, values: Float64Array.from(values), histograms};
}
