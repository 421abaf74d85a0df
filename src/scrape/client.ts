import {readFileSync} from 'node:fs';
import type {Dispatcher} from 'undici';
import {Agent, buildConnector} from 'undici';
import {Breather} from './breather.ts';
import {BodyDecoder} from './decoder.ts';
import type {ScrapeConfig} from './config.ts';

/** What a target may send at most where body_size_limit does not say otherwise, before and after decompression. */
export const bodyBytesDefaultMax = 128 * 2 ** 20;
/** Of an answer that is an error so much is read, so that its connection can be used again. */
const errorBodyBytesMax = 65_536;
const redirectsMax = 10;
/** Files with credentials are read again after this time. */
const credentialsFreshMs = 1000;
const idleConnectionMs = 300_000;

export const userAgent = 'Prometheus/3.5.0 (compatible; Narthex/0.1.0)';

const mediaTypes: Record<string, string> = {
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0;escaping=allow-utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
};
/** The weight of the first protocol in tenths: one more than there are protocols in Prometheus. */
const firstWeight = 6;

/** The Accept header that Prometheus 3 sends for these protocols. */
export function acceptHeader(protocols: readonly string[]): string {
  let weight = firstWeight;
  const parts: string[] = [];
  for (const protocol of protocols) {
    const mediaType = mediaTypes[protocol];
    if (mediaType !== undefined) parts.push(`${mediaType};q=0.${weight--}`);
  }
  parts.push(`*/*;q=0.${weight}`);
  return parts.join(',');
}

/** Takes the decompressed body. May throw: the request is then given up, and get() throws the same. */
export interface BodySink {
  /** A request is about to be made; `abort` makes get() give it up and throw `reason`. */
  open?: (abort: (reason: Error) => void) => void;
  start: (contentType: string) => void;
  data: (chunk: Uint8Array) => void;
}

/** Thrown where a body is larger than allowed. */
export class BodySizeError extends RangeError {}

/** Gets metrics over HTTP for the targets of one scrape pool. */
export class ScrapeClient {
  readonly #config: ScrapeConfig;
  readonly #agent: Agent;
  readonly #bodyBytesMax: number;
  readonly #monotonic: () => number;
  readonly #resets = new ResetWatch();
  #authorization = '';
  #authorizationReadAt = -Infinity;

  constructor(config: ScrapeConfig, monotonic: () => number = () => performance.now()) {
    this.#config = config;
    this.#monotonic = monotonic;
    this.#bodyBytesMax = config.bodySizeLimitBytes > 0 ? config.bodySizeLimitBytes : bodyBytesDefaultMax;
    this.#agent = new Agent({
      pipelining: 1,
      allowH2: false,
      // The scrape's own timeout ends everything.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleConnectionMs,
      keepAliveMaxTimeout: idleConnectionMs,
      connect: this.#resets.watch(connectorOf(config)),
    });
  }

  /** Headers of the target's requests; they are the same each time but for the credentials. */
  headersOf(timeoutMs: number): Record<string, string> {
    return {
      accept: acceptHeader(this.#config.scrapeProtocols),
      'accept-encoding': this.#config.enableCompression ? 'gzip, zstd' : 'identity',
      'user-agent': userAgent,
      'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
    };
  }

  /** Gets `url` into `sink`. Throws what went wrong, in the words of Prometheus as far as they are known. */
  async get(url: string, headers: Record<string, string>, timeoutMs: number, sink: BodySink): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let target = new URL(url);
    const {hostname} = target;
    let leftHost = false;
    for (let redirects = 0; ; redirects++) {
      // Credentials are for the target's host, not for whoever it points to, nor for the way back from there.
      leftHost ||= target.hostname !== hostname;
      const sent = leftHost ? headers : this.#withAuthorization(headers);
      const location = await this.#once(target, sent, deadline, sink);
      if (location === null) return;
      if (redirects === redirectsMax)
        throw new Error(`Get "${location}": stopped after ${redirectsMax} redirects`);
      target = new URL(location, target);
      if (target.protocol !== 'http:' && target.protocol !== 'https:') {
        throw new Error(
          `Get "${target.href}": unsupported protocol scheme "${target.protocol.slice(0, -1)}"`,
        );
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** One request; returns where it was redirected to, or null. A connection that had gone stale meanwhile is tried again. */
  async #once(
    target: URL,
    headers: Record<string, string>,
    deadline: number,
    sink: BodySink,
  ): Promise<string | null> {
    for (let attempt = 0; ; attempt++) {
      const request = new ScrapeRequest(target, sink, {
        bodyBytesMax: this.#bodyBytesMax,
        isDefaultMax: this.#config.bodySizeLimitBytes === 0,
        followRedirects: this.#config.followRedirects,
        wasReset: this.#resets.since(target.host),
      });
      sink.open?.((reason) => request.abort(reason));
      const timer = setTimeout(() => request.abort(deadlineExceeded(target)), deadline - performance.now());
      try {
        this.#agent.dispatch(
          {origin: target.origin, path: target.pathname + target.search, method: 'GET', headers},
          request,
        );
        return await request.done;
      } catch (cause) {
        if (attempt > 0 || request.answered || !isStaleConnection(cause)) throw cause;
      } finally {
        clearTimeout(timer);
      }
    }
  }

  #withAuthorization(headers: Record<string, string>): Record<string, string> {
    const {basicAuth, authorization} = this.#config;
    if (basicAuth === undefined && authorization === undefined) return headers;
    const now = this.#monotonic();
    if (now - this.#authorizationReadAt >= credentialsFreshMs) {
      this.#authorization = authorizationOf(this.#config);
      this.#authorizationReadAt = now;
    }
    return {...headers, authorization: this.#authorization};
  }
}

interface RequestLimits {
  bodyBytesMax: number;
  isDefaultMax: boolean;
  followRedirects: boolean;
  /** Whether a connection to the target was reset since the request was made. */
  wasReset: () => boolean;
}

/**
 * Sees connections that are reset. undici takes a reset for the end of a body that has no other end, so half of a body
 * would pass for the whole of it.
 */
class ResetWatch {
  readonly #counts = new Map<string, number>();

  watch(connect: buildConnector.connector): buildConnector.connector {
    return (options, callback) => {
      const {host} = options as {host?: string};
      connect(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
        // Called before undici's own listener, which is added later.
        socket?.on('error', () => {
          if (host !== undefined) this.#counts.set(host, this.#countOf(host) + 1);
        });
        if (error !== null) callback(error, null);
        else callback(null, socket);
      });
    };
  }

  since(host: string): () => boolean {
    const before = this.#countOf(host);
    return () => this.#countOf(host) !== before;
  }

  #countOf(host: string): number {
    return this.#counts.get(host) ?? 0;
  }
}

/** One request under way: passes the body on to the sink as it arrives. */
class ScrapeRequest implements Dispatcher.DispatchHandler {
  /** The location of a redirect, null at the end of a body. */
  readonly done: Promise<string | null>;
  /** Whether headers have arrived. */
  answered = false;
  readonly #url: URL;
  readonly #sink: BodySink;
  readonly #limits: RequestLimits;
  #resolve!: (location: string | null) => void;
  #reject!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #decoder: BodyDecoder | null = null;
  #failure: Error | null = null;
  #location: string | null = null;
  #bytes = 0;
  /** Whether neither a length nor chunks say where the body ends. */
  #endsWithConnection = false;

  constructor(url: URL, sink: BodySink, limits: RequestLimits) {
    this.#url = url;
    this.#sink = sink;
    this.#limits = limits;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  abort(reason: Error): void {
    this.#fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new Error('given up'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
    statusMessage?: string,
  ): void {
    if (statusCode < 200) return;
    this.answered = true;
    const location = first(headers['location']);
    if (this.#limits.followRedirects && location !== '' && isRedirect(statusCode)) {
      this.#location = location;
      return;
    }
    if (statusCode !== 200) {
      this.#failure = new Error(`server returned HTTP status ${statusCode} ${statusMessage ?? ''}`.trimEnd());
      return;
    }
    this.#endsWithConnection =
      headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
    const {bodyBytesMax} = this.#limits;
    if (Number(first(headers['content-length'])) >= bodyBytesMax) {
      this.#fail(this.#tooLarge());
      return;
    }
    this.#sink.start(first(headers['content-type']));
    this.#decoder = new BodyDecoder(first(headers['content-encoding']), {
      bytesMax: bodyBytesMax,
      tooLarge: () => this.#tooLarge(),
      data: (chunk) => this.#sink.data(chunk),
      pause: () => {
        if (!controller.aborted) controller.pause();
      },
      resume: () => {
        if (!controller.aborted && controller.paused) controller.resume();
      },
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    try {
      this.#bytes += chunk.length;
      if (this.#decoder === null) {
        if (this.#bytes > errorBodyBytesMax) this.#finish();
        return;
      }
      if (this.#bytes >= this.#limits.bodyBytesMax) throw this.#tooLarge();
      const breather = new Breather();
      this.#decoder.write(chunk);
      if (breather.tired && !this.#settled) this.#pause(controller);
    } catch (cause) {
      this.#fail(cause as Error);
    }
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    if (this.#decoder === null) {
      this.#finish();
      return;
    }
    if (this.#endsWithConnection && this.#limits.wasReset()) {
      this.#fail(new Error(`read: connection reset by peer (${this.#url.href})`));
      return;
    }
    this.#decoder.end().then(
      () => this.#finish(),
      (cause: unknown) => this.#fail(cause as Error),
    );
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#settled) this.#fail(describeFailure(error, this.#url));
  }

  /** Lets others work before the next chunk is taken. */
  #pause(controller: Dispatcher.DispatchController): void {
    controller.pause();
    setImmediate(() => {
      if (!controller.aborted && controller.paused) controller.resume();
    });
  }

  #finish(): void {
    if (this.#failure !== null) {
      this.#fail(this.#failure);
      return;
    }
    if (this.#settled) return;
    this.#settled = true;
    // Where only the start of an error's or redirect's body was read, the connection is of no use any more.
    if (this.#decoder === null && this.#bytes > errorBodyBytesMax)
      this.#controller?.abort(new Error('given up'));
    this.#resolve(this.#location);
  }

  #fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#decoder?.destroy();
    this.#reject(error);
    if (this.#controller !== null && !this.#controller.aborted) this.#controller.abort(error);
  }

  #tooLarge(): BodySizeError {
    return new BodySizeError(
      this.#limits.isDefaultMax
        ? `body size limit exceeded: ${this.#url.href} sends more than ${this.#limits.bodyBytesMax} bytes, the most without a body_size_limit`
        : 'body size limit exceeded',
    );
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}

function deadlineExceeded(url: URL): Error {
  return new Error(`Get "${url.href}": context deadline exceeded`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The server closed an idle connection just when it was to be used again. */
function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error instanceof Error ? error.cause : undefined);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** The words that Prometheus's users know from Go. */
function describeFailure(error: Error, url: URL): Error {
  const code = codeOf(error);
  const {address, port} = error as {address?: string; port?: number};
  const dial =
    address === undefined
      ? `dial tcp ${url.host}`
      : `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}`;
  const texts: Record<string, string> = {
    ECONNREFUSED: `${dial}: connect: connection refused`,
    EHOSTUNREACH: `${dial}: connect: no route to host`,
    ENETUNREACH: `${dial}: connect: network is unreachable`,
    ETIMEDOUT: `${dial}: connect: connection timed out`,
    ENOTFOUND: `dial tcp: lookup ${url.hostname}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${url.hostname}: server misbehaving`,
    ECONNRESET: 'read: connection reset by peer',
    UND_ERR_SOCKET: 'EOF',
    UND_ERR_CONNECT_TIMEOUT: `${dial}: i/o timeout`,
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unexpected EOF',
    UND_ERR_HEADERS_OVERFLOW: 'server response headers are too large',
  };
  const inner =
    error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as Error) : error;
  if (inner !== error) return describeFailure(inner, url);
  const text = texts[code];
  if (text !== undefined) return new Error(`Get "${url.href}": ${text}`, {cause: error});
  return new Error(`Get "${url.href}": ${error.message}`, {cause: error});
}

function authorizationOf(config: ScrapeConfig): string {
  const {basicAuth, authorization} = config;
  if (basicAuth !== undefined) {
    const password =
      basicAuth.passwordFile === undefined ? (basicAuth.password ?? '') : readSecret(basicAuth.passwordFile);
    const username =
      basicAuth.usernameFile === undefined ? basicAuth.username : readSecret(basicAuth.usernameFile);
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  const credentials =
    authorization!.credentialsFile === undefined
      ? (authorization!.credentials ?? '')
      : readSecret(authorization!.credentialsFile);
  return `${authorization!.type} ${credentials}`;
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Error(`unable to read authorization credentials file ${file}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

const secureVersions = {TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3'} as const;

/** Connects as tls_config says. Its files are read for every new connection, so that renewed certificates are used. */
function connectorOf(config: ScrapeConfig): buildConnector.connector {
  const plain = {timeout: config.scrapeTimeoutMs, allowH2: false};
  const {tls} = config;
  if (tls === undefined) return buildConnector(plain);
  let files = '';
  let connect = buildConnector(plain);
  return (options, callback) => {
    try {
      const ca = tls.caFile === undefined ? tls.ca : readFileSync(tls.caFile, 'utf8');
      const cert = tls.certFile === undefined ? tls.cert : readFileSync(tls.certFile, 'utf8');
      const key = tls.keyFile === undefined ? tls.key : readFileSync(tls.keyFile, 'utf8');
      const read = JSON.stringify([ca, cert, key]);
      if (read !== files) {
        connect = buildConnector({
          ...plain,
          rejectUnauthorized: !tls.insecureSkipVerify,
          ...(ca === undefined ? {} : {ca}),
          ...(cert === undefined ? {} : {cert}),
          ...(key === undefined ? {} : {key}),
          ...(tls.serverName === undefined ? {} : {servername: tls.serverName}),
          ...(tls.minVersion === undefined ? {} : {minVersion: secureVersions[tls.minVersion]}),
          ...(tls.maxVersion === undefined ? {} : {maxVersion: secureVersions[tls.maxVersion]}),
        });
        files = read;
      }
    } catch (cause) {
      callback(cause as Error, null);
      return;
    }
    connect(options, callback);
  };
}
