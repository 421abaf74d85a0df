import assert from 'node:assert/strict';
import test from 'node:test';
import type {AlertingRule, RecordingRule, RuleGroup} from '../api/types.ts';
import {
  alertsOf,
  countRules,
  decodeRuleFilter,
  encodeRuleFilter,
  groupsOf,
  queryAddress,
} from './rule-filter.ts';

const evaluated = {
  labels: {},
  health: 'ok',
  evaluationTime: 0.001,
  lastEvaluation: '2026-11-26T10:00:00Z',
} as const;

function alerting(
  name: string,
  state: AlertingRule['state'],
  more: Partial<AlertingRule> = {},
): AlertingRule {
  const query = `${name.toLowerCase()} > 0`;
  const rest = {duration: 60, keepFiringFor: 0, annotations: {}, alerts: []};
  return {type: 'alerting', name, query, state, ...evaluated, ...rest, ...more};
}

const recording: RecordingRule = {
  type: 'recording',
  name: 'job:up:sum',
  query: 'sum by (job) (up)',
  ...evaluated,
};

function group(name: string, rules: RuleGroup['rules']): RuleGroup {
  return {name, file: 'rules.yml', rules, interval: 15, limit: 0, evaluationTime: 0.002, lastEvaluation: ''};
}

const groups = [
  group('calm', [recording, alerting('Quiet', 'inactive'), alerting('Waiting', 'pending')]),
  group('loud', [
    alerting('Down', 'firing', {
      labels: {severity: 'page'},
      alerts: [
        {
          labels: {instance: 'b:9100'},
          annotations: {},
          state: 'pending',
          activeAt: '2026-11-26T09:00:00Z',
          value: '1',
        },
        {
          labels: {instance: 'a:9100'},
          annotations: {},
          state: 'firing',
          activeAt: '2026-11-26T09:30:00Z',
          value: '1',
        },
      ],
    }),
    alerting('Broken', 'inactive', {health: 'err', lastError: 'many-to-many matching'}),
  ]),
];

function names(choice: Parameters<typeof groupsOf>[1]['choice'], search = '', urgentFirst = false): string[] {
  return groupsOf(groups, {choice, search}, {urgentFirst}).flatMap(({rules}) => rules.map(({name}) => name));
}

test('groupsOf keeps rules by state, failure and words in names, expressions, labels and alerts', () => {
  assert.deepEqual(names(''), ['job:up:sum', 'Quiet', 'Waiting', 'Down', 'Broken']);
  assert.deepEqual(names('pending'), ['Waiting']);
  assert.deepEqual(names('err'), ['Broken']);
  assert.deepEqual(names('', 'severity="page"'), ['Down']);
  assert.deepEqual(names('', 'A:9100 down'), ['Down']);
  assert.deepEqual(names('', 'sum by'), ['job:up:sum']);
  assert.deepEqual(names('', 'calm'), ['job:up:sum', 'Quiet', 'Waiting']);
  assert.deepEqual(names('firing', 'quiet'), []);
});

test('groupsOf puts what needs a look first', () => {
  assert.deepEqual(names('', '', true), ['Down', 'Broken', 'Waiting', 'job:up:sum', 'Quiet']);
});

test('countRules counts by state and failure', () => {
  assert.deepEqual(countRules(groups), {all: 5, firing: 1, pending: 1, inactive: 2, err: 1});
});

test('alertsOf begins with those that fire', () => {
  const down = groups[1]!.rules[0] as AlertingRule;
  assert.deepEqual(
    alertsOf(down).map(({labels}) => labels['instance']),
    ['a:9100', 'b:9100'],
  );
});

test('the filter stands in the address', () => {
  const filter = {choice: 'firing', search: 'node down'} as const;
  assert.equal(encodeRuleFilter(filter), 'state=firing&search=node+down');
  assert.deepEqual(decodeRuleFilter('?state=firing&search=node+down'), filter);
  assert.deepEqual(decodeRuleFilter('?state=odd'), {choice: '', search: ''});
  assert.deepEqual(decodeRuleFilter('?state=firing&state=pending'), {choice: '', search: ''});
  assert.equal(queryAddress('up == 0'), '/query?g0.expr=up+%3D%3D+0&g0.tab=graph');
});
