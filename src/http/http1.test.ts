import assert from 'node:assert/strict';
import {once} from 'node:events';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import test, {after} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Headers} from './credentials.ts';
import {describeFailure} from './failures.ts';
import {type AnswerController, type AnswerHandler, Http1Client, type PlainAddress} from './http1.ts';

const servers: Server[] = [];
const clients: Http1Client[] = [];
after(() => {
  for (const client of clients) client.close();
  for (const server of servers) server.close();
});

/** A server that answers each request with `answer`; it notes the requests and how many connections there were. */
async function serve(answer: (socket: Socket, request: string) => void): Promise<Peer> {
  const peer: Peer = {origin: '', requests: [], sockets: []};
  const server = createServer((socket) => {
    peer.sockets.push(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      peer.requests.push(bytes.toString('latin1'));
      answer(socket, bytes.toString('latin1'));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  peer.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return peer;
}

interface Peer {
  origin: string;
  requests: string[];
  sockets: Socket[];
}

interface Answer {
  status: number;
  statusText: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

function clientOf(): Http1Client {
  const client = new Http1Client(60_000);
  clients.push(client);
  return client;
}

/** Sends a request; what fails is thrown in the words of messages. */
function get(
  client: Http1Client,
  origin: string,
  {path = '/metrics', headers = {}}: Partial<PlainAddress> & {headers?: Headers} = {},
): Promise<Answer> {
  const answer: Answer = {status: 0, statusText: '', headers: {}, body: ''};
  return new Promise((resolve, reject) => {
    const handler: AnswerHandler = {
      onRequestStart: () => {},
      onResponseStart: (_controller, status, headers, statusText = '') =>
        Object.assign(answer, {status, headers: {...headers}, statusText}),
      onResponseData: (_controller, chunk) => (answer.body += chunk.toString()),
      onResponseEnd: () => resolve(answer),
      onResponseError: (_controller, error) =>
        reject(new Error(describeFailure(error, new URL(origin)).message.replace(/^Get "[^"]*": /, ''))),
    };
    client.dispatch({origin, path}, headers, handler);
  });
}

/** Answers of several kinds with the body `a 1\nb 2\n`, each of which leaves the connection as it says. */
const answers: [name: string, text: string, isReused: boolean][] = [
  ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na 1\nb 2\n', true],
  [
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\na 1\r\n5;x=y\r\n\nb 2\n\r\n0\r\n\r\n',
    true,
  ],
  [
    'trailers',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\na 1\nb 2\n\r\n0\r\nA: b\r\n\r\n',
    true,
  ],
  ['lines that only end', 'HTTP/1.1 200 OK\nContent-Length: 8\n\na 1\nb 2\n', true],
  ['a line that goes on', 'HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\nContent-Length: 8\r\n\r\na 1\nb 2\n', true],
  [
    'one before',
    'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200\r\nContent-Length: 8\r\n\r\na 1\nb 2\n',
    true,
  ],
  ['close', 'HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 8\r\n\r\na 1\nb 2\n', false],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\na 1\nb 2\n', false],
  ['HTTP/1.0 kept', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 8\r\n\r\na 1\nb 2\n', true],
  ['short wait', 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 8\r\n\r\na 1\nb 2\n', false],
  [
    'long wait',
    'HTTP/1.1 200 OK\r\nKeep-Alive: max=5, timeout=60\r\nContent-Length: 8\r\n\r\na 1\nb 2\n',
    true,
  ],
  ['too much', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na 1\nb 2\nHTTP/1.1', false],
];

test('answers of all kinds are read, and connections used again where that is possible', async () => {
  for (const [name, text, isReused] of answers) {
    const peer = await serve((socket) => socket.write(text, 'latin1'));
    const client = clientOf();
    for (let i = 0; i < 3; i++) {
      assert.equal((await get(client, peer.origin)).body, 'a 1\nb 2\n', name);
      await sleep(5);
    }
    assert.equal(peer.sockets.length, isReused ? 1 : 3, name);
  }
});

test('answers are the same in whatever pieces they come', async () => {
  for (const [name, text] of answers.filter(([each]) => each !== 'too much')) {
    const peer = await serve((socket) => {
      let at = 0;
      const next = (): void => {
        socket.write(text.slice(at, ++at), 'latin1');
        if (at < text.length) setImmediate(next);
      };
      next();
    });
    assert.equal((await get(clientOf(), peer.origin)).body, 'a 1\nb 2\n', name);
  }
});

test('a body without a length ends with the connection, but not with a reset', async () => {
  const peer = await serve((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\na 1\n'));
  assert.equal((await get(clientOf(), peer.origin)).body, 'a 1\n');
  const rude = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\na 1\n');
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
  await assert.rejects(get(clientOf(), rude.origin), {message: 'read: connection reset by peer'});
});

test('what is no answer, or not the whole of one, is said in the words of Go', async () => {
  const f = async (text: string, message: string): Promise<void> => {
    const peer = await serve((socket) => socket.end(text, 'latin1'));
    await assert.rejects(get(clientOf(), peer.origin), {message}, text);
  };
  const brokenBy = 'net/http: HTTP/1.x transport connection broken';
  await f('', 'EOF');
  await f('HTTP/1.1 200 OK\r\nA: b', 'unexpected EOF');
  await f('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na 1\n', 'unexpected EOF');
  await f('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\na 1\n', 'unexpected EOF');
  await f('SSH-2.0-x\r\n', `${brokenBy}: malformed HTTP response "SSH-2.0-x"`);
  await f('hello\r\n\r\n', `${brokenBy}: malformed HTTP response "hello"`);
  await f('HTTP/2.0 200 OK\r\n\r\n', `${brokenBy}: malformed HTTP response "HTTP/2.0 200 OK"`);
  await f('HTTP/1.1 200 OK\r\nno colon\r\n\r\n', `${brokenBy}: malformed MIME header line: no colon`);
  await f('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', `${brokenBy}: bad Content-Length "-1"`);
  await f(
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    `${brokenBy}: bad Content-Length "1, 2"`,
  );
  await f(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n',
    `${brokenBy}: unsupported transfer encoding: "br"`,
  );
  await f(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
    `${brokenBy}: invalid byte in chunk length`,
  );
  await f(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n',
    `${brokenBy}: malformed chunked encoding`,
  );
  await f(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(20_000)}\r\n\r\n`, 'server response headers are too large');
});

test('a length beside chunks is not believed, and not handed on', async () => {
  const peer = await serve((socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na 1\r\n5\r\n\nb 2\n\r\n0\r\n\r\n',
    ),
  );
  const {body, headers} = await get(clientOf(), peer.origin);
  assert.equal(body, 'a 1\nb 2\n');
  assert.equal(headers['content-length'], undefined);
});

test('statuses without a body have none', async () => {
  for (const status of [204, 304]) {
    const peer = await serve((socket) =>
      socket.write(`HTTP/1.1 ${status} Some Thing\r\nContent-Length: 5\r\n\r\n`),
    );
    const client = clientOf();
    const answer = await get(client, peer.origin);
    assert.deepEqual([answer.status, answer.statusText, answer.body], [status, 'Some Thing', '']);
    await get(client, peer.origin);
    assert.equal(peer.sockets.length, 1);
  }
});

test('a request is written as it is asked for, and nothing else can get into it', async () => {
  const peer = await serve((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nLocation: 1\r\nLOCATION: 2\r\nContent-Length: 0\r\n\r\n'),
  );
  const client = clientOf();
  const answer = await get(client, peer.origin, {
    path: '/m?x=y',
    headers: {accept: 'text/plain', 'x-a': ['1', '2']},
  });
  const host = peer.origin.slice('http://'.length);
  assert.equal(
    peer.requests[0],
    `GET /m?x=y HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\naccept: text/plain\r\nx-a: 1\r\nx-a: 2\r\n\r\n`,
  );
  assert.deepEqual(answer.headers['location'], ['1', '2']);
  await get(client, peer.origin, {headers: {host: 'other:80'}});
  assert.match(
    peer.requests[1]!,
    /^GET \/metrics HTTP\/1\.1\r\nconnection: keep-alive\r\nhost: other:80\r\n\r\n$/,
  );
  await assert.rejects(get(client, peer.origin, {headers: {'x-a': 'a\r\nb: c'}}), {
    message: 'invalid x-a header',
  });
});

test('an idle connection that its server has closed is not used again', async () => {
  const peer = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
    setTimeout(() => socket.end(), 5);
  });
  const client = clientOf();
  for (let i = 0; i < 3; i++) {
    await get(client, peer.origin);
    await once(peer.sockets[i]!, 'close');
    await sleep(5);
  }
  assert.equal(peer.sockets.length, 3);
});

test('what is given up hangs up, and does not disturb the next request', async () => {
  const peer = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx'));
  const client = clientOf();
  await new Promise<void>((resolve, reject) => {
    let controller: AnswerController | null = null;
    const handler: AnswerHandler = {
      onRequestStart: (given) => (controller = given),
      onResponseStart: () => {},
      onResponseData: () => {
        controller!.abort(new Error('enough'));
        setTimeout(resolve, 20);
      },
      onResponseEnd: () => reject(new Error('it has not ended')),
      onResponseError: () => reject(new Error('it has not failed')),
    };
    client.dispatch({origin: peer.origin, path: '/'}, {}, handler);
  });
  assert.ok(peer.sockets[0]!.readableEnded || peer.sockets[0]!.destroyed);
});

test('close() ends requests under way, and there are no more', async () => {
  const peer = await serve(() => {});
  const client = clientOf();
  const under = get(client, peer.origin);
  await sleep(10);
  client.close();
  await assert.rejects(under, {message: 'the client is closed'});
  await assert.rejects(get(client, peer.origin), {message: 'the client is closed'});
});
