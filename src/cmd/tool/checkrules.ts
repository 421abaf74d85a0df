import {readFileSync} from 'node:fs';
import {quoteGo} from '../../base/quote.ts';
import {compareLabels, compareStrings, type Labels} from '../../model/labels.ts';
import type {ParseOptions} from '../../promql/parser/tokenstream.ts';
import {parseRuleFile, type RuleFile} from '../../rules/rulefile.ts';
import type {RuleGroupConfig} from '../../rules/rulegroup-config.ts';
import {readTextFile} from '../textfile.ts';
import type {Output} from './output.ts';

export interface CheckRulesOptions {
  /** None = standard input. */
  files: readonly string[];
  /** all, duplicate-rules, none, separated by commas. */
  lint: string;
  lintFatal: boolean;
  ignoreUnknownFields: boolean;
  parse: ParseOptions;
}

const lintExitCode = 3;
const standardInput = 0;

/** Checks rule files. Gives the exit code: 1 where a file is wrong, 3 where one is only not as it should be. */
export function checkRules(options: CheckRulesOptions, output: Output, errors: Output): number {
  const {files, lint, lintFatal} = options;
  const settings = lint.split(',');
  for (const each of settings) {
    if (!['', 'all', 'duplicate-rules', 'none'].includes(each))
      output.write(`WARNING: unknown lint option: ${quoteGo(each)}\n`);
  }
  const lintsDuplicates = settings.includes('all') || settings.includes('duplicate-rules');
  let wrong = false;
  let linted = false;
  const check = (name: string, read: () => string, prefix: string): void => {
    output.write(`Checking ${name}\n`);
    const {problems, groups} = readRules(read, options);
    if (problems.length > 0) {
      wrong = true;
      errors.write(`  FAILED:\n${problems.map((each) => `${prefix}${each}\n`).join('')}`);
      return;
    }
    const duplicates = lintsDuplicates ? duplicatesOf(groups) : [];
    if (duplicates.length > 0) {
      linted = true;
      errors.write(`  FAILED:\nlint error ${describeDuplicates(duplicates)}\n`);
    } else {
      const count = groups.reduce((sum, {rules}) => sum + rules.length, 0);
      output.write(`  SUCCESS: ${count} rules found\n`);
    }
    output.write('\n');
  };
  if (files.length === 0) check('standard input', () => readFileSync(standardInput, 'utf8'), '');
  for (const file of files) check(file, () => readTextFile(file), `${file}: `);
  if (wrong) return 1;
  return linted && lintFatal ? lintExitCode : 0;
}

function readRules(
  read: () => string,
  {ignoreUnknownFields, parse}: CheckRulesOptions,
): Pick<RuleFile, 'groups' | 'problems'> {
  try {
    return parseRuleFile(read(), {ignoreUnknownFields, parse});
  } catch (error) {
    return {groups: [], problems: [(error as Error).message]};
  }
}

interface NamedRule {
  name: string;
  labels: Labels;
}

/** Rules that store series of the same name and labels, each once. */
function duplicatesOf(groups: readonly RuleGroupConfig[]): NamedRule[] {
  const rules = groups
    .flatMap((group) => group.rules)
    .map(({alert, record, labels}): NamedRule => ({name: alert === '' ? record : alert, labels}))
    .sort(compareRules);
  const duplicates: NamedRule[] = [];
  for (let i = 1; i < rules.length; i++) {
    const rule = rules[i]!;
    const known = duplicates.at(-1);
    if (compareRules(rules[i - 1]!, rule) === 0 && (known === undefined || compareRules(known, rule) !== 0))
      duplicates.push(rule);
  }
  return duplicates;
}

function compareRules(left: NamedRule, right: NamedRule): number {
  return compareStrings(left.name, right.name) || compareLabels(left.labels, right.labels);
}

function describeDuplicates(duplicates: readonly NamedRule[]): string {
  let text = `${duplicates.length} duplicate rule(s) found.\n`;
  for (const {name, labels} of duplicates) {
    text += `Metric: ${name}\nLabel(s):\n`;
    for (let i = 0; i < labels.length; i += 2) text += `\t${labels[i]}: ${labels[i + 1]}\n`;
  }
  return `${text}Might cause inconsistency while recording expressions`;
}
