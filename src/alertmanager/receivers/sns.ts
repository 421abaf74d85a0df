// Amazon SNS: topics, phones and endpoints of mobile applications.
import type * as z from 'zod';
import {boolean, dictionary, section, text} from '../../model/fields.ts';
import {AwsCredentialsSource, awsErrorOf, endpointOf} from '../../http/aws-credentials.ts';
import {HttpClient} from '../../http/client.ts';
import type {HttpClientConfig} from '../../http/client-config.ts';
import {readSigV4, sigV4Fields, type SigV4Config} from '../../http/sigv4-config.ts';
import {signRequest} from '../../http/sigv4.ts';
import {httpConfig} from '../global.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type IntegrationWorld,
  type Notification,
  NotifyError,
  type ReadContext,
  receiverHttp,
} from '../integration.ts';
import {hashOfKey} from './alert-status.ts';
import {HttpNotifier} from './base-notifier.ts';
import {linesOfSection} from './lines.ts';
import {checkStatus} from './sender.ts';
import type {Texts} from './texts.ts';

const noSigV4 = sigV4Fields.parse({kind: 'mapping', entries: [], offset: 0});

const fields = section(() => ({
  send_resolved: boolean.default(true),
  http_config: httpConfig,
  api_url: text.default(''),
  sigv4: sigV4Fields.default(noSigV4),
  topic_arn: text.default(''),
  phone_number: text.default(''),
  target_arn: text.default(''),
  subject: text.default('{{ template "sns.default.subject" . }}'),
  message: text.default('{{ template "sns.default.message" . }}'),
  attributes: dictionary(text).default(new Map()),
  use_aws_http_client: boolean.default(false),
}));

type Fields = z.output<typeof fields>;

export const sns = integrationKind({
  key: 'sns_configs',
  name: 'sns',
  emptyMessage: 'missing sns config',
  fields,
  read,
});

const messageBytesMax = 256 * 1024;
const smsBytesMax = 1600;

/** Answers after which AWS wants to be asked again. */
const throttlingCodes = ['Throttling', 'ThrottlingException', 'ThrottledException', 'RequestLimitExceeded'];

function read(config: Fields, context: ReadContext): IntegrationConfig {
  const {target_arn: target, topic_arn: topic, phone_number: phone} = config;
  // Exactly as Alertmanager counts: one of them, or all three.
  if (((target === '') !== (topic === '')) !== (phone === ''))
    context.complain([], 'must provide either a Target ARN, Topic ARN, or Phone Number for SNS config');
  const http = receiverHttp(config.http_config, context);
  const sigV4 = readSigV4(config.sigv4, (path, message) => context.complain(['sigv4', ...path], message));
  return {
    sendResolved: config.send_resolved,
    document: linesOfSection(config, {
      always: ['send_resolved'],
      replaced: {http_config: http.document, sigv4: sigV4.document},
    }),
    open: (world) => new SnsNotifier(config, {http: withBundle(http.config), sigV4: sigV4.config}, world),
  };
}

/** AWS's own programs trust the authorities of this file. */
function withBundle(http: HttpClientConfig): HttpClientConfig {
  const bundle = process.env['AWS_CA_BUNDLE'] ?? '';
  if (bundle === '' || http.tls?.ca !== undefined || http.tls?.caFile !== undefined) return http;
  return {...http, tls: {insecureSkipVerify: false, ...http.tls, caFile: bundle}};
}

class SnsNotifier extends HttpNotifier<Fields> {
  readonly #source: AwsCredentialsSource;
  readonly #client: HttpClient;

  constructor(
    config: Fields,
    {http, sigV4}: {http: HttpClientConfig; sigV4: SigV4Config},
    world: IntegrationWorld,
  ) {
    super(config, http, world);
    this.#client = new HttpClient(http, () => world.clock.elapsed());
    this.#source = new AwsCredentialsSource(sigV4, {
      environment: process.env,
      http: this.#client,
      now: () => world.clock.now(),
    });
  }

  async notify(notification: Notification): Promise<void> {
    const {signal} = notification;
    const texts = this.texts(notification);
    const {region, credentials} = await this.#source.identity(signal).catch((cause: Error) => {
      throw new NotifyError(cause.message, {retry: true, cause});
    });
    const own = texts.text(this.config.api_url);
    checkTexts(texts, 'api_url');
    const url = new URL(own || endpointOf('sns', region, process.env));
    const body = formOf(this.#parameters(texts, notification));
    const headers = signRequest(
      {method: 'POST', url, headers: {'content-type': 'application/x-www-form-urlencoded'}, body},
      {credentials, region, service: 'sns', nowMs: this.world.clock.now()},
    );
    const answer = await this.sender.send(url.href, {method: 'POST', body, secretHeaders: headers, signal});
    const {code, message} = awsErrorOf(answer.text);
    checkStatus(answer, {
      details: () => message,
      retryCodes: throttlingCodes.includes(code) ? [answer.status] : [429],
    });
  }

  #parameters(texts: Texts, {groupKey}: Notification): Record<string, string> {
    const {config} = this;
    const render = (template: string, what: string): string => {
      const rendered = texts.text(template);
      checkTexts(texts, what);
      return rendered;
    };
    const attributes = new Map(
      [...config.attributes].map(([name, value]) => [
        render(name, 'attributes'),
        render(value, 'attributes'),
      ]),
    );
    const topic = render(config.topic_arn, 'topic_arn');
    const phone = render(config.phone_number, 'phone_number');
    const target = render(config.target_arn, 'target_arn');
    const whole = render(config.message, 'message');
    const message = cutMessage(whole, config.phone_number === '' ? messageBytesMax : smsBytesMax);
    if (message !== whole) attributes.set('truncated', 'true');
    const subject = render(config.subject, 'subject');
    return {
      Action: 'Publish',
      Version: '2010-03-31',
      ...(config.topic_arn !== '' && {TopicArn: topic}),
      ...(topic.endsWith('.fifo') && {
        MessageDeduplicationId: hashOfKey(groupKey),
        MessageGroupId: hashOfKey(groupKey),
      }),
      ...(config.phone_number !== '' && {PhoneNumber: phone}),
      ...(config.target_arn !== '' && {TargetArn: target}),
      Message: message,
      ...attributeParameters(attributes),
      ...(config.subject !== '' && {Subject: subject}),
    };
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#client.close();
  }
}

/** Alertmanager retries these, too. */
function checkTexts({error}: Texts, what: string): void {
  if (error === null) return;
  const message = `execute '${what}' template: ${error.message}`;
  throw new NotifyError(message, {retry: true, reason: 'clientError', cause: error});
}

function attributeParameters(attributes: ReadonlyMap<string, string>): Record<string, string> {
  const parameters: Record<string, string> = {};
  let number = 1;
  for (const [name, value] of attributes) {
    const entry = `MessageAttributes.entry.${number++}`;
    parameters[`${entry}.Name`] = name;
    parameters[`${entry}.Value.DataType`] = 'String';
    parameters[`${entry}.Value.StringValue`] = value;
  }
  return parameters;
}

function formOf(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}

/** SNS says no to more bytes. No character is cut. */
function cutMessage(message: string, bytesMax: number): string {
  if (!message.isWellFormed()) throw new NotifyError('non utf8 encoded message string', {retry: true});
  if (Buffer.byteLength(message) <= bytesMax) return message;
  const bytes = Buffer.from(message);
  let end = bytesMax;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
