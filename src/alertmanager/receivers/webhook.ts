// A webhook of the user's own.
import type * as z from 'zod';
import {boolean, count, section, text} from '../../model/fields.ts';
import {secretTemplateUrl} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {formatGoMs, goDuration} from './go-duration.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, jsonOfData} from './json.ts';
import {plainValue, renderPlain, yamlOfPlain} from './plain-value.ts';
import {checkStatus, secretOf} from './sender.ts';
import type {Texts} from './texts.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  url: secretTemplateUrl.default(''),
  url_file: text.default(''),
  max_alerts: count.default(0),
  timeout: goDuration.default(0),
  payload: plainValue.default(null),
}));

type Fields = z.output<typeof fields>;

export const webhook = integrationKind({
  key: 'webhook_configs',
  name: 'webhook',
  emptyMessage: 'missing webhook config',
  fields,
  read,
});

function read(config: Fields, context: ReadContext): IntegrationConfig {
  const {complain} = context;
  if (config.url === '' && config.url_file === '') complain([], 'one of url or url_file must be configured');
  if (config.url !== '' && config.url_file !== '')
    complain(['url_file'], 'at most one of url & url_file must be configured');
  return httpReceiver(config, context, {
    always: ['url_file', 'max_alerts', 'timeout'],
    secrets: ['url'],
    replaced: {
      timeout: formatGoMs(config.timeout),
      payload: config.payload === null ? undefined : yamlOfPlain(config.payload),
    },
    open: (http, world) => new WebhookNotifier(config, http, world),
  });
}

class WebhookNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {max_alerts: alertsMax, payload, timeout} = this.config;
    const {alerts, truncated} = firstAlerts(notification, alertsMax);
    const texts = this.texts({...notification, alerts});
    const body = encodeJson(
      payload === null
        ? messageOf('4', texts, notification.groupKey, truncated)
        : renderPlain(payload, texts.text),
    );
    texts.check('failed to render custom payload: ');
    const url = await this.#url(texts);
    checkStatus(
      await this.sender.postJson(url, body, {
        signal: notification.signal,
        timeout: {ms: timeout, what: 'webhook'},
      }),
    );
  }

  async #url(texts: Texts): Promise<string> {
    const {url, url_file: file} = this.config;
    const template = await secretOf(url, file, {prefix: 'read url_file: '});
    const rendered = texts.text(template);
    texts.check('failed to template webhook URL: ');
    if (rendered === '') throw new NotifyError('webhook URL is empty after templating', {retry: false});
    if (!URL.canParse(rendered))
      throw new NotifyError('webhook URL is not a URL after templating', {retry: true});
    return rendered;
  }
}

/** At most `max` alerts; 0 = all. */
export function firstAlerts(
  {alerts}: Notification,
  max: number,
): {alerts: Notification['alerts']; truncated: number} {
  if (max === 0 || alerts.length <= max) return {alerts, truncated: 0};
  return {alerts: alerts.slice(0, max), truncated: alerts.length - max};
}

/** What webhooks and incident.io get; `version` is that of the format. */
export function messageOf(
  version: string,
  {data}: Texts,
  groupKey: string,
  truncatedAlerts: number,
): Record<string, unknown> {
  return {...jsonOfData(data), version, groupKey, truncatedAlerts};
}
