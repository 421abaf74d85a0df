// The section `email_configs`.
import type * as z from 'zod';
import {sortedMap, type YamlMap} from '../../base/yaml-write.ts';
import {quoteGo} from '../../base/quote.ts';
import {boolean, dictionary, secret, section, text} from '../../model/fields.ts';
import {formatHostPort, hostPort, type HostPort} from '../fields.ts';
import {readTlsConfig, type ReadTls, tlsConfig} from '../global.ts';
import type {ReadContext} from '../integration.ts';
import {linesOfSection} from './lines.ts';

const noThreading = {enabled: false, thread_by_date: ''};

const shape = {
  send_resolved: boolean.default(false),
  to: text.default(''),
  from: text.default(''),
  hello: text.default(''),
  smarthost: hostPort.default(null),
  auth_username: text.default(''),
  auth_password: secret.default(''),
  auth_password_file: text.default(''),
  auth_secret: secret.default(''),
  auth_secret_file: text.default(''),
  auth_identity: text.default(''),
  headers: dictionary(text).default(new Map()),
  html: text.default('{{ template "email.default.html" . }}'),
  text: text.default(''),
  require_tls: boolean.optional(),
  tls_config: tlsConfig,
  force_implicit_tls: boolean.optional(),
  threading: section(() => ({
    enabled: boolean.default(false),
    thread_by_date: text.default(''),
  })).default(noThreading),
};

export const emailFields = section(() => shape);

export type EmailFields = z.output<typeof emailFields>;

/** With what the global section says. */
export type EmailConfig = EmailFields & {readonly smarthost: HostPort; readonly require_tls: boolean};

export interface ReadEmail {
  readonly config: EmailConfig;
  readonly tls: ReadTls;
  readonly document: YamlMap;
}

export function readEmail(own: EmailFields, context: ReadContext): ReadEmail {
  const {complain} = context;
  const global = context.global.fields;
  if (own.to === '') complain([], 'missing to address in email config');
  const headers = readHeaders(own, context);
  checkThreading(own, headers, context);
  const hasPassword = own.auth_password !== '' || own.auth_password_file !== '';
  const hasSecret = own.auth_secret !== '' || own.auth_secret_file !== '';
  const smarthost = own.smarthost ?? global.smtp_smarthost;
  if (smarthost === null) complain([], 'no global SMTP smarthost set');
  const from = own.from || global.smtp_from;
  if (from === '') complain([], 'no global SMTP from set');
  for (const [name, value] of [
    ['Subject', '{{ template "email.default.subject" . }}'],
    ['To', own.to],
    ['From', from],
  ] as const)
    if (!headers.has(name)) headers.set(name, value);
  const config: EmailConfig = {
    ...own,
    from,
    smarthost: smarthost ?? {host: '', port: ''},
    hello: own.hello || global.smtp_hello,
    auth_username: own.auth_username || global.smtp_auth_username,
    auth_password: hasPassword ? own.auth_password : global.smtp_auth_password,
    auth_password_file: hasPassword ? own.auth_password_file : global.smtp_auth_password_file,
    auth_secret: hasSecret ? own.auth_secret : global.smtp_auth_secret,
    auth_secret_file: hasSecret ? own.auth_secret_file : global.smtp_auth_secret_file,
    auth_identity: own.auth_identity || global.smtp_auth_identity,
    headers,
    require_tls: own.require_tls ?? global.smtp_require_tls,
    force_implicit_tls: own.force_implicit_tls ?? global.smtp_force_implicit_tls,
  };
  // Files are relative to the working directory, as Alertmanager takes them.
  const tls =
    own.tls_config === null
      ? context.global.smtpTls
      : readTlsConfig(own.tls_config, 'tls_config', '', complain);
  return {config, tls, document: documentOf(config, tls)};
}

function documentOf(config: EmailConfig, tls: ReadTls): YamlMap {
  return linesOfSection(config, {
    order: Object.keys(shape),
    always: ['send_resolved', 'require_tls'],
    secrets: ['auth_password', 'auth_secret'],
    replaced: {
      smarthost: formatHostPort(config.smarthost),
      headers: sortedMap(new Map(config.headers)),
      tls_config: tls.document,
      force_implicit_tls: config.force_implicit_tls,
      threading:
        config.threading.enabled || config.threading.thread_by_date !== ''
          ? linesOfSection(config.threading, {})
          : undefined,
    },
  });
}

/** Names of headers are the same in any case. */
function readHeaders(own: EmailFields, {complain}: ReadContext): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of own.headers) {
    const canonical = canonicalName(name);
    if (headers.has(canonical))
      complain(['headers', name], `duplicate header ${quoteGo(canonical)} in email config`);
    headers.set(canonical, value);
  }
  return headers;
}

/** `x-my-header` is X-My-Header; a name that is none stays as it is. */
function canonicalName(name: string): string {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return name;
  return name
    .toLowerCase()
    .replaceAll(/(^|-)([a-z])/g, (_, dash: string, first: string) => dash + first.toUpperCase());
}

function checkThreading(
  {threading}: EmailFields,
  headers: ReadonlyMap<string, string>,
  {complain}: ReadContext,
): void {
  if (!threading.enabled) return;
  for (const name of ['References', 'In-Reply-To'])
    if (headers.has(name))
      complain(
        ['threading'],
        `conflicting configuration: threading.enabled conflicts with custom ${name} header`,
      );
  if (!['none', 'daily'].includes(threading.thread_by_date))
    complain(['threading'], "threading.thread_by_date must be either 'none' or 'daily'");
}
