import {resolve} from 'node:path';
import type * as z from 'zod';
import type {HttpAnswer} from '../../http/client.ts';
import {boolean, count, secret, section, text} from '../../model/fields.ts';
import {url} from '../fields.ts';
import {httpConfig, readHttpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type Notification,
  type ReadContext,
  receiverHttp,
} from '../integration.ts';
import {withBearer} from './authorization.ts';
import {HttpNotifier} from './base-notifier.ts';
import {formatGoMs, goDuration} from './go-duration.ts';
import {encodeJson} from './json.ts';
import {linesOfSection} from './lines.ts';
import {checkStatus, secretOf} from './sender.ts';
import {firstAlerts, messageOf} from './webhook.ts';

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  url: url.default(''),
  url_file: text.default(''),
  alert_source_token: secret.default(''),
  alert_source_token_file: text.default(''),
  max_alerts: count.default(0),
  timeout: goDuration.default(0),
}));

type Fields = z.output<typeof fields>;

export const incidentio = integrationKind({
  key: 'incidentio_configs',
  name: 'incidentio',
  emptyMessage: 'missing incidentio config',
  fields,
  read,
});

/** What incident.io takes. */
const bodyBytesMax = 512 * 1024;

function read(config: Fields, context: ReadContext): IntegrationConfig {
  check(config, context);
  const {alert_source_token: token, alert_source_token_file: tokenFile} = config;
  const shown = receiverHttp(config.http_config, context);
  const ownHttp = config.http_config ?? context.global.fields.http_config;
  // The token's file is relative to the working directory, as Alertmanager takes it.
  const file = tokenFile === '' ? '' : resolve(tokenFile);
  const http =
    token === '' && tokenFile === ''
      ? shown
      : readHttpConfig(withBearer(ownHttp, token, file), context.directory, context.complain);
  return {
    sendResolved: config.send_resolved,
    document: linesOfSection(config, {
      always: ['send_resolved', 'url', 'url_file', 'max_alerts', 'timeout'],
      secrets: ['alert_source_token'],
      replaced: {
        http_config: shown.document,
        timeout: formatGoMs(config.timeout),
        ...(config.url === '' && {url: null}),
      },
    }),
    open: (world) => new IncidentIoNotifier(config, http.config, world),
  };
}

function check(config: Fields, {complain}: ReadContext): void {
  if (config.url === '' && config.url_file === '') complain([], 'one of url or url_file must be configured');
  if (config.url !== '' && config.url_file !== '')
    complain(['url_file'], 'at most one of url & url_file must be configured');
  const {alert_source_token: token, alert_source_token_file: tokenFile, http_config: http} = config;
  if (token !== '' && tokenFile !== '')
    complain(
      ['alert_source_token_file'],
      'at most one of alert_source_token & alert_source_token_file must be configured',
    );
  if (http === null) return;
  const hasToken = token !== '' || tokenFile !== '';
  if (http.authorization !== null && hasToken)
    complain(
      [],
      'cannot specify alert_source_token or alert_source_token_file when using http_config.authorization',
    );
  if (http.authorization === null && !hasToken)
    complain(
      [],
      'at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured',
    );
}

class IncidentIoNotifier extends HttpNotifier<Fields> {
  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const {alerts, truncated} = firstAlerts(notification, config.max_alerts);
    const texts = this.texts({...notification, alerts});
    const message = messageOf('1', texts, notification.groupKey, truncated);
    const url = await secretOf(config.url, config.url_file, {prefix: 'read url_file: '});
    const answer = await this.sender.postJson(url, this.#encode(message, notification.groupKey), {
      signal: notification.signal,
      timeout: {ms: config.timeout, what: 'incident.io'},
    });
    checkStatus(answer, {retryCodes: [429], details: detailsOf});
  }

  /** Of a message that is too long only the first alert is sent: it makes the incident. */
  #encode(message: Record<string, unknown>, groupKey: string): string {
    const body = encodeJson(message);
    const bytes = Buffer.byteLength(body);
    if (bytes <= bodyBytesMax) return body;
    const shorter = encodeJson({...message, alerts: (message['alerts'] as unknown[]).slice(0, 1)});
    this.world.logger.warn('Only the first alert is sent: the message is too long for incident.io', {
      group_key: groupKey,
      original_size: bytes,
      final_size: Buffer.byteLength(shorter),
      max_size: bodyBytesMax,
    });
    return shorter;
  }
}

function detailsOf({text: body}: HttpAnswer): string {
  try {
    const said = JSON.parse(body) as {message?: string; error?: string; errors?: string[] | null};
    const parts = [said.message ?? '', said.error ?? '', (said.errors ?? []).join(', ')];
    return parts.filter((part) => part !== '').join(': ');
  } catch {
    return '';
  }
}
