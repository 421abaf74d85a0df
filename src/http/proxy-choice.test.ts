import assert from 'node:assert/strict';
import test from 'node:test';
import {proxyChoiceOf} from './proxy-choice.ts';

test('no_proxy names hosts that are asked directly', () => {
  function f(noProxy: string, url: string, isDirect: boolean): void {
    const choose = proxyChoiceOf({url: 'http://proxy:3128', noProxy, connectHeaders: {}}, {});
    assert.equal(choose(new URL(url)) === null, isDirect, `${noProxy} ${url}`);
  }
  f('', 'http://localhost/', false);
  f('x', 'http://localhost/', true);
  f('x', 'http://127.1.2.3/', true);
  f('x', 'http://[::1]:9090/', true);
  f('*', 'http://a/', true);
  f('a.example', 'http://a.example/', true);
  f('a.example', 'http://b.a.example/', true);
  f('a.example', 'http://ba.example/', false);
  f('.a.example', 'http://a.example/', false);
  f('.a.example', 'http://b.a.example/', true);
  f('*.a.example', 'http://b.a.example/', true);
  f('*.a.example', 'http://a.example/', false);
  f('A.Example:8080', 'http://a.example:8080/', true);
  f('a.example:8080', 'http://a.example/', false);
  f('a.example:443', 'https://a.example/', true);
  f('10.0.0.0/8, 192.168.1.1', 'http://10.2.3.4/', true);
  f('10.0.0.0/8, 192.168.1.1', 'http://192.168.1.1:1/', true);
  f('10.0.0.0/8', 'http://11.0.0.1/', false);
  f('192.168.1.1:81', 'http://192.168.1.1/', false);
  f('fd00::/8', 'http://[fd00::1]/', true);
  f('[fd00::1]:80', 'http://[fd00::1]/', true);
  f('10.0.0.0/99', 'http://10.0.0.1/', false);
});

test('proxies are taken from the environment, by the scheme of the URL', () => {
  function f(variables: Record<string, string>, url: string, expected: string | null): void {
    const choose = proxyChoiceOf({url: '', noProxy: '', connectHeaders: {}}, variables);
    assert.equal(choose(new URL(url))?.href ?? null, expected, `${JSON.stringify(variables)} ${url}`);
  }
  f({HTTP_PROXY: 'http://p:1'}, 'http://a/', 'http://p:1/');
  f({HTTP_PROXY: 'http://p:1'}, 'https://a/', null);
  f({https_proxy: 'p:2'}, 'https://a/', 'http://p:2/');
  f({HTTPS_PROXY: 'socks5://p:2'}, 'https://a/', 'socks5://p:2');
  f({HTTP_PROXY: 'http://p:1', NO_PROXY: 'a,b'}, 'http://b/', null);
  f({http_proxy: 'http://p:1', no_proxy: 'a'}, 'http://b/', 'http://p:1/');
  f({}, 'http://a/', null);
  assert.equal(proxyChoiceOf(undefined, {HTTP_PROXY: 'http://p'})(new URL('http://a')), null);
});
