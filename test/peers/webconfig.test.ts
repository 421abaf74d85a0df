// Alertmanager and ours with the same file of --web.config.file, asked the same in all ways: with and without certificates,
// passwords, HTTP/2, before and after the file has changed.
import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {hashSync} from 'bcryptjs';
import {TestAuthority} from '../../src/http/testing-certificates.ts';
import {findProgram, freePort, stopProgram} from '../../tools/programs.ts';
import {requireProgram} from '../lib/narthex.ts';

const theirs =
  process.env['ALERTMANAGER'] ?? requireProgram('prometheus-alertmanager', 'prometheus-alertmanager');
const launcher = join(import.meta.dirname, '../../bin/narthex');
const folder = mkdtempSync(join(tmpdir(), 'narthex-peers-web-'));
const path = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeFileSync(path(name), text);

const authority = new TestAuthority();
const others = new TestAuthority('Somebody else');
const client = authority.issue({names: ['client.example']});
const stranger = others.issue({names: ['client.example']});
const server = authority.issue({names: ['127.0.0.1', 'localhost']});
const texts = {
  'ca.pem': authority.cert,
  'cert.pem': server.cert,
  'key.pem': server.key,
  'client.pem': client.cert,
  'client-key.pem': client.key,
  'stranger.pem': stranger.cert,
  'stranger-key.pem': stranger.key,
  'am.yml': 'route: {receiver: a}\nreceivers: [{name: a}]\n',
};
for (const [name, text] of Object.entries(texts)) write(name, text);

const users = `basic_auth_users: {alice: ${hashSync('secret', 4)}, bob: ${hashSync('x', 4).replace('$2b$', '$2y$')}}`;
const tls = 'cert_file: cert.pem, key_file: key.pem';
write('web.yml', users);

const ports = {theirs: await freePort(), ours: await freePort()};
const start = (command: string, args: string[], port: number): ReturnType<typeof spawn> =>
  spawn(
    command,
    [
      ...args,
      `--config.file=${path('am.yml')}`,
      `--storage.path=${path(`data${port}`)}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--web.config.file=${path('web.yml')}`,
      '--cluster.listen-address=',
    ],
    {stdio: 'ignore'},
  );

interface Pair {
  stop: () => Promise<void>;
}

/** Both, with what is in web.yml now. */
async function startBoth(scheme: string, ...args: string[]): Promise<Pair> {
  const children = [start(theirs, [], ports.theirs), start(launcher, ['alertmanager'], ports.ours)];
  for (const port of Object.values(ports)) {
    const deadline = Date.now() + 30_000;
    while (!ask(port, scheme, args).startsWith('200')) {
      assert.ok(Date.now() < deadline, `no answer at port ${port}: ${ask(port, scheme, args)}`);
      await sleep(100);
    }
  }
  return {stop: async () => void (await Promise.all(children.map((child) => stopProgram(child))))};
}

const headersOfInterest = /^(?:www-authenticate|x-|strict-|content-security|content-type)/i;

/** Status, headers and body; only that there is none where none is. */
function ask(port: number, scheme: string, args: readonly string[], where = '/-/ready'): string {
  const {status, stdout} = spawnSync(
    'curl',
    ['-sS', '-D', '-', '--cacert', path('ca.pem'), ...args, `${scheme}://127.0.0.1:${port}${where}`],
    {encoding: 'utf8'},
  );
  if (status !== 0) return 'no answer';
  const [head = '', body = ''] = stdout.split('\r\n\r\n', 2);
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.filter((line) => headersOfInterest.test(line)).map((line) => line.toLowerCase());
  const code = first.split(' ')[1]!;
  // Nobody reads the words of /-/ready; and whether Go offers HTTP/2 depends on its version.
  if (code === '200')
    return [code, ...headers.filter((each) => !each.startsWith('content-type')).sort()].join('\n');
  return [code, ...headers.sort(), body].join('\n');
}

function compare(scheme: string, args: readonly string[], where?: string): string {
  const expected = ask(ports.theirs, scheme, args, where);
  assert.equal(ask(ports.ours, scheme, args, where), expected, args.join(' '));
  return expected.split('\n')[0]!;
}

const certificateOf = (name: string): string[] => [
  '--cert',
  path(`${name}.pem`),
  '--key',
  path(`${name}-key.pem`),
];

test.after(() => rmSync(folder, {recursive: true}));

test('passwords and headers are asked for and sent alike', {timeout: 120_000}, async (t) => {
  const both = await startBoth('http', '-u', 'alice:secret');
  t.after(() => both.stop());
  const f = (args: string[], expected: string, where?: string): void =>
    assert.equal(compare('http', args, where), expected, args.join(' '));
  f(['-u', 'alice:secret'], '200');
  f(['-u', 'bob:x'], '200');
  f([], '401');
  f([], '401', '/no/such/path');
  f(['-u', 'alice:Secret'], '401');
  f(['-u', 'nobody:fakepassword'], '401');
  f(['-H', 'Authorization: basic YWxpY2U6c2VjcmV0'], '200');
  f(['-H', 'Authorization: Basic YWxpY2U6c2VjcmV'], '401');
  f(['-H', 'Authorization: Bearer x'], '401');
  f(['-u', 'alice:secret', '-d', '[]'], '405');
  f(['-d', 'x'], '401');
  write(
    'web.yml',
    'http_server_config: {headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=1}}',
  );
  f([], '200');
  write('web.yml', `${users}\nhttp_server_config: {headers: {X-Content-Type-Options: nosniff}}`);
  f([], '401');
  f(['-u', 'alice:secret'], '200');
  write('web.yml', 'nonsense: 1');
  f(['-u', 'alice:secret'], '500');
});

test('certificates of clients are asked for alike', {timeout: 120_000}, async (t) => {
  write('web.yml', `tls_server_config: {${tls}}`);
  const both = await startBoth('https');
  t.after(() => both.stop());
  assert.equal(compare('https', ['--http1.1']), '200');
  assert.equal(compare('https', ['--tls-max', '1.2']), '200');
  assert.equal(
    compare('https', ['--tls-max', '1.1', '--tlsv1.0', '--ciphers', 'DEFAULT:@SECLEVEL=0']),
    'no answer',
  );
  const f = (rules: string, expected: [none: boolean, own: boolean, foreign: boolean]): void => {
    write('web.yml', `tls_server_config: {${tls}, ${rules}}`);
    const found = [[], certificateOf('client'), certificateOf('stranger')].map(
      (args) => compare('https', args) === '200',
    );
    assert.deepEqual(found, expected, rules);
  };
  const ca = 'client_ca_file: ca.pem, client_auth_type';
  f('client_auth_type: RequestClientCert', [true, true, true]);
  f('client_auth_type: RequireAnyClientCert', [false, true, true]);
  f(`${ca}: VerifyClientCertIfGiven`, [true, true, false]);
  f(`${ca}: RequireAndVerifyClientCert`, [false, true, false]);
  f(`${ca}: RequireAndVerifyClientCert, client_allowed_sans: [client.example]`, [false, true, false]);
  f(`${ca}: RequireAndVerifyClientCert, client_allowed_sans: [other.example]`, [false, false, false]);
  f(`${ca}: NoClientCert`, [false, false, false]); // The file is wrong.
  f('max_version: TLS12, curve_preferences: [CurveP256]', [true, true, true]);
});

test('amtool comes in with a password and a certificate', {timeout: 60_000}, async (t) => {
  const amtool = findProgram('amtool');
  if (amtool === null) return t.skip('amtool is not installed');
  const rules = 'client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert';
  write('web.yml', `tls_server_config: {${tls}, ${rules}}\n${users}`);
  const both = await startBoth('https', '-u', 'alice:secret', ...certificateOf('client'));
  t.after(() => both.stop());
  const withPassword = (password: string): string => `basic_auth: {username: alice, password: ${password}}
tls_config: {ca_file: ${path('ca.pem')}, cert_file: ${path('client.pem')}, key_file: ${path('client-key.pem')}}
`;
  write('http.yml', withPassword('secret'));
  write('wrong.yml', withPassword('wrong'));
  for (const port of Object.values(ports)) {
    const run = (file: string): number | null =>
      spawnSync(amtool, [
        'alert',
        'query',
        `--alertmanager.url=https://127.0.0.1:${port}`,
        `--http.config.file=${path(file)}`,
      ]).status;
    assert.equal(run('http.yml'), 0);
    assert.equal(run('wrong.yml'), 1);
  }
});
