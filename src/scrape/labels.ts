import {quoteGo} from '../base/quote.ts';
import type {Labels} from '../model/labels.ts';
import type {ValidationScheme} from './global-config.ts';
import {compareStrings, formatLabels, labelOf, metricNameLabel, withLabel} from '../model/labels.ts';

/**
 * Turns the labels that a target exposes into those of the series, null where it is dropped. `emptyNames`: names of labels
 * that the target exposes as empty; `target`: its own labels. Throws where a limit is exceeded or the result is no valid series.
 */
export type LabelResolver = (exposed: Labels, emptyNames: readonly string[], target: Labels) => Labels | null;

const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const legacyMetricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

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
  // Both are sorted: they are merged, which is all where no name is in both.
  const merged: string[] = [];
  const conflicts: string[] = [];
  let i = 0;
  let j = 0;
  while (i < exposed.length || j < target.length) {
    const order =
      i === exposed.length ? 1 : j === target.length ? -1 : compareStrings(exposed[i]!, target[j]!);
    if (order < 0 || (order === 0 && honorLabels)) {
      merged.push(exposed[i]!, exposed[i + 1]!);
    } else if (!honorLabels || !emptyNames.includes(target[j]!)) {
      merged.push(target[j]!, target[j + 1]!);
      if (order === 0) conflicts.push(target[j]!);
    }
    if (order <= 0) i += 2;
    if (order >= 0) j += 2;
  }
  return conflicts.length === 0 ? merged : renameConflicts(merged, conflicts, exposed);
}

/** Adds what the target exposes under names that its own labels have. */
function renameConflicts(merged: Labels, conflicts: string[], exposed: Labels): Labels {
  let labels = merged;
  // The shortest first, so that the names do not depend on the order of the labels.
  conflicts.sort((left, right) => Buffer.byteLength(left) - Buffer.byteLength(right));
  for (const name of conflicts) {
    let renamed = `exported_${name}`;
    while (labelOf(labels, renamed) !== '') renamed = `exported_${renamed}`;
    labels = withLabel(labels, renamed, labelOf(exposed, name));
  }
  return labels;
}

/** Sorts names and values by names, in place. Labels mostly come in order, and are few. */
export function sortPairs(pairs: string[]): string[] {
  for (let i = 2; i < pairs.length; i += 2) {
    const name = pairs[i]!;
    const value = pairs[i + 1]!;
    let place = i;
    for (; place > 0 && compareStrings(pairs[place - 2]!, name) > 0; place -= 2) {
      pairs[place] = pairs[place - 2]!;
      pairs[place + 1] = pairs[place - 1]!;
    }
    pairs[place] = name;
    pairs[place + 1] = value;
  }
  return pairs;
}

/** The labels with those of type and unit, which take the place of what the target exposes under their names. */
export function withTypeAndUnit(labels: Labels, type: string, unit: string): Labels {
  const typed = type === '' || type === 'unknown' ? labels : withLabel(labels, '__type__', type);
  return unit === '' ? typed : withLabel(typed, '__unit__', unit);
}

/** Throws TypeError where the labels cannot be those of a series. */
export function checkSeries(labels: Labels, scheme: ValidationScheme = 'utf8'): void {
  if (labelOf(labels, metricNameLabel) === '') throw new TypeError('missing metric name (__name__ label)');
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === '' || !labels[i]!.isWellFormed()) throw invalidNames(labels);
    if (scheme === 'utf8' || i % 2 !== 0) continue;
    const isName = labels[i] === metricNameLabel;
    if (!legacyLabelName.test(labels[i]!) || (isName && !legacyMetricName.test(labels[i + 1]!))) {
      throw invalidNames(labels);
    }
  }
}

function invalidNames(labels: Labels): TypeError {
  return new TypeError(`invalid metric name or label names: ${formatLabels(labels)}`);
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
