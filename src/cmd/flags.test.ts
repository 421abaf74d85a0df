import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'node:test';
import {FlagError, type FlagSpec, FlagValues, splitFlags} from './flags.ts';

function spec(name: string, kind: FlagSpec['kind'], initial = '', extra: Partial<FlagSpec> = {}): FlagSpec {
  return {name, kind, initial, help: '', support: 'works', ...extra};
}

const specs = [
  spec('help', 'switch', 'false', {short: 'h'}),
  spec('config.file', 'text', 'prometheus.yml'),
  spec('listen', 'texts', ':80'),
  spec('on', 'switch', 'true'),
  spec('no-way', 'switch', 'false'),
  spec('timeout', 'duration', '2m'),
  spec('size', 'size'),
  spec('count', 'integer', '5e7'),
  spec('ratio', 'float', '0.9'),
  spec('log.level', 'text', 'info', {choices: ['debug', 'info']}),
  spec('kind', 'text', 'a', {choices: ['a', 'b']}),
];

function values(...args: string[]): FlagValues {
  return new FlagValues(specs, splitFlags(args, specs));
}

test('splitFlags() takes both ways of giving a value', () => {
  assert.equal(values('--config.file=x').text('config.file'), 'x');
  assert.equal(values('--config.file', 'x').text('config.file'), 'x');
  assert.equal(values('--config.file=a=b').text('config.file'), 'a=b');
  assert.equal(values('--config.file=').text('config.file'), '');
  assert.equal(values('--config.file=--x').text('config.file'), '--x');
  assert.equal(values().text('config.file'), 'prometheus.yml');
});

test('splitFlags() knows switches, their negation and short names', () => {
  assert.equal(values().switch('on'), true);
  assert.equal(values('--no-on').switch('on'), false);
  assert.equal(values('--on').switch('on'), true);
  assert.equal(values('--no-way').switch('no-way'), true);
  assert.equal(values('-h').switch('help'), true);
});

test('splitFlags() repeats only what may be repeated', () => {
  assert.deepEqual(values('--listen=:1', '--listen', ':2').texts('listen'), [':1', ':2']);
  assert.deepEqual(values().texts('listen'), [':80']);
  assert.throws(() => values('--config.file=a', '--config.file=b'), {
    message: "flag 'config.file' cannot be repeated",
    exitCode: 2,
  });
});

test('splitFlags() refuses with the words of kingpin', () => {
  const f = (args: string[], message: string): void =>
    assert.throws(() => splitFlags(args, specs), {name: 'FlagError', message, exitCode: 1});
  f(['--nope'], "unknown long flag '--nope'");
  f(['--nope=1'], "unknown long flag '--nope'");
  f(['--config.fil=1'], "unknown long flag '--config.fil'; did you mean '--config.file'?");
  f(['--no-config.file'], "unknown long flag '--no-config.file'; did you mean '--config.file'?");
  f(['-x'], "unknown short flag '-x'");
  f(['-config.file=x'], "unknown short flag '-c'; did you mean '--config.file'?");
  f(['--config.file'], "expected argument for flag '--config.file'");
  f(['--config.file', '--on'], "expected argument for flag '--config.file'");
  f(['--on=false'], 'unexpected false (a switch takes no value: use --on or --no-on)');
  f(['extra'], 'unexpected extra');
  f(['--on', 'false'], 'unexpected false');
});

test('splitFlags() reads arguments from files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'narthex-flags-'));
  const file = join(folder, 'args');
  try {
    writeFileSync(file, '# comment\n--config.file=x\n\n--no-on\n');
    const read = values(`@${file}`, '--timeout=1s');
    assert.deepEqual(
      [read.text('config.file'), read.switch('on'), read.duration('timeout')],
      ['x', false, 1000],
    );
    assert.throws(() => values(`@${file}.not`), /cannot read arguments from/);
    assert.throws(() => values('@'), /expected @ file to expand arguments from/);
  } finally {
    rmSync(folder, {recursive: true});
  }
});

test('FlagValues reads types, and refuses with the words of the original', () => {
  const read = values('--timeout=1m30s', '--size=1.5KB', '--count=1e3', '--ratio=.5', '--log.level=DEBUG');
  assert.equal(read.duration('timeout'), 90_000);
  assert.equal(read.size('size'), 1536);
  assert.equal(read.integer('count'), 1000);
  assert.equal(read.float('ratio'), 0.5);
  assert.equal(read.text('log.level'), 'debug');
  const f = (arg: string, get: (read: FlagValues) => unknown, message: string): void =>
    assert.throws(() => get(values(arg)), {name: 'FlagError', message, exitCode: 2});
  f('--timeout=1', (read) => read.duration('timeout'), 'not a valid duration string: "1" (flag --timeout)');
  f('--size=1', (read) => read.size('size'), 'units: unknown unit  in 1 (flag --size)');
  f(
    '--count=x',
    (read) => read.integer('count'),
    'strconv.ParseFloat: parsing "x": invalid syntax (flag --count)',
  );
  f(
    '--count=',
    (read) => read.integer('count'),
    'strconv.ParseFloat: parsing "": invalid syntax (flag --count)',
  );
  f('--log.level=loud', (read) => read.text('log.level'), 'unrecognized log level loud');
  f('--kind=c', (read) => read.text('kind'), "enum value must be one of a,b, got 'c'");
});

test('FlagValues prints values as /api/v1/status/flags shows them', () => {
  const f = (name: string, expected: string, ...args: string[]): void =>
    assert.equal(values(...args).format(name), expected);
  f('on', 'true');
  f('timeout', '1m30s', '--timeout=90s');
  f('timeout', '2m');
  f('size', '0B');
  f('size', '512MiB', '--size=512MB');
  f('count', '50000000');
  f('ratio', '0.9');
  f('listen', ':1,:2', '--listen=:1', '--listen=:2');
  f('config.file', 'prometheus.yml');
});

test('a FlagError is an Error with an exit code', () => {
  const error = new FlagError('x', 3);
  assert.ok(error instanceof Error);
  assert.equal(error.exitCode, 3);
});
