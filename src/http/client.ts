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

/** Gets whole texts. What goes wrong is thrown, in words that Prometheus's users know. */
export interface HttpFetcher {
  get(url: string, options: HttpGetOptions): Promise<HttpAnswer>;
  close(): Promise<void>;
}

const redirectsMax = 10;
const connectMsMax = 30_000;
const bodyBytesMax = 256 << 20;
const unzip = promisify(gunzip);

/** Talks to a server as the configuration says: credentials, TLS, redirects. */
export class HttpClient implements HttpFetcher {
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

  async get(
    url: string,
    {headers = {}, secretHeaders = {}, timeoutMs, signal}: HttpGetOptions,
  ): Promise<HttpAnswer> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, deadline]);
    const plain = {'user-agent': userAgent, 'accept-encoding': 'gzip', ...headers};
    let target = new URL(url);
    const {host} = target;
    const secret = {...authorizationIn(target), ...secretHeaders};
    let leftHost = false;
    try {
      for (let redirects = 0; ; redirects++) {
        // Credentials are for the host that was configured, not for whoever it points to.
        leftHost ||= target.host !== host;
        const answer = await this.#once(
          target,
          leftHost ? plain : this.#credentials.addTo({...plain, ...secret}),
          either,
        );
        const location = answer.header('location');
        if (!this.#config.followRedirects || location === '' || !isRedirect(answer.status)) return answer;
        if (redirects === redirectsMax)
          throw new Error(`Get "${location}": stopped after ${redirectsMax} redirects`);
        target = new URL(location, target);
      }
    } catch (cause) {
      if (signal.aborted) throw new Error(`Get "${redacted(target).href}": context canceled`, {cause});
      if (deadline.aborted)
        throw new Error(`Get "${redacted(target).href}": context deadline exceeded`, {cause});
      throw cause;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #once(target: URL, headers: Record<string, string>, signal: AbortSignal): Promise<HttpAnswer> {
    const {origin, pathname, search} = target;
    let received;
    let body: Uint8Array;
    try {
      received = await this.#agent.request({origin, path: pathname + search, method: 'GET', headers, signal});
      body = await readBody(received.body);
      if (first(received.headers['content-encoding']) === 'gzip')
        body = await unzip(body, {maxOutputLength: bodyBytesMax});
    } catch (cause) {
      throw describeFailure(cause as Error, redacted(target));
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

async function readBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new RangeError(`the body has more than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
