import assert from 'node:assert/strict';
import test from 'node:test';
import {formatRfc3339} from '../../template/time.ts';
import {templateDataOfNotification} from '../integration.ts';
import {encodeJson, jsonOfData, omitEmpty} from './json.ts';
import {alertOf, notificationOf} from './testing/open.ts';

test('encodeJson() writes as Go does', () => {
  function f(value: unknown, expected: string): void {
    assert.equal(encodeJson(value), `${expected}\n`);
  }
  f({a: '<b> & "c"'}, '{"a":"\\u003cb\\u003e \\u0026 \\"c\\""}');
  f('\u2028é', '"\\u2028é"');
  f(['\ud800x'], '["\ufffdx"]');
  f('\\ud800 \ud800\\', '"\\\\ud800 \ufffd\\\\"');
  f('😀', '"😀"');
  f(2n ** 60n, '1152921504606846976');
});

test('omitEmpty() leaves out what says nothing', () => {
  assert.deepEqual(omitEmpty({a: '', b: false, c: [], d: null, e: 'x', f: 0, g: ''}, ['g']), {e: 'x', g: ''});
});

test('jsonOfData() writes times as Go does', () => {
  const alerts = [0, 1, 100, 1_700_000_000_000, 1_700_000_010_500, 253_402_300_799_999].map((startsAtMs) =>
    alertOf({startsAtMs}),
  );
  const data = templateDataOfNotification(notificationOf({alerts}));
  const starts = (jsonOfData(data)['alerts'] as {startsAt: string; endsAt: string}[]).map(
    ({startsAt}) => startsAt,
  );
  assert.deepEqual(starts, [
    '1970-01-01T00:00:00Z',
    '1970-01-01T00:00:00.001Z',
    '1970-01-01T00:00:00.1Z',
    '2023-11-14T22:13:20Z',
    '2023-11-14T22:13:30.5Z',
    '9999-12-31T23:59:59.999Z',
  ]);
  assert.deepEqual(
    starts,
    data.alerts.map(({startsAt}) => formatRfc3339(startsAt)),
  );
});
