import {ParseCache} from '../../base/parsecache.ts';
import {keepSpecimen, Specimen} from '../../base/specimens.ts';
import {pointSamples} from '../../model/histogram/size.ts';
import type {Querier, Queryable} from '../../storage/querier.ts';
import {Symbols} from '../../storage/symbols.ts';
import type {Expr} from '../ast.ts';
import {parseExpr} from '../parser/parser.ts';
import type {ParseOptions} from '../parser/tokenstream.ts';
import {documentedType, typeOf} from '../parser/types.ts';
import {QueryBudget, type SharedBudget} from './budget.ts';
import {QueryContext} from './context.ts';
import {executionError, QueryError, sameLabelsetMessage} from './error.ts';
import {EvaluationOrder} from './evaluationorder.ts';
import {Explainer} from './explain.ts';
import {gridOf, instantGrid, type Grid} from './grid.ts';
import {withoutParens} from './invariance.ts';
import {labelBytes} from './labelset.ts';
import {Matrix, MatrixCursor, materialize, MergedMatrix} from './matrix.ts';
import {Planner} from './plan.ts';
import {prepareExpr, type QueryTimes} from './prepare.ts';
import {
  matrixValue,
  seriesBytes,
  sortSeries,
  vectorValue,
  type MatrixSeries,
  type QueryResult,
  type QueryStats,
  type QueryValue,
} from './result.ts';
import {timeRangeOf} from './timerange.ts';

export interface EngineOptions {
  /** How far back an instant selector looks (--query.lookback-delta). */
  lookbackDeltaMs: number;
  /** Samples that one query may hold at once (--query.max-samples). */
  maxSamples: number;
  /** Bytes that one query may hold at once (--query.max-memory). Default: 1 GiB. */
  maxBytes?: number;
  /** What queries of several threads may hold together (--query.max-memory-total). Default: no limit. */
  sharedBudget?: SharedBudget;
  /** Step of subqueries that name none: global.evaluation_interval. Default: one minute. */
  defaultEvalIntervalMs?: number;
  features?: EngineFeatures;
}

/** What `--enable-feature` switches on. All default to false, but `durationExpressions` to true. */
export interface EngineFeatures extends ParseOptions {
  delayedNameRemoval?: boolean;
  typeAndUnitLabels?: boolean;
  /** Start timestamps of samples tell rate(), increase(), irate() and resets() of resets. */
  startTimestamps?: boolean;
  perStepStats?: boolean;
}

export interface QueryOptions {
  /** Instead of the engine's. */
  lookbackDeltaMs?: number;
  /** Step of subqueries that name none, instead of the engine's. */
  defaultEvalIntervalMs?: number;
  /** Whether to give up: called often, from inside of long operators; must be cheap (an atomic load). */
  cancelled?: () => boolean;
  /** When to give up, in milliseconds as Date.now() counts. */
  deadlineMs?: number;
  /** Count samples of each step; takes effect with the feature `perStepStats`. */
  perStepStats?: boolean;
  /** Measure each node of the query's tree. */
  explain?: boolean;
}

export interface InstantOptions extends QueryOptions {
  timeMs: number;
}

/** Steps are `startMs + i * stepMs <= endMs`. */
export interface RangeOptions extends QueryOptions {
  startMs: number;
  endMs: number;
  stepMs: number;
}

const maxBytesDefault = 2 ** 30;
const evalIntervalDefaultMs = 60_000;

/**
 * Evaluates PromQL, one query at a time, without waiting for anything. Throws ParseError for what is no PromQL and
 * QueryError for what cannot be evaluated. Of queries, an engine keeps nothing but their trees.
 */
export class Engine {
  readonly options: EngineOptions;
  readonly #trees: ParseCache<Expr>;

  constructor(options: EngineOptions) {
    this.options = options;
    this.#trees = new ParseCache((query) => parseExpr(query, options.features ?? {}));
  }

  parse(query: string): Expr {
    return this.#trees.get(query);
  }

  execInstant(queryable: Queryable, query: string, options: InstantOptions): QueryResult {
    const {timeMs} = options;
    const times = {startMs: timeMs, endMs: timeMs, stepMs: 0};
    return this.#exec(queryable, {query, expr: this.parse(query), times}, options);
  }

  execRange(queryable: Queryable, query: string, options: RangeOptions): QueryResult {
    const {startMs, endMs, stepMs} = options;
    if (!(stepMs > 0)) throw new QueryError('bad_data', 'zero or negative query resolution step widths');
    const expr = this.parse(query);
    const type = typeOf(expr);
    if (type !== 'vector' && type !== 'scalar') {
      throw new QueryError(
        'bad_data',
        `invalid expression type "${documentedType(type)}" for range query, must be Scalar or instant Vector`,
      );
    }
    return this.#exec(queryable, {query, expr, times: {startMs, endMs, stepMs}}, options);
  }

  /** The limits of a query; also for work that is none, such as a lookup of labels. */
  budget({deadlineMs, cancelled}: Pick<QueryOptions, 'deadlineMs' | 'cancelled'>): QueryBudget {
    return new QueryBudget({
      bytesMax: this.options.maxBytes ?? maxBytesDefault,
      shared: this.options.sharedBudget ?? null,
      deadlineMs: deadlineMs ?? Infinity,
      cancelled: cancelled ?? (() => false),
    });
  }

  #exec(
    queryable: Queryable,
    parsed: {query: string; expr: Expr; times: QueryTimes},
    options: QueryOptions,
  ): QueryResult {
    const began = performance.now();
    const {query, times} = parsed;
    const expr = prepareExpr(parsed.expr, times, query);
    const lookbackDeltaMs = options.lookbackDeltaMs ?? this.options.lookbackDeltaMs;
    const defaultStepMs =
      options.defaultEvalIntervalMs ?? this.options.defaultEvalIntervalMs ?? evalIntervalDefaultMs;
    const symbols = new Symbols();
    const range = timeRangeOf(expr, times, lookbackDeltaMs);
    const budget = this.budget(options);
    const querier = queryable.querier(range, symbols, budget);
    try {
      const context = this.#context(querier, symbols, lookbackDeltaMs, budget);
      context.countsSteps = options.perStepStats === true && this.options.features?.perStepStats === true;
      context.annotations.order = new EvaluationOrder(expr);
      context.check('query execution');
      if (options.explain === true) context.explainer = new Explainer(context, expr, query);
      const evaluation = new Evaluation(context, {expr, times, defaultStepMs});
      const prepared = performance.now();
      const value = evaluation.run();
      keepSpecimens(context, evaluation);
      const {warnings, infos} = context.annotations.render(query);
      const stats = statsOf(context, {began, prepared, sortSeconds: evaluation.sortSeconds, times});
      const explain = context.explainer?.root ?? null;
      warnings.unshift(...budget.storageWarnings);
      const release = (): void => context.releaseBlocks();
      return {value, symbols, warnings, infos, stats, budget, explain, release};
    } finally {
      querier.close();
    }
  }

  #context(querier: Querier, symbols: Symbols, lookbackDeltaMs: number, budget: QueryBudget): QueryContext {
    const {features} = this.options;
    return new QueryContext(querier, symbols, {
      lookbackDeltaMs,
      delayedNameRemoval: features?.delayedNameRemoval ?? false,
      typeAndUnitLabels: features?.typeAndUnitLabels ?? false,
      startTimestamps: features?.startTimestamps ?? false,
      samplesMax: this.options.maxSamples,
      budget,
    });
  }
}

/** Nothing is kept of queries that hold more. */
const specimenBytesMax = 512 * 1024;

const evaluationSpecimen = new Specimen();
const matrixSpecimen = new Specimen();

/** So that code for what is made anew for each query stays optimized. */
function keepSpecimens(context: QueryContext, evaluation: Evaluation): void {
  if (context.budget.bytes > specimenBytesMax) return;
  for (const object of context.specimens.splice(0)) keepSpecimen(object);
  evaluationSpecimen.keep(evaluation);
  // The one with the result would keep it.
  matrixSpecimen.keep(new Matrix(context, 0));
}

/** One query from its prepared tree to its value. */
class Evaluation {
  sortSeconds = 0;
  readonly #context: QueryContext;
  readonly #planner: Planner;
  readonly #times: QueryTimes;

  readonly #expr: Expr;

  constructor(context: QueryContext, prepared: {expr: Expr; times: QueryTimes; defaultStepMs: number}) {
    this.#context = context;
    this.#expr = prepared.expr;
    this.#planner = new Planner(context, prepared.expr, prepared.defaultStepMs);
    this.#times = prepared.times;
  }

  run(): QueryValue {
    const expr = this.#expr;
    const {startMs, endMs, stepMs} = this.#times;
    const instant = stepMs === 0;
    const grid = instant ? instantGrid(startMs) : gridOf(startMs, endMs, stepMs);
    if (this.#context.countsSteps) {
      this.#context.samplesPerStep = new Float64Array(grid.count);
      this.#context.readsPerStep = new Float64Array(grid.count);
    }
    switch (typeOf(expr)) {
      case 'string': {
        const literal = withoutParens(expr);
        return {kind: 'string', timeMs: startMs, value: literal.kind === 'string' ? literal.value : ''};
      }
      case 'scalar':
        return this.#scalar(expr, grid, instant);
      case 'matrix':
        return this.#matrix(withoutParens(expr));
      default:
        return this.#vector(expr, grid, instant);
    }
  }

  #scalar(expr: Expr, grid: Grid, instant: boolean): QueryValue {
    const values = this.#planner.scalar(expr, grid);
    if (instant) return {kind: 'scalar', timeMs: grid.startMs, value: values[0]!};
    const times = values.map((_, step) => grid.startMs + step * grid.stepMs);
    this.#context.holdSamples(grid.count);
    const series =
      grid.count === 0 ? [] : [{labels: [], times, values, histograms: null, length: grid.count}];
    return {kind: 'matrix', series};
  }

  #vector(expr: Expr, grid: Grid, instant: boolean): QueryValue {
    const matrix = this.#collect(expr, grid);
    this.#context.check();
    if (instant) return vectorValue(matrix, grid.startMs, this.#context.budget);
    const value = matrixValue(matrix, grid, this.#context.budget);
    this.#sort(value.series);
    return value;
  }

  /** All series of the result; where names were to go at the end, that end is here. */
  #collect(expr: Expr, grid: Grid): Matrix {
    const context = this.#context;
    const operator = this.#planner.vector(expr, grid);
    if (!context.delayedNameRemoval) return materialize(context, operator, grid.count);
    return withoutDelayedNames(context, materialize(context, operator, grid.count));
  }

  /** A range vector, of an instant query only. */
  #matrix(expr: Expr): QueryValue {
    const context = this.#context;
    const {startMs} = this.#times;
    if (expr.kind !== 'matrixSelector' && expr.kind !== 'subquery') {
      throw new Error(`BUG: ${expr.kind} is no range vector`);
    }
    const grid = instantGrid(startMs);
    const source = this.#planner.columns(expr, grid, {whole: true});
    const series: MatrixSeries[] = [];
    while (source.next()) {
      context.check();
      const {length} = source;
      let samples = length;
      for (const found of source.histograms ?? []) {
        if (found !== undefined) samples += pointSamples(found) - 1;
      }
      context.takeBytes(seriesBytes + 16 * samples + labelBytes(source.labels));
      context.holdSamples(samples);
      if (source.stored) {
        context.samplesQueried += samples;
        context.samplesRead += samples;
        if (context.samplesPerStep !== null) context.samplesPerStep[0]! += samples;
        if (context.readsPerStep !== null) context.readsPerStep[0]! += samples;
      }
      series.push({
        labels:
          source.dropName && context.delayedNameRemoval
            ? context.names.dropName(source.labels)
            : source.labels,
        times: source.times.slice(0, length),
        values: source.values.slice(0, length),
        histograms: source.histograms,
        length,
      });
    }
    const merged = context.delayedNameRemoval ? mergeSeries(series) : series;
    this.#sort(merged);
    return {kind: 'matrix', series: merged};
  }

  #sort(series: MatrixSeries[]): void {
    const began = performance.now();
    sortSeries(this.#context.symbols, series, this.#context);
    this.sortSeconds += (performance.now() - began) / 1000;
  }
}

/** Makes one of those series that have the same labels; they must have no time in common. */
function mergeSeries(series: readonly MatrixSeries[]): MatrixSeries[] {
  const found = new Map<string, MatrixSeries>();
  for (const each of series) {
    const key = each.labels.join();
    const known = found.get(key);
    found.set(key, known === undefined ? each : mergePoints(known, each));
  }
  return [...found.values()];
}

function mergePoints(left: MatrixSeries, right: MatrixSeries): MatrixSeries {
  const points = [left, right].flatMap(({times, values, histograms, length}) =>
    Array.from({length}, (_, i) => ({time: times[i]!, value: values[i]!, histogram: histograms?.[i]})),
  );
  points.sort((one, other) => one.time - other.time);
  if (points.some(({time}, i) => i > 0 && time === points[i - 1]!.time)) {
    throw executionError(sameLabelsetMessage);
  }
  return {
    labels: left.labels,
    times: Float64Array.from(points, ({time}) => time),
    values: Float64Array.from(points, ({value}) => value),
    histograms: points.some(({histogram}) => histogram !== undefined)
      ? points.map(({histogram}) => histogram)
      : null,
    length: points.length,
  };
}

/** Drops the names that were kept until now, and merges what then has the same labels. */
function withoutDelayedNames(context: QueryContext, matrix: Matrix): Matrix {
  if (!context.mayRepeatLabels && !matrix.dropNames.some(Boolean)) return matrix;
  const merged = new MergedMatrix(context, matrix.steps);
  const cursor = new MatrixCursor(matrix, false);
  while (cursor.next()) {
    const {row} = cursor;
    if (row.dropName) row.labels = context.names.dropName(row.labels);
    row.dropName = false;
    merged.append(row);
  }
  matrix.release();
  return merged.matrix;
}

function statsOf(
  context: QueryContext,
  spans: {began: number; prepared: number; sortSeconds: number; times: QueryTimes},
): QueryStats {
  const ended = performance.now();
  const {began, prepared, sortSeconds, times} = spans;
  const total = (ended - began) / 1000;
  const perStep = (counts: Float64Array): [number, number][] =>
    Array.from(counts, (count, step) => [times.startMs + step * times.stepMs, count]);
  return {
    timings: {
      evalTotalTime: total,
      resultSortTime: sortSeconds,
      queryPreparationTime: (prepared - began) / 1000,
      innerEvalTime: (ended - prepared) / 1000 - sortSeconds,
      execQueueTime: 0,
      execTotalTime: total,
    },
    samples: {
      totalQueryableSamples: context.samplesQueried,
      samplesRead: context.samplesRead,
      peakSamples: context.samplesPeak,
      ...(context.samplesPerStep === null || context.readsPerStep === null
        ? {}
        : {
            totalQueryableSamplesPerStep: perStep(context.samplesPerStep),
            samplesReadPerStep: perStep(context.readsPerStep),
          }),
    },
  };
}
