// Tokens of OAuth 2: fetched from a token server with the client's credentials (RFC 6749, section 4.4), or with an
// assertion that it signs (RFC 7523).

import {createSign, randomUUID} from 'node:crypto';
import {quoteGo} from '../base/quote.ts';
import {exchange, type HttpAnswer} from './exchange.ts';
import {userAgent} from './user-agent.ts';
import type {OAuth2Config, OAuth2Grant} from './oauth2-config.ts';
import {Secret} from './secret-file.ts';
import {Transport} from './transport.ts';

const connectMsMax = 10_000;
const fetchMsMax = 30_000;
const bodyBytesMax = 1 << 20;
/** A token is replaced so long before it ends. */
const expiryMarginMs = 10_000;
const assertionLifeSeconds = 600;

interface Token {
  authorization: string;
  /** On the monotonic clock. */
  endsAt: number;
  /** That it was fetched with. */
  secret: string;
}

export class OAuth2Tokens {
  readonly #config: OAuth2Config;
  readonly #monotonic: () => number;
  readonly #transport: Transport;
  readonly #secret: Secret;
  #token: Token | null = null;
  #fetching: Promise<void> | null = null;
  /** How the server wants the client's credentials; null = not known yet. */
  #sendsInHeader: boolean | null = null;

  constructor(config: OAuth2Config, monotonic: () => number) {
    this.#config = config;
    this.#monotonic = monotonic;
    this.#transport = new Transport(config, {monotonic, connectTimeoutMs: connectMsMax});
    const {grant} = config;
    this.#secret =
      grant.type === 'jwt-bearer'
        ? new Secret(grant.key, grant.keyFile, monotonic)
        : new Secret(grant.secret, grant.secretFile, monotonic);
  }

  /** Of the last token. */
  get authorization(): string {
    return this.#token?.authorization ?? '';
  }

  /** Fetches a token where there is none that is good; null where there is. Throws why there is none. */
  prepare(): Promise<void> | null {
    let secret: string;
    try {
      secret = this.#secret.text;
    } catch (cause) {
      return Promise.reject(
        new Error(`unable to read oauth2 client secret: ${(cause as Error).message}`, {cause}),
      );
    }
    const token = this.#token;
    if (token !== null && token.secret === secret && token.endsAt - expiryMarginMs > this.#monotonic())
      return null;
    this.#fetching ??= this.#fetch(secret).finally(() => (this.#fetching = null));
    return this.#fetching;
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #fetch(secret: string): Promise<void> {
    const {grant} = this.#config;
    const answer =
      grant.type === 'jwt-bearer'
        ? await this.#post(this.#assertionParameters(grant, secret), null).catch((cause: unknown) => {
            throw new Error(`oauth2: cannot fetch token: ${(cause as Error).message}`, {cause});
          })
        : await this.#askWithSecret(secret);
    const token = readToken(answer);
    this.#token = {...token, endsAt: this.#monotonic() + token.lifeMs, secret};
  }

  /** Servers differ in where they want the client's credentials: in a header, as they should, or among the parameters. */
  async #askWithSecret(secret: string): Promise<HttpAnswer> {
    const inHeader = this.#sendsInHeader ?? true;
    const first = await this.#attempt(secret, inHeader);
    if (isToken(first) || this.#sendsInHeader !== null) {
      if (isToken(first)) this.#sendsInHeader = inHeader;
      return first;
    }
    const second = await this.#attempt(secret, false);
    if (isToken(second)) this.#sendsInHeader = false;
    return second;
  }

  #attempt(secret: string, inHeader: boolean): Promise<HttpAnswer> {
    const {clientId, scopes, endpointParams} = this.#config;
    const parameters = new URLSearchParams({grant_type: 'client_credentials'});
    if (scopes.length > 0) parameters.set('scope', scopes.join(' '));
    for (const [name, value] of Object.entries(endpointParams)) {
      // Only the grant may be another, for servers with words of their own.
      if (parameters.has(name) && name !== 'grant_type')
        throw new Error(`oauth2: cannot overwrite parameter ${quoteGo(name)}`);
      parameters.set(name, value);
    }
    if (inHeader) {
      const pair = `${queryEscape(clientId)}:${queryEscape(secret)}`;
      return this.#post(parameters, `Basic ${Buffer.from(pair).toString('base64')}`);
    }
    parameters.set('client_id', clientId);
    if (secret !== '') parameters.set('client_secret', secret);
    return this.#post(parameters, null);
  }

  #assertionParameters(grant: OAuth2Grant & {type: 'jwt-bearer'}, key: string): URLSearchParams {
    const {clientId, tokenUrl, scopes, endpointParams} = this.#config;
    const scope = scopes.join(' ');
    const seconds = Math.floor(Date.now() / 1000);
    const claims = {
      iss: grant.issuer,
      sub: clientId,
      jti: randomUUID(),
      aud: grant.audience === '' ? tokenUrl : grant.audience,
      iat: seconds,
      exp: seconds + assertionLifeSeconds,
      ...(scope !== '' && {scope}),
      ...grant.claims,
    };
    const parameters = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: signAssertion(grant, claims, key),
    });
    if (scope !== '') parameters.set('scope', scope);
    for (const [name, value] of Object.entries(endpointParams)) {
      if (parameters.has(name) && name !== 'grant_type')
        throw new Error(`oauth2: cannot overwrite parameter ${quoteGo(name)}`);
      parameters.set(name, value);
    }
    return parameters;
  }

  #post(parameters: URLSearchParams, authorization: string | null): Promise<HttpAnswer> {
    return exchange(this.#transport, {
      target: new URL(this.#config.tokenUrl),
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': userAgent,
        ...(authorization !== null && {authorization}),
      },
      body: parameters.toString(),
      signal: AbortSignal.timeout(fetchMsMax),
      bodyBytesKept: bodyBytesMax,
    });
  }
}

const digests = {RS256: 'RSA-SHA256', RS384: 'RSA-SHA384', RS512: 'RSA-SHA512'} as const;

function signAssertion(grant: OAuth2Grant & {type: 'jwt-bearer'}, claims: unknown, key: string): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = {alg: grant.algorithm, typ: 'JWT', ...(grant.keyId !== '' && {kid: grant.keyId})};
  const signed = `${encode(head)}.${encode(claims)}`;
  try {
    return `${signed}.${createSign(digests[grant.algorithm]).update(signed).sign(key, 'base64url')}`;
  } catch (cause) {
    throw new Error(
      `the client_certificate_key is not an RSA private key in PEM: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

/** As Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return new URLSearchParams({'': text}).toString().slice(1);
}

function isToken(answer: HttpAnswer): boolean {
  try {
    readToken(answer);
    return true;
  } catch {
    return false;
  }
}

function readToken(answer: HttpAnswer): {authorization: string; lifeMs: number} {
  const fields = fieldsOf(answer);
  const text = (name: string): string => {
    const value = fields?.[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const isFailure = answer.status < 200 || answer.status > 299;
  if (isFailure || text('error') !== '') {
    if (text('error') === '')
      throw new Error(
        `oauth2: cannot fetch token: ${answer.status} ${answer.statusText}\nResponse: ${answer.text.slice(0, 1000)}`,
      );
    const words = ['error', 'error_description', 'error_uri'].map(text).filter((word) => word !== '');
    throw new Error(`oauth2: ${words.map(quoteGo).join(' ')}`);
  }
  if (fields === null)
    throw new Error('oauth2: cannot parse json: the answer of the token server is not JSON');
  if (text('access_token') === '') throw new Error('oauth2: server response missing access_token');
  const seconds = Number(text('expires_in'));
  return {
    authorization: `${typeOf(text('token_type'))} ${text('access_token')}`,
    lifeMs: seconds > 0 ? seconds * 1000 : Infinity,
  };
}

/** The fields of an answer: JSON, or a form as some servers send it. null where it is neither. */
function fieldsOf(answer: HttpAnswer): Record<string, unknown> | null {
  const [type = ''] = answer.header('content-type').split(';');
  if (type === 'application/x-www-form-urlencoded' || type === 'text/plain')
    return Object.fromEntries(new URLSearchParams(answer.text));
  try {
    const read: unknown = JSON.parse(answer.text);
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function typeOf(given: string): string {
  const known: Record<string, string> = {'': 'Bearer', bearer: 'Bearer', mac: 'MAC', basic: 'Basic'};
  return known[given.toLowerCase()] ?? given;
}
