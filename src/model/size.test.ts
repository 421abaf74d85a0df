import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {formatBytes, formatSize, parseSize} from './size.ts';

test('parseSize() counts in powers of 1024 under either spelling', () => {
  const f = (text: string, expected: number): void => assert.equal(parseSize(text), expected);
  f('0', 0);
  f('0B', 0);
  f('512B', 512);
  f('1KB', 1024);
  f('1KiB', 1024);
  f('512MB', 512 * 2 ** 20);
  f('1.5GiB', 1.5 * 2 ** 30);
  f('.5KB', 512);
  f('1GB512MB', 1.5 * 2 ** 30);
});

test('parseSize() refuses the rest with the words of Prometheus', () => {
  const f = (text: string, message: string): void =>
    assert.throws(() => parseSize(text), {name: 'SyntaxError', message});
  f('', 'units: invalid ');
  f('100', 'units: unknown unit  in 100');
  f('1kB', 'units: unknown unit kB in 1kB');
  f('1 MB', 'units: unknown unit  MB in 1 MB');
  f('MB', 'units: invalid MB');
  f('.MB', 'units: invalid .MB');
  f('1GiB1MB', 'units: unknown unit GiB in 1GiB1MB');
  f('8EB', 'units: overflow parsing unit');
});

test('formatSize() prints every unit that is not zero', () => {
  const f = (bytes: number, expected: string): void => assert.equal(formatSize(bytes), expected);
  f(0, '0B');
  f(1, '1B');
  f(1024, '1KiB');
  f(1536, '1KiB512B');
  f(100 * 2 ** 20, '100MiB');
  f(2 ** 40 + 2 ** 20, '1TiB1MiB');
});

test('formatSize() is read back by parseSize(), for any seed', () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = new Random(seed);
    const bytes = random.below(2 ** (1 + random.below(53)));
    // Several units in one text are of one kind, except plain bytes, which both kinds have.
    assert.equal(parseSize(formatSize(bytes)), bytes, `seed ${seed}`);
  }
});

test('formatBytes() writes three digits', () => {
  function f(bytes: number, expected: string): void {
    assert.equal(formatBytes(bytes), expected);
  }
  f(0, '0B');
  f(1023, '1023B');
  f(1536, '1.5KiB');
  f(123_456, '121KiB');
  f(2 ** 31, '2GiB');
  f(1_567_000_000, '1.46GiB');
  f(2 ** 70, '1024EiB');
});
