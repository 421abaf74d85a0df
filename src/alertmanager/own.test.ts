import assert from 'node:assert/strict';
import test from 'node:test';
import {HttpServer} from '../http/server.ts';
import {textError} from '../http/reply.ts';
import {labelsOf} from '../model/labels.ts';
import {noLogger} from '../sys/log.ts';
import {addApiRoutes} from './api/routes.ts';
import type {Alertmanager} from './alertmanager.ts';
import {fingerprintOf} from './alert.ts';
import {explain} from './explain.ts';
import {NotifyError} from './integration.ts';
import {matcherOf} from './matchers.ts';
import {report, startCore, startMs, type TestCore} from './testing/core.ts';
import {nanosecondsOf} from './timestamp.ts';
import {changeOf, type Verdict, whyOf} from './verdict.ts';

const config = `
route:
  receiver: r
  group_by: [alertname]
  group_wait: 30s
  repeat_interval: 1h
  routes:
  - matchers: [team="night"]
    active_time_intervals: [never]
  - matchers: [team="office"]
    mute_time_intervals: [always]
  - matchers: [team="nobody"]
    receiver: empty
inhibit_rules:
- name: big
  source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [cluster]
receivers:
- name: r
  test_configs: [{name: one}]
- name: empty
time_intervals:
- name: never
  time_intervals: [{years: ['1990']}]
- name: always
  time_intervals: [{years: ['2000:2100']}]
`;

async function start(): Promise<TestCore> {
  return await startCore(config, {
    take: ({groupLabels}) => {
      if (groupLabels.get('alertname') === 'Bad')
        throw new NotifyError('no', {retry: false, reason: 'clientError'});
    },
  });
}

test('explain() says which step decides', async () => {
  const {alertmanager, clock} = await start();
  const endsAtMs = startMs + 7_200_000;
  function f(labels: Record<string, string>, step: string, why: RegExp): void {
    const {verdict} = explain(alertmanager, labelsOf(labels)).routes[0]!;
    assert.equal(verdict.step, step);
    assert.match(whyOf(verdict), why);
    assert.notEqual(changeOf(verdict), '');
  }
  const send = (labels: Record<string, string>): string[] =>
    alertmanager.receive([report(labels, {endsAtMs})]);
  f({alertname: 'A'}, 'not received', /nobody has reported/);
  for (const team of ['night', 'office', 'nobody', 'x']) send({alertname: 'A', team});
  send({alertname: 'B', severity: 'critical', cluster: 'c'});
  send({alertname: 'B', severity: 'warning', cluster: 'c'});
  f(
    {alertname: 'B', severity: 'warning', cluster: 'c'},
    'inhibited',
    /rule big mutes it while .*with the same cluster/,
  );
  f({alertname: 'A', team: 'night'}, 'outside of active time intervals', /only in never/);
  f({alertname: 'A', team: 'office'}, 'within mute time intervals', /muted in always/);
  f({alertname: 'A', team: 'nobody'}, 'no integrations', /receiver empty has no integrations/);
  f({alertname: 'A', team: 'x'}, 'waiting', /next at 2026-01-05T00:00:30/);
  await clock.runUntil(startMs + 31_000);
  f(
    {alertname: 'A', team: 'x'},
    'told already',
    /told at 2026-01-05T00:00:30.000Z, and again after repeat_interval \(1h\)/,
  );
  await alertmanager.silences.set({
    id: '',
    matcherSets: [[matcherOf('=', 'team', 'x')]],
    startsAtNs: nanosecondsOf(startMs),
    endsAtNs: nanosecondsOf(startMs + 600_000),
    createdBy: 'me',
    comment: 'moving',
    annotations: new Map(),
  });
  f({alertname: 'A', team: 'x'}, 'silenced', /of me \(moving\) until 2026-01-05T00:10:00.000Z/);
  alertmanager.receive([report({alertname: 'Z'}, {endsAtMs: startMs + 40_000})]);
  await clock.runUntil(startMs + 41_000);
  f({alertname: 'Z'}, 'resolved', /it ended at 2026-01-05T00:00:40.000Z/);
});

test('explain() says that a receiver fails, while it is tried again and after it was given up', async () => {
  const errors = [
    new NotifyError('busy', {retry: true, reason: 'rateLimited'}),
    new NotifyError('gone', {retry: false, reason: 'clientError'}),
  ];
  const {alertmanager, clock} = await startCore(config, {
    take: () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
    },
  });
  alertmanager.receive([report({alertname: 'A'}, {endsAtMs: startMs + 7_200_000})]);
  const verdict = (): Verdict => explain(alertmanager, labelsOf({alertname: 'A'})).routes[0]!.verdict;
  const next = '2026-01-05T00:05:30.000Z';
  const failing = {
    step: 'failing',
    integration: 'test[0]',
    attempts: 1,
    error: 'busy',
    isGivenUp: false,
    next,
  };
  await clock.runUntil(startMs + 30_100);
  assert.deepEqual(verdict(), failing);
  await clock.runUntil(startMs + 40_000);
  assert.deepEqual(verdict(), {...failing, attempts: 2, error: 'gone', isGivenUp: true});
  assert.match(whyOf(verdict()), /2 attempts to tell test\[0\] failed and it was given up: gone/);
  await clock.runUntil(startMs + 340_000);
  assert.equal(verdict().step, 'told already');
});

async function get(alertmanager: Alertmanager, url: string): Promise<{status: number; body: unknown}> {
  const server = new HttpServer({
    logger: noLogger,
    listenAddresses: [],
    routePrefix: '',
    connectionsMax: 1,
    readTimeoutMs: 1000,
    errorReply: textError,
  });
  addApiRoutes(server, '/am', {
    alertmanager,
    logger: noLogger,
    version: {version: '', revision: '', branch: '', buildUser: '', buildDate: '', goVersion: ''},
    reload: () => Promise.resolve(),
    getConcurrencyMax: 1,
  });
  const {statusCode, body} = await server.inject({method: 'GET', url: `/am${url}`});
  return {status: statusCode, body: JSON.parse(body)};
}

test('the history of notifications is kept over a restart, and can be filtered', async () => {
  const {alertmanager, clock, fs} = await start();
  const endsAtMs = startMs + 7_200_000;
  for (const alertname of ['Good', 'Bad']) alertmanager.receive([report({alertname}, {endsAtMs})]);
  await clock.runUntil(startMs + 31_000);
  const again = await startCore(config, {take: () => {}, clock, fs});
  const f = async (query: string): Promise<unknown[]> =>
    (await get(again.alertmanager, `/api/narthex/notifications?${query}`)).body as unknown[];
  assert.deepEqual(await f('failed=true'), [
    {
      time: '2026-01-05T00:00:30.000Z',
      groupLabels: {alertname: 'Bad'},
      receiver: 'r',
      integration: 'test',
      index: 0,
      groupKey: '{}:{alertname="Bad"}',
      reason: 'first notification',
      firing: 1,
      resolved: 0,
      attempts: 1,
      durationMs: 0,
      failure: 'clientError',
      alerts: [fingerprintOf(['alertname', 'Bad'])],
      error: 'no',
    },
  ]);
  assert.equal((await f('')).length, 2);
  assert.equal((await f('limit=1')).length, 1);
  assert.equal((await f('filter=alertname%3DGood')).length, 1);
  assert.equal((await f('receiver=x')).length, 0);
  assert.equal((await f('before=2026-01-05T00:00:30Z')).length, 0);
  assert.equal((await get(again.alertmanager, '/api/narthex/notifications?limit=0')).status, 400);
});

test('/explain answers for the labels of an alert', async () => {
  const {alertmanager} = await start();
  alertmanager.receive([report({alertname: 'A', team: 'x'}, {endsAtMs: startMs + 1000})]);
  const {status, body} = await get(alertmanager, '/api/narthex/explain?label=alertname%3DA&label=team%3Dx');
  assert.equal(status, 200);
  const {known, routes} = body as {
    known: boolean;
    routes: {step: string; next: string; facts: unknown; why: string}[];
  };
  assert.equal(known, true);
  assert.equal(routes[0]!.step, 'waiting');
  assert.equal(routes[0]!.next, '2026-01-05T00:00:30.000Z');
  assert.deepEqual(routes[0]!.facts, {groupInterval: '5m', next: '2026-01-05T00:00:30.000Z'});
  assert.match(routes[0]!.why, /every group_interval \(5m\), next at 2026/);
  assert.equal((await get(alertmanager, '/api/narthex/explain')).status, 400);
  assert.equal((await get(alertmanager, '/api/narthex/explain?label=a%21%3Db')).status, 400);
});
