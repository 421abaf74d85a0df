// Over real sockets: clients that write requests of their own make, and what becomes of them and of the server.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import test, {type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Random} from '../base/random.ts';
import {textReply} from './reply.ts';
import type {HttpServer, HttpServerOptions} from './server.ts';
import {startServer} from './testing.ts';

interface Running {
  port: number;
  /** Requests of /late whose clients are gone. */
  aborted: string[];
}

async function start(context: TestContext, options: Partial<HttpServerOptions> = {}): Promise<Running> {
  const aborted: string[] = [];
  const addRoutes = (server: HttpServer): void => {
    server.route(['GET', 'POST'], '/now', ({method, form}) => textReply(200, `${method} ${form.get('a')}`));
    server.route(['GET'], '/late', async ({signal, url}) => {
      signal.addEventListener('abort', () => aborted.push(url));
      await sleep(Number(url.slice('/late?'.length)));
      return textReply(200, `${signal.aborted}`);
    });
    server.route(['GET'], '/big', () => ({
      status: 200,
      contentType: 'image/png',
      body: new Uint8Array(100_000).fill(65),
    }));
  };
  const {port} = await startServer(context, addRoutes, options);
  return {port, aborted};
}

/** A header that comes twice is nothing for a PlainConnection. */
const twice = 'X-A: a\r\nX-A: b\r\n';

/** Sends bytes and reads until the server closes. `isOver`: says that nothing more will come. */
async function talk(port: number, text: string, {isOver = false} = {}): Promise<string> {
  const socket = net.connect({port, host: '127.0.0.1', allowHalfOpen: true});
  if (isOver) socket.end(text, 'latin1');
  else socket.write(text, 'latin1');
  let answer = '';
  for await (const part of socket) answer += (part as Buffer).toString('latin1');
  socket.destroy();
  return answer;
}

/** The status and the text of one answer. */
function outcomeOf(answer: string): string {
  return `${answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)} ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`;
}

test('HttpServer answers who sends nothing more, and tells who works for long', async (context) => {
  const {port, aborted} = await start(context);
  const f = async (head: string, expected: string): Promise<void> =>
    assert.equal(outcomeOf(await talk(port, `${head}\r\n`, {isOver: true})), expected, head);
  for (const more of ['', twice]) {
    await f(`GET /late?5 HTTP/1.1\r\nHost: a\r\n${more}`, '200 false');
    await f(`GET /late?400 HTTP/1.1\r\nHost: a\r\n${more}`, '200 true');
  }
  await f('GET /late?5 HTTP/1.0\r\n', '200 false');
  assert.deepEqual(aborted, ['/late?400', '/late?400']);
  assert.equal(await talk(port, '', {isOver: true}), '', 'no request at all');
  for (const cut of [
    'GET /now HTTP/1.1\r\nHost: a\r\n',
    'POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc',
    'POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
  ]) {
    assert.match(await talk(port, cut, {isOver: true}), /^HTTP\/1\.1 400 /, JSON.stringify(cut));
  }
});

test('HttpServer closes connections that are idle, whatever they were for', async (context) => {
  const {port} = await start(context, {readTimeoutMs: 100});
  const requests = ['/now', '/big'].flatMap((path) =>
    ['', twice].map((more) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`),
  );
  for (const answer of await Promise.all(requests.map((text) => talk(port, text)))) {
    assert.match(answer, /^HTTP\/1\.1 200 /);
  }
});

test('HttpServer lets who still sends see why it refuses', async (context) => {
  const {port} = await start(context);
  const bytes = 16 * 1024 * 1024;
  const head = `POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
  const socket = net.connect(port, '127.0.0.1');
  socket.write(head);
  socket.write('x'.repeat(bytes));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
  // Not a byte of the body is taken for a request.
  socket.write('GET /now?a=1 HTTP/1.1\r\nHost: a\r\n\r\n');
  const [next] = (await once(socket, 'data')) as [Buffer];
  assert.equal(outcomeOf(next.toString()), '200 GET 1');
  socket.destroy();
  // Who goes on sending for longer is cut off.
  const endless = net.connect(port, '127.0.0.1');
  endless.on('error', () => {});
  endless.resume();
  endless.write(head);
  await once(endless, 'close');
});

test('HttpServer refuses requests of which it is not plain what they mean', async (context) => {
  const {port} = await start(context);
  const host = 'Host: a\r\n';
  const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
  const chunks = '3\r\na=1\r\n0\r\n\r\n';
  const f = async (text: string, status: number): Promise<void> =>
    assert.match(await talk(port, text), new RegExp(`^HTTP/1.1 ${status} `), JSON.stringify(text));
  await f(`GET /now HTTP/1.1\r\n\r\n`, 400);
  await f(`GET /now HTTP/1.1\r\n${host}Host: b\r\n\r\n`, 400);
  await f(`GET /now HTTP/1.1\r\nHost: a b\r\n\r\n`, 400);
  await f(`GET /now HTTP/1.1\r\nHost: a/b\r\n\r\n`, 400);
  await f(`GET /now HTTP/1.1\r\nHost: \xe9\r\n\r\n`, 400);
  await f(`GET /now HTTP/2.0\r\n${host}\r\n`, 505);
  await f(`GET /now\r\n\r\n`, 505);
  const post = `POST /now HTTP/1.1\r\n${host}${form}`;
  await f(`${post}Transfer-Encoding: gzip, chunked\r\n\r\n${chunks}`, 501);
  await f(`POST /now HTTP/1.0\r\n${form}Transfer-Encoding: chunked\r\n\r\n${chunks}`, 400);
  await f(`${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`, 400);
  await f(`${post}Content-Length: 3\r\nContent-Length: 4\r\n\r\na=1`, 400);
  await f(`${post}Content-Length: +3\r\n\r\na=1`, 400);
  await f(`${post}Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n`, 400);
  for (const name of ['', 'localhost:9090', '[::1]:9090', 'a_b.example']) {
    await f(`GET /now HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`, 200);
  }
});

test('HttpServer leads from a path with slashes too many to the one without, and lets a POST be one', async (context) => {
  const {port} = await start(context);
  const answer = await fetch(`http://127.0.0.1:${port}//now`, {
    method: 'POST',
    body: new URLSearchParams({a: '1'}),
  });
  assert.equal(await answer.text(), 'POST 1');
  const f = async (method: string, path: string, status: number): Promise<void> => {
    const {status: actual, headers} = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      redirect: 'manual',
    });
    assert.deepEqual([actual, headers.get('location')], [status, '/now?a=1'], `${method} ${path}`);
  };
  await f('GET', '/now/?a=1', 301);
  await f('POST', '/now/?a=1', 307);
  await f('GET', '//now?a=1', 307);
});

test('HttpServer lives on, whatever it is sent', async (context) => {
  const {port} = await start(context);
  const seed = Date.now() >>> 0;
  context.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const requests = [
    'GET /now?a=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /now HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=1',
    'POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n',
    'HEAD /big HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n',
  ];
  const lines = [
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    'Expect: 100-continue',
    'Host: b',
    ' fold',
  ];
  const mutated = (): string => {
    let text = random.pick(requests);
    for (let left = 1 + random.below(3); left > 0; left--) {
      const at = random.below(text.length + 1);
      const kept = text.slice(0, at);
      const rest = text.slice(at);
      text = random.pick([
        () => kept + String.fromCharCode(random.below(256)) + rest,
        () => kept + rest.slice(1),
        () => kept,
        () => text + random.pick(requests),
        () => text.replace('\r\n', `\r\n${random.pick(lines)}\r\n`),
      ])();
    }
    return text;
  };
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(
      Array.from({length: 40}, () => talk(port, mutated(), {isOver: true}).catch(() => '')),
    );
    for (const answer of answers) assert.match(answer, /^(?:HTTP\/1\.1 [1-5]\d\d |$)/);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/now?a=2`)).text(), 'GET 2');
  }
});
