import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {TestAuthority} from '../../http/testing-certificates.ts';
import type {NotifyError} from '../integration.ts';
import {failureOf, notificationOf, openReceiver} from './testing/open.ts';
import {type RecordedMail, SmtpServer, type SmtpServerOptions} from './testing/smtp-server.ts';

const authority = new TestAuthority();
const certificate = authority.issue({names: ['127.0.0.1', 'localhost']});
const folder = mkdtempSync(join(tmpdir(), 'narthex-mail-'));
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, authority.cert);
test.after(() => rmSync(folder, {recursive: true}));

/** What a server gets of a notification, or what went wrong. */
async function sent(
  options: SmtpServerOptions,
  yaml: string,
  notification = notificationOf(),
): Promise<{mail: RecordedMail | undefined; error: NotifyError | null}> {
  const server = await SmtpServer.open(options);
  const notifier = openReceiver(
    'email_configs',
    `to: ops@example.org\nfrom: am@example.org\nhtml: '<i>{{ .Status }}</i>'\nsmarthost: '${server.address}'\n${yaml}`,
  );
  const error = await failureOf(notifier, notification);
  await notifier.close();
  server.close();
  return {mail: server.mails[0], error};
}

const trusting = `tls_config: {ca_file: '${caFile}'}`;

test('mail goes over an open line only where that is allowed', async () => {
  const {error} = await sent({}, trusting);
  assert.match(
    error!.message,
    /^'require_tls' is true \(default\) but "127\.0\.0\.1:\d+" does not advertise the STARTTLS extension$/,
  );
  assert.equal(error!.retry, true);
  const {mail} = await sent({}, 'require_tls: false');
  assert.equal(mail!.isEncrypted, false);
  assert.deepEqual(mail!.commands, [
    'EHLO localhost',
    'MAIL FROM:<am@example.org>',
    'RCPT TO:<ops@example.org>',
    'DATA',
  ]);
});

test('STARTTLS encrypts, and the client says hello anew', async () => {
  const {mail, error} = await sent({certificate, extensions: ['8BITMIME']}, trusting);
  assert.equal(error, null);
  assert.equal(mail!.isEncrypted, true);
  assert.deepEqual(mail!.commands.slice(0, 4), [
    'EHLO localhost',
    'STARTTLS',
    'EHLO localhost',
    'MAIL FROM:<am@example.org> BODY=8BITMIME',
  ]);
});

test('TLS from the first byte', async () => {
  const {mail} = await sent({certificate, isImplicit: true}, `force_implicit_tls: true\n${trusting}`);
  assert.equal(mail!.isEncrypted, true);
  assert.deepEqual(mail!.commands[1], 'MAIL FROM:<am@example.org>');
});

test('a certificate that is not good is refused', async () => {
  const {error} = await sent({certificate}, '');
  assert.equal(
    error!.message,
    'send STARTTLS command: tls: failed to verify certificate: x509: certificate signed by unknown authority',
  );
  assert.equal(error!.retry, true);
  const insecure = await sent({certificate}, 'tls_config: {insecure_skip_verify: true}');
  assert.equal(insecure.error, null);
  const missing = await sent({certificate}, 'tls_config: {ca_file: /nowhere}');
  assert.match(missing.error!.message, /^parse TLS configuration: unable to read CA cert: /);
  assert.equal(missing.error!.retry, false);
});

test('the first mechanism of the server for which there is a secret authenticates', async () => {
  const users = {me: 'right'};
  async function f(mechanisms: string, yaml: string, command: string): Promise<void> {
    const options = {users, extensions: [`AUTH ${mechanisms}`]};
    const {mail, error} = await sent(options, `require_tls: false\nauth_username: me\n${yaml}`);
    assert.equal(error, null);
    assert.equal(mail!.commands[1], command);
  }
  const plain = `AUTH PLAIN ${Buffer.from('\0me\0right').toString('base64')}`;
  await f('PLAIN LOGIN', 'auth_password: right', plain);
  await f('LOGIN PLAIN', 'auth_password: right', 'AUTH LOGIN');
  await f('CRAM-MD5 PLAIN', 'auth_secret: right', 'AUTH CRAM-MD5');
  await f('GSSAPI CRAM-MD5 PLAIN', 'auth_password: right', plain);
  const withIdentity = `AUTH PLAIN ${Buffer.from('boss\0me\0right').toString('base64')}`;
  await f('PLAIN', 'auth_password: right\nauth_identity: boss', withIdentity);
  const file = join(folder, 'password');
  writeFileSync(file, 'right\n');
  await f('PLAIN', `auth_password_file: '${file}'`, plain);
});

test('failures say at which step', async () => {
  async function f(options: SmtpServerOptions, yaml: string, message: string, retry = true): Promise<void> {
    const {error} = await sent(options, `require_tls: false\n${yaml}`);
    assert.deepEqual([error!.message, error!.retry], [message, retry]);
  }
  const user = 'auth_username: me';
  await f(
    {extensions: ['AUTH PLAIN'], users: {me: 'right'}},
    `${user}\nauth_password: wrong`,
    '*smtp.plainAuth auth: 535 5.7.8 no',
  );
  await f(
    {extensions: ['AUTH PLAIN']},
    user,
    'find auth mechanism: missing password for PLAIN auth mechanism',
  );
  await f({extensions: ['AUTH XOAUTH2']}, user, 'find auth mechanism: unknown auth mechanism: XOAUTH2');
  await f({replies: {greeting: '554 go away'}}, '', 'create SMTP client: 554 go away');
  await f({replies: {MAIL: '550-not\r\n550 you'}}, '', 'send MAIL command: 550 not\nyou');
  await f({replies: {RCPT: '550 5.1.1 nobody'}}, '', 'send RCPT command: 550 5.1.1 nobody');
  await f({replies: {DATA: '452 full'}}, '', 'send DATA command: 452 full');
  await f({replies: {'.': '554 spam'}}, '', 'delivery failure: 554 spam');
  await f({replies: {MAIL: 'what'}}, '', 'send MAIL command: malformed response: "what"');
  await f(
    {},
    'headers: {To: "{{ .None }}"}',
    'execute "To" header template: template: :1:3: executing "" at <.None>: can\'t evaluate field None in type *template.Data',
    false,
  );
});

test('a server that says EHLO is unknown is greeted by HELO', async () => {
  const {mail} = await sent({replies: {EHLO: '502 what'}}, 'require_tls: false');
  assert.deepEqual(mail!.commands.slice(0, 2), ['EHLO localhost', 'HELO localhost']);
});

test('a server that hangs, or talks without end, is given up', async () => {
  const signal = AbortSignal.timeout(100);
  const hangs = await sent({replies: {greeting: ''}}, 'require_tls: false', notificationOf({signal}));
  assert.equal(hangs.error!.message, 'create SMTP client: context deadline exceeded');
  assert.equal(hangs.error!.retry, true);
  const talks = await sent({replies: {greeting: 'x'.repeat(100_000)}}, 'require_tls: false');
  assert.match(
    talks.error!.message,
    /^create SMTP client: the server says more than 65536 characters at once$/,
  );
});

test('a server that is not there', async () => {
  const notifier = openReceiver('email_configs', '{to: a@b, from: c@d, smarthost: "127.0.0.1:1"}');
  const error = await failureOf(notifier, notificationOf());
  assert.equal(
    error!.message,
    'establish connection to server: dial tcp 127.0.0.1:1: connect: connection refused',
  );
});

test('mails of a group are one thread, of one day or of all', async () => {
  async function f(byDate: string, expected: RegExp): Promise<void> {
    const {mail} = await sent(
      {},
      `require_tls: false\nthreading: {enabled: true, thread_by_date: ${byDate}}`,
    );
    assert.match(mail!.text, expected);
  }
  await f('none', /^References: <alert-[0-9a-f]{16}-@alertmanager>\nIn-Reply-To: <alert-[0-9a-f]{16}-@/m);
  await f('daily', /^References: <alert-[0-9a-f]{16}-\d{4}-\d\d-\d\d@alertmanager>$/m);
});

test('lines that begin with a dot arrive as they are', async () => {
  const {mail} = await sent({}, 'require_tls: false\nhtml: \'\'\ntext: ".one\\n.\\n..two"');
  assert.match(mail!.text, /\n\n\.one\n\.\n\.\.two\n--/);
});
