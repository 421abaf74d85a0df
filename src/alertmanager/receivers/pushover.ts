import type * as z from 'zod';
import {boolean, secret, section, text} from '../../model/fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {formatGoMs, goDurationText} from './go-duration.ts';
import {httpReceiver} from './http-receiver.ts';
import {checkStatus, secretOf} from './sender.ts';
import type {Texts} from './texts.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  user_key: secret.default(''),
  user_key_file: text.default(''),
  token: secret.default(''),
  token_file: text.default(''),
  title: text.default('{{ template "pushover.default.title" . }}'),
  message: text.default('{{ template "pushover.default.message" . }}'),
  url: text.default('{{ template "pushover.default.url" . }}'),
  url_title: text.default(''),
  device: text.default(''),
  sound: text.default(''),
  // Emergency, until it is over.
  priority: text.default('{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'),
  retry: goDurationText.default(60_000),
  expire: goDurationText.default(3_600_000),
  ttl: goDurationText.default(0),
  html: boolean.default(false),
  monospace: boolean.default(false),
}));

type Fields = z.output<typeof fields>;

export const pushover = integrationKind({
  key: 'pushover_configs',
  name: 'pushover',
  emptyMessage: 'missing pushover config',
  fields,
  read,
});

const apiUrl = 'https://api.pushover.net/1/messages.json';

// https://pushover.net/api#limits
const titleCharactersMax = 250;
const messageCharactersMax = 1024;
const urlCharactersMax = 512;

function read(config: Fields, context: ReadContext): IntegrationConfig {
  check(config, context);
  const durationLine = (ms: number): string | undefined => (ms === 0 ? undefined : formatGoMs(ms));
  return httpReceiver(config, context, {
    secrets: ['user_key', 'token'],
    replaced: {
      retry: durationLine(config.retry),
      expire: durationLine(config.expire),
      ttl: durationLine(config.ttl),
    },
    open: (http, world) => new PushoverNotifier(config, http, world),
  });
}

function check(config: Fields, {complain}: ReadContext): void {
  if (config.user_key === '' && config.user_key_file === '')
    complain([], 'one of user_key or user_key_file must be configured');
  if (config.user_key !== '' && config.user_key_file !== '')
    complain(['user_key_file'], 'at most one of user_key & user_key_file must be configured');
  if (config.token === '' && config.token_file === '')
    complain([], 'one of token or token_file must be configured');
  if (config.token !== '' && config.token_file !== '')
    complain(['token_file'], 'at most one of token & token_file must be configured');
  if (config.html && config.monospace)
    complain(['monospace'], 'at most one of monospace & html must be configured');
}

class PushoverNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const texts = this.texts(notification);
    const token = await secretOf(config.token, config.token_file, {prefix: 'read token_file: '});
    const user = await secretOf(config.user_key, config.user_key_file, {
      prefix: 'read user_key_file: ',
    });
    const query = this.#query(texts, notification, {token, user});
    texts.check();
    const answer = await this.sender.send(`${apiUrl}?${query.toString()}`, {
      method: 'POST',
      headers: {'content-type': 'text/plain'},
      signal: notification.signal,
    });
    checkStatus(answer);
  }

  #query(texts: Texts, {groupKey}: Notification, keys: {token: string; user: string}): URLSearchParams {
    const {config} = this;
    const {text} = texts;
    const render = config.html ? texts.html : text;
    const cut = (value: string, max: number, what: string): string => this.cut(value, max, {what, groupKey});
    const message = cut(render(config.message), messageCharactersMax, 'message').trim();
    const ttl = secondsOf(config.ttl);
    const query = new URLSearchParams({
      device: text(config.device),
      expire: secondsOf(config.expire),
      ...(config.html && {html: '1'}),
      // Pushover takes no empty messages.
      message: message === '' ? '(no details)' : message,
      ...(config.monospace && {monospace: '1'}),
      priority: text(config.priority),
      retry: secondsOf(config.retry),
      sound: text(config.sound),
      title: cut(text(config.title), titleCharactersMax, 'title'),
      token: text(keys.token),
      ...(Number(ttl) > 0 && {ttl}),
      url: cut(text(config.url), urlCharactersMax, 'URL'),
      url_title: text(config.url_title),
      user: text(keys.user),
    });
    return query;
  }
}

function secondsOf(ms: number): string {
  return String(Math.trunc(ms / 1000));
}
