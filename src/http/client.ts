import {timerMsMax} from '../sys/clock.ts';
import type {HttpClientConfig} from './client-config.ts';
import {Credentials, type Headers, leavesHost} from './credentials.ts';
import {exchange, type HttpAnswer, type HttpMethod, redacted, titleOf} from './exchange.ts';
import {isRedirect} from './redirects.ts';
import {Transport} from './transport.ts';
import {userAgent} from './user-agent.ts';

export type {HttpAnswer} from './exchange.ts';

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
  method?: HttpMethod;
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
  method: HttpMethod;
  body: string | Uint8Array | null;
}

const redirectsMax = 10;
const connectMsMax = 30_000;

/** Talks to a server as the configuration says: credentials, TLS, redirects. */
export class HttpClient implements HttpSender {
  readonly #config: HttpClientConfig;
  readonly #credentials: Credentials;
  readonly #transport: Transport;

  constructor(config: HttpClientConfig, monotonic: () => number) {
    this.#config = config;
    this.#credentials = new Credentials(config, monotonic);
    this.#transport = new Transport(config, {
      monotonic,
      connectTimeoutMs: connectMsMax,
      agent: {headersTimeout: 0, bodyTimeout: 0},
    });
  }

  get(url: string, options: HttpGetOptions): Promise<HttpAnswer> {
    return this.request(url, options);
  }

  async request(url: string, options: HttpRequestOptions): Promise<HttpAnswer> {
    const {headers = {}, secretHeaders = {}, timeoutMs, signal, bodyBytesKept} = options;
    let asked: Asked = {method: options.method ?? 'GET', body: options.body ?? null};
    const deadline = timeoutMs === undefined ? signal : AbortSignal.timeout(Math.min(timeoutMs, timerMsMax));
    const either = AbortSignal.any([signal, deadline]);
    // Half of a packed body cannot be unpacked.
    const encoding = bodyBytesKept === undefined ? 'gzip' : 'identity';
    const plain: Headers = {'user-agent': userAgent, 'accept-encoding': encoding, ...headers};
    let target = new URL(url);
    const {hostname} = target;
    const secret = {...authorizationIn(target), ...secretHeaders};
    let leftHost = false;
    try {
      for (let redirects = 0; ; redirects++) {
        // Credentials are for the host that was configured, not for whoever it points to.
        leftHost ||= leavesHost(target.hostname, hostname);
        const sent = await this.#headers(
          {target, method: asked.method},
          plain,
          leftHost ? null : secret,
          either,
        );
        const answer = await exchange(this.#transport, {
          ...asked,
          target,
          headers: sent,
          signal: either,
          bodyBytesKept,
        });
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
    await Promise.all([this.#transport.close(), this.#credentials.close()]);
  }

  /** `secret` is null where the request has left the host that it was for. */
  async #headers(
    {target, method}: {target: URL; method: HttpMethod},
    plain: Headers,
    secret: Record<string, string> | null,
    signal: AbortSignal,
  ): Promise<Headers> {
    if (secret === null) return this.#credentials.addPublicTo(plain);
    try {
      const prepared = this.#credentials.prepare();
      if (prepared !== null) await unlessAborted(prepared, signal);
      return this.#credentials.addTo({...plain, ...secret});
    } catch (cause) {
      throw new Error(`${titleOf(method)} "${redacted(target).href}": ${(cause as Error).message}`, {cause});
    }
  }
}

/** Waits for something that others may wait for, too, and that therefore goes on when this request is given up. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', give, {once: true});
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
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
