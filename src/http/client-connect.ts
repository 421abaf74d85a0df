// What all requests to configured HTTP servers have in common: TLS, credentials, and the words for what goes wrong.

import {readFileSync} from 'node:fs';
import {buildConnector} from 'undici';
import type {HttpClientConfig} from './client-config.ts';

export const userAgent = 'Prometheus/3.5.0 (compatible; Narthex/0.1.0)';

/** Files with credentials are read again after this time. */
const credentialsFreshMs = 1000;

/** The Authorization header of a client; files with secrets are read again now and then. */
export class Credentials {
  readonly #config: HttpClientConfig;
  readonly #monotonic: () => number;
  #authorization = '';
  #readAt = -Infinity;

  constructor(config: HttpClientConfig, monotonic: () => number) {
    this.#config = config;
    this.#monotonic = monotonic;
  }

  /** The headers with the credentials among them, where there are any. */
  addTo(headers: Record<string, string>): Record<string, string> {
    const {basicAuth, authorization} = this.#config;
    if (basicAuth === undefined && authorization === undefined) return headers;
    const now = this.#monotonic();
    if (now - this.#readAt >= credentialsFreshMs) {
      this.#authorization = authorizationOf(this.#config);
      this.#readAt = now;
    }
    return {...headers, authorization: this.#authorization};
  }
}

function authorizationOf(config: HttpClientConfig): string {
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
export function connectorOf(config: HttpClientConfig, timeoutMs: number): buildConnector.connector {
  const plain = {timeout: timeoutMs, allowH2: false};
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

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** The server closed an idle connection just when it was to be used again. */
export function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error instanceof Error ? error.cause : undefined);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** The words that Prometheus's users know from Go. */
export function describeFailure(error: Error, url: URL, title = 'Get'): Error {
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
  if (inner !== error) return describeFailure(inner, url, title);
  const text = texts[code];
  if (text !== undefined) return new Error(`${title} "${url.href}": ${text}`, {cause: error});
  return new Error(`${title} "${url.href}": ${error.message}`, {cause: error});
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
