import assert from 'node:assert/strict';
import test from 'node:test';
import {parseDurationParameter, parseTimestamp, timeMaxMs, timeMinMs} from './timestamp.ts';

test('parseTimestamp() takes seconds and RFC 3339', () => {
  function f(text: string, ms: number): void {
    assert.equal(parseTimestamp(text), ms, text);
  }
  f('0', 0);
  f('1435781430.781', 1435781430781);
  f('1435781430', 1435781430000);
  f('123.123', 123123);
  f('0.0005', 1);
  f('1.0004', 1000);
  f('-1.5', -1500);
  f('-0.0005', -1);
  f('.5', 500);
  f('5.', 5000);
  f('+2', 2000);
  f('1e3', 1_000_000);
  f('2015-06-03T13:21:58.555Z', 1433337718555);
  f('2015-06-03T14:21:58.555+01:00', 1433337718555);
  f('2015-06-03T12:21:58.555-01:00', 1433337718555);
  f('2015-06-03T13:21:58Z', 1433337718000);
  f('2015-06-03T13:21:58.5Z', 1433337718500);
  f('2015-06-03T13:21:58.123456789Z', 1433337718123);
  f('0001-01-01T00:00:00Z', -62135596800000);
  f('1600-02-29T00:00:00Z', -11670998400000);
  f('1e300', timeMaxMs);
  f('-9223309901257974', timeMinMs);
  f('-292273086-05-16T16:47:06Z', timeMinMs);
  f('292277025-08-18T07:12:54.999999999Z', timeMaxMs);
});

test('parseTimestamp() refuses what is no time', () => {
  function f(text: string): void {
    assert.throws(() => parseTimestamp(text), {
      name: 'SyntaxError',
      message: `cannot parse ${JSON.stringify(text)} to a valid timestamp`,
    });
  }
  f('');
  f('foo');
  f('NaN');
  f('Inf');
  f('30s');
  f('1.2.3');
  f('0x10');
  f('2015-02-30T00:00:00Z');
  f('2015-06-03T24:00:00Z');
  f('2015-06-03T13:21:60Z');
  f('2015-06-03T13:21:58');
  f('2015-06-03');
  f('2015-06-03T13:21:58.Z');
});

test('parseDurationParameter() takes seconds and durations', () => {
  function f(text: string, ms: number): void {
    assert.equal(parseDurationParameter(text), ms, text);
  }
  f('1', 1000);
  f('0.0005', 0.5);
  f('-3', -3000);
  f('1m30s', 90_000);
  f('5m', 300_000);
  f('0', 0);
  f('123.456', 123_456);
});

test('parseDurationParameter() refuses with the words of Prometheus', () => {
  function f(text: string, message: string): void {
    assert.throws(() => parseDurationParameter(text), {name: 'SyntaxError', message});
  }
  f('', 'cannot parse "" to a valid duration');
  f('hey', 'cannot parse "hey" to a valid duration');
  f('1000y', 'cannot parse "1000y" to a valid duration');
  f('1e11', 'cannot parse "1e11" to a valid duration. It overflows int64');
  f('Inf', 'cannot parse "Inf" to a valid duration. It overflows int64');
});
