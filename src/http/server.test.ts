// Over real sockets: limits, clients that go away, compression, shutdown.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import {once} from 'node:events';
import test from 'node:test';
import zlib from 'node:zlib';
import {noLogger, type Logger} from '../sys/log.ts';
import {textReply, type HttpReply} from './reply.ts';
import {HttpServer} from './server.ts';
import {startServer} from './testing.ts';

/** Sends bytes and reads until the server closes. */
async function talk(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.end(text);
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

test('HttpServer answers over a socket, and counts', async (context) => {
  const {server, port} = await startServer(context, (routes) => {
    routes.route(['POST'], '/echo/:name', ({params, form, body}) =>
      textReply(201, `${params['name']} ${form.get('a')} ${body.length}`),
    );
  });
  const response = await fetch(`http://127.0.0.1:${port}/echo/x%20y?a=1`, {
    method: 'POST',
    body: new URLSearchParams({a: '2'}),
  });
  assert.deepEqual([response.status, await response.text()], [201, 'x y 2 3']);
  const [statistics] = server.statistics();
  assert.equal(statistics!.handler, '/echo/:name');
  assert.equal(statistics!.codes.get(201), 1);
  assert.equal(statistics!.sizes.sum, 7);
  assert.equal(statistics!.durations.count, 1);
});

test('HttpServer compresses large answers for clients that ask', async (context) => {
  const text = 'narthex '.repeat(1000);
  const {port} = await startServer(context, (routes) => {
    routes.route(['GET'], '/large', () => textReply(200, text, {Vary: 'Origin'}));
    routes.route(['GET'], '/small', () => textReply(200, 'small'));
    routes.route(['GET'], '/image', () => ({status: 200, contentType: 'image/png', body: text}));
  });
  async function get(
    path: string,
    acceptEncoding: string,
  ): Promise<{headers: http.IncomingHttpHeaders; body: Buffer}> {
    const request = http.get({port, path, headers: {'accept-encoding': acceptEncoding}});
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return {headers: response.headers, body: Buffer.concat(parts)};
  }
  const packed = await get('/large', 'gzip');
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(packed.headers['vary'], 'Origin, Accept-Encoding');
  assert.equal(Number(packed.headers['content-length']), packed.body.length);
  assert.equal(zlib.gunzipSync(packed.body).toString(), text);
  assert.equal(zlib.zstdDecompressSync((await get('/large', 'gzip, zstd')).body).toString(), text);
  for (const [path, accept] of [
    ['/large', 'identity'],
    ['/small', 'gzip'],
    ['/image', 'gzip'],
  ] as const) {
    assert.equal((await get(path, accept)).headers['content-encoding'], undefined, path);
  }
});

test('HttpServer tells a handler when its client goes away', async (context) => {
  const aborted = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const {port} = await startServer(context, (routes) => {
    routes.route(['GET'], '/slow', async ({signal}): Promise<HttpReply> => {
      signal.addEventListener('abort', () => aborted.resolve());
      entered.resolve();
      await aborted.promise;
      return textReply(200, 'nobody reads this');
    });
  });
  const request = http.get({port, path: '/slow'});
  request.on('error', () => {});
  await entered.promise;
  request.destroy();
  await aborted.promise;
});

test('HttpServer does not tell a handler whose client stays', async (context) => {
  let aborts = 0;
  const {port} = await startServer(context, (routes) => {
    routes.route(['GET'], '/', ({signal}) => {
      signal.addEventListener('abort', () => aborts++);
      return textReply(200, 'x');
    });
  });
  await (await fetch(`http://127.0.0.1:${port}/`)).text();
  await (await fetch(`http://127.0.0.1:${port}/`)).text();
  assert.equal(aborts, 0);
});

test('HttpServer refuses bodies that are too large', async (context) => {
  const {port} = await startServer(context, (routes) => {
    routes.route(['POST'], '/small', () => textReply(200, 'read'), {bodyBytesMax: 10});
  });
  const url = `http://127.0.0.1:${port}/small`;
  assert.equal((await fetch(url, {method: 'POST', body: 'x'.repeat(10)})).status, 200);
  const refused = await fetch(url, {method: 'POST', body: 'x'.repeat(11)});
  assert.equal(refused.status, 413);
  assert.equal(await refused.text(), 'error: request body exceeds the 10 bytes limit');
});

test('HttpServer refuses bodies while it holds too many', async (context) => {
  const go = Promise.withResolvers<void>();
  const {port} = await startServer(context, (routes) => {
    routes.route(
      ['POST'],
      '/',
      async () => {
        await go.promise;
        return textReply(200, 'read');
      },
      {bodyBytesMax: 200 * 1024 * 1024},
    );
  });
  // The first announces nearly all that there is room for, and sends nothing of it.
  const size = 200 * 1024 * 1024;
  const first = http.request({
    port,
    method: 'POST',
    headers: {'content-length': size, expect: '100-continue'},
  });
  first.on('error', () => {});
  first.flushHeaders();
  await once(first, 'continue');
  const second = http.request({port, method: 'POST', headers: {'content-length': size}});
  second.on('error', () => {});
  second.write('x');
  const [refused] = (await once(second, 'response')) as [http.IncomingMessage];
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.headers['retry-after'], '1');
  refused.resume();
  first.destroy();
  go.resolve();
  const small = (): Promise<Response> => fetch(`http://127.0.0.1:${port}/`, {method: 'POST', body: 'x'});
  assert.equal((await small()).status, 200);
});

test('HttpServer takes long addresses and refuses endless ones', async (context) => {
  const {port} = await startServer(context, (routes) => {
    routes.route(['GET'], '/', ({form}) => textReply(200, String(form.get('q').length)));
  });
  const long = await fetch(`http://127.0.0.1:${port}/?q=${'x'.repeat(500_000)}`);
  assert.equal(await long.text(), '500000');
  // Little more than allowed: what the server has not read when it closes would cost us its answer.
  const endless = await talk(port, `GET /?q=${'x'.repeat(1_048_600)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(endless, /^HTTP\/1\.1 431 /);
});

test('HttpServer survives what is no HTTP', async (context) => {
  const {port} = await startServer(context, (routes) =>
    routes.route(['GET'], '/', () => textReply(200, 'alive')),
  );
  assert.match(await talk(port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(
    await talk(port, 'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 400 /,
  );
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'alive');
});

test('HttpServer turns what a handler throws into an answer and a line of the log', async (context) => {
  const lines: unknown[] = [];
  const logger: Logger = {...noLogger, error: (_message, fields) => lines.push(fields)};
  const {port} = await startServer(
    context,
    (routes) => {
      routes.route(['GET'], '/throws', () => {
        throw new Error('broken');
      });
      routes.route(['GET'], '/rejects', () => Promise.reject(new Error('broken later')));
    },
    {logger},
  );
  const thrown = await fetch(`http://127.0.0.1:${port}/throws`);
  assert.deepEqual([thrown.status, await thrown.text()], [500, 'error: broken']);
  const rejected = await fetch(`http://127.0.0.1:${port}/rejects`);
  assert.deepEqual([rejected.status, await rejected.text()], [500, 'error: broken later']);
  assert.equal(lines.length, 2);
  assert.match((lines[0] as {stack: string}).stack, /server\.test\.ts/);
});

test('HttpServer.close() lets requests finish and refuses new connections', async (context) => {
  const entered = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const {server, port} = await startServer(context, (routes) => {
    routes.route(['GET'], '/', async () => {
      entered.resolve();
      await go.promise;
      return textReply(200, 'finished');
    });
  });
  const agent = new http.Agent({keepAlive: true});
  context.after(() => agent.destroy());
  const request = http.get({port, agent});
  await entered.promise;
  const closed = server.close(60_000);
  go.resolve();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  assert.equal(response.headers['connection'], 'close');
  response.resume();
  await closed;
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

test('HttpServer.close() cuts off what does not end', async (context) => {
  const entered = Promise.withResolvers<void>();
  const {server, port} = await startServer(context, (routes) => {
    routes.route(['GET'], '/', async ({signal}) => {
      entered.resolve();
      await once(signal, 'abort');
      return textReply(200, '');
    });
  });
  const request = http.get({port});
  const failed = once(request, 'error');
  await entered.promise;
  await server.close(1);
  await failed;
});

test('HttpServer listens on several addresses, or on none', async (context) => {
  const {port} = await startServer(context, () => {}, {
    listenAddresses: [
      {host: '127.0.0.1', port: 0},
      {host: '127.0.0.1', port: 0},
    ],
  });
  const second = new HttpServer({
    logger: noLogger,
    listenAddresses: [
      {host: '127.0.0.1', port: 0},
      {host: '127.0.0.1', port},
    ],
    routePrefix: '',
    connectionsMax: 10,
    readTimeoutMs: 1000,
    errorReply: (status, message) => textReply(status, message),
  });
  await assert.rejects(second.listen(), {code: 'EADDRINUSE'});
  await second.close(0);
});

test('HttpServer closes the connection that is without a request for longest where there is no room for another one', async (context) => {
  const {port} = await startServer(
    context,
    (routes) => routes.route(['GET'], '/', () => textReply(200, 'fine')),
    {
      connectionsMax: 4,
    },
  );
  const idle: net.Socket[] = [];
  for (let i = 0; i < 3; i++) {
    const socket = net.connect(port, '127.0.0.1');
    // The first one never gets to its request.
    socket.write(i === 0 ? 'GET / HTTP/1.1\r\n' : 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, i === 0 ? 'connect' : 'data');
    idle.push(socket);
  }
  const closed = once(idle[0]!, 'close');
  for (let i = 0; i < 8; i++) {
    const [response] = (await once(http.get({port, agent: false}), 'response')) as [http.IncomingMessage];
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, 'close');
  }
  await closed;
  assert.deepEqual(
    idle.map((socket) => socket.closed),
    [true, false, false],
  );
  for (const socket of idle) socket.destroy();
});

test('HttpServer counts connections over all its addresses', async (context) => {
  const server = new HttpServer({
    logger: noLogger,
    listenAddresses: [
      {host: '127.0.0.1', port: 0},
      {host: '127.0.0.1', port: 0},
    ],
    routePrefix: '',
    connectionsMax: 4,
    readTimeoutMs: 60_000,
    errorReply: (status, message) => textReply(status, message),
  });
  const ends = Promise.withResolvers<void>();
  let arrived = Promise.withResolvers<void>();
  server.route(['GET'], '/slow', async () => {
    arrived.resolve();
    await ends.promise;
    return textReply(200, 'slow');
  });
  const ports = (await server.listen()).map(({port}) => port);
  context.after(() => server.close(0));
  const ask = async (i: number): Promise<string> => {
    const socket = net.connect(ports[i % 2]!, '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
  };
  const answers: Promise<string>[] = [];
  for (let i = 0; i < 4; i++) {
    arrived = Promise.withResolvers<void>();
    answers.push(ask(i));
    await arrived.promise;
  }
  // Everybody waits for an answer: there is no room, at neither address.
  for (const i of [4, 5]) assert.equal(await ask(i).catch(() => ''), '');
  ends.resolve();
  for (const answer of await Promise.all(answers)) assert.match(answer, /slow$/);
  assert.match(await ask(6), /slow$/);
});
