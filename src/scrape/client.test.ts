import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import net from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import {setImmediate} from 'node:timers/promises';
import {gzipSync, zstdCompressSync} from 'node:zlib';
import {acceptHeader, bodyBytesDefaultMax, BodySizeError, ScrapeClient} from './client.ts';
import type {ScrapeConfig} from './config.ts';
import {Gunzip} from './gunzip.ts';
import {createMemory, scrapeConfig} from './testing.ts';

const servers: (http.Server | net.Server)[] = [];
const clients: ScrapeClient[] = [];
const gunzip = new Gunzip(createMemory());

after(async () => {
  for (const client of clients) await client.close();
  for (const server of servers) {
    if (server instanceof http.Server) server.closeAllConnections();
    server.close();
  }
});

/** A server that answers `handler`'s way; gives its URL. */
async function serve(handler: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(http.createServer(handler))}/metrics`;
}

async function listen(server: http.Server | net.Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function clientOf(options: Partial<ScrapeConfig> = {}, monotonic?: () => number): ScrapeClient {
  const client = new ScrapeClient(scrapeConfig(options), monotonic ?? (() => performance.now()), gunzip);
  clients.push(client);
  return client;
}

interface Answer {
  contentType: string;
  text: string;
}

async function get(client: ScrapeClient, url: string, timeoutMs = 5000): Promise<Answer> {
  const chunks: Buffer[] = [];
  let contentType = '';
  await client.get(client.addressOf(new URL(url)), client.headersOf(timeoutMs), timeoutMs, {
    start: (type) => {
      contentType = type;
    },
    data: (chunk) => chunks.push(Buffer.from(chunk)),
  });
  return {contentType, text: Buffer.concat(chunks).toString()};
}

/** Text that does not compress well. */
function noise(bytes: number): string {
  let text = '';
  for (let i = 0; text.length < bytes; i++) text += Math.sin(i).toString(36);
  return text.slice(0, bytes);
}

test('acceptHeader() is that of Prometheus 3', () => {
  const all = ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1', 'PrometheusText1.0.0', 'PrometheusText0.0.4'];
  assert.equal(
    acceptHeader(all),
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  );
  assert.equal(acceptHeader(['PrometheusText0.0.4']), 'text/plain;version=0.0.4;q=0.6,*/*;q=0.5');
});

test('get() sends what Prometheus sends', async () => {
  let request: IncomingMessage | undefined;
  const url = await serve((incoming, response) => {
    request = incoming;
    response.setHeader('content-type', 'text/plain').end('a 1\n');
  });
  const client = clientOf();
  assert.deepEqual(await get(client, `${url}?x=y`, 2500), {contentType: 'text/plain', text: 'a 1\n'});
  assert.equal(request!.url, '/metrics?x=y');
  assert.equal(request!.headers['accept'], acceptHeader(scrapeConfig({}).scrapeProtocols));
  assert.equal(request!.headers['x-prometheus-scrape-timeout-seconds'], '2.5');
  assert.match(request!.headers['user-agent']!, /^Prometheus\/3/);
  assert.equal(request!.headers['accept-encoding'], 'gzip, zstd');

  await get(clientOf({enableCompression: false}), url);
  assert.equal(request!.headers['accept-encoding'], 'identity');
});

test('get() decompresses gzip and zstd, small bodies and large ones', async () => {
  for (const size of [10, 50_000, 3_000_000]) {
    const body = noise(size);
    for (const [encoding, compressed] of [
      ['gzip', gzipSync(body)],
      ['zstd', zstdCompressSync(body)],
    ] as const) {
      const url = await serve((_request, response) => {
        response.setHeader('content-encoding', encoding).end(compressed);
      });
      assert.equal((await get(clientOf(), url)).text, body, `${encoding}, ${size} bytes`);
    }
  }
});

test('get() fails when a compressed body is damaged or cut short', async () => {
  for (const size of [100, 1_000_000]) {
    const compressed = gzipSync(noise(size));
    const bodies = [compressed.subarray(0, compressed.length - 20), Buffer.from(compressed).fill(7, 20)];
    for (const body of bodies) {
      const url = await serve((_request, response) => {
        response.setHeader('content-encoding', 'gzip').end(body);
      });
      await assert.rejects(get(clientOf(), url), /cannot decompress the gzip body/, `${size} bytes`);
    }
  }
});

test('get() fails on any status but 200, as Prometheus says it', async () => {
  const f = async (status: number, message: string): Promise<void> => {
    const url = await serve((_request, response) => {
      response.statusCode = status;
      response.end('x');
    });
    await assert.rejects(get(clientOf(), url), {message});
  };
  await f(500, 'server returned HTTP status 500 Internal Server Error');
  await f(404, 'server returned HTTP status 404 Not Found');
  await f(204, 'server returned HTTP status 204 No Content');
});

test('get() does not read an error to its end where that is far', async () => {
  const url = await serve((_request, response) => {
    response.statusCode = 500;
    const write = (): void => {
      if (response.writableEnded || response.destroyed) return;
      response.write(Buffer.alloc(65_536));
      setTimeout(write, 0);
    };
    write();
  });
  await assert.rejects(get(clientOf(), url), {
    message: 'server returned HTTP status 500 Internal Server Error',
  });
});

test('get() follows redirects where it may, ten times at most, and keeps credentials to the target', async () => {
  const seen: (string | undefined)[] = [];
  const final = await serve((request, response) => {
    seen.push(request.headers['authorization']);
    response.end('a 1\n');
  });
  const url = await serve((request, response) => {
    seen.push(request.headers['authorization']);
    const elsewhere = final.replace('127.0.0.1', 'localhost');
    const location = request.url === '/metrics' ? '/there' : request.url === '/there' ? elsewhere : '/loop';
    response.writeHead(302, {location}).end();
  });
  const basicAuth = {username: 'me', password: 'secret'};
  assert.equal((await get(clientOf({basicAuth}), url)).text, 'a 1\n');
  const own = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  assert.deepEqual(seen, [own, own, undefined]);

  await assert.rejects(get(clientOf({followRedirects: false}), url), {
    message: 'server returned HTTP status 302 Found',
  });
  await assert.rejects(get(clientOf(), url.replace('metrics', 'loop')), /stopped after 10 redirects/);
});

test('get() ends at the timeout, before the headers and in the body', async () => {
  const silent = await serve(() => {});
  await assert.rejects(get(clientOf(), silent, 50), {message: `Get "${silent}": context deadline exceeded`});
  const stuck = await serve((_request, response) => {
    response.write('a 1\n');
  });
  await assert.rejects(get(clientOf(), stuck, 50), {message: `Get "${stuck}": context deadline exceeded`});
  const slow = await serve((_request, response) => {
    const timer = setInterval(() => response.write('a 1\n'), 5);
    response.on('close', () => clearInterval(timer));
  });
  await assert.rejects(get(clientOf(), slow, 50), {message: `Get "${slow}": context deadline exceeded`});
});

test('get() says when nobody listens, and when the connection breaks', async () => {
  const port = await listen(net.createServer());
  await new Promise((resolve) => servers.at(-1)!.close(resolve));
  const url = `http://127.0.0.1:${port}/`;
  await assert.rejects(get(clientOf(), url), {
    message: `Get "${url}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });

  const broken = await serve((_request, response) => {
    response.setHeader('content-length', '1000');
    response.write('a 1\n');
    setTimeout(() => response.socket!.destroy(), 10);
  });
  await assert.rejects(
    get(clientOf(), broken),
    /^Error: Get ".*": (EOF|unexpected EOF|read: connection reset by peer)$/,
  );

  const noHttp = net.createServer((socket) => socket.end('hello\r\n\r\n'));
  const noHttpUrl = `http://127.0.0.1:${await listen(noHttp)}/`;
  await assert.rejects(get(clientOf(), noHttpUrl), /^Error: Get /);
});

test('get() tries again once where the server had closed an idle connection, over a new one', async () => {
  let requests = 0;
  const sockets = new Set<Socket>();
  const url = await serve((request, response) => {
    requests++;
    // The second request on a connection meets its end.
    if (sockets.has(request.socket)) request.socket.destroy();
    else response.end('a 1\n');
    sockets.add(request.socket);
  });
  const client = clientOf();
  // Two are idle then, and the server is done with both.
  await Promise.all([get(client, url), get(client, url)]);
  await setImmediate();
  assert.equal((await get(client, url)).text, 'a 1\n');
  assert.equal(requests, 4);
  assert.equal(sockets.size, 3);
});

test('get() holds a body to its limit: announced, sent, or only in compressed form small', async () => {
  const f = async (
    answer: (response: ServerResponse) => void,
    message: RegExp,
    limit = 1000,
  ): Promise<void> => {
    const url = await serve((_request, response) => answer(response));
    await assert.rejects(get(clientOf({bodySizeLimitBytes: limit}), url), (error) => {
      assert.ok(error instanceof BodySizeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  };
  const endless = (response: ServerResponse): void => {
    const write = (): void => {
      if (response.destroyed) return;
      response.write(Buffer.alloc(65_536, 'a'));
      setTimeout(write, 0);
    };
    write();
  };
  const plain = /^body size limit exceeded$/;
  await f((response) => response.end('x'.repeat(1000)), plain);
  await f(endless, plain);
  await f(
    (response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('x'.repeat(1000))),
    plain,
  );
  // A bomb: 10 MB in 10 KB, and one that is large even as it comes.
  await f(
    (response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(1e7))),
    plain,
    1e6,
  );
  await f(
    (response) => response.setHeader('content-encoding', 'zstd').end(zstdCompressSync(Buffer.alloc(1e7))),
    plain,
    1e6,
  );
  await f((response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(noise(4e6))), plain, 3e6);
  // Without a limit of its own there is one all the same.
  await f(
    (response) => {
      response.setHeader('content-length', bodyBytesDefaultMax);
      endless(response);
    },
    /sends more than 134217728 bytes, the most without a body_size_limit$/,
    0,
  );
  const url = await serve((_request, response) => response.end('x'.repeat(999)));
  assert.equal((await get(clientOf({bodySizeLimitBytes: 1000}), url)).text.length, 999);
});

test('get() gives up when the sink refuses a chunk, and throws what the sink threw', async () => {
  let closed: () => void = () => {};
  const hungUp = new Promise<void>((resolve) => (closed = resolve));
  const url = await serve((_request, response) => {
    response.on('close', closed);
    response.write('7&-\n');
  });
  const client = clientOf();
  const refuse = (): void => {
    throw new SyntaxError('line 1: no');
  };
  await assert.rejects(
    client.get(client.addressOf(new URL(url)), {}, 5000, {start: () => {}, data: refuse}),
    {message: 'line 1: no'},
  );
  await hungUp;
});

test('get() authenticates, and reads files with credentials again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-scrape-'));
  after(() => rmSync(folder, {recursive: true}));
  const file = join(folder, 'secret');
  let seen: string | undefined;
  const url = await serve((request, response) => {
    seen = request.headers['authorization'];
    response.end();
  });
  await get(clientOf({authorization: {type: 'Bearer', credentials: 'token'}}), url);
  assert.equal(seen, 'Bearer token');

  let now = 0;
  const client = clientOf({authorization: {type: 'Bearer', credentialsFile: file}}, () => now);
  await assert.rejects(
    get(client, url),
    /unable to read authorization credentials: unable to read file .*: no such file or directory/,
  );
  writeFileSync(file, 'first\n');
  await get(client, url);
  assert.equal(seen, 'Bearer first');
  writeFileSync(file, 'second\n');
  now += 2000;
  await get(client, url);
  assert.equal(seen, 'Bearer second');

  await get(clientOf({basicAuth: {username: 'me', passwordFile: file}}), url);
  assert.equal(seen, `Basic ${Buffer.from('me:second').toString('base64')}`);
});

test('get() checks certificates as tls_config says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-scrape-'));
  after(() => rmSync(folder, {recursive: true}));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, certificate);
  const server = https.createServer({cert: certificate, key}, (_request, response) => response.end('a 1\n'));
  const url = `https://127.0.0.1:${await listen(server)}/`;

  await assert.rejects(
    get(clientOf(), url),
    /^Error: Get ".*": tls: failed to verify certificate: x509: certificate signed by unknown authority/,
  );
  const tls = {insecureSkipVerify: false, caFile};
  assert.equal((await get(clientOf({tls}), url)).text, 'a 1\n');
  assert.equal((await get(clientOf({tls: {...tls, serverName: 'narthex.test'}}), url)).text, 'a 1\n');
  await assert.rejects(
    get(clientOf({tls: {...tls, serverName: 'other.test'}}), url),
    /x509: certificate is valid for narthex.test, not other.test$/,
  );
  assert.equal((await get(clientOf({tls: {insecureSkipVerify: true}}), url)).text, 'a 1\n');
  await assert.rejects(
    get(clientOf({tls: {...tls, caFile: join(folder, 'no')}}), url),
    /unable to read CA cert: .*no such file/,
  );
});

// Self-signed for narthex.test and 127.0.0.1, good until 2126; it protects nothing.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBpTCCAUqgAwIBAgIUaGHN5CQ9+s7chTNYVxvciBo6gVEwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMbmFydGhleC50ZXN0MCAXDTI2MTEyMDE1MjYyMloYDzIxMjYx
MDI3MTUyNjIyWjAXMRUwEwYDVQQDDAxuYXJ0aGV4LnRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARGdvoq7FbE0970WQVgBa5z4M6qup84042ryf2TJi/wAEas
ffnoyNC6stAvOY8zr4Szl7kp+cdDhiONzbnM/Xqno3IwcDAdBgNVHQ4EFgQU+L2k
gSvEY1U5sH4Bb2u9JrS9g7YwHwYDVR0jBBgwFoAU+L2kgSvEY1U5sH4Bb2u9JrS9
g7YwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHREEFjAUggxuYXJ0aGV4LnRlc3SHBH8A
AAEwCgYIKoZIzj0EAwIDSQAwRgIhAKfvBhvg75WjLGpL60q5x1XEN1XBVd+jYJB4
CcEoW5RfAiEAoOGJUqVYgBbxaVbYTI4ZgT5chY4PAlo8DjHU0YBfn4Q=
-----END CERTIFICATE-----
`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgbAQktluuPvkmT7RO
0U9QsDQfhtzUvv6bScz0tQOmYdOhRANCAARGdvoq7FbE0970WQVgBa5z4M6qup84
042ryf2TJi/wAEasffnoyNC6stAvOY8zr4Szl7kp+cdDhiONzbnM/Xqn
-----END PRIVATE KEY-----
`;

test('get() can have a timeout of a month, also behind a redirect', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/metrics') response.writeHead(302, {location: '/slow'}).end();
    else setTimeout(() => response.end('up 1\n'), 30);
  });
  const {text} = await get(clientOf(), url, 30 * 86_400_000);
  assert.equal(text, 'up 1\n');
});
