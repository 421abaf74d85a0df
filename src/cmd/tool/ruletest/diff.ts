// Two lists of alerts side by side, in colours: what is only expected is red, what is only there green, what differs yellow.

import {labelsToRecord} from '../../../model/labels.ts';
import type {LabelsAndAnnotations} from './format.ts';

const removed = '\u001b[0;31m';
const added = '\u001b[0;32m';
const changed = '\u001b[0;33m';
const reset = '\u001b[0m';

type Json = string | Json[] | {[key: string]: Json};

export function formatAlertsDiff(
  expected: readonly LabelsAndAnnotations[],
  got: readonly LabelsAndAnnotations[],
): string {
  const [left, right] = [expected, got].map((alerts): Json => {
    const shown = alerts.length === 0 ? [{labels: [], annotations: []}] : alerts;
    return shown.map(({labels, annotations}) => ({
      Labels: labelsToRecord(labels),
      Annotations: labelsToRecord(annotations),
    }));
  });
  return diff(left!, right!, '');
}

function diff(left: Json, right: Json, indent: string): string {
  const inner = `${indent}    `;
  if (Array.isArray(left) && Array.isArray(right)) {
    const length = Math.max(left.length, right.length);
    const items = Array.from({length}, (_, i) => diffItem('', left[i], right[i], inner));
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (isObject(left) && isObject(right)) {
    const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
    if (keys.length === 0) return '{}';
    const items = keys.map((key) => diffItem(`${JSON.stringify(key)}: `, left[key], right[key], inner));
    return `{\n${items.join(',\n')}\n${indent}}`;
  }
  if (left === right) return JSON.stringify(left);
  return `${changed}${JSON.stringify(left)} => ${JSON.stringify(right)}${reset}`;
}

function diffItem(name: string, left: Json | undefined, right: Json | undefined, indent: string): string {
  if (left !== undefined && right !== undefined) return indent + name + diff(left, right, indent);
  const colour = left === undefined ? added : removed;
  const text = JSON.stringify(left ?? right, null, 4).replaceAll('\n', `\n${indent}`);
  return `${indent}${colour}${name}${text}${reset}`;
}

function isObject(value: Json): value is {[key: string]: Json} {
  return typeof value === 'object' && !Array.isArray(value);
}
