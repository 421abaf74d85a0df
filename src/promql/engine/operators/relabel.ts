// label_replace and label_join.

import {re2, type RE2JS} from '../../../base/re2.ts';
import type {LabelIds} from '../../../storage/querier.ts';
import type {QueryContext} from '../context.ts';
import {executionError} from '../error.ts';
import type {Grid} from '../grid.ts';
import {valueOf} from '../labelset.ts';
import type {Operator} from '../row.ts';
import {expandTemplate} from '../template.ts';
import {MergeRows, RelabelRows} from './map.ts';

export interface LabelReplaceSpec {
  target: string;
  replacement: string;
  source: string;
  pattern: string;
}

/** Where the whole of a label's value matches, sets another label to what `$1` and the like make of it. */
export function labelReplace(
  context: QueryContext,
  child: () => Operator,
  spec: LabelReplaceSpec,
  grid: Grid,
): Operator {
  const {target, replacement, source, pattern} = spec;
  const regexp = compile(pattern);
  checkLabelName(target, 'destination', 'label_replace');
  const {symbols, names} = context;
  const sourceId = symbols.intern(source);
  const targetId = symbols.intern(target);
  /** New value by old value; -1 = no match. */
  const known = new Map<number, number>();
  const replace = (value: number): number => {
    const matcher = regexp.matcher(symbols.text(value));
    return matcher.find() ? symbols.intern(expandTemplate(replacement, matcher)) : -1;
  };
  const relabeled = new RelabelRows(child(), (labels, dropName) => {
    const value = valueOf(labels, sourceId);
    let result = known.get(value);
    if (result === undefined) known.set(value, (result = replace(value)));
    if (result < 0) return {labels, dropName};
    return {
      labels: names.with(labels, targetId, result),
      dropName: dropName && targetId !== names.metricName,
    };
  });
  return new MergeRows(context, relabeled, {grid, nameless: false});
}

/** Sets a label to the values of others, joined. */
export function labelJoin(
  context: QueryContext,
  child: () => Operator,
  spec: {target: string; separator: string; sources: readonly string[]},
  grid: Grid,
): Operator {
  const {symbols, names} = context;
  for (const source of spec.sources) checkLabelName(source, 'source', 'label_join');
  checkLabelName(spec.target, 'destination', 'label_join');
  const sourceIds = spec.sources.map((source) => symbols.intern(source));
  const targetId = symbols.intern(spec.target);
  const relabeled = new RelabelRows(child(), (labels: LabelIds, dropName) => {
    const value = sourceIds.map((id) => symbols.text(valueOf(labels, id))).join(spec.separator);
    return {
      labels: names.with(labels, targetId, symbols.intern(value)),
      dropName: dropName && targetId !== names.metricName,
    };
  });
  return new MergeRows(context, relabeled, {grid, nameless: false});
}

function compile(pattern: string): RE2JS {
  try {
    return re2().RE2JS.compile(`^(?s:${pattern})$`);
  } catch {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
}

/** A label name may be any text that is not empty and is valid Unicode. */
function checkLabelName(name: string, role: 'source' | 'destination', func: string): void {
  if (name === '' || !name.isWellFormed()) {
    throw executionError(`invalid ${role} label name in ${func}(): ${name}`);
  }
}
