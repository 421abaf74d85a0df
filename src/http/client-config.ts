// How to talk to an HTTP server that somebody configures: targets, alertmanagers, remote endpoints. The fields are those
// of prometheus/common's HTTPClientConfig, which stand among the fields of the section that uses them.

import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import type {YamlMap} from '../base/yaml-write.ts';
import {boolean, optionalSection, secret, section, text} from '../model/fields.ts';
import {type Complain, givenOf, hide, joinDirectory, linesOf, secretReference} from './config-parts.ts';
import {type HeaderConfig, headersField, readHeaders} from './headers-config.ts';
import {type OAuth2Config, oauth2Fields, readOAuth2} from './oauth2-config.ts';
import {type ProxyConfig, proxyShape, readProxy} from './proxy-config.ts';
import {readTls, type TlsClientConfig, tlsFields} from './tls-config.ts';

export {type Complain, hidden, joinDirectory, linesOf} from './config-parts.ts';
export type {TlsClientConfig} from './tls-config.ts';

export interface BasicAuth {
  username: string;
  usernameFile?: string;
  password?: string;
  passwordFile?: string;
}

/** An Authorization header other than basic. */
export interface Authorization {
  /** 'Bearer' by default. */
  type: string;
  credentials?: string;
  credentialsFile?: string;
}

/** Plain data: it travels between threads. */
export interface HttpClientConfig {
  basicAuth?: BasicAuth;
  authorization?: Authorization;
  oauth2?: OAuth2Config;
  tls?: TlsClientConfig;
  proxy?: ProxyConfig;
  /** Added to those that requests have anyway. */
  httpHeaders?: Record<string, HeaderConfig>;
  followRedirects: boolean;
  /** Whether servers may choose HTTP/2, which they can over TLS; yes by default. */
  enableHttp2?: boolean;
}

/** To be spread into the shape of the section that talks HTTP. */
export const httpClientShape = {
  basic_auth: optionalSection(
    section(() => ({
      username: text.default(''),
      username_file: text.default(''),
      username_ref: secretReference.optional(),
      password: secret.default(''),
      password_file: text.default(''),
      password_ref: secretReference.optional(),
    })),
  ).default(null),
  authorization: optionalSection(
    section(() => ({
      type: text.default(''),
      credentials: secret.default(''),
      credentials_file: text.default(''),
      credentials_ref: secretReference.optional(),
    })),
  ).default(null),
  oauth2: optionalSection(oauth2Fields).default(null),
  bearer_token: secret.default(''),
  bearer_token_file: text.default(''),
  tls_config: optionalSection(tlsFields).default(null),
  follow_redirects: boolean.default(true),
  enable_http2: boolean.default(true),
  ...proxyShape,
  http_headers: headersField.default(new Map()),
} as const;

export type HttpClientFields = {
  [Name in keyof typeof httpClientShape]: z.output<(typeof httpClientShape)[Name]>;
};

export interface ReadHttpClient {
  config: HttpClientConfig;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

/** Checks what the fields say together, and resolves files against `directory`. */
export function readHttpClient(
  fields: HttpClientFields,
  directory: string,
  complain: Complain,
): ReadHttpClient {
  checkAuthentication(fields, complain);
  const below =
    (name: string): Complain =>
    (path, message) =>
      complain([name, ...path], message);
  const basic = fields.basic_auth === null ? null : readBasicAuth(fields.basic_auth, directory);
  const authorization = readAuthorization(fields, directory);
  const oauth2 = fields.oauth2 === null ? null : readOAuth2(fields.oauth2, directory, below('oauth2'));
  const tls = readTls(fields.tls_config, directory, below('tls_config'));
  const proxy = readProxy(fields, complain);
  const headers = readHeaders(fields.http_headers, directory, below('http_headers'));
  return {
    config: {
      followRedirects: fields.follow_redirects,
      ...(!fields.enable_http2 && {enableHttp2: false}),
      ...(basic !== null && {basicAuth: basic.config}),
      ...(authorization !== null && {authorization: authorization.config}),
      ...(oauth2 !== null && {oauth2: oauth2.config}),
      ...(tls !== null && {tls: tls.config}),
      ...(proxy.config !== null && {proxy: proxy.config}),
      ...(headers.document.size > 0 && {httpHeaders: headers.config}),
    },
    document: new Map([
      // An empty section for basic authentication is shown, as in Go.
      ...(basic === null ? [] : new Map([['basic_auth', basic.document]])),
      ...linesOf({
        authorization: authorization?.document ?? '',
        oauth2: oauth2?.document ?? '',
        tls_config: tls?.document ?? '',
        follow_redirects: fields.follow_redirects,
        enable_http2: fields.enable_http2,
      }),
      ...proxy.document,
      ...linesOf({http_headers: headers.document}),
    ]),
  };
}

function readBasicAuth(
  fields: NonNullable<HttpClientFields['basic_auth']>,
  directory: string,
): {config: BasicAuth; document: YamlMap} {
  const {username, password} = fields;
  const usernameFile = joinDirectory(directory, fields.username_file);
  const passwordFile = joinDirectory(directory, fields.password_file);
  return {
    config: {username, ...givenOf({usernameFile, password, passwordFile})},
    document: linesOf({
      username,
      username_file: usernameFile,
      password: hide(password),
      password_file: passwordFile,
    }),
  };
}

/** The older bearer_token fields mean the same as authorization. */
function readAuthorization(
  fields: HttpClientFields,
  directory: string,
): {config: Authorization; document: YamlMap} | null {
  const older = fields.bearer_token !== '' || fields.bearer_token_file !== '';
  const given = fields.authorization;
  if (given === null && !older) return null;
  const credentials = given?.credentials ?? fields.bearer_token;
  const credentialsFile = joinDirectory(directory, given?.credentials_file ?? fields.bearer_token_file);
  const trimmed = (given?.type ?? '').trim();
  const type = trimmed === '' ? 'Bearer' : trimmed;
  return {
    config: {type, ...givenOf({credentials, credentialsFile})},
    document: linesOf({type, credentials: hide(credentials), credentials_file: credentialsFile}),
  };
}

function checkAuthentication(fields: HttpClientFields, complain: Complain): void {
  const {basic_auth: basic, authorization, bearer_token: token, bearer_token_file: tokenFile} = fields;
  const older = token !== '' || tokenFile !== '';
  if (token !== '' && tokenFile !== '')
    complain(['bearer_token_file'], 'at most one of bearer_token & bearer_token_file must be configured');
  const {oauth2} = fields;
  if ((basic !== null || oauth2 !== null) && older)
    complain(
      [basic === null ? 'oauth2' : 'basic_auth'],
      'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
    );
  if (basic !== null && basic.username !== '' && basic.username_file !== '')
    complain(
      ['basic_auth', 'username_file'],
      'at most one of basic_auth username, username_file & username_ref must be configured',
    );
  if (basic !== null && basic.password !== '' && basic.password_file !== '')
    complain(
      ['basic_auth', 'password_file'],
      'at most one of basic_auth password, password_file & password_ref must be configured',
    );
  if (basic !== null && oauth2 !== null)
    complain(['oauth2'], 'at most one of basic_auth, oauth2 & authorization must be configured');
  if (authorization === null) return;
  if (older)
    complain(['authorization'], 'authorization is not compatible with bearer_token & bearer_token_file');
  if (authorization.credentials !== '' && authorization.credentials_file !== '')
    complain(
      ['authorization', 'credentials_file'],
      'at most one of authorization credentials & credentials_file must be configured',
    );
  if (authorization.type.trim().toLowerCase() === 'basic')
    complain(
      ['authorization', 'type'],
      `authorization type cannot be set to ${quoteGo('basic')}, use ${quoteGo('basic_auth')} instead`,
    );
  if (basic !== null || oauth2 !== null)
    complain(['authorization'], 'at most one of basic_auth, oauth2 & authorization must be configured');
}
