// Answers of API v2. Errors come in two forms: what a handler finds wrong is a text in JSON; what does not fit the OpenAPI
// document is an object with a code.
import type {HttpReply} from '../../http/reply.ts';

const headers = {'Cache-Control': 'no-store', Vary: 'Origin'};

/** Thrown by what reads requests. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly status: number;
  /** Null: the message alone is the body. */
  readonly code: number | null;

  constructor(status: number, message: string, code: number | null = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A field that must be there. */
export function missing(name: string): ApiProblem {
  return new ApiProblem(422, `${name} in body is required`, 602);
}

export function problemReply({status, code, message}: ApiProblem): HttpReply {
  return jsonReply(code === null ? message : {code, message}, status);
}

export function jsonReply(value: unknown, status = 200): HttpReply {
  return jsonTextReply(`${JSON.stringify(value)}\n`, status);
}

export function jsonTextReply(body: string | Uint8Array, status = 200): HttpReply {
  return {status, contentType: 'application/json', body, headers: {...headers}};
}

export function noContent(status: number): HttpReply {
  return {status, contentType: '', body: '', headers: {...headers}};
}
