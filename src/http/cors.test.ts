import assert from 'node:assert/strict';
import test from 'node:test';
import {Cors} from './cors.ts';

test('Cors allows every origin by default', () => {
  assert.deepEqual(new Cors('.*').headers(undefined), {Vary: 'Origin'});
  assert.deepEqual(new Cors('.*').headers('https://grafana.example'), {
    Vary: 'Origin',
    'Access-Control-Allow-Headers': 'Accept, Authorization, Content-Type, Origin',
    'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
    'Access-Control-Expose-Headers': 'Date',
    'Access-Control-Allow-Origin': '*',
  });
});

test('Cors names an origin that the pattern matches in full', () => {
  const cors = new Cors('https?://(a|b)\\.example');
  function f(origin: string, expected: string | undefined): void {
    assert.equal(cors.headers(origin)['Access-Control-Allow-Origin'], expected, origin);
  }
  f('https://a.example', 'https://a.example');
  f('http://b.example', 'http://b.example');
  f('https://c.example', undefined);
  f('https://a.example.evil', undefined);
});

test('Cors refuses a broken pattern', () => {
  assert.throws(() => new Cors('('), {
    name: 'SyntaxError',
    message: 'could not compile CORS regex string "("',
  });
});
