// Rule files as Prometheus's model/rulefmt reads them, with its words for what is wrong.

import {quoteGo} from '../base/quote.ts';
import {isNullNode} from '../base/yaml-resolve.ts';
import {placeOf, YamlError, type YamlNode} from '../base/yaml.ts';
import {isLegacyLabelName, isLegacyMetricName, type Labels, metricNameLabel} from '../model/labels.ts';
import {parseExpr} from '../promql/parser/parser.ts';
import type {ParseOptions} from '../promql/parser/tokenstream.ts';
import {checkAlertTemplate} from '../template/prometheus.ts';
import {labelsWithEmpty, pairsOf} from './labelpairs.ts';
import type {RuleConfig, RuleGroupConfig} from './rulegroup-config.ts';
import {YamlReader} from './yamlreader.ts';

export interface RuleFileOptions {
  /** Skip keys that nobody knows, instead of refusing them. */
  ignoreUnknownFields?: boolean;
  /** Names as they were before UTF-8 was allowed. */
  legacyNames?: boolean;
  /** What PromQL is allowed. */
  parse?: ParseOptions;
}

export interface RuleFile {
  groups: RuleGroupConfig[];
  /** What is wrong: `line:column: group "g", rule 1, "r": …`. */
  problems: string[];
  warnings: string[];
}

/** Reads the text of a rule file. What is wrong with it are problems; the groups are of use only without any. */
export function parseRuleFile(text: string, options: RuleFileOptions = {}): RuleFile {
  const file: RuleFile = {groups: [], problems: [], warnings: []};
  try {
    new RuleFileReader(text, options, file).read();
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    file.problems.push(`yaml: line ${placeOf(text, error.offset).line}: ${error.message}`);
  }
  return file;
}

/** Reads the text of one rule, as it stands in a rule file. */
export function parseRule(
  text: string,
  options: RuleFileOptions = {},
): {rule: RuleConfig | null; problems: string[]} {
  const file: RuleFile = {groups: [], problems: [], warnings: []};
  try {
    new RuleFileReader(text, options, file).readRule();
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    file.problems.push(`yaml: line ${placeOf(text, error.offset).line}: ${error.message}`);
  }
  return {
    rule: file.problems.length > 0 ? null : (file.groups[0]?.rules[0] ?? null),
    problems: file.problems,
  };
}

/** What is known of a rule while it is read: its fields, and where they stand. */
interface RuleNodes {
  config: RuleConfig;
  /** `line:column` of the values, `0:0` where there is none. */
  places: {record: string; alert: string; expr: string};
}

const noPlace = '0:0';

class RuleFileReader {
  readonly #yaml: YamlReader;
  readonly #options: RuleFileOptions;
  readonly #file: RuleFile;
  readonly #nodes: {place: string; labels: Labels; rules: RuleNodes[]}[] = [];

  constructor(text: string, options: RuleFileOptions, file: RuleFile) {
    this.#yaml = new YamlReader(text, {ignoreUnknownFields: options.ignoreUnknownFields ?? false});
    this.#options = options;
    this.#file = file;
  }

  read(): void {
    const {root, count} = this.#yaml;
    if (count > 1) {
      this.#file.warnings.push(
        'Multiple document yaml rules files are not supported, only the first document is processed',
      );
    }
    if (root !== null) {
      this.#yaml.fields(root, 'rulefmt.RuleGroups', {
        groups: (node) => this.#yaml.list(node, '[]rulefmt.RuleGroup', (each) => this.#group(each)),
      });
    }
    this.#file.problems.push(...this.#yaml.problems);
    if (this.#file.problems.length === 0) this.#validate();
    for (const {labels, rules} of this.#nodes) {
      for (const {config} of rules)
        config.labels = labelsWithEmpty([...pairsOf(labels), ...pairsOf(config.labels)]);
    }
  }

  readRule(): void {
    const {root} = this.#yaml;
    if (root === null) {
      this.#file.problems.push('the rule is empty');
      return;
    }
    const rule = this.#rule(root);
    this.#file.problems.push(...this.#yaml.problems);
    if (this.#file.problems.length > 0) return;
    for (const {where, message} of this.#ruleProblems(rule)) this.#file.problems.push(where + message);
    const group: RuleGroupConfig = {
      name: '',
      intervalMs: 0,
      queryOffsetMs: null,
      limit: 0,
      rules: [rule.config],
    };
    this.#file.groups.push(group);
  }

  #group(node: YamlNode): void {
    const group: RuleGroupConfig = {name: '', intervalMs: 0, queryOffsetMs: null, limit: 0, rules: []};
    const rules: RuleNodes[] = [];
    let labels: Labels = [];
    this.#yaml.fields(node, 'rulefmt.RuleGroup', {
      name: (value) => (group.name = this.#yaml.string(value)),
      interval: (value) => (group.intervalMs = this.#yaml.duration(value)),
      query_offset: (value) => (group.queryOffsetMs = isNullNode(value) ? null : this.#yaml.duration(value)),
      limit: (value) => (group.limit = this.#yaml.integer(value)),
      labels: (value) => (labels = this.#yaml.strings(value)),
      rules: (value) => this.#yaml.list(value, '[]rulefmt.Rule', (each) => rules.push(this.#rule(each))),
    });
    for (const {config} of rules) group.rules.push(config);
    this.#file.groups.push(group);
    this.#nodes.push({place: this.#yaml.place(node), labels, rules});
  }

  #rule(node: YamlNode): RuleNodes {
    const config: RuleConfig = {
      record: '',
      alert: '',
      expr: '',
      forMs: 0,
      keepFiringForMs: 0,
      labels: [],
      annotations: [],
    };
    const places = {record: noPlace, alert: noPlace, expr: noPlace};
    const text = (name: 'record' | 'alert' | 'expr', value: YamlNode): void => {
      config[name] = this.#yaml.string(value);
      places[name] = this.#yaml.place(value);
    };
    this.#yaml.fields(node, 'rulefmt.Rule', {
      record: (value) => text('record', value),
      alert: (value) => text('alert', value),
      expr: (value) => text('expr', value),
      for: (value) => (config.forMs = this.#yaml.duration(value)),
      keep_firing_for: (value) => (config.keepFiringForMs = this.#yaml.duration(value)),
      labels: (value) => (config.labels = this.#yaml.strings(value)),
      annotations: (value) => (config.annotations = this.#yaml.strings(value)),
    });
    return {config, places};
  }

  #validate(): void {
    const {groups, problems} = this.#file;
    const names = new Set<string>();
    for (const [index, group] of groups.entries()) {
      const {place, labels, rules} = this.#nodes[index]!;
      if (group.name === '') problems.push(`${place}: Groupname must not be empty`);
      if (names.has(group.name))
        problems.push(`${place}: groupname: "${group.name}" is repeated in the same file`);
      names.add(group.name);
      problems.push(...this.#labelProblems(labels));
      for (const [number, rule] of rules.entries()) {
        const {alert, record} = rule.config;
        const which = `group ${quoteGo(group.name)}, rule ${number + 1}, ${quoteGo(alert === '' ? record : alert)}`;
        for (const {where, message} of this.#ruleProblems(rule))
          problems.push(`${where}${which}: ${message}`);
      }
    }
  }

  #ruleProblems({config, places}: RuleNodes): {where: string; message: string}[] {
    const problems: {where: string; message: string}[] = [];
    const {record, alert, expr} = config;
    const add = (message: string, ...at: string[]): void => {
      problems.push({where: at.map((place) => `${place}: `).join(''), message});
    };
    if (record !== '' && alert !== '')
      add("only one of 'record' and 'alert' must be set", places.record, places.alert);
    if (record === '' && alert === '')
      add("one of 'record' or 'alert' must be set", places.record, places.alert);
    if (expr === '') add("field 'expr' must be set in rule", places.expr);
    else {
      try {
        parseExpr(expr, this.#options.parse ?? {});
      } catch (error) {
        add(`could not parse expression: ${(error as Error).message}`, places.expr);
      }
    }
    if (record !== '') for (const each of this.#recordProblems(config)) add(each, places.record);
    for (const each of this.#labelProblems(config.labels)) add(each);
    for (const [name] of pairsOf(config.annotations)) {
      if (!this.#isLabelName(name)) add(`invalid annotation name: ${name}`);
    }
    if (alert !== '') for (const each of templateProblems(config)) add(each);
    return problems;
  }

  #recordProblems({record, annotations, forMs, keepFiringForMs}: RuleConfig): string[] {
    const problems: string[] = [];
    if (annotations.length > 0) problems.push("invalid field 'annotations' in recording rule");
    if (forMs !== 0) problems.push("invalid field 'for' in recording rule");
    if (keepFiringForMs !== 0) problems.push("invalid field 'keep_firing_for' in recording rule");
    const valid = this.#options.legacyNames === true ? isLegacyMetricName(record) : record.isWellFormed();
    if (!valid) problems.push(`invalid recording rule name: ${record}`);
    if (/[{}]/.test(record))
      problems.push(`braces present in the recording rule name; should it be in expr?: ${record}`);
    return problems;
  }

  #labelProblems(labels: Labels): string[] {
    const problems: string[] = [];
    for (const [name, value] of pairsOf(labels)) {
      if (!this.#isLabelName(name) || name === metricNameLabel) problems.push(`invalid label name: ${name}`);
      if (!value.isWellFormed()) problems.push(`invalid label value: ${value}`);
    }
    return problems;
  }

  #isLabelName(name: string): boolean {
    return this.#options.legacyNames === true ? isLegacyLabelName(name) : name !== '' && name.isWellFormed();
  }
}

function templateProblems({alert, labels, annotations}: RuleConfig): string[] {
  const problems: string[] = [];
  const check = (what: string, texts: Labels): void => {
    for (const [name, text] of pairsOf(texts)) {
      try {
        checkAlertTemplate(alert, text);
      } catch (error) {
        problems.push(`${what} ${quoteGo(name)}: ${(error as Error).message}`);
      }
    }
  };
  check('label', labels);
  check('annotation', annotations);
  return problems;
}
