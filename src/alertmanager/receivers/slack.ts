// Slack: incoming webhooks, and apps that post as bots.
import type {HttpAnswer} from '../../http/client.ts';
import {quoteGo} from '../../base/quote.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {checkStatus, secretOf, shortened} from './sender.ts';
import {prefixOf, readSlack, type SlackAction, slackFields, type SlackFields} from './slack-config.ts';
import type {Texts} from './texts.ts';

export const slack = integrationKind({
  key: 'slack_configs',
  name: 'slack',
  emptyMessage: null,
  fields: slackFields,
  read,
});

/** https://api.slack.com/reference/messaging/attachments#legacy_fields */
const titleCharactersMax = 1024;
const updateUrl = 'https://slack.com/api/chat.update';

function read(fields: SlackFields, context: ReadContext): IntegrationConfig {
  const {config, http, document} = readSlack(fields, context);
  return {
    sendResolved: config.send_resolved,
    document,
    open: (world) => new SlackNotifier(config, http.config, world),
  };
}

class SlackNotifier extends HttpNotifier<SlackFields> {
  async notify(notification: Notification): Promise<void> {
    const config = this.config;
    const {groupKey, receiverData: data} = notification;
    const texts = this.texts(notification);
    const message = this.#message(texts, groupKey);
    let url = await secretOf(config.api_url, config.api_url_file, {prefix: ''});
    if (config.update_message) {
      const [thread, channel] = [data.get('threadTs'), data.get('channelId')];
      if (typeof thread === 'string' && typeof channel === 'string' && thread !== '' && channel !== '') {
        url = updateUrl;
        message.ts = thread;
        message.channel = channel;
      }
    }
    // Half a message is better than none.
    if (texts.error !== null)
      this.world.logger.warn('Template failed, the message is sent without the rest', {
        group_key: groupKey,
        err: texts.error,
      });
    const answer = await this.sender.postJson(url, encodeJson(omitEmpty(message)), {
      signal: notification.signal,
      timeout: {ms: config.timeout, what: 'slack'},
    });
    const prefix = prefixOf(message.channel);
    checkStatus(answer, {prefix});
    const sent = checkAnswer(answer, prefix);
    if (config.update_message && sent.ts !== '' && sent.channel !== '') {
      data.set('threadTs', sent.ts);
      data.set('channelId', sent.channel);
    }
  }

  #message(texts: Texts, groupKey: string): SlackMessage {
    const config = this.config;
    const {text} = texts;
    const attachment = this.#attachment(texts, groupKey);
    return {
      channel: text(config.channel),
      ts: '',
      username: text(config.username),
      icon_emoji: text(config.icon_emoji),
      icon_url: text(config.icon_url),
      link_names: config.link_names,
      text: text(config.message_text),
      attachments: [attachment],
    };
  }

  #attachment({text}: Texts, groupKey: string): Record<string, unknown> {
    const config = this.config;
    const title = text(config.title);
    const attachment = {
      title: this.cut(title, titleCharactersMax, {what: 'title', groupKey}),
      title_link: text(config.title_link),
      pretext: text(config.pretext),
      text: text(config.text),
      fallback: text(config.fallback),
      callback_id: text(config.callback_id),
      fields: [] as unknown[],
      actions: [] as unknown[],
      image_url: text(config.image_url),
      thumb_url: text(config.thumb_url),
      footer: text(config.footer),
      color: text(config.color),
      mrkdwn_in: config.mrkdwn_in.length === 0 ? ['fallback', 'pretext', 'text'] : config.mrkdwn_in,
    };
    attachment.fields = config.fields.map((field) => ({
      ...omitEmpty({title: text(field.title), value: text(field.value)}),
      short: field.short ?? config.short_fields,
    }));
    attachment.actions = config.actions.map((action) => actionOf(action, text));
    return omitEmpty(attachment, ['text', 'fallback', 'callback_id', 'footer']);
  }
}

interface SlackMessage extends Record<string, unknown> {
  channel: string;
  ts: string;
}

function actionOf(action: SlackAction, text: (template: string) => string): Record<string, unknown> {
  const {confirm} = action;
  return omitEmpty({
    type: text(action.type),
    text: text(action.text),
    url: text(action.url),
    style: text(action.style),
    name: text(action.name),
    value: text(action.value),
    confirm:
      confirm === null
        ? null
        : omitEmpty({
            text: text(confirm.text),
            title: text(confirm.title),
            ok_text: text(confirm.ok_text),
            dismiss_text: text(confirm.dismiss_text),
          }),
  });
}

/** Slack says with status 200, too, that it did not take a message. Webhooks answer with a text, the API with JSON. */
function checkAnswer(answer: HttpAnswer, prefix: string): {ts: string; channel: string} {
  const fail = (message: string, retry: boolean): NotifyError =>
    new NotifyError(prefix + message, {retry, reason: 'clientError'});
  if (!answer.header('content-type').startsWith('application/json')) {
    if (answer.text !== 'ok')
      throw fail(`received an error response from Slack: ${shortened(answer.text)}`, false);
    return {ts: '', channel: ''};
  }
  let said: {ok?: unknown; error?: unknown; ts?: unknown; channel?: unknown} | null;
  try {
    said = JSON.parse(answer.text) as typeof said;
  } catch (cause) {
    const text = quoteGo(shortened(answer.text));
    throw fail(`could not unmarshal JSON response ${text}: ${(cause as Error).message}`, true);
  }
  if (said?.ok !== true) throw fail(`error response from Slack: ${textOf(said?.error)}`, false);
  return {ts: textOf(said.ts), channel: textOf(said.channel)};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
