// Tokens that are fetched from a token server. The fields are those of prometheus/common's OAuth2.

import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import {resolveScalar} from '../base/yaml-resolve.ts';
import {sortedMap, type YamlMap, type YamlValue} from '../base/yaml-write.ts';
import type {YamlNode} from '../base/yaml.ts';
import {dictionary, list, nodeField, optionalSection, secret, section, text} from '../model/fields.ts';
import {type Complain, givenOf, hide, joinDirectory, linesOf, secretReference} from './config-parts.ts';
import {type ProxyConfig, proxyShape, readProxy} from './proxy-config.ts';
import {readTls, type TlsClientConfig, tlsFields} from './tls-config.ts';

/** Credentials of the client itself, or (RFC 7523) an assertion that it signs. */
export type OAuth2Grant =
  | {type: 'client_credentials'; secret?: string; secretFile?: string}
  | {
      type: 'jwt-bearer';
      key?: string;
      keyFile?: string;
      keyId: string;
      algorithm: 'RS256' | 'RS384' | 'RS512';
      issuer: string;
      /** '' = the URL of the token server. */
      audience: string;
      claims: Record<string, unknown>;
    };

export interface OAuth2Config {
  clientId: string;
  grant: OAuth2Grant;
  scopes: string[];
  tokenUrl: string;
  endpointParams: Record<string, string>;
  tls?: TlsClientConfig;
  proxy?: ProxyConfig;
}

export const oauth2Fields = section(() => ({
  client_id: text.default(''),
  client_secret: secret.default(''),
  client_secret_file: text.default(''),
  client_secret_ref: secretReference.optional(),
  client_certificate_key_id: text.default(''),
  client_certificate_key: secret.default(''),
  client_certificate_key_file: text.default(''),
  client_certificate_key_ref: secretReference.optional(),
  grant_type: text.default(''),
  signature_algorithm: text.default(''),
  iss: text.default(''),
  audience: text.default(''),
  claims: dictionary(nodeField, 'map[string]interface {}').default(new Map()),
  scopes: list(text).default([]),
  token_url: text.default(''),
  endpoint_params: dictionary(text).default(new Map()),
  tls_config: optionalSection(tlsFields).default(null),
  ...proxyShape,
}));

type OAuth2Fields = z.output<typeof oauth2Fields>;

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface ReadOAuth2 {
  config: OAuth2Config;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

/** Checks what the fields say together, and resolves files against `directory`. */
export function readOAuth2(fields: OAuth2Fields, directory: string, complain: Complain): ReadOAuth2 {
  checkOAuth2(fields, complain);
  const tls = readTls(fields.tls_config, directory, (path, message) =>
    complain(['tls_config', ...path], message),
  );
  const proxy = readProxy(fields, complain);
  const secretFile = joinDirectory(directory, fields.client_secret_file);
  return {
    config: {
      clientId: fields.client_id,
      grant: grantOf(fields, secretFile),
      scopes: fields.scopes,
      tokenUrl: fields.token_url,
      endpointParams: Object.fromEntries(fields.endpoint_params),
      ...(tls !== null && {tls: tls.config}),
      ...(proxy.config !== null && {proxy: proxy.config}),
    },
    document: new Map([
      ...linesOf({
        client_id: fields.client_id,
        client_secret: hide(fields.client_secret),
        client_secret_file: secretFile,
        client_certificate_key_id: fields.client_certificate_key_id,
        client_certificate_key: hide(fields.client_certificate_key),
        client_certificate_key_file: fields.client_certificate_key_file,
        grant_type: fields.grant_type,
        signature_algorithm: fields.signature_algorithm,
        iss: fields.iss,
        audience: fields.audience,
        claims: sortedMap(new Map([...fields.claims].map(([name, node]) => [name, shownNode(node)]))),
        scopes: fields.scopes,
        token_url: fields.token_url,
        endpoint_params: sortedMap(fields.endpoint_params),
        tls_config: tls?.document ?? '',
      }),
      ...proxy.document,
    ]),
  };
}

function grantOf(fields: OAuth2Fields, secretFile: string): OAuth2Grant {
  if (fields.grant_type !== jwtBearer)
    return {type: 'client_credentials', ...givenOf({secret: fields.client_secret, secretFile})};
  const algorithm = algorithms.find((each) => each === fields.signature_algorithm) ?? 'RS256';
  return {
    type: 'jwt-bearer',
    // As in Prometheus, this file is not relative to the folder of the configuration.
    ...givenOf({key: fields.client_certificate_key, keyFile: fields.client_certificate_key_file}),
    keyId: fields.client_certificate_key_id,
    algorithm,
    issuer: fields.iss === '' ? fields.client_id : fields.iss,
    audience: fields.audience,
    claims: Object.fromEntries([...fields.claims].map(([name, node]) => [name, plainNode(node)])),
  };
}

const algorithms = ['RS256', 'RS384', 'RS512'] as const;

function checkOAuth2(fields: OAuth2Fields, complain: Complain): void {
  if (fields.client_id === '') complain(['client_id'], 'oauth2 client_id must be configured');
  if (fields.token_url === '') complain(['token_url'], 'oauth2 token_url must be configured');
  else if (!/^https?:\/\/[^/]/i.test(fields.token_url) || !URL.canParse(fields.token_url))
    complain(
      ['token_url'],
      `oauth2 token_url must be a URL of http or https, got ${quoteGo(fields.token_url)}`,
    );
  if (fields.grant_type !== jwtBearer) {
    if (fields.client_secret !== '' && fields.client_secret_file !== '')
      complain(
        ['client_secret_file'],
        'at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using grant-type=client_credentials',
      );
    return;
  }
  if (fields.client_certificate_key !== '' && fields.client_certificate_key_file !== '')
    complain(
      ['client_certificate_key_file'],
      `at most one of oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref must be configured using grant-type=${jwtBearer}`,
    );
  const {signature_algorithm: algorithm} = fields;
  if (algorithm !== '' && !(algorithms as readonly string[]).includes(algorithm))
    complain(['signature_algorithm'], 'valid signature algorithms are RS256, RS384 and RS512');
}

function shownNode(node: YamlNode): YamlValue {
  if (node.kind === 'mapping')
    return sortedMap(new Map(node.entries.map(({key, value}) => [key, shownNode(value)])));
  if (node.kind === 'sequence') return node.items.map(shownNode);
  const {value} = resolveScalar(node);
  return typeof value === 'bigint' ? Number(value) : value;
}

function plainNode(node: YamlNode): unknown {
  if (node.kind === 'mapping')
    return Object.fromEntries(node.entries.map(({key, value}) => [key, plainNode(value)]));
  if (node.kind === 'sequence') return node.items.map(plainNode);
  const {value} = resolveScalar(node);
  return typeof value === 'bigint' ? Number(value) : value;
}
