import type * as z from 'zod';
import {quoteGo} from '../base/quote.ts';
import type {YamlMap} from '../base/yaml-write.ts';
import {FlowSequence} from '../base/yaml-write.ts';
import {count, type Field, labelName, list, scalarField, section, text} from '../model/fields.ts';
import {compileAnchored} from './anchored.ts';
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
  const rule = section(shape, empty).transform((read, context): ReadRelabelConfig => {
    const complaint = complain(read);
    if (complaint !== null) context.issues.push({code: 'custom', message: complaint, input: read});
    return {config: configOf(read), document: documentOf(read)};
  });
  return list(rule, 'a list of relabel_configs').default([]);
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
