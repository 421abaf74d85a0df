import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {loadKernels} from './kernels.ts';
import {LinearMemory} from './memory.ts';
import {numberInvalid, numberOk, numberUndecided} from './number-status.ts';
import {parseNumber} from './number.ts';

const memory = LinearMemory.reserve(2 ** 26);
const kernels = loadKernels(memory);
const textAddress = 2 ** 25;
const bitsAddress = 2 ** 25 - 8;

/** More rounds of the random tests, for a nightly run. */
const rounds = Number(process.env['NARTHEX_TEST_ROUNDS'] ?? '1');

function kernel(text: string, after = '\n'): {length: number; status: number; value: number} {
  const end = textAddress + new TextEncoder().encodeInto(text + after, encoded).written;
  memory.u8.set(encoded.subarray(0, end - textAddress), textAddress);
  const packed = kernels.parseNumber(textAddress, bitsAddress);
  return {length: packed >>> 2, status: packed & 3, value: memory.f64[bitsAddress / 8]!};
}

const encoded = new Uint8Array(65_536);

/** The kernel must agree with Number() to the last bit, or say that it cannot decide. Returns whether it decided. */
function compare(text: string, note: string): boolean {
  const got = kernel(text);
  assert.equal(got.length, text.length, `${note}: ${text} is read to its end`);
  assert.notEqual(got.status, numberInvalid, `${note}: ${text} is a number`);
  if (got.status === numberUndecided) return false;
  assert.ok(Object.is(got.value, Number(text)), `${note}: ${text} is ${Number(text)}, got ${got.value}`);
  return true;
}

test('parseNumber() equals Number() for doubles of any bits, in any notation', () => {
  const words = new Uint32Array(2);
  const double = new Float64Array(words.buffer);
  for (let seed = 0; seed < rounds; seed++) {
    const random = new Random(seed);
    let decided = 0;
    const count = 120_000;
    for (let i = 0; i < count; i++) {
      words[0] = random.uint32();
      words[1] = random.uint32();
      const value = double[0]!;
      if (!Number.isFinite(value)) continue;
      const form = i % 3;
      const digits = 1 + random.below(40);
      const text =
        form === 0 ? String(value) : form === 1 ? value.toPrecision(digits) : value.toExponential(digits);
      if (compare(text, `seed ${seed}`)) decided++;
    }
    assert.ok(decided > 0.99 * count, `the kernel decides nearly always, did ${decided} of ${count}`);
  }
});

test('parseNumber() equals Number() for numbers such as metrics have', () => {
  for (let seed = 0; seed < rounds; seed++) {
    const random = new Random(1000 + seed);
    for (let i = 0; i < 60_000; i++) {
      const magnitude = 10 ** random.below(18);
      const value = random.float() * magnitude;
      const decimals = random.below(12);
      compare(value.toFixed(decimals), `seed ${seed}`);
      compare(`${random.below(magnitude)}`, `seed ${seed}`);
      compare(`-${random.below(1e9)}.${random.below(1e9)}e${random.below(60) - 30}`, `seed ${seed}`);
    }
  }
});

test('parseNumber() rounds right at and beside the middle between two doubles', () => {
  const words = new BigUint64Array(1);
  const double = new Float64Array(words.buffer);
  for (let seed = 0; seed < 20 * rounds; seed++) {
    const random = new Random(seed);
    for (let i = 0; i < 200; i++) {
      // A whole number half-way between two neighbours: exact as decimal digits.
      const exponent = 54 + random.below(200);
      const mantissa = (BigInt(random.below(2 ** 52)) | (1n << 52n)) * 2n + 1n;
      const middle = mantissa << BigInt(exponent - 53);
      for (const text of [`${middle}`, `${middle}.0`, `${middle}.00000000000000000001`, `${middle - 1n}`]) {
        const got = kernel(text);
        if (got.status === numberOk) assert.ok(Object.is(got.value, Number(text)), `seed ${seed}: ${text}`);
      }
      words[0] = BigInt(random.below(2 ** 52));
      const subnormal = String(double[0]);
      compare(subnormal, `seed ${seed}`);
    }
  }
});

test('parseNumber() takes what Go takes, and no more', () => {
  const f = (text: string, length: number, value: number): void => {
    const got = kernel(text);
    const twin = parseNumber(text);
    assert.deepEqual(got, {length, status: numberOk, value}, text);
    assert.deepEqual(twin, {length, status: numberOk, value}, `${text}, twin`);
  };
  f('0', 1, 0);
  f('-0', 2, -0);
  f('+1', 2, 1);
  f('00012', 5, 12);
  f('.5', 2, 0.5);
  f('5.', 2, 5);
  f('1e3', 3, 1000);
  f('1E+3', 4, 1000);
  f('1e-3', 4, 0.001);
  f('0e99999', 7, 0);
  f('1e22', 4, 1e22);
  f('9007199254740992', 16, 9007199254740992);
  f('0.000001', 8, 0.000001);
  f('NaN', 3, NaN);
  f('nan', 3, NaN);
  f('+Inf', 4, Infinity);
  f('inf', 3, Infinity);
  f('-Infinity', 9, -Infinity);
  f('iNfInItY', 8, Infinity);
  // The rest of the word is the caller's to refuse.
  f('infin', 3, Infinity);
  f('1_000', 1, 1);
  f('0x10', 1, 0);
  f('1.2.3', 3, 1.2);

  for (const text of ['', '.', '-', '+', '-.', 'x', '+nan', '-NaN', 'in', 'na', '_1', ' 1', '1e', '1e+']) {
    const got = kernel(text);
    assert.ok(got.status === numberInvalid, `${JSON.stringify(text)} is no number`);
    if (!text.startsWith('1e')) assert.equal(parseNumber(text).status, numberInvalid, text);
  }
});

test('parseNumber() leaves to the caller what is too large, too small or too close to the middle', () => {
  for (const text of ['1e23', '1.8e308', '1e400', '5e-324', '1e-400', '9007199254740993']) {
    assert.equal(kernel(text).status, numberUndecided, text);
  }
});

test('the ordinary NaN has the bits that Prometheus gives it', () => {
  kernel('nan');
  assert.deepEqual([...memory.u32.subarray(bitsAddress / 4, bitsAddress / 4 + 2)], [1, 0x7ff80000]);
});

test('the table of powers is floor(10^q), normalized to 128 bits', () => {
  const source = readFileSync(new URL('../../kernels/powers.ts', import.meta.url), 'utf8');
  const words = [...source.matchAll(/0x([0-9a-f]{16})/g)].map((match) => BigInt(`0x${match[1]}`));
  assert.equal(words.length, 2 * (347 + 348 + 1));
  for (let q = -348; q <= 347; q++) {
    const ten = 10n ** BigInt(Math.abs(q));
    const bits = ten.toString(2).length;
    let power: bigint;
    if (q >= 0) power = bits <= 128 ? ten << BigInt(128 - bits) : ten >> BigInt(bits - 128);
    else power = (1n << BigInt(127 + bits)) / ten;
    // An exact power of two has one bit more.
    if (power >> 128n !== 0n) power >>= 1n;
    assert.equal((words[2 * (q + 348)]! << 64n) | words[2 * (q + 348) + 1]!, power, `10^${q}`);
  }
});
