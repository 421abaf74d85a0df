// Microsoft Teams: connectors (MessageCard), and workflows of Power Automate (adaptive cards).
import type * as z from 'zod';
import {boolean, section, text} from '../../model/fields.ts';
import type {HttpClientConfig} from '../../http/client-config.ts';
import {secretUrl} from '../fields.ts';
import {type HttpConfigFields, httpConfig} from '../global.ts';
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
import {encodeJson} from './json.ts';
import {checkStatus} from './sender.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  webhook_url: secretUrl.default(''),
  webhook_url_file: text.default(''),
  title: text.default('{{ template "msteams.default.title" . }}'),
  summary: text.default('{{ template "msteams.default.summary" . }}'),
  text: text.default('{{ template "msteams.default.text" . }}'),
}));

const fieldsV2 = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  webhook_url: secretUrl.default(''),
  webhook_url_file: text.default(''),
  title: text.default('{{ template "msteamsv2.default.title" . }}'),
  text: text.default('{{ template "msteamsv2.default.text" . }}'),
}));

type Fields = z.output<typeof fields>;
type FieldsV2 = z.output<typeof fieldsV2>;

export const msteams = integrationKind({
  key: 'msteams_configs',
  name: 'msteams',
  emptyMessage: 'missing msteams config',
  fields,
  read: (config, context) =>
    readTeams(config, config.http_config, context, (http, world) => new TeamsNotifier(config, http, world)),
});

export const msteamsV2 = integrationKind({
  key: 'msteamsv2_configs',
  name: 'msteamsv2',
  emptyMessage: 'missing msteamsv2 config',
  fields: fieldsV2,
  read: (config, context) =>
    readTeams(
      config,
      withGlobalProxy(config.http_config, context.global.fields.http_config),
      context,
      (http, world) => new TeamsV2Notifier(config, http, world),
    ),
});

/** Alertmanager does so for this receiver alone. */
function withGlobalProxy(own: HttpConfigFields, global: HttpConfigFields): HttpConfigFields {
  return own === null || own.proxy_url || global === null ? own : {...own, proxy_url: global.proxy_url};
}

function readTeams(
  config: Fields | FieldsV2,
  httpFields: HttpConfigFields,
  context: ReadContext,
  open: (
    http: HttpClientConfig,
    world: Parameters<IntegrationConfig['open']>[0],
  ) => ReturnType<IntegrationConfig['open']>,
): IntegrationConfig {
  checkHookUrl(config, context);
  return httpReceiver({...config, http_config: httpFields}, context, {
    secrets: ['webhook_url'],
    open,
  });
}

class TeamsNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const texts = this.texts(notification);
    const title = texts.text(config.title);
    const message = texts.text(config.text);
    const summary = texts.text(config.summary);
    texts.check();
    const body = encodeJson({
      '@context': 'http://schema.org/extensions',
      type: 'MessageCard',
      title,
      summary,
      text: message,
      themeColor: isAllResolved(notification) ? '2DC72D' : '8C1A1A',
    });
    const url = await hookUrlOf(config);
    checkStatus(await this.sender.postJson(url, body, {signal: notification.signal}));
  }
}

class TeamsV2Notifier extends HttpNotifier<FieldsV2> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const texts = this.texts(notification);
    const title = texts.text(config.title);
    const message = texts.text(config.text);
    texts.check();
    const color = isAllResolved(notification) ? 'Good' : 'Attention';
    const url = await hookUrlOf(config);
    const body = encodeJson(cardOf(title, message, color));
    checkStatus(await this.sender.postJson(url, body, {signal: notification.signal}));
  }
}

/** https://learn.microsoft.com/en-us/connectors/teams/?tabs=text1#request-body-schema */
function cardOf(title: string, message: string, color: string): unknown {
  const heading = {
    type: 'TextBlock',
    text: title,
    weight: 'Bolder',
    size: 'Medium',
    wrap: true,
    style: 'heading',
    color,
  };
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    body: [heading, {type: 'TextBlock', text: message, wrap: true}],
    msteams: {width: 'full'},
  };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return {type: 'message', attachments: [{contentType, contentUrl: null, content}]};
}
