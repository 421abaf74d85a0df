import assert from 'node:assert/strict';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'node:test';
import {gzipSync} from 'node:zlib';
import type {HttpClientConfig} from './client-config.ts';
import {type HttpAnswer, HttpClient} from './client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function withServer(handler: Handler, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function get(
  url: string,
  config: Partial<HttpClientConfig> = {},
  timeoutMs = 5000,
  signal = new AbortController().signal,
): Promise<HttpAnswer> {
  const client = new HttpClient({followRedirects: true, ...config}, () => performance.now());
  try {
    return await client.get(url, {
      headers: {accept: 'text/plain'},
      secretHeaders: {'x-secret': 's'},
      timeoutMs,
      signal,
    });
  } finally {
    await client.close();
  }
}

test('HttpClient sends credentials, follows redirects and unpacks bodies', async () => {
  const seen: unknown[] = [];
  const handler: Handler = (request, response) => {
    seen.push([request.url, request.headers.authorization, request.headers.accept]);
    if (request.url === '/a') response.writeHead(302, {location: '/b?x=1'}).end();
    else response.writeHead(200, {'content-encoding': 'gzip', 'x-y': 'z'}).end(gzipSync('hellö'));
  };
  await withServer(handler, async (url) => {
    const answer = await get(`${url}/a`, {basicAuth: {username: 'u', password: 'p'}});
    assert.deepEqual(
      [answer.status, answer.statusText, answer.text, answer.header('x-y')],
      [200, 'OK', 'hellö', 'z'],
    );
    assert.deepEqual(seen, [
      ['/a', 'Basic dTpw', 'text/plain'],
      ['/b?x=1', 'Basic dTpw', 'text/plain'],
    ]);
    const kept = await get(`${url}/a`, {followRedirects: false});
    assert.deepEqual([kept.status, kept.header('location'), kept.header('none')], [302, '/b?x=1', '']);
  });
});

test('HttpClient sends no credentials to another host', async () => {
  let second = 'not asked';
  await withServer(
    (request, response) => {
      second = `${request.headers.authorization} ${String(request.headers['x-secret'])}`;
      response.end('there');
    },
    async (other) => {
      const handler: Handler = (_request, response) =>
        void response.writeHead(307, {location: other.replace('127.0.0.1', 'localhost')}).end();
      await withServer(handler, async (url) => {
        const answer = await get(url, {authorization: {type: 'Bearer', credentials: 't'}});
        assert.equal(answer.text, 'there');
        assert.equal(second, 'undefined undefined');
      });
    },
  );
});

test('HttpClient takes credentials from the URL, and does not tell them', async () => {
  const seen: unknown[] = [];
  const handler: Handler = (request, response) => {
    seen.push(request.headers.authorization);
    if (request.url === '/cut') request.socket.destroy();
    else response.end();
  };
  await withServer(handler, async (url) => {
    const own = url.replace('//', '//us%40er:pass@');
    await get(own);
    // As in Go, they come before what the configuration says.
    await get(own, {authorization: {type: 'Bearer', credentials: 't'}});
    assert.deepEqual(seen, [`Basic ${btoa('us@er:pass')}`, `Basic ${btoa('us@er:pass')}`]);
    const shown = url.replace('//', '//us%40er:xxxxx@');
    await assert.rejects(get(`${own}/cut`), {message: `Get "${shown}/cut": EOF`});
  });
});

test('HttpClient sends bodies, and repeats them only where a redirection wants it', async () => {
  const seen: unknown[] = [];
  const handler: Handler = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push([request.method, request.url, request.headers['content-type'], body]);
      if (request.url === '/found') response.writeHead(302, {location: '/end'}).end();
      else if (request.url === '/kept') response.writeHead(308, {location: '/end'}).end();
      else response.end('0123456789');
    });
  };
  const client = new HttpClient({followRedirects: true}, () => performance.now());
  const options = {
    method: 'POST',
    body: '{}',
    headers: {'content-type': 'application/json'},
    signal: new AbortController().signal,
  } as const;
  await withServer(handler, async (url) => {
    assert.equal((await client.request(`${url}/found`, options)).text, '0123456789');
    await client.request(`${url}/kept`, options);
    assert.deepEqual(seen, [
      ['POST', '/found', 'application/json', '{}'],
      ['GET', '/end', undefined, ''],
      ['POST', '/kept', 'application/json', '{}'],
      ['POST', '/end', 'application/json', '{}'],
    ]);
    assert.equal((await client.request(`${url}/x`, {...options, bodyBytesKept: 4})).text, '0123');
    const late = {...options, signal: AbortSignal.timeout(0)};
    await new Promise((resolve) => setTimeout(resolve, 5));
    await assert.rejects(client.request(`${url}/x`, late), {
      message: `Post "${url}/x": context deadline exceeded`,
    });
  });
  await client.close();
});

test('HttpClient says what went wrong', async () => {
  const handler: Handler = (request, response) => {
    if (request.url === '/loop') response.writeHead(302, {location: '/loop'}).end();
    if (request.url === '/cut') request.socket.destroy();
    if (request.url === '/zip') response.writeHead(200, {'content-encoding': 'gzip'}).end('no zip');
  };
  await withServer(handler, async (url) => {
    const f = (path: string, message: string | RegExp): Promise<void> =>
      assert.rejects(get(url + path, {}, 300), (error: Error) => {
        if (typeof message === 'string') assert.equal(error.message, message);
        else assert.match(error.message, message);
        return true;
      });
    await f('/loop', 'Get "/loop": stopped after 10 redirects');
    await f('/cut', `Get "${url}/cut": EOF`);
    await f('/zip', /incorrect header check/);
    await f('/never', `Get "${url}/never": context deadline exceeded`);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    await assert.rejects(get(`${url}/never`, {}, 5000, abort.signal), /context canceled/);
  });
  await assert.rejects(get('http://127.0.0.1:1/'), /dial tcp 127\.0\.0\.1:1: connect: connection refused/);
});
