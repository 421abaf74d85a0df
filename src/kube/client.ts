import {createGunzip} from 'node:zlib';
import type {Dispatcher} from 'undici';
import type {HttpClientConfig} from '../http/client-config.ts';
import {Credentials} from '../http/credentials.ts';
import {describeFailure} from '../http/failures.ts';
import {Transport} from '../http/transport.ts';
import {userAgent} from '../http/user-agent.ts';
import {ExecCredentials, type ExecPlugin} from './exec.ts';
import {KubeStatusError, statusErrorOf} from './status.ts';

/** How to reach an API server. Plain data. */
export interface KubeConnection {
  /** The URL, perhaps with a path before those of the API, or `host:port`. */
  server: string;
  http: HttpClientConfig;
  /** A program that gives tokens. */
  exec?: ExecPlugin;
}

export interface KubeRequest {
  path: string;
  parameters?: Record<string, string>;
  /** Bytes must come at least so often. */
  silenceMsMax: number;
  signal: AbortSignal;
  /** The server has accepted the request. */
  onOpen?: () => void;
}

const connectMsMax = 30_000;
const refusalBytesMax = 1 << 20;

/** Talks to one API server. Connections are kept and shared: each watch has one of its own while it lasts. */
export class KubeClient {
  readonly #server: URL;
  readonly #credentials: Credentials;
  readonly #transport: Transport;
  readonly #exec: ExecCredentials | null;

  constructor({server, http, exec}: KubeConnection, monotonic: () => number) {
    this.#exec = exec === undefined ? null : new ExecCredentials(exec);
    this.#server = serverUrlOf(server);
    this.#credentials = new Credentials(http, monotonic);
    // A watch lasts: with a connection of its own it waits for no other, and none waits for it.
    const config = {...http, enableHttp2: false};
    const agent = {headersTimeout: 0, bodyTimeout: 0};
    this.#transport = new Transport(config, {monotonic, connectTimeoutMs: connectMsMax, agent});
  }

  /** Gets a body in pieces. Throws KubeStatusError where the server refuses; any other Error says what went wrong. */
  async get(request: KubeRequest, onChunk: (bytes: Uint8Array) => void): Promise<void> {
    const url = this.#urlOf(request);
    const silence = new Silence(request.silenceMsMax, request.signal);
    try {
      await this.#credentials.prepare();
      const {dispatcher, origin, path, headers: more} = await this.#transport.route(url);
      const headers = this.#credentials.addTo({
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': userAgent,
        ...more,
        ...(this.#exec !== null && {authorization: await this.#exec.authorization()}),
      });
      const {signal} = silence;
      const response = await dispatcher.request({origin, path, method: 'GET', headers, signal});
      silence.heard();
      const body = bodyOf(response);
      if (response.statusCode !== 200) await refuse(response, body, silence);
      request.onOpen?.();
      for await (const chunk of body) {
        silence.heard();
        onChunk(chunk as Uint8Array);
      }
    } catch (cause) {
      if (cause instanceof KubeStatusError && cause.code === 401) this.#exec?.forget();
      if (silence.isOver && !request.signal.aborted)
        throw new Error(`Get "${url.href}": nothing came for ${request.silenceMsMax / 1000} s`, {cause});
      throw isNetworkError(cause) ? describeFailure(cause, url) : cause;
    } finally {
      silence.end();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#transport.close(), this.#credentials.close()]);
  }

  #urlOf({path, parameters = {}}: KubeRequest): URL {
    const url = new URL(this.#server);
    url.pathname = this.#server.pathname.replace(/\/+$/, '') + path;
    url.search = new URLSearchParams(parameters).toString();
    return url;
  }
}

function serverUrlOf(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : null;
  return url === null || url.host === '' ? new URL(`http://${server}`) : url;
}

async function refuse(
  {statusCode, headers}: Dispatcher.ResponseData,
  body: AsyncIterable<unknown>,
  silence: Silence,
): Promise<never> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    silence.heard();
    pieces.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).length;
    if (bytes > refusalBytesMax) break;
  }
  const retryAfter = headers['retry-after'];
  throw statusErrorOf(statusCode, Buffer.concat(pieces).toString(), String(retryAfter ?? ''));
}

function bodyOf({body, headers}: Dispatcher.ResponseData): AsyncIterable<unknown> {
  if (headers['content-encoding'] !== 'gzip') return body;
  const unzip = createGunzip();
  body.on('error', (error) => unzip.destroy(error));
  return body.pipe(unzip);
}

function isNetworkError(cause: unknown): cause is Error {
  return (
    cause instanceof AggregateError ||
    (cause instanceof Error && 'code' in cause && typeof cause.code === 'string')
  );
}

/** A connection whose other side is gone says nothing, for ever. */
class Silence {
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#abort.abort();
  isOver = false;

  constructor(msMax: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#abort.abort();
    }, msMax);
    this.#timer.unref();
    if (outer.aborted) this.#onAbort();
    else outer.addEventListener('abort', this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  heard(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onAbort);
  }
}
