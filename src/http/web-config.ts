// The file of --web.config.file: TLS, HTTP and users of a server. The fields are those of prometheus/exporter-toolkit.

import {readFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {createSecureContext} from 'node:tls';
import type * as z from 'zod';
import {assert} from '../base/assert.ts';
import {quoteGo} from '../base/quote.ts';
import {isNullNode} from '../base/yaml-resolve.ts';
import {parseYaml, placeOf, YamlError} from '../base/yaml.ts';
import {
  boolean,
  choice,
  dictionary,
  type Field,
  integer,
  list,
  optionalSection,
  scalarField,
  secret,
  section,
  text,
} from '../model/fields.ts';
import {ConfigError, ProblemList} from '../model/problems.ts';
import {type Complain, joinDirectory} from './config-parts.ts';
import {wordsOfFile} from './file-errors.ts';
import type {TlsVersion} from './tls-config.ts';

const clientAuths = [
  '',
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'RequireClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
];

const tlsVersion: Field<TlsVersion | ''> = choice(
  ['TLS10', 'TLS11', 'TLS12', 'TLS13'],
  (wrong) => `unknown TLS version: ${wrong}`,
);

export type WebCurve = 'CurveP256' | 'CurveP384' | 'CurveP521' | 'X25519';

const curve: Field<WebCurve | ''> = choice(
  ['CurveP256', 'CurveP384', 'CurveP521', 'X25519'],
  (wrong) => `unknown curve: ${wrong}`,
);

/** Ciphers that Go knows by these names and thinks safe. */
const cipherNames: ReadonlySet<string> = new Set([
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
]);

const cipher: Field<string> = scalarField('string', '', (scalar) => {
  if (!cipherNames.has(scalar.text)) throw new SyntaxError(`unknown cipher: ${scalar.text}`);
  return scalar.text;
});

/** A duration as Go writes it: 1s, 500ms, 1h30m. */
const goDuration: Field<string> = scalarField('string', '0s', (scalar) => {
  if (!/^(?:0|[-+]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/.test(scalar.text))
    throw new SyntaxError(`time: invalid duration ${quoteGo(scalar.text)}`);
  return scalar.text;
});

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

function goDurationMs(text: string): number {
  let ms = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(count) * unitMs[unit]!;
  return text.startsWith('-') ? -ms : ms;
}

const webFields = section(() => ({
  tls_server_config: optionalSection(
    section(() => ({
      cert: text.default(''),
      key: secret.default(''),
      client_ca: text.default(''),
      cert_file: text.default(''),
      key_file: text.default(''),
      client_auth_type: text.default(''),
      client_ca_file: text.default(''),
      cipher_suites: list(cipher).default([]),
      curve_preferences: list(curve).default([]),
      min_version: tlsVersion.default('TLS12'),
      max_version: tlsVersion.default('TLS13'),
      prefer_server_cipher_suites: boolean.default(true),
      client_allowed_sans: list(text).default([]),
    })),
  ).default(null),
  http_server_config: optionalSection(
    section(() => ({http2: boolean.default(true), headers: dictionary(text).default(new Map())})),
  ).default(null),
  rate_limit: optionalSection(
    section(() => ({burst: integer.default(0), interval: goDuration.default('0s')})),
  ).default(null),
  basic_auth_users: dictionary(secret).default(new Map()),
}));

type WebFields = z.output<typeof webFields>;

/** Headers that may be set, with the values that some of them are limited to. */
const headers: Record<string, readonly string[]> = {
  'Strict-Transport-Security': [],
  'X-Content-Type-Options': ['nosniff'],
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-XSS-Protection': [],
  'Content-Security-Policy': [],
};

/** What such a file says. */
export interface WebConfig {
  /** null = what is listened for is plain HTTP. */
  readonly tls: WebTls | null;
  readonly http2: boolean;
  /** Of all answers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rateLimit: WebRateLimit | null;
  /** Hashes of passwords by user; empty = everybody may come in. */
  readonly users: ReadonlyMap<string, string>;
}

export interface WebRateLimit {
  /** One more request may come after each interval, and so many at once. */
  readonly intervalMs: number;
  readonly burst: number;
}

/** Of the texts and the files of the same, the file counts. '' = not there. */
export interface WebTls {
  readonly cert: string;
  readonly certFile: string;
  readonly key: string;
  readonly keyFile: string;
  readonly clientCa: string;
  readonly clientCaFile: string;
  readonly clientAuth: string;
  /** In Go's names; empty = those that are usual. */
  readonly ciphers: readonly string[];
  readonly curves: readonly (WebCurve | '')[];
  readonly minVersion: TlsVersion | '';
  readonly maxVersion: TlsVersion | '';
  readonly prefersServerCiphers: boolean;
  /** Empty = whatever they are. */
  readonly clientNames: readonly string[];
}

/** Reads such a file, and none that it names. Throws ConfigError, or an Error where the file cannot be read. */
export function readWebConfig(file: string): WebConfig {
  const {fields, problems} = readFields(file);
  if (fields !== null) checkHeaders(fields, (path, message) => problems.add(path, message));
  problems.check();
  assert(fields !== null, 'what has no problems was read');
  return {
    tls: tlsOf(fields.tls_server_config, dirname(file)),
    http2: fields.http_server_config?.http2 ?? true,
    headers: headersOf(fields),
    rateLimit: rateLimitOf(fields.rate_limit),
    users: fields.basic_auth_users,
  };
}

/** As they are sent: the bytes of their UTF-8 as characters, on one line. */
function headersOf({http_server_config: http}: WebFields): WebConfig['headers'] {
  const texts = [...(http?.headers ?? [])].map(([name, value]) => {
    const bytes = Buffer.from(value.trim()).toString('latin1');
    return [name, bytes.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, ' ')] as const;
  });
  return Object.fromEntries(texts);
}

function tlsOf(tls: WebFields['tls_server_config'], directory: string): WebTls | null {
  if (tls === null || !isEnabled(tls)) return null;
  const fileOf = (name: string): string => (name === '' ? '' : joinDirectory(directory, name));
  return {
    cert: tls.cert,
    certFile: fileOf(tls.cert_file),
    key: tls.key,
    keyFile: fileOf(tls.key_file),
    clientCa: tls.client_ca,
    clientCaFile: fileOf(tls.client_ca_file),
    clientAuth: tls.client_auth_type,
    ciphers: tls.cipher_suites,
    curves: tls.curve_preferences,
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
    prefersServerCiphers: tls.prefer_server_cipher_suites,
    clientNames: tls.client_allowed_sans,
  };
}

function rateLimitOf(limit: WebFields['rate_limit']): WebRateLimit | null {
  if (limit === null) return null;
  const intervalMs = goDurationMs(limit.interval);
  return intervalMs === 0 ? null : {intervalMs, burst: limit.burst};
}

/** Reads such a file and everything that it names. Throws ConfigError, or an Error where the file cannot be read. */
export function checkWebConfig(file: string): void {
  const {fields, problems} = readFields(file);
  if (fields !== null) checkFields(fields, dirname(file), (path, message) => problems.add(path, message));
  problems.check();
}

/** The same of what it says of TLS. */
export function checkWebTls(file: string): void {
  const {fields, problems} = readFields(file);
  const tls = fields?.tls_server_config ?? null;
  if (tls !== null)
    checkTls(tls, dirname(file), (path, message) => problems.add(['tls_server_config', ...path], message));
  problems.check();
}

/** `fields` is null where there are problems. */
function readFields(file: string): {fields: WebFields | null; problems: ProblemList} {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(wordsOfFile(cause, file), {cause});
  }
  const {root, problems: found} = parseWebYaml(content, file);
  const problems = new ProblemList(file, content, root);
  for (const {offset, message} of found) problems.addAt(offset, message);
  if (root === null) return {fields: found.length === 0 ? noFields : null, problems};
  if (isNullNode(root)) return {fields: noFields, problems};
  const read = webFields.safeParse(root);
  if (!read.success) problems.addIssues([], read.error);
  return {fields: read.data ?? null, problems};
}

const noFields: WebFields = {
  tls_server_config: null,
  http_server_config: null,
  rate_limit: null,
  basic_auth_users: new Map(),
};

function parseWebYaml(content: string, file: string): ReturnType<typeof parseYaml> {
  try {
    return parseYaml(content);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = placeOf(content, error.offset);
    throw new ConfigError(file, [{path: [], message: `yaml: ${error.message}`, ...place}]);
  }
}

function checkFields(fields: WebFields, directory: string, complain: Complain): void {
  for (const [user, hash] of fields.basic_auth_users) {
    const complaint = complainOfHash(hash);
    if (complaint !== null) complain(['basic_auth_users', user], complaint);
  }
  checkHeaders(fields, complain);
  const tls = fields.tls_server_config;
  if (tls !== null)
    checkTls(tls, directory, (path, message) => complain(['tls_server_config', ...path], message));
}

function checkHeaders(fields: WebFields, complain: Complain): void {
  for (const [name, value] of fields.http_server_config?.headers ?? []) {
    const values = Object.hasOwn(headers, name) ? headers[name] : undefined;
    const path = ['http_server_config', 'headers', name];
    if (values === undefined) complain(path, `HTTP header ${quoteGo(name)} can not be configured`);
    else if (values.length > 0 && !values.includes(value))
      complain(
        path,
        `invalid value for ${name}. Expected one of: [${values.map(quoteGo).join(' ')}], but got: ${quoteGo(value)}`,
      );
  }
}

/** What is wrong with a hash of a password, in the words of Go's bcrypt, or null. */
function complainOfHash(hash: string): string | null {
  if (hash.length < 59) return 'crypto/bcrypt: hashedSecret too short to be a bcrypted password';
  if (!hash.startsWith('$'))
    return `crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with '${hash[0]}'`;
  if (hash[1]! > '2')
    return `crypto/bcrypt: bcrypt algorithm version '${hash[1]}' requested is newer than current version '2'`;
  const [, cost] = /^\$2[a-z]?\$(\d\d)\$/.exec(hash) ?? [];
  if (cost === undefined) return 'crypto/bcrypt: the cost of a bcrypted password is two digits';
  if (Number(cost) < 4 || Number(cost) > 31)
    return `crypto/bcrypt: cost ${Number(cost)} is outside allowed inclusive range 4..31`;
  return null;
}

type TlsFields = NonNullable<WebFields['tls_server_config']>;

function isEnabled(tls: TlsFields): boolean {
  return [
    tls.cert,
    tls.cert_file,
    tls.key,
    tls.key_file,
    tls.client_ca,
    tls.client_ca_file,
    tls.client_auth_type,
  ].some((each) => each !== '');
}

function checkTls(tls: TlsFields, directory: string, complain: Complain): void {
  if (!isEnabled(tls)) return;
  const {client_auth_type: clientAuth} = tls;
  if (!clientAuths.includes(clientAuth)) complain(['client_auth_type'], `invalid ClientAuth: ${clientAuth}`);
  const hasAuthority = tls.client_ca !== '' || tls.client_ca_file !== '';
  if (hasAuthority && (clientAuth === '' || clientAuth === 'NoClientCert'))
    complain(['client_auth_type'], "client CA's have been configured without a Client Auth Policy");
  if (tls.cert === '' && tls.cert_file === '') complain([], 'missing one of cert or cert_file');
  else if (tls.key === '' && tls.key_file === '') complain([], 'missing one of key or key_file');
  else checkPair(tls, directory, complain);
  if (tls.client_ca_file !== '')
    readOrComplain(tls.client_ca_file, directory, 'client_ca_file', '', complain);
}

function checkPair(tls: TlsFields, directory: string, complain: Complain): void {
  const read = (name: 'cert_file' | 'key_file'): string | null =>
    readOrComplain(tls[name], directory, name, `failed to read ${name} `, complain);
  const cert = tls.cert_file === '' ? tls.cert : read('cert_file');
  const key = tls.key_file === '' ? tls.key : read('key_file');
  if (cert === null || key === null) return;
  try {
    createSecureContext({cert, key});
  } catch (error) {
    const {reason = (error as Error).message} = error as {reason?: string};
    complain([tls.cert_file === '' ? 'cert' : 'cert_file'], `failed to load X509KeyPair: tls: ${reason}`);
  }
}

function readOrComplain(
  name: string,
  directory: string,
  field: string,
  complaint: string,
  complain: Complain,
): string | null {
  const file = joinDirectory(directory, name);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const words = wordsOfFile(error, file);
    complain([field], complaint === '' ? words : `${complaint}(${file}): ${words}`);
    return null;
  }
}
