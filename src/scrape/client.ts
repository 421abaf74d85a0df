import type {buildConnector} from 'undici';
import {Credentials, type Headers, leavesHost} from '../http/credentials.ts';
import {describeFailure, isStaleConnection} from '../http/failures.ts';
import {type AnswerController, type AnswerHandler, Http1Client} from '../http/http1.ts';
import {isRedirect} from '../http/redirects.ts';
import {type Route, Transport} from '../http/transport.ts';
import {userAgent} from '../http/user-agent.ts';
import {timerMsMax} from '../sys/clock.ts';
import {Breather} from './breather.ts';
import {Deadlines} from './deadlines.ts';
import {BodyDecoder, type DecoderOwner} from './decoder.ts';
import type {EscapingScheme} from './global-config.ts';
import type {Gunzip} from './gunzip.ts';
import type {ScrapeConfig} from './config.ts';

/** What a target may send at most where body_size_limit does not say otherwise, before and after decompression. */
export const bodyBytesDefaultMax = 128 * 2 ** 20;
/** Of an answer that is an error so much is read, so that its connection can be used again. */
const errorBodyBytesMax = 65_536;
const redirectsMax = 10;
const idleConnectionMs = 300_000;
/** Relabeling can give each target a timeout of its own. */
const timeoutsMax = 100;

const mediaTypes: Record<string, string> = {
  PrometheusProto:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
};
/** Those that may escape names. */
const escapingProtocols: readonly string[] = ['PrometheusText1.0.0', 'OpenMetricsText1.0.0'];
/** The weight of the first protocol in tenths: one more than there are protocols. */
const firstWeight = 6;

/** The Accept header that Prometheus 3 sends for these protocols. */
export function acceptHeader(protocols: readonly string[], escaping: EscapingScheme = 'allow-utf-8'): string {
  let weight = firstWeight;
  const parts: string[] = [];
  for (const protocol of protocols) {
    const mediaType = mediaTypes[protocol];
    if (mediaType === undefined) continue;
    const parameter = escapingProtocols.includes(protocol) ? `;escaping=${escaping}` : '';
    parts.push(`${mediaType}${parameter};q=0.${weight--}`);
  }
  parts.push(`*/*;q=0.${weight}`);
  return parts.join(',');
}

/** Takes the decompressed body. May throw: the request is then given up, and get() throws the same. */
export interface BodySink {
  /** A request is about to be made; its abort() makes get() give it up and throw `reason`. */
  open?: (request: {abort(reason: Error): void}) => void;
  start: (contentType: string) => void;
  data: (chunk: Uint8Array) => void;
}

/** Where a target is, taken apart once: that would cost more than the rest of a request. */
export interface ScrapeAddress {
  url: URL;
  hostname: string;
  origin: string;
  path: string;
  /** Whether it is asked directly and without TLS. */
  isPlain: boolean;
}

/** Thrown where a body is larger than allowed. */
export class BodySizeError extends RangeError {}

/** Gets metrics over HTTP for the targets of one scrape pool. */
export class ScrapeClient {
  readonly #config: ScrapeConfig;
  readonly #transport: Transport;
  readonly #limits: RequestLimits;
  readonly #deadlines = new Deadlines();
  readonly #credentials: Credentials;
  readonly #resets = new ResetWatch();
  readonly #headersByTimeout = new Map<number, Record<string, string>>();
  /** For targets that are asked directly and without TLS: most are. */
  readonly #plain = new Http1Client(idleConnectionMs);

  constructor(config: ScrapeConfig, monotonic: () => number, gunzip: Gunzip) {
    this.#config = config;
    this.#credentials = new Credentials(config, monotonic);
    const isDefaultMax = config.bodySizeLimitBytes <= 0;
    this.#limits = {
      bodyBytesMax: isDefaultMax ? bodyBytesDefaultMax : config.bodySizeLimitBytes,
      isDefaultMax,
      followRedirects: config.followRedirects,
      gunzip,
    };
    this.#transport = new Transport(config, {
      monotonic,
      connectTimeoutMs: config.scrapeTimeoutMs,
      agent: {
        pipelining: 1,
        // The scrape's own timeout ends everything.
        headersTimeout: 0,
        bodyTimeout: 0,
        keepAliveTimeout: idleConnectionMs,
        keepAliveMaxTimeout: idleConnectionMs,
      },
      watch: (connector) => this.#resets.watch(connector),
    });
  }

  /** Headers of the target's requests; they are the same each time but for the credentials. */
  headersOf(timeoutMs: number): Record<string, string> {
    let headers = this.#headersByTimeout.get(timeoutMs);
    if (headers !== undefined) return headers;
    headers = {
      accept: acceptHeader(this.#config.scrapeProtocols, this.#config.metricNameEscapingScheme),
      'accept-encoding': this.#config.enableCompression ? 'gzip, zstd' : 'identity',
      'user-agent': userAgent,
      'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
    };
    if (this.#headersByTimeout.size < timeoutsMax) this.#headersByTimeout.set(timeoutMs, headers);
    return headers;
  }

  addressOf(url: URL): ScrapeAddress {
    const {hostname, origin, pathname, search} = url;
    return {url, hostname, origin, path: pathname + search, isPlain: this.#transport.isPlain(url)};
  }

  /** Gets a body into `sink`. Throws what went wrong, in the words of Prometheus as far as they are known. */
  async get(
    address: ScrapeAddress,
    headers: Record<string, string>,
    timeoutMs: number,
    sink: BodySink,
  ): Promise<void> {
    const started = performance.now();
    const deadlineMs = started + timeoutMs;
    const prepared = this.#credentials.prepare();
    if (prepared !== null) await this.#prepare(prepared, address.url.href, timeoutMs);
    const sent = this.#headers(address.url, headers, false);
    let location: string | null;
    if (prepared !== null || !address.isPlain)
      location = await this.#once(address, sent, {deadlineMs, attempt: 1}, sink);
    else {
      // The same for most requests, which have nothing to wait for before.
      const request = this.#request(address, null, sink);
      const deadline = this.#deadlines.add(request, timeoutMs, started);
      try {
        this.#plain.dispatch(address, sent, request);
        location = await request.done;
      } catch (cause) {
        if (request.answered || !isStaleConnection(cause)) throw cause;
        location = await this.#once(address, sent, {deadlineMs, attempt: 2}, sink);
      } finally {
        this.#deadlines.remove(deadline);
      }
    }
    if (location !== null) await this.#follow(address, headers, {location, deadlineMs}, sink);
  }

  /** Goes where the answer has pointed to. */
  async #follow(
    address: ScrapeAddress,
    headers: Record<string, string>,
    {location: first, deadlineMs}: {location: string; deadlineMs: number},
    sink: BodySink,
  ): Promise<void> {
    let location: string | null = first;
    let target = address;
    let leftHost = false;
    for (let redirects = 0; location !== null; redirects++) {
      if (redirects === redirectsMax)
        throw new Error(`Get "${location}": stopped after ${redirectsMax} redirects`);
      const next: URL = new URL(location, target.url);
      if (next.protocol !== 'http:' && next.protocol !== 'https:')
        throw new Error(`Get "${next.href}": unsupported protocol scheme "${next.protocol.slice(0, -1)}"`);
      target = this.addressOf(next);
      // Credentials are for the target's host, not for whoever it points to, nor for the way back from there.
      leftHost ||= leavesHost(target.hostname, address.hostname);
      const sent = this.#headers(target.url, headers, leftHost);
      location = await this.#once(target, sent, {deadlineMs, attempt: 1}, sink);
    }
  }

  async close(): Promise<void> {
    this.#plain.close();
    this.#deadlines.close();
    await Promise.all([this.#transport.close(), this.#credentials.close()]);
  }

  #headers(target: URL, headers: Record<string, string>, leftHost: boolean): Headers {
    try {
      return leftHost ? this.#credentials.addPublicTo(headers) : this.#credentials.addTo(headers);
    } catch (cause) {
      throw new Error(`Get "${target.href}": ${(cause as Error).message}`, {cause});
    }
  }

  /** Waits for a token, which is fetched for other targets, too, but not longer than the scrape may take. */
  async #prepare(prepared: Promise<void>, url: string, timeoutMs: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error('context deadline exceeded')),
      Math.min(timeoutMs, timerMsMax),
    );
    try {
      await Promise.race([prepared, late.promise]);
    } catch (cause) {
      throw new Error(`Get "${url}": ${(cause as Error).message}`, {cause});
    } finally {
      clearTimeout(timer);
    }
  }

  async #route(target: URL): Promise<Route> {
    try {
      return await this.#transport.route(target);
    } catch (cause) {
      throw new Error(`Get "${target.href}": ${(cause as Error).message}`, {cause});
    }
  }

  /**
   * One request; returns where it was redirected to, or null. A connection that had gone stale meanwhile is tried again, unless this is
   * the second attempt.
   */
  async #once(
    address: ScrapeAddress,
    headers: Headers,
    {deadlineMs, attempt: first}: {deadlineMs: number; attempt: number},
    sink: BodySink,
  ): Promise<string | null> {
    for (let attempt = first; ; attempt++) {
      const route = address.isPlain ? null : await this.#route(address.url);
      const request = this.#request(address, route, sink);
      const leftMs = deadlineMs - performance.now();
      const timer = setTimeout(() => request.expire(), Math.min(leftMs, timerMsMax));
      try {
        if (route === null) this.#plain.dispatch(address, headers, request, attempt > 1);
        else dispatch(route, headers, request);
        return await request.done;
      } catch (cause) {
        if (attempt > 1 || request.answered || !isStaleConnection(cause)) throw cause;
      } finally {
        clearTimeout(timer);
      }
    }
  }

  #request({url}: ScrapeAddress, route: Route | null, sink: BodySink): ScrapeRequest {
    const wasReset = route === null ? null : this.#resets.since(route.host);
    const request = new ScrapeRequest(url, sink, this.#limits, wasReset);
    sink.open?.(request);
    return request;
  }
}

function dispatch(
  {dispatcher, origin, path, headers: own}: Route,
  headers: Headers,
  request: ScrapeRequest,
): void {
  dispatcher.dispatch(
    {origin, path, method: 'GET', headers: own === null ? headers : {...headers, ...own}},
    request,
  );
}

/** What all requests of a pool have in common. */
interface RequestLimits {
  bodyBytesMax: number;
  isDefaultMax: boolean;
  followRedirects: boolean;
  gunzip: Gunzip;
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
class ScrapeRequest implements AnswerHandler, DecoderOwner {
  /** The location of a redirect, null at the end of a body. */
  readonly done: Promise<string | null>;
  /** Whether headers have arrived. */
  answered = false;
  readonly #url: URL;
  readonly #sink: BodySink;
  readonly #limits: RequestLimits;
  /** Whether a connection to the target was reset since the request was made; null where a reset is always an error. */
  readonly #wasReset: (() => boolean) | null;
  #resolve!: (location: string | null) => void;
  #reject!: (error: Error) => void;
  #controller: AnswerController | null = null;
  #settled = false;
  #decoder: BodyDecoder | null = null;
  #failure: Error | null = null;
  #location: string | null = null;
  #bytes = 0;
  /** As the answer says; NaN = it does not. */
  #bodyBytes = NaN;
  /** Whether neither a length nor chunks say where the body ends. */
  #endsWithConnection = false;

  constructor(url: URL, sink: BodySink, limits: RequestLimits, wasReset: (() => boolean) | null) {
    this.#url = url;
    this.#sink = sink;
    this.#limits = limits;
    this.#wasReset = wasReset;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  abort(reason: Error): void {
    this.#fail(reason);
  }

  /** It takes too long. */
  expire(): void {
    this.abort(new Error(`Get "${this.#url.href}": context deadline exceeded`));
  }

  onRequestStart(controller: AnswerController): void {
    this.#controller = controller;
    if (this.#settled) controller.abort(new Error('given up'));
  }

  onResponseStart(
    _controller: AnswerController,
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
    this.#bodyBytes = Number(first(headers['content-length']) || NaN);
    if (this.#bodyBytes >= bodyBytesMax) {
      this.#fail(this.tooLarge());
      return;
    }
    this.#sink.start(first(headers['content-type']));
    this.#decoder = new BodyDecoder(first(headers['content-encoding']), this);
  }

  onResponseData(controller: AnswerController, chunk: Buffer): void {
    if (this.#settled) return;
    try {
      this.#bytes += chunk.length;
      if (this.#decoder === null) {
        if (this.#bytes > errorBodyBytesMax) this.#finish();
        return;
      }
      if (this.#bytes >= this.#limits.bodyBytesMax) throw this.tooLarge();
      const breather = new Breather();
      this.#decoder.write(chunk, chunk.length === this.#bodyBytes);
      if (breather.tired && !this.#settled) this.#pause(controller);
    } catch (cause) {
      this.#fail(cause as Error);
    }
  }

  onResponseEnd(): void {
    // The connection is another request's from now on.
    this.#controller = null;
    if (this.#settled) return;
    if (this.#decoder === null) {
      this.#finish();
      return;
    }
    if (this.#endsWithConnection && this.#wasReset?.() === true) {
      this.#fail(new Error(`read: connection reset by peer (${this.#url.href})`));
      return;
    }
    try {
      const passing = this.#decoder.end();
      if (passing === null) this.#finish();
      else
        passing.then(
          () => this.#finish(),
          (cause: unknown) => this.#fail(cause as Error),
        );
    } catch (cause) {
      this.#fail(cause as Error);
    }
  }

  onResponseError(_controller: AnswerController, error: Error): void {
    if (!this.#settled) this.#fail(describeFailure(error, this.#url));
  }

  get bytesMax(): number {
    return this.#limits.bodyBytesMax;
  }

  get gunzip(): Gunzip {
    return this.#limits.gunzip;
  }

  data(chunk: Uint8Array): void {
    this.#sink.data(chunk);
  }

  pause(): void {
    const controller = this.#controller;
    if (controller !== null && !controller.aborted) controller.pause();
  }

  resume(): void {
    const controller = this.#controller;
    if (controller !== null && !controller.aborted && controller.paused) controller.resume();
  }

  tooLarge(): BodySizeError {
    return new BodySizeError(
      this.#limits.isDefaultMax
        ? `body size limit exceeded: ${this.#url.href} sends more than ${this.#limits.bodyBytesMax} bytes, the most without a body_size_limit`
        : 'body size limit exceeded',
    );
  }

  /** Lets others work before the next chunk is taken. */
  #pause(controller: AnswerController): void {
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
}

function first(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
