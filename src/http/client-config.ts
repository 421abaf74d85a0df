// How to talk to an HTTP server that somebody configures: targets, alertmanagers, remote endpoints. The fields are those
// of prometheus/common's HTTPClientConfig, which stand among the fields of the section that uses them.

import {isAbsolute, join} from 'node:path';
import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import type {YamlMap} from '../base/yaml-write.ts';
import {
  anything,
  boolean,
  choice,
  type Field,
  notYet,
  optionalSection,
  secret,
  section,
  text,
} from '../model/fields.ts';

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

export type TlsVersion = 'TLS10' | 'TLS11' | 'TLS12' | 'TLS13';

export interface TlsClientConfig {
  insecureSkipVerify: boolean;
  /** PEM texts, or the files that hold them. */
  ca?: string;
  caFile?: string;
  cert?: string;
  certFile?: string;
  key?: string;
  keyFile?: string;
  serverName?: string;
  minVersion?: TlsVersion;
  maxVersion?: TlsVersion;
}

export interface HttpClientConfig {
  basicAuth?: BasicAuth;
  authorization?: Authorization;
  tls?: TlsClientConfig;
  followRedirects: boolean;
}

const tlsVersion: Field<TlsVersion | ''> = choice(
  ['TLS10', 'TLS11', 'TLS12', 'TLS13'],
  (wrong) => `unknown TLS version: ${wrong}`,
);

const tlsFields = section({
  ca: text.default(''),
  cert: text.default(''),
  key: secret.default(''),
  ca_file: text.default(''),
  cert_file: text.default(''),
  key_file: text.default(''),
  ca_ref: notYet(text).optional(),
  cert_ref: notYet(text).optional(),
  key_ref: notYet(text).optional(),
  server_name: text.default(''),
  insecure_skip_verify: boolean.default(false),
  min_version: tlsVersion.default(''),
  max_version: tlsVersion.default(''),
});

/** To be spread into the shape of the section that talks HTTP. */
export const httpClientShape = {
  basic_auth: optionalSection(
    section({
      username: text.default(''),
      username_file: text.default(''),
      username_ref: notYet(text).optional(),
      password: secret.default(''),
      password_file: text.default(''),
      password_ref: notYet(text).optional(),
    }),
  ).default(null),
  authorization: optionalSection(
    section({
      type: text.default(''),
      credentials: secret.default(''),
      credentials_file: text.default(''),
      credentials_ref: notYet(text).optional(),
    }),
  ).default(null),
  oauth2: notYet(anything).default(null),
  bearer_token: secret.default(''),
  bearer_token_file: text.default(''),
  tls_config: optionalSection(tlsFields).default(null),
  follow_redirects: boolean.default(true),
  enable_http2: boolean.default(true),
  proxy_url: notYet(text).default(''),
  no_proxy: notYet(text).default(''),
  proxy_from_environment: notYet(boolean).default(false),
  proxy_connect_header: notYet(anything).default(null),
  http_headers: notYet(anything).default(null),
} as const;

export type HttpClientFields = {
  [Name in keyof typeof httpClientShape]: z.output<(typeof httpClientShape)[Name]>;
};
type TlsFields = NonNullable<HttpClientFields['tls_config']>;

/** What is wrong, with the place within the section. */
export type Complain = (path: (string | number)[], message: string) => void;

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
  const document: YamlMap = new Map();
  const config: HttpClientConfig = {followRedirects: fields.follow_redirects};
  if (fields.basic_auth !== null) readBasicAuth(fields.basic_auth, directory, config, document);
  readAuthorization(fields, directory, config, document);
  if (fields.tls_config !== null) readTls(fields.tls_config, directory, complain, config, document);
  document.set('follow_redirects', fields.follow_redirects);
  document.set('enable_http2', fields.enable_http2);
  return {config, document};
}

/** Joins a file to a directory, unless it is absolute or ''. */
export function joinDirectory(directory: string, file: string): string {
  return file === '' || isAbsolute(file) ? file : join(directory, file);
}

/** What is shown instead of a secret. */
export const hidden = '<secret>';

function readBasicAuth(
  fields: NonNullable<HttpClientFields['basic_auth']>,
  directory: string,
  config: HttpClientConfig,
  document: YamlMap,
): void {
  const usernameFile = joinDirectory(directory, fields.username_file);
  const passwordFile = joinDirectory(directory, fields.password_file);
  config.basicAuth = {
    username: fields.username,
    ...(usernameFile !== '' && {usernameFile}),
    ...(fields.password !== '' && {password: fields.password}),
    ...(passwordFile !== '' && {passwordFile}),
  };
  const lines = {
    username: fields.username,
    username_file: usernameFile,
    password: fields.password === '' ? '' : hidden,
    password_file: passwordFile,
  };
  document.set('basic_auth', linesOf(lines));
}

/** The older bearer_token fields mean the same as authorization. */
function readAuthorization(
  fields: HttpClientFields,
  directory: string,
  config: HttpClientConfig,
  document: YamlMap,
): void {
  const older = fields.bearer_token !== '' || fields.bearer_token_file !== '';
  const given = fields.authorization;
  if (given === null && !older) return;
  const credentials = given?.credentials ?? fields.bearer_token;
  const credentialsFile = joinDirectory(directory, given?.credentials_file ?? fields.bearer_token_file);
  const trimmed = (given?.type ?? '').trim();
  const type = trimmed === '' ? 'Bearer' : trimmed;
  config.authorization = {
    type,
    ...(credentials !== '' && {credentials}),
    ...(credentialsFile !== '' && {credentialsFile}),
  };
  const lines = {type, credentials: credentials === '' ? '' : hidden, credentials_file: credentialsFile};
  document.set('authorization', linesOf(lines));
}

function readTls(
  fields: TlsFields,
  directory: string,
  complain: Complain,
  config: HttpClientConfig,
  document: YamlMap,
): void {
  checkTls(fields, (message) => complain(['tls_config'], message));
  const [caFile, certFile, keyFile] = [fields.ca_file, fields.cert_file, fields.key_file].map((file) =>
    joinDirectory(directory, file),
  ) as [string, string, string];
  const lines = {
    ca: fields.ca,
    cert: fields.cert,
    key: fields.key === '' ? '' : hidden,
    ca_file: caFile,
    cert_file: certFile,
    key_file: keyFile,
    server_name: fields.server_name,
    insecure_skip_verify: fields.insecure_skip_verify,
    min_version: fields.min_version,
    max_version: fields.max_version,
  };
  const tls: TlsClientConfig = {
    insecureSkipVerify: fields.insecure_skip_verify,
    ...(fields.ca !== '' && {ca: fields.ca}),
    ...(caFile !== '' && {caFile}),
    ...(fields.cert !== '' && {cert: fields.cert}),
    ...(certFile !== '' && {certFile}),
    ...(fields.key !== '' && {key: fields.key}),
    ...(keyFile !== '' && {keyFile}),
    ...(fields.server_name !== '' && {serverName: fields.server_name}),
    ...(fields.min_version !== '' && {minVersion: fields.min_version}),
    ...(fields.max_version !== '' && {maxVersion: fields.max_version}),
  };
  // As in Go, a section of nothing but zeros counts as absent.
  if (Object.keys(tls).length === 1 && !tls.insecureSkipVerify) return;
  config.tls = tls;
  document.set('tls_config', linesOf(lines));
}

/** Lines of a section; empty texts are left out. */
export function linesOf(fields: Record<string, string | boolean>): YamlMap {
  const lines: YamlMap = new Map();
  for (const [name, value] of Object.entries(fields)) if (value !== '') lines.set(name, value);
  return lines;
}

function checkAuthentication(fields: HttpClientFields, complain: Complain): void {
  const {basic_auth: basic, authorization, bearer_token: token, bearer_token_file: tokenFile} = fields;
  const older = token !== '' || tokenFile !== '';
  if (token !== '' && tokenFile !== '')
    complain(['bearer_token_file'], 'at most one of bearer_token & bearer_token_file must be configured');
  if (basic !== null && older)
    complain(
      ['basic_auth'],
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
  if (basic !== null)
    complain(['authorization'], 'at most one of basic_auth, oauth2 & authorization must be configured');
}

function checkTls(fields: TlsFields, complain: (message: string) => void): void {
  if (fields.ca !== '' && fields.ca_file !== '')
    complain('at most one of ca, ca_file & ca_ref must be configured');
  if (fields.cert !== '' && fields.cert_file !== '')
    complain('at most one of cert, cert_file & cert_ref must be configured');
  if (fields.key !== '' && fields.key_file !== '')
    complain('at most one of key and key_file must be configured');
  const hasCert = fields.cert !== '' || fields.cert_file !== '';
  const hasKey = fields.key !== '' || fields.key_file !== '';
  if (hasCert && !hasKey)
    complain('exactly one of key or key_file must be configured when a client certificate is configured');
  if (hasKey && !hasCert)
    complain('exactly one of cert or cert_file must be configured when a client key is configured');
}
