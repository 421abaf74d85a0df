// What metrics should be named like, and what makes them inconsistent: the rules of promlint, with its words.
// https://prometheus.io/docs/practices/naming/

import type {TextFamily} from './textfamilies.ts';

export interface LintProblem {
  metric: string;
  text: string;
}

/** All problems, by metric and then by text. */
export function lintFamilies(families: Iterable<TextFamily>): LintProblem[] {
  const problems: LintProblem[] = [];
  for (const family of families)
    for (const rule of rules) for (const text of rule(family)) problems.push({metric: family.name, text});
  return problems.sort((a, b) => compare(a.metric, b.metric) || compare(a.text, b.text));
}

type Rule = (family: TextFamily) => string[];

const rules: readonly Rule[] = [
  help,
  units,
  counter,
  reserved,
  typeInName,
  colon,
  camelCase,
  abbreviations,
  unique,
];

function help({hasHelp}: TextFamily): string[] {
  return hasHelp ? [] : ['no help text'];
}

function units({name}: TextFamily): string[] {
  for (const word of name.split('_')) {
    const base = baseUnitOf(word);
    if (base !== undefined) return base === word ? [] : [`use base unit "${base}" instead of "${word}"`];
  }
  return [];
}

function counter({name, type}: TextFamily): string[] {
  const isTotal = name.endsWith('_total');
  if (type === 'counter') return isTotal ? [] : ['counter metrics should have "_total" suffix'];
  return isTotal && type !== 'untyped' ? ['non-counter metrics should not have "_total" suffix'] : [];
}

function reserved({name, type, metrics}: TextFamily): string[] {
  if (type === 'untyped') return [];
  const isHistogram = type === 'histogram';
  const isSummary = type === 'summary';
  const problems: string[] = [];
  if (!isHistogram && name.endsWith('_bucket'))
    problems.push('non-histogram metrics should not have "_bucket" suffix');
  for (const suffix of ['_count', '_sum']) {
    if (!isHistogram && !isSummary && name.endsWith(suffix))
      problems.push(`non-histogram and non-summary metrics should not have "${suffix}" suffix`);
  }
  for (const {labelNames} of metrics) {
    for (const label of labelNames) {
      if (!isHistogram && label === 'le') problems.push('non-histogram metrics should not have "le" label');
      if (!isSummary && label === 'quantile')
        problems.push('non-summary metrics should not have "quantile" label');
    }
  }
  return problems;
}

function typeInName({name, type}: TextFamily): string[] {
  return type !== 'untyped' && hasWord(name, type) ? [`metric name should not include type '${type}'`] : [];
}

function colon({name}: TextFamily): string[] {
  return name.includes(':') ? ["metric names should not contain ':'"] : [];
}

function camelCase({name, metrics}: TextFamily): string[] {
  const isCamel = /[a-z][A-Z]/;
  const problems = isCamel.test(name)
    ? ["metric names should be written in 'snake_case' not 'camelCase'"]
    : [];
  for (const {labelNames} of metrics)
    for (const label of labelNames)
      if (isCamel.test(label)) problems.push("label names should be written in 'snake_case' not 'camelCase'");
  return problems;
}

function abbreviations({name}: TextFamily): string[] {
  return abbreviatedUnits
    .filter((unit) => hasWord(name, unit))
    .map(() => 'metric names should not contain abbreviated units');
}

/** One problem for each that comes again. */
function unique({metrics}: TextFamily): string[] {
  const seen = new Set<string>();
  return metrics.filter(({key}) => seen.has(key) || !seen.add(key)).map(() => 'metric not unique');
}

/** Whether it is one of the words of the name, but not the first. */
function hasWord(name: string, word: string): boolean {
  const lower = name.toLowerCase();
  return lower.includes(`_${word}_`) || lower.endsWith(`_${word}`);
}

function baseUnitOf(word: string): string | undefined {
  const known = baseUnits.get(word);
  if (known !== undefined) return known;
  for (const prefix of prefixes) {
    const base = word.startsWith(prefix) ? baseUnits.get(word.slice(prefix.length)) : undefined;
    if (base !== undefined) return base;
  }
  return undefined;
}

const baseUnits = new Map([
  ...['amperes', 'bytes', 'celsius', 'grams', 'joules', 'kelvin', 'meters', 'metres', 'seconds', 'volts'].map(
    (unit) => [unit, unit] as const,
  ),
  ...Object.entries({
    minutes: 'seconds',
    hours: 'seconds',
    days: 'seconds',
    weeks: 'seconds',
    kelvins: 'kelvin',
    fahrenheit: 'celsius',
    rankine: 'celsius',
    inches: 'meters',
    yards: 'meters',
    miles: 'meters',
    bits: 'bytes',
    calories: 'joules',
    pounds: 'grams',
    ounces: 'grams',
  }),
]);

const prefixes =
  'pico nano micro milli centi deci deca hecto kilo kibi mega mibi giga gibi tera tebi peta pebi'.split(' ');

const abbreviatedUnits = 's ms us ns sec b kb mb gb tb pb m h d'.split(' ');

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
