// Mail over SMTP.
import {randomBytes} from 'node:crypto';
import {isIP} from 'node:net';
import {hostname} from 'node:os';
import type {ConnectionOptions} from 'node:tls';
import {quoteGo} from '../../base/quote.ts';
import {wordsOf} from '../../http/failures.ts';
import type {TlsClientConfig} from '../../http/tls-config.ts';
import {readTlsTexts, secureContextOf} from '../../http/tls-material.ts';
import {formatHostPort} from '../fields.ts';
import {
  type IntegrationConfig,
  integrationKind,
  type IntegrationWorld,
  type Notification,
  type Notifier,
  NotifyError,
  type ReadContext,
  templateDataOfNotification,
} from '../integration.ts';
import {hashOfKey} from './alert-status.ts';
import {type EmailConfig, emailFields, type EmailFields, readEmail} from './email-config.ts';
import {parseAddresses} from './mail/addresses.ts';
import {formatMail, type MailPart} from './mail/message.ts';
import {type SmtpAuthentication, SmtpConnection} from './mail/smtp.ts';
import {readWholeFile} from './sender.ts';
import {Texts} from './texts.ts';

export const email = integrationKind({
  key: 'email_configs',
  name: 'email',
  emptyMessage: 'missing email config',
  fields: emailFields,
  read,
});

function read(fields: EmailFields, context: ReadContext): IntegrationConfig {
  const {config, tls, document} = readEmail(fields, context);
  return {
    sendResolved: config.send_resolved,
    document,
    open: (world) => new EmailNotifier(config, tls.config, world),
  };
}

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly message: string;
}

class EmailNotifier implements Notifier {
  readonly #config: EmailConfig;
  readonly #tls: TlsClientConfig;
  readonly #world: IntegrationWorld;

  constructor(config: EmailConfig, tls: TlsClientConfig, world: IntegrationWorld) {
    this.#config = config;
    this.#tls = tls;
    this.#world = world;
  }

  async notify(notification: Notification): Promise<void> {
    const mail = this.#compose(notification);
    const {smarthost, hello} = this.#config;
    const isImplicit = this.#config.force_implicit_tls ?? smarthost.port === '465';
    const tls = isImplicit || this.#config.require_tls ? this.#tlsOptions() : null;
    const connection = await failingAs(
      isImplicit ? 'establish TLS connection to server' : 'establish connection to server',
      () =>
        SmtpConnection.open(
          {host: smarthost.host, port: Number(smarthost.port)},
          {tls: isImplicit ? tls : null, signal: notification.signal},
        ),
    );
    try {
      await failingAs('create SMTP client', () => connection.greeting());
      await failingAs('send EHLO command', () => connection.hello(hello || 'localhost'));
      if (tls !== null && !isImplicit) await this.#startTls(connection, tls);
      await this.#authenticate(connection);
      await send(connection, mail);
      await this.#quit(connection);
    } finally {
      connection.close();
    }
  }

  #compose(notification: Notification): Mail {
    const config = this.#config;
    const texts = new Texts(this.#world.templates, templateDataOfNotification(notification));
    const render = (template: string, what: string, kind: 'text' | 'html' = 'text'): string => {
      const rendered = texts[kind](template);
      texts.check(`execute ${what}: `);
      return rendered;
    };
    const from = addressesOf(render(config.from, "'from' template"), 'from');
    if (from.length !== 1)
      throw new NotifyError(`must be exactly one 'from' address (got: ${from.length})`, {retry: false});
    const to = addressesOf(render(config.to, "'to' template"), 'to');
    const headers = [...config.headers].map(
      ([name, template]) => [name, render(template, `${quoteGo(name)} header template`)] as const,
    );
    const parts: MailPart[] = [];
    if (config.text !== '')
      parts.push({contentType: 'text/plain; charset=UTF-8', text: render(config.text, 'text template')});
    // The last part is the one to show.
    if (config.html !== '')
      parts.push({
        contentType: 'text/html; charset=UTF-8',
        text: render(config.html, 'html template', 'html'),
      });
    const date = new Date(this.#world.clock.now());
    const rawHeaders = [...this.#ownId(date), ...this.#thread(notification.groupKey, date)];
    return {from: from[0]!, to, message: formatMail({headers, rawHeaders, date, parts})};
  }

  #ownId(date: Date): [string, string][] {
    if (this.#config.headers.has('Message-Id')) return [];
    const random = randomBytes(8).readBigUInt64BE();
    return [['Message-Id', `<${date.getTime()}000000.${random}@${hostname() || 'localhost.localdomain'}>`]];
  }

  /** All mails of a group, or of a group and a day, answer one that was never sent. */
  #thread(groupKey: string, date: Date): [string, string][] {
    const {enabled, thread_by_date: byDate} = this.#config.threading;
    if (!enabled) return [];
    const two = (value: number): string => String(value).padStart(2, '0');
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    const root = `<alert-${hashOfKey(groupKey).slice(0, 16)}-${byDate === 'none' ? '' : day}@alertmanager>`;
    return [
      ['References', root],
      ['In-Reply-To', root],
    ];
  }

  #tlsOptions(): ConnectionOptions {
    try {
      return tlsOptionsOf(this.#tls, this.#config.smarthost.host);
    } catch (cause) {
      throw new NotifyError(`parse TLS configuration: ${(cause as Error).message}`, {retry: false, cause});
    }
  }

  async #startTls(connection: SmtpConnection, tls: ConnectionOptions): Promise<void> {
    const {smarthost, hello} = this.#config;
    if (connection.extension('STARTTLS') === null)
      throw new NotifyError(
        `'require_tls' is true (default) but ${quoteGo(formatHostPort(smarthost))} does not advertise the STARTTLS extension`,
        {retry: true},
      );
    await failingAs('send STARTTLS command', () => connection.startTls(tls, hello || 'localhost'));
  }

  async #authenticate(connection: SmtpConnection): Promise<void> {
    const mechanisms = connection.extension('AUTH');
    if (mechanisms === null || this.#config.auth_username === '') return;
    const authentication = await this.#authentication(mechanisms.split(' '));
    // Alertmanager's log names Go's types, and people search for them.
    const name = {
      PLAIN: '*smtp.plainAuth auth',
      LOGIN: '*email.loginAuth auth',
      'CRAM-MD5': '*smtp.cramMD5Auth auth',
    }[authentication.mechanism];
    await failingAs(name, () => connection.authenticate(authentication));
  }

  /** The first of the server's mechanisms for which there is a secret. */
  async #authentication(mechanisms: readonly string[]): Promise<SmtpAuthentication> {
    const config = this.#config;
    const problems: string[] = [];
    for (const mechanism of mechanisms) {
      if (mechanism !== 'PLAIN' && mechanism !== 'LOGIN' && mechanism !== 'CRAM-MD5') {
        problems.push(`unknown auth mechanism: ${mechanism}`);
        continue;
      }
      const [file, inline, what] =
        mechanism === 'CRAM-MD5'
          ? [config.auth_secret_file, config.auth_secret, 'secret']
          : [config.auth_password_file, config.auth_password, 'password'];
      try {
        const secret = file === '' ? inline : (await readWholeFile(file)).trim();
        if (secret !== '')
          return {mechanism, username: config.auth_username, secret, identity: config.auth_identity};
        problems.push(`missing ${what} for ${mechanism} auth mechanism`);
      } catch (error) {
        problems.push(`could not read ${file}: ${(error as Error).message}`);
      }
    }
    throw new NotifyError(`find auth mechanism: ${problems.join('\n')}`, {retry: true});
  }

  /** The mail is sent: what goes wrong now is only told to the log. */
  async #quit(connection: SmtpConnection): Promise<void> {
    try {
      await connection.quit();
    } catch (error) {
      this.#world.logger.warn('failed to close SMTP connection', {err: error});
    }
  }

  async close(): Promise<void> {
    // Each mail has a connection of its own.
  }
}

async function send(connection: SmtpConnection, {from, to, message}: Mail): Promise<void> {
  await failingAs('send MAIL command', () => connection.mail(from));
  for (const address of to) await failingAs('send RCPT command', () => connection.recipient(address));
  await failingAs('send DATA command', () => connection.startData());
  await failingAs('delivery failure', () => connection.data(message));
}

async function failingAs<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new NotifyError(`${what}: ${wordsOf(cause as Error, '', '')}`, {retry: true, cause});
  }
}

function addressesOf(list: string, what: 'from' | 'to'): string[] {
  try {
    return parseAddresses(list);
  } catch (cause) {
    throw new NotifyError(`parse '${what}' addresses: ${(cause as Error).message}`, {retry: false, cause});
  }
}

/** Files are read each time, so that renewed certificates are used. */
function tlsOptionsOf(tls: TlsClientConfig, host: string): ConnectionOptions {
  return {
    // An address is no name of a server.
    servername: tls.serverName ?? (isIP(host) === 0 ? host : ''),
    host,
    rejectUnauthorized: !tls.insecureSkipVerify,
    secureContext: secureContextOf(tls, readTlsTexts(tls)),
  };
}
