// A server for HTTPS whose certificates and rules for clients are looked at with each connection: who renews a certificate, or
// takes a client's right away, need not start anything again.

import type {IncomingMessage, ServerOptions, ServerResponse} from 'node:http';
import type {Http2SecureServer, Http2ServerRequest, Http2ServerResponse} from 'node:http2';
import type {Server as HttpsServer} from 'node:https';
import type {Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import type {Logger} from '../sys/log.ts';
import {checkWebTls, type WebTls} from './web-config.ts';
import type {WatchedWebConfig} from './web-guard.ts';
import {complaintOfClient, readWebTlsTexts, secureOptionsOf, type WebTlsTexts} from './web-tls.ts';

/** Of a connection with HTTP/2: as many requests at once as Go takes. Longer headers than 64 KiB Node's library refuses. */
const limits = {settings: {maxConcurrentStreams: 250, maxHeaderListSize: 65_536}};

export type OnRequest = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;

export interface SecureServerOptions {
  file: WatchedWebConfig;
  logger: Logger;
  http: ServerOptions & {headersTimeout: number};
  onRequest: OnRequest;
}

export class SecureServer {
  readonly server: HttpsServer | Http2SecureServer;
  readonly #file: WatchedWebConfig;
  readonly #logger: Logger;
  #tls: WebTls;
  #texts: WebTlsTexts;

  private constructor(
    server: HttpsServer | Http2SecureServer,
    {file, logger}: SecureServerOptions,
    known: {tls: WebTls; texts: WebTlsTexts},
  ) {
    this.server = server;
    this.#file = file;
    this.#logger = logger;
    this.#tls = known.tls;
    this.#texts = known.texts;
    const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.#refresh(socket)) return;
      for (const listener of listeners) listener.call(server, socket);
    });
    server.on('tlsClientError', (error: Error, socket: TLSSocket) =>
      this.#logHandshake(socket, error.message),
    );
  }

  /** null where the file says nothing of TLS. Throws what is wrong with the file, or with what it names. */
  static async open(options: SecureServerOptions): Promise<SecureServer | null> {
    const {file, http, onRequest} = options;
    const {tls, http2} = file.read();
    if (tls === null) return null;
    checkWebTls(file.path);
    const texts = readWebTlsTexts(tls);
    const secure = {...http, ...secureOptionsOf(tls, texts), handshakeTimeout: http.headersTimeout};
    const server = http2
      ? (await import('node:http2')).createSecureServer({...secure, ...limits, allowHTTP1: true}, onRequest)
      : (await import('node:https')).createServer(secure, onRequest);
    return new SecureServer(server, options, {tls, texts});
  }

  /** Whether a client that has shaken hands may come in; cuts it off where not. */
  admits(socket: TLSSocket): boolean {
    const complaint = complaintOfClient(this.#tls, socket);
    if (complaint === '') return true;
    this.#logHandshake(socket, complaint);
    socket.destroy();
    return false;
  }

  #refresh(socket: Socket): boolean {
    try {
      const {tls} = this.#file.read();
      if (tls === null) throw new Error('TLS config is not present');
      const texts = readWebTlsTexts(tls);
      if (tls !== this.#tls || !areSame(texts, this.#texts)) this.#use(tls, texts);
      return true;
    } catch (error) {
      this.#logHandshake(socket, (error as Error).message);
      socket.destroy();
      return false;
    }
  }

  #use(tls: WebTls, texts: WebTlsTexts): void {
    checkWebTls(this.#file.path);
    const options = secureOptionsOf(tls, texts);
    this.server.setSecureContext(options);
    // Node looks at it with each connection, though it says so nowhere.
    (this.server as {requestCert?: boolean}).requestCert = options.requestCert === true;
    this.#tls = tls;
    this.#texts = texts;
  }

  #logHandshake({remoteAddress, remotePort}: Socket, why: string): void {
    this.#logger.error('TLS handshake error', {client: `${remoteAddress}:${remotePort}`, err: why});
  }
}

function areSame(left: WebTlsTexts, right: WebTlsTexts): boolean {
  return left.cert === right.cert && left.key === right.key && left.clientCa === right.clientCa;
}
