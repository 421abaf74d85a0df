// VictorOps, which is Splunk On-Call today.
import type * as z from 'zod';
import {boolean, dictionary, secret, section, text} from '../../model/fields.ts';
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
import {encodeJson} from './json.ts';
import {checkStatus, secretOf} from './sender.ts';
import {withPath, withSlash} from './urls.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  api_key: secret.default(''),
  api_key_file: text.default(''),
  api_url: url.default(''),
  routing_key: text.default(''),
  message_type: text.default('CRITICAL'),
  state_message: text.default('{{ template "victorops.default.state_message" . }}'),
  entity_display_name: text.default('{{ template "victorops.default.entity_display_name" . }}'),
  monitoring_tool: text.default('{{ template "victorops.default.monitoring_tool" . }}'),
  custom_fields: dictionary(text).default(new Map()),
}));

type Fields = z.output<typeof fields>;

export const victorops = integrationKind({
  key: 'victorops_configs',
  name: 'victorops',
  emptyMessage: 'missing victorops config',
  fields,
  read,
});

/** https://help.victorops.com/knowledge-base/incident-fields-glossary/ */
const messageCharactersMax = 20_480;

const ownFields = [
  'routing_key',
  'message_type',
  'state_message',
  'entity_display_name',
  'monitoring_tool',
  'entity_id',
  'entity_state',
];

function read(own: Fields, context: ReadContext): IntegrationConfig {
  const {complain} = context;
  if (own.routing_key === '') complain([], 'missing Routing key in VictorOps config');
  if (own.api_key !== '' && own.api_key_file !== '')
    complain(['api_key_file'], 'at most one of api_key & api_key_file must be configured');
  for (const name of ownFields)
    if (own.custom_fields.has(name))
      complain(
        ['custom_fields', name],
        `victorOps config contains custom field ${name} which cannot be used as it conflicts with the fixed/static fields`,
      );
  const global = context.global.fields;
  const config = {
    ...own,
    api_url: withSlash(own.api_url || global.victorops_api_url),
    api_key: own.api_key || global.victorops_api_key,
    api_key_file: own.api_key_file || global.victorops_api_key_file,
  };
  if (config.api_key === '' && config.api_key_file === '') complain([], 'no global VictorOps API Key set');
  return httpReceiver(config, context, {
    always: [
      'api_url',
      'routing_key',
      'message_type',
      'state_message',
      'entity_display_name',
      'monitoring_tool',
    ],
    secrets: ['api_key'],
    open: (http, world) => new VictorOpsNotifier(config, http, world),
  });
}

class VictorOpsNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const texts = this.texts(notification);
    const key = await secretOf(config.api_key, config.api_key_file, {
      prefix: 'failed to read API key from file: ',
    });
    const routingKey = texts.text(config.routing_key);
    texts.check('templating error: ');
    const url = withPath(config.api_url, `${key}/${routingKey}`);
    const stateMessage = texts.text(config.state_message);
    const message: Record<string, string> = {
      message_type: this.#typeOf(texts.text(config.message_type), notification),
      entity_id: hashOfKey(notification.groupKey),
      entity_display_name: texts.text(config.entity_display_name),
      state_message: this.cut(stateMessage, messageCharactersMax, {
        what: 'state_message',
        groupKey: notification.groupKey,
      }),
      monitoring_tool: texts.text(config.monitoring_tool),
    };
    for (const [name, template] of config.custom_fields) message[name] = texts.text(template);
    texts.check('templating error: ');
    const {signal} = notification;
    checkStatus(await this.sender.postJson(url, encodeJson(message), {signal}));
  }

  #typeOf(configured: string, notification: Notification): string {
    if (isAllResolved(notification)) return 'RECOVERY';
    return ['INFO', 'WARNING', 'CRITICAL'].includes(configured) ? configured : 'CRITICAL';
  }
}
