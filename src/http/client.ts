import {STATUS_CODES} from 'node:http';
import {promisify} from 'node:util';
import {gunzip} from 'node:zlib';
import {Agent} from 'undici';
import type {HttpClientConfig} from './client-config.ts';
import {connectorOf, Credentials, describeFailure, isRedirect, userAgent} from './client-connect.ts';

export interface HttpAnswer {
  status: number;
  statusText: string;
  /** A header by its name in small letters; '' where there is none. */
  header(name: string): string;
  text: string;
}

export interface HttpGetOptions {
  headers?: Record<string, string>;
  /** Only for the host of the URL, not for another one that it points to. */
  secretHeaders?: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

export interface HttpRequestOptions extends Omit<HttpGetOptions, 'timeoutMs'> {
  /** Without it only the signal ends the request. */
  timeoutMs?: number;
  /** GET by default. */
  method?: 'GET' | 'POST' | 'PUT';
  body?: string | Uint8Array;
  /** Bytes of the answer's body to keep; the rest is read and forgotten. Without it a long body is an error. */
  bodyBytesKept?: number;
}

/** Gets whole texts. What goes wrong is thrown, in words that Prometheus's users know. */
export interface HttpFetcher {
  get(url: string, options: HttpGetOptions): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** Sends bodies, too. */
export interface HttpSender extends HttpFetcher {
  request(url: string, options: HttpRequestOptions): Promise<HttpAnswer>;
}

/** What is asked for now: a redirection may change it. */
interface Asked {
  method: 'GET' | 'POST' | 'PUT';
  body: string | Uint8Array | null;
}

const redirectsMax = 10;
const connectMsMax = 30_000;
const bodyBytesMax = 256 << 20;
const unzip = promisify(gunzip);

/** Talks to a server as the configuration says: credentials, TLS, redirects. */
export class HttpClient implements HttpSender {
  readonly #config: HttpClientConfig;
  readonly #credentials: Credentials;
  readonly #agent: Agent;

  constructor(config: HttpClientConfig, monotonic: () => number) {
    this.#config = config;
    this.#credentials = new Credentials(config, monotonic);
    this.#agent = new Agent({
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: connectorOf(config, connectMsMax),
    });
  }

  get(url: string, options: HttpGetOptions): Promise<HttpAnswer> {
    return this.request(url, options);
  }

  async request(url: string, options: HttpRequestOptions): Promise<HttpAnswer> {
    const {headers = {}, secretHeaders = {}, timeoutMs, signal, bodyBytesKept} = options;
    let asked: Asked = {method: options.method ?? 'GET', body: options.body ?? null};
    const deadline = timeoutMs === undefined ? signal : AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, deadline]);
    const plain: Record<string, string> = {'user-agent': userAgent, 'accept-encoding': 'gzip', ...headers};
    let target = new URL(url);
    const {host} = target;
    const secret = {...authorizationIn(target), ...secretHeaders};
    let leftHost = false;
    try {
      for (let redirects = 0; ; redirects++) {
        // Credentials are for the host that was configured, not for whoever it points to.
        leftHost ||= target.host !== host;
        const sent = leftHost ? plain : this.#credentials.addTo({...plain, ...secret});
        const answer = await this.#once(target, asked, sent, either, bodyBytesKept);
        const location = answer.header('location');
        if (!this.#config.followRedirects || location === '' || !isRedirect(answer.status)) return answer;
        // Only 307 and 308 want the same again.
        if (answer.status < 307 && asked.method !== 'GET') {
          asked = {method: 'GET', body: null};
          delete plain['content-type'];
        }
        if (redirects === redirectsMax)
          throw new Error(`${titleOf(asked.method)} "${location}": stopped after ${redirectsMax} redirects`);
        target = new URL(location, target);
      }
    } catch (cause) {
      const what = `${titleOf(asked.method)} "${redacted(target).href}"`;
      if (signal.aborted) throw new Error(`${what}: ${wordsOfAbort(signal)}`, {cause});
      if (deadline.aborted) throw new Error(`${what}: context deadline exceeded`, {cause});
      throw cause;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #once(
    target: URL,
    {method, body: sent}: Asked,
    headers: Record<string, string>,
    signal: AbortSignal,
    bodyBytesKept: number | undefined,
  ): Promise<HttpAnswer> {
    const {origin, pathname, search} = target;
    let received;
    let body: Uint8Array;
    try {
      const path = pathname + search;
      received = await this.#agent.request({origin, path, method, headers, signal, body: sent});
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
}

/** Go's name of a method in messages. */
function titleOf(method: string): string {
  return method[0]! + method.slice(1).toLowerCase();
}

/** A signal that a timer aborted has run out of time, like a context with a deadline. */
function wordsOfAbort(signal: AbortSignal): string {
  const {reason} = signal as {reason: unknown};
  const timedOut = reason instanceof DOMException && reason.name === 'TimeoutError';
  return timedOut ? 'context deadline exceeded' : 'context canceled';
}

/** A name and a password in the URL itself are meant as basic authentication. */
function authorizationIn({username, password}: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {authorization: `Basic ${Buffer.from(pair).toString('base64')}`};
}

/** For messages: as Go shows a URL with a password. */
function redacted(url: URL): URL {
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
