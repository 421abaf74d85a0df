import type {TestContext} from 'node:test';
import {noLogger} from '../sys/log.ts';
import {textReply} from './reply.ts';
import {HttpServer, type HttpServerOptions} from './server.ts';

export interface Running {
  server: HttpServer;
  port: number;
}

/** A server on a free port of this machine, until the test ends. */
export async function startServer(
  context: TestContext,
  addRoutes: (server: HttpServer) => void,
  options: Partial<HttpServerOptions> = {},
): Promise<Running> {
  const server = new HttpServer({
    logger: noLogger,
    listenAddresses: [{host: '127.0.0.1', port: 0}],
    routePrefix: '',
    connectionsMax: 100,
    readTimeoutMs: 60_000,
    errorReply: (status, message) => textReply(status, `error: ${message}`),
    ...options,
  });
  addRoutes(server);
  context.after(() => server.close(0));
  const [address] = await server.listen();
  return {server, port: address!.port};
}
