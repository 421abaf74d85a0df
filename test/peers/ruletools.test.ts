// `narthex tool check rules` and `test rules` beside promtool: output and exit codes of the same files must be the same.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {after} from 'node:test';
import {findProgram} from '../../tools/programs.ts';

const promtool = findProgram('promtool');
const narthex = join(import.meta.dirname, '../../bin/narthex');
const version = promtool === null ? 0 : versionOf(promtool);
/** Version 2 knows fewer fields and prints other lines. */
const options = {skip: version < 3 ? 'needs promtool of version 3' : false};
const folder = mkdtempSync(join(tmpdir(), 'narthex-ruletools-'));
after(() => rmSync(folder, {recursive: true, force: true}));

function versionOf(program: string): number {
  const {stdout} = spawnSync(program, ['--version'], {encoding: 'utf8'});
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) + Number(minor) / 100;
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(command: string, args: string[], input = ''): Outcome {
  const {status, stdout, stderr} = spawnSync(command, args, {cwd: folder, encoding: 'utf8', input});
  return {status, stdout, stderr};
}

/** The same arguments to both. */
function same(args: string[], input = ''): Outcome {
  const theirs = run(promtool!, args, input);
  assert.deepEqual(run(narthex, ['tool', ...args], input), theirs, args.join(' '));
  return theirs;
}

const good = `groups:
- name: g
  interval: 1m
  query_offset: 10s
  labels: {team: ops}
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: Down
    expr: up == 0
    for: 2m
    keep_firing_for: 3m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.instance }} of {{ $externalLabels.cluster }}: {{ $value }}'}
- name: h
  rules:
  - record: job:up:twice
    expr: job:up:sum * 2
`;

test('check rules finds the same', options, () => {
  const files: Record<string, string> = {
    good,
    empty: '',
    none: 'groups: []\n',
    documents: 'groups: []\n---\ngroups: []\n',
    field: 'groups:\n- name: g\n  owner: me\n  rules:\n  - record: a\n    expr: b\n    annotation: {}\n',
    expression:
      'groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      up ===\n        3\n  - record: b\n    expr: sum(\n',
    kinds:
      'groups:\n- name: g\n  rules:\n  - {record: a, alert: b, expr: up}\n  - {expr: up}\n  - {record: c}\n  - {record: d, expr: up, for: 1m, keep_firing_for: 1m, annotations: {e: f}}\n',
    names:
      'groups:\n- name: g\n  rules:\n  - {record: "a{b}", expr: up}\n  - {record: c, expr: up, labels: {__name__: d}}\n',
    templates:
      'groups:\n- name: g\n  rules:\n  - {alert: A, expr: up, labels: {b: "{{ $x }}"}}\n  - {alert: B, expr: up, annotations: {c: "{{ foo }}"}}\n  - {alert: C, expr: up, annotations: {d: "{{ end }}"}}\n',
    duplicates:
      'groups:\n- name: g\n  labels: {x: "1"}\n  rules:\n  - {record: a, expr: up}\n  - {record: a, expr: down}\n  - {record: b, expr: up, labels: {c: d}}\n  - {record: b, expr: up, labels: {c: e}}\n- name: h\n  rules:\n  - {alert: a, expr: up, labels: {x: "1"}}\n',
  };
  const names = Object.entries(files).map(([name, text]) => write(`${name}.yml`, text));
  for (const name of names) same(['check', 'rules', name]);
  same(['check', 'rules', ...names]);
  same(['check', 'rules'], files['good']);
  same(['check', 'rules'], files['expression']);
  for (const flags of [
    ['--lint=none'],
    ['--lint=all', '--lint-fatal'],
    ['--lint-fatal'],
    ['--lint=duplicate-rules,odd'],
  ])
    same(['check', 'rules', ...flags, 'duplicates.yml', 'good.yml']);
  if (version >= 3.02) same(['check', 'rules', '--ignore-unknown-fields', 'field.yml']);
});

const passing = `rule_files: [good.yml]
evaluation_interval: 1m
group_eval_order: [g, h]
tests:
- name: passing
  interval: 1m
  external_labels: {cluster: here}
  input_series:
  - {series: 'up{job="a", instance="x"}', values: '1x3 0x5 1x10'}
  - {series: 'up{job="a", instance="y"}', values: '1 _ _ 1 stale'}
  - {series: 'h', values: '{{schema:1 sum:3 count:2 buckets:[2]}}+{{schema:1 sum:1 count:1 buckets:[1]}}x5'}
  alert_rule_test:
  - {alertname: Down, eval_time: 5m}
  - alertname: Down
    eval_time: 7m30s
    exp_alerts:
    - exp_labels: {instance: x, job: a, severity: page, team: ops}
      exp_annotations: {summary: 'x of here: 0'}
  promql_expr_test:
  - {expr: job:up:sum, eval_time: 3m, exp_samples: [{labels: 'job:up:sum{job="a", team="ops"}', value: 2}]}
  - {expr: sum(h), eval_time: 2m, exp_samples: [{labels: '{}', histogram: '{{schema:1 sum:5 count:4 buckets:[4] counter_reset_hint:not_reset}}'}]}
  - {expr: 'scalar(vector(3))', eval_time: 1m, exp_samples: [{value: 3}]}
  - {expr: absent_metric, eval_time: 1m}
  - {expr: 'sum_over_time(up{instance="x"}[2m:])', eval_time: 2m, exp_samples: [{labels: '{job="a", instance="x"}', value: 2}]}
`;

const failing = `rule_files: [good.yml, nothing*.yml]
tests:
- name: first
  interval: 1m
  input_series: [{series: 'up{job="a", instance="x"}', values: '0x10'}]
  alert_rule_test:
  - {alertname: Down, eval_time: 5m}
  - alertname: Down
    eval_time: 5m
    exp_alerts: [{exp_labels: {a: b}, exp_annotations: {c: d}}, {}]
  promql_expr_test:
  - {expr: up, eval_time: 1m, exp_samples: [{labels: up, value: 1.5}, {labels: 'up{a="b"}', value: 2e10}]}
  - {expr: up, eval_time: 1m}
  - {expr: nothing, eval_time: 1m, exp_samples: [{value: -1}]}
  - {expr: 'up[1m]', eval_time: 1m}
  - {expr: 'sum(', eval_time: 90s}
  - {expr: '{}', eval_time: 90s}
- input_series: [{series: 'x', values: '1 2'}]
  interval: 30s
  promql_expr_test:
  - {expr: x, eval_time: 30s, exp_samples: [{labels: x, value: 3}]}
`;

test('test rules finds the same', options, () => {
  write('good.yml', good);
  const passed = same(['test', 'rules', write('passing.yml', passing)]);
  assert.equal(passed.status, 0, passed.stdout + passed.stderr);
  same(['test', 'rules', write('failing.yml', failing)]);
  same(['test', 'rules', 'passing.yml', 'failing.yml']);
  same(['test', 'rules', '--run=fir', 'failing.yml']);
  same(['test', 'rules', '--run=none', '--run=pass', 'failing.yml', 'passing.yml']);
  const files: Record<string, string> = {
    field: 'rule_file: [x]\ntests:\n- {name: a, input: []}\n',
    order: 'group_eval_order: [a, a]\n',
    nameless: 'tests:\n- {name: t, alert_rule_test: [{eval_time: 1m}]}\n',
    series: 'tests:\n- input_series: [{series: "x{", values: "1"}]\n',
    error:
      'rule_files: [broken.yml]\ntests:\n- {input_series: [{series: x, values: "1 1"}], promql_expr_test: [{expr: x, eval_time: 1m}]}\n',
    wrongrules: 'rule_files: [wrong.yml]\ntests:\n- {promql_expr_test: [{expr: x, eval_time: 1m}]}\n',
    empty: '',
  };
  write('broken.yml', 'groups: [{name: g, limit: 1, rules: [{record: y, expr: \'"text"\'}]}]\n');
  write('wrong.yml', 'groups: [{name: g, rules: [{record: y, expr: "sum("}]}]\n');
  for (const [name, text] of Object.entries(files)) same(['test', 'rules', write(`${name}.yml`, text)]);
});

test('test rules writes the same JUnit XML', options, () => {
  write('good.yml', good);
  write('failing.yml', failing);
  write('passing.yml', passing);
  write('order.yml', 'group_eval_order: [a, a]\n');
  const files = ['failing.yml', 'passing.yml', 'order.yml'];
  run(promtool!, ['test', '--junit=theirs.xml', 'rules', ...files]);
  run(narthex, ['tool', 'test', 'rules', '--junit=ours.xml', ...files]);
  const read = (name: string): string =>
    readFileSync(join(folder, name), 'utf8').replaceAll(/timestamp="\d[^"]*"/g, 'timestamp=""');
  assert.equal(read('ours.xml'), read('theirs.xml'));
});

test('test rules prints all samples where that is asked for', options, () => {
  write('good.yml', good);
  write('passing.yml', passing);
  // Version 3.5 tells it on standard output, and does not name the tests.
  const text = ({stdout, stderr}: Outcome): string =>
    (stderr + stdout).trim().replaceAll(/^DEBUG: (?:Starting|Test) .*\n/gm, '');
  const args = ['test', 'rules', '--debug', 'passing.yml'];
  assert.equal(text(run(narthex, ['tool', ...args])), text(run(promtool!, args)));
});
