// The section `slack_configs`.
import type * as z from 'zod';
import {quoteGo} from '../../base/quote.ts';
import {boolean, type Field, list, optionalSection, secret, section, text} from '../../model/fields.ts';
import type {ReadHttpClient} from '../../http/client-config.ts';
import {secretUrl, url} from '../fields.ts';
import {httpConfig, readHttpConfig} from '../global.ts';
import {type ReadContext, receiverHttp} from '../integration.ts';
import {withBearer} from './authorization.ts';
import {checked} from './checked.ts';
import {formatGoMs, goDuration} from './go-duration.ts';
import {linesOfSection} from './lines.ts';
import type {YamlMap} from '../../base/yaml-write.ts';

const confirmation = checked(
  section(() => ({
    text: text.default(''),
    title: text.default(''),
    ok_text: text.default(''),
    dismiss_text: text.default(''),
  })),
  ({text: asked}) => (asked === '' ? 'missing text in Slack confirmation configuration' : null),
);

const action = checked(
  section(() => ({
    type: text.default(''),
    text: text.default(''),
    url: text.default(''),
    style: text.default(''),
    name: text.default(''),
    value: text.default(''),
    confirm: optionalSection(confirmation).default(null),
  })),
  (each) => {
    if (each.type === '') return 'missing type in Slack action configuration';
    if (each.text === '') return 'missing text in Slack action configuration';
    return each.url === '' && each.name === '' ? 'missing name or url in Slack action configuration' : null;
  },
  // A link has nothing that is sent back.
  (each) => (each.url === '' ? each : {...each, name: '', value: '', confirm: null}),
);

const field = checked(
  section(() => ({title: text.default(''), value: text.default(''), short: boolean.optional()})),
  (each) => {
    if (each.title === '') return 'missing title in Slack field configuration';
    return each.value === '' ? 'missing value in Slack field configuration' : null;
  },
);

function template(name: string): z.ZodDefault<Field<string>> {
  return text.default(`{{ template "slack.default.${name}" . }}`);
}

export const slackFields = section(() => ({
  send_resolved: boolean.default(false),
  http_config: httpConfig,
  api_url: secretUrl.default(''),
  api_url_file: text.default(''),
  app_token: secret.default(''),
  app_token_file: text.default(''),
  app_url: url.default(''),
  channel: text.default(''),
  username: template('username'),
  color: template('color'),
  title: template('title'),
  title_link: template('titlelink'),
  pretext: template('pretext'),
  text: template('text'),
  message_text: text.default(''),
  fields: list(field).default([]),
  short_fields: boolean.default(false),
  footer: template('footer'),
  fallback: template('fallback'),
  callback_id: template('callbackid'),
  icon_emoji: template('iconemoji'),
  icon_url: template('iconurl'),
  image_url: text.default(''),
  thumb_url: text.default(''),
  link_names: boolean.default(false),
  mrkdwn_in: list(text).default([]),
  actions: list(action).default([]),
  update_message: boolean.default(false),
  timeout: goDuration.default(0),
}));

export type SlackFields = z.output<typeof slackFields>;
export type SlackAction = SlackFields['actions'][number];

export interface ReadSlack {
  /** With what the global section says. */
  readonly config: SlackFields;
  readonly http: ReadHttpClient;
  readonly document: YamlMap;
}

const postMessageUrl = 'https://slack.com/api/chat.postMessage';

export function readSlack(fields: SlackFields, context: ReadContext): ReadSlack {
  const global = context.global.fields;
  checkOwn(fields, context);
  const config = {...fields, app_url: fields.app_url || global.slack_app_url};
  const hasToken = config.app_token !== '' || config.app_token_file !== '';
  const hasOwnAuthorization = fields.http_config !== null && fields.http_config.authorization !== null;
  if (!hasToken && !hasOwnAuthorization && config.api_url === '') {
    config.app_token = global.slack_app_token;
    config.app_token_file = global.slack_app_token_file;
  }
  if (config.api_url === '' && config.api_url_file === '') {
    config.api_url = global.slack_api_url;
    config.api_url_file = global.slack_api_url_file;
  }
  const http = readAuthorized(config, context);
  if (config.api_url === '' && config.api_url_file === '')
    context.complain([], 'no Slack API URL nor App token set either inline or in a file');
  const document = linesOfSection(config, {
    always: ['send_resolved', 'short_fields', 'link_names', 'update_message', 'timeout'],
    secrets: ['api_url', 'app_token'],
    replaced: {http_config: http.document, timeout: formatGoMs(config.timeout)},
  });
  return {config, http, document};
}

function checkOwn(fields: SlackFields, {complain}: ReadContext): void {
  const hasUrl = fields.api_url !== '' || fields.api_url_file !== '';
  const hasToken = fields.app_token !== '' || fields.app_token_file !== '';
  if (fields.api_url !== '' && fields.api_url_file !== '')
    complain(['api_url_file'], 'at most one of api_url & api_url_file must be configured');
  if (fields.app_token !== '' && fields.app_token_file !== '')
    complain(['app_token_file'], 'at most one of app_token & app_token_file must be configured');
  if (hasUrl && hasToken)
    complain([], 'at most one of api_url/api_url_file & app_token/app_token_file must be configured');
  if (fields.update_message && fields.api_url !== postMessageUrl)
    complain(
      ['update_message'],
      `update_message can only be used with bot tokens. api_url must be set to ${postMessageUrl}`,
    );
}

/** With the token of an app its messages go to the app's URL, as its own authorization. */
function readAuthorized(config: SlackFields, context: ReadContext): ReadHttpClient {
  const {app_token: token, app_token_file: tokenFile} = config;
  if (token === '' && tokenFile === '') return receiverHttp(config.http_config, context);
  config.api_url = config.app_url;
  const fields = config.http_config ?? context.global.fields.http_config;
  if (fields !== null && fields.authorization !== null)
    context.complain(
      ['http_config', 'authorization'],
      "http authorization can't be set when using Slack App tokens",
    );
  return readHttpConfig(withBearer(fields, token, tokenFile), context.directory, context.complain);
}

/** For messages. */
export function prefixOf(channel: string): string {
  return `channel ${quoteGo(channel)}: `;
}
