import assert from 'node:assert/strict';
import test from 'node:test';
import {createLogger, describeError, type LogFields, type Logger, quoteLogfmt} from './log.ts';

function loggerInto(
  lines: string[],
  level: 'debug' | 'warn' = 'debug',
  format: 'logfmt' | 'json' = 'logfmt',
): Logger {
  const now = (): Date => new Date(Date.UTC(2026, 10, 20, 13, 56, 38, 895));
  return createLogger({level, format}, {write: (line) => lines.push(line), now});
}

/** The line without its time and source. */
function logfmt(msg: string, fields?: LogFields): string {
  const lines: string[] = [];
  loggerInto(lines).info(msg, fields);
  return lines[0]!.replace(/^time=\S+ level=INFO source=\S+ /, '').trimEnd();
}

test('Logger writes time, level, source, msg and fields as slog does', () => {
  const lines: string[] = [];
  const logger = loggerInto(lines).child({component: 'tsdb'});
  logger.warn('WAL segment loaded', {segment: 0, duration: '275µs'});
  assert.match(
    lines[0]!,
    /^time=2026-11-20T13:56:38\.895Z level=WARN source=log\.test\.ts:\d+ msg="WAL segment loaded" component=tsdb segment=0 duration=275µs\n$/,
  );
});

test('Logger names the line that called it, also through child()', () => {
  const lines: string[] = [];
  const here = Number(/:(\d+):\d+\)?$/.exec(new Error('here').stack!.split('\n')[1]!)![1]);
  loggerInto(lines).info('a');
  loggerInto(lines).child({a: 1}).child({b: 2}).debug('b');
  assert.match(lines[0]!, new RegExp(`source=log\\.test\\.ts:${here + 1} `));
  assert.match(lines[1]!, new RegExp(`source=log\\.test\\.ts:${here + 2} `));
});

test('Logger writes JSON that parses, with values of their own type', () => {
  const lines: string[] = [];
  const logger = loggerInto(lines, 'debug', 'json').child({component: 'web'});
  logger.error('a "b"\n', {
    n: 1.5,
    big: 2n,
    yes: true,
    inf: Infinity,
    none: null,
    list: ['x', 1],
    left: undefined,
  });
  const {time, level, msg, source, ...rest} = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.equal(time, '2026-11-20T13:56:38.895Z');
  assert.equal(level, 'ERROR');
  assert.equal(msg, 'a "b"\n');
  assert.match(source as string, /^log\.test\.ts:\d+$/);
  assert.deepEqual(rest, {
    component: 'web',
    n: 1.5,
    big: 2,
    yes: true,
    inf: '+Inf',
    none: null,
    list: ['x', 1],
  });
});

test('Logger leaves out what is below its level', () => {
  const lines: string[] = [];
  const logger = loggerInto(lines, 'warn').child({a: 1});
  logger.debug('no');
  logger.info('no');
  logger.warn('yes');
  logger.error('yes');
  assert.equal(lines.length, 2);
});

test('Logger encodes fields of any type on one line', () => {
  assert.equal(logfmt('m', {err: new Error('a\nb')}), String.raw`msg=m err="a\nb"`);
  assert.equal(logfmt('m', {at: new Date(0)}), 'msg=m at=1970-01-01T00:00:00.000Z');
  assert.equal(logfmt('m', {list: [1, 2]}), 'msg=m list=[1,2]');
  assert.equal(logfmt('m', {nan: Number.NaN, none: null}), 'msg=m nan=NaN none=<nil>');
  assert.equal(logfmt('m', {msg: 'x', level: 1}), 'msg=m logged_msg=x logged_level=1');
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  assert.equal(logfmt('m', {circle}), 'msg=m circle="[object Object]"');
});

test('quoteLogfmt() quotes what slog quotes', () => {
  const f = (text: string, expected: string): void => assert.equal(quoteLogfmt(text), expected);
  f('plain', 'plain');
  f('', '""');
  f('a b', '"a b"');
  f('a=b', '"a=b"');
  f('say "x"', String.raw`"say \"x\""`);
  f('http://localhost:9090/?q=1', '"http://localhost:9090/?q=1"');
  f(String.raw`C:\x`, String.raw`C:\x`);
  f(String.raw`C:\x y`, String.raw`"C:\\x y"`);
  f('tab\there', String.raw`"tab\there"`);
  f('\x1b[0m', String.raw`"\x1b[0m"`);
  f('héllo', 'héllo');
  f('火', '火');
  f('a\u00a0b', String.raw`"a\u00a0b"`);
  f('\u200b', String.raw`"\u200b"`);
  f('\ud800', '"\ufffd"');
  f('\u{e0001}', String.raw`"\U000e0001"`);
});

test('describeError() appends causes once', () => {
  const inner = new Error('no such file');
  assert.equal(describeError(new Error('cannot open x', {cause: inner})), 'cannot open x: no such file');
  assert.equal(
    describeError(new Error('cannot open x: no such file', {cause: inner})),
    'cannot open x: no such file',
  );
  assert.equal(describeError('text'), 'text');
  assert.equal(describeError(new TypeError()), 'TypeError');
});

test('createLogger() refuses unknown levels and formats', () => {
  assert.throws(() => createLogger({level: 'loud' as 'info', format: 'json'}), /unrecognized log level loud/);
  assert.throws(() => createLogger({level: 'info', format: 'xml' as 'json'}), /unrecognized log format xml/);
});
