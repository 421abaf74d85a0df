import {quoteGo} from '../base/quote.ts';
import type {Labels} from '../model/labels.ts';
import {compareStrings, formatLabels, labelOf, metricNameLabel} from '../model/labels.ts';

export interface LabelLimits {
  /** 0 = none. */
  labelLimit: number;
  labelNameLengthLimit: number;
  labelValueLengthLimit: number;
}

/**
 * Joins the labels that a target exposes with the target's own. Without `honorLabels` the target's win and the exposed ones
 * are renamed to `exported_...`; with it the exposed ones win, also an empty one, whose label is then absent.
 */
export function joinLabels(
  exposed: Labels,
  emptyNames: readonly string[],
  target: Labels,
  honorLabels: boolean,
): Labels {
  const result = new Map<string, string>();
  for (let i = 0; i < exposed.length; i += 2) result.set(exposed[i]!, exposed[i + 1]!);
  const conflicts: string[] = [];
  for (let i = 0; i < target.length; i += 2) {
    const name = target[i]!;
    if (honorLabels) {
      if (!result.has(name) && !emptyNames.includes(name)) result.set(name, target[i + 1]!);
      continue;
    }
    if (result.has(name)) conflicts.push(name);
    result.set(name, target[i + 1]!);
  }
  // The shortest first, so that the names do not depend on the order of the labels.
  conflicts.sort((left, right) => Buffer.byteLength(left) - Buffer.byteLength(right));
  for (const name of conflicts) {
    let renamed = `exported_${name}`;
    while (result.has(renamed)) renamed = `exported_${renamed}`;
    result.set(renamed, labelOf(exposed, name));
  }
  const labels: string[] = [];
  for (const name of [...result.keys()].sort(compareStrings)) {
    const value = result.get(name)!;
    if (value !== '') labels.push(name, value);
  }
  return labels;
}

/** Throws TypeError where the labels cannot be those of a series. */
export function checkSeries(labels: Labels): void {
  if (labelOf(labels, metricNameLabel) === '') throw new TypeError('missing metric name (__name__ label)');
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === '' || !labels[i]!.isWellFormed()) {
      throw new TypeError(`invalid metric name or label names: ${formatLabels(labels)}`);
    }
  }
}

/** Throws RangeError with Prometheus's words where a limit is exceeded. Lengths are in bytes of UTF-8. */
export function checkLabelLimits(labels: Labels, limits: LabelLimits): void {
  const {labelLimit, labelNameLengthLimit, labelValueLengthLimit} = limits;
  const metric = labelOf(labels, metricNameLabel).slice(0, 50);
  const count = labels.length / 2;
  if (labelLimit > 0 && count > labelLimit) {
    throw new RangeError(
      `label_limit exceeded (metric: ${metric}, number of labels: ${count}, limit: ${labelLimit})`,
    );
  }
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return;
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    const nameLength = Buffer.byteLength(name);
    if (labelNameLengthLimit > 0 && nameLength > labelNameLengthLimit) {
      throw new RangeError(
        `label_name_length_limit exceeded (metric: ${metric}, label name: ${name.slice(0, 50)}, length: ${nameLength}, limit: ${labelNameLengthLimit})`,
      );
    }
    const value = labels[i + 1]!;
    const valueLength = Buffer.byteLength(value);
    if (labelValueLengthLimit > 0 && valueLength > labelValueLengthLimit) {
      throw new RangeError(
        `label_value_length_limit exceeded (metric: ${metric}, label name: ${name.slice(0, 50)}, value: ${quoteGo(value.slice(0, 50))}, length: ${valueLength}, limit: ${labelValueLengthLimit})`,
      );
    }
  }
}
