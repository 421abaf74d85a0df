import type {AlertingRule, LabelSet} from '../api/types.ts';
import {formatDuration} from '../../../src/model/duration.ts';

/** A rule as it stands in a file. JSON's strings are YAML's. */
export function ruleYaml({name, query, duration, keepFiringFor, labels, annotations}: AlertingRule): string {
  const lines = [`alert: ${JSON.stringify(name)}`, ...exprLines(query)];
  if (duration > 0) lines.push(`for: ${formatDuration(duration * 1000)}`);
  if (keepFiringFor > 0) lines.push(`keep_firing_for: ${formatDuration(keepFiringFor * 1000)}`);
  lines.push(...mapLines('labels', labels), ...mapLines('annotations', annotations));
  return `${lines.join('\n')}\n`;
}

function exprLines(query: string): string[] {
  return ['expr: |', ...query.split('\n').map((line) => `  ${line}`)];
}

function mapLines(name: string, texts: LabelSet): string[] {
  const entries = Object.entries(texts).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return entries.length === 0 ? [] : [`${name}:`, ...entries];
}
