// An HTTP server on fastify, which is loaded with the first request that needs it (src/http/plain-connection.ts reads the
// others): a table of routes, answers as data, limits for everything that a client sends, errors that end a request and never
// the process, and an orderly end.

import http, {type IncomingMessage, type ServerResponse} from 'node:http';
import type {ServerHttp2Session} from 'node:http2';
import type {Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HTTPMethods,
  InjectOptions,
  LightMyRequestResponse,
} from 'fastify';
import {describeError, type Logger} from '../sys/log.ts';
import {formOf, type HttpCall, type HttpHandler} from './call.ts';
import {BodyLimit} from './body-limit.ts';
import {ConnectionLimit} from './connection-limit.ts';
import {Form} from './form.ts';
import {Departures} from './departures.ts';
import {compressed, encodingOf, pack, type Packed} from './packing.ts';
import {
  expiryMs,
  linesOf,
  PlainConnection,
  type PlainAnswer,
  type PlainRoute,
  type PlainWorld,
} from './plain-connection.ts';
import {limitSending, linger, sendTimeoutMs} from './patience.ts';
import type {PlainRequest} from './plain-request.ts';
import {faultOf} from './request-faults.ts';
import {redirect, textError, type HttpReply} from './reply.ts';
import {HandlerStatistics} from './request-statistics.ts';
import {cleanPath, refuseMethod, RouteTable, type HttpMethod, type Route} from './route-table.ts';
import type {OnRequest, SecureServer, SecureServerOptions} from './secure-server.ts';
import {systemdSockets} from './systemd-sockets.ts';
import type {Admission, WatchedWebConfig, WebGuard} from './web-guard.ts';
import type {ListenAddress} from './weburl.ts';

export type {HttpCall, HttpHandler} from './call.ts';
export type {HttpMethod} from './route-table.ts';

/** Queries travel in URLs: as much as Go's servers take, headers included. */
const headerBytesMax = 1024 * 1024;
/** Forms, as Go's parser limits them. */
const formBytesMax = 10 * 1024 * 1024;
/** Bodies that are read or worked on at the same time; requests beyond are refused, and their clients come again. */
const bodyBytesAtOnceMax = 256 * 1024 * 1024;
/** Go gives a client the whole read timeout; nobody honest needs more than this. */
const headersTimeoutMs = 10_000;
/** Connections that are not yet any, since the client has not said who it is. */
const handshakesMax = 64;

export interface RouteOptions {
  /** Name in metrics; the path where it is left out. */
  label?: string;
  bodyBytesMax?: number;
}

export interface HttpServerOptions {
  logger: Logger;
  listenAddresses: readonly ListenAddress[];
  /** '' or '/prefix'. */
  routePrefix: string;
  /** Over all addresses together. */
  connectionsMax: number;
  /** A request must have arrived within this time; a connection may be idle as long. */
  readTimeoutMs: number;
  /** The file of --web.config.file; '' = none. */
  webConfigFile?: string;
  /** Whether systemd has opened the sockets, and not the addresses count. */
  systemdSocket?: boolean;
  /** The answer where a handler threw, or where a request cannot be read (`status` says why). */
  errorReply: (status: number, message: string) => HttpReply;
}

/** What is told of a request. */
interface Requested {
  method: string;
  url: string;
  /** The client's address. */
  ip: string;
}

/** Routes that are not there yet. */
interface LaterRoutes {
  path: string;
  add: () => Promise<void>;
  added: Promise<void> | null;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #routes = new RouteTable();
  readonly #statistics = new Map<string, HandlerStatistics>();
  readonly #servers: (http.Server | SecureServer['server'])[] = [];
  readonly #plain = new Set<PlainConnection>();
  /** Looks for those of them that have been without a request for too long. */
  #expiry: NodeJS.Timeout | null = null;
  readonly #sockets = new Set<Socket>();
  readonly #connections: ConnectionLimit;
  readonly #departures = new Departures();
  #webConfig: WatchedWebConfig | null = null;
  #guard: WebGuard | null = null;
  #notFound: HttpHandler = () => textError(404, '404 page not found');
  #app: Promise<FastifyInstance> | null = null;
  /** Those that do not know all routes. */
  readonly #oldApps: Promise<FastifyInstance>[] = [];
  readonly #later: LaterRoutes[] = [];
  #closing = false;
  readonly #bodies = new BodyLimit(bodyBytesAtOnceMax);

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#connections = new ConnectionLimit(options.connectionsMax);
  }

  /** Adds handlers to a path: `/static`, `/a/:name`, `/a/*`. Paths do not have the prefix. */
  route(
    methods: readonly HttpMethod[],
    path: string,
    handler: HttpHandler,
    options: RouteOptions = {},
  ): void {
    const {label = path, bodyBytesMax = formBytesMax} = options;
    const route = this.#routes.add(path, () => ({statistics: this.#statisticsOf(label), bodyBytesMax}));
    for (const method of methods) route.handlers.set(method, handler);
    if (this.#app !== null) this.#oldApps.push(this.#app);
    this.#app = null;
  }

  /**
   * Lets `add` add the routes below a path, which ends in a slash, when a request asks for one of them. Where it rejects, that request
   * fails, and the next one tries again.
   */
  routeLater(path: string, add: () => Promise<void>): void {
    this.#later.push({path, add, added: null});
  }

  /** Answers what no route does. */
  notFound(handler: HttpHandler): void {
    this.#notFound = handler;
  }

  /** By handler, in the order of their routes. */
  statistics(): HandlerStatistics[] {
    return [...this.#statistics.values()];
  }

  /** Begins to accept connections; returns where. Throws where an address cannot be had, and then listens nowhere. */
  async listen(): Promise<ListenAddress[]> {
    const {listenAddresses, systemdSocket = false, webConfigFile = ''} = this.#options;
    if (webConfigFile !== '') await this.#useWebConfig(webConfigFile);
    const addresses: ListenAddress[] = [];
    try {
      const places = systemdSocket ? systemdSockets().map((fd) => ({fd})) : listenAddresses;
      for (const place of places) addresses.push(await this.#listenOn(place));
    } catch (cause) {
      for (const server of this.#servers) server.close();
      throw cause;
    }
    return addresses;
  }

  /** Stops accepting, lets running requests finish for at most `graceMs`, then cuts them off. */
  async close(graceMs = 10_000): Promise<void> {
    this.#closing = true;
    const connections = {plain: this.#plain, sockets: this.#sockets};
    await Promise.all(this.#servers.map((server) => closeServer(server, connections, graceMs)));
    for (const app of [...this.#oldApps, this.#app]) await (await app)?.close();
    await this.#guard?.close();
  }

  /** Whether it listens for HTTPS. */
  get isSecure(): boolean {
    return this.#webConfig !== null && this.#webConfig.read().tls !== null;
  }

  async #useWebConfig(file: string): Promise<void> {
    const {WatchedWebConfig, WebGuard} = await import('./web-guard.ts');
    const {checkWebConfig} = await import('./web-config.ts');
    checkWebConfig(file);
    this.#webConfig = new WatchedWebConfig(file);
    this.#guard = new WebGuard(this.#webConfig, this.#options.logger);
  }

  /** For tests: answers a request that comes over no socket. */
  async inject(request: InjectOptions): Promise<LightMyRequestResponse> {
    await this.#addLaterRoutes(typeof request.url === 'string' ? request.url : '');
    return (await this.#router()).inject(request);
  }

  /** Fastify with all routes. In a program that answers plain requests only it would take 5 MB for nothing. */
  #router(): Promise<FastifyInstance> {
    this.#app ??= this.#createRouter();
    return this.#app;
  }

  async #createRouter(): Promise<FastifyInstance> {
    const {default: fastify} = await import('fastify');
    const app = fastify({
      logger: false,
      bodyLimit: formBytesMax,
      exposeHeadRoutes: false,
      return503OnClosing: false,
      routerOptions: {maxParamLength: headerBytesMax, querystringParser: () => ({})},
      // No route has a schema. Without these, fastify would load its compilers for them.
      schemaController: {compilersFactory: {buildValidator: noSchemas, buildSerializer: noSchemas}},
      frameworkErrors: (error, request, reply) => this.#fail(error, request, reply),
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', {parseAs: 'buffer'}, (_request, body, done) => done(null, body));
    app.addHook('onRequest', (request, reply, done) => this.#admit(request, reply, done));
    app.setErrorHandler((error, request, reply) => this.#fail(error as Error, request, reply));
    app.setNotFoundHandler((request, reply) => this.#answerUnknown(request, reply));
    for (const route of this.#routes.all()) this.#register(app, route);
    await app.ready();
    return app;
  }

  #register(app: FastifyInstance, route: Route): void {
    const url = `${this.#options.routePrefix}${route.path}`;
    for (const [method, handler] of route.handlers) {
      app.route({
        method: method as HTTPMethods,
        url,
        bodyLimit: route.bodyBytesMax,
        handler: (request, reply) => this.#answer(request, reply, handler, route.statistics),
      });
    }
  }

  async #answerByRouter(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#addLaterRoutes(request.url ?? '');
      const router = await this.#router();
      // The client may have gone while it was loaded.
      if (!response.closed) router.routing(request, response);
    } catch (cause) {
      this.#options.logger.error('Cannot serve a request', {url: request.url, err: cause});
      if (response.headersSent) request.socket.destroy();
      // Nobody is to read what may come of its body.
      else response.writeHead(500, {Connection: 'close'}).end();
    }
  }

  async #addLaterRoutes(url: string): Promise<void> {
    for (const later of this.#later) {
      if (!mentions(url, later.path)) continue;
      later.added ??= later.add().catch((cause: unknown) => {
        later.added = null;
        throw cause;
      });
      await later.added;
    }
  }

  #statisticsOf(label: string): HandlerStatistics {
    let statistics = this.#statistics.get(label);
    if (statistics === undefined) {
      statistics = new HandlerStatistics(label);
      this.#statistics.set(label, statistics);
    }
    return statistics;
  }

  async #answer(
    request: FastifyRequest,
    reply: FastifyReply,
    handler: HttpHandler,
    statistics: HandlerStatistics | null,
  ): Promise<FastifyReply> {
    const startMs = performance.now();
    const gone = new AbortController();
    const {socket} = request.raw;
    this.#departures.add(socket, gone);
    reply.raw.once('close', () => {
      this.#departures.remove(socket, gone);
      if (!reply.raw.writableFinished) gone.abort();
    });
    let answer: HttpReply;
    try {
      answer = await handler(callOf(request, gone.signal));
    } catch (cause) {
      answer = this.#explain(cause, request);
    }
    const {release} = answer;
    if (release !== undefined) {
      if (reply.raw.closed) release();
      else reply.raw.once('close', release);
    }
    const bytes = await this.#send(request, reply, answer);
    this.#note(request, {status: answer.status, bytes, startMs}, statistics);
    return reply;
  }

  /** The same for a request that is no matter for fastify, without waiting where there is nothing to wait for. */
  #answerPlain(call: HttpCall, handler: HttpHandler, route: Route): PlainAnswer | Promise<PlainAnswer> {
    const startMs = performance.now();
    try {
      const reply = handler(call);
      if (!(reply instanceof Promise)) {
        const encoding = encodingOf(reply, call.header('accept-encoding'));
        if (encoding === null) return this.#finishPlain(call, reply, pack(reply), {startMs, route});
      }
      return this.#answerPlainLater(call, reply, {startMs, route});
    } catch (cause) {
      const reply = this.#explain(cause, requestedBy(call));
      return this.#finishPlain(call, reply, pack(reply), {startMs, route});
    }
  }

  async #answerPlainLater(
    call: HttpCall,
    reply: HttpReply | Promise<HttpReply>,
    from: {startMs: number; route: Route},
  ): Promise<PlainAnswer> {
    let release: HttpReply['release'];
    try {
      const answer = await reply;
      ({release} = answer);
      const encoding = encodingOf(answer, call.header('accept-encoding'));
      const packed = encoding === null ? pack(answer) : await compressed(answer, encoding);
      return this.#finishPlain(call, answer, packed, from);
    } catch (cause) {
      release?.();
      const answer = this.#explain(cause, requestedBy(call));
      return this.#finishPlain(call, answer, pack(answer), from);
    }
  }

  #finishPlain(
    call: HttpCall,
    {status, release}: HttpReply,
    {headers, body}: Packed,
    {startMs, route}: {startMs: number; route: Route},
  ): PlainAnswer {
    const note = (): void =>
      this.#note(requestedBy(call), {status, bytes: body.length, startMs}, route.statistics);
    return {status, lines: linesOf(headers), body, release, note};
  }

  #note(
    {method, url, ip}: Requested,
    {status, bytes, startMs}: {status: number; bytes: number; startMs: number},
    statistics: HandlerStatistics | null,
  ): void {
    const seconds = (performance.now() - startMs) / 1000;
    statistics?.observe(status, seconds, bytes);
    this.#options.logger.debug('HTTP request', {
      method,
      url,
      status,
      bytes,
      seconds: Math.round(seconds * 1e6) / 1e6,
      client: ip,
    });
  }

  async #send(request: FastifyRequest, reply: FastifyReply, answer: HttpReply): Promise<number> {
    const accept = request.headers['accept-encoding'];
    const encoding = encodingOf(answer, accept);
    const {headers, body} = encoding === null ? pack(answer) : await compressed(answer, encoding);
    reply.headers(headers);
    if (this.#closing) closeAfter(request, reply);
    const sent = bufferOf(body);
    if (sent.length > 65_536) limitSending(reply);
    reply.code(answer.status).send(sent.length === 0 ? undefined : sent);
    return sent.length;
  }

  /** Before anything is read of its body. */
  #admit(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const fault = faultOf(request.raw);
    if (fault !== null) {
      closeAfter(request, reply);
      return this.#sendError(request, reply, this.#options.errorReply(fault.status, fault.message));
    }
    const decide = ({headers, refusal}: Admission): void => {
      reply.headers(headers);
      if (refusal !== null) {
        linger(request, reply);
        this.#sendError(request, reply, refusal);
      } else if (this.#takeBody(request, reply)) done();
    };
    const admission = this.#guard?.admit(request.headers.authorization) ?? admitted;
    if (admission instanceof Promise) void admission.then(decide);
    else decide(admission);
  }

  /** Counts the body that a request announces until the request has ended; refuses it where there are too many. */
  #takeBody(request: FastifyRequest, reply: FastifyReply): boolean {
    const size = announcedBytes(request);
    if (size === 0) return true;
    if (!this.#bodies.take(size)) {
      reply.header('Retry-After', '1');
      linger(request, reply);
      this.#sendError(
        request,
        reply,
        this.#options.errorReply(503, 'too many request bodies at the same time'),
      );
      return false;
    }
    reply.raw.once('close', () => this.#bodies.release(size));
    return true;
  }

  #explain(cause: unknown, request: Requested): HttpReply {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#options.logger.error('Error while serving request', {
      method: request.method,
      url: request.url,
      client: request.ip,
      err: error,
      stack: error.stack,
    });
    return this.#options.errorReply(500, describeError(error));
  }

  /** Fastify's own errors: bodies that are too large or cut short, addresses that cannot be decoded. */
  #fail(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    const {statusCode = 500, code = ''} = error as {statusCode?: number; code?: string};
    const answer =
      statusCode >= 500
        ? this.#explain(error, request)
        : this.#options.errorReply(
            statusCode,
            failureText(code, error.message, request.routeOptions.bodyLimit),
          );
    linger(request, reply);
    this.#sendError(request, reply, answer);
  }

  #sendError(request: FastifyRequest, reply: FastifyReply, answer: HttpReply): void {
    this.#send(request, reply, answer).catch((cause: unknown) => this.#explain(cause, request));
  }

  /** No such path, or not with this method, or with slashes and dots that the path would do without. */
  async #answerUnknown(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [path = '', query] = request.url.split('?', 2);
    const route = this.#routeOf(path);
    if (route !== null) {
      return this.#answer(request, reply, () => refuseMethod(request.method, route), route.statistics);
    }
    const cleaned = cleanPath(path);
    if (cleaned !== path && this.#routeOf(cleaned) !== null) {
      const location = query === undefined ? cleaned : `${cleaned}?${query}`;
      // As Go's servers: its router knows the slash at the end, and the rest is for what stands before that.
      const isEnd = `${cleaned}/` === path && request.method === 'GET';
      return this.#answer(request, reply, () => redirect(isEnd ? 301 : 307, location), null);
    }
    return this.#answer(request, reply, this.#notFound, null);
  }

  #routeOf(path: string): Route | null {
    const {routePrefix} = this.#options;
    return path.startsWith(routePrefix) ? this.#routes.findAny(path.slice(routePrefix.length)) : null;
  }

  /** Counts its connections, and takes them over for as long as their requests are plain. */
  #watch(server: http.Server | SecureServer['server'], secure: SecureServer | null): void {
    const limit = this.#connections;
    const event = secure === null ? 'connection' : 'secureConnection';
    const listeners = server.listeners(event) as ((socket: Socket) => void)[];
    const handOver = (socket: Socket): void => {
      this.#departures.watch(socket);
      for (const listener of listeners) listener.call(server, socket);
    };
    const world = this.#plainWorld(handOver);
    server.removeAllListeners(event);
    server.on(event, (socket: Socket | TLSSocket) => {
      if (secure?.admits(socket as TLSSocket) === false || !limit.take(socket)) return;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      if ((socket as TLSSocket).alpnProtocol === 'h2') {
        // It has requests side by side, and a time limit of its own.
        limit.begin(socket);
        for (const listener of listeners) listener.call(server, socket);
        return;
      }
      const connection = new PlainConnection(socket, world);
      this.#addPlain(connection);
      socket.once('close', () => this.#plain.delete(connection));
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.httpVersionMajor > 1) return;
      const {socket} = request;
      limit.begin(socket);
      response.once('close', () => limit.end(socket));
    });
    server.on('session', (session: ServerHttp2Session) =>
      session.setTimeout(this.#options.readTimeoutMs, () => session.close()),
    );
  }

  #addPlain(connection: PlainConnection): void {
    this.#plain.add(connection);
    this.#expiry ??= setInterval(() => {
      for (const each of this.#plain) each.expire();
      if (this.#plain.size > 0) return;
      clearInterval(this.#expiry!);
      this.#expiry = null;
    }, expiryMs).unref();
  }

  #plainWorld(handOver: (socket: Socket) => void): PlainWorld {
    const limit = this.#connections;
    const {readTimeoutMs} = this.#options;
    const isClosing = (): boolean => this.#closing;
    return {
      find: (request) => this.#findPlain(request),
      handOver,
      begin: (socket) => limit.begin(socket),
      end: (socket) => limit.end(socket),
      takeBody: (bytes) => this.#bodies.take(bytes),
      releaseBody: (bytes) => this.#bodies.release(bytes),
      get closing(): boolean {
        return isClosing();
      },
      firstTimeoutMs: Math.min(readTimeoutMs, headersTimeoutMs),
      idleTimeoutMs: readTimeoutMs,
      bodyTimeoutMs: readTimeoutMs,
      sendTimeoutMs,
    };
  }

  /** What answers a plain request; null where that is no matter for a plain connection. */
  #findPlain({method, path, bodyLength, header}: PlainRequest): PlainRoute | null {
    const {routePrefix} = this.#options;
    if (!path.startsWith(routePrefix)) return null;
    const rest = path.slice(routePrefix.length);
    const found = this.#routes.find(rest);
    const handler = found?.route.handlers.get(method);
    if (found === null || handler === undefined || bodyLength > found.route.bodyBytesMax) return null;
    const {route, params} = found;
    const headers = this.#admitPlain(header('authorization'));
    if (headers === null) return null;
    return {params, answer: (call) => this.#answerPlain(call, withHeaders(handler, headers), route)};
  }

  /** Headers for the answer; null where it is not plain whether there will be one. */
  #admitPlain(authorization: string | undefined): Admission['headers'] | null {
    if (this.#guard === null) return admitted.headers;
    return this.#guard.knows(authorization);
  }

  async #listenOn(place: ListenAddress | {fd: number}): Promise<ListenAddress> {
    const {readTimeoutMs, connectionsMax, logger} = this.#options;
    const options = {
      maxHeaderSize: headerBytesMax,
      requestTimeout: readTimeoutMs,
      headersTimeout: Math.min(readTimeoutMs, headersTimeoutMs),
      keepAliveTimeout: readTimeoutMs,
      connectionsCheckingInterval: Math.min(readTimeoutMs, 2000),
    };
    const onRequest: OnRequest = (request, response) =>
      void this.#answerByRouter(request as IncomingMessage, response as ServerResponse);
    const file = this.#webConfig;
    const secure = file === null ? null : await openSecureServer({file, logger, http: options, onRequest});
    const server = secure?.server ?? http.createServer(options, onRequest);
    // Who has said all still gets an answer. Node knows this, though it says so nowhere.
    (server as {httpAllowHalfOpen?: boolean}).httpAllowHalfOpen = true;
    if (secure !== null) server.maxConnections = connectionsMax + handshakesMax;
    this.#watch(server, secure);
    this.#servers.push(server);
    const {promise, resolve, reject} = Promise.withResolvers<void>();
    server.once('error', reject);
    const wanted = 'fd' in place || place.host !== '' ? place : {port: place.port};
    server.listen(wanted, () => {
      server.off('error', reject);
      resolve();
    });
    await promise;
    server.on('error', (error) => logger.error('HTTP server failed', {err: error}));
    const address = server.address();
    if (file !== null)
      logger.info(`TLS is ${secure === null ? 'disabled' : 'enabled'}.`, {
        http2: secure !== null && file.read().http2,
        address: typeof address === 'string' ? address : `${address!.address}:${address!.port}`,
      });
    if (typeof address === 'string') return {host: address, port: 0};
    return {host: address!.address, port: address!.port};
  }
}

/** With all that it takes for TLS, which most servers do without. */
async function openSecureServer(options: SecureServerOptions): Promise<SecureServer | null> {
  return (await import('./secure-server.ts')).SecureServer.open(options);
}

const admitted: Admission = {headers: {}, refusal: null};

/** Adds headers to all that a handler answers. */
function withHeaders(handler: HttpHandler, headers: Admission['headers']): HttpHandler {
  if (headers === admitted.headers) return handler;
  const add = (reply: HttpReply): HttpReply => ({...reply, headers: {...headers, ...reply.headers}});
  return (call) => {
    const reply = handler(call);
    return reply instanceof Promise ? reply.then(add) : add(reply);
  };
}

/** The connection, where it has no other requests beside this one. */
function closeAfter({raw}: FastifyRequest, reply: FastifyReply): void {
  if (raw.httpVersionMajor < 2) reply.header('Connection', 'close');
}

function noSchemas(): never {
  throw new Error('no route has a schema');
}

function callOf(request: FastifyRequest, signal: AbortSignal): HttpCall {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
  let form: Form | null = null;
  return {
    method: request.method,
    url: request.url,
    params: request.params as Record<string, string>,
    body,
    header: (name) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    signal,
    client: request.ip,
    get form(): Form {
      form ??= formOf(request.url, request.headers['content-type'], body);
      return form;
    },
  };
}

/** Whether a URL may lead to what is below a path, however it is written. */
function mentions(url: string, path: string): boolean {
  try {
    return decodeURIComponent(url.split('?', 1)[0]!).includes(path);
  } catch {
    return false; // It leads nowhere.
  }
}

/** Bytes of body to expect; the most that the route takes where the client does not say. */
function announcedBytes({headers, method, raw, routeOptions}: FastifyRequest): number {
  const limit = routeOptions.bodyLimit;
  const length = headers['content-length'];
  // HTTP/2 has no word for a body of which nobody knows how long it will be.
  const isOpen = raw.httpVersionMajor > 1 && length === undefined && method !== 'GET' && method !== 'HEAD';
  if (isOpen || headers['transfer-encoding'] !== undefined) return limit;
  const size = Number(length ?? 0);
  return size <= limit ? size : 0;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function failureText(code: string, message: string, limit: number): string {
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return `request body exceeds the ${limit} bytes limit`;
  return message;
}

function requestedBy({method, url, client}: HttpCall): Requested {
  return {method, url, ip: client};
}

async function closeServer(
  server: http.Server | SecureServer['server'],
  connections: {plain: ReadonlySet<PlainConnection>; sockets: ReadonlySet<Socket>},
  graceMs: number,
): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const closeIdle = (): void => {
    // One that speaks HTTP/2 has it, too, for those of its connections that do not.
    (server as http.Server).closeIdleConnections();
    for (const connection of connections.plain) connection.closeIfIdle();
  };
  closeIdle();
  // Connections become idle as their requests end.
  const sweep = setInterval(closeIdle, 50);
  const cut = setTimeout(() => {
    for (const socket of connections.sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
