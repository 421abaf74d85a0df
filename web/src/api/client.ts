// Requests to the server that this page came from. There are no others.
import {basePathOf} from '../base/base-path.ts';
import type {ExplainedData, QueryData, RangeQueryData} from './types.ts';

/** '' at the root, else for example `/monitoring`. */
export const basePath = basePathOf(new URL(import.meta.url).pathname);

/** The API's error types, and two of the UI's own: no answer at all, and one that is not the API's. */
export type ApiErrorKind =
  | 'bad_data'
  | 'execution'
  | 'canceled'
  | 'timeout'
  | 'internal'
  | 'unavailable'
  | 'not_found'
  | 'not_acceptable'
  | 'network'
  | 'answer';

/** A request that did not work. `message` is the server's, or '' where the server said nothing. */
export class ApiError extends Error {
  readonly kind: ApiErrorKind;
  readonly status: number;

  constructor(kind: ApiErrorKind, status: number, message: string, cause?: unknown) {
    super(message, {cause});
    this.name = 'ApiError';
    this.kind = kind;
    this.status = status;
  }
}

export interface Answer<T> {
  data: T;
  warnings: readonly string[];
  infos: readonly string[];
}

export interface RequestOptions {
  params?: URLSearchParams;
  /** Sends the parameters in the body, however short they are. */
  post?: boolean;
  signal?: AbortSignal;
}

/** Proxies limit how long an address may be; longer requests are posted. */
const addressLengthMax = 4000;

/** Asks `/api/v1/PATH`. Throws ApiError, or the signal's reason when it was cancelled. */
export async function requestApi<T>(
  path: string,
  {params, post = false, signal}: RequestOptions = {},
): Promise<Answer<T>> {
  const address = `${basePath}/api/v1/${path}`;
  const search = params?.toString() ?? '';
  const posted = post || search.length > addressLengthMax;
  const response = await fetchOrThrow(posted || search === '' ? address : `${address}?${search}`, {
    ...(posted ? {method: 'POST', body: params} : {}),
    headers: {accept: 'application/json'},
    ...(signal === undefined ? {} : {signal}),
  });
  return readAnswer<T>(response);
}

async function fetchOrThrow(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new ApiError('network', 0, '', error);
  }
}

interface Envelope<T> {
  status?: unknown;
  data?: T;
  errorType?: ApiErrorKind;
  error?: string;
  warnings?: string[];
  infos?: string[];
}

async function readAnswer<T>(response: Response): Promise<Answer<T>> {
  let envelope: Envelope<T>;
  try {
    envelope = (await response.json()) as Envelope<T>;
  } catch (error) {
    if (error instanceof DOMException) throw error;
    throw new ApiError('answer', response.status, response.ok ? String(error) : response.statusText, error);
  }
  if (envelope.status !== 'success' || envelope.data === undefined) {
    throw new ApiError(
      envelope.errorType ?? 'answer',
      response.status,
      envelope.error ?? response.statusText,
    );
  }
  return {data: envelope.data, warnings: envelope.warnings ?? [], infos: envelope.infos ?? []};
}

export interface Timed {
  /** From sending the request to having read the answer. */
  roundTripMs: number;
}

/** The value of `query` at a time in milliseconds. */
export async function queryInstant(
  query: string,
  timeMs: number,
  signal: AbortSignal,
): Promise<Answer<QueryData> & Timed> {
  const params = new URLSearchParams({query, time: String(timeMs / 1000), stats: 'true'});
  return timed(() => requestApi<QueryData>('query', {params, signal}));
}

/** The values of `query` from `startMs` to `endMs`, one every `stepMs`. */
export async function queryRange(
  query: string,
  {startMs, endMs, stepMs}: {startMs: number; endMs: number; stepMs: number},
  signal: AbortSignal,
): Promise<Answer<RangeQueryData> & Timed> {
  const params = new URLSearchParams({
    query,
    start: String(startMs / 1000),
    end: String(endMs / 1000),
    step: String(stepMs / 1000),
    stats: 'true',
  });
  return timed(() => requestApi<RangeQueryData>('query_range', {params, signal}));
}

/** What the parts of `query` cost from `startMs` to `endMs`, or at `endMs` where `stepMs` is 0. */
export async function explainQuery(
  query: string,
  {startMs, endMs, stepMs}: {startMs: number; endMs: number; stepMs: number},
  signal: AbortSignal,
): Promise<Answer<ExplainedData> & Timed> {
  // The result itself is not shown: one series of it is enough.
  const params = new URLSearchParams({query, explain: 'true', stats: 'true', limit: '1'});
  if (stepMs === 0) params.set('time', String(endMs / 1000));
  else {
    params.set('start', String(startMs / 1000));
    params.set('end', String(endMs / 1000));
    params.set('step', String(stepMs / 1000));
  }
  const path = stepMs === 0 ? 'query' : 'query_range';
  const answer = await timed(() => requestApi<ExplainedData>(path, {params, signal}));
  return {...answer, warnings: answer.warnings.filter((each) => each !== 'results truncated due to limit')};
}

async function timed<T>(request: () => Promise<T>): Promise<T & Timed> {
  const startMs = performance.now();
  const answer = await request();
  return {...answer, roundTripMs: performance.now() - startMs};
}

/** The expression as the server's own printer writes it. */
export async function formatQuery(query: string): Promise<string> {
  return (await requestApi<string>('format_query', {params: new URLSearchParams({query})})).data;
}

export type Readiness = 'ready' | 'starting' | 'offline';

export async function requestReadiness(signal: AbortSignal): Promise<Readiness> {
  try {
    const response = await fetch(`${basePath}/-/ready`, {signal, cache: 'no-store'});
    // A gateway in front of a server that is down answers in its place.
    if (response.status === 502 || response.status === 504) return 'offline';
    return response.ok ? 'ready' : 'starting';
  } catch {
    signal.throwIfAborted();
    return 'offline';
  }
}
