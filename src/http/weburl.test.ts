import assert from 'node:assert/strict';
import {hostname} from 'node:os';
import test from 'node:test';
import {parseListenAddress, resolveWebUrl} from './weburl.ts';

test('resolveWebUrl() takes prefix and path from the external URL', () => {
  function f(externalUrl: string, routePrefix: string, expected: [string, string, string]): void {
    const url = resolveWebUrl({externalUrl, routePrefix, listenAddress: '0.0.0.0:9090'});
    assert.deepEqual([url.externalUrl, url.externalPath, url.routePrefix], expected);
  }
  const self = `http://${hostname().toLowerCase()}`;
  f('', '', [`${self}:9090`, '', '']);
  f('http://x.example', '', ['http://x.example', '', '']);
  f('http://x.example/', '', ['http://x.example', '', '']);
  f('https://x.example:8443/prom/', '', ['https://x.example:8443/prom', '/prom', '/prom']);
  f('https://x.example/prom', '/', ['https://x.example/prom', '/prom', '']);
  f('https://x.example/prom', 'other/', ['https://x.example/prom', '/prom', '/other']);
  f('/prom', '', [`${self}/prom`, '/prom', '/prom']);
});

test('resolveWebUrl() refuses what is no URL', () => {
  function f(externalUrl: string, message: RegExp): void {
    assert.throws(() => resolveWebUrl({externalUrl, routePrefix: '', listenAddress: ':9090'}), {
      name: 'SyntaxError',
      message,
    });
  }
  f('"http://x"', /must not begin or end with quotes/);
  f('ftp://x', /not http or https/);
  f('http://', /cannot parse external URL/);
  f('x.example:80', /not http or https/);
});

test('parseListenAddress() splits host and port', () => {
  function f(address: string, host: string, port: number): void {
    assert.deepEqual(parseListenAddress(address), {host, port});
  }
  f('0.0.0.0:9090', '0.0.0.0', 9090);
  f(':9090', '', 9090);
  f('localhost:0', 'localhost', 0);
  f('[::1]:9090', '::1', 9090);
  for (const bad of ['', '9090', 'localhost', '::1:9090', 'a:b', 'a:99999']) {
    assert.throws(() => parseListenAddress(bad), {name: 'SyntaxError'}, bad);
  }
});
