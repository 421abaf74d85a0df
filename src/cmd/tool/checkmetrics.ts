import {lintFamilies} from './metriclint.ts';
import type {Output} from './output.ts';
import {readFamilies, type TextFamily} from './textfamilies.ts';

export interface CheckMetricsOptions {
  body: Uint8Array;
  extended: boolean;
  /** `none` = no rules; everything else is all of them. */
  lint: string;
}

/** Exit codes of promtool. */
const failure = 1;
const lintProblems = 3;

/** Says what is wrong with metrics in the text format, and how many series each of them has. Gives the exit code. */
export function checkMetrics(
  {body, extended, lint}: CheckMetricsOptions,
  output: Output,
  errors: Output,
): number {
  if (lint === 'none' && !extended) {
    errors.write('error: at least one of --extended or linting must be enabled\n');
    errors.write('Use --extended for cardinality analysis, or remove --lint=none to enable linting\n');
    return failure;
  }
  let families: TextFamily[];
  try {
    families = readFamilies(body);
  } catch (error) {
    const what = lint === 'none' ? 'parsing text to metric families' : 'linting';
    errors.write(`error while ${what}: ${inWordsOfPromtool((error as Error).message)}\n`);
    return failure;
  }
  const problems = lint === 'none' ? [] : lintFamilies(families);
  for (const {metric, text} of problems) errors.write(`${metric} ${text}\n`);
  if (extended) output.write(cardinalities(families));
  return problems.length > 0 ? lintProblems : 0;
}

function inWordsOfPromtool(message: string): string {
  return message
    .replace(/^line (\d+): /, 'text format parsing error in line $1: ')
    .replace(': invalid metric type', ': unknown metric type');
}

/** A table of the families, those with the most series first. */
function cardinalities(families: readonly TextFamily[]): string {
  const counts = families.map((family) => ({name: family.name, count: seriesOf(family)}));
  const total = counts.reduce((sum, {count}) => sum + count, 0);
  counts.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  const rows = [
    ['Metric', 'Cardinality', 'Percentage'],
    ...counts.map(({name, count}) => [name, String(count), `${((100 * count) / total).toFixed(2)}%`]),
    ['Total', String(total), '100%'],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)) + 4);
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]!)).join('')}\n`).join('');
}

/** Those of histograms and summaries are taken to be as many for each as for the first. */
function seriesOf({type, metrics}: TextFamily): number {
  const each = type === 'histogram' || type === 'summary' ? 2 + metrics[0]!.buckets : 1;
  return metrics.length * each;
}
