import {assert} from '../base/assert.ts';
import type {MatcherData, QueryAnswer, QueryRequest} from '../api/backend.ts';
import {success} from '../api/envelope.ts';
import {federateAnswer} from '../api/federate.ts';
import {lookupAnswer} from '../api/metaqueries.ts';
import {errorAnswer, queryAnswer} from '../api/queryresponse.ts';
import type {PointWriter} from '../kernels/points.ts';
import type {Expr} from '../promql/ast.ts';
import {isOverMemory, outOfMemory, type QueryBudget} from '../promql/engine/budget.ts';
import type {Engine, InstantOptions, RangeOptions} from '../promql/engine/engine.ts';
import {QueryError} from '../promql/engine/error.ts';
import type {QueryResult} from '../promql/engine/result.ts';
import {exprToJson} from '../promql/parser/astjson.ts';
import {prettyExpr} from '../promql/parser/pretty.ts';
import {extractSelectors} from '../promql/parser/walk.ts';
import type {evaluateRule, RuleRequest} from '../rules/evaluation.ts';
import type {Queryable} from '../storage/querier.ts';
import type {WorkerAnswer} from './querypool.ts';

/** A query with what its worker needs besides. Plain data. */
export interface EvaluateRequest {
  request: QueryRequest;
  /** On the clock of Date.now(). */
  deadlineMs: number;
  queueSeconds: number;
  /** Step of subqueries that name none: global.evaluation_interval of the configuration in force. */
  defaultEvalIntervalMs: number;
}

export interface AnswerWorld {
  engine: Engine;
  queryable: Queryable;
  cancelled: () => boolean;
  /** Writes long answers faster. */
  points?: PointWriter;
  /** That of the same name: who evaluates no rules does without it, and without the templates of alerts. */
  evaluateRule?: typeof evaluateRule;
  /** What was found damaged since this was asked last. */
  takeDamage?: () => string[];
}

type Finished = Omit<WorkerAnswer, 'outcome' | 'seconds' | 'heldBytes' | 'damaged'> & {heldBytes?: number};

/** Evaluates one request to its finished answer. Never throws: what goes wrong is an answer. */
export function answerQuery(world: AnswerWorld, evaluate: EvaluateRequest): WorkerAnswer {
  const answered = outcomeAnswer(world, evaluate);
  const damaged = world.takeDamage?.() ?? [];
  return damaged.length === 0 ? answered : {...answered, damaged};
}

function outcomeAnswer(world: AnswerWorld, evaluate: EvaluateRequest): WorkerAnswer {
  const began = performance.now();
  try {
    const {status, body, value, slices, samplesRead, heldBytes = body.byteLength} = answer(world, evaluate);
    const seconds = (performance.now() - began) / 1000;
    // All that an answer may have later: its layout stays, and with it the code that works with it.
    return {status, body, value, release: undefined, slices, samplesRead, seconds, heldBytes, outcome: 'ok'};
  } catch (thrown) {
    const cause = causeOf(thrown);
    const seconds = (performance.now() - began) / 1000;
    return {
      ...errorAnswer(cause),
      slices: {},
      samplesRead: 0,
      outcome: outcomeOf(cause),
      seconds,
      heldBytes: 0,
    };
  }
}

function answer(world: AnswerWorld, evaluate: EvaluateRequest): Finished {
  const {request} = evaluate;
  switch (request.kind) {
    case 'instant':
    case 'range':
      return evaluated(world, evaluate, request);
    case 'format':
      return plain(bodyOf(prettyExpr(world.engine.parse(request.query))));
    case 'parse':
      return plain(bodyOf(exprToJson(world.engine.parse(request.query))));
    case 'selectors':
      return plain(bodyOf(selectorData(world.engine.parse(request.query))));
    case 'rule':
      return ruleAnswer(world, evaluate, request.request);
    case 'federate':
      return plain(federateAnswer(world.queryable, request, budgetOf(world, evaluate)));
    default:
      return plain(lookupAnswer(world.queryable, request, budgetOf(world, evaluate)));
  }
}

function evaluated(
  world: AnswerWorld,
  evaluate: EvaluateRequest,
  request: Extract<QueryRequest, {kind: 'instant' | 'range'}>,
): Finished {
  const {engine, queryable, cancelled, points} = world;
  const {deadlineMs, queueSeconds, defaultEvalIntervalMs} = evaluate;
  const {query, limit, stats, lookbackDeltaMs} = request;
  const options: InstantOptions & RangeOptions = {
    timeMs: 0,
    startMs: 0,
    endMs: 0,
    stepMs: 0,
    cancelled,
    deadlineMs,
    defaultEvalIntervalMs,
    perStepStats: stats === 'all',
    explain: request.explain ?? false,
  };
  if (lookbackDeltaMs !== undefined) options.lookbackDeltaMs = lookbackDeltaMs;
  let result: QueryResult;
  if (request.kind === 'instant') {
    options.timeMs = request.timeMs;
    result = engine.execInstant(queryable, query, options);
  } else {
    options.startMs = request.startMs;
    options.endMs = request.endMs;
    options.stepMs = request.stepMs;
    result = engine.execRange(queryable, query, options);
  }
  const {timings, samples} = result.stats;
  timings.execQueueTime = queueSeconds;
  timings.execTotalTime += queueSeconds;
  const {status, body} = queryAnswer(result, {limit, stats, points});
  result.release();
  return {
    status,
    body,
    samplesRead: samples.samplesRead,
    heldBytes: result.budget.bytesPeak,
    slices: {
      prepare_time: timings.queryPreparationTime,
      inner_eval: timings.innerEvalTime,
      result_sort: timings.resultSortTime,
    },
  };
}

function ruleAnswer(
  {engine, queryable, cancelled, evaluateRule}: AnswerWorld,
  {deadlineMs, defaultEvalIntervalMs}: EvaluateRequest,
  request: RuleRequest,
): Finished {
  assert(evaluateRule !== undefined, 'who is asked to evaluate rules can');
  const world = {engine, queryable, options: {cancelled, deadlineMs, defaultEvalIntervalMs}};
  return {...plain({status: 200, body: new Uint8Array(0)}), value: evaluateRule(world, request)};
}

function selectorData(expr: Expr): MatcherData[][] {
  return extractSelectors(expr).map((matchers) =>
    matchers.map(({type, name, value}) => ({type, name, value})),
  );
}

function bodyOf(data: unknown): QueryAnswer {
  const {status, body} = success(data);
  return {status, body: typeof body === 'string' ? new TextEncoder().encode(body) : body};
}

function plain({status, body}: QueryAnswer): Finished {
  return {status, body, slices: {}, samplesRead: 0};
}

function budgetOf({engine, cancelled}: AnswerWorld, {deadlineMs}: EvaluateRequest): QueryBudget {
  return engine.budget({cancelled, deadlineMs});
}

/** Memory that could not be had, in spite of all counting: the words of V8 and of the arena. */
const allocationFailed = /allocat|array length|maximum size|string length/i;

function causeOf(cause: unknown): unknown {
  if (!(cause instanceof RangeError) || !allocationFailed.test(cause.message)) return cause;
  return outOfMemory(cause.message);
}

function outcomeOf(cause: unknown): WorkerAnswer['outcome'] {
  if (!(cause instanceof QueryError)) return 'error';
  if (cause.kind === 'timeout' || cause.kind === 'canceled') return cause.kind;
  return isOverMemory(cause) || /too many samples/.test(cause.message) ? 'over budget' : 'error';
}
