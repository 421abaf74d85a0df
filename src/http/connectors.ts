// How connections are made: directly, or through a proxy that hands them on.

import type {X509Certificate} from 'node:crypto';
import {isIP, type Socket} from 'node:net';
import {checkServerIdentity, type SecureContext, TLSSocket} from 'node:tls';
import type {buildConnector as BuildConnector} from 'undici';
import {timerMsMax} from '../sys/clock.ts';
import {type CertificateFailure, ConnectError, wordsOf} from './failures.ts';
import {socksRequest} from './socks.ts';
import {expect} from './socket-reader.ts';

export type Connector = BuildConnector.connector;
type ConnectOptions = Parameters<Connector>[0];
type Callback = Parameters<Connector>[1];

export interface SecureOptions {
  /** For https; not there where nothing speaks TLS. */
  context?: SecureContext;
  serverName?: string;
  insecureSkipVerify: boolean;
}

export interface ConnectorOptions {
  secure: SecureOptions;
  allowHttp2: boolean;
  timeoutMs: number;
}

/** Connects to the server itself, as undici does. */
export function directConnector(
  {secure, allowHttp2, timeoutMs}: ConnectorOptions,
  buildConnector: typeof BuildConnector,
): Connector {
  const {serverName} = secure;
  const isAddress = serverName !== undefined && isIP(serverName) !== 0;
  const connect = buildConnector({
    timeout: timeoutMs,
    allowH2: allowHttp2,
    ...(secure.context !== undefined && {secureContext: secure.context}),
    rejectUnauthorized: !secure.insecureSkipVerify,
    ...(serverName !== undefined && !isAddress && {servername: serverName}),
    // The protocol has no place for an address, but the certificate may be for one.
    ...(isAddress && {
      checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
        checkServerIdentity(serverName, certificate),
    }),
  });
  return (options, callback) => {
    let certificate: X509Certificate | undefined;
    // Types say nothing is returned, but it is the socket.
    const socket = connect(options, (...[error, connected]: Parameters<Callback>) => {
      if (error === null) {
        if (connected instanceof TLSSocket) connected.prependListener('error', endOnAlert);
        callback(null, connected);
        return;
      }
      const failure: CertificateFailure = error;
      if (certificate !== undefined) failure.certificate = certificate;
      failure.wantedName = serverName ?? options.hostname.replaceAll(/^\[|\]$/g, '');
      callback(failure, null);
    }) as unknown;
    if (socket instanceof TLSSocket) {
      // Once the connection is refused for its certificate, that cannot be seen any more.
      socket.prependOnceListener('secure', () => (certificate = socket.getPeerX509Certificate()));
    }
  };
}

/**
 * A server refuses the client's certificate only after the handshake, as the client sees it, and then hangs up. Ended here,
 * the connection fails with what the server said rather than with its end.
 */
function endOnAlert(this: TLSSocket, error: NodeJS.ErrnoException): void {
  if (error.code?.startsWith('ERR_SSL_') === true) this.destroy();
}

/** A proxy to connect through. */
export interface Tunnel {
  proxy: URL;
  headers: Record<string, string[]>;
  /** Makes the connection to the proxy. */
  toProxy: Connector;
  /** Makes the connection to the server, over the one to the proxy where the server speaks TLS. */
  toServer: Connector;
  timeoutMs: number;
}

/** Connects to the server through a proxy, with CONNECT or SOCKS5. */
export function tunnelConnector(tunnel: Tunnel): Connector {
  const {proxy, toProxy, toServer, timeoutMs} = tunnel;
  const isSocks = proxy.protocol.startsWith('socks');
  return (options, callback) => {
    const port = options.port === '' ? (options.protocol === 'https:' ? '443' : '80') : options.port;
    const reach = (socket: Socket): Promise<void> =>
      isSocks
        ? socksRequest(socket, proxy, unbracketed(options.hostname), Number(port))
        : connectRequest(socket, tunnel, `${options.hostname}:${port}`);
    const finish = (failure: Error | null, socket: Socket): void => {
      if (failure !== null) callback(failure, null);
      else if (options.protocol !== 'https:') callback(null, socket);
      else toServer({...options, httpSocket: socket as TLSSocket}, callback);
    };
    toProxy(proxyOptions(proxy), (...[error, socket]: Parameters<Callback>) => {
      if (error !== null) {
        const words = wordsOf(error, proxy.hostname, proxy.host);
        callback(Object.assign(new ConnectError(`proxyconnect tcp: ${words}`), {cause: error}), null);
        return;
      }
      const timer = setTimeout(
        () => socket.destroy(new ConnectError(`proxyconnect tcp: ${proxy.host}: i/o timeout`)),
        Math.min(timeoutMs, timerMsMax),
      );
      void reach(socket)
        .then(
          () => null,
          (cause: unknown) => cause as Error,
        )
        .then((failure) => {
          clearTimeout(timer);
          if (failure !== null) socket.destroy();
          finish(failure, socket);
        });
    });
  };
}

function unbracketed(hostname: string): string {
  return hostname.replaceAll(/^\[|\]$/g, '');
}

function proxyOptions(proxy: URL): ConnectOptions {
  const isSecure = proxy.protocol === 'https:';
  const usual = proxy.protocol.startsWith('socks') ? '1080' : isSecure ? '443' : '80';
  return {
    hostname: unbracketed(proxy.hostname),
    host: proxy.host,
    protocol: isSecure ? 'https:' : 'http:',
    port: proxy.port === '' ? usual : proxy.port,
  };
}

const headBytesMax = 65_536;

/** Asks an HTTP proxy for a connection. */
async function connectRequest(socket: Socket, {proxy, headers}: Tunnel, target: string): Promise<void> {
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
  for (const [name, values] of Object.entries(headers))
    for (const value of values) lines.push(`${name}: ${value}`);
  const authorization = proxyAuthorization(proxy);
  if (authorization !== null) lines.push(`Proxy-Authorization: ${authorization}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const head = await expect(socket, (bytes) => {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0 && bytes.length > headBytesMax)
      throw new ConnectError('proxyconnect tcp: the answer of the proxy has too large a head');
    return end < 0 ? null : end + 4;
  });
  const [, status, text] = /^HTTP\/1\.[01] (\d{3}) ?([^\r\n]*)/.exec(head.toString('latin1')) ?? [];
  if (status === '200') return;
  const shown = status === undefined ? 'it does not speak HTTP' : `${status} ${text}`.trimEnd();
  throw new ConnectError(
    `proxyconnect tcp: the proxy ${proxy.host} refused to connect to ${target}: ${shown}`,
  );
}

/** Of a proxy whose URL has a user; null where it has none. */
export function proxyAuthorization({username, password}: URL): string | null {
  if (username === '' && password === '') return null;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
