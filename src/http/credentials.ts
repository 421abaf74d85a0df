// What the configuration adds to the headers of requests: credentials and http_headers.

import type {HttpClientConfig} from './client-config.ts';
import type {HeaderConfig} from './headers-config.ts';
import {OAuth2Tokens} from './oauth2.ts';
import {Secret} from './secret-file.ts';

export type Headers = Record<string, string | string[]>;

/** Headers that are never for another host than the one that was asked. */
const sensitive: ReadonlySet<string> = new Set([
  'authorization',
  'www-authenticate',
  'cookie',
  'cookie2',
  'proxy-authorization',
  'proxy-authenticate',
]);

/** The headers of one client; files with secrets are read again now and then. */
export class Credentials {
  readonly #authorization: (() => string) | null;
  readonly #tokens: OAuth2Tokens | null;
  readonly #added: readonly AddedHeader[];

  constructor(config: HttpClientConfig, monotonic: () => number) {
    this.#authorization = authorizationOf(config, monotonic);
    this.#tokens = config.oauth2 === undefined ? null : new OAuth2Tokens(config.oauth2, monotonic);
    this.#added = Object.entries(config.httpHeaders ?? {}).map(
      ([name, header]) => new AddedHeader(name, header, monotonic),
    );
  }

  /** To be awaited before `addTo`; null where nothing has to be fetched. Throws why there is no token. */
  prepare(): Promise<void> | null {
    return this.#tokens?.prepare() ?? null;
  }

  /** The headers with the credentials among them, where there are any. An authorization that is there already stays. */
  addTo(headers: Headers): Headers {
    const added = this.addPublicTo(headers, false);
    const {authorization: own} = headers;
    if (this.#tokens !== null) return {...added, authorization: this.#tokens.authorization};
    if (this.#authorization === null || own !== undefined) return added;
    return {...added, authorization: this.#authorization()};
  }

  /** The headers with those of http_headers; secrets are left out once the request has left the host. */
  addPublicTo(headers: Headers, leftHost = true): Headers {
    if (this.#added.length === 0) return headers;
    const all: Headers = {...headers};
    for (const header of this.#added) {
      const values = header.values(leftHost);
      if (values.length === 0) continue;
      const before = all[header.name] ?? [];
      all[header.name] = [...(Array.isArray(before) ? before : [before]), ...values];
    }
    return all;
  }

  async close(): Promise<void> {
    await this.#tokens?.close();
  }
}

class AddedHeader {
  readonly name: string;
  readonly #public: readonly string[];
  readonly #secrets: readonly string[];
  readonly #files: readonly Secret[];

  constructor(name: string, {values, secrets, files}: HeaderConfig, monotonic: () => number) {
    this.name = name.toLowerCase();
    this.#public = sensitive.has(this.name) ? [] : values;
    this.#secrets = sensitive.has(this.name) ? [...values, ...secrets] : secrets;
    this.#files = files.map((file) => new Secret(undefined, file, monotonic));
  }

  values(leftHost: boolean): readonly string[] {
    if (leftHost || (this.#secrets.length === 0 && this.#files.length === 0)) return this.#public;
    return [...this.#public, ...this.#secrets, ...this.#files.map((file) => this.#textOf(file))];
  }

  #textOf(file: Secret): string {
    return explained('unable to read headers file', () => file.text);
  }
}

function authorizationOf(config: HttpClientConfig, monotonic: () => number): (() => string) | null {
  const {basicAuth, authorization} = config;
  if (basicAuth !== undefined) {
    const username = new Secret(basicAuth.username, basicAuth.usernameFile, monotonic);
    const password = new Secret(basicAuth.password, basicAuth.passwordFile, monotonic);
    return () => {
      const name = explained('unable to read basic auth username', () => username.text);
      const secret = explained('unable to read basic auth password', () => password.text);
      return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
    };
  }
  if (authorization === undefined) return null;
  const credentials = new Secret(authorization.credentials, authorization.credentialsFile, monotonic);
  return () =>
    `${authorization.type} ${explained('unable to read authorization credentials', () => credentials.text)}`;
}

function explained(what: string, read: () => string): string {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${what}: ${(cause as Error).message}`, {cause});
  }
}

/** Whether credentials for `original` are not for `hostname`, too: they are for its subdomains, but for nobody else. */
export function leavesHost(hostname: string, original: string): boolean {
  if (hostname === original) return false;
  // An address has no subdomains.
  return original === '' || /[:%[]/.test(hostname) || !hostname.endsWith(`.${original}`);
}
