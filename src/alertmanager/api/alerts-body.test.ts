import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../../base/random.ts';
import type {HttpCall} from '../../http/server.ts';
import {AlertStore} from '../alert-store.ts';
import type {ReceivedAlert} from '../alertmanager.ts';
import {readAlertsFast} from './alerts-body.ts';
import {isUrl, readAlerts, readTime} from './bodies.ts';

const rules = {readTime: (text: string) => readTime(text, 'alerts'), isUrl};

function fast(body: string | Uint8Array): ReceivedAlert[] | null {
  const alerts = readAlertsFast(typeof body === 'string' ? Buffer.from(body) : body, rules);
  return alerts === null ? null : Array.from(alerts, copyOf);
}

function fastCursor(body: string): Iterable<ReceivedAlert> {
  const alerts = readAlertsFast(Buffer.from(body), rules);
  assert.notEqual(alerts, null);
  return alerts!;
}

function copyOf({labels, annotations, startsAtMs, endsAtMs, generatorUrl}: ReceivedAlert): ReceivedAlert {
  return {labels, annotations, startsAtMs, endsAtMs, generatorUrl};
}

/** By JSON.parse(): a space after the first name keeps the other from reading it. */
function slow(body: string): ReceivedAlert[] {
  const call = {
    body: Buffer.from(body.replace('{', '{"unknown":0,')),
    header: () => 'application/json',
  } as unknown as HttpCall;
  return [...readAlerts(call)];
}

const whole =
  '[{"annotations":{"runbook":"https://x/?a=1\\u0026b","summary":"\\"ü\\" \\ud83d\\ude00"},"endsAt":"2026-01-02T03:04:05.678Z",' +
  '"startsAt":"2026-01-02T03:04:05.5Z","generatorURL":"http://p/graph?a=1\\u0026b=2","labels":{"alertname":"A","empty":"","x":"Zürich"}},\n' +
  ' {"labels":{"alertname":"B"},"endsAt":"0001-01-01T00:00:00.000Z"}]';

test('readAlertsFast() reads what Prometheus sends', () => {
  assert.deepEqual(fast(whole), [
    {
      labels: ['alertname', 'A', 'x', 'Zürich'],
      annotations: ['runbook', 'https://x/?a=1&b', 'summary', '"ü" 😀'],
      startsAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 500),
      endsAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      generatorUrl: 'http://p/graph?a=1&b=2',
    },
    {labels: ['alertname', 'B'], annotations: [], startsAtMs: null, endsAtMs: null, generatorUrl: ''},
  ]);
  assert.deepEqual(fast('[]'), []);
  assert.deepEqual(fast(' [ {"labels" : { } } ] '), [
    {labels: [], annotations: [], startsAtMs: null, endsAtMs: null, generatorUrl: ''},
  ]);
});

test('readAlertsFast() gives texts as bytes that a store takes as it takes strings', () => {
  const seed = Date.now();
  const random = new Random(seed);
  const byBytes = new AlertStore();
  const byStrings = new AlertStore();
  const values = ['', 'a', 'b', 'c d', 'ü', 'a\\b', '<\u2028>', 'long '.repeat(300), '\ud800'];
  let count = 0;
  for (let nowMs = 1; nowMs < 200; nowMs++) {
    const pairs = (names: string[]): Record<string, string> =>
      Object.fromEntries(
        names.filter(() => random.float() < 0.7).map((name) => [name, random.pick(values)] as const),
      );
    const alerts = Array.from({length: 5}, () => ({
      labels: pairs(['x', 'alertname', random.pick(['b_1', 'B2', '_', '', '1a', 'a-b'])]),
      annotations: pairs(['summary', 'description']),
      generatorURL: random.pick(['', 'http://x/&', `http://x/${'y'.repeat(2000)}`]),
    }));
    for (const report of fastCursor(JSON.stringify(alerts))) {
      const {texts, ...plain} = {texts: report.texts ?? null, ...copyOf(report)};
      if (texts === null) continue;
      count++;
      assert.match(plain.labels.filter((_, i) => i % 2 === 0).join(), /^(?:[a-zB_]\w*,?)+$/);
      const times = {startsAtMs: nowMs, endsAtMs: nowMs + 9, updatedAtMs: nowMs, isTimeout: false};
      const one = byBytes.putTexts(texts, times, nowMs);
      const other = byStrings.put(plain.labels, {...times, ...plain, ...times}, nowMs)!;
      for (const name of ['labels', 'annotations', 'generatorUrl', 'fingerprint', 'hash', 'reports'] as const)
        assert.deepEqual(one[name], other[name], `${name}, seed ${seed}`);
    }
    byBytes.collect(nowMs);
    byStrings.collect(nowMs);
    assert.equal(byBytes.textCount, byStrings.textCount, `seed ${seed}`);
  }
  assert.ok(count > 50, `${count} reports have texts, seed ${seed}`);
});

test('readAlertsFast() leaves to others what is unusual or wrong', () => {
  for (const body of [
    '',
    'null',
    '[null]',
    '{}',
    '[{}]',
    '[{"labels":{"a":"b"}},]',
    '[{"labels":{"a":"b"}}] x',
    '[{"labels":{"a":"b",}}]',
    '[{"labels":{"b":"1","a":"2","b":"3"}}]',
    '[{"labels":{"a":"1","a":"2"}}]',
    '[{"labels":{"a":"1"},"labels":{"a":"2"}}]',
    '[{"labels":{"a":1}}]',
    '[{"labels":{"a":null}}]',
    '[{"labels":null}]',
    '[{"labels":{"\\u0061":"1"}}]',
    '[{"labels":{"ä":"1"}}]',
    '[{"labels":{"a":"1\\x"}}]',
    '[{"labels":{"a":"1\n"}}]',
    '[{"labels":{"a":"1\\u00g0"}}]',
    '[{"labels":{"a":"1"},"generatorURL":"no url"}]',
    '[{"labels":{"a":"1"},"generatorURL":"http://x/\\u0000"}]',
    '[{"labels":{"a":"1"},"startsAt":"yesterday"}]',
    '[{"labels":{"a":"1"},"startsAt":null}]',
    '[{"labels":{"a":"1"},"more":"x"}]',
    '\ufeff[]',
  ])
    assert.equal(fast(body), null, body);
});

test('readAlertsFast() reads no body that is cut short', () => {
  for (let length = 0; length < whole.length; length++) assert.equal(fast(whole.slice(0, length)), null);
});

test('readAlertsFast() leaves many names that are out of order to others, who sort them faster', () => {
  const named = (count: number): string =>
    JSON.stringify([
      {labels: Object.fromEntries(Array.from({length: count}, (_, i) => [`n${9999 - i}`, 'x']))},
    ]);
  assert.deepEqual(fast(named(50)), slow(named(50)));
  assert.equal(fast(named(100)), null);
});

test('readAlertsFast() reads as JSON.parse()', () => {
  const seed = Date.now();
  const random = new Random(seed);
  const texts = ['', 'a', 'long '.repeat(80), 'ü', '"\\/\b\f\n\r\t', '\u2028<&>', '\ud800', '😀', '\u0001'];
  const pairs = (): Record<string, string> => {
    const names = ['a', 'alertname', 'b1', 'instance', 'job'].filter(() => random.float() < 0.6);
    if (random.float() < 0.5) names.sort(() => random.float() - 0.5);
    return Object.fromEntries(names.map((name) => [name, random.pick(texts) + random.below(3)]));
  };
  for (let round = 0; round < 300; round++) {
    const alerts = Array.from({length: 1 + random.below(5)}, () => ({
      labels: pairs(),
      ...(random.float() < 0.7 && {annotations: pairs()}),
      ...(random.float() < 0.7 && {startsAt: new Date(random.below(2 ** 31) * 1000).toISOString()}),
      ...(random.float() < 0.7 && {endsAt: '2026-01-02T03:04:05.123456789+01:00'}),
      ...(random.float() < 0.7 && {generatorURL: `http://x/${random.below(2000)}&ü`}),
    }));
    const json = JSON.stringify(alerts, null, random.below(3));
    const body = random.float() < 0.5 ? json : json.replaceAll('&', '\\u0026');
    assert.deepEqual(fast(body), slow(body), `seed ${seed}: ${body}`);
  }
});
