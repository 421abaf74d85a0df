// /query, /query_range and the lookups of series and labels: their parameters are checked here, the rest happens in a query
// thread, which gives back the finished bytes.

import {quoteGo} from '../base/quote.ts';
import {textError, type HttpReply} from '../http/reply.ts';
import type {Form} from '../http/form.ts';
import type {HttpCall} from '../http/server.ts';
import {parseDuration} from '../model/duration.ts';
import {unescapeName} from '../model/escape.ts';
import {parseDurationParameter} from '../model/timestamp.ts';
import type {
  AdminBackend,
  InstantQuery,
  MatcherData,
  QueryAnswer,
  QueryBackend,
  QueryRequest,
  QuerySource,
  RangeQuery,
  StorageBackend,
} from './backend.ts';
import {ApiError, failure, invalidParameter, jsonReply, success} from './envelope.ts';
import {exemplarsBody} from './exemplars.ts';
import {
  limitParameter,
  lookbackParameter,
  optionalTimeParameter,
  parameter,
  timeoutParameter,
  timeParameter,
  timeRangeParameters,
} from './parameters.ts';

/** Enough for a week by the minute or a year by the hour. */
const pointsMax = 11_000;

export class QueryApi {
  readonly #backend: QueryBackend;
  readonly #storage: StorageBackend;
  readonly #now: () => number;

  constructor(backend: QueryBackend, storage: StorageBackend, now: () => number) {
    this.#backend = backend;
    this.#storage = storage;
    this.#now = now;
  }

  instant(call: HttpCall): HttpReply | Promise<HttpReply> {
    const {form} = call;
    const limit = limitParameter(form);
    const timeMs = optionalTimeParameter(form, 'time', this.#now());
    const timeoutMs = timeoutParameter(form);
    const query = form.get('query');
    const stats = form.get('stats');
    return this.#run(
      call,
      withRareParameters({kind: 'instant', query, timeMs, limit, timeoutMs, stats}, form),
    );
  }

  range(call: HttpCall): HttpReply | Promise<HttpReply> {
    const {form} = call;
    const limit = limitParameter(form);
    const startMs = timeParameter(form, 'start');
    const endMs = timeParameter(form, 'end');
    if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
    const stepMs = Math.trunc(parameter('step', () => parseDurationParameter(form.get('step'))));
    if (stepMs <= 0) {
      throw invalidParameter(
        'step',
        'zero or negative query resolution step widths are not accepted. Try a positive integer',
      );
    }
    if (Math.floor((endMs - startMs) / stepMs) > pointsMax) {
      throw new ApiError(
        'bad_data',
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      );
    }
    const timeoutMs = timeoutParameter(form);
    const query = form.get('query');
    const stats = form.get('stats');
    const request: RangeQuery = {kind: 'range', query, startMs, endMs, stepMs, limit, timeoutMs, stats};
    return this.#run(call, withRareParameters(request, form));
  }

  series(call: HttpCall): HttpReply | Promise<HttpReply> {
    const {form} = call;
    if (form.error !== '') throw new ApiError('bad_data', `error parsing form values: ${form.error}`);
    const matches = form.all('match[]');
    if (matches.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
    const limit = limitParameter(form);
    return this.#run(call, {kind: 'series', matches, limit, ...timeRangeParameters(form)});
  }

  labelNames(call: HttpCall): HttpReply | Promise<HttpReply> {
    const {form} = call;
    const limit = limitParameter(form);
    const matches = form.all('match[]');
    return this.#run(call, {kind: 'labelNames', matches, limit, ...timeRangeParameters(form)});
  }

  labelValues(call: HttpCall): HttpReply | Promise<HttpReply> {
    const {form, params} = call;
    const escaped = params['name'] ?? '';
    const name = escaped.startsWith('U__') ? unescapeName(escaped) : escaped;
    if (name === '' || name.includes('\ufffd')) {
      throw new ApiError('bad_data', `invalid label name: ${quoteGo(name)}`);
    }
    const limit = limitParameter(form);
    const matches = form.all('match[]');
    return this.#run(call, {kind: 'labelValues', name, matches, limit, ...timeRangeParameters(form)});
  }

  text(kind: 'format' | 'parse', call: HttpCall): HttpReply | Promise<HttpReply> {
    return this.#run(call, {kind, query: call.form.get('query')});
  }

  /** Exemplars of the series that the query's selectors name. */
  async exemplars(call: HttpCall): Promise<HttpReply> {
    const {form} = call;
    const {startMs, endMs} = timeRangeParameters(form);
    if (endMs < startMs) {
      throw new ApiError('bad_data', 'end timestamp must not be before start timestamp');
    }
    const request: QueryRequest = {kind: 'selectors', query: form.get('query')};
    const {status, body, release} = await this.#backend.run(request, call.signal, sourceOf(call));
    const text = new TextDecoder().decode(body);
    release?.();
    if (status !== 200) {
      // This endpoint does not name the parameter.
      return failure('bad_data', describeFailure(text).replace(/^invalid parameter "query": /, ''), status);
    }
    const {data: matcherSets} = JSON.parse(text) as {data: MatcherData[][]};
    if (matcherSets.length === 0) return jsonReply(200, '{"status":"success"}');
    const found = await this.#storage.exemplars?.({matcherSets, startMs, endMs});
    return found === undefined ? success([]) : jsonReply(200, exemplarsBody(found));
  }

  /** Prometheus's federation, in the text format. Errors are plain text. */
  async federate(call: HttpCall, admin: AdminBackend): Promise<HttpReply> {
    const {form} = call;
    if (form.error !== '') return textError(400, `error parsing form values: ${form.error}`);
    const endMs = this.#now();
    const lookbackMs = parseDuration(admin.flags['query.lookback-delta'] ?? '5m');
    const utf8Names = /escaping=allow-utf-8/.test(call.header('accept') ?? '');
    const {status, body, release} = await this.#backend.run(
      {
        kind: 'federate',
        matches: form.all('match[]'),
        startMs: endMs - lookbackMs,
        endMs,
        externalLabels: {...admin.externalLabels()},
        utf8Names,
      },
      call.signal,
      sourceOf(call),
    );
    if (status !== 200) {
      const failed = textError(status, describeFailure(new TextDecoder().decode(body)));
      release?.();
      return failed;
    }
    const contentType = utf8Names
      ? 'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8'
      : 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
    return {status, contentType, body, release};
  }

  #run(call: HttpCall, request: QueryRequest): HttpReply | Promise<HttpReply> {
    const light = this.#backend.light?.(request) ?? null;
    if (light !== null) return replyOf(light);
    return this.#backend.run(request, call.signal, sourceOf(call)).then(replyOf);
  }
}

function replyOf({status, body, release}: QueryAnswer): HttpReply {
  const reply = jsonReply(status, body);
  if (release !== undefined) reply.release = release;
  return reply;
}

/** Grafana names the dashboard; behind a proxy that forwards many people's queries it tells them apart. */
function sourceOf(call: HttpCall): QuerySource {
  return {client: call.client, group: call.header('x-dashboard-uid') ?? ''};
}

/** The message of an envelope, or the text that there is instead. */
function describeFailure(body: string): string {
  const text = body.trimEnd();
  return text.startsWith('{') ? (JSON.parse(text) as {error: string}).error : text;
}

/** Adds what few requests have. */
function withRareParameters<T extends InstantQuery | RangeQuery>(request: T, form: Form): T {
  const lookbackDeltaMs = lookbackParameter(form);
  if (lookbackDeltaMs !== undefined) request.lookbackDeltaMs = lookbackDeltaMs;
  // Our own: Prometheus has no such parameter.
  if (form.get('explain') === 'true') request.explain = true;
  return request;
}
