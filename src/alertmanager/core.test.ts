import assert from 'node:assert/strict';
import test from 'node:test';
import {Alertmanager} from './alertmanager.ts';
import {matcherOf} from './matchers.ts';
import {type Notification, NotifyError} from './integration.ts';
import {report, startCore, startMs} from './testing/core.ts';
import {nanosecondsOf} from './timestamp.ts';

const simple = `
route:
  receiver: r
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
receivers:
- name: r
  test_configs: [{name: one}]
`;

function lineOf(notification: Notification): string {
  const alerts = notification.alerts.map(
    ({labels, isResolved}) => `${labels.get('x')}${isResolved ? '-' : '+'}`,
  );
  return `${(notification.nowMs - startMs) / 1000} ${notification.reason}: ${alerts.join(' ')}`;
}

test('a group waits, then tells of what is new, and repeats', async () => {
  const lines: string[] = [];
  const {alertmanager, clock} = await startCore(simple, {take: (each) => void lines.push(lineOf(each))});
  const send = (x: string, endsInMs: number | null = null): string[] =>
    alertmanager.receive([
      report(
        {alertname: 'A', x},
        {endsAtMs: endsInMs === null ? startMs + 86_400_000 : clock.now() + endsInMs},
      ),
    ]);
  send('1');
  await clock.runUntil(startMs + 10_000);
  send('2');
  await clock.runUntil(startMs + 100_000);
  send('3');
  await clock.runUntil(startMs + 400_000);
  send('3', 0);
  await clock.runUntil(startMs + 5 * 3_600_000);
  for (const x of ['1', '2']) send(x, 0);
  await clock.runUntil(startMs + 6 * 3_600_000);
  send('4');
  await clock.runUntil(startMs + 6 * 3_600_000 + 31_000);
  assert.deepEqual(lines, [
    '30 first notification: 1+ 2+',
    '330 new alerts added: 1+ 2+ 3+',
    '630 some alerts resolved: 1+ 2+ 3-',
    '15330 repeat interval elapsed: 1+ 2+',
    '18030 all alerts resolved: 1- 2-',
    '21630 first notification: 4+',
  ]);
});

test('an alert that is not reported again resolves after resolve_timeout', async () => {
  const lines: string[] = [];
  const {alertmanager, clock} = await startCore(`global: {resolve_timeout: 2m}\n${simple}`, {
    take: (each) => void lines.push(lineOf(each)),
  });
  alertmanager.receive([report({alertname: 'A', x: '1'})]);
  await clock.runUntil(startMs + 600_000);
  assert.deepEqual(lines, ['30 first notification: 1+', '330 all alerts resolved: 1-']);
});

test('a failing receiver is tried again with back-off, others are not held up', async () => {
  const attempts: Record<string, number[]> = {bad: [], good: [], final: []};
  const config = `
route: {receiver: r, group_wait: 0s, group_interval: 1m}
receivers:
- name: r
  test_configs: [{name: bad}, {name: good}, {name: final}]
`;
  const {alertmanager, clock} = await startCore(config, {
    take: (_notification, name) => {
      attempts[name]!.push((clock.now() - startMs) / 1000);
      if (name === 'bad' && attempts['bad']!.length < 6)
        throw new NotifyError('503', {retry: true, reason: 'serverError'});
      if (name === 'final') throw new NotifyError('400', {retry: false, reason: 'clientError'});
    },
  });
  alertmanager.receive([report({a: 'b'}, {endsAtMs: startMs + 3_600_000})]);
  await clock.runUntil(startMs + 90_000);
  const {bad, good, final} = attempts as {bad: number[]; good: number[]; final: number[]};
  assert.deepEqual(good, [0]);
  assert.deepEqual(final, [0, 60]);
  assert.equal(bad.length, 6);
  for (let i = 1, backoff = 0.5; i < bad.length; i++, backoff *= 1.5) {
    const waited = bad[i]! - bad[i - 1]!;
    assert.ok(waited >= backoff / 2 - 0.01 && waited <= backoff * 1.5 + 0.01, `${i}: ${waited} s`);
  }
  const counts = alertmanager.statistics.integration({name: 'r', integration: 'test'});
  assert.equal(counts.notifications, 4, 'three, and the one that failed once more');
  assert.equal(counts.requests, 9);
  assert.equal(counts.requestsFailed, 7);
  assert.equal(counts.failed.clientError, 2);
});

test('Retry-After is waited for', async () => {
  const attempts: number[] = [];
  const {alertmanager, clock} = await startCore(simple, {
    take: () => {
      attempts.push((clock.now() - startMs) / 1000);
      if (attempts.length === 1) throw new NotifyError('429', {retry: true, retryAfterMs: 20_000});
    },
  });
  alertmanager.receive([report({alertname: 'A'}, {endsAtMs: startMs + 3_600_000})]);
  await clock.runUntil(startMs + 100_000);
  assert.deepEqual(attempts, [30, 50]);
});

test('a receiver that hangs is given up when the next notification is due', async () => {
  const errors: string[] = [];
  let count = 0;
  const {alertmanager, clock} = await startCore(simple, {
    take: async ({signal}) => {
      count++;
      await new Promise<void>((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          errors.push(`${(clock.now() - startMs) / 1000} ${(signal.reason as Error).message}`);
          reject(new NotifyError('hangs', {retry: true}));
        }),
      );
    },
  });
  alertmanager.receive([report({alertname: 'A'}, {endsAtMs: startMs + 7_200_000})]);
  await clock.runUntil(startMs + 700_000);
  assert.deepEqual(errors, ['330 context deadline exceeded', '630 context deadline exceeded']);
  assert.equal(count, 3);
});

test('a reload aborts what is being told, and tells nothing twice', async () => {
  const lines: string[] = [];
  const {alertmanager, clock, reload} = await startCore(simple, {
    take: (each) => void lines.push(lineOf(each)),
  });
  alertmanager.receive([
    report({alertname: 'A', x: '1'}, {startsAtMs: startMs, endsAtMs: startMs + 7_200_000}),
  ]);
  await clock.runUntil(startMs + 60_000);
  await reload(simple);
  await clock.runUntil(startMs + 900_000);
  assert.deepEqual(lines, ['30 first notification: 1+']);
  await assert.rejects(reload('route: {}'), /root route must specify a default receiver/);
  await reload(simple.replaceAll('receiver: r', 'receiver: s').replace('name: r', 'name: s'));
  await clock.runUntil(startMs + 900_100);
  assert.equal(lines.length, 2, 'another receiver was not told yet');
  assert.match(lines[1]!, /^900 first notification: 1\+$/);
});

test('after a restart the notification log knows what was told', async () => {
  const lines: string[] = [];
  const take = (each: Notification): void => void lines.push(lineOf(each));
  const {alertmanager, clock, fs} = await startCore(simple, {take});
  const alert = report({alertname: 'A', x: '1'}, {startsAtMs: startMs, endsAtMs: startMs + 7_200_000});
  alertmanager.receive([alert]);
  await clock.runUntil(startMs + 60_000);
  // Killed: nothing is closed.
  const again = await startCore(simple, {take, clock, fs});
  again.alertmanager.receive([alert]);
  await clock.runUntil(startMs + 61_000);
  assert.deepEqual(lines, ['30 first notification: 1+']);
});

test('what was never read is not written over', async () => {
  const take = (): void => {};
  const {alertmanager, clock, fs} = await startCore(simple, {take});
  alertmanager.receive([report({alertname: 'A'}, {startsAtMs: startMs, endsAtMs: startMs + 7_200_000})]);
  await clock.runUntil(startMs + 60_000);
  const early = new Alertmanager(alertmanager.options);
  await early.close();
  const again = await startCore(simple, {take, clock, fs});
  assert.equal(again.alertmanager.log.size, 1);
});

test('muted alerts are left out, and come when they are not muted any more', async () => {
  const lines: string[] = [];
  const config = `${simple}
inhibit_rules:
- source_matchers: [x="1"]
  target_matchers: [x="2"]
  equal: [alertname]
`;
  const {alertmanager, clock} = await startCore(config, {take: (each) => void lines.push(lineOf(each))});
  const endsAtMs = startMs + 7_200_000;
  for (const x of ['1', '2', '3']) alertmanager.receive([report({alertname: 'A', x}, {endsAtMs})]);
  await alertmanager.silences.set({
    id: '',
    matcherSets: [[matcherOf('=', 'x', '3')]],
    startsAtNs: nanosecondsOf(startMs),
    endsAtNs: nanosecondsOf(startMs + 400_000),
    createdBy: '',
    comment: '',
    annotations: new Map(),
  });
  await clock.runUntil(startMs + 500_000);
  alertmanager.receive([report({alertname: 'A', x: '1'}, {endsAtMs: clock.now()})]);
  await clock.runUntil(startMs + 1_000_000);
  assert.deepEqual(lines, ['30 first notification: 1+', '630 new alerts added: 1- 2+ 3+']);
  assert.deepEqual(alertmanager.statistics.suppressed, {
    silence: 2,
    inhibition: 2,
    mute_time_interval: 0,
    active_time_interval: 0,
  });
});

test('alerts of one name beyond the limit are dropped', async () => {
  const {alertmanager} = await startCore(simple, {take: () => {}, options: {alertsPerNameMax: 2}});
  const send = (x: string): string[] => alertmanager.receive([report({alertname: 'A', x})]);
  for (const x of ['1', '2', '3', '1']) send(x);
  assert.equal(alertmanager.alerts.size, 2);
  assert.equal(alertmanager.received.limited, 1);
});

test('what integrations note is kept for the next notification', async () => {
  const seen: string[] = [];
  const {alertmanager, clock} = await startCore(simple, {
    take: ({receiverData, reason}) => {
      seen.push(`${reason}: ${String(receiverData.get('ts') ?? '')}`);
      receiverData.set('ts', `${seen.length}`);
    },
  });
  const send = (x: string, endsAtMs: number): string[] =>
    alertmanager.receive([report({alertname: 'A', x}, {endsAtMs})]);
  send('1', startMs + 3_600_000);
  await clock.runUntil(startMs + 60_000);
  send('2', startMs + 3_600_000);
  await clock.runUntil(startMs + 400_000);
  for (const x of ['1', '2']) send(x, clock.now());
  await clock.runUntil(startMs + 1_000_000);
  send('1', startMs + 7_200_000);
  await clock.runUntil(startMs + 1_100_000);
  assert.deepEqual(seen, [
    'first notification: ',
    'new alerts added: 1',
    'all alerts resolved: 2',
    'first notification: ',
  ]);
});

test('labels of routes are rendered, and may name each other', async () => {
  const seen: unknown[] = [];
  const config = `
route:
  receiver: r
  group_by: [alertname]
  group_wait: 0s
  labels: {team: 'x', channel: '#{{ routeLabels "team" }}-{{ .GroupLabels.alertname }}'}
  routes:
  - matchers: [a="b"]
    labels: {team: y}
receivers: [{name: r, test_configs: [{}]}]
`;
  const {alertmanager, clock} = await startCore(config, {
    take: ({routeLabels}) => void seen.push(Object.fromEntries(routeLabels)),
  });
  alertmanager.receive([report({alertname: 'A', a: 'b'})]);
  await clock.runUntil(startMs + 1000);
  assert.deepEqual(seen, [{team: 'y', channel: '#y-A'}]);
});
