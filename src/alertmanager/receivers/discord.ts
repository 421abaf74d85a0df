import type * as z from 'zod';
import {boolean, section, text} from '../../model/fields.ts';
import {secretUrl} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  type ReadContext,
} from '../integration.ts';
import {isAllResolved} from './alert-status.ts';
import {HttpNotifier} from './base-notifier.ts';
import {checkHookUrl, hookUrlOf} from './hook-url.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {checkStatus} from './sender.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  webhook_url: secretUrl.default(''),
  webhook_url_file: text.default(''),
  content: text.default(''),
  title: text.default('{{ template "discord.default.title" . }}'),
  message: text.default('{{ template "discord.default.message" . }}'),
  username: text.default(''),
  avatar_url: text.default(''),
}));

type Fields = z.output<typeof fields>;

export const discord = integrationKind({
  key: 'discord_configs',
  name: 'discord',
  emptyMessage: 'missing discord config',
  fields,
  read,
});

// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
const titleCharactersMax = 256;
const descriptionCharactersMax = 4096;
const contentCharactersMax = 2000;
const colors = {firing: 0x99_2d_22, resolved: 0x2e_cc_71};

function read(config: Fields, context: ReadContext): IntegrationConfig {
  checkHookUrl(config, context);
  return httpReceiver(config, context, {
    secrets: ['webhook_url'],
    open: (http, world) => new DiscordNotifier(config, http, world),
  });
}

class DiscordNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const {groupKey} = notification;
    const texts = this.texts(notification);
    const title = texts.text(config.title);
    const message = texts.text(config.message);
    const content = texts.text(config.content);
    texts.check();
    const body = omitEmpty(
      {
        content: this.cut(content, contentCharactersMax, {what: 'content', groupKey}),
        embeds: [
          {
            title: this.cut(title, titleCharactersMax, {what: 'title', groupKey}),
            description: this.cut(message, descriptionCharactersMax, {what: 'message', groupKey}),
            color: isAllResolved(notification) ? colors.resolved : colors.firing,
          },
        ],
        username: config.username,
        avatar_url: config.avatar_url,
      },
      ['content'],
    );
    const url = await hookUrlOf(config);
    checkStatus(await this.sender.postJson(url, encodeJson(body), {signal: notification.signal}));
  }
}
