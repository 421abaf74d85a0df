import assert from 'node:assert/strict';
import test from 'node:test';
import {Random} from '../base/random.ts';
import {parseRuleFile} from './rulefile.ts';

const everything = `groups:
- name: g
  interval: 30s
  query_offset: 1m
  limit: 10
  labels: {team: ops, severity: info}
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {kind: a, zone: ""}
  - alert: Down
    expr: |
      up
        == 0
    for: 5m
    keep_firing_for: 2m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.instance }} is down'}
- name: h
  rules: []
`;

test('parseRuleFile() reads every field', () => {
  const {groups, problems, warnings} = parseRuleFile(everything);
  assert.deepEqual([problems, warnings], [[], []]);
  assert.deepEqual(groups, [
    {
      name: 'g',
      intervalMs: 30_000,
      queryOffsetMs: 60_000,
      limit: 10,
      rules: [
        {
          record: 'job:up:sum',
          alert: '',
          expr: 'sum by (job) (up)',
          forMs: 0,
          keepFiringForMs: 0,
          labels: ['kind', 'a', 'severity', 'info', 'team', 'ops', 'zone', ''],
          annotations: [],
        },
        {
          record: '',
          alert: 'Down',
          expr: 'up\n  == 0\n',
          forMs: 300_000,
          keepFiringForMs: 120_000,
          labels: ['severity', 'page', 'team', 'ops'],
          annotations: ['summary', '{{ $labels.instance }} is down'],
        },
      ],
    },
    {name: 'h', intervalMs: 0, queryOffsetMs: null, limit: 0, rules: []},
  ]);
});

test('parseRuleFile() says what is wrong in the words of Prometheus', () => {
  const f = (text: string, ...expected: string[]): void =>
    assert.deepEqual(parseRuleFile(text).problems, expected);
  const rule = (fields: string): string => `groups:\n- name: g\n  rules:\n  - {${fields}}\n`;
  f('');
  f('groups:');
  f('[]', 'yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into rulefmt.RuleGroups');
  f(
    rule('record: a, expr: b, annotation: c'),
    'yaml: unmarshal errors:\n  line 4: field annotation not found in type rulefmt.Rule',
  );
  f(rule('expr: up'), `0:0: 0:0: group "g", rule 1, "": one of 'record' or 'alert' must be set`);
  f(
    rule('record: a, alert: b, expr: up'),
    `4:14: 4:24: group "g", rule 1, "b": only one of 'record' and 'alert' must be set`,
  );
  f(rule('record: a'), `0:0: group "g", rule 1, "a": field 'expr' must be set in rule`);
  f(
    rule('alert: a, expr: up ==='),
    '4:22: group "g", rule 1, "a": could not parse expression: 1:6: parse error: unexpected "="',
  );
  f(
    rule('record: a, expr: up, for: 1m'),
    `4:14: group "g", rule 1, "a": invalid field 'for' in recording rule`,
  );
  f(
    rule('record: "a{b=1}", expr: up'),
    '4:14: group "g", rule 1, "a{b=1}": braces present in the recording rule name; should it be in expr?: a{b=1}',
  );
  f(
    rule('record: a, expr: up, labels: {__name__: b}'),
    'group "g", rule 1, "a": invalid label name: __name__',
  );
  f(
    rule(`alert: a, expr: up, annotations: {s: "{{ $label }}"}`),
    'group "g", rule 1, "a": annotation "s": template: __alert_a:1: undefined variable "$label"',
  );
  f('groups: [{name: ""}]', '1:10: Groupname must not be empty');
  f('groups: [{name: a}, {name: a}]', '1:21: groupname: "a" is repeated in the same file');
  f('groups: [{name: a, interval: soon}]', '1:30: not a valid duration string: "soon"');
  f(
    'groups: [{name: a, limit: many}]',
    'yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `many` into int',
  );
  f('groups: [', 'yaml: line 1: unexpected end of the stream within a flow collection');
});

test('parseRuleFile() may skip what nobody knows, and take older names only', () => {
  const extra = 'groups: [{name: a, owner: me, rules: [{alert: a, expr: up, runbook: x}]}]';
  assert.equal(parseRuleFile(extra, {ignoreUnknownFields: true}).problems.length, 0);
  const names = 'groups: [{name: a, rules: [{record: "a.b", expr: up, labels: {"c.d": e}}]}]';
  assert.deepEqual(parseRuleFile(names).problems, []);
  assert.deepEqual(parseRuleFile(names, {legacyNames: true}).problems, [
    '1:37: group "a", rule 1, "a.b": invalid recording rule name: a.b',
    'group "a", rule 1, "a.b": invalid label name: c.d',
  ]);
  const {warnings, groups} = parseRuleFile('groups: [{name: a}]\n---\ngroups: [{name: b}]\n');
  assert.equal(warnings.length, 1);
  assert.deepEqual(
    groups.map(({name}) => name),
    ['a'],
  );
});

test('any text is a rule file or has problems, for any seed', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed);
    const chars = everything.split('');
    for (let i = 0; i < 1 + random.below(5); i++) {
      const at = random.below(chars.length);
      chars.splice(at, random.below(4), chars[random.below(chars.length)]!);
    }
    assert.ok(Array.isArray(parseRuleFile(chars.join('')).problems), `seed ${seed}`);
  }
});
