// Files of unit tests for rules, as promtool reads them.

import type {YamlNode} from '../../../base/yaml.ts';
import type {Labels} from '../../../model/labels.ts';
import {parseTimestamp} from '../../../model/timestamp.ts';
import {YamlReader} from '../../../rules/yamlreader.ts';

export interface TestFile {
  ruleFiles: string[];
  evaluationIntervalMs: number;
  groupEvalOrder: string[];
  tests: TestGroup[];
  fuzzyCompare: boolean;
}

export interface TestGroup {
  name: string;
  /** 0 = that of the file. */
  intervalMs: number;
  inputSeries: {series: string; values: string}[];
  alertTests: AlertTest[];
  exprTests: ExprTest[];
  externalLabels: Labels;
  externalUrl: string;
  startMs: number;
}

export interface AlertTest {
  evalTimeMs: number;
  alertname: string;
  alerts: {labels: Labels; annotations: Labels}[];
}

export interface ExprTest {
  expr: string;
  evalTimeMs: number;
  samples: {labels: string; value: number; histogram: string}[];
}

const defaultIntervalMs = 60_000;

/** Throws an Error with all that is wrong. */
export function parseTestFile(text: string): TestFile {
  const yaml = new YamlReader(text, {ignoreUnknownFields: false});
  const file: TestFile = {
    ruleFiles: [],
    evaluationIntervalMs: 0,
    groupEvalOrder: [],
    tests: [],
    fuzzyCompare: false,
  };
  const {root} = yaml;
  if (root !== null) {
    yaml.fields(root, 'main.unitTestFile', {
      rule_files: (node) => yaml.list(node, '[]string', (each) => file.ruleFiles.push(yaml.string(each))),
      evaluation_interval: (node) => (file.evaluationIntervalMs = yaml.duration(node)),
      group_eval_order: (node) =>
        yaml.list(node, '[]string', (each) => file.groupEvalOrder.push(yaml.string(each))),
      tests: (node) => yaml.list(node, '[]main.testGroup', (each) => file.tests.push(readGroup(yaml, each))),
      fuzzy_compare: (node) => (file.fuzzyCompare = yaml.boolean(node)),
    });
  }
  const {problems} = yaml;
  if (problems.length > 0) throw new SyntaxError(problems.join('\n'));
  file.evaluationIntervalMs ||= defaultIntervalMs;
  return file;
}

function readGroup(yaml: YamlReader, node: YamlNode): TestGroup {
  const group: TestGroup = {
    name: '',
    intervalMs: 0,
    inputSeries: [],
    alertTests: [],
    exprTests: [],
    externalLabels: [],
    externalUrl: '',
    startMs: 0,
  };
  yaml.fields(node, 'main.testGroup', {
    interval: (value) => (group.intervalMs = yaml.duration(value)),
    input_series: (value) =>
      yaml.list(value, '[]main.series', (each) => group.inputSeries.push(readSeries(yaml, each))),
    alert_rule_test: (value) =>
      yaml.list(value, '[]main.alertTestCase', (each) => group.alertTests.push(readAlertTest(yaml, each))),
    promql_expr_test: (value) =>
      yaml.list(value, '[]main.promqlTestCase', (each) => group.exprTests.push(readExprTest(yaml, each))),
    external_labels: (value) => (group.externalLabels = yaml.strings(value)),
    external_url: (value) => (group.externalUrl = yaml.string(value)),
    name: (value) => (group.name = yaml.string(value)),
    start_timestamp: (value) => (group.startMs = readTime(yaml, value)),
  });
  return group;
}

function readSeries(yaml: YamlReader, node: YamlNode): {series: string; values: string} {
  const series = {series: '', values: ''};
  yaml.fields(node, 'main.series', {
    series: (value) => (series.series = yaml.string(value)),
    values: (value) => (series.values = yaml.string(value)),
  });
  return series;
}

function readAlertTest(yaml: YamlReader, node: YamlNode): AlertTest {
  const test: AlertTest = {evalTimeMs: 0, alertname: '', alerts: []};
  yaml.fields(node, 'main.alertTestCase', {
    eval_time: (value) => (test.evalTimeMs = yaml.duration(value)),
    alertname: (value) => (test.alertname = yaml.string(value)),
    exp_alerts: (value) =>
      yaml.list(value, '[]main.alert', (each) => {
        const alert: AlertTest['alerts'][number] = {labels: [], annotations: []};
        yaml.fields(each, 'main.alert', {
          exp_labels: (labels) => (alert.labels = yaml.strings(labels)),
          exp_annotations: (annotations) => (alert.annotations = yaml.strings(annotations)),
        });
        test.alerts.push(alert);
      }),
  });
  return test;
}

function readExprTest(yaml: YamlReader, node: YamlNode): ExprTest {
  const test: ExprTest = {expr: '', evalTimeMs: 0, samples: []};
  yaml.fields(node, 'main.promqlTestCase', {
    expr: (value) => (test.expr = yaml.string(value)),
    eval_time: (value) => (test.evalTimeMs = yaml.duration(value)),
    exp_samples: (value) =>
      yaml.list(value, '[]main.sample', (each) => {
        const sample = {labels: '', value: 0, histogram: ''};
        yaml.fields(each, 'main.sample', {
          labels: (labels) => (sample.labels = yaml.string(labels)),
          value: (number) => (sample.value = yaml.float(number)),
          histogram: (text) => (sample.histogram = yaml.string(text)),
        });
        test.samples.push(sample);
      }),
  });
  return test;
}

function readTime(yaml: YamlReader, node: YamlNode): number {
  const text = yaml.string(node);
  if (text === '') return 0;
  try {
    return parseTimestamp(text);
  } catch (error) {
    yaml.complain(node, (error as Error).message);
    return 0;
  }
}
