// Mattermost's incoming webhooks. https://developers.mattermost.com/integrate/webhooks/incoming/
import * as z from 'zod';
import {quoteGo} from '../../base/quote.ts';
import {boolean, list, optionalSection, section, text} from '../../model/fields.ts';
import {secretUrl} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {checked} from './checked.ts';
import {checkOneHookUrl, hookUrlOf} from './hook-url.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {linesOfSection} from './lines.ts';
import {checkStatus} from './sender.ts';
import type {Texts} from './texts.ts';

const fieldFields = checked(
  section(() => ({title: text.default(''), value: text.default(''), short: boolean.optional()})),
  ({title, value}) => {
    if (title === '') return 'missing title in Mattermost field configuration';
    return value === '' ? 'missing value in Mattermost field configuration' : null;
  },
);

const attachmentFields = section(() => ({
  fallback: text.default(''),
  color: text.default(''),
  pretext: text.default(''),
  text: text.default(''),
  author_name: text.default(''),
  author_link: text.default(''),
  author_icon: text.default(''),
  title: text.default(''),
  title_link: text.default(''),
  fields: list(fieldFields).default([]),
  thumb_url: text.default(''),
  footer: text.default(''),
  footer_icon: text.default(''),
  image_url: text.default(''),
}));

const propsFields = section(() => ({card: text.default('')}));

const priorityFields = section(() => ({
  priority: text.default(''),
  requested_ack: boolean.default(false),
  persistent_notifications: boolean.default(false),
}));

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  webhook_url: secretUrl.default(''),
  webhook_url_file: text.default(''),
  channel: text.default(''),
  username: text.default('{{ template "mattermost.default.username" . }}'),
  text: text.default('{{ template "mattermost.default.text" . }}'),
  fallback: text.default('{{ template "mattermost.default.fallback" . }}'),
  color: text.default('{{ template "mattermost.default.color" . }}'),
  pretext: text.default(''),
  author_name: text.default(''),
  author_link: text.default(''),
  author_icon: text.default(''),
  title: text.default('{{ template "mattermost.default.title" . }}'),
  title_link: text.default('{{ template "mattermost.default.titlelink" . }}'),
  fields: list(fieldFields).default([]),
  thumb_url: text.default(''),
  footer: text.default(''),
  footer_icon: text.default(''),
  image_url: text.default(''),
  icon_url: text.default(''),
  icon_emoji: text.default(''),
  attachments: list(attachmentFields).default([]),
  type: text.default(''),
  props: optionalSection(propsFields).default(null),
  priority: optionalSection(priorityFields).default(null),
}));

type Fields = z.output<typeof fields>;
type Attachment = z.output<typeof attachmentFields>;
type Priority = z.output<typeof priorityFields>;

export const mattermost = integrationKind({
  key: 'mattermost_configs',
  name: 'mattermost',
  emptyMessage: 'missing mattermost config',
  fields,
  read,
});

const textCharactersMax = 16_383;

function read(own: Fields, context: ReadContext): IntegrationConfig {
  const global = context.global.fields;
  const config = {...own};
  checkOneHookUrl(own, context.complain);
  if (own.webhook_url === '' && own.webhook_url_file === '') {
    config.webhook_url = global.mattermost_webhook_url;
    config.webhook_url_file = global.mattermost_webhook_url_file;
    if (config.webhook_url === '' && config.webhook_url_file === '')
      context.complain([], 'missing webhook_url or webhook_url_file on mattermost_config');
  }
  return httpReceiver(config, context, {
    secrets: ['webhook_url'],
    replaced: {
      priority: config.priority === null ? undefined : linesOfSection(config.priority, {}),
    },
    open: (http, world) => new MattermostNotifier(config, http, world),
  });
}

class MattermostNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const {groupKey} = notification;
    const url = await hookUrlOf(config, '');
    if (url === '') throw new NotifyError('webhook url missing', {retry: false});
    const texts = this.texts(notification);
    const render = texts.text;
    const message = render(config.text);
    const channel = render(config.channel);
    const own = config.attachments.length > 0;
    const body = omitEmpty({
      text: own ? this.cut(message, textCharactersMax, {what: 'text', groupKey}) : '',
      channel,
      username: render(config.username),
      icon_url: render(config.icon_url),
      icon_emoji: render(config.icon_emoji),
      attachments: own
        ? config.attachments.map((each) => attachmentOf(each, render(each.text), render))
        : [attachmentOf(config, message, render)],
      type: render(config.type),
      props: config.props === null || config.props.card === '' ? null : {card: render(config.props.card)},
      priority: this.#priority(texts, groupKey),
    });
    texts.check();
    const answer = await this.sender.postJson(url, encodeJson(body), {signal: notification.signal});
    checkStatus(answer, {prefix: `channel ${quoteGo(channel)}: `});
  }

  /** Mattermost refuses what does not go together. */
  #priority({text: render}: Texts, groupKey: string): Record<string, unknown> | null {
    const {priority: asked} = this.config;
    if (asked === null || asked.priority === '') return null;
    const warn = (message: string): void => this.world.logger.warn(message, {group_key: groupKey});
    const given = render(asked.priority).toLowerCase();
    const isKnown = ['urgent', 'important', 'standard'].includes(given);
    if (!isKnown) warn('Priority is set to standard due to invalid value');
    const priority: Priority = {...asked, priority: isKnown ? given : 'standard'};
    if (priority.requested_ack && priority.priority === 'standard') {
      warn('RequestedAck is set to false due to priority is standard');
      priority.requested_ack = false;
    }
    if (priority.persistent_notifications && priority.priority !== 'urgent') {
      warn('PersistentNotifications is set to false due to priority is not urgent');
      priority.persistent_notifications = false;
    }
    return omitEmpty({...priority});
  }
}

function attachmentOf(
  fields: Attachment,
  message: string,
  render: (template: string) => string,
): Record<string, unknown> {
  return omitEmpty({
    fallback: render(fields.fallback),
    color: render(fields.color),
    pretext: render(fields.pretext),
    text: message,
    author_name: render(fields.author_name),
    author_link: render(fields.author_link),
    author_icon: render(fields.author_icon),
    title: render(fields.title),
    title_link: render(fields.title_link),
    fields: fields.fields.map(({title, value, short}) => ({
      ...omitEmpty({title: render(title), value: render(value)}),
      ...(short !== undefined && {short}),
    })),
    thumb_url: render(fields.thumb_url),
    footer: render(fields.footer),
    footer_icon: render(fields.footer_icon),
    image_url: render(fields.image_url),
  });
}
