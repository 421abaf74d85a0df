import assert from 'node:assert/strict';
import {hostname} from 'node:os';
import test from 'node:test';
import {webUrlOf} from './weburl.ts';

test('webUrlOf() takes external URL and prefix apart', () => {
  function f(externalUrl: string, routePrefix: string, expected: string[]): void {
    const url = webUrlOf(externalUrl, routePrefix, {host: '', port: 9090});
    assert.deepEqual([url.external, url.scheme, url.host, url.path, url.routePrefix], expected);
  }
  const self = `${hostname().toLowerCase()}:9090`;
  f('http://x.example', '/', ['http://x.example', 'http', 'x.example', '', '']);
  f('https://x.example:8443/prom/', '/prom', [
    'https://x.example:8443/prom',
    'https',
    'x.example:8443',
    '/prom',
    '/prom',
  ]);
  f('/prom', '/', [`http://${self}/prom`, 'http', self, '/prom', '']);
  f('/', 'a/b/', [`http://${self}`, 'http', self, '', '/a/b']);
});
