// The section `global`: defaults of receivers' sections.
import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import {
  type Complain,
  httpClientShape,
  readHttpClient,
  type ReadHttpClient,
  type TlsClientConfig,
} from '../http/client-config.ts';
import {formatDuration} from '../model/duration.ts';
import {boolean, duration, optionalSection, secret, section, text} from '../model/fields.ts';
import {formatHostPort, hide, hostPort, linesOf, secretUrl, url} from './fields.ts';

/** A section `http_config`; null where there is none. */
export const httpConfig = optionalSection(section(() => httpClientShape)).default(null);

/** A section `tls_config` outside of `http_config`; null where there is none. */
export const tlsConfig = httpClientShape.tls_config;

export const globalFields = section(() => ({
  resolve_timeout: duration.default(300_000),
  http_config: httpConfig,
  jira_api_url: url.default(''),
  smtp_from: text.default(''),
  smtp_hello: text.default('localhost'),
  smtp_smarthost: hostPort.default(null),
  smtp_auth_username: text.default(''),
  smtp_auth_password: secret.default(''),
  smtp_auth_password_file: text.default(''),
  smtp_auth_secret: secret.default(''),
  smtp_auth_secret_file: text.default(''),
  smtp_auth_identity: text.default(''),
  smtp_require_tls: boolean.default(true),
  smtp_tls_config: tlsConfig,
  smtp_force_implicit_tls: boolean.optional(),
  slack_api_url: secretUrl.default(''),
  slack_api_url_file: text.default(''),
  slack_app_token: secret.default(''),
  slack_app_token_file: text.default(''),
  slack_app_url: url.default('https://slack.com/api/chat.postMessage'),
  pagerduty_url: url.default('https://events.pagerduty.com/v2/enqueue'),
  opsgenie_api_url: url.default('https://api.opsgenie.com/'),
  opsgenie_api_key: secret.default(''),
  opsgenie_api_key_file: text.default(''),
  wechat_api_url: url.default('https://qyapi.weixin.qq.com/cgi-bin/'),
  wechat_api_secret: secret.default(''),
  wechat_api_secret_file: text.default(''),
  wechat_api_corp_id: text.default(''),
  victorops_api_url: url.default('https://alert.victorops.com/integrations/generic/20131114/alert/'),
  victorops_api_key: secret.default(''),
  victorops_api_key_file: text.default(''),
  telegram_api_url: url.default('https://api.telegram.org'),
  telegram_bot_token: secret.default(''),
  telegram_bot_token_file: text.default(''),
  webex_api_url: url.default('https://webexapis.com/v1/messages'),
  rocketchat_api_url: url.default('https://open.rocket.chat/'),
  rocketchat_token: secret.default(''),
  rocketchat_token_file: text.default(''),
  rocketchat_token_id: secret.default(''),
  rocketchat_token_id_file: text.default(''),
  mattermost_webhook_url: secretUrl.default(''),
  mattermost_webhook_url_file: text.default(''),
}));

export type GlobalFields = z.output<typeof globalFields>;
export type HttpConfigFields = z.output<typeof httpConfig>;
export type TlsConfigFields = z.output<typeof tlsConfig>;

/** The section, checked. */
export interface ReadGlobal {
  /** As they were written, with defaults. Files are not joined to the folder: Alertmanager takes these as they are. */
  readonly fields: GlobalFields;
  /** For receivers without a section of their own. */
  readonly http: ReadHttpClient;
  /** For mail; undefined where nothing is said. */
  readonly smtpTls: ReadTls;
  readonly document: YamlMap;
}

export interface ReadTls {
  readonly config: TlsClientConfig;
  readonly document: YamlMap;
}

const noHttpConfig = section(() => httpClientShape).parse({kind: 'mapping', entries: [], offset: 0});

/** Reads `http_config`: files are relative to `directory`, what is not there has its default. */
export function readHttpConfig(
  fields: HttpConfigFields,
  directory: string,
  complain: Complain,
): ReadHttpClient {
  return readHttpClient(fields ?? noHttpConfig, directory, (path, message) =>
    complain(['http_config', ...path], message),
  );
}

/** Reads a section `tls_config` named `name`. */
export function readTlsConfig(
  fields: TlsConfigFields,
  name: string,
  directory: string,
  complain: Complain,
): ReadTls {
  const {config, document} = readHttpClient(
    {...noHttpConfig, tls_config: fields},
    directory,
    ([, ...path], message) => complain([name, ...path], message),
  );
  const lines = document.get('tls_config');
  return {
    config: config.tls ?? {insecureSkipVerify: false},
    document: lines instanceof Map ? lines : new Map([['insecure_skip_verify', false]]),
  };
}

/** Checks what the fields say together. */
export function readGlobal(fields: GlobalFields, directory: string, complain: Complain): ReadGlobal {
  checkPairs(fields, complain);
  const http = readHttpConfig(fields.http_config, directory, complain);
  const smtpTls = readTlsConfig(fields.smtp_tls_config, 'smtp_tls_config', '', complain);
  return {fields, http, smtpTls, document: documentOf(fields, http, smtpTls)};
}

const pairs = [
  ['slack_app_token', 'slack_app_token_file'],
  ['slack_api_url', 'slack_api_url_file'],
  ['opsgenie_api_key', 'opsgenie_api_key_file'],
  ['victorops_api_key', 'victorops_api_key_file'],
  ['telegram_bot_token', 'telegram_bot_token_file'],
  ['smtp_auth_password', 'smtp_auth_password_file'],
  ['rocketchat_token', 'rocketchat_token_file'],
  ['rocketchat_token_id', 'rocketchat_token_id_file'],
  ['smtp_auth_secret', 'smtp_auth_secret_file'],
  ['wechat_api_secret', 'wechat_api_secret_file'],
  ['mattermost_webhook_url', 'mattermost_webhook_url_file'],
] as const;

function checkPairs(fields: GlobalFields, complain: Complain): void {
  for (const [one, other] of pairs)
    if (fields[one] !== '' && fields[other] !== '')
      complain([other], `at most one of ${one} & ${other} must be configured`);
  const hasToken = fields.slack_app_token !== '' || fields.slack_app_token_file !== '';
  const hasUrl = fields.slack_api_url !== '' || fields.slack_api_url_file !== '';
  // The same URL twice is how people used tokens before there was a field for them.
  if (hasToken && hasUrl && fields.slack_api_url !== fields.slack_app_url)
    complain(
      ['slack_app_token'],
      'at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured',
    );
}

const secrets: ReadonlySet<string> = new Set([
  'slack_app_token',
  'slack_api_url',
  'opsgenie_api_key',
  'victorops_api_key',
  'telegram_bot_token',
  'smtp_auth_password',
  'rocketchat_token',
  'rocketchat_token_id',
  'smtp_auth_secret',
  'wechat_api_secret',
  'mattermost_webhook_url',
]);

function documentOf(fields: GlobalFields, http: ReadHttpClient, smtpTls: ReadTls): YamlMap {
  const special: Record<string, YamlMap | string | boolean | undefined> = {
    resolve_timeout: formatDuration(fields.resolve_timeout),
    http_config: http.document,
    smtp_smarthost: fields.smtp_smarthost === null ? '' : formatHostPort(fields.smtp_smarthost),
    smtp_tls_config: smtpTls.document,
  };
  const lines: Record<string, YamlMap | string | boolean | undefined> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name in special) lines[name] = special[name];
    else if (typeof value === 'boolean') lines[name] = value;
    else if (typeof value === 'string') lines[name] = secrets.has(name) ? hide(value) : value;
  }
  return linesOf(lines);
}
