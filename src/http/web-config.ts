// The file of --web.config.file: TLS, HTTP and users of a server. The fields are those of prometheus/exporter-toolkit.

import {readFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {createSecureContext} from 'node:tls';
import type * as z from 'zod';
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

const clientAuths = [
  '',
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'RequireClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
];

const tlsVersion = choice(['TLS10', 'TLS11', 'TLS12', 'TLS13'], (wrong) => `unknown TLS version: ${wrong}`);

const curve = choice(['CurveP256', 'CurveP384', 'CurveP521', 'X25519'], (wrong) => `unknown curve: ${wrong}`);

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

const webFields = section({
  tls_server_config: optionalSection(
    section({
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
    }),
  ).default(null),
  http_server_config: optionalSection(
    section({http2: boolean.default(true), headers: dictionary(text).default(new Map())}),
  ).default(null),
  rate_limit: optionalSection(
    section({burst: integer.default(0), interval: goDuration.default('0s')}),
  ).default(null),
  basic_auth_users: dictionary(secret).default(new Map()),
});

type WebFields = z.output<typeof webFields>;

/** Headers that may be set, with the values that some of them are limited to. */
const headers: Record<string, readonly string[]> = {
  'Strict-Transport-Security': [],
  'X-Content-Type-Options': ['nosniff'],
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-XSS-Protection': [],
  'Content-Security-Policy': [],
};

/** Reads such a file and everything that it names. Throws ConfigError, or an Error where the file cannot be read. */
export function checkWebConfig(file: string): void {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(wordsOfFile(cause, file), {cause});
  }
  const {root, problems: found} = parseWebYaml(content, file);
  const problems = new ProblemList(file, content, root);
  for (const {offset, message} of found) problems.addAt(offset, message);
  if (root !== null && !isNullNode(root)) {
    const fields = webFields.safeParse(root);
    if (fields.success)
      checkFields(fields.data, dirname(file), (path, message) => problems.add(path, message));
    else problems.addIssues([], fields.error);
  }
  problems.check();
}

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
  const tls = fields.tls_server_config;
  if (tls !== null)
    checkTls(tls, directory, (path, message) => complain(['tls_server_config', ...path], message));
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

function checkTls(tls: TlsFields, directory: string, complain: Complain): void {
  const isEnabled = [
    tls.cert,
    tls.cert_file,
    tls.key,
    tls.key_file,
    tls.client_ca,
    tls.client_ca_file,
    tls.client_auth_type,
  ].some((each) => each !== '');
  if (!isEnabled) return;
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
