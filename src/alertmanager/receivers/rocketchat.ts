// Rocket.Chat's REST API.
import type * as z from 'zod';
import type {YamlMap} from '../../base/yaml-write.ts';
import {quoteGo} from '../../base/quote.ts';
import {boolean, list, secret, section, text} from '../../model/fields.ts';
import {url} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {checkStatus, secretOf, shortened} from './sender.ts';
import type {Texts} from './texts.ts';
import {joinPath} from './urls.ts';

const fieldFields = section(() => ({
  short: boolean.optional(),
  title: text.default(''),
  value: text.default(''),
}));

// Without names of their own in Alertmanager, these are what Go makes of its structure's.
const actionFields = section(() => ({
  type: text.default(''),
  text: text.default(''),
  url: text.default(''),
  imageurl: text.default(''),
  iswebview: boolean.default(false),
  webviewheightratio: text.default(''),
  msg: text.default(''),
  msginchatwindow: boolean.default(false),
  msgprocessingtype: text.default(''),
}));

const fields = section(() => ({
  send_resolved: boolean.default(false),
  http_config: httpConfig,
  api_url: url.default(''),
  token_id: secret.default(''),
  token_id_file: text.default(''),
  token: secret.default(''),
  token_file: text.default(''),
  channel: text.default(''),
  color: text.default('{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'),
  title: text.default('{{ template "rocketchat.default.title" . }}'),
  title_link: text.default('{{ template "rocketchat.default.titlelink" . }}'),
  text: text.default('{{ template "rocketchat.default.text" . }}'),
  fields: list(fieldFields).default([]),
  short_fields: boolean.default(false),
  emoji: text.default('{{ template "rocketchat.default.emoji" . }}'),
  icon_url: text.default('{{ template "rocketchat.default.iconurl" . }}'),
  image_url: text.default(''),
  thumb_url: text.default(''),
  link_names: boolean.default(false),
  actions: list(actionFields).default([]),
}));

type Fields = z.output<typeof fields>;

export const rocketchat = integrationKind({
  key: 'rocketchat_configs',
  name: 'rocketchat',
  emptyMessage: null,
  fields,
  read,
});

const titleCharactersMax = 1024;

function read(own: Fields, context: ReadContext): IntegrationConfig {
  const {complain} = context;
  const global = context.global.fields;
  if (own.token !== '' && own.token_file !== '')
    complain(['token_file'], 'at most one of token & token_file must be configured');
  if (own.token_id !== '' && own.token_id_file !== '')
    complain(['token_id_file'], 'at most one of token_id & token_id_file must be configured');
  const config = {
    ...own,
    api_url: own.api_url || global.rocketchat_api_url,
    token_id: own.token_id || global.rocketchat_token_id,
    token_id_file: own.token_id_file || global.rocketchat_token_id_file,
    token: own.token || global.rocketchat_token,
    token_file: own.token_file || global.rocketchat_token_file,
  };
  if (config.token_id === '' && config.token_id_file === '')
    complain([], 'no global Rocketchat TokenID set either inline or in a file');
  if (config.token === '' && config.token_file === '')
    complain([], 'no global Rocketchat Token set either inline or in a file');
  return httpReceiver(config, context, {
    always: ['short_fields', 'link_names'],
    secrets: ['token_id', 'token'],
    replaced: {
      ...(config.fields.length > 0 && {
        fields: config.fields.map(({short, title, value}) => wholeLines({short, title, value})),
      }),
      ...(config.actions.length > 0 && {actions: config.actions.map(wholeLines)}),
    },
    open: (http, world) => new RocketChatNotifier(config, http, world),
  });
}

/** Lines that say nothing are shown, too. */
function wholeLines(fields: Readonly<Record<string, string | boolean | undefined>>): YamlMap {
  return new Map(Object.entries(fields).map(([name, value]) => [name, value ?? null]));
}

class RocketChatNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const texts = this.texts(notification);
    const attachment = this.#attachment(texts, notification.groupKey);
    const channel = texts.text(config.channel);
    const body = omitEmpty({
      channel,
      emoji: texts.text(config.emoji),
      avatar: texts.text(config.icon_url),
      attachments: [attachment],
    });
    texts.check();
    // A file counts before what the configuration has, and only here.
    const token = await fileFirst(config.token, config.token_file);
    const tokenId = await fileFirst(config.token_id, config.token_id_file);
    const url = joinPath(config.api_url, 'api/v1/chat.postMessage');
    const answer = await this.sender.postJson(url, encodeJson(body), {
      secretHeaders: {'x-auth-token': token, 'x-user-id': tokenId},
      signal: notification.signal,
    });
    const prefix = `channel ${quoteGo(channel)}: `;
    checkStatus(answer, {prefix});
    checkAnswer(answer.text, prefix);
  }

  #attachment({text: render}: Texts, groupKey: string): Record<string, unknown> {
    const {config} = this;
    return omitEmpty({
      title: this.cut(render(config.title), titleCharactersMax, {what: 'title', groupKey}),
      title_link: render(config.title_link),
      text: render(config.text),
      image_url: render(config.image_url),
      thumb_url: render(config.thumb_url),
      color: render(config.color),
      fields: config.fields.map(({title, value, short}) => ({
        short: short ?? config.short_fields,
        ...omitEmpty({title: render(title), value: render(value)}),
      })),
      // Buttons are the only kind.
      actions: config.actions.map((action) => ({
        ...omitEmpty({
          type: 'button',
          text: render(action.text),
          url: render(action.url),
          msg: render(action.msg),
        }),
        is_webview: false,
        msg_in_chat_window: false,
      })),
    });
  }
}

function fileFirst(inline: string, file: string): Promise<string> {
  return secretOf(file === '' ? inline : '', file, {prefix: `could not read ${file}: `});
}

/** Rocket.Chat says with status 200, too, that it did not take a message. */
function checkAnswer(answer: string, prefix: string): void {
  let said: {success?: boolean; error?: string} | null;
  try {
    said = JSON.parse(answer) as typeof said;
  } catch (cause) {
    const message = `could not unmarshal JSON response ${quoteGo(shortened(answer))}: ${(cause as Error).message}`;
    throw new NotifyError(prefix + message, {retry: true, reason: 'clientError', cause});
  }
  if (said?.success === true) return;
  const message = `error response from Rocketchat: ${shortened(said?.error ?? '')}`;
  throw new NotifyError(prefix + message, {retry: false, reason: 'clientError'});
}
