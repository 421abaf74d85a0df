import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import type {YamlMap} from '../base/yaml-write.ts';
import {FlowSequence} from '../base/yaml-write.ts';
import {count, type Field, labelName, list, scalarField, section, text} from '../model/fields.ts';
import {compileAnchored} from './anchored.ts';
import {isLegacyLabelName} from '../model/labels.ts';
import type {RelabelAction, RelabelConfig} from './config.ts';

const actions: readonly RelabelAction[] = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
];

const action: Field<RelabelAction | ''> = scalarField<RelabelAction | ''>('string', '', (scalar) => {
  const lower = scalar.text.toLowerCase() as RelabelAction;
  if (!actions.includes(lower)) throw new SyntaxError(`unknown relabel action ${quoteGo(scalar.text)}`);
  return lower;
});

const regex: Field<string> = scalarField('string', '', (scalar) => {
  compileAnchored(scalar.text);
  return scalar.text;
});

const shape = {
  source_labels: list(labelName).optional(),
  separator: text.default(';'),
  regex: regex.optional(),
  modulus: count.default(0),
  target_label: text.default(''),
  replacement: text.default('$1'),
  action: action.default('replace'),
} as const;

type Fields = z.output<z.ZodObject<typeof shape>>;

/** A relabelling rule as the configuration has it, and as it is shown. */
export interface ReadRelabelConfig {
  config: RelabelConfig;
  document: YamlMap;
}

/** Rules in their order. `empty` is the complaint where one of them says nothing. */
export function relabelConfigs(empty: string): z.ZodDefault<z.ZodType<ReadRelabelConfig[]>> {
  const rule = section(() => shape, empty).transform((read, context): ReadRelabelConfig => {
    const complaint = complain(read);
    if (complaint !== null) context.issues.push({code: 'custom', message: complaint, input: read});
    return {config: configOf(read), document: documentOf(read)};
  });
  return list(rule, 'a list of relabel_configs').default([]);
}

/**
 * The rules, checked for names that are not valid. `legacyNames`: other names than the older ones are not; all of them are
 * otherwise.
 */
export function namedRules(
  rules: readonly ReadRelabelConfig[],
  legacyNames: boolean,
  complain: (path: (string | number)[], message: string) => void,
): RelabelConfig[] {
  return rules.map(({config}, index) => {
    if (!legacyNames) return config;
    const wrong = invalidName(config);
    if (wrong !== null)
      complain(
        [index, wrong],
        `${quoteGo(wrong === 'replacement' ? config.replacement : config.targetLabel)} is invalid '${wrong}' for ${config.action} action`,
      );
    return {...config, legacyNames};
  });
}

/** Older names, with references to groups. */
const legacyTemplate = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/;

function invalidName({
  action,
  targetLabel,
  replacement,
}: RelabelConfig): 'target_label' | 'replacement' | null {
  switch (action) {
    case 'replace': {
      const isTemplate = targetLabel.includes('$');
      const valid = isTemplate ? legacyTemplate.test(targetLabel) : isLegacyLabelName(targetLabel);
      return valid ? null : 'target_label';
    }
    case 'lowercase':
    case 'uppercase':
    case 'keepequal':
    case 'dropequal':
    case 'hashmod':
      return isLegacyLabelName(targetLabel) ? null : 'target_label';
    case 'labelmap':
      return legacyTemplate.test(replacement) ? null : 'replacement';
    default:
      return null;
  }
}

function configOf(read: Fields): RelabelConfig {
  return {
    sourceLabels: read.source_labels ?? [],
    separator: read.separator,
    regex: read.regex ?? '(.*)',
    modulus: read.modulus,
    targetLabel: read.target_label,
    replacement: read.replacement,
    action: read.action === '' ? 'replace' : read.action,
  };
}

/** What is wrong with a rule, in Prometheus's words, or null. */
function complain(read: Fields): string | null {
  const {action, target_label: target, replacement} = read;
  if (action === '') return 'relabel action cannot be empty';
  if (action === 'hashmod' && read.modulus === 0)
    return 'relabel configuration for hashmod requires non-zero modulus';
  const labelsOnly = action === 'labelmap' || action === 'labeldrop' || action === 'labelkeep';
  if (!labelsOnly && action !== 'keep' && action !== 'drop' && target === '')
    return `relabel configuration for ${action} action requires 'target_label' value`;
  const equal = action === 'keepequal' || action === 'dropequal';
  if ((equal || action === 'lowercase' || action === 'uppercase') && replacement !== '$1')
    return `'replacement' can not be set for ${action} action`;
  if (action === 'labelmap' && replacement === '')
    return `${quoteGo(replacement)} is invalid 'replacement' for labelmap action`;
  const plain = read.modulus === 0 && read.separator === ';' && replacement === '$1';
  if (equal && (read.regex !== undefined || !plain))
    return `${action} action requires only 'source_labels' and \`target_label\`, and no other fields`;
  if (
    (action === 'labeldrop' || action === 'labelkeep') &&
    (read.source_labels !== undefined || target !== '' || !plain)
  )
    return `${action} action requires only 'regex', and no other fields`;
  return null;
}

function documentOf(read: Fields): YamlMap {
  const document: YamlMap = new Map();
  if (read.source_labels !== undefined && read.source_labels.length > 0)
    document.set('source_labels', new FlowSequence(read.source_labels));
  document.set('separator', read.separator);
  if (read.regex !== undefined) document.set('regex', read.regex);
  if (read.modulus !== 0) document.set('modulus', read.modulus);
  if (read.target_label !== '') document.set('target_label', read.target_label);
  document.set('replacement', read.replacement);
  document.set('action', read.action);
  return document;
}
