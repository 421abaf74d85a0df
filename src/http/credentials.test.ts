import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import type {HttpClientConfig} from './client-config.ts';
import {Credentials, leavesHost} from './credentials.ts';

const folder = mkdtempSync(join(tmpdir(), 'narthex-credentials-'));
after(() => rmSync(folder, {recursive: true}));

function credentialsOf(config: Partial<HttpClientConfig>, monotonic = (): number => 0): Credentials {
  return new Credentials({followRedirects: true, ...config}, monotonic);
}

test('http_headers are added to those that are there; secrets stay with the host', () => {
  const file = join(folder, 'header');
  writeFileSync(file, 'from a file\n');
  let now = 0;
  const credentials = credentialsOf(
    {
      authorization: {type: 'Bearer', credentials: 't'},
      httpHeaders: {
        Accept: {values: ['a/b'], secrets: [], files: []},
        'X-Key': {values: ['v'], secrets: ['s'], files: [file]},
        Cookie: {values: ['c'], secrets: [], files: []},
      },
    },
    () => now,
  );
  assert.deepEqual(credentials.addTo({accept: 'text/plain'}), {
    accept: ['text/plain', 'a/b'],
    'x-key': ['v', 's', 'from a file'],
    cookie: ['c'],
    authorization: 'Bearer t',
  });
  assert.deepEqual(credentials.addPublicTo({accept: 'text/plain'}), {
    accept: ['text/plain', 'a/b'],
    'x-key': ['v'],
  });
  writeFileSync(file, 'changed');
  now = 1000;
  assert.deepEqual(credentials.addTo({})['x-key'], ['v', 's', 'changed']);
  rmSync(file);
  now = 2000;
  assert.throws(() => credentials.addTo({}), {
    message: `unable to read headers file: unable to read file ${file}: open ${file}: no such file or directory`,
  });
});

test('headers stay as they are where there is nothing to add, and an authorization of their own stays', () => {
  const headers = {a: 'b'};
  assert.equal(credentialsOf({}).addTo(headers), headers);
  const own = {authorization: 'mine'};
  assert.equal(credentialsOf({basicAuth: {username: 'u'}}).addTo(own), own);
  assert.deepEqual(credentialsOf({basicAuth: {username: 'ü', password: 'p:w'}}).addTo({}), {
    authorization: `Basic ${Buffer.from('ü:p:w').toString('base64')}`,
  });
});

test('leavesHost() lets subdomains keep credentials, as Go does', () => {
  const f = (hostname: string, original: string, expected: boolean): void =>
    assert.equal(leavesHost(hostname, original), expected, `${original} to ${hostname}`);
  f('a.example', 'a.example', false);
  f('b.a.example', 'a.example', false);
  f('a.example', 'b.a.example', true);
  f('ba.example', 'a.example', true);
  f('[::1]', '[::1]', false);
  f('[::1%.a.example]', 'a.example', true);
  f('127.0.0.1', 'localhost', true);
});
