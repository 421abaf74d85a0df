import assert from 'node:assert/strict';
import test from 'node:test';
import {formatJunit} from './junit.ts';
import {runTestGroup, type RunOptions} from './run.ts';
import {parseTestFile} from './testfile.ts';

const rules = `groups:
- name: g
  rules:
  - {record: 'job:up:sum', expr: sum by (job) (up)}
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.instance }} of {{ $externalLabels.cluster }}'}
`;

const series = `input_series: [{series: 'up{job="a", instance="x"}', values: '1 0x10'}]`;

async function run(text: string, options: Partial<RunOptions> = {}): Promise<string[]> {
  const file = {...parseTestFile(text), ruleFiles: ['r.yml']};
  const problems: string[] = [];
  for (const group of file.tests) {
    problems.push(
      ...(await runTestGroup(group, file, {
        features: {},
        diff: false,
        ignoreUnknownFields: false,
        readFile: () => rules,
        debug: null,
        ...options,
      })),
    );
  }
  return problems;
}

test('a group of tests passes where alerts and samples are as it says', async () => {
  const text = `tests:
- name: t
  external_labels: {cluster: here}
  ${series}
  alert_rule_test:
  - {alertname: Down, eval_time: 2m}
  - alertname: Down
    eval_time: 3m30s
    exp_alerts: [{exp_labels: {instance: x, job: a, severity: page}, exp_annotations: {summary: x of here}}]
  promql_expr_test:
  - {expr: 'job:up:sum', eval_time: 0m, exp_samples: [{labels: 'job:up:sum{job="a"}', value: 1}]}
  - {expr: ALERTS, eval_time: 1m, exp_samples: [{labels: 'ALERTS{alertname="Down", alertstate="pending", instance="x", job="a", severity="page"}', value: 1}]}
`;
  assert.deepEqual(await run(text), []);
});

test('what is not as a test says is shown as promtool shows it', async () => {
  const text = `tests:
- name: t
  ${series}
  alert_rule_test: [{alertname: Down, eval_time: 3m, exp_alerts: [{exp_labels: {a: b}}]}]
  promql_expr_test: [{expr: up, eval_time: 1m, exp_samples: [{labels: up, value: 1.5}]}]
`;
  const [alert, expr] = await run(text);
  assert.equal(
    alert,
    `    name: t,
    alertname: Down, time: 3m, 
        exp:[
            0:
              Labels:{a="b", alertname="Down"}
              Annotations:{}
            ], 
        got:[
            0:
              Labels:{alertname="Down", instance="x", job="a", severity="page"}
              Annotations:{summary="x of "}
            ]`,
  );
  assert.equal(
    expr,
    `    expr: "up", time: 1m,
        exp: {__name__="up"} 1.5E+00
        got: {__name__="up", instance="x", job="a"} 0E+00`,
  );
  const [diff = ''] = await run(text, {diff: true});
  const added = `\n${' '.repeat(24)}\u001b[0;32m"summary": "x of "\u001b[0m\n`;
  assert.ok(diff.includes(added), diff);
});

test('numbers that differ in their last bit are equal where that is asked for', async () => {
  const text = (fuzzy: boolean): string =>
    `fuzzy_compare: ${fuzzy}\ntests: [{promql_expr_test: [{expr: '0.1 + 0.2', eval_time: 0s, exp_samples: [{value: 0.3}]}]}]\n`;
  assert.equal((await run(text(false))).length, 1);
  assert.deepEqual(await run(text(true)), []);
});

test('a test may begin at another time', async () => {
  const text = `tests:
- start_timestamp: '2024-01-01T00:00:00Z'
  interval: 30s
  input_series: [{series: x, values: '1 2 3'}]
  promql_expr_test: [{expr: timestamp(x), eval_time: 1m, exp_samples: [{value: 1704067260}]}]
`;
  assert.deepEqual(await run(text), []);
});

test('rules that are wrong, or fail, end the test', async () => {
  const text = `tests: [{${series}, promql_expr_test: [{expr: x, eval_time: 0s}]}]\n`;
  const f = async (file: string, expected: RegExp): Promise<void> => {
    const problems = await run(text, {readFile: () => file});
    assert.equal(problems.length, 1);
    assert.match(problems[0]!, expected);
  };
  await f(
    'groups: [{name: g, rules: [{record: a, expr: "sum("}]}]',
    /^r\.yml: 1:46: group "g", rule 1, "a": /,
  );
  await f(
    `groups: [{name: g, rules: [{record: a, expr: '"text"'}]}]`,
    /^ {4}rule: a, time: 0s, err: rule result is not a vector or scalar$/,
  );
});

test('parseTestFile() says what is wrong', () => {
  const f = (text: string, expected: string): void =>
    assert.throws(() => parseTestFile(text), {name: 'SyntaxError', message: expected});
  f('test: []', 'yaml: unmarshal errors:\n  line 1: field test not found in type main.unitTestFile');
  f(
    'tests:\n- {input: []}',
    'yaml: unmarshal errors:\n  line 2: field input not found in type main.testGroup',
  );
  f('evaluation_interval: soon', '1:22: not a valid duration string: "soon"');
});

test('formatJunit() escapes what it holds', () => {
  const text = formatJunit([
    {
      name: 'a&b',
      failures: 1,
      errors: 0,
      timestamp: 't',
      cases: [{name: '"x"', failures: ['1 < 2\n\u0001'], error: ''}],
    },
  ]);
  assert.equal(
    text,
    '<testsuites><testsuite name="a&amp;b" tests="1" failures="1" errors="0" skipped="0" timestamp="t">' +
      '<testcase name="&#34;x&#34;"><failure>1 &lt; 2&#xA;\ufffd</failure></testcase></testsuite></testsuites>',
  );
});
