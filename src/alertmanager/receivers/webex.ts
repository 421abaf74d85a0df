import type * as z from 'zod';
import {boolean, section, text} from '../../model/fields.ts';
import {url} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {checkStatus} from './sender.ts';
import {cutBytes} from './truncate.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  api_url: url.default(''),
  message: text.default('{{ template "webex.default.message" . }}'),
  room_id: text.default(''),
}));

type Fields = z.output<typeof fields>;

export const webex = integrationKind({
  key: 'webex_configs',
  name: 'webex',
  emptyMessage: 'missing webex config',
  fields,
  read,
});

const messageBytesMax = 7439;

function read(own: Fields, context: ReadContext): IntegrationConfig {
  if (own.room_id === '') context.complain([], 'missing room_id on webex_config');
  if (own.http_config === null || own.http_config.authorization === null)
    context.complain([], 'missing webex_configs.http_config.authorization');
  const config = {...own, api_url: own.api_url || context.global.fields.webex_api_url};
  return httpReceiver(config, context, {
    always: ['room_id'],
    open: (http, world) => new WebexNotifier(config, http, world),
  });
}

class WebexNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const texts = this.texts(notification);
    const message = texts.text(this.config.message);
    const roomId = texts.text(this.config.room_id);
    texts.check();
    const cut = cutBytes(message, messageBytesMax);
    if (cut !== null)
      this.world.logger.warn('Truncated message', {
        group_key: notification.groupKey,
        max_bytes: messageBytesMax,
      });
    const body = encodeJson(omitEmpty({markdown: cut ?? message, roomId}, ['markdown']));
    const {signal} = notification;
    checkStatus(await this.sender.postJson(this.config.api_url, body, {signal}));
  }
}
