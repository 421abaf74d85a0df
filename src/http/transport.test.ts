import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type IncomingMessage, request as httpRequest, type Server} from 'node:http';
import {createSecureServer} from 'node:http2';
import https from 'node:https';
import {type AddressInfo, connect, createServer as createNetServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import type {TLSSocket} from 'node:tls';
import type {HttpClientConfig} from './client-config.ts';
import {type HttpAnswer, HttpClient} from './client.ts';
import {TestAuthority} from './testing-certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'narthex-transport-'));
const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
  rmSync(folder, {recursive: true});
});

const authority = new TestAuthority();
const stranger = new TestAuthority('a stranger');
const local = authority.issue({names: ['127.0.0.1', 'localhost']});

interface Listening {
  listen(port: number, host: string, ready: () => void): unknown;
  address(): unknown;
  close(): unknown;
}

async function listen(server: Listening): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    (server as Partial<Server>).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An HTTPS server that says by which protocol it was asked, and by whom. */
async function secureServer(options: https.ServerOptions): Promise<string> {
  const server = https.createServer(options, (request, response) => {
    const {subject} = (request.socket as TLSSocket).getPeerCertificate();
    response.end(`HTTP/${request.httpVersion} ${String(subject?.CN ?? 'nobody')}`);
  });
  return `https://127.0.0.1:${await listen(server)}/`;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function clientOf(
  config: Partial<HttpClientConfig>,
  monotonic = (): number => performance.now(),
): HttpClient {
  const client = new HttpClient({followRedirects: true, ...config}, monotonic);
  closers.push(() => void client.close());
  return client;
}

function get(client: HttpClient, url: string): Promise<HttpAnswer> {
  return client.get(url, {timeoutMs: 5000, signal: new AbortController().signal});
}

/** Why a request fails, without the URL. */
async function reason(config: Partial<HttpClientConfig>, url: string): Promise<string> {
  try {
    const {text} = await get(clientOf(config), url);
    return `no failure: ${text}`;
  } catch (error) {
    return (error as Error).message.replace(/^Get "[^"]*": /, '');
  }
}

test('certificates that are not good are refused with the words of Go', async () => {
  const tls = {insecureSkipVerify: false, ca: authority.cert};
  const good = await secureServer(local);
  assert.equal(await reason({tls}, good), 'no failure: HTTP/1.1 nobody');
  const verify = 'tls: failed to verify certificate: x509: ';
  assert.equal(await reason({}, good), `${verify}certificate signed by unknown authority`);
  assert.equal(
    await reason({tls: {...tls, ca: stranger.cert}}, good),
    `${verify}certificate signed by unknown authority`,
  );
  assert.equal(
    await reason({tls: {...tls, serverName: 'other.example'}}, good),
    `${verify}certificate is valid for localhost, not other.example`,
  );
  assert.equal(await reason({tls: {...tls, serverName: '127.0.0.1'}}, good), 'no failure: HTTP/1.1 nobody');
  assert.equal(
    await reason({tls: {...tls, serverName: '127.0.0.2'}}, good),
    `${verify}certificate is valid for 127.0.0.1, not 127.0.0.2`,
  );
  const named = await secureServer(authority.issue({names: ['a.example']}));
  assert.equal(
    await reason({tls}, named),
    `${verify}cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`,
  );
  const expired = await secureServer(
    authority.issue({
      names: ['127.0.0.1'],
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-02-03'),
    }),
  );
  assert.match(
    await reason({tls}, expired),
    /x509: certificate has expired or is not yet valid: current time \S+Z is after 2021-02-03T00:00:00Z$/,
  );
  const early = authority.issue({
    names: ['127.0.0.1'],
    notBefore: new Date('2100-01-01'),
    notAfter: new Date('2101-01-01'),
  });
  assert.match(await reason({tls}, await secureServer(early)), /is before 2100-01-01T00:00:00Z$/);
  assert.equal(await reason({tls: {insecureSkipVerify: true}}, expired), 'no failure: HTTP/1.1 nobody');
});

test('a server that wants a certificate gets it, and says so where there is none', async () => {
  const {cert, key} = authority.issue({commonName: 'scraper'});
  const tls = {insecureSkipVerify: false, ca: authority.cert};
  const wanting = {...local, ca: authority.cert, requestCert: true, rejectUnauthorized: true};
  const server = await secureServer(wanting);
  assert.equal(await reason({tls: {...tls, cert, key}}, server), 'no failure: HTTP/1.1 scraper');
  assert.equal(await reason({tls}, server), 'remote error: tls: certificate required');
  const older = await secureServer({...wanting, maxVersion: 'TLSv1.2'});
  assert.equal(await reason({tls}, older), 'remote error: tls: handshake failure');
  const newer = await secureServer({...local, minVersion: 'TLSv1.3'});
  assert.equal(
    await reason({tls: {...tls, maxVersion: 'TLS12'}}, newer),
    'remote error: tls: protocol version not supported',
  );
});

test('certificates that cannot be used are named', async () => {
  const server = await secureServer(local);
  const {cert, key} = authority.issue();
  const missing = join(folder, 'missing.pem');
  const base = {insecureSkipVerify: false};
  const why = (tls: HttpClientConfig['tls'] & object): Promise<string> => reason({tls}, server);
  assert.equal(
    await why({...base, caFile: missing}),
    `unable to read CA cert: unable to read file ${missing}: open ${missing}: no such file or directory`,
  );
  assert.match(
    await why({...base, cert, keyFile: missing}),
    /^unable to read client key: unable to read file /,
  );
  const empty = file('empty.pem', '');
  assert.equal(await why({...base, caFile: empty}), `unable to use specified CA cert file ${empty}`);
  assert.equal(
    await why({...base, cert, key: stranger.issue().key}),
    'unable to use specified client cert (inline) & key (inline): tls: key values mismatch',
  );
  assert.match(
    await why({...base, cert: 'no certificate', key}),
    /^unable to use specified client cert \(inline\) & key \(inline\): tls: no start line$/,
  );
  const plain = createServer((_request, response) => response.end());
  const url = `https://127.0.0.1:${await listen(plain)}/`;
  assert.match(await reason({}, url), /^tls: first record does not look like a TLS handshake/);
});

test('certificates and authorities are read again when they rotate', async () => {
  const wanting = {...local, ca: authority.cert, requestCert: true, rejectUnauthorized: true};
  const server = await secureServer(wanting);
  const first = authority.issue({commonName: 'first'});
  const [certFile, keyFile] = [file('cert.pem', first.cert), file('key.pem', first.key)];
  const caFile = file('ca.pem', authority.cert);
  let now = 0;
  const client = clientOf({tls: {insecureSkipVerify: false, caFile, certFile, keyFile}}, () => now);
  assert.equal((await get(client, server)).text, 'HTTP/1.1 first');
  const second = authority.issue({commonName: 'second'});
  file('cert.pem', second.cert);
  file('key.pem', second.key);
  now += 999;
  assert.equal((await get(client, server)).text, 'HTTP/1.1 first');
  now += 1;
  assert.equal((await get(client, server)).text, 'HTTP/1.1 second');
  file('ca.pem', stranger.cert);
  now += 1000;
  await assert.rejects(get(client, server), /certificate signed by unknown authority/);
  file('ca.pem', `${stranger.cert}${authority.cert}`);
  now += 1000;
  assert.equal((await get(client, server)).text, 'HTTP/1.1 second');
});

test('HTTP/2 is spoken where the server wants it and the configuration allows it', async () => {
  const server = createSecureServer({...local, allowHTTP1: true}, (request, response) =>
    response.end(`HTTP/${request.httpVersion}`),
  );
  const sessions = new Set<{destroy(): void}>();
  server.on('session', (session) => sessions.add(session));
  const url = `https://127.0.0.1:${await listen(server)}/`;
  closers.push(() => sessions.forEach((session) => session.destroy()));
  const tls = {insecureSkipVerify: false, ca: authority.cert};
  const client = clientOf({tls});
  const answers = await Promise.all([1, 2, 3].map(() => get(client, url)));
  assert.deepEqual(
    answers.map(({text}) => text),
    ['HTTP/2.0', 'HTTP/2.0', 'HTTP/2.0'],
  );
  assert.equal((await get(clientOf({tls, enableHttp2: false}), url)).text, 'HTTP/1.1');
});

interface Proxy {
  url: string;
  /** What was asked of it. */
  seen: string[];
}

/** A proxy that passes requests on and connects. */
async function startProxy(options: {user?: string; refuse?: string} = {}): Promise<Proxy> {
  const seen: string[] = [];
  const describe = (request: IncomingMessage): string => {
    const {'proxy-authorization': user = '', 'x-extra': extra = ''} = request.headers;
    return [request.method, request.url, request.headers.host, user, extra].join(' ').trim();
  };
  const server = createServer((request, response) => {
    seen.push(describe(request));
    const {hostname, port, pathname} = new URL(request.url!);
    const onward = httpRequest({hostname, port, path: pathname}, (answer) => answer.pipe(response));
    onward.end();
  });
  server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    seen.push(describe(request));
    if (options.refuse !== undefined) {
      socket.end(`HTTP/1.1 ${options.refuse}\r\n\r\n`);
      return;
    }
    const [, host, port] = /^(.*):(\d+)$/.exec(request.url!)!;
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => {});
  });
  return {url: `http://${options.user ?? ''}127.0.0.1:${await listen(server)}`, seen};
}

test('requests go through a proxy: plain ones as they are, those over TLS by CONNECT', async () => {
  const plain = createServer((request, response) => response.end(`plain ${request.url}`));
  const plainUrl = `http://127.0.0.1:${await listen(plain)}`;
  const secure = await secureServer(local);
  const {url, seen} = await startProxy({user: 'us%40er:pass@'});
  const user = `Basic ${btoa('us@er:pass')}`;
  const tls = {insecureSkipVerify: false, ca: authority.cert};
  const client = clientOf({tls, proxy: {url, noProxy: '', connectHeaders: {'X-Extra': ['1', '2']}}});
  assert.equal((await get(client, `${plainUrl}/a`)).text, 'plain /a');
  assert.equal((await get(client, secure)).text, 'HTTP/1.1 nobody');
  const {host} = new URL(secure);
  assert.deepEqual(seen, [
    `GET ${plainUrl}/a ${new URL(plainUrl).host} ${user}`,
    `CONNECT ${host} ${host} ${user} 1, 2`,
  ]);
  const direct = clientOf({tls, proxy: {url, noProxy: '127.0.0.0/8', connectHeaders: {}}});
  await get(direct, secure);
  assert.equal(seen.length, 2);
});

test('what goes wrong with a proxy is said', async () => {
  const secure = await secureServer(local);
  const {host} = new URL(secure);
  const {url} = await startProxy({refuse: '403 Forbidden'});
  const proxy = (to: string): Partial<HttpClientConfig> => ({
    tls: {insecureSkipVerify: false, ca: authority.cert},
    proxy: {url: to, noProxy: '', connectHeaders: {}},
  });
  assert.equal(
    await reason(proxy(url), secure),
    `proxyconnect tcp: the proxy ${new URL(url).host} refused to connect to ${host}: 403 Forbidden`,
  );
  assert.equal(
    await reason(proxy('http://127.0.0.1:1'), secure),
    'proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused',
  );
  const silent = createNetServer((socket) => socket.end());
  assert.equal(
    await reason(proxy(`http://127.0.0.1:${await listen(silent)}`), secure),
    'proxyconnect tcp: EOF',
  );
  const talker = createNetServer((socket) => socket.end('hello\r\n\r\n'));
  assert.match(
    await reason(proxy(`http://127.0.0.1:${await listen(talker)}`), secure),
    /: it does not speak HTTP$/,
  );
  // The certificate of the server behind is checked as ever.
  const {url: working} = await startProxy();
  assert.match(
    await reason({...proxy(working), tls: {insecureSkipVerify: false, ca: stranger.cert}}, secure),
    /^tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
  );
});

test('requests go through a SOCKS proxy, which resolves names itself', async () => {
  const plain = createServer((_request, response) => response.end('behind'));
  const port = await listen(plain);
  const seen: string[] = [];
  const socks = createNetServer((socket) => {
    const steps = [
      () => socket.write(Uint8Array.of(5, 2)),
      (bytes: Buffer) => {
        seen.push(bytes.toString('latin1'));
        socket.write(Uint8Array.of(1, bytes.includes('right') ? 0 : 1));
      },
      (bytes: Buffer) => {
        seen.push(bytes.subarray(5, -2).toString());
        const onward = connect(port, '127.0.0.1', () => {
          socket.write(Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 80));
          onward.pipe(socket).pipe(onward);
        });
        onward.on('error', () => {});
      },
    ];
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => steps.shift()?.(bytes));
  });
  const socksPort = await listen(socks);
  const proxy = (user: string): Partial<HttpClientConfig> => ({
    proxy: {url: `socks5://${user}@127.0.0.1:${socksPort}`, noProxy: '', connectHeaders: {}},
  });
  const url = `http://nowhere.example:${port}/`;
  assert.equal(await reason(proxy('me:right'), url), 'no failure: behind');
  assert.deepEqual(seen, ['\x01\x02me\x05right', 'nowhere.example']);
  assert.equal(
    await reason(proxy('me:wrong'), url),
    `socks connect tcp 127.0.0.1:${socksPort}->nowhere.example:${port}: username/password authentication failed`,
  );
});
