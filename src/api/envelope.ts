// The JSON that every answer of the API is wrapped in, as Prometheus writes it.

import type {HttpReply} from '../http/reply.ts';

export type ErrorType =
  | 'bad_data'
  | 'canceled'
  | 'execution'
  | 'internal'
  | 'not_acceptable'
  | 'not_found'
  | 'timeout'
  | 'unavailable';

/** `unavailable` has no status of its own in Prometheus. */
const statuses: Readonly<Record<ErrorType, number>> = {
  bad_data: 400,
  canceled: 499,
  execution: 422,
  internal: 500,
  not_acceptable: 406,
  not_found: 404,
  timeout: 503,
  unavailable: 500,
};

/** An error that a client is told, in the envelope. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly type: ErrorType;

  constructor(type: ErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

/** A 400 about one parameter. */
export function invalidParameter(name: string, message: string): ApiError {
  return new ApiError('bad_data', `invalid parameter "${name}": ${message}`);
}

export function success(data: unknown, warnings: readonly string[] = []): HttpReply {
  const after = warnings.length === 0 ? '' : `,"warnings":${stringifyGo(warnings)}`;
  return jsonReply(200, `{"status":"success","data":${stringifyGo(data)}${after}}`);
}

export function failure(type: ErrorType, message: string, status = statuses[type]): HttpReply {
  return jsonReply(status, failureText(type, message));
}

/** The finished text of an answer that is an error; for query threads and what stands in for them. */
export function failureText(type: ErrorType, message: string): string {
  return `{"status":"error","errorType":"${type}","error":${stringifyGo(message)}}`;
}

export function statusOf(type: ErrorType): number {
  return statuses[type];
}

export function jsonReply(status: number, body: string | Uint8Array): HttpReply {
  return {status, contentType: 'application/json', body};
}

/** JSON as Go's encoder writes it, which escapes what could end a script element. */
export function stringifyGo(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same with its keys sorted, as Go writes maps. */
export function sortKeys<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  // A prototype would swallow a key like __proto__.
  const sorted = Object.create(null) as Record<string, T>;
  for (const key of Object.keys(record).sort()) sorted[key] = record[key]!;
  return sorted;
}

/** A time as Go writes it: RFC 3339, no zeros behind the last digit of its fraction; 0 is Go's zero time. */
export function formatGoTime(ms: number): string {
  if (ms === 0) return '0001-01-01T00:00:00Z';
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
}
