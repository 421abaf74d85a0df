import type * as z from 'zod';
import type {HttpAnswer} from '../../http/client.ts';
import {resolveScalar} from '../../base/yaml-resolve.ts';
import {
  boolean,
  type Field,
  integer,
  mismatch,
  scalarField,
  secret,
  section,
  text,
} from '../../model/fields.ts';
import {url} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  failureReasonOf,
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {readSecretFile, secretOf, shortened} from './sender.ts';
import {cutCharacters} from './truncate.ts';

/** Chats have numbers of 64 bits; as text. '0' = not said. */
const chatId: Field<string> = scalarField('int64', '0', (scalar) => {
  const {value} = resolveScalar(scalar);
  if (typeof value !== 'number' && typeof value !== 'bigint') throw mismatch(scalar, 'int64');
  return String(typeof value === 'number' ? Math.trunc(value) : value);
});

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  api_url: url.default(''),
  bot_token: secret.default(''),
  bot_token_file: text.default(''),
  chat_id: chatId.default('0'),
  chat_id_file: text.default(''),
  message_thread_id: integer.default(0),
  message: text.default('{{ template "telegram.default.message" . }}'),
  disable_notifications: boolean.default(false),
  parse_mode: text.default('HTML'),
}));

type Fields = z.output<typeof fields>;

export const telegram = integrationKind({
  key: 'telegram_configs',
  name: 'telegram',
  emptyMessage: 'missing telegram config',
  fields,
  read,
});

const messageCharactersMax = 4096;
/** HTML that is cut off is broken. */
const tooLong =
  'Alertmanager notification could not be sent: message length exceeds Telegram limits.\n\t\t\tPlease check the template used for producing the message content.';

function read(own: Fields, context: ReadContext): IntegrationConfig {
  const {complain} = context;
  const global = context.global.fields;
  const config = {...own, api_url: own.api_url || global.telegram_api_url};
  if (own.bot_token !== '' && own.bot_token_file !== '')
    complain(['bot_token_file'], 'at most one of bot_token & bot_token_file must be configured');
  if (own.bot_token === '' && own.bot_token_file === '') {
    config.bot_token = global.telegram_bot_token;
    config.bot_token_file = global.telegram_bot_token_file;
    if (config.bot_token === '' && config.bot_token_file === '')
      complain([], 'missing bot_token or bot_token_file on telegram_config');
  }
  if (own.chat_id === '0' && own.chat_id_file === '')
    complain([], 'missing chat_id or chat_id_file on telegram_config');
  if (own.chat_id !== '0' && own.chat_id_file !== '')
    complain(['chat_id_file'], 'at most one of chat_id & chat_id_file must be configured');
  if (!['', 'Markdown', 'MarkdownV2', 'HTML'].includes(own.parse_mode))
    complain(
      ['parse_mode'],
      'unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string',
    );
  return httpReceiver(config, context, {
    always: ['api_url'],
    secrets: ['bot_token'],
    replaced: {
      chat_id: own.chat_id === '0' ? undefined : BigInt(own.chat_id),
    },
    open: (http, world) => new TelegramNotifier(config, http, world),
  });
}

class TelegramNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const message = this.#message(notification);
    const token = await secretOf(config.bot_token, config.bot_token_file, {
      prefix: `could not read ${config.bot_token_file}: `,
      retry: true,
    });
    const body = omitEmpty({
      chat_id: await this.#chatId(),
      text: message,
      disable_web_page_preview: 'true',
      disable_notification: config.disable_notifications ? 'true' : '',
      message_thread_id: config.message_thread_id === 0 ? '' : String(config.message_thread_id),
      parse_mode: config.parse_mode,
    });
    const url = `${config.api_url}/bot${token}/sendMessage`;
    const answer = await this.sender.postJson(url, encodeJson(body), {signal: notification.signal});
    checkAnswer(answer);
  }

  #message(notification: Notification): string {
    const texts = this.texts(notification);
    const {message: template, parse_mode: mode} = this.config;
    const {groupKey} = notification;
    const message = mode === 'HTML' ? texts.html(template) : texts.text(template);
    texts.check();
    if (mode !== 'HTML') return this.cut(message, messageCharactersMax, {what: 'message', groupKey});
    return cutCharacters(message, messageCharactersMax) === null ? message : tooLong;
  }

  async #chatId(): Promise<string> {
    const {chat_id: id, chat_id_file: file} = this.config;
    if (file === '') return id;
    let read: string;
    try {
      read = await readSecretFile(file);
    } catch (cause) {
      throw new NotifyError(`could not read ${file}: ${(cause as Error).message}`, {retry: true, cause});
    }
    if (!/^[-+]?\d+$/.test(read))
      throw new NotifyError(`could not parse chat_id from ${file}: it is no number`, {retry: true});
    return read.replace('+', '');
  }
}

/** All failures are retried, as Alertmanager does it. */
function checkAnswer({text: body, status}: HttpAnswer): void {
  let said: {
    ok?: boolean;
    error_code?: number;
    description?: string;
    parameters?: {retry_after?: number} | null;
  };
  try {
    said = JSON.parse(body) as typeof said;
  } catch (cause) {
    throw new NotifyError(`telegram: cannot read the answer (status ${status}): ${shortened(body)}`, {
      retry: true,
      reason: failureReasonOf(status),
      cause,
    });
  }
  if (said.ok === true) return;
  const {error_code: code = status, description = ''} = said;
  const after = said.parameters?.retry_after ?? 0;
  throw new NotifyError(`telegram: ${shortened(description)} (${code})`, {
    retry: true,
    reason: failureReasonOf(code),
    retryAfterMs: after * 1000,
  });
}
