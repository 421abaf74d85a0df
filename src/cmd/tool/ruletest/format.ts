// What unit tests of rules print, as promtool prints it.

import type {Labels} from '../../../model/labels.ts';
import {compareLabels, formatLabels} from '../../../model/labels.ts';

export interface LabelsAndAnnotations {
  labels: Labels;
  annotations: Labels;
}

export interface ExprSample {
  labels: Labels;
  value: number;
  /** '' = the sample is a float. */
  histogram: string;
}

export function compareAlerts(left: LabelsAndAnnotations, right: LabelsAndAnnotations): number {
  return compareLabels(left.labels, right.labels) || compareLabels(left.annotations, right.annotations);
}

export function formatAlerts(alerts: readonly LabelsAndAnnotations[]): string {
  if (alerts.length === 0) return '[]';
  const items = alerts.map(
    ({labels, annotations}, index) =>
      `${index}:${indentLines(`\nLabels:${formatLabels(labels)}\nAnnotations:${formatLabels(annotations)}`, '  ')}`,
  );
  return `[\n${items.join(',\n')}\n]`;
}

export function formatSamples(samples: readonly ExprSample[]): string {
  if (samples.length === 0) return 'nil';
  return samples
    .map(
      ({labels, value, histogram}) =>
        `${formatLabels(labels)} ${histogram === '' ? formatScientific(value) : histogram}`,
    )
    .join(', ');
}

/** Indents every line but the first. */
export function indentLines(lines: string, indent: string): string {
  return lines.split('\n').join(`\n${indent}`);
}

/** strconv.FormatFloat(value, 'E', -1, 64). */
function formatScientific(value: number): string {
  if (value !== value) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = Object.is(value, -0) ? '-' : '';
  return (
    sign +
    value
      .toExponential()
      .toUpperCase()
      .replace(/E([+-])(\d)$/, 'E$10$2')
  );
}
