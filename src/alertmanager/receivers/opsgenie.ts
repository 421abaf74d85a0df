import type * as z from 'zod';
import {boolean, dictionary, list, secret, section, text} from '../../model/fields.ts';
import {TemplateSet} from '../../template/template.ts';
import {url} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  type ReadContext,
} from '../integration.ts';
import {hashOfKey, isAllResolved} from './alert-status.ts';
import {HttpNotifier} from './base-notifier.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {checkStatus, secretOf} from './sender.ts';
import type {Texts} from './texts.ts';
import {withPath, withSlash} from './urls.ts';

const responderFields = section(() => ({
  id: text.default(''),
  name: text.default(''),
  username: text.default(''),
  type: text.default(''),
}));

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  api_key: secret.default(''),
  api_key_file: text.default(''),
  api_url: url.default(''),
  message: text.default('{{ template "opsgenie.default.message" . }}'),
  description: text.default('{{ template "opsgenie.default.description" . }}'),
  source: text.default('{{ template "opsgenie.default.source" . }}'),
  details: dictionary(text).default(new Map()),
  entity: text.default(''),
  responders: list(responderFields).default([]),
  actions: text.default(''),
  tags: text.default(''),
  note: text.default(''),
  priority: text.default(''),
  update_alerts: boolean.default(false),
}));

type Fields = z.output<typeof fields>;
type Responder = z.output<typeof responderFields>;

export const opsgenie = integrationKind({
  key: 'opsgenie_configs',
  name: 'opsgenie',
  emptyMessage: null,
  fields,
  read,
});

/** https://docs.opsgenie.com/docs/alert-api */
const messageCharactersMax = 130;
const responderTypes = '^(team|teams|user|escalation|schedule)$';

function read(own: Fields, context: ReadContext): IntegrationConfig {
  const {complain} = context;
  const global = context.global.fields;
  if (own.api_key !== '' && own.api_key_file !== '')
    complain(['api_key_file'], 'at most one of api_key & api_key_file must be configured');
  for (const [index, responder] of own.responders.entries()) {
    const message = complaintOf(responder);
    if (message !== null) complain(['responders', index], message);
  }
  const config = {
    ...own,
    api_url: withSlash(own.api_url || global.opsgenie_api_url),
    api_key: own.api_key || global.opsgenie_api_key,
    api_key_file: own.api_key_file || global.opsgenie_api_key_file,
  };
  if (config.api_key === '' && config.api_key_file === '')
    complain([], 'no global OpsGenie API Key set either inline or in a file');
  return httpReceiver(config, context, {
    secrets: ['api_key'],
    open: (http, world) => new OpsGenieNotifier(config, http, world),
  });
}

function complaintOf({id, name, username, type}: Responder): string | null {
  const shown = `opsGenieConfig responder {${id} ${name} ${username} ${type}}`;
  if (id === '' && username === '' && name === '')
    return `${shown} has to have at least one of id, username or name specified`;
  if (!type.includes('{{')) {
    const isKnown = new RegExp(responderTypes).test(type.toLowerCase());
    return isKnown ? null : `${shown} type does not match valid options ${responderTypes}`;
  }
  try {
    new TemplateSet().parse('', type);
    return null;
  } catch (error) {
    return `${shown} type contains invalid template syntax: ${(error as Error).message}`;
  }
}

interface Request {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly body: Record<string, unknown>;
}

class OpsGenieNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const texts = this.texts(notification);
    const requests = isAllResolved(notification)
      ? [this.#close(texts, hashOfKey(notification.groupKey))]
      : this.#create(texts, notification);
    const {api_key: inline, api_key_file: file} = this.config;
    const key = texts.text(await secretOf(inline, file, {prefix: 'read key_file error: '}));
    texts.check('templating error: ');
    for (const {method, url, body} of requests) {
      const answer = await this.sender.postJson(url, encodeJson(body), {
        method,
        secretHeaders: {authorization: `GenieKey ${key}`},
        signal: notification.signal,
      });
      checkStatus(answer, {retryCodes: [429]});
    }
  }

  #close(texts: Texts, alias: string): Request {
    const {api_url: url, source} = this.config;
    return {
      method: 'POST',
      url: withPath(url, `v2/alerts/${alias}/close`, {identifierType: 'alias'}),
      body: {source: texts.text(source)},
    };
  }

  #create(texts: Texts, {groupKey}: Notification): Request[] {
    const {config} = this;
    const {text} = texts;
    const alias = hashOfKey(groupKey);
    const message = this.cut(text(config.message), messageCharactersMax, {what: 'message', groupKey});
    const details = new Map(texts.data.commonLabels);
    for (const [name, template] of config.details) details.set(name, text(template));
    const description = text(config.description);
    const body = omitEmpty(
      {
        alias,
        message,
        description,
        details: Object.fromEntries(details),
        source: text(config.source),
        responders: respondersOf(config.responders, text),
        tags: splitList(text(config.tags)),
        note: text(config.note),
        priority: text(config.priority),
        entity: text(config.entity),
        actions: splitList(text(config.actions)),
      },
      ['alias', 'message', 'details', 'source'],
    );
    const create: Request = {method: 'POST', url: withPath(config.api_url, 'v2/alerts'), body};
    if (!config.update_alerts) return [create];
    const update = (name: string, value: string): Request => ({
      method: 'PUT',
      url: withPath(config.api_url, `v2/alerts/${alias}/${name}`, {identifierType: 'alias'}),
      body: omitEmpty({[name]: value}),
    });
    return [create, update('message', message), update('description', description)];
  }
}

/** Type `teams` stands for several teams by name. Those that templates leave empty are none. */
function respondersOf(responders: readonly Responder[], text: (template: string) => string): unknown[] {
  return responders.flatMap((each) => {
    const type = text(each.type);
    const who = {id: text(each.id), name: text(each.name), username: text(each.username)};
    if (type === 'teams') return splitList(who.name).map((name) => ({name, type: 'team'}));
    const rendered = omitEmpty({...who, type}, ['type']);
    return Object.values(rendered).every((value) => value === '') ? [] : [rendered];
  });
}

function splitList(texts: string): string[] {
  return texts
    .trim()
    .split(',')
    .filter((each) => each !== '');
}
