import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {formatSampleValue} from '../kernels/points.ts';
import {JsonBytes} from './jsonbytes.ts';

function write(use: (json: JsonBytes) => void, sizeEstimate = 1): string {
  const json = new JsonBytes(sizeEstimate);
  use(json);
  return new TextDecoder().decode(json.finish());
}

test('sampleValue() writes what Prometheus writes', () => {
  function f(value: number, expected: string): void {
    assert.equal(
      write((json) => json.sampleValue(value)),
      `"${expected}"`,
    );
  }
  f(0, '0');
  f(-0, '-0');
  f(1, '1');
  f(-1.5, '-1.5');
  f(0.1, '0.1');
  f(1 / 3, '0.3333333333333333');
  f(1e-6, '0.000001');
  f(9.9e-7, '9.9e-07');
  f(1e-7, '1e-07');
  f(5e-324, '5e-324');
  f(1e20, '100000000000000000000');
  f(1e21, '1e+21');
  f(1.7976931348623157e308, '1.7976931348623157e+308');
  f(2 ** 53, '9007199254740992');
  f(2 ** 53 - 1, '9007199254740991');
  f(4294967296.5, '4294967296.5');
  f(999999999.999999, '999999999.999999');
  f(123456789012345680, '123456789012345680');
  f(NaN, 'NaN');
  f(Infinity, '+Inf');
  f(-Infinity, '-Inf');
});

test('sampleValue() writes the shortest digits of any number', () => {
  for (let seed = 0; seed < 20_000; seed++) {
    const random = new Random(seed);
    const value = random.pick([
      (): number => (random.float() - 0.5) * 10 ** (random.below(40) - 12),
      (): number => Math.round((random.float() - 0.5) * 10 ** random.below(17)) / 10 ** random.below(9),
      (): number => random.below(2 ** 53),
      (): number => random.below(1e6) / 8,
    ])();
    assert.equal(
      write((json) => json.sampleValue(value)),
      `"${formatSampleValue(value)}"`,
      `seed ${seed}`,
    );
  }
});

test('timestamp() writes seconds, with three digits where there are milliseconds', () => {
  function f(ms: number, expected: string): void {
    assert.equal(
      write((json) => json.timestamp(ms)),
      expected,
    );
  }
  f(0, '0');
  f(1, '0.001');
  f(-1, '-0.001');
  f(1435781430500, '1435781430.500');
  f(1435781430000, '1435781430');
  f(1435781430042, '1435781430.042');
  f(-62135596800000, '-62135596800');
  f(9007199254740991, '9007199254740.991');
});

test('string() escapes labels as json-iterator does, and other texts for HTML besides', () => {
  function f(text: string, plain: string, html = plain): void {
    assert.equal(
      write((json) => json.string(text)),
      plain,
    );
    assert.equal(
      write((json) => json.string(text, true)),
      html,
    );
  }
  f('', '""');
  f('plain', '"plain"');
  f('a"b\\c', String.raw`"a\"b\\c"`);
  f('\n\r\t\b\u0000\u001f\u007f', String.raw`"\n\r\t\u0008\u0000\u001f` + '\u007f"');
  f('<&>', '"<&>"', String.raw`"\u003c\u0026\u003e"`);
  f('é→😀', '"é→😀"');
  f('\u2028\u2029', '"\u2028\u2029"', String.raw`"\u2028\u2029"`);
  f('\ud800x', '"\ufffdx"');
  f('日本'.repeat(100), `"${'日本'.repeat(100)}"`);
});

test('JsonBytes grows as it is written and hands out exactly what was written', () => {
  const json = new JsonBytes(1);
  for (let i = 0; i < 10_000; i++) json.ascii('0123456789');
  json.char(0x21);
  json.copy(new TextEncoder().encode('abc'), 1, 3);
  assert.equal(json.length, 100_003);
  const bytes = json.finish();
  assert.equal(bytes.length, 100_003);
  assert.ok(bytes.buffer.byteLength < 1.5 * 100_003 + 1);
  assert.equal(new TextDecoder().decode(bytes.subarray(-4)), '9!bc');
  // Of a buffer that is mostly empty, the rest is given back.
  const short = new JsonBytes(10_000);
  short.ascii('abc');
  assert.equal(short.finish().buffer.byteLength, 3);
});
