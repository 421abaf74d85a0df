// Connections over real sockets: what is plain, what is handed over, and that nobody sees a difference.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import http from 'node:http';
import net from 'node:net';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Random} from '../base/random.ts';
import type {HttpReply} from './reply.ts';
import type {HttpServer} from './server.ts';
import {type Running, startServer} from './testing.ts';

const seed = Math.floor(Math.random() * 2 ** 31);

async function start(
  context: TestContext,
  handler: (text: string, signal: () => AbortSignal) => HttpReply | Promise<HttpReply>,
  readTimeoutMs = 60_000,
): Promise<number> {
  const addRoutes = (server: HttpServer): void =>
    server.route(['GET', 'POST'], '/echo/:name', (call) => {
      const {params, form, method} = call;
      const text = `${method} ${params['name']} ${form.get('a')} ${call.header('x-a') ?? '-'}`;
      return handler(text, () => call.signal);
    });
  return (await startServer(context, addRoutes, {routePrefix: '/p', readTimeoutMs})).port;
}

/** How many requests Node's server has had to read. */
async function countingOthers(context: TestContext, talk: () => Promise<unknown>): Promise<number> {
  const {mock} = context.mock.method(http.Server.prototype, 'emit');
  try {
    await talk();
  } finally {
    mock.restore();
  }
  return mock.calls.filter(({arguments: [name]}) => (name as string) === 'request').length;
}

const echo = (text: string): HttpReply => ({status: 200, contentType: 'text/plain', body: text});

/** Sends pieces, one after another, and returns everything that comes until `count` answers are there. */
async function talk(port: number, pieces: readonly string[], count: number): Promise<string[]> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  let text = '';
  const done = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (bodiesOf(text).length >= count) done.resolve();
  });
  socket.on('close', () => done.resolve());
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await sleep(2);
  }
  await done.promise;
  socket.destroy();
  return bodiesOf(text);
}

function bodiesOf(text: string): string[] {
  const bodies: string[] = [];
  for (let rest = text; ;) {
    const end = rest.indexOf('\r\n\r\n');
    const length = Number(/content-length: ([0-9]+)/i.exec(rest.slice(0, end))?.[1]);
    if (end < 0 || !(rest.length >= end + 4 + length)) return bodies;
    bodies.push(rest.slice(end + 4, end + 4 + length));
    rest = rest.slice(end + 4 + length);
  }
}

const get = (name: string, headers = ''): string =>
  `GET /p/echo/${name}?a=1%2B1 HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
const post = (name: string, body: string): string =>
  `POST /p/echo/${name} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

test('PlainConnection answers as Node does, however the bytes arrive', async (context) => {
  const port = await start(context, (text) => sleep(1).then(() => echo(text)));
  const requests = [
    get('x', 'X-A: b\r\n'),
    post('y', 'a=2'),
    get('z%41'),
    'POST /p/echo/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n' +
      'Content-Type: application/x-www-form-urlencoded\r\n\r\n3\r\na=3\r\n0\r\n\r\n',
    get('w'),
  ];
  const expected = ['GET x 1+1 b', 'POST y 2 -', 'GET zA 1+1 -', 'POST c 3 -', 'GET w 1+1 -'];
  assert.deepEqual(await talk(port, requests, 5), expected, 'each in one piece');
  assert.deepEqual(await talk(port, [requests.join('')], 5), expected, 'all at once');
  context.diagnostic(`seed ${seed}`);
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) / 2 ** 31;
  for (let round = 0; round < 20; round++) {
    const pieces: string[] = [];
    for (let rest = requests.join(''); rest !== '';) {
      const length = 1 + Math.floor(random() * random() * 300);
      pieces.push(rest.slice(0, length));
      rest = rest.slice(length);
    }
    assert.deepEqual(await talk(port, pieces, 5), expected, `seed ${seed} round ${round}`);
  }
});

/** A server that answers with the bodies that it gets. */
async function startMirror(context: TestContext, readTimeoutMs = 60_000): Promise<Running> {
  const options = {bodyBytesMax: 1 << 20};
  return startServer(
    context,
    (server) =>
      server.route(
        ['POST'],
        '/',
        ({body}) => ({status: 200, contentType: 'image/png', body: Buffer.from(body)}),
        options,
      ),
    {readTimeoutMs},
  );
}

const postOf = (body: string, headers = ''): string =>
  `POST / HTTP/1.1\r\nHost: a\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

test('PlainConnection reads bodies that come in pieces, byte for byte', async (context) => {
  const {port} = await startMirror(context);
  context.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const bodies = [0, 1, 1000, 70_000, 1 << 20].map((length) =>
    Buffer.from(Uint8Array.from({length}, () => random.below(256))).toString('latin1'),
  );
  const requests = bodies.map((body) => postOf(body));
  const run = async (): Promise<void> => {
    assert.deepEqual(await talk(port, requests, 5), bodies, 'each at once');
    assert.deepEqual(await talk(port, [requests.join('')], 5), bodies, 'all at once');
    for (let round = 0; round < 5; round++) {
      const pieces: string[] = [];
      for (let rest = requests.join(''); rest !== '';) {
        const length = 1 + random.below(random.pick([200, 100_000]));
        pieces.push(rest.slice(0, length));
        rest = rest.slice(length);
      }
      assert.deepEqual(await talk(port, pieces, 5), bodies, `seed ${seed} round ${round}`);
    }
  };
  await run();
  // The heads come whole, however it is cut.
  const one = async (): Promise<void> => {
    for (const body of bodies.slice(1)) {
      assert.deepEqual(await talk(port, [postOf(body).slice(0, -1), body.slice(-1)], 1), [body]);
    }
  };
  assert.equal(await countingOthers(context, one), 0);
});

test('PlainConnection says what Node says where a body does not all come', async (context) => {
  const {port} = await startMirror(context, 300);
  // A header that comes twice is nothing for it.
  for (const more of ['', 'X-A: b\r\nX-A: c\r\n']) {
    const f = async (isOver: boolean, expected: string): Promise<void> => {
      const socket = net.connect({port, host: '127.0.0.1', allowHalfOpen: true});
      const text = postOf('abc', more).slice(0, -1);
      if (isOver) socket.end(text);
      else socket.write(text);
      const answer = Buffer.concat((await socket.toArray()) as Buffer[]).toString();
      assert.equal(answer, `HTTP/1.1 ${expected}\r\nConnection: close\r\n\r\n`, `${isOver} ${more}`);
      socket.destroy();
    };
    await f(true, '400 Bad Request');
    await f(false, '408 Request Timeout');
  }
});

test('PlainConnection gives the room for a body back, whatever becomes of it', async (context) => {
  const {port} = await startMirror(context);
  const bytes = 1 << 20;
  // More than there is room for at the same time.
  for (let i = 0; i < 300; i++) {
    const socket = net.connect(port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\nx`, () => {
      socket.resetAndDestroy();
    });
    await once(socket, 'close');
  }
  assert.deepEqual(await talk(port, [postOf('abc')], 1), ['abc']);
});

test('PlainConnection leaves a body to others for which there is no room', async (context) => {
  const size = 200 * 2 ** 20;
  const {port} = await startServer(context, (server) =>
    server.route(['POST'], '/', () => echo('read'), {bodyBytesMax: size}),
  );
  const first = net.connect(port, '127.0.0.1');
  first.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\nx`);
  await sleep(50);
  const ask = async (): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/`, {method: 'POST', body: new Uint8Array(60 * 2 ** 20)});
  const refused = await ask();
  assert.deepEqual(
    [refused.status, await refused.text()],
    [503, 'error: too many request bodies at the same time'],
  );
  first.destroy();
  await sleep(50);
  assert.equal((await ask()).status, 200);
});

test('PlainConnection leaves nothing to others that is plain', async (context) => {
  const port = await start(context, echo);
  const askInTurn = async (requests: string[]): Promise<void> => {
    const socket = net.connect(port, '127.0.0.1');
    for (const request of requests) {
      socket.write(request);
      await once(socket, 'data');
    }
    socket.destroy();
  };
  const f = async (requests: string[], expected: number): Promise<void> =>
    assert.equal(await countingOthers(context, () => askInTurn(requests)), expected);
  await f([get('x'), post('y', 'a=2'), get('x', 'Accept-Encoding: gzip\r\n')], 0);
  // What is not plain, and all that comes after it on its connection.
  await f([get('x'), get('x', 'X-A: b\r\nX-A: c\r\n'), get('x')], 2);
});

test(
  'PlainConnection ends a request, and nothing else, where a header is none',
  {timeout: 10_000},
  async (context) => {
    const port = await start(context, (text) => ({
      ...echo(text),
      headers: {'X-B': text.includes('x') ? 'a\r\nb' : 'a'},
    }));
    const answers = await talk(port, [get('x'), get('y')], 2);
    assert.match(answers[0]!, /^error: /);
    assert.equal(answers[1], 'GET y 1+1 -');
  },
);

test('PlainConnection sends what Node would send', async (context) => {
  const long = 'narthex '.repeat(20_000);
  const replies: HttpReply[] = [
    {status: 200, contentType: 'application/json', body: '{}', headers: {Vary: 'Origin'}},
    {status: 404, contentType: '', body: ''},
    {status: 200, contentType: 'text/plain', body: long},
    {status: 200, contentType: 'image/png', body: new Uint8Array(100_000).fill(65)},
  ];
  for (const reply of replies) {
    const port = await start(context, () => reply);
    const read = async (request: string): Promise<{head: string; body: string}> => {
      const socket = net.connect(port, '127.0.0.1');
      socket.write(request);
      let text = '';
      for await (const chunk of socket) {
        text += (chunk as Buffer).toString('latin1');
        if (bodiesOf(text).length > 0) break;
      }
      const end = text.indexOf('\r\n\r\n');
      const head = text.slice(0, end).replace(/Date: [^\r]*/, 'Date');
      return {head: head.toLowerCase(), body: text.slice(end + 4)};
    };
    // A second header of the same name is no plain request.
    assert.deepEqual(await read(get('x')), await read(get('x', 'X-A: b\r\nX-A: c\r\n')));
    const packed = 'Accept-Encoding: gzip\r\n';
    assert.deepEqual(await read(get('x', packed)), await read(get('x', `${packed}X-A: b\r\nX-A: c\r\n`)));
  }
});

test('PlainConnection tells a handler when its client goes away, and releases what is not sent', async (context) => {
  const aborted = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const port = await start(context, async (text, signal) => {
    signal().addEventListener('abort', () => aborted.resolve());
    entered.resolve();
    await aborted.promise;
    return {...echo(text), release: () => released.resolve()};
  });
  const socket = net.connect(port, '127.0.0.1');
  socket.write(get('x'));
  await entered.promise;
  socket.destroy();
  await aborted.promise;
  await released.promise;
});

test('PlainConnection turns what a handler throws into an answer', async (context) => {
  const port = await start(context, () => {
    throw new Error('broken');
  });
  assert.deepEqual(await talk(port, [get('x'), get('y')], 2), ['error: broken', 'error: broken']);
});

test('PlainConnection is closed when it is idle for too long', async (context) => {
  const port = await start(context, echo, 50);
  for (const pieces of [[], [get('x')]]) {
    const socket = net.connect(port, '127.0.0.1');
    for (const piece of pieces) socket.write(piece);
    socket.resume();
    await once(socket, 'close');
  }
});
