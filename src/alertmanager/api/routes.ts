// Which address leads to what.
import {textError, textReply, type HttpReply} from '../../http/reply.ts';
import type {HttpCall, HttpHandler, HttpMethod, HttpServer} from '../../http/server.ts';
import {describeError, type Logger} from '../../sys/log.ts';
import type {Alertmanager} from '../alertmanager.ts';
import {ApiV2, type VersionInfo} from './api-v2.ts';
import {routing} from './routing.ts';
import {explainAlert, listNotifications} from './own.ts';
import {ApiProblem, jsonReply, jsonTextReply, problemReply} from './problem.ts';

export interface ApiOptions {
  readonly alertmanager: Alertmanager;
  readonly logger: Logger;
  readonly version: VersionInfo;
  /** Reads the configuration again. Throws. */
  readonly reload: () => Promise<void>;
  /** GET requests that may run at once. */
  readonly getConcurrencyMax: number;
}

/** Requests that are being answered, and those that were not. */
export interface ConcurrencyStatistics {
  inFlight: number;
  refused: number;
}

const methods: HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const deprecated =
  '{"status":"deprecated","error":"The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version 0.27.0 - please use the equivalent route in the v2 API"}\n';
/** Alerts come in large batches. */
const bodyBytesMax = 128 << 20;

/** Adds the API below `base`: '' or '/alertmanager'. */
export function addApiRoutes(server: HttpServer, base: string, options: ApiOptions): ConcurrencyStatistics {
  const api = new ApiV2(options.alertmanager, options.version);
  const routes = new Routes(server, `${base}/api/v2`, options);
  routes.add('/status', {GET: () => api.status()});
  routes.add('/receivers', {GET: (call) => api.receivers(call)});
  routes.add('/alerts', {GET: (call) => api.alerts(call), POST: (call) => api.postAlerts(call)});
  routes.add('/alerts/groups', {GET: (call) => api.alertGroups(call)});
  routes.add('/silences', {GET: (call) => api.silences(call), POST: (call) => api.postSilence(call)});
  routes.add('/silence/:silenceID', {
    GET: (call) => api.silence(call),
    DELETE: (call) => api.deleteSilence(call),
  });
  routes.addUnknown(base);
  const own = new Routes(server, `${base}/api/narthex`, options, routes.statistics);
  const {alertmanager} = options;
  own.add('/routes', {GET: (call) => routing(alertmanager, call)});
  own.add('/explain', {GET: (call) => explainAlert(alertmanager, call)});
  own.add('/notifications', {GET: (call) => listNotifications(alertmanager, call)});
  server.route(methods, `${base}/api/v1/*`, () => ({
    status: 410,
    contentType: 'application/json',
    body: deprecated,
  }));
  addLifecycleRoutes(server, base, options);
  return routes.statistics;
}

function addLifecycleRoutes(server: HttpServer, base: string, {reload, alertmanager}: ApiOptions): void {
  const ok = (): HttpReply => textReply(200, 'OK');
  server.route(['GET', 'HEAD'], `${base}/-/healthy`, ok);
  server.route(['GET', 'HEAD'], `${base}/-/ready`, () =>
    alertmanager.isReady ? ok() : textError(503, 'Service Unavailable'),
  );
  server.route(['POST'], `${base}/-/reload`, async () => {
    try {
      await reload();
    } catch (error) {
      return textError(500, `failed to reload config: ${describeError(error)}`);
    }
    return {status: 200, contentType: '', body: ''};
  });
}

type Handlers = Partial<Record<HttpMethod, HttpHandler>>;

class Routes {
  readonly statistics: ConcurrencyStatistics;
  readonly #server: HttpServer;
  readonly #prefix: string;
  readonly #options: ApiOptions;

  constructor(
    server: HttpServer,
    prefix: string,
    options: ApiOptions,
    statistics: ConcurrencyStatistics = {inFlight: 0, refused: 0},
  ) {
    this.statistics = statistics;
    this.#server = server;
    this.#prefix = prefix;
    this.#options = options;
  }

  add(path: string, handlers: Handlers): void {
    const allowed = Object.keys(handlers) as HttpMethod[];
    const full = `${this.#prefix}${path}`;
    const label = full.replace(':silenceID', '{silenceID}');
    for (const method of methods) {
      const handler = handlers[method] ?? ((call: HttpCall) => refuseMethod(call, allowed));
      this.#server.route([method], full, (call) => this.#answer(call, handler), {label, bodyBytesMax});
    }
  }

  addUnknown(base: string): void {
    const unknown = (call: HttpCall): HttpReply => {
      const [path = ''] = call.url.split('?');
      const shown = path.slice(path.indexOf(`${base}/api/v2`) + base.length);
      return jsonReply({code: 404, message: `path ${shown} was not found`}, 404);
    };
    this.#server.route(methods, `${this.#prefix}/*`, unknown);
  }

  async #answer(call: HttpCall, handler: HttpHandler): Promise<HttpReply> {
    if (call.method === 'GET' && this.statistics.inFlight >= this.#options.getConcurrencyMax) {
      this.statistics.refused++;
      return textError(
        503,
        `Limit of concurrent GET requests reached (${this.#options.getConcurrencyMax}), try again later.\n`,
      );
    }
    const isGet = call.method === 'GET';
    if (isGet) this.statistics.inFlight++;
    try {
      return withCors(call, await this.#answerErrors(call, handler));
    } finally {
      if (isGet) this.statistics.inFlight--;
    }
  }

  async #answerErrors(call: HttpCall, handler: HttpHandler): Promise<HttpReply> {
    try {
      if (!this.#options.alertmanager.isReady) return textError(503, 'Service Unavailable');
      return await handler(call);
    } catch (error) {
      const {logger} = this.#options;
      if (error instanceof ApiProblem) {
        const log = error.status >= 500 || call.method === 'POST' ? logger.error : logger.debug;
        log('Request failed', {path: call.url.split('?')[0], method: call.method, err: error.message});
        return problemReply(error);
      }
      logger.error('Request failed', {path: call.url.split('?')[0], method: call.method, err: error});
      return jsonTextReply(`${JSON.stringify(describeError(error))}\n`, 500);
    }
  }
}

function refuseMethod(call: HttpCall, allowed: readonly HttpMethod[]): HttpReply {
  if (call.method === 'OPTIONS' && call.header('access-control-request-method') !== undefined)
    return {status: 204, contentType: '', body: ''};
  const list = allowed.join(',');
  const message = `method ${call.method} is not allowed, but [${list}] are`;
  const reply = jsonReply({code: 405, message}, 405);
  reply.headers = {...reply.headers, Allow: list};
  return reply;
}

/** Pages of all sites may read the answers. */
function withCors(call: HttpCall, reply: HttpReply): HttpReply {
  if (call.header('origin') === undefined) return reply;
  const headers: Record<string, string> = {...reply.headers, 'Access-Control-Allow-Origin': '*'};
  const asked = call.header('access-control-request-headers');
  if (call.method === 'OPTIONS') {
    headers['Access-Control-Allow-Methods'] = call.header('access-control-request-method') ?? 'GET';
    if (asked !== undefined) headers['Access-Control-Allow-Headers'] = asked;
  }
  return {...reply, headers};
}
