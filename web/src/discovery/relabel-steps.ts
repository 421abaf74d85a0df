// What each rule of relabelling does to the labels of a target, for people.
import type {LabelSet, RelabelRule, RelabelStep} from '../api/types.ts';

export interface LabelChange {
  name: string;
  /** Undefined where the rule added the label. */
  before: string | undefined;
  /** Undefined where the rule removed it. */
  after: string | undefined;
}

/** The labels that differ, by name. */
export function changesOf(before: LabelSet, after: LabelSet): LabelChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => ({name, before: before[name], after: after[name]}));
}

export interface ShownStep {
  rule: RelabelRule;
  keep: boolean;
  changes: readonly LabelChange[];
}

/** The steps up to the one that drops the target: rules behind it are not asked. */
export function shownStepsOf(labels: LabelSet, steps: readonly RelabelStep[]): ShownStep[] {
  const shown: ShownStep[] = [];
  let before = labels;
  for (const {rule, keep, output} of steps) {
    shown.push({rule, keep, changes: keep ? changesOf(before, output) : []});
    if (!keep) break;
    before = output;
  }
  return shown;
}

const defaults: RelabelRule = {action: 'replace', separator: ';', regex: '(.*)', replacement: '$1'};

/** The rule's fields that are not the defaults, as lines of the configuration file. */
export function ruleLines(rule: RelabelRule): string[] {
  const lines: string[] = [];
  if (rule.source_labels !== undefined && rule.source_labels.length > 0)
    lines.push(`source_labels: [${rule.source_labels.join(', ')}]`);
  for (const field of ['separator', 'regex', 'modulus', 'target_label', 'replacement', 'action'] as const) {
    const value = rule[field];
    if (value === undefined || (value === defaults[field] && field !== 'action')) continue;
    lines.push(`${field}: ${value === '' ? '""' : value}`);
  }
  return lines;
}
