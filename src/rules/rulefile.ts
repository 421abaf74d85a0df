// Rule files as Prometheus's model/rulefmt reads them, with its words for what is wrong.

import {quoteGo} from '../base/quote.ts';
import {isNullNode, resolveScalar} from '../base/yaml-resolve.ts';
import {parseYaml, placeOf, YamlError, yamlLimits, type YamlNode} from '../base/yaml.ts';
import {parseDuration} from '../model/duration.ts';
import {mismatch} from '../model/fields.ts';
import {
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  labelsOf,
  metricNameLabel,
} from '../model/labels.ts';
import {parseExpr} from '../promql/parser/parser.ts';
import type {ParseOptions} from '../promql/parser/tokenstream.ts';
import {checkAlertTemplate} from '../template/prometheus.ts';
import type {RuleConfig, RuleGroupConfig} from './rulegroup-config.ts';

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
  const reader = new RuleFileReader(text, options, file);
  try {
    reader.read();
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    file.problems.push(`yaml: line ${placeOf(text, error.offset).line}: ${error.message}`);
  }
  return file;
}

/** What is known of a rule while it is read: its fields, and where they stand. */
interface RuleNodes {
  config: RuleConfig;
  /** `line:column` of the values, `0:0` where there is none. */
  places: {record: string; alert: string; expr: string};
}

const noPlace = '0:0';

class RuleFileReader {
  readonly #text: string;
  readonly #options: RuleFileOptions;
  readonly #file: RuleFile;
  /** Lines of what yaml.v3 calls unmarshal errors. */
  readonly #mismatches: string[] = [];
  readonly #nodes: {place: string; labels: Labels; rules: RuleNodes[]}[] = [];

  constructor(text: string, options: RuleFileOptions, file: RuleFile) {
    this.#text = text;
    this.#options = options;
    this.#file = file;
  }

  read(): void {
    const {root, problems, count} = parseYaml(this.#text, yamlLimits);
    for (const {offset, message} of problems) this.#mismatch(offset, message);
    if (count > 1) {
      this.#file.warnings.push(
        'Multiple document yaml rules files are not supported, only the first document is processed',
      );
    }
    if (root !== null) {
      this.#fields(root, 'rulefmt.RuleGroups', {
        groups: (node) => this.#list(node, '[]rulefmt.RuleGroup', (each) => this.#group(each)),
      });
    }
    if (this.#mismatches.length > 0) {
      this.#file.problems.unshift(`yaml: unmarshal errors:\n${this.#mismatches.join('\n')}`);
    }
    if (this.#file.problems.length === 0) this.#validate();
    for (const {labels, rules} of this.#nodes) {
      for (const {config} of rules)
        config.labels = labelsWithEmpty([...pairsOf(labels), ...pairsOf(config.labels)]);
    }
  }

  #group(node: YamlNode): void {
    const group: RuleGroupConfig = {name: '', intervalMs: 0, queryOffsetMs: null, limit: 0, rules: []};
    const rules: RuleNodes[] = [];
    let labels: Labels = [];
    this.#fields(node, 'rulefmt.RuleGroup', {
      name: (value) => (group.name = this.#string(value)),
      interval: (value) => (group.intervalMs = this.#duration(value)),
      query_offset: (value) => (group.queryOffsetMs = isNullNode(value) ? null : this.#duration(value)),
      limit: (value) => (group.limit = this.#integer(value)),
      labels: (value) => (labels = this.#strings(value)),
      rules: (value) => this.#list(value, '[]rulefmt.Rule', (each) => rules.push(this.#rule(each))),
    });
    for (const {config} of rules) group.rules.push(config);
    this.#file.groups.push(group);
    this.#nodes.push({place: this.#place(node), labels, rules});
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
      config[name] = this.#string(value);
      places[name] = this.#place(value);
    };
    this.#fields(node, 'rulefmt.Rule', {
      record: (value) => text('record', value),
      alert: (value) => text('alert', value),
      expr: (value) => text('expr', value),
      for: (value) => (config.forMs = this.#duration(value)),
      keep_firing_for: (value) => (config.keepFiringForMs = this.#duration(value)),
      labels: (value) => (config.labels = this.#strings(value)),
      annotations: (value) => (config.annotations = this.#strings(value)),
    });
    return {config, places};
  }

  #fields(node: YamlNode, type: string, fields: Record<string, (value: YamlNode) => unknown>): void {
    if (isNullNode(node)) return;
    if (node.kind !== 'mapping') return this.#mismatch(node.offset, mismatch(node, type).message);
    for (const {key, keyOffset, value} of node.entries) {
      if (Object.hasOwn(fields, key)) fields[key]!(value);
      else if (this.#options.ignoreUnknownFields !== true)
        this.#mismatch(keyOffset, `field ${key} not found in type ${type}`);
    }
  }

  #list(node: YamlNode, type: string, use: (item: YamlNode) => void): void {
    if (isNullNode(node)) return;
    if (node.kind !== 'sequence') return this.#mismatch(node.offset, mismatch(node, type).message);
    for (const item of node.items) use(item);
  }

  #string(node: YamlNode): string {
    if (isNullNode(node)) return '';
    if (node.kind === 'scalar') return node.text;
    this.#mismatch(node.offset, mismatch(node, 'string').message);
    return '';
  }

  #strings(node: YamlNode): Labels {
    if (isNullNode(node)) return [];
    if (node.kind !== 'mapping') {
      this.#mismatch(node.offset, mismatch(node, 'map[string]string').message);
      return [];
    }
    const pairs = node.entries.map(({key, value}): [string, string] => [key, this.#string(value)]);
    return labelsWithEmpty(pairs);
  }

  #integer(node: YamlNode): number {
    if (isNullNode(node)) return 0;
    if (node.kind === 'scalar') {
      const {value} = resolveScalar(node);
      if (typeof value === 'number' && Number.isInteger(value)) return value;
    }
    this.#mismatch(node.offset, mismatch(node, 'int').message);
    return 0;
  }

  #duration(node: YamlNode): number {
    if (isNullNode(node)) return 0;
    if (node.kind !== 'scalar') this.#mismatch(node.offset, mismatch(node, 'string').message);
    else {
      try {
        return parseDuration(node.text);
      } catch (error) {
        this.#file.problems.push(`${this.#place(node)}: ${(error as Error).message}`);
      }
    }
    return 0;
  }

  #mismatch(offset: number, message: string): void {
    const {line} = placeOf(this.#text, offset);
    for (const each of message.split('\n')) this.#mismatches.push(`  line ${line}: ${each}`);
  }

  #place({offset}: YamlNode): string {
    const {line, column} = placeOf(this.#text, offset);
    return `${line}:${column}`;
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

function* pairsOf(labels: Labels): Generator<[string, string]> {
  for (let i = 0; i < labels.length; i += 2) yield [labels[i]!, labels[i + 1]!];
}

/** Sorted by name; unlike the labels of a series, those of a rule may be empty: such a one takes a label away. */
function labelsWithEmpty(pairs: readonly [string, string][]): Labels {
  const names = labelsOf(pairs.map(([name]) => [name, 'x'] as const));
  const values = new Map(pairs);
  return names.flatMap((name, i) => (i % 2 === 0 ? [name, values.get(name)!] : []));
}
