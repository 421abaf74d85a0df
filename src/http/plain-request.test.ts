import assert from 'node:assert/strict';
import test from 'node:test';
import {parsePlainRequest, type PlainHeaders, type PlainRequest} from './plain-request.ts';

const host = 'Host: a\r\n';
const form = 'Content-Type: application/x-www-form-urlencoded\r\n';

/** What is read of it, on one line; null where it is not plain. */
function f(text: string, header = ''): string | null {
  const request = parsePlainRequest(Buffer.from(text, 'latin1'));
  if (request === null) return null;
  const {method, url, path, body} = request;
  return `${method} ${path} ${url} [${Buffer.from(body).toString()}]${header === '' ? '' : ` ${request.header(header)}`}`;
}

test('parsePlainRequest reads what is whole and simple', () => {
  assert.equal(f(`GET / HTTP/1.1\r\n${host}\r\n`), 'GET / / []');
  assert.equal(f(`GET /a/b?c=d?e HTTP/1.1\r\n${host}\r\n`), 'GET /a/b /a/b?c=d?e []');
  assert.equal(f(`GET / HTTP/1.1\r\nhost:a\r\nConnection: Keep-Alive\r\n\r\n`), 'GET / / []');
  assert.equal(f(`GET / HTTP/1.1\r\n${host}X-A:  b c \t\r\n\r\n`, 'x-a'), 'GET / / [] b c');
  assert.equal(f(`GET / HTTP/1.1\r\n${host}X-A:\r\n\r\n`, 'x-a'), 'GET / / [] ');
  assert.equal(f(`GET / HTTP/1.1\r\n${host}X-A: \xe9\r\n\r\n`, 'x-a'), 'GET / / [] \xe9');
  assert.equal(f(`GET / HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`), 'GET / / []');
  assert.equal(
    f(`POST /q HTTP/1.1\r\n${host}${form}Content-Length: 3\r\n\r\na=b`, 'content-type'),
    'POST /q /q [a=b] application/x-www-form-urlencoded',
  );
  assert.equal(f(`POST /q HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`), 'POST /q /q []');
});

test('parsePlainRequest reads what has arrived of a body', () => {
  const whole = `POST /q HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\na=b`;
  for (let missing = 0; missing <= 3; missing++) {
    const request = parsePlainRequest(Buffer.from(whole.slice(0, whole.length - missing)))!;
    assert.deepEqual([request.body.length, request.bodyLength], [3 - missing, 3]);
  }
});

test('parsePlainRequest is done soon with blanks', () => {
  for (const end of ['', '\x01', 'x']) {
    const started = performance.now();
    const request = f(`GET / HTTP/1.1\r\n${host}X-A:${' '.repeat(65_000)}${end}\r\n\r\n`);
    assert.equal(request, end === '\x01' ? null : 'GET / / []');
    assert.ok(
      performance.now() - started < 500,
      `${performance.now() - started} ms for ${JSON.stringify(end)}`,
    );
  }
});

test('parsePlainRequest leaves everything else to others', () => {
  const whole = `GET /abc HTTP/1.1\r\n${host}Accept: */*\r\n\r\n`;
  for (let length = 0; length < whole.length; length++) assert.equal(f(whole.slice(0, length)), null);
  for (const text of [
    `${whole}G`,
    `${whole}${whole}`,
    `\r\n${whole}`,
    'GET / HTTP/1.1\r\n\r\n',
    `GET / HTTP/1.0\r\n${host}\r\n`,
    `HEAD / HTTP/1.1\r\n${host}\r\n`,
    `GET / HTTP/1.1\r\n${host}Connection: keep-alive\xa0\r\n\r\n`,
    `get / HTTP/1.1\r\n${host}\r\n`,
    `GET  / HTTP/1.1\r\n${host}\r\n`,
    `GET http://a/ HTTP/1.1\r\n${host}\r\n`,
    `GET /a b HTTP/1.1\r\n${host}\r\n`,
    `GET /a#b HTTP/1.1\r\n${host}\r\n`,
    `GET /\xe9 HTTP/1.1\r\n${host}\r\n`,
    `GET / HTTP/1.1\r\n${host}${host}\r\n`,
    `GET / HTTP/1.1\n${host}\r\n`,
    `GET / HTTP/1.1\r\n${host}X-A : b\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}X-A: b\r\n c\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}X-A: b\nc\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}X-A: b\rc\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}X-A: b\0c\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}no colon\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}Connection: keep-alive, upgrade\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}Upgrade: websocket\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}Content-Length: 1\r\n\r\na`,
    `GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}${'X-A: b\r\n'.repeat(2)}\r\n`,
    `GET / HTTP/1.1\r\n${host}${Array.from({length: 100}, (_, i) => `X-${i}: b\r\n`).join('')}\r\n`,
    `POST / HTTP/1.1\r\n${host}\r\n`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nabc`,
    `POST / HTTP/1.1\r\n${host}Content-Length: \r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 12345678901\r\n\r\na`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 0x2\r\n\r\na`,
    `POST / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\na`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 01\r\n\r\na`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na`,
    `POST / HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 1\r\n\r\na`,
  ]) {
    assert.equal(f(text), null, JSON.stringify(text));
  }
});

test('parsePlainRequest knows headers again, and no others', () => {
  const read = (text: string, known: PlainHeaders | null): PlainRequest => {
    const request = parsePlainRequest(Buffer.from(text), known);
    assert.ok(request !== null);
    return request;
  };
  const first = read(`GET /a HTTP/1.1\r\n${host}X-A: b\r\n\r\n`, null);
  const second = read(`GET /b HTTP/1.1\r\n${host}X-A: b\r\n\r\n`, first.headers);
  assert.equal(second.headers, first.headers);
  assert.equal(second.url, '/b');
  const third = read(`GET /b HTTP/1.1\r\n${host}X-A: c\r\n\r\n`, second.headers);
  assert.equal(third.header('x-a'), 'c');
  assert.equal(parsePlainRequest(Buffer.from('GET /b HTTP/1.1\r\n\r\n'), third.headers), null);
});
