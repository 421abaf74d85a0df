import type * as z from 'zod';
import type {HttpAnswer} from '../../http/client.ts';
import {boolean, dictionary, list, secret, section, text} from '../../model/fields.ts';
import {url} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {hashOfKey, isAllResolved} from './alert-status.ts';
import {HttpNotifier} from './base-notifier.ts';
import {formatGoMs, goDuration} from './go-duration.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {type PlainValue, plainValue, renderPlain, yamlOfPlain} from './plain-value.ts';
import {checkStatus, secretOf} from './sender.ts';
import type {Texts} from './texts.ts';
import {sortedMap} from '../../base/yaml-write.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  service_key: secret.default(''),
  service_key_file: text.default(''),
  routing_key: secret.default(''),
  routing_key_file: text.default(''),
  url: url.default(''),
  client: text.default('{{ template "pagerduty.default.client" . }}'),
  client_url: text.default('{{ template "pagerduty.default.clientURL" . }}'),
  description: text.default('{{ template "pagerduty.default.description" .}}'),
  details: dictionary(plainValue, 'map[string]interface {}').default(new Map()),
  images: list(
    section(() => ({src: text.default(''), alt: text.default(''), href: text.default('')})),
  ).default([]),
  links: list(section(() => ({href: text.default(''), text: text.default('')}))).default([]),
  source: text.default(''),
  severity: text.default(''),
  class: text.default(''),
  component: text.default(''),
  group: text.default(''),
  timeout: goDuration.default(0),
}));

type Fields = z.output<typeof fields>;

export const pagerduty = integrationKind({
  key: 'pagerduty_configs',
  name: 'pagerduty',
  emptyMessage: 'missing pagerduty config',
  fields,
  read,
});

const urlV1 = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';
/** Of the whole event. https://developer.pagerduty.com/docs/send-alert-event */
const eventBytesMax = 512_000;
const summaryCharactersMax = 1024;

const defaultDetails: readonly (readonly [string, PlainValue])[] = [
  ['firing', '{{ .Alerts.Firing | toJson }}'],
  ['resolved', '{{ .Alerts.Resolved | toJson }}'],
  ['num_firing', '{{ .Alerts.Firing | len }}'],
  ['num_resolved', '{{ .Alerts.Resolved | len }}'],
];

function read(own: Fields, context: ReadContext): IntegrationConfig {
  checkKeys(own, context);
  const config = {
    ...own,
    url: own.url || context.global.fields.pagerduty_url,
    source: own.source || own.client,
    details: new Map([...defaultDetails, ...own.details]),
  };
  const details = new Map([...config.details].map(([name, value]) => [name, yamlOfPlain(value)]));
  return httpReceiver(config, context, {
    always: ['timeout'],
    secrets: ['service_key', 'routing_key'],
    replaced: {
      timeout: formatGoMs(config.timeout),
      details: sortedMap(details),
    },
    open: (http, world) => new PagerDutyNotifier(config, http, world),
  });
}

function checkKeys(own: Fields, {complain}: ReadContext): void {
  const keys = [own.routing_key, own.service_key, own.routing_key_file, own.service_key_file];
  if (keys.every((key) => key === '')) complain([], 'missing service or routing key in PagerDuty config');
  if (own.routing_key !== '' && own.routing_key_file !== '')
    complain(['routing_key_file'], 'at most one of routing_key & routing_key_file must be configured');
  if (own.service_key !== '' && own.service_key_file !== '')
    complain(['service_key_file'], 'at most one of service_key & service_key_file must be configured');
}

class PagerDutyNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const texts = this.texts(notification);
    const details = this.#details(texts);
    const {service_key: key, service_key_file: keyFile} = this.config;
    if (key === '' && keyFile === '') await this.#notifyV2(notification, texts, details);
    else await this.#notifyV1(notification, texts, details);
  }

  async #notifyV2(
    notification: Notification,
    texts: Texts,
    details: Record<string, PlainValue>,
  ): Promise<void> {
    const {config} = this;
    const {text} = texts;
    const secretKey = await secretOf(config.routing_key, config.routing_key_file, {
      prefix: 'failed to read routing key from file: ',
    });
    const payload = {
      summary: this.#summary(texts, notification, 'summary'),
      source: text(config.source),
      severity: text(config.severity || 'error'),
      class: text(config.class),
      component: text(config.component),
      group: text(config.group),
    };
    const key = text(secretKey);
    const images = config.images
      .map(({src, alt, href}) => ({src: text(src), alt: text(alt), href: text(href)}))
      .filter(({src}) => src !== '');
    const links = config.links
      .map(({href, text: shown}) => ({href: text(href), text: text(shown)}))
      .filter(({href}) => href !== '');
    const head = {
      routing_key: key,
      dedup_key: hashOfKey(notification.groupKey),
      event_action: eventOf(notification),
      client: text(config.client),
      client_url: text(config.client_url),
    };
    texts.check('failed to template PagerDuty v2 message: ');
    if (key === '') throw new NotifyError('routing key cannot be empty', {retry: false});
    const body = this.#encode(details, (customDetails) =>
      omitEmpty({
        ...head,
        payload: omitEmpty({...payload, custom_details: customDetails}, ['summary', 'source', 'severity']),
        images,
        links,
      }),
    );
    await this.#post(config.url, body, notification, {retry: 429, to: 'PagerDuty'});
  }

  /** With a key of a service, which is how PagerDuty began. */
  async #notifyV1(
    notification: Notification,
    texts: Texts,
    details: Record<string, PlainValue>,
  ): Promise<void> {
    const {config} = this;
    const {text} = texts;
    const secretKey = await secretOf(config.service_key, config.service_key_file, {
      prefix: 'failed to read service key from file: ',
    });
    const event = eventOf(notification);
    const isTrigger = event === 'trigger';
    const message = {
      service_key: text(secretKey),
      incident_key: hashOfKey(notification.groupKey),
      event_type: event,
      description: this.#summary(texts, notification, 'description'),
      event_action: '',
      payload: null,
      client: isTrigger ? text(config.client) : '',
      client_url: isTrigger ? text(config.client_url) : '',
    };
    texts.check('failed to template PagerDuty v1 message: ');
    if (message.service_key === '') throw new NotifyError('service key cannot be empty', {retry: false});
    const body = this.#encode(details, (each) =>
      omitEmpty({...message, details: each}, ['event_action', 'payload']),
    );
    await this.#post(urlV1, body, notification, {retry: 403, to: 'PagerDuty v1'});
  }

  #details(texts: Texts): Record<string, PlainValue> {
    const details = [...this.config.details].map(([name, value]): [string, PlainValue] => [
      name,
      renderPlain(value, texts.text),
    ]);
    texts.check('failed to render details: ');
    return Object.fromEntries(details);
  }

  #summary({text}: Texts, {groupKey}: Notification, what: string): string {
    return this.cut(text(this.config.description), summaryCharactersMax, {what, groupKey});
  }

  /** Details that make an event too big are left out. */
  #encode(
    details: Record<string, PlainValue>,
    messageOf: (details: Record<string, PlainValue>) => Record<string, unknown>,
  ): string {
    const body = encodeJson(messageOf(details));
    const bytes = Buffer.byteLength(body);
    if (bytes <= eventBytesMax) return body;
    this.world.logger.warn('Truncated Details because the message exceeds the limit', {
      size: bytes,
      limit: eventBytesMax,
    });
    const error =
      'Custom details have been removed because the original event exceeds the maximum size of 512KB';
    return encodeJson(messageOf({error}));
  }

  async #post(
    to: string,
    body: string,
    {signal}: Notification,
    {retry, to: service}: {retry: number; to: string},
  ): Promise<void> {
    const timeout = {ms: this.config.timeout, what: 'pagerduty'};
    let answer: HttpAnswer;
    try {
      answer = await this.sender.postJson(to, body, {signal, timeout});
    } catch (cause) {
      const message = `failed to post message to ${service}: ${(cause as Error).message}`;
      throw new NotifyError(message, {retry: true, cause});
    }
    checkStatus(answer, {retryCodes: [retry], details: detailsOf});
  }
}

function eventOf(notification: Notification): 'trigger' | 'resolve' {
  return isAllResolved(notification) ? 'resolve' : 'trigger';
}

/** What PagerDuty says was wrong with an event. */
function detailsOf({status, text: body}: HttpAnswer): string {
  if (status !== 400) return '';
  try {
    const {message = '', errors = []} = JSON.parse(body) as {message?: string; errors?: string[] | null};
    return `${message}: ${(errors ?? []).join(',')}`;
  } catch {
    return '';
  }
}
