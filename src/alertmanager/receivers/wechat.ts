// WeChat Work (WeCom).
import type * as z from 'zod';
import {quoteGo} from '../../base/quote.ts';
import {boolean, secret, section, text} from '../../model/fields.ts';
import {url} from '../fields.ts';
import {httpConfig} from '../global.ts';
import {
  failureReasonOf,
  type IntegrationConfig,
  integrationKind,
  type Notification,
  NotifyError,
  type ReadContext,
} from '../integration.ts';
import {HttpNotifier} from './base-notifier.ts';
import {httpReceiver} from './http-receiver.ts';
import {encodeJson, omitEmpty} from './json.ts';
import {secretOf, shortened} from './sender.ts';
import type {Texts} from './texts.ts';
import {withPath, withSlash} from './urls.ts';

const fields = section(() => ({
  send_resolved: boolean.default(false),
  http_config: httpConfig,
  api_secret: secret.default(''),
  api_secret_file: text.default(''),
  corp_id: text.default(''),
  message: text.default('{{ template "wechat.default.message" . }}'),
  api_url: url.default(''),
  to_user: text.default('{{ template "wechat.default.to_user" . }}'),
  to_party: text.default('{{ template "wechat.default.to_party" . }}'),
  to_tag: text.default('{{ template "wechat.default.to_tag" . }}'),
  agent_id: text.default('{{ template "wechat.default.agent_id" . }}'),
  message_type: text.default('text'),
}));

type Fields = z.output<typeof fields>;

export const wechat = integrationKind({
  key: 'wechat_configs',
  name: 'wechat',
  emptyMessage: null,
  fields,
  read,
});

const tokenFreshMs = 2 * 3_600_000;
/** https://developer.work.weixin.qq.com/document/path/90313 */
const codeOfOldToken = 42_001;

function read(own: Fields, context: ReadContext): IntegrationConfig {
  const {complain} = context;
  const global = context.global.fields;
  const config = {
    ...own,
    message_type: own.message_type || 'text',
    api_url: withSlash(own.api_url || global.wechat_api_url),
    corp_id: own.corp_id || global.wechat_api_corp_id,
  };
  if (!/^(text|markdown)$/.test(config.message_type))
    complain(
      ['message_type'],
      `weChat message type ${quoteGo(config.message_type)} does not match valid options ^(text|markdown)$`,
    );
  if (own.api_secret !== '' && own.api_secret_file !== '')
    complain(['api_secret_file'], 'at most one of api_secret & api_secret_file must be configured');
  if (own.api_secret === '' && own.api_secret_file === '') {
    config.api_secret = global.wechat_api_secret;
    config.api_secret_file = global.wechat_api_secret_file;
    if (config.api_secret === '' && config.api_secret_file === '')
      complain([], 'no global Wechat Api Secret set either inline or in a file');
  }
  if (config.corp_id === '') complain([], 'no global Wechat CorpID set');
  return httpReceiver(config, context, {
    secrets: ['api_secret'],
    open: (http, world) => new WechatNotifier(config, http, world),
  });
}

class WechatNotifier extends HttpNotifier<Fields> {
  #token = '';
  #tokenAt = 0;

  async notify(notification: Notification): Promise<void> {
    const {config} = this;
    const texts = this.texts(notification);
    const token = await this.#freshToken(texts, notification);
    const body = this.#message(texts);
    texts.check('templating error: ');
    const url = withPath(config.api_url, 'message/send', {access_token: token});
    const {status, text: answer} = await this.sender.postJson(url, encodeJson(body), {
      signal: notification.signal,
    });
    if (status !== 200)
      throw new NotifyError(`unexpected status code ${status}`, {
        retry: true,
        reason: failureReasonOf(status),
      });
    const {errcode, errmsg} = parseAnswer(answer) as {errcode?: number; errmsg?: string};
    if ((errcode ?? 0) === 0) return;
    const isOld = errcode === codeOfOldToken;
    if (isOld) this.#token = '';
    throw new NotifyError(errmsg ?? '', {retry: isOld});
  }

  #message({text: render}: Texts): Record<string, unknown> {
    const {config} = this;
    const content = render(config.message);
    const isMarkdown = config.message_type === 'markdown';
    return omitEmpty({
      text: {content: isMarkdown ? '' : content},
      touser: render(config.to_user),
      toparty: render(config.to_party),
      totag: render(config.to_tag),
      agentid: render(config.agent_id),
      safe: '0',
      msgtype: config.message_type,
      markdown: {content: isMarkdown ? content : ''},
    });
  }

  async #freshToken(texts: Texts, {signal}: Notification): Promise<string> {
    const now = this.world.clock.elapsed();
    if (this.#token !== '' && now - this.#tokenAt <= tokenFreshMs) return this.#token;
    const {config} = this;
    const secretText = await secretOf(config.api_secret, config.api_secret_file, {prefix: ''});
    const query = {corpid: texts.text(config.corp_id), corpsecret: texts.text(secretText)};
    texts.check('templating error: ');
    const url = withPath(config.api_url, 'gettoken', query);
    const {text: answer} = await this.sender.send(url, {method: 'GET', signal});
    const {access_token: token} = parseAnswer(answer, false) as {access_token?: string};
    if (typeof token !== 'string' || token === '')
      throw new NotifyError(`invalid APISecret for CorpID: ${config.corp_id}`, {retry: false});
    this.#token = token;
    this.#tokenAt = now;
    return token;
  }
}

function parseAnswer(answer: string, retry = true): object {
  try {
    const said = JSON.parse(answer) as unknown;
    return typeof said === 'object' && said !== null ? said : {};
  } catch (cause) {
    throw new NotifyError(`cannot read the answer ${quoteGo(shortened(answer))}`, {retry, cause});
  }
}
