import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {UnixSocketClient} from './unixsocket.ts';

test('UnixSocketClient gets from a server that listens on a socket, and says what goes wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-unix-'));
  const file = join(folder, 's.sock');
  const server = createServer((request, response) => {
    if (request.url === '/slow') return;
    response.writeHead(201, {'x-a': 'b'}).end(`${request.url} ${String(request.headers['x-c'])}`);
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  const client = new UnixSocketClient(file);
  const {signal} = new AbortController();
  try {
    const answer = await client.get('http://docker/x?y=z', {headers: {'x-c': 'd'}, timeoutMs: 5000, signal});
    assert.deepEqual([answer.status, answer.header('x-a'), answer.text], [201, 'b', '/x?y=z d']);
    await assert.rejects(
      client.get('http://docker/slow', {timeoutMs: 50, signal}),
      /slow": dial unix .*s\.sock: /,
    );
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(folder, {recursive: true, force: true});
  }
  await assert.rejects(
    client.get('http://docker/x', {timeoutMs: 5000, signal}),
    /dial unix .*s\.sock: connect ENOENT/,
  );
});
