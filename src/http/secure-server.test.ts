import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type TestContext} from 'node:test';
import {connect, type ConnectionOptions, type TLSSocket} from 'node:tls';
import {hashSync} from 'bcryptjs';
import {textError, textReply} from './reply.ts';
import type {HttpServer} from './server.ts';
import {startServer} from './testing.ts';
import {TestAuthority, type TestCertificate} from './testing-certificates.ts';

const authority = new TestAuthority();
const others = new TestAuthority('Somebody else');
const server1 = authority.issue({names: ['localhost', '127.0.0.1'], commonName: 'one'});
const server2 = authority.issue({names: ['localhost', '127.0.0.1'], commonName: 'two'});
const client = authority.issue({names: ['client.example', '::1'], commonName: 'client'});
const stranger = others.issue({names: ['client.example'], commonName: 'stranger'});

interface Opened {
  port: number;
  write: (name: string, text: string) => void;
  server: HttpServer;
}

/** A server with this file, beside which lie certificates. */
async function open(t: TestContext, webConfig: string): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-secure-'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('cert.pem', server1.cert);
  write('key.pem', server1.key);
  write('ca.pem', authority.cert);
  write('web.yml', webConfig);
  const {port, server} = await startServer(
    t,
    (routes) =>
      routes.route(['GET', 'POST'], '/echo', ({body}) => textReply(200, `${Buffer.from(body).toString()}!`)),
    {
      connectionsMax: 20,
      readTimeoutMs: 5000,
      webConfigFile: join(folder, 'web.yml'),
      errorReply: textError,
    },
  );
  t.after(() => rmSync(folder, {recursive: true}));
  return {port, write, server};
}

interface Answer {
  status: number;
  text: string;
  headers: Record<string, unknown>;
}

/** Over HTTP/1.1. */
function ask(
  port: number,
  {body, agent, ...options}: https.RequestOptions & {body?: string} = {},
): Promise<Answer> {
  const {promise, resolve, reject} = Promise.withResolvers<Answer>();
  const method = body === undefined ? 'GET' : 'POST';
  const request = https.request(
    {host: '127.0.0.1', port, path: '/echo', ca: authority.cert, method, agent: agent ?? false, ...options},
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({status: response.statusCode!, text, headers: response.headers});
      });
    },
  );
  request.on('error', reject);
  request.end(body);
  return promise;
}

/** Over HTTP/2. */
async function askMultiplexed(port: number, headers: http2.OutgoingHttpHeaders = {}): Promise<Answer> {
  const session = http2.connect(`https://127.0.0.1:${port}`, {ca: authority.cert});
  const {promise, resolve, reject} = Promise.withResolvers<Answer>();
  session.on('error', reject);
  const stream = session.request({':path': '/echo', ...headers});
  let found: http2.IncomingHttpHeaders = {};
  let text = '';
  stream.on('response', (each) => (found = each));
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  stream.on('error', reject);
  stream.on('end', () => resolve({status: Number(found[':status']), text, headers: found}));
  stream.end();
  try {
    return await promise;
  } finally {
    session.close();
  }
}

/** Shakes hands and waits whether that was all right: in TLS 1.3 a client learns later that it was refused. */
async function shakeHands(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({host: '127.0.0.1', port, ca: authority.cert, ...options});
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('secureConnect', () => socket.write('GET /echo HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.once('data', resolve);
  });
  socket.destroy();
  return socket;
}

const tls = 'tls_server_config: {cert_file: cert.pem, key_file: key.pem';

test('HttpServer serves HTTPS with HTTP/1.1 and HTTP/2', async (t) => {
  const {port, server} = await open(t, `${tls}}\nhttp_server_config: {headers: {X-Frame-Options: deny}}`);
  assert.equal(server.isSecure, true);
  const plain = await ask(port);
  assert.deepEqual([plain.status, plain.text, plain.headers['x-frame-options']], [200, '!', 'deny']);
  const agent = new https.Agent({keepAlive: true, maxSockets: 1});
  t.after(() => agent.destroy());
  for (const body of ['a', undefined, 'b'.repeat(100_000), 'c'])
    assert.equal((await ask(port, {agent, ...(body !== undefined && {body})})).text, `${body ?? ''}!`);
  const multiplexed = await askMultiplexed(port);
  assert.deepEqual(
    [multiplexed.status, multiplexed.text, multiplexed.headers['x-frame-options']],
    [200, '!', 'deny'],
  );
  assert.equal((await ask(port, {path: '/none'})).status, 404);
  const long = await askMultiplexed(port, {':path': `/echo?query=${'x'.repeat(60_000)}`});
  assert.equal(long.status, 200);
});

test('HttpServer speaks no HTTP/2 where it is told so', async (t) => {
  const {port} = await open(t, `${tls}}\nhttp_server_config: {http2: false}`);
  const socket = await shakeHands(port, {ALPNProtocols: ['h2', 'http/1.1']});
  assert.equal(socket.alpnProtocol, 'http/1.1');
});

test('HttpServer takes a renewed certificate, and refuses connections while there is none', async (t) => {
  const {port, write} = await open(t, `${tls}}`);
  const nameOf = async (): Promise<unknown> => {
    const socket = connect({host: '127.0.0.1', port, ca: authority.cert});
    await new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('secureConnect', resolve);
    });
    const {subject} = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };
  assert.equal(await nameOf(), 'one');
  write('cert.pem', server2.cert);
  await assert.rejects(nameOf(), 'the key is that of another certificate');
  write('key.pem', server2.key);
  assert.equal(await nameOf(), 'two');
  write('web.yml', '');
  await assert.rejects(nameOf());
  write(
    'web.yml',
    `tls_server_config:\n  cert: ${JSON.stringify(server1.cert)}\n  key: ${JSON.stringify(server1.key)}`,
  );
  assert.equal(await nameOf(), 'one');
});

test('HttpServer asks clients for certificates as the file says', async (t) => {
  const own = {cert: client.cert, key: client.key};
  const foreign = {cert: stranger.cert, key: stranger.key};
  const f = async (
    rules: string,
    expected: {none: boolean; own: boolean; foreign: boolean},
  ): Promise<void> => {
    const {port, server} = await open(t, `${tls}${rules}}`);
    const isIn = async (certificate: Partial<TestCertificate>): Promise<boolean> => {
      return await shakeHands(port, certificate).then(
        () => true,
        () => false,
      );
    };
    const found = {none: await isIn({}), own: await isIn(own), foreign: await isIn(foreign)};
    assert.deepEqual(found, expected, rules);
    await server.close(0);
  };
  const ca = ', client_ca_file: ca.pem';
  await f('', {none: true, own: true, foreign: true});
  await f(', client_auth_type: NoClientCert', {none: true, own: true, foreign: true});
  await f(', client_auth_type: RequestClientCert', {none: true, own: true, foreign: true});
  await f(', client_auth_type: RequireAnyClientCert', {none: false, own: true, foreign: true});
  await f(', client_auth_type: RequireClientCert', {none: false, own: true, foreign: true});
  await f(`${ca}, client_auth_type: VerifyClientCertIfGiven`, {none: true, own: true, foreign: false});
  await f(`${ca}, client_auth_type: RequireAndVerifyClientCert`, {none: false, own: true, foreign: false});
  const verify = `${ca}, client_auth_type: RequireAndVerifyClientCert, client_allowed_sans`;
  await f(`${verify}: [other.example, client.example]`, {none: false, own: true, foreign: false});
  await f(`${verify}: ["::1"]`, {none: false, own: true, foreign: false});
  await f(`${verify}: [client]`, {none: false, own: false, foreign: false});
  const inline = `, client_ca: ${JSON.stringify(authority.cert)}`;
  await f(`${inline}, client_auth_type: RequireAndVerifyClientCert`, {
    none: false,
    own: true,
    foreign: false,
  });
});

test('HttpServer takes away the right of clients without a start', async (t) => {
  const {port, write} = await open(t, `${tls}}`);
  await shakeHands(port);
  write('web.yml', `${tls}, client_auth_type: RequireAnyClientCert}`);
  await assert.rejects(shakeHands(port));
  await shakeHands(port, {cert: client.cert, key: client.key});
  write('web.yml', `${tls}}`);
  await shakeHands(port);
});

test('HttpServer keeps to versions, ciphers and curves', async (t) => {
  const {port} = await open(
    t,
    `${tls}, max_version: TLS12, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA], curve_preferences: [CurveP384]}`,
  );
  await assert.rejects(shakeHands(port, {minVersion: 'TLSv1.3'}));
  await assert.rejects(shakeHands(port, {ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256'}));
  await assert.rejects(shakeHands(port, {ecdhCurve: 'X25519'}));
  await shakeHands(port, {ciphers: 'ECDHE-ECDSA-AES128-SHA'});
  await shakeHands(port);
  const old = await open(t, `${tls}, min_version: TLS10}`);
  await shakeHands(old.port, {minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0'});
  await assert.rejects(
    shakeHands((await open(t, `${tls}}`)).port, {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    }),
  );
});

test('HttpServer asks for passwords, over HTTPS and without, and before it reads a body', async (t) => {
  const users = `basic_auth_users: {alice: "${hashSync('secret', 4)}"}`;
  const {port} = await open(t, `${tls}}\n${users}`);
  const auth = 'alice:secret';
  for (let i = 0; i < 3; i++) assert.equal((await ask(port, {auth})).status, 200);
  assert.equal((await ask(port, {auth, body: 'x'.repeat(300_000)})).status, 200);
  assert.equal((await ask(port)).status, 401);
  assert.equal(
    (await ask(port, {path: '/none'})).status,
    401,
    'who may not come in does not learn what there is',
  );
  assert.equal((await ask(port, {auth: 'alice:wrong', body: 'x'})).status, 401);
  assert.equal((await askMultiplexed(port)).status, 401);
  const authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  assert.equal((await askMultiplexed(port, {authorization})).status, 200);

  const plain = await open(t, users);
  assert.equal(plain.server.isSecure, false);
  const get = async (headers: Record<string, string>): Promise<Response> =>
    await fetch(`http://127.0.0.1:${plain.port}/echo`, {headers});
  const refused = await get({});
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('www-authenticate'), 'Basic');
  assert.equal(await refused.text(), 'Unauthorized\n');
  for (let i = 0; i < 3; i++) assert.equal((await get({authorization})).status, 200);
});

test('HttpServer does not listen with a file that is wrong', async (t) => {
  for (const wrong of [
    `${tls}, client_auth_type: x}`,
    'basic_auth_users: {a: b}',
    'x: 1',
    'tls_server_config: {cert_file: no.pem, key_file: key.pem}',
  ])
    await assert.rejects(open(t, wrong), wrong);
});
