import assert from 'node:assert/strict';
import test from 'node:test';
import {evaluateBacktest} from '../rules/backtest.ts';
import {Engine} from '../promql/engine/engine.ts';
import {parseMetricSelector} from '../promql/parser/parser.ts';
import {RuleManager} from '../rules/manager.ts';
import {createTestRules, startMs, type TestRules} from '../rules/testing.ts';
import {noLogger} from '../sys/log.ts';
import type {AlertingBackend, Backend} from './backend.ts';
import {FakeBackend} from './fakebackend.ts';
import {createApiServer} from './server.ts';

const text = `groups:
- name: g
  labels: {team: ops}
  rules:
  - {record: y, expr: x * 2}
  - {alert: A, expr: x > 1, for: 1s, labels: {severity: page}, annotations: {s: '<{{ $value }}>'}}
- name: h
  interval: 2s
  limit: 3
  rules:
  - {alert: B, expr: y > NaN, keep_firing_for: 1m}
`;

async function setUp(): Promise<{
  rules: TestRules;
  manager: RuleManager;
  get: (url: string) => Promise<string>;
  post: (url: string) => Promise<string>;
}> {
  const rules = createTestRules([{series: 'x{i="a"}', values: '0 2x600'}]);
  rules.files.set('r.yml', text);
  const manager = new RuleManager(rules.world);
  await manager.update(rules.config());
  manager.start();
  const alerting: AlertingBackend = {
    groups: () => manager.groups,
    alertmanagers: () => ({active: ['http://am:9093/api/v2/alerts'], dropped: []}),
    evaluationIntervalMs: 1000,
    ruleOptions: {},
    async backtest({rule, startMs: from, endMs, stepMs}) {
      const engine = new Engine({maxSamples: 100_000, lookbackDeltaMs: 300_000});
      rules.store.passTo(endMs);
      return evaluateBacktest(
        {engine, queryable: rules.store.memory, options: {}},
        {
          rule: 'backtest',
          name: rule.alert,
          expr: rule.expr,
          holdMs: rule.forMs,
          keepFiringForMs: rule.keepFiringForMs,
          labels: rule.labels,
          annotations: rule.annotations,
          externalLabels: {},
          externalUrl: '',
          startMs: from,
          endMs,
          stepMs,
        },
      );
    },
    estimateNotifications: (alerts) =>
      Promise.resolve([{receiver: 'team', integration: 'slack', notifications: alerts.length}]),
    statistics: () => ({
      rules: manager.statistics(),
      notifier: {
        queueCapacity: 10,
        alertmanagersDiscovered: 1,
        senders: [
          {
            url: 'http://am:9093/api/v2/alerts',
            sent: 7,
            dropped: 2,
            errors: 1,
            queueLength: 3,
            latency: {count: 1, secondsTotal: 0.05, quantiles: [[0.5, 0.05]], buckets: [0, 1, 0, 0, 0]},
          },
        ],
      },
      discovery: new FakeDiscovery().statistics,
    }),
  };
  const fake = new FakeBackend();
  const backend: Backend = {query: fake.query, storage: fake.storage, admin: fake.admin, alerting};
  const server = createApiServer({
    backend,
    logger: noLogger,
    buildInfo: {version: '1', revision: 'r', branch: 'b', buildUser: '', buildDate: '', goVersion: 'node26'},
    listenAddresses: [],
    externalUrl: '/',
    routePrefix: '/',
    webRoot: '/nonexistent',
    enableLifecycle: false,
    enableRemoteWriteReceiver: false,
    parseSelector: (selector) =>
      parseMetricSelector(selector).map(({type, name, value}) => ({type, name, value})),
  });
  const call = async (method: 'GET' | 'POST', url: string): Promise<string> =>
    (await server.http.inject({method, url})).body;
  return {rules, manager, get: (url) => call('GET', url), post: (url) => call('POST', url)};
}

class FakeDiscovery {
  statistics = {
    received: 0,
    sent: 1,
    fileReadErrors: 0,
    fileWatcherErrors: 0,
    httpFailures: 0,
    dnsLookups: 0,
    dnsLookupFailures: 0,
    consulFailures: 0,
    refreshes: [],
    refreshHistograms: [],
    fileScans: {count: 0, secondsTotal: 0, quantiles: []},
    fileTimes: [],
    consulCalls: [],
    jobs: [{name: 'config-0', targets: 1, updatedMs: 0}],
    failing: [],
  } as unknown as ReturnType<AlertingBackend['statistics']>['discovery'];
}

function data(body: string): unknown {
  return (JSON.parse(body) as {data: unknown}).data;
}

test('/rules tells of rules and alerts before and after they were evaluated', async () => {
  const {rules, manager, get} = await setUp();
  const before = data(await get('/api/v1/rules?type=alert&rule_group[]=g'));
  assert.deepEqual(before, {
    groups: [
      {
        name: 'g',
        file: 'r.yml',
        rules: [
          {
            state: 'unknown',
            name: 'A',
            query: 'x > 1',
            duration: 1,
            keepFiringFor: 0,
            labels: {severity: 'page', team: 'ops'},
            annotations: {s: '<{{ $value }}>'},
            alerts: [],
            health: 'unknown',
            evaluationTime: 0,
            lastEvaluation: '0001-01-01T00:00:00Z',
            type: 'alerting',
          },
        ],
        interval: 1,
        limit: 0,
        evaluationTime: 0,
        lastEvaluation: '0001-01-01T00:00:00Z',
      },
    ],
  });
  await rules.clock.pass(4000);
  const body = await get('/api/v1/alerts');
  const {activeAtMs} = manager.groups[0]!.rules.flatMap((rule) =>
    rule.kind === 'alerting' ? rule.activeAlerts : [],
  )[0]!;
  assert.deepEqual(data(body), {
    alerts: [
      {
        labels: {alertname: 'A', i: 'a', severity: 'page', team: 'ops'},
        annotations: {s: '<2>'},
        state: 'firing',
        activeAt: new Date(activeAtMs).toISOString(),
        value: '2e+00',
      },
    ],
  });
  assert.match(body, /"s":"\\u003c2\\u003e"/);
  const all = data(await get('/api/v1/rules?exclude_alerts=true')) as {
    groups: {rules: {alerts: unknown; state: string}[]}[];
  };
  assert.deepEqual(
    all.groups.map((group) => group.rules.map(({state, alerts}) => [state, alerts])),
    [
      [
        [undefined, undefined],
        ['firing', null],
      ],
      [['inactive', null]],
    ],
  );
  await manager.stop();
});

test('/rules/backtest tests a loaded rule and one that was typed', async () => {
  const {manager, post} = await setUp();
  const range = `start=${startMs / 1000}&end=${startMs / 1000 + 5}`;
  const loaded = data(await post(`/api/v1/rules/backtest?name=A&${range}`)) as Record<string, unknown>;
  const from = startMs / 1000;
  assert.deepEqual(loaded, {
    rule: {
      name: 'A',
      query: 'x > 1',
      duration: 1,
      keepFiringFor: 0,
      labels: {severity: 'page', team: 'ops'},
      annotations: {s: '<{{ $value }}>'},
    },
    start: from,
    end: from + 5,
    interval: 1,
    evaluations: 6,
    alerts: [
      {
        labels: {alertname: 'A', i: 'a', severity: 'page', team: 'ops'},
        annotations: {s: '<2>'},
        intervals: [
          {state: 'pending', start: from + 1, end: from + 2},
          {state: 'firing', start: from + 2, end: null},
        ],
      },
    ],
    pendingSeconds: 1,
    firingSeconds: 3,
    notifications: [{receiver: 'team', integration: 'slack', notifications: 1}],
  });
  const rule = encodeURIComponent('alert: T\nexpr: x == 0\n');
  const typed = data(await post(`/api/v1/rules/backtest?rule=${rule}&${range}&interval=500ms`)) as {
    alerts: unknown[];
    evaluations: number;
  };
  assert.deepEqual([typed.alerts.length, typed.evaluations], [1, 11]);
  await manager.stop();
});

test('/rules/backtest says what is wrong with what it is asked', async () => {
  const {manager, post} = await setUp();
  const f = async (parameters: Record<string, string>, expected: string): Promise<void> => {
    const range = {start: '0', end: '10', ...parameters};
    const body = await post(`/api/v1/rules/backtest?${new URLSearchParams(range).toString()}`);
    assert.equal((JSON.parse(body) as {error: string}).error, expected);
  };
  await f({}, 'one of rule and name is needed');
  await f({name: 'nobody'}, 'there is no alerting rule "nobody"');
  await f({name: 'A', group: 'h'}, 'there is no alerting rule "A"');
  await f({name: 'A', start: '11'}, 'invalid parameter "end": end timestamp must not be before start time');
  await f({name: 'A', interval: '0'}, 'invalid parameter "interval": it must be greater than 0');
  await f(
    {name: 'A', end: '1e7'},
    'invalid parameter "interval": there would be more than 60480 evaluations: choose a longer interval or a shorter time',
  );
  await f(
    {rule: 'alert: a\nexpr: up ==='},
    'invalid parameter "rule": 2:7: could not parse expression: 1:6: parse error: unexpected "="',
  );
  await f(
    {rule: 'record: a\nexpr: up'},
    'invalid parameter "rule": only alerting rules can be tested: the field alert is missing',
  );
  await f(
    {rule: 'alert: [a'},
    'invalid parameter "rule": yaml: line 1: unexpected end of the stream within a flow collection',
  );
  await manager.stop();
});

test('/metrics has the counts of rules and notifications', async () => {
  const {rules, manager, get} = await setUp();
  await rules.clock.pass(4000);
  const lines = (await get('/metrics')).split('\n');
  for (const line of [
    'prometheus_rule_evaluations_total{rule_group="r.yml;g"} 8',
    'prometheus_rule_group_iterations_total{rule_group="r.yml;h"} 2',
    'prometheus_rule_group_iterations_missed_total{rule_group="r.yml;g"} 0',
    'prometheus_rule_group_rules{rule_group="r.yml;g"} 2',
    'prometheus_rule_group_interval_seconds{rule_group="r.yml;h"} 2',
    'prometheus_rule_evaluation_duration_seconds_count 10',
    'prometheus_rule_group_duration_histogram_seconds_bucket{le="+Inf"} 6',
    'prometheus_notifications_queue_capacity 10',
    'prometheus_notifications_sent_total{alertmanager="http://am:9093/api/v2/alerts"} 7',
    'prometheus_notifications_queue_length{alertmanager="http://am:9093/api/v2/alerts"} 3',
    'prometheus_notifications_latency_histogram_seconds_bucket{alertmanager="http://am:9093/api/v2/alerts",le="0.1"} 1',
    'prometheus_sd_discovered_targets{config="config-0",name="notify"} 1',
  ])
    assert.ok(lines.includes(line), line);
  await manager.stop();
});
