import assert from 'node:assert/strict';
import test from 'node:test';
import type {AlertingRule} from '../api/types.ts';
import {ruleYaml} from './rule-yaml.ts';

test('a rule is written as it stands in a file', () => {
  const rule: AlertingRule = {
    type: 'alerting',
    name: 'Down: all',
    query: 'up\n  == 0',
    state: 'inactive',
    duration: 300,
    keepFiringFor: 60,
    labels: {severity: 'page'},
    annotations: {summary: '{{ $value }} "down"'},
    alerts: [],
    health: 'ok',
    evaluationTime: 0,
    lastEvaluation: '',
  };
  assert.equal(
    ruleYaml(rule),
    `alert: "Down: all"
expr: |
  up
    == 0
for: 5m
keep_firing_for: 1m
labels:
  "severity": "page"
annotations:
  "summary": "{{ $value }} \\"down\\""
`,
  );
  assert.equal(
    ruleYaml({...rule, duration: 0, keepFiringFor: 0, labels: {}, annotations: {}}),
    'alert: "Down: all"\nexpr: |\n  up\n    == 0\n',
  );
});
