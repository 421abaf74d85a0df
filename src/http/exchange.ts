// One request and its whole answer.

import {STATUS_CODES} from 'node:http';
import {promisify} from 'node:util';
import {gunzip} from 'node:zlib';
import type {Headers} from './credentials.ts';
import {describeFailure} from './failures.ts';
import type {Transport} from './transport.ts';

export interface HttpAnswer {
  status: number;
  statusText: string;
  /** A header by its name in small letters; '' where there is none. */
  header(name: string): string;
  text: string;
}

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface ExchangeRequest {
  target: URL;
  method: HttpMethod;
  headers: Headers;
  body: string | Uint8Array | null;
  signal: AbortSignal;
  /** Bytes of the answer's body to keep; the rest is read and forgotten. undefined = a long body is an error. */
  bodyBytesKept: number | undefined;
}

const bodyBytesMax = 256 << 20;
const unzip = promisify(gunzip);

/** Sends a request and reads the answer. What goes wrong is thrown, in words that Prometheus's users know. */
export async function exchange(transport: Transport, request: ExchangeRequest): Promise<HttpAnswer> {
  const {target, method, headers, signal, body: sent, bodyBytesKept} = request;
  let received;
  let body: Uint8Array;
  try {
    const {dispatcher, origin, path, headers: more} = await transport.route(target);
    received = await dispatcher.request({
      origin,
      path,
      method,
      headers: more === null ? headers : {...headers, ...more},
      signal,
      body: sent,
    });
    body = await readBody(received.body, bodyBytesKept);
    if (first(received.headers['content-encoding']) === 'gzip')
      body = await unzip(body, {maxOutputLength: bodyBytesMax});
  } catch (cause) {
    throw describeFailure(cause as Error, redacted(target), titleOf(method));
  }
  const {statusCode, headers: got, statusText} = received;
  return {
    status: statusCode,
    statusText: statusText || (STATUS_CODES[statusCode] ?? ''),
    header: (name) => first(got[name]),
    text: new TextDecoder().decode(body),
  };
}

/** Go's name of a method in messages. */
export function titleOf(method: string): string {
  return method[0]! + method.slice(1).toLowerCase();
}

/** For messages: as Go shows a URL with a password. */
export function redacted(url: URL): URL {
  if (url.password === '') return url;
  const copy = new URL(url);
  copy.password = 'xxxxx';
  return copy;
}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  bodyBytesKept: number | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bodyBytesKept !== undefined && bytes > bodyBytesKept) {
      const over = Math.min(bytes - bodyBytesKept, chunk.length);
      if (over < chunk.length) chunks.push(chunk.subarray(0, chunk.length - over));
      continue;
    }
    if (bytes > bodyBytesMax) throw new RangeError(`the body has more than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
