// The HTTP API: which address leads to what. The rest of the program stands behind the interfaces of backend.ts.

import {textError, emptyReply, redirect, type HttpReply} from '../http/reply.ts';
import {Cors} from '../http/cors.ts';
import {HttpServer, type HttpCall, type HttpHandler, type HttpMethod} from '../http/server.ts';
import {webUrlOf, type ListenAddress} from '../http/weburl.ts';
import type {Logger} from '../sys/log.ts';
import type {BuildInfo} from '../sys/version.ts';
import {AdminApi} from './adminapi.ts';
import type {AlertingBackend, Backend, MatcherData} from './backend.ts';
import {apiBuildInfo} from './buildinfo.ts';
import type {Family} from './families.ts';
import {ApiError, failure, success, type ErrorType} from './envelope.ts';
import {addLifecycleRoutes, refuseUnlessReady} from './lifecycle.ts';
import {addPageRoutes} from './pages.ts';
import {QueryApi} from './queries.ts';
import {RulesApi} from './rules.ts';
import {SelfMetrics} from './self-metrics.ts';
import {StatusApi} from './status.ts';
import {TargetsApi} from './targets.ts';
import {WriteApi, writeBytesMax} from './write.ts';

export interface ApiServerOptions {
  backend: Backend;
  logger: Logger;
  buildInfo: BuildInfo;
  listenAddresses: readonly ListenAddress[];
  /** As the flags have them: a URL or a path; '/' or '/prefix'. */
  externalUrl: string;
  routePrefix: string;
  /** Folder of the built web UI. */
  webRoot: string;
  enableLifecycle: boolean;
  enableRemoteWriteReceiver: boolean;
  enableAdminApi?: boolean;
  /** Reads a series selector, for `match_target`. Throws SyntaxError. */
  parseSelector: (text: string) => MatcherData[];
  /** Anchored regular expression; every origin where it is left out. */
  corsOrigin?: string;
  connectionsMax?: number;
  readTimeoutMs?: number;
  /** Of TLS and users; '' = none. */
  webConfigFile?: string;
  /** What --enable-feature has switched on. */
  features?: ReadonlySet<string>;
  /** Metrics of what else runs in the process. */
  otherFamilies?: () => Promise<Family[]>;
  /** Names for /features. */
  serviceDiscoveries?: readonly string[];
  now?: () => number;
}

export interface ApiServer {
  /** Begins to accept connections; returns the addresses with the ports that were chosen. */
  listen(): Promise<ListenAddress[]>;
  /** Lets running requests finish for at most `graceMs`. */
  close(graceMs?: number): Promise<void>;
  readonly http: HttpServer;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const {backend, logger, now = Date.now, listenAddresses} = options;
  const [listen = {host: '', port: 9090}] = listenAddresses;
  const webUrl = webUrlOf(options.externalUrl, options.routePrefix, listen);
  const cors = new Cors(options.corsOrigin ?? '.*');
  const server = new HttpServer({
    logger,
    listenAddresses,
    routePrefix: webUrl.routePrefix,
    connectionsMax: options.connectionsMax ?? 512,
    readTimeoutMs: options.readTimeoutMs ?? 300_000,
    webConfigFile: options.webConfigFile ?? '',
    errorReply: (status, message) => failure(errorTypeOf(status), message, status),
  });
  const info = apiBuildInfo(options.buildInfo);
  const api = new ApiRoutes(server, backend, cors);
  const queries = new QueryApi(backend.query, backend.storage, now);
  addQueryRoutes(api, queries);
  const parts = {
    backend: backend.storage,
    webUrl,
    listenPort: listen.port,
    parseSelector: options.parseSelector,
    relabelConfigsOf: (scrapePool: string) => backend.admin.relabelConfigs(scrapePool),
  };
  addTargetRoutes(api, new TargetsApi(parts));
  const alerting = backend.alerting ?? null;
  addRuleRoutes(api, new RulesApi(alerting, options.parseSelector), alerting);
  const status = new StatusApi(backend, info, now);
  addStatusRoutes(api, status, options);
  addAdminRoutes(
    api,
    new AdminApi({
      storage: backend.storage,
      enabled: options.enableAdminApi ?? false,
      parseSelector: options.parseSelector,
    }),
  );
  const write = new WriteApi(backend.storage, options.enableRemoteWriteReceiver, now);
  const store: HttpHandler = (call) => refuseUnlessReady(backend.admin) ?? write.write(call);
  api.plain(['POST'], '/write', store, writeBytesMax);

  addMissingRoutes(api);

  const metrics = new SelfMetrics({
    backend,
    server,
    buildInfo: info,
    logger,
    ...(options.otherFamilies !== undefined && {others: options.otherFamilies}),
  });
  server.route(['GET'], '/metrics', (call) => metrics.reply(call));
  server.route(['GET'], '/version', () => status.version());
  server.route(
    ['GET'],
    '/federate',
    (call) => refuseUnlessReady(backend.admin) ?? queries.federate(call, backend.admin),
  );
  addLifecycleRoutes(server, backend.admin, options.enableLifecycle);
  addPageRoutes(server, {webRoot: options.webRoot, externalPath: webUrl.path});
  server.notFound((call) => answerUnknown(call, webUrl.routePrefix));
  return {listen: () => server.listen(), close: (graceMs) => server.close(graceMs), http: server};
}

function addQueryRoutes(api: ApiRoutes, queries: QueryApi): void {
  const both: HttpMethod[] = ['GET', 'POST'];
  api.add(both, '/query', (call) => queries.instant(call));
  api.add(both, '/query_range', (call) => queries.range(call));
  api.add(both, '/query_exemplars', (call) => queries.exemplars(call));
  api.add(both, '/format_query', (call) => queries.text('format', call));
  api.add(both, '/parse_query', (call) => queries.text('parse', call));
  api.add(both, '/labels', (call) => queries.labelNames(call));
  api.add(['GET'], '/label/:name/values', (call) => queries.labelValues(call));
  api.add(both, '/series', (call) => queries.series(call));
}

function addTargetRoutes(api: ApiRoutes, targets: TargetsApi): void {
  api.add(['GET'], '/targets', (call) => targets.targets(call));
  api.add(['GET'], '/targets/metadata', (call) => targets.targetMetadata(call));
  api.add(['GET'], '/scrape_pools', () => targets.scrapePools());
  // The labels of a target may be more than proxies let an address be.
  api.add(['GET', 'POST'], '/targets/relabel_steps', (call) => targets.relabelSteps(call));
  api.add(['GET'], '/metadata', (call) => targets.metadata(call));
}

function addRuleRoutes(api: ApiRoutes, rules: RulesApi, alerting: AlertingBackend | null): void {
  api.add(['GET'], '/rules', (call) => rules.rules(call));
  api.add(['POST'], '/rules/backtest', async (call) => {
    const {BacktestApi} = await import('./backtest.ts');
    return new BacktestApi(alerting).backtest(call);
  });
  api.add(['GET'], '/alerts', () => rules.alerts());
  api.add(['GET'], '/alertmanagers', () => rules.alertmanagers());
}

function addStatusRoutes(api: ApiRoutes, status: StatusApi, options: ApiServerOptions): void {
  api.add(['GET'], '/status/buildinfo', () => status.buildInfo());
  api.add(['GET'], '/status/runtimeinfo', () => status.runtimeInfo());
  api.add(['GET'], '/status/config', () => status.config());
  api.add(['GET'], '/status/flags', () => status.flags());
  api.add(['GET'], '/status/tsdb', (call) => status.tsdb(call));
  api.add(['GET'], '/status/tsdb/blocks', () => status.blocks());
  api.whileStarting(['GET'], '/status/walreplay', () => status.walReplay());
  api.whileStarting(['GET'], '/notifications', () => success([]));
  api.add(['GET'], '/features', async () => {
    const {describeFeatures} = await import('./features.ts');
    const features = describeFeatures({
      lifecycle: options.enableLifecycle,
      admin: options.enableAdminApi ?? false,
      remoteWriteReceiver: options.enableRemoteWriteReceiver,
      enabled: options.features ?? new Set(),
      serviceDiscoveries: options.serviceDiscoveries ?? ['static'],
    });
    // Operators among the names stay readable: no escapes here.
    const body = `{"status":"success","data":${JSON.stringify(features)}}`;
    return {status: 200, contentType: 'application/json', body};
  });
}

function addAdminRoutes(api: ApiRoutes, admin: AdminApi): void {
  const methods: HttpMethod[] = ['POST', 'PUT'];
  api.add(methods, '/admin/tsdb/delete_series', (call) => admin.deleteSeries(call));
  api.add(methods, '/admin/tsdb/clean_tombstones', () => admin.cleanTombstones());
  api.add(methods, '/admin/tsdb/snapshot', (call) => admin.snapshot(call));
}

/** What Prometheus has and this server has not: each says so in its own way. */
function addMissingRoutes(api: ApiRoutes): void {
  api.plain(['POST'], '/otlp/v1/metrics', () =>
    textError(404, 'otlp write receiver needs to be enabled with --web.enable-otlp-receiver'),
  );
  api.plain(['POST'], '/read', () =>
    textError(501, 'remote read is not supported yet: query /api/v1/query_range, or use federation'),
  );
  // To a page that wants to be told of notifications this means that there are none to come.
  api.whileStarting(['GET'], '/notifications/live', () => emptyReply(204));
}

/** Routes below /api/v1: only while the server is ready, errors in the envelope, readable for pages of other origins. */
class ApiRoutes {
  readonly #server: HttpServer;
  readonly #backend: Backend;
  readonly #cors: Cors;

  constructor(server: HttpServer, backend: Backend, cors: Cors) {
    this.#server = server;
    this.#backend = backend;
    this.#cors = cors;
    this.#server.route(['OPTIONS'], '/api/v1/*', (call) => this.#options(call), {label: '/api/v1/*path'});
  }

  add(methods: readonly HttpMethod[], path: string, handler: HttpHandler): void {
    this.whileStarting(methods, path, (call) => refuseUnlessReady(this.#backend.admin) ?? handler(call));
  }

  whileStarting(methods: readonly HttpMethod[], path: string, handler: HttpHandler): void {
    this.plain(methods, path, (call) => {
      // Without promises where there is nothing to wait for: small queries would wait for these the longest.
      let reply: HttpReply | Promise<HttpReply>;
      try {
        reply = handler(call);
      } catch (cause) {
        reply = explained(cause);
      }
      if (!(reply instanceof Promise)) return this.#withCors(reply, call);
      return reply.catch(explained).then((settled) => this.#withCors(settled, call));
    });
  }

  #withCors(reply: HttpReply, call: HttpCall): HttpReply {
    // A server that is not ready says so and nothing else.
    if (reply.headers?.['X-Prometheus-Stopping'] !== undefined) return reply;
    const cors = this.#cors.headers(call.header('origin'));
    reply.headers = reply.headers === undefined ? cors : {...reply.headers, ...cors};
    return reply;
  }

  /** Neither errors nor headers are touched. */
  plain(methods: readonly HttpMethod[], path: string, handler: HttpHandler, bodyBytesMax?: number): void {
    const full = `/api/v1${path}`;
    this.#server.route(methods, full, handler, bodyBytesMax === undefined ? {} : {bodyBytesMax});
    this.#server.route(['OPTIONS'], full, (call) => this.#options(call));
  }

  #options(call: HttpCall): HttpReply {
    const refusal = refuseUnlessReady(this.#backend.admin);
    return refusal ?? emptyReply(204, this.#cors.headers(call.header('origin')));
  }
}

/** Throws what is no error of the client's. */
function explained(cause: unknown): HttpReply {
  if (cause instanceof ApiError) return failure(cause.type, cause.message);
  throw cause;
}

function errorTypeOf(status: number): ErrorType {
  return status >= 500 ? 'internal' : 'bad_data';
}

/** With a prefix, the root leads to it. */
function answerUnknown({url, method}: HttpCall, routePrefix: string): HttpReply {
  if (routePrefix !== '' && method === 'GET') {
    if (url === '/' || url.startsWith('/?')) return redirect(302, routePrefix);
    if (url === routePrefix) return redirect(301, `${routePrefix}/`);
  }
  return textError(404, '404 page not found');
}
