import {isLegacyLabelName} from '../model/labels.ts';
import type {Labels} from '../model/labels.ts';
import {lowerCase, upperCase} from '../base/case.ts';
import type {RelabelConfig} from './config.ts';
import {LabelEdit} from './edit.ts';
import {md5Modulo} from './md5.ts';
import {Pattern} from './pattern.ts';
import {expandTemplate, parseTemplate, type Template} from './template.ts';

/** A rule that is ready to run. It remembers recent results, so each thread compiles its own. */
export interface CompiledRelabelConfig {
  readonly config: RelabelConfig;
  readonly pattern: Pattern;
  readonly target: Template;
  readonly replacement: Template;
  readonly memory: ResultMemory;
}

/** Prepares rules that were checked when the configuration was read. Throws SyntaxError where a regex is none. */
export function compileRelabel(configs: readonly RelabelConfig[]): CompiledRelabelConfig[] {
  return configs.map((config) => {
    const pattern = new Pattern(config.regex);
    return {
      config,
      pattern,
      target: parseTemplate(config.targetLabel, pattern.groupNames),
      replacement: parseTemplate(config.replacement, pattern.groupNames),
      memory: new ResultMemory(),
    };
  });
}

const edit = new LabelEdit();

/**
 * Applies rules in their order. null = a rule drops the label set. Where nothing changes, the result is `labels` itself.
 *
 * The semantics are Prometheus 3's (model/relabel): any text that is not empty is a label's name. A name that comes out
 * empty is not set; Prometheus would write a label without a name, which nothing accepts afterwards.
 */
export function relabel(labels: Labels, rules: readonly CompiledRelabelConfig[]): Labels | null {
  if (rules.length === 0) return labels;
  edit.reset(labels);
  for (let i = 0; i < rules.length; i++) if (!apply(rules[i]!)) return null;
  return edit.result();
}

/** Runs one rule over `edit`; false = drop. */
function apply(rule: CompiledRelabelConfig): boolean {
  const {action, targetLabel} = rule.config;
  switch (action) {
    case 'replace':
      replace(rule, joinSource(rule.config));
      return true;
    case 'keep':
      return matches(rule, joinSource(rule.config));
    case 'drop':
      return !matches(rule, joinSource(rule.config));
    case 'keepequal':
      return edit.get(targetLabel) === joinSource(rule.config);
    case 'dropequal':
      return edit.get(targetLabel) !== joinSource(rule.config);
    case 'hashmod':
      edit.set(targetLabel, hash(rule, joinSource(rule.config)));
      return true;
    case 'lowercase':
      edit.set(targetLabel, lowerCase(joinSource(rule.config)));
      return true;
    case 'uppercase':
      edit.set(targetLabel, upperCase(joinSource(rule.config)));
      return true;
    case 'labelmap':
      mapLabels(rule);
      return true;
    case 'labeldrop':
      dropLabels(rule, true);
      return true;
    case 'labelkeep':
      dropLabels(rule, false);
      return true;
  }
}

function joinSource(config: RelabelConfig): string {
  const {sourceLabels, separator} = config;
  if (sourceLabels.length === 0) return '';
  let text = edit.get(sourceLabels[0]!);
  for (let i = 1; i < sourceLabels.length; i++) text += separator + edit.get(sourceLabels[i]!);
  return text;
}

function matches(rule: CompiledRelabelConfig, text: string): boolean {
  if (rule.pattern.isCheap) return rule.pattern.matches(text);
  const known = rule.memory.get(text);
  if (known !== undefined) return known !== null;
  const matched = rule.pattern.matches(text);
  rule.memory.set(text, matched ? '' : null);
  return matched;
}

function hash(rule: CompiledRelabelConfig, text: string): string {
  const known = rule.memory.get(text);
  if (typeof known === 'string') return known;
  const value = md5Modulo(text, rule.config.modulus);
  rule.memory.set(text, value);
  return value;
}

function replace(rule: CompiledRelabelConfig, text: string): void {
  const {pattern, target, replacement, memory} = rule;
  if (target.literal === null) {
    const groups = pattern.groups(text);
    if (groups === null) return;
    const name = expandTemplate(target, groups);
    if (rule.config.legacyNames === true && !isLegacyLabelName(name)) return;
    setUnlessNameless(name, expandTemplate(replacement, groups));
    return;
  }
  let value: string | null | undefined;
  if (pattern.isCheap) value = expandMatch(rule, text);
  else {
    value = memory.get(text);
    if (value === undefined) {
      value = expandMatch(rule, text);
      memory.set(text, value);
    }
  }
  if (value !== null) setUnlessNameless(target.literal, value);
}

function expandMatch(rule: CompiledRelabelConfig, text: string): string | null {
  if (rule.replacement.literal !== null) return rule.pattern.matches(text) ? rule.replacement.literal : null;
  const groups = rule.pattern.groups(text);
  return groups === null ? null : expandTemplate(rule.replacement, groups);
}

function setUnlessNameless(name: string, value: string): void {
  if (name !== '') edit.set(name, value);
}

function mapLabels(rule: CompiledRelabelConfig): void {
  // What the rule sets is not mapped again.
  const before = edit.inOrder();
  for (let i = 0; i < before.length; i += 2) {
    const name = mapName(rule, before[i]!);
    if (name !== null) setUnlessNameless(name, before[i + 1]!);
  }
}

function mapName(rule: CompiledRelabelConfig, name: string): string | null {
  const known = rule.memory.get(name);
  if (known !== undefined) return known;
  const mapped = expandMatch(rule, name);
  rule.memory.set(name, mapped);
  return mapped;
}

function dropLabels(rule: CompiledRelabelConfig, matching: boolean): void {
  const names = edit.names();
  for (let i = 0; i < names.length; i++) if (matches(rule, names[i]!) === matching) edit.delete(names[i]!);
}

const entriesMax = 4096;
const keyCharsMax = 1024;

/** Results for recent texts; null = no match. Forgets everything when it is full. */
class ResultMemory {
  readonly #results = new Map<string, string | null>();

  get(text: string): string | null | undefined {
    return this.#results.get(text);
  }

  set(text: string, result: string | null): void {
    if (text.length > keyCharsMax) return;
    if (this.#results.size >= entriesMax) this.#results.clear();
    this.#results.set(text, result);
  }
}
